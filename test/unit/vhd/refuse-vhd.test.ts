import { describe, expect, it } from "vitest";
import { bytesReader } from "../../support/bytes-reader.js";
import { openVhd } from "../../../src/domain/vhd/open-vhd.js";
import { diskWith, dynamicVhd, fixedVhd, footerBytes, headerBytes, MIB } from "../../support/vhd-builder.js";

const disk = diskWith(6 * MIB, [
  { at: 0, length: 3000 },
  { at: 2 * MIB + 512, length: 70_000 },
  { at: 6 * MIB - 600, length: 600 },
]);
const mbr = diskWith(3 * MIB, [{ at: 0, length: 512 }]);
mbr.set([0x55, 0xaa], 510);

const open = (file: Buffer) => openVhd(bytesReader(file));
/** A block of 2 MiB and its bitmap. */
const blockSectors = 4097;

describe("openVhd of what is no usable VHD", () => {
  const head = (text: string, length = 4096) =>
    Buffer.concat([Buffer.from(text, "latin1"), Buffer.alloc(length)]);
  const at = (offset: number, text: string, length = 70_000) => {
    const bytes = Buffer.alloc(length);
    bytes.write(text, offset, "latin1");
    return bytes;
  };
  const dynamicFooter = { size: 6 * MIB, type: 3, dataOffset: 512n };

  it.each<[string, Buffer, string, string]>([
    ["nothing at all", Buffer.alloc(0), "EMPTY_FILE", "unknown"],
    ["a few bytes", Buffer.from("conectix"), "FILE_TOO_SHORT", "unknown"],
    ["a VHDX", head("vhdxfile"), "FORMAT_VHDX", "vhdx"],
    ["a qcow2", head("QFI\xfb"), "FORMAT_QCOW2", "qcow2"],
    ["a sparse VMDK", head("KDMV"), "FORMAT_VMDK", "vmdk"],
    ["a VMDK descriptor", head("# Disk DescriptorFile"), "FORMAT_VMDK", "vmdk"],
    ["a VDI", at(64, "\x7f\x10\xda\xbe"), "FORMAT_VDI", "vdi"],
    ["gzip", head("\x1f\x8b\x08"), "FORMAT_GZIP", "gzip"],
    ["xz", head("\xfd7zXZ\0"), "FORMAT_XZ", "xz"],
    ["zstd", head("\x28\xb5\x2f\xfd"), "FORMAT_ZSTD", "zstd"],
    ["bzip2", head("BZh9"), "FORMAT_BZIP2", "bzip2"],
    ["zip", head("PK\x03\x04"), "FORMAT_ZIP", "zip"],
    ["7z", head("7z\xbc\xaf\x27\x1c"), "FORMAT_7Z", "7z"],
    ["tar", at(257, "ustar"), "FORMAT_TAR", "tar"],
    [
      "a tar with a VHD inside, padded as tar pads",
      Buffer.concat([at(257, "ustar", 512), fixedVhd({ disk }), Buffer.alloc(10240)]),
      "FORMAT_TAR",
      "tar",
    ],
    ["an ISO", at(32769, "CD001"), "FORMAT_ISO", "iso"],
    ["an HTML error page", Buffer.from("<!DOCTYPE html><title>403</title>"), "FORMAT_TEXT", "text"],
    [
      "a storage error with a byte order mark",
      Buffer.from('\ufeff<?xml version="1.0"?><Error/>'),
      "FORMAT_TEXT",
      "text",
    ],
    ["zeros", Buffer.alloc(1 << 20), "BLANK_NO_FOOTER", "unknown"],
    ["noise", diskWith(100_000, [{ at: 0, length: 100_000 }]), "FORMAT_UNKNOWN", "unknown"],
    ["the beginning of a disk, cut inside a sector", mbr.subarray(0, MIB + 100), "TRUNCATED", "raw"],
    ["a footer and nothing else", footerBytes({ size: 6 * MIB }), "TRUNCATED", "fixed"],
    [
      "a fixed disk with bytes missing before the footer",
      Buffer.concat([disk.subarray(512), footerBytes({ size: disk.length })]),
      "TRUNCATED",
      "fixed",
    ],
    [
      "a fixed disk with bytes too many",
      Buffer.concat([disk, Buffer.alloc(512), footerBytes({ size: disk.length })]),
      "SIZE_MISMATCH",
      "fixed",
    ],
    ["footer version 2", fixedVhd({ disk, footer: { version: 0x20000 } }), "FOOTER_VERSION", "fixed"],
    ["type 0", fixedVhd({ disk, footer: { type: 0 } }), "DISK_TYPE", "unknown"],
    ["type 6", fixedVhd({ disk, footer: { type: 6 } }), "DISK_TYPE", "unknown"],
    ["type 2^32-1", fixedVhd({ disk, footer: { type: 0xffffffff } }), "DISK_TYPE", "unknown"],
    [
      "a differencing disk",
      dynamicVhd({ disk, footer: { type: 4 }, header: { parentName: "..\\..\\base.vhd" } }),
      "DIFFERENCING",
      "differencing",
    ],
    ["size 0", fixedVhd({ disk, footer: { size: 0 } }), "SIZE_INVALID", "fixed"],
    ["size 1", fixedVhd({ disk, footer: { size: 1 } }), "SIZE_INVALID", "fixed"],
    ["size 511", fixedVhd({ disk, footer: { size: 511 } }), "SIZE_INVALID", "fixed"],
    ["size 2^63", fixedVhd({ disk, footer: { size: 1n << 63n } }), "SIZE_INVALID", "fixed"],
    ["size 2^64-512", fixedVhd({ disk, footer: { size: (1n << 64n) - 512n } }), "SIZE_INVALID", "fixed"],
    [
      "a dynamic disk one sector beyond 2040 GiB",
      dynamicVhd({ disk, footer: { size: (2040n << 30n) + 512n } }),
      "SIZE_INVALID",
      "dynamic",
    ],
    [
      "both footers of a dynamic disk damaged",
      dynamicVhd({ disk, footer: { checksumError: 1 } }),
      "FOOTER_DAMAGED",
      "dynamic",
    ],
    [
      "head and tail of different sizes",
      dynamicVhd({ disk, headFooter: { size: 5 * MIB } }),
      "FOOTERS_DIFFER",
      "dynamic",
    ],
    [
      "head and tail of different types",
      dynamicVhd({ disk, headFooter: { type: 4 } }),
      "FOOTERS_DIFFER",
      "dynamic",
    ],
    [
      "head and tail of different disks",
      dynamicVhd({ disk, headFooter: { uuid: "ff".repeat(16) } }),
      "FOOTERS_DIFFER",
      "dynamic",
    ],
    [
      "a dynamic file kept as a fixed disk",
      fixedVhd({ disk: dynamicVhd({ disk }) }),
      "FOOTERS_DIFFER",
      "fixed",
    ],
    [
      "a head copy and a few zeros, which are no padded footer",
      Buffer.concat([footerBytes({ size: MIB }), Buffer.alloc(8192)]),
      "FOOTER_MISSING",
      "fixed",
    ],
    [
      "a head copy of a fixed disk, no tail",
      Buffer.concat([footerBytes({ size: MIB }), Buffer.alloc(MIB)]),
      "FOOTER_MISSING",
      "fixed",
    ],
    ["cut inside the last block", dynamicVhd({ disk }).subarray(0, -MIB), "TRUNCATED", "dynamic"],
    ["data offset 0", dynamicVhd({ disk, footer: { dataOffset: 0n } }), "DATA_OFFSET", "dynamic"],
    ["data offset 777", dynamicVhd({ disk, footer: { dataOffset: 777n } }), "DATA_OFFSET", "dynamic"],
    [
      "data offset past the end",
      dynamicVhd({ disk, footer: { dataOffset: 1n << 40n } }),
      "DATA_OFFSET",
      "dynamic",
    ],
    [
      "data offset 2^64-1",
      dynamicVhd({ disk, footer: { dataOffset: (1n << 64n) - 1n } }),
      "DATA_OFFSET",
      "dynamic",
    ],
    [
      "no header where it should be",
      dynamicVhd({ disk, header: { cookie: "cxsparsf" } }),
      "HEADER_COOKIE",
      "dynamic",
    ],
    ["header version 2", dynamicVhd({ disk, header: { version: 0x20000 } }), "HEADER_VERSION", "dynamic"],
    [
      "a header with a wrong checksum",
      dynamicVhd({ disk, header: { checksumError: 3 } }),
      "HEADER_CHECKSUM",
      "dynamic",
    ],
    ...[0, 256, 2048, 3 * MIB, 128 * MIB, 2 ** 31, 2 ** 32 - 1].map(
      (blockSize): [string, Buffer, string, string] => [
        `blocks of ${blockSize} bytes`,
        dynamicVhd({ disk, header: { blockSize } }),
        "BLOCK_SIZE",
        "dynamic",
      ],
    ),
    ["no table entries", dynamicVhd({ disk, header: { entries: 0 } }), "BAT_TOO_SMALL", "dynamic"],
    ["one entry too few", dynamicVhd({ disk, header: { entries: 2 } }), "BAT_TOO_SMALL", "dynamic"],
    ["2^32-1 entries", dynamicVhd({ disk, header: { entries: 2 ** 32 - 1 } }), "BAT_TOO_LARGE", "dynamic"],
    [
      "a table past the end",
      dynamicVhd({ disk, header: { tableOffset: 1n << 41n } }),
      "BAT_OFFSET",
      "dynamic",
    ],
    [
      "a table at 2^64-512",
      dynamicVhd({ disk, header: { tableOffset: (1n << 64n) - 512n } }),
      "BAT_OFFSET",
      "dynamic",
    ],
    ["a table between sectors", dynamicVhd({ disk, header: { tableOffset: 1537 } }), "BAT_OFFSET", "dynamic"],
    ["a table over the header", dynamicVhd({ disk, header: { tableOffset: 1024 } }), "BAT_OFFSET", "dynamic"],
    [
      "a table over the footer copy",
      dynamicVhd({ disk, header: { tableOffset: 0 } }),
      "BAT_OFFSET",
      "dynamic",
    ],
    [
      "a block over the footer copy",
      dynamicVhd({ disk, alterTable: (table) => (table[0] = 0) }),
      "BAT_INTO_METADATA",
      "dynamic",
    ],
    [
      "a block over the table",
      dynamicVhd({ disk, alterTable: (table) => (table[0] = 3) }),
      "BAT_INTO_METADATA",
      "dynamic",
    ],
    [
      "a block a TiB past the end",
      dynamicVhd({ disk, alterTable: (table) => (table[1] = 0x8000_0000) }),
      "BAT_OUT_OF_RANGE",
      "dynamic",
    ],
    [
      "a block at 0xfffffffe",
      dynamicVhd({ disk, alterTable: (table) => (table[2] = 0xfffffffe) }),
      "BAT_OUT_OF_RANGE",
      "dynamic",
    ],
    [
      "a block over the tail footer",
      dynamicVhd({ disk, alterTable: (table) => (table[2]! += 1) }),
      "BAT_OUT_OF_RANGE",
      "dynamic",
    ],
    [
      "two blocks at one place",
      dynamicVhd({ disk, alterTable: (table) => (table[1] = table[0]!) }),
      "BAT_OVERLAP",
      "dynamic",
    ],
    [
      "two blocks that share a sector",
      dynamicVhd({ disk, alterTable: (table) => (table[1] = table[0]! + blockSectors - 1) }),
      "BAT_OVERLAP",
      "dynamic",
    ],
    [
      "a footer that points at another footer",
      Buffer.concat([
        footerBytes(dynamicFooter),
        footerBytes(dynamicFooter),
        headerBytes({}),
        footerBytes(dynamicFooter),
      ]),
      "HEADER_COOKIE",
      "dynamic",
    ],
  ])("refuses %s", async (_why, file, code, kind) => {
    const opened = await open(file);
    expect(opened).toMatchObject({ status: "refused", kind, findings: [{ code, severity: "blocking" }] });
  });

  it("names the parent of a differencing disk, harmlessly, even when its footers are damaged", async () => {
    const parentName = "..\\base\u001b[31m\u202e.vhd";
    const footer = { type: 4, checksumError: 1 };
    const opened = await open(dynamicVhd({ disk, footer, header: { parentName } }));
    expect(opened.findings.map(({ code }) => code)).toEqual(["DIFFERENCING", "FOOTER_DAMAGED"]);
    expect(opened.findings.at(0)?.what).toContain('"..\\base.[31m..vhd"');
  });

  it("says where: the table entry of the second of two blocks at one place", async () => {
    const opened = await open(dynamicVhd({ disk, alterTable: (table) => (table[2] = table[0]!) }));
    expect(opened.findings).toMatchObject([{ where: { offsetBytes: 1536 + 2 * 4, value: "0x4" } }]);
  });
});
