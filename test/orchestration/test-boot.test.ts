/** An image that was asked to prove itself: held back, booted, looked into, and only then the latest. */
import { describe, expect, test } from "vitest";
import type { Check } from "../../src/domain/preflight.js";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { GROUP, TrackedCloud, auditedWindows, captureWorld, inputOf } from "../support/capture-world.js";
import type { OrchestrationScript, ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";

const VERSION = `${GROUP}/galleries/g/images/web/versions/1.0.0`;
const TEST_VM = `${GROUP}/virtualMachines/vmi-run-1-test`;
const ok = (value: unknown) => ({ status: "done", value });

async function play(
  change: Record<string, ScriptedActivity> = {},
  request: Record<string, unknown> = {},
  events: OrchestrationScript["events"] = [],
) {
  const cloud = new TrackedCloud();
  const activities = cloud.track({ ...captureWorld(), ...change });
  const input = inputOf({ testBoot: true, ...request });
  const outcome = await runOrchestration(captureImage, { input, activities, events });
  const board = outcome.customStatus as Board & { result?: { checks: Check[] } };
  const stageOf = (name: string) => board.stages.find((stage) => stage.name === name);
  const sent = (name: string) =>
    outcome.calls.filter((call) => call.name === name).map(({ input: sentInput }) => sentInput);
  return { cloud, outcome, board, stageOf, sent };
}

const answering = (output: string): ScriptedActivity => {
  const good = captureWorld()["askGuestAsk"];
  return (asked, call) => {
    const { input } = asked as { input: { script: string } };
    return input.script === "audit" ? ok({ state: "succeeded", value: { output } }) : good?.(asked, call);
  };
};

describe("a capture with a test boot", () => {
  test("holds the version back, boots it, audits the guest, removes the VM, and promotes the version", async () => {
    const { board, cloud, outcome, sent, stageOf } = await play();
    expect(board).toMatchObject({ status: "succeeded", leftovers: [] });
    expect(sent("createGalleryVersionStart")).toMatchObject([{ target: { excludeFromLatest: true } }]);
    expect(sent("createTestVmStart")).toMatchObject([{ vmId: TEST_VM, imageId: VERSION, luns: [0, 3, 7] }]);
    expect(sent("promoteVersionStart")).toEqual([{ versionId: VERSION }]);
    const names = outcome.calls.map(({ name }) => name);
    expect(names.lastIndexOf("askGuestAsk")).toBeLessThan(names.indexOf("promoteVersionStart"));
    expect(stageOf("test-boot")).toMatchObject({ state: "done", detail: "booted; 10 of 10 checks passed" });
    expect(cloud.resources).not.toContain(TEST_VM);
    expect(cloud.harm).toEqual([]);
  });

  test("asks the guest what is older than the VM itself", async () => {
    const { sent } = await play();
    const audit = sent("askGuestStart").find(
      (question) => (question as { script: string }).script === "audit",
    );
    expect(audit).toMatchObject({ vmId: TEST_VM, sinceMs: expect.any(Number) as number });
  });

  test.each([
    [
      "the request holds it back itself",
      { excludeFromLatest: true },
      "the request keeps it from being the latest",
    ],
    ["it is a managed image", undefined, "a managed image has no versions"],
  ])("does not promote where %s", async (_reason, gallery, detail) => {
    const target = gallery
      ? { kind: "gallery", definitionId: `${GROUP}/galleries/g/images/web`, ...gallery }
      : { kind: "managed-image", imageId: `${GROUP}/images/web` };
    const { board, sent, stageOf } = await play({}, { target });
    expect(board.status).toBe("succeeded");
    expect(stageOf("promote")).toMatchObject({ state: "skipped", detail });
    expect(sent("promoteVersionStart")).toEqual([]);
  });

  test("warnings of the audit are in the result, and the version is promoted", async () => {
    const output = auditedWindows({ histories: ["C:\\Users\\kim\\ConsoleHost_history.txt"] });
    const { board, sent } = await play({ askGuestAsk: answering(output) });
    expect(board.status).toBe("succeeded");
    const found = board.result?.checks.find(({ id }) => id === "histories");
    expect(found).toMatchObject({ verdict: "warn" });
    expect(sent("promoteVersionStart")).toHaveLength(1);
  });
});

describe("an image that does not pass never becomes the latest, is removed, and leaves no VM", () => {
  test.each<[string, Record<string, ScriptedActivity>, RegExp, RegExp]>([
    [
      "a data disk that the guest does not see",
      { askGuestAsk: answering(auditedWindows({ dataDiskLuns: [0, 3] })) },
      /data-disks: Not seen at LUN 7/,
      /drivers/,
    ],
    [
      "somebody's credentials",
      { askGuestAsk: answering(auditedWindows({ secrets: ["C:\\Users\\kim\\.ssh\\id_rsa"] })) },
      /secrets: .*id_rsa/,
      /rotate the credentials/,
    ],
    [
      "a setup that does not end",
      { askGuestAsk: answering(auditedWindows({ imageState: "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE" })) },
      /setup-state: /,
      /Panther/,
    ],
    [
      "a guest that answers nonsense",
      { askGuestAsk: answering("the agent coughed") },
      /guest-answer/,
      /Run Command/,
    ],
    [
      "a first boot that Azure gives up",
      {
        createTestVmAsk: () =>
          ok({
            state: "failed",
            code: "OSProvisioningTimedOut",
            message: "OS provisioning did not finish in time.",
          }),
      },
      /OSProvisioningTimedOut/,
      /generalized/,
    ],
    [
      "an agent that never reports",
      { createTestVmAsk: () => ok({ state: "running" }) },
      /within 60 minutes/,
      /agent/,
    ],
  ])("%s", async (_reason, change, message, remedy) => {
    const { board, cloud, sent } = await play(change);
    expect(board).toMatchObject({
      status: "failed",
      error: { code: "TEST_BOOT_FAILED", stage: "test-boot" },
    });
    expect(board.error?.message).toMatch(message);
    expect(board.error?.remedy).toMatch(remedy);
    // A VM that came up was looked into; of one that did not, its console tells.
    const looked = board.error?.message.match(/^[a-z-]+: /) !== null;
    expect(board.error?.excerpt).toBe(looked ? undefined : "waagent: cannot start");
    expect(sent("promoteVersionStart")).toEqual([]);
    expect(cloud.resources).not.toContain(VERSION);
    expect(cloud.resources).not.toContain(TEST_VM);
    expect(cloud.harm).toEqual([]);
  });
});

test("a resumed run boots again: an earlier boot proves nothing", async () => {
  const input = { ...inputOf({ testBoot: true }), runId: "run-1.2", resumes: "run-1", formerRuns: ["run-1"] };
  const cloud = new TrackedCloud();
  const outcome = await runOrchestration(captureImage, {
    input,
    activities: cloud.track({
      ...captureWorld(),
      askFormerSeal: () => ok({ begun: false, sealed: false }),
      askVm: () => ok({ power: "running", agentReady: true, markedGeneralized: false, broken: false }),
    }),
  });
  const calls = outcome.calls.map(
    ({ name, input: sentInput }) => `${name} ${(sentInput as { resourceId?: string }).resourceId ?? ""}`,
  );
  expect(calls.indexOf(`removeResourceStart ${TEST_VM}`)).toBeGreaterThan(-1);
  expect(calls.indexOf(`removeResourceStart ${TEST_VM}`)).toBeLessThan(calls.indexOf("createTestVmStart "));
});

test.each([{ testBoot: true, mode: "in-place" }, {}])(
  "without the isolated subnet the request is refused before anything is made: %j",
  async (wish) => {
    const cloud = new TrackedCloud();
    const { runId, request } = inputOf(wish);
    const input = { runId, request, workSubnetIds: [] };
    const outcome = await runOrchestration(captureImage, { input, activities: cloud.track(captureWorld()) });
    expect(outcome.customStatus).toMatchObject({
      status: "refused",
      error: { code: "VM_NOT_CAPTURABLE", stage: "preflight" },
    });
    expect((outcome.customStatus as Board).error?.message).toContain("subnet: ");
    expect([...cloud.resources]).toEqual([]);
  },
);
