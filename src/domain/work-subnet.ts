/**
 * The isolated subnet for the VMs that a run makes: of those in WORK_SUBNET_ID, the one in their region. Azure
 * refuses an interface in a network of another subscription or region, but only after the backup and the disks exist.
 */
import type { Finding } from "./preflight.js";
import { block, pass, unknown } from "./preflight.js";
import { sameRegion } from "./region.js";
import { inSubscription, parseResourceId, resourceName } from "./resource-id.js";
import type { SubnetAnswer } from "./survey.js";
import { whyNot } from "./survey.js";

export interface SubnetSpec {
  /** Where the VMs are made. */
  readonly subscriptionId: string;
  readonly location: string;
  readonly subnetIds: readonly string[];
  readonly addresses: number;
}

/** The first in the region; if none is known to be, the first whose region is unknown. */
export const chosenSubnet = (location: string, asked: readonly SubnetAnswer[]): SubnetAnswer | undefined =>
  asked.find(({ subnet }) => "known" in subnet && sameRegion(subnet.known?.location ?? "", location)) ??
  asked.find(({ subnet }) => !("known" in subnet));

export function judgeSubnets(
  { subscriptionId, location, subnetIds, addresses }: SubnetSpec,
  asked: readonly SubnetAnswer[],
): Finding {
  const add =
    `Add a subnet without inbound access, in ${location} and in the VM's subscription, to WORK_SUBNET_ID; ` +
    "or make the image without an extra VM: in place or specialized, and without a test boot.";
  if (subnetIds.length === 0) return block("No isolated subnet is configured for the run's VMs.", add);
  if (inSubscription(subscriptionId, subnetIds).length === 0)
    return block(`No isolated subnet is in the VM's subscription: ${subnetIds.join(", ")}.`, add);
  const chosen = chosenSubnet(location, asked);
  if (chosen === undefined)
    return block(`No isolated subnet is in ${location}: ${asked.map(whereItLies).join(", ")}.`, add);
  const { subnetId, subnet } = chosen;
  if (!("known" in subnet))
    return unknown(
      `The subnet ${subnetId} could not be read: ${whyNot(subnet)}`,
      "Check it manually, or give the pipeline read access.",
    );
  const free = subnet.known?.freeAddresses ?? 0;
  return free < addresses
    ? block(
        `The isolated subnet ${resourceName(subnetId)} has ${free} free addresses; ${addresses} are needed.`,
        "Wait until other runs have ended, remove leftovers from the subnet, or enlarge it.",
      )
    : pass(`The subnet is in the VM's region and has ${free} free addresses.`);
}

const whereItLies = ({ subnetId, subnet }: SubnetAnswer): string => {
  const name = parseResourceId(subnetId)?.names.join("/") ?? subnetId;
  return "known" in subnet && subnet.known !== null
    ? `${name} is in ${subnet.known.location}`
    : `subnet ${name} does not exist`;
};
