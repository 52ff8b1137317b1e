import { expect, test } from "vitest";
import { descriptorOffset } from "../../../src/domain/disk/ext-descriptors.js";

// As mke2fs 1.47 lays them out: -b 1024 -g 256 -O meta_bg,^resize_inode over 64 MiB; dumpe2fs names the places.
const small = { blockBytes: 1024, firstDataBlock: 1, blocksPerGroup: 256, sparseCopies: true };

test.each([
  ["the first group, behind the superblock", 64, 0, (1 + 1) * 1024],
  ["the last group of the first block", 64, 15, (1 + 1) * 1024 + 15 * 64],
  ["a stretch whose first group has no superblock", 64, 16, (1 + 16 * 256) * 1024],
  ["a group of descriptors of 32 bytes", 32, 37, (1 + 32 * 256) * 1024 + 5 * 32],
])("a meta block group keeps the descriptor of %s", (_what, descriptorBytes, group, offset) => {
  expect(descriptorOffset({ ...small, descriptorBytes, firstMetaGroup: 0 }, group)).toBe(offset);
});

test("a stretch that begins with a copy of the superblock has its descriptors behind it", () => {
  const layout = { ...small, descriptorBytes: 1024 / 81, firstMetaGroup: 0 };
  expect(descriptorOffset(layout, 81)).toBe((1 + 81 * 256 + 1) * 1024);
  expect(descriptorOffset({ ...layout, sparseCopies: false }, 2 * 81)).toBe((1 + 162 * 256 + 1) * 1024);
});

test("groups before the first meta block group, and all where there are none, are in one table", () => {
  expect(descriptorOffset({ ...small, descriptorBytes: 64, firstMetaGroup: 2 }, 31)).toBe(2 * 1024 + 31 * 64);
  expect(descriptorOffset({ ...small, descriptorBytes: 64, firstMetaGroup: 2 }, 32)).toBe(
    (1 + 32 * 256) * 1024,
  );
  expect(descriptorOffset({ ...small, descriptorBytes: 64 }, 500)).toBe(2 * 1024 + 500 * 64);
});
