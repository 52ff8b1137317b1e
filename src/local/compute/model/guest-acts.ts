/** What guests do by themselves, on the clock: seal themselves, put their marker, power off. Hidden operations. */
import type { SealEnd, SealOrder } from "../guests/seal.js";
import { seal, sealSeconds } from "../guests/seal.js";
import { tail } from "../guests/contracts.js";
import { guestOf } from "./instance-view.js";
import type { Completion } from "./operations.js";
import type { Vm } from "./resources.js";
import { turnOff, VM } from "./vm-state.js";
import { DISK } from "./disks.js";
import { find, save, type World } from "./world.js";

const MARKER_LOG_BYTES = 32 * 1024;
/** From the marker to a stopped machine (assumed). */
const SHUTDOWN_MS = 5_000;
const MARKER_TRIES = 3;

/** A seal belongs to one boot of one VM: what ends the boot ends it. */
interface SealDetails {
  readonly boot: number;
  readonly order: SealOrder;
  readonly markerUrl: string;
}

export function beginSeal(world: World, vm: Vm, order: SealOrder, markerUrl: string): void {
  const guest = guestOf(world, vm);
  if (guest === undefined) return;
  guest.sealing = true;
  if (guest.os === "Windows") guest.facts.imageState = "IMAGE_STATE_UNDEPLOYABLE";
  keepGuest(world, vm);
  const details: SealDetails = { boot: vm.inner.boot, order, markerUrl };
  world.operations.start({
    kind: "guest/seal",
    target: vm.body.id,
    location: vm.body.location ?? "",
    family: "operations",
    forMs: sealSeconds(guest) * 1000,
    details: { ...details },
    hidden: true,
  });
}

/** A guest lives on its OS disk: changing it is changing the disk. */
export function keepGuest(world: World, vm: Vm): void {
  const disk = find(world, DISK, vm.body.properties.storageProfile?.osDisk?.managedDisk?.id ?? "");
  if (disk !== undefined) save(world, disk);
}

async function finishSeal(world: World, vm: Vm, { order, markerUrl }: SealDetails): Promise<void> {
  const guest = guestOf(world, vm);
  if (guest === undefined) return;
  const end = seal(guest, order);
  if (end.kind === "hangs") {
    guest.sealLog = end.log;
    keepGuest(world, vm);
    return;
  }
  guest.sealing = false;
  if (end.kind !== "stops-without-marker") guest.sealLog = end.log;
  keepGuest(world, vm);
  if (end.kind !== "stops-without-marker") await putMarker(world, vm, markerUrl, markerOf(order.runId, end));
  if (end.kind === "failed" || !order.selfPowerOff) return;
  world.operations.start({
    kind: "guest/powerOff",
    target: vm.body.id,
    location: vm.body.location ?? "",
    family: "operations",
    forMs: SHUTDOWN_MS,
    details: { boot: vm.inner.boot },
    hidden: true,
  });
}

const markerOf = (runId: string, end: Extract<SealEnd, { kind: "sealed" | "failed" }>): string => {
  const common = { contract: "seal-marker/1", runId, outcome: end.kind, imageState: end.imageState };
  const users = end.kind === "sealed" ? { removedUsers: end.removedUsers } : {};
  return JSON.stringify({ ...common, ...users, log: tail(end.log, MARKER_LOG_BYTES) });
};

/** The URL is a secret: no log line says more than that it did not work. */
async function putMarker(world: World, vm: Vm, url: string, body: string): Promise<void> {
  for (let attempt = 1; attempt <= MARKER_TRIES; attempt += 1) {
    try {
      const response = await fetch(url, {
        method: "PUT",
        headers: { "x-ms-blob-type": "BlockBlob", "content-type": "application/json" },
        body,
      });
      if (response.ok) return;
      world.log(`guest ${vm.body.name}: the marker was refused with ${response.status}`);
      if (response.status < 500) return;
    } catch {
      world.log(`guest ${vm.body.name}: the marker's storage could not be reached`);
    }
  }
}

export const guestCompletions = (world: World): Record<string, Completion> => {
  const during = (act: (vm: Vm, details: Readonly<Record<string, unknown>>) => unknown): Completion => ({
    complete: ({ target, details }) => {
      const vm = find(world, VM, target);
      if (vm?.inner.power !== "running" || vm.inner.boot !== details["boot"]) return undefined;
      return act(vm, details);
    },
  });
  return {
    "guest/seal": during((vm, details) => finishSeal(world, vm, details as unknown as SealDetails)),
    "guest/powerOff": during((vm) => turnOff(world, vm, "stopped")),
  };
};
