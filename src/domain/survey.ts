/** What a preflight asks of Azure around a VM: each question is one or two requests, and all are sent in parallel. */
import type { VmCaptureSpec } from "./rights.js";
import { boots, copies, neededRights, vmsMade } from "./rights.js";
import { covers, groupIdOf, inSubscription, subscriptionIdOf } from "./resource-id.js";
import type { Target } from "./target.js";

/** Something that was read, or why it could not be. */
export type Known<T> =
  | { readonly known: T }
  | { readonly absent: string }
  | { readonly forbidden: string }
  | { readonly failed: string };

export interface Lock {
  readonly name: string;
  readonly level: string;
  /** The id of the resource or scope that it is set on. */
  readonly scope: string;
}

export interface Usage {
  readonly used: number;
  readonly limit: number;
}

/** Cores that a run's VMs need, and the subscription's limits and usage. */
export interface Cores {
  readonly needed: number;
  readonly size: string;
  /** Why the subscription cannot create a VM of this size there. */
  readonly closed?: string | undefined;
  readonly family: string;
  readonly regional?: Usage | undefined;
  readonly ofFamily?: Usage | undefined;
}

export interface CoresQuestion {
  readonly subscriptionId: string;
  readonly location: string;
  readonly size: string;
  readonly zones: readonly string[];
  /** How many VMs of the size stand at once. */
  readonly vms: number;
}

export interface SubnetFacts {
  readonly location: string;
  readonly freeAddresses: number;
}

export type SurveyQuestion =
  /** Of the locks in a subscription or a group, those on one of the places or above it. */
  | { readonly ask: "locks"; readonly scope: string; readonly places: readonly string[] }
  /** Which of the actions no role allows. */
  | {
      readonly ask: "rights";
      readonly what: string;
      readonly scope: string;
      readonly actions: readonly string[];
    }
  | ({ readonly ask: "cores" } & CoresQuestion)
  | { readonly ask: "subnet"; readonly subnetId: string }
  | { readonly ask: "region"; readonly subscriptionId: string; readonly region: string };

export type SurveyAnswer =
  | { readonly ask: "locks"; readonly scope: string; readonly locks: Known<readonly Lock[]> }
  | {
      readonly ask: "rights";
      readonly what: string;
      readonly scope: string;
      readonly missing: Known<readonly string[]>;
    }
  | { readonly ask: "cores"; readonly cores: Known<Cores> }
  | SubnetAnswer
  | { readonly ask: "region"; readonly region: string; readonly offered: Known<true> };

export interface SubnetAnswer {
  readonly ask: "subnet";
  readonly subnetId: string;
  /** Null: there is none. */
  readonly subnet: Known<SubnetFacts | null>;
}

export interface SurveySpec extends VmCaptureSpec {
  readonly location: string;
  readonly size: string;
  readonly zones: readonly string[];
  /** What an earlier run created is already counted in the usage. */
  readonly resumed: boolean;
}

export function surveyQuestions(spec: SurveySpec): readonly SurveyQuestion[] {
  const { target, subnetIds, location, size } = spec;
  // A test VM is asked for without a zone.
  const room = { location, size, zones: copies(spec) ? spec.zones : [], vms: vmsMade(spec) };
  const [subscriptionId = "", , targetSubscription = ""] = lockedPlaces(spec).map(subscriptionIdOf);
  const subscriptions = distinct([subscriptionId, targetSubscription]).map((id) => `/subscriptions/${id}`);
  return [
    ...subscriptions.map((scope) => locksIn(scope, spec)),
    ...neededRights(spec).map((rights) => ({ ask: "rights" as const, ...rights })),
    ...(boots(spec) && !spec.resumed ? [{ ask: "cores" as const, subscriptionId, ...room }] : []),
    ...(boots(spec)
      ? inSubscription(subscriptionId, subnetIds).map((subnetId) => ({ ask: "subnet" as const, subnetId }))
      : []),
    ...(target.kind === "gallery"
      ? target.regions.map(({ name }) => ({
          ask: "region" as const,
          subscriptionId: targetSubscription,
          region: name,
        }))
      : []),
  ];
}

/** If the pipeline has roles only on resource groups, it cannot read the subscription's locks, but can read theirs. */
export function narrowerQuestions(
  spec: SurveySpec,
  answers: readonly SurveyAnswer[],
): readonly SurveyQuestion[] {
  const unread = answers.flatMap((answer) =>
    answer.ask === "locks" && !("known" in answer.locks) ? [answer.scope] : [],
  );
  const groups = lockedPlaces(spec).filter((place) => unread.some((scope) => covers(scope, place)));
  return distinct(groups.map((place) => groupIdOf(place))).map((scope) => locksIn(scope, spec));
}

const lockedPlaces = ({ sourceVmId, workGroupId, target }: SurveySpec): readonly string[] => [
  sourceVmId,
  workGroupId,
  targetId(target),
];

/** What is made: versions of a definition, or an image. */
export const targetId = (target: Target): string =>
  target.kind === "gallery" ? target.definitionId : target.imageId;

export const whyNot = (found: Exclude<Known<unknown>, { readonly known: unknown }>): string =>
  Object.values(found).join();

const locksIn = (scope: string, spec: SurveySpec): SurveyQuestion => ({
  ask: "locks",
  scope,
  places: lockedPlaces(spec),
});

/** Azure compares ids without case. */
const distinct = (ids: readonly string[]): string[] => [
  ...new Map(ids.map((id) => [id.toLowerCase(), id])).values(),
];
