/** The table of what around a source VM is in the way of a capture: one thing wrong a row. */
import { describe, expect, test } from "vitest";
import { checkAzure } from "../../../src/domain/azure-preflight.js";
import type { CheckVerdict } from "../../../src/domain/preflight.js";
import { abbreviateChecks } from "../../../src/domain/preflight.js";
import type {
  Cores,
  Known,
  Lock,
  SubnetFacts,
  SurveyAnswer,
  SurveySpec,
} from "../../../src/domain/survey.js";

const GROUP = "/subscriptions/s/resourceGroups/rg";
const VM = `${GROUP}/providers/Microsoft.Compute/virtualMachines/web`;
const DEFINITION = "/subscriptions/s/resourceGroups/img/providers/Microsoft.Compute/galleries/g/images";

const SUBNET = `${GROUP}/providers/Microsoft.Network/virtualNetworks/isolated/subnets/work`;

const gallery = {
  kind: "gallery" as const,
  definitionId: `${DEFINITION}/web`,
  version: "next-patch",
  regions: [],
  replicationMode: "Full" as const,
  excludeFromLatest: false,
};

const spec: SurveySpec = {
  sourceVmId: VM,
  workGroupId: "/subscriptions/s/resourceGroups/work",
  subnetIds: [SUBNET],
  mode: "clone",
  image: { kind: "vm-image", state: "generalized" },
  backup: { kind: "restore-point", keepDays: 7 },
  sourceAfter: "leave",
  testBoot: false,
  target: gallery,
  location: "westeurope",
  size: "Standard_D4s_v5",
  zones: [],
  resumed: false,
};
const locks = (found: Known<readonly Lock[]>, scope = "/subscriptions/s"): SurveyAnswer => ({
  ask: "locks",
  scope,
  locks: found,
});
const lock = (level: string, scope: string): SurveyAnswer[] => [
  locks({ known: [{ name: "keep", level, scope }] }),
];
const rights = (missing: Known<readonly string[]>): SurveyAnswer[] => [
  { ask: "rights", what: "make-scaffolding", scope: spec.workGroupId, missing },
];
const cores = (changed: Partial<Cores>): SurveyAnswer[] => [
  {
    ask: "cores",
    cores: {
      known: {
        needed: 4,
        size: "Standard_D4s_v5",
        family: "standardDSv5Family",
        regional: { used: 10, limit: 100 },
        ofFamily: { used: 2, limit: 10 },
        ...changed,
      },
    },
  },
];
const region = (name: string, offered: Known<true>): SurveyAnswer[] => [
  { ask: "region", region: name, offered },
];
const subnet = (found: Known<SubnetFacts | null>, subnetId = SUBNET): SurveyAnswer[] => [
  { ask: "subnet", subnetId, subnet: found },
];
const subnetAt = (location: string, freeAddresses = 10) => subnet({ known: { location, freeAddresses } });
const ELSEWHERE = { subnetIds: [SUBNET.replace("/s/", "/another/")] };
const NORTH = `${SUBNET}-north`;
const mayJoin = (scope: string, missing: readonly string[]): SurveyAnswer => ({
  ...{ ask: "rights", what: "join-the-subnet", scope },
  missing: { known: missing },
});
const forbidden = { forbidden: "AuthorizationFailed" };
const failed = { failed: "BadRequest" };
const absent = { absent: "There is no such group." };
const nameOf = (name: string) => ({
  target: { ...gallery, definitionId: `${DEFINITION}/${name}` },
});

