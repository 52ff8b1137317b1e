/**
 * Whether the newest kernel can run on Hyper-V: hv_vmbus and hv_storvsc, built in or as modules (azure-compute-docs,
 * create-upload-generic: they must be in the kernel or the initial RAM disk).
 */
import { type FileTree, namesIn, readHead } from "./file-tree.js";
import { printable, utf8 } from "./text.js";

const MAX_BUILTIN_BYTES = 128 * 1024;
const MODULE_SUFFIXES = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"] as const;
const DRIVERS = [
  { folder: "kernel/drivers/hv", module: "hv_vmbus" },
  { folder: "kernel/drivers/scsi", module: "hv_storvsc" },
] as const;

export interface HypervDrivers {
  readonly kernel: string;
  readonly present: boolean;
}

/** Undefined where there is no directory of kernel modules to judge by. */
export async function hasHypervDrivers(tree: FileTree): Promise<HypervDrivers | undefined> {
  const kernels = await namesIn(tree, "lib/modules");
  const newest = kernels.sort(byVersion).at(-1);
  if (newest === undefined) return undefined;
  const folder = `lib/modules/${newest}`;
  const listed = await readHead(tree, `${folder}/modules.builtin`, MAX_BUILTIN_BYTES);
  // A directory without the list that depmod needs is the rest of a removed kernel, not a kernel.
  if (!listed) return undefined;
  const builtin = utf8(listed);
  for (const { folder: place, module } of DRIVERS) {
    if (builtin.includes(`${place}/${module}.ko`)) continue;
    const modules = await namesIn(tree, `${folder}/${place}`);
    if (!MODULE_SUFFIXES.some((suffix) => modules.includes(module + suffix))) {
      return { kernel: printable(newest), present: false };
    }
  }
  return { kernel: printable(newest), present: true };
}

const byVersion = (one: string, other: string): number => {
  const [left, right] = [numbersOf(one), numbersOf(other)];
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return one < other ? -1 : 1;
};

const numbersOf = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
