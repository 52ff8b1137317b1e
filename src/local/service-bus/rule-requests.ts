/** Rules at run time, as `$management` asks for them and as the SDK wants them described. */
import { described, types } from "./amqp.js";
import type { Reply } from "./cbs.js";
import type { PropertyName } from "./codec.js";
import type { Typed } from "./rhea-internals.js";
import { filterOfSql, sqlRefusal, type Filter, type Rule } from "./rules.js";
import type { Subscription } from "./topic.js";

type Body = Readonly<Record<string, unknown>>;

/** Service Bus' descriptor codes. */
const CODE = {
  rule: 0x13700000004,
  emptyAction: 0x13700000005,
  trueFilter: 0x1370000007,
  falseFilter: 0x1370000008,
  correlationFilter: 0x1370000009,
};

/** System properties of a correlation filter: request field and our name, in the order of the described list. */
const SYSTEM_FIELDS: readonly (readonly [string, PropertyName])[] = [
  ["correlation-id", "correlationId"],
  ["message-id", "messageId"],
  ["to", "to"],
  ["reply-to", "replyTo"],
  ["label", "subject"],
  ["session-id", "groupId"],
  ["reply-to-session-id", "replyToGroupId"],
  ["content-type", "contentType"],
];

export function addRule(subscription: Subscription, body: Body): Reply {
  const name = String(body["rule-name"]);
  const description = (body["rule-description"] ?? {}) as Body;
  if (subscription.rules.some((rule) => rule.name === name)) {
    return refused(
      409,
      "com.microsoft:entity-already-exists",
      `Rule '${name}' exists already. Remove it first.`,
    );
  }
  if (description["sql-rule-action"]) {
    return refused(
      501,
      "amqp:not-implemented",
      "Rule actions are not supported by the local broker. Add the rule without.",
    );
  }
  const filter = readFilter(description);
  if (typeof filter === "string") return refused(501, "amqp:not-implemented", filter);
  subscription.setRules([...subscription.rules, { name, filter }]);
  return { status: 200, description: "OK", body: {} };
}

export function removeRule(subscription: Subscription, body: Body): Reply {
  const name = String(body["rule-name"]);
  const kept = subscription.rules.filter((rule) => rule.name !== name);
  if (kept.length === subscription.rules.length) {
    return refused(
      404,
      "com.microsoft:entity-not-found",
      `The messaging entity '${subscription.queue.path}/Rules/${name}' could not be found.`,
    );
  }
  subscription.setRules(kept);
  return { status: 200, description: "OK", body: {} };
}

export function enumerateRules(subscription: Subscription, body: Body): Reply {
  const skip = Number(body.skip ?? 0);
  const page = subscription.rules.slice(skip, skip + Number(body.top ?? Infinity));
  if (page.length === 0) return { status: 204, description: "No rules.", body: {} };
  const rules = page.map((rule) => ({ "rule-description": describeRule(rule) }));
  return { status: 200, description: "OK", body: { rules: types.wrap_list(rules) } };
}

/** A filter, or why there is none. */
function readFilter(description: Body): Filter | string {
  const sql = description["sql-filter"] as Body | undefined;
  if (sql) return filterOfSql(String(sql.expression)) ?? sqlRefusal(String(sql.expression));
  const correlation = description["correlation-filter"] as Body | undefined;
  if (!correlation) return "The rule has neither a SQL nor a correlation filter.";
  const given = SYSTEM_FIELDS.flatMap(([field, name]) => {
    const wanted = correlation[field];
    return typeof wanted === "string" ? [[name, wanted] as const] : [];
  });
  const application = (correlation.properties ?? {}) as Body;
  const odd = Object.entries(application).find(
    ([, value]) => !["string", "number", "boolean"].includes(typeof value),
  );
  if (odd)
    return `The filter compares '${odd[0]}' with a value that is neither text, number nor boolean: not supported.`;
  return { kind: "correlation", system: Object.fromEntries(given), application };
}

function describeRule({ name, filter }: Rule): Typed {
  const action = described(CODE.emptyAction, types.wrap_list([]));
  return described(CODE.rule, types.wrap_list([describeFilter(filter), action, types.wrap_string(name)]));
}

function describeFilter(filter: Filter): Typed {
  if (filter.kind === "true") return described(CODE.trueFilter, types.wrap_list([]));
  if (filter.kind === "false") return described(CODE.falseFilter, types.wrap_list([]));
  const system = SYSTEM_FIELDS.map(([, name]) => filter.system[name] ?? null);
  return described(CODE.correlationFilter, types.wrap_list([...system, types.wrap_map(filter.application)]));
}

const refused = (status: number, errorCondition: string, description: string): Reply => ({
  status,
  errorCondition,
  description,
  body: {},
});
