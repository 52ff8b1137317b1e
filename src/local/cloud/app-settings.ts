/**
 * The app's settings for this cloud: the sample file with what each local service contributes put in, as a
 * deployment would do it. The rest of the sample is the app's own affair and stays as it is.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Connections } from "./connections.js";

export interface LocalSettings {
  readonly IsEncrypted: boolean;
  readonly Values: Readonly<Record<string, string>>;
}

export function readSample(appDir: string): LocalSettings {
  const path = join(appDir, "local.settings.sample.json");
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LocalSettings;
  } catch (cause) {
    throw new Error(`${path} must be there and be JSON: the local settings are made from it.`, { cause });
  }
}

/** Ids are the sample's own: the seed is made to fit them. */
export function settingsFor(sample: LocalSettings, cloud: Connections): LocalSettings {
  const contributed: Readonly<Record<string, string>> = {
    AzureWebJobsStorage: cloud.storage.connectionString,
    DropStorage: cloud.storage.connectionString,
    ServiceBus: cloud.serviceBus.connectionString,
    ARM_ENDPOINT: cloud.compute.endpoint,
  };
  return { IsEncrypted: false, Values: { ...sample.Values, ...contributed } };
}

export function setting({ Values }: LocalSettings, name: string): string {
  const value = Values[name];
  if (value === undefined || value === "") throw new Error(`local.settings.sample.json must give ${name}.`);
  return value;
}

/** What the app expects to find, as a deployment makes it: its containers, its queues and topics. */
export const containersOf = (settings: LocalSettings): string[] => named(settings, "_CONTAINER");
export const queuesOf = (settings: LocalSettings): string[] => named(settings, "_QUEUE");
export const topicsOf = (settings: LocalSettings): string[] => named(settings, "_TOPIC");

const named = ({ Values }: LocalSettings, ending: string): string[] =>
  Object.entries(Values)
    .filter(([name]) => name.endsWith(ending))
    .map(([, value]) => value);
