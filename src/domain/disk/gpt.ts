/**
 * GUID partition table (UEFI 2.10, section 5.3): the primary header at LBA 1, its backup in the last LBA, each with
 * a CRC of its own and one of the entries. Read from whichever is whole; every difference is a finding.
 */
import type { RangeReader } from "../range-reader.js";
import { crc32 } from "./crc32.js";
import type { DiskFinding, DiskFindingCode, Partition } from "./facts.js";
import { guid, hasMagic, isPowerOfTwo, readFields } from "./fields.js";
import { SECTOR_BYTES } from "./mbr.js";
import { readInside } from "./slices.js";
import { printable, utf16 } from "./text.js";

const SIGNATURE = "EFI PART";

const HEADER = {
  headerBytes: [12, 4],
  headerCrc: [16, 4],
  myLba: [24, 8],
  alternateLba: [32, 8],
  entriesLba: [72, 8],
  entryCount: [80, 4],
  entryBytes: [84, 4],
  entriesCrc: [88, 4],
} as const;
const HEADER_CRC_OFFSET = 16;
const MIN_HEADER_BYTES = 92;

const ENTRY = { firstLba: [32, 8], lastLba: [40, 8], attributesLow: [48, 1] } as const;
const ENTRY_NAME_OFFSET = 56;
const ENTRY_NAME_BYTES = 72;
const UNUSED_TYPE = "00000000-0000-0000-0000-000000000000";
const LEGACY_BIOS_BOOTABLE_BIT = 2;

/** Eight times the 16 KiB that UEFI reserves at least; no tool writes more. */
const MAX_ENTRIES_BYTES = 128 * 1024;
const MIN_ENTRY_BYTES = 128;
const NATIVE_4K_BYTES = 4096;

export const BIOS_BOOT_TYPE = "21686148-6449-6E6F-744E-656564454649";
export const EFI_SYSTEM_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";

export interface GuidPartitionTable {
  readonly partitions: readonly Partition[];
  readonly findings: readonly DiskFinding[];
}

interface Copy {
  readonly lba: number;
  readonly alternateLba: number;
  readonly entriesOffset: number;
  readonly entryBytes: number;
  readonly entries: Uint8Array;
}

/** A whole copy, or why it is not one; `absent` where not even the signature is there. */
type Reading =
  | { readonly copy: Copy }
  | { readonly copy?: never; readonly absent: boolean; readonly why: string; readonly alternateLba?: number };

async function readCopy(disk: RangeReader, lba: number): Promise<Reading> {
  const sector = await readInside(disk, lba * SECTOR_BYTES, SECTOR_BYTES);
  if (!sector || !hasMagic(sector, 0, SIGNATURE)) return { absent: true, why: "there is no GPT header" };
  const header = readFields(HEADER, sector);
  const broken = (why: string): Reading => ({ absent: false, why, alternateLba: header.alternateLba });
  if (header.headerBytes < MIN_HEADER_BYTES || header.headerBytes > SECTOR_BYTES) {
    return broken(`its header claims ${header.headerBytes} bytes`);
  }
  const checked = sector.slice(0, header.headerBytes);
  checked.fill(0, HEADER_CRC_OFFSET, HEADER_CRC_OFFSET + 4);
  if (crc32(checked) !== header.headerCrc) return broken("the checksum of its header is wrong");
  if (header.myLba !== lba) return broken(`its header claims to be in sector ${header.myLba}`);
  const { entryCount, entryBytes } = header;
  const sizes = `${entryCount} entries of ${entryBytes} bytes`;
  if (entryBytes < MIN_ENTRY_BYTES || !isPowerOfTwo(entryBytes) || entryCount === 0)
    return broken(`it claims ${sizes}`);
  if (entryCount * entryBytes > MAX_ENTRIES_BYTES) return broken(`it claims ${sizes}`);
  const entriesOffset = header.entriesLba * SECTOR_BYTES;
  const entries = await readInside(disk, entriesOffset, entryCount * entryBytes);
  if (!entries) return broken("its entries lie outside the disk");
  if (crc32(entries) !== header.entriesCrc) return broken("the checksum of its entries is wrong");
  return { copy: { lba, alternateLba: header.alternateLba, entriesOffset, entryBytes, entries } };
}

