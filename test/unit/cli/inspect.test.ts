import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../src/cli/run-command-line.js";
import type { Diagnosis } from "../../../src/domain/vhd/diagnosis.js";
import { linuxGen2Disk } from "../../support/disk-systems.js";
import { dynamicVhd, fixedVhd, MIB } from "../../support/vhd-builder.js";

let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vmimage-inspect-"));
  const disk = Buffer.alloc(24 * MIB);
  const system = linuxGen2Disk();
  disk.set(system.bytes(0, Math.min(system.sizeBytes, disk.length)));
  writeFileSync(at("ready.vhd"), fixedVhd({ disk }));
  writeFileSync(at("dynamic.vhd"), dynamicVhd({ disk }));
  writeFileSync(at("blank.vhd"), fixedVhd({ disk: Buffer.alloc(24 * MIB) }));
  execFileSync("mkfifo", [at("pipe.vhd")]);
  writeFileSync(at("renamed.vhd"), "vhdxfile".padEnd(4096, "\0"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function vmimage(...argv: string[]) {
  let out = "";
  let err = "";
  const code = await runCommandLine(argv, { out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

describe("vmimage inspect", () => {
  it.each<[string, string[], number]>([
    ["ready is 0", ["ready.vhd"], 0],
    ["mendable is 1", ["dynamic.vhd"], 1],
    ["refused is 2", ["renamed.vhd"], 2],
    ["blank is refused, for it may be an upload without its bytes", ["blank.vhd"], 2],
    ["blank is ready for whoever means it", ["blank.vhd", "--purpose", "data"], 0],
    ["a file that is not there is 3", ["absent.vhd"], 3],
    ["a folder cannot be read", ["."], 3],
    ["a pipe is not waited for", ["pipe.vhd"], 3],
  ])("ends with the exit code of its verdict: %s", async (_why, [name = "", ...options], code) => {
    expect((await vmimage("inspect", at(name), ...options)).code).toBe(code);
  });

  it("says of a URL where to ask instead", async () => {
    const { code, err } = await vmimage("inspect", "https://drops.blob.core.windows.net/drop/web.vhd");
    expect(code).toBe(3);
    expect(err).toContain("POST /api/imports/inspect");
  });

  it("prints one JSON object with the verdict, its reasons, the facts and the cost", async () => {
    const { out } = await vmimage("inspect", at("dynamic.vhd"), "--json");
    const diagnosis = JSON.parse(out) as Diagnosis;
    expect(diagnosis).toMatchObject({
      verdict: "mendable",
      kind: "dynamic",
      virtualSizeBytes: 24 * MIB,
      generation: "V2",
      architecture: "x64",
      osFamily: "Linux",
      distribution: "debian",
      generalized: "yes",
      mending: { path: "dynamic" },
    });
    expect(diagnosis.codes[0]).toBe("KIND_DYNAMIC");
    expect(diagnosis.requests).toBeGreaterThan(0);
    expect(diagnosis.bytesRead).toBeGreaterThan(0);
  });

  it("has every key in JSON even when nothing could be found out", async () => {
    const { out } = await vmimage("inspect", at("renamed.vhd"), "--json");
    expect(JSON.parse(out)).toMatchObject({
      codes: ["FORMAT_VHDX"],
      kind: "vhdx",
      virtualSizeBytes: null,
      generation: "unknown",
      architecture: "unknown",
      osFamily: "unknown",
      generalized: "unknown",
    });
  });

  it("prints a page that begins with the verdict and says what to do", async () => {
    const { out } = await vmimage("inspect", at("renamed.vhd"));
    expect(out.split("\n")[1]).toMatch(/^REFUSED/);
    expect(out).toContain("✗ FORMAT_VHDX");
    expect(out).toContain("→ Convert it: Convert-VHD");
    expect((await vmimage("inspect", at("dynamic.vhd"))).out).toMatch(/System +Linux debian 12\n/);
  });

  it.each<[string, string[]]>([
    ["no command", []],
    ["an unknown command", ["inspekt"]],
    ["no file", ["inspect"]],
    ["two files", ["inspect", "a", "b"]],
    ["an unknown option", ["inspect", "a", "--purple"]],
    ["an unknown purpose", ["inspect", "a", "--purpose", "fun"]],
  ])(
    "answers a command line that makes no sense with the usage, and none of the verdicts' exit codes: %s",
    async (_why, argv) => {
      const { code, out, err } = await vmimage(...argv);
      expect(code).toBe(64);
      expect(out + err).toContain("Usage: vmimage");
    },
  );

  it("explains itself when asked", async () => {
    expect((await vmimage("--help")).out).toContain("inspect");
    expect(await vmimage("inspect", "--help")).toMatchObject({ code: 0, err: "" });
  });
});
