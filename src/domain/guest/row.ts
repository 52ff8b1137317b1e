/** The shape of a preflight table: each row looks at the facts and finds something. */
import { type Finding, block, unknown, warn } from "../preflight.js";

/** What a request allows the seal to fix, on the VM that is sealed. */
export type GuestRemedy = "remove-appx" | "remove-missing-providers" | "disable-bitlocker" | "unpin-network";

/** What is known from outside the guest: the request, and what ARM reports about the VM. */
export interface CheckContext {
  readonly allowedRemedies: readonly GuestRemedy[];
  readonly removeUsers?: readonly string[];
  readonly keepUsers?: readonly string[];
  /** Names of the VM's extensions. */
  readonly extensions?: readonly string[];
  /** Publisher of the marketplace image that the VM was made from, "" when it was not. */
  readonly imagePublisher?: string;
}

export interface Row<Facts, Context = CheckContext> {
  readonly id: string;
  readonly title: string;
  readonly look: (facts: Facts, context: Context) => Finding;
}

/** Judges a fact if it is known. */
export function known<T>(fact: T | null | undefined, look: (value: T) => Finding): Finding {
  return fact === null || fact === undefined
    ? unknown("The guest could not determine this.", "Check it manually if it matters to you.")
    : look(fact);
}

/** A block that becomes a warning, stating what will be done, if the request allows the remedy. */
export function mendable(
  context: CheckContext,
  remedy: GuestRemedy,
  problem: string,
  done: string,
  byHand: string,
): Finding {
  return context.allowedRemedies.includes(remedy)
    ? warn(problem, `${done} on the VM that is sealed (${remedy} is allowed).`)
    : block(problem, `Allow the remedy ${remedy}, or ${byHand}.`);
}

export const some = (names: readonly string[]): string => names.join(", ");
