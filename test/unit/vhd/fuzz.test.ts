/**
 * Thousands of damaged footers, headers and block tables in the suite; millions with VHD_FUZZ_RUNS=1000000 (and
 * another VHD_FUZZ_SEED each night). A checksum made right again after the damage lets it reach the checks behind.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertInRange, type RangeReader } from "../../../src/domain/range-reader.js";
import { VHD_CODES } from "../../../src/domain/vhd/codes.js";
import { examine } from "../../../src/domain/vhd/examine.js";
import { INSIDE_REMEDIES } from "../../../src/domain/vhd/inside-remedies.js";
import { openVhd } from "../../../src/domain/vhd/open-vhd.js";
import { virtualDisk } from "../../../src/domain/vhd/virtual-disk.js";
import { mend } from "../../support/mend.js";
import { diskWith, dynamicVhd, fixedVhd, resealFooter, resealHeader } from "../../support/vhd-builder.js";
import { logicalDisk, logicalSize } from "../../support/vhd-reference-reader.js";

const RUNS = Number(process.env.VHD_FUZZ_RUNS ?? 3000);
const SEED = Number(process.env.VHD_FUZZ_SEED ?? 20261123);
const KIB = 1024;
const CONTENT_COMPARED = 32 * KIB * KIB;

const disk = diskWith(640 * KIB, [
  { at: 0, length: 700 },
  { at: 200 * KIB, length: 70 * KIB },
  { at: 639 * KIB, length: 1024 },
]);
disk.set([0x55, 0xaa], 510);

const BASES: Record<string, Buffer> = {
  fixed: fixedVhd({ disk }),
  padded: fixedVhd({ disk, padding: 1536 }),
  short: fixedVhd({ disk, footerLength: 511 }),
  raw: disk,
  dynamic: dynamicVhd({ disk, blockSize: 32 * KIB }),
  sparse: dynamicVhd({ disk, blockSize: 64 * KIB, sparseBitmap: true, stale: 0x77 }),
  reversed: dynamicVhd({ disk, blockSize: 4 * KIB, reversed: true, slack: 3 }),
  headless: dynamicVhd({ disk, blockSize: 32 * KIB, headFooter: "absent" }),
  tailless: dynamicVhd({ disk, blockSize: 32 * KIB, tailFooter: "absent" }),
};

/** Where it hurts: fields of footers and header by offset and width, and anywhere in a block table. */
type Region = "head" | "tail" | "header" | "table" | "bitmap";
const FIELDS: Record<Region, readonly (readonly [offset: number, width: 1 | 4 | 8])[]> = {
  head: [
    [0, 8],
    [12, 4],
    [16, 8],
    [48, 8],
    [60, 4],
    [64, 4],
    [68, 4],
    [84, 1],
  ],
  tail: [
    [0, 8],
    [12, 4],
    [16, 8],
    [48, 8],
    [60, 4],
    [64, 4],
    [68, 4],
    [84, 1],
  ],
  header: [
    [0, 8],
    [16, 8],
    [24, 4],
    [28, 4],
    [32, 4],
    [36, 4],
  ],
  table: Array.from({ length: 160 }, (_, entry) => [entry * 4, 4] as const),
  bitmap: Array.from({ length: 64 }, (_, byte) => [byte, 1] as const),
};
const VALUES = [
  0n,
  1n,
  2n,
  3n,
  4n,
  511n,
  512n,
  513n,
  777n,
  1024n,
  1536n,
  2048n,
  4096n,
  32768n,
  65536n,
  655360n,
  1n << 20n,
  1n << 31n,
  (1n << 32n) - 2n,
  (1n << 32n) - 1n,
  1n << 40n,
  1n << 63n,
  (1n << 64n) - 512n,
  (1n << 64n) - 1n,
];

const damage = fc.record({
  region: fc.constantFrom<Region>("head", "tail", "header", "table", "bitmap"),
  field: fc.nat(),
  value: fc.oneof(
    fc.constantFrom(...VALUES),
    fc.bigInt({ min: 3n, max: 250n }), // sectors of the file itself
    fc.bigInt({ min: 0n, max: 5000n }),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  ),
});
const damagedFile = fc.record({
  base: fc.constantFrom(...Object.keys(BASES)),
  damages: fc.array(damage, { minLength: 1, maxLength: 4 }),
  bothFooters: fc.boolean(),
  reseal: fc.boolean(),
  cut: fc.option(fc.nat(), { freq: 6 }),
  /** Carrying out the plan takes 20 MiB each time. */
  mends: fc.integer({ min: 0, max: 15 }).map((die) => die === 0),
});

