/**
 * Which management locks are in the way of a capture. Source: Microsoft, "Lock your resources to protect your
 * infrastructure": ReadOnly forbids writes and most POSTs, CanNotDelete deletions alone.
 */
import type { Finding } from "./preflight.js";
import { block, pass, unknown, warn } from "./preflight.js";
import { covers } from "./resource-id.js";
import type { Known, Lock, SurveyAnswer, SurveySpec } from "./survey.js";
import { targetId, whyNot } from "./survey.js";

type LockSpec = Pick<SurveySpec, "sourceVmId" | "workGroupId" | "mode" | "sourceAfter" | "target">;

export function judgeLocks(spec: LockSpec, answers: readonly SurveyAnswer[]): Finding {
  const asked = answers.flatMap((answer) => (answer.ask === "locks" ? [answer] : []));
  const known = asked.flatMap(({ locks }) => ("known" in locks ? locks.known : []));
  const on = (place: string) => known.filter(({ scope }) => covers(scope, place));
  const source = on(spec.sourceVmId);
  const target = on(targetId(spec.target));
  return (
    workGroupLocked(on(spec.workGroupId)) ??
    sourceLocked(spec, source) ??
    targetClosed(target) ??
    notAllRead(asked) ??
    targetKeeps(target) ??
    pass(
      source.length > 0
        ? `The source VM is locked, but is only read: ${named(source)}.`
        : "No lock is in the way.",
    )
  );
}

const isReadOnly = ({ level }: Lock) => level === "ReadOnly";
const named = (locks: readonly Lock[]) =>
  locks.map(({ name, level, scope }) => `${name} (${level}) on ${scope}`).join("; ");

function workGroupLocked(locks: readonly Lock[]): Finding | undefined {
  if (locks.length === 0) return undefined;
  const trouble = locks.some(isReadOnly)
    ? "Nothing can be created in the work resource group"
    : "What is created in the work resource group could not be removed again";
  return block(`${trouble}: ${named(locks)}.`, "Specify another workResourceGroup that has no lock.");
}

function sourceLocked({ mode, sourceAfter }: LockSpec, locks: readonly Lock[]): Finding | undefined {
  const forbids = locks.some(isReadOnly) || (sourceAfter !== "leave" && locks.length > 0);
  return mode === "in-place" && forbids
    ? block(`The source VM is locked: ${named(locks)}.`, "Remove the lock, or use clone mode.")
    : undefined;
}

const targetClosed = (locks: readonly Lock[]): Finding | undefined =>
  locks.some(isReadOnly)
    ? block(
        `No image can be created at the target: ${named(locks)}.`,
        "Remove the lock, or specify another target.",
      )
    : undefined;

function notAllRead(
  asked: readonly { readonly scope: string; readonly locks: Known<unknown> }[],
): Finding | undefined {
  // What is not there holds no lock.
  const unread = asked.flatMap(({ scope, locks }) =>
    "known" in locks || "absent" in locks ? [] : [`${scope} (${whyNot(locks)})`],
  );
  if (unread.length === 0) return undefined;
  return unknown(
    `Locks could not be read in ${unread.join("; ")}; none of the locks that could be read is in the way.`,
    "Allow the pipeline to read the subscription's locks (Microsoft.Authorization/locks/read).",
  );
}

const targetKeeps = (locks: readonly Lock[]): Finding | undefined =>
  locks.length > 0
    ? warn(
        `An image that fails could not be removed again: ${named(locks)}.`,
        "Remove the lock while captures run, or remove failed images manually.",
      )
    : undefined;
