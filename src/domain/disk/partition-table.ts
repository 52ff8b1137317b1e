/** The partitions of a disk whatever table they are in, each held against the disk and against the others. */
import type { RangeReader } from "../range-reader.js";
import type { DiskFacts, DiskFinding, Partition } from "./facts.js";
import { readGpt } from "./gpt.js";
import { readMbr, SECTOR_BYTES } from "./mbr.js";
import { readUpTo } from "./slices.js";

export interface PartitionTable {
  readonly scheme: DiskFacts["scheme"];
  readonly partitions: readonly Partition[];
  readonly findings: readonly DiskFinding[];
  /** The BIOS would find something to run in sector 0. */
  readonly hasBootCode: boolean;
  readonly hasGrub: boolean;
}

/** Overlapping pairs to name; a hostile table of a thousand equal entries has half a million. */
const MAX_OVERLAPS_NAMED = 4;

export async function readPartitionTable(disk: RangeReader): Promise<PartitionTable> {
  const mbr = await readMbr(disk, await readUpTo(disk, 0, SECTOR_BYTES));
  const gpt = await readGpt(disk, mbr?.protective ?? false);
  const hybrid = gpt !== undefined && mbr !== undefined && mbr.partitions.length > 0;
  const placed = placeOnDisk(disk, gpt?.partitions ?? mbr?.partitions ?? []);
  return {
    scheme: hybrid ? "hybrid" : gpt ? "gpt" : mbr ? "mbr" : "none",
    partitions: placed.partitions,
    findings: [
      ...((gpt ?? mbr)?.findings ?? []),
      ...(hybrid ? [HYBRID] : []),
      ...placed.findings,
      ...overlapsOf(placed.partitions),
    ],
    hasBootCode: mbr?.hasBootCode ?? false,
    hasGrub: mbr?.hasGrub ?? false,
  };
}

const HYBRID: DiskFinding = {
  code: "HYBRID_MBR",
  severity: "info",
  message: "The MBR defines partitions of its own in addition to the GPT; only the GPT is used here.",
  where: { offsetBytes: 0 },
};

function placeOnDisk(disk: RangeReader, entries: readonly Partition[]) {
  const partitions: Partition[] = [];
  const findings: DiskFinding[] = [];
  for (const entry of entries) {
    const { number, offsetBytes, sizeBytes } = entry;
    const insideBytes = Math.min(sizeBytes, disk.sizeBytes - offsetBytes);
    if (insideBytes === sizeBytes && sizeBytes > 0 && offsetBytes > 0) {
      partitions.push(entry);
      continue;
    }
    findings.push({
      code: "PARTITION_OUTSIDE_DISK",
      severity: "warning",
      message: `Partition ${number} (${sizeBytes} bytes at ${offsetBytes}) extends beyond the disk of ${disk.sizeBytes} bytes.`,
      where: { offsetBytes, value: `${sizeBytes} bytes` },
    });
    if (insideBytes > 0 && offsetBytes > 0) partitions.push({ ...entry, sizeBytes: insideBytes });
  }
  return { partitions, findings };
}

function overlapsOf(partitions: readonly Partition[]): DiskFinding[] {
  const sorted = partitions.toSorted((one, other) => one.offsetBytes - other.offsetBytes);
  const findings: DiskFinding[] = [];
  let furthest = sorted[0];
  for (const partition of sorted.slice(1)) {
    if (furthest && partition.offsetBytes < furthest.offsetBytes + furthest.sizeBytes) {
      findings.push({
        code: "PARTITIONS_OVERLAP",
        severity: "warning",
        message: `Partitions ${furthest.number} and ${partition.number} overlap.`,
        where: { offsetBytes: partition.offsetBytes },
      });
    }
    const end = partition.offsetBytes + partition.sizeBytes;
    if (!furthest || end > furthest.offsetBytes + furthest.sizeBytes) furthest = partition;
  }
  return findings.slice(0, MAX_OVERLAPS_NAMED);
}
