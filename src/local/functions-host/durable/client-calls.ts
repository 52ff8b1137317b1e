/**
 * Which instance an invocation started or asked after through its durable client: the run that its log line is about.
 * The client's address carries the invocation's id, because nothing else of a call does.
 */
export interface ClientCalls {
  begin(invocationId: string): void;
  note(invocationId: string, instanceId: unknown): void;
  /** The one instance of the invocation, for a log line; nothing when there was none or more than one. */
  end(invocationId: string): { readonly instanceId?: string };
}

export function clientCalls(): ClientCalls {
  const open = new Map<string, Set<string>>();
  return {
    begin: (invocationId) => void open.set(invocationId, new Set()),
    note(invocationId, instanceId) {
      if (typeof instanceId === "string") open.get(invocationId)?.add(instanceId);
    },
    end(invocationId) {
      const [instanceId, ...others] = open.get(invocationId) ?? [];
      open.delete(invocationId);
      return instanceId === undefined || others.length > 0 ? {} : { instanceId };
    },
  };
}
