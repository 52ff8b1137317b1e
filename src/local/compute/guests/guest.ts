/**
 * What is inside a virtual machine. A guest's state lies on its OS disk and travels with it: into snapshots, restore
 * points, images and the disks made from them. What a copy does to itself, its original never sees.
 * `facts` have the form that the preflight contracts of docs/guest-contract.md answer.
 */

export interface GuestUser {
  name: string;
  uid: number;
  sudoersFile: boolean;
  authorizedKeys: number;
}

export interface LinuxFacts {
  distribution: string;
  version: string;
  family: "debian" | "rhel" | "suse" | "azurelinux" | "flatcar" | "unknown";
  architecture: string;
  kernel: string;
  agent: { present: boolean; version: string; provisioningByAgent: boolean };
  cloudInit: { present: boolean; version: string; state: string; cleanSupportsMachineId: boolean };
  ovfEnvPresent: boolean;
  machineIdEmpty: boolean;
  sshHostKeys: number;
  users: GuestUser[];
  persistentNetRules: boolean;
  macPinnedProfiles: boolean;
  macPinnedFiles: string[];
  resolvConf: "link" | "file" | "dangling" | "absent";
  subscription: "none" | "rhel-registered" | "suse-byos" | "ubuntu-pro";
  swap: "none" | "resource-disk" | "os-disk";
  fstabByDeviceName: string[];
  fstabWithoutNofail: string[];
  fstabWithoutSource: string[];
  nvmeInInitramfs: boolean;
  nvmeIoTimeout: number;
  hypervDrivers: boolean;
  lvmRoot: boolean;
  systemd: boolean;
  tools: string[];
  logBytes: number;
}

export interface WindowsFacts {
  productName: string;
  build: string;
  architecture: string;
  imageState: string;
  pendingReboot: string[];
  appxPerUser: string[];
  appxServiceDisabled: boolean;
  bitLocker: { volume: string; percentEncrypted: number; status: string }[];
  missingProviders: string[];
  sysprepStatus: { cleanupState: number; generalizationState: number };
  pantherFromFormerRun: boolean;
  unattendFiles: string[];
  rearmCount: number;
  skipRearm: boolean;
  cdromStart: number;
  defenderOnboarded: boolean;
  roles: string[];
  remoteDesktopDenied: boolean;
  administratorDisabled: boolean;
  passwordExpiryDays: number;
  domainJoined: boolean;
  cloudJoined: boolean;
  reservedStorageBusy: boolean;
  eventLogPathsMissing: string[];
  agentServices: Record<string, string>;
  cpuCount: number;
  memoryMiB: number;
}

/** How a guest takes its sealing, when its facts alone do not decide it. */
export interface SealBehaviour {
  outcome: "by-its-facts" | "hangs" | "stops-without-marker" | "fails";
  /** What a failing seal writes to its log. */
  log?: string;
  seconds?: number;
}

interface Common {
  computerName: string;
  /** What the instance view calls the system. */
  osName: string;
  osVersion: string;
  /** False: the agent never reports Ready. */
  agentResponds: boolean;
  sealed: boolean;
  sealing: boolean;
  seal: SealBehaviour;
  /** The last lines of what the seal wrote, for the seal-log contracts. */
  sealLog: string;
  /** How many GiB of the OS disk hold data: sealing takes longer on a fuller disk. */
  usedGb: number;
  /** What an audit of a VM of this guest's image finds, over what a healthy one would. */
  broughtAlong: Record<string, unknown>;
  /** What the serial console showed; empty: what a guest of its kind would show. */
  consoleLog: string;
  /** The user that Azure's provisioning made, which deprovisioning removes. */
  provisionedUser: string;
}

export type LinuxGuest = Common & { os: "Linux"; facts: LinuxFacts };
export type WindowsGuest = Common & { os: "Windows"; facts: WindowsFacts; failingProvider?: string };
export type Guest = LinuxGuest | WindowsGuest;

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** What a seed or the control API says about a guest; everything else is healthy. */
export type GuestPatch = DeepPartial<Omit<LinuxGuest, "os" | "facts">> & {
  readonly facts?: DeepPartial<LinuxFacts> | DeepPartial<WindowsFacts>;
  readonly failingProvider?: string;
};

