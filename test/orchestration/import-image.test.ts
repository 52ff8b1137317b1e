import { describe, expect, test } from "vitest";
import type { LookQuestion, SliceOrder } from "../../src/contracts/import-activities.js";
import { MENDING_STANDARD } from "../../src/contracts/import-run.js";
import type { Board } from "../../src/domain/stages.js";
import { IMAGE_ID, diskOf, done, landed, refused, reportOf } from "../support/import-world.js";
import { board, inputsOf, order, removed, run, states } from "../support/run-import.js";

describe("an import", () => {
  test("makes an image of the prepared disk, then removes the disk and keeps the image", async () => {
    const outcome = await run();
    expect(board(outcome).status).toBe("succeeded");
    expect(states(outcome)).toEqual(["done", "done", "done", "done", "skipped", "skipped", "done"]);
    expect(order(outcome)).toMatchObject({
      target: { kind: "managed-image", imageId: IMAGE_ID },
      location: "westeurope",
      state: "generalized",
      traits: { osType: "Linux", generation: "V2" },
      source: {
        from: "blobs",
        disks: [{ lun: -1, uri: "https://drops/prepared/web-1-os.vhd", caching: "ReadWrite", sizeGb: 4 }],
      },
      tags: { "vmimage-run": "web-1" },
    });
    expect(removed(outcome)).toEqual(["web-1-os.vhd"]);
  });

  test("reports which way each disk took, why, how much was moved, and its hash", async () => {
    const outcome = await run();
    expect(board(outcome).result).toEqual({
      image: { id: IMAGE_ID, disks: [{ lun: -1, sizeGb: 4 }] },
      disks: [
        {
          lun: -1,
          caching: "ReadWrite",
          file: "web.vhd",
          sizeBytes: 4 * 2 ** 30,
          way: "blocks",
          why: "The blocks are written to their places.",
          bytesMoved: 320,
          treeHash: "f00d",
        },
      ],
    });
  });

  test("registers a perfect page blob as it is, and checks once more that nobody wrote to it", async () => {
    const outcome = await run({ examineDrop: () => done(reportOf({ verdict: "ready", path: "none" })) });
    expect(order(outcome)?.source).toMatchObject({ disks: [{ uri: "https://drops/drop/web.vhd" }] });
    expect(inputsOf(outcome, "locateDrop")).toHaveLength(2);
    expect(removed(outcome)).toEqual([]);
  });

  test("copies a perfect page blob from a folder, because Azure accepts no blob name with a slash", async () => {
    const outcome = await run({
      lookAtDrop: () => done(landed([diskOf(-1, "team/web.vhd")])),
      examineDrop: () => done(reportOf({ verdict: "ready", path: "none" })),
    });
    expect(inputsOf(outcome, "copyDropStart")).toMatchObject([{ name: "web-1-os.vhd" }]);
    expect(order(outcome)?.source).toMatchObject({ disks: [{ uri: "https://drops/prepared/web-1-os.vhd" }] });
  });

  test.each([
    ["refuses", { copyDropStart: () => refused("NOT_AUTHORIZED") }, "NOT_AUTHORIZED it is."],
    [
      "breaks off",
      { copyDropAsk: () => done({ state: "failed", code: "CopyFailed", message: "The copy aborted." }) },
      "CopyFailed: The copy aborted.",
    ],
    [
      "does not know",
      {
        copyDropStart: () => {
          throw new Error("HTTP 501");
        },
      },
      "HTTP 501",
    ],
  ])(
    "streams the written ranges of a page blob when the account %s the copy, and says why",
    async (_what, changes, why) => {
      const outcome = await run({
        examineDrop: () => done(reportOf({ path: "copy-resize-footer", why: "It ends wrongly." })),
        ...changes,
      });
      expect(board(outcome).status).toBe("succeeded");
      expect(board(outcome).result).toMatchObject({
        disks: [
          { way: "ranges", bytesMoved: 320, treeHash: "f00d", why: expect.stringContaining(why) as string },
        ],
      });
      const names = outcome.calls.map(({ name }) => name);
      expect(names.indexOf("removePrepared")).toBeLessThan(names.indexOf("planMending"));
      expect(removed(outcome)).toEqual(["web-1-os.vhd", "web-1-os.vhd"]);
    },
  );

  test.each(["SOURCE_CHANGED", "SOURCE_GONE", "STORAGE_FULL"])(
    "does not stream what the account did not copy for %s",
    async (code) => {
      const outcome = await run({
        examineDrop: () => done(reportOf({ path: "copy-resize-footer" })),
        copyDropStart: () => refused(code),
      });
      expect(board(outcome).error).toMatchObject({ code, stage: "mend" });
      expect(inputsOf(outcome, "planMending")).toEqual([]);
    },
  );

  test("mends every disk of a VM image and keeps LUN and caching", async () => {
    const disks = [diskOf(), diskOf(0, "logs.vhd"), diskOf(7, "data.vhd")];
    const outcome = await run({ lookAtDrop: () => done(landed(disks)) });
    expect(order(outcome)?.source).toMatchObject({
      disks: [
        { lun: -1, uri: "https://drops/prepared/web-1-os.vhd", caching: "ReadWrite" },
        { lun: 0, uri: "https://drops/prepared/web-1-lun0.vhd", caching: "ReadOnly" },
        { lun: 7, uri: "https://drops/prepared/web-1-lun7.vhd", caching: "ReadOnly" },
      ],
    });
    expect(removed(outcome).sort()).toEqual(["web-1-lun0.vhd", "web-1-lun7.vhd", "web-1-os.vhd"]);
    const purposes = inputsOf<{ purpose: string }>(outcome, "examineDrop").map(({ purpose }) => purpose);
    expect(purposes).toEqual(["any", "data", "data"]);
  });
});

