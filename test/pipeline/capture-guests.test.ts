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

const vms: SeedVm[] = [
  windows("reboot", { facts: { pendingReboot: ["CBS"] } }),
  windows("bitlocker", {
    facts: { bitLocker: [{ volume: "C:", percentEncrypted: 100, status: "FullyEncrypted" }] },
  }),
  windows("appx", { facts: { appxPerUser: ["Contoso.Notes_1.2.0.0_x64"] } }),
  windows("provider", { failingProvider: "VMAgentDisabler.dll" }),
  windows("hang", { seal: { outcome: "hangs" } }),
  windows("luns", {}, [...LUNS]),
  linux("no-agent", { agentResponds: false, facts: { agent: { present: false } } }),
  linux("cloud-init-only", { facts: { agent: { provisioningByAgent: false }, ovfEnvPresent: false } }),
  linux("kept", {}),
];

let local: LocalEnvironment;
beforeAll(async () => {
  const subscriptionId = setting(
    readSample(new URL("../..", import.meta.url).pathname),
    "DROP_STORAGE_ACCOUNT_ID",
  ).split("/")[2];
  local = await startLocalEnvironment({ seed: { ...newSubscription(subscriptionId ?? ""), vms } });
});
afterAll(() => local.stop());

async function capture(name: string, definition: string, more: Record<string, unknown> = {}, id = name) {
  await local.send(id, {
    sourceVmId: vmId(local.subscriptionId, name),
    target: { kind: "gallery", definitionId: definitionId(local.subscriptionId, definition) },
    ...more,
  });
  return local.ended("capture", id);
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

describe("a Windows VM that cannot be generalized is told why:", () => {
  const rows: readonly (readonly [vm: string, status: string, said: RegExp])[] = [
    ["reboot", "refused", /reboot/i],
    ["bitlocker", "refused", /C:/],
    ["appx", "refused", /Contoso\.Notes/],
    ["provider", "failed", /VMAgentDisabler/],
    ["hang", "failed", /min|hang|time/i],
  ];
  test.each(rows)("%s", { timeout: 120_000 }, async (vm, status, said) => {
    const run = await capture(vm, windowsDefinition);
    expect(run.status).toBe(status);
    expect(`${run.error?.code} ${run.error?.message}`).toMatch(said);
    expect(run.error?.remedy).toBeTruthy();
    await expectUnhurt(vm);
    await expectNoWork();
  });

  test("five causes have five names", async () => {
    const codes = await Promise.all(
      rows.map(async ([vm]) => {
        const { error } = await local.ended("capture", vm);
        return error?.code === "GUEST_NOT_GENERALIZABLE" ? error.message.split(":")[0] : error?.code;
      }),
    );
    expect(new Set(codes).size).toBe(5);
  });
});

describe("a Linux VM", () => {
  test("whose agent does not answer is refused before anything is made", { timeout: 120_000 }, async () => {
    const run = await capture("no-agent", linuxDefinition);
    expect(run.status).toBe("refused");
    expect(run.error?.message).toMatch(/agent-answers/);
    await expectUnhurt("no-agent");
  });

  test("that only cloud-init provisions is generalized", { timeout: 120_000 }, async () => {
    expect((await capture("cloud-init-only", linuxDefinition)).status).toBe("succeeded");
  });

  test("keeps the user that the request keeps", { timeout: 120_000 }, async () => {
    const run = await capture("kept", linuxDefinition, { guest: { keepUsers: ["azureuser"] } });
    expect(run.error).toBeUndefined();
    expect(run.status).toBe("succeeded");
  });
});

describe("a VM with data disks at LUNs 0, 3 and 7, each cached in its own way,", () => {
  const imageOf = (result: unknown) =>
    readImage(local.compute, (result as { image: { id: string } }).image.id);

  test("gives a VM image with exactly these", { timeout: 120_000 }, async () => {
    const run = await capture("luns", windowsDefinition, {}, "luns-vm");
    expect(run.error).toBeUndefined();
    expect((await imageOf(run.result)).disks.slice(1)).toEqual(
      LUNS.map(({ lun, sizeGb, caching }) => ({ lun, sizeGib: sizeGb, caching })),
    );
    await expectUnhurt("luns");
  });

  test("gives an OS image with no data disk", { timeout: 120_000 }, async () => {
    const run = await capture("luns", windowsDefinition, { image: { kind: "os-image" } }, "luns-os");
    expect((await imageOf(run.result)).disks.map(({ lun }) => lun)).toEqual([-1]);
  });

  test(
    "gives a specialized version from its backup alone, and is not asked anything",
    { timeout: 120_000 },
    async () => {
      const target = {
        kind: "gallery",
        definitionId: definitionId(local.subscriptionId, "windows-specialized"),
        create: { publisher: "contoso", offer: "windows", sku: "specialized" },
      };
      const run = await capture(
        "luns",
        windowsDefinition,
        { target, image: { state: "specialized" } },
        "luns-special",
      );
      expect(run.error).toBeUndefined();
      expect((await imageOf(run.result)).disks.map(({ lun }) => lun)).toEqual([-1, 0, 3, 7]);
      await expectUnhurt("luns");
      await expectNoWork();
    },
  );
});
