/** The act of announcing; where nobody listens any more, a run that was to be announced ends all the same. */
import { announceRun } from "../contracts/run-events.js";
import type { RunEvents } from "../ports/run-events.js";
import { implement, type Registration } from "./implement.js";

export const eventActivities = (events: RunEvents | undefined): Registration[] => [
  implement(announceRun, async (event) => {
    await events?.publish(event);
    return null;
  }),
];
