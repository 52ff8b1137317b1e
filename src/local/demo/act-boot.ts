/**
 * Third act: a VM is made from the image of the dropped disk, and its OS disk is read through a shared access
 * signature, the way every tool does: each byte must be the one that was dropped.
 */
import { BLOCK_BYTES } from "./disk/dynamic-vhd.js";
import { LOCATION, IMAGE_GROUP } from "../cloud/seed.js";
import type { Stage } from "./stage.js";
import { say } from "./stage.js";

const MIB = 1024 * 1024;
const POLL = { updateIntervalInMs: 100 };
const READERS = 4;
/** A day of the cloud's time: at full speed an hour of it may be over before the last byte is read. */
const ACCESS_SECONDS = 86_400;
/** Between the blocks that hold data there must be nothing: every so many blocks it is looked for. */
const SAMPLE_EVERY = 37;
const VM = "from-the-drop";

export async function readThroughAVm(stage: Stage, imageId: string): Promise<void> {
  const { compute, disk, environment } = stage;
  const { subscriptionId } = environment.connections;
  const subnet = `/subscriptions/${subscriptionId}/resourceGroups/${IMAGE_GROUP}/providers/Microsoft.Network/virtualNetworks/isolated/subnets/work`;
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
            ipConfigurations: [{ name: "ip", subnet: { id: subnet } }],
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
    { access: "Read", durationInSeconds: ACCESS_SECONDS },
    POLL,
  );
  if (accessSAS === undefined) throw new Error(`${diskName}: access was granted without a URL.`);
  try {
    const blocks = blocksToRead(stage);
    await Promise.all(Array.from({ length: READERS }, () => compare(stage, accessSAS, blocks)));
  } finally {
    await compute.disks.revokeAccess(IMAGE_GROUP, diskName, POLL);
  }
  if (stage.problems.length === 0)
    say(
      stage,
      `A VM made from the imported image has the dropped disk, byte for byte: all ${(disk.vhd.blocks.length * BLOCK_BYTES) / MIB} MiB of its data, and samples of the zeros between.`,
    );
}

function* blocksToRead({ disk }: Stage): Generator<number, undefined> {
  const present = new Set(disk.vhd.blocks);
  const last = disk.sizeBytes / BLOCK_BYTES - 1;
  for (let block = 0; block <= last; block++)
    if (present.has(block) || block % SAMPLE_EVERY === 0 || block === last) yield block;
  return undefined;
}

async function compare({ disk, problems }: Stage, url: string, blocks: Iterable<number>): Promise<void> {
  for (const block of blocks) {
    const offset = block * BLOCK_BYTES;
    const range = `bytes=${offset}-${offset + BLOCK_BYTES - 1}`;
    const response = await fetch(url, { headers: { "x-ms-range": range, "x-ms-version": "2021-12-02" } });
    if (response.status !== 206)
      throw new Error(
        `Reading the disk at ${offset} was answered with ${response.status}: ${await response.text()}`,
      );
    if (!Buffer.from(await response.arrayBuffer()).equals(disk.read(offset, BLOCK_BYTES)))
      problems.push(`The disk of ${VM} differs from the dropped one in the 2 MiB at ${offset}.`);
  }
}
