/**
 * Every known pitfall of a generalization has its check in the preflight of its system: what it is, the check that must
 * speak up, and the fact that makes it. checks.test.ts goes the other way, from checks to verdicts.
 */
import { describe, expect, test } from "vitest";
import { checkGuest } from "../../../src/domain/guest/checks.js";
import type { CheckContext } from "../../../src/domain/guest/row.js";
import { healthyLinux, healthyWindows } from "./healthy-facts.js";

type Pitfall = readonly [what: string, check: string, facts: object, context?: Partial<CheckContext>];

const outside: CheckContext = { allowedRemedies: [], extensions: [], imagePublisher: "" };

const windows: readonly Pitfall[] = [
  ["servicing waits for a restart", "pending-reboot", { pendingReboot: ["CBS"] }],
  ["an update waits for a restart", "pending-reboot", { pendingReboot: ["WindowsUpdate"] }],
  ["files wait to be renamed at the next start", "pending-reboot", { pendingReboot: ["FileRename"] }],
  ["component servicing is unfinished", "pending-reboot", { pendingReboot: ["Servicing"] }],
  ["an app package belongs to one user", "appx-per-user", { appxPerUser: ["Contoso.App_1.0_x64__abc"] }],
  [
    "a volume is encrypted, though its protection is suspended",
    "bitlocker",
    { bitLocker: [{ volume: "C:", percentEncrypted: 100, status: "FullyEncrypted" }] },
  ],
  ["a provider's file is missing", "sysprep-providers", { missingProviders: ["VMAgentDisabler.dll"] }],
  ["Defender for Endpoint guards its identity", "defender-for-endpoint", { defenderOnboarded: true }],
  [
    "an earlier Sysprep broke off",
    "sysprep-state",
    { sysprepStatus: { cleanupState: 2, generalizationState: 3 } },
  ],
  ["logs of an earlier Sysprep mislead", "former-traces", { pantherFromFormerRun: true }],
  ["Windows was generalized too often", "rearm-count", { rearmCount: 0 }],
  ["the agent does not run", "agent-services", { agentServices: { RdAgent: "Stopped" } }],
  [
    "the agent is disabled in new VMs",
    "agent-services",
    { agentServices: { WindowsAzureGuestAgent: "Disabled" } },
  ],
  ["the VM is too small to come to an end", "vm-size", { cpuCount: 1, memoryMiB: 3584 }],
  ["the disc drive's driver is disabled", "cdrom", { cdromStart: 4 }],
  ["a policy denies removable media", "cdrom", { removableMediaDenied: true }],
  [
    "an answer file would be taken",
    "former-traces",
    { unattendFiles: ["C:\\Windows\\Panther\\unattend.xml"] },
  ],
  ["passwords expire in the image", "administrator-password", { administratorDisabled: false }],
  ["extensions would be in the image", "extensions", {}, { extensions: ["CustomScriptExtension"] }],
  [
    "an event log was moved to where nothing is",
    "event-log-paths",
    { eventLogPathsMissing: ["Application"] },
  ],
  [
    "a hardened image breaks provisioning",
    "hardened-image",
    {},
    { imagePublisher: "center-for-internet-security-inc" },
  ],
  ["a server role does not bear it", "server-roles", { roles: ["AD-Domain-Services"] }],
  [
    "Sysprep would die with the agent that started it",
    "agent-services",
    { agentServices: { RdAgent: "Running", Schedule: "Stopped" } },
  ],
  ["servicing holds its reserved storage", "reserved-storage", { reservedStorageBusy: true }],
  ["the VM is in a domain", "domain", { domainJoined: true }],
];

const user = healthyLinux.users[0]!;
const linux: readonly Pitfall[] = [
  ["copies would share a machine-id", "machine-id", { machineIdEmpty: true }],
  [
    "cloud-init takes the copy for set up",
    "cloud-init",
    { cloudInit: { ...healthyLinux.cloudInit, state: "running" } },
  ],
  ["users with keys and sudo stay", "users", { users: [user, { ...user, name: "second" }] }],
  ["the resolver's link leads nowhere", "resolver", { resolvConf: "dangling" }],
  ["udev rules name the NIC", "network-identity", { persistentNetRules: true }],
  ["profiles name the NIC", "network-identity", { macPinnedProfiles: true }],
  ["netplan names the NIC", "network-identity", { macPinnedFiles: ["/etc/netplan/01-own.yaml"] }],
  ["a RHEL is registered", "subscription", { subscription: "rhel-registered" }],
  ["a SLES is registered on its own", "subscription", { subscription: "suse-byos" }],
  ["swap lies on the resource disk", "swap", { swap: "resource-disk" }],
  ["swap lies on the OS disk", "swap", { swap: "os-disk" }],
  ["fstab names devices", "fstab-names", { fstabByDeviceName: ["/dev/sdc1 /data"] }],
  ["a data disk is waited for at boot", "fstab-nofail", { fstabWithoutNofail: ["UUID=1 /data"] }],
  ["fstab names what is not there", "fstab-sources", { fstabWithoutSource: ["UUID=1 /data"] }],
  ["the kernel gives NVMe disks up early", "nvme-driver", { nvmeIoTimeout: 30 }],
  ["the initramfs lacks NVMe", "nvme-driver", { nvmeInInitramfs: false }],
  ["deprovisioning kills its own parent", "detach", { systemd: false }],
  ["logs fill the image", "logs", { logBytes: 3 * 1024 ** 3 }],
  ["the agent is missing", "provisioning", { agent: { ...healthyLinux.agent, present: false } }],
  ["the agent forgot whom it provisioned", "provisioning", { ovfEnvPresent: false }],
];

describe.each([
  ["Windows", healthyWindows, windows],
  ["Linux", healthyLinux, linux],
] as const)("on %s the preflight speaks up when", (osType, healthy, pitfalls) => {
  for (const [what, id, facts, context] of pitfalls)
    test(what, () => {
      const answer = JSON.stringify({ ...healthy, ...facts });
      const found = checkGuest(osType, answer, { ...outside, ...context }).find((check) => check.id === id);
      expect(found?.verdict).toMatch(/^(warn|block)$/);
      expect(found?.remedy).toMatch(/\w{3}/);
    });
});
