/**
 * Disks for tests, made byte by byte from the specifications (UEFI 2.10 chapter 5, the PC boot record) and not by
 * the code under test. Sparse, so that a disk of 2 TiB with a megabyte in it costs a megabyte.
 */
import { assertInRange, type RangeReader } from "../../src/domain/range-reader.js";

const PAGE_BYTES = 4096;
export const SECTOR = 512;
export const MIB = 1024 * 1024;

export class SparseDisk {
  readonly #pages = new Map<number, Uint8Array>();

  constructor(readonly sizeBytes: number) {}

  write(offset: number, bytes: Uint8Array): this {
    for (let done = 0; done < bytes.length;) {
      const at = offset + done;
      const page = Math.floor(at / PAGE_BYTES);
      const into = at % PAGE_BYTES;
      const part = bytes.subarray(done, done + PAGE_BYTES - into);
      let target = this.#pages.get(page);
      if (!target) this.#pages.set(page, (target = new Uint8Array(PAGE_BYTES)));
      target.set(part, into);
      done += part.length;
    }
    return this;
  }

  /** Places what another disk holds: a volume into its partition. */
  place(offset: number, volume: SparseDisk): this {
    for (const [page, bytes] of volume.#pages) this.write(offset + page * PAGE_BYTES, bytes);
    return this;
  }

  bytes(offset: number, length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = offset + done;
      const into = at % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - into, length - done);
      const page = this.#pages.get(Math.floor(at / PAGE_BYTES));
      if (page) result.set(page.subarray(into, into + count), done);
      done += count;
    }
    return result;
  }

  /** Offsets of the pages that were written, ascending: where a mutation can hurt. */
  get writtenOffsets(): number[] {
    return [...this.#pages.keys()].sort((one, other) => one - other).map((page) => page * PAGE_BYTES);
  }

  /** The same disk with other bytes in some places; this one stays as it is. */
  mutated(changes: Iterable<readonly [offset: number, bytes: Uint8Array]>): SparseDisk {
    const copy = new SparseDisk(this.sizeBytes);
    for (const [page, bytes] of this.#pages) copy.#pages.set(page, bytes);
    for (const [offset, bytes] of changes) {
      const [first, last] = [offset, offset + bytes.length - 1].map((at) => Math.floor(at / PAGE_BYTES));
      for (let page = first!; page <= last!; page++)
        copy.#pages.set(page, copy.bytes(page * PAGE_BYTES, PAGE_BYTES));
      copy.write(offset, bytes);
    }
    return copy;
  }

  reader(): RangeReader {
    return {
      sizeBytes: this.sizeBytes,
      read: (offset, length) =>
        new Promise((resolve) => {
          assertInRange(this, offset, length);
          resolve(this.bytes(offset, length));
        }),
    };
  }
}

/** A little-endian structure of `size` bytes from `[offset, width, value]` and `[offset, bytes]` rows. */
export function structure(
  size: number,
  rows: readonly (readonly [number, number, number | bigint] | readonly [number, Uint8Array | string])[],
): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const row of rows) {
    if (row.length === 3) {
      let rest = BigInt.asUintN(row[1] * 8, BigInt(row[2]));
      for (let index = 0; index < row[1]; index++, rest >>= 8n) bytes[row[0] + index] = Number(rest & 0xffn);
    } else {
      bytes.set(typeof row[1] === "string" ? latin1Bytes(row[1]) : row[1], row[0]);
    }
  }
  return bytes;
}

export const latin1Bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
export const utf16Bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "utf16le"));
export const utf8Bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface MbrEntry {
  readonly type: number;
  readonly firstSector: number;
  readonly sectorCount: number;
  readonly active?: boolean;
}

export function bootRecord(entries: readonly MbrEntry[], code: Uint8Array | string = ""): Uint8Array {
  const rows = entries.map(
    ({ type, firstSector, sectorCount, active }, index) =>
      [
        446 + 16 * index,
        structure(16, [
          [0, 1, active ? 0x80 : 0],
          [4, 1, type],
          [8, 4, firstSector],
          [12, 4, sectorCount],
        ]),
      ] as const,
  );
  return structure(SECTOR, [[0, code], ...rows, [510, 2, 0xaa55]]);
}

export const PROTECTIVE: MbrEntry = { type: 0xee, firstSector: 1, sectorCount: 0xffffffff };

/** CRC-32 bit by bit: slower than any table, and shares no mistake with one. */
export function slowCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export const GUIDS = {
  efiSystem: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
  biosBoot: "21686148-6449-6E6F-744E-656564454649",
  linux: "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
  basicData: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7",
} as const;

export function guidBytes(text: string): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(text.replaceAll("-", ""), "hex"));
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

