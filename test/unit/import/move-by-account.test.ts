import { describe, expect, test } from "vitest";
import { moveByAccount } from "../../../src/activities/import/move-by-account.js";
import { bytesReader } from "../../support/bytes-reader.js";
import { planMending } from "../../../src/domain/vhd/mending-plan.js";
import { openVhd } from "../../../src/domain/vhd/open-vhd.js";
import { sliceUnits } from "../../../src/domain/vhd/slice-units.js";
import { dropOf } from "../../support/import-world.js";
import { MIB, diskWith, dynamicVhd, fixedVhd } from "../../support/vhd-builder.js";
import { logicalDisk } from "../../support/vhd-reference-reader.js";

/** An account that keeps the rules of Put Page From URL: whole pages, at most 4 MiB, inside the blob. */
async function moved(file: Buffer): Promise<{ disk: Buffer; read: number }> {
  const opened = await openVhd(bytesReader(file));
  if (opened.status !== "opened") throw new Error("not a VHD");
  const plan = planMending(opened.container);
  const disk = Buffer.alloc(plan.newBytes);
  let read = 0;
  const reader = {
    readInto: (into: Buffer, offset: number) => {
      read += into.length;
      file.copy(into, 0, offset, offset + into.length);
      return Promise.resolve();
    },
  };
  const writer = {
    writeFrom: (_drop: unknown, from: number, to: number, length: number) => {
      const legal = to % 512 === 0 && length % 512 === 0 && length > 0 && length <= 4 * MIB;
      if (!legal || to + length > disk.length) throw new Error(`refused: ${length} at ${to}`);
      file.copy(disk, to, from, from + length);
      return Promise.resolve();
    },
  };
  for (let slice = 0; slice < plan.sliceStarts.length; slice++)
    for (const unit of sliceUnits(plan, slice)) await moveByAccount(plan, unit, dropOf(), reader, writer);
  return { disk, read };
}

const wanted = diskWith(24 * MIB, [
  { at: 0, length: 5000 },
  { at: 3 * MIB - 700, length: 4 * MIB },
  { at: 23 * MIB + 512, length: 512 },
]);

describe("moving by the account alone", () => {
  test.each([
    ["a fixed disk", fixedVhd({ disk: wanted })],
    ["blocks of 2 MiB", dynamicVhd({ disk: wanted })],
    ["blocks of 512 KiB, last first", dynamicVhd({ disk: wanted, blockSize: 512 * 1024, reversed: true })],
    ["blocks of 16 MiB, larger than a unit", dynamicVhd({ disk: wanted, blockSize: 16 * MIB })],
    [
      "sectors that were never written, with other bytes there",
      dynamicVhd({ disk: wanted, sparseBitmap: true, stale: 0xee }),
    ],
  ])("makes the same disk of %s, and reads no more than bitmaps", async (_what, file) => {
    const { disk, read } = await moved(file);
    expect(disk.subarray(0, wanted.length).equals(logicalDisk(file))).toBe(true);
    expect(read).toBeLessThan(128 * 1024);
  });
});
