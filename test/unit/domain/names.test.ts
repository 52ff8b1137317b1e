import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captureNames, nameFrom, runIdFrom } from "../../../src/domain/names.js";
import { isResourceOfType, parseResourceId } from "../../../src/domain/resource-id.js";
import { vCpusOf } from "../../../src/domain/vm.js";
import { nextPollSeconds } from "../../../src/domain/polling.js";
import { windowsVm } from "../../support/capture-world.js";

describe("a name made from any text", () => {
  test("is a legal part of a resource name, and the same text gives the same name", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), (text) => {
        const name = nameFrom(text);
        expect(name).toMatch(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/);
        expect(nameFrom(text)).toBe(name);
      }),
    );
  });

  const apart: readonly (readonly [why: string, a: string, b: string])[] = [
    ["texts that are cut at the same place", `${"x".repeat(60)}1`, `${"x".repeat(60)}2`],
    ["texts that differ in what a name cannot hold", "a/b", "a b"],
    ["texts that differ in case, which Azure does not see", "Run", "run"],
  ];
  test.each(apart)("tells apart %s", (_why, a, b) => expect(nameFrom(a)).not.toBe(nameFrom(b)));

  test("leaves alone what is a name already", () => expect(nameFrom("run-2026-01")).toBe("run-2026-01"));
});

test("a run is found by what it was called, and by the id it got", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 200 }), (called) => {
      const id = runIdFrom(called);
      expect(runIdFrom(id)).toBe(id);
      expect(id.length).toBeLessThanOrEqual(64);
    }),
  );
  expect(runIdFrom("Web_01")).toBe(runIdFrom("Web_01"));
});

test("everything a capture makes has an id of its own", () => {
  const names = captureNames("run-1", windowsVm);
  const luns = [-1, 0, 3, 7];
  const ids = [
    names.restorePointId,
    names.workingVmId,
    ...luns.flatMap((lun) => [names.diskId(lun), names.snapshotId(lun)]),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(parseResourceId(id)).toBeDefined();
});

describe("a resource id", () => {
  const wrong: readonly (readonly [why: string, id: string])[] = [
    ["is no path", "web-01"],
    [
      "has a type without a name",
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines",
    ],
    [
      "climbs out of its place",
      "/subscriptions/s/resourceGroups/../providers/Microsoft.Compute/virtualMachines/x",
    ],
    [
      "carries a query",
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/x?y=1",
    ],
    [
      "carries an escape",
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/x%2f",
    ],
    ["is of another type", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/x"],
  ];
  test.each(wrong)("that %s is not taken for a VM's", (_why, id) => {
    expect(isResourceOfType(id, "Microsoft.Compute", "virtualMachines")).toBe(false);
  });
  test("compares without case, as Azure does", () => {
    const id = "/SUBSCRIPTIONS/s/RESOURCEGROUPS/G/providers/microsoft.compute/VIRTUALMACHINES/x";
    expect(isResourceOfType(id, "Microsoft.Compute", "virtualMachines")).toBe(true);
  });
});

test.each([
  ["Standard_D2s_v5", 2],
  ["Standard_E16-4ads_v5", 16],
  ["Standard_B1ms", 1],
  ["", 1],
] as const)("the size %s has %i vCPUs", (size, count) => expect(vCpusOf(size)).toBe(count));

test("a sleep between questions grows with the wait, between bounds", () => {
  expect(nextPollSeconds(0)).toBe(5);
  expect(nextPollSeconds(1200)).toBe(120);
  expect(nextPollSeconds(1_000_000)).toBe(600);
});
