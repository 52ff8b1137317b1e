/**
 * The app: settings → adapters → registrations. The only file whose import does something, so that everything else can
 * be loaded with nothing set. Bad settings throw here, all at once, and the host shows them.
 */
import * as df from "durable-functions";
import { captureActivities } from "./activities/capture.js";
import { imageActivities } from "./activities/images.js";
import { inspectDrop } from "./activities/import/examine-drop.js";
import { importActivities } from "./activities/import/import-activities.js";
import { claimant, manifestNaming } from "./activities/import/look-at-drop.js";
import { inspectionActivities } from "./activities/inspection.js";
import { restoreActivities } from "./activities/restore.js";
import { savedCapture } from "./activities/run-documents.js";
import { eventActivities } from "./activities/run-events.js";
import { azure } from "./azure.js";
import { CAPTURE_ORCHESTRATOR } from "./contracts/capture-run.js";
import { IMPORT_ORCHESTRATOR } from "./contracts/import-run.js";
import { REFUSE_ORCHESTRATOR } from "./contracts/refuse-run.js";
import { RESTORE_ORCHESTRATOR } from "./contracts/restore-run.js";
import { subscriptionIdOf } from "./domain/resource-id.js";
import { registerCaptureFunctions } from "./functions/captures.js";
import { registerDashboard } from "./functions/dashboard.js";
import { registerHoldFunctions } from "./functions/holds.js";
import { registerImportFunctions } from "./functions/imports.js";
import { registerJanitorFunctions } from "./functions/janitor.js";
import { registerRestoreFunctions } from "./functions/restores.js";
import { registerResumeFunctions } from "./functions/resumes.js";
import { registerRunFunctions } from "./functions/runs.js";
import { captureImage } from "./orchestrators/capture-image.js";
import { CALL_PART, callPart } from "./orchestrators/durable.js";
import { importImage } from "./orchestrators/import-image.js";
import { refuseRequest } from "./orchestrators/refuse-request.js";
import { restoreSource } from "./orchestrators/restore-source.js";
import { importSettings, readSettings } from "./settings.js";
import { sourceFile } from "./source-file.js";

const settings = readSettings(process.env);
const ports = azure(settings);
const { drops, runs } = ports;
const allowedTargets = settings.ALLOWED_TARGETS;
const announce = ports.events !== undefined;

df.app.orchestration(CAPTURE_ORCHESTRATOR, captureImage);
df.app.orchestration(IMPORT_ORCHESTRATOR, importImage);
df.app.orchestration(RESTORE_ORCHESTRATOR, restoreSource);
df.app.orchestration(REFUSE_ORCHESTRATOR, refuseRequest);
df.app.orchestration(CALL_PART, callPart);

const activities = [
  ...captureActivities(ports),
  ...inspectionActivities(ports),
  ...restoreActivities(ports),
  ...importActivities({ ...ports, allowedTargets, nowMs: () => performance.now() }),
  ...imageActivities({ ...ports, allowedTargets }),
  ...eventActivities(ports.events),
];
for (const { name, handler } of activities) df.app.activity(name, { handler });

registerCaptureFunctions({
  queue: settings.CAPTURE_QUEUE,
  workSubnetIds: settings.WORK_SUBNET_ID,
  announce,
  runs,
});
registerImportFunctions({
  container: settings.DROP_CONTAINER,
  events: settings.DROP_EVENTS,
  sweepSchedule: settings.DROP_SWEEP_SCHEDULE,
  drops,
  runs,
  settings: importSettings(settings),
  describedBy: (place) => manifestNaming(place, drops),
  claimant: (contentRunId) => claimant(runs, contentRunId),
  inspect: (place, purpose) => inspectDrop(place, purpose, drops),
});
registerHoldFunctions(ports);
registerResumeFunctions({ runs });
registerRestoreFunctions({ runs, backupDocument: savedCapture.name, announce });
registerJanitorFunctions({
  ...ports,
  mode: settings.JANITOR_MODE,
  schedule: settings.JANITOR_SCHEDULE,
  subscriptionIds: [...settings.WORK_SUBNET_ID, settings.IMPORT_TARGET_ID].map(subscriptionIdOf),
});
registerRunFunctions();
registerDashboard({
  html: sourceFile("dashboard/page.html"),
  css: sourceFile("dashboard/style.css"),
  view: sourceFile("dashboard/view.js"),
  app: sourceFile("dashboard/app.js"),
});
