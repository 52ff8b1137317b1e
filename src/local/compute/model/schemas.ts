/**
 * The members of request bodies that the simulator reads. Everything else passes through and is echoed, as ARM
 * does; a member of the wrong type is refused before any model sees it.
 */
import { z } from "zod";
import { arm } from "./errors.js";

/** ARM takes enumeration words in any case and answers its own ("fromImage" → "FromImage", recorded). */
export const word = <const W extends string>(...words: readonly [W, ...W[]]) =>
  z.preprocess(
    (given) =>
      typeof given === "string"
        ? (words.find((w) => w.toLowerCase() === given.toLowerCase()) ?? given)
        : given,
    z.enum(words),
  );

const reference = z.looseObject({ id: z.string() });
const optionalReference = z.looseObject({ id: z.string().optional() });
const tags = z.record(z.string(), z.string());
const creates = word("Attach", "FromImage", "Empty", "Copy", "Restore");
export const caching = word("None", "ReadOnly", "ReadWrite");
const disposal = word("Delete", "Detach");
export const osType = word("Linux", "Windows");
export const osState = word("Generalized", "Specialized");
export const generation = word("V1", "V2");

export const envelope = {
  location: z.string().optional(),
  tags: tags.optional(),
  zones: z.array(z.string()).optional(),
};

const managedDisk = z.looseObject({ id: z.string().optional(), storageAccountType: z.string().optional() });

export const osDisk = z.looseObject({
  osType: osType.optional(),
  name: z.string().optional(),
  createOption: creates,
  caching: caching.optional(),
  diskSizeGB: z.number().optional(),
  deleteOption: disposal.optional(),
  managedDisk: managedDisk.optional(),
  vhd: z.looseObject({ uri: z.string() }).optional(),
});

export const dataDisk = z.looseObject({
  lun: z.number().int().min(0).max(63),
  name: z.string().optional(),
  createOption: creates,
  caching: caching.optional(),
  diskSizeGB: z.number().optional(),
  deleteOption: disposal.optional(),
  toBeDetached: z.boolean().optional(),
  managedDisk: managedDisk.optional(),
  sourceResource: optionalReference.optional(),
});

const imageReference = z.looseObject({
  id: z.string().optional(),
  publisher: z.string().optional(),
  offer: z.string().optional(),
  sku: z.string().optional(),
  version: z.string().optional(),
  communityGalleryImageId: z.string().optional(),
  sharedGalleryImageId: z.string().optional(),
});

