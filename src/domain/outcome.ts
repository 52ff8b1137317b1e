/**
 * The two channels of an activity (architecture.md, rule 2): what retrying cannot change is *returned* as a refusal;
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

/** Azure asked us to retry later; the runbook sleeps, no activity does. */
export interface Busy {
  readonly status: "busy";
  readonly retryAfterSeconds: number;
  readonly message: string;
}

export type Outcome<T> = Done<T> | Refusal | Busy;

export const done = <T>(value: T): Done<T> => ({ status: "done", value });

export const refused = (code: RefusalCode, message: string, remedy: string): Refusal => ({
  status: "refused",
  code,
  message,
  remedy,
});

export const busy = (retryAfterSeconds: number, message: string): Busy => ({
  status: "busy",
  retryAfterSeconds,
  message,
});

/** What starting an operation returns for polling: where Azure reports why it failed, if it fails. */
export interface Started {
  readonly operationUrl?: string;
}

export interface Asked<Input> {
  readonly input: Input;
  /** Given once, when the operation has failed: for Azure's reason. */
  readonly started?: Started | undefined;
}

/** What asking after a running operation answers. */
export type Progress<T> =
  | { readonly state: "running"; readonly percent?: number; readonly detail?: string }
  | { readonly state: "succeeded"; readonly value: T }
  | { readonly state: "failed"; readonly code: string; readonly message: string };

export const succeeded = <T>(value: T): Progress<T> => ({ state: "succeeded", value });
