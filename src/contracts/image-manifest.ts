/**
 * `name.image.json`: what to make of the disks beside it. The same JSON may stand in the metadata `vmimage` of a
 * single `.vhd`. Everything in it is optional; what it does not say, the settings and the doctor decide.
 */
import { z } from "zod";
import { tagSet, target } from "./target.js";

const file = z
  .string()
  .max(1024)
  .regex(/^[^/\\]+\.vhd$/i, { error: "must be the name of a .vhd in the same folder, without a path" });

const caching = z.enum(["None", "ReadOnly", "ReadWrite"]);

/** What the file is when it is complete: with both, one look is enough to know that it has landed. */
const complete = {
  sizeBytes: z.int().min(512).optional(),
  /** Base64, as azcopy --put-md5 leaves it in the blob's Content-MD5. */
  md5: z
    .string()
    .regex(/^[A-Za-z0-9+/]{22}==$/, { error: "must be an MD5 in base64 (24 characters)" })
    .optional(),
};

export const imageManifest = z
  .strictObject({
    target: target.optional(),
    /** Where the image is made. Default: from the settings. */
    location: z
      .string()
      .regex(/^[a-z0-9]+$/, { error: "must be a region name such as westeurope" })
      .optional(),
    /** Default: what the doctor sees in the disk; generalized where it cannot see. */
    state: z.enum(["generalized", "specialized"]).optional(),
    /** Wins over what the doctor sees: needed where the disk does not show it (XFS, LVM, encryption). */
    os: z
      .strictObject({
        type: z.enum(["Windows", "Linux"]).optional(),
        generation: z.enum(["V1", "V2"]).optional(),
        architecture: z.enum(["x64", "Arm64"]).optional(),
        trustedLaunch: z.boolean().optional(),
        diskController: z.enum(["SCSI", "NVMe"]).default("SCSI"),
        acceleratedNetworking: z.boolean().default(true),
      })
      .default({ diskController: "SCSI", acceleratedNetworking: true }),
    /** Default: the .vhd of the same name as this file. */
    osDisk: z.strictObject({ file, caching: caching.default("ReadWrite"), ...complete }).optional(),
    dataDisks: z
      .array(
        z.strictObject({
          file,
          lun: z.int().min(0).max(63),
          caching: caching.default("ReadOnly"),
          ...complete,
        }),
      )
      .max(64)
      .default([]),
    /** Boot a VM of the image and look into its guest, before the version can be the latest. Default: from the settings. */
    testBoot: z.boolean().optional(),
    tags: tagSet,
  })
  .superRefine(({ osDisk, dataDisks }, context) => {
    const twice = (values: readonly (string | number)[]) =>
      values.findIndex((value, index) => values.indexOf(value) !== index);
    const lun = twice(dataDisks.map((disk) => disk.lun));
    if (lun >= 0)
      context.addIssue({
        code: "custom",
        path: ["dataDisks", lun, "lun"],
        message: `LUN ${dataDisks[lun]?.lun ?? ""} is already in use`,
      });
    const files = [...(osDisk ? [osDisk.file] : []), ...dataDisks.map((disk) => disk.file)];
    const name = twice(files.map((one) => one.toLowerCase()));
    if (name >= 0)
      context.addIssue({
        code: "custom",
        path: ["dataDisks"],
        message: `${files[name] ?? ""} is listed twice`,
      });
  });

export type ImageManifest = z.output<typeof imageManifest>;
