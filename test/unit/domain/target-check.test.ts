import { describe, expect, test } from "vitest";
import { blocking } from "../../../src/domain/preflight.js";
import type { DefinitionFacts } from "../../../src/domain/target-check.js";
import { checkTargetFacts, nextVersion } from "../../../src/domain/target-check.js";
import { traitsOf } from "../../../src/domain/image.js";
import type { TargetQuestion } from "../../../src/domain/image-order.js";
import { target } from "../../../src/contracts/target.js";
import { GROUP, windowsVm } from "../../support/capture-world.js";

describe("the next version", () => {
  const rows: readonly (readonly [why: string, wanted: string, existing: string[], next: string])[] = [
    ["nothing exists yet", "next-patch", [], "1.0.0"],
    ["versions compare by number, not by text", "next-patch", ["1.0.9", "1.0.10"], "1.0.11"],
    ["a patch counts on from the newest, whatever was made last", "next-patch", ["2.0.0", "1.9.9"], "2.0.1"],
    ["a minor starts its patches anew", "next-minor", ["1.2.3"], "1.3.0"],
    ["a major starts both anew", "next-major", ["1.2.3"], "2.0.0"],
    ["a named version is taken as it is", "4.5.6", ["9.0.0"], "4.5.6"],
    ["names that are no versions do not count", "next-patch", ["latest", "1.0"], "1.0.0"],
  ];
  test.each(rows)("%s", (_why, wanted, existing, next) => expect(nextVersion(wanted, existing)).toBe(next));
});

const question = (change: Partial<TargetQuestion["traits"]> = {}, extra: object = {}): TargetQuestion => ({
  target: target.parse({ kind: "gallery", definitionId: `${GROUP}/galleries/g/images/web`, ...extra }),
  state: "generalized",
  location: "westeurope",
  traits: { ...traitsOf(windowsVm), ...change },
});

const PLAN = { publisher: "p", product: "o", name: "s" };
const fits: DefinitionFacts = {
  parentExists: true,
  exists: true,
  versions: [],
  definition: {
    osType: "Windows",
    osState: "Generalized",
    generation: "V2",
    architecture: "x64",
    features: {},
  },
};
const definition = (change: Partial<NonNullable<DefinitionFacts["definition"]>>): DefinitionFacts => ({
  ...fits,
  definition: { ...(fits.definition as NonNullable<DefinitionFacts["definition"]>), ...change },
});

describe("a target is refused before anything is made when", () => {
  const rows: readonly (readonly [
    why: string,
    asked: TargetQuestion,
    facts: DefinitionFacts,
    check: string,
  ])[] = [
    [
      "there is no gallery",
      question(),
      { parentExists: false, exists: false, versions: [] },
      "gallery-exists",
    ],
    [
      "there is no definition and none is to be made",
      question(),
      { parentExists: true, exists: false, versions: [] },
      "definition-exists",
    ],
    [
      "the version exists",
      question({}, { version: "1.0.0" }),
      { ...fits, versions: ["1.0.0"] },
      "version-free",
    ],
    ["the OS type differs", question(), definition({ osType: "Linux" }), "os-type-fits"],
    [
      "the definition is for specialized images",
      question(),
      definition({ osState: "Specialized" }),
      "os-state-fits",
    ],
    ["the generation differs", question(), definition({ generation: "V1" }), "generation-fits"],
    ["the architecture differs", question(), definition({ architecture: "Arm64" }), "architecture-fits"],
    [
      "the definition takes Trusted Launch alone",
      question(),
      definition({ features: { SecurityType: "TrustedLaunch" } }),
      "security-type-fits",
    ],
    [
      "the source is Trusted Launch and the definition does not say so",
      question({ securityType: "TrustedLaunch" }),
      fits,
      "security-type-fits",
    ],
    [
      "the definition takes confidential VMs alone",
      question(),
      definition({ features: { SecurityType: "ConfidentialVM" } }),
      "security-type-fits",
    ],
    [
      "the source is Trusted Launch and the definition takes standard and confidential ones",
      question({ securityType: "TrustedLaunch" }),
      definition({ features: { SecurityType: "ConfidentialVmSupported" } }),
      "security-type-fits",
    ],
    [
      "the source uses NVMe and the definition is not marked for it",
      question({ diskController: "NVMe" }),
      fits,
      "disk-controller-fits",
    ],
    ["the source has a plan and the definition has none", question({ plan: PLAN }), fits, "plan-fits"],
    [
      "the plans differ",
      question({ plan: PLAN }),
      definition({ plan: { ...PLAN, name: "other" } }),
      "plan-fits",
    ],
  ];
  test.each(rows)("%s", (_why, asked, facts, check) => {
    const blocks = blocking(checkTargetFacts(asked, facts).checks);
    expect(blocks.map(({ id }) => id)).toEqual([check]);
    expect(blocks[0]?.remedy).toBeTruthy();
  });

  test("a managed image of that name exists", () => {
    const asked = {
      ...question(),
      target: target.parse({ kind: "managed-image", imageId: `${GROUP}/images/web` }),
    };
    expect(blocking(checkTargetFacts(asked, { ...fits, exists: true }).checks).map(({ id }) => id)).toEqual([
      "target-free",
    ]);
  });
});

test("a definition that is missing is made when the request says how", () => {
  const create = { publisher: "p", offer: "o", sku: "s" };
  const facts = checkTargetFacts(question({}, { create }), {
    parentExists: true,
    exists: false,
    versions: [],
  });
  expect(facts).toMatchObject({ createDefinition: true, version: "1.0.0" });
  expect(blocking(facts.checks)).toEqual([]);
});

test("a definition that fits blocks nothing", () => {
  expect(blocking(checkTargetFacts(question(), fits).checks)).toEqual([]);
  const withPlan = checkTargetFacts(question({ plan: PLAN }), definition({ plan: PLAN }));
  expect(blocking(withPlan.checks)).toEqual([]);
});
