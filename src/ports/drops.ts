/** Dropped files. They are read, never written: what the pipeline reports about one is written beside it. */
import type { DropPlace, DropRef, DropState } from "../domain/import/drop.js";
import type { Extent } from "../domain/vhd/mending-plan.js";
import type { RangeReader } from "../domain/range-reader.js";

/** One content of a file. Every read throws SOURCE_CHANGED once the content has changed. */
export interface DropReader extends RangeReader {
  /** Fills `into` from `offset`, without a buffer of its own. */
  readInto(into: Buffer, offset: number): Promise<void>;
  /** The ranges of a page blob that were ever written, ascending; everything else is zeros. */
  writtenRanges(): AsyncIterable<Extent>;
}

export interface Drops {
  /** The current state of a file; undefined if it does not exist. */
  look(place: DropPlace): Promise<DropState | undefined>;
  /** Every file of a container, or of one folder of it. */
  list(container: string, prefix?: string): AsyncIterable<DropRef>;
  open(drop: DropRef): DropReader;
  /** A small text file; undefined if it does not exist. Refuses a file longer than `maxBytes`. */
  readText(place: DropPlace, maxBytes: number): Promise<string | undefined>;
  /** Writes `text` beside a file, and an index tag on the file itself where the account has tags. */
  writeBeside(drop: DropRef, beside: string, text: string, tag: string): Promise<void>;
}
