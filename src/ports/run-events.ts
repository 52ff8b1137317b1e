/** Where runs say that they have ended, for whoever listens. What is told twice can be told apart by its run. */
import type { RunEvent } from "../domain/run-event.js";

export interface RunEvents {
  publish(event: RunEvent): Promise<void>;
}
