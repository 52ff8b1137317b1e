/** What both runbooks can do with images: check where one goes, make it, and remove whatever a run made. */
import type { ImageOrder, MadeImage, TargetFacts, TargetQuestion } from "../domain/image-order.js";
import type { Outcome } from "../domain/outcome.js";
import type { TestVm } from "../domain/test-boot.js";
import { activity, operation } from "./activity.js";

export const checkTarget = activity<TargetQuestion, Outcome<TargetFacts>>("checkTarget");
export const createDefinition = operation<ImageOrder>("createDefinition");
export const createManagedImage = operation<ImageOrder, MadeImage>("createManagedImage");
export const createGalleryVersion = operation<ImageOrder, MadeImage>("createGalleryVersion");

/** A VM of the image, asked for as anybody would; done when its agent reports. */
export const createTestVm = operation<TestVm>("createTestVm");
/** What a VM's serial console showed last: what tells of the failure, fit for a status. */
export const readConsole = activity<{ vmId: string }, Outcome<{ excerpt: string }>>("readConsole");
/** Lets a gallery version that was held back be the latest. */
export const promoteVersion = operation<{ versionId: string }>("promoteVersion");

/**
 * Deletes any Azure resource that a run makes, by its id; a resource that is not there counts as deleted, and so does,
 * where an owner is named, one that carries another run's tag.
 */
export const removeResource = operation<{ resourceId: string; owner?: string }>("removeResource");
