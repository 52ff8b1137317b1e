/** What both runbooks can do with images: check where one goes, make it, and remove whatever a run made. */
import type { ImageOrder, MadeImage, TargetFacts, TargetQuestion } from "../domain/image-order.js";
import type { Outcome } from "../domain/outcome.js";
import { activity, operation } from "./activity.js";

export const checkTarget = activity<TargetQuestion, Outcome<TargetFacts>>("checkTarget");
export const createDefinition = operation<ImageOrder>("createDefinition");
export const createManagedImage = operation<ImageOrder, MadeImage>("createManagedImage");
export const createGalleryVersion = operation<ImageOrder, MadeImage>("createGalleryVersion");

/** Deletes any Azure resource that a run makes, by its id; a resource that is not there counts as deleted. */
export const removeResource = operation<{ resourceId: string }>("removeResource");
