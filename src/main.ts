/**
 * The app: settings → adapters → activities → registrations. The only file whose import does something, so that
 * everything else can be loaded with nothing set. Bad settings throw here, all at once, and the host shows them.
 */
import { readFileSync } from "node:fs";
import { DefaultAzureCredential } from "@azure/identity";
import * as df from "durable-functions";
import { captureActivities } from "./activities/capture.js";
import { inspectionActivities } from "./activities/inspection.js";
import { imageActivities } from "./activities/images.js";
import { inspectDrop } from "./activities/import/examine-drop.js";
import { importActivities } from "./activities/import/import-activities.js";
import { claimant, manifestNaming } from "./activities/import/look-at-drop.js";
import { restoreActivities } from "./activities/restore.js";
import { savedCapture } from "./activities/run-documents.js";
import { eventActivities } from "./activities/run-events.js";
import { armBackups } from "./adapters/arm/backups.js";
import { arm } from "./adapters/arm/client.js";
import type { GuestScripts } from "./adapters/arm/guests.js";
import { armGuests } from "./adapters/arm/guests.js";
import { armImages } from "./adapters/arm/images.js";
import { armInspection } from "./adapters/arm/inspection.js";
import { armResources } from "./adapters/arm/resources.js";
import { armSourceVms } from "./adapters/arm/source-vms.js";
import { armSurroundings } from "./adapters/arm/surroundings.js";
import { armTaggedResources } from "./adapters/arm/tagged-resources.js";
import { armTestVms } from "./adapters/arm/test-vms.js";
import { armVirtualMachines } from "./adapters/arm/virtual-machines.js";
import { blobDropCopies } from "./adapters/blob/blob-drop-copies.js";
import { blobDrops } from "./adapters/blob/blob-drops.js";
import { blobPreparedDisks } from "./adapters/blob/blob-prepared-disks.js";
import { blobRunStore } from "./adapters/blob/blob-run-store.js";
import { blobSealMarkers } from "./adapters/blob/blob-seal-markers.js";
import { blobVmHolds } from "./adapters/blob/blob-vm-holds.js";
import { blobServiceByIdentity, blobServiceByKey } from "./adapters/blob/client.js";
import { topicRunEvents } from "./adapters/service-bus/topic-run-events.js";
import { CAPTURE_ORCHESTRATOR } from "./contracts/capture-run.js";
import { IMPORT_ORCHESTRATOR } from "./contracts/import-run.js";
import { REFUSE_ORCHESTRATOR } from "./contracts/refuse-run.js";
import { RESTORE_ORCHESTRATOR } from "./contracts/restore-run.js";
import { registerCaptureFunctions } from "./functions/captures.js";
import { registerDashboard } from "./functions/dashboard.js";
import { registerImportFunctions } from "./functions/imports.js";
import { registerJanitorFunctions } from "./functions/janitor.js";
import { registerResumeFunctions } from "./functions/resumes.js";
import { registerRestoreFunctions } from "./functions/restores.js";
import { registerRunFunctions } from "./functions/runs.js";
import { captureImage } from "./orchestrators/capture-image.js";
import { importImage } from "./orchestrators/import-image.js";
import { refuseRequest } from "./orchestrators/refuse-request.js";
import { restoreSource } from "./orchestrators/restore-source.js";
import { importSettings, readSettings } from "./settings.js";

const settings = readSettings(process.env);
const credential = new DefaultAzureCredential();

const cloud = arm({
  credential,
  ...(settings.ARM_ENDPOINT === undefined ? {} : { endpoint: settings.ARM_ENDPOINT }),
});
const blobs =
  settings.DropStorage === undefined
    ? blobServiceByIdentity(settings.DropStorage__blobServiceUri ?? "", credential)
    : blobServiceByKey(settings.DropStorage);

const serviceBus =
  settings.ServiceBus === undefined
    ? { namespace: settings.ServiceBus__fullyQualifiedNamespace ?? "", credential }
    : { connectionString: settings.ServiceBus };
