/**
 * The app's settings: one schema, one reader of the environment, all problems at once. local.settings.sample.json
 * lists the same names; a test compares them.
 */
import { z } from "zod";
import { MENDING_STANDARD, type ImportSettings } from "./contracts/import-run.js";
import { problemsOf } from "./contracts/problems.js";
import { covers, isResourceGroup, isResourceOfType, parentId } from "./domain/resource-id.js";

const MIB = 1024 * 1024;

const id = (provider: string, type: string) =>
  z.string().refine((text) => isResourceOfType(text, provider, type), {
    error: `must be an id /subscriptions/…/providers/${provider}/${type}/…`,
  });

const container = z.string().regex(/^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}$/, {
  error: "must be a container name: 3 to 63 lower case letters, digits and single hyphens",
});

const whole = (standard: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(standard);

/** A token is only ever sent to Azure; an embedded Azure is on this machine and gets none. */
const endpoint = z
  .url()
  .refine((url) => /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\/?$/.test(url), {
    error: "must be http://127.0.0.1:PORT of an embedded Azure; omit it to use Azure itself",
  })
  .transform((url) => url.replace(/\/$/, ""));

const listed = (text: string) =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

const distinct = (ids: readonly string[]) => new Set(ids.map((one) => one.toLowerCase())).size === ids.length;

const subnets = z
  .string()
  .default("")
  .transform(listed)
  .refine(
    (ids) => ids.every((one) => isResourceOfType(one, "Microsoft.Network", "virtualNetworks/subnets")),
    {
      error:
        "must be the id /subscriptions/…/providers/Microsoft.Network/virtualNetworks/…/subnets/… of a subnet, or several with commas",
    },
  )
  .refine((ids) => distinct(ids.map(parentId)), {
    error: "contains two subnets of the same network: specify one per region",
  });

const isTarget = (text: string) =>
  isResourceOfType(text, "Microsoft.Compute", "galleries") || isResourceGroup(text);

const importTarget = z.string().refine(isTarget, {
  error: "must be the id of a gallery, for image versions, or of a resource group, for managed images",
});

const allowedTargets = z
  .string()
  .default("")
  .transform(listed)
  .refine((ids) => ids.every(isTarget), {
    error: "must be ids of galleries and resource groups, separated by commas; omit it to allow every target",
  });

const schema = z
  .object({
    DropStorage: z.string().optional(),
    DropStorage__blobServiceUri: z.url().optional(),
    DROP_STORAGE_ACCOUNT_ID: id("Microsoft.Storage", "storageAccounts"),
    DROP_CONTAINER: container.default("drop"),
    WORK_CONTAINER: container.default("work"),
    RUNS_CONTAINER: container.default("runs"),
    /** NCRONTAB with seconds; when the sweep looks for files that raised no event. */
    DROP_SWEEP_SCHEDULE: z.string().default("0 */10 * * * *"),
    DROP_EVENTS: z.enum(["EventGrid", "polling"]).default("EventGrid"),
    ServiceBus: z.string().optional(),
    ServiceBus__fullyQualifiedNamespace: z.string().optional(),
    /** Where runs say how they ended; left out, they say it to nobody. */
    EVENTS_TOPIC: z.string().min(1).max(260).optional(),
    CAPTURE_QUEUE: z.string().min(1).max(260),
    ARM_ENDPOINT: endpoint.optional(),
    /** One, or several with commas between them: one in each region whose VMs are captured. */
    WORK_SUBNET_ID: subnets,
    /** Galleries and resource groups that a request or a description may name; left out, whatever the identity may. */
    ALLOWED_TARGETS: allowedTargets,
    /** Whether the janitor removes what it finds, or tells it only. */
    JANITOR_MODE: z.enum(["report", "remove"]).default("report"),
    /** NCRONTAB with seconds. */
    JANITOR_SCHEDULE: z.string().default("0 15 * * * *"),
    IMPORT_LOCATION: z.string().regex(/^[a-z0-9]+$/),
    IMPORT_TARGET_ID: importTarget,
    IMPORT_PUBLISHER: z.string().min(1).max(128).default("vmimage"),
    IMPORT_FREEZE: z.enum(["when-needed", "always"]).default("when-needed"),
    IMPORT_VERIFY: z.enum(["none", "read-back"]).default("none"),
    IMPORT_TEST_BOOT: z.enum(["none", "before-latest"]).default("none"),
    IMPORT_REGISTER_MINUTES: whole(720, 1, 2880),
    IMPORT_SETTLE_SECONDS: whole(60, 1, 3600),
    IMPORT_ARRIVAL_MINUTES: whole(1440, 1, 10_080),
    MEND_COPY_BY: z.enum(["account", "stream"]).default(MENDING_STANDARD.copyBy),
    MEND_MOVE_BY: z.enum(["stream", "account"]).default(MENDING_STANDARD.moveBy),
    MEND_CONCURRENCY: whole(MENDING_STANDARD.concurrency, 1, 32),
    MEND_SLICE_MIB: whole(MENDING_STANDARD.sliceBytes / MIB, 4, 8192),
    MEND_SLICE_SECONDS: whole(MENDING_STANDARD.sliceSeconds, 10, 480),
    MEND_SLICES_AT_ONCE: whole(MENDING_STANDARD.slicesAtOnce, 1, 8),
  })
  .refine((all) => (all.DropStorage === undefined) !== (all.DropStorage__blobServiceUri === undefined), {
    path: ["DropStorage"],
    error:
      "give either the connection string DropStorage or, with managed identity, DropStorage__blobServiceUri",
  })
  .refine(
    (all) => all.EVENTS_TOPIC === undefined || all.ServiceBus || all.ServiceBus__fullyQualifiedNamespace,
    {
      path: ["EVENTS_TOPIC"],
      error:
        "needs the connection string ServiceBus or, with managed identity, ServiceBus__fullyQualifiedNamespace",
    },
  )
  .refine(
    ({ ALLOWED_TARGETS: allowed, IMPORT_TARGET_ID: id }) =>
      allowed.length === 0 || allowed.some((scope) => covers(scope, id)),
    {
      path: ["ALLOWED_TARGETS"],
      error: "does not include IMPORT_TARGET_ID, the target of imports whose description specifies none",
    },
  );

export type Settings = z.output<typeof schema>;

export class BadSettings extends Error {
  override readonly name = "BadSettings";
}

/** @throws BadSettings with one line a wrong setting. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const read = schema.safeParse(set);
  if (read.success) return read.data;
  const lines = problemsOf(read.error).map((problem) => `  ${problem}`);
  throw new BadSettings(
    `${lines.length} app settings are missing or wrong:\n${lines.join("\n")}\nlocal.settings.sample.json shows each with an example.`,
  );
}

export const settingNames = Object.keys(schema.shape);

/** What an import run takes with it. */
export const importSettings = (settings: Settings): ImportSettings => ({
  location: settings.IMPORT_LOCATION,
  storageAccountId: settings.DROP_STORAGE_ACCOUNT_ID,
  defaultTarget: isResourceGroup(settings.IMPORT_TARGET_ID)
    ? { kind: "managed-image", resourceGroupId: settings.IMPORT_TARGET_ID }
    : { kind: "gallery", galleryId: settings.IMPORT_TARGET_ID, publisher: settings.IMPORT_PUBLISHER },
  settleSeconds: settings.IMPORT_SETTLE_SECONDS,
  arrivalMinutes: settings.IMPORT_ARRIVAL_MINUTES,
  registerMinutes: settings.IMPORT_REGISTER_MINUTES,
  freeze: settings.IMPORT_FREEZE,
  verify: settings.IMPORT_VERIFY,
  testBoot: settings.IMPORT_TEST_BOOT === "before-latest",
  workSubnetIds: settings.WORK_SUBNET_ID,
  announce: settings.EVENTS_TOPIC !== undefined,
  mending: {
    copyBy: settings.MEND_COPY_BY,
    moveBy: settings.MEND_MOVE_BY,
    concurrency: settings.MEND_CONCURRENCY,
    sliceBytes: settings.MEND_SLICE_MIB * MIB,
    sliceSeconds: settings.MEND_SLICE_SECONDS,
    slicesAtOnce: settings.MEND_SLICES_AT_ONCE,
  },
});
