/** Reading prepared disks back over a storage account: every way gives the hash of the disk, a changed byte another. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as refs from "../../src/contracts/import-activities.js";
import { disk, mend, orderFor, readBack } from "../support/mend-drop.js";
import { activitiesOn, openAccount, portsOn, WORK, type Account } from "../support/storage-account.js";
import { dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";

let account: Account;
beforeAll(async () => (account = await openAccount()));
afterAll(() => account.close());

/** The definition in docs/import.md, in the test's own words. */
function hashOf(bytes: Buffer): string {
  const root = createHash("sha256");
  for (let at = 0; at < bytes.length; at += 2 * MIB)
    root.update(
      createHash("sha256")
        .update(bytes.subarray(at, at + 2 * MIB))
        .digest(),
    );
  return root.digest("hex");
}

const content = disk(25 * MIB);
const uneven = disk(24 * MIB + 512);
const grown = Buffer.concat([uneven, Buffer.alloc(MIB - 512)]);

type Drop = (name: string, bytes: Buffer) => Promise<void>;
const asBlocks: Drop = (name, bytes) => account.dropBlock(name, bytes);
const asPages: Drop = (name, bytes) => account.dropPages(name, bytes);

async function prepared(name: string, drop: Drop, file: Buffer) {
  await drop(name, file);
  const { way, treeHash } = await mend(account, name);
  const { runId, name: disk, drop: dropped, report } = await orderFor(account, name);
  const lying = way === "as-it-lies" ? { lying: dropped } : {};
  return { way, treeHash, order: { runId, name: disk, sizeBytes: report.newSizeBytes, ...lying } };
}

describe("a disk that is read back", () => {
  it.each([
    ["blocks", "dynamic.vhd", asBlocks, dynamicVhd({ disk: content }), content],
    ["linear", "fixed.vhd", asBlocks, fixedVhd({ disk: content }), content],
    ["as-it-lies", "perfect.vhd", asPages, fixedVhd({ disk: content }), content],
    ["server-copy", "folder/perfect.vhd", asPages, fixedVhd({ disk: content }), content],
    ["server-copy-new-footer", "uneven.vhd", asPages, fixedVhd({ disk: uneven }), grown],
  ] as const)("has the hash of its bytes, without the footer: %s", async (way, name, drop, file, bytes) => {
    const made = await prepared(name, drop, file);
    expect(made.way).toBe(way);
    const { treeHash, bytesRead } = await readBack(made.order, {}, activitiesOn(account.service));
    expect(treeHash).toBe(hashOf(bytes));
    if (made.treeHash !== undefined) expect(treeHash).toBe(made.treeHash);
    // Four stretches hold data, in units of 4 MiB; the rest is not read.
    expect(bytesRead).toBeLessThanOrEqual(17 * MIB);
  });

  it("has the same hash however the reading is split and repeated", async () => {
    const { order } = await prepared("cut.vhd", asBlocks, dynamicVhd({ disk: content }));
    const act = activitiesOn(account.service);
    const small = { sliceBytes: 4 * MIB, sliceSeconds: 0, concurrency: 1 };
    expect((await readBack(order, small, act)).treeHash).toBe(hashOf(content));
    expect((await readBack(order, small, act)).treeHash).toBe(hashOf(content));
  });

  it.each([
    ["changed", (page: Buffer) => page.fill(7)],
    ["lost", (page: Buffer) => page.fill(0)],
  ])("has another hash when one sector is %s", async (what, alter) => {
    const made = await prepared(`${what}.vhd`, asBlocks, dynamicVhd({ disk: content }));
    const blob = account.service.getContainerClient(WORK).getPageBlobClient(made.order.name);
    await blob.uploadPages(alter(Buffer.alloc(512)), 9 * MIB + 4096, 512);
    const { treeHash } = await readBack(made.order, {}, activitiesOn(account.service));
    expect(treeHash).not.toBe(made.treeHash);
  });

  it("is refused as changed when the file is written to between two slices", async () => {
    const { order } = await prepared("touched.vhd", asPages, fixedVhd({ disk: content }));
    await account.dropped("touched.vhd").getPageBlobClient().uploadPages(Buffer.alloc(512, 1), 0, 512);
    await expect(readBack(order, {}, activitiesOn(account.service))).rejects.toThrow(
      /was replaced, written to/,
    );
  });

  it("leaves nothing when its disk is removed", async () => {
    const { order } = await prepared("gone.vhd", asBlocks, dynamicVhd({ disk: content }));
    const act = activitiesOn(account.service);
    await readBack(order, {}, act);
    await act(refs.removePrepared, order);
    const { runs } = portsOn(account.service);
    expect((await runs.list(order.runId)).filter((name) => name.startsWith(order.name))).toEqual([]);
  });
});
