/** The members of gallery requests that the simulator reads. */
import { z } from "zod";
import { caching, envelope, generation, osState, osType, word } from "./schemas.js";

export const galleryRequest = z.looseObject({
  ...envelope,
  properties: z
    .looseObject({
      sharingProfile: z
        .looseObject({
          permissions: word("Private", "Groups", "Community").optional(),
          communityGalleryInfo: z.looseObject({ publicNamePrefix: z.string().optional() }).optional(),
        })
        .optional(),
    })
    .optional(),
});

export const definitionRequest = z.looseObject({
  ...envelope,
  properties: z
    .looseObject({
      osType: osType.optional(),
      osState: osState.optional(),
      hyperVGeneration: generation.optional(),
      architecture: word("x64", "Arm64").optional(),
      identifier: z.looseObject({ publisher: z.string(), offer: z.string(), sku: z.string() }).optional(),
      features: z.array(z.looseObject({ name: z.string(), value: z.string() })).optional(),
    })
    .optional(),
});

const diskSource = z.looseObject({
  id: z.string().optional(),
  uri: z.string().optional(),
  storageAccountId: z.string().optional(),
});
const diskImage = {
  hostCaching: caching.optional(),
  sizeInGB: z.number().optional(),
  source: diskSource.optional(),
};

const encryption = { diskEncryptionSetId: z.string().optional() };

export const versionRequest = z.looseObject({
  ...envelope,
  properties: z
    .looseObject({
      publishingProfile: z
        .looseObject({
          targetRegions: z
            .array(
              z.looseObject({
                name: z.string(),
                regionalReplicaCount: z.number().optional(),
                storageAccountType: z.string().optional(),
                encryption: z
                  .looseObject({
                    osDiskImage: z.looseObject(encryption).optional(),
                    dataDiskImages: z
                      .array(z.looseObject({ ...encryption, lun: z.number().int() }))
                      .optional(),
                  })
                  .optional(),
              }),
            )
            .optional(),
          replicaCount: z.number().optional(),
          excludeFromLatest: z.boolean().optional(),
          endOfLifeDate: z.string().optional(),
          storageAccountType: z.string().optional(),
          replicationMode: word("Full", "Shallow").optional(),
        })
        .optional(),
      storageProfile: z
        .looseObject({
          source: z
            .looseObject({ id: z.string().optional(), virtualMachineId: z.string().optional() })
            .optional(),
          osDiskImage: z.looseObject(diskImage).optional(),
          dataDiskImages: z.array(z.looseObject({ ...diskImage, lun: z.number().int() })).optional(),
        })
        .optional(),
      safetyProfile: z
        .looseObject({
          allowDeletionOfReplicatedLocations: z.boolean().optional(),
          blockDeletionBeforeEndOfLife: z.boolean().optional(),
        })
        .optional(),
    })
    .optional(),
});

export const shareRequest = z.looseObject({
  operationType: word("Add", "Remove", "Reset", "EnableCommunity"),
  groups: z.array(z.looseObject({ type: z.string(), ids: z.array(z.string()).optional() })).optional(),
});
