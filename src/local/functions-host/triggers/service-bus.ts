/**
 * Service Bus queue and topic triggers, one message at a time, as the real extension feeds them to Node: body text,
 * metadata with its quirks, complete on success, abandon on any throw, redelivery left to the broker.
 */
import {
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
  type ServiceBusReceiverOptions,
} from "@azure/service-bus";
import type { RegisteredFunction } from "../core/core-module.js";
import type { RpcBinding, RpcTypedData } from "../core/core-types.js";
import { type Invoke, triggerOf } from "../core/invoker.js";
import { asString, metadataOf } from "../core/typed-data.js";
import { type Log, messageOf } from "../log.js";
import { type HostJson, type Settings, timeSpanMs } from "../settings.js";
import type { WorkTracker } from "../work-tracker.js";
import type { RunningTrigger } from "./running-trigger.js";
import { settlementQueue } from "./settlement.js";

export interface ServiceBusOptions {
  readonly invoke: Invoke;
  readonly log: Log;
  readonly work: WorkTracker;
  readonly settings: Settings;
  readonly config: NonNullable<NonNullable<HostJson["extensions"]>["serviceBus"]>;
}

/** The SDK's default of 30 s would leave a subscriber blind long after a short outage. */
const retryOptions = { retryDelayInMs: 200, maxRetryDelayInMs: 1000, maxRetries: 3 };
const DEFAULT_CONCURRENT_CALLS = 16;
const DEFAULT_LOCK_RENEWAL = "00:05:00";