describe("landing", () => {
  test("waits between looks, passes each what the last one saw, and continues when two agree", async () => {
    const outcome = await run({
      lookAtDrop: (_: never, { nth }) =>
        nth < 3
          ? done({ state: "arriving", because: "still written", seen: { "web.vhd": `"${nth}"` } })
          : done(landed()),
    });
    expect(board(outcome).status).toBe("succeeded");
    const looks = inputsOf<LookQuestion>(outcome, "lookAtDrop");
    expect(looks.map(({ before }) => before["web.vhd"])).toEqual([undefined, '"0"', '"1"', '"2"']);
    expect(outcome.elapsedMs).toBeGreaterThanOrEqual(3 * 60_000);
  });

  test("ends at its time limit when the file keeps changing, and says what it waited for", async () => {
    const outcome = await run({
      lookAtDrop: () => done({ state: "arriving", because: "it is still being written", seen: {} }),
    });
    expect(board(outcome)).toMatchObject({
      status: "failed",
      error: { code: "TIME_LIMIT", stage: "landing" },
    });
    expect(board(outcome).error?.message).toContain("it is still being written");
    expect(outcome.elapsedMs / 60_000).toBeLessThan(140);
  });

  test("steps back when another run makes the image", async () => {
    const outcome = await run({
      lookAtDrop: () =>
        done({ state: "handed-over", handedTo: "web-2", because: "web.image.json describes this file" }),
    });
    expect(board(outcome)).toMatchObject({ status: "succeeded", result: { handedTo: "web-2" } });
    expect(states(outcome)).toEqual(["done", "skipped", "skipped", "skipped", "skipped", "skipped", "done"]);
  });

  test("can be cancelled while the file arrives", async () => {
    const outcome = await run(
      { lookAtDrop: () => done({ state: "arriving", because: "still written", seen: {} }) },
      {},
      { events: [{ atMs: 90_000, name: "cancel", input: { reason: "wrong file" } }] },
    );
    expect(board(outcome)).toMatchObject({ status: "cancelled" });
  });
});

describe("a refusal", () => {
  test.each([
    ["the doctor", { examineDrop: () => refused("VHD_FORMAT_VHDX") }, "VHD_FORMAT_VHDX", "doctor"],
    ["the description", { lookAtDrop: () => refused("MANIFEST_INVALID") }, "MANIFEST_INVALID", "landing"],
    [
      "the target",
      {
        checkTarget: () =>
          done({
            createDefinition: false,
            checks: [{ id: "x", verdict: "block", detail: "no", remedy: "yes" }],
          }),
      },
      "TARGET_MISMATCH",
      "doctor",
    ],
    [
      "a disk without an operating system",
      { examineDrop: () => done(reportOf({ osFamily: "unknown" })) },
      "DISK_NOT_RECOGNIZED",
      "doctor",
    ],
    [
      "a source that changed in mid-copy",
      { moveSlice: () => refused("SOURCE_CHANGED") },
      "SOURCE_CHANGED",
      "mend",
    ],
  ])("by %s ends the run with its code, and leaves nothing", async (_who, changes, code, stage) => {
    const outcome = await run(changes);
    expect(board(outcome)).toMatchObject({ status: "refused", error: { code, stage }, leftovers: [] });
    expect(inputsOf(outcome, "createManagedImageStart")).toEqual([]);
    expect(removed(outcome)).toEqual(stage === "mend" ? ["web-1-os.vhd"] : []);
  });

  test("by a full account fails the run, because nothing is wrong with the file, and leaves nothing", async () => {
    const outcome = await run({ moveSlice: () => refused("STORAGE_FULL") });
    expect(board(outcome)).toMatchObject({
      status: "failed",
      error: { code: "STORAGE_FULL", stage: "mend", remedy: "Mend it." },
      leftovers: [],
    });
    expect(inputsOf(outcome, "createManagedImageStart")).toEqual([]);
    expect(removed(outcome)).toEqual(["web-1-os.vhd"]);
  });

  test("of a file that changed while Azure read it removes the image", async () => {
    const outcome = await run({
      examineDrop: () => done(reportOf({ verdict: "ready", path: "none" })),
      locateDrop: (_: never, { nth }) =>
        nth === 0 ? done({ uri: "https://drops/drop/web.vhd" }) : refused("SOURCE_CHANGED"),
    });
    expect(board(outcome)).toMatchObject({ status: "refused", error: { code: "SOURCE_CHANGED" } });
    expect(removed(outcome)).toEqual([IMAGE_ID]);
  });
});

