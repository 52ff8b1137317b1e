/** FAT directory entries, with long names (same specification, "FAT Directory Structure" and "Long Directory Names"). */
import { readFields } from "./fields.js";
import { latin1, utf16 } from "./text.js";

const ENTRY_BYTES = 32;
const ENTRY = {
  attributes: [11, 1],
  clusterHigh: [20, 2],
  clusterLow: [26, 2],
  sizeBytes: [28, 4],
} as const;
const SHORT_NAME = [0, 8] as const;
const SHORT_EXTENSION = [8, 11] as const;

const LONG = { order: [0, 1], checksum: [13, 1] } as const;
/** Where the 13 UTF-16 units of a long-name entry are. */
const LONG_NAME_PARTS = [
  [1, 11],
  [14, 26],
  [28, 32],
] as const;

const END_OF_DIRECTORY = 0x00;
const DELETED = 0xe5;
const VOLUME_LABEL = 0x08;
const DIRECTORY = 0x10;
const LONG_NAME = 0x0f;
const LAST_LONG_ENTRY = 0x40;

export interface FatEntry {
  /** The long name first, where there is one, then the short one. */
  readonly names: readonly string[];
  readonly directory: boolean;
  readonly cluster: number;
  readonly sizeBytes: number;
}

export function parseFatDirectory(bytes: Uint8Array): FatEntry[] {
  const entries: FatEntry[] = [];
  let pending: LongName | undefined;
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const raw = bytes.subarray(at, at + ENTRY_BYTES);
    if (raw[0] === END_OF_DIRECTORY) break;
    const { attributes, clusterHigh, clusterLow, sizeBytes } = readFields(ENTRY, raw);
    if (raw[0] === DELETED) {
      pending = undefined;
    } else if ((attributes & 0x3f) === LONG_NAME) {
      pending = continueLongName(pending, raw);
    } else {
      const long =
        pending?.next === 0 && pending.checksum === shortNameChecksum(raw) ? pending.text : undefined;
      pending = undefined;
      const short = shortName(raw);
      if ((attributes & VOLUME_LABEL) !== 0 || short === "." || short === "..") continue;
      entries.push({
        names: long === undefined ? [short] : [long, short],
        directory: (attributes & DIRECTORY) !== 0,
        cluster: clusterHigh * 65536 + clusterLow,
        sizeBytes,
      });
    }
  }
  return entries;
}

/** Long-name entries come last part first; `next` is the ordinal that must follow, 0 when the name is whole. */
interface LongName {
  readonly text: string;
  readonly next: number;
  readonly checksum: number;
}

function continueLongName(before: LongName | undefined, raw: Uint8Array): LongName | undefined {
  const { order, checksum } = readFields(LONG, raw);
  const ordinal = order & 0x3f;
  const part = LONG_NAME_PARTS.map(([from, to]) => raw.subarray(from, to));
  const text = utf16(Uint8Array.from(part.flatMap((units) => [...units])));
  if ((order & LAST_LONG_ENTRY) !== 0) return { text, next: ordinal - 1, checksum };
  if (before?.next !== ordinal || before.checksum !== checksum) return undefined;
  return { text: text + before.text, next: ordinal - 1, checksum };
}

const shortNameChecksum = (raw: Uint8Array): number =>
  raw.subarray(0, 11).reduce((sum, byte) => (((sum & 1) << 7) + (sum >>> 1) + byte) & 0xff, 0);

function shortName(raw: Uint8Array): string {
  const base = latin1(raw.subarray(...SHORT_NAME)).trimEnd();
  const extension = latin1(raw.subarray(...SHORT_EXTENSION)).trimEnd();
  return extension === "" ? base : `${base}.${extension}`;
}
