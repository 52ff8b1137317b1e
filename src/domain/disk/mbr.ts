/**
 * Master boot record and its chain of extended boot records (the PC partition table as UEFI 2.10, section 5.2.1
 * restates it; EBR links are relative to the extended partition, logical partitions to their own EBR).
 */
import type { RangeReader } from "../range-reader.js";
import type { DiskFinding, Partition } from "./facts.js";
import { isZero, readFields, uint } from "./fields.js";
import { readInside } from "./slices.js";
import { latin1 } from "./text.js";

export const SECTOR_BYTES = 512;

const BOOT_CODE_BYTES = 440;
const ENTRY_TABLE_OFFSET = 446;
const ENTRY_BYTES = 16;
const SIGNATURE_OFFSET = 510;
const SIGNATURE = 0xaa55;

const ENTRY = {
  status: [0, 1],
  type: [4, 1],
  firstSector: [8, 4],
  sectorCount: [12, 4],
} as const;

const ACTIVE = 0x80;
const PROTECTIVE = 0xee;
const EXTENDED: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85]);

/** More logical partitions than Linux can address on a SCSI disk (15) by far; real chains are shorter. */
const MAX_EBR_LINKS = 128;

interface Entry {
  readonly offsetBytes: number;
  readonly active: boolean;
  readonly type: number;
  readonly firstSector: number;
  readonly sectorCount: number;
}

export interface MasterBootRecord {
  /** Something that is not zeros stands where the BIOS jumps to. */
  readonly hasBootCode: boolean;
  /** GRUB's boot sector starts from any partition: it needs no active flag. */
  readonly hasGrub: boolean;
  /** Has a 0xEE entry: the partitions are in a GPT. */
  readonly protective: boolean;
  readonly partitions: readonly Partition[];
  readonly findings: readonly DiskFinding[];
}

function entriesOf(sector: Uint8Array, sectorOffset: number): Entry[] | undefined {
  if (uint(sector, SIGNATURE_OFFSET, 2) !== SIGNATURE) return undefined;
  const entries = [0, 1, 2, 3].map((index) => {
    const at = ENTRY_TABLE_OFFSET + index * ENTRY_BYTES;
    const fields = readFields(ENTRY, sector, at);
    return { ...fields, active: fields.status === ACTIVE, offsetBytes: sectorOffset + at };
  });
  // A boot sector of a filesystem carries the same signature, but has code or text where the entries would be.
  return entries.every(({ status }) => status === 0 || status === ACTIVE) ? entries : undefined;
}

const isUsed = ({ type, sectorCount }: Entry): boolean => type !== 0 && sectorCount > 0;

const asPartition = (entry: Entry, number: number, baseSector: number): Partition => ({
  number,
  offsetBytes: (baseSector + entry.firstSector) * SECTOR_BYTES,
  sizeBytes: entry.sectorCount * SECTOR_BYTES,
  type: `0x${entry.type.toString(16).padStart(2, "0").toUpperCase()}`,
  active: entry.active,
});

/** Undefined where sector 0 holds no partition table. */
export async function readMbr(disk: RangeReader, sector: Uint8Array): Promise<MasterBootRecord | undefined> {
  const entries = entriesOf(sector, 0);
  if (!entries?.some(isUsed)) return undefined;
  const findings: DiskFinding[] = [];
  const partitions: Partition[] = [];
  let logicalNumber = 5;
  for (const [index, entry] of entries.entries()) {
    if (!isUsed(entry) || entry.type === PROTECTIVE) continue;
    if (!EXTENDED.has(entry.type)) {
      partitions.push(asPartition(entry, index + 1, 0));
      continue;
    }
    const logical = await readEbrChain(disk, entry, logicalNumber);
    logicalNumber += logical.partitions.length;
    partitions.push(...logical.partitions);
    findings.push(...logical.findings);
  }
  const code = sector.subarray(0, BOOT_CODE_BYTES);
  return {
    hasBootCode: !isZero(code),
    hasGrub: latin1(code).includes("GRUB"),
    protective: entries.some(({ type }) => type === PROTECTIVE),
    partitions,
    findings,
  };
}

async function readEbrChain(disk: RangeReader, container: Entry, firstNumber: number) {
  const partitions: Partition[] = [];
  const findings: DiskFinding[] = [];
  const endSector = container.firstSector + container.sectorCount;
  const visited = new Set<number>();
  const stop = (code: "EBR_CHAIN_BROKEN" | "EBR_CHAIN_CYCLE", atSector: number, why: string) => {
    findings.push({
      code,
      severity: "warning",
      message: `The chain of logical partitions ${why}; the partitions after that link were not inspected.`,
      where: { offsetBytes: atSector * SECTOR_BYTES, value: `sector ${atSector}` },
    });
    return { partitions, findings };
  };
  for (let ebrSector = container.firstSector; ;) {
    if (visited.has(ebrSector)) return stop("EBR_CHAIN_CYCLE", ebrSector, "leads back to itself");
    if (visited.size === MAX_EBR_LINKS) return stop("EBR_CHAIN_BROKEN", ebrSector, "has more than 128 links");
    visited.add(ebrSector);
    const sector = await readInside(disk, ebrSector * SECTOR_BYTES, SECTOR_BYTES);
    if (!sector) return stop("EBR_CHAIN_BROKEN", ebrSector, "leads outside the disk");
    const [logical, link] = entriesOf(sector, ebrSector * SECTOR_BYTES) ?? [];
    if (!logical || !link) return stop("EBR_CHAIN_BROKEN", ebrSector, "has a link without a boot record");
    if (isUsed(logical)) {
      const first = ebrSector + logical.firstSector;
      if (logical.firstSector === 0 || first + logical.sectorCount > endSector) {
        return stop("EBR_CHAIN_BROKEN", ebrSector, "has a partition that is not inside the extended one");
      }
      partitions.push(asPartition(logical, firstNumber + partitions.length, ebrSector));
    }
    if (!isUsed(link)) return { partitions, findings };
    const next = container.firstSector + link.firstSector;
    if (!EXTENDED.has(link.type) || next >= endSector) {
      return stop("EBR_CHAIN_BROKEN", ebrSector, "has a link that does not lead to a boot record inside it");
    }
    ebrSector = next;
  }
}
