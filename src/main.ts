/**
 * The app: settings → adapters → activities → registrations. The only file whose import does something, so that
 * everything else can be loaded with nothing set. Bad settings throw here, all at once, and the host shows them.
 */
import { readFileSync } from "node:fs";
import { DefaultAzureCredential } from "@azure/identity";
import * as df from "durable-functions";
import { captureActivities } from "./activities/capture.js";
import { imageActivities } from "./activities/images.js";
import { armBackups } from "./adapters/arm/backups.js";
import { arm } from "./adapters/arm/client.js";
import type { GuestScripts } from "./adapters/arm/guests.js";
import { armGuests } from "./adapters/arm/guests.js";
import { armImages } from "./adapters/arm/images.js";
import { armResources } from "./adapters/arm/resources.js";
import { armVirtualMachines } from "./adapters/arm/virtual-machines.js";
import { blobRunStore } from "./adapters/blob/blob-run-store.js";
import { blobSealMarkers } from "./adapters/blob/blob-seal-markers.js";
import { blobVmHolds } from "./adapters/blob/blob-vm-holds.js";
import { blobServiceByIdentity, blobServiceByKey } from "./adapters/blob/client.js";
import { CAPTURE_ORCHESTRATOR } from "./contracts/capture-run.js";
import { REFUSE_ORCHESTRATOR } from "./contracts/refuse-run.js";
import { registerCaptureFunctions } from "./functions/captures.js";
import { registerRunFunctions } from "./functions/runs.js";
import { captureImage } from "./orchestrators/capture-image.js";
import { refuseRequest } from "./orchestrators/refuse-request.js";
import { readSettings } from "./settings.js";

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

// src/ and dist/ lie side by side: the scripts are read from where they are kept, built or not.
const script = (path: string) => readFileSync(new URL(`../src/guest/${path}`, import.meta.url), "utf8");
const scripts: GuestScripts = {
  Linux: {
    preflight: script("linux/preflight.sh"),
    seal: script("linux/seal.sh"),
    "seal-log": script("linux/seal-log.sh"),
  },
  Windows: {
    preflight: script("windows/preflight.ps1"),
    seal: script("windows/seal.ps1"),
    "seal-log": script("windows/seal-log.ps1"),
  },
};

const runs = blobRunStore(blobs, settings.RUNS_CONTAINER);

df.app.orchestration(CAPTURE_ORCHESTRATOR, captureImage);
df.app.orchestration(REFUSE_ORCHESTRATOR, refuseRequest);

const activities = [
  ...captureActivities({
    vms: armVirtualMachines(cloud),
    backups: armBackups(cloud),
    guests: armGuests(cloud, scripts),
    markers: blobSealMarkers(blobs, settings.RUNS_CONTAINER),
    holds: blobVmHolds(blobs, settings.RUNS_CONTAINER),
    runs,
  }),
  ...imageActivities({ images: armImages(cloud), resources: armResources(cloud) }),
];
for (const { name, handler } of activities) df.app.activity(name, { handler });

registerCaptureFunctions({
  queue: "%CAPTURE_QUEUE%",
  ...(settings.WORK_SUBNET_ID === undefined ? {} : { workSubnetId: settings.WORK_SUBNET_ID }),
  runs,
});
registerRunFunctions();
