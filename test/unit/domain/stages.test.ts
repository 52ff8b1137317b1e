import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Board } from "../../../src/domain/stages.js";
import { concluded, newBoard, shown, withLeftovers, withStage } from "../../../src/domain/stages.js";

const text = fc.string({ maxLength: 3000 });
const anyBoard = fc.record({
  stages: fc.array(fc.record({ name: fc.string({ minLength: 1, maxLength: 12 }), detail: text }), {
    maxLength: 10,
  }),
  message: text,
  remedy: text,
  leftovers: fc.array(fc.record({ resource: fc.string({ maxLength: 300 }), reason: text }), {
    maxLength: 60,
  }),
  result: fc.option(fc.array(text, { maxLength: 20 }), { nil: undefined }),
});

describe("a board", () => {
  test("fits Durable's custom status however much a run has to say, and keeps status, code and stages", () => {
    fc.assert(
      fc.property(anyBoard, ({ stages, message, remedy, leftovers, result }) => {
        let board: Board = newBoard(stages.map(({ name }) => name));
        for (const { name, detail } of stages) board = withStage(board, name, { state: "done", detail });
        const error = { code: "AZURE_FAILED", message, remedy };
        board = withLeftovers(
          concluded(board, { status: "failed", at: "2026-01-01T00:00:00Z", error, result }),
          leftovers,
        );
        const seen = shown(board);
        expect(JSON.stringify(seen).length).toBeLessThanOrEqual(8192);
        expect(seen.status).toBe("failed");
        expect(seen.error?.code).toBe("AZURE_FAILED");
        expect(seen.stages.map(({ name, state }) => [name, state])).toEqual(
          board.stages.map(({ name, state }) => [name, state]),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("that fits is shown whole", () => {
    const board = newBoard(["preflight", "backup"]);
    expect(shown(board)).toBe(board);
  });

  test("gives the stage that was running the run's ending, and leaves the others", () => {
    const board = withStage(withStage(newBoard(["a", "b", "c"]), "a", { state: "done" }), "b", {
      state: "running",
    });
    const ended = concluded(board, { status: "refused", at: "2026-01-01T00:00:00Z" });
    expect(ended.stages.map(({ state }) => state)).toEqual(["done", "refused", "pending"]);
  });

  test("counts the leftovers that it does not show", () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ resource: `disk-${index}`, reason: "locked" }));
    const { leftovers } = withLeftovers(newBoard([]), many);
    expect(leftovers).toHaveLength(21);
    expect(leftovers.at(-1)?.resource).toBe("5 more");
  });
});
