import { describe, expect, test } from "vitest";
import { parseEntities } from "../../../src/local/service-bus/config.js";

const namespace = (parts: object) =>
  JSON.stringify({ UserConfig: { Namespaces: [{ Name: "sbemulatorns", ...parts }] } });

/** The shape of the official emulator's own sample, comments included. */
const sample = `{
  "UserConfig": {
    "Namespaces": [
      {
        "Name": "sbemulatorns",
        "Queues": [
          {
            "Name": "queue.1", // a comment
            "Properties": {
              "DeadLetteringOnMessageExpiration": false,
              "DefaultMessageTimeToLive": "PT1H",
              "DuplicateDetectionHistoryTimeWindow": "PT20S",
              "ForwardDeadLetteredMessagesTo": "",
              "ForwardTo": "",
              "LockDuration": "PT1M",
              "MaxDeliveryCount": 3,
              "RequiresDuplicateDetection": false,
              "RequiresSession": false
            }
          }
        ],
        /* and a
           longer one */
        "Topics": [
          {
            "Name": "topic.1",
            "Properties": { "DefaultMessageTimeToLive": "PT1H", "RequiresDuplicateDetection": true },
            "Subscriptions": [
              {
                "Name": "subscription.1",
                "Properties": { "LockDuration": "PT30S", "DeadLetteringOnMessageExpiration": true, "RequiresSession": true },
                "Rules": [
                  {
                    "Name": "url",
                    "Properties": {
                      "FilterType": "Correlation",
                      "CorrelationFilter": { "Label": "http://not-a-comment", "Properties": { "n": 1 } }
                    }
                  }
                ]
              },
              { "Name": "subscription.2" }
            ]
          }
        ]
      }
    ],
    "Logging": { "Type": "File" }
  }
}`;

describe("a configuration of the official emulator", () => {
  test("is read with its comments, and what it leaves out has the service's defaults", () => {
    const queue = { lockDurationMs: 60_000, maxDeliveryCount: 10, requiresSession: false, onExpiry: "drop" };
    expect(parseEntities(sample)).toEqual({
      queues: [{ name: "queue.1", settings: { ...queue, maxDeliveryCount: 3, defaultTtlMs: 3_600_000 } }],
      topics: [
        {
          name: "topic.1",
          settings: { defaultTtlMs: 3_600_000, duplicateWindowMs: 600_000 },
          subscriptions: [
            {
              name: "subscription.1",
              settings: { ...queue, lockDurationMs: 30_000, requiresSession: true, onExpiry: "dead-letter" },
              rules: [
                {
                  name: "url",
                  filter: {
                    kind: "correlation",
                    system: { subject: "http://not-a-comment" },
                    application: { n: 1 },
                  },
                },
              ],
            },
            { name: "subscription.2", settings: queue },
          ],
        },
      ],
    });
  });

  test.each([
    ["PT1.5S", 1500],
    ["P14D", 14 * 86_400_000],
    ["P1DT2H3M4S", 93_784_000],
    ["P10675199DT2H48M5.477S", 922_337_203_685_477],
  ])("%s is a duration", (DefaultMessageTimeToLive, ms) => {
    const { queues } = parseEntities(
      namespace({ Queues: [{ Name: "q", Properties: { DefaultMessageTimeToLive } }] }),
    );
    expect(queues[0]?.settings.defaultTtlMs).toBe(ms);
  });
});

describe("a configuration that cannot be used", () => {
  test("is refused with all its problems at once, and where they are", () => {
    const text = namespace({
      Queues: [
        { Name: "q", Properties: { LockDuration: "1 minute", MaxDeliveryCount: 0, ForwardTo: "other" } },
        { Name: "-bad-" },
      ],
      Topics: [
        {
          Name: "t",
          Subscriptions: [
            {
              Name: "s",
              Rules: [
                { Name: "r", Properties: { FilterType: "Sql", SqlFilter: { SqlExpression: "a > 1" } } },
              ],
            },
          ],
        },
      ],
    });
    expect(() => parseEntities(text)).toThrow(
      new RegExp(
        [
          "Queues\\.0\\.Properties\\.ForwardTo: forwarding is not supported",
          'Queues\\.0\\.Properties\\.LockDuration: "1 minute" is no ISO 8601 duration',
          "Queues\\.0\\.Properties\\.MaxDeliveryCount",
          'Queues\\.1\\.Name: "-bad-" is no entity name',
          'SqlExpression: SQL expression "a > 1" is not supported.*correlation filter',
          "docs/local/service-bus\\.md",
        ].join("[\\s\\S]*"),
      ),
    );
  });

  test.each([
    { why: "no JSON", text: "{", says: /\(file\)/ },
    { why: "another shape", text: "{}", says: /UserConfig/ },
    {
      why: "two namespaces",
      text: '{"UserConfig":{"Namespaces":[{"Name":"a"},{"Name":"b"}]}}',
      says: /exactly one namespace/,
    },
    {
      why: "an unknown property",
      text: namespace({ Queues: [{ Name: "q", Properties: { LockDurations: "PT1M" } }] }),
      says: /LockDurations/,
    },
    {
      why: "a lock of more than five minutes",
      text: namespace({ Queues: [{ Name: "q", Properties: { LockDuration: "PT6M" } }] }),
      says: /at most PT5M/,
    },
    {
      why: "a name given twice",
      text: namespace({ Queues: [{ Name: "q" }], Topics: [{ Name: "Q" }] }),
      says: /Q: named twice/,
    },
  ])("says so: $why", ({ text, says }) => {
    expect(() => parseEntities(text)).toThrow(says);
  });
});