function build({
  base,
  damages,
  bothFooters,
  reseal,
  cut,
}: typeof damagedFile extends fc.Arbitrary<infer T> ? T : never): Buffer {
  const file = Buffer.from(BASES[base]!);
  const tailAt = Math.max(0, file.lastIndexOf("conectix"));
  const origin: Record<Region, number> = { head: 0, tail: tailAt, header: 512, table: 1536, bitmap: 2048 };
  for (const { region, field, value } of damages) {
    const fields = FIELDS[region];
    const [offset, width] = fields[field % fields.length]!;
    const origins = bothFooters && (region === "head" || region === "tail") ? [0, tailAt] : [origin[region]];
    for (const at of origins) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(value);
      bytes.subarray(8 - width).copy(file, at + offset);
    }
  }
  if (reseal) {
    if (file.subarray(0, 8).equals(Buffer.from("conectix"))) resealFooter(file, 0);
    if (tailAt > 0) resealFooter(file, tailAt);
    resealHeader(file, 512);
  }
  return cut === null ? file : file.subarray(0, cut % (file.length + 1));
}

/** Every read is held against the file, and what is asked for is what may be allocated. */
function watchedReader(file: Buffer): RangeReader & { largest: number; count: number } {
  const reader = {
    sizeBytes: file.length,
    largest: 0,
    count: 0,
    read(offset: number, length: number): Promise<Uint8Array> {
      assertInRange(reader, offset, length);
      reader.largest = Math.max(reader.largest, length);
      reader.count += 1;
      return Promise.resolve(Uint8Array.prototype.slice.call(file, offset, offset + length));
    },
  };
  return reader;
}

const KNOWN_CODES = new Set<string>([...Object.keys(VHD_CODES), ...Object.keys(INSIDE_REMEDIES)]);

describe("whatever is done to a VHD", () => {
  it(
    `gets a typed verdict within its bounds, and what is accepted is what the reference reader sees (${RUNS} files)`,
    async () => {
      const seen = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(damagedFile, async (spec) => {
          const file = build(spec);
          const watched = watchedReader(file);
          const diagnosis = await examine(watched, { purpose: "any" });
          seen.set(diagnosis.codes[0] ?? "NONE", (seen.get(diagnosis.codes[0] ?? "NONE") ?? 0) + 1);
          expect(diagnosis.codes.every((code) => KNOWN_CODES.has(code))).toBe(true);
          expect(watched.count).toBeLessThan(60 + 5);
          expect(watched.largest).toBeLessThanOrEqual(4 * KIB * KIB);
          expect(diagnosis.bytesRead).toBeLessThan(2 * KIB * KIB);
          expect(diagnosis.newSizeBytes === null).toBe(diagnosis.verdict === "refused");

          const reader = watchedReader(file);
          const opened = await openVhd(reader);
          if (opened.status === "refused" || opened.container.kind === "raw") return;
          const { container } = opened;
          expect(container.virtualBytes).toBe(logicalSize(file));
          if (container.virtualBytes > CONTENT_COMPARED) return;
          const expected = logicalDisk(file);
          const inside = await virtualDisk(reader, container).read(0, container.virtualBytes);
          expect(expected.equals(inside)).toBe(true);
          if (spec.mends && container.virtualBytes <= disk.length) {
            const { pageBlob } = mend(file, container);
            expect(expected.equals(pageBlob.subarray(0, expected.length))).toBe(true);
          }
        }),
        { numRuns: RUNS, seed: SEED },
      );
      // A fuzzer that never gets past the first check would prove nothing.
      const deep = [
        "KIND_DYNAMIC",
        "BAT_OVERLAP",
        "BAT_INTO_METADATA",
        "BAT_OUT_OF_RANGE",
        "BLOCK_SIZE",
        "BAT_OFFSET",
        "BAT_TOO_SMALL",
        "BAT_TOO_LARGE",
        "DATA_OFFSET",
        "HEADER_COOKIE",
        "FOOTERS_DIFFER",
        "SIZE_INVALID",
        "TRUNCATED",
        "FOOTER_DAMAGED",
      ];
      if (RUNS >= 3000) expect(deep.filter((code) => !seen.has(code))).toEqual([]);
    },
    24 * 3600 * 1000,
  );

  it(
    "gets a typed verdict for bytes without any order",
    async () => {
      const magics = ["", "conectix", "vhdxfile", "cxsparse", "EFI PART", "<", "KDMV"];
      const noise = fc.tuple(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 3000 }), fc.boolean());
      await fc.assert(
        fc.asyncProperty(noise, async ([magic, bytes, atEnd]) => {
          const footer = Buffer.concat([Buffer.from(magic), bytes.subarray(0, 504)]);
          const file = atEnd ? Buffer.concat([bytes, footer]) : Buffer.concat([footer, bytes]);
          const { verdict, codes } = await examine(watchedReader(file), { purpose: "any" });
          expect(verdict === "ready" || codes.length > 0).toBe(true);
        }),
        { numRuns: Math.max(500, RUNS / 10), seed: SEED },
      );
    },
    24 * 3600 * 1000,
  );
});
