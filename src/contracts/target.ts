/** Where an image goes: shared by capture requests and by the description beside a dropped file. */
import { z } from "zod";
import { isResourceOfType } from "../domain/resource-id.js";

const COMPUTE = "Microsoft.Compute";

export const resourceIdOf = (type: string, provider = COMPUTE) =>
  z.string().refine((id) => isResourceOfType(id, provider, type), {
    error: `must be a resource id /subscriptions/…/resourceGroups/…/providers/${provider}/${type.replaceAll("/", "/{name}/")}/{name}`,
  });

/** Ours, by which what runs make is known: in no request, in no case, for Azure compares tags' names without it. */
const OWN_TAG = /^vmimage-/i;

/** Azure's rule for tags: up to 50, names to 512 and values to 256 characters, no <>%&\?/ in names. */
const tag = z
  .string()
  .max(512)
  .regex(/^[^<>%&\\?/]+$/, { error: "a tag name must not be empty or contain any of < > % & \\ ? /" });

/** What is said of all names together, whatever is wrong with one of them. */
const TAG_RULES: readonly (readonly [says: string, holds: (names: readonly string[]) => boolean])[] = [
  ["at most 40 tags are allowed (the pipeline adds its own)", (names) => names.length <= 40],
  [
    "names that begin with vmimage- are reserved for the pipeline",
    (names) => !names.some((name) => OWN_TAG.test(name)),
  ],
  [
    "two names differ only in case; Azure treats them as the same name",
    (names) => new Set(names.map((name) => name.toLowerCase())).size === names.length,
  ],
];

const tags = TAG_RULES.reduce(
  (schema, [error, holds]) =>
    schema.refine((all) => holds(Object.keys(all)), {
      error,
      when: ({ value }) => typeof value === "object" && value !== null,
    }),
  z.record(tag, z.string().max(256)),
);

const region = z.strictObject({
  name: z.string().regex(/^[a-z0-9 ]+$/i, { error: "must be a region name such as westeurope" }),
  replicas: z.int().min(1).max(100).default(1),
  storageType: z.enum(["Standard_LRS", "Standard_ZRS", "Premium_LRS"]).default("Standard_LRS"),
  /** The customer's key that the replicas there are under. Default: in the source's region that of the source's disks. */
  encryptionSetId: resourceIdOf("diskEncryptionSets").optional(),
});

const VERSION = "must be a version such as 1.2.3, or next-patch, next-minor or next-major";

const galleryTarget = z.strictObject({
  kind: z.literal("gallery"),
  /** The image definition; made from what the VM is when `create` is given and it does not exist. */
  definitionId: resourceIdOf("galleries/images"),
  /** Major.Minor.Patch, or how to count on from the newest. */
  version: z
    .union(
      [
        z.enum(["next-patch", "next-minor", "next-major"]),
        z.string().regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}$/, { error: VERSION }),
      ],
      { error: VERSION },
    )
    .default("next-patch"),
  regions: z.array(region).max(50).default([]),
  replicationMode: z.enum(["Full", "Shallow"]).default("Full"),
  /** Keep the version from being the latest: nobody gets it who does not name it. */
  excludeFromLatest: z.boolean().default(false),
  endOfLife: z.iso.datetime().optional(),
  create: z
    .strictObject({
      publisher: z.string().min(1).max(128),
      offer: z.string().min(1).max(64),
      sku: z.string().min(1).max(64),
    })
    .optional(),
});

const managedImageTarget = z.strictObject({
  kind: z.literal("managed-image"),
  imageId: resourceIdOf("images"),
});

export const target = z.discriminatedUnion("kind", [galleryTarget, managedImageTarget]);
export const tagSet = tags.default({});