type Row = readonly [
  why: string,
  id: string,
  verdict: CheckVerdict,
  answers: readonly SurveyAnswer[],
  spec?: Partial<SurveySpec>,
];
const rows: readonly Row[] = [
  ["nothing is locked", "locks", "pass", [locks({ known: [] })]],
  ["a read-only work group takes nothing", "locks", "block", lock("ReadOnly", spec.workGroupId)],
  [
    "what is made in a work group that may not be deleted from stays",
    "locks",
    "block",
    lock("CanNotDelete", spec.workGroupId.toUpperCase()),
  ],
  [
    "a lock on the subscription covers the work group",
    "locks",
    "block",
    lock("CanNotDelete", "/subscriptions/s"),
  ],
  [
    "a lock on another group whose name begins the same covers nothing",
    "locks",
    "pass",
    lock("ReadOnly", "/subscriptions/s/resourceGroups/wo"),
  ],
  ["a clone only reads its source", "locks", "pass", lock("ReadOnly", VM)],
  [
    "in place, a read-only source cannot be generalized",
    "locks",
    "block",
    lock("ReadOnly", VM),
    { mode: "in-place" },
  ],
  [
    "in place, a source that may not be deleted is left",
    "locks",
    "pass",
    lock("CanNotDelete", VM),
    { mode: "in-place" },
  ],
  [
    "in place, a source that may not be deleted cannot be",
    "locks",
    "block",
    lock("CanNotDelete", VM),
    { mode: "in-place", sourceAfter: "delete" },
  ],
  ["nor replaced", "locks", "block", lock("CanNotDelete", VM), { mode: "in-place", sourceAfter: "restore" }],
  [
    "a target that takes nothing gets no image",
    "locks",
    "block",
    lock("ReadOnly", DEFINITION.slice(0, -"/images".length)),
  ],
  [
    "at a target that may not be deleted from, what fails stays",
    "locks",
    "warn",
    lock("CanNotDelete", "/subscriptions/s/resourceGroups/img"),
  ],
  ["locks that may not be read are not known", "locks", "unknown", [locks(forbidden)]],
  ["nor those that could not be", "locks", "unknown", [locks(failed)]],
  ["a group that is not there holds none", "locks", "pass", [locks(absent)]],
  [
    "where the subscription's may not be read, those of a group still count",
    "locks",
    "block",
    [locks(forbidden), ...lock("ReadOnly", spec.workGroupId)],
  ],
  [
    "and where none of them is in the way, one of the subscription may be",
    "locks",
    "unknown",
    [locks(forbidden), locks({ known: [] }, spec.workGroupId)],
  ],
  [
    "an action that no role allows",
    "may-make-scaffolding",
    "block",
    rights({ known: ["Microsoft.Compute/disks/write"] }),
  ],
  ["roles that allow everything", "may-make-scaffolding", "pass", rights({ known: [] })],
  ["roles that may not be read say nothing", "may-make-scaffolding", "unknown", rights(forbidden)],
  ["roles that could not be read say nothing", "may-make-scaffolding", "unknown", rights(failed)],
  ["nothing is made in a group that is not there", "may-make-scaffolding", "block", rights(absent)],
  [
    "what an earlier run removed needs no rights",
    "may-make-scaffolding",
    "unknown",
    rights(absent),
    { resumed: true },
  ],
  ["the subnet is in the VM's region", "subnet", "pass", subnetAt("westeurope")],
  ["the region is written as people write it", "subnet", "pass", subnetAt("West Europe")],
  ["the subnet is in another region", "subnet", "block", subnetAt("northeurope")],
  ["the subnet is in another subscription", "subnet", "block", subnetAt("westeurope"), ELSEWHERE],
  ["that is seen without reading it", "subnet", "block", subnet(forbidden), ELSEWHERE],
  ["the subnet is not there", "subnet", "block", subnet({ known: null })],
  ["the subnet may not be read", "subnet", "unknown", subnet(forbidden)],
  ["the subnet is full", "subnet", "block", subnetAt("westeurope", 0)],
  [
    "a full subnet holds the resumed run's VM",
    "subnet",
    "pass",
    subnetAt("westeurope", 0),
    { resumed: true },
  ],
  ["no subnet is configured", "subnet", "block", [], { subnetIds: [] }],
  [
    "one of two may not be read, the other is in the region",
    "subnet",
    "pass",
    [...subnet(forbidden, NORTH), ...subnetAt("West Europe")],
    { subnetIds: [NORTH, SUBNET] },
  ],
  [
    "one of two may not be read, and the other is elsewhere",
    "subnet",
    "unknown",
    [...subnetAt("northeurope"), ...subnet(forbidden, NORTH)],
    { subnetIds: [NORTH, SUBNET] },
  ],
  [
    "the subnet that is taken may not be joined",
    "may-join-the-subnet",
    "block",
    [...subnetAt("westeurope"), mayJoin(NORTH, []), mayJoin(SUBNET, ["join"])],
    { subnetIds: [NORTH, SUBNET] },
  ],
  [
    "a subnet that is not taken may not be joined",
    "may-join-the-subnet",
    "pass",
    [...subnetAt("westeurope"), mayJoin(NORTH, ["join"]), mayJoin(SUBNET, [])],
    { subnetIds: [NORTH, SUBNET] },
  ],
  ["the last address is one", "subnet", "pass", subnetAt("westeurope", 1)],
  [
    "the image is booted while the working VM still stands",
    "subnet",
    "block",
    subnetAt("westeurope", 1),
    { testBoot: true },
  ],
  ["enough cores are free", "cores", "pass", cores({})],
  ["exactly enough cores are free", "cores", "pass", cores({ ofFamily: { used: 6, limit: 10 } })],
  ["the family has one core too few", "cores", "block", cores({ ofFamily: { used: 7, limit: 10 } })],
  [
    "the size is closed to the subscription",
    "cores",
    "block",
    cores({ closed: "NotAvailableForSubscription" }),
  ],
  ["the region has too few", "cores", "block", cores({ regional: { used: 97, limit: 100 } })],
  ["nothing is told of the family", "cores", "unknown", cores({ ofFamily: undefined })],
  [
    "nothing is told of the region, and the family has enough",
    "cores",
    "pass",
    cores({ regional: undefined }),
  ],
  ["quotas may not be read", "cores", "unknown", [{ ask: "cores", cores: forbidden }]],
  ["a region is there", "region-westeurope", "pass", region("westeurope", { known: true })],
  ["a region is not, by its display name", "region-westmars", "block", region("West Mars", failed)],
  ["a region may not be asked", "region-westeurope", "unknown", region("westeurope", forbidden)],
  ["a definition's name is legal", "names", "pass", []],
  ["a definition's name is too long", "names", "block", [], nameOf("x".repeat(81))],
  ["a definition's name ends in a full stop", "names", "block", [], nameOf("web.")],
  [
    "a managed image's name begins with a hyphen",
    "names",
    "block",
    [],
    { target: { kind: "managed-image", imageId: `${GROUP}/providers/Microsoft.Compute/images/-web` } },
  ],
];

