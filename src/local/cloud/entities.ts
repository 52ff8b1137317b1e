/** The queues and topics of the local Service Bus, in the official emulator's Config.json format. */

const MESSAGES = {
  DeadLetteringOnMessageExpiration: true,
  DefaultMessageTimeToLive: "P14D",
  LockDuration: "PT1M",
  MaxDeliveryCount: 10,
};

/** Each topic has one subscription, to everything: `all`. */
export const defaultEntities = (queues: readonly string[], topics: readonly string[]) => ({
  UserConfig: {
    Namespaces: [
      {
        Name: "sbemulatorns",
        Queues: queues.map((Name) => ({ Name, Properties: MESSAGES })),
        Topics: topics.map((Name) => ({
          Name,
          Properties: {},
          Subscriptions: [{ Name: "all", Properties: MESSAGES, Rules: [] }],
        })),
      },
    ],
    Logging: { Type: "File" },
  },
});
