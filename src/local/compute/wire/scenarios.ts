/**
 * Rules that bend the simulator's behaviour: which operation, on which resource, at which call, is slow, fails,
 * hangs, is throttled, or takes effect without the client ever hearing of it. Set over `/_local/scenarios`.
 */
import { z } from "zod";
import { ArmError } from "../model/errors.js";
import type { Twist } from "../model/operations.js";
import type { Table } from "../model/store.js";
import type { Match } from "./route-table.js";

const failure = z.strictObject({ code: z.string(), message: z.string() });

export const scenarioRule = z.strictObject({
  match: z.strictObject({
    method: z.string().optional(),
    /** A route's name, `*` allowed: `virtualMachines/deallocate`, `versions/*`. */
    operation: z.string().optional(),
    /** A part of the resource id, `*` allowed. */
    path: z.string().optional(),
    /** The last segment of the resource id. */
    name: z.string().optional(),
    /** Only the nth call that matches, from 1. */
    nth: z.number().int().positive().optional(),
    /** Only so many matching calls, then the rule is spent. */
    times: z.number().int().positive().optional(),
  }),
  act: z.union([
    z.strictObject({ slow: z.number().positive() }),
    z.strictObject({ fail: failure.extend({ status: z.number().int().min(400).max(599) }) }),
    z.strictObject({ lroFail: failure }),
    z.strictObject({ hang: z.literal(true) }),
    z.strictObject({ throttle: z.strictObject({ retryAfter: z.number().int().positive().optional() }) }),
    z.strictObject({ dropConnectionAfterEffect: z.literal(true) }),
  ]),
});

export type ScenarioRule = z.infer<typeof scenarioRule>;
export type KeptRule = ScenarioRule & { matched: number };

export interface Bend {
  readonly twist?: Twist;
  /** Answer with this instead of doing anything. */
  readonly refuse?: ArmError;
  /** Do it, then cut the connection. */
  readonly drop?: true;
  /** Never answer. */
  readonly silent?: true;
}

const like = (pattern: string, text: string, anchored: boolean): boolean => {
  const source = pattern
    .split("*")
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(anchored ? `^${source}$` : source, "i").test(text);
};

const matches = ({ match: rule }: ScenarioRule, { route, id }: Match): boolean =>
  (rule.method === undefined || rule.method.toUpperCase() === route.method) &&
  (rule.operation === undefined || like(rule.operation, route.name, true)) &&
  (rule.path === undefined || like(rule.path, id, false)) &&
  (rule.name === undefined || like(rule.name, id.split("/").at(-1) ?? "", true));

/** The first rule that applies to this call bends it; every rule counts the calls it matches. */
export function bend(rules: Table<KeptRule>, match: Match): Bend {
  let first: KeptRule | undefined;
  for (const [key, rule] of [...rules.entries()]) {
    if (!matches(rule, match)) continue;
    rule.matched += 1;
    rules.set(key, rule);
    const { nth, times } = rule.match;
    const applies =
      nth === undefined
        ? rule.matched <= (times ?? Infinity)
        : rule.matched >= nth && rule.matched < nth + (times ?? 1);
    if (applies) first ??= rule;
  }
  return first === undefined ? {} : bendBy(first, match);
}

function bendBy({ act }: KeptRule, { route }: Match): Bend {
  if ("fail" in act) {
    const { status, code, message } = act.fail;
    return { refuse: new ArmError(status, { code, message }) };
  }
  if ("throttle" in act) return { refuse: throttled(act.throttle.retryAfter) };
  if ("dropConnectionAfterEffect" in act) return { drop: true };
  const operates = route.method !== "GET" && route.method !== "HEAD" && route.plain !== true;
  if ("hang" in act) return operates ? { twist: { hang: true } } : { silent: true };
  if ("lroFail" in act)
    return operates ? { twist: { lroFail: act.lroFail } } : { refuse: new ArmError(409, act.lroFail) };
  return { twist: { slow: act.slow } };
}

/** Compute's own 429, with the group that a scenario names itself by. */
const throttled = (retryAfterSeconds: number | undefined): ArmError =>
  new ArmError(
    429,
    {
      code: "OperationNotAllowed",
      message:
        "The server rejected the request because too many requests have been received for this subscription.",
      details: [
        {
          code: "TooManyRequests",
          target: "Scenario3Min",
          message: JSON.stringify({ operationGroup: "Scenario3Min" }),
        },
      ],
      innererror: { internalErrorCode: "TooManyRequestsReceived" },
    },
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
