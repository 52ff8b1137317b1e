import { describe, expect, it } from "vitest";
import { bytesReader } from "../../support/bytes-reader.js";
import { openVhd } from "../../../src/domain/vhd/open-vhd.js";
import { virtualDisk } from "../../../src/domain/vhd/virtual-disk.js";
import { diskWith, dynamicVhd, fixedVhd, MIB } from "../../support/vhd-builder.js";
import { logicalDisk } from "../../support/vhd-reference-reader.js";

const disk = diskWith(6 * MIB, [
  { at: 0, length: 3000 },
  { at: 2 * MIB + 512, length: 70_000 },
  { at: 6 * MIB - 600, length: 600 },
]);
const mbr = diskWith(3 * MIB, [{ at: 0, length: 512 }]);
mbr.set([0x55, 0xaa], 510);

const open = (file: Buffer) => openVhd(bytesReader(file));
describe("openVhd", () => {
  it.each<[string, Buffer, string, string[]]>([
    ["a plain fixed disk", fixedVhd({ disk }), "fixed", []],
    [
      "a fixed disk resized since it was made",
      fixedVhd({ disk, footer: { originalSize: 512 } }),
      "fixed",
      ["ORIGINAL_SIZE_DIFFERS"],
    ],
    [
      "a geometry of another size",
      fixedVhd({ disk, footer: { geometry: [1, 4, 17] } }),
      "fixed",
      ["GEOMETRY_DIFFERS"],
    ],
    [
      "a saved state is worth a word",
      fixedVhd({ disk, footer: { savedState: 1 } }),
      "fixed",
      ["SAVED_STATE"],
    ],
    [
      "a wrong checksum of a footer that fits the file",
      fixedVhd({ disk, footer: { checksumError: 1 } }),
      "fixed",
      ["FOOTER_CHECKSUM"],
    ],
    ["511 bytes, as Virtual PC wrote", fixedVhd({ disk, footerLength: 511 }), "fixed", ["FOOTER_SHORT"]],
    ["zeros after the footer", fixedVhd({ disk, padding: 8192 }), "fixed", ["FOOTER_PADDED"]],
    [
      "zeros after the footer, no whole sectors",
      fixedVhd({ disk, padding: 777 }),
      "fixed",
      ["FOOTER_PADDED"],
    ],
    ["a plain dynamic disk", dynamicVhd({ disk }), "dynamic", ["KIND_DYNAMIC"]],
    ["blocks of 4 KiB", dynamicVhd({ disk, blockSize: 4096 }), "dynamic", ["KIND_DYNAMIC"]],
    [
      "blocks of 16 MiB, one larger than the disk",
      dynamicVhd({ disk, blockSize: 16 * MIB }),
      "dynamic",
      ["KIND_DYNAMIC"],
    ],
    [
      "blocks in reverse",
      dynamicVhd({ disk, blockSize: 512 * 1024, reversed: true }),
      "dynamic",
      ["KIND_DYNAMIC"],
    ],
    [
      "stale bytes under cleared bits",
      dynamicVhd({ disk, sparseBitmap: true, stale: 0xee }),
      "dynamic",
      ["KIND_DYNAMIC"],
    ],
    [
      "a table with entries to spare (qemu before 5.1)",
      dynamicVhd({ disk, slack: 1 }),
      "dynamic",
      ["KIND_DYNAMIC"],
    ],
    ["a table far from the header", dynamicVhd({ disk, tableOffset: 16384 }), "dynamic", ["KIND_DYNAMIC"]],
    [
      "a head copy that is gone",
      dynamicVhd({ disk, headFooter: "absent" }),
      "dynamic",
      ["KIND_DYNAMIC", "HEAD_COPY_MISSING"],
    ],
    [
      "a tail that is gone, all blocks there",
      dynamicVhd({ disk, tailFooter: "absent" }),
      "dynamic",
      ["KIND_DYNAMIC", "TAIL_FOOTER_MISSING"],
    ],
    [
      "a damaged tail and a good head",
      dynamicVhd({ disk, tailFooter: { checksumError: 5 } }),
      "dynamic",
      ["KIND_DYNAMIC", "TAIL_FOOTER_MISSING"],
    ],
    [
      "an odd size that ends inside a block",
      dynamicVhd({ disk: disk.subarray(0, 5 * MIB + 512) }),
      "dynamic",
      ["KIND_DYNAMIC"],
    ],
    [
      "by an unknown creator, sized by the size field",
      dynamicVhd({ disk, footer: { creator: "xo  ", geometry: [10, 4, 17] } }),
      "dynamic",
      ["KIND_DYNAMIC", "GEOMETRY_DIFFERS"],
    ],
  ])("opens %s and reads the disk that the reference reader reads", async (_why, file, kind, codes) => {
    const opened = await open(file);
    if (opened.status !== "opened") throw new Error(opened.findings[0].what);
    expect(opened.container.kind).toBe(kind);
    expect(opened.findings.map(({ code }) => code)).toEqual(codes);
    const inside = virtualDisk(bytesReader(file), opened.container);
    const expected = logicalDisk(file);
    expect(inside.sizeBytes).toBe(expected.length);
    expect(expected.equals(await inside.read(0, inside.sizeBytes))).toBe(true);
    for (const [offset, length] of [
      [511, 2],
      [2 * MIB - 5, 1300],
      [3 * MIB + 7, 4096],
      [100, 1],
    ] as const) {
      if (offset + length > expected.length) continue;
      expect(expected.subarray(offset, offset + length).equals(await inside.read(offset, length))).toBe(true);
    }
    await expect(inside.read(inside.sizeBytes - 1, 2)).rejects.toThrow(RangeError);
  });

  it("opens a bare disk as one without a footer", async () => {
    expect(await open(mbr)).toMatchObject({
      status: "opened",
      container: { kind: "raw", virtualBytes: 3 * MIB },
      findings: [{ code: "FOOTER_ABSENT" }],
    });
  });
});