describe("moving slices", () => {
  test("continues where a slice stopped, two at a time, and shows the bytes", async () => {
    const outcome = await run({}, {}, { durationMs: ({ name }) => (name === "moveSlice" ? 30_000 : 100) });
    const slices = inputsOf<SliceOrder>(outcome, "moveSlice").map(({ slice, fromUnit }) => [slice, fromUnit]);
    expect(slices).toEqual([
      [0, undefined],
      [1, undefined],
      [0, 5],
      [1, 5],
    ]);
    const percents = outcome.statuses.flatMap((status) => (status as Board).stages[2]?.percent ?? []);
    expect(percents).toContain(50);
  });

  test("keeps the history small: the plan is stored elsewhere", async () => {
    const outcome = await run({
      planMending: () => done({ planHash: "abc", slices: 100, sourceBytes: 20_000 }),
    });
    expect(board(outcome).status).toBe("succeeded");
    expect(outcome.historyBytes / 200).toBeLessThan(4000);
  });

  test("can be cancelled between slices", async () => {
    const outcome = await run(
      { planMending: () => done({ planHash: "abc", slices: 100, sourceBytes: 20_000 }) },
      { mending: { ...MENDING_STANDARD, slicesAtOnce: 1 } },
      { events: [{ atMs: 60_000, name: "cancel", input: {} }], durationMs: () => 10_000 },
    );
    expect(board(outcome).status).toBe("cancelled");
    expect(inputsOf(outcome, "moveSlice").length).toBeLessThan(10);
    expect(removed(outcome)).toEqual(["web-1-os.vhd"]);
  });

  test("says so when the account should have moved the bytes and could not", async () => {
    const remark = "The account cannot.";
    const outcome = await run({
      moveSlice: () => done({ bytesRead: 1, bytesWritten: 1, hashed: true, remark }),
    });
    const { disks } = board(outcome).result as { disks: { why: string; treeHash?: string }[] };
    expect(disks[0]).toMatchObject({ treeHash: "f00d", why: expect.stringContaining(remark) as string });
  });

  test("gives no hash of a disk whose bytes it never saw", async () => {
    const moved = { bytesRead: 1, bytesWritten: 1 };
    const outcome = await run({ moveSlice: (_: never, { nth }) => done({ ...moved, hashed: nth > 0 }) });
    const { disks } = board(outcome).result as { disks: { treeHash?: string }[] };
    expect(disks[0]?.treeHash).toBeUndefined();
  });

  test("survives a slice that breaks and is tried again", async () => {
    const outcome = await run({
      moveSlice: (input: never, call) => {
        if (call.nth === 0) throw new Error("socket hang up");
        return done({ bytesRead: 200, bytesWritten: (input as SliceOrder).slice, hashed: true });
      },
    });
    expect(board(outcome).status).toBe("succeeded");
  });
});

test("the status of 65 disks stays within the limit of Durable Functions", async () => {
  const long = "a".repeat(200);
  const disks = Array.from({ length: 65 }, (_, index) => diskOf(index - 1, `${long}${index}.vhd`));
  const outcome = await run({
    lookAtDrop: () => done(landed(disks)),
    examineDrop: () => done(reportOf({ verdict: "ready", path: "none" })),
  });
  expect(board(outcome).status).toBe("succeeded");
  expect((outcome.output as Board).result).toMatchObject({ moreDisks: 49 });
});
