/** Whether an image fits where it is to go: everything that Azure would only say at the very end. */
import type { ImageTraits } from "./image.js";
import type { TargetFacts, TargetQuestion } from "./image-order.js";
import type { Check } from "./preflight.js";
import type { GalleryTarget } from "./target.js";
import type { PurchasePlan } from "./vm.js";

/** What stands at a target. */
export interface DefinitionFacts {
  /** The gallery of a gallery target, the resource group of a managed image. */
  readonly parentExists: boolean;
  /** The definition of a gallery target; the image itself of a managed image. */
  readonly exists: boolean;
  readonly definition?: {
    readonly osType: string;
    readonly osState: string;
    readonly generation: string;
    readonly architecture: string;
    /** Feature name → value, as in SecurityType → TrustedLaunchSupported. */
    readonly features: Readonly<Record<string, string>>;
    readonly plan?: PurchasePlan;
  };
  readonly versions: readonly string[];
  /** The version, or the managed image (without a version), that carries the asking run's tag. */
  readonly ours?: { readonly version?: string; readonly state: string };
}

const pass = (id: string, detail: string): Check => ({ id, verdict: "pass", detail });
const block = (id: string, detail: string, remedy: string): Check => ({
  id,
  verdict: "block",
  detail,
  remedy,
});

export function checkTargetFacts(question: TargetQuestion, facts: DefinitionFacts): TargetFacts {
  const { target } = question;
  if (target.kind === "managed-image")
    return {
      createDefinition: false,
      ...startedOf(facts),
      checks: [
        facts.exists && facts.ours === undefined
          ? block(
              "target-free",
              `There is an image ${target.imageId} already.`,
              "Name another image, or delete it.",
            )
          : pass("target-free", "The image's name is free."),
      ],
    };
  if (!facts.parentExists)
    return {
      createDefinition: false,
      checks: [
        block(
          "gallery-exists",
          `There is no gallery for ${target.definitionId}.`,
          "Create the gallery first.",
        ),
      ],
    };
  const { ours } = facts;
  const version = ours?.version ?? nextVersion(target.version, facts.versions);
  const createDefinition = !facts.exists && target.create !== undefined;
  return {
    version,
    ...startedOf(facts),
    createDefinition,
    checks: [
      definitionCheck(target, facts, createDefinition),
      ...fitChecks(question, facts),
      ours ? pass("version-free", `Version ${version} is this capture's own.`) : versionCheck(version, facts),
    ],
  };
}

const startedOf = ({ ours }: DefinitionFacts): Pick<TargetFacts, "started"> =>
  ours === undefined ? {} : { started: ours.state === "Failed" ? "broken" : "sound" };

function definitionCheck(target: GalleryTarget, facts: DefinitionFacts, willCreate: boolean): Check {
  if (facts.exists) return pass("definition-exists", "The image definition exists.");
  if (willCreate)
    return pass("definition-exists", "The image definition will be made from what the source is.");
  return block(
    "definition-exists",
    `There is no image definition ${target.definitionId}.`,
    'Create it, or give "create" with publisher, offer and sku to have it made.',
  );
}

function versionCheck(version: string, facts: DefinitionFacts): Check {
  return facts.versions.includes(version)
    ? block("version-free", `Version ${version} exists already.`, 'Name another version, or "next-patch".')
    : pass("version-free", `Version ${version} is free.`);
}

/** Source: troubleshooting-shared-images.md; a mismatch is otherwise refused when the version is made. */
function fitChecks({ traits, state }: TargetQuestion, { definition }: DefinitionFacts): Check[] {
  if (definition === undefined) return [];
  const wanted: [id: string, name: string, has: string, needs: string][] = [
    ["os-type-fits", "OS type", definition.osType, traits.osType],
    ["os-state-fits", "OS state", definition.osState.toLowerCase(), state],
    ["generation-fits", "Hyper-V generation", definition.generation, traits.generation],
    ["architecture-fits", "architecture", definition.architecture, traits.architecture],
  ];
  return [
    ...wanted.map(([id, name, has, needs]) =>
      has === needs
        ? pass(id, `The ${name} fits.`)
        : block(
            id,
            `The definition's ${name} is ${has}; the image's is ${needs}.`,
            "Name a definition that fits, or have one made.",
          ),
    ),
    ...featureChecks(traits, definition.features),
    planCheck(traits.plan, definition.plan),
  ];
}

const planName = ({ publisher, product, name }: PurchasePlan) => `${publisher}/${product}/${name}`;

/** Source: image-version.md; a VM of an image whose plan was lost is refused by the Marketplace. */
function planCheck(source: PurchasePlan | undefined, definition: PurchasePlan | undefined): Check {
  const id = "plan-fits";
  if (source === undefined && definition === undefined) return pass(id, "There is no purchase plan.");
  if (source === undefined)
    return {
      id,
      verdict: "warn",
      detail: "The definition has a purchase plan and the source has none: VMs of it would have to name one.",
      remedy: "Name a definition without a plan.",
    };
  return definition !== undefined && planName(source) === planName(definition)
    ? pass(id, `The purchase plan ${planName(source)} fits.`)
    : block(
        id,
        `The source's purchase plan is ${planName(source)}; the definition's is ${definition ? planName(definition) : "missing"}.`,
        "Name a definition with the source's plan, or have one made.",
      );
}

function featureChecks(traits: ImageTraits, features: Readonly<Record<string, string>>): Check[] {
  const security = features["SecurityType"] ?? "Standard";
  const trusted = traits.securityType === "TrustedLaunch";
  const controllers = features["DiskControllerTypes"] ?? "SCSI";
  const accelerated = features["IsAcceleratedNetworkSupported"] === "True";
  return [
    security === "TrustedLaunch" && traits.securityType === "Standard"
      ? block(
          "security-type-fits",
          "The definition takes Trusted Launch images only; the source is a Standard VM.",
          "Name another definition.",
        )
      : trusted && security === "Standard"
        ? block(
            "security-type-fits",
            "The source is a Trusted Launch VM and the definition has no SecurityType feature.",
            "Name a definition with SecurityType TrustedLaunch or TrustedLaunchSupported.",
          )
        : pass("security-type-fits", `Security type ${security}.`),
    traits.diskController === "NVMe" && !controllers.includes("NVMe")
      ? block(
          "disk-controller-fits",
          "The source uses NVMe; the definition is not marked for it.",
          "Name a definition with DiskControllerTypes SCSI,NVMe.",
        )
      : pass("disk-controller-fits", `Disk controllers ${controllers}.`),
    accelerated && !traits.acceleratedNetworking
      ? {
          id: "accelerated-networking-fits",
          verdict: "warn",
          detail: "The definition promises accelerated networking; the source does not use it.",
          remedy: "See that the image has the drivers.",
        }
      : pass("accelerated-networking-fits", "Accelerated networking fits."),
  ];
}

const numbers = (version: string) => version.split(".").map(Number) as [number, number, number];

/** The version asked for, or the next after the newest. The first is 1.0.0. */
export function nextVersion(wanted: string, existing: readonly string[]): string {
  if (!wanted.startsWith("next-")) return wanted;
  const newest = existing
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version))
    .map(numbers)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
    .at(-1);
  if (newest === undefined) return "1.0.0";
  const [major, minor, patch] = newest;
  if (wanted === "next-major") return `${major + 1}.0.0`;
  if (wanted === "next-minor") return `${major}.${minor + 1}.0`;
  return `${major}.${minor}.${patch + 1}`;
}
