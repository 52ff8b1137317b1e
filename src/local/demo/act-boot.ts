/**
 * Third act: a VM is made from the image of the dropped disk, and its OS disk is read through a shared access
 * signature, as any tool would: every byte must be the one that was dropped.
 */
import { LOCATION, IMAGE_GROUP } from "../cloud/seed.js";
import type { Stage } from "./stage.js";
import { say } from "./stage.js";

const MIB = 1024 * 1024;
const POLL = { updateIntervalInMs: 100 };
const PIECE_BYTES = 8 * MIB;
const VM = "from-the-drop";

export async function readThroughAVm(stage: Stage, imageId: string): Promise<void> {
  const { compute, disk, environment } = stage;
  const { subscriptionId } = environment.connections;
  const nic = `/subscriptions/${subscriptionId}/resourceGroups/${IMAGE_GROUP}/providers/Microsoft.Network/networkInterfaces`;
  const vm = await compute.virtualMachines.createOrUpdate(
    IMAGE_GROUP,
    VM,
    {
      location: LOCATION,
      hardwareProfile: { vmSize: "Standard_D2s_v5" },
      storageProfile: { imageReference: { id: imageId }, osDisk: { createOption: "FromImage" } },
      osProfile: {
        computerName: VM,
        adminUsername: "azureuser",
        linuxConfiguration: { disablePasswordAuthentication: true },
      },
      networkProfile: {
        networkApiVersion: "2020-11-01",
        networkInterfaceConfigurations: [
          {
            name: "nic",
            primary: true,
            ipConfigurations: [
              {
                name: "ip",
                subnet: { id: `${nic.replace("networkInterfaces", "virtualNetworks")}/vnet/subnets/default` },
              },
            ],
          },
        ],
      },
    },
    POLL,
  );
  await compute.virtualMachines.deallocate(IMAGE_GROUP, VM, POLL);
  const diskName = vm.storageProfile?.osDisk?.name ?? "";
  const { accessSAS } = await compute.disks.grantAccess(
    IMAGE_GROUP,
    diskName,
    { access: "Read", durationInSeconds: 3600 },
    POLL,
  );
  if (accessSAS === undefined) throw new Error(`${diskName}: access was granted without a URL.`);
  try {
    await compare(stage, accessSAS);
  } finally {
    await compute.disks.revokeAccess(IMAGE_GROUP, diskName, POLL);
  }
  say(
    stage,
    `A VM made from the imported image has the dropped disk, byte for byte (${disk.sizeBytes / MIB} MiB read).`,
  );
}

async function compare({ disk, problems }: Stage, url: string): Promise<void> {
  for (let offset = 0; offset < disk.sizeBytes; offset += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, disk.sizeBytes - offset);
    const response = await fetch(url, {
      headers: { "x-ms-range": `bytes=${offset}-${offset + length - 1}`, "x-ms-version": "2021-12-02" },
    });
    if (response.status !== 206) throw new Error(`Reading the disk was answered with ${response.status}.`);
    const found = Buffer.from(await response.arrayBuffer());
    if (!found.equals(disk.read(offset, length)))
      return void problems.push(
        `The disk of ${VM} differs from the dropped one within ${length} bytes at ${offset}.`,
      );
  }
}
