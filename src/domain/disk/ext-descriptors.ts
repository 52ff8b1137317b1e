/**
 * Where the descriptor of a block group lies: in one table behind the superblock, or, with meta block groups, in the
 * first group of as many as one block of descriptors describes (kernel documentation, ext4, "Meta Block Groups").
 */
export interface DescriptorLayout {
  readonly blockBytes: number;
  readonly descriptorBytes: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  /** Meta block groups begin with this one; before it lies the table. Absent: there is only the table. */
  readonly firstMetaGroup?: number;
  /** Only groups 0, 1 and powers of 3, 5 and 7 begin with a copy of the superblock. */
  readonly sparseCopies: boolean;
}

export function descriptorOffset(layout: DescriptorLayout, group: number): number {
  const { blockBytes, descriptorBytes, firstDataBlock, blocksPerGroup, firstMetaGroup } = layout;
  const perBlock = Math.floor(blockBytes / descriptorBytes);
  const metaGroup = Math.floor(group / perBlock);
  if (firstMetaGroup === undefined || metaGroup < firstMetaGroup)
    return (firstDataBlock + 1) * blockBytes + group * descriptorBytes;
  const first = metaGroup * perBlock;
  const behind = !layout.sparseCopies || hasCopy(first) ? 1 : 0;
  const block = firstDataBlock + first * blocksPerGroup + behind;
  return block * blockBytes + (group % perBlock) * descriptorBytes;
}

const hasCopy = (group: number): boolean => group <= 1 || [3, 5, 7].some((base) => isPower(group, base));

function isPower(value: number, base: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}
