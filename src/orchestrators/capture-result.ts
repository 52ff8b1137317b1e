/** What a capture ends with. Durable allows a status of 16 KB, so lists are cut to what fits. */
import type { CaptureDryRun, CaptureInput, CaptureResult } from "../contracts/capture-run.js";
import type { Backup } from "../domain/backup.js";
import { abbreviateIds } from "../domain/abbreviate.js";
import { capturePlan } from "../domain/capture-plan.js";
import type { MadeImage } from "../domain/image-order.js";
import { captureNames } from "../domain/names.js";
import { abbreviateChecks } from "../domain/preflight.js";
import type { CaptureScope } from "./capture-scope.js";
import type { Preflight } from "./preflight.js";
import { versionOf } from "./register.js";

/** A dry run is little but its report. */
const REPORT_CHARS = 8000;
const WARNINGS_CHARS = 3000;

export const dryRunResult = (
  { runId, request }: CaptureInput,
  { vm, target, checks }: Preflight,
): CaptureDryRun => ({
  dryRun: true,
  plan: capturePlan(request, vm, captureNames(runId, vm, request.workResourceGroup), target.version),
  checks: abbreviateChecks(checks, REPORT_CHARS),
});

export function captureResult(
  { request, backupExpires, checks }: CaptureScope,
  image: MadeImage,
  { kind, ids, consistency }: Backup,
): CaptureResult {
  const kept = { kind, ids: abbreviateIds(ids, WARNINGS_CHARS), consistency, keptUntil: backupExpires };
  const warnings = checks.filter(({ verdict }) => verdict !== "pass");
  return {
    image,
    ...versionOf(image),
    ...(request.backup.keepDays > 0 ? { backup: kept } : {}),
    checks: abbreviateChecks(warnings, WARNINGS_CHARS),
  };
}
