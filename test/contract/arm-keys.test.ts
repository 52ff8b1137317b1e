/** A VM whose disks are under a customer's key, captured by the real SDK: the image lies under keys in every region. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";

const SETS =
  "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Compute/diskEncryptionSets";
const [WEST, NORTH] = [`${SETS}/west`, `${SETS}/north`];

let cloud: Cloud;
beforeAll(async () => {
  const [web] = WEB_SEED.vms ?? [];
  const keyed = {
    ...web!,
    osDisk: { ...web!.osDisk, encryptionSetId: WEST },
    dataDisks: (web!.dataDisks ?? []).map((disk) => ({ ...disk, encryptionSetId: WEST })),
  };
  cloud = await openCloud({ ...WEB_SEED, vms: [keyed] });
});
afterAll(() => cloud.close());

test("a version of it uses the source's encryption set in the source's region, and in another region the one named", async () => {
  const regions = [{ name: "northeurope", encryptionSetId: NORTH }];
  const definitionId = `${cloud.id("galleries", "g")}/images/web`;
  const board = await playCapture(
    cloud,
    webCapture(cloud, { target: { kind: "gallery", definitionId, regions } }),
  );
  expect(board).toMatchObject({ status: "succeeded", leftovers: [] });
  const version = await cloud.client.galleryImageVersions.get("rg", "g", "web", "1.0.0");
  const under = (id: string) => ({
    osDiskImage: { diskEncryptionSetId: id },
    dataDiskImages: [0, 3, 7].map((lun) => ({ lun, diskEncryptionSetId: id })),
  });
  expect(version.publishingProfile?.targetRegions).toMatchObject([
    { name: "West Europe", encryption: under(WEST) },
    { name: "North Europe", encryption: under(NORTH) },
  ]);
  expect(version.storageProfile?.dataDiskImages?.map(({ lun, hostCaching }) => [lun, hostCaching])).toEqual([
    [0, "ReadOnly"],
    [3, "None"],
    [7, "ReadWrite"],
  ]);
});
