/** What a client's frames have to pass before rhea takes them in: rhea sets no bounds and loses what it does not know. */
import { answerRejected, described, types } from "./amqp.js";
import { MAX_MESSAGE_BYTES, refusal, tooLarge } from "./links.js";
import type { AmqpError, Receiver, Session, Typed } from "./rhea-internals.js";

/** By link the bytes so far of a delivery whose last frame has not come, of one connection. */
export type Unfinished = Map<Receiver, number>;

/** So many messages of the largest size a connection may have half sent: 16 MiB. */
const MAX_UNFINISHED = 64;

/** What a frame of an unfinished delivery weighs at least, so that a message is no heap of tiny pieces. */
const MIN_FRAME_BYTES = 256;

const NOTHING = Buffer.alloc(0);

/**
 * Bounds what a client may send on a link; of what exceeds it nothing is kept. And rhea decodes a message of format 0,
 * which loses its types; of any other format it hands out the bytes.
 */
export function guardTransfers(
  { connection, incoming }: Session,
  unfinished: Unfinished,
  refuse: (link: Receiver, error: AmqpError) => void,
): void {
  const onTransfer = incoming.on_transfer.bind(incoming);
  incoming.on_transfer = (frame, link) => {
    const { performative } = frame;
    performative.message_format ||= 1;
    // rhea hands out what has come of a message that is taken back as if it were all of it.
    if (performative.aborted) performative.more = false;
    const before = unfinished.get(link);
    const isPart = performative.more === true || before !== undefined;
    const begins = isPart && before === undefined;
    if (begins) forgetClosed(unfinished);
    if (begins && unfinished.size >= MAX_UNFINISHED) refuse(link, TOO_MANY);
    const bytes = (before ?? 0) + Math.max(frame.payload?.length ?? 0, MIN_FRAME_BYTES);
    const isTooLarge = isPart && bytes > MAX_MESSAGE_BYTES;
    link.discards = performative.aborted === true || isTooLarge;
    if (performative.more && link.is_open()) unfinished.set(link, bytes);
    else unfinished.delete(link);
    if (isTooLarge || !link.is_open()) {
      frame.payload = undefined;
      // Without credit rhea would print each of them.
      link.credit = Math.max(link.credit, 1);
    }
    // A copy of a part: a slice would keep the whole socket buffer in memory for as long as the rest does not come.
    if (performative.more && frame.payload) frame.payload = Buffer.from(frame.payload);
    if (!link._incomplete) frame.payload ??= NOTHING;
    const delivery = link._incomplete;
    onTransfer(frame, link);
    // At once: its end may never come. A message that comes whole is rejected by its size where it is taken in.
    const rejectable = link._incomplete ?? delivery;
    if (isTooLarge && (before ?? 0) <= MAX_MESSAGE_BYTES && rejectable)
      answerRejected(rejectable, connection, tooLarge(bytes));
  };
}

const TOO_MANY = refusal(
  "amqp:resource-limit-exceeded",
  `The connection has ${MAX_UNFINISHED} messages under way. Finish one before another is begun.`,
);

function forgetClosed(unfinished: Unfinished): void {
  for (const link of unfinished.keys()) if (!link.is_open()) unfinished.delete(link);
}

/** The address under which a transaction's coordinator reaches our handlers. */
export const COORDINATOR = "$coordinator";

const SOURCE = 0x28;
const TARGET = 0x29;
const COORDINATORS: readonly unknown[] = [0x30, "amqp:coordinator:list"];
const TERMINI: readonly unknown[] = [SOURCE, TARGET, "amqp:source:list", "amqp:target:list"];

/** A link's end that rhea does not know it prints to stderr and forgets: a coordinator becomes an address, others none. */
export function translateTermini(session: Session): void {
  const onAttach = session.on_attach.bind(session);
  session.on_attach = (frame) => {
    const { performative } = frame;
    if (COORDINATORS.includes(performative.target?.descriptor?.value)) {
      performative.target = described(TARGET, types.wrap_list([types.wrap_string(COORDINATOR)]));
    }
    performative.source = knownTerminus(performative.source);
    performative.target = knownTerminus(performative.target);
    onAttach(frame);
  };
}

const knownTerminus = (terminus: Typed | undefined): Typed | undefined =>
  TERMINI.includes(terminus?.descriptor?.value) ? terminus : undefined;
