/**
 * Why a seal failed, read from what the guest left: setuperr and setupact excerpts, or the Linux seal's own log with
 * the words of its commands. Rows are ordered from the most to the least specific explanation, and the first match wins.
 */
import { sealFailure, type SealCause, type SealCauseCode } from "./seal-explanations.js";

export interface SealLogs {
  readonly log: string;
  readonly imageState?: string | undefined;
  /** The step of the seal script that failed, where it said so. */
  readonly step?: string;
}

/**
 * A pattern's first group, if it has one, is the package, provider, user or step to name. Sysprep's log names every
 * provider that it calls in lines of the kind Info, so a row looks for what only a failure says.
 */
const rows: readonly (readonly [SealCauseCode, RegExp, step?: string])[] = [
  // Log text: microsoft/terminal#7767, notepad-plus-plus#13675; Microsoft KB 2769827.
  ["APPX_PER_USER", /Package\s+(\S+) was installed for a user, but not provisioned for all users/i],
  // The same provider without its service (ERROR_SERVICE_DISABLED): no package is at fault.
  ["APPX_SERVICE_DISABLED", /AppxSysprep\.dll; dwRet = (?:0x422|0x80070422|1058)\b/i],
  [
    "APPX_PER_USER",
    /Failed to remove apps for the current user|hr = 0x80073cf2|AppxSysprep\.dll; dwRet = (?:0x3cf2|0x80073cf2|15602)\b/i,
  ],
  // azure-docs#58134, antifob/incus-windows#30: said even while protection is suspended.
  [
    "BITLOCKER_ON",
    /BitLocker is on for the OS volume|executing 'ValidateBitLockerState' from [^\n]*dwRet|0x80310039/i,
  ],
  // Azure support article "generalize VM fails": spopk.dll Sysprep_Clean_Validate_Opk, 0x800F0975.
  ["RESERVED_STORAGE_BUSY", /reserved storage is in use|if there is an active scenario|0x800F0975/i],
  // Same validation of spopk.dll, when servicing is done but not yet restarted.
  [
    "PENDING_REBOOT",
    /Windows updates? that requires? a reboot|Failure occurred while executing [^\n]*spopk\.dll; dwRet = 0x139f/i,
  ],
  // The same validation when servicing does not answer it (GoogleCloudPlatform/compute-image-windows#156).
  ["SERVICING_SILENT", /Failed to query pending CBS operations/i],
  // And when this Windows came by an upgrade in place, from which Sysprep makes no image.
  ["WINDOWS_UPGRADED", /Sysprep will not run on an upgraded OS/i],
  // actions/runner-images#9659, #10434, #7103: 0x5 while deleting senseGuid.
  [
    "DEFENDER_ONBOARDED",
    /Error from RegDeleteValueW for value senseGuid|Error in executing action for Windows-SenseClient/i,
  ],
  // SL_E_REARM_LIMIT, also printed as a signed number by slc.dll (Microsoft support, "Sysprep fatal error 0xc004d307").
  ["REARM_LIMIT", /0xC004D307|-1073425657/i],
  // setuperr of a guest whose earlier run broke off; Microsoft KB 929828: dwRet = 31.
  ["SYSPREP_ALREADY_RUN", /Not running DLLs; either the machine is in an invalid state|hr = 0x8007001f/i],
  // Windows-EventLog clean-up of wevtapi.dll where a policy moved the logs to a drive that is gone.
  [
    "EVENT_LOG_MOVED",
    /(?:wevtapi\.dll|Microsoft-Windows-EventLog)[^\n]*(?:0x80070003|(?:dwRet =|returned) 0x3\b)/i,
  ],
  // AgentBaker PR#429: VMAgentDisabler.dll registered but gone; 0x7e is ERROR_MOD_NOT_FOUND.
  ["SYSPREP_PROVIDER_MISSING", /vmimage-seal: provider file missing: ([^\n]+)/],
  [
    "SYSPREP_PROVIDER_MISSING",
    /(?<![\w.-])([\w.-]{1,160}\.dll)[^\n]{0,120}(?:0x0*7e|error code 126|dwRet = 126)\b/i,
  ],
  // Microsoft KB 2868126 (iesysprep.dll): there, but not loaded; 0xc1 is ERROR_BAD_EXE_FORMAT.
  ["SYSPREP_PROVIDER_FAILED", /Could not load DLL ([^\s[]{1,200})/i],
  // azure-docs#80346, #43893, #49145 (DscCore.dll), Broadcom KB (spbcd.dll): both forms that Sysprep prints.
  [
    "SYSPREP_PROVIDER_FAILED",
    /Failure occurred while executing '[^'\n]{1,120}' from (?:DLL )?'?([^\s;']{1,200})/i,
  ],
  ["SYSPREP_PROVIDER_FAILED", /Failure occurred while executing '([^'\n]{1,200})'/i],
  // KB 929828 again, where no line before it names a provider: 31 is ERROR_GEN_FAILURE.
  ["SYSPREP_ALREADY_RUN", /halting sysprep execution\. dwRet = (?:0x1f|31)\b/i],
  ["SYSPREP_TIMED_OUT", /vmimage-seal: sysprep still ran after/],
  ["REMEDY_FAILED", /vmimage-seal: remedy ([a-z-]+) failed/],

  ["NO_DISK_SPACE", /No space left on device|There is not enough space on the disk|0x80070070/i],
  ["READ_ONLY_FILE_SYSTEM", /Read-only file system/i],
  // chattr +i or +a, as hardening guides have it for logs and resolv.conf: in the words of coreutils and sh, and of Python.
  ["FILE_PROTECTED", /(?:cannot|can't) \w+ '?([^'\s:]{1,200})'?: Operation not permitted/i],
  ["FILE_PROTECTED", /Operation not permitted: '([^'\n]{1,200})'/i],
  ["USER_NOT_REMOVED", /^user (\S+) has uid \d+: a system account/m],
  ["HOME_IS_MOUNTED", /^user \S+: (\S+) is a mount point/m],
  ["USER_NOT_REMOVED", /^user (\S+): userdel ended with/m, "users"],
  // cloud-init, cmd/clean.py: a script of /etc/cloud/clean.d ended with an error.
  ["CLEAN_HOOK_FAILED", /Failure during run-parts of \S+: [^\n]*?\(([^)\n]{1,160})\)/, "cloud-init"],
  // WALinuxAgent#2593, #1414: it writes its host name into a network file, and breaks where the distribution has none.
  ["AGENT_MISSES_FILE", /No such file or directory: '([^'\n]{1,200})'/, "agent"],
  ["TRACES_REMAIN", /^verify: still there:([^\n]+)/m],
  ["MARKER_NOT_WRITTEN", /vmimage-seal: step marker failed/],
  // What `timeout` ends with, around the agent's and cloud-init's own commands.
  ["STEP_TIMED_OUT", /vmimage-seal: step ([a-z-]+) failed: ended with 124\b/],
];

/** What a failed step means when its log says nothing clearer (names: the seal scripts). */
const steps: Readonly<Record<string, SealCauseCode>> = {
  subscription: "SUBSCRIPTION_NOT_REMOVED",
  agent: "WAAGENT_FAILED",
  "cloud-init": "CLOUD_INIT_CLEAN_FAILED",
  users: "USER_NOT_REMOVED",
  marker: "MARKER_NOT_WRITTEN",
};

/** The excerpts are at most 32 KiB by contract; a longer text is not read to its beginning. */
const READ_CHARS = 64 * 1024;
/** No log that is known here has longer lines; a pattern that goes back and forth within one must not have 64 KiB to do so. */
const LINE_CHARS = 1000;

const readable = (log: string): string =>
  log
    .slice(-READ_CHARS)
    .split("\n")
    .map((line) => line.slice(0, LINE_CHARS))
    .join("\n");

export function classifySeal({ log, imageState, step }: SealLogs): SealCause {
  const text = readable(log);
  const failedStep = /vmimage-seal: step ([a-z-]+) failed/.exec(text)?.[1] ?? step ?? "";
  for (const [cause, pattern, ofStep = failedStep] of rows) {
    const found = ofStep === failedStep ? pattern.exec(text) : null;
    if (found) return sealFailure(cause, found[1]);
  }
  const byStep = Object.hasOwn(steps, failedStep) ? steps[failedStep] : undefined;
  if (byStep !== undefined) return sealFailure(byStep);
  // UNDEPLOYABLE is normal while Sysprep works; with nothing else said, it simply never came to its end.
  if (failedStep === "" && imageState === "IMAGE_STATE_UNDEPLOYABLE") return sealFailure("SYSPREP_TIMED_OUT");
  return failedStep === "" ? sealFailure("UNKNOWN") : sealFailure("SEAL_STEP_FAILED", failedStep);
}
