import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findImport } from "../../src/cli/find-import.js";
import { openPipeline } from "../../src/cli/pipeline-client.js";
import { uploadPages, type Upload } from "../../src/cli/upload-disk.js";
import { importRunId } from "../../src/domain/import/run-id.js";
import type { RangeReader } from "../../src/domain/range-reader.js";
import { bytesReader } from "../support/bytes-reader.js";
import { startAzurite, type Azurite } from "../../src/local/storage/azurite.js";
import { linuxGen2Disk } from "../support/disk-systems.js";
import { dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";
import { run, startApp, vmimage, type App } from "./pretend-app.js";

let azurite: Azurite;
let drops: ContainerClient;
const DROP = "drop";
let storage = "";
let folder = "";
let app: App | undefined;
const at = (name: string) => join(folder, name);
const disk = Buffer.alloc(24 * MIB);

beforeAll(async () => {
  azurite = await startAzurite({ log: () => undefined });
  storage = azurite.connectionString;
  drops = BlobServiceClient.fromConnectionString(storage).getContainerClient(DROP);
  await drops.create();
  folder = mkdtempSync(join(tmpdir(), "vmimage-drop-"));
  const system = linuxGen2Disk();
  disk.set(system.bytes(0, Math.min(system.sizeBytes, disk.length)));
  writeFileSync(at("fixed.vhd"), fixedVhd({ disk }));
  writeFileSync(at("dynamic.vhd"), dynamicVhd({ disk }));
  writeFileSync(at("renamed.vhd"), "vhdxfile".padEnd(4096, "\0"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await azurite.stop();
});
afterEach(async () => {
  await app?.stop();
  app = undefined;
});

const drop = (...argv: string[]) => vmimage(["drop", ...argv], { env: { VMIMAGE_STORAGE: storage } });
const properties = (name: string) => drops.getBlobClient(name).getProperties();

async function rangesOf(name: string) {
  const ranges = [];
  for await (const { start, end } of drops.getPageBlobClient(name).listPageRanges())
    ranges.push({ start, end });
  return ranges;
}

const uploadOf = (name: string): Upload => ({
  container: drops,
  name,
  fingerprint: "f-1",
  overwrite: false,
  onProgress: () => undefined,
});

/** A reader that breaks when `offset` is read. */
const breakingAt = (reader: RangeReader, offset: number): RangeReader => ({
  sizeBytes: reader.sizeBytes,
  read: (from, length) =>
    from <= offset && offset < from + length
      ? Promise.reject(new Error("the disk was pulled out"))
      : reader.read(from, length),
});

describe("vmimage drop", () => {
  it("sends a fixed VHD as a page blob, byte for byte, without its empty parts", async () => {
    const { code, out } = await drop(at("fixed.vhd"));
    expect(code).toBe(0);
    expect(out).toContain("READY");
    expect((await properties("fixed.vhd")).blobType).toBe("PageBlob");
    const there = await drops.getBlobClient("fixed.vhd").downloadToBuffer();
    expect(there.equals(fixedVhd({ disk }))).toBe(true);
    const stored = (await rangesOf("fixed.vhd")).reduce((sum, { start, end }) => sum + end - start + 1, 0);
    expect(stored).toBeLessThan(disk.length / 2);
  });

  it.each<[string, string, string[], string]>([
    ["a dynamic one, for the pipeline reads only what it holds", "dynamic.vhd", [], "BlockBlob"],
    ["any, when asked to", "fixed.vhd", ["--as-block", "--name", "as-block.vhd"], "BlockBlob"],
  ])("sends as a block blob: %s", async (_what, file, options, type) => {
    expect((await drop(at(file), ...options)).code).toBe(0);
    const found = await properties(options.at(-1) ?? file);
    expect(found.blobType).toBe(type);
  });

  it("does not send what would be refused, unless told to", async () => {
    const { code, out, err } = await drop(at("renamed.vhd"));
    expect(code).toBe(2);
    expect(out).toContain("FORMAT_VHDX");
    expect(err).toContain("Nothing was uploaded");
    expect(await drops.getBlobClient("renamed.vhd").exists()).toBe(false);
    expect((await drop(at("renamed.vhd"), "--force")).code).toBe(0);
    expect(await drops.getBlobClient("renamed.vhd").exists()).toBe(true);
  });

  it.each([[[]], [["--as-block"]]])("never overwrites by accident %j", async (options) => {
    const name = `mine${options.length}.vhd`;
    await drops.getBlockBlobClient(name).upload("precious", 8);
    const { code, err } = await drop(at("fixed.vhd"), "--name", name, ...options);
    expect(code).toBe(73);
    expect(err).toContain("--overwrite");
    expect(await drops.getBlobClient(name).downloadToBuffer()).toEqual(Buffer.from("precious"));
    expect((await drop(at("fixed.vhd"), "--name", name, "--overwrite", "--as-block")).code).toBe(0);
    expect((await properties(name)).contentLength).toBe(disk.length + 512);
  });

  it("writes the footer last, and goes on with what broke off without sending it again", async () => {
    const bytes = fixedVhd({ disk: Buffer.from(disk).fill(7, 20 * MIB, 21 * MIB) });
    const whole = bytesReader(bytes);
    await expect(uploadPages(breakingAt(whole, 20 * MIB), uploadOf("broken.vhd"))).rejects.toThrow(
      "pulled out",
    );
    const last = await drops.getBlobClient("broken.vhd").downloadToBuffer(bytes.length - 512, 512);
    expect(last.every((byte) => byte === 0)).toBe(true);

    const first = await uploadPages(whole, uploadOf("whole.vhd"));
    const rest = await uploadPages(whole, uploadOf("broken.vhd"));
    expect(rest.resumedFrom).toBeInstanceOf(Date);
    expect(rest.sentBytes).toBeGreaterThanOrEqual(MIB + 512);
    expect(rest.sentBytes).toBeLessThan(first.sentBytes);
    expect((await drops.getBlobClient("broken.vhd").downloadToBuffer()).equals(bytes)).toBe(true);
    expect((await uploadPages(whole, uploadOf("broken.vhd"))).sentBytes).toBe(0);
  });

  it("does not go on with the upload of a file that has changed since", async () => {
    writeFileSync(at("changing.vhd"), fixedVhd({ disk }));
    expect((await drop(at("changing.vhd"))).code).toBe(0);
    expect((await drop(at("changing.vhd"))).out).toContain("Resumed the upload of changing.vhd");
    utimesSync(at("changing.vhd"), new Date(), new Date(Date.now() + 5000));
    expect((await drop(at("changing.vhd"))).err).toContain("not an interrupted upload of this file");
  });

  it("finds the run that took the file up, in whichever of its states it was seen", async () => {
    // The app's side: an import is started by the first sight of the file, while it is still being written.
    const seen = new Set<string>();
    app = await startApp(({ path }) => {
      const [id = ""] = seen;
      const others = { ...run("waited-0123456789abcdef", "succeeded"), kind: "import" };
      const ours = { ...run(id, "failed"), kind: "import" };
      return { json: path === "/api/runs?kind=import" ? { count: 2, runs: [others, ours] } : ours };
    });
    const { etags } = await uploadPages(bytesReader(fixedVhd({ disk })), uploadOf("waited.vhd"));
    for (const etag of etags) seen.add(importRunId({ container: DROP, blob: "waited.vhd", etag }));
    expect(seen.size).toBeGreaterThan(2);
    const client = openPipeline({ url: app.url });
    const terminal = { out: () => undefined, err: () => undefined };
    const found = await findImport(client, { container: DROP, blob: "waited.vhd", etags }, terminal);
    expect([found.id]).toEqual([...seen].slice(0, 1));
  });

  it("waits for the import when asked to, and ends as it does", async () => {
    let found = { ...run("", "refused"), kind: "import" };
    app = await startApp(({ path }) => ({
      json: path === "/api/runs?kind=import" ? { count: 1, runs: [found] } : found,
    }));
    await drop(at("fixed.vhd"), "--name", "awaited.vhd");
    const { etag = "" } = await drops.getBlobClient("awaited.vhd").getProperties();
    found = { ...found, id: importRunId({ container: DROP, blob: "awaited.vhd", etag }) };
    const { code } = await drop(at("fixed.vhd"), "--name", "awaited.vhd", "--wait", "--url", app.url);
    expect(code).toBe(2);
  });

  it.each<[string, string[], Record<string, string>, string]>([
    ["no file", [], {}, "Specify exactly one file"],
    ["a name that nothing takes up", ["x.img"], {}, "does not end in .vhd"],
    ["a container that cannot be", ["x.vhd", "--container", "A"], {}, "not a valid container name"],
    ["no account", ["x.vhd"], {}, "Specify the storage account"],
    [
      "a signature in the address",
      ["x.vhd", "--account-url", "https://a.example/?sig=secret"],
      {},
      "without a signature",
    ],
    [
      "a connection string that is none",
      ["x.vhd"],
      { VMIMAGE_STORAGE: "AccountKey=secret" },
      "not a valid connection string",
    ],
  ])("ends with 64 and says why: %s", async (_why, argv, env, words) => {
    const { code, err } = await vmimage(["drop", ...argv], { env });
    expect(code).toBe(64);
    expect(err).toContain(words);
    expect(err).not.toContain("secret");
  });

  it("tells a file that cannot be read from an account that has no such container", async () => {
    expect((await drop(at("absent.vhd"))).code).toBe(3);
    const { code, err } = await drop(at("fixed.vhd"), "--container", "elsewhere");
    expect(code).toBe(69);
    expect(err).toContain("There is no container elsewhere of devstoreaccount1");
  });
});
