/** Judging a seal: by its marker and the power state, by a clock, and by what its logs name. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { excerptOf } from "../../../src/domain/guest/log-excerpt.js";
import { classifySeal } from "../../../src/domain/guest/seal-causes.js";
import { sealExplanations } from "../../../src/domain/guest/seal-explanations.js";
import { sealLimit, sealLimitMs } from "../../../src/domain/guest/seal-limit.js";
import { judgeSeal, type SealEvidence } from "../../../src/domain/guest/seal-outcome.js";

const marker = {
  contract: "seal-marker/1",
  runId: "run-1",
  outcome: "sealed",
  removedUsers: ["azureuser"],
  log: "",
};
const limitMs = 40 * 60_000;
const evidence = (more: Partial<SealEvidence>): SealEvidence => ({
  powerState: "running",
  elapsedMs: 60_000,
  limitMs,
  runId: "run-1",
  ...more,
});

describe("a seal", () => {
  test.each<[string, Partial<SealEvidence>, object]>([
    ["runs while it says nothing", {}, { state: "running" }],
    ["runs while a sealed guest is still stopping", { marker }, { state: "running" }],
    [
      "is done when the VM is stopped and the marker says so",
      { marker, powerState: "PowerState/stopped" },
      { state: "sealed", removedUsers: ["azureuser"] },
    ],
    [
      "is done when the VM is deallocated already",
      { marker, powerState: "deallocated" },
      { state: "sealed", removedUsers: ["azureuser"] },
    ],
    [
      "is done even if that was seen late",
      { marker, powerState: "stopped", elapsedMs: limitMs * 2 },
      { state: "sealed", removedUsers: ["azureuser"] },
    ],
    [
      "failed when the VM stopped without a word",
      { powerState: "stopped" },
      { state: "failed", cause: "STOPPED_WITHOUT_MARKER" },
    ],
    [
      "failed when its clock ran out",
      { elapsedMs: limitMs },
      {
        state: "failed",
        cause: "SEAL_TIMED_OUT",
        message: "The guest neither stopped nor said why within 40 min.",
      },
    ],
    [
      "failed when it is sealed but never stops",
      { marker, elapsedMs: limitMs },
      { state: "failed", cause: "NOT_POWERED_OFF" },
    ],
    [
      "failed when the marker says so, though the VM stopped",
      { marker: { ...marker, outcome: "failed" }, powerState: "stopped" },
      { state: "failed", cause: "UNKNOWN" },
    ],
    [
      "failed when the marker is of another run",
      { marker: { ...marker, runId: "run-2" }, powerState: "stopped" },
      { state: "failed", cause: "MARKER_OF_ANOTHER_RUN" },
    ],
    [
      "failed when the marker is anything else",
      { marker: "sealed", powerState: "stopped" },
      { state: "failed", cause: "MARKER_UNREADABLE" },
    ],
    [
      "failed when it is gone without an outcome",
      { elapsedMs: limitMs, sealLog: { running: false, log: "" } },
      { state: "failed", cause: "AGENT_STOPPED_SEAL" },
    ],
    [
      "failed with what its log names once the clock ran out",
      { elapsedMs: limitMs, sealLog: { running: true, log: "Windows updates that require a reboot" } },
      { state: "failed", cause: "PENDING_REBOOT" },
    ],
    [
      "failed in Sysprep when that never came to its end",
      { elapsedMs: limitMs, sealLog: { running: true, imageState: "IMAGE_STATE_UNDEPLOYABLE", log: "" } },
      { state: "failed", cause: "SYSPREP_TIMED_OUT" },
    ],
  ])("%s", (_what, more, expected) => {
    expect(judgeSeal(evidence(more))).toMatchObject(expected);
  });

  test("quotes the end of the log, without any signature", () => {
    const log = `${"x".repeat(5000)}\nPUT https://a.blob/m.json?sv=1&sig=c2VjcmV0%3D failed`;
    const judged = judgeSeal(evidence({ marker: { ...marker, outcome: "failed", log } }));
    expect(judged).toMatchObject({ state: "failed" });
    const excerpt = judged.state === "failed" ? judged.logExcerpt : "";
    expect(excerpt).toMatch(/sig=\(removed\) failed$/);
    expect(excerpt.length).toBeLessThan(1_600);
  });

  test("quotes the lines that tell of a failure, not the hundred that came after", () => {
    const noise = Array.from({ length: 100 }, (_, index) => `removed /var/lib/cloud/${index}`).join("\n");
    const log = `${noise}\nrm: cannot remove '/srv/x': Device or resource busy\n${noise}\nvmimage-seal: step traces failed: ended with 1`;
    expect(excerptOf(log)).toBe(
      "rm: cannot remove '/srv/x': Device or resource busy\nvmimage-seal: step traces failed: ended with 1",
    );
    expect(excerptOf("a\nb\n\n")).toBe("a\nb");
  });

  test.each([
    ["https://a.blob.core.windows.net/c/b?sv=1&sig=c2VjcmV0%3D&se=2 failed", "c2VjcmV0"],
    ["DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0== refused", "c2VjcmV0"],
    ["error: password: hunter2c2VjcmV0", "hunter2"],
    ["Authorization: Bearer eyJ0c2VjcmV0.abc.def denied", "eyJ0"],
    ["cannot clone https://user:c2VjcmV0@git.example/x", "c2VjcmV0"],
  ])("never quotes a secret: %s", (line, secret) => {
    expect(excerptOf(line)).toContain("(removed)");
    expect(excerptOf(line)).not.toContain(secret);
  });

  test("quotes any log in printable, bounded words", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("error ", "\n", "?sig=", "x".repeat(5_000)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 50 }), (parts) => {
        expect(excerptOf(parts.join(""))).toMatch(/^[\x20-\x7e\n]{0,1500}$/);
      }),
    );
  });

  test("is always judged, whatever the marker holds", () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), fc.nat(), fc.string(), (given, powerState, elapsedMs, log) => {
        const judged = judgeSeal({ marker: given, powerState, elapsedMs, limitMs, sealLog: { log } });
        if (judged.state === "failed") expect(Object.keys(sealExplanations)).toContain(judged.cause);
      }),
    );
  });
});

const time = "2024-03-07 22:26:20, Error                 SYSPRP ";
describe("a log", () => {
  test.each([
    [
      "APPX_PER_USER",
      "Microsoft.Winget.Source_2024.1128_neutral__8wekyb3d8bbwe",
      `${time}Package Microsoft.Winget.Source_2024.1128_neutral__8wekyb3d8bbwe was installed for a user, but not provisioned for all users. This package will not function properly in the sysprep image.\n${time}ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll; dwRet = 0x3cf2`,
    ],
    [
      "BITLOCKER_ON",
      "BitLocker",
      `${time}BitLocker-Sysprep: BitLocker is on for the OS volume. Turn BitLocker off to run Sysprep. (0x80310039)\n${time}ActionPlatform::LaunchModule: Failure occurred while executing 'ValidateBitLockerState' from C:\\Windows\\System32\\BdeSysprep.dll`,
    ],
    [
      "RESERVED_STORAGE_BUSY",
      "reserved storage",
      `${time}Sysprep_Clean_Validate_Opk: Audit mode cannot be turned on if reserved storage is in use. An update or servicing operation may be using reserved storage.; hr = 0x800F0975\n${time}ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll; dwRet = 0x975`,
    ],
    [
      "PENDING_REBOOT",
      "restart",
      `${time}Sysprep_Clean_Validate_Opk: There are one or more Windows updates that require a reboot. To run Sysprep, reboot the computer and restart the application.[gle=0x000036b7]`,
    ],
    [
      "DEFENDER_ONBOARDED",
      "senseGuid",
      `${time}ActionPlatform::DeleteValue: Error from RegDeleteValueW for value senseGuid under key HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows Advanced Threat Protection; dwRet = 0x5`,
    ],
    [
      "REARM_LIMIT",
      "number of times",
      `${time}LaunchDll:Failure occurred while executing 'C:\\Windows\\System32\\slc.dll,SLReArmWindows', returned error code -1073425657`,
    ],
    [
      "SYSPREP_ALREADY_RUN",
      "earlier",
      `${time}RunExternalDlls:Not running DLLs; either the machine is in an invalid state or we couldn't update the recorded state, dwRet = 31`,
    ],
    [
      "EVENT_LOG_MOVED",
      "event log",
      `${time}EvtIntSysprepCleanup (wevtapi.dll) dwRet = 0x3, hr = 0x80070003`,
    ],
    [
      "SYSPREP_PROVIDER_MISSING",
      "VMAgentDisabler.dll",
      "vmimage-seal: provider file missing: VMAgentDisabler.dll\nvmimage-seal: step sysprep failed",
    ],
    [
      "SYSPREP_PROVIDER_MISSING",
      "VMAgentDisabler.dll",
      `${time}LaunchDll: could not load C:\\Windows\\System32\\VMAgentDisabler.dll[gle=0x0000007e]`,
    ],
    [
      "SYSPREP_PROVIDER_FAILED",
      "DscCore.dll,SysPrep_Cleanup",
      `${time}LaunchDll:Failure occurred while executing 'DscCore.dll,SysPrep_Cleanup', returned error code 0x2`,
    ],
    [
      "SYSPREP_PROVIDER_FAILED",
      "spopk.dll",
      `${time}ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll; dwRet = 0x5`,
    ],
    [
      "SYSPREP_TIMED_OUT",
      "still ran",
      "vmimage-seal: sysprep still ran after 35 min\nvmimage-seal: step sysprep failed",
    ],
    [
      "REMEDY_FAILED",
      "disable-bitlocker",
      "vmimage-seal: remedy disable-bitlocker failed: C: is still at 80 %",
    ],
    [
      "NO_DISK_SPACE",
      "full",
      "sed: couldn't flush: No space left on device\nvmimage-seal: step users failed: ended with 4",
    ],
    [
      "READ_ONLY_FILE_SYSTEM",
      "read-only",
      "rm: cannot remove '/etc/x': Read-only file system\nvmimage-seal: step ssh failed: ended with 1",
    ],
    ["WAAGENT_FAILED", "agent", "Traceback\nvmimage-seal: step agent failed: ended with 1"],
    ["CLOUD_INIT_CLEAN_FAILED", "cloud-init", "vmimage-seal: step cloud-init failed: ended with 1"],
    [
      "APPX_PER_USER",
      "not named",
      `${time}Failed to remove apps for the current user: 0x80073cf2.\n${time}Exit code of RemoveAllApps thread was 0x3cf2.`,
    ],
    [
      "APPX_SERVICE_DISABLED",
      "AppXSvc",
      `${time}ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll; dwRet = 0x422`,
    ],
    [
      "RESERVED_STORAGE_BUSY",
      "servicing",
      `${time}Sysprep_Clean_Validate_Opk: Audit mode can't be turned on if there is an active scenario.; hr = 0x800F0975`,
    ],
    [
      "PENDING_REBOOT",
      "restart",
      `${time}ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll; dwRet = 0x139f`,
    ],
    [
      "SYSPREP_ALREADY_RUN",
      "earlier",
      `${time}WinMain:Hit failure while processing sysprep cleanup external providers; hr = 0x8007001f`,
    ],
    [
      "SYSPREP_PROVIDER_FAILED",
      "iesysprep.dll",
      `${time}LaunchDll:Could not load DLL C:\\Windows\\SysWOW64\\iesysprep.dll[gle=0x000000c1]`,
    ],
    [
      "DEFENDER_ONBOARDED",
      "senseGuid",
      `${time}SysprepSession::ExecuteInternal: Error in executing action for Windows-SenseClient-Service; dwRet = 0x5`,
    ],
    [
      "FILE_PROTECTED",
      "/etc/resolv.conf",
      "PermissionError: [Errno 1] Operation not permitted: '/etc/resolv.conf'\nvmimage-seal: step agent failed: ended with 1",
    ],
    [
      "FILE_PROTECTED",
      "/var/log/audit/audit.log",
      "/run/vmimage-seal/seal.sh: 411: cannot create /var/log/audit/audit.log: Operation not permitted\nvmimage-seal: step traces failed: ended with 2",
    ],
    [
      "FILE_PROTECTED",
      "/etc/ssh/ssh_host_rsa_key",
      "rm: cannot remove '/etc/ssh/ssh_host_rsa_key': Operation not permitted\nvmimage-seal: step ssh failed: ended with 1",
    ],
    [
      "HOME_IS_MOUNTED",
      "/home/azureuser/share",
      "user azureuser: /home/azureuser/share is a mount point; unmount it first\nvmimage-seal: step inspect failed: ended with 1",
    ],
    [
      "AGENT_MISSES_FILE",
      "/etc/sysconfig/network/dhcp",
      "FileNotFoundError: [Errno 2] No such file or directory: '/etc/sysconfig/network/dhcp'\nvmimage-seal: step agent failed: ended with 1",
    ],
    [
      "AGENT_MISSES_FILE",
      "ifcfg-eth0",
      "ERROR MainThread Failed to run 'deprovision': [Errno 2] No such file or directory: '/etc/sysconfig/network-scripts/ifcfg-eth0'\nvmimage-seal: step agent failed: ended with 1",
    ],
    [
      "CLEAN_HOOK_FAILED",
      "10-own",
      "Failure during run-parts of /etc/cloud/clean.d: Runparts: 1 failures (10-own) in 1 attempted commands\nvmimage-seal: step cloud-init failed: ended with 1",
    ],
    [
      "USER_NOT_REMOVED",
      "azureuser",
      "userdel: user azureuser is currently used by process 1941\nuser azureuser: userdel ended with 8\nvmimage-seal: step users failed: ended with 1",
    ],
    [
      "TRACES_REMAIN",
      "machine-id",
      "verify: still there: machine-id\nvmimage-seal: step verify failed: ended with 1",
    ],
    ["SEAL_STEP_FAILED", "network", "vmimage-seal: step network failed: ended with 1"],
    ["UNKNOWN", "no cause", "all is well"],
  ] as const)("names %s and %s", (cause, named, log) => {
    const found = classifySeal({ log });
    expect(found).toMatchObject({ cause });
    expect(found.message + found.remedy).toContain(named);
    expect(found.message).not.toContain("%");
  });

  test("that only tells which providers ran blames none of them", () => {
    // Lines of the kind Info, as every Sysprep writes them before the one that fails.
    const ran = [
      "ActionPlatform::LaunchModule: Executing method 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll",
      "Sysprep_Clean_Validate_Opk: Successfully validated reserves state on the machine for entering audit mode.",
      "ActionPlatform::LaunchModule: Executing method 'ValidateBitLockerState' from C:\\Windows\\System32\\BdeSysprep.dll",
      "ActionPlatform::LaunchModule: Successfully executed 'ValidateBitLockerState' from C:\\Windows\\System32\\BdeSysprep.dll",
      "ActionPlatform::LaunchModule: Executing method 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll",
      "Entering SysprepGeneralizeValidate (Appx) - validating whether all apps are also provisioned.",
    ].map((line) => `2025-07-22 21:55:35, Info                  SYSPRP ${line}`);
    expect(classifySeal({ log: ran.join("\r\n") })).toMatchObject({ cause: "UNKNOWN" });
    const dsc = `${time}LaunchDll:Failure occurred while executing 'DscCore.dll,SysPrep_Cleanup', returned error code 0x2`;
    expect(classifySeal({ log: [...ran, dsc].join("\r\n") })).toMatchObject({
      cause: "SYSPREP_PROVIDER_FAILED",
    });
  });

  test("of a Sysprep that ended by itself is no time-out", () => {
    const log =
      "vmimage-seal: sysprep ended with 1 and left IMAGE_STATE_UNDEPLOYABLE\nvmimage-seal: step sysprep failed";
    const found = classifySeal({ log, imageState: "IMAGE_STATE_UNDEPLOYABLE", step: "sysprep" });
    expect(found).toMatchObject({
      cause: "SEAL_STEP_FAILED",
      message: "The step sysprep of the seal failed.",
    });
  });

  test("of a step alone is enough", () => {
    expect(classifySeal({ log: "", step: "subscription" })).toMatchObject({
      cause: "SUBSCRIPTION_NOT_REMOVED",
    });
    expect(classifySeal({ log: "", step: "constructor" })).toMatchObject({ cause: "SEAL_STEP_FAILED" });
  });

  test("of any kind gets a known cause in printable words, fast", () => {
    const words = fc.constantFrom(
      "Package ",
      " was installed for a user",
      "Failure occurred while executing '",
      "user a: userdel ended with ",
      "vmimage-seal: step ",
      " failed",
      "\n",
      ".dll",
      "%",
      "$&",
      "\u0000",
      "0x7e",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(words, fc.string()), { maxLength: 60 }),
        fc.option(fc.string(), { nil: undefined }),
        (parts, imageState) => {
          const found = classifySeal({ log: parts.join(""), imageState });
          expect(Object.keys(sealExplanations)).toContain(found.cause);
          expect(found.message).toMatch(/^[\x20-\x7e]{1,400}$/);
        },
      ),
      { numRuns: 500 },
    );
    const began = performance.now();
    classifySeal({
      log: `${"Failure occurred while executing 'a.dll".repeat(2_000)}user a: userdel ended with ${"x ".repeat(20_000)}`,
    });
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe("the limit", () => {
  const vm = { osType: "Windows", vCpus: 2, diskGiB: 127, updatesPending: false } as const;
  test.each([
    ["a plain Windows", vm, 40],
    ["staged updates", { ...vm, updatesPending: true }, 70],
    ["one core", { ...vm, vCpus: 1 }, 70],
    ["a large disk", { ...vm, diskGiB: 2048 }, 60],
    ["everything at once", { ...vm, vCpus: 1, updatesPending: true, diskGiB: 32_767 }, 130],
    ["a plain Linux", { ...vm, osType: "Linux" as const, diskGiB: 30 }, 15],
    ["a Linux that trims a terabyte", { ...vm, osType: "Linux" as const, diskGiB: 1024 }, 35],
    ["a size that is not known", { ...vm, osType: "Linux" as const, diskGiB: -1 }, 15],
  ])("of %s counts what it is", (_what, subject, minutes) => {
    expect(sealLimitMs(subject)).toBe(minutes * 60_000);
  });

  test("gives its reasons", () => {
    expect(sealLimit({ ...vm, updatesPending: true }).reasons).toEqual([
      "40 min: Sysprep with its providers",
      "30 min: updates are staged",
    ]);
  });
});
