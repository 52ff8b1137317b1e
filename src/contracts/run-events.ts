/** Announcing the end of a run, by name. */
import type { RunEvent } from "../domain/run-event.js";
import { activity } from "./activity.js";

export const announceRun = activity<RunEvent, null>("announceRun");
