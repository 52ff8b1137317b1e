/** A scripted storage account and Azure for the import runbook: all goes well at once unless a test says otherwise. */
import type { DiskOrder, FinishOrder, Look, SliceOrder } from "../../src/contracts/import-activities.js";
import { MENDING_STANDARD, type ImportInput, type ImportSettings } from "../../src/contracts/import-run.js";
import type { ImageName } from "../../src/domain/image-order.js";
import type { DropRef } from "../../src/domain/import/drop.js";
import type { DiskReport, ImageDescription, LandedDisk } from "../../src/domain/import/import-plan.js";
import type { ScriptedActivity } from "./run-orchestration.js";
import { operation } from "./scripted-operation.js";

const IMAGES = "/subscriptions/s/resourceGroups/images";
export const IMAGE_ID = `${IMAGES}/providers/Microsoft.Compute/images/web-1`;

export const dropOf = (blob = "web.vhd", etag = '"1"'): DropRef => ({
  container: "drop",
  blob,
  etag,
  sizeBytes: 600 * 2 ** 20,
  blobKind: "block",
});

export const diskOf = (lun = -1, blob = "web.vhd"): LandedDisk => ({
  lun,
  caching: lun < 0 ? "ReadWrite" : "ReadOnly",
  drop: dropOf(blob),
});

export const noDescription: ImageDescription = {
  os: { diskController: "SCSI", acceleratedNetworking: true },
  tags: {},
};

export const landed = (disks = [diskOf()], description: Partial<ImageDescription> = {}): Look => ({
  state: "landed",
  disks,
  description: { ...noDescription, ...description },
});

export const reportOf = (changes: Partial<DiskReport> = {}): DiskReport => ({
  verdict: "mendable",
  codes: ["KIND_DYNAMIC"],
  kind: "dynamic",
  virtualSizeBytes: 4 * 2 ** 30,
  newSizeBytes: 4 * 2 ** 30,
  path: "dynamic",
  why: "The blocks are written to their places.",
  osFamily: "Linux",
  generation: "V2",
  architecture: "x64",
  generalized: "yes",
  secureBootSigned: true,
  bytesRead: 100_000,
  ...changes,
});

export const inputOf = (settings: Partial<ImportSettings> = {}): ImportInput => ({
  runId: "web-1",
  source: { container: "drop", blob: "web.vhd", etag: '"1"' },
  settings: {
    location: "westeurope",
    storageAccountId: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/drops",
    defaultTarget: { kind: "managed-image", resourceGroupId: IMAGES },
    settleSeconds: 60,
    arrivalMinutes: 120,
    registerMinutes: 60,
    freeze: "when-needed",
    verify: "none",
    announce: false,
    testBoot: false,
    workSubnetIds: [],
    mending: MENDING_STANDARD,
    ...settings,
  },
});

export const done = (value: unknown) => ({ status: "done", value });
export const refused = (code: string) => ({
  status: "refused",
  code,
  message: `${code} it is.`,
  remedy: "Mend it.",
});

const made = ({ target }: ImageName) => ({
  id: target.kind === "managed-image" ? target.imageId : `${target.definitionId}/versions/1.0.0`,
  disks: [{ lun: -1, sizeGb: 4 }],
});

/** A slice that stops once, half way. */
const inTwoSteps = ({ fromUnit }: SliceOrder) =>
  done({
    ...(fromUnit === undefined ? { nextUnit: 5 } : {}),
    bytesRead: 100,
    bytesWritten: 80,
    hashed: true,
  });

export const importWorld = (
  changes: Record<string, ScriptedActivity> = {},
): Record<string, ScriptedActivity> => ({
  lookAtDrop: () => done(landed()),
  examineDrop: () => done(reportOf()),
  checkTarget: () => done({ createDefinition: false, checks: [] }),
  ...operation("copyDrop", ({ name }: DiskOrder) => ({ uri: `https://drops/prepared/${name}` })),
  planMending: () => done({ planHash: "abc", slices: 2, sourceBytes: 400 }),
  moveSlice: inTwoSteps,
  finishDisk: ({ name, hashed, plan }: FinishOrder) =>
    done({ uri: `https://drops/prepared/${name}`, ...(hashed && plan ? { treeHash: "f00d" } : {}) }),
  locateDrop: ({ drop }: { drop: DropRef }) => done({ uri: `https://drops/drop/${drop.blob}` }),
  planReadBack: () => done({ planHash: "def", slices: 1, sourceBytes: 300 }),
  readSlice: () => done({ bytesRead: 300, bytesWritten: 300, hashed: true }),
  sumReadBack: () => done({ treeHash: "f00d" }),
  announceRun: () => null,
  removePrepared: () => null,
  ...operation("createManagedImage", made),
  ...operation("createDefinition", () => null),
  ...operation("createGalleryVersion", made),
  ...operation("removeResource", () => null),
  ...changes,
});
