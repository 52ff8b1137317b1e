/** The URLs through which an instance is managed, and the payload that the durable client binding carries. */
export interface HubAddress {
  readonly taskHub: string;
  /** `http://host:port` as the caller sees it. */
  readonly origin: string;
  readonly key: string;
  readonly rpcBaseUrl: string;
}

export const webhookPath = "/runtime/webhooks/durabletask";

function query({ taskHub, key }: HubAddress): string {
  return `taskHub=${taskHub}&connection=Storage&code=${key}`;
}

/** `id` may be the placeholder that the SDK replaces. */
export function managementUrls(hub: HubAddress, id: string): Record<string, string> {
  const instance = `${hub.origin}${webhookPath}/instances/${id}`;
  const action = (name: string) => `${instance}/${name}?reason={text}&${query(hub)}`;
  return {
    id,
    statusQueryGetUri: `${instance}?${query(hub)}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query(hub)}`,
    terminatePostUri: action("terminate"),
    rewindPostUri: action("rewind"),
    purgeHistoryDeleteUri: `${instance}?${query(hub)}`,
    restartPostUri: `${instance}/restart?${query(hub)}`,
    suspendPostUri: action("suspend"),
    resumePostUri: action("resume"),
  };
}

export function durableClientPayload(hub: HubAddress): object {
  const start = `${hub.origin}${webhookPath}/orchestrators/{functionName}[/{instanceId}]`;
  return {
    taskHubName: hub.taskHub,
    creationUrls: {
      createNewInstancePostUri: `${start}?code=${hub.key}`,
      createAndWaitOnNewInstancePostUri: `${start}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&code=${hub.key}`,
    },
    managementUrls: managementUrls(hub, "INSTANCEID"),
    baseUrl: `${hub.origin}${webhookPath}`,
    requiredQueryStringParameters: `code=${hub.key}`,
    rpcBaseUrl: hub.rpcBaseUrl,
  };
}