const events =
  settings.EVENTS_TOPIC === undefined ? undefined : topicRunEvents(serviceBus, settings.EVENTS_TOPIC);

// src/ and dist/ lie side by side: the scripts are read from where they are kept, built or not.
const script = (path: string) => readFileSync(new URL(`../src/guest/${path}`, import.meta.url), "utf8");
const scripts: GuestScripts = {
  Linux: {
    preflight: script("linux/preflight.sh"),
    seal: script("linux/seal.sh"),
    "seal-log": script("linux/seal-log.sh"),
    audit: script("linux/audit.sh"),
  },
  Windows: {
    preflight: script("windows/preflight.ps1"),
    seal: script("windows/seal.ps1"),
    "seal-log": script("windows/seal-log.ps1"),
    audit: script("windows/audit.ps1"),
  },
};

const holds = blobVmHolds(blobs, settings.RUNS_CONTAINER);
const runs = blobRunStore(blobs, settings.RUNS_CONTAINER);
const drops = blobDrops(blobs);

df.app.orchestration(CAPTURE_ORCHESTRATOR, captureImage);
df.app.orchestration(IMPORT_ORCHESTRATOR, importImage);
df.app.orchestration(RESTORE_ORCHESTRATOR, restoreSource);
df.app.orchestration(REFUSE_ORCHESTRATOR, refuseRequest);

const backups = armBackups(cloud);
const activities = [
  ...captureActivities({
    vms: armVirtualMachines(cloud),
    backups,
    guests: armGuests(cloud, scripts),
    markers: blobSealMarkers(blobs, settings.RUNS_CONTAINER),
    holds,
    runs,
  }),
  ...inspectionActivities({
    inspection: armInspection(cloud),
    surroundings: armSurroundings(cloud),
    runs,
  }),
  ...restoreActivities({ sources: armSourceVms(cloud), backups, runs }),
  ...importActivities({
    drops,
    runs,
    prepared: blobPreparedDisks(blobs, settings.WORK_CONTAINER),
    copies: blobDropCopies(blobs, settings.WORK_CONTAINER),
    nowMs: () => performance.now(),
  }),
  ...eventActivities(events),
  ...imageActivities({
    images: armImages(cloud),
    resources: armResources(cloud),
    testVms: armTestVms(cloud),
  }),
];
for (const { name, handler } of activities) df.app.activity(name, { handler });

registerCaptureFunctions({
  queue: "%CAPTURE_QUEUE%",
  ...(settings.WORK_SUBNET_ID === undefined ? {} : { workSubnetId: settings.WORK_SUBNET_ID }),
  announce: events !== undefined,
  runs,
});
registerImportFunctions({
  container: settings.DROP_CONTAINER,
  containerSetting: "%DROP_CONTAINER%",
  connection: "DropStorage",
  events: settings.DROP_EVENTS,
  sweepSchedule: "%DROP_SWEEP_SCHEDULE%",
  drops,
  runs,
  settings: importSettings(settings),
  describedBy: (place) => manifestNaming(place, drops),
  claimant,
  inspect: (place, purpose) => inspectDrop(place, purpose, drops),
});
registerResumeFunctions({ runs });
registerRestoreFunctions({ runs, backupDocument: savedCapture.name, announce: events !== undefined });
registerJanitorFunctions({
  mode: settings.JANITOR_MODE,
  schedule: settings.JANITOR_SCHEDULE,
  subscriptionIds: [settings.WORK_SUBNET_ID ?? "", settings.IMPORT_TARGET_ID].flatMap(
    (id) => id.split("/")[2] ?? [],
  ),
  runs,
  tagged: armTaggedResources(cloud),
  resources: armResources(cloud),
  holds,
});
registerRunFunctions();

const dashboard = (file: string) =>
  readFileSync(new URL(`../src/dashboard/${file}`, import.meta.url), "utf8");
registerDashboard({
  html: dashboard("page.html"),
  css: dashboard("style.css"),
  view: dashboard("view.js"),
  app: dashboard("app.js"),
});
