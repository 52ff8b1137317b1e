/**
 * Captures through the whole house, of guests that are not as they should be: each ends with a cause that has a name
 * and a remedy, the source VM is not written to, and nothing is left of the working VM.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readImage } from "../../src/local/demo/images.js";
import {
  definitionId,
  linuxDefinition,
  newSubscription,
  vmId,
  windowsDefinition,
} from "../../src/local/cloud/seed.js";
import type { SeedVm } from "../../src/local/compute/seed.js";
import type { RunDocument } from "../../src/local/demo/runs.js";
import { readSample, setting } from "../../src/local/cloud/app-settings.js";
import type { LocalEnvironment } from "../support/local-environment.js";
import { startLocalEnvironment } from "../support/local-environment.js";

type Guest = NonNullable<SeedVm["guest"]>;

const windows = (name: string, guest: Guest, dataDisks: NonNullable<SeedVm["dataDisks"]> = []): SeedVm => ({
  name,
  resourceGroup: "app",
  osType: "Windows",
  generation: "V2",
  osDisk: { sizeGb: 127, caching: "ReadWrite" },
  dataDisks,
  guest,
});
const linux = (name: string, guest: Guest): SeedVm => ({
  name,
  resourceGroup: "app",
  osType: "Linux",
  generation: "V2",
  osDisk: { sizeGb: 30, caching: "ReadWrite" },
  guest,
});

const LUNS = [
  { lun: 0, sizeGb: 16, caching: "None" },
  { lun: 3, sizeGb: 32, caching: "ReadOnly" },
  { lun: 7, sizeGb: 64, caching: "ReadWrite" },
] as const;

/** More than one history takes at once. */
const MANY = Array.from({ length: 20 }, (_, lun) => ({ lun, sizeGb: 4, caching: "ReadOnly" as const }));

const vms: SeedVm[] = [
  windows("reboot", { facts: { pendingReboot: ["CBS"] } }),
  windows("bitlocker", {
    facts: { bitLocker: [{ volume: "C:", percentEncrypted: 100, status: "FullyEncrypted" }] },
  }),
  windows("appx", { facts: { appxPerUser: ["Contoso.Notes_1.2.0.0_x64"] } }),
  windows("provider", { failingProvider: "VMAgentDisabler.dll" }),
  windows("hang", { seal: { outcome: "hangs" } }),
  windows("luns-vm", {}, [...LUNS]),
  windows("luns-os", {}, [...LUNS]),
  windows("luns-special", {}, [...LUNS]),
  { ...windows("many-disks", {}, MANY), size: "Standard_D16s_v5" },
  linux("no-agent", { agentResponds: false, facts: { agent: { present: false } } }),
  linux("cloud-init-only", {
    facts: {
      agent: { provisioningByAgent: false },
      ovfEnvPresent: false,
      users: ["azureuser", "deploy"].map((name) => ({
        name,
        uid: 1000,
        sudoersFile: true,
        authorizedKeys: 1,
      })),
    },
  }),
  linux("own-script", {}),
];

const gallery = (definition: string) => ({
  kind: "gallery",
  definitionId: definitionId(local.subscriptionId, definition),
});
/** What is asked for each VM beside itself. */
const requests: Readonly<Record<string, () => Record<string, unknown>>> = {
  reboot: () => ({ target: gallery(windowsDefinition) }),
  bitlocker: () => ({ target: gallery(windowsDefinition) }),
  appx: () => ({ target: gallery(windowsDefinition) }),
  provider: () => ({ target: gallery(windowsDefinition) }),
  hang: () => ({ target: gallery(windowsDefinition) }),
  "no-agent": () => ({ target: gallery(linuxDefinition) }),
  "cloud-init-only": () => ({
    target: gallery(linuxDefinition),
    guest: { removeUsers: ["deploy"], keepUsers: ["azureuser"] },
  }),
  "own-script": () => ({
    target: gallery(linuxDefinition),
    guest: { script: "# guest-contract: seal-windows/1\n" },
  }),
  "luns-vm": () => ({ target: gallery(windowsDefinition) }),
  "luns-os": () => ({ target: gallery(windowsDefinition), image: { kind: "os-image" } }),
  "many-disks": () => ({ target: gallery(windowsDefinition) }),
  "luns-special": () => ({
    target: {
      ...gallery("windows-specialized"),
      create: { publisher: "contoso", offer: "windows", sku: "specialized" },
    },
    image: { state: "specialized" },
  }),
};

let local: LocalEnvironment;
const runs = new Map<string, RunDocument>();
beforeAll(async () => {
  const subscriptionId = setting(
    readSample(new URL("../..", import.meta.url).pathname),
    "DROP_STORAGE_ACCOUNT_ID",
  ).split("/")[2];
  local = await startLocalEnvironment({ seed: { ...newSubscription(subscriptionId ?? ""), vms } });
  // All at once: their time is one, so that the longest is what they take together.
  for (const { name } of vms)
    await local.send(name, { sourceVmId: vmId(local.subscriptionId, name), ...requests[name]?.() });
  for (const { name } of vms) runs.set(name, await local.ended("capture", name));
}, 120_000);
afterAll(() => local.stop());

