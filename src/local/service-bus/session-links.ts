/** Links to a session: the one the client names, or the next that has messages, for which the attach is held back. */
import { types } from "./amqp.js";
import { refusal, refuseLink } from "./links.js";
import type { Queue } from "./queue.js";
import type { Frame, Sender, Session, Typed } from "./rhea-internals.js";
import type { SessionLock } from "./sessions.js";

const SESSION_FILTER = "com.microsoft:session-filter";

/** .NET's clock: ticks of 100 ns since the year 1. */
const TICKS_PER_MS = 10_000n;
const UNIX_EPOCH_TICKS = 621_355_968_000_000_000n;

/** Attaches that were held until a session was free: by link name the lock, or undefined for a time-out. */
export interface SessionGrants {
  take(linkName: string): { lock: SessionLock | undefined; onLost: (act: () => void) => void } | undefined;
  cancel(): void;
}

/**
 * "Any session" means: wait until one has messages. rhea answers an attach at once and cannot wait, so the frame itself
 * waits here and reaches rhea when there is something to answer.
 */
export function holdNextSessionRequests(
  session: Session,
  queueAt: (address: string) => Queue | undefined,
): SessionGrants {
  const onAttach = session.on_attach.bind(session);
  const granted = new Map<string, { lock: SessionLock | undefined; onLost: (act: () => void) => void }>();
  const cancels = new Set<() => void>();
  session.on_attach = (frame) => {
    const wanted = nextSessionRequest(frame);
    const queue = wanted && queueAt(wanted.address);
    if (!wanted || !queue?.settings.requiresSession) {
      onAttach(frame);
      return;
    }
    let lost: (() => void) | undefined;
    const cancel = queue.sessions.lockNext({
      timeoutMs: wanted.timeoutMs,
      holder: { connection: session.connection, link: wanted.linkName },
      onLost: () => lost?.(),
      done: (lock) => {
        granted.set(wanted.linkName, { lock, onLost: (act) => (lost = act) });
        onAttach(frame);
      },
    });
    cancels.add(cancel);
  };
  return {
    take(linkName) {
      const grant = granted.get(linkName);
      granted.delete(linkName);
      return grant;
    },
    cancel() {
      for (const cancel of cancels) cancel();
    },
  };
}

/** Locks the session of a link and says so in the attach, or closes the link with the reason why not. */
export function openSession(
  link: Sender,
  queue: Queue,
  grants: SessionGrants | undefined,
): SessionLock | undefined {
  const onLost = () =>
    link.close(
      refusal("com.microsoft:session-lock-lost", "The session lock has expired. Accept the session again."),
    );
  const grant = grants?.take(link.name);
  const wanted = link.source?.filter?.[SESSION_FILTER];
  let lock: SessionLock | undefined;
  if (grant) {
    lock = grant.lock;
    grant.onLost(onLost);
    if (!lock)
      refuseLink(link, refusal("com.microsoft:timeout", "No session had messages within the time allowed."));
  } else if (typeof wanted === "string") {
    lock = queue.sessions.lock(wanted, { connection: link.connection, link: link.name }, onLost);
    if (!lock) {
      const taken = `The session '${wanted}' cannot be accepted: another receiver holds it.`;
      refuseLink(link, refusal("com.microsoft:session-cannot-be-locked", taken));
    }
  } else {
    const plain = `'${queue.path}' requires sessions. Accept one instead of opening a plain receiver.`;
    refuseLink(link, refusal("amqp:not-allowed", plain));
  }
  if (lock) {
    link.set_source({ address: link.source?.address, filter: { [SESSION_FILTER]: lock.id } });
    link.local.attach.properties = {
      "com.microsoft:locked-until-utc": types.wrap_long(ticksOf(lock.lockedUntilMs)),
    };
  }
  return lock;
}

function nextSessionRequest({
  performative,
}: Frame): { address: string; linkName: string; timeoutMs: number } | undefined {
  // rhea decodes a source when the attach reaches the link; here it is still a list of fields (AMQP 1.0, 3.5.3).
  const fields = (performative.source?.value ?? []) as readonly Typed[];
  const address = types.unwrap(fields[0]);
  const filter = types.unwrap(fields[7]) as Record<string, unknown> | null | undefined;
  const isNext = filter && SESSION_FILTER in filter && typeof filter[SESSION_FILTER] !== "string";
  if (!performative.role || !isNext || typeof address !== "string") return undefined;
  const timeoutMs = Number(performative.properties?.["com.microsoft:timeout"] ?? 60_000);
  return { address, linkName: performative.name ?? "", timeoutMs };
}

function ticksOf(epochMs: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Math.trunc(epochMs)) * TICKS_PER_MS + UNIX_EPOCH_TICKS);
  return bytes;
}
