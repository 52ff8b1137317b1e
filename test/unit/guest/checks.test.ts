/** The preflight tables: one row a pitfall of a healthy guest with one thing wrong. */
import { describe, expect, test } from "vitest";
import { checkGuest } from "../../../src/domain/guest/checks.js";
import type { CheckContext } from "../../../src/domain/guest/row.js";
import { healthyLinux, healthyWindows } from "./healthy-facts.js";

type Row = readonly [
  id: string,
  verdict: "pass" | "warn" | "block" | "unknown",
  facts: object,
  context?: Partial<CheckContext>,
];

const outside: CheckContext = { allowedRemedies: [], extensions: [], imagePublisher: "" };
const encrypted = { bitLocker: [{ volume: "C:", percentEncrypted: 100, status: "FullyEncrypted" }] };
const appx = { appxPerUser: ["Contoso.App_1.0_x64__abc"] };
const provider = { missingProviders: ["VMAgentDisabler.dll"] };

const windows: readonly Row[] = [
  ["pending-reboot", "block", { pendingReboot: ["CBS"] }],
  ["pending-reboot", "block", { pendingReboot: ["FileRename", "WindowsUpdate"] }],
  ["pending-reboot", "warn", { pendingReboot: ["FileRename"] }],
  ["reserved-storage", "block", { reservedStorageBusy: true }],
  ["appx-per-user", "block", appx],
  ["appx-per-user", "warn", appx, { allowedRemedies: ["remove-appx"] }],
  ["appx-service", "block", { appxServiceDisabled: true }],
  ["bitlocker", "block", encrypted],
  ["bitlocker", "warn", encrypted, { allowedRemedies: ["disable-bitlocker"] }],
  ["bitlocker", "pass", { bitLocker: [{ volume: "C:", percentEncrypted: 0, status: "FullyDecrypted" }] }],
  ["sysprep-providers", "block", provider],
  ["sysprep-providers", "warn", provider, { allowedRemedies: ["remove-missing-providers"] }],
  ["sysprep-providers", "block", provider, { allowedRemedies: ["remove-appx"] }],
  ["defender-for-endpoint", "block", { defenderOnboarded: true }],
  ["sysprep-state", "block", { sysprepStatus: { cleanupState: 2, generalizationState: 3 } }],
  ["sysprep-state", "block", { imageState: "IMAGE_STATE_UNDEPLOYABLE" }],
  ["rearm-count", "block", { rearmCount: 0 }],
  ["rearm-count", "warn", { rearmCount: 1 }],
  ["rearm-count", "warn", { skipRearm: true }],
  ["former-traces", "warn", { unattendFiles: ["C:\\unattend.xml"] }],
  ["former-traces", "warn", { pantherFromFormerRun: true }],
  ["cdrom", "warn", { cdromStart: 4 }],
  ["cdrom", "block", { removableMediaDenied: true }],
  ["agent-services", "warn", { agentServices: { RdAgent: "Stopped", WindowsAzureGuestAgent: "Running" } }],
  ["agent-services", "block", { agentServices: { RdAgent: "Running", Schedule: "Stopped" } }],
  ["vm-size", "warn", { cpuCount: 1 }],
  ["vm-size", "warn", { memoryMiB: 4096 }],
  ["administrator-password", "warn", { administratorDisabled: false }],
  ["administrator-password", "pass", { administratorDisabled: false, passwordExpiryDays: -1 }],
  ["event-log-paths", "warn", { eventLogPathsMissing: ["Application"] }],
  ["server-roles", "block", { roles: ["AD-Domain-Services", "DNS"] }],
  ["server-roles", "warn", { roles: ["WDS"] }],
  ["domain", "warn", { domainJoined: true }],
  ["domain", "warn", { cloudJoined: true }],
  ["remote-desktop", "warn", { remoteDesktopDenied: true }],
  ["pending-reboot", "block", { pendingReboot: ["Servicing"] }],
  ["agent-services", "warn", { agentServices: { RdAgent: "Disabled", WindowsAzureGuestAgent: "Running" } }],
  ["extensions", "warn", {}, { extensions: ["CustomScriptExtension"] }],
  ["hardened-image", "warn", {}, { imagePublisher: "center-for-internet-security-inc" }],
];

