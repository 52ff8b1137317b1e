/** What makes a backup unsound: one thing wrong a row. */
import { describe, expect, test } from "vitest";
import type { HeldDisk } from "../../../src/domain/backup.js";
import { partsOf } from "../../../src/domain/backup.js";
import { backupProblems, exchangedDisks } from "../../../src/domain/proof.js";
import { allDisks } from "../../../src/domain/vm.js";
import { GROUP, factsOf, windowsVm } from "../../support/capture-world.js";

const whole: readonly HeldDisk[] = allDisks(windowsVm).map(({ lun, sizeGb }) => ({
  lun,
  sizeGb,
  id: `/restorePoints/backup/diskRestorePoints/${lun}`,
  state: "Succeeded",
}));
const changed = (lun: number, change: Partial<HeldDisk>) =>
  whole.map((disk) => (disk.lun === lun ? { ...disk, ...change } : disk));

const rows: readonly (readonly [why: string, held: readonly HeldDisk[], problems: readonly RegExp[]])[] = [
  ["every disk is there, whole", whole, []],
  ["in another order", [...whole].reverse(), []],
  [
    "a data disk is not in it",
    whole.filter(({ lun }) => lun !== 3),
    [/LUN 3 \(web-d3\) is not in the backup/],
  ],
  ["the OS disk is not in it", whole.slice(1), [/the OS disk \(web-os\) is not in the backup/]],
  ["it is empty", [], [/the OS disk/, /LUN 0/, /LUN 3/, /LUN 7/]],
  [
    "a disk is smaller",
    changed(0, { sizeGb: 63 }),
    [/LUN 0 \(web-d0\) has 64 GiB, but its backup has 63 GiB/],
  ],
  [
    "a disk is larger",
    changed(-1, { sizeGb: 128 }),
    [/the OS disk \(web-os\) has 127 GiB, but its backup has 128/],
  ],
  ["a disk failed", changed(7, { state: "Failed" }), [/the backup of .* LUN 7 \(web-d7\) is Failed/]],
  ["a disk is still being made", changed(-1, { state: "Creating" }), [/is Creating/]],
  ["Azure does not tell a size", whole.map(({ lun, id, state }) => ({ lun, id, state })), []],
  ["a disk was exchanged for another of its size", changed(3, { of: "/disks/other" }), [/LUN 3 .* replaced/]],
  ["its disks are told in another case", changed(3, { of: `${GROUP}/disks/WEB-D3`.toUpperCase() }), []],
  [
    "a disk was attached meanwhile",
    [...whole, { lun: 9, sizeGb: 4, id: "/x", state: "Succeeded" }],
    [/contains a disk at LUN 9/],
  ],
];

describe("a backup", () => {
  test.each(rows)("%s", (_, held, problems) => {
    const found = backupProblems(windowsVm, held);
    expect(found).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries()) expect(found[index]).toMatch(problem);
  });

  test("is asked after where its disks are: a restore point once, snapshots each", () => {
    const disks = whole.map(({ lun, id, sizeGb }) => ({ lun, id, sizeGb }));
    const ids = ["/restorePoints/backup", "/collection"];
    const of = (kind: "restore-point" | "snapshots") => partsOf({ kind, ids, disks, consistency: "" });
    expect(of("restore-point").map(({ id }) => id)).toEqual(["/restorePoints/backup"]);
    expect(of("snapshots").map(({ id, lun }) => [id, lun])).toEqual(disks.map(({ id, lun }) => [id, lun]));
  });
});

describe("the VM's disks after its snapshots", () => {
  const { disks } = factsOf(windowsVm);
  const swap = (lun: number, id: string) => disks.map((disk) => (disk.lun === lun ? { ...disk, id } : disk));
  test.each([
    ["are as they were", disks, []],
    ["are told in another case", swap(0, (disks[1]?.id ?? "").toUpperCase()), []],
    ["lack one", disks.filter(({ lun }) => lun !== 0), [/LUN 0 \(web-d0\) is no longer attached/]],
    ["hold another at its place", swap(-1, "/disks/other"), [/the OS disk \(web-os\) is no longer attached/]],
    [
      "are one more",
      [...disks, { lun: 9, id: "/disks/new", name: "new", caching: "None" as const }],
      [/LUN 9 \(new\) was attached in the meantime/],
    ],
  ])("%s", (_, now, problems) => {
    const found = exchangedDisks(windowsVm, now);
    expect(found).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries()) expect(found[index]).toMatch(problem);
  });
});
