/**
 * What FAT, NTFS and ext4 have in common for a reader: nodes with children by name and bytes by range, and one walk
 * over them that follows symbolic links inside the tree and always ends.
 */

export interface TreeNode {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly sizeBytes: number;
  /** Up to `length` bytes from `offset`; fewer where the file, or what can be read of it, ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** By name, as the filesystem compares names. */
  child(name: string): Promise<TreeNode | undefined>;
  /** Names in the directory without `.` and `..`; capped by the filesystem's reader. */
  names(): Promise<string[]>;
}

export interface FileTree {
  readonly filesystem: string;
  readonly root: TreeNode;
}

/** Linux allows 40 (path_resolution(7)); what we look for takes one or two. */
const MAX_LINKS = 8;
const MAX_STEPS = 64;
const MAX_TARGET_BYTES = 1024;

/** The node at `path` (separated by `/`, from the root), links followed; undefined where there is none. */
export async function find(tree: FileTree, path: string): Promise<TreeNode | undefined> {
  const ancestors = [tree.root];
  let rest = segments(path);
  let links = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    const here = ancestors.at(-1) ?? tree.root;
    const [name, ...after] = rest;
    if (name === undefined) return here;
    rest = after;
    if (name === "..") {
      if (ancestors.length > 1) ancestors.pop();
      continue;
    }
    const node = await here.child(name);
    if (node?.kind === "symlink") {
      if (++links > MAX_LINKS) return undefined;
      const target = new TextDecoder().decode(await node.read(0, MAX_TARGET_BYTES));
      if (target.startsWith("/")) ancestors.length = 1;
      rest = [...segments(target), ...rest].slice(0, MAX_STEPS);
    } else if (node) {
      ancestors.push(node);
    } else {
      return undefined;
    }
  }
  return undefined;
}

const segments = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

/** The first `maxBytes` of a regular file, or undefined where there is no such file. */
export async function readHead(
  tree: FileTree,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const node = await find(tree, path);
  return node?.kind === "file" ? node.read(0, Math.min(maxBytes, node.sizeBytes)) : undefined;
}

/** The names in a directory; none where there is no such directory. */
export async function namesIn(tree: FileTree, path: string): Promise<string[]> {
  const node = await find(tree, path);
  return node?.kind === "directory" ? node.names() : [];
}

export const exists = async (tree: FileTree, path: string): Promise<boolean> =>
  (await find(tree, path)) !== undefined;
