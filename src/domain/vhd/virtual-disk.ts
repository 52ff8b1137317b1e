/** The disk inside the container, by ranges: whoever reads partitions and filesystems never learns of the VHD. */
import { assertInRange, type RangeReader } from "../range-reader.js";
import type { Container, DynamicContainer } from "./container.js";
import { ABSENT_BLOCK, SECTOR_BYTES } from "./layout.js";
import { applyBitmap } from "./sector-bitmap.js";

export function virtualDisk(reader: RangeReader, container: Container): RangeReader {
  const disk: RangeReader = {
    sizeBytes: container.virtualBytes,
    read: async (offset, length) => {
      assertInRange(disk, offset, length);
      return container.kind === "dynamic"
        ? readBlocks(reader, container, offset, length)
        : reader.read(offset, length);
    },
  };
  return disk;
}

async function readBlocks(
  reader: RangeReader,
  container: DynamicContainer,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const { blocks, blockBytes } = container;
  const joined = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const index = Math.floor((offset + at) / blockBytes);
    const inBlock = (offset + at) % blockBytes;
    const count = Math.min(blockBytes - inBlock, length - at);
    const sector = blocks[index] ?? ABSENT_BLOCK;
    if (sector !== ABSENT_BLOCK) {
      const part = joined.subarray(at, at + count);
      await fillFromBlock(reader, { bitmapOffset: sector * SECTOR_BYTES, container, inBlock }, part);
    }
    at += count;
  }
  return joined;
}

interface BlockPlace {
  readonly bitmapOffset: number;
  readonly container: DynamicContainer;
  readonly inBlock: number;
}

async function fillFromBlock(reader: RangeReader, place: BlockPlace, part: Uint8Array): Promise<void> {
  const { bitmapOffset, container, inBlock } = place;
  part.set(await reader.read(bitmapOffset + container.bitmapBytes + inBlock, part.length));
  const firstBit = Math.floor(inBlock / SECTOR_BYTES);
  const lastBit = Math.floor((inBlock + part.length - 1) / SECTOR_BYTES);
  const firstByte = firstBit >>> 3;
  const bitmap = await reader.read(bitmapOffset + firstByte, (lastBit >>> 3) - firstByte + 1);
  clearUnwritten(part, bitmap, inBlock, firstByte * 8);
}

/** As applyBitmap, for a part that may begin and end inside a sector. */
function clearUnwritten(part: Uint8Array, bitmap: Uint8Array, inBlock: number, bitmapStart: number): void {
  const skew = inBlock % SECTOR_BYTES;
  const firstBit = Math.floor(inBlock / SECTOR_BYTES) - bitmapStart;
  if (skew === 0) {
    applyBitmap(part, bitmap, firstBit);
    return;
  }
  const first = part.subarray(0, Math.min(part.length, SECTOR_BYTES - skew));
  applyBitmap(first, bitmap, firstBit);
  applyBitmap(part.subarray(first.length), bitmap, firstBit + 1);
}
