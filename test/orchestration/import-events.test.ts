import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/domain/run-event.js";
import { IMAGE_ID, refused } from "../support/import-world.js";
import { board, inputsOf, run } from "../support/run-import.js";
import type { ScriptedActivity } from "../support/run-orchestration.js";

const told = async (changes: Record<string, ScriptedActivity> = {}) => {
  const outcome = await run(changes, { announce: true });
  return { outcome, events: inputsOf<RunEvent>(outcome, "announceRun") };
};

describe("the end of an import is announced", () => {
  test("once, with the image, after everything is cleaned up", async () => {
    const { outcome, events } = await told();
    expect(events).toMatchObject([
      {
        kind: "import",
        runId: "web-1",
        subject: "drop/web.vhd",
        status: "succeeded",
        result: { image: { id: IMAGE_ID } },
        leftovers: [],
      },
    ]);
    expect(outcome.calls.at(-1)?.name).toBe("announceRun");
  });

  test("with the code and the remedy, when it was refused", async () => {
    const { events } = await told({ examineDrop: () => refused("VHD_FORMAT_VHDX") });
    expect(events).toMatchObject([
      { status: "refused", error: { code: "VHD_FORMAT_VHDX", remedy: "Mend it.", stage: "doctor" } },
    ]);
  });

  test("when it failed, which it then still has", async () => {
    const { outcome, events } = await told({
      checkTarget: () => {
        throw new Error("no such host");
      },
    });
    expect(events).toMatchObject([{ status: "failed", error: { code: "BROKEN" } }]);
    expect(outcome.error).toBeDefined();
  });

  test("and a failed announcement changes nothing but the status", async () => {
    const { outcome } = await told({
      announceRun: () => {
        throw new Error("no such namespace");
      },
    });
    expect(board(outcome).status).toBe("succeeded");
    expect(board(outcome).stages.at(-1)?.detail).toMatch(/could not be sent: no such namespace/);
    expect(outcome.output).toEqual(board(outcome));
  });

  test("to nobody, where the settings name no topic", async () => {
    expect(inputsOf(await run(), "announceRun")).toEqual([]);
  });
});