export function startServiceBusTrigger(
  target: RegisteredFunction,
  options: ServiceBusOptions,
): RunningTrigger {
  const { invoke, log, work, settings, config } = options;
  const { name } = target.metadata;
  const where = `Function "${name}"`;
  const trigger = triggerOf(target);
  refuseUnsupported(trigger, where);
  const autoComplete =
    (trigger.autoCompleteMessages as boolean | undefined) ?? config.autoCompleteMessages ?? true;
  const connection = settings.connectionString(trigger.connection as string | undefined, where);
  const client = new ServiceBusClient(connection, { retryOptions });
  const receiver = receiverFor(client, trigger, settings, where, {
    receiveMode: "peekLock",
    skipParsingBodyAsJson: true,
    maxAutoLockRenewalDurationInMs: timeSpanMs(
      config.maxAutoLockRenewalDuration ?? DEFAULT_LOCK_RENEWAL,
      "host.json extensions.serviceBus.maxAutoLockRenewalDuration",
    ),
  });
  const settle = settlementQueue();
  const running = new Set<Promise<void>>();

  /** Never rejects: an error of `processMessage` would make the SDK settle by itself, past the settlement queue. */
  const handle = async (message: ServiceBusReceivedMessage): Promise<void> => {
    const about = {
      function: name,
      messageId: String(message.messageId),
      deliveryCount: deliveryCountOf(message),
    };
    let failed = false;
    let run = {};
    try {
      const triggerMetadata = metadataFor(message);
      const { instanceId } = await invoke(target, {
        input: bodyOf(message, trigger),
        triggerMetadata,
        about,
      });
      run = instanceId;
    } catch (error) {
      failed = true;
      log("error", "function-failed", { ...about, error: messageOf(error), stack: (error as Error).stack });
    }
    try {
      if (failed) await settle("abandon", () => receiver.abandonMessage(message));
      else if (autoComplete) await settle("complete", () => receiver.completeMessage(message));
      log("info", "message", {
        ...about,
        ...run,
        outcome: failed ? "abandoned" : autoComplete ? "completed" : "left",
      });
    } catch (error) {
      log("warn", "message-not-settled", { ...about, error: messageOf(error) });
    }
  };

  let lastError = "";
  let stopping = false;
  const subscription = receiver.subscribe(
    {
      processMessage: (message) => {
        const done = work.begin();
        lastError = "";
        const handling = handle(message).finally(() => {
          running.delete(handling);
          done();
        });
        running.add(handling);
        return handling;
      },
      processError: ({ error, errorSource }) => {
        // An absent broker is reported once, not with every attempt to reach it.
        const text = `${errorSource}: ${messageOf(error)}`;
        if (text !== lastError && !stopping)
          log("warn", "service-bus-unreachable", { function: name, error: text });
        lastError = text;
        return Promise.resolve();
      },
    },
    {
      autoCompleteMessages: false,
      maxConcurrentCalls: config.maxConcurrentCalls ?? DEFAULT_CONCURRENT_CALLS,
    },
  );

  return {
    async stop(graceMs) {
      stopping = true;
      const inOrder = async () => {
        await subscription.close();
        await Promise.allSettled(running);
        await receiver.close();
        await client.close();
      };
      // What does not end in time is handed out again when its lock expires.
      await Promise.race([inOrder(), new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
    },
  };
}

function refuseUnsupported(trigger: RpcBinding, where: string): void {
  const refuse = (what: string) =>
    new Error(`${where}: the local host does not support ${what} of Service Bus triggers.`);
  if (trigger.isSessionsEnabled === true) throw refuse("isSessionsEnabled");
  if (trigger.cardinality === "many") throw refuse('cardinality "many"');
  if (trigger.properties?.supportsDeferredBinding === "true") throw refuse("sdkBinding");
}

function receiverFor(
  client: ServiceBusClient,
  trigger: RpcBinding,
  settings: Settings,
  where: string,
  options: ServiceBusReceiverOptions & { readonly receiveMode: "peekLock" },
): ServiceBusReceiver {
  const entity = (option: string) => {
    const value = trigger[option];
    return typeof value === "string" ? settings.resolve(value, where) : undefined;
  };
  const [queue, topic, subscription] = [entity("queueName"), entity("topicName"), entity("subscriptionName")];
  if (queue !== undefined) return client.createReceiver(queue, options);
  if (topic === undefined || subscription === undefined) {
    throw new Error(`${where} names neither a queue nor a topic with its subscription.`);
  }
  return client.createReceiver(topic, subscription, options);
}

/** The JavaScript SDK counts failed deliveries before this one; the host shows this one too. */
function deliveryCountOf({ deliveryCount = 0 }: ServiceBusReceivedMessage): number {
  return deliveryCount + 1;
}

function bodyOf({ body }: ServiceBusReceivedMessage, { dataType }: RpcBinding): RpcTypedData {
  const value = body as unknown;
  if (dataType === "binary") return { bytes: Buffer.isBuffer(value) ? value : Buffer.from(String(value)) };
  if (Buffer.isBuffer(value)) return asString(value.toString("utf8"));
  return asString(typeof value === "string" ? value : JSON.stringify(value ?? null));
}

/** .NET writes an unspecified DateTime without a zone, and a DateTimeOffset with one; both reach the handler. */
function times(name: string, date: Date | undefined): Record<string, unknown> {
  if (date === undefined) return {};
  const text = date.toISOString().slice(0, -1);
  return { [`${name}Utc`]: text, [name]: `${text}+00:00` };
}

function metadataFor(message: ServiceBusReceivedMessage): Record<string, RpcTypedData> {
  const properties = message.applicationProperties ?? {};
  return metadataOf({
    MessageId: message.messageId === undefined ? undefined : String(message.messageId),
    DeliveryCount: deliveryCountOf(message),
    DeadLetterSource: message.deadLetterSource,
    LockToken: message.lockToken,
    ...times("EnqueuedTime", message.enqueuedTimeUtc),
    ...times("ExpiresAt", message.expiresAtUtc),
    ContentType: message.contentType,
    ReplyTo: message.replyTo,
    SequenceNumber: message.sequenceNumber?.toNumber(),
    To: message.to,
    Subject: message.subject,
    Label: message.subject,
    CorrelationId: message.correlationId === undefined ? undefined : String(message.correlationId),
    SessionId: message.sessionId,
    ReplyToSessionId: message.replyToSessionId,
    PartitionKey: message.partitionKey,
    ApplicationProperties: properties,
    UserProperties: properties,
  });
}