const common = (computerName: string, osName: string, osVersion: string, user: string): Common => ({
  computerName,
  osName,
  osVersion,
  agentResponds: true,
  sealed: false,
  sealing: false,
  seal: { outcome: "by-its-facts" },
  sealLog: "",
  usedGb: 8,
  broughtAlong: {},
  consoleLog: "",
  provisionedUser: user,
});

export function healthyGuest(os: "Linux" | "Windows", computerName: string, user = "azureuser"): Guest {
  if (os === "Windows") {
    return {
      ...common(computerName, "Windows Server 2022 Datacenter", "10.0.20348.2700", user),
      os,
      facts: {
        productName: "Windows Server 2022 Datacenter",
        build: "20348",
        architecture: "AMD64",
        imageState: "IMAGE_STATE_COMPLETE",
        pendingReboot: [],
        appxPerUser: [],
        appxServiceDisabled: false,
        bitLocker: [],
        missingProviders: [],
        sysprepStatus: { cleanupState: 2, generalizationState: 7 },
        pantherFromFormerRun: false,
        unattendFiles: [],
        rearmCount: 1000,
        skipRearm: false,
        cdromStart: 1,
        defenderOnboarded: false,
        roles: ["FileAndStorage-Services"],
        remoteDesktopDenied: false,
        administratorDisabled: false,
        passwordExpiryDays: 42,
        domainJoined: false,
        cloudJoined: false,
        reservedStorageBusy: false,
        eventLogPathsMissing: [],
        agentServices: { RdAgent: "Running", WindowsAzureGuestAgent: "Running" },
        cpuCount: 2,
        memoryMiB: 8192,
      },
    };
  }
  return {
    ...common(computerName, "ubuntu", "24.04", user),
    os,
    facts: {
      distribution: "ubuntu",
      version: "24.04",
      family: "debian",
      architecture: "x86_64",
      kernel: "6.8.0-1021-azure",
      agent: { present: true, version: "2.11.1.4", provisioningByAgent: true },
      cloudInit: { present: true, version: "24.4", state: "done", cleanSupportsMachineId: true },
      ovfEnvPresent: true,
      machineIdEmpty: false,
      sshHostKeys: 3,
      users: [{ name: user, uid: 1000, sudoersFile: true, authorizedKeys: 1 }],
      persistentNetRules: false,
      macPinnedProfiles: false,
      macPinnedFiles: [],
      resolvConf: "link",
      subscription: "none",
      swap: "none",
      fstabByDeviceName: [],
      fstabWithoutNofail: [],
      fstabWithoutSource: [],
      nvmeInInitramfs: true,
      nvmeIoTimeout: 240,
      hypervDrivers: true,
      lvmRoot: false,
      systemd: true,
      tools: ["systemd-run", "curl"],
      logBytes: 18_400_000,
    },
  };
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Objects merge member by member, everything else replaces (RFC 7396 without its deletions). */
export function merge<T>(base: T, patch: unknown): T {
  if (!isObject(base) || !isObject(patch)) return (patch === undefined ? base : patch) as T;
  const merged: Json = { ...base };
  for (const [name, value] of Object.entries(patch)) merged[name] = merge(merged[name], value);
  return merged as T;
}

/** A seal is not copied with the disk that it runs on; everything else is. */
export const copyOf = (guest: Guest): Guest => ({ ...structuredClone(guest), sealing: false });

/** What provisioning makes of a sealed image's guest at its first boot. */
export function provisioned(guest: Guest, computerName: string, user: string): Guest {
  const fresh: Guest = { ...copyOf(guest), computerName, provisionedUser: user, sealed: false, sealLog: "" };
  if (fresh.os === "Windows") {
    fresh.facts.imageState = "IMAGE_STATE_COMPLETE";
    return fresh;
  }
  const { facts } = fresh;
  facts.machineIdEmpty = false;
  facts.sshHostKeys = 3;
  facts.ovfEnvPresent = true;
  if (facts.cloudInit.present) facts.cloudInit.state = "done";
  if (user !== "" && !facts.users.some(({ name }) => name === user)) {
    const uid = Math.max(999, ...facts.users.map((known) => known.uid)) + 1;
    facts.users.push({ name: user, uid, sudoersFile: true, authorizedKeys: 1 });
  }
  return fresh;
}
