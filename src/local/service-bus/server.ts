/**
 * The AMQP side: who connects, which link means what, and the answers to requests on `$cbs` and `$management`.
 *
 *   connection ─ token on $cbs ─▶ links: <entity> (send or receive), <entity>/$management (request and reply)
 */
import type { Server } from "node:net";
import type { Clock } from "../clock.js";
import { answerAccepted, createContainer, drop, messages } from "./amqp.js";
import { answerPutToken, type AccessKey, type Reply } from "./cbs.js";
import { openGate } from "./gate.js";
import type { Journal } from "./journal.js";
import { MAX_MESSAGE_BYTES, onMessage, refusal, refuseLink, serveReceiver, serveSender } from "./links.js";
import type { LogLine } from "./log-line.js";
import { answerManagement } from "./management.js";
import { DEAD_LETTER_QUEUE, pathOf, type Entity, type Namespace } from "./namespace.js";
import { CBS_STATUS, findReplyLink, MANAGEMENT_STATUS, sendReply, type StatusNames } from "./replies.js";
import type { AmqpMessage, Connection, EventContext, Receiver, Sender, Session } from "./rhea-internals.js";
import { COORDINATOR, guardTransfers, translateTermini, type Unfinished } from "./session-input.js";
import { holdNextSessionRequests, openSession, type SessionGrants } from "./session-links.js";

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly namespace: Namespace;
  readonly journal: Journal;
  readonly accessKey: AccessKey;
  readonly clock: Clock;
  readonly log: (line: LogLine) => void;
}

/** What we know of a connection beyond rhea. */
interface Peer {
  authorized: boolean;
  readonly replyLinks: Set<Sender>;
  readonly grants: Map<Session, SessionGrants>;
  /** What ends with a link, by its session. */
  readonly onClose: Map<Session, Map<Sender, () => void>>;
  readonly unfinished: Unfinished;
}

const MANAGEMENT = /\/\$management$/i;

export interface AmqpServer {
  readonly server: Server;
  /** Hands nothing out any more, answers what is on record, then closes every connection with a reason. */
  readonly sayFarewell: () => void;
}

