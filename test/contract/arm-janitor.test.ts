/** What a failed capture leaves for its resume is found by its tags, and goes when its day has passed. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { armResources } from "../../src/adapters/arm/resources.js";
import { armTaggedResources } from "../../src/adapters/arm/tagged-resources.js";
import type { JanitorVerdict, RunsState } from "../../src/domain/janitor.js";
import { judgeLeftover } from "../../src/domain/janitor.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED, playCapture, webCapture } from "../support/arm-web.js";

const DAY_MS = 86_400_000;
let cloud: Cloud;
beforeEach(async () => (cloud = await openCloud(WEB_SEED)));
afterEach(() => cloud.close());

const subscription = () => cloud.id("disks", "x").split("/")[2] ?? "";
const GONE = "/subscriptions/11111111-0000-4000-8000-000000000001";
const definition = () => `${cloud.id("galleries", "g")}/images/web`;
const look = (...places: string[]) => armTaggedResources(cloud.cloud).list(places);
const list = async () => (await look(`/subscriptions/${subscription()}`, definition())).found;

async function sweep(runs: RunsState): Promise<readonly JanitorVerdict[]> {
  const verdicts = (await list()).map((one) => judgeLeftover(one, runs, cloud.now()));
  const { removal } = armResources(cloud.cloud);
  for (const { id, remove } of verdicts) if (remove) await removal.start({ resourceId: id });
  await cloud.passTo(cloud.now() + 600_000);
  return verdicts.filter(({ remove }) => remove);
}

test("resources kept for a resume are removed after three days, the backup after its own period, the source never", async () => {
  await cloud.local("POST", "scenarios", {
    match: { operation: "versions/put" },
    act: { lroFail: { code: "InternalExecutionError", message: "no" } },
  });
  const began = cloud.now();
  const board = await playCapture(cloud, webCapture(cloud, { onFailure: "keep-for-resume" }));
  expect(board).toMatchObject({ status: "failed", error: { stage: "register" } });

  // Four disks, the working VM, the restore point collection, and the version that failed.
  expect(await list()).toHaveLength(7);
  expect(await sweep("ended")).toEqual([]);
  await cloud.passTo(began + 4 * DAY_MS);
  expect(await sweep("open")).toEqual([]);
  expect((await sweep("ended")).map(({ id }) => id.split("/").at(-1))).toEqual(["vmi-run-1-work", "1.0.0"]);
  // The disks went with the working VM that used them.
  expect((await list()).map(({ id }) => id.split("/").at(-1))).toEqual(["vmi-run-1"]);
  await cloud.passTo(began + 8 * DAY_MS);
  expect(await sweep("ended")).toHaveLength(1);
  expect(await list()).toEqual([]);
  expect((await cloud.client.virtualMachines.get("rg", "web")).provisioningState).toBe("Succeeded");
});

test("a place that cannot be read is reported, and does not hide the others", async () => {
  await playCapture(cloud, webCapture(cloud));
  const { found, unread } = await look(GONE, `/subscriptions/${subscription()}`, definition());
  // The backup, and the image, which stands and stays.
  expect(found.map(({ failed }) => failed)).toEqual([false, false]);
  expect(unread).toEqual([{ place: GONE, why: expect.stringContaining("SubscriptionNotFound") as string }]);
});
