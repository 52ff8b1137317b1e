/** What both runbooks can do with images: check where one goes, make it, and remove whatever a run made. */
import type { ImageName, ImageOrder, MadeImage, TargetFacts, TargetQuestion } from "../domain/image-order.js";
import type { Outcome } from "../domain/outcome.js";
import type { TestVm } from "../domain/test-boot.js";
import { activity, operation, operationAbout } from "./activity.js";

const imageName = ({ target, version }: ImageOrder): ImageName =>
  version === undefined ? { target } : { target, version };

export const checkTarget = activity<TargetQuestion, Outcome<TargetFacts>>("checkTarget");
export const createDefinition = operationAbout<ImageOrder, null, ImageName>("createDefinition", imageName);
export const createManagedImage = operationAbout<ImageOrder, MadeImage, ImageName>(
  "createManagedImage",
  imageName,
);
export const createGalleryVersion = operationAbout<ImageOrder, MadeImage, ImageName>(
  "createGalleryVersion",
  imageName,
);

/** A VM of the image, asked for as everybody does; done when its agent reports. */
export const createTestVm = operationAbout<TestVm, null, { vmId: string }>("createTestVm", ({ vmId }) => ({
  vmId,
}));
/** What a VM's serial console showed last: what tells of the failure, fit for a status. */
export const readConsole = activity<{ vmId: string }, Outcome<{ excerpt: string }>>("readConsole");
/** Lets a gallery version that was held back be the latest. */
export const promoteVersion = operation<{ versionId: string }>("promoteVersion");

/**
 * Deletes any Azure resource that a run makes, by its id; a resource that is not there counts as deleted, and so does,
 * where an owner is named, one that carries another run's tag.
 */
export const removeResource = operation<{ resourceId: string; owner?: string }>("removeResource");
