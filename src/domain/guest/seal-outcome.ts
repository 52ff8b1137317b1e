/**
 * Whether a guest is sealed. It is when the VM has stopped AND its marker says so (docs/guest-contract.md): the agent's
 * answer proves nothing, because sealing stops the agent, and a stopped VM may also have crashed.
 */
import { isRecord } from "./guest-result.js";
import { excerptOf } from "./log-excerpt.js";
import { classifySeal } from "./seal-causes.js";
import { sealFailure, type SealCause } from "./seal-explanations.js";

export type SealJudgement =
  | { readonly state: "running" }
  | { readonly state: "sealed"; readonly removedUsers: readonly string[] }
  | SealFailure;

export interface SealFailure extends SealCause {
  readonly state: "failed";
  readonly logExcerpt: string;
}

export interface SealEvidence {
  /** The marker document as parsed, or undefined while the blob is not there. Read it AFTER the power state: the guest writes it before it stops. */
  readonly marker?: unknown;
  /** ARM's code of the instance view, with or without "PowerState/". */
  readonly powerState: string;
  readonly elapsedMs: number;
  readonly limitMs: number;
  /** The run that asked; a marker of another run proves nothing. */
  readonly runId?: string;
  /** What seal-log answered, asked once the limit is reached and the guest still answers. */
  readonly sealLog?: { readonly imageState?: string; readonly running?: boolean; readonly log?: string };
}

export function judgeSeal(evidence: SealEvidence): SealJudgement {
  const { powerState, elapsedMs, limitMs, sealLog } = evidence;
  const stopped = /^(PowerState\/)?(stopped|deallocating|deallocated)$/i.test(powerState);
  const late = elapsedMs >= limitMs;
  const minutes = Math.round(limitMs / 60_000);

  if (evidence.marker === undefined || evidence.marker === null) {
    if (stopped) return failed(sealFailure("STOPPED_WITHOUT_MARKER"), "");
    if (!late) return { state: "running" };
    const log = sealLog?.log ?? "";
    const found = classifySeal({ log, imageState: sealLog?.imageState });
    if (found.cause !== "UNKNOWN") return failed(found, log);
    const gone = sealLog?.running === false;
    return failed(
      gone ? sealFailure("AGENT_STOPPED_SEAL") : sealFailure("SEAL_TIMED_OUT", `${minutes} min`),
      log,
    );
  }

  const marker = readMarker(evidence.marker);
  if (marker === undefined) return failed(sealFailure("MARKER_UNREADABLE"), "");
  if (evidence.runId !== undefined && marker.runId !== evidence.runId) {
    return failed(sealFailure("MARKER_OF_ANOTHER_RUN", marker.runId), "");
  }
  if (marker.outcome === "failed") return failed(classifySeal(marker), marker.log);
  if (stopped) return { state: "sealed", removedUsers: marker.removedUsers };
  return late ? failed(sealFailure("NOT_POWERED_OFF", `${minutes} min`), marker.log) : { state: "running" };
}

interface Marker {
  readonly runId: string;
  readonly outcome: "sealed" | "failed";
  readonly imageState: string;
  readonly step: string;
  readonly removedUsers: readonly string[];
  readonly log: string;
}

function readMarker(value: unknown): Marker | undefined {
  if (!isRecord(value) || value["contract"] !== "seal-marker/1") return undefined;
  const { outcome, removedUsers } = value;
  if (outcome !== "sealed" && outcome !== "failed") return undefined;
  const text = (name: string) => (typeof value[name] === "string" ? value[name] : "");
  return {
    runId: text("runId"),
    outcome,
    imageState: text("imageState"),
    step: text("step"),
    removedUsers: Array.isArray(removedUsers) ? removedUsers.filter(isAccount).slice(0, MOST_USERS) : [],
    log: text("log"),
  };
}

/** What a guest names goes into the history: as many, and as long, as a request may name. */
const MOST_USERS = 50;
const isAccount = (user: unknown): user is string =>
  typeof user === "string" && /^[\w.@\\$-]{1,64}$/.test(user);

function failed({ cause, message, remedy }: SealCause, log: string): SealJudgement {
  return { state: "failed", cause, message, remedy, logExcerpt: excerptOf(log) };
}