export interface GptEntry {
  readonly type: string;
  readonly firstLba: number;
  readonly lastLba: number;
  readonly name?: string;
  readonly attributes?: bigint;
}

export interface GptOptions {
  readonly entryCount?: number;
  readonly entryBytes?: number;
  /** Where the backup is; the last sector unless told. */
  readonly backupLba?: number;
  readonly bootCode?: string;
  /** MBR entries beside the protective one. */
  readonly mbr?: readonly MbrEntry[];
}

export interface GptHeader {
  readonly myLba: number;
  readonly alternateLba: number;
  readonly entriesLba: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  readonly entriesCrc: number;
  readonly headerBytes?: number;
}

export function gptHeader(header: GptHeader): Uint8Array {
  const headerBytes = header.headerBytes ?? 92;
  const rows = [
    [0, "EFI PART"],
    [8, 4, 0x00010000],
    [12, 4, headerBytes],
    [24, 8, header.myLba],
    [32, 8, header.alternateLba],
    [72, 8, header.entriesLba],
    [80, 4, header.entryCount],
    [84, 4, header.entryBytes],
    [88, 4, header.entriesCrc],
  ] as const;
  const unsigned = structure(SECTOR, rows);
  return structure(SECTOR, [
    ...rows,
    [16, 4, slowCrc32(unsigned.subarray(0, Math.min(headerBytes, SECTOR)))],
  ]);
}

/** Writes the protective MBR and both copies of a GPT. */
export function writeGpt(
  disk: SparseDisk,
  partitions: readonly GptEntry[],
  options: GptOptions = {},
): SparseDisk {
  const entryBytes = options.entryBytes ?? 128;
  const entryCount = options.entryCount ?? 128;
  const entries = structure(
    entryCount * entryBytes,
    partitions.map((entry, index) => [
      index * entryBytes,
      structure(128, [
        [0, guidBytes(entry.type)],
        [16, guidBytes("0000AAAA-0000-4000-8000-00000000000" + String(index % 10))],
        [32, 8, entry.firstLba],
        [40, 8, entry.lastLba],
        [48, 8, entry.attributes ?? 0n],
        [56, utf16Bytes(entry.name ?? "")],
      ]),
    ]),
  );
  const backupLba = options.backupLba ?? Math.floor(disk.sizeBytes / SECTOR) - 1;
  const backupEntriesLba = backupLba - Math.ceil(entries.length / SECTOR);
  const common = { entryCount, entryBytes, entriesCrc: slowCrc32(entries) };
  return disk
    .write(0, bootRecord([PROTECTIVE, ...(options.mbr ?? [])], options.bootCode))
    .write(SECTOR, gptHeader({ ...common, myLba: 1, alternateLba: backupLba, entriesLba: 2 }))
    .write(2 * SECTOR, entries)
    .write(backupEntriesLba * SECTOR, entries)
    .write(
      backupLba * SECTOR,
      gptHeader({ ...common, myLba: backupLba, alternateLba: 1, entriesLba: backupEntriesLba }),
    );
}

/** A GPT disk with these volumes one after another from 1 MiB. */
export function gptDisk(
  volumes: readonly { readonly type: string; readonly volume: SparseDisk; readonly name?: string }[],
  options: GptOptions = {},
): SparseDisk {
  let nextLba = 2048;
  const placed = volumes.map(({ type, volume, name }) => {
    const firstLba = nextLba;
    nextLba += Math.ceil(volume.sizeBytes / MIB) * 2048;
    const lastLba = firstLba + Math.ceil(volume.sizeBytes / SECTOR) - 1;
    return { entry: { type, firstLba, lastLba, ...(name !== undefined && { name }) }, volume };
  });
  const disk = new SparseDisk((nextLba + 2048) * SECTOR);
  for (const { entry, volume } of placed) disk.place(entry.firstLba * SECTOR, volume);
  return writeGpt(
    disk,
    placed.map(({ entry }) => entry),
    options,
  );
}

/** An MBR disk with these volumes one after another from 1 MiB. */
export function mbrDisk(
  volumes: readonly { readonly type: number; readonly volume: SparseDisk; readonly active?: boolean }[],
  code = "\x33\xc0\x8e\xd0\xbc\x00\x7c",
): SparseDisk {
  let nextSector = 2048;
  const entries = volumes.map(({ type, volume, active = false }) => {
    const firstSector = nextSector;
    nextSector += Math.ceil(volume.sizeBytes / MIB) * 2048;
    return { type, firstSector, sectorCount: Math.ceil(volume.sizeBytes / SECTOR), active };
  });
  const disk = new SparseDisk(nextSector * SECTOR);
  volumes.forEach(({ volume }, index) => disk.place(entries[index]!.firstSector * SECTOR, volume));
  return disk.write(0, bootRecord(entries, code));
}
