/** A scripted Azure for the capture runbook: every activity succeeds at once unless a test says otherwise. */
import type { CaptureInput } from "../../src/contracts/capture-run.js";
import { captureRequest } from "../../src/contracts/capture-request.js";
import type { Backup, BackupPart, SnapshotOrder } from "../../src/domain/backup.js";
import type { GuestQuestion } from "../../src/domain/guest-orders.js";
import type { ImageName } from "../../src/domain/image-order.js";
import type { SurveyAnswer, SurveyQuestion } from "../../src/domain/survey.js";
import type { DiskFacts, VmFacts, VmSummary } from "../../src/domain/vm.js";
import { allDisks } from "../../src/domain/vm.js";
import { TEST_ADMIN, testHostName } from "../../src/domain/test-boot.js";
import type { ScriptedActivity, ScriptedCall } from "./run-orchestration.js";
import { operation } from "./scripted-operation.js";

export const GROUP =
  "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-production/providers/Microsoft.Compute";

export const windowsVm: VmSummary = {
  id: `${GROUP}/virtualMachines/web`,
  vmId: "11111111-1111-1111-1111-111111111111",
  name: "web",
  location: "westeurope",
  zones: [],
  size: "Standard_D2s_v5",
  osType: "Windows",
  generation: "V2",
  architecture: "x64",
  securityType: "Standard",
  secureBoot: false,
  vTpm: false,
  encryptionAtHost: false,
  hibernates: false,
  diskController: "SCSI",
  acceleratedNetworking: false,
  ephemeralOsDisk: false,
  osDisk: {
    id: `${GROUP}/disks/web-os`,
    name: "web-os",
    sizeGb: 127,
    caching: "ReadWrite",
    sku: "Premium_LRS",
  },
  dataDisks: [
    { lun: 0, id: `${GROUP}/disks/web-d0`, name: "web-d0", sizeGb: 64, caching: "None", sku: "Premium_LRS" },
    {
      lun: 3,
      id: `${GROUP}/disks/web-d3`,
      name: "web-d3",
      sizeGb: 256,
      caching: "ReadOnly",
      sku: "Standard_LRS",
    },
    {
      lun: 7,
      id: `${GROUP}/disks/web-d7`,
      name: "web-d7",
      sizeGb: 32,
      caching: "ReadWrite",
      sku: "Standard_LRS",
    },
  ],
  powerState: "running",
  agentReady: true,
  markedGeneralized: false,
  provisioningState: "Succeeded",
  guestEncrypted: false,
  sharedDisks: [],
  ultraDisks: [],
  extensions: [],
  imagePublisher: "",
};

export const inputOf = (request: Record<string, unknown> = {}): CaptureInput => ({
  runId: "run-1",
  announce: false,
  workSubnetIds: [
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/isolated/subnets/work",
  ],
  request: captureRequest.parse({
    sourceVmId: windowsVm.id,
    target: { kind: "gallery", definitionId: `${GROUP}/galleries/g/images/web` },
    ...request,
  }),
});

/** What of a run's own making exists: ids enter when their creation is started, and leave when their removal is. */
export class TrackedCloud {
  readonly resources = new Set<string>();
  /** Writes on the source VM or its disks other than backing it up. */
  readonly harm: string[] = [];

