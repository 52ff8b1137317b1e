/**
 * The capture request: one schema for Service Bus, HTTP and command line, published as JSON Schema
 * (docs/schemas/capture-request.json). Unknown fields are errors and all problems come at once.
 */
import { z } from "zod";
import { GROUP_NAME } from "../domain/resource-id.js";
import { resourceIdOf, tagSet, target } from "./target.js";

/** A run id becomes part of names and URLs. */
export const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const account = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/i, { error: "must be a user name" });

const minutes = (standard: number) => z.int().min(1).max(2880).default(standard);

const members = z.strictObject({
  /** Names the run; the same request with the same id finds the first run. Default: the message id. */
  requestId: z
    .string()
    .regex(RUN_ID, { error: "must be 1 to 64 letters, digits, - or _, starting with a letter or digit" })
    .optional(),
  sourceVmId: resourceIdOf("virtualMachines"),
  image: z
    .strictObject({
      /** `vm-image`: OS disk and every data disk. `os-image`: the OS disk alone. */
      kind: z.enum(["vm-image", "os-image"]).default("vm-image"),
      state: z.enum(["generalized", "specialized"]).default("generalized"),
    })
    .default({ kind: "vm-image", state: "generalized" }),
  /** `clone` generalizes a copy and leaves the source alone; `in-place` generalizes the source itself. */
  mode: z.enum(["clone", "in-place"]).default("clone"),
  target,
  /** Where everything temporary is made. Default: the source VM's resource group. */
  workResourceGroup: z
    .string()
    .regex(GROUP_NAME, { error: "must be the name of a resource group" })
    .optional(),
  tags: tagSet,
  backup: z
    .strictObject({
      kind: z.enum(["restore-point", "snapshots"]).default("restore-point"),
      /** Days that the backup is kept after the run; 0 removes it with the scaffolding. */
      keepDays: z.int().min(0).max(365).default(7),
    })
    .default({ kind: "restore-point", keepDays: 7 }),
  guest: z
    .strictObject({
      /** A script of one's own that generalizes instead of ours, by the contract of docs/guest-contract.md. */
      script: z.string().min(1).max(100_000).optional(),
      /** Of Linux; an account of Windows outlives Sysprep, and the preflight says so. */
      removeUsers: z.array(account).max(50).default([]),
      keepUsers: z.array(account).max(50).default([]),
      allowedRemedies: z
        .array(z.enum(["remove-appx", "remove-missing-providers", "disable-bitlocker", "unpin-network"]))
        .max(4)
        .default([]),
    })
    .default({ removeUsers: [], keepUsers: [], allowedRemedies: [] }),
  limits: z
    .strictObject({
      backupMinutes: minutes(120),
      cloneMinutes: minutes(60),
      /** Default: by what the VM is. */
      sealMinutes: z.int().min(1).max(720).optional(),
      registerMinutes: minutes(720),
    })
    .default({ backupMinutes: 120, cloneMinutes: 60, registerMinutes: 720 }),
  /** Boot a VM of the image and look into its guest, before the version can be the latest. */
  testBoot: z.boolean().default(false),
  /** What becomes of the source VM after an in-place capture. */
  sourceAfter: z.enum(["leave", "restore", "delete"]).default("leave"),
  /** When another capture of this VM runs: wait in line, or be refused. */
  whenBusy: z.enum(["wait", "refuse"]).default("wait"),
  /** What a failed run leaves: nothing but the backup, or everything that a resumed run can go on from. */
  onFailure: z.enum(["clean-up", "keep-for-resume"]).default("clean-up"),
  /** Plan and preflight report only; nothing is changed. */
  dryRun: z.boolean().default(false),
});

/** The members of a request that could be read; others may be wrong. */
type PartlyRead = { readonly [K in keyof z.output<typeof members>]?: Partial<z.output<typeof members>[K]> };

interface Conflict {
  readonly path: string[];
  readonly error: string;
  readonly is: (request: PartlyRead) => boolean;
}

/** What could not be read stands there as it came. */
const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Members that are right by themselves and wrong beside each other. */
const CONFLICTS: readonly Conflict[] = [
  {
    path: ["sourceAfter"],
    error: 'only allowed with mode "in-place": a clone leaves the source VM as it is',
    is: ({ mode, sourceAfter = "leave" }) => mode === "clone" && sourceAfter !== "leave",
  },
  {
    path: ["target", "kind"],
    error: "a specialized image can only go to a gallery (Azure has no specialized managed image)",
    is: ({ image, target: to }) => image?.state === "specialized" && to?.kind === "managed-image",
  },
  {
    path: ["mode"],
    error: 'a specialized image is made from the backup; use mode "clone", which leaves the source VM alone',
    is: ({ image, mode }) => image?.state === "specialized" && mode === "in-place",
  },
  {
    path: ["backup", "keepDays"],
    error: 'with mode "in-place" the backup is the only way back: keep it for at least one day',
    is: ({ mode, backup }) => mode === "in-place" && backup?.keepDays === 0,
  },
  {
    path: ["guest", "keepUsers"],
    error: "contains a user that is also in removeUsers",
    is: ({ guest }) => listed(guest?.keepUsers).some((user) => listed(guest?.removeUsers).includes(user)),
  },
  {
    path: ["guest"],
    error: "a specialized image is made from the backup: there is no guest to change",
    is: ({ image, guest }) =>
      image?.state === "specialized" &&
      (guest?.script !== undefined ||
        [guest?.removeUsers, guest?.allowedRemedies].some((list) => listed(list).length > 0)),
  },
];

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

// `when`: they are looked for whatever else is wrong, so that all problems come at once.
export const captureRequest = CONFLICTS.reduce(
  (schema, { path, error, is }) =>
    schema.refine((request) => !is(request), { path, error, when: ({ value }) => isObject(value) }),
  members,
);

export type CaptureRequest = z.output<typeof captureRequest>;
