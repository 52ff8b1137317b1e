/**
 * Starting and asking after long operations without waiting for them. The SDK's pollers send the first request at
 * once and poll only when asked; nothing here asks, so that no activity is longer than a request or two.
 */
import type { FailureCode } from "../../domain/failures.js";
import type { Outcome, Progress, Started } from "../../domain/outcome.js";
import { done, succeeded } from "../../domain/outcome.js";
import type { Arm } from "./client.js";
import { isNotFound, classify, withoutSecrets } from "./errors.js";

/** The part of the SDK's PollerLike that is used. A poller is also a promise: never `await` it or return it from async code. */
interface Poller {
  submitted(): Promise<void>;
  serialize(): Promise<string>;
}

export async function submit(begin: () => Poller, notFound?: FailureCode): Promise<Outcome<Started>> {
  try {
    const poller = begin();
    await poller.submitted();
    const { state } = JSON.parse(await poller.serialize()) as {
      state?: { config?: { operationLocation?: string } };
    };
    const operationUrl = state?.config?.operationLocation;
    return done(operationUrl === undefined ? {} : { operationUrl });
  } catch (error) {
    return classify(error, notFound);
  }
}

/** For an act that is done when it answers. */
export async function outcomeOf<T>(act: () => Promise<T>, notFound?: FailureCode): Promise<Outcome<T>> {
  try {
    return done(await act());
  } catch (error) {
    return classify(error, notFound);
  }
}

export interface Provisioned {
  readonly provisioningState?: string | undefined;
}

/** How a resource stands by its own provisioningState; when it failed, why by the operation that was started. */
export async function progressOf<R extends Provisioned, T>(
  cloud: Arm,
  started: Started | undefined,
  get: () => Promise<R>,
  result: (resource: R) => Progress<T>,
  running: (resource: R) => Progress<T> = () => ({ state: "running" }),
): Promise<Outcome<Progress<T>>> {
  try {
    const resource = await get();
    if (resource.provisioningState === "Failed" || resource.provisioningState === "Canceled")
      return done({ state: "failed", ...(await reasonOf(cloud, started, resource.provisioningState)) });
    if (resource.provisioningState !== "Succeeded") return done(running(resource));
    return done(result(resource));
  } catch (error) {
    return classify(error);
  }
}

/** Undefined where it is not there. */
export async function ifFound<T>(get: () => Promise<T>): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A removal is done when nothing is found any more. */
export async function removed(find: () => Promise<unknown>): Promise<Outcome<Progress<null>>> {
  const found = await outcomeOf(find);
  if (found.status !== "done") return found;
  return done(found.value === undefined ? succeeded(null) : { state: "running" });
}

async function reasonOf(cloud: Arm, started: Started | undefined, state: string) {
  const operationUrl = started?.operationUrl;
  const subscriptionId = /\/subscriptions\/([^/]+)\//i.exec(operationUrl ?? "")?.[1];
  const unknown = { code: state, message: "Azure gave no reason." };
  if (operationUrl === undefined || subscriptionId === undefined) return unknown;
  try {
    const operation = await cloud.readUrl<{ error?: { code?: string; message?: string } }>(
      subscriptionId,
      operationUrl,
    );
    const { code = state, message = unknown.message } = operation?.error ?? {};
    return { code, message: withoutSecrets(message) };
  } catch {
    // The reason is a courtesy: without it the failure is still told.
    return unknown;
  }
}
