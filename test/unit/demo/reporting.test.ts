import { describe, expect, it } from "vitest";
import { fold } from "../../../src/local/demo/fold.js";
import { differences } from "../../../src/local/demo/images.js";
import type { ImageFacts } from "../../../src/local/demo/images.js";
import { progressOn, screenOn } from "../../../src/local/demo/progress.js";
import type { RunDocument } from "../../../src/local/demo/runs.js";
import type { Write } from "../../../src/local/demo/writes.js";
import { differingCreates, repeatedCreates } from "../../../src/local/demo/writes.js";

const put = (seq: number, resource: string, body: unknown, more: Partial<Write> = {}): Write => ({
  ...{ seq, method: "PUT", operation: "disks/put", resource, status: 202, body },
  ...more,
});

describe("the check that nothing was done twice", () => {
  it.each<[string, Write[], number, number]>([
    ["each created once", [put(1, "/a", { x: 1 }), put(2, "/b", { x: 1 })], 0, 0],
    ["the same request again", [put(1, "/a", { x: 1 }), put(2, "/A", { x: 1 })], 0, 1],
    ["another body under the same name", [put(1, "/a", { x: 1 }), put(2, "/a", { x: 2 })], 1, 1],
    [
      "a refused request made nothing",
      [put(1, "/a", { x: 1 }, { status: 409 }), put(2, "/a", { x: 2 })],
      0,
      0,
    ],
    [
      "deleted in between: a new resource",
      [put(1, "/a", { x: 1 }), put(2, "/a", null, { method: "DELETE" }), put(3, "/a", { x: 2 })],
      0,
      1,
    ],
  ])("counts rightly: %s", (_, writes, differing, repeated) => {
    expect(differingCreates(writes)).toHaveLength(differing);
    expect(repeatedCreates(writes)).toBe(repeated);
  });
});

describe("the check of an image", () => {
  const image: ImageFacts = {
    ...{ osType: "Windows", state: "Generalized", generation: "V2", ready: "Succeeded" },
    disks: [
      { lun: -1, sizeGib: 127, caching: "ReadWrite" },
      { lun: 3, sizeGib: 64, caching: "None" },
    ],
  };
  it("finds nothing in an image that is as it should be", () => {
    expect(differences("x", image, image)).toEqual([]);
  });
  it.each<[string, ImageFacts, RegExp]>([
    ["generation", { ...image, generation: "V1" }, /x: generation is V1, but should be V2/],
    ["a disk that is missing", { ...image, disks: image.disks.slice(0, 1) }, /LUN 3: size in GiB is absent/],
    [
      "a disk too many",
      { ...image, disks: [...image.disks, { lun: 4, sizeGib: 1, caching: "None" }] },
      /the list of LUNs is -1 3 4, but should be -1 3/,
    ],
    [
      "a size",
      { ...image, disks: image.disks.map((disk) => ({ ...disk, sizeGib: 1 })) },
      /OS disk: size in GiB is 1, but should be 127/,
    ],
  ])("says exactly what is wrong: %s", (_, found, problem) => {
    expect(differences("x", image, found).join("\n")).toMatch(problem);
  });
});

describe("progress", () => {
  const run = (state: string): RunDocument => ({
    id: "r",
    status: state === "done" ? "succeeded" : "running",
    stages: [
      {
        name: "backup",
        state,
        startedAt: "2026-01-01T00:00:00Z",
        ...(state === "done" && { endedAt: "2026-01-01T01:02:03Z" }),
      },
    ],
    createdAt: "2026-01-01T00:00:00Z",
    updatedAt: "2026-01-01T01:02:03Z",
    leftovers: [],
  });
  it("says how a stage ended in eighty columns, its detail below", () => {
    const { progress, text } = shownOn(false);
    const document = run("done");
    const stages = [
      ...document.stages,
      { ...document.stages[0], name: "doctor", state: "refused", detail: "word ".repeat(30).trim() },
    ] as RunDocument["stages"];
    progress.show([{ label: "import debian-13.vhd", document: { ...document, stages } }]);
    const [done, refused, ...details] = text().trimEnd().split("\n");
    expect(done).toMatch(/✔ backup +1:02:03$/);
    expect(refused).toMatch(/✘ doctor +1:02:03 {2}refused$/);
    expect(details.slice(0, -1).length).toBeGreaterThan(1);
    for (const line of text().split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  const shownOn = (isTTY: boolean) => {
    let text = "";
    const screen = screenOn({ isTTY, columns: 60, write: (more: string) => (text += more) });
    return { screen, progress: progressOn(screen, () => 0), text: () => text };
  };

  it("prints a line once for each ended stage where nothing can be drawn over", () => {
    const { progress, text } = shownOn(false);
    for (const state of ["running", "done", "done"]) progress.show([{ label: "one", document: run(state) }]);
    expect(text().match(/backup/g)).toHaveLength(1);
    expect(text()).toContain("1:02:03");
    expect(text()).not.toContain("\u001b");
  });

  it("keeps the stage that runs in sight, however many there are", () => {
    const { progress, text } = shownOn(true);
    const states = ["done", "done", "skipped", "done", "done", "done", "running", "pending", "pending"];
    const stages = states.map((state, index) => ({ name: `stage-number-${index}`, state, percent: 41.5 }));
    progress.show([{ label: "VM image win-app-01", document: { ...run("running"), stages } }]);
    expect(text()).toContain("✔✔–✔✔✔▶··  stage-number-6");
  });

  it("draws over its own lines on a terminal, within its width, and never over what others wrote", () => {
    const { screen, progress, text } = shownOn(true);
    progress.show([{ label: "one", document: run("running") }]);
    progress.show([{ label: "one", document: run("running") }]);
    expect(text().match(/\u001b\[1A/g)).toHaveLength(1);
    screen.write("The host was ended.\n");
    progress.show([{ label: "one", document: run("done") }]);
    expect(text().match(/\u001b\[1A/g)).toHaveLength(1);
    for (const line of text().split("\n"))
      expect(line.replaceAll(/\u001b\[\w+/g, "").length).toBeLessThan(60);
  });
});

describe("folding", () => {
  it.each<[string, string, string[]]>([
    ["a short line stays", "  a b", ["  a b"]],
    ["a blank line stays", "", [""]],
    [
      "what goes on keeps the indent",
      `  ${"x".repeat(50)} ${"y".repeat(50)} z`,
      [`  ${"x".repeat(50)}`, `  ${"y".repeat(50)} z`],
    ],
    ["a word that is too long stays whole", `  ${"x".repeat(90)} y`, [`  ${"x".repeat(90)}`, "  y"]],
    ["a line of one word", "x".repeat(90), ["x".repeat(90)]],
  ])("%s", (_why, text, lines) => {
    expect(fold(text)).toEqual(lines);
  });
});
