/** What a capture must be allowed to do, and how that is found in what Azure's roles allow. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { VmCaptureSpec, Permission } from "../../../src/domain/rights.js";
import { missingRights, neededRights } from "../../../src/domain/rights.js";

const GROUP = "/subscriptions/s/resourceGroups/rg";
const spec: VmCaptureSpec = {
  sourceVmId: `${GROUP}/providers/Microsoft.Compute/virtualMachines/web`,
  workGroupId: "/subscriptions/s/resourceGroups/work",
  subnetIds: [`${GROUP}/providers/Microsoft.Network/virtualNetworks/isolated/subnets/work`],
  mode: "clone",
  image: { kind: "vm-image", state: "generalized" },
  backup: { kind: "restore-point", keepDays: 7 },
  sourceAfter: "leave",
  testBoot: false,
  target: {
    kind: "gallery",
    definitionId: "/subscriptions/s/resourceGroups/img/providers/Microsoft.Compute/galleries/g/images/web",
    version: "next-patch",
    regions: [],
    replicationMode: "Full",
    excludeFromLatest: false,
  },
};
const role = (actions: readonly string[], notActions: readonly string[] = []): Permission => ({
  actions,
  notActions,
});
const WRITE = "Microsoft.Compute/disks/write";

describe("an action is allowed", () => {
  const rows: readonly (readonly [why: string, allowed: boolean, roles: readonly Permission[]])[] = [
    ["by its name", true, [role([WRITE])]],
    ["by its name in another case", true, [role(["microsoft.compute/DISKS/write"])]],
    ["by everything", true, [role(["*"])]],
    ["by everything of the provider", true, [role(["Microsoft.Compute/*"])]],
    ["by every write", true, [role(["*/write"])]],
    ["by one role of two", true, [role(["*/read"]), role(["Microsoft.Compute/disks/*"])]],
    ["by one role although another leaves it out", true, [role(["*"], [WRITE]), role([WRITE])]],
    ["not by a role that leaves it out", false, [role(["*"], ["Microsoft.Compute/*/write"])]],
    ["not by another verb", false, [role(["Microsoft.Compute/disks/read"])]],
    ["not by a longer action", false, [role([`${WRITE}/action`])]],
    ["not where a full stop stands for another character", false, [role(["MicrosoftXCompute/disks/write"])]],
    ["not by no role", false, []],
  ];
  test.each(rows)("%s", (_, allowed, roles) =>
    expect(missingRights(roles, [WRITE])).toEqual(allowed ? [] : [WRITE]),
  );
});

describe("what a capture takes", () => {
  const variants: readonly (readonly [string, Partial<VmCaptureSpec>])[] = [
    ["by clone", {}],
    [
      "specialized, from snapshots",
      { image: { kind: "os-image", state: "specialized" }, backup: { kind: "snapshots", keepDays: 1 } },
    ],
    ["in place, left", { mode: "in-place" }],
    ["in place, with a test boot", { mode: "in-place", testBoot: true }],
    ["in place, restored", { mode: "in-place", sourceAfter: "restore" }],
    ["in place, deleted", { mode: "in-place", sourceAfter: "delete" }],
    [
      "to a definition that is made",
      {
        target: {
          ...spec.target,
          create: { publisher: "p", offer: "o", sku: "s" },
        } as VmCaptureSpec["target"],
      },
    ],
    [
      "to a managed image",
      { target: { kind: "managed-image", imageId: `${GROUP}/providers/Microsoft.Compute/images/web` } },
    ],
  ];
  const granted = [
    ...readFileSync("infra/modules/pipeline-role.bicep", "utf8").matchAll(/^ +'(Microsoft[^']+)'$/gm),
  ].map(([, action = ""]) => action);

  test.each(variants)("%s is what the role of infra/ allows", (_, change) => {
    for (const { scope, actions } of neededRights({ ...spec, ...change })) {
      expect(scope).toMatch(/^\/subscriptions\//);
      expect(missingRights([role(granted)], actions)).toEqual([]);
    }
  });

  test("by clone changes nothing of the source", () => {
    const source = neededRights(spec).find(({ what }) => what === "use-the-source");
    expect(source?.actions).toEqual(["Microsoft.Compute/virtualMachines/read"]);
  });

  test("joins no subnet where no VM is made", () => {
    const whats = (change: Partial<VmCaptureSpec>) =>
      neededRights({ ...spec, ...change }).map(({ what }) => what);
    expect(whats({})).toContain("join-the-subnet");
    expect(whats({ mode: "in-place" })).not.toContain("join-the-subnet");
    expect(whats({ mode: "in-place", testBoot: true })).toContain("join-the-subnet");
    expect(whats({ image: { kind: "vm-image", state: "specialized" } })).not.toContain("join-the-subnet");
  });
});
