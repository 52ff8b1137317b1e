/** What around the source VM speaks for or against a capture: locks, permissions, quotas, regions, names. */
import { parseResourceId } from "./resource-id.js";
import type { Check, CheckVerdict } from "./preflight.js";
import type { Target } from "./target.js";

/** Something that was read, or why it could not be. */
export type Known<T> = { readonly known: T } | { readonly forbidden: string } | { readonly failed: string };

export interface Lock {
  readonly name: string;
  readonly level: string;
  /** The id of what it lies on. */
  readonly scope: string;
}

export interface Usage {
  readonly used: number;
  readonly limit: number;
}

export interface AzureFacts {
  /** Of the source's group and of the one where everything temporary is made. */
  readonly locks: Known<readonly Lock[]>;
  /** By what was tried: each a read that stands for a right of the run. */
  readonly reads: Readonly<Record<string, Known<true>>>;
  /** Undefined where no working VM is made. */
  readonly cores?: Known<{
    readonly needed: number;
    readonly family: string;
    readonly regional?: Usage | undefined;
    readonly ofFamily?: Usage | undefined;
  }>;
  /** By the region's name as the request has it. */
  readonly regions: Readonly<Record<string, Known<true>>>;
}

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

export const checkAzure = (wish: AzureWish, facts: AzureFacts): Check[] => [
  locksCheck(wish, facts.locks),
  ...Object.entries(facts.reads).map(([what, read]) => readCheck(what, read)),
  ...(facts.cores ? [coresCheck(facts.cores)] : []),
  ...Object.entries(facts.regions).map(([name, region]) => regionCheck(name, region)),
  namesCheck(wish.target),
  tagsCheck(wish),
];

const covers = (scope: string, id: string): boolean =>
  id.toLowerCase() === scope.toLowerCase() || id.toLowerCase().startsWith(`${scope.toLowerCase()}/`);

/** Source: "Lock your resources to protect your infrastructure" (Microsoft): ReadOnly forbids writes and most POSTs. */
function locksCheck(wish: AzureWish, locks: AzureFacts["locks"]): Check {
  const id = "locks";
  if ("forbidden" in locks) return unread(id, locks.forbidden);
  if ("failed" in locks) return unread(id, locks.failed);
  const on = (place: string) => locks.known.filter(({ scope }) => covers(scope, place));
  const named = (found: readonly Lock[]) =>
    found.map(({ name, level, scope }) => `${name} (${level}) on ${scope}`).join("; ");
  const work = on(wish.workGroupId);
  if (work.some(({ level }) => level === "ReadOnly"))
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
  const writes = wish.mode === "in-place" && source.some(({ level }) => level === "ReadOnly");
  const deletes = wish.mode === "in-place" && wish.sourceAfter !== "leave" && source.length > 0;
  if (writes || deletes)
    return verdict(
      id,
      "block",
      `The source VM is locked: ${named(source)}.`,
      "Remove the lock, or capture by clone.",
    );
  return verdict(
    id,
    "pass",
    source.length > 0
      ? `The source VM is locked, and only read: ${named(source)}.`
      : "No lock is in the way.",
  );
}

function readCheck(what: string, read: Known<true>): Check {
  const id = `may-${what}`;
  if ("forbidden" in read) return verdict(id, "block", read.forbidden, GRANT);
  if ("failed" in read) return unread(id, read.failed);
  return verdict(id, "pass", "The pipeline may read it; that it may write is seen when it does.");
}

function coresCheck(cores: NonNullable<AzureFacts["cores"]>): Check {
  const id = "cores";
  if ("forbidden" in cores) return unread(id, cores.forbidden);
  if ("failed" in cores) return unread(id, cores.failed);
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
