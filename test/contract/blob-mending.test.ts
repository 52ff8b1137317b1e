/** Mending end to end over a storage account: what was dropped, by each way, against a reader that shares no code. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as refs from "../../src/contracts/import-activities.js";
import { MENDING_STANDARD } from "../../src/contracts/import-run.js";
import { disk, expectDisk, mend, orderFor, value } from "../support/mend-drop.js";
import { activitiesOn, openAccount, type Account } from "../support/storage-account.js";
import { dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";
import { logicalDisk } from "../support/vhd-reference-reader.js";

let account: Account;
beforeAll(async () => (account = await openAccount()));
afterAll(() => account.close());

describe("mending a dropped disk", () => {
  it("uses a fixed, aligned page blob as it is", async () => {
    await account.dropPages("perfect.vhd", fixedVhd({ disk: disk(24 * MIB) }));
    const { way, uri } = await mend(account, "perfect.vhd");
    expect(way).toBe("as-it-lies");
    expect(uri).toBe(account.dropped("perfect.vhd").url);
  });

  it.each([
    ["misaligned", fixedVhd({ disk: disk(24 * MIB + 512) }), 24 * MIB + 512],
    ["wrong checksum", fixedVhd({ disk: disk(24 * MIB), footer: { checksumError: 1 } }), 24 * MIB],
    ["padded", fixedVhd({ disk: disk(24 * MIB), padding: 4096 }), 24 * MIB],
  ])("copies a page blob inside the account and gives it a new end: %s", async (name, file, size) => {
    await account.dropPages(`${name}.vhd`, file);
    const { way, made } = await mend(account, `${name}.vhd`);
    expect(way).toBe("server-copy-new-footer");
    expectDisk(made, disk(size));
  });

  it.each([
    ["in a folder", "team/sparse.vhd", fixedVhd({ disk: disk(24 * MIB) }), 24 * MIB],
    ["misaligned", "sparse misaligned.vhd", fixedVhd({ disk: disk(23 * MIB + 512) }), 23 * MIB + 512],
    ["padded", "sparse padded.vhd", fixedVhd({ disk: disk(24 * MIB), padding: 4096 }), 24 * MIB],
    ["raw", "sparse raw.vhd", disk(22 * MIB), 22 * MIB],
  ])(
    "streams a page blob that is not to be copied by its written ranges: %s",
    async (_what, name, file, size) => {
      await account.dropPages(name, file);
      const { way, made, treeHash, bytesWritten } = await mend(account, name, { copyBy: "stream" });
      expect(way).toBe("ranges");
      expectDisk(made, disk(size));
      expect(treeHash).toMatch(/^[0-9a-f]{64}$/);
      expect(bytesWritten).toBeLessThan(4 * MIB);
    },
  );

  it("reads only the written ranges of a sparse page blob, and slices it by them", async () => {
    const size = 512 * MIB + 512;
    const blob = account.dropped("holes.vhd").getPageBlobClient();
    const page = Buffer.alloc(512, 7);
    const places = [0, 100 * MIB + 512, 300 * MIB];
    await blob.create(size + 512);
    for (const at of places) await blob.uploadPages(page, at, 512);
    const footer = fixedVhd({ disk: Buffer.alloc(0), footer: { size } }).subarray(-512);
    await blob.uploadPages(footer, size, 512);
    const order = await orderFor(account, "holes.vhd");
    const settings = { ...MENDING_STANDARD, sliceBytes: 100_000, copyBy: "stream" } as const;
    const act = activitiesOn(account.service);
    const plan = value(await act(refs.planMending, { ...order, settings }));
    expect(plan).toMatchObject({ slices: places.length, sourceBytes: places.length * 64 * 1024 });
    let bytesRead = 0;
    let bytesWritten = 0;
    for (let slice = 0; slice < plan.slices; slice++) {
      const moved = value(await act(refs.moveSlice, { ...order, plan, slice, settings }));
      bytesRead += moved.bytesRead;
      bytesWritten += moved.bytesWritten;
    }
    expect(bytesRead).toBe(places.length * 64 * 1024);
    expect(bytesWritten).toBe(places.length * 4096);
  });

  it("takes over a copy, whatever sequence number its source had", async () => {
    await account.dropPages("numbered.vhd", fixedVhd({ disk: disk(20 * MIB + 512) }));
    await account.dropped("numbered.vhd").getPageBlobClient().updateSequenceNumber("update", 9);
    const { made } = await mend(account, "numbered.vhd");
    expectDisk(made, disk(20 * MIB + 512));
  });

  it.each([
    ["fixed block blob", fixedVhd({ disk: disk(24 * MIB) })],
    ["fixed, misaligned", fixedVhd({ disk: disk(23 * MIB + 1536) })],
    ["raw", disk(22 * MIB)],
    ["dynamic", dynamicVhd({ disk: disk(24 * MIB) })],
    ["dynamic, small blocks", dynamicVhd({ disk: disk(24 * MIB), blockSize: 4096 })],
    ["dynamic, large blocks", dynamicVhd({ disk: disk(40 * MIB), blockSize: 16 * MIB })],
    ["dynamic, reversed", dynamicVhd({ disk: disk(24 * MIB), reversed: true, blockSize: 512 * 1024 })],
    ["dynamic, stale sectors", dynamicVhd({ disk: disk(24 * MIB), sparseBitmap: true, stale: 0xee })],
  ])("streams a block blob into pages: %s", async (name, file) => {
    await account.dropBlock(`stream ${name}.vhd`, file);
    const { made } = await mend(account, `stream ${name}.vhd`);
    expectDisk(made, name === "raw" ? file : logicalDisk(file));
  });

  it("moves none of the zeros", async () => {
    await account.dropBlock("sparse.vhd", fixedVhd({ disk: disk(24 * MIB) }));
    const { bytesWritten } = await mend(account, "sparse.vhd");
    expect(bytesWritten).toBeLessThan(4 * MIB);
  });

  it("makes the same disk and the same tree hash however the work is split", async () => {
    const file = dynamicVhd({ disk: disk(24 * MIB), blockSize: 512 * 1024 });
    await account.dropBlock("whole.vhd", file);
    await account.dropBlock("cut.vhd", file);
    const whole = await mend(account, "whole.vhd");
    const cut = await mend(account, "cut.vhd", { sliceBytes: 4 * MIB, sliceSeconds: 0, concurrency: 1 });
    expect(cut.calls).toBeGreaterThan(whole.calls ?? 0);
    expect(cut.treeHash).toBe(whole.treeHash);
    expectDisk(cut.made, logicalDisk(file));
  });

  it("falls back to streaming if the account cannot copy pages itself, and provides the hash", async () => {
    await account.dropBlock("fallback.vhd", dynamicVhd({ disk: disk(24 * MIB) }));
    const streamed = await mend(account, "fallback.vhd", { moveBy: "account" });
    expectDisk(streamed.made, disk(24 * MIB));
    expect(streamed.treeHash).toMatch(/^[0-9a-f]{64}$/);
  });
});
