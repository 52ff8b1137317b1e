/** What in the source VM's surroundings allows or blocks a capture: locks, rights, quotas, the subnet, regions, names. */
import { judgeLocks } from "./lock-check.js";
import type { Check, Finding } from "./preflight.js";
import { block, pass, unknown } from "./preflight.js";
import { plainRegion } from "./region.js";
import { parseResourceId, subscriptionIdOf } from "./resource-id.js";
import { boots, vmsMade } from "./rights.js";
import type { Cores, Known, SurveyAnswer, SurveySpec } from "./survey.js";
import { targetId, whyNot } from "./survey.js";
import type { Target } from "./target.js";
import type { SubnetSpec } from "./work-subnet.js";
import { chosenSubnet, judgeSubnets } from "./work-subnet.js";

export function checkAzure(spec: SurveySpec, answers: readonly SurveyAnswer[]): Check[] {
  const subnets = answers.filter((answer) => answer.ask === "subnet");
  const chosen = chosenSubnet(spec.location, subnets)?.subnetId;
  const isOfOtherSubnet = (scope: string) => scope !== chosen && spec.subnetIds.includes(scope);
  const ofEach = answers.flatMap((answer): Check[] => {
    switch (answer.ask) {
      case "locks":
      case "subnet":
        return [];
      case "rights":
        return isOfOtherSubnet(answer.scope)
          ? []
          : [{ id: `may-${answer.what}`, ...judgeRights(spec, answer.missing) }];
      case "cores":
        return [{ id: "cores", ...ofRead(answer.cores, judgeCores) }];
      case "region":
        return [
          { id: `region-${plainRegion(answer.region)}`, ...judgeRegion(answer.region, answer.offered) },
        ];
    }
  });
  return [
    { id: "locks", ...judgeLocks(spec, answers) },
    ...ofEach,
    ...(boots(spec) ? [{ id: "subnet", ...judgeSubnets(subnetWish(spec), subnets) }] : []),
    { id: "names", ...judgeNames(spec.target) },
  ];
}

const subnetWish = (spec: SurveySpec): SubnetSpec => ({
  ...spec,
  subscriptionId: subscriptionIdOf(spec.sourceVmId),
  // What an earlier run made has its address already.
  addresses: spec.resumed ? 0 : vmsMade(spec),
});

const ofRead = <T>(found: Known<T>, judge: (known: T) => Finding): Finding =>
  "known" in found
    ? judge(found.known)
    : unknown(
        `It could not be read: ${whyNot(found)}`,
        "Check it manually, or give the pipeline read access.",
      );

/** A run that is being resumed may have removed its source already. */
const judgeRights = ({ resumed }: SurveySpec, missing: Known<readonly string[]>): Finding =>
  "absent" in missing && !resumed
    ? block(missing.absent, "Create it first, or specify another.")
    : ofRead(missing, (actions) =>
        actions.length > 0
          ? block(
              `None of the pipeline's roles allows ${actions.join(", ")}.`,
              "Grant the pipeline's identity the role that docs/permissions.md lists for this step.",
            )
          : pass("The pipeline's roles allow every action that is needed."),
      );

function judgeCores({ needed, size, closed, family, regional, ofFamily }: Cores): Finding {
  if (closed !== undefined)
    return block(
      `The subscription cannot create a VM of size ${size} there: ${closed}.`,
      "Request access to the size from Azure, resize the source VM, or make a specialized image, which needs no VM.",
    );
  const places = [["the region", regional] as const, [family, ofFamily] as const];
  const short = places.flatMap(([of, usage]) =>
    usage !== undefined && usage.used + needed > usage.limit
      ? [`${of} has ${usage.limit - usage.used} of ${usage.limit} cores left`]
      : [],
  );
  if (short.length > 0)
    return block(
      `The run's VMs need ${needed} cores: ${short.join("; ")}.`,
      "Raise the quota, free up cores, or make a specialized image, which needs no VM.",
    );
  return ofFamily
    ? pass(`${needed} of the ${ofFamily.limit - ofFamily.used} free cores of ${family} are needed.`)
    : unknown(
        `Azure reports no quota for the family of this size; ${needed} cores are needed.`,
        "Check the region's quotas.",
      );
}

const judgeRegion = (name: string, offered: Known<true>): Finding =>
  "failed" in offered || "absent" in offered
    ? block(
        `Images cannot be replicated to ${name}: ${whyNot(offered)}`,
        "Specify a region that the subscription can use.",
      )
    : ofRead(offered, () => pass(`${name} is available.`));

/** Source: "Naming rules and restrictions for Azure resources", Microsoft.Compute. */
const NAME_RULES = {
  gallery: [
    /^[A-Za-z0-9](?:[\w.-]{0,78}[A-Za-z0-9])?$/,
    "1 to 80 letters, digits, _ . or -, with a letter or digit at both ends",
  ],
  "managed-image": [
    /^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/,
    "1 to 80 letters, digits, _ . or -, beginning with a letter or digit and ending with one or with _",
  ],
} as const;

/** What a request's schema does not check: a resource id may contain names that this type of resource must not have. */
function judgeNames(target: Target): Finding {
  const name = parseResourceId(targetId(target))?.names.at(-1) ?? "";
  const [rule, says] = NAME_RULES[target.kind];
  return rule.test(name)
    ? pass("The target's name is valid.")
    : block(`${name} is not a valid name: it must be ${says}.`, "Specify another name for the target.");
}