const nicConfiguration = z.looseObject({
  name: z.string(),
  tags: tags.optional(),
  properties: z
    .looseObject({
      primary: z.boolean().optional(),
      deleteOption: disposal.optional(),
      ipConfigurations: z
        .array(
          z.looseObject({
            name: z.string(),
            properties: z.looseObject({ subnet: optionalReference.optional() }).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

export const vmRequest = z.looseObject({
  ...envelope,
  properties: z
    .looseObject({
      hardwareProfile: z.looseObject({ vmSize: z.string().optional() }).optional(),
      storageProfile: z
        .looseObject({
          imageReference: imageReference.optional(),
          osDisk: osDisk.optional(),
          dataDisks: z.array(dataDisk).optional(),
          diskControllerType: z.string().optional(),
        })
        .optional(),
      osProfile: z
        .looseObject({ computerName: z.string().optional(), adminUsername: z.string().optional() })
        .optional(),
      networkProfile: z
        .looseObject({
          networkInterfaces: z
            .array(
              z.looseObject({
                id: z.string(),
                properties: z.looseObject({ deleteOption: disposal.optional() }).optional(),
              }),
            )
            .optional(),
          networkInterfaceConfigurations: z.array(nicConfiguration).optional(),
        })
        .optional(),
      securityProfile: z.looseObject({ securityType: z.string().optional() }).optional(),
      userData: z.string().nullish(),
    })
    .optional(),
});

/** A PATCH is checked once it is merged into what it changes. */
export const patchRequest = z.looseObject({
  tags: tags.optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
});

export const creationData = z.looseObject({
  createOption: z.string(),
  sourceResourceId: z.string().optional(),
  sourceUri: z.string().optional(),
  storageAccountId: z.string().optional(),
  imageReference: imageReference.optional(),
  galleryImageReference: imageReference.extend({ lun: z.number().optional() }).optional(),
});

export const diskRequest = z.looseObject({
  ...envelope,
  sku: z.looseObject({ name: z.string().optional() }).optional(),
  properties: z
    .looseObject({
      creationData: creationData.optional(),
      diskSizeGB: z.number().optional(),
      osType: osType.optional(),
      hyperVGeneration: generation.optional(),
      incremental: z.boolean().optional(),
    })
    .optional(),
});

const imageDisk = {
  snapshot: reference.optional(),
  managedDisk: reference.optional(),
  blobUri: z.string().optional(),
  caching: caching.optional(),
  diskSizeGB: z.number().optional(),
  storageAccountType: z.string().optional(),
};
export const imageOsDisk = z.looseObject({ ...imageDisk, osType, osState });
export const imageDataDisk = z.looseObject({ ...imageDisk, lun: z.number().int() });

export const imageRequest = z.looseObject({
  ...envelope,
  properties: z
    .looseObject({
      sourceVirtualMachine: reference.optional(),
      hyperVGeneration: generation.optional(),
      storageProfile: z
        .looseObject({ osDisk: imageOsDisk.optional(), dataDisks: z.array(imageDataDisk).optional() })
        .optional(),
    })
    .optional(),
});

const parameters = z.array(z.looseObject({ name: z.string().optional(), value: z.string() }));

export const runCommandRequest = z.looseObject({
  commandId: z.string(),
  script: z.array(z.string()).optional(),
  parameters: parameters.optional(),
});

export const managedRunCommandRequest = z.looseObject({
  ...envelope,
  properties: z
    .looseObject({
      source: z
        .looseObject({
          script: z.string().optional(),
          scriptUri: z.string().optional(),
          commandId: z.string().optional(),
        })
        .optional(),
      parameters: parameters.optional(),
      protectedParameters: parameters.optional(),
      asyncExecution: z.boolean().optional(),
      timeoutInSeconds: z.number().optional(),
      treatFailureAsDeploymentFailure: z.boolean().optional(),
    })
    .optional(),
});

export const extensionRequest = z.looseObject({
  ...envelope,
  properties: z
    .looseObject({
      publisher: z.string().optional(),
      type: z.string().optional(),
      typeHandlerVersion: z.string().optional(),
      autoUpgradeMinorVersion: z.boolean().optional(),
      settings: z.unknown().optional(),
      protectedSettings: z.unknown().optional(),
    })
    .optional(),
});

export const collectionRequest = z.looseObject({
  ...envelope,
  properties: z.looseObject({ source: reference.optional() }).optional(),
});

export const restorePointRequest = z.looseObject({
  properties: z
    .looseObject({
      excludeDisks: z.array(reference).optional(),
      consistencyMode: z.string().optional(),
      sourceRestorePoint: reference.optional(),
    })
    .optional(),
});

export const accessRequest = z.looseObject({
  access: word("Read", "Write", "None"),
  durationInSeconds: z.number().int().positive(),
});

export const captureRequest = z.looseObject({
  vhdPrefix: z.string(),
  destinationContainerName: z.string(),
  overwriteVhds: z.boolean(),
});

export const groupRequest = z.looseObject(envelope);

export const lockRequest = z.looseObject({
  properties: z.looseObject({ level: word("CanNotDelete", "ReadOnly"), notes: z.string().optional() }),
});

/** Parses a body or refuses it with ARM's own code, naming the member. */
export function parse<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw arm.invalidContent(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}
