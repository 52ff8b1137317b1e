/** The port: what its first bytes are, and the bounds that hold before a connection is anybody's. */
import { createServer, type Server } from "node:net";
import type { Container } from "./amqp.js";
import { refusal } from "./links.js";
import type { LogLine } from "./log-line.js";
import type { AmqpError } from "./rhea-internals.js";

/** What we name in our open: a frame of the largest message and room for a batch of requests. */
const MAX_FRAME_BYTES = 1024 * 1024;

/** Nobody may name less in theirs (AMQP 1.0, 2.4.1): rhea would cut messages into pieces of no length, for ever. */
const MIN_FRAME_BYTES = 512;

/** How long a refused client may take to read why. */
const LINGER_MS = 500;

const CONNECTION_OPTIONS = {
  tcp_no_delay: true,
  max_frame_size: MAX_FRAME_BYTES,
  channel_max: 4999,
  idle_time_out: 240_000,
  receiver_options: { autoaccept: false, credit_window: 1000 },
  // By default rhea reports a modified outcome as released first: abandon would lose its properties, defer its meaning.
  sender_options: { treat_modified_as_released: false },
};

export function openGate(container: Container, log: (line: LogLine) => void): Server {
  return createServer((socket) => {
    const connection = container.create_connection(CONNECTION_OPTIONS);
    const takeIn = connection.input.bind(connection);
    const onOpen = connection.on_open.bind(connection);
    let isFirst = true;
    let isOver = false;

    /** Takes nothing more in. Not at once closed: with bytes unread, that would take back what we have just said. */
    const end = (farewell = ""): void => {
      isOver = true;
      socket.end(farewell);
      // With an error, since rhea hears of nothing else.
      const drop = setTimeout(() => socket.destroy(new Error("The client was refused.")), LINGER_MS);
      socket.once("close", () => clearTimeout(drop));
    };
    const refuse = (error: AmqpError): void => {
      log({ level: "warn", event: "service-bus.refused", what: error.condition, reason: error.description });
      // A close comes after an open, whoever's it answers.
      connection.open();
      connection.close(error);
      connection._process();
      end();
    };

    connection.on_open = (frame) => {
      const theirs = frame.performative.max_frame_size ?? MIN_FRAME_BYTES;
      if (theirs >= MIN_FRAME_BYTES) {
        onOpen(frame);
        return;
      }
      refuse(refusal("amqp:invalid-field", `A max-frame-size of ${theirs} is less than ${MIN_FRAME_BYTES}.`));
      throw new Error("The client named a maximum frame size that AMQP forbids.");
    };
    connection.input = (bytes) => {
      if (isOver) return;
      const other = isFirst ? otherProtocol(bytes) : undefined;
      isFirst = false;
      if (other) {
        log({ level: "warn", event: "service-bus.refused", what: other.name, reason: other.reason });
        end(other.answer);
        return;
      }
      takeIn(bytes);
      if (connection.saved_error) end();
      else if ((connection.frame_size ?? 0) > MAX_FRAME_BYTES) {
        const reason = `A frame of ${connection.frame_size} bytes exceeds the limit of ${MAX_FRAME_BYTES} bytes.`;
        refuse(refusal("amqp:connection:framing-error", reason));
      }
    };
    // rhea's own listener for errors comes with the connection, and goes with it.
    socket.on("error", () => undefined);
    connection.accept(socket);
  });
}

interface OtherProtocol {
  readonly name: string;
  readonly reason: string;
  readonly answer: string;
}

const NOT_OFFERED = {
  HTTP:
    "The administration client, which speaks HTTP, is not offered by the local broker. " +
    "Entities come from its Config.json: name them there and start it again.",
  WebSockets:
    "AMQP over WebSockets is not offered by the local broker. Connect over TCP, the clients' default.",
  TLS: "TLS is not offered by the local broker. Connect with its connection string, which says so to the clients.",
};

/** Sends of a client that took the port for another, by their first bytes. */
function otherProtocol(bytes: Buffer): OtherProtocol | undefined {
  // A handshake record of any version (RFC 8446, 5.1), answered with the fatal alert "protocol_version".
  if (bytes[0] === 0x16 && bytes[1] === 0x03) {
    return { name: "TLS", reason: NOT_OFFERED.TLS, answer: "\x15\x03\x03\x00\x02\x02\x46" };
  }
  const head = bytes.toString("latin1");
  if (!/^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) /.test(head)) return undefined;
  const name = /^upgrade: *websocket/im.test(head) ? "WebSockets" : "HTTP";
  return { name, reason: NOT_OFFERED[name], answer: httpRefusal(NOT_OFFERED[name]) };
}

/** In the form in which the administration clients look for a reason. */
function httpRefusal(reason: string): string {
  const body = `<Error><Code>501</Code><Detail>${reason}</Detail></Error>\n`;
  return [
    "HTTP/1.1 501 Not Implemented",
    "Content-Type: application/xml; charset=utf-8",
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}
