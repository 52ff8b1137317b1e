/** Mending end to end over a storage account: what was dropped, by each way, against a reader that shares no code. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { disk, expectDisk, mend } from "../support/mend-drop.js";
import { openAccount, type Account } from "../support/storage-account.js";
import { dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";
import { logicalDisk } from "../support/vhd-reference-reader.js";

let account: Account;
beforeAll(async () => (account = await openAccount()));
afterAll(() => account.close());

describe("mending a dropped disk", () => {
  it("uses a fixed, aligned page blob as it lies", async () => {
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

  it("takes a copy over whatever sequence number its source had", async () => {
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
    await account.dropBlock("sparse.vhd", fixedVhd({ disk: disk(32 * MIB) }));
    const { bytesWritten } = await mend(account, "sparse.vhd");
    expect(bytesWritten).toBeLessThan(4 * MIB);
  });

  it("makes the same disk and the same tree hash however the work is cut", async () => {
    const file = dynamicVhd({ disk: disk(24 * MIB), blockSize: 512 * 1024 });
    await account.dropBlock("whole.vhd", file);
    await account.dropBlock("cut.vhd", file);
    const whole = await mend(account, "whole.vhd");
    const cut = await mend(account, "cut.vhd", { sliceBytes: 4 * MIB, sliceSeconds: 0, concurrency: 1 });
    expect(cut.calls).toBeGreaterThan(whole.calls ?? 0);
    expect(cut.treeHash).toBe(whole.treeHash);
    expectDisk(cut.made, logicalDisk(file));
  });

  it("streams after all where the account cannot move pages by itself, and gives the hash", async () => {
    await account.dropBlock("fallback.vhd", dynamicVhd({ disk: disk(24 * MIB) }));
    const streamed = await mend(account, "fallback.vhd", { moveBy: "account" });
    expectDisk(streamed.made, disk(24 * MIB));
    expect(streamed.treeHash).toMatch(/^[0-9a-f]{64}$/);
  });
});
