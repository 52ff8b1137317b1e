/**
 * What a verdict costs: bytes and requests outside the block table, for the largest disk and the fullest table that the
 * format allows. Files of that size are a function of the offset, so the time is the doctor's own and no network's.
 */
import { examine } from "../src/domain/vhd/examine.js";
import { linuxGen2Disk, windowsGen2Disk } from "../test/support/disk-systems.js";
import { fullDynamicReader } from "../test/support/synthetic-reader.js";

const KIB = 1024;
const MIB = 1024 * KIB;
const LARGEST_BYTES = 2040 * 1024 * MIB;
const WANTED = { bytes: 2 * MIB, requests: 60 };

const CASES = [
  ["2040 GiB of Linux in blocks of 2 MiB", 2 * MIB, linuxGen2Disk],
  ["2040 GiB of Windows in blocks of 2 MiB", 2 * MIB, windowsGen2Disk],
  ["2040 GiB of Linux in blocks of 512 KiB", 512 * KIB, linuxGen2Disk],
] as const;

export async function run(): Promise<void> {
  console.log(
    `VHD verdict; wanted: under ${WANTED.bytes / MIB} MiB and ${WANTED.requests} requests outside the table.`,
  );
  const rows: Record<string, object> = {};
  for (const [name, blockBytes, disk] of CASES) {
    const reader = fullDynamicReader(LARGEST_BYTES, blockBytes, disk());
    const began = performance.now();
    const { verdict, bytesRead, requests, blockTable } = await examine(reader, { purpose: "any" });
    rows[name] = {
      verdict,
      ms: Math.round(performance.now() - began),
      "KiB read": Math.round(bytesRead / KIB),
      requests,
      "table MiB": blockTable.bytesRead / MIB,
      "table requests": blockTable.requests,
      "": bytesRead < WANTED.bytes && requests < WANTED.requests ? "✓" : "✗",
    };
  }
  console.table(rows);
}
