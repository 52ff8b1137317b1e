/** Answers that every HTTP function gives the same way. */
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { RunKind, RunLinks } from "../contracts/status.js";
import { instanceIdOf } from "../contracts/status.js";

export const problem = (status: number, code: string, message: string, remedy: string): HttpResponseInit => ({
  status,
  jsonBody: { error: { code, message, remedy } },
});

/** Seconds between polls of a run that is just beginning. */
const RETRY_AFTER = "10";

export const urlOf = (request: HttpRequest, kind: RunKind, runId: string): string =>
  `${new URL(request.url).origin}/api/${kind}s/${runId}`;

/**
 * 202 with our status URL and Durable's own. The latter carry a key of the extension: they are told to whoever started
 * the run, once, and never stand in a status document, which many may read.
 */
export function accepted(
  client: DurableClient,
  request: HttpRequest,
  kind: RunKind,
  runId: string,
): HttpResponseInit {
  const self = urlOf(request, kind, runId);
  const links: RunLinks = { self, cancel: `${self}/cancel` };
  return {
    status: 202,
    headers: { Location: self, "Retry-After": RETRY_AFTER },
    jsonBody: { id: runId, links, durable: client.createHttpManagementPayload(instanceIdOf(kind, runId)) },
  };
}

/** A body that may be left out; what is no JSON is handed on as text, for the schema to refuse. */
export async function bodyOf(request: HttpRequest): Promise<unknown> {
  const text = await request.text();
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
