/**
 * Moves a stretch of a disk from a dropped file into a page blob: a few workers share a cursor, each with buffers of
 * its own, and every unit is read, freed of stale sectors, hashed and written where it is not zero. It stops at a
 * unit's end when it has read enough or worked long enough; what it did counts from `from` up to `next`, without gaps.
 */
import { UNIT_BYTES, scratchBytes, unitLength, unitSource } from "../../domain/import/mending-units.js";
import type { Container } from "../../domain/vhd/container.js";
import { applyBitmap } from "../../domain/vhd/sector-bitmap.js";
import type { DropReader } from "../../ports/drops.js";
import type { PageWriter } from "../../ports/prepared-disks.js";
import { pageRuns } from "./page-runs.js";
import { unitHash } from "./tree-hash.js";

export interface Stretch {
  readonly container: Container;
  /** Of the disk that is made. */
  readonly diskBytes: number;
  readonly from: number;
  readonly to: number;
  readonly concurrency: number;
  readonly maxBytes: number;
  readonly deadlineMs: number;
}

export interface Moved {
  readonly next: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Of every unit that is not all zeros. */
  readonly hashes: ReadonlyMap<number, Buffer>;
}

export interface MoveEnds {
  readonly reader: Pick<DropReader, "readInto">;
  readonly writer: Pick<PageWriter, "write">;
  readonly nowMs: () => number;
}

export async function moveUnits(stretch: Stretch, { reader, writer, nowMs }: MoveEnds): Promise<Moved> {
  const { container, diskBytes } = stretch;
  const hashes = new Map<number, Buffer>();
  let next = stretch.from;
  let bytesRead = 0;
  let bytesWritten = 0;
  let failed = false;

  /** The next unit with anything in the file; empty ones cost a look at the map. */
  function take(): { unit: number; source: ReturnType<typeof unitSource> } | undefined {
    while (next < stretch.to) {
      const spent = bytesRead > 0 && (bytesRead >= stretch.maxBytes || nowMs() >= stretch.deadlineMs);
      const source = unitSource(container, next);
      if (source.readBytes > 0 && (failed || spent)) return undefined;
      const unit = next++;
      bytesRead += source.readBytes;
      if (source.readBytes > 0) return { unit, source };
    }
    return undefined;
  }

  async function work(): Promise<void> {
    let task = take();
    if (task === undefined) return;
    const scratch = Buffer.allocUnsafeSlow(scratchBytes(container));
    const buffer = Buffer.allocUnsafeSlow(UNIT_BYTES);
    for (; task !== undefined; task = take()) {
      const { unit, source } = task;
      for (const { fileOffset, length, into } of source.reads)
        await reader.readInto(scratch.subarray(into, into + length), fileOffset);
      const disk = buffer.subarray(0, unitLength(diskBytes, unit)).fill(0);
      for (const { at, length, data, bitmap } of source.pieces) {
        const bytes = scratch.subarray(data, data + length);
        if (bitmap)
          applyBitmap(bytes, scratch.subarray(bitmap.at, bitmap.at + bitmap.length), bitmap.firstBit);
        bytes.copy(disk, at);
      }
      const runs = pageRuns(disk);
      if (runs.length === 0) continue;
      hashes.set(unit, unitHash(disk));
      for (const { from, to } of runs) {
        await writer.write(unit * UNIT_BYTES + from, disk.subarray(from, to));
        bytesWritten += to - from;
      }
    }
  }

  const workers = Array.from({ length: stretch.concurrency }, () =>
    work().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  const ends = await Promise.allSettled(workers);
  const broken = ends.find((end) => end.status === "rejected");
  if (broken) throw broken.reason;
  return { next, bytesRead, bytesWritten, hashes };
}
