/** A gzipped, mostly empty file, unpacked into memory without its zeros: half a gigabyte of VHD takes a few megabytes. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { isAllZero } from "./vhd-builder.js";
import { SparseDisk } from "./disk-builder.js";

export async function gunzipSparse(path: string, sizeBytes: number): Promise<SparseDisk> {
  const disk = new SparseDisk(sizeBytes);
  let offset = 0;
  for await (const chunk of createReadStream(path).pipe(createGunzip({ chunkSize: 64 * 1024 }))) {
    const bytes = chunk as Buffer;
    if (!isAllZero(bytes)) disk.write(offset, bytes);
    offset += bytes.length;
  }
  if (offset !== sizeBytes) throw new Error(`${path} unpacks to ${offset} bytes, not ${sizeBytes}.`);
  return disk;
}
