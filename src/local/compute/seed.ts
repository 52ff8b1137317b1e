/** What a seed may say, as a schema; every member that it does not name is an error. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { GuestPatch } from "./guests/guest.js";

export const caching = z.enum(["None", "ReadOnly", "ReadWrite"]);
export const tags = z.record(z.string(), z.string());

/** By Azure Disk Encryption, from inside the VM. */
const guestEncrypted = z.boolean().optional();
/** The set that its customer's key comes from; sets themselves are not simulated. */
const encryptionSetId = z.string().optional();
const plan = z.record(z.string(), z.unknown()).optional();

const seedVm = z.strictObject({
  name: z.string(),
  /** Absent: the first resource group. */
  resourceGroup: z.string().optional(),
  location: z.string().optional(),
  osType: z.enum(["Linux", "Windows"]),
  generation: z.enum(["V1", "V2"]).optional(),
  securityType: z.enum(["Standard", "TrustedLaunch", "ConfidentialVM"]).optional(),
  architecture: z.enum(["x64", "Arm64"]).optional(),
  diskControllerType: z.enum(["SCSI", "NVMe"]).optional(),
  size: z.string().optional(),
  zones: z.array(z.string()).optional(),
  power: z.enum(["running", "stopped", "deallocated"]).optional(),
  osDisk: z
    .strictObject({
      sizeGb: z.number().optional(),
      caching: caching.optional(),
      sku: z.string().optional(),
      ephemeral: z.boolean().optional(),
      guestEncrypted,
      encryptionSetId,
    })
    .optional(),
  dataDisks: z
    .array(
      z.strictObject({
        lun: z.number().int(),
        sizeGb: z.number(),
        caching: caching.optional(),
        sku: z.string().optional(),
        /** How many VMs may attach it at once. */
        maxShares: z.number().int().optional(),
        guestEncrypted,
        encryptionSetId,
      }),
    )
    .optional(),
  extensions: z
    .array(
      z.strictObject({
        name: z.string(),
        publisher: z.string(),
        type: z.string(),
        version: z.string(),
        settings: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .optional(),
  /** Differences from a healthy guest; see guests/guest.ts. */
  guest: z.custom<GuestPatch>((value) => typeof value === "object").optional(),
  tags: tags.optional(),
  identity: z.record(z.string(), z.unknown()).optional(),
  plan,
  adminUsername: z.string().optional(),
  nic: z.strictObject({ name: z.string().optional(), subnetId: z.string().optional() }).optional(),
});

const virtualNetwork = z.strictObject({
  name: z.string(),
  resourceGroup: z.string().optional(),
  location: z.string().optional(),
  /** Absent: 10.0.0.0/8. */
  addressPrefix: z.string().optional(),
  /** A subnet without a prefix takes the next free /16 or, in a smaller network, the next free 256th of it. */
  subnets: z.array(z.strictObject({ name: z.string(), addressPrefix: z.string().optional() })),
});

const feature = z.strictObject({ name: z.string(), value: z.string() });

export const seedSchema = z.strictObject({
  subscriptionId: z.string().optional(),
  resourceGroups: z.array(z.strictObject({ name: z.string(), location: z.string(), tags: tags.optional() })),
  /** Those that VMs name are there without being listed. */
  virtualNetworks: z.array(virtualNetwork).optional(),
  vms: z.array(seedVm).optional(),
  galleries: z
    .array(
      z.strictObject({
        name: z.string(),
        resourceGroup: z.string().optional(),
        location: z.string().optional(),
        definitions: z
          .array(
            z.strictObject({
              name: z.string(),
              osType: z.enum(["Linux", "Windows"]),
              osState: z.enum(["Generalized", "Specialized"]),
              generation: z.enum(["V1", "V2"]).optional(),
              architecture: z.enum(["x64", "Arm64"]).optional(),
              publisher: z.string().optional(),
              offer: z.string().optional(),
              sku: z.string().optional(),
              features: z.array(feature).optional(),
              purchasePlan: plan,
            }),
          )
          .optional(),
      }),
    )
    .optional(),
  locks: z
    .array(
      z.strictObject({
        name: z.string(),
        level: z.enum(["CanNotDelete", "ReadOnly"]),
        scope: z.string(),
        notes: z.string().optional(),
      }),
    )
    .optional(),
  /** Permissions the caller lacks: an action, `*` allowed, and optionally the scope below which it is denied. */
  deniedActions: z.array(z.strictObject({ action: z.string(), scope: z.string().optional() })).optional(),
  /** Lower limits than Azure's, by the name that usages show (`cores`, `standardDSv5Family`). */
  quotas: z.record(z.string(), z.number()).optional(),
  /** VM sizes that the subscription may not use, everywhere or in some zones. */
  closedSizes: z
    .array(z.strictObject({ size: z.string(), zones: z.array(z.string()).optional() }))
    .optional(),
});

export type Seed = z.input<typeof seedSchema>;
export type SeedNetwork = z.input<typeof virtualNetwork>;
export type SeedVm = z.input<typeof seedVm>;
export const DEFAULT_SUBSCRIPTION = "00000000-0000-4000-8000-000000000001";

export const EMPTY_SEED: Seed = { resourceGroups: [] };

export const readSeed = (file: string): Seed => {
  const parsed = seedSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .map(({ path, message }) => `  ${path.join(".")}: ${message}`)
    .join("\n");
  throw new Error(`The seed file ${file} is not valid:\n${problems}`);
};
