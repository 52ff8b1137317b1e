/** What a file turned out to be: a container whose every promise was checked, or the reason why it is none. */
import type { DiskType } from "./footer.js";
import type { Finding } from "./findings.js";
import type { ForeignFormat } from "./recognize-format.js";

export interface FlatContainer {
  /** `raw`: a bare disk, no footer at all. */
  readonly kind: "fixed" | "raw";
  readonly fileBytes: number;
  /** The virtual size; the disk is the first so many bytes of the file. */
  readonly virtualBytes: number;
}

export interface DynamicContainer {
  readonly kind: "dynamic";
  readonly fileBytes: number;
  readonly virtualBytes: number;
  readonly blockBytes: number;
  /** The sector bitmap before each block's data. */
  readonly bitmapBytes: number;
  /** Per block the sector of its bitmap in the file, or ABSENT_BLOCK. In bounds and free of overlap. */
  readonly blocks: Uint32Array;
}

export type Container = FlatContainer | DynamicContainer;

export type ContainerKind = DiskType | "raw" | ForeignFormat | "unknown";

export type Opened =
  | { readonly status: "opened"; readonly container: Container; readonly findings: readonly Finding[] }
  | {
      readonly status: "refused";
      readonly kind: ContainerKind;
      /** Where a footer could be read at all; not to be trusted. */
      readonly virtualBytes?: number;
      /** The deciding one first. */
      readonly findings: readonly [Finding, ...Finding[]];
    };
