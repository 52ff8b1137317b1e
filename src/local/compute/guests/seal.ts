/**
 * What a guest's sealing comes to, decided from the guest's state alone. The log excerpts are worded here after the
 * real tools' habits (setupact.log, setuperr.log, waagent, cloud-init): they name the package, provider or volume.
 */
import type { Guest, LinuxGuest, WindowsGuest } from "./guest.js";

export interface SealOrder {
  readonly runId: string;
  readonly removeUsers: readonly string[];
  readonly keepUsers: readonly string[];
  readonly allowedRemedies: readonly string[];
  readonly selfPowerOff: boolean;
}

export type SealEnd =
  | {
      readonly kind: "sealed";
      readonly imageState: string;
      readonly removedUsers: readonly string[];
      readonly log: string;
    }
  | { readonly kind: "failed"; readonly imageState: string; readonly log: string }
  | { readonly kind: "hangs"; readonly log: string }
  | { readonly kind: "stops-without-marker" };

const RESEALED = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE";
const UNDEPLOYABLE = "IMAGE_STATE_UNDEPLOYABLE";

/** Windows takes minutes (two more for each volume to decrypt), Linux half a minute; a fuller disk takes longer. */
export function sealSeconds(guest: Guest): number {
  if (guest.seal.seconds !== undefined) return guest.seal.seconds;
  if (guest.os === "Linux") return 30 + guest.usedGb;
  const decrypting = guest.facts.bitLocker.filter(({ percentEncrypted }) => percentEncrypted > 0).length;
  return 180 + 2 * guest.usedGb + 120 * decrypting;
}

/** The end of a seal; a sealed guest is changed accordingly. */
export function seal(guest: Guest, order: SealOrder): SealEnd {
  const { outcome, log } = guest.seal;
  if (outcome === "hangs") return { kind: "hangs", log: log ?? hangLog(guest) };
  if (outcome === "stops-without-marker") return { kind: "stops-without-marker" };
  if (outcome === "fails") return failed(guest, log ?? unnamedFailure(guest));
  return guest.os === "Windows" ? sealWindows(guest, order) : sealLinux(guest, order);
}

function failed(guest: Guest, log: string): SealEnd {
  if (guest.os === "Windows") guest.facts.imageState = UNDEPLOYABLE;
  return { kind: "failed", imageState: guest.os === "Windows" ? UNDEPLOYABLE : "failed", log };
}

const STAMP = "2026-01-01 00:00:00";
const act = (...lines: readonly string[]): string => lines.map((line) => `${STAMP}, ${line}`).join("\r\n");

/** Sysprep's own order: validation of the whole guest first, then the generalize providers. */
function sealWindows(guest: WindowsGuest, { allowedRemedies }: SealOrder): SealEnd {
  const { facts } = guest;
  const fail = (log: string): SealEnd => {
    facts.pantherFromFormerRun = true;
    return failed(guest, log);
  };
  if (facts.pendingReboot.length > 0) {
    const sources = facts.pendingReboot.join(", ");
    return fail(
      act(
        `Info                  SYSPRP Checking for pending servicing or file operations: ${sources}`,
        "Error                 SYSPRP Sysprep_Clean_Validate_Opk: There are one or more Windows updates that require a reboot. To run Sysprep, reboot the computer and restart the application.[gle=0x000036b7]",
        "Error                 SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll; dwRet = 0x139f",
      ),
    );
  }
  if (facts.reservedStorageBusy) {
    return fail(
      act(
        "Error                 SYSPRP Failed while reserved storage is in use by an update; hr = 0x800F0975",
      ),
    );
  }
  const encrypted = facts.bitLocker.filter(({ percentEncrypted }) => percentEncrypted > 0);
  if (encrypted.length > 0 && !allowedRemedies.includes("disable-bitlocker")) {
    const volume = encrypted[0]?.volume ?? "C:";
    return fail(
      act(
        `Error                 SYSPRP BitLocker-Sysprep: BitLocker is on for the OS volume ${volume}. Turn BitLocker off to run Sysprep. (0x80310039)`,
        "Error      [0x0f0082] SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'ValidateBitLockerState' from C:\\Windows\\System32\\BdeSysprep.dll; dwRet = 0x80310039",
      ),
    );
  }
  if (facts.appxPerUser.length > 0 && !allowedRemedies.includes("remove-appx")) {
    const name = facts.appxPerUser[0] ?? "";
    return fail(
      act(
        `Error                 SYSPRP Package ${name} was installed for a user, but not provisioned for all users. This package will not function properly in the sysprep image.`,
        "Error                 SYSPRP Failed to remove apps for the current user: 0x80073cf2.",
        "Error      [0x0f0082] SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll; dwRet = 0x3cf2",
      ),
    );
  }
  if (facts.missingProviders.length > 0 && !allowedRemedies.includes("remove-missing-providers")) {
    const provider = facts.missingProviders[0] ?? "";
    return fail(
      act(
        `Error                 SYSPRP ActionPlatform::LaunchModule: Could not load DLL ${provider}[gle=0x0000007e]`,
        `Error      [0x0f00a8] SYSPRP WinMain: Hit failure while processing sysprep generalize internal providers; hr = 0x8007007e (${provider})`,
      ),
    );
  }
  if (guest.failingProvider !== undefined) {
    return fail(
      act(
        `Error      [0x0f0082] SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'SysPrep_Generalize' from ${guest.failingProvider}; dwRet = 0x2`,
        "Error      [0x0f00a8] SYSPRP WinMain: Hit failure while processing sysprep generalize internal providers; hr = 0x80070002",
      ),
    );
  }
  if (facts.sysprepStatus.generalizationState !== 7) {
    return fail(
      act(
        `Error                 SYSPRP A former Sysprep left GeneralizationState=${facts.sysprepStatus.generalizationState}, CleanupState=${facts.sysprepStatus.cleanupState}; its providers do not run again. dwRet = 0x1f`,
        "Error      [0x0f0070] SYSPRP RunDlls: An error occurred while running registry sysprep DLLs, halting sysprep execution. dwRet = 0x1f",
      ),
    );
  }
  if (facts.rearmCount === 0) {
    return fail(
      act(
        "Error                 SYSPRP Windows has been rearmed the allowed number of times; hr = 0xc004d307",
      ),
    );
  }
  facts.appxPerUser = [];
  facts.missingProviders = [];
  facts.bitLocker = [];
  facts.unattendFiles = [];
  facts.pantherFromFormerRun = false;
  facts.rearmCount -= 1;
  facts.imageState = RESEALED;
  guest.sealed = true;
  const log = act(
    "Info                  SYSPRP ========================================================",
    "Info                  SYSPRP ===                End of sysprep run                ===",
    `Info                  SYSPRP WinMain: image state is ${RESEALED}; shutting down`,
  );
  return { kind: "sealed", imageState: RESEALED, removedUsers: [], log };
}

