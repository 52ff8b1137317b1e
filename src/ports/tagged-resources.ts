import type { TaggedResource } from "../domain/janitor.js";

/** Everything that carries a run's tag, in subscriptions and image definitions. */
export interface TaggedResources {
  list(places: readonly string[]): Promise<TaggedInPlaces>;
}

export interface TaggedInPlaces {
  readonly found: readonly TaggedResource[];
  /** Places that could not be read: one that is gone or forbidden does not hide the others. */
  readonly unread: readonly { readonly place: string; readonly why: string }[];
}
