/** What around the source VM speaks for or against a capture: locks, rights, quotas, the subnet, regions, names. */
import { covers, parseResourceId } from "./resource-id.js";
import type { Check, CheckVerdict } from "./preflight.js";
import type { Cores, Known, Lock, SurveyAnswer } from "./survey.js";
import type { Target } from "./target.js";

export interface AzureWish {
  readonly sourceVmId: string;
  /** The resource group's id. */
  readonly workGroupId: string;
  readonly mode: "clone" | "in-place";
  readonly sourceAfter: "leave" | "restore" | "delete";
  readonly target: Target;
  readonly tags: Readonly<Record<string, string>>;
}

const verdict = (id: string, is: CheckVerdict, detail: string, remedy?: string): Check => ({
  id,
  verdict: is,
  detail,
  ...(remedy === undefined ? {} : { remedy }),
});

const GRANT = "Grant the pipeline's identity the role that docs/permissions.md names for this step.";
const unread = (id: string, why: string): Check =>
  verdict(id, "unknown", `It could not be read: ${why}`, "Look at it by hand, or let the pipeline read it.");

export function checkAzure(wish: AzureWish, answers: readonly SurveyAnswer[]): Check[] {
  const ofEach = answers.flatMap((answer): Check[] => {
    switch (answer.ask) {
      case "locks":
        return [];
      case "rights":
        return [rightsCheck(answer.what, answer.missing)];
      case "cores":
        return [coresCheck(answer.cores)];
      case "subnet":
        return [subnetCheck(answer.subnetId, answer.stands)];
      case "region":
        return [regionCheck(answer.region, answer.offered)];
    }
  });
  return [locksCheck(wish, answers), ...ofEach, namesCheck(wish.target), tagsCheck(wish)];
}

/** Source: "Lock your resources to protect your infrastructure" (Microsoft): ReadOnly forbids writes and most POSTs. */
function locksCheck(wish: AzureWish, answers: readonly SurveyAnswer[]): Check {
  const id = "locks";
  const asked = answers.flatMap((answer) => (answer.ask === "locks" ? [answer] : []));
  const known = asked.flatMap(({ locks }) => ("known" in locks ? locks.known : []));
  const unreadable = asked.filter(({ locks }) => !("known" in locks));
  const on = (place: string) => known.filter(({ scope }) => covers(scope, place));
  const named = (found: readonly Lock[]) =>
    found.map(({ name, level, scope }) => `${name} (${level}) on ${scope}`).join("; ");
  const isReadOnly = ({ level }: Lock) => level === "ReadOnly";

  const work = on(wish.workGroupId);
  if (work.some(isReadOnly))
    return verdict(
      id,
      "block",
      `Nothing can be made in the work group: ${named(work)}.`,
      "Name another workResourceGroup.",
    );
  if (work.length > 0)
    return verdict(
      id,
      "block",
      `What is made in the work group could not be removed again: ${named(work)}.`,
      "Name another workResourceGroup, without a lock.",
    );
  const source = on(wish.sourceVmId);
  const writes = wish.mode === "in-place" && source.some(isReadOnly);
  const deletes = wish.mode === "in-place" && wish.sourceAfter !== "leave" && source.length > 0;
  if (writes || deletes)
    return verdict(
      id,
      "block",
      `The source VM is locked: ${named(source)}.`,
      "Remove the lock, or capture by clone.",
    );
  const target = on(wish.target.kind === "gallery" ? wish.target.definitionId : wish.target.imageId);
  if (target.some(isReadOnly))
    return verdict(
      id,
      "block",
      `No image can be made at the target: ${named(target)}.`,
      "Remove the lock, or name another target.",
    );
  if (unreadable.length > 0)
    return verdict(
      id,
      "unknown",
      `Locks could not be read in ${unreadable.map(({ scope, locks }) => `${scope} (${whyNot(locks)})`).join("; ")}; none of those that could be is in the way.`,
      "Let the pipeline read the subscription's locks (Microsoft.Authorization/locks/read).",
    );
  if (target.length > 0)
    return verdict(
      id,
      "warn",
      `An image that fails could not be removed again: ${named(target)}.`,
      "Remove the lock while captures run, or remove failed images by hand.",
    );
  return verdict(
    id,
    "pass",
    source.length > 0
      ? `The source VM is locked, and only read: ${named(source)}.`
      : "No lock is in the way.",
  );
}

