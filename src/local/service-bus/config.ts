/**
 * Entities from a file in the official emulator's Config.json format, // comments included, so that one file serves
 * both. Defaults and bounds are the service's. What the broker cannot do is a problem here, not a surprise later.
 */
import { z } from "zod";
import type { QueueSettings } from "./queue.js";
import { filterOfSql, sqlRefusal, type Rule } from "./rules.js";
import type { TopicSettings } from "./topic.js";

export interface Entities {
  readonly queues: readonly { readonly name: string; readonly settings: QueueSettings }[];
  readonly topics: readonly {
    readonly name: string;
    readonly settings: TopicSettings;
    readonly subscriptions: readonly {
      readonly name: string;
      readonly settings: QueueSettings;
      readonly rules?: readonly Rule[];
    }[];
  }[];
}

const MINUTE_MS = 60_000;

/** ISO 8601 in the units .NET's TimeSpan has. */
const DURATION = /^P(?=\d|T\d)(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

const duration = z.string().transform((text, context): number => {
  const parts = DURATION.exec(text);
  if (!parts) {
    context.addIssue(`"${text}" is no ISO 8601 duration: write one such as PT1M or P14D`);
    return z.NEVER;
  }
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part || 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
});

const name = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._\-/]{0,258}[A-Za-z0-9])?$/, {
  error: ({ input }) => `${JSON.stringify(input)} is no entity name: use letters, digits, ".", "-", "_"`,
});

const noForwarding = z
  .string()
  .refine((target) => target === "", "forwarding is not supported by the local broker: leave it empty")
  .optional();

const lifetime = {
  DefaultMessageTimeToLive: duration.optional(),
  DuplicateDetectionHistoryTimeWindow: duration.optional(),
  RequiresDuplicateDetection: z.boolean().optional(),
};

const queueProperties = z.strictObject({
  ...lifetime,
  DeadLetteringOnMessageExpiration: z.boolean().optional(),
  ForwardDeadLetteredMessagesTo: noForwarding,
  ForwardTo: noForwarding,
  LockDuration: duration
    .refine((ms) => ms > 0 && ms <= 5 * MINUTE_MS, "must be more than nothing and at most PT5M")
    .optional(),
  MaxDeliveryCount: z.int().min(1).max(2000).optional(),
  RequiresSession: z.boolean().optional(),
});

const rule = z.strictObject({
  Name: name.or(z.literal("$Default")),
  Properties: z.discriminatedUnion("FilterType", [
    z.strictObject({
      FilterType: z.literal("Correlation"),
      CorrelationFilter: z.strictObject({
        ContentType: z.string().optional(),
        CorrelationId: z.string().optional(),
        Label: z.string().optional(),
        MessageId: z.string().optional(),
        ReplyTo: z.string().optional(),
        ReplyToSessionId: z.string().optional(),
        SessionId: z.string().optional(),
        To: z.string().optional(),
        Properties: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
      }),
    }),
    z.strictObject({
      FilterType: z.literal("Sql"),
      SqlFilter: z.strictObject({
        SqlExpression: z.string().refine((sql) => filterOfSql(sql) !== undefined, {
          error: ({ input }) => sqlRefusal(String(input)),
        }),
      }),
      Action: z
        .strictObject({ SqlExpression: z.literal("", "SQL actions are not supported").optional() })
        .optional(),
    }),
  ]),
});

const topicProperties = z.strictObject(lifetime);
const subscription = z.strictObject({
  Name: name,
  Properties: queueProperties
    .omit({ DuplicateDetectionHistoryTimeWindow: true, RequiresDuplicateDetection: true })
    .optional(),
  Rules: z.array(rule).optional(),
});
const configuration = z.object({
  UserConfig: z.object({
    Namespaces: z
      .array(
        z.strictObject({
          Name: z.string(),
          Queues: z.array(z.strictObject({ Name: name, Properties: queueProperties.optional() })).optional(),
          Topics: z
            .array(
              z.strictObject({
                Name: name,
                Properties: topicProperties.optional(),
                Subscriptions: z.array(subscription).optional(),
              }),
            )
            .optional(),
        }),
      )
      .length(1, "must hold exactly one namespace, as in the official emulator"),
  }),
});

