/**
 * The collection of real and hostile files that several projects share, where it lies beside this one. What is
 * asserted of it is asserted of this project's own fixtures in own-corpus.test.ts, which needs nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { examine } from "../../src/domain/vhd/examine.js";
import { planMending } from "../../src/domain/vhd/mending-plan.js";
import { openVhd } from "../../src/domain/vhd/open-vhd.js";
import { sliceUnits } from "../../src/domain/vhd/slice-units.js";
import { gunzipSparse } from "../support/gzipped-file.js";
import { mend } from "../support/mend.js";
import { isAllZero } from "../support/vhd-builder.js";
import { logicalDisk } from "../support/vhd-reference-reader.js";

const CORPUS = join(import.meta.dirname, "../../../shared/vhd-corpus");
const MANIFEST = join(CORPUS, "manifest.json");
/** Larger disks of the corpus are empty; that they are is what is asserted of them. */
const CONTENT_COMPARED = 1 << 30;

interface Entry {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly what: string;
  readonly verdict: "ready" | "mendable" | "refused" | "either";
}

const entries = existsSync(MANIFEST) ? (JSON.parse(readFileSync(MANIFEST, "utf8")) as Entry[]) : [];

describe.runIf(entries.length > 0)("the shared corpus", () => {
  it.each(entries)(
    "$name gets its verdict: $verdict ($what)",
    async ({ file: packed, bytes, verdict }) => {
      const file = await gunzipSparse(join(CORPUS, packed), bytes);
      const diagnosis = await examine(file.reader(), { purpose: "any" });
      if (verdict !== "either") expect(diagnosis.verdict, diagnosis.codes.join()).toBe(verdict);
      expect(diagnosis.bytesRead).toBeLessThan(2 << 20);
      expect(diagnosis.requests).toBeLessThan(60);
      if (diagnosis.verdict === "mendable") await expectMended(file.bytes(0, bytes));
    },
    120_000,
  );
});

async function expectMended(bytes: Uint8Array): Promise<void> {
  const file = Buffer.from(bytes.buffer);
  const opened = await openVhd({
    sizeBytes: file.length,
    read: (at, length) => Promise.resolve(file.subarray(at, at + length)),
  });
  if (opened.status === "refused") throw new Error(opened.findings[0].what);
  const { container } = opened;
  if (container.virtualBytes > CONTENT_COMPARED) {
    expect([...sliceUnits(planMending(container), 0)]).toEqual([]);
    return;
  }
  const expected = container.kind === "raw" ? file : logicalDisk(file);
  const { pageBlob } = mend(file, container);
  expect(expected.equals(pageBlob.subarray(0, expected.length))).toBe(true);
  expect(isAllZero(pageBlob.subarray(expected.length, -512))).toBe(true);
}