const runOf = (name: string): RunDocument => runs.get(name)!;

function minutesOf({ stages }: RunDocument, name: string): number {
  const { startedAt = "", endedAt = "" } = stages.find((stage) => stage.name === name) ?? {};
  return (Date.parse(endedAt) - Date.parse(startedAt)) / 60_000;
}

interface Write {
  readonly method: string;
  readonly resource: string;
}

/** Every write to the source VM or its disks; backing up writes beside it, never to it. */
async function writesOn(name: string): Promise<string[]> {
  const writes = await local.writes();
  return writes
    .filter(({ resource }: Write) =>
      new RegExp(`/(virtualMachines|disks)/${name}([/_?]|$)`, "i").test(resource),
    )
    .map(({ method, resource }: Write) => `${method} ${resource}`);
}

async function expectUnhurt(name: string): Promise<void> {
  expect(await writesOn(name)).toEqual([]);
  const vm = await local.compute.virtualMachines.instanceView("app", name);
  expect(vm.statuses?.map(({ code }) => code)).toContain("PowerState/running");
}

async function expectNoWork(): Promise<void> {
  const scaffolding = /\/(virtualMachines|disks|networkInterfaces)$/;
  const left = (await local.resources("app")).filter(
    ({ type, name }) => scaffolding.test(type) && name.startsWith("vmi-"),
  );
  expect(left).toEqual([]);
}

describe("a Windows VM that cannot be generalized is refused with the cause:", () => {
  const rows: readonly (readonly [vm: string, status: string, said: RegExp])[] = [
    ["reboot", "refused", /reboot/i],
    ["bitlocker", "refused", /C:/],
    ["appx", "refused", /Contoso\.Notes/],
    ["provider", "failed", /VMAgentDisabler/],
    ["hang", "failed", /min|hang|time/i],
  ];
  test.each(rows)("%s", async (vm, status, said) => {
    const run = runOf(vm);
    expect(run.status).toBe(status);
    expect(`${run.error?.code} ${run.error?.message}`).toMatch(said);
    expect(run.error?.remedy).toBeTruthy();
    await expectUnhurt(vm);
    await expectNoWork();
  });

  test("five causes have five codes", () => {
    const codes = rows.map(([vm]) => {
      const { error } = runOf(vm);
      return error?.code === "GUEST_NOT_GENERALIZABLE" ? error.message.split(":")[0] : error?.code;
    });
    expect(new Set(codes).size).toBe(5);
  });
});

describe("a Linux VM", () => {
  test("whose agent does not answer is refused before anything is created", async () => {
    const run = runOf("no-agent");
    expect(run.status).toBe("refused");
    expect(run.error?.message).toMatch(/agent-answers/);
    await expectUnhurt("no-agent");
  });

  test("that only cloud-init provisions is generalized, and keeps the user that the request keeps", () => {
    const run = runOf("cloud-init-only");
    expect(run.error).toBeUndefined();
    expect(run.status).toBe("succeeded");
    expect(run.stages.find(({ name }) => name === "generalize")?.detail).toBe("sealed; removed: deploy");
  });

  test("whose script does not start fails at once, not at its time limit", async () => {
    const run = runOf("own-script");
    expect(run.status).toBe("failed");
    expect(run.error?.code).toBe("SEAL_NOT_STARTED");
    expect(run.error?.message).toMatch(/exit code 127/);
    expect(minutesOf(run, "generalize")).toBeLessThan(5);
    await expectUnhurt("own-script");
  });
});

describe("a VM with data disks at LUNs 0, 3 and 7, each cached in its own way,", () => {
  const disksOf = async (name: string) => {
    const run = runOf(name);
    expect(run.error).toBeUndefined();
    return (await readImage(local.compute, (run.result as { image: { id: string } }).image.id)).disks;
  };

  test("gives a VM image with exactly these", async () => {
    expect((await disksOf("luns-vm")).slice(1)).toEqual(
      LUNS.map(({ lun, sizeGb, caching }) => ({ lun, sizeGib: sizeGb, caching })),
    );
    await expectUnhurt("luns-vm");
  });

  test("gives an OS image with no data disk", async () => {
    expect((await disksOf("luns-os")).map(({ lun }) => lun)).toEqual([-1]);
    await expectUnhurt("luns-os");
  });

  test("gives a specialized version from only its backup, and its guest is not queried", async () => {
    expect((await disksOf("luns-special")).map(({ lun }) => lun)).toEqual([-1, 0, 3, 7]);
    await expectUnhurt("luns-special");
    await expectNoWork();
  });
});

test("a VM with more disks than are created at once gives an image with all of them, in one run", async () => {
  const run = runOf("many-disks");
  expect(run.error).toBeUndefined();
  const image = await readImage(local.compute, (run.result as { image: { id: string } }).image.id);
  expect(image.disks.map(({ lun }) => lun)).toEqual([-1, ...MANY.map(({ lun }) => lun)]);
  await expectUnhurt("many-disks");
  await expectNoWork();
});
