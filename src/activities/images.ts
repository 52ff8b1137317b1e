/** The acts on images that both runbooks share. */
import * as refs from "../contracts/image-activities.js";
import type { AllowedTargets } from "../domain/allowed-targets.js";
import { outsideAllowed } from "../domain/allowed-targets.js";
import { excerptOf } from "../domain/guest/log-excerpt.js";
import type { Refusal } from "../domain/outcome.js";
import { done } from "../domain/outcome.js";
import type { Check } from "../domain/preflight.js";
import { block } from "../domain/preflight.js";
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
  allowedTargets,
}: {
  images: Images;
  resources: Resources;
  testVms: TestVms;
  allowedTargets: AllowedTargets;
}): Registration[] {
  return [
    implementOutcome(refs.checkTarget, async (question) => {
      const outside = outsideAllowed(allowedTargets, question.target);
      if (outside) return done({ createDefinition: false, checks: [notAllowed(outside)] });
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

const notAllowed = ({ message, remedy }: Refusal): Check => ({
  id: "target-allowed",
  ...block(message, remedy),
});
