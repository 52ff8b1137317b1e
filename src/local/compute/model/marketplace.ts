/** A handful of Marketplace images, enough to make a VM of each family and to look at lists of their real form. */
import type { GuestPatch } from "../guests/guest.js";
import { ArmError } from "./errors.js";
import { type Call, found, type Outcome } from "./world.js";

export interface Offer {
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
  readonly versions: readonly string[];
  readonly osType: "Linux" | "Windows";
  readonly generation: "V1" | "V2";
  readonly sizeGb: number;
  readonly guest: GuestPatch;
}

const linux = (
  distribution: string,
  version: string,
  family: "debian" | "rhel" | "suse" | "azurelinux",
): GuestPatch => ({
  osName: distribution,
  osVersion: version,
  facts: { distribution, version, family, users: [] },
});
const windows = (productName: string, build: string): GuestPatch => ({
  osName: productName,
  osVersion: `10.0.${build}`,
  facts: { productName, build },
});

/** Versions oldest first. */
export const OFFERS: readonly Offer[] = [
  {
    publisher: "Canonical",
    offer: "ubuntu-24_04-lts",
    sku: "server",
    versions: ["24.04.202408260", "24.04.202505010"],
    osType: "Linux",
    generation: "V2",
    sizeGb: 30,
    guest: linux("ubuntu", "24.04", "debian"),
  },
  {
    publisher: "Canonical",
    offer: "0001-com-ubuntu-server-jammy",
    sku: "22_04-lts-gen2",
    versions: ["22.04.202408200"],
    osType: "Linux",
    generation: "V2",
    sizeGb: 30,
    guest: linux("ubuntu", "22.04", "debian"),
  },
  {
    publisher: "Debian",
    offer: "debian-12",
    sku: "12-gen2",
    versions: ["0.20240806.1830"],
    osType: "Linux",
    generation: "V2",
    sizeGb: 30,
    guest: linux("debian", "12", "debian"),
  },
  {
    publisher: "RedHat",
    offer: "RHEL",
    sku: "9-lvm-gen2",
    versions: ["9.4.2024081415"],
    osType: "Linux",
    generation: "V2",
    sizeGb: 64,
    guest: linux("rhel", "9.4", "rhel"),
  },
  {
    publisher: "SUSE",
    offer: "sles-15-sp6",
    sku: "gen2",
    versions: ["2024.08.21"],
    osType: "Linux",
    generation: "V2",
    sizeGb: 30,
    guest: linux("sles", "15.6", "suse"),
  },
  {
    publisher: "MicrosoftCBLMariner",
    offer: "azure-linux-3",
    sku: "azure-linux-3-gen2",
    versions: ["3.20240824.01"],
    osType: "Linux",
    generation: "V2",
    sizeGb: 30,
    guest: linux("azurelinux", "3.0", "azurelinux"),
  },
  {
    publisher: "MicrosoftWindowsServer",
    offer: "WindowsServer",
    sku: "2022-datacenter-g2",
    versions: ["20348.2655.240810"],
    osType: "Windows",
    generation: "V2",
    sizeGb: 127,
    guest: windows("Windows Server 2022 Datacenter", "20348"),
  },
  {
    publisher: "MicrosoftWindowsServer",
    offer: "WindowsServer",
    sku: "2019-datacenter",
    versions: ["17763.6189.240811"],
    osType: "Windows",
    generation: "V1",
    sizeGb: 127,
    guest: windows("Windows Server 2019 Datacenter", "17763"),
  },
];

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export const findOffer = (publisher: string, offer: string, sku: string): Offer | undefined =>
  OFFERS.find(
    (known) => same(known.publisher, publisher) && same(known.offer, offer) && same(known.sku, sku),
  );

/** Marketplace lists are bare arrays whose ids begin with capitals; `$top` and `$orderby` work, `$filter` does not. */
function answer(call: Call, names: readonly string[], path: string): Outcome {
  if (call.query.has("$filter"))
    throw new ArmError(400, { code: "BadRequest", message: "The query option '$filter' is not supported." });
  const unique = [...new Set(names)].sort();
  if (call.query.get("$orderby")?.toLowerCase() === "name desc") unique.reverse();
  const top = Number(call.query.get("$top") ?? unique.length);
  const location = call.params["location"] ?? "";
  const base = `/Subscriptions/${call.params["subscriptionId"] ?? ""}/Providers/Microsoft.Compute/Locations/${location}/Publishers${path}`;
  return found(unique.slice(0, top).map((name) => ({ location, name, id: `${base}/${name}` })));
}

export const listPublishers = (call: Call): Outcome =>
  answer(
    call,
    OFFERS.map(({ publisher }) => publisher),
    "",
  );

const of = (call: Call, ...members: ("publisher" | "offer" | "sku")[]): readonly Offer[] =>
  OFFERS.filter((known) => members.every((member) => same(known[member], call.params[member] ?? "")));

export function listOffers(call: Call): Outcome {
  const path = `/${call.params["publisher"] ?? ""}/ArtifactTypes/VMImage/Offers`;
  return answer(
    call,
    of(call, "publisher").map(({ offer }) => offer),
    path,
  );
}

export function listSkus(call: Call): Outcome {
  const { publisher = "", offer = "" } = call.params;
  return answer(
    call,
    of(call, "publisher", "offer").map(({ sku }) => sku),
    `/${publisher}/ArtifactTypes/VMImage/Offers/${offer}/Skus`,
  );
}

export function listImageVersions(call: Call): Outcome {
  const { publisher = "", offer = "", sku = "" } = call.params;
  const versions = findOffer(publisher, offer, sku)?.versions ?? [];
  return answer(call, versions, `/${publisher}/ArtifactTypes/VMImage/Offers/${offer}/Skus/${sku}/Versions`);
}

export function getImageVersion(call: Call): Outcome {
  const { publisher = "", offer = "", sku = "", version = "", location = "" } = call.params;
  const known = findOffer(publisher, offer, sku);
  const exact =
    version === "latest"
      ? known?.versions.at(-1)
      : known?.versions.find((candidate) => candidate === version);
  if (known === undefined || exact === undefined) {
    throw new ArmError(404, { code: "NotFound", message: `Artifact: VMImage was not found.` });
  }
  return found({
    location,
    name: exact,
    id: `/Subscriptions/${call.params["subscriptionId"] ?? ""}/Providers/Microsoft.Compute/Locations/${location}/Publishers/${publisher}/ArtifactTypes/VMImage/Offers/${offer}/Skus/${sku}/Versions/${exact}`,
    properties: {
      hyperVGeneration: known.generation,
      architecture: "x64",
      osDiskImage: { operatingSystem: known.osType },
      dataDiskImages: [],
      automaticOSUpgradeProperties: { automaticOSUpgradeSupported: false },
    },
  });
}
