import { describe, expect, test } from "vitest";
import type { DropState } from "../../../src/domain/import/drop.js";
import { imageFrom, type ImageDefaults } from "../../../src/domain/import/image-from.js";
import type { DiskReport, ImageDescription } from "../../../src/domain/import/import-plan.js";
import { judgeLanding } from "../../../src/domain/import/landing.js";
import { importRunId, placeKey } from "../../../src/domain/import/run-id.js";
import { wayOf } from "../../../src/domain/import/way.js";
import { dropOf, noDescription, reportOf } from "../../support/import-world.js";

const state = (changes: Partial<DropState> = {}): DropState => ({
  drop: dropOf(),
  uri: "https://drops/drop/web.vhd",
  leased: false,
  copy: "none",
  metadata: {},
  ...changes,
});
const same = { etag: "1" };

describe("a file", () => {
  test.each([
    ["was seen once: it may be growing", state(), undefined, "arriving"],
    ["was seen twice with one ETag, once quoted and once not", state(), same, "landed"],
    ["has another ETag: something was written", state(), { etag: "0" }, "arriving"],
    ["is leased: an upload tool or Azure works on it", state({ leased: true }), same, "arriving"],
    ["is being copied: the event came at the copy's start", state({ copy: "pending" }), same, "arriving"],
    ["was copied", state({ copy: "success" }), same, "landed"],
    ["is what a failed copy left", state({ copy: "failed" }), same, "broken"],
    ["is what an aborted copy left", state({ copy: "aborted" }), same, "broken"],
  ] as const)("that %s", (_why, now, before, expected) => {
    expect(judgeLanding(now, before).state).toBe(expected);
  });

  const expected = { sizeBytes: dropOf().sizeBytes, md5: "m" };
  test.each([
    ["size and MD5 agree", state({ contentMd5: "m" }), undefined, "landed"],
    [
      "the MD5 is another: not the file that is meant, or not yet",
      state({ contentMd5: "n" }),
      undefined,
      "arriving",
    ],
    ["there is no MD5: two looks decide", state(), same, "landed"],
    [
      "the size is another, however still it is",
      state({ drop: { ...dropOf(), sizeBytes: 1 } }),
      same,
      "arriving",
    ],
    ["they agree, but it is leased", state({ contentMd5: "m", leased: true }), same, "arriving"],
  ] as const)("with a description, where %s", (_why, now, before, outcome) => {
    expect(judgeLanding(now, before, expected).state).toBe(outcome);
  });
});

describe("the run's id", () => {
  const drop = { container: "drop", blob: "team a/Web Server.vhd", etag: '"0x8D1"' };
  test("is the same for one content, whoever announces it and however the ETag is written", () => {
    expect(importRunId({ ...drop, etag: "0x8D1" })).toBe(importRunId(drop));
  });
  test.each([
    ["another content", { ...drop, etag: '"0x8D2"' }],
    ["another folder", { ...drop, blob: "team b/Web Server.vhd" }],
    ["another container", { ...drop, container: "drop2" }],
  ])("differs for %s", (_what, other) => {
    expect(importRunId(other)).not.toBe(importRunId(drop));
  });
  test("fits every name that is made of it", () => {
    for (const blob of ["x".repeat(1000) + ".vhd", "日本.vhd", "a.image.json", "..vhd", "-.vhd"])
      expect(importRunId({ ...drop, blob })).toMatch(/^[a-z0-9][a-z0-9-]{0,59}$/);
  });
  test("does not tell contents of one file apart where that is the point", () => {
    expect(placeKey(drop)).toBe(placeKey({ ...drop, blob: "team a/Web Server.vhd" }));
  });
});

