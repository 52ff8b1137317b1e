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

export interface Surroundings {
  readonly runId: string;
  /** The dropped file's name without its ending. */
  readonly stem: string;
  readonly location: string;
  readonly defaultTarget: DefaultTarget;
}

export function imageFrom(
  osDisk: DiskReport,
  description: ImageDescription,
  surroundings: Surroundings,
): Done<ImageDecision> | Refusal {
  const target = description.target ?? defaultTarget(surroundings);
  const { os } = description;
  const osType = os.type ?? known(osDisk.osFamily);
  if (osType === undefined)
    return undecided("which operating system the disk holds", '"os": {"type": "Linux"} (or "Windows")');
  // A disk that boots both ways boots everywhere as generation 2, and only so with secure boot and vTPM.
  const seen = osDisk.generation === "both" ? "V2" : known(osDisk.generation);
  const generation = os.generation ?? seen;
  if (generation === undefined)
    return undecided(
      "whether the disk boots by BIOS or UEFI",
      '"os": {"generation": "V1"} (BIOS) or "V2" (UEFI)',
    );
  const trusted =
    os.trustedLaunch ?? (target.kind === "gallery" && generation === "V2" && osDisk.secureBootSigned);
  return done({
    target,
    state:
      description.state ??
      (osDisk.generalized === "no" && target.kind === "gallery" ? "specialized" : "generalized"),
    location: description.location ?? surroundings.location,
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

const known = <T extends string>(value: T | "unknown"): Exclude<T, "unknown"> | undefined =>
  value === "unknown" ? undefined : (value as Exclude<T, "unknown">);

const undecided = (what: string, say: string) =>
  refused(
    "DISK_NOT_RECOGNIZED",
    `Nothing in the disk shows ${what}.`,
    `Say it in a description beside the file (name.image.json): {${say}}, then drop that.`,
  );

function defaultTarget({ defaultTarget: standard, stem, runId }: Surroundings): Target {
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
