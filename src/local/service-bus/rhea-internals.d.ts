// The parts of rhea 3.0.5 this broker stands on, typed by us: rhea's own typings are `any` almost everywhere and
// leave out its private fields. test/conformance/service-bus/rhea-guard.test.ts fails when a field is gone.
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";

/** An AMQP value that still knows its wire type. */
export interface Typed {
  readonly type: { readonly name: string; readonly typecode: number };
  readonly value: unknown;
  descriptor?: Typed;
}

export interface Types {
  readonly Reader: new (bytes: Buffer) => { read(): Typed; remaining(): number };
  readonly Writer: new () => { write(value: Typed): void; toBuffer(): Buffer };
  wrap(value: unknown): Typed;
  unwrap(value: unknown): unknown;
  wrap_array(items: readonly unknown[], typecode: number, descriptor?: undefined): Typed;
  wrap_binary(bytes: Buffer): Typed;
  wrap_int(value: number): Typed;
  wrap_list(items: readonly unknown[]): Typed;
  wrap_long(value: number | Buffer): Typed;
  wrap_map(entries: object): Typed;
  wrap_string(text: string): Typed;
  wrap_symbol(text: string): Typed;
  wrap_timestamp(epochMs: number): Typed;
  wrap_ulong(value: number): Typed;
  wrap_uuid(bytes: Buffer): Typed;
  described(descriptor: Typed, value: Typed): Typed;
}

export interface AmqpMessage {
  message_id?: unknown;
  correlation_id?: unknown;
  reply_to?: unknown;
  application_properties?: Record<string, unknown>;
  body?: unknown;
}

export interface MessageCodec {
  encode(message: AmqpMessage): Buffer;
  decode(bytes: Buffer): AmqpMessage;
  accepted(fields: object): { described(): Typed };
  rejected(fields: { error: AmqpError }): { described(): Typed };
}

export interface AmqpError {
  condition: string;
  description: string;
}

/** `value` are the outcome's fields in the order of the AMQP specification, each still typed. */
export interface Outcome {
  readonly value: readonly (Typed | undefined)[];
}

export interface Delivery {
  readonly tag: Buffer;
  readonly format: number;
  readonly remote_state?: Outcome;
  remote_settled: boolean;
  update(settled: boolean, state?: Typed): void;
}

export interface Connection extends EventEmitter {
  readonly socket: Socket;
  readonly local: { readonly open: { idle_time_out?: number } };
  /** The error that ended the reading of a client's bytes. */
  readonly saved_error?: Error;
  /** Of the frame whose rest is awaited. */
  readonly frame_size?: number;
  input(bytes: Buffer): void;
  on_open(frame: Frame): void;
  accept(socket: Socket): void;
  open(): void;
  close(error?: AmqpError): void;
  /** Writes everything that is due now instead of at the next tick. */
  _process(): void;
  _register(): void;
}

export interface Frame {
  readonly performative: {
    readonly role?: boolean;
    readonly name?: string;
    readonly max_frame_size?: number | null;
    readonly aborted?: boolean;
    more?: boolean;
    source?: Typed | undefined;
    target?: Typed | undefined;
    readonly properties?: Record<string, unknown>;
    message_format?: number;
  };
  payload?: Buffer | undefined;
}

export interface Session {
  readonly connection: Connection;
  readonly incoming: { on_transfer(frame: Frame, receiver: Receiver): void };
  readonly outgoing: {
    readonly next_delivery_id: number;
    readonly next_pending_delivery: number;
    available(): number;
  };
  on_attach(frame: Frame): void;
}

interface Link extends EventEmitter {
  readonly name: string;
  readonly session: Session;
  readonly connection: Connection;
  readonly source: Terminus | null;
  readonly target: Terminus | null;
  readonly snd_settle_mode?: number;
  readonly rcv_settle_mode?: number;
  readonly local: { readonly attach: AttachFields };
  set_source(fields: object): void;
  set_target(fields: object): void;
  close(error?: AmqpError): void;
  is_open(): boolean;
}

interface Terminus {
  readonly address?: string | null;
  readonly filter?: Record<string, unknown>;
}

interface AttachFields {
  snd_settle_mode?: number;
  rcv_settle_mode?: number;
  max_message_size?: number;
  properties?: object;
  source?: object | undefined;
  target?: object | undefined;
}

/** A link on which we send: the client's receiver. */
export interface Sender extends Link {
  credit: number;
  delivery_count: number;
  readonly _draining: boolean;
  readonly _drained: boolean;
  _get_drain(): boolean;
  set_drained(drained: boolean): void;
  has_credit(): boolean;
  send(bytes: Buffer, tag: Buffer | undefined, format: number): Delivery;
}

/** A link on which we receive: the client's sender. */
export interface Receiver extends Link {
  credit: number;
  /** The delivery whose last frame has not come. */
  readonly _incomplete?: Delivery;
  /** Ours: what the last frame belongs to is not to be taken in. */
  discards?: boolean;
}

export interface EventContext {
  readonly connection: Connection;
  readonly session: Session;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly delivery: Delivery;
  readonly message: Buffer;
  readonly error?: Error;
}
