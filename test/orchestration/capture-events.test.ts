/** Every end of a capture and of a restore is told to whoever listens, once, after the clean-up. */
import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/domain/run-event.js";
import type { Board } from "../../src/domain/stages.js";
import { captureImage } from "../../src/orchestrators/capture-image.js";
import { refuseRequest } from "../../src/orchestrators/refuse-request.js";
import { restoreSource } from "../../src/orchestrators/restore-source.js";
import { GROUP, captureWorld, inputOf, windowsVm } from "../support/capture-world.js";
import { Standing, restoreInput } from "../support/restore-world.js";
import type { OrchestrationScript, ScriptedActivity } from "../support/run-orchestration.js";
import { runOrchestration } from "../support/run-orchestration.js";

type World = Record<string, ScriptedActivity>;
const announceRun = () => null;
const no = { status: "refused", code: "AZURE_REFUSED", message: "no", remedy: "do" };
const down = () => {
  throw new Error("Azure is down");
};

async function captured(change: World = {}, events: OrchestrationScript["events"] = [], announce = true) {
  const outcome = await runOrchestration(captureImage, {
    input: { ...inputOf(), announce },
    activities: { ...captureWorld(), announceRun, ...change },
    events,
  });
  return { outcome, board: outcome.customStatus as Board, told: toldBy(outcome.calls) };
}
const toldBy = (calls: readonly { readonly name: string; readonly input: unknown }[]) =>
  calls.filter(({ name }) => name === "announceRun").map(({ input }) => input as RunEvent);

describe("a capture that ends is announced", () => {
  test("with its image, as the last thing that it does", async () => {
    const { outcome, told } = await captured();
    expect(told).toMatchObject([
      {
        kind: "capture",
        runId: "run-1",
        subject: windowsVm.id,
        status: "succeeded",
        result: { image: { id: `${GROUP}/galleries/g/images/web/versions/1.0.0` } },
        leftovers: [],
      },
    ]);
    expect(outcome.calls.at(-1)?.name).toBe("announceRun");
  });

  const running = () => ({ status: "done", value: { state: "running" } });
  const cancel = [{ atMs: 120_000, name: "cancel", input: {} }];
  test.each<[string, World, OrchestrationScript["events"], string, string]>([
    ["refused", { createDiskStart: () => no }, [], "AZURE_REFUSED", "clone"],
    ["failed", { markGeneralized: down }, [], "BROKEN", "capture"],
    ["cancelled", { askSeal: running }, cancel, "CANCELLED", "generalize"],
  ])("when it is %s, with code and stage", async (status, change, events, code, stage) => {
    const { told } = await captured(change, events);
    expect(told).toMatchObject([{ status, error: { code, stage } }]);
  });

  test("with its leftovers, by name", async () => {
    const { told, board } = await captured({ removeResourceStart: () => no });
    expect(told[0]?.leftovers).toHaveLength(5);
    expect(told[0]?.leftovers).toEqual(board.leftovers.map(({ resource }) => resource));
  });

  test("and a failed announcement changes nothing but the status", async () => {
    const { board, outcome } = await captured({ announceRun: down });
    expect(outcome.status).toBe("Completed");
    expect(board.status).toBe("succeeded");
    expect(board.stages.at(-1)?.detail).toContain("could not be sent: Azure is down");
  });

  test("to nobody, where the settings name no topic", async () => {
    expect((await captured({}, [], false)).told).toEqual([]);
  });
});

test("a request that cannot be read is announced as refused", async () => {
  const about = { kind: "capture" as const, runId: "odd", subject: windowsVm.id };
  const { calls } = await runOrchestration(refuseRequest, {
    input: { code: "INVALID_REQUEST", problems: ["target: is missing"], about },
    activities: { announceRun },
  });
  expect(toldBy(calls)).toMatchObject([
    { ...about, status: "refused", error: { code: "INVALID_REQUEST", message: "target: is missing" } },
  ]);
});

describe("a restore that ends is announced", () => {
  test.each<[string, World]>([
    ["succeeded", {}],
    ["refused", { recallCapture: () => ({ status: "done", value: null }) }],
    ["failed", { restoreVmAsk: down }],
  ])("when it has %s", async (status, change) => {
    const { calls } = await runOrchestration(restoreSource, {
      input: { ...restoreInput, announce: true },
      activities: { ...new Standing().world(), announceRun, ...change },
    });
    expect(toldBy(calls)).toMatchObject([
      { kind: "restore", runId: "run-1", subject: "capture run-1", status },
    ]);
  });
});
