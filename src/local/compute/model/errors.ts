/**
 * What every error is, and those that ARM itself answers; vm-errors.ts and storage-errors.ts have the others. Texts and
 * statuses are those of the real service as recorded or quoted in public issues; a status that no source shows is the
 * one all its recorded siblings have (409).
 */

export interface ErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ErrorDetail[];
  readonly innererror?: { readonly internalErrorCode: string };
}

/** An error with the status ARM gives it. `gateway`: answered by ARM itself, before a resource provider. */
export class ArmError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    readonly extra: { readonly gateway?: boolean; readonly retryAfterSeconds?: number } = {},
  ) {
    super(body.message);
    this.name = "ArmError";
  }
}

const gateway = (status: number, code: string, message: string): ArmError =>
  new ArmError(status, { code, message }, { gateway: true });
export const notAllowed = (message: string): ArmError =>
  new ArmError(409, { code: "OperationNotAllowed", message });
export const badRequest = (message: string): ArmError => new ArmError(400, { code: "BadRequest", message });

export const invalidParameter = (message: string, target?: string): ArmError =>
  new ArmError(400, { code: "InvalidParameter", message, ...(target === undefined ? {} : { target }) });

export const arm = {
  missingApiVersion: () =>
    gateway(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    ),
  invalidApiVersion: (version: string, known: readonly string[]) =>
    gateway(
      400,
      "InvalidApiVersionParameter",
      `The api-version '${version}' is invalid. The supported versions are '${known.join(",")}'.`,
    ),
  noRegisteredProvider: (
    location: string,
    version: string,
    type: string,
    known: readonly string[],
    locations: readonly string[],
  ) =>
    gateway(
      400,
      "NoRegisteredProviderFound",
      `No registered resource provider found for location '${location}' and API version '${version}' for type '${type}'. The supported api-versions are '${known.join(", ")}'. The supported locations are '${locations.join(", ")}'.`,
    ),
  invalidNamespace: (namespace: string) =>
    gateway(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`),
  contentTooLarge: () =>
    gateway(413, "RequestContentTooLarge", "The request content size exceeds the maximum size of 4 MB."),
  /** The rule is that of disks, as quoted; other types have their own, which all refuse the same characters. */
  invalidName: (id: string, name: string) =>
    new ArmError(400, {
      code: "InvalidParameter",
      message: `The entity name '${name}' is invalid according to its validation rule: ^[^_\\W][\\w-._]{0,79}(?<![-.])$.`,
      target: id,
    }),
  invalidUrl: () => gateway(400, "BadRequest", "The request URL is invalid."),
  subscriptionNotFound: (subscription: string) =>
    gateway(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`),
  groupNotFound: (group: string) =>
    gateway(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`),
  groupDeleting: (group: string) =>
    gateway(
      409,
      "ResourceGroupBeingDeleted",
      `The resource group '${group}' is in deprovisioning state and cannot perform this operation.`,
    ),
  resourceNotFound: (type: string, names: string, group: string) =>
    gateway(
      404,
      "ResourceNotFound",
      `The Resource '${type}/${names}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    ),
  invalidContent: (problem: string) =>
    gateway(
      400,
      "InvalidRequestContent",
      `The request content was invalid and could not be deserialized: '${problem}'.`,
    ),
  locationRequired: () =>
    gateway(400, "LocationRequired", "The location property is required for this definition."),
  authorizationFailed: (action: string, scope: string) =>
    gateway(
      403,
      "AuthorizationFailed",
      `The client '00000000-0000-0000-0000-0000000000aa' with object id '00000000-0000-0000-0000-0000000000bb' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    ),
  scopeLocked: (scope: string, operation: "delete" | "write", locked: readonly string[]) =>
    gateway(
      409,
      "ScopeLocked",
      `The scope '${scope}' cannot perform ${operation} operation because following scope(s) are locked: '${locked.join(",")}'. Please remove the lock and try again.`,
    ),
  subscriptionThrottled: (subscription: string, operation: string, seconds: number) =>
    new ArmError(
      429,
      {
        code: "SubscriptionRequestsThrottled",
        message: `Number of requests for subscription '${subscription}' and operation '${operation.toUpperCase()}' exceeded the backend storage limit. Please try again after '${seconds}' seconds.`,
      },
      { gateway: true, retryAfterSeconds: seconds },
    ),
  notFound: (name: string) =>
    new ArmError(404, { code: "NotFound", message: `Resource ${name} is not found.` }),
  entityNotFound: () =>
    new ArmError(404, { code: "NotFound", message: "The entity was not found in this Azure location." }),
  concurrentRequest: () =>
    new ArmError(409, {
      code: "Conflict",
      message:
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to https://aka.ms/activitylog to get more details on the conflicting requests.",
    }),
  preempted: (): ErrorBody => ({
    code: "OperationPreempted",
    message: "Operation execution has been preempted by a more recent operation.",
  }),
  invalidReference: (id: string, by: string) =>
    new ArmError(400, {
      code: "InvalidResourceReference",
      message: `Resource ${id} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    }),
  immutable: (path: string) =>
    new ArmError(409, {
      code: "PropertyChangeNotAllowed",
      message: `Changing property '${path}' is not allowed.`,
      target: path,
    }),
  computeThrottled: (
    group: string,
    from: string,
    to: string,
    allowed: number,
    measured: number,
    seconds: number,
  ) =>
    new ArmError(
      429,
      {
        code: "OperationNotAllowed",
        message:
          "The server rejected the request because too many requests have been received for this subscription.",
        details: [
          {
            code: "TooManyRequests",
            target: group,
            message: JSON.stringify({
              operationGroup: group,
              startTime: from,
              endTime: to,
              allowedRequestCount: allowed,
              measuredRequestCount: measured,
            }),
          },
        ],
        innererror: { internalErrorCode: "TooManyRequestsReceived" },
      },
      { retryAfterSeconds: seconds },
    ),
};
