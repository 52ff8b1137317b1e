/**
 * The block allocation table, read whole and checked whole: a table that points outside the file, into metadata or
 * twice at one place is how a small file becomes a large bill or another disk's bytes. Bounded at 16 MiB.
 */
import type { RangeReader } from "../range-reader.js";
import type { DynamicHeader } from "./dynamic-header.js";
import { finding, hex, type Finding } from "./findings.js";
import { ABSENT_BLOCK, fieldsOf, FOOTER_BYTES, HEADER_BYTES, roundUp, SECTOR_BYTES } from "./layout.js";

const CHUNK_BYTES = 4 * 1024 * 1024;

export async function readBlockTable(reader: RangeReader, header: DynamicHeader): Promise<Uint32Array> {
  const table = new Uint32Array(header.neededEntries);
  for (let first = 0; first < table.length; first += CHUNK_BYTES / 4) {
    const count = Math.min(CHUNK_BYTES / 4, table.length - first);
    const fields = fieldsOf(await reader.read(header.tableOffset + first * 4, count * 4));
    for (let i = 0; i < count; i++) table[first + i] = fields.getUint32(i * 4);
  }
  return table;
}

/** The first fault of the table, if any. `endOfData` is where the tail footer begins. */
export function checkBlockTable(
  table: Uint32Array,
  header: DynamicHeader,
  endOfData: number,
): Finding | undefined {
  const blockSectors = (header.bitmapBytes + header.blockBytes) / SECTOR_BYTES;
  const endSector = Math.floor(endOfData / SECTOR_BYTES);
  const metadata = [
    { from: 0, to: FOOTER_BYTES },
    { from: header.offsetBytes, to: header.offsetBytes + HEADER_BYTES },
    { from: header.tableOffset, to: roundUp(header.tableOffset + header.tableEntries * 4, SECTOR_BYTES) },
  ].map(({ from, to }) => ({ from: from / SECTOR_BYTES, to: to / SECTOR_BYTES }));

  let present = 0;
  let ascending = true;
  let highest = -1;
  for (const [index, sector] of table.entries()) {
    if (sector === ABSENT_BLOCK) continue;
    if (metadata.some(({ from, to }) => sector < to && sector + blockSectors > from)) {
      return fault("BAT_INTO_METADATA", header, index, sector);
    }
    if (sector + blockSectors > endSector) return fault("BAT_OUT_OF_RANGE", header, index, sector);
    ascending &&= sector > highest;
    highest = sector;
    present += 1;
  }

  const sectors = new Uint32Array(present);
  let filled = 0;
  for (const sector of table) if (sector !== ABSENT_BLOCK) sectors[filled++] = sector;
  if (!ascending) sectors.sort();
  for (let i = 1; i < present; i++) {
    const sector = sectors[i] ?? 0;
    if (sector - (sectors[i - 1] ?? 0) < blockSectors) {
      return fault("BAT_OVERLAP", header, table.lastIndexOf(sector), sector);
    }
  }
  return undefined;
}

function fault(
  code: "BAT_INTO_METADATA" | "BAT_OUT_OF_RANGE" | "BAT_OVERLAP",
  header: DynamicHeader,
  index: number,
  sector: number,
): Finding {
  return finding(code, {
    detail: `The table places block ${index} at byte ${sector * SECTOR_BYTES}.`,
    where: { offsetBytes: header.tableOffset + index * 4, value: hex(sector) },
  });
}
