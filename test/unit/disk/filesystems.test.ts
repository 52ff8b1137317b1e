import { describe, expect, test } from "vitest";
import { openExt } from "../../../src/domain/disk/ext.js";
import { openFat } from "../../../src/domain/disk/fat.js";
import { exists, type FileTree, find, namesIn, readHead } from "../../../src/domain/disk/file-tree.js";
import { openNtfs } from "../../../src/domain/disk/ntfs.js";
import type { SparseDisk } from "../../support/disk-builder.js";
import { latin1Bytes, structure } from "../../support/disk-builder.js";
import { type ExtFile, type ExtOptions, extVolume } from "../../support/disk-ext.js";
import { fatVolume, setNext } from "../../support/disk-fat.js";
import { ntfsVolume } from "../../support/disk-ntfs.js";

const PATTERN = Uint8Array.from({ length: 300_000 }, (_, index) => index * 7 + (index >> 8));
const text = async (tree: FileTree, path: string) => {
  const bytes = await readHead(tree, path, 4096);
  return bytes && Buffer.from(bytes).toString("utf8");
};

describe.each([12, 16, 32] as const)("FAT%i", (width) => {
  const volume = fatVolume(width, {
    "EFI/BOOT/BOOTX64.EFI": PATTERN,
    "EFI/debian/a name of more than thirteen letters.txt": latin1Bytes("long"),
    "EFI/debian/GRUB.CFG": latin1Bytes("short"),
  });
  const open = async (disk: SparseDisk = volume.disk) => {
    const tree = await openFat(disk.reader());
    if (!tree) throw new Error("not FAT");
    return tree;
  };

  test("finds files by long and short names without regard to case", async () => {
    const tree = await open();
    expect(tree.filesystem).toBe(`fat${width}`);
    expect(await namesIn(tree, "efi")).toEqual(["BOOT", "debian"]);
    expect(await text(tree, "efi/DEBIAN/A Name Of More Than Thirteen Letters.TXT")).toBe("long");
    expect(await text(tree, "EFI/debian/grub.cfg")).toBe("short");
    expect(await exists(tree, "EFI/debian/absent")).toBe(false);
  });

  test("follows a chain of clusters to every byte of a file", async () => {
    const file = await find(await open(), "EFI/BOOT/BOOTX64.EFI");
    expect(file?.sizeBytes).toBe(PATTERN.length);
    expect(Buffer.compare((await file?.read(0, 400_000)) ?? Buffer.of(), PATTERN)).toBe(0);
    expect(await file?.read(299_990, 100)).toEqual(PATTERN.subarray(299_990));
    expect(await file?.read(400_000, 10)).toHaveLength(0);
  });

  const bend = (cluster: number, following: number) => {
    const table = volume.disk.bytes(volume.tableOffset, 70_002 * 4);
    setNext(table, width, cluster, following);
    return volume.disk.mutated([[volume.tableOffset, table]]);
  };

  test("ends a chain that leads back into itself", async () => {
    const first = volume.clusters.get("EFI/BOOT/BOOTX64.EFI")!;
    const file = await find(await open(bend(first + 3, first)), "EFI/BOOT/BOOTX64.EFI");
    expect(await file?.read(0, 400_000)).toHaveLength(4 * 512);
  });

  test("lists a directory whose chain is a circle once", async () => {
    const folder = volume.clusters.get("EFI/DEBIAN")!;
    expect(await namesIn(await open(bend(folder, folder)), "EFI/debian")).toHaveLength(2);
  });

  test("descends into a directory that is its own child without end only as far as it is asked", async () => {
    const folder = volume.clusters.get("EFI")!;
    const entries = volume.clusterOffset(folder) + 64;
    const disk = volume.disk.mutated([
      [
        entries,
        structure(32, [
          [0, "BOOT       "],
          [11, 1, 0x10],
          [20, 2, folder >>> 16],
          [26, 2, folder & 0xffff],
        ]),
      ],
    ]);
    expect(
      await exists(
        await open(disk),
        Array.from({ length: 60 }, () => "BOOT")
          .join("/")
          .replace("BOOT", "EFI"),
      ),
    ).toBe(true);
    expect(await exists(await open(disk), `EFI/${"BOOT/".repeat(80)}`)).toBe(false);
  });
});

