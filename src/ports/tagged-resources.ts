import type { TaggedResource } from "../domain/janitor.js";

/** Everything that carries a run's tag. */
export interface TaggedResources {
  list(): Promise<readonly TaggedResource[]>;
}
