/** Virtual disks out of the fixed VHDs of a corpus beside the project, where there is one. */
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createGunzip } from "node:zlib";
import { SparseDisk } from "./disk-builder.js";

const CORPUS = resolve(import.meta.dirname, "../../../shared/vhd-corpus");
const FOOTER_BYTES = 512;
const PAGE = Buffer.alloc(4096);

interface ManifestEntry {
  readonly name: string;
  readonly bytes: number;
}

/** Sizes of the corpus' files by name; empty where there is no corpus. */
export function corpusSizes(): ReadonlyMap<string, number> {
  const manifest = resolve(CORPUS, "manifest.json");
  if (!existsSync(manifest)) return new Map();
  const entries = JSON.parse(readFileSync(manifest, "utf8")) as ManifestEntry[];
  return new Map(entries.map(({ name, bytes }) => [name, bytes]));
}

/** All of a fixed VHD but its footer; pages of zeros take no memory. */
export async function corpusDisk(name: string, fileBytes: number): Promise<SparseDisk> {
  const disk = new SparseDisk(fileBytes - FOOTER_BYTES);
  let offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  const take = (bytes: Buffer) => {
    const page = bytes.subarray(0, Math.max(0, disk.sizeBytes - offset));
    if (page.compare(PAGE, 0, page.length) !== 0) disk.write(offset, page);
    offset += bytes.length;
  };
  for await (const chunk of createReadStream(resolve(CORPUS, `${name}.gz`)).pipe(
    createGunzip({ chunkSize: 1 << 20 }),
  )) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    const whole = bytes.length - (bytes.length % PAGE.length);
    for (let at = 0; at < whole; at += PAGE.length) take(bytes.subarray(at, at + PAGE.length));
    rest = bytes.subarray(whole);
  }
  take(rest);
  return disk;
}
