/** `$management`: the operations the SDK asks for on an entity, by the names and body fields of its requests. */
import { bytesOfUuid, types, uuidOfBytes } from "./amqp.js";
import type { Reply } from "./cbs.js";
import type { Clock } from "../clock.js";
import { decodeIncoming, encodeEntry } from "./codec.js";
import { lockLost, sessionProblem } from "./links.js";
import type { Entity } from "./namespace.js";
import type { Properties, Queue, Settlement } from "./queue.js";
import type { AmqpMessage } from "./rhea-internals.js";
import { addRule, enumerateRules, removeRule } from "./rule-requests.js";

/** AMQP type codes of array elements. */
const LONG = 0x81;
const TIMESTAMP = 0x83;
const STRING = 0xb1;

type Body = Readonly<Record<string, unknown>>;

/** Who asks. Clients name the receiver that a request is about; one that names none means any of its connection. */
interface Requester {
  readonly connection: object;
  readonly link: string | undefined;
}

type Operation = (queue: Queue, body: Body, requester: Requester) => Reply;
const QUEUE_OPERATIONS: Readonly<Record<string, Operation>> = {
  "peek-message": peek,
  "renew-lock": renewLocks,
  "receive-by-sequence-number": receiveDeferred,
  "update-disposition": updateDisposition,
  "renew-session-lock": renewSessionLock,
  "set-session-state": setSessionState,
  "get-session-state": getSessionState,
  "get-message-sessions": listSessions,
};

export function answerManagement(
  request: AmqpMessage,
  { entity, connection, clock }: { entity: Entity; connection: object; clock: Clock },
): Reply {
  const fields = request.application_properties ?? {};
  const operation = textOf(fields.operation)?.replace(/^com\.microsoft:/, "") ?? "";
  const body = (request.body ?? {}) as Body;
  try {
    if (operation === "schedule-message" && entity.kind !== "subscription")
      return schedule(entity, body, clock);
    if (operation === "cancel-scheduled-message" && entity.kind !== "subscription")
      return cancelScheduled(entity, body);
    if (entity.kind === "subscription") {
      if (operation === "add-rule") return addRule(entity.subscription, body);
      if (operation === "remove-rule") return removeRule(entity.subscription, body);
      if (operation === "enumerate-rules") return enumerateRules(entity.subscription, body);
    }
    const answer = QUEUE_OPERATIONS[operation];
    if (answer && entity.kind !== "topic") {
      return answer(entity.queue, body, { connection, link: textOf(fields["associated-link-name"]) });
    }
  } catch (error) {
    return failed(400, "amqp:decode-error", error instanceof Error ? error.message : String(error));
  }
  return failed(
    501,
    "amqp:not-implemented",
    `Operation ${operation} on a ${entity.kind} is not supported by the local broker; docs/local/service-bus.md lists what is.`,
  );
}

function schedule(entity: Exclude<Entity, { kind: "subscription" }>, body: Body, clock: Clock): Reply {
  const incoming = listOf(body.messages).map((one) => decodeIncoming(bytesOf((one as Body).message)));
  const problem = incoming.map((message) => sessionProblem(message, entity)).find((one) => one !== undefined);
  if (problem) return failed(400, problem.condition, problem.description);
  const { intake, store } = entity.kind === "topic" ? entity.topic : entity.queue;
  const numbers = incoming.map(
    (message) =>
      // A duplicate is accepted and dropped: it gets the number it would have had, and nothing becomes of it.
      intake.accept({ scheduledForMs: clock.now(), ...message }) ?? store.lastSequence,
  );
  return ok({ "sequence-numbers": types.wrap_array(numbers, LONG) });
}

function cancelScheduled(entity: Exclude<Entity, { kind: "subscription" }>, body: Body): Reply {
  const { intake } = entity.kind === "topic" ? entity.topic : entity.queue;
  const numbers = listOf(body["sequence-numbers"]).map(numberOf);
  const missing = numbers.filter((number) => !intake.isScheduled(number));
  if (missing.length > 0) return notFound(missing);
  for (const number of numbers) intake.cancel(number);
  return ok({});
}

function peek(queue: Queue, body: Body): Reply {
  const sessionId = textOf(body["session-id"]);
  const entries = queue.peek(
    numberOf(body["from-sequence-number"]),
    numberOf(body["message-count"]),
    sessionId,
  );
  if (entries.length === 0) return { status: 204, description: "No messages.", body: {} };
  const found = entries.map((entry) => ({ message: types.wrap_binary(encodeEntry(entry, entry)) }));
  return ok({ messages: types.wrap_list(found) });
}

function renewLocks(queue: Queue, body: Body): Reply {
  const untilMs = listOf(body["lock-tokens"]).map((token) => queue.renew(uuidOfBytes(bytesOf(token))));
  const expirations = untilMs.filter((one) => one !== undefined);
  if (expirations.length < untilMs.length) return gone(queue);
  return ok({ expirations: types.wrap_array(expirations, TIMESTAMP) });
}

