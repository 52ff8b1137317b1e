/** State over restarts, what is recorded, and what stays secret. What kill -9 leaves is in journal-kill.test.ts. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/local/clock.js";
import { type Bench, GROUP, POLL, startBench, WEST } from "./support.js";

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

describe("a subnet that has to stand", () => {
  const subnets = [
    "/subscriptions/0/resourceGroups/Work/providers/Microsoft.Network/virtualNetworks/isolated/subnets/work",
  ];
  const statusOf = async (bench: Bench, name = "isolated/subnets/work") =>
    (await bench.call("GET", `${bench.networkId("virtualNetworks", name, "work")}?api-version=2024-05-01`))
      .status;

  it("is added to a state of old, beside what lies in its network already, and after a reset", async () => {
    const stateDir = path.join(directory, "state");
    const old = await startBench({
      stateDir,
      seed: {
        resourceGroups: [{ name: "work", location: WEST }],
        virtualNetworks: [{ name: "isolated", subnets: [{ name: "other" }] }],
      },
    });
    expect(await statusOf(old)).toBe(404);
    await old.stop();
    const bench = await startBench({ stateDir, subnets, clock: old.clock });
    expect([await statusOf(bench), await statusOf(bench, "isolated/subnets/other")]).toEqual([200, 200]);
    await bench.local("POST", "reset", { resourceGroups: [] });
    expect([await statusOf(bench), await statusOf(bench, "isolated/subnets/other")]).toEqual([200, 404]);
    await bench.stop();
  });

  it("that finds no room in its network is one line of the log, and the rest starts", async () => {
    const virtualNetworks = [
      {
        name: "isolated",
        addressPrefix: "10.0.0.0/29",
        subnets: [{ name: "o", addressPrefix: "10.0.0.0/29" }],
      },
    ];
    const bench = await startBench({
      seed: { resourceGroups: [{ name: "work", location: WEST }], virtualNetworks },
      subnets,
    });
    expect(await statusOf(bench)).toBe(404);
    expect(bench.lines.join("\n")).toMatch(/could not add the subnet .*no room/);
    await bench.stop();
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
