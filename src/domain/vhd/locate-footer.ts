/**
 * Finds the footer that speaks for a file: the last 512 bytes; 511 as written before 2004; one with zeros after it;
 * or the copy at the start. The specification makes both of a dynamic disk's footers equal; what damages or pads a
 * file spoils one of them.
 */
import type { RangeReader } from "../range-reader.js";
import { isChecksumRight, parseFooter, type Footer } from "./footer.js";
import { FOOTER_BYTES, isZero } from "./layout.js";

export interface LocatedFooter {
  readonly footer: Footer;
  readonly offsetBytes: number;
  readonly form: "exact" | "short" | "padded";
}

export interface Footers {
  /** At the end, in whichever form. */
  readonly tail?: LocatedFooter;
  /** At offset 0. */
  readonly head?: Footer;
}

const SHORT_FOOTER_BYTES = 511;
/** How far before the end a padded footer is looked for: the largest padding seen is one allocation unit. */
const PADDING_LOOKED_AT = 64 * 1024;

export async function locateFooters(reader: RangeReader): Promise<Footers> {
  if (reader.sizeBytes < SHORT_FOOTER_BYTES) return {};
  const tail = await tailFooter(reader);
  const headBytes = await reader.read(0, Math.min(FOOTER_BYTES, reader.sizeBytes));
  // In a file that is nothing but a footer, the two are one.
  const head = tail?.offsetBytes === 0 ? undefined : parseFooter(headBytes);
  return { ...(tail && { tail }), ...(head && { head }) };
}

async function tailFooter(reader: RangeReader): Promise<LocatedFooter | undefined> {
  for (const [form, length] of [
    ["exact", FOOTER_BYTES],
    ["short", SHORT_FOOTER_BYTES],
  ] as const) {
    if (reader.sizeBytes < length) continue;
    const offsetBytes = reader.sizeBytes - length;
    const footer = parseFooter(await reader.read(offsetBytes, length));
    if (footer) return { footer, offsetBytes, form };
  }
  return paddedFooter(reader);
}

async function paddedFooter(reader: RangeReader): Promise<LocatedFooter | undefined> {
  const from = Math.max(0, Math.ceil((reader.sizeBytes - PADDING_LOOKED_AT) / FOOTER_BYTES) * FOOTER_BYTES);
  const bytes = await reader.read(from, reader.sizeBytes - from);
  for (
    let at = Math.floor((bytes.length - FOOTER_BYTES) / FOOTER_BYTES) * FOOTER_BYTES;
    at >= 0;
    at -= FOOTER_BYTES
  ) {
    const footer = parseFooter(bytes.subarray(at, at + FOOTER_BYTES));
    // At offset 0 it is the head copy of a dynamic disk, not a tail.
    if (footer && from + at > 0 && isZero(bytes.subarray(at + FOOTER_BYTES))) {
      return { footer, offsetBytes: from + at, form: "padded" };
    }
    if (!isZero(bytes.subarray(at, at + FOOTER_BYTES))) return undefined;
  }
  return undefined;
}

/** Whether two footers, both intact, speak of one disk. Time stamps and flags may differ. */
export const describeSameDisk = (one: Footer, other: Footer): boolean =>
  one.typeNumber === other.typeNumber &&
  one.currentSize === other.currentSize &&
  one.dataOffset === other.dataOffset &&
  one.uuid === other.uuid;

export const isIntact = (footer: Footer | undefined): footer is Footer =>
  footer !== undefined && isChecksumRight(footer);