const whyNot = (found: Known<unknown>): string =>
  "forbidden" in found ? found.forbidden : "failed" in found ? found.failed : "";

function rightsCheck(what: string, missing: Known<readonly string[]>): Check {
  const id = `may-${what}`;
  if (!("known" in missing)) return unread(id, whyNot(missing));
  return missing.known.length > 0
    ? verdict(id, "block", `No role of the pipeline allows ${missing.known.join(", ")}.`, GRANT)
    : verdict(id, "pass", "Its roles allow every action that this takes.");
}

function subnetCheck(subnetId: string, stands: Known<boolean>): Check {
  const id = "subnet";
  if (!("known" in stands)) return unread(id, whyNot(stands));
  return stands.known
    ? verdict(id, "pass", "The isolated subnet is there.")
    : verdict(
        id,
        "block",
        `There is no subnet ${subnetId}.`,
        "Make it, or set WORK_SUBNET_ID to one that is there.",
      );
}

function coresCheck(cores: Known<Cores>): Check {
  const id = "cores";
  if (!("known" in cores)) return unread(id, whyNot(cores));
  const { needed, family, regional, ofFamily } = cores.known;
  const places = [["the region", regional] as const, [family, ofFamily] as const];
  const short = places.flatMap(([of, usage]) =>
    usage !== undefined && usage.used + needed > usage.limit
      ? [`${of} has ${usage.limit - usage.used} of ${usage.limit} left`]
      : [],
  );
  if (short.length > 0)
    return verdict(
      id,
      "block",
      `The working VM needs ${needed} cores: ${short.join("; ")}.`,
      "Raise the quota, free cores, or make a specialized image, which needs no VM.",
    );
  return ofFamily
    ? verdict(
        id,
        "pass",
        `${needed} of ${ofFamily.limit - ofFamily.used} free cores of ${family} are needed.`,
      )
    : verdict(
        id,
        "unknown",
        `Azure tells no quota of the family of this size; ${needed} cores are needed.`,
        "Look at the region's quotas.",
      );
}

function regionCheck(name: string, region: Known<true>): Check {
  const id = `region-${name.toLowerCase().replaceAll(" ", "")}`;
  if ("forbidden" in region) return unread(id, region.forbidden);
  if ("failed" in region)
    return verdict(
      id,
      "block",
      `Images cannot be replicated to ${name}: ${region.failed}`,
      "Name a region that the subscription may use.",
    );
  return verdict(id, "pass", `${name} is there.`);
}

/** Source: "Naming rules and restrictions for Azure resources", Microsoft.Compute. */
const NAME_RULES = {
  "galleries/images": [
    /^[A-Za-z0-9](?:[\w.-]{0,78}[A-Za-z0-9])?$/,
    "1 to 80 letters, digits, _ . - with a letter or digit at both ends",
  ],
  images: [
    /^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$/,
    "1 to 80 letters, digits, _ . -, beginning with a letter or digit",
  ],
} as const;
const LARGEST_VERSION_PART = 2_147_483_647;

function namesCheck(target: Target): Check {
  const id = "names";
  const [kind, targetId] =
    target.kind === "gallery"
      ? (["galleries/images", target.definitionId] as const)
      : (["images", target.imageId] as const);
  const name = parseResourceId(targetId)?.names.at(-1) ?? "";
  const [rule, says] = NAME_RULES[kind];
  if (!rule.test(name))
    return verdict(id, "block", `${name} is no legal name: ${says}.`, "Name another target.");
  if (
    target.kind === "gallery" &&
    target.version.split(".").some((part) => Number(part) > LARGEST_VERSION_PART)
  )
    return verdict(
      id,
      "block",
      `A part of version ${target.version} is above ${LARGEST_VERSION_PART}.`,
      "Name a smaller version.",
    );
  return verdict(id, "pass", "Every name is legal.");
}

const TAG_LIMIT = 50;
const OWN_TAGS = 3;

function tagsCheck({ tags }: AzureWish): Check {
  const count = Object.keys(tags).length + OWN_TAGS;
  return count > TAG_LIMIT
    ? verdict("tags", "block", `${count} tags are more than Azure's ${TAG_LIMIT}.`, "Give fewer tags.")
    : verdict("tags", "pass", `${count} tags.`);
}