  /** The scripted activities, with their effects on this cloud. */
  track(
    activities: Record<string, ScriptedActivity>,
    vm: VmSummary = windowsVm,
  ): Record<string, ScriptedActivity> {
    const makes: Record<string, (input: never) => readonly string[]> = {
      createRestorePointStart: ({ pointId }: { pointId: string }) => [
        pointId,
        pointId.split("/").slice(0, -2).join("/"),
      ],
      createSnapshotStart: ({ snapshotId }: { snapshotId: string }) => [snapshotId],
      createDiskStart: ({ diskId }: { diskId: string }) => [diskId],
      createWorkingVmStart: ({ vmId }: { vmId: string }) => [vmId],
      createTestVmStart: ({ vmId }: { vmId: string }) => [vmId],
      createManagedImageStart: ({ target }: ImageName) =>
        target.kind === "managed-image" ? [target.imageId] : [],
      createGalleryVersionStart: ({ target, version = "" }: ImageName) =>
        target.kind === "gallery" ? [`${target.definitionId}/versions/${version}`] : [],
    };
    const own = [vm.id, vm.osDisk.id, ...vm.dataDisks.map((disk) => disk.id)];
    const writes = [
      "startSeal",
      "deallocateVmStart",
      "markGeneralized",
      "createDiskStart",
      "createWorkingVmStart",
      "removeResourceStart",
    ];
    return Object.fromEntries(
      Object.entries(activities).map(([name, act]) => [
        name,
        (input: never, call: ScriptedCall) => {
          const { vmId, resourceId, diskId } = input as {
            vmId?: string;
            resourceId?: string;
            diskId?: string;
          };
          const touched = [vmId, resourceId, diskId].find((id) => id !== undefined && own.includes(id));
          if (touched !== undefined && writes.includes(name)) this.harm.push(`${name} ${touched}`);
          const result = act(input, call) as { status?: string } | null;
          if (result?.status === "refused") return result;
          for (const id of makes[name]?.(input) ?? []) this.resources.add(id);
          if (name === "removeResourceStart" && resourceId !== undefined) this.resources.delete(resourceId);
          return result;
        },
      ]),
    );
  }
}

/** The act takes effect and its first answer is lost, as when the host is killed in between. */
export const losingAnswer = (
  activities: Record<string, ScriptedActivity>,
  act: string,
): Record<string, ScriptedActivity> => ({
  ...activities,
  [act]: (input, call) => {
    const result: unknown = activities[act]?.(input, call);
    if (call.nth === 0) throw new Error("the host was killed after the effect");
    return result;
  },
});

const ok = (value: unknown) => ({ status: "done", value });
/** A guest without anything that would keep it from being generalized, as preflight-windows/1 prints it. */
export const cleanWindows = JSON.stringify({
  productName: "Windows Server 2022 Datacenter",
  build: "20348",
  architecture: "AMD64",
  imageState: "IMAGE_STATE_COMPLETE",
  pendingReboot: [],
  appxPerUser: [],
  bitLocker: [],
  missingProviders: [],
  sysprepStatus: { cleanupState: 2, generalizationState: 7 },
  pantherFromFormerRun: false,
  unattendFiles: [],
  rearmCount: 1000,
  cdromStart: 1,
  defenderOnboarded: false,
  roles: [],
  administratorDisabled: false,
  passwordExpiryDays: 42,
  domainJoined: false,
  reservedStorageBusy: false,
  eventLogPathsMissing: [],
  agentServices: { RdAgent: "Running", WindowsAzureGuestAgent: "Running" },
  cpuCount: 2,
  memoryMiB: 8192,
});

const INTERFACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/web-nic";

/** The VM as its own model tells it. */
export function factsOf(vm: VmSummary): VmFacts {
  const disks = allDisks(vm).map(({ lun, id, name, caching }) => ({ lun, id, name, caching }));
  return { nature: vm, generation: vm.generation, disks, interfaceId: INTERFACE };
}

function diskFactsOf(vm: VmSummary, diskId: string): DiskFacts {
  const { sizeGb = 0, sku = "" } = allDisks(vm).find(({ id }) => id === diskId) ?? {};
  const { architecture } = vm;
  return { id: diskId, sizeGb, sku, architecture, maxShares: 1, guestEncrypted: false };
}

