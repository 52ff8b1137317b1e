/**
 * All storage ports fail in the same way: what retrying cannot change is thrown as a StorageRefusal, which the activity turns
 * into an outcome; anything else that is thrown may be tried again.
 */
import type { FailureCode } from "../domain/failures.js";

export class StorageRefusal extends Error {
  override readonly name = "StorageRefusal";
  constructor(
    readonly code: FailureCode,
    message: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The account does not support the request; another way may work. */
export class Unsupported extends StorageRefusal {}
