/**
 * Carries out a mending plan over memory, as the activities do over blobs: slice by slice, stopping where it is told,
 * through the encoded plan. The target refuses what Put Page refuses.
 */
import { createHash } from "node:crypto";
import type { Container } from "../../src/domain/vhd/container.js";
import { fixedFooter } from "../../src/domain/vhd/footer.js";
import { planMending, type PlanOptions } from "../../src/domain/vhd/mending-plan.js";
import { pageRuns } from "../../src/domain/vhd/page-runs.js";
import { decodePlan, encodePlan } from "../../src/domain/vhd/plan-file.js";
import { assembleUnit, sliceCount, sliceUnits } from "../../src/domain/vhd/slice-units.js";
import { treeHash } from "../../src/domain/vhd/tree-hash.js";

export interface Mended {
  pageBlob: Buffer;
  root: string;
  puts: number;
  bytesFetched: number;
  bytesPut: number;
  staleSectors: number;
  slices: number;
}

export const UUID = Uint8Array.from({ length: 16 }, (_, index) => index);

export interface MendOptions extends PlanOptions {
  /** Units after which an activity gives up; the next begins where it stopped. */
  unitsPerActivity?: number;
}

export function mend(file: Buffer, container: Container, options: MendOptions = {}): Mended {
  const planBlob = encodePlan(planMending(container, options));
  const { newBytes } = decodePlan(planBlob);
  const pageBlob = Buffer.alloc(newBytes + 512);
  const hashes = treeHash(newBytes, () => createHash("sha256"));
  const leaves = new Map<number, Uint8Array>();
  const scratch = new Uint8Array(4 << 20).fill(0xdb); // as dirty as a pooled buffer
  const mended = { puts: 0, bytesFetched: 0, bytesPut: 0, staleSectors: 0 };

  const put = (offset: number, bytes: Uint8Array) => {
    const legal =
      offset % 512 === 0 && bytes.length % 512 === 0 && bytes.length > 0 && bytes.length <= 4 << 20;
    if (!legal || offset + bytes.length > pageBlob.length)
      throw new Error(`Put Page refused: ${bytes.length} at ${offset}`);
    pageBlob.set(bytes, offset);
    mended.puts += 1;
    mended.bytesPut += bytes.length;
  };

  const slices = sliceCount(decodePlan(planBlob));
  for (let slice = 0; slice < slices; slice++) {
    for (let fromUnit: number | undefined = 0; fromUnit !== undefined;) {
      const plan = decodePlan(planBlob);
      let left = options.unitsPerActivity ?? Infinity;
      let stoppedAt: number | undefined;
      for (const unit of sliceUnits(plan, slice, fromUnit)) {
        if (left-- === 0) {
          stoppedAt = unit.index;
          break;
        }
        const fetched = unit.reads.map(({ offset, length }) => {
          mended.bytesFetched += length;
          return Uint8Array.from(file.subarray(offset, offset + length));
        });
        const { data, staleSectors } = assembleUnit(plan, unit, fetched, scratch);
        mended.staleSectors += staleSectors;
        for (const { offset, length } of pageRuns(data, unit.virtualOffset)) {
          put(offset, data.subarray(offset - unit.virtualOffset, offset - unit.virtualOffset + length));
        }
        for (const { index, digest } of hashes.leavesOf(data, unit.virtualOffset)) leaves.set(index, digest);
      }
      fromUnit = stoppedAt;
    }
  }
  put(newBytes, fixedFooter({ sizeBytes: newBytes, uuid: UUID, secondsSince2000: 0x29b92700 }));
  const root = Buffer.from(hashes.root((index) => leaves.get(index))).toString("hex");
  return { ...mended, pageBlob, root, slices };
}
