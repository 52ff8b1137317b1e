/** What the broker keeps of a message. The bare message stays the sender's bytes; only what we decide is separate. */

/** A message as it came from a sender. */
export interface IncomingMessage {
  /** Properties, application properties, body and footer, as the sender encoded them. */
  readonly bare: Buffer;
  readonly messageId: string;
  readonly sessionId?: string;
  readonly ttlMs?: number;
  readonly scheduledForMs?: number;
  readonly partitionKey?: string;
}

export interface Entry extends IncomingMessage {
  bare: Buffer;
  readonly sequence: number;
  /** The number it had where it came in first: in the topic, or in the queue it was dead-lettered from. */
  readonly enqueuedSequence: number;
  readonly enqueuedAtMs: number;
  readonly deadLetterSource?: string;
  state: "active" | "deferred" | "scheduled";
  /** Attempts begun; on the wire a delivery shows the attempts that had failed before it. */
  deliveryCount: number;
}

export const expiresAtMs = ({ enqueuedAtMs, ttlMs }: Entry): number => enqueuedAtMs + (ttlMs ?? Infinity);
