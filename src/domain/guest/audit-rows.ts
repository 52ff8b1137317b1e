/** The rows that both audits have. */
import { block, pass, warn } from "../preflight.js";
import { known, some, type Row } from "./row.js";

/** What is known about the VM from outside. */
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
  title: "The VM took the name that it was given",
  look: ({ hostName: told }, { hostName: given }) =>
    known(told, (name) =>
      name.toLowerCase() === given.toLowerCase()
        ? pass(name)
        : block(
            `Its host name is ${name === "" ? "empty" : name}, not ${given}: provisioning did not run.`,
            "Make sure that the guest is generalized and that waagent or cloud-init provisions it.",
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
            "Make sure that the guest has drivers for its disk controller.",
          )
        : pass(luns.length === 0 ? "The image has none." : `LUN ${luns.join(", ")}.`);
    }),
};

interface LeftFiles {
  readonly histories: readonly string[] | null;
  readonly secrets: readonly string[] | null;
}

export const leftFiles: readonly Row<LeftFiles, AuditContext>[] = [
  {
    id: "secrets",
    title: "The image contains no credentials",
    look: ({ secrets }) =>
      known(secrets, (files) =>
        files.length > 0
          ? block(
              `Everyone who can use the image can read: ${some(files)}.`,
              "Delete them on the source, and rotate the credentials.",
            )
          : pass("None in the usual places."),
      ),
  },
  {
    id: "histories",
    title: "The image contains no shell history",
    look: ({ histories }) =>
      known(histories, (files) =>
        files.length > 0
          ? warn(some(files), "Delete them before the capture: they often contain passwords.")
          : pass("None."),
      ),
  },
];
