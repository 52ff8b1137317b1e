/** What a storage account says no to, in a form that survives until an activity turns it into an outcome. */
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

/** The account does not have what was asked for; another way may do. */
export class Unsupported extends StorageRefusal {}
