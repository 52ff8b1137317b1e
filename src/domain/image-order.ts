/** An order for an image, and what can be known about its target before anything is created. */
import type { ImageSource, ImageTraits } from "./image.js";
import type { RUN_TAG } from "./names.js";
import type { Check } from "./preflight.js";
import type { Target } from "./target.js";

/** Tags of everything that a run creates; the run tag is how it is found again. */
export type Tags = Readonly<Record<string, string>> & Readonly<Record<typeof RUN_TAG, string>>;

export interface TargetQuestion {
  readonly target: Target;
  readonly state: "generalized" | "specialized";
  readonly location: string;
  readonly traits: ImageTraits;
  /** The encryption sets of those source disks that are under a customer's key. */
  readonly encryptionSetIds?: readonly string[];
  /** Under whose tag an earlier try may have left a version. */
  readonly runId?: string;
}

export interface TargetFacts {
  /** The gallery version to make: free when it was looked for. */
  readonly version?: string;
  /** The image that an earlier run of the same capture has begun to make there. */
  readonly earlierImage?: "broken" | "sound";
  /** The definition does not exist and the request says to make it. */
  readonly createDefinition: boolean;
  readonly checks: readonly Check[];
}

export interface ImageOrder {
  readonly target: Target;
  readonly version?: string;
  readonly location: string;
  readonly state: "generalized" | "specialized";
  readonly traits: ImageTraits;
  readonly source: ImageSource;
  readonly tags: Tags;
}

/** What an order is to make, by name. */
export type ImageName = Pick<ImageOrder, "target" | "version">;

export interface MadeImage {
  readonly id: string;
  /** -1 is the OS disk. */
  readonly disks: readonly { readonly lun: number; readonly sizeGb?: number; readonly caching?: string }[];
}