/** Throws one error that names everything that is wrong with the text. */
export function parseEntities(text: string): Entities {
  const parsed = configuration.safeParse(parseJson(text));
  if (!parsed.success) {
    throw configurationError(
      parsed.error.issues.map(({ path, message }) => `${path.join(".") || "(file)"}: ${message}`),
    );
  }
  const [namespace] = parsed.data.UserConfig.Namespaces;
  const queues = (namespace?.Queues ?? []).map(({ Name, Properties = {} }) => ({
    name: Name,
    settings: queueSettings(Properties),
  }));
  const topics = (namespace?.Topics ?? []).map(({ Name, Properties = {}, Subscriptions = [] }) => ({
    name: Name,
    settings: lifetimeSettings(Properties),
    subscriptions: Subscriptions.map(({ Name: subscriptionName, Properties: properties = {}, Rules }) => ({
      name: subscriptionName,
      settings: queueSettings(properties),
      ...(Rules && Rules.length > 0 && { rules: Rules.map(toRule) }),
    })),
  }));
  const twice = [
    ...repeated([...queues, ...topics].map((entity) => entity.name)),
    ...topics.flatMap((topic) =>
      repeated(topic.subscriptions.map((one) => `${topic.name}/Subscriptions/${one.name}`)),
    ),
  ];
  if (twice.length > 0)
    throw configurationError(twice.map((path) => `${path}: named twice (names ignore case)`));
  return { queues, topics };
}

function queueSettings(properties: Partial<z.infer<typeof queueProperties>>): QueueSettings {
  return {
    ...lifetimeSettings(properties),
    lockDurationMs: properties.LockDuration ?? MINUTE_MS,
    maxDeliveryCount: properties.MaxDeliveryCount ?? 10,
    requiresSession: properties.RequiresSession ?? false,
    onExpiry: properties.DeadLetteringOnMessageExpiration ? "dead-letter" : "drop",
  };
}

function lifetimeSettings(properties: Partial<z.infer<typeof topicProperties>>): TopicSettings {
  const ttlMs = properties.DefaultMessageTimeToLive;
  return {
    ...(ttlMs !== undefined && { defaultTtlMs: ttlMs }),
    ...(properties.RequiresDuplicateDetection && {
      duplicateWindowMs: properties.DuplicateDetectionHistoryTimeWindow ?? 10 * MINUTE_MS,
    }),
  };
}

function toRule({ Name, Properties }: z.infer<typeof rule>): Rule {
  if (Properties.FilterType === "Sql") {
    // The schema has let only expressions through that have a filter.
    return { name: Name, filter: filterOfSql(Properties.SqlFilter.SqlExpression) ?? { kind: "false" } };
  }
  const { Properties: application = {}, ...system } = Properties.CorrelationFilter;
  const fields = {
    contentType: system.ContentType,
    correlationId: system.CorrelationId,
    subject: system.Label,
    messageId: system.MessageId,
    replyTo: system.ReplyTo,
    replyToGroupId: system.ReplyToSessionId,
    groupId: system.SessionId,
    to: system.To,
  };
  const given = Object.entries(fields).filter(
    (field): field is [keyof typeof fields, string] => field[1] !== undefined,
  );
  return { name: Name, filter: { kind: "correlation", system: Object.fromEntries(given), application } };
}

function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.filter((one) => seen.size === seen.add(one.toLowerCase()).size);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(withoutComments(text));
  } catch (cause) {
    throw configurationError([`(file): ${cause instanceof Error ? cause.message : String(cause)}`]);
  }
}

/** Strings come first in the alternation, so that the // of a URL inside one stays. */
const withoutComments = (text: string): string =>
  text.replaceAll(
    /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_match, literal: string | undefined) => literal ?? "",
  );

const configurationError = (problems: readonly string[]): Error =>
  new Error(
    `The Service Bus configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join("\n")}\n` +
      "It is the Config.json of the official emulator; see docs/local/service-bus.md for what the local broker supports.",
  );