const user = healthyLinux.users[0]!;
const linux: readonly Row[] = [
  ["family", "warn", { family: "unknown", distribution: "gentoo" }],
  [
    "provisioning",
    "block",
    {
      agent: { ...healthyLinux.agent, present: false },
      cloudInit: { ...healthyLinux.cloudInit, present: false },
    },
  ],
  ["provisioning", "warn", { agent: { ...healthyLinux.agent, present: false } }],
  ["provisioning", "warn", { ovfEnvPresent: false }],
  ["cloud-init", "block", { cloudInit: { ...healthyLinux.cloudInit, state: "running" } }],
  ["cloud-init", "warn", { cloudInit: { ...healthyLinux.cloudInit, state: "error" } }],
  ["cloud-init", "pass", { cloudInit: { ...healthyLinux.cloudInit, present: false, state: "absent" } }],
  ["machine-id", "warn", { machineIdEmpty: true }],
  ["users", "warn", { users: [user, { ...user, name: "second" }] }],
  ["users", "pass", { users: [user, { ...user, name: "second" }] }, { removeUsers: ["azureuser", "second"] }],
  ["users", "pass", { users: [user, { ...user, name: "service", sudoersFile: false, authorizedKeys: 0 }] }],
  ["users", "warn", {}, { keepUsers: ["azureuser"] }],
  ["users", "warn", {}, { removeUsers: ["nobody-here"] }],
  ["ssh-host-keys", "pass", { sshHostKeys: 0 }],
  ["resolver", "warn", { resolvConf: "dangling" }],
  ["resolver", "pass", { resolvConf: "file" }],
  ["network-identity", "warn", { persistentNetRules: true }],
  ["network-identity", "warn", { macPinnedProfiles: true }],
  ["network-identity", "warn", { macPinnedFiles: ["/etc/netplan/99-own.yaml"] }],
  ["subscription", "warn", { subscription: "rhel-registered" }],
  ["subscription", "warn", { subscription: "suse-byos" }],
  ["subscription", "warn", { subscription: "ubuntu-pro" }],
  ["swap", "warn", { swap: "resource-disk" }],
  ["swap", "warn", { swap: "os-disk" }],
  ["fstab-names", "warn", { fstabByDeviceName: ["/dev/sdc1 /data"] }],
  ["fstab-nofail", "warn", { fstabWithoutNofail: ["UUID=1 /data"] }],
  ["fstab-sources", "warn", { fstabWithoutSource: ["UUID=1 /data"] }],
  ["fstab-sources", "unknown", { fstabWithoutSource: null }],
  ["hyperv-drivers", "block", { hypervDrivers: false }],
  ["nvme-driver", "warn", { nvmeInInitramfs: false }],
  ["nvme-driver", "warn", { nvmeIoTimeout: 30 }],
  ["nvme-driver", "unknown", { nvmeInInitramfs: null }],
  ["detach", "block", { systemd: false }],
  ["detach", "block", { tools: ["curl"] }],
  ["marker-tool", "block", { tools: ["systemd-run"] }],
  ["logs", "warn", { logBytes: 3 * 1024 ** 3 }],
];

describe.each([
  ["Windows", healthyWindows, windows],
  ["Linux", healthyLinux, linux],
] as const)("%s", (osType, healthy, rows) => {
  const verdicts = (facts: object, context: Partial<CheckContext> = {}) =>
    checkGuest(osType, JSON.stringify({ ...healthy, ...facts }), { ...outside, ...context });

  test("passes every check when healthy", () => {
    expect(verdicts({}).filter(({ verdict }) => verdict !== "pass")).toEqual([]);
  });

  for (const [id, verdict, facts, context] of rows) {
    test(`${id} is ${verdict} when ${JSON.stringify({ ...facts, ...context })}`, () => {
      const checks = verdicts(facts, context);
      expect(checks.find((check) => check.id === id)).toMatchObject({ verdict });
      // One thing wrong is one finding: a table that blames another row as well would mislead.
      const others = checks.filter((check) => check.id !== id && check.verdict !== "pass");
      expect(others).toEqual([]);
    });
  }

  test("has a row in this table for every check", () => {
    expect(new Set(rows.map(([id]) => id))).toEqual(new Set(verdicts({}).map(({ id }) => id)));
  });

  test("knows nothing, rather than passes, when no fact is known", () => {
    const empty = checkGuest(osType, "{}", { allowedRemedies: [] });
    expect(empty.filter(({ verdict }) => verdict !== "unknown")).toEqual([]);
  });

  test("has one unknown check when the guest does not answer", () => {
    expect(checkGuest(osType, "", outside)).toMatchObject([{ id: "guest-answer", verdict: "unknown" }]);
  });
});

test("says what an allowed remedy will do", () => {
  const checks = checkGuest("Windows", JSON.stringify({ ...healthyWindows, ...appx }), {
    ...outside,
    allowedRemedies: ["remove-appx"],
  });
  expect(checks.find(({ id }) => id === "appx-per-user")).toMatchObject({
    detail: "Installed for a user but not provisioned: Contoso.App_1.0_x64__abc.",
    remedy: "They are removed for all users on the VM that is sealed (remove-appx is allowed).",
  });
});

test("says who stays, also where a name that is to go is nobody's", () => {
  const removeUsers = ["nobody-here"];
  const checks = checkGuest("Linux", JSON.stringify(healthyLinux), { ...outside, removeUsers });
  expect(checks.find(({ id }) => id === "users")?.detail).toBe(
    "No such user on the VM: nobody-here. Users that remain with their keys or sudo rights: azureuser.",
  );
});
