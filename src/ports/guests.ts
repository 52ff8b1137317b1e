import type { GuestAsked, GuestLook, GuestQuestion, SealOrder } from "../domain/guest-orders.js";
import type { Outcome } from "../domain/outcome.js";
import type { Operation } from "./operation.js";

/** The inside of a running VM, by Run Command. Values travel as parameters, never inside a script. */
export interface Guests {
  /** Runs a read-only script; the output is its last 4,096 bytes. The seal's first answer is read in the same way. */
  readonly question: Operation<GuestQuestion, { output: string }, GuestAsked>;
  /** The same for the preflight script, as an action that leaves no resource behind: its answer is found by the URL. */
  readonly look: Operation<GuestLook, { output: string }>;
  /** Starts the seal, detached. The marker URL is a secret: it goes to the guest as a protected parameter. */
  seal(order: SealOrder & { readonly markerUrl: string }): Promise<Outcome<null>>;
}
