/** What the logs of a failed seal name: texts as Sysprep, waagent, cloud-init, shadow and the seal itself print them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifySeal } from "../../../src/domain/guest/seal-causes.js";
import { sealExplanations } from "../../../src/domain/guest/seal-explanations.js";

const time = "2024-03-07 22:26:20, Error                 SYSPRP ";
describe("a log", () => {
  test.each([
    [
      "APPX_PER_USER",
      "Microsoft.Winget.Source_2024.1128_neutral__8wekyb3d8bbwe",
      `${time}Package Microsoft.Winget.Source_2024.1128_neutral__8wekyb3d8bbwe was installed for a user, but not provisioned for all users. This package will not function properly in the sysprep image.\n${time}ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll; dwRet = 0x3cf2`,
    ],
    [
      "APPX_PER_USER",
      "provision",
      `${time}ActionPlatform::LaunchModule: Failure occurred while executing 'SysprepGeneralizeValidate' from C:\\Windows\\System32\\AppxSysprep.dll; dwRet = 0x3cf2`,
    ],
    [
      "SERVICING_SILENT",
      "servicing",
      `${time}spopk.dll:: Failed to query pending CBS operations; hr = 0x80080005\n${time}ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll; dwRet = 0x5`,
    ],
    [
      "WINDOWS_UPGRADED",
      "upgrade",
      `${time}spopk.dll:: Sysprep will not run on an upgraded OS. You can only run Sysprep on a custom (clean) install version of Windows.`,
    ],
    [
      "SYSPREP_ALREADY_RUN",
      "earlier",
      `${time}RunExternalDlls:An error occurred while running registry sysprep DLLs, halting sysprep execution. dwRet = 31[gle=0x000003e5]`,
    ],
    [
      "SYSPREP_PROVIDER_FAILED",
      "msdtcprx.dll",
      `${time}LaunchDll:Failure occurred while executing 'msdtcprx.dll,SysPrepDtcGeneralize', returned error code 31\n${time}RunExternalDlls:An error occurred while running registry sysprep DLLs, halting sysprep execution. dwRet = 31`,
    ],
    [
      "SYSPREP_PROVIDER_FAILED",
      "drmv2clt.dll",
      `${time}ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep' from DLL 'drmv2clt.dll'`,
    ],
    [
      "EVENT_LOG_MOVED",
      "event log",
      `${time}wevtapi.dll returned 0x3\n${time}ActionPlatform::LaunchModule: Failure occurred while executing 'EventLog_Cleanup' from DLL 'wevtapi.dll'`,
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
      "still running",
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
    ["STEP_TIMED_OUT", "agent", "vmimage-seal: step agent failed: ended with 124"],
    ["STEP_TIMED_OUT", "cloud-init", "vmimage-seal: step cloud-init failed: ended with 124"],
    ["SEAL_STEP_FAILED", "network", "vmimage-seal: step network failed: ended with 1"],
    ["UNKNOWN", "no known cause", "all is well"],
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
      message: "The seal's step sysprep failed.",
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
  });

  // Each makes a pattern begin, or go back, as often as 64 KiB let it: the first two once took seconds and minutes.
  test.each([
    ["one endless word", "a"],
    ["nothing but file names", ".dll"],
    ["file names in a line", "a.dll "],
    ["the event log's library", "wevtapi.dll"],
    ["an action without an end", "executing 'ValidateBitLockerState' from "],
    ["a failure without an end", "Failure occurred while executing 'a.dll"],
    ["hooks without an end", "Failure during run-parts of a: "],
    ["hooks in brackets", "Failure during run-parts of a: ((((((((((((((((((((((((((((((("],
    ["users of many parts", "\nuser a: userdel ended with x"],
  ])("of %s is judged at once, whatever step failed", (_, part) => {
    const log = part.repeat(Math.ceil((64 * 1024) / part.length));
    // Of this process, since a busy machine makes everything slow.
    const began = process.cpuUsage();
    for (const step of ["", "users", "cloud-init", "agent"]) classifySeal({ log, step });
    expect(process.cpuUsage(began).user).toBeLessThan(1_000_000);
  });
});
