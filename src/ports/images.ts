import type { ImageName, ImageOrder, MadeImage } from "../domain/image-order.js";
import type { DefinitionFacts } from "../domain/target-check.js";
import type { Outcome } from "../domain/outcome.js";
import type { Target } from "../domain/target.js";
import type { Operation } from "./operation.js";

/** Images: gallery definitions and versions, managed images. */
export interface Images {
  /** What exists at the target already; read-only. */
  look(target: Target, runId?: string): Promise<Outcome<DefinitionFacts>>;
  readonly definition: Operation<ImageOrder, null, ImageName>;
  readonly managedImage: Operation<ImageOrder, MadeImage, ImageName>;
  /** Done when every region has its replicas; the percentage is that of the replication. */
  readonly galleryVersion: Operation<ImageOrder, MadeImage, ImageName>;
  /** Lets a version that was held back become the latest. */
  readonly promotion: Operation<{ versionId: string }>;
}
