/** The 512 bytes that make a file a VHD: at its end, and for dynamic and differencing disks also at its start. */
import {
  checksumOf,
  fieldsOf,
  FOOTER_BYTES,
  NO_OFFSET,
  printable,
  SECTOR_BYTES,
  startsWith,
} from "./layout.js";

export type DiskType = "fixed" | "dynamic" | "differencing";

export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/** What a footer says; nothing in it is believed yet. Sizes and offsets are 64-bit and may be anything. */
export interface Footer {
  readonly version: number;
  readonly dataOffset: bigint;
  readonly creator: string;
  readonly originalSize: bigint;
  /** The virtual size. Never the geometry: Azure and Hyper-V size a disk by this field alone. */
  readonly currentSize: bigint;
  readonly geometry: Geometry;
  /** Undefined for the types the specification reserves. */
  readonly type: DiskType | undefined;
  readonly typeNumber: number;
  readonly checksum: number;
  readonly expectedChecksum: number;
  readonly uuid: string;
  readonly savedState: boolean;
}

const FOOTER_COOKIE = "conectix";
export const FORMAT_VERSION = 0x0001_0000;
export const FOOTER_FIELD = {
  version: 12,
  dataOffset: 16,
  currentSize: 48,
  type: 60,
  checksum: 64,
  savedState: 84,
};

const TYPES: readonly (DiskType | undefined)[] = [undefined, undefined, "fixed", "dynamic", "differencing"];

/** Reads a footer of 512 bytes (or 511, as written before 2004). Undefined without the cookie. */
export function parseFooter(bytes: Uint8Array): Footer | undefined {
  if (!startsWith(bytes, FOOTER_COOKIE)) return undefined;
  const fields = fieldsOf(bytes);
  const typeNumber = fields.getUint32(FOOTER_FIELD.type);
  return {
    version: fields.getUint32(FOOTER_FIELD.version),
    dataOffset: fields.getBigUint64(FOOTER_FIELD.dataOffset),
    creator: printable(bytes.subarray(28, 32)),
    originalSize: fields.getBigUint64(40),
    currentSize: fields.getBigUint64(FOOTER_FIELD.currentSize),
    geometry: {
      cylinders: fields.getUint16(56),
      heads: fields.getUint8(58),
      sectorsPerTrack: fields.getUint8(59),
    },
    type: TYPES[typeNumber],
    typeNumber,
    checksum: fields.getUint32(FOOTER_FIELD.checksum),
    expectedChecksum: checksumOf(bytes, FOOTER_FIELD.checksum),
    uuid: Array.from(bytes.subarray(68, 84), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    savedState: fields.getUint8(FOOTER_FIELD.savedState) !== 0,
  };
}

export const isChecksumRight = (footer: Footer): boolean => footer.checksum === footer.expectedChecksum;

export const geometryBytes = ({ cylinders, heads, sectorsPerTrack }: Geometry): number =>
  cylinders * heads * sectorsPerTrack * SECTOR_BYTES;

/** The geometry for a size, by the algorithm in the specification's appendix. */
export function geometryFor(sizeBytes: number): Geometry {
  const sectors = Math.min(sizeBytes / SECTOR_BYTES, 65535 * 16 * 255);
  if (sectors >= 65535 * 16 * 63) {
    return { cylinders: Math.floor(sectors / (16 * 255)), heads: 16, sectorsPerTrack: 255 };
  }
  let sectorsPerTrack = 17;
  let tracks = Math.floor(sectors / sectorsPerTrack);
  let heads = Math.max(4, Math.floor((tracks + 1023) / 1024));
  if (tracks >= heads * 1024 || heads > 16) {
    sectorsPerTrack = 31;
    heads = 16;
    tracks = Math.floor(sectors / sectorsPerTrack);
  }
  if (tracks >= heads * 1024) {
    sectorsPerTrack = 63;
    heads = 16;
    tracks = Math.floor(sectors / sectorsPerTrack);
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectorsPerTrack };
}

export interface FixedFooter {
  readonly sizeBytes: number;
  /** 16 bytes; the caller's, so that the same run writes the same footer twice. */
  readonly uuid: Uint8Array;
  readonly secondsSince2000: number;
}

/**
 * The footer of a fixed disk. The creator is Hyper-V's (`win `, 10.0): qemu-img before 10 takes the size of a disk
 * by an unknown creator from the geometry and cuts its end off.
 */
export function fixedFooter({ sizeBytes, uuid, secondsSince2000 }: FixedFooter): Uint8Array {
  if (sizeBytes % SECTOR_BYTES !== 0 || uuid.length !== 16) {
    throw new RangeError("A footer needs a size in whole sectors and a UUID of 16 bytes.");
  }
  const bytes = new Uint8Array(FOOTER_BYTES);
  const fields = fieldsOf(bytes);
  const text = (offset: number, value: string) =>
    bytes.set(
      Array.from(value, (char) => char.charCodeAt(0)),
      offset,
    );
  const geometry = geometryFor(sizeBytes);
  text(0, FOOTER_COOKIE);
  fields.setUint32(8, 2); // features: the reserved bit that is always set
  fields.setUint32(FOOTER_FIELD.version, FORMAT_VERSION);
  fields.setBigUint64(FOOTER_FIELD.dataOffset, NO_OFFSET);
  fields.setUint32(24, secondsSince2000);
  text(28, "win ");
  fields.setUint32(32, 0x000a_0000);
  text(36, "Wi2k");
  fields.setBigUint64(40, BigInt(sizeBytes));
  fields.setBigUint64(FOOTER_FIELD.currentSize, BigInt(sizeBytes));
  fields.setUint16(56, geometry.cylinders);
  fields.setUint8(58, geometry.heads);
  fields.setUint8(59, geometry.sectorsPerTrack);
  fields.setUint32(FOOTER_FIELD.type, TYPES.indexOf("fixed"));
  bytes.set(uuid, 68);
  fields.setUint32(FOOTER_FIELD.checksum, checksumOf(bytes, FOOTER_FIELD.checksum));
  return bytes;
}
