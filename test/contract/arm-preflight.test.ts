/** Dry runs by the real SDK against the Compute simulator: what is found, and that nothing is changed. */
import { afterEach, describe, expect, test } from "vitest";
import type { Check } from "../../src/domain/preflight.js";
import type { Seed } from "../../src/local/compute/compute.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";

let cloud: Cloud;
afterEach(() => cloud.close());

async function dryRun(seed: Partial<Seed> = {}, request: Record<string, unknown> = {}) {
  cloud = await openCloud({ ...WEB_SEED, ...seed });
  const board = await playCapture(cloud, webCapture(cloud, { dryRun: true, ...request }));
  const { checks, plan } = board.result as { checks: readonly Check[]; plan: Record<string, unknown> };
  return { board, plan, verdict: (id: string) => checks.find((check) => check.id === id)?.verdict, checks };
}
const web = WEB_SEED.vms![0]!;

describe("a dry run", () => {
  test("queries a running guest, reports the plan, and writes nothing but the query", async () => {
    const { board, plan, verdict } = await dryRun();
    expect(board).toMatchObject({ status: "succeeded", leftovers: [] });
    expect(verdict("locks")).toBe("pass");
    expect(verdict("cores")).toBe("pass");
    expect(verdict("machine-id")).toBe("pass");
    expect(verdict("guest-answer")).toBeUndefined();
    expect(plan).toMatchObject({
      source: { disks: 4, gigabytes: 86 },
      image: expect.stringMatching(/versions\/1\.0\.0$/) as string,
      sourceAfter: "only read and backed up",
    });
    expect((await cloud.writes()).map(({ operation }) => operation)).toEqual(["virtualMachines/runCommand"]);
  });

  test("reports unknown for a guest that is not running", async () => {
    const { verdict } = await dryRun({ vms: [{ ...web, power: "deallocated" }] });
    expect(verdict("guest-answer")).toBe("unknown");
    expect(await cloud.writes()).toEqual([]);
  });

  test("reports a Windows guest's pending reboot", async () => {
    const { checks } = await dryRun({
      vms: [{ name: "web", osType: "Windows", guest: { facts: { pendingReboot: ["CBS"] } } }],
    });
    expect(checks.find(({ id }) => id === "pending-reboot")).toMatchObject({ verdict: "block" });
  });

  test.each([
    [
      "a lock on the whole subscription",
      "locks",
      "block",
      {
        locks: [
          { name: "keep", level: "ReadOnly", scope: "/subscriptions/00000000-0000-4000-8000-000000000001" },
        ],
      },
    ],
    [
      "a network that may not be read",
      "subnet",
      "unknown",
      { deniedActions: [{ action: "Microsoft.Network/virtualNetworks/read" }] },
    ],
    [
      "locks that may not be read",
      "locks",
      "unknown",
      { deniedActions: [{ action: "Microsoft.Authorization/locks/read" }] },
    ],
  ] satisfies readonly (readonly [string, string, string, Partial<Seed>])[])(
    "finds %s",
    async (_, id, expected, seed) => {
      const { verdict } = await dryRun(seed);
      expect(verdict(id)).toBe(expected);
    },
  );

  test("finds a lock on the work resource group if the subscription's locks cannot be read", async () => {
    cloud = await openCloud({
      ...WEB_SEED,
      locks: [{ name: "keep", level: "CanNotDelete", scope: "resourceGroups/rg" }],
    });
    await cloud.local("POST", "scenarios", {
      match: { operation: "locks/list", times: 1 },
      act: { fail: { status: 403, code: "AuthorizationFailed", message: "no" } },
    });
    const { result } = await playCapture(cloud, webCapture(cloud, { dryRun: true }));
    const { checks } = result as { checks: readonly Check[] };
    expect(checks.find(({ id }) => id === "locks")).toMatchObject({ verdict: "block" });
  });

  const rights: readonly (readonly [string, string, Record<string, unknown>])[] = [
    ["Microsoft.Compute/disks/write", "may-make-scaffolding", {}],
    ["Microsoft.Compute/virtualMachines/runCommands/*", "may-make-scaffolding", {}],
    ["Microsoft.Compute/virtualMachines/generalize/action", "may-use-the-source", { mode: "in-place" }],
    ["Microsoft.Compute/galleries/images/versions/write", "may-make-the-image", {}],
    ["Microsoft.Compute/snapshots/delete", "may-make-scaffolding", { backup: { kind: "snapshots" } }],
    ["Microsoft.Network/virtualNetworks/subnets/join/action", "may-join-the-subnet", {}],
  ];
  test.each(rights)("finds that no role allows %s, by Azure's own list: %s", async (action, id, request) => {
    const { checks } = await dryRun({ deniedActions: [{ action }] }, request);
    const blocked = checks.filter(({ verdict }) => verdict === "block").map((check) => check.id);
    expect(blocked).toEqual([id]);
    const said = checks.find((check) => check.id === id)?.detail;
    expect(said).toContain(action.replace("/*", "/write"));
  });

  test("passes if a role denies only what the request does not need", async () => {
    const action = "Microsoft.Compute/snapshots/*";
    const { verdict } = await dryRun({ deniedActions: [{ action }] });
    expect(verdict("may-make-scaffolding")).toBe("pass");
  });

  test("reports unknown if it is not allowed to ask for permissions", async () => {
    const action = "Microsoft.Authorization/permissions/read";
    const { verdict } = await dryRun({ deniedActions: [{ action }] });
    for (const what of ["use-the-source", "make-scaffolding", "make-the-image", "join-the-subnet"])
      expect(verdict(`may-${what}`)).toBe("unknown");
  });
});

test("a run's result contains the warnings of its preflights, including the guest's", async () => {
  cloud = await openCloud(WEB_SEED);
  await cloud.local("POST", "guests/web", { facts: { fstabByDeviceName: ["/dev/sdc1 /data"] } });
  const { result } = await playCapture(cloud, webCapture(cloud));
  const { checks } = result as { checks: readonly Check[] };
  expect(checks.map(({ id, verdict }) => [id, verdict])).toContainEqual(["fstab-names", "warn"]);
  expect(checks.some(({ verdict }) => verdict === "pass")).toBe(false);
});
