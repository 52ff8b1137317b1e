/** Where the ends of runs are announced. Subscribers can recognize a duplicate by its run. */
import type { RunEvent } from "../domain/run-event.js";

export interface RunEvents {
  publish(event: RunEvent): Promise<void>;
}
