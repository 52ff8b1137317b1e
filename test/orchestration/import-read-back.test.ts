import { describe, expect, test } from "vitest";
import { diskOf, done, landed, reportOf } from "../support/import-world.js";
import { board, inputsOf, removed, run } from "../support/run-import.js";
import type { ScriptedActivity } from "../support/run-orchestration.js";

describe("reading back", () => {
  const disks = [diskOf(), diskOf(0, "copied.vhd"), diskOf(1, "lying.vhd")];
  const threeWays = {
    lookAtDrop: () => done(landed(disks)),
    examineDrop: ({ lun }: { lun: number }) =>
      done(reportOf({ path: (["dynamic", "copy-resize-footer", "none"] as const)[lun + 1] ?? "none" })),
  };
  const verified = (changes: Record<string, ScriptedActivity> = {}) =>
    run({ ...threeWays, ...changes }, { verify: "read-back" });

  test("is not done unless the settings ask for it", async () => {
    const outcome = await run(threeWays);
    expect(inputsOf(outcome, "readSlice")).toEqual([]);
    const { disks: shown } = board(outcome).result as { disks: { treeHash?: string }[] };
    expect(shown.map(({ treeHash }) => treeHash)).toEqual(["f00d", undefined, undefined]);
  });

  test("gives a hash of every disk, whichever way it took, and its documents go", async () => {
    const outcome = await verified();
    expect(board(outcome).status).toBe("succeeded");
    const { disks: shown } = board(outcome).result as { disks: unknown[] };
    expect(shown).toMatchObject([
      { way: "blocks", bytesMoved: 320, treeHash: "f00d", readBack: true },
      { way: "server-copy-new-footer", bytesMoved: 0, treeHash: "f00d", readBack: true },
      { way: "as-it-lies", treeHash: "f00d", readBack: true },
    ]);
    const lying = inputsOf<{ lying?: { blob: string } }>(outcome, "planReadBack").map((asked) => asked.lying);
    expect(lying.map((drop) => drop?.blob)).toEqual([undefined, undefined, "lying.vhd"]);
    expect(removed(outcome).sort()).toEqual(["web-1-lun0.vhd", "web-1-lun1.vhd", "web-1-os.vhd"]);
  });

  test("that finds a different hash than was written fails the run with its own code, and no image is made", async () => {
    const outcome = await verified({ sumReadBack: () => done({ treeHash: "beef" }) });
    expect(board(outcome)).toMatchObject({
      status: "failed",
      error: { code: "READ_BACK_DIFFERS", stage: "mend" },
      leftovers: [],
    });
    expect(board(outcome).error?.message).toMatch(/^web\.vhd: .*f00d.*beef/);
    expect(inputsOf(outcome, "createManagedImageStart")).toEqual([]);
    expect(removed(outcome)).toContain("web-1-os.vhd");
  });
});
