/**
 * What an error of Azure Resource Manager means to a run: refused (retrying cannot change it), busy (Azure says when
 * to come back), or thrown again (an outage; the retry policy rides it out). Sources of the codes: Microsoft's
 * "Troubleshoot common Azure deployment errors" and the recorded answers behind docs/failures.md.
 */
import type { FailureCode } from "../../domain/failures.js";
import type { Busy, Refusal } from "../../domain/outcome.js";
import { busy, refused } from "../../domain/outcome.js";

export interface ArmError {
  readonly statusCode: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

export const isNotFound = (error: unknown): boolean => armError(error)?.statusCode === 404;

export function armError(error: unknown): ArmError | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { statusCode, code, message, response } = error as {
    statusCode?: unknown;
    code?: unknown;
    message?: unknown;
    response?: { headers?: { get?: (name: string) => string | undefined } };
  };
  if (typeof statusCode !== "number") return undefined;
  const retryAfter = Number(response?.headers?.get?.("retry-after"));
  return {
    statusCode,
    code: typeof code === "string" ? code : `HTTP ${statusCode}`,
    message: withoutSecrets(typeof message === "string" ? message : ""),
    ...(retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {}),
  };
}

/** Azure repeats in its messages what it was given, a blob's SAS among it. */
export const withoutSecrets = (text: string): string =>
  text.replace(/([?&]sig=)[^&\s'"]+/gi, "$1(removed)").slice(0, 1000);

/** Another operation holds the resource for a while; Azure names no time. */
const CONFLICT_SECONDS = 15;
const THROTTLED_SECONDS = 60;

const TRANSIENT_CONFLICTS =
  /^(Conflict|AnotherOperationInProgress|OperationPreempted|RetryableError|AttachDiskWhileBeingDetached|CannotDeleteResource|NicReservedForAnotherVm|InUseSubnetCannotBeDeleted)$/;

/** @throws what is not an answer of Azure, and every answer that time may mend. */
export function classify(error: unknown, notFound: FailureCode = "TARGET_NOT_FOUND"): Refusal | Busy {
  const known = armError(error);
  if (known === undefined) throw error;
  const { statusCode, code, message, retryAfterSeconds } = known;
  const said = `${code}: ${message}`;
  if (statusCode === 429) return busy(retryAfterSeconds ?? THROTTLED_SECONDS, said);
  if (statusCode === 503 && retryAfterSeconds !== undefined) return busy(retryAfterSeconds, said);
  if (statusCode >= 500 || statusCode === 408)
    throw new Error(`Azure answered ${statusCode} ${said}`, { cause: error });
  if (statusCode === 404) return refused(notFound, said, "Correct the id, or create the resource.");
  if (statusCode === 401 || statusCode === 403)
    return refused(
      "NOT_AUTHORIZED",
      said,
      "Grant the pipeline's identity the role that docs/permissions.md names for this step.",
    );
  if (code === "ScopeLocked")
    return refused(
      "LOCKED",
      said,
      "Remove the management lock, or have temporary resources created in another resource group (workResourceGroup).",
    );
  if (/quota|limitexceeded|skunotavailable|allocationfailed/i.test(`${code} ${message}`))
    return refused(
      "QUOTA_EXCEEDED",
      said,
      "Request a higher quota, or delete resources that use it, and start the run again.",
    );
  if (statusCode === 409 && TRANSIENT_CONFLICTS.test(code))
    return busy(retryAfterSeconds ?? CONFLICT_SECONDS, said);
  if (/active shared access signature/i.test(message)) return busy(CONFLICT_SECONDS, said);
  return refused("AZURE_REFUSED", said, "Fix what Azure's message names, and start the run again.");
}
