/**
 * What the preflight scripts report, decoded field by field. A field that is missing or of the wrong kind becomes
 * null (not known) and is named in `problems`: one odd value must not hide twenty good ones, nor pass for a good one.
 */
import { decodeGuestResult, isRecord, type GuestResultProblem } from "./guest-result.js";

/** Reads one value; undefined means "not of this kind". */
type Read<T> = (value: unknown) => T | undefined;
export type Fields<S> = { readonly [K in keyof S]: S[K] extends Read<infer T> ? T | null : never };

export const text: Read<string> = (value) => (typeof value === "string" ? value : undefined);
export const flag: Read<boolean> = (value) => (typeof value === "boolean" ? value : undefined);
export const count: Read<number> = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
/** Windows says "never" as -1 or as nothing. */
const days: Read<number> = (value) => (value === -1 ? Number.POSITIVE_INFINITY : count(value));

const oneOf =
  <const T extends string>(...words: readonly T[]): Read<T> =>
  (value) =>
    words.find((word) => word === value);

export const listOf =
  <T>(item: Read<T>): Read<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value)) return undefined;
    const items = value.map(item);
    return items.every((read): read is Exclude<typeof read, undefined> => read !== undefined)
      ? items
      : undefined;
  };

/** All fields or nothing: half a user or half a volume decides nothing. */
export const object =
  <S extends Record<string, Read<unknown>>>(
    shape: S,
  ): Read<{ readonly [K in keyof S]: S[K] extends Read<infer T> ? T : never }> =>
  (value) => {
    if (!isRecord(value)) return undefined;
    const fields = Object.entries(shape).map(([name, read]) => [name, read(value[name])] as const);
    if (fields.some(([, read]) => read === undefined)) return undefined;
    return Object.fromEntries(fields) as { readonly [K in keyof S]: S[K] extends Read<infer T> ? T : never };
  };

export const names: Read<Readonly<Record<string, string>>> = (value) =>
  isRecord(value) && Object.values(value).every((word) => typeof word === "string")
    ? (value as Readonly<Record<string, string>>)
    : undefined;

const linuxFields = {
  distribution: text,
  version: text,
  family: oneOf("debian", "rhel", "suse", "azurelinux", "flatcar", "unknown"),
  architecture: text,
  kernel: text,
  agent: object({ present: flag, version: text, provisioningByAgent: flag }),
  cloudInit: object({ present: flag, version: text, state: text, cleanSupportsMachineId: flag }),
  ovfEnvPresent: flag,
  machineIdEmpty: flag,
  sshHostKeys: count,
  users: listOf(object({ name: text, uid: count, sudoersFile: flag, authorizedKeys: count })),
  persistentNetRules: flag,
  macPinnedProfiles: flag,
  macPinnedFiles: listOf(text),
  resolvConf: oneOf("link", "file", "dangling", "absent"),
  subscription: oneOf("none", "rhel-registered", "suse-byos", "ubuntu-pro"),
  swap: oneOf("none", "resource-disk", "os-disk"),
  fstabByDeviceName: listOf(text),
  fstabWithoutNofail: listOf(text),
  fstabWithoutSource: listOf(text),
  nvmeInInitramfs: flag,
  nvmeIoTimeout: count,
  hypervDrivers: flag,
  lvmRoot: flag,
  systemd: flag,
  tools: listOf(text),
  logBytes: count,
};

const windowsFields = {
  productName: text,
  build: text,
  architecture: text,
  imageState: text,
  pendingReboot: listOf(text),
  appxPerUser: listOf(text),
  appxServiceDisabled: flag,
  bitLocker: listOf(object({ volume: text, percentEncrypted: count, status: text })),
  missingProviders: listOf(text),
  sysprepStatus: object({ cleanupState: count, generalizationState: count }),
  pantherFromFormerRun: flag,
  unattendFiles: listOf(text),
  rearmCount: count,
  skipRearm: flag,
  cdromStart: count,
  removableMediaDenied: flag,
  defenderOnboarded: flag,
  roles: listOf(text),
  remoteDesktopDenied: flag,
  administratorDisabled: flag,
  passwordExpiryDays: days,
  domainJoined: flag,
  cloudJoined: flag,
  reservedStorageBusy: flag,
  eventLogPathsMissing: listOf(text),
  agentServices: names,
  cpuCount: count,
  memoryMiB: count,
};

export type LinuxFacts = Fields<typeof linuxFields>;
export type WindowsFacts = Fields<typeof windowsFields>;

export type DecodedFacts<Facts> =
  | { readonly ok: true; readonly facts: Facts; readonly problems: readonly string[] }
  | { readonly ok: false; readonly code: GuestResultProblem; readonly message: string };

export const decodeLinuxFacts = decoder(linuxFields);
export const decodeWindowsFacts = decoder(windowsFields);

export function decoder<S extends Record<string, Read<unknown>>>(shape: S) {
  return (output: string): DecodedFacts<Fields<S>> => {
    const result = decodeGuestResult(output);
    if (!result.ok) return result;
    const problems: string[] = [];
    const facts = Object.entries(shape).map(([name, read]) => {
      const given = result.value[name];
      const value = given === undefined ? undefined : read(given);
      // null is a probe's own word for "could not be read": not known, but no one's mistake.
      if (value === undefined && given !== null) {
        problems.push(given === undefined ? `${name} is missing` : `${name} has the wrong type`);
      }
      return [name, value ?? null] as const;
    });
    return { ok: true, facts: Object.fromEntries(facts) as Fields<S>, problems };
  };
}
