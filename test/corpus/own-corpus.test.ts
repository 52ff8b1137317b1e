/** The doctor and the mending, in memory, of one file of each kind that people and tools drop. */
import { describe, expect, it } from "vitest";
import { bytesReader } from "../support/bytes-reader.js";
import type { Purpose } from "../../src/domain/vhd/diagnosis.js";
import { examine } from "../../src/domain/vhd/examine.js";
import { openVhd } from "../../src/domain/vhd/open-vhd.js";
import { mend } from "../support/mend.js";
import { OWN_CORPUS, ubuntu } from "../support/own-corpus.js";
import { dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";
import { logicalDisk } from "../support/vhd-reference-reader.js";

const PURPOSES: readonly Purpose[] = ["os", "data", "any"];

describe("a dropped file", () => {
  it.each(OWN_CORPUS)("gets its verdict for every use: %s", async (_why, file, verdicts, deciding) => {
    const diagnoses = await Promise.all(PURPOSES.map((purpose) => examine(bytesReader(file), { purpose })));
    expect(diagnoses.map(({ verdict }) => verdict)).toEqual(verdicts);
    expect(diagnoses[0]?.codes[0]).toBe(deciding);
    for (const { findings } of diagnoses)
      expect(findings.every(({ what, remedy }) => what && remedy)).toBe(true);
  });

  it.each(OWN_CORPUS.filter(([, , verdicts]) => verdicts[1] === "mendable"))(
    "reads back, when mended, as the disk that went in: %s",
    async (_why, file) => {
      const opened = await openVhd(bytesReader(file));
      if (opened.status === "refused") throw new Error(opened.findings[0].what);
      const expected = opened.container.kind === "raw" ? file : logicalDisk(file);
      const { pageBlob } = mend(file, opened.container);
      expect(expected.equals(pageBlob.subarray(0, expected.length))).toBe(true);
      const again = await examine(bytesReader(pageBlob), { purpose: "data", blobType: "page" });
      expect(again).toMatchObject({ verdict: "ready", kind: "fixed", mending: { path: "none" } });
    },
  );

  it.each<[string, Buffer, "page" | "block" | undefined, string]>([
    ["an aligned page blob", fixedVhd({ disk: ubuntu }), "page", "none"],
    ["an aligned block blob", fixedVhd({ disk: ubuntu }), "block", "linear"],
    ["an aligned local file", fixedVhd({ disk: ubuntu }), undefined, "none"],
    ["a padded page blob", fixedVhd({ disk: ubuntu, padding: 512 }), "page", "copy-resize-footer"],
    ["a padded block blob", fixedVhd({ disk: ubuntu, padding: 512 }), "block", "linear"],
    ["a dynamic page blob", dynamicVhd({ disk: ubuntu }), "page", "dynamic"],
    ["a dynamic block blob", dynamicVhd({ disk: ubuntu }), "block", "dynamic"],
    ["a bare disk in a page blob", ubuntu, "page", "copy-resize-footer"],
  ])("is mended the cheapest way: %s", async (_why, file, blobType, path) => {
    const diagnosis = await examine(bytesReader(file), { purpose: "os", ...(blobType && { blobType }) });
    expect(diagnosis.mending.path).toBe(path);
  });

  it("is refused above a limit of the user's own", async () => {
    const diagnosis = await examine(bytesReader(dynamicVhd({ disk: ubuntu })), {
      purpose: "any",
      maxVirtualBytes: 20 * MIB,
    });
    expect(diagnosis).toMatchObject({ verdict: "refused", newSizeBytes: null, mending: { path: "none" } });
    expect(diagnosis.codes[0]).toBe("DISK_TOO_LARGE");
  });
});