const EXT_LAYOUTS: readonly (readonly [string, ExtOptions])[] = [
  ["ext2 with block pointers", { layout: "pointers" }],
  ["ext2 with blocks of 4 KiB", { layout: "pointers", blockBytes: 4096 }],
  ["ext4 with extents", { layout: "extents" }],
  ["ext4 with descriptors of 32 bytes", { layout: "extents", wide: false, blockBytes: 4096 }],
  ["ext4 with a tree of extents", { layout: "deep extents" }],
  ["ext4 with inline data", { layout: "inline", blockBytes: 4096 }],
];

describe.each(EXT_LAYOUTS)("%s", (_name, options) => {
  const files: Record<string, ExtFile> = {
    "etc/os-release": { link: "../usr/lib/os-release" },
    "etc/absolute": { link: "/usr/lib/os-release" },
    "etc/far": { link: `../${"usr/../".repeat(10)}usr/lib/os-release` },
    "etc/out": { link: "../../../../usr/lib/os-release" },
    "etc/loop": { link: "pool" },
    "etc/pool": { link: "loop" },
    "etc/dangling": { link: "/nowhere" },
    "usr/lib/os-release": "ID=debian\n",
    "usr/lib/eighty": "x".repeat(80),
    big: PATTERN,
    ...Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`many/file-${index}`, `${index}`])),
  };
  const volume = extVolume(files, options);
  const open = async () => {
    const reading = await openExt(volume.disk.reader());
    if (!reading?.tree) throw new Error(JSON.stringify(reading));
    return reading.tree;
  };

  test("reads files of every size", async () => {
    const tree = await open();
    expect(tree.filesystem).toBe(options.layout === "pointers" ? "ext2" : "ext4");
    expect(await text(tree, "usr/lib/os-release")).toBe("ID=debian\n");
    expect(await text(tree, "usr/lib/eighty")).toBe("x".repeat(80));
    expect(Buffer.compare((await readHead(tree, "big", 400_000)) ?? Buffer.of(), PATTERN)).toBe(0);
    expect(await (await find(tree, "big"))?.read(299_990, 100)).toEqual(PATTERN.subarray(299_990));
  });

  test("lists directories of several blocks", async () => {
    expect(await namesIn(await open(), "many")).toHaveLength(120);
    expect(await text(await open(), "many/file-119")).toBe("119");
    expect(await exists(await open(), "many/FILE-119")).toBe(false);
  });

  test.each([
    ["a relative link", "etc/os-release", "ID=debian\n"],
    ["an absolute link, from this root", "etc/absolute", "ID=debian\n"],
    ["a link of more than 60 bytes", "etc/far", "ID=debian\n"],
    ["a link above the root, which stays in it", "etc/out", "ID=debian\n"],
    ["two links that name each other", "etc/loop", undefined],
    ["a link to nothing", "etc/dangling", undefined],
  ])("follows %s", async (_what, path, expected) => {
    expect(await text(await open(), path)).toBe(expected);
  });
});

