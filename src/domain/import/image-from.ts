/** What image becomes of dropped disks: first what its description says, then what the doctor saw, then the settings. */
import type { ImageTraits } from "../image.js";
import { nameFrom } from "../names.js";
import { done, refused, type Done, type Refusal } from "../outcome.js";
import type { Target } from "../target.js";
import type { DiskReport, ImageDescription } from "./import-plan.js";

/** Where an image goes when nobody says: a managed image per content, or a definition per file name. */
export type DefaultTarget =
  | { readonly kind: "managed-image"; readonly resourceGroupId: string }
  | { readonly kind: "gallery"; readonly galleryId: string; readonly publisher: string };

export interface ImageDecision {
  readonly target: Target;
  readonly state: "generalized" | "specialized";
  readonly location: string;
  readonly traits: ImageTraits;
}

/** What goes for whatever neither the description nor the disk says. */
export interface ImageDefaults {
  readonly runId: string;
  /** The dropped file's name without its ending. */
  readonly stem: string;
  readonly location: string;
  readonly defaultTarget: DefaultTarget;
}

export function imageFrom(
  osDisk: DiskReport,
  description: ImageDescription,
  defaults: ImageDefaults,
): Done<ImageDecision> | Refusal {
  const target = description.target ?? defaultTarget(defaults);
  const { os } = description;
  const osType = os.type ?? known(osDisk.osFamily);
  if (osType === undefined)
    return undecided(
      "which operating system the disk contains",
      '{"os": {"type": "Linux"}} or {"os": {"type": "Windows"}}',
    );
  // A disk that boots both ways boots everywhere as generation 2, and only so with secure boot and vTPM.
  const seen = osDisk.generation === "both" ? "V2" : known(osDisk.generation);
  const generation = os.generation ?? seen;
  if (generation === undefined)
    return undecided(
      "whether the disk boots by BIOS or UEFI",
      '{"os": {"generation": "V1"}} for BIOS or {"os": {"generation": "V2"}} for UEFI',
    );
  if (description.state === "specialized" && target.kind === "managed-image") return noSuchImage;
  const state = stateOf(osDisk, description, target);
  if (state === undefined) return notGeneralized(osDisk);
  const trusted =
    os.trustedLaunch ?? (target.kind === "gallery" && generation === "V2" && osDisk.secureBootSigned);
  return done({
    target,
    state,
    location: description.location ?? defaults.location,
    traits: {
      osType,
      generation,
      architecture: os.architecture ?? known(osDisk.architecture) ?? "x64",
      securityType: trusted ? "TrustedLaunchSupported" : "Standard",
      diskController: os.diskController,
      acceleratedNetworking: os.acceleratedNetworking,
    },
  });
}

/** A gallery takes a disk with its identity for what it is; a managed image would pass it off as generalized. */
function stateOf(
  { generalized }: DiskReport,
  { state }: ImageDescription,
  target: Target,
): ImageDecision["state"] | undefined {
  if (state !== undefined) return state;
  if (generalized !== "no") return "generalized";
  return target.kind === "gallery" ? "specialized" : undefined;
}

const noSuchImage = refused(
  "TARGET_MISMATCH",
  "The description requests a specialized image, but its target is a managed image, which is always generalized.",
  "Use a gallery image definition as the target, or leave out the state.",
);

const notGeneralized = ({ osFamily, codes }: DiskReport) =>
  refused(
    "DISK_NOT_GENERALIZED",
    `The disk still contains the identity of the machine that it was taken from (${codes.join(", ")}); a managed image must be generalized.`,
    `Generalize it (${osFamily === "Windows" ? "sysprep /generalize /oobe" : "waagent -deprovision+user"}) and drop it again; or use a gallery as the target, for a specialized image; or, if the disk is fine as it is, state so in a description beside it (name.image.json): {"state": "generalized"}, then drop the description.`,
  );

const known = <T extends string>(value: T | "unknown"): Exclude<T, "unknown"> | undefined =>
  value === "unknown" ? undefined : (value as Exclude<T, "unknown">);

const undecided = (what: string, say: string) =>
  refused(
    "DISK_NOT_RECOGNIZED",
    `The disk does not show ${what}.`,
    `State it in a description beside the file (name.image.json): ${say}; then drop the description.`,
  );

function defaultTarget({ defaultTarget: standard, stem, runId }: ImageDefaults): Target {
  if (standard.kind === "managed-image")
    // The run's id makes the name: another content of the same file is another image.
    return {
      kind: "managed-image",
      imageId: `${standard.resourceGroupId}/providers/Microsoft.Compute/images/${runId}`,
    };
  const name = nameFrom(stem, 60) || "image";
  return {
    kind: "gallery",
    definitionId: `${standard.galleryId}/images/${name}`,
    version: "next-patch",
    regions: [],
    replicationMode: "Full",
    excludeFromLatest: false,
    create: { publisher: standard.publisher, offer: "imported", sku: name },
  };
}