function receiveDeferred(queue: Queue, body: Body): Reply {
  const numbers = listOf(body["sequence-numbers"]).map(numberOf);
  const handouts = queue.takeDeferred(
    numbers,
    body["receiver-settle-mode"] === 1,
    textOf(body["session-id"]),
  );
  if (!handouts) return notFound(numbers);
  const taken = handouts.map(({ entry, deliveryCount, lock }) => ({
    message: types.wrap_binary(
      encodeEntry(entry, {
        deliveryCount,
        ...(lock && { lockedUntilMs: lock.untilMs, lockToken: lock.token }),
      }),
    ),
    ...(lock && { "lock-token": types.wrap_uuid(bytesOfUuid(lock.token)) }),
  }));
  return ok({ messages: types.wrap_list(taken) });
}

function updateDisposition(queue: Queue, body: Body): Reply {
  const settlement = readDisposition(body);
  if (!settlement) {
    return failed(400, "amqp:invalid-field", `Disposition ${String(body["disposition-status"])} is unknown.`);
  }
  const settled = listOf(body["lock-tokens"]).map((token) =>
    queue.settle(uuidOfBytes(bytesOf(token)), settlement),
  );
  return settled.every(Boolean) ? ok({}) : gone(queue);
}

function readDisposition(body: Body): Settlement | undefined {
  const changes = Object.entries((body["properties-to-modify"] ?? {}) as Body);
  const properties: Properties = new Map(changes.map(([name, value]) => [name, types.wrap(value)]));
  switch (body["disposition-status"]) {
    case "completed":
      return { kind: "complete" };
    case "abandoned":
      return { kind: "abandon", properties };
    // The protocol's own spelling.
    case "defered":
      return { kind: "defer", properties };
    case "suspended": {
      const reason = textOf(body["deadletter-reason"]);
      const description = textOf(body["deadletter-description"]);
      const named = [
        ...(reason === undefined ? [] : [["DeadLetterReason", types.wrap(reason)] as const]),
        ...(description === undefined
          ? []
          : [["DeadLetterErrorDescription", types.wrap(description)] as const]),
      ];
      return { kind: "dead-letter", properties: new Map([...properties, ...named]) };
    }
    default:
      return undefined;
  }
}

function renewSessionLock(queue: Queue, body: Body, requester: Requester): Reply {
  const id = heldSession(queue, body, requester);
  const untilMs = id === undefined ? undefined : queue.sessions.renew(id);
  return untilMs === undefined ? gone(queue) : ok({ expiration: types.wrap_timestamp(untilMs) });
}

function setSessionState(queue: Queue, body: Body, requester: Requester): Reply {
  const id = heldSession(queue, body, requester);
  if (id === undefined) return gone(queue);
  const state = body["session-state"];
  queue.store.commit({
    op: "session",
    id,
    state: state === null || state === undefined ? undefined : Buffer.from(bytesOf(state)),
  });
  return ok({});
}

function getSessionState(queue: Queue, body: Body, requester: Requester): Reply {
  const id = heldSession(queue, body, requester);
  if (id === undefined) return gone(queue);
  const state = queue.store.sessionStates.get(id);
  return ok({ "session-state": state === undefined ? null : types.wrap_binary(state) });
}

/** The session that a request is about, or undefined when the requester does not hold it (any more). */
function heldSession(queue: Queue, body: Body, { connection, link }: Requester): string | undefined {
  const id = String(body["session-id"]);
  const holder = queue.sessions.holder(id);
  const isHeld = holder?.connection === connection && (link ?? holder.link) === holder.link;
  return isHeld ? id : undefined;
}

function listSessions(queue: Queue, body: Body): Reply {
  const withMessages = [...queue.store.entries.values()].flatMap(({ sessionId }) => sessionId ?? []);
  const ids = [...new Set([...withMessages, ...queue.store.sessionStates.keys()])];
  const skip = numberOf(body.skip);
  const page = ids.slice(skip, skip + numberOf(body.top));
  if (page.length === 0) return { status: 204, description: "No sessions.", body: {} };
  return ok({ skip: types.wrap_int(skip + page.length), "sessions-ids": types.wrap_array(page, STRING) });
}

const ok = (body: object): Reply => ({ status: 200, description: "OK", body });

const failed = (status: number, errorCondition: string, description: string): Reply => ({
  status,
  errorCondition,
  description,
  body: {},
});

function gone(queue: Queue): Reply {
  const { condition, description } = lockLost(queue);
  return failed(410, condition, description);
}

const notFound = (numbers: readonly number[]): Reply =>
  failed(404, "com.microsoft:message-not-found", `No such message: sequence number ${numbers.join(", ")}.`);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function bytesOf(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new Error("A field of the request that must be binary is not.");
  return value;
}

/** Longs beyond 2^53 come as bytes; none of ours is. */
function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (Buffer.isBuffer(value) && value.length === 8) return Number(value.readBigInt64BE());
  throw new Error("A field of the request that must be a number is not.");
}
