/** What around the source VM speaks for or against a capture: locks, rights, quotas, the subnet, regions, names. */
import { judgeLocks } from "./lock-check.js";
import type { Check, Finding } from "./preflight.js";
import { block, pass, unknown } from "./preflight.js";
import { plainRegion } from "./region.js";
import { parseResourceId, sameResource, subscriptionIdOf } from "./resource-id.js";
import { boots, vmsMade } from "./rights.js";
import type { Cores, Known, SubnetFacts, SurveyAnswer, SurveyWish } from "./survey.js";
import { targetId, whyNot } from "./survey.js";
import type { Target } from "./target.js";

export function checkAzure(wish: SurveyWish, answers: readonly SurveyAnswer[]): Check[] {
  const ofEach = answers.flatMap((answer): Check[] => {
    switch (answer.ask) {
      case "locks":
        return [];
      case "rights":
        return [{ id: `may-${answer.what}`, ...judgeRights(wish, answer.missing) }];
      case "cores":
        return [{ id: "cores", ...ofRead(answer.cores, judgeCores) }];
      case "subnet":
        return [{ id: "subnet", ...judgeSubnet(wish, answer.subnet) }];
      case "region":
        return [
          { id: `region-${plainRegion(answer.region)}`, ...judgeRegion(answer.region, answer.offered) },
        ];
    }
  });
  return [
    { id: "locks", ...judgeLocks(wish, answers) },
    ...ofEach,
    ...(boots(wish) && wish.subnetId === undefined ? [NO_SUBNET] : []),
    { id: "names", ...judgeNames(wish.target) },
  ];
}

const ofRead = <T>(found: Known<T>, judge: (known: T) => Finding): Finding =>
  "known" in found
    ? judge(found.known)
    : unknown(`It could not be read: ${whyNot(found)}`, "Look at it by hand, or let the pipeline read it.");

/** A run that is gone on with may have removed its source already. */
const judgeRights = ({ resumed }: SurveyWish, missing: Known<readonly string[]>): Finding =>
  "absent" in missing && !resumed
    ? block(missing.absent, "Make it first, or name another.")
    : ofRead(missing, (actions) =>
        actions.length > 0
          ? block(
              `No role of the pipeline allows ${actions.join(", ")}.`,
              "Grant the pipeline's identity the role that docs/permissions.md names for this step.",
            )
          : pass("Its roles allow every action that this takes."),
      );

const NO_SUBNET: Check = {
  id: "subnet",
  ...block(
    "No isolated subnet is configured for the VMs that the run makes.",
    "Set WORK_SUBNET_ID to a subnet without inbound access, or capture in place without a test boot.",
  ),
};

const WITHOUT_ITS_VM = "or make the image without a VM of ours: in place, or specialized";

/** Azure refuses an interface in a network of another subscription or region; by then the backup and the disks are made. */
function judgeSubnet(wish: SurveyWish, subnet: Known<SubnetFacts | null>): Finding {
  const { sourceVmId, subnetId = "", location } = wish;
  if (!sameResource(subscriptionIdOf(subnetId), subscriptionIdOf(sourceVmId)))
    return block(
      `The isolated subnet lies in another subscription than the source VM: ${subnetId}.`,
      `Use a pipeline whose WORK_SUBNET_ID lies in the VM's subscription, ${WITHOUT_ITS_VM}.`,
    );
  return ofRead(subnet, (found) => {
    if (found === null)
      return block(`There is no subnet ${subnetId}.`, "Make it, or set WORK_SUBNET_ID to one that is there.");
    if (plainRegion(found.location) !== plainRegion(location))
      return block(
        `The isolated subnet lies in ${found.location}, the source VM in ${location}.`,
        `Use a pipeline whose WORK_SUBNET_ID lies in ${location}, ${WITHOUT_ITS_VM}.`,
      );
    // What an earlier run made has its address already.
    const needed = wish.resumed ? 0 : vmsMade(wish);
    return found.freeAddresses < needed
      ? block(
          `The isolated subnet has ${found.freeAddresses} free addresses; ${needed} are needed.`,
          "Wait until other runs have ended, remove what is left in the subnet, or make it wider.",
        )
      : pass(`It is in the VM's region and has ${found.freeAddresses} free addresses.`);
  });
}

function judgeCores({ needed, size, closed, family, regional, ofFamily }: Cores): Finding {
  if (closed !== undefined)
    return block(
      `The subscription may not make a VM of size ${size} there: ${closed}.`,
      "Ask Azure for access to the size, resize the source VM, or make a specialized image, which needs no VM.",
    );
  const places = [["the region", regional] as const, [family, ofFamily] as const];
  const short = places.flatMap(([of, usage]) =>
    usage !== undefined && usage.used + needed > usage.limit
      ? [`${of} has ${usage.limit - usage.used} of ${usage.limit} left`]
      : [],
  );
  if (short.length > 0)
    return block(
      `What the run boots needs ${needed} cores: ${short.join("; ")}.`,
      "Raise the quota, free cores, or make a specialized image, which needs no VM.",
    );
  return ofFamily
    ? pass(`${needed} of ${ofFamily.limit - ofFamily.used} free cores of ${family} are needed.`)
    : unknown(
        `Azure tells no quota of the family of this size; ${needed} cores are needed.`,
        "Look at the region's quotas.",
      );
}

const judgeRegion = (name: string, offered: Known<true>): Finding =>
  "failed" in offered || "absent" in offered
    ? block(
        `Images cannot be replicated to ${name}: ${whyNot(offered)}`,
        "Name a region that the subscription may use.",
      )
    : ofRead(offered, () => pass(`${name} is there.`));

/** Source: "Naming rules and restrictions for Azure resources", Microsoft.Compute. */
const NAME_RULES = {
  gallery: [
    /^[A-Za-z0-9](?:[\w.-]{0,78}[A-Za-z0-9])?$/,
    "1 to 80 letters, digits, _ . - with a letter or digit at both ends",
  ],
  "managed-image": [
    /^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/,
    "1 to 80 letters, digits, _ . -, beginning with a letter or digit",
  ],
} as const;

/** What the schema of a request leaves open: a resource id may hold names that this kind of resource may not have. */
function judgeNames(target: Target): Finding {
  const name = parseResourceId(targetId(target))?.names.at(-1) ?? "";
  const [rule, says] = NAME_RULES[target.kind];
  return rule.test(name)
    ? pass("The target's name is legal.")
    : block(`${name} is no legal name: ${says}.`, "Name another target.");
}