describe("the image", () => {
  const where: ImageDefaults = {
    runId: "web-1",
    stem: "Web Server",
    location: "westeurope",
    defaultTarget: { kind: "gallery", galleryId: "/g", publisher: "us" },
  };
  const decide = (
    report: Partial<DiskReport>,
    description: Partial<ImageDescription> = {},
    defaults: Partial<ImageDefaults> = {},
  ) => imageFrom(reportOf(report), { ...noDescription, ...description }, { ...where, ...defaults });

  test.each([
    [
      "boots both ways: V2 alone can have secure boot",
      { generation: "both" },
      { traits: { generation: "V2" } },
    ],
    ["is signed, goes to a gallery", {}, { traits: { securityType: "TrustedLaunchSupported" } }],
    ["is not signed", { secureBootSigned: false }, { traits: { securityType: "Standard" } }],
    ["boots by BIOS", { generation: "V1" }, { traits: { securityType: "Standard", generation: "V1" } }],
    ["keeps its identity, goes to a gallery", { generalized: "no" }, { state: "specialized" }],
    ["cannot be seen into", { generalized: "unknown" }, { state: "generalized" }],
    ["is of unknown architecture", { architecture: "unknown" }, { traits: { architecture: "x64" } }],
  ] as const)("of a disk that %s", (_why, report, expected) => {
    expect(decide(report)).toMatchObject({ status: "done", value: expected });
  });

  const managed = { defaultTarget: { kind: "managed-image", resourceGroupId: "/rg" } } as const;

  test.each([
    ["generalized", "yes"],
    ["not seen into: only a clear no stands in the way", "unknown"],
  ] as const)("of a disk for a managed image is generalized and Standard: it is %s", (_why, generalized) => {
    expect(decide({ generalized }, {}, managed)).toMatchObject({
      value: {
        target: { imageId: "/rg/providers/Microsoft.Compute/images/web-1" },
        state: "generalized",
        traits: { securityType: "Standard" },
      },
    });
  });

  test.each([
    ["Linux", "MACHINE_ID_PRESENT", /waagent -deprovision\+user/],
    ["Windows", "SYSPREP_TAG_MISSING", /sysprep \/generalize/],
  ] as const)(
    "is refused where a %s with its identity would become a managed image",
    (osFamily, code, remedy) => {
      const decided = decide({ osFamily, generalized: "no", codes: [code] }, {}, managed);
      expect(decided).toMatchObject({ status: "refused", code: "DISK_NOT_GENERALIZED" });
      expect((decided as { message: string }).message).toContain(code);
      expect((decided as { remedy: string }).remedy).toMatch(remedy);
    },
  );

  test("is generalized where the description says so, although the doctor saw an identity", () => {
    const decided = decide({ generalized: "no" }, { state: "generalized" }, managed);
    expect(decided).toMatchObject({ value: { state: "generalized" } });
  });

  test("is refused where the description wants a managed image that is specialized", () => {
    const decided = decide({}, { state: "specialized" }, managed);
    expect(decided).toMatchObject({ status: "refused", code: "TARGET_MISMATCH" });
  });

  test("is what its description says, whatever the doctor saw", () => {
    const os = { ...noDescription.os, type: "Windows", generation: "V1", architecture: "Arm64" } as const;
    expect(decide({}, { os, location: "northeurope", state: "specialized" })).toMatchObject({
      value: {
        location: "northeurope",
        state: "specialized",
        traits: { osType: "Windows", generation: "V1" },
      },
    });
  });

  test.each([
    ["the operating system", { osFamily: "unknown" }, /Windows/],
    ["how it boots", { generation: "unknown" }, /UEFI/],
  ] as const)("is refused when nothing tells %s, with the words to say it", (_what, report, remedy) => {
    const decided = decide(report);
    expect(decided).toMatchObject({ status: "refused", code: "DISK_NOT_RECOGNIZED" });
    expect((decided as { remedy: string }).remedy).toMatch(remedy);
  });
});

const COPIES = { freeze: "when-needed", copyBy: "account" } as const;
test.each([
  ["a perfect page blob", "none", "web.vhd", COPIES, "as-it-lies"],
  ["one in a folder: Azure takes no name with a slash", "none", "a/web.vhd", COPIES, "server-copy"],
  ["one to be frozen", "none", "web.vhd", { ...COPIES, freeze: "always" }, "server-copy"],
  ["a page blob with a wrong end", "copy-resize-footer", "a/web.vhd", COPIES, "server-copy-new-footer"],
  ["one where nothing is to be copied", "none", "web.vhd", { ...COPIES, copyBy: "stream" }, "as-it-lies"],
  ["one in a folder, to be streamed", "none", "a/web.vhd", { ...COPIES, copyBy: "stream" }, "ranges"],
  ["a wrong end, to be streamed", "copy-resize-footer", "web.vhd", { ...COPIES, copyBy: "stream" }, "ranges"],
  ["a dynamic disk", "dynamic", "web.vhd", { ...COPIES, freeze: "always" }, "blocks"],
  ["a fixed block blob", "linear", "web.vhd", { ...COPIES, copyBy: "stream" }, "linear"],
] as const)("the way of %s", (_what, path, blob, settings, way) => {
  expect(wayOf({ path, why: "" }, { blob }, settings).way).toBe(way);
});
