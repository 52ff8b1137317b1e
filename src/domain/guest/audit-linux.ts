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
          ? pass("Made at the first boot.")
          : block(
              "The machine-id came with the image: every VM would have the same.",
              "Empty /etc/machine-id when the guest is sealed; do not delete the file.",
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
            `Older than the VM: ${some(foreign)}. Every VM could pass for any other.`,
            "Delete /etc/ssh/ssh_host_* when the guest is sealed.",
          );
        return hostKeys === 0
          ? warn(
              "There are none: nobody can log in.",
              "See that cloud-init or sshd makes keys at first boot.",
            )
          : pass("Made at the first boot.");
      }),
  },
  {
    id: "accounts",
    title: "Nobody comes with the image",
    look: ({ users }, { admin, keepUsers }) =>
      known(users, (present) => {
        const open = present.filter(
          ({ name, sudoersFile, authorizedKeys }) =>
            name !== admin && !keepUsers.includes(name) && (sudoersFile || authorizedKeys > 0),
        );
        return open.length > 0
          ? warn(
              `Came with keys or sudo rights: ${some(open.map(({ name }) => name))}.`,
              "Name them in removeUsers, or in keepUsers where the image is meant to have them.",
            )
          : pass("No account with keys or sudo rights but the one that was asked for.");
      }),
  },
  {
    id: "passwords",
    title: "No password comes with the image",
    look: ({ passwords }, { admin, keepUsers }) =>
      known(passwords, (accounts) => {
        const foreign = accounts.filter((name) => name !== admin && !keepUsers.includes(name));
        return foreign.length > 0
          ? warn(`A password opens: ${some(foreign)}.`, "Lock them (`passwd -l`) before the capture.")
          : pass("None.");
      }),
  },
  ...leftFiles,
  {
    id: "cloud-init",
    title: "cloud-init came to its end",
    look: ({ cloudInit }) =>
      known(cloudInit, (state) => {
        if (state === "error")
          return block("cloud-init failed at the first boot.", "Look into /var/log/cloud-init.log of a VM.");
        return state === "done" || state === "disabled" || state === "absent"
          ? pass(state)
          : warn(
              `cloud-init is ${state === "" ? "silent" : state}.`,
              "Look into /var/log/cloud-init.log of a VM.",
            );
      }),
  },
  {
    id: "services",
    title: "Every service started",
    look: ({ failedUnits }) =>
      known(failedUnits, (units) =>
        units.length > 0
          ? warn(`Failed: ${some(units)}.`, "See why with `systemctl status` in a VM of this image.")
          : pass("None failed."),
      ),
  },
];
