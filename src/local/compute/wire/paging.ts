/** Lists in pages: `nextLink` is the request's own URL with a `$skiptoken`, which is opaque to who follows it. */
import { invalidParameter } from "../model/errors.js";
import type { Outcome } from "../model/world.js";

/** Providers choose their own page sizes and publish none; this one is small enough to be met. */
const PAGE_SIZE = 100;

export function paged(outcome: Outcome, url: URL): Outcome {
  if (outcome.kind !== "found" || !isList(outcome.body)) return outcome;
  const { value } = outcome.body;
  const from = offsetOf(url.searchParams.get("$skiptoken"));
  const to = from + PAGE_SIZE;
  if (from === 0 && value.length <= to) return outcome;
  const next = new URL(url);
  next.searchParams.set("$skiptoken", Buffer.from(String(to)).toString("base64url"));
  return {
    kind: "found",
    body: { value: value.slice(from, to), ...(to < value.length ? { nextLink: next.href } : {}) },
  };
}

const isList = (body: unknown): body is { value: readonly unknown[] } =>
  typeof body === "object" &&
  body !== null &&
  Array.isArray((body as { value?: unknown }).value) &&
  Object.keys(body).length === 1;

function offsetOf(token: string | null): number {
  if (token === null) return 0;
  const offset = Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(offset) || offset < 0)
    throw invalidParameter(`The value '${token}' of parameter '$skiptoken' is invalid.`, "$skiptoken");
  return offset;
}
