/** host.json and app settings: what a binding's `%SETTING%` and connection names stand for. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface HostJson {
  readonly extensions?: {
    readonly http?: { readonly routePrefix?: string };
    readonly durableTask?: {
      readonly hubName?: string;
      readonly maxConcurrentActivityFunctions?: number;
    };
    readonly serviceBus?: {
      readonly autoCompleteMessages?: boolean;
      readonly maxConcurrentCalls?: number;
      readonly prefetchCount?: number;
      readonly maxAutoLockRenewalDuration?: string;
    };
    readonly blobs?: { readonly maxDegreeOfParallelism?: number; readonly poisonBlobThreshold?: number };
  };
}

export async function readHostJson(appDir: string): Promise<HostJson> {
  const path = join(appDir, "host.json");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Error(`${path} cannot be read; a function app needs one with at least {"version":"2.0"}.`, {
      cause,
    });
  });
  try {
    return JSON.parse(text) as HostJson;
  } catch (cause) {
    throw new Error(`${path} is not valid JSON.`, { cause });
  }
}

export interface Settings {
  /** Replaces each `%NAME%` by that setting; fails with the place when one is absent. */
  resolve(expression: string, where: string): string;
  /** The connection string that a binding's `connection` names; the default is AzureWebJobsStorage. */
  connectionString(name: string | undefined, where: string): string;
  values(): Readonly<Record<string, string>>;
}

export function appSettings(values: Readonly<Record<string, string>>): Settings {
  const find = (name: string) => values[name];
  return {
    resolve: (expression, where) =>
      expression.replace(/%([^%]+)%/g, (_, name: string) => {
        const value = find(name);
        if (value === undefined) throw new Error(`${where} uses %${name}%, which is not an app setting.`);
        return value;
      }),
    connectionString(name = "AzureWebJobsStorage", where) {
      // The real host looks for the prefixed form too, and for `<name>__fullyQualifiedName` with an identity.
      const value = find(name) ?? find(`AzureWebJobs${name}`);
      if (value === undefined || value === "") {
        const identity = Object.keys(values).some((key) => key.startsWith(`${name}__`));
        throw new Error(
          identity
            ? `${where} connects through ${name}__*: identity-based connections need Azure; locally set "${name}" to a connection string.`
            : `${where} needs the app setting "${name}" (a connection string).`,
        );
      }
      return value;
    },
    values: () => values,
  };
}

/** `hh:mm:ss` or `d.hh:mm:ss`, as host.json writes durations. */
export function timeSpanMs(text: string, where: string): number {
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$/.exec(text);
  if (match === null) throw new Error(`${where}: "${text}" is not a time span like 00:05:00.`);
  const [days, hours, minutes, seconds] = match.slice(1, 5).map((part) => Number(part || 0));
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60_000 + (seconds ?? 0) * 1000;
}
