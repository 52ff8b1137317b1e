/** The files that people drop. They are read, never written: what the pipeline has to say about one goes beside it. */
import type { DropPlace, DropRef, DropState } from "../domain/import/drop.js";
import type { Extent } from "../domain/vhd/mending-plan.js";
import type { RangeReader } from "../domain/range-reader.js";

/** One content of a file. Every read throws SOURCE_CHANGED as soon as the file has another. */
export interface DropReader extends RangeReader {
  /** Fills `into` from `offset`, without a buffer of its own. */
  readInto(into: Buffer, offset: number): Promise<void>;
  /** The ranges of a page blob that were ever written, ascending; everything else is zeros. */
  writtenRanges(): AsyncIterable<Extent>;
}

export interface Drops {
  /** How a file stands now; undefined when it is not there. */
  look(place: DropPlace): Promise<DropState | undefined>;
  /** Every file of a container, or of one folder of it. */
  list(container: string, prefix?: string): AsyncIterable<DropRef>;
  open(drop: DropRef): DropReader;
  /** A small text file; undefined when it is not there. Refuses what is longer than `maxBytes`. */
  readText(place: DropPlace, maxBytes: number): Promise<string | undefined>;
  /** Writes `text` beside a file, and an index tag on the file itself where the account has tags. */
  writeBeside(drop: DropRef, beside: string, text: string, tag: string): Promise<void>;
}
