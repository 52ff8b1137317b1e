/** Answers to requests on `$cbs` and `$management`: the link they go to, and how they are written. */
import { messages, types } from "./amqp.js";
import type { Reply } from "./cbs.js";
import type { AmqpMessage, Receiver, Sender } from "./rhea-internals.js";

/**
 * The link for an answer: clients give its name ($cbs) or its target ($management) in reply_to. Those on Microsoft's C
 * library give nothing and mean the other link of the pair.
 */
export function findReplyLink(
  links: ReadonlySet<Sender>,
  { reply_to: replyTo }: AmqpMessage,
  { session, target }: Receiver,
): Sender | undefined {
  return [...links].find((link) =>
    typeof replyTo === "string"
      ? link.name === replyTo || link.target?.address === replyTo
      : link.session === session && link.source?.address === target?.address,
  );
}

export type StatusNames = readonly [code: string, description: string];
export const CBS_STATUS: StatusNames = ["status-code", "status-description"];
export const MANAGEMENT_STATUS: StatusNames = ["statusCode", "statusDescription"];

export function sendReply(
  link: Sender | undefined,
  request: AmqpMessage,
  reply: Reply,
  [code, description]: StatusNames,
): void {
  if (!link?.is_open()) return;
  const bytes = messages.encode({
    correlation_id: request.message_id,
    application_properties: {
      [code]: types.wrap_int(reply.status),
      [description]: reply.description,
      ...(reply.errorCondition && { errorCondition: types.wrap_symbol(reply.errorCondition) }),
    },
    body: reply.body,
  });
  if (link.has_credit()) link.send(bytes, undefined, 0);
  else link.once("sendable", () => link.send(bytes, undefined, 0));
}
