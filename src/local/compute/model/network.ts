/** As much of Microsoft.Network as a VM's model needs: network interfaces that are read, owned and let go. */
import { randomUUID } from "node:crypto";
import { parseId, sameId } from "./arm-ids.js";
import { vmErrors } from "./vm-errors.js";
import { arm } from "./errors.js";
import type { Nic } from "./resources.js";
import {
  type Call,
  all,
  find,
  found,
  listed,
  listScope,
  must,
  type Outcome,
  remove,
  save,
  type World,
} from "./world.js";

export const NIC = "Microsoft.Network/networkInterfaces";

interface NewNic {
  readonly id: string;
  readonly location: string;
  readonly subnetId?: string | undefined;
  readonly implicit: boolean;
  readonly tags?: Record<string, string>;
}

export function makeNic(world: World, { id, location, subnetId, implicit, tags = {} }: NewNic): Nic {
  const { name } = parseId(id);
  const count = [...all(world, NIC)].length;
  const nic: Nic = {
    type: NIC,
    body: {
      id,
      name,
      type: NIC,
      location,
      tags,
      properties: {
        provisioningState: "Succeeded",
        resourceGuid: randomUUID(),
        ipConfigurations: [
          {
            name: "ipconfig1",
            id: `${id}/ipConfigurations/ipconfig1`,
            properties: {
              provisioningState: "Succeeded",
              privateIPAddress: `10.0.${Math.floor(count / 250)}.${4 + (count % 250)}`,
              privateIPAllocationMethod: "Dynamic",
              ...(subnetId === undefined ? {} : { subnet: { id: subnetId } }),
              primary: true,
            },
          },
        ],
        enableIPForwarding: false,
      },
    },
    inner: { implicit },
  };
  save(world, nic);
  return nic;
}

/** An interface serves one VM. */
export function ownNic(world: World, nicId: string, vmId: string): void {
  const nic = find(world, NIC, nicId);
  if (nic === undefined) throw arm.invalidReference(nicId, vmId);
  const owner = nic.body.properties.virtualMachine?.id;
  if (owner !== undefined && !sameId(owner, vmId)) throw vmErrors.nicInUse(nicId, owner);
  nic.body.properties.virtualMachine = { id: vmId };
  save(world, nic);
}

/** What becomes of the interfaces of a VM that goes: those made with it, or marked so, go too. */
export function releaseNics(world: World, vmId: string, deleted: (nicId: string) => boolean): void {
  for (const nic of [...all(world, NIC)]) {
    const owner = nic.body.properties.virtualMachine?.id;
    if (owner === undefined || !sameId(owner, vmId)) continue;
    if (nic.inner.implicit || deleted(nic.body.id)) remove(world, nic.body.id);
    else {
      delete nic.body.properties.virtualMachine;
      save(world, nic);
    }
  }
}

export const getNic = (call: Call): Outcome => found(must(call.world, NIC, call.id).body);
export const listNics = (call: Call): Outcome =>
  listed([...all(call.world, NIC, listScope(call))].map(({ body }) => body));
