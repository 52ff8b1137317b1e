/** Everything that a run makes lies in the group and carries the tags that the request asks for, however short it lives. */
import { afterEach, describe, expect, test } from "vitest";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, webCapture } from "../support/arm-web.js";
import type { ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";

let cloud: Cloud;
afterEach(() => cloud.close());

type Seen = Map<string, Readonly<Record<string, string>>>;

interface Listed {
  readonly id?: string;
  readonly tags?: Record<string, string>;
}

/** What stands in the work group, and what lies in its VMs and in the source. */
async function standing(): Promise<readonly Listed[]> {
  const { client } = cloud;
  const nics = await cloud.network<{ value: Listed[] }>(
    cloud.networkId("networkInterfaces", "", "scratch").slice(0, -1),
  );
  const found: Listed[] = [...(nics?.value ?? [])];
  const lists = [
    client.disks.listByResourceGroup("scratch"),
    client.snapshots.listByResourceGroup("scratch"),
    client.restorePointCollections.list("scratch"),
    client.virtualMachines.list("scratch"),
    client.virtualMachineRunCommands.listByVirtualMachine("rg", "web"),
  ];
  for (const list of lists) for await (const one of list) found.push(one);
  for (const { name = "" } of found.filter(({ id }) => /\/virtualMachines\/[^/]+$/.test(id ?? "")) as {
    name?: string;
  }[])
    for await (const one of client.virtualMachineRunCommands.listByVirtualMachine("scratch", name))
      found.push(one);
  return found;
}

/** Plays a capture, and looks after everything that begins something. */
async function watched(request: Record<string, unknown>): Promise<{ seen: Seen; board: Board }> {
  cloud = await openCloud({ ...WEB_SEED, resourceGroups: [...WEB_SEED.resourceGroups, WORK] });
  const seen: Seen = new Map();
  const activities = Object.entries(cloud.activities()).map(([name, act]): [string, ScriptedActivity] => [
    name,
    async (input, call) => {
      const answer = await act(input, call);
      if (/^(create\w+|askGuest)Start$|^startSeal$/.test(name))
        for (const { id = "", tags = {} } of await standing()) seen.set(id, tags);
      return answer;
    },
  ]);
  const input = webCapture(cloud, { workResourceGroup: "scratch", tags: { costCenter: "42" }, ...request });
  const outcome = await runOrchestration(captureImage, { input, activities: Object.fromEntries(activities) });
  return { seen, board: outcome.customStatus as Board };
}

const WORK = { name: "scratch", location: "westeurope" };
const OURS = { costCenter: "42", "vmimage-run": "run-1" };
const typesOf = (seen: Seen) =>
  [...new Set([...seen.keys()].map((id) => id.split("/").at(-2)))].sort((a = "", b = "") => (a < b ? -1 : 1));

describe("what a run makes carries the request's tags", () => {
  test(
    "by clone, with a test boot: disks, VMs, interfaces, commands, the backup, the image",
    { timeout: 60_000 },
    async () => {
      const { seen, board } = await watched({ testBoot: true });
      expect(board).toMatchObject({ status: "succeeded", leftovers: [] });
      expect(typesOf(seen)).toEqual([
        "disks",
        "networkInterfaces",
        "restorePointCollections",
        "runCommands",
        "virtualMachines",
      ]);
      for (const [id, tags] of seen) expect({ id, tags }).toMatchObject({ id, tags: OURS });
      const ofTestVm = [...seen.keys()].filter((id) => id.includes("vmi-run-1-test"));
      // The VM, its interface, four disks, the command.
      expect(ofTestVm).toHaveLength(7);
      const version = await cloud.client.galleryImageVersions.get("rg", "g", "web", "1.0.0");
      expect(version.tags).toMatchObject(OURS);
    },
  );

  test(
    "in place, from snapshots: the commands in the source VM too, and nothing outside the group",
    { timeout: 60_000 },
    async () => {
      const { seen, board } = await watched({ mode: "in-place", backup: { kind: "snapshots" } });
      expect(board).toMatchObject({ status: "succeeded", leftovers: [] });
      expect(typesOf(seen)).toEqual(["runCommands", "snapshots"]);
      for (const [id, tags] of seen) expect({ id, tags }).toMatchObject({ id, tags: OURS });
      const made = (await cloud.writes()).filter(({ operation }) => operation.endsWith("/put"));
      const elsewhere = made.filter(({ resource }) => !resource.includes("/resourceGroups/scratch/"));
      expect([...new Set(elsewhere.map(({ operation }) => operation))].sort()).toEqual([
        "runCommands/put",
        "versions/put",
      ]);
    },
  );
});
