/** The queues of the local Service Bus, in the official emulator's Config.json format. */

export const defaultEntities = (queues: readonly string[]) => ({
  UserConfig: {
    Namespaces: [
      {
        Name: "sbemulatorns",
        Queues: queues.map((Name) => ({
          Name,
          Properties: {
            DeadLetteringOnMessageExpiration: true,
            DefaultMessageTimeToLive: "P14D",
            LockDuration: "PT1M",
            MaxDeliveryCount: 10,
          },
        })),
        Topics: [],
      },
    ],
    Logging: { Type: "File" },
  },
});
