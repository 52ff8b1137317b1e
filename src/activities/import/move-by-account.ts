/**
 * Moves a unit without touching its bytes: the storage account itself reads them from the source and writes them to
 * the page blob (Put Page From URL). Of a dynamic disk only the bitmaps are read here, since what they leave out must
 * stay zero. Zeros that were written in the source are moved as well, and no hash can be made.
 */
import type { DropRef } from "../../domain/import/drop.js";
import { ABSENT_BLOCK, SECTOR_BYTES } from "../../domain/vhd/layout.js";
import type { DynamicSource, MendingPlan } from "../../domain/vhd/mending-plan.js";
import { MAX_PUT_PAGE_BYTES } from "../../domain/vhd/page-runs.js";
import type { Unit } from "../../domain/vhd/slice-units.js";
import type { DropReader } from "../../ports/drops.js";
import type { PageWriter } from "../../ports/prepared-disks.js";

interface Move {
  readonly sourceOffset: number;
  readonly offset: number;
  readonly length: number;
}

export async function moveByAccount(
  { source }: MendingPlan,
  unit: Unit,
  drop: DropRef,
  reader: Pick<DropReader, "readInto">,
  writer: Pick<PageWriter, "writeFrom">,
): Promise<number> {
  const { virtualOffset: offset, length, reads } = unit;
  const moves =
    source.kind === "linear"
      ? reads.map((read) => ({ sourceOffset: read.offset, ...read }))
      : await writtenRuns(source, { offset, length }, reader);
  let moved = 0;
  for (const move of moves) {
    for (let at = 0; at < move.length; at += MAX_PUT_PAGE_BYTES) {
      const part = Math.min(MAX_PUT_PAGE_BYTES, move.length - at);
      await writer.writeFrom(drop, move.sourceOffset + at, move.offset + at, part);
      moved += part;
    }
  }
  return moved;
}

async function writtenRuns(
  { blocks, blockBytes, bitmapBytes }: DynamicSource,
  { offset, length }: { readonly offset: number; readonly length: number },
  reader: Pick<DropReader, "readInto">,
): Promise<Move[]> {
  const moves: Move[] = [];
  const bitmap = Buffer.alloc(bitmapBytes);
  for (let at = offset; at < offset + length;) {
    const block = Math.floor(at / blockBytes);
    const end = Math.min((block + 1) * blockBytes, offset + length);
    const sector = blocks[block] ?? ABSENT_BLOCK;
    if (sector !== ABSENT_BLOCK) {
      const start = sector * SECTOR_BYTES;
      await reader.readInto(bitmap, start);
      moves.push(...runsOf(bitmap, { at, end, blockAt: block * blockBytes, dataAt: start + bitmapBytes }));
    }
    at = end;
  }
  return moves;
}

/** Stretches of sectors that were written, by the block's bitmap, most significant bit first. */
function runsOf(
  bitmap: Uint8Array,
  { at, end, blockAt, dataAt }: { at: number; end: number; blockAt: number; dataAt: number },
): Move[] {
  const moves: Move[] = [];
  let from = -1;
  const close = (to: number) => {
    if (from >= 0) moves.push({ sourceOffset: dataAt + from - blockAt, offset: from, length: to - from });
    from = -1;
  };
  for (let here = at; here < end; here += SECTOR_BYTES) {
    const bit = (here - blockAt) / SECTOR_BYTES;
    const written = ((bitmap[bit >>> 3] ?? 0) >>> (7 - (bit & 7))) & 1;
    if (written && from < 0) from = here;
    if (!written) close(here);
  }
  close(end);
  return moves;
}
