/** A local file by ranges. */
import { open, stat, type FileHandle } from "node:fs/promises";
import { assertInRange, type RangeReader } from "../domain/range-reader.js";

/** Opens `path`, hands its reader to `use`, and closes the file whatever comes of it. */
export async function withLocalFile<T>(path: string, use: (reader: RangeReader) => Promise<T>): Promise<T> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    throw new Error("It is a URL; to inspect a dropped file, use POST /api/imports/inspect.");
  // Before it is opened: opening a pipe waits for whoever writes to it.
  if (!(await stat(path)).isFile()) throw new Error("It is not a regular file.");
  const file = await open(path, "r");
  try {
    return await use(await fileReader(file));
  } finally {
    await file.close();
  }
}

async function fileReader(file: FileHandle): Promise<RangeReader> {
  const reader: RangeReader = {
    sizeBytes: (await file.stat()).size,
    async read(offset, length) {
      assertInRange(reader, offset, length);
      const bytes = new Uint8Array(length);
      for (let filled = 0; filled < length;) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0)
          throw new Error(`It ended at byte ${offset + filled}: it was truncated while being read.`);
        filled += bytesRead;
      }
      return bytes;
    },
  };
  return reader;
}
