/** Run events as messages of a Service Bus topic. Subscriptions filter by kind, status and code. */
import { ServiceBusClient, type ServiceBusMessage } from "@azure/service-bus";
import type { RunEvent } from "../../domain/run-event.js";
import type { RunEvents } from "../../ports/run-events.js";

export type Credential = Extract<ConstructorParameters<typeof ServiceBusClient>[1], { getToken: unknown }>;

export type Connection =
  { readonly connectionString: string } | { readonly namespace: string; readonly credential: Credential };

/** A connection for each event: a run ends seldom, and Service Bus closes what stands idle for ten minutes. */
export function topicRunEvents(connection: Connection, topic: string): RunEvents {
  const connect = () =>
    "connectionString" in connection
      ? new ServiceBusClient(connection.connectionString)
      : new ServiceBusClient(connection.namespace, connection.credential);
  return {
    async publish(event) {
      const client = connect();
      try {
        await client.createSender(topic).sendMessages(messageOf(event));
      } finally {
        await client.close();
      }
    },
  };
}

/** A run ends once: its id lets duplicate detection drop what is sent again. */
const messageOf = (event: RunEvent): ServiceBusMessage => ({
  messageId: `${event.kind}-${event.runId}`,
  subject: `${event.kind}.${event.status}`,
  contentType: "application/json",
  applicationProperties: {
    kind: event.kind,
    status: event.status,
    ...(event.error === undefined ? {} : { code: event.error.code }),
  },
  body: event,
});
