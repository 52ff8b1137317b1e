/** Every named cause of a failed seal: what happened, and what to do about it. `%` stands for what the log names. */
export const sealExplanations = {
  NOT_STARTED: [
    "The guest did not start the seal: %.",
    "Fix what the message names on the source. A custom script must exit with code 0 once it has detached itself.",
  ],
  PENDING_REBOOT: [
    "Windows is waiting for a restart; Sysprep refuses to run until then.",
    "Restart the VM, wait until its updates have finished, then capture again.",
  ],
  APPX_PER_USER: [
    "The app package % is installed for a user but not provisioned for all users.",
    "Allow the remedy remove-appx, or remove or provision the package on the source.",
  ],
  APPX_SERVICE_DISABLED: [
    "The service AppXSvc is disabled; Sysprep needs it to clean up app packages.",
    "Set the startup type of AppXSvc to Manual on the source, then capture again.",
  ],
  BITLOCKER_ON: [
    "The system volume is encrypted with BitLocker; Sysprep refuses even while protection is suspended.",
    "Allow the remedy disable-bitlocker, or decrypt to 0 % first. A VM with Azure Disk Encryption cannot be generalized.",
  ],
  RESERVED_STORAGE_BUSY: [
    "Windows servicing is using its reserved storage.",
    "Let pending updates finish, restart the VM, then capture again.",
  ],
  SERVICING_SILENT: [
    "Windows servicing did not tell Sysprep whether updates are pending.",
    "Restart the VM, let its updates finish, then capture again.",
  ],
  WINDOWS_UPGRADED: [
    "This Windows was upgraded in place; Sysprep accepts only a clean installation.",
    "Build from a fresh installation, or make a specialized image.",
  ],
  DEFENDER_ONBOARDED: [
    "Defender for Endpoint protects its device identity (senseGuid) from Sysprep.",
    "Run the offboarding script on the source first, or make a specialized image.",
  ],
  REARM_LIMIT: [
    "Windows has reached the number of times that it can be generalized.",
    "Build from a base that was generalized fewer times, or make a specialized image.",
  ],
  SYSPREP_ALREADY_RUN: [
    "An earlier Sysprep run left Windows in a state in which Sysprep cannot run again.",
    "Restore the VM from its backup; running Sysprep again does not repair the guest.",
  ],
  EVENT_LOG_MOVED: [
    "An event log channel points to a folder that does not exist, so Sysprep failed.",
    "Correct the log's path on the source (wevtutil sl, or the policy that moved it), then capture again.",
  ],
  SYSPREP_PROVIDER_MISSING: [
    "The Sysprep provider % is registered, but its file is missing.",
    "Allow the remedy remove-missing-providers, or reinstall the product that it belongs to.",
  ],
  SYSPREP_PROVIDER_FAILED: [
    "The Sysprep provider % failed.",
    "Repair or uninstall the product that it belongs to; the excerpt shows its error code.",
  ],
  SYSPREP_TIMED_OUT: [
    "Sysprep was still running at its time limit, and its logs name no cause.",
    'Ask for "onFailure": "keep-for-resume" and read System32\\Sysprep\\Panther on the VM; if it was merely slow, use a larger VM size.',
  ],
  REMEDY_FAILED: [
    "An allowed remedy failed: %.",
    "Do manually on the source what the remedy should have done; the excerpt shows how far it got.",
  ],
  NO_DISK_SPACE: ["The system disk is full.", "Free up space on the source, then capture again."],
  READ_ONLY_FILE_SYSTEM: [
    "The root file system is read-only.",
    "Check the source's disk (fsck, mount options), then capture again.",
  ],
  FILE_PROTECTED: [
    "The file % is protected against changes, even by root.",
    "Check it with lsattr, remove the attribute on the source (chattr -i -a), then capture again.",
  ],
  HOME_IS_MOUNTED: [
    "A file system is mounted at %, in the home directory of a user to be removed; removing the home directory would erase it.",
    "Unmount it and remove it from fstab on the source, or keep the user with keepUsers.",
  ],
  CLEAN_HOOK_FAILED: [
    "A script that cloud-init clean runs failed: %.",
    "Fix or remove the script in /etc/cloud/clean.d on the source, then capture again.",
  ],
  AGENT_MISSES_FILE: [
    "The Azure agent aborted deprovisioning because % is missing.",
    "Create an empty file there on the source, or update walinuxagent; then capture again.",
  ],
  SUBSCRIPTION_NOT_REMOVED: [
    "The VM's vendor subscription could not be removed.",
    "Unregister the source (subscription-manager or SUSEConnect), then capture again.",
  ],
  WAAGENT_FAILED: [
    "The Azure agent failed to deprovision the VM.",
    "Update walinuxagent on the source; the excerpt shows its output.",
  ],
  CLOUD_INIT_CLEAN_FAILED: [
    "cloud-init failed to clean its state.",
    "Run `cloud-init clean --logs` manually to see the error; a hook in /etc/cloud/clean.d may cause it.",
  ],
  USER_NOT_REMOVED: [
    "The user % could not be removed.",
    "The excerpt shows why: often a system account was named, or /etc/passwd is locked. To keep the user, use keepUsers.",
  ],
  TRACES_REMAIN: [
    "Still present after all steps: %.",
    "Find what recreates it (a configuration manager, an agent) and stop it before the capture.",
  ],
  STEP_TIMED_OUT: [
    "The seal's step % exceeded its time limit.",
    "The excerpt shows how far it got; check the source for a lock, a hook or a mount that does not respond.",
  ],
  SEAL_STEP_FAILED: [
    "The seal's step % failed.",
    "The excerpt shows why; docs/generalization.md explains what the step does.",
  ],
  AGENT_STOPPED_SEAL: [
    "The seal is no longer running and reported no outcome: it was killed, perhaps together with the agent that started it.",
    "The guest needs systemd-run (Linux) or the Task Scheduler (Windows); a custom script must detach itself the same way.",
  ],
  SEAL_TIMED_OUT: [
    "The guest neither stopped nor reported a reason within %.",
    'Ask for "onFailure": "keep-for-resume" and check the VM\'s boot diagnostics; if it was merely slow, raise the limit.',
  ],
  NOT_POWERED_OFF: [
    "The guest reported that it is sealed but did not shut down within %.",
    "Check the VM's serial console for what blocks the shutdown.",
  ],
  STOPPED_WITHOUT_MARKER: [
    "The VM stopped without reporting an outcome: it crashed, or someone stopped it.",
    "Check its boot diagnostics and the activity log, then capture again.",
  ],
  MARKER_NOT_WRITTEN: [
    "The guest is sealed but could not reach the storage account to report it.",
    "Give the VM's subnet access to the storage account (service or private endpoint, and DNS).",
  ],
  MARKER_UNREADABLE: [
    "The blob found at the marker's location is not a seal marker.",
    "Something else writes to the container; give the pipeline a container of its own.",
  ],
  MARKER_OF_ANOTHER_RUN: [
    "The marker belongs to another run, %.",
    "Start the capture again; markers are named after their run and must not be shared.",
  ],
  UNKNOWN: [
    "The seal failed, and the guest's logs name no known cause.",
    'Read the excerpt; the full logs are on the VM if the request keeps it ("onFailure": "keep-for-resume").',
  ],
} as const satisfies Record<string, readonly [message: string, remedy: string]>;

export type SealCauseCode = keyof typeof sealExplanations;

export interface SealCause {
  readonly cause: SealCauseCode;
  readonly message: string;
  readonly remedy: string;
}

/** `subject` comes from a guest's log: cut and cleaned, since it ends in a status that people and programs read. */
export function sealFailure(cause: SealCauseCode, subject = ""): SealCause {
  const [message, remedy] = sealExplanations[cause];
  const named =
    subject
      .replace(/[^\x20-\x7e]/g, " ")
      .trim()
      .slice(0, 160) || "(not named)";
  return { cause, message: message.replace("%", () => named), remedy };
}
