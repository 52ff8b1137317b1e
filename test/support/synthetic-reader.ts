/** Files too large to make: their bytes are a function of the offset, and every read is counted. */
import { assertInRange, type RangeReader } from "../../src/domain/range-reader.js";
import { footerBytes, headerBytes } from "./vhd-builder.js";

export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface CountingReader extends RangeReader {
  readonly reads: { offset: number; length: number }[];
}

/** Zeros but for the pieces. */
export function syntheticReader(sizeBytes: number, pieces: readonly Piece[]): CountingReader {
  const reads: { offset: number; length: number }[] = [];
  const reader: CountingReader = {
    sizeBytes,
    reads,
    read(offset, length) {
      assertInRange(reader, offset, length);
      reads.push({ offset, length });
      const bytes = new Uint8Array(length);
      for (const piece of pieces) {
        const from = Math.max(offset, piece.offset);
        const to = Math.min(offset + length, piece.offset + piece.bytes.length);
        if (from < to) bytes.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
      }
      return Promise.resolve(bytes);
    },
  };
  return reader;
}

/** The disk inside a dynamic VHD of any size with every block in the file: the fullest table there can be. */
export function fullDynamicReader(
  virtualBytes: number,
  blockSize: number,
  disk: { bytes(offset: number, length: number): Uint8Array; sizeBytes: number },
): CountingReader & { readonly tableBytes: number } {
  const bitmapSize = Math.ceil(blockSize / 4096 / 512) * 512;
  const entries = Math.ceil(virtualBytes / blockSize);
  const firstBlock = Math.ceil((1536 + entries * 4) / 512) * 512;
  const stride = bitmapSize + blockSize;
  const sizeBytes = firstBlock + entries * stride + 512;
  const footer = footerBytes({ size: virtualBytes, type: 3, dataOffset: 512n });
  const header = headerBytes({ entries, blockSize });

  const fill = (bytes: Uint8Array, offset: number) => {
    const copy = (from: number, part: Uint8Array) => {
      const start = Math.max(offset, from);
      const end = Math.min(offset + bytes.length, from + part.length);
      if (start < end) bytes.set(part.subarray(start - from, end - from), start - offset);
    };
    copy(0, footer);
    copy(512, header);
    copy(sizeBytes - 512, footer);
    const fields = new DataView(bytes.buffer);
    const firstEntry = Math.max(0, Math.ceil((offset - 1536) / 4));
    for (let entry = firstEntry; entry < entries && 1536 + entry * 4 + 4 <= offset + bytes.length; entry++) {
      fields.setUint32(1536 + entry * 4 - offset, (firstBlock + entry * stride) / 512);
    }
    const firstTouched = Math.max(0, Math.floor((offset - firstBlock) / stride));
    for (
      let block = firstTouched;
      block < entries && firstBlock + block * stride < offset + bytes.length;
      block++
    ) {
      const at = firstBlock + block * stride;
      copy(at, new Uint8Array(bitmapSize).fill(0xff));
      const from = Math.max(at + bitmapSize, offset);
      const virtual = block * blockSize + (from - at - bitmapSize);
      const length = Math.min(at + stride, offset + bytes.length) - from;
      if (length > 0 && virtual < disk.sizeBytes) copy(from, disk.bytes(virtual, length));
    }
  };

  const reads: { offset: number; length: number }[] = [];
  return {
    sizeBytes,
    reads,
    tableBytes: entries * 4,
    read(offset, length) {
      assertInRange({ sizeBytes }, offset, length);
      reads.push({ offset, length });
      const bytes = new Uint8Array(length);
      fill(bytes, offset);
      return Promise.resolve(bytes);
    },
  };
}
