/** State over kill -9 and restarts, the process of its own, what is recorded, and what stays secret. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import ts from "typescript";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/local/clock.js";
import { GROUP, POLL, SEED, startBench, WEST } from "./support.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "compute-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const stateOf = (vm: { statuses?: { code?: string }[] }) => vm.statuses?.at(-1)?.code;

describe("a restart", () => {
  it("goes on with running operations by their due time, and forgets only what was never answered", async () => {
    const stateDir = path.join(directory, "state");
    const clock = new VirtualClock();
    const first = await startBench({ stateDir, clock });
    await first.client.virtualMachines.deallocate(GROUP, "linux1", POLL).submitted();
    await first.stop();
    // A commit that the crash cut off: nobody was told of it.
    appendFileSync(path.join(stateDir, "journal.jsonl"), '{"resources":{"/half');
    const second = await startBench({ stateDir, clock, seed: { resourceGroups: [] } });
    expect(stateOf(await second.client.virtualMachines.instanceView(GROUP, "linux1"))).toBe(
      "PowerState/deallocating",
    );
    await second.pass(41);
    expect(stateOf(await second.client.virtualMachines.instanceView(GROUP, "linux1"))).toBe(
      "PowerState/deallocated",
    );
    await second.stop();
    const third = await startBench({ stateDir, clock });
    expect(stateOf(await third.client.virtualMachines.instanceView(GROUP, "linux1"))).toBe(
      "PowerState/deallocated",
    );
    await third.stop();
  });
});

describe("the record of exchanges", () => {
  it("has every member that contract tools need, and no secret", async () => {
    const recordFile = path.join(directory, "exchanges.jsonl");
    const bench = await startBench({ recordFile });
    await bench.settle(
      bench.client.virtualMachineRunCommands
        .createOrUpdate(
          GROUP,
          "linux1",
          "c",
          {
            location: WEST,
            source: { script: "id" },
            protectedParameters: [{ name: "k", value: "hunter2" }],
          },
          POLL,
        )
        .pollUntilDone(),
    );
    await bench.settle(
      bench.client.snapshots
        .createOrUpdate(
          GROUP,
          "s",
          { location: WEST, creationData: { createOption: "Empty" }, diskSizeGB: 4 },
          POLL,
        )
        .pollUntilDone(),
    );
    const { accessSAS = "" } = await bench.settle(
      bench.client.snapshots
        .grantAccess(GROUP, "s", { access: "Read", durationInSeconds: 60 }, POLL)
        .pollUntilDone(),
    );
    await bench.stop();
    const text = readFileSync(recordFile, "utf8");
    const signature = new URL(accessSAS).searchParams.get("sig") ?? "";
    for (const secret of ["hunter2", signature, encodeURIComponent(signature)]) {
      expect(text).not.toContain(secret);
      expect(bench.lines.join("\n")).not.toContain(secret);
    }
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
    expect(Object.keys(lines[0] ?? {})).toEqual([
      "seq",
      "method",
      "url",
      "apiVersion",
      "requestHeaders",
      "requestBody",
      "status",
      "responseHeaders",
      "responseBody",
    ]);
    expect(lines[0]).toMatchObject({
      method: "PUT",
      apiVersion: "2026-03-01",
      status: 201,
      // A list stays a list, or the request would not be what the specification says.
      requestBody: { properties: { protectedParameters: [{ name: "***", value: "***" }] } },
      responseHeaders: { "Content-Type": "application/json; charset=utf-8" },
    });
  });
});

describe("the record of exchanges over restarts", () => {
  it("goes on counting, drops the line that a killed process left half written, and tells of reads of bytes", async () => {
    const recordFile = path.join(directory, "restarted.jsonl");
    const first = await startBench({ recordFile });
    await first.call("GET", `${first.id("disks", "linux1_data_0")}?api-version=2025-01-02`);
    await fetch(`${first.simulator.endpoint}/md-none/00/abcd?sv=2018-03-28&sig=x`);
    await first.stop();
    appendFileSync(recordFile, '{"seq":3,"method":"PU');
    const second = await startBench({ recordFile });
    await second.call("GET", "/subscriptions");
    await second.stop();
    const lines = readFileSync(recordFile, "utf8").trim().split("\n");
    const kept = lines.map((line) => {
      const { seq, method, status, apiVersion } = JSON.parse(line) as Record<string, unknown>;
      return [seq, method, status, apiVersion];
    });
    expect(kept).toEqual([
      [1, "GET", 200, "2025-01-02"],
      [2, "GET", 403, null],
      [3, "GET", 400, null],
    ]);
  });
});

/** The simulator's sources as plain JavaScript beside the project's packages: what a build would make of them. */
function built(target: string): string {
  const sources = readdirSync("src/local/compute", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join("compute", file));
  for (const file of ["clock.ts", "masking.ts", ...sources]) {
    const to = path.join(target, file.replace(/\.ts$/, ".js"));
    mkdirSync(path.dirname(to), { recursive: true });
    const compilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    };
    const text = readFileSync(path.join("src/local", file), "utf8");
    writeFileSync(to, ts.transpileModule(text, { compilerOptions }).outputText);
  }
  writeFileSync(path.join(target, "package.json"), JSON.stringify({ type: "module" }));
  symlinkSync(path.resolve("node_modules"), path.join(target, "node_modules"));
  return path.join(target, "compute", "main.js");
}

describe("the process of its own", () => {
  it("keeps what it answered over kill -9, and leaves when its standard input closes", async () => {
    const seedFile = path.join(directory, "seed.json");
    writeFileSync(seedFile, JSON.stringify(SEED));
    const main = built(path.join(directory, "js"));
    const start = async () => {
      const child = spawn(
        process.execPath,
        [main, "--seed", seedFile, "--state", path.join(directory, "state")],
        {
          stdio: ["pipe", "pipe", "ignore"],
        },
      );
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      const ready = JSON.parse(line) as { endpoint: string; subscriptionId: string; ready: boolean };
      expect(ready.ready).toBe(true);
      return { child, ...ready };
    };
    const first = await start();
    const snapshot = `/subscriptions/${first.subscriptionId}/resourceGroups/${GROUP}/providers/Microsoft.Compute/snapshots/s?api-version=2025-01-02`;
    const body = JSON.stringify({
      location: WEST,
      properties: { creationData: { createOption: "Empty" }, diskSizeGB: 4 },
    });
    expect((await fetch(first.endpoint + snapshot, { method: "PUT", body })).status).toBe(202);
    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    const second = await start();
    expect((await fetch(second.endpoint + snapshot)).status).toBe(200);
    second.child.stdin.end();
    expect((await once(second.child, "exit"))[0]).toBe(0);
  });
});
