/** Whether an image fits its target: everything that Azure would report only at the very end. */
import type { ImageTraits } from "./image.js";
import { judgeKeys } from "./image-keys.js";
import type { TargetFacts, TargetQuestion } from "./image-order.js";
import type { Check, Finding } from "./preflight.js";
import { block, pass, warn } from "./preflight.js";
import type { GalleryTarget, ManagedImageTarget } from "./target.js";
import type { PurchasePlan } from "./vm.js";

/** What exists at a target. */
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

export function checkTargetFacts(question: TargetQuestion, facts: DefinitionFacts): TargetFacts {
  const { target } = question;
  if (target.kind === "managed-image")
    return {
      createDefinition: false,
      ...earlierImageOf(facts),
      checks: [
        { id: "target-free", ...freeFinding(target, facts) },
        { id: "keys-fit", ...judgeKeys(question) },
      ],
    };
  if (!facts.parentExists)
    return {
      createDefinition: false,
      checks: [
        {
          id: "gallery-exists",
          ...block(`The gallery of ${target.definitionId} does not exist.`, "Create the gallery first."),
        },
      ],
    };
  const version = facts.ours?.version ?? nextVersion(target.version, facts.versions);
  const createDefinition = !facts.exists && target.create !== undefined;
  return {
    version,
    ...earlierImageOf(facts),
    createDefinition,
    checks: [
      { id: "definition-exists", ...definitionFinding(target, facts) },
      ...fitChecks(question, facts),
      { id: "keys-fit", ...judgeKeys(question) },
      { id: "version-free", ...versionFinding(version, facts) },
    ],
  };
}

const earlierImageOf = ({ ours }: DefinitionFacts): Pick<TargetFacts, "earlierImage"> =>
  ours === undefined ? {} : { earlierImage: ours.state === "Failed" ? "broken" : "sound" };

const freeFinding = ({ imageId }: ManagedImageTarget, { exists, ours }: DefinitionFacts): Finding =>
  exists && ours === undefined
    ? block(`The image ${imageId} already exists.`, "Specify another image, or delete it.")
    : pass("The image's name is free.");

function definitionFinding({ definitionId, create }: GalleryTarget, { exists }: DefinitionFacts): Finding {
  if (exists) return pass("The image definition exists.");
  return create === undefined
    ? block(
        `The image definition ${definitionId} does not exist.`,
        'Create it, or add "create" with publisher, offer and sku to have it created.',
      )
    : pass("The image definition will be created to match the source.");
}

function versionFinding(version: string, { versions, ours }: DefinitionFacts): Finding {
  if (ours !== undefined) return pass(`Version ${version} was created by this capture.`);
  return versions.includes(version)
    ? block(`Version ${version} already exists.`, 'Specify another version, or "next-patch".')
    : pass(`Version ${version} is free.`);
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
  const { features, plan } = definition;
  return [
    ...wanted.map(([id, name, has, needs]) => ({
      id,
      ...(has === needs
        ? pass(`The ${name} matches.`)
        : block(
            `The definition's ${name} is ${has}; the image's is ${needs}.`,
            "Specify a matching definition, or have one created.",
          )),
    })),
    {
      id: "security-type-fits",
      ...securityFinding(traits, features["SecurityType"]?.replace(/^None$/i, "Standard")),
    },
    { id: "disk-controller-fits", ...controllerFinding(traits, features["DiskControllerTypes"]) },
    {
      id: "accelerated-networking-fits",
      ...acceleratedFinding(traits, features["IsAcceleratedNetworkSupported"]),
    },
    { id: "plan-fits", ...planFinding(traits, plan) },
  ];
}

const BOTH = ["TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported"];
/** Which security types of a definition take which source (Microsoft, "Trusted Launch for Azure virtual machines"). */
const TAKEN_BY: Readonly<Record<ImageTraits["securityType"], readonly string[]>> = {
  Standard: ["Standard", ...BOTH, "ConfidentialVmSupported"],
  TrustedLaunch: ["TrustedLaunch", ...BOTH],
  TrustedLaunchSupported: ["Standard", "TrustedLaunch", ...BOTH, "ConfidentialVmSupported"],
};

function securityFinding({ securityType }: ImageTraits, defined = "Standard"): Finding {
  const taking = TAKEN_BY[securityType];
  return taking.some((one) => one.toLowerCase() === defined.toLowerCase())
    ? pass(`Security type ${defined}.`)
    : block(
        `The definition's security type is ${defined}; the source's is ${securityType}.`,
        `Specify a definition with SecurityType ${taking.join(", ")}, or have one created.`,
      );
}

const controllerFinding = ({ diskController }: ImageTraits, controllers = "SCSI"): Finding =>
  diskController === "NVMe" && !controllers.includes("NVMe")
    ? block(
        "The source uses NVMe; the definition does not declare support for it.",
        "Specify a definition with DiskControllerTypes SCSI,NVMe.",
      )
    : pass(`Disk controllers ${controllers}.`);

const acceleratedFinding = ({ acceleratedNetworking }: ImageTraits, promised = "False"): Finding =>
  promised === "True" && !acceleratedNetworking
    ? warn(
        "The definition declares accelerated networking; the source does not use it.",
        "Make sure that the image contains the drivers.",
      )
    : pass("Accelerated networking matches.");

const planName = ({ publisher, product, name }: PurchasePlan) => `${publisher}/${product}/${name}`;

/** Source: image-version.md; a VM of an image whose plan was lost is refused by the Marketplace. */
function planFinding({ plan }: ImageTraits, defined: PurchasePlan | undefined): Finding {
  if (plan === undefined)
    return defined === undefined
      ? pass("There is no purchase plan.")
      : warn(
          "The definition has a purchase plan and the source has none: VMs made from the image would have to specify one.",
          "Specify a definition without a plan.",
        );
  return defined !== undefined && planName(plan) === planName(defined)
    ? pass(`The purchase plan ${planName(plan)} matches.`)
    : block(
        `The source's purchase plan is ${planName(plan)}; the definition's is ${defined ? planName(defined) : "missing"}.`,
        "Specify a definition with the source's plan, or have one created.",
      );
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