export function nothingInTheWay(question: SurveyQuestion): SurveyAnswer {
  switch (question.ask) {
    case "locks":
      return { ask: "locks", scope: question.scope, locks: { known: [] } };
    case "rights":
      return { ask: "rights", what: question.what, scope: question.scope, missing: { known: [] } };
    case "cores": {
      const plenty = { used: 0, limit: 100 };
      return {
        ask: "cores",
        cores: { known: { needed: 2, size: "s", family: "f", regional: plenty, ofFamily: plenty } },
      };
    }
    case "subnet":
      return { ...question, subnet: { known: { location: windowsVm.location, freeAddresses: 100 } } };
    case "region":
      return { ask: "region", region: question.region, offered: { known: true } };
  }
}
/** The first VM of an image with nothing of anybody in it, as audit-windows/1 prints it. */
export const auditedWindows = (found: Record<string, unknown> = {}): string =>
  JSON.stringify({
    hostName: testHostName(`${GROUP}/virtualMachines/vmi-run-1-test`),
    imageState: "IMAGE_STATE_COMPLETE",
    setupRunning: false,
    users: [TEST_ADMIN],
    answerFiles: [],
    histories: [],
    secrets: [],
    setupErrors: [],
    agentServices: { RdAgent: "Running", WindowsAzureGuestAgent: "Running" },
    remoteDesktop: true,
    dataDiskLuns: [0, 3, 7],
    ...found,
  });
const provenWindows = auditedWindows();

export function captureWorld(vm: VmSummary = windowsVm): Record<string, ScriptedActivity> {
  const disks = [{ ...vm.osDisk, lun: -1 }, ...vm.dataDisks];
  const point = `${GROUP}/restorePointCollections/vmi-run-1/restorePoints/backup`;
  const backup: Backup = {
    kind: "restore-point",
    ids: [point, `${GROUP}/restorePointCollections/vmi-run-1`],
    disks: disks.map(({ lun, sizeGb }) => ({ lun, sizeGb, id: `${point}/diskRestorePoints/${lun}` })),
    consistency: "ApplicationConsistent",
  };
  const made = ({ target, version = "" }: ImageName) => ({
    id: target.kind === "gallery" ? `${target.definitionId}/versions/${version}` : target.imageId,
    disks: disks.map(({ lun, sizeGb, caching }) => ({ lun, sizeGb, caching })),
  });
  return {
    inspectVm: () => ok(factsOf(vm)),
    keepVm: () => ok(null),
    inspectDisk: ({ diskId }: { diskId: string }) => ok(diskFactsOf(vm, diskId)),
    inspectInterface: () => ok({ accelerated: vm.acceleratedNetworking }),
    recallCapture: () => ok(null),
    surveyAzure: (question: SurveyQuestion) => ok(nothingInTheWay(question)),
    ...operation("lookAtGuest", () => ({ output: cleanWindows })),
    checkTarget: () => ok({ version: "1.0.0", createDefinition: false, checks: [] }),
    holdVm: ({ runId }: { runId: string }) => ok({ heldBy: runId }),
    releaseVm: () => null,
    releaseEnded: () => false,
    ...operation("createRestorePoint", () => backup),
    ...operation("createSnapshot", ({ lun, snapshotId }: SnapshotOrder) => ({ lun, id: snapshotId })),
    askBackup: ({ kind, lun }: BackupPart) => {
      const held = kind === "snapshots" ? backup.disks.filter((disk) => disk.lun === lun) : backup.disks;
      return ok(held.map((disk) => ({ ...disk, state: "Succeeded" })));
    },
    proveBackup: () => ok({ summary: "all there" }),
    ...operation("createDisk"),
    ...operation("createWorkingVm"),
    ...operation("askGuest", () => ({ output: cleanWindows })),
    noteSealBegun: () => ok(null),
    ...operation("askGuest", ({ script }: GuestQuestion) => ({
      output: script === "audit" ? provenWindows : cleanWindows,
    })),
    startSeal: () => ok(null),
    askSeal: () => ok({ state: "sealed", removedUsers: [] }),
    ...operation("protectVm"),
    recallModel: () => ok({ lost: [], goesWith: [] }),
    ...operation("removeSourceVm"),
    ...operation("deallocateVm"),
    markGeneralized: () => ok(null),
    ...operation("createDefinition"),
    ...operation("createManagedImage", made),
    ...operation("createGalleryVersion", made),
    ...operation("createTestVm"),
    ...operation("promoteVersion"),
    readConsole: () => ok({ excerpt: "waagent: cannot start" }),
    ...operation("removeResource"),
  };
}
