/**
 * Imports through the built app and the local Azure, while the host is killed in every slice, the file is replaced in
 * mid-copy, and the storage account throttles and dawdles: nothing is lost, and there is at most one image of a content.
 */
import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isPutPage, isRangedGet, type Fault, type WireRequest } from "../support/faulty-wire.js";
import { openImportHouse, type ImportHouse } from "../support/import-house.js";
import { diskWith, dynamicVhd, MIB } from "../support/vhd-builder.js";

/** Of dense data, so that a slice is what its length says. */
const SLICE_BYTES = 4 * MIB;
const SLICES = 5;

let house: ImportHouse;
beforeAll(async () => {
  house = await openImportHouse({
    MEND_SLICE_MIB: String(SLICE_BYTES / MIB),
    MEND_SLICES_AT_ONCE: "1",
    MEND_CONCURRENCY: "1",
    IMPORT_VERIFY: "read-back",
    IMPORT_SETTLE_SECONDS: "1",
  });
});
afterEach(() => house.wire.fail(() => undefined));
afterAll(() => house.close());

function denseDisk(seed: number): Buffer {
  const disk = diskWith(SLICES * SLICE_BYTES, [{ at: 0, length: SLICES * SLICE_BYTES }], seed);
  disk.fill(0, 0, 4096);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

/** The definition in docs/import.md, in the test's own words. */
function treeHashOf(disk: Buffer): string {
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  const leaves: Buffer[] = [];
  for (let at = 0; at < disk.length; at += 2 * MIB) leaves.push(sha256(disk.subarray(at, at + 2 * MIB)));
  return sha256(Buffer.concat(leaves)).toString("hex");
}

/** Past the wire: what a person does is not disturbed. */
async function drop(name: string, disk: Buffer): Promise<void> {
  const vhd = dynamicVhd({ disk });
  await house.storage
    .getContainerClient(house.dropContainer)
    .getBlockBlobClient(name)
    .upload(vhd, vhd.length, { metadata: { vmimage: '{"os":{"type":"Linux","generation":"V2"}}' } });
}

/** Which slice a write belongs to; the footer is the one after the last. Undefined for all that is no such write. */
const writeIn = (request: WireRequest): number | undefined =>
  isPutPage(request) ? sliceOf(request) : undefined;

/** The same for reading the prepared disk back. */
const readBackIn = (request: WireRequest): number | undefined =>
  isRangedGet(request) && request.path.split("/").includes("work") ? sliceOf(request) : undefined;

function sliceOf({ headers }: WireRequest): number {
  const [, from] = /^bytes=(\d+)-/.exec(String(headers["x-ms-range"] ?? headers["range"])) ?? [];
  return Math.floor(Number(from) / SLICE_BYTES);
}

const imagesOf = async (stem: string) =>
  (await house.imagesAsked()).filter((resource) => resource.includes(`/images/${stem}-`));

const hashed = (disk: Buffer) => ({ disks: [{ treeHash: treeHashOf(disk), readBack: true }] });

describe("an import", { timeout: 150_000 }, () => {
  it("whose host is killed in every slice, at the footer and in reading back ends with the right disk and one image", async () => {
    const disk = denseDisk(1);
    const moments = [0, 1, 2, 3, 4, 5].map((slice) => `write ${slice}`).concat("read 2");
    const left = new Set(moments);
    house.wire.fail((request): Fault | undefined => {
      if (!left.delete(`write ${writeIn(request)}`) && !left.delete(`read ${readBackIn(request)}`))
        return undefined;
      house.killHost();
      return left.size % 2 === 0 ? "lost before" : "lost after";
    });
    await drop("killed.vhd", disk);
    const [run, ...others] = await house.ended("killed", 1);
    expect(others).toEqual([]);
    expect([...left]).toEqual([]);
    expect(run?.error).toBeUndefined();
    expect(run).toMatchObject({ status: "succeeded", result: hashed(disk), leftovers: [] });
    expect(await imagesOf("killed")).toHaveLength(1);
  });

  it("whose file is replaced in mid-copy is refused, and the new content gets the image", async () => {
    const [first, second] = [denseDisk(2), denseDisk(3)];
    let replaced = false;
    house.wire.fail(async (request) => {
      if (writeIn(request) === 2 && !replaced) {
        replaced = true;
        await drop("replaced.vhd", second);
      }
      return undefined;
    });
    await drop("replaced.vhd", first);
    const runs = await house.ended("replaced", 2);
    expect(replaced).toBe(true);
    expect(runs.map(({ status }) => status).sort()).toEqual(["refused", "succeeded"]);
    expect(runs.map(({ error }) => error?.code).sort()).toEqual(["SOURCE_CHANGED", undefined]);
    const refused = runs.find(({ status }) => status === "refused");
    expect(refused).toMatchObject({ error: { code: "SOURCE_CHANGED" }, leftovers: [] });
    const succeeded = runs.find(({ status }) => status === "succeeded");
    expect(succeeded).toMatchObject({ result: hashed(second), leftovers: [] });
    expect(await imagesOf("replaced")).toHaveLength(1);
    const told = await house.told("replaced", 2);
    const endings = told.map(({ runId, status, error }) => [runId, status, error?.code]);
    expect(endings.sort()).toEqual(runs.map(({ id, status, error }) => [id, status, error?.code]).sort());
  });

  it("in an account that throttles, breaks and dawdles ends with the right disk", async () => {
    const disk = denseDisk(4);
    const faults: Fault[] = [
      { status: 503, code: "ServerBusy" },
      { delayMs: 300 },
      { status: 500, code: "OperationTimedOut" },
      "lost after",
      { delayMs: 300 },
    ];
    let writes = 0;
    // Every other write, so that each is followed by one that gets through.
    house.wire.fail((request) =>
      writeIn(request) !== undefined && writes++ % 2 === 1 ? faults.shift() : undefined,
    );
    await drop("throttled.vhd", disk);
    const [run] = await house.ended("throttled", 1);
    expect(faults).toEqual([]);
    expect(run?.error).toBeUndefined();
    expect(run).toMatchObject({ status: "succeeded", result: hashed(disk), leftovers: [] });
    expect(await imagesOf("throttled")).toHaveLength(1);
  });
});
