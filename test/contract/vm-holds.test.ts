/** The line for a VM: first come, first served, whatever comes at one moment and whoever gives up. */
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blobVmHolds } from "../../src/adapters/blob/blob-vm-holds.js";
import { type Azurite, startAzurite } from "../../src/local/storage/azurite.js";
import type { VmHolds } from "../../src/ports/vm-holds.js";

let azurite: Azurite;
let holds: VmHolds;
beforeAll(async () => {
  azurite = await startAzurite({ log: () => undefined });
  holds = blobVmHolds(BlobServiceClient.fromConnectionString(azurite.connectionString), "runs");
});
afterAll(() => azurite.stop());

test("the first run gets the VM, and the others follow in order of arrival, except those that gave up", async () => {
  expect(await holds.list()).toEqual([]);
  expect(await holds.hold("/vms/A", "first")).toEqual({ heldBy: "first", ahead: 0 });
  expect(await holds.hold("/vms/a", "second")).toEqual({ heldBy: "first", ahead: 1 });
  expect(await holds.hold("/vms/A", "third")).toEqual({ heldBy: "first", ahead: 2 });
  expect(await holds.hold("/vms/A", "second")).toEqual({ heldBy: "first", ahead: 1 });
  await holds.release("/vms/A", "second");
  await holds.release("/vms/A", "nobody");
  await holds.release("/vms/A", "first");
  expect(await holds.hold("/vms/A", "fourth")).toEqual({ heldBy: "third", ahead: 1 });
  expect((await holds.list()).map(({ runId }) => runId)).toEqual(["third", "fourth"]);
  for (const { hold, runId } of await holds.list()) await holds.evict(hold, runId);
  expect(await holds.list()).toEqual([]);
});

test("of many that arrive at once, each gets its own place, and one gets the VM", async () => {
  const runs = Array.from({ length: 8 }, (_, index) => `run-${index}`);
  const turns = await Promise.all(runs.map((run) => holds.hold("/vms/b", run)));
  expect(turns.map(({ ahead }) => ahead).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(new Set(turns.map(({ heldBy }) => heldBy)).size).toBe(1);
  await Promise.all(runs.map((run) => holds.release("/vms/b", run)));
  expect(await holds.list()).toEqual([]);
});
