/** Every port of the pipeline on Azure, or on the embedded one, as the settings say. */
import { DefaultAzureCredential } from "@azure/identity";
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
import { guestScript } from "./source-file.js";
import type { Settings } from "./settings.js";

export function azure(settings: Settings) {
  const credential = new DefaultAzureCredential();
  return {
    ...computePorts(settings, credential),
    ...storagePorts(settings, credential),
    events: runEvents(settings, credential),
  };
}

function computePorts({ ARM_ENDPOINT: endpoint }: Settings, credential: DefaultAzureCredential) {
  const cloud = arm({ credential, endpoint });
  return {
    vms: armVirtualMachines(cloud),
    sources: armSourceVms(cloud),
    testVms: armTestVms(cloud),
    guests: armGuests(cloud, guestScripts()),
    backups: armBackups(cloud),
    images: armImages(cloud),
    resources: armResources(cloud),
    tagged: armTaggedResources(cloud),
    inspection: armInspection(cloud),
    surroundings: armSurroundings(cloud),
  };
}

function storagePorts(settings: Settings, credential: DefaultAzureCredential) {
  const { DropStorage, DropStorage__blobServiceUri, RUNS_CONTAINER, WORK_CONTAINER } = settings;
  const blobs =
    DropStorage === undefined
      ? blobServiceByIdentity(DropStorage__blobServiceUri ?? "", credential)
      : blobServiceByKey(DropStorage);
  return {
    drops: blobDrops(blobs),
    prepared: blobPreparedDisks(blobs, WORK_CONTAINER),
    copies: blobDropCopies(blobs, WORK_CONTAINER),
    runs: blobRunStore(blobs, RUNS_CONTAINER),
    holds: blobVmHolds(blobs, RUNS_CONTAINER),
    markers: blobSealMarkers(blobs, RUNS_CONTAINER),
  };
}

/** Undefined where nobody is told how runs end. */
function runEvents(settings: Settings, credential: DefaultAzureCredential) {
  const { EVENTS_TOPIC, ServiceBus, ServiceBus__fullyQualifiedNamespace: namespace = "" } = settings;
  if (EVENTS_TOPIC === undefined) return undefined;
  const connection = ServiceBus === undefined ? { namespace, credential } : { connectionString: ServiceBus };
  return topicRunEvents(connection, EVENTS_TOPIC);
}

const guestScripts = (): GuestScripts => ({
  Linux: {
    preflight: guestScript("linux", "preflight.sh"),
    seal: guestScript("linux", "seal.sh"),
    "seal-log": guestScript("linux", "seal-log.sh"),
    audit: guestScript("linux", "audit.sh"),
  },
  Windows: {
    preflight: guestScript("windows", "preflight.ps1"),
    seal: guestScript("windows", "seal.ps1"),
    "seal-log": guestScript("windows", "seal-log.ps1"),
    audit: guestScript("windows", "audit.ps1"),
  },
});
