/** What every HTTP function asks and answers in the same way. */
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { z } from "zod";
import { problemsOf } from "../contracts/problems.js";
import type { RunKind, RunLinks } from "../contracts/status.js";
import { instanceIdOf } from "../contracts/status.js";
import type { FailureCode } from "../domain/failures.js";
import { runIdFrom } from "../domain/names.js";

export const problem = (
  status: number,
  code: FailureCode,
  message: string,
  remedy: string,
): HttpResponseInit => ({ status, jsonBody: { error: { code, message, remedy } } });

export const runNotFound = (kind: RunKind, runId: string): HttpResponseInit =>
  problem(
    404,
    "RUN_NOT_FOUND",
    `There is no ${kind} ${runId}.`,
    `List runs with GET /api/runs?kind=${kind}.`,
  );

export const invalidRequest = (error: z.ZodError, remedy: string): HttpResponseInit =>
  problem(400, "INVALID_REQUEST", problemsOf(error).join("\n"), remedy);

/** The run that a route's `{id}` names. */
export const runIdOf = (request: HttpRequest): string => runIdFrom(request.params["id"] ?? "");

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

/** A body that may be left out. */
export async function bodyOf(request: HttpRequest): Promise<unknown> {
  const text = await request.text();
  return text.trim() === "" ? {} : fromJson(text);
}

/** Undefined for what is no JSON: a schema refuses it as it does any other value that is no object. */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
