/** The two kinds of data links: a client's sender, whose messages we take in, and a client's receiver, which we feed. */
import { answerAccepted, answerRejected, drop, tagOfToken, tokenOfTag, types } from "./amqp.js";
import { decodeIncoming, encodeEntry, mapOf, unbatch } from "./codec.js";
import type { IncomingMessage } from "./entry.js";
import type { Journal } from "./journal.js";
import type { Entity } from "./namespace.js";
import type { Consumer } from "./lanes.js";
import type { Properties, Queue, Settlement } from "./queue.js";
import type { AmqpError, EventContext, Outcome, Receiver, Sender, Typed } from "./rhea-internals.js";

/** What the standard tier takes; the SDK learns it from our attach. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** Service Bus' own message format: every data section is a message of its own. */
const BATCH_FORMAT = 0x80013700;

export const refusal = (condition: string, description: string): AmqpError => ({ condition, description });

export const tooLarge = (bytes: number): AmqpError =>
  refusal(
    "amqp:link:message-size-exceeded",
    `The message of ${bytes} bytes exceeds the limit of ${MAX_MESSAGE_BYTES} bytes.`,
  );

/** A link that never was: no node at its end, then the reason (AMQP 1.0, 2.6.3). With one, .NET takes it for open. */
export function refuseLink(link: Receiver | Sender, error: AmqpError): void {
  link.local.attach.source = undefined;
  link.local.attach.target = undefined;
  link.close(error);
}

/** Gives `take` the whole messages that come on a link as long as it is open. */
export function onMessage(link: Receiver, take: (context: EventContext) => void): void {
  link.on("message", (context: EventContext) => {
    // After our farewell nobody would learn that it was kept: the client sends it again, and then it would be here twice.
    if (link.is_open() && !link.discards) take(context);
    else drop(context.delivery);
  });
}

/** Takes in what a client sends; a transfer is answered once all its messages are durable. */
export function serveSender(link: Receiver, entity: Entity, journal: Journal): void {
  onMessage(link, ({ message, delivery, connection }) => {
    const outcome = takeIn(message, delivery.format, entity);
    journal.onDurable(
      () => {
        if (outcome === undefined) answerAccepted(delivery);
        else answerRejected(delivery, connection, outcome);
      },
      () => answerRejected(delivery, connection, outcome ?? NOT_KEPT),
    );
  });
}

const NOT_KEPT = refusal(
  "amqp:internal-error",
  "The message was not kept: the broker cannot write its journal, and stops. Its log says why.",
);

/** All messages of a transfer or none. */
function takeIn(bytes: Buffer, format: number, entity: Entity): AmqpError | undefined {
  if (bytes.length > MAX_MESSAGE_BYTES) return tooLarge(bytes.length);
  let messages: IncomingMessage[];
  try {
    messages = (format === BATCH_FORMAT ? unbatch(bytes) : [bytes]).map(decodeIncoming);
  } catch (error) {
    return refusal("amqp:decode-error", error instanceof Error ? error.message : String(error));
  }
  const problem = messages.map((message) => sessionProblem(message, entity)).find((one) => one !== undefined);
  if (problem) return problem;
  const { intake } = entity.kind === "topic" ? entity.topic : entity.queue;
  for (const message of messages) intake.accept(message);
  return undefined;
}

export function sessionProblem({ sessionId }: IncomingMessage, entity: Entity): AmqpError | undefined {
  const path = entity.kind === "topic" ? entity.topic.path : entity.queue.path;
  const requiresSession =
    entity.kind === "topic" ? entity.topic.requiresSession : entity.queue.settings.requiresSession;
  if (!requiresSession || sessionId !== undefined) return undefined;
  return refusal(
    "amqp:not-allowed",
    `Messages for '${path}' need a SessionId: the entity requires sessions.`,
  );
}

/** Feeds a client's receiver and does what it decides about each message. Returns how to stop. */
export function serveReceiver(options: {
  link: Sender;
  queue: Queue;
  sessionId?: string;
  journal: Journal;
}): () => void {
  const { link, queue, sessionId, journal } = options;
  const { outgoing } = link.session;
  let onTheirWay = 0;
  const consumer: Consumer = {
    peekLock: link.snd_settle_mode !== 1,
    ...(sessionId !== undefined && { sessionId }),
    // Beyond its credit rhea would hold the delivery, and with it everything else on the session.
    capacity: () => {
      const unsent = outgoing.next_delivery_id - outgoing.next_pending_delivery;
      return link.is_open() ? Math.min(link.credit - unsent, outgoing.available()) - onTheirWay : 0;
    },
    // The attempt is on record before the client can act on it: one that kills us both has counted.
    take: ({ entry, deliveryCount, lock }) => {
      onTheirWay++;
      journal.onDurable(() => {
        onTheirWay--;
        const bytes = encodeEntry(entry, { deliveryCount, ...(lock && { lockedUntilMs: lock.untilMs }) });
        if (link.is_open()) link.send(bytes, lock && tagOfToken(lock.token), 0);
        else if (lock) queue.settle(lock.token, { kind: "abandon", properties: NO_PROPERTIES });
      });
    },
  };
  const settleOn = (event: string, read: (outcome: Outcome) => Settlement) =>
    link.on(event, ({ delivery, connection }: EventContext) => {
      if (!consumer.peekLock || delivery.remote_state === undefined) return;
      const settled = queue.settle(tokenOfTag(delivery.tag), read(delivery.remote_state));
      journal.onDurable(() => {
        if (settled) answerAccepted(delivery);
        else answerRejected(delivery, connection, lockLost(queue));
        queue.pump(sessionId);
      });
    });
  settleOn("accepted", () => ({ kind: "complete" }));
  settleOn("released", () => ({ kind: "abandon", properties: NO_PROPERTIES }));
  settleOn("modified", readModified);
  settleOn("rejected", readRejected);
  const pump = () => queue.pump(sessionId);
  link.on("sender_flow", pump);
  link.on("sendable", pump);
  answerDrains(link, journal);
  return queue.subscribe(consumer);
}

const NO_PROPERTIES: Properties = new Map();

/** Fields of modified: delivery-failed, undeliverable-here, message-annotations (AMQP 1.0, 3.4.5). */
function readModified({ value: [, undeliverableHere, annotations] }: Outcome): Settlement {
  return {
    kind: types.unwrap(undeliverableHere) === true ? "defer" : "abandon",
    properties: mapOf(annotations),
  };
}

/** The error's info map carries reason, description and whatever else shall stand in the message. */
function readRejected({ value: [error] }: Outcome): Settlement {
  const fields = (error?.value ?? []) as readonly Typed[];
  return { kind: "dead-letter", properties: mapOf(fields[2]) };
}

export const lockLost = (queue: Queue): AmqpError =>
  queue.settings.requiresSession
    ? refusal("com.microsoft:session-lock-lost", "The session lock is lost: it has expired or was released.")
    : refusal(
        "com.microsoft:message-lock-lost",
        "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
      );

/**
 * A drain is answered even when the credit is already used up. rhea 3.0.5 then leaves the drain flag out of its
 * answer, and the SDK, which waits for that flag, gives its receiver up after 200 ms.
 */
function answerDrains(link: Sender, journal: Journal): void {
  link._get_drain = () => {
    if (!link._draining || !link._drained) return false;
    link.delivery_count += link.credit;
    link.credit = 0;
    return true;
  };
  link.on("sender_draining", () => {
    // Behind the messages that are on their way.
    journal.onDurable(() => {
      link.set_drained(true);
      link.connection._register();
    });
  });
}
