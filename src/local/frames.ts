/**
 * The records of an append-only file, framed so that what a kill or a power failure left behind the last sound one is
 * told from it.
 *
 *   frame = u32 BE length of the payload, u32 BE its CRC-32, the payload (never empty)
 */
import { crc32 } from "node:zlib";

export const FRAME_BYTES = 8;

/** One record out of the parts of its payload. */
export function frame(...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const framed = Buffer.allocUnsafe(FRAME_BYTES + length);
  let at = FRAME_BYTES;
  for (const part of parts) {
    framed.set(part, at);
    at += part.length;
  }
  framed.writeUInt32BE(length, 0);
  framed.writeUInt32BE(crc32(framed.subarray(FRAME_BYTES)), 4);
  return framed;
}

/** Every sound payload, oldest first, with where its frame ends; what follows the last of them is torn. */
export function* soundFrames(file: Buffer): Generator<{ readonly payload: Buffer; readonly end: number }> {
  for (let at = 0; at + FRAME_BYTES <= file.length;) {
    const length = file.readUInt32BE(at);
    const end = at + FRAME_BYTES + length;
    // Zeros, as some file systems leave them after a power failure, would pass as an empty record with its CRC.
    if (length === 0 || end > file.length) return;
    const payload = file.subarray(at + FRAME_BYTES, end);
    if (crc32(payload) !== file.readUInt32BE(at + 4)) return;
    yield { payload, end };
    at = end;
  }
}
