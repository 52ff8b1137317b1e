/**
 * Imports through the built app and the local Azure, while the host is killed at every turn, the file is replaced in
 * mid-copy, and the storage account throttles, dawdles, breaks copies off and runs full: nothing is lost, and there is at
 * most one image of a content.
 */
import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isPutPage, isRangedGet, type Fault, type WireRequest } from "../support/faulty-wire.js";
import { openImportHouse, type ImportHouse } from "../support/import-house.js";
import { diskWith, dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";

/** Of dense data, so that a slice is what its length says. */
const SLICE_BYTES = 4 * MIB;
const SLICES = 3;
/** The least that Azure takes: beyond its slices a disk is zeros, which are not moved. */
const DISK_BYTES = 20 * MIB;

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
afterEach(() => {
  house.wire.fail(() => undefined);
  house.azure.fail(() => undefined);
});
afterAll(() => house.close());

function denseDisk(seed: number, denseBytes = SLICES * SLICE_BYTES): Buffer {
  const disk = diskWith(DISK_BYTES, [{ at: 0, length: denseBytes }], seed);
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

const metadata = { vmimage: '{"os":{"type":"Linux","generation":"V2"}}' };
const dropped = (name: string) =>
  house.storage.getContainerClient(house.dropContainer).getPageBlobClient(name);

/** Past the wire: what a person does is not disturbed. */
async function drop(name: string, disk: Buffer): Promise<void> {
  const vhd = dynamicVhd({ disk });
  await dropped(name).getBlockBlobClient().upload(vhd, vhd.length, { metadata });
}

/** A page blob, zeros left out, that comes by a copy as Packer's does: all at once, for the clock here runs a thousandfold. */
async function dropPages(name: string, vhd: Buffer): Promise<void> {
  const staged = dropped(`${name}.part`);
  await staged.create(vhd.length);
  for (let at = 0; at < vhd.length; at += 4 * MIB) {
    const part = vhd.subarray(at, at + 4 * MIB);
    if (part.some((byte) => byte !== 0)) await staged.uploadPages(part, at, part.length);
  }
  await (await dropped(name).beginCopyFromURL(staged.url, { metadata })).pollUntilDone();
  await staged.delete();
}

/** Which slice a write belongs to; the footer lies beyond them all. Undefined for all that is no such write. */
const writeIn = (request: WireRequest): number | undefined =>
  isPutPage(request) ? sliceOf(request) : undefined;

const inWork = ({ path }: WireRequest): boolean => path.split("/").includes("work");
const isCopy = (request: WireRequest): boolean =>
  inWork(request) && request.headers["x-ms-copy-source"] !== undefined;
const isPlan = ({ method, path }: WireRequest): boolean => method === "PUT" && path.endsWith("-os.vhd/plan");
const isTidyUp = (request: WireRequest): boolean => inWork(request) && request.method === "DELETE";
const isImage = ({ method, path }: WireRequest): boolean => method === "PUT" && path.includes("/images/");

/** The same for reading the prepared disk back. */
const readBackIn = (request: WireRequest): number | undefined =>
  isRangedGet(request) && inWork(request) ? sliceOf(request) : undefined;

function sliceOf({ headers }: WireRequest): number {
  const [, from] = /^bytes=(\d+)-/.exec(String(headers["x-ms-range"] ?? headers["range"])) ?? [];
  return Math.floor(Number(from) / SLICE_BYTES);
}

const imagesOf = async (stem: string) =>
  (await house.imagesAsked()).filter((resource) => resource.includes(`/images/${stem}-`));

const hashed = (disk: Buffer) => ({ disks: [{ treeHash: treeHashOf(disk), readBack: true }] });

describe("an import", { timeout: 150_000 }, () => {
  /** Kills the host once at each of these moments, by turns before and after the request has taken effect. */
  function killAt(moments: Readonly<Record<string, (request: WireRequest) => boolean>>) {
    const left = new Map(Object.entries(moments));
    const strike = async (request: WireRequest): Promise<Fault | undefined> => {
      const hit = [...left].find(([, is]) => is(request));
      if (hit === undefined) return undefined;
      await house.hostIsUp();
      // The last words of a host that was killed are no moment of the next one's.
      if (request.isGone() || !left.delete(hit[0])) return undefined;
      house.killHost();
      return (Object.keys(moments).length - left.size) % 2 === 0 ? "lost before" : "lost after";
    };
    house.wire.fail(strike);
    house.azure.fail(strike);
    return left;
  }

  it("whose host is killed at the plan, in every slice, at the footer, in reading back, in registering and in tidying up ends with the right disk and one image", async () => {
    const disk = denseDisk(1);
    const writes = Array.from(
      { length: SLICES },
      (_, slice) => [`write ${slice}`, (request: WireRequest) => writeIn(request) === slice] as const,
    );
    const left = killAt({
      plan: isPlan,
      ...Object.fromEntries(writes),
      footer: (request) => writeIn(request) === DISK_BYTES / SLICE_BYTES,
      "read 1": (request) => readBackIn(request) === 1,
      image: isImage,
      "tidy-up": isTidyUp,
    });
    await drop("killed.vhd", disk);
    const [run, ...others] = await house.ended("killed", 1);
    expect(others).toEqual([]);
    expect([...left.keys()]).toEqual([]);
    expect(run?.error).toBeUndefined();
    expect(run).toMatchObject({ status: "succeeded", result: hashed(disk), leftovers: [] });
    expect(await imagesOf("killed")).toHaveLength(1);
    expect(await house.prepared()).toEqual([]);
  });

  it("whose host is killed in a server-side copy and at its new footer ends with the right disk and one image", async () => {
    const disk = denseDisk(5);
    const left = killAt({
      copy: isCopy,
      asked: (request) => inWork(request) && request.method === "HEAD",
      footer: (request) => inWork(request) && isPutPage(request),
    });
    // Misaligned: a sector too long.
    await dropPages("copied.vhd", fixedVhd({ disk: Buffer.concat([disk, Buffer.alloc(512)]) }));
    const [run, ...others] = await house.ended("copied", 1);
    expect(others).toEqual([]);
    expect([...left.keys()]).toEqual([]);
    const wanted = Buffer.concat([disk, Buffer.alloc(MIB)]);
    expect(run).toMatchObject({ status: "succeeded", result: hashed(wanted), leftovers: [] });
    expect(run).toMatchObject({ result: { disks: [{ way: "server-copy-new-footer", bytesMoved: 0 }] } });
    expect(await imagesOf("copied")).toHaveLength(1);
    expect(await house.prepared()).toEqual([]);
  });

  it("of a page blob whose copy the account aborts streams its written ranges, and says why", async () => {
    const disk = denseDisk(6, DISK_BYTES);
    disk.fill(0, 3 * MIB, 17 * MIB);
    let broken = 0;
    house.wire.fail((request) =>
      inWork(request) && request.method === "HEAD" && broken++ < 2
        ? { says: { "x-ms-copy-status": "failed", "x-ms-copy-status-description": "500 OperationCancelled" } }
        : undefined,
    );
    await dropPages("sparse.vhd", fixedVhd({ disk: Buffer.concat([disk, Buffer.alloc(512)]) }));
    const [run] = await house.ended("sparse", 1);
    const wanted = Buffer.concat([disk, Buffer.alloc(MIB)]);
    expect(run).toMatchObject({ status: "succeeded", result: hashed(wanted), leftovers: [] });
    const why = expect.stringContaining("500 OperationCancelled") as string;
    expect(run).toMatchObject({ result: { disks: [{ way: "ranges", why, bytesMoved: 6 * MIB }] } });
    expect(await imagesOf("sparse")).toHaveLength(1);
  });

  it("in an account that becomes full fails with a remedy, leaves only the file, and succeeds when dropped again", async () => {
    const disk = denseDisk(7);
    house.wire.fail((request) =>
      (writeIn(request) ?? 0) >= 1 ? { status: 409, code: "AccountCapacityExceeded" } : undefined,
    );
    await drop("full.vhd", disk);
    const { etag } = await dropped("full.vhd").getProperties();
    const [run] = await house.ended("full", 1);
    expect(run).toMatchObject({
      status: "failed",
      error: {
        code: "STORAGE_FULL",
        stage: "mend",
        remedy: expect.stringContaining("Free up space") as string,
      },
      leftovers: [],
    });
    expect((await dropped("full.vhd").getProperties()).etag).toBe(etag);
    expect(await house.prepared()).toEqual([]);
    expect(await imagesOf("full")).toEqual([]);

    house.wire.fail(() => undefined);
    await drop("full.vhd", disk);
    const again = (await house.ended("full", 2)).find(({ status }) => status === "succeeded");
    expect(again).toMatchObject({ result: hashed(disk), leftovers: [] });
    expect(await imagesOf("full")).toHaveLength(1);
  });

  it("whose file is replaced during the copy is refused, and the new content gets the image", async () => {
    const [first, second] = [denseDisk(2), denseDisk(3)];
    let replaced = false;
    house.wire.fail(async (request) => {
      if (writeIn(request) === 1 && !replaced) {
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

  it("in an account that throttles, fails and delays ends with the right disk", async () => {
    const disk = denseDisk(4, DISK_BYTES);
    const faults: Fault[] = [
      { status: 503, code: "ServerBusy" },
      { delayMs: 100 },
      { status: 500, code: "OperationTimedOut" },
      "lost after",
      { delayMs: 100 },
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