describe("a broken ext volume", () => {
  const volume = extVolume({ "etc/fstab": "x", big: PATTERN }, { layout: "deep extents" });
  const superblock = (offset: number, width: number, value: number) =>
    volume.disk.mutated([[1024 + offset, structure(width, [[0, width, value]])]]);

  test.each([
    ["blocks of 2^40 bytes", superblock(24, 4, 30), /blocks/],
    ["no inodes in a group", superblock(40, 4, 0), /no inodes/],
    ["inodes of no bytes", superblock(88, 2, 0), /inodes have 0/],
    ["inodes larger than a block", superblock(88, 2, 4096), /inodes have 4096/],
    ["descriptors of no bytes", superblock(254, 2, 0), /descriptors have 0/],
    ["compression", superblock(96, 4, 0xc3), /compression/],
    ["fewer inodes than it needs", superblock(0, 4, 1), /root directory/],
  ])("with %s is named, not read", async (_what, disk, why) => {
    const reading = await openExt(disk.reader());
    expect(reading).toMatchObject({ filesystem: "ext4", why: expect.stringMatching(why) as string });
  });

  const inode = (path: string) => volume.inodeOffset(volume.inodes.get(path)!);
  const treeOf = async (changes: readonly (readonly [number, Uint8Array])[]) => {
    const reading = await openExt(volume.disk.mutated(changes).reader());
    if (!reading?.tree) throw new Error("not readable");
    return reading.tree;
  };

  test.each([
    ["deeper than five levels", structure(4, [[2, 2, 6]]), 44],
    ["of another magic", structure(4, [[0, 2, 0xf30b]]), 40],
    ["with more entries than fit", structure(4, [[2, 2, 500]]), 40],
    ["whose child is outside the disk", structure(4, [[0, 4, 0xffffffff]]), 40 + 12 + 4],
    ["whose child is itself no node", structure(4, [[0, 4, 1]]), 40 + 12 + 4],
  ])("gives no bytes of a file with an extent tree %s", async (_what, bytes, at) => {
    const tree = await treeOf([[inode("big") + at, bytes]]);
    expect(await readHead(tree, "big", 4096)).toHaveLength(0);
    expect(await text(tree, "etc/fstab")).toBe("x");
  });

  test("gives the names before a directory entry of length 0", async () => {
    const etc = await treeOf([]);
    const block = Buffer.from(volume.disk.bytes(0, 400_000)).indexOf("fstab") - 8;
    expect(await namesIn(etc, "etc")).toEqual(["fstab"]);
    const tree = await treeOf([[block + 4, structure(2, [])]]);
    expect(await namesIn(tree, "etc")).toEqual([]);
  });

  test("reads a directory of 4 GiB only as far as the cap", async () => {
    const tree = await treeOf([[inode("etc") + 4, structure(4, [[0, 4, 0xfffffff0]])]]);
    expect(await namesIn(tree, "etc")).toContain("fstab");
  });
});

describe("NTFS", () => {
  const files = {
    bootmgr: PATTERN,
    "Boot/BCD": latin1Bytes("regf"),
    ...Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [`Windows/System32/part-${index}.dll`, Uint8Array.of(index)]),
    ),
  };
  const open = async (disk: SparseDisk) => {
    const reading = await openNtfs(disk.reader());
    if (!reading?.tree) throw new Error(JSON.stringify(reading));
    return reading;
  };

  test.each([
    ["a file table in two runs", {}],
    ["a file table that needs its attribute list", { fragmentedTable: true }],
  ])("finds every name of a large directory, with %s", async (_what, options) => {
    const { tree, dirty } = await open(ntfsVolume(files, options).disk);
    expect(dirty).toBe(false);
    for (let index = 0; index < 150; index++) {
      expect(await readHead(tree, `windows/SYSTEM32/PART-${index}.dll`, 9)).toEqual(Uint8Array.of(index));
    }
    expect(await namesIn(tree, "Windows/System32")).toHaveLength(150);
    expect(await exists(tree, "Windows/System32/part-150.dll")).toBe(false);
    expect(Buffer.compare((await readHead(tree, "bootmgr", 400_000)) ?? Buffer.of(), PATTERN)).toBe(0);
  });

  test("says when it is dirty", async () => {
    expect(await open(ntfsVolume(files, { dirty: true }).disk)).toMatchObject({ dirty: true });
  });

  const volume = ntfsVolume(files);
  const changed = (offset: number, bytes: Uint8Array) => volume.disk.mutated([[offset, bytes]]);
  test.each([
    ["clusters of no bytes", changed(13, Uint8Array.of(0)), /clusters/],
    ["records of 2^127 bytes", changed(64, Uint8Array.of(0x81)), /records/],
    ["index blocks of 3 clusters", changed(68, Uint8Array.of(3)), /index records/],
    ["its file table beyond the disk", changed(48, structure(8, [[0, 8, 2n ** 62n]])), /file table/],
    ["a torn first record", changed(volume.recordOffset(0) + 510, Uint8Array.of(1, 2)), /file table/],
    ["a torn root record", changed(volume.recordOffset(5) + 510, Uint8Array.of(1, 2)), /root directory/],
  ])("with %s is named, not read", async (_what, disk, why) => {
    expect(await openNtfs(disk.reader())).toMatchObject({ why: expect.stringMatching(why) as string });
  });

  test("treats a directory whose record is another as not there", async () => {
    const at = volume.recordOffset(volume.records.get("Windows")!);
    const { tree } = await open(changed(at, latin1Bytes("BAAD")));
    expect(await exists(tree, "Windows")).toBe(false);
    expect(await exists(tree, "Boot/BCD")).toBe(true);
  });
});
