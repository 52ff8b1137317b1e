/** What both runbooks can do with images: check where one goes, make it, and remove whatever a run made. */
import type { Outcome } from "../domain/outcome.js";
import type { ImageSource, ImageTraits } from "../domain/image.js";
import type { Check } from "../domain/preflight.js";
import { activity, operation } from "./activity.js";
import type { Target } from "./target.js";

/** Tags by which everything that a run makes is found again. */
export type Tags = Readonly<Record<string, string>>;

export interface TargetQuestion {
  readonly target: Target;
  readonly state: "generalized" | "specialized";
  readonly location: string;
  readonly traits: ImageTraits;
}

export interface TargetFacts {
  /** The gallery version to make: free when it was looked for. */
  readonly version?: string;
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

export interface MadeImage {
  readonly id: string;
  /** -1 is the OS disk. */
  readonly disks: readonly { readonly lun: number; readonly sizeGb?: number; readonly caching?: string }[];
}

export const checkTarget = activity<TargetQuestion, Outcome<TargetFacts>>("checkTarget");
export const createDefinition = operation<ImageOrder>("createDefinition");
export const createManagedImage = operation<ImageOrder, MadeImage>("createManagedImage");
export const createGalleryVersion = operation<ImageOrder, MadeImage>("createGalleryVersion");

/** Deletes any Azure resource that a run makes, by its id; a resource that is not there counts as deleted. */
export const removeResource = operation<{ resourceId: string }>("removeResource");
