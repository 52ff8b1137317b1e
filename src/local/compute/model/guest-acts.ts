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
/** What the scripts wait before each try to put the marker (src/guest/linux/seal.sh, src/guest/windows/seal.ps1). */
const MARKER_PAUSES_MS = [0, 5_000, 15_000, 30_000, 60_000];

/** A seal belongs to one boot of one VM: what ends the boot ends it. */
interface SealDetails {
  readonly boot: number;
  readonly order: SealOrder;
  readonly markerUrl: string;
}

interface MarkerDetails {
  readonly boot: number;
  readonly url: string;
  readonly body: string;
  readonly attempt: number;
  readonly thenPowersOff: boolean;
}

export function beginSeal(world: World, vm: Vm, order: SealOrder, markerUrl: string): void {
  const guest = guestOf(world, vm);
  if (guest === undefined) return;
  guest.sealing = true;
  if (guest.os === "Windows") guest.facts.imageState = "IMAGE_STATE_UNDEPLOYABLE";
  keepGuest(world, vm);
  const details: SealDetails = { boot: vm.inner.boot, order, markerUrl };
  later(world, vm, "guest/seal", sealSeconds(guest) * 1000, { ...details });
}

const later = (
  world: World,
  vm: Vm,
  kind: string,
  forMs: number,
  details: Readonly<Record<string, unknown>>,
): void => {
  const { id: target, location = "" } = vm.body;
  world.operations.start({ kind, target, location, family: "operations", forMs, details, hidden: true });
};

/** A guest lives on its OS disk: changing it is changing the disk. */
export function keepGuest(world: World, vm: Vm): void {
  const disk = find(world, DISK, vm.body.properties.storageProfile?.osDisk?.managedDisk?.id ?? "");
  if (disk !== undefined) save(world, disk);
}

function finishSeal(world: World, vm: Vm, { order, markerUrl }: SealDetails): void {
  const guest = guestOf(world, vm);
  if (guest === undefined) return;
  const end = seal(guest, order);
  if (end.kind !== "hangs") guest.sealing = false;
  if (end.kind !== "stops-without-marker") guest.sealLog = end.log;
  keepGuest(world, vm);
  if (end.kind === "stops-without-marker") powerOff(world, vm);
  else if (end.kind !== "hangs")
    putMarkerLater(world, vm, {
      boot: vm.inner.boot,
      url: markerUrl,
      body: markerOf(order.runId, end),
      attempt: 0,
      thenPowersOff: end.kind === "sealed" && order.selfPowerOff,
    });
}

const powerOff = (world: World, vm: Vm): void =>
  later(world, vm, "guest/powerOff", SHUTDOWN_MS, { boot: vm.inner.boot });

const markerOf = (runId: string, end: Extract<SealEnd, { kind: "sealed" | "failed" }>): string => {
  const common = { contract: "seal-marker/1", runId, outcome: end.kind, imageState: end.imageState };
  const users = end.kind === "sealed" ? { removedUsers: end.removedUsers } : {};
  return JSON.stringify({ ...common, ...users, log: tail(end.log, MARKER_LOG_BYTES) });
};

const putMarkerLater = (world: World, vm: Vm, details: MarkerDetails): void =>
  later(world, vm, "guest/marker", MARKER_PAUSES_MS[details.attempt] ?? 0, { ...details });

/** A guest whose marker nobody takes stays on: what sealed it is to be asked. */
async function putMarker(world: World, vm: Vm, details: MarkerDetails): Promise<void> {
  const guest = guestOf(world, vm);
  if (await isTaken(details)) {
    if (details.thenPowersOff) powerOff(world, vm);
  } else if (details.attempt + 1 < MARKER_PAUSES_MS.length) {
    world.log(`guest ${vm.body.name}: the marker was not accepted; trying again`);
    putMarkerLater(world, vm, { ...details, attempt: details.attempt + 1 });
  } else if (guest !== undefined) {
    guest.sealLog += "\nvmimage-seal: step marker failed: it was not accepted";
    keepGuest(world, vm);
  }
}

/** The URL is a secret, so an error that may hold it is not told. */
async function isTaken({ url, body }: MarkerDetails): Promise<boolean> {
  const headers = { "x-ms-blob-type": "BlockBlob", "content-type": "application/json" };
  try {
    return (await fetch(url, { method: "PUT", headers, body })).ok;
  } catch {
    return false;
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
    "guest/marker": during((vm, details) => putMarker(world, vm, details as unknown as MarkerDetails)),
    "guest/powerOff": during((vm) => turnOff(world, vm, "stopped")),
  };
};
