/** From outcomes and errors to status, headers and body, as recorded for each kind of operation. */
import { randomUUID } from "node:crypto";
import type { ArmError } from "../model/errors.js";
import type { Operation } from "../model/operations.js";
import { type Outcome, timestamp } from "../model/world.js";

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** Every status URL carries a signed tail of almost three kilobytes; whoever stores such URLs should feel it. */
const CERTIFICATE = Buffer.alloc(1600, "simulated certificate ").toString("base64url");
const tailOf = (operation: Operation): string => {
  const mark = operation.id.replaceAll("-", "");
  return `t=${operation.startMs}&c=${CERTIFICATE}&s=${mark.repeat(10)}&h=${mark}`;
};

export interface Addresses {
  readonly endpoint: string;
  readonly subscriptionId: string;
  readonly apiVersion: string;
}

function operationUrl(
  { endpoint, subscriptionId, apiVersion }: Addresses,
  operation: Operation,
  monitor: boolean,
): string {
  if (operation.family === "operationresults") {
    const job = Buffer.from(operation.id).toString("base64url");
    return `${endpoint}/subscriptions/${subscriptionId}/operationresults/${job}?api-version=${apiVersion}&${tailOf(operation)}`;
  }
  if (operation.family === "network") {
    const word = monitor ? "operationResults" : "operations";
    return `${endpoint}/subscriptions/${subscriptionId}/providers/Microsoft.Network/locations/${operation.location}/${word}/${operation.id}?api-version=${apiVersion}&${tailOf(operation)}`;
  }
  const base = `${endpoint}/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${operation.location}/${operation.family}/${operation.id}`;
  return `${base}?p=${operation.id}${monitor ? "&monitor=true" : ""}&api-version=${apiVersion}&${tailOf(operation)}`;
}

export function replyTo(outcome: Outcome, addresses: Addresses): Reply {
  switch (outcome.kind) {
    case "found":
      return { status: 200, headers: {}, body: outcome.body };
    case "done":
      return { status: 200, headers: {} };
    case "absent":
      return { status: 204, headers: {} };
    case "created":
    case "updated":
      return {
        status: outcome.kind === "created" ? 201 : 200,
        headers: {
          ...asyncHeaders(outcome.operation, addresses, false),
          ...retryAfter(outcome.retrySeconds),
        },
        body: outcome.body,
      };
    case "accepted":
      return {
        status: 202,
        headers: { ...asyncHeaders(outcome.operation, addresses, true), ...retryAfter(outcome.retrySeconds) },
        body: outcome.body,
      };
  }
}

function asyncHeaders(
  operation: Operation | undefined,
  addresses: Addresses,
  monitor: boolean,
): Record<string, string> {
  if (operation === undefined) return {};
  const location = { Location: operationUrl(addresses, operation, true) };
  if (operation.family === "operationresults") return location;
  return { "Azure-AsyncOperation": operationUrl(addresses, operation, false), ...(monitor ? location : {}) };
}

const retryAfter = (seconds: number | undefined): Record<string, string> =>
  seconds === undefined ? {} : { "Retry-After": String(seconds) };

export function errorReply(error: ArmError): Reply {
  const headers: Record<string, string> = {
    ...(error.extra.gateway === true ? { "x-ms-failure-cause": "gateway" } : {}),
    ...retryAfter(error.extra.retryAfterSeconds),
  };
  return { status: error.status, headers, body: { error: error.body } };
}

/** The body of Azure-AsyncOperation: 200 whatever the state. */
export function pollReply(operation: Operation, firstPollSeconds: number | undefined): Reply {
  if (operation.family === "network") return networkPollReply(operation);
  const body = {
    startTime: timestamp(operation.startMs),
    ...(operation.endMs === undefined ? {} : { endTime: timestamp(operation.endMs) }),
    status: operation.status,
    ...(operation.error === undefined ? {} : { error: operation.error }),
    ...(operation.output === undefined ? {} : { properties: { output: operation.output } }),
    name: operation.id,
  };
  return {
    status: 200,
    headers: retryAfter(operation.status === "InProgress" ? firstPollSeconds : undefined),
    body,
  };
}

/** Microsoft.Network tells the state and nothing else (recorded). */
const networkPollReply = ({ status, error }: Operation): Reply => ({
  status: 200,
  headers: {},
  body: { status, ...(error === undefined ? {} : { error }) },
});

/** The Location URL: 202 and empty while it runs, then the bare result. */
export function monitorReply(operation: Operation, url: string): Reply {
  if (operation.status === "InProgress") return { status: 202, headers: { Location: url } };
  if (operation.error !== undefined) return { status: 409, headers: {}, body: { error: operation.error } };
  if (operation.family === "network") return { status: 204, headers: {} };
  return { status: 200, headers: {}, body: operation.output };
}

/** Deleting a resource group answers nothing else than 202 until it is over; its failure is in PascalCase. */
export function groupDeletionReply(operation: Operation, url: string): Reply {
  if (operation.status === "InProgress")
    return { status: 202, headers: { Location: url, "Retry-After": "15" } };
  if (operation.error === undefined) return { status: 200, headers: {} };
  const { code, message, details = [] } = operation.error;
  const Details = details.map((detail) => ({
    Code: null,
    Target: detail.target ?? null,
    Message: detail.message,
    Details: null,
    AdditionalInfo: null,
  }));
  return {
    status: 409,
    headers: {},
    body: { Error: { Code: code, Target: null, Message: message, Details } },
  };
}

/** Headers of every answer. */
export function commonHeaders(correlationId: string | undefined): Record<string, string> {
  const requestId = randomUUID();
  const correlation = correlationId ?? randomUUID();
  return {
    "Cache-Control": "no-cache",
    Pragma: "no-cache",
    Expires: "-1",
    "x-ms-request-id": requestId,
    "x-ms-correlation-request-id": correlation,
    "x-ms-routing-request-id": `SIMULATOR:${requestId}`,
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
  };
}
