/** A GUID partition table with its protective MBR and its backup (UEFI 2.10, chapter 5). */
import { crc32 } from "node:zlib";
import type { Extent } from "./extent.js";
import { bytesAt } from "./extent.js";

export const SECTOR_BYTES = 512;

export const EFI_SYSTEM = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
export const LINUX_ROOT_X64 = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";

export interface PartitionPlan {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

const ENTRY_COUNT = 128;
const ENTRY_BYTES = 128;
const ENTRY_SECTORS = (ENTRY_COUNT * ENTRY_BYTES) / SECTOR_BYTES;
const HEADER_BYTES = 92;

export function guidPartitionTable(
  diskBytes: number,
  diskId: string,
  partitions: readonly PartitionPlan[],
): Extent[] {
  const lastLba = diskBytes / SECTOR_BYTES - 1;
  const entries = Buffer.concat([...partitions.map(entryOf)], ENTRY_COUNT * ENTRY_BYTES);
  const header = (lba: number, otherLba: number, entriesLba: number) => {
    const bytes = Buffer.alloc(SECTOR_BYTES);
    bytes.write("EFI PART", 0, "latin1");
    bytes.writeUInt32LE(0x0001_0000, 8);
    bytes.writeUInt32LE(HEADER_BYTES, 12);
    writeLba(bytes, 24, lba);
    writeLba(bytes, 32, otherLba);
    writeLba(bytes, 40, 2 + ENTRY_SECTORS);
    writeLba(bytes, 48, lastLba - ENTRY_SECTORS - 1);
    guidBytes(diskId).copy(bytes, 56);
    writeLba(bytes, 72, entriesLba);
    bytes.writeUInt32LE(ENTRY_COUNT, 80);
    bytes.writeUInt32LE(ENTRY_BYTES, 84);
    bytes.writeUInt32LE(crc32(entries), 88);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES)), 16);
    return bytes;
  };
  const backupEntriesLba = lastLba - ENTRY_SECTORS;
  return [
    bytesAt(0, Buffer.concat([protectiveMbr(lastLba), header(1, lastLba, 2), entries])),
    bytesAt(backupEntriesLba * SECTOR_BYTES, Buffer.concat([entries, header(lastLba, 1, backupEntriesLba)])),
  ];
}

function protectiveMbr(lastLba: number): Buffer {
  const mbr = Buffer.alloc(SECTOR_BYTES);
  const entry = 446;
  mbr.writeUInt32BE(0x0000_0200, entry); // not active, from head 0, sector 2
  mbr.writeUInt32BE(0xeeff_ffff, entry + 4); // type: GPT protective; ends beyond what CHS can say
  mbr.writeUInt32LE(1, entry + 8);
  mbr.writeUInt32LE(Math.min(lastLba, 0xffff_ffff), entry + 12);
  mbr.writeUInt16BE(0x55aa, 510);
  return mbr;
}

function entryOf({ type, id, name, offsetBytes, sizeBytes }: PartitionPlan): Buffer {
  const bytes = Buffer.alloc(ENTRY_BYTES);
  guidBytes(type).copy(bytes, 0);
  guidBytes(id).copy(bytes, 16);
  writeLba(bytes, 32, offsetBytes / SECTOR_BYTES);
  writeLba(bytes, 40, (offsetBytes + sizeBytes) / SECTOR_BYTES - 1);
  bytes.write(name, 56, 72, "utf16le");
  return bytes;
}

const writeLba = (bytes: Buffer, at: number, lba: number) => bytes.writeBigUInt64LE(BigInt(lba), at);

/** The first three fields of a GUID are stored little-endian, the rest as written. */
export function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
