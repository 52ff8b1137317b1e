/** The acts on images that both runbooks share. */
import * as refs from "../contracts/image-activities.js";
import { excerptOf } from "../domain/guest/log-excerpt.js";
import { done } from "../domain/outcome.js";
import { checkTargetFacts } from "../domain/target-check.js";
import type { Images } from "../ports/images.js";
import type { Resources } from "../ports/resources.js";
import type { TestVms } from "../ports/test-vms.js";
import { implementOperation, implementOutcome } from "./implement.js";
import type { Registration } from "./implement.js";

export function imageActivities({
  images,
  resources,
  testVms,
}: {
  images: Images;
  resources: Resources;
  testVms: TestVms;
}): Registration[] {
  return [
    implementOutcome(refs.checkTarget, async (question) => {
      const facts = await images.look(question.target, question.runId);
      return facts.status === "done" ? done(checkTargetFacts(question, facts.value)) : facts;
    }),
    ...implementOperation(refs.createDefinition, images.definition),
    ...implementOperation(refs.createManagedImage, images.managedImage),
    ...implementOperation(refs.createGalleryVersion, images.galleryVersion),
    ...implementOperation(refs.createTestVm, testVms.boot),
    implementOutcome(refs.readConsole, async ({ vmId }) => {
      const shown = await testVms.console(vmId);
      return shown.status === "done" ? done({ excerpt: excerptOf(shown.value.log) }) : shown;
    }),
    ...implementOperation(refs.promoteVersion, images.promotion),
    ...implementOperation(refs.removeResource, resources.removal),
  ];
}
