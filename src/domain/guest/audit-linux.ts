/** What a Linux image left in the first VM made from it. */
import type { LinuxAudit } from "./audit-facts.js";
import { dataDisks, hostName, leftFiles, type AuditContext } from "./audit-rows.js";
import { block, pass, warn } from "../preflight.js";
import { known, some, type Row } from "./row.js";

export const linuxAuditRows: readonly Row<LinuxAudit, AuditContext>[] = [
  hostName,
  dataDisks,
  {
    id: "machine-id",
    title: "The VM has a machine-id of its own",
    look: ({ machineIdOwn }) =>
      known(machineIdOwn, (own) =>
        own
          ? pass("Created at the first boot.")
          : block(
              "The machine-id came with the image: every VM would have the same one.",
              "Have the seal empty /etc/machine-id; the file itself must stay.",
            ),
      ),
  },
  {
    id: "ssh-host-keys",
    title: "The VM has SSH host keys of its own",
    look: ({ foreignHostKeys, hostKeys }) =>
      known(foreignHostKeys, (foreign) => {
        if (foreign.length > 0)
          return block(
            `Older than the VM: ${some(foreign)}. Every VM could impersonate any other.`,
            "Have the seal delete /etc/ssh/ssh_host_*.",
          );
        return hostKeys === 0
          ? warn(
              "There are none: nobody can log in over SSH.",
              "Make sure that cloud-init or sshd generates keys at the first boot.",
            )
          : pass("Created at the first boot.");
      }),
  },
  {
    id: "accounts",
    title: "The image contains no accounts of its own",
    look: ({ users }, { admin, keepUsers }) =>
      known(users, (present) => {
        const open = present.filter(
          ({ name, sudoersFile, authorizedKeys }) =>
            name !== admin && !keepUsers.includes(name) && (sudoersFile || authorizedKeys > 0),
        );
        return open.length > 0
          ? warn(
              `Accounts with keys or sudo rights: ${some(open.map(({ name }) => name))}.`,
              "Name them in removeUsers, or in keepUsers if the image is meant to contain them.",
            )
          : pass("Only the account that the VM was given has keys or sudo rights.");
      }),
  },
  {
    id: "passwords",
    title: "The image contains no passwords",
    look: ({ passwords }, { admin, keepUsers }) =>
      known(passwords, (accounts) => {
        const foreign = accounts.filter((name) => name !== admin && !keepUsers.includes(name));
        return foreign.length > 0
          ? warn(`Accounts with a password: ${some(foreign)}.`, "Lock them (`passwd -l`) before the capture.")
          : pass("None.");
      }),
  },
  ...leftFiles,
  {
    id: "cloud-init",
    title: "cloud-init finished",
    look: ({ cloudInit }) =>
      known(cloudInit, (state) => {
        if (state === "error")
          return block(
            "cloud-init failed at the first boot.",
            "Check /var/log/cloud-init.log on a VM made from this image.",
          );
        return state === "done" || state === "disabled" || state === "absent"
          ? pass(state)
          : warn(
              `cloud-init is ${state === "" ? "not reporting a status" : state}.`,
              "Check /var/log/cloud-init.log on a VM made from this image.",
            );
      }),
  },
  {
    id: "services",
    title: "Every service started",
    look: ({ failedUnits }) =>
      known(failedUnits, (units) =>
        units.length > 0
          ? warn(`Failed: ${some(units)}.`, "Run `systemctl status` on a VM made from this image to see why.")
          : pass("None failed."),
      ),
  },
];