/** Undefined where neither the protective MBR nor a header speaks of a GPT. */
export async function readGpt(
  disk: RangeReader,
  protective: boolean,
): Promise<GuidPartitionTable | undefined> {
  const primary = await readCopy(disk, 1);
  if (!primary.copy && primary.absent) {
    const native = await readInside(disk, NATIVE_4K_BYTES, SIGNATURE.length);
    if (native && hasMagic(native, 0, SIGNATURE)) return nativeSectors();
    if (!protective) return undefined;
  }
  return primary.copy ? withBackup(disk, primary.copy) : fromBackup(disk, primary);
}

const lastLbaOf = (disk: RangeReader): number => Math.floor(disk.sizeBytes / SECTOR_BYTES) - 1;

const finding = (
  code: DiskFindingCode,
  severity: DiskFinding["severity"],
  message: string,
  offsetBytes: number,
  value?: string,
): DiskFinding => ({
  code,
  severity,
  message,
  where: { offsetBytes, ...(value !== undefined && { value }) },
});

function nativeSectors(): GuidPartitionTable {
  const message =
    "The partition table counts in sectors of 4096 bytes; an Azure OS disk is read in sectors of 512 bytes.";
  return {
    partitions: [],
    findings: [finding("GPT_4K_SECTORS", "blocking", message, NATIVE_4K_BYTES, SIGNATURE)],
  };
}

async function withBackup(disk: RangeReader, primary: Copy): Promise<GuidPartitionTable> {
  const findings: DiskFinding[] = [];
  const lastLba = lastLbaOf(disk);
  const at = primary.alternateLba * SECTOR_BYTES;
  const backup: Reading =
    primary.alternateLba === primary.lba
      ? { absent: false, why: "the primary names itself as its backup" }
      : await readCopy(disk, primary.alternateLba);
  if (!backup.copy) {
    const message = `The backup partition table cannot be used: ${backup.why}. The primary one is intact.`;
    findings.push(finding("GPT_BACKUP_DAMAGED", "warning", message, at, `sector ${primary.alternateLba}`));
  } else if (primary.alternateLba !== lastLba) {
    const message = `The backup partition table is in sector ${primary.alternateLba}, not in the last one (${lastLba}); the disk was enlarged.`;
    findings.push(finding("GPT_BACKUP_MISPLACED", "info", message, at, `sector ${primary.alternateLba}`));
  }
  return { partitions: partitionsOf(primary), findings };
}

async function fromBackup(
  disk: RangeReader,
  primary: { readonly why: string; readonly alternateLba?: number },
): Promise<GuidPartitionTable> {
  const places = new Set([lastLbaOf(disk), primary.alternateLba ?? 1]);
  places.delete(1);
  for (const lba of places) {
    const { copy } = await readCopy(disk, lba);
    if (!copy) continue;
    const message = `The primary partition table cannot be used: ${primary.why}. The backup in sector ${lba} is intact.`;
    const damaged = finding("GPT_PRIMARY_DAMAGED", "warning", message, SECTOR_BYTES, `sector ${lba}`);
    return { partitions: partitionsOf(copy), findings: [damaged] };
  }
  const message = `Neither copy of the partition table can be used: ${primary.why} in the primary one, and there is no intact backup.`;
  return { partitions: [], findings: [finding("GPT_DAMAGED", "blocking", message, SECTOR_BYTES)] };
}

function partitionsOf(copy: Copy): Partition[] {
  const partitions: Partition[] = [];
  for (let at = 0; at < copy.entries.length; at += copy.entryBytes) {
    const type = guid(copy.entries, at);
    if (type === UNUSED_TYPE) continue;
    const { firstLba, lastLba, attributesLow } = readFields(ENTRY, copy.entries, at);
    const name = utf16(
      copy.entries.subarray(at + ENTRY_NAME_OFFSET, at + ENTRY_NAME_OFFSET + ENTRY_NAME_BYTES),
    );
    partitions.push({
      number: at / copy.entryBytes + 1,
      offsetBytes: firstLba * SECTOR_BYTES,
      sizeBytes: (lastLba - firstLba + 1) * SECTOR_BYTES,
      type,
      active: (attributesLow & (1 << LEGACY_BIOS_BOOTABLE_BIT)) !== 0,
      ...(name !== "" && { name: printable(name) }),
    });
  }
  return partitions;
}
