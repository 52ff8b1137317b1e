/**
 * The two channels of an act (architecture.md, rule 2): what retrying cannot change is *returned* as a refusal;
 * what it can is thrown. A refusal crosses the task hub as plain data, where a class would not survive.
 */
import type { RefusalCode } from "./failures.js";

export interface Refusal {
  readonly status: "refused";
  readonly code: RefusalCode;
  /** What is wrong, and where. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

export interface Done<T> {
  readonly status: "done";
  readonly value: T;
}

export type Outcome<T> = Done<T> | Refusal;

export const done = <T>(value: T): Done<T> => ({ status: "done", value });

export const refused = (code: RefusalCode, message: string, remedy: string): Refusal => ({
  status: "refused",
  code,
  message,
  remedy,
});

/** What asking after a running operation answers. */
export type Progress<T> =
  | { readonly state: "running"; readonly percent?: number; readonly detail?: string }
  | { readonly state: "succeeded"; readonly value: T }
  | { readonly state: "failed"; readonly code: string; readonly message: string };
