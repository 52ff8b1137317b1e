/** A local file by ranges. */
import { open, type FileHandle } from "node:fs/promises";
import { assertInRange, type RangeReader } from "../domain/range-reader.js";

/** Opens `path`, hands its reader to `use`, and closes the file whatever comes of it. */
export async function withLocalFile<T>(path: string, use: (reader: RangeReader) => Promise<T>): Promise<T> {
  const file = await open(path, "r");
  try {
    return await use(await fileReader(file, path));
  } finally {
    await file.close();
  }
}

async function fileReader(file: FileHandle, path: string): Promise<RangeReader> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error(`${path} is not a file.`);
  const reader: RangeReader = {
    sizeBytes: stat.size,
    async read(offset, length) {
      assertInRange(reader, offset, length);
      const bytes = new Uint8Array(length);
      for (let filled = 0; filled < length;) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0)
          throw new Error(`${path} ended at byte ${offset + filled}: it was cut while being read.`);
        filled += bytesRead;
      }
      return bytes;
    },
  };
  return reader;
}
