/** Waits until the file, and every file that its description names, is all there: two looks that find the same. */
import { lookAtDrop, type Look } from "../contracts/import-activities.js";
import type { ImportInput } from "../contracts/import-run.js";
import { nextPollSeconds } from "../domain/polling.js";
import { call } from "./call.js";
import type { Durable } from "./durable.js";
import { nowMs } from "./durable.js";
import type { Run } from "./run.js";
import { failure, note } from "./run.js";
import { pause } from "./wait.js";

export function* land(
  run: Run,
  { runId, source, settings }: ImportInput,
): Durable<Exclude<Look, { state: "arriving" }>> {
  const beganMs = nowMs(run.context);
  let before: Readonly<Record<string, string>> = {};
  for (;;) {
    const waitedSeconds = (nowMs(run.context) - beganMs) / 1000;
    const look: Look = yield* call(run, lookAtDrop, { runId, source, before, waitedSeconds });
    if (look.state !== "arriving") {
      note(run, "landing", { detail: look.state === "landed" ? filesOf(look) : look.because });
      return look;
    }
    note(run, "landing", { detail: look.because });
    if (waitedSeconds >= settings.arrivalMinutes * 60)
      throw failure(
        "TIME_LIMIT",
        `The file was not complete after ${settings.arrivalMinutes} minutes: ${look.because}`,
        "Finish the upload, or abort it and drop the file again: new content gets its own run.",
      );
    before = look.seen;
    yield* pause(run, Math.max(settings.settleSeconds, nextPollSeconds(waitedSeconds)));
  }
}

const filesOf = ({ disks }: Extract<Look, { state: "landed" }>): string =>
  disks.map(({ drop }) => `${drop.blob}: ${drop.sizeBytes} bytes, ${drop.blobKind} blob`).join("; ");
