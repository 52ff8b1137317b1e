import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captureRequest } from "../../../src/contracts/capture-request.js";
import { problemsOf } from "../../../src/contracts/problems.js";
import { GROUP } from "../../support/capture-world.js";

const good = {
  sourceVmId: `${GROUP}/virtualMachines/web`,
  target: { kind: "gallery", definitionId: `${GROUP}/galleries/g/images/web` },
};
const managed = { kind: "managed-image", imageId: `${GROUP}/images/web` };

const problemsIn = (request: unknown): string[] => {
  const read = captureRequest.safeParse(request);
  return read.success ? [] : problemsOf(read.error);
};

test("the least that can be said is a VM and a target; the rest is the safe choice", () => {
  expect(captureRequest.parse(good)).toMatchObject({
    mode: "clone",
    image: { kind: "vm-image", state: "generalized" },
    backup: { kind: "restore-point", keepDays: 7 },
    target: { version: "next-patch", excludeFromLatest: false },
    whenBusy: "wait",
    onFailure: "clean-up",
    dryRun: false,
  });
});

describe("a request is refused when", () => {
  const rows: readonly (readonly [why: string, change: object, said: RegExp])[] = [
    ["it names no VM", { sourceVmId: undefined }, /^sourceVmId: is missing/],
    [
      "it names something else than a VM",
      { sourceVmId: `${GROUP}/disks/d` },
      /^sourceVmId: must be a resource id/,
    ],
    ["its work group leads elsewhere", { workResourceGroup: ".." }, /^workResourceGroup: must be the name/],
    [
      "a field is misspelled: what was meant would not happen",
      { onFailiure: "clean-up" },
      /Unrecognized key/,
    ],
    [
      "a version is not Major.Minor.Patch",
      { target: { ...good.target, version: "1.0" } },
      /^target\.version/,
    ],
    [
      "a backup is not kept in place",
      { mode: "in-place", backup: { keepDays: 0 } },
      /^backup\.keepDays: with mode "in-place"/,
    ],
    ["a clone is to change the source", { sourceAfter: "delete" }, /^sourceAfter: only allowed with mode/],
    [
      "a specialized image is to be a managed one",
      { image: { state: "specialized" }, target: managed },
      /^target\.kind: a specialized/,
    ],
    [
      "a user's name could be more than a name",
      { guest: { removeUsers: ["a; rm -rf /"] } },
      /^guest\.removeUsers\.0: must be a user name/,
    ],
    ["a tag has a character that Azure refuses", { tags: { "a<b": "c" } }, /^tags\.a<b: a tag name must not/],
    [
      "a tag is the pipeline's own",
      { tags: { "VmImage-Run": "another" } },
      /^tags: names that begin with vmimage-/,
    ],
    ["a tag's name is empty", { tags: { "": "c" } }, /^tags\.: a tag name must not be empty/],
    [
      "a user is to stay and to go",
      { guest: { removeUsers: ["ann", "bob"], keepUsers: ["bob"] } },
      /^guest\.keepUsers: contains a user that is also in removeUsers/,
    ],
    [
      "something is to be done in a guest that is to stay as it is",
      { image: { state: "specialized" }, guest: { removeUsers: ["bob"] } },
      /^guest: a specialized image/,
    ],
    ["two tags are one to Azure", { tags: { owner: "a", Owner: "b" } }, /^tags: two names differ/],
    ["its id could be more than an id", { requestId: "../x" }, /^requestId: must be 1 to 64/],
    ["a limit is no time", { limits: { backupMinutes: 0 } }, /^limits\.backupMinutes/],
  ];
  test.each(rows)("%s", (_why, change, said) => {
    expect(problemsIn({ ...good, ...change })).toEqual([expect.stringMatching(said)]);
  });

  test("members contradict each other, and that is said whatever else is wrong", () => {
    const conflicting = { image: { state: "specialized" }, sourceAfter: "delete", target: managed };
    const alone = problemsIn({ ...good, ...conflicting });
    expect(alone.map((line) => line.split(":")[0])).toEqual(["sourceAfter", "target.kind"]);
    const also = problemsIn({ ...conflicting, sourceVmId: 5, backup: "no", colour: "red", dryRun: "yes" });
    expect(also).toEqual(expect.arrayContaining(alone));
    expect(also).toHaveLength(alone.length + 4);
    const inPlace = { mode: "in-place", backup: { keepDays: 0, kind: "tape" }, sourceVmId: null };
    expect(problemsIn({ ...good, ...inPlace })).toHaveLength(3);
    const tags = problemsIn({ ...good, tags: { "a<b": "", "vmimage-run": "", owner: 1, Owner: "" } });
    expect(tags).toHaveLength(4);
    // Of what could not be read nothing is concluded.
    expect(problemsIn({ ...good, mode: "copy", sourceAfter: "delete" })).toHaveLength(1);
  });

  test("it is anything else, and nothing breaks over it", () => {
    const members = { ...good, mode: "", image: {}, backup: {}, sourceAfter: "", limits: {}, tags: {} };
    const like = fc.record(
      Object.fromEntries(Object.keys(members).map((name) => [name, fc.jsonValue({ maxDepth: 2 })])),
      { requiredKeys: [] },
    );
    const broken = (request: unknown) => problemsIn(request).length > 0;
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), like), broken));
  });

  test("several things are wrong, and then says all of them", () => {
    const problems = problemsIn({
      target: { kind: "gallery", definitionId: "g" },
      mode: "copy",
      colour: "red",
    });
    expect(problems).toHaveLength(4);
  });
});

describe("what is wrong with a request of megabytes", () => {
  test.each([
    [
      "names without end",
      Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`unknown${index}`, 1])),
    ],
    ["a name that is long", { ["x".repeat(1_000_000)]: 1 }],
    ["a tag's name that is long", { tags: { ["x".repeat(1_000_000)]: "1" } }],
    ["users without end", { guest: { removeUsers: Array.from({ length: 20_000 }, () => "a b") } }],
  ])("is said in bounds, for it goes into a history: %s", (_, change) => {
    const lines = problemsIn({ ...good, ...change });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join("\n").length).toBeLessThan(30_000);
  });

  test("counts what it does not name", () => {
    const tags = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`no?${index}`, ""]));
    const lines = problemsIn({ ...good, tags });
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toMatch(/and 199\d\d more problems/);
  });
});
