/** The one door to rhea: its codec and listener under the types of rhea-internals.d.ts, and the answers we give. */
import type { EventEmitter } from "node:events";
import rhea from "rhea";
import type { AmqpError, Connection, Delivery, MessageCodec, Typed, Types } from "./rhea-internals.js";

export const types = rhea.types as unknown as Types;
export const messages = rhea.message as unknown as MessageCodec;

export interface Container extends EventEmitter {
  create_connection(options: object): Connection;
}

/**
 * Nobody says who they are before `$cbs`. rhea calls that ANONYMOUS; Microsoft's own AMQP libraries, below the .NET and
 * other clients, want the mechanism by Service Bus' name and end without it.
 */
export function createContainer(): Container {
  const container = rhea.create_container();
  const mechanisms = container.sasl_server_mechanisms as Record<string, unknown> & {
    enable_anonymous(): void;
  };
  mechanisms.enable_anonymous();
  mechanisms.MSSBCBS = mechanisms.ANONYMOUS;
  return container as unknown as Container;
}

export function readTyped(bytes: Buffer): Typed {
  return new types.Reader(bytes).read();
}

export function writeTyped(value: Typed): Buffer {
  const writer = new types.Writer();
  writer.write(value);
  return writer.toBuffer();
}

/** A described section or composite, such as a message section (AMQP 1.0, 3.2). */
export const described = (code: number, value: Typed): Typed =>
  types.described(types.wrap_ulong(code), value);

export const accepted = (): Typed => messages.accepted({}).described();
export const rejected = (error: AmqpError): Typed => messages.rejected({ error }).described();

/**
 * Answers an accepted delivery. Equal neighbours may share one frame, so nothing is flushed.
 * The client of a second settle mode never settles after us: unless we do it for it, rhea keeps the slot forever.
 */
export function answerAccepted(delivery: Delivery): void {
  delivery.update(true, accepted());
  delivery.remote_settled = true;
}

/**
 * Answers a delivery that was not accepted. rhea 3.0.5 puts two neighbours settled in one tick into one frame even
 * when their outcomes differ, so this answer is alone in its write.
 */
export function answerRejected(delivery: Delivery, connection: { _process(): void }, error: AmqpError): void {
  connection._process();
  delivery.update(true, rejected(error));
  connection._process();
  delivery.remote_settled = true;
}

/** Frees the slot of a delivery that gets no answer, since its link is no more. */
export function drop(delivery: Delivery): void {
  delivery.remote_settled = true;
  delivery.update(true);
}

/** Lock tokens are GUIDs: text in the SDK, in .NET byte order in a delivery tag, in plain order in a request body. */
export function tagOfToken(token: string): Buffer {
  return reorder(bytesOfUuid(token));
}

export function tokenOfTag(tag: Buffer): string {
  return uuidOfBytes(reorder(tag));
}

export const bytesOfUuid = (uuid: string): Buffer => Buffer.from(uuid.replaceAll("-", ""), "hex");

export function uuidOfBytes(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const DOTNET_GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

const reorder = (bytes: Buffer): Buffer => Buffer.from(DOTNET_GUID_ORDER.map((from) => bytes[from] ?? 0));
