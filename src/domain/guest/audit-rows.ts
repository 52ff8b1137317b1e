/** The rows that both audits have. */
import { block, pass, warn } from "../preflight.js";
import { known, some, type Row } from "./row.js";

/** What is known of the VM from outside. */
export interface AuditContext {
  readonly state: "generalized" | "specialized";
  /** The account that the VM was given. */
  readonly admin: string;
  readonly keepUsers: readonly string[];
  readonly hostName: string;
  /** The LUNs of the image's data disks. */
  readonly luns: readonly number[];
}

export const hostName: Row<{ readonly hostName: string | null }, AuditContext> = {
  id: "host-name",
  title: "The VM took the name it was given",
  look: ({ hostName: told }, { hostName: given }) =>
    known(told, (name) =>
      name.toLowerCase() === given.toLowerCase()
        ? pass(name)
        : block(
            `It calls itself ${name === "" ? "nothing" : name}, not ${given}: provisioning did not run.`,
            "See that the guest is generalized, and that waagent or cloud-init provisions it.",
          ),
    ),
};

export const dataDisks: Row<{ readonly dataDiskLuns: readonly number[] | null }, AuditContext> = {
  id: "data-disks",
  title: "The guest sees every data disk of the image",
  look: ({ dataDiskLuns }, { luns }) =>
    known(dataDiskLuns, (seen) => {
      const missing = luns.filter((lun) => !seen.includes(lun));
      return missing.length > 0
        ? block(
            `Not seen at LUN ${missing.join(", ")}.`,
            "See that the guest has drivers for its disk controller.",
          )
        : pass(luns.length === 0 ? "It has none." : `LUN ${luns.join(", ")}.`);
    }),
};

interface LeftFiles {
  readonly histories: readonly string[] | null;
  readonly secrets: readonly string[] | null;
}

export const leftFiles: readonly Row<LeftFiles, AuditContext>[] = [
  {
    id: "secrets",
    title: "No credential comes with the image",
    look: ({ secrets }) =>
      known(secrets, (files) =>
        files.length > 0
          ? block(
              `Whoever gets the image gets these: ${some(files)}.`,
              "Delete them on the source, and change what they open.",
            )
          : pass("None where they usually lie."),
      ),
  },
  {
    id: "histories",
    title: "No history of a shell comes with the image",
    look: ({ histories }) =>
      known(histories, (files) =>
        files.length > 0
          ? warn(some(files), "Delete them before the capture: they often hold passwords.")
          : pass("None."),
      ),
  },
];
