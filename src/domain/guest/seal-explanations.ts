/** Every named cause of a failed seal: what happened, and what to do about it. `%` is what the log named. */
export const sealExplanations = {
  NOT_STARTED: [
    "The guest did not start the seal: %.",
    "Mend on the source what it names. A script of your own must end with exit code 0 once it has detached itself.",
  ],
  PENDING_REBOOT: [
    "Windows waits for a restart, and Sysprep refuses until it had one.",
    "Restart the VM, wait until its updates are done, then capture again.",
  ],
  APPX_PER_USER: [
    "The app package % is installed for a user but not provisioned for all.",
    "Allow the remedy remove-appx, or remove or provision the package on the source.",
  ],
  APPX_SERVICE_DISABLED: [
    "The service AppXSvc is disabled; Sysprep's clean-up of app packages needs it.",
    "Set the start of AppXSvc to manual on the source, then capture again.",
  ],
  BITLOCKER_ON: [
    "BitLocker holds the system volume encrypted; Sysprep refuses even when protection is off.",
    "Allow the remedy disable-bitlocker, or decrypt to 0 % first. Azure Disk Encryption cannot be captured generalized.",
  ],
  RESERVED_STORAGE_BUSY: [
    "Windows servicing is using its reserved storage.",
    "Let pending updates finish and restart, then capture again.",
  ],
  SERVICING_SILENT: [
    "Windows servicing did not answer Sysprep's question whether updates are pending.",
    "Restart the VM, let its updates finish, then capture again.",
  ],
  WINDOWS_UPGRADED: [
    "This Windows came by an upgrade in place; Sysprep makes images only of one that was installed as it is.",
    "Build from a fresh installation, or capture specialized.",
  ],
  DEFENDER_ONBOARDED: [
    "Defender for Endpoint guards its identity (senseGuid) against Sysprep.",
    "Run the offboarding script on the source first, or capture specialized.",
  ],
  REARM_LIMIT: [
    "Windows has used up the number of times that it may be generalized.",
    "Build from a base that was generalized less often, or capture specialized.",
  ],
  SYSPREP_ALREADY_RUN: [
    "An earlier Sysprep left this Windows in a state in which it cannot run again.",
    "Restore the VM from its backup; a second run on a broken guest does not mend it.",
  ],
  EVENT_LOG_MOVED: [
    "Sysprep found no folder where an event log channel points to.",
    "Put the log's path right on the source (wevtutil sl, or the policy that moved it), then capture again.",
  ],
  SYSPREP_PROVIDER_MISSING: [
    "The Sysprep provider % is registered, but its file is not there.",
    "Allow the remedy remove-missing-providers, or reinstall the product that it belongs to.",
  ],
  SYSPREP_PROVIDER_FAILED: [
    "The Sysprep provider % failed.",
    "Repair or uninstall the product that it belongs to; the excerpt has its error code.",
  ],
  SYSPREP_TIMED_OUT: [
    "Sysprep still ran when its time was up, and its logs name no cause.",
    'Ask for "onFailure": "keep-for-resume" and read the VM\'s System32\\Sysprep\\Panther; a larger VM size helps where it was only slow.',
  ],
  REMEDY_FAILED: [
    "An allowed remedy did not work: %.",
    "Do by hand on the source what the remedy should have done; the excerpt says how far it came.",
  ],
  NO_DISK_SPACE: ["The system disk is full.", "Free space on the source, then capture again."],
  READ_ONLY_FILE_SYSTEM: [
    "The root file system is read-only.",
    "Check the source's disk (fsck, mount options), then capture again.",
  ],
  FILE_PROTECTED: [
    "The file % is protected against changes, even by root.",
    "Look with lsattr and take the attribute away on the source (chattr -i -a), then capture again.",
  ],
  HOME_IS_MOUNTED: [
    "Something is mounted at %, in the home of a user to be removed; removing the home would empty it.",
    "Unmount it and take it out of fstab on the source, or keep the user with keepUsers.",
  ],
  CLEAN_HOOK_FAILED: [
    "cloud-init's clean-up ran a script that failed: %.",
    "Mend or remove the script in /etc/cloud/clean.d on the source, then capture again.",
  ],
  AGENT_MISSES_FILE: [
    "The Azure agent broke off its deprovisioning because % is not there.",
    "Create the file, empty, on the source, or update walinuxagent; then capture again.",
  ],
  SUBSCRIPTION_NOT_REMOVED: [
    "The VM's subscription could not be cleaned.",
    "Unregister on the source (subscription-manager or SUSEConnect), then capture again.",
  ],
  WAAGENT_FAILED: [
    "The Azure agent could not deprovision.",
    "Update walinuxagent on the source; the excerpt has what it printed.",
  ],
  CLOUD_INIT_CLEAN_FAILED: [
    "cloud-init could not clean its state.",
    "Run `cloud-init clean --logs` by hand; a hook in /etc/cloud/clean.d may be at fault.",
  ],
  USER_NOT_REMOVED: [
    "The user % could not be removed.",
    "The excerpt says why: often the name of a system account, or a locked /etc/passwd. keepUsers leaves it in place.",
  ],
  TRACES_REMAIN: [
    "After all steps this was still there: %.",
    "Find what writes it back (a configuration manager, an agent) and stop it before the capture.",
  ],
  STEP_TIMED_OUT: [
    "The step % of the seal did not end in the minutes that it has.",
    "The excerpt says how far it came; look on the source for a lock, a hook or a mount that does not answer.",
  ],
  SEAL_STEP_FAILED: [
    "The step % of the seal failed.",
    "The excerpt says why; docs/generalization.md says what the step does.",
  ],
  AGENT_STOPPED_SEAL: [
    "The seal is not running any more and left no outcome: it was ended, perhaps with the agent that started it.",
    "The guest must offer systemd-run (Linux) or the Task Scheduler (Windows); own scripts must detach in the same way.",
  ],
  SEAL_TIMED_OUT: [
    "The guest neither stopped nor said why within %.",
    'Ask for "onFailure": "keep-for-resume" and look at the VM\'s boot diagnostics; raise the limit if it was only slow.',
  ],
  NOT_POWERED_OFF: [
    "The guest said that it is sealed but did not stop within %.",
    "Look in the clone's console at what holds its shutdown.",
  ],
  STOPPED_WITHOUT_MARKER: [
    "The VM stopped without a word: it crashed, or somebody stopped it.",
    "Look at its boot diagnostics and the activity log, then capture again.",
  ],
  MARKER_NOT_WRITTEN: [
    "The guest is sealed but could not reach the storage account to say so.",
    "Let the clone's subnet reach the storage account (service or private endpoint, and DNS).",
  ],
  MARKER_UNREADABLE: [
    "What was found in the marker's place is not a seal marker.",
    "Something else writes there; give the pipeline a container of its own.",
  ],
  MARKER_OF_ANOTHER_RUN: [
    "The marker found belongs to the run %.",
    "Start the capture again; markers are named by run and must not be shared.",
  ],
  UNKNOWN: [
    "The guest failed to seal, and its logs name no cause that is known here.",
    "Read the excerpt; the whole logs are on the clone if the request keeps it.",
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
