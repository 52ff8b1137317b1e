/** Subscription rules: the filters the broker knows, and whether a message passes one. */
import type { MessageFields, PropertyName } from "./codec.js";

/** Conditions are all to hold; application properties stand beside the system properties. */
export interface CorrelationFilter {
  readonly kind: "correlation";
  readonly system: Partial<Record<PropertyName, string>>;
  readonly application: Readonly<Record<string, unknown>>;
}
export type Filter = { readonly kind: "true" } | { readonly kind: "false" } | CorrelationFilter;

export interface Rule {
  readonly name: string;
  readonly filter: Filter;
}

/** What a subscription without rules in its configuration has. */
export const DEFAULT_RULE: Rule = { name: "$Default", filter: { kind: "true" } };

/** Reads the SQL expressions that stand for the boolean filters; undefined for one that would need SQL. */
export function filterOfSql(expression: string): Filter | undefined {
  const compact = expression.replaceAll(/\s/g, "");
  if (compact === "1=1") return { kind: "true" };
  if (compact === "1=0") return { kind: "false" };
  return undefined;
}

export const sqlRefusal = (expression: string): string =>
  `SQL expression "${expression}" is not supported by the local broker, which knows 1=1, 1=0 and correlation filters. ` +
  "Use a correlation filter, or test this subscription in Azure or with the official emulator.";

export function passes(filter: Filter, message: MessageFields): boolean {
  if (filter.kind !== "correlation") return filter.kind === "true";
  return (
    Object.entries(filter.system).every(([name, wanted]) =>
      isEqual(message.property(name as PropertyName), wanted),
    ) &&
    Object.entries(filter.application).every(([name, wanted]) =>
      isEqual(message.applicationProperty(name), wanted),
    )
  );
}

/** Dates and 64-bit numbers (bytes) are compared by value. */
function isEqual(actual: unknown, wanted: unknown): boolean {
  if (Buffer.isBuffer(actual) && Buffer.isBuffer(wanted)) return actual.equals(wanted);
  return plain(actual) === plain(wanted);
}

const plain = (value: unknown): unknown => (value instanceof Date ? value.getTime() : value);