describe("what lies around a source VM", () => {
  const named = rows.map(([why, id, verdict, answers, asked]) => ({ why, id, verdict, answers, asked }));
  test.each(named)("$why: $id is $verdict", ({ id, verdict, answers, asked }) => {
    const checks = checkAzure({ ...spec, ...asked }, answers);
    const check = checks.find((one) => one.id === id);
    expect(check?.verdict).toBe(verdict);
    if (verdict !== "pass") expect(check?.remedy).toMatch(/\w/);
  });
});

describe("a report of a limited length", () => {
  const checks = Array.from({ length: 60 }, (_, index) => ({
    id: `check-${index}`,
    verdict: (["pass", "warn", "block", "unknown"] as const)[index % 4]!,
    detail: "d".repeat(900),
    remedy: "r".repeat(900),
  }));

  test("begins with what blocks, never exceeds its limit, and counts what is not shown", () => {
    for (const limit of [200, 1000, 4000, 20_000]) {
      const shown = abbreviateChecks(checks, limit);
      expect(JSON.stringify(shown).length).toBeLessThanOrEqual(limit);
      const last = shown.at(-1)!;
      if (last.id === "more") expect(Number.parseInt(last.detail)).toBe(checks.length - (shown.length - 1));
      else expect(shown).toHaveLength(checks.length);
    }
    expect(abbreviateChecks(checks, 20_000)[0]).toMatchObject({ verdict: "block" });
  });
});
