/** Azure that answers "come back later" for ever: even that wait has a clock, and leaves a small history. */
import { expect, test } from "vitest";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { GROUP, captureWorld, inputOf } from "../support/capture-world.js";
import { runOrchestration } from "../support/run-orchestration.js";

const putOff = () => ({
  status: "busy",
  retryAfterSeconds: 15,
  message: "Conflict: There is an active shared access signature.",
});
const play = (act: string, answer: () => unknown = putOff) =>
  runOrchestration(captureImage, { input: inputOf(), activities: { ...captureWorld(), [act]: answer } });

test("an activity that is deferred forever fails the run, with Azure's message", async () => {
  const { customStatus, historyEvents } = await play("deallocateVmStart");
  expect(customStatus as Board).toMatchObject({
    status: "failed",
    error: {
      code: "TIME_LIMIT",
      stage: "deallocate",
      message:
        "deallocateVmStart of vmi-run-1-work was put off by Azure for 120 minutes: Conflict: There is an active shared access signature.",
    },
    leftovers: [],
  });
  expect(historyEvents).toBeLessThan(1000);
});

test("a removal that is deferred forever is a leftover, and the run ends", async () => {
  const { customStatus } = await play("removeResourceStart");
  const { status, leftovers } = customStatus as Board;
  expect(status).toBe("succeeded");
  expect(leftovers).toContainEqual({
    resource: `${GROUP}/virtualMachines/vmi-run-1-work`,
    reason: expect.stringContaining("active shared access signature") as string,
  });
});

test("an operation that never ends is reported with the name of the resource that it works on", async () => {
  const { customStatus } = await play("deallocateVmAsk", () => ({
    status: "done",
    value: { state: "running" },
  }));
  expect((customStatus as Board).error).toMatchObject({
    code: "TIME_LIMIT",
    message: "deallocateVm of vmi-run-1-work did not end within 60 minutes.",
  });
});
