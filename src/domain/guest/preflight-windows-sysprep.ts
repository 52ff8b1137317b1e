/** What makes Sysprep refuse, fail or hang on a Windows guest. */
import type { WindowsFacts } from "./facts.js";
import { block, pass, warn } from "../preflight.js";
import { known, mendable, some, type Row } from "./row.js";

/** The pair that a Windows carries which Sysprep may run on (public registry dumps agree). */
const CLEANED_UP = 2;
const READY_TO_GENERALIZE = 7;

export const sysprepRows: readonly Row<WindowsFacts>[] = [
  {
    id: "pending-reboot",
    title: "No restart is pending",
    look: ({ pendingReboot }) =>
      known(pendingReboot, (sources) =>
        sources.length === 0
          ? pass("No restart is pending.")
          : sources.every((source) => source === "FileRename")
            ? // Sysprep asks servicing, not the session manager, whose list is seldom empty on a busy server.
              warn(
                "Files are waiting to be renamed at the next start.",
                "If an installer ran recently, restart the VM first.",
              )
            : block(
                `A restart is pending for ${some(sources)}; Sysprep would never finish.`,
                "Restart the VM, wait until updates have finished, then capture again.",
              ),
      ),
  },
  {
    id: "reserved-storage",
    title: "Windows servicing is idle",
    look: ({ reservedStorageBusy }) =>
      known(reservedStorageBusy, (busy) =>
        busy
          ? block(
              "Windows servicing is using its reserved storage.",
              "Let updates finish, restart the VM, then capture again.",
            )
          : pass("Reserved storage is not in use."),
      ),
  },
  {
    id: "appx-per-user",
    title: "Every app package is provisioned for all users",
    look: ({ appxPerUser }, context) =>
      known(appxPerUser, (packages) =>
        packages.length === 0
          ? pass("No app package is installed for a single user only.")
          : mendable(
              context,
              "remove-appx",
              `Installed for a user but not provisioned: ${some(packages)}.`,
              "They are removed for all users",
              "remove them for all users, or provision them",
            ),
      ),
  },
  {
    id: "appx-service",
    title: "The service that cleans up app packages can start",
    look: ({ appxServiceDisabled }) =>
      known(appxServiceDisabled, (disabled) =>
        disabled
          ? block("AppXSvc is disabled; Sysprep fails without it.", "Set its startup type to Manual.")
          : pass("AppXSvc can start."),
      ),
  },
  {
    id: "bitlocker",
    title: "No volume is encrypted",
    look: ({ bitLocker }, context) =>
      known(bitLocker, (volumes) => {
        const encrypted = volumes.filter(({ percentEncrypted }) => percentEncrypted > 0);
        if (encrypted.length === 0) return pass("No volume is encrypted.");
        const list = some(encrypted.map(({ volume, percentEncrypted }) => `${volume} ${percentEncrypted} %`));
        return mendable(
          context,
          "disable-bitlocker",
          `Encrypted: ${list}; Sysprep refuses even while protection is suspended.`,
          "They are decrypted to 0 %",
          "decrypt them to 0 %",
        );
      }),
  },
  {
    id: "sysprep-providers",
    title: "Every Sysprep provider has its file",
    look: ({ missingProviders }, context) =>
      known(missingProviders, (providers) =>
        providers.length === 0
          ? pass("All registered providers have their files.")
          : mendable(
              context,
              "remove-missing-providers",
              `Registered without a file: ${some(providers)}.`,
              "Their entries are removed",
              "reinstall the products that they belong to",
            ),
      ),
  },
  {
    id: "defender-for-endpoint",
    title: "Not onboarded to Defender for Endpoint",
    look: ({ defenderOnboarded }) =>
      known(defenderOnboarded, (onboarded) =>
        onboarded
          ? block(
              "The device is onboarded; Sysprep cannot delete its senseGuid.",
              "Run the offboarding script first, or make a specialized image.",
            )
          : pass("Not onboarded."),
      ),
  },
  {
    id: "sysprep-state",
    title: "Sysprep can run on this Windows",
    look: ({ imageState, sysprepStatus }) =>
      known(imageState, (state) =>
        known(sysprepStatus, ({ cleanupState, generalizationState }) =>
          state === "IMAGE_STATE_COMPLETE" &&
          cleanupState === CLEANED_UP &&
          generalizationState === READY_TO_GENERALIZE
            ? pass("No earlier Sysprep is unfinished.")
            : block(
                `An earlier Sysprep is unfinished (${state}, clean-up ${cleanupState}, generalization ${generalizationState}).`,
                "Restore the VM to its state before that run; running Sysprep again does not repair it.",
              ),
        ),
      ),
  },
  {
    id: "rearm-count",
    title: "Windows can be generalized once more",
    look: ({ rearmCount, skipRearm }) =>
      known(rearmCount, (left) =>
        skipRearm === true
          ? warn(
              "SkipRearm is set: activation is not reset, and all copies count as one machine.",
              "Set it to 0, unless VMs made from the image are never activated.",
            )
          : left === 0
            ? block(
                "No rearms are left.",
                "Build from a base that was generalized fewer times, or make a specialized image.",
              )
            : left <= 3
              ? warn(`Only ${left} rearms are left.`, "Plan a fresh base for future images.")
              : pass(`${left} rearms are left.`),
      ),
  },
];