function sealLinux(guest: LinuxGuest, order: SealOrder): SealEnd {
  const { facts } = guest;
  if (facts.resolvConf === "dangling" && facts.family === "unknown") {
    return failed(
      guest,
      "waagent: deprovision stopped: /etc/resolv.conf points nowhere and this distribution has no rule for it",
    );
  }
  // Whom the platform provisioned, ovf-env.xml says; where that is gone, the first sudoers rule does (docs/guest-contract.md).
  const ruled = facts.users.find(({ sudoersFile }) => sudoersFile)?.name;
  const provisioned = facts.ovfEnvPresent ? guest.provisionedUser : ruled;
  const wanted = order.removeUsers.length > 0 ? order.removeUsers : [provisioned];
  const removed = facts.users
    .map(({ name }) => name)
    .filter((name) => wanted.includes(name) && !order.keepUsers.includes(name));
  facts.users = facts.users.filter(({ name }) => !removed.includes(name));
  facts.machineIdEmpty = true;
  facts.sshHostKeys = 0;
  facts.ovfEnvPresent = false;
  facts.persistentNetRules = false;
  facts.macPinnedProfiles = false;
  if (order.allowedRemedies.includes("unpin-network")) facts.macPinnedFiles = [];
  facts.subscription = "none";
  facts.logBytes = 0;
  if (facts.cloudInit.present) facts.cloudInit.state = "not run";
  guest.sealed = true;
  const log = [
    ...(facts.agent.present
      ? [
          "waagent: WARNING! The waagent service will be stopped.",
          ...removed.map((name) => `waagent: account ${name} and its home were deleted`),
        ]
      : []),
    ...(facts.cloudInit.present ? ["cloud-init: logs, seed and instance data removed"] : []),
    "seal: machine-id emptied, host keys removed, histories cleared",
    order.selfPowerOff ? "seal: done, powering off" : "seal: done",
  ].join("\n");
  return { kind: "sealed", imageState: "sealed", removedUsers: removed, log };
}

const hangLog = (guest: Guest): string =>
  guest.os === "Windows"
    ? act(
        "Info                  SYSPRP Generalizing: waiting for component servicing (TrustedInstaller) to finish",
        `Info                  SYSPRP image state is still ${UNDEPLOYABLE}`,
      )
    : "seal: cloud-init clean waits for cloud-init.service, which is still activating";

const unnamedFailure = (guest: Guest): string =>
  guest.os === "Windows"
    ? act(
        "Error      [0x0f0082] SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing a generalize provider; dwRet = 0x1f",
      )
    : "cloud-init: Traceback: OSError: [Errno 28] No space left on device: '/var/lib/cloud'";
