/** What a Windows image left in the first VM made from it. */
import type { WindowsAudit } from "./audit-facts.js";
import { dataDisks, hostName, leftFiles, type AuditContext } from "./audit-rows.js";
import { block, pass, warn } from "../preflight.js";
import { known, some, type Row } from "./row.js";

/** Microsoft, "Windows Setup states": what a machine is once OOBE is through. */
const COMPLETE = "IMAGE_STATE_COMPLETE";
/** Accounts that Windows itself has; enabled, the first is Azure's when it was asked for under that name. */
const BUILT_IN = ["administrator", "defaultaccount", "guest", "wdagutilityaccount"];

export const windowsAuditRows: readonly Row<WindowsAudit, AuditContext>[] = [
  hostName,
  dataDisks,
  {
    id: "setup-state",
    title: "Windows Setup finished",
    look: ({ imageState, setupRunning }) =>
      known(imageState, (state) =>
        state === COMPLETE && setupRunning !== true
          ? pass("Complete.")
          : block(
              `Setup reports ${state}${setupRunning === true ? " and is still running" : ""}.`,
              "Check C:\\Windows\\Panther on a VM made from this image.",
            ),
      ),
  },
  {
    id: "setup-errors",
    title: "Windows Setup logged no errors",
    look: ({ setupErrors }) =>
      known(setupErrors, (lines) =>
        lines.length > 0
          ? warn(some(lines), "Check setuperr.log in C:\\Windows\\Panther on a VM made from this image.")
          : pass("None."),
      ),
  },
  {
    id: "accounts",
    title: "The image contains no accounts of its own",
    look: ({ users }, { admin, keepUsers }) =>
      known(users, (enabled) => {
        const expected = [...BUILT_IN, ...[admin, ...keepUsers].map((name) => name.toLowerCase())];
        const foreign = enabled.filter((name) => !expected.includes(name.toLowerCase()));
        return foreign.length > 0
          ? warn(`Enabled accounts: ${some(foreign)}.`, "Disable or delete them before the capture.")
          : pass("Only the account that the VM was given is enabled.");
      }),
  },
  {
    id: "answer-files",
    title: "No answer file contains a password",
    look: ({ answerFiles }) =>
      known(answerFiles, (files) =>
        files.length > 0
          ? block(
              `Answer files with a password: ${some(files)}.`,
              "Delete the password or the file before the guest is sealed.",
            )
          : pass("None."),
      ),
  },
  ...leftFiles,
  {
    id: "agent",
    title: "The agent's services are running",
    look: ({ agentServices }) =>
      known(agentServices, (services) => {
        const idle = Object.entries(services).filter(([, state]) => state !== "Running");
        return idle.length > 0
          ? warn(
              some(idle.map(([name, state]) => `${name} ${state}`)),
              "Set them to start automatically before the capture.",
            )
          : pass("All are running.");
      }),
  },
  {
    id: "remote-desktop",
    title: "Remote Desktop is enabled",
    look: ({ remoteDesktop }) =>
      known(remoteDesktop, (on) =>
        on
          ? pass("Enabled.")
          : warn("Disabled: nobody can log in over the network.", "Enable it, unless that is intended."),
      ),
  },
];
