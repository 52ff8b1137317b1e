/** The header of a dynamic disk: where its block table lies and how large its blocks are. Checked before it is used. */
import type { RangeReader } from "../range-reader.js";
import { finding, hex, type Finding } from "./findings.js";
import { FORMAT_VERSION, type Footer } from "./footer.js";
import {
  checksumOf,
  fieldsOf,
  FOOTER_BYTES,
  HEADER_BYTES,
  printable,
  roundUp,
  SECTOR_BYTES,
  startsWith,
} from "./layout.js";

export interface DynamicHeader {
  readonly offsetBytes: number;
  readonly tableOffset: number;
  readonly tableEntries: number;
  readonly blockBytes: number;
  /** The sector bitmap before each block, in whole sectors. */
  readonly bitmapBytes: number;
  /** Entries that the disk's size needs; what the table has beyond them is never read. */
  readonly neededEntries: number;
}

const HEADER_FIELD = { tableOffset: 16, version: 24, entries: 28, blockSize: 32, checksum: 36 };

const MIN_BLOCK_BYTES = 4 * 1024;
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
/** Holds every disk of the largest size (2040 GiB) at the smallest block size the specification names (512 KiB). */
export const MAX_TABLE_BYTES = 16 * 1024 * 1024;

/** The header a footer points at, or why it cannot be believed. `endOfData` is where the tail footer begins. */
export async function readDynamicHeader(
  reader: RangeReader,
  footer: Footer,
  endOfData: number,
): Promise<DynamicHeader | Finding> {
  const { dataOffset } = footer;
  if (
    dataOffset < BigInt(FOOTER_BYTES) ||
    dataOffset + BigInt(HEADER_BYTES) > BigInt(endOfData) ||
    dataOffset % BigInt(SECTOR_BYTES) !== 0n
  ) {
    return finding("DATA_OFFSET", {
      detail: `It is ${hex(dataOffset)}; the data ends at ${endOfData}.`,
      where: { offsetBytes: 16, value: hex(dataOffset) },
    });
  }
  const offsetBytes = Number(dataOffset);
  const bytes = await reader.read(offsetBytes, HEADER_BYTES);
  return checkHeader(bytes, { offsetBytes, virtualBytes: Number(footer.currentSize), endOfData });
}

interface Surroundings {
  readonly offsetBytes: number;
  readonly virtualBytes: number;
  readonly endOfData: number;
}

function checkHeader(
  bytes: Uint8Array,
  { offsetBytes, virtualBytes, endOfData }: Surroundings,
): DynamicHeader | Finding {
  const fields = fieldsOf(bytes);
  const at = (field: number, value: number | bigint) => ({
    where: { offsetBytes: offsetBytes + field, value: hex(value) },
  });
  if (!startsWith(bytes, "cxsparse")) {
    return finding("HEADER_COOKIE", { where: { offsetBytes, value: printable(bytes.subarray(0, 8)) } });
  }
  const version = fields.getUint32(HEADER_FIELD.version);
  if (version !== FORMAT_VERSION) return finding("HEADER_VERSION", at(HEADER_FIELD.version, version));
  const checksum = fields.getUint32(HEADER_FIELD.checksum);
  const expected = checksumOf(bytes, HEADER_FIELD.checksum);
  if (checksum !== expected) {
    return finding("HEADER_CHECKSUM", {
      detail: `It should be ${hex(expected)}.`,
      ...at(HEADER_FIELD.checksum, checksum),
    });
  }
  const blockBytes = fields.getUint32(HEADER_FIELD.blockSize);
  const isPowerOfTwo = Number.isInteger(Math.log2(blockBytes));
  if (!isPowerOfTwo || blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) {
    return finding("BLOCK_SIZE", {
      detail: `It is ${blockBytes}.`,
      ...at(HEADER_FIELD.blockSize, blockBytes),
    });
  }
  const tableEntries = fields.getUint32(HEADER_FIELD.entries);
  const neededEntries = Math.ceil(virtualBytes / blockBytes);
  if (tableEntries < neededEntries) {
    return finding("BAT_TOO_SMALL", {
      detail: `It has ${tableEntries} of the ${neededEntries} entries that the size requires.`,
      ...at(HEADER_FIELD.entries, tableEntries),
    });
  }
  const tableOffset = fields.getBigUint64(HEADER_FIELD.tableOffset);
  if (tableOffset % BigInt(SECTOR_BYTES) !== 0n || tableOffset >= BigInt(endOfData)) {
    return finding("BAT_OFFSET", at(HEADER_FIELD.tableOffset, tableOffset));
  }
  const tableStart = Number(tableOffset);
  const tableEnd = tableStart + tableEntries * 4;
  if (tableEnd > endOfData || neededEntries * 4 > MAX_TABLE_BYTES) {
    return finding("BAT_TOO_LARGE", {
      detail: `It has ${tableEntries} entries; the size requires ${neededEntries}.`,
      ...at(HEADER_FIELD.entries, tableEntries),
    });
  }
  const overHeader = tableStart < offsetBytes + HEADER_BYTES && tableEnd > offsetBytes;
  if (tableStart < FOOTER_BYTES || overHeader) {
    return finding("BAT_OFFSET", {
      detail: "It overlaps the footer copy or the header.",
      ...at(HEADER_FIELD.tableOffset, tableOffset),
    });
  }
  const bitmapBytes = roundUp(blockBytes / SECTOR_BYTES / 8, SECTOR_BYTES);
  return { offsetBytes, tableOffset: tableStart, tableEntries, blockBytes, bitmapBytes, neededEntries };
}

const PARENT_NAME = { offset: 64, bytes: 512 };
const SHOWN_NAME_CHARS = 256;

/**
 * The parent's name of a differencing disk, for a message only: capped, and nothing in it that could move a cursor.
 * The parent locators beside it are never followed.
 */
export async function readParentName(
  reader: RangeReader,
  { dataOffset }: Footer,
): Promise<string | undefined> {
  if (dataOffset + BigInt(HEADER_BYTES) > BigInt(reader.sizeBytes)) return undefined;
  const header = await reader.read(Number(dataOffset), HEADER_BYTES);
  if (!startsWith(header, "cxsparse")) return undefined;
  const fields = fieldsOf(header.subarray(PARENT_NAME.offset, PARENT_NAME.offset + PARENT_NAME.bytes));
  let name = "";
  for (let at = 0; at < PARENT_NAME.bytes && name.length < SHOWN_NAME_CHARS; at += 2) {
    const unit = fields.getUint16(at);
    if (unit === 0) break;
    const char = String.fromCharCode(unit);
    name += /[\p{L}\p{N}\p{P}\p{S} ]/u.test(char) ? char : ".";
  }
  return name === "" ? undefined : name;
}