export function listen(options: ServerOptions): AmqpServer {
  const { namespace, journal, accessKey, clock, log } = options;
  const container = createContainer();
  const peers = new Map<Connection, Peer>();

  const peerOf = (connection: Connection): Peer => {
    let peer = peers.get(connection);
    if (!peer) {
      peer = {
        authorized: false,
        replyLinks: new Set(),
        grants: new Map(),
        onClose: new Map(),
        unfinished: new Map(),
      };
      peers.set(connection, peer);
    }
    return peer;
  };

  container.on("connection_open", ({ connection }: EventContext) => void peerOf(connection));
  container.on("session_open", ({ session, connection }: EventContext) => {
    guardTransfers(session, peerOf(connection).unfinished, (link, { condition, description }) => {
      log({ level: "warn", event: "service-bus.refused", what: condition, reason: description });
      link.close({ condition, description });
    });
    translateTermini(session);
    const grants = holdNextSessionRequests(session, (address) => queueAt(namespace, address));
    peerOf(connection).grants.set(session, grants);
  });

  container.on("receiver_open", ({ receiver, connection }: EventContext) => {
    const peer = peerOf(connection);
    const address = receiver.target?.address ?? "";
    receiver.set_target({ address });
    receiver.set_source({ address: receiver.source?.address ?? "" });
    receiver.local.attach.max_message_size = MAX_MESSAGE_BYTES;
    if (address === "$cbs") {
      serveRequests(receiver, peer, CBS_STATUS, (request) => {
        const reply = answerPutToken(request, accessKey, clock);
        if (reply.status === 202) peer.authorized = true;
        else
          log({ level: "warn", event: "service-bus.refused", what: "put-token", reason: reply.description });
        return reply;
      });
      return;
    }
    if (!isAuthorized(receiver, peer)) return;
    if (address === COORDINATOR) {
      refuse(
        receiver,
        "amqp:not-implemented",
        "Transactions are not supported by the local broker. Settle and send on their own, or test this in Azure.",
      );
      return;
    }
    const entity = namespace.find(address.replace(MANAGEMENT, ""));
    if (!entity) refuseUnknown(receiver, address);
    else if (MANAGEMENT.test(address)) {
      serveRequests(receiver, peer, MANAGEMENT_STATUS, (request) =>
        answerManagement(request, { entity, connection, clock }),
      );
    } else if (
      entity.kind === "subscription" ||
      address.toLowerCase().endsWith(DEAD_LETTER_QUEUE.toLowerCase())
    ) {
      refuse(
        receiver,
        "amqp:not-allowed",
        `Nothing can be sent to '${address}'. Send to the queue or topic itself.`,
      );
    } else serveSender(receiver, entity, journal);
  });

  container.on("sender_open", ({ sender, session, connection }: EventContext) => {
    const peer = peerOf(connection);
    const address = sender.source?.address ?? "";
    sender.set_source({ address });
    sender.set_target({ address: sender.target?.address ?? "" });
    if (address === "$cbs" || MANAGEMENT.test(address)) {
      // Pre-settled: a disposition from the client, whose socket has no TCP_NODELAY, would delay its next frame by 40 ms.
      sender.local.attach.snd_settle_mode = 1;
      peer.replyLinks.add(sender);
      return;
    }
    if (!isAuthorized(sender, peer)) return;
    sender.local.attach.snd_settle_mode = sender.snd_settle_mode ?? 0;
    sender.local.attach.rcv_settle_mode = sender.rcv_settle_mode ?? 0;
    const queue = queueAt(namespace, address);
    if (!queue) {
      if (namespace.find(address))
        refuse(sender, "amqp:not-allowed", `'${address}' is a topic. Receive from one of its subscriptions.`);
      else refuseUnknown(sender, address);
      return;
    }
    const lock = queue.settings.requiresSession
      ? openSession(sender, queue, peer.grants.get(session))
      : undefined;
    if (queue.settings.requiresSession && !lock) return;
    const stop = serveReceiver({ link: sender, queue, journal, ...(lock && { sessionId: lock.id }) });
    const closers = peer.onClose.get(session) ?? new Map<Sender, () => void>();
    peer.onClose.set(
      session,
      closers.set(sender, () => (stop(), lock?.release())),
    );
  });

  const closeLink = ({ sender, session, connection }: EventContext) => {
    const peer = peers.get(connection);
    peer?.replyLinks.delete(sender);
    const closers = peer?.onClose.get(session);
    closers?.get(sender)?.();
    closers?.delete(sender);
  };
  const closeSession = (peer: Peer, session: Session) => {
    for (const close of peer.onClose.get(session)?.values() ?? []) close();
    peer.grants.get(session)?.cancel();
    peer.onClose.delete(session);
    peer.grants.delete(session);
  };
  const closeSessions = (peer: Peer) => {
    for (const session of peer.grants.keys()) closeSession(peer, session);
  };
  const closeConnection = ({ connection }: EventContext) => {
    const peer = peers.get(connection);
    if (peer) closeSessions(peer);
    peers.delete(connection);
  };
  // On links that were refused.
  container.on("message", ({ delivery }: EventContext) => drop(delivery));
  container.on("sender_close", closeLink);
  container.on("session_close", ({ session, connection }: EventContext) =>
    closeSession(peerOf(connection), session),
  );
  container.on("connection_close", closeConnection);
  container.on("disconnected", closeConnection);
  // Unheard, rhea would print these or let the process die of one client's broken frame.
  for (const event of [
    "error",
    "protocol_error",
    "connection_error",
    "session_error",
    "sender_error",
    "receiver_error",
  ]) {
    container.on(event, (cause: Partial<EventContext> & { message?: unknown }) => {
      log({
        level: "warn",
        event: "service-bus.client-error",
        what: event,
        reason: String(cause.error ?? cause.message ?? ""),
      });
    });
  }

  const refuseUnknown = (link: Receiver | Sender, address: string): void => {
    refuse(
      link,
      "amqp:not-found",
      `The messaging entity 'sb://${options.host}/${pathOf(address)}' could not be found. Name it in the broker's configuration.`,
    );
  };
  const isAuthorized = (link: Receiver | Sender, peer: Peer): boolean => {
    if (!peer.authorized)
      refuse(link, "amqp:unauthorized-access", "No valid token was put on $cbs for this connection.");
    return peer.authorized;
  };
  const refuse = (link: Receiver | Sender, condition: string, description: string): void => {
    log({ level: "warn", event: "service-bus.refused", what: condition, reason: description });
    refuseLink(link, refusal(condition, description));
  };

  function serveRequests(
    link: Receiver,
    peer: Peer,
    names: StatusNames,
    answer: (request: AmqpMessage) => Reply,
  ): void {
    onMessage(link, ({ message, delivery }) => {
      answerAccepted(delivery);
      const request = messages.decode(message);
      const reply = answer(request);
      if (reply.status === 501)
        log({ level: "warn", event: "service-bus.refused", what: "request", reason: reply.description });
      const replyLink = findReplyLink(peer.replyLinks, request, link);
      journal.onDurable(() => sendReply(replyLink, request, reply, names));
    });
  }

  const sayFarewell = (): void => {
    for (const peer of peers.values()) closeSessions(peer);
    // Behind the answers to what was taken in before.
    journal.onDurable(() => {
      for (const connection of peers.keys()) connection.close(FAREWELL);
    });
  };

  const server = openGate(container, log);
  server.listen({ host: options.host, port: options.port });
  return { server, sayFarewell };
}

/** The condition on which clients connect again by themselves, as they do when the service moves them. */
const FAREWELL = refusal("amqp:connection:forced", "The local broker stops.");

function queueAt(namespace: Namespace, address: string) {
  const entity: Entity | undefined = namespace.find(address);
  return entity && entity.kind !== "topic" ? entity.queue : undefined;
}
