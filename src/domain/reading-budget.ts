/**
 * Reading with a budget: neighbouring small reads share windows, and the total can never exceed the limit,
 * whatever the bytes that were read ask for next. Hostile images are cheap to make; reading them must stay cheap.
 */
import { assertInRange, type RangeReader } from "./range-reader.js";

export interface ReadingLimits {
  readonly maxBytes: number;
  readonly maxRequests: number;
  /** Reads are rounded to windows of this size, so that what lies close together costs one request. */
  readonly windowBytes?: number;
  /** How many windows are remembered; the least recently used goes first. */
  readonly rememberedWindows?: number;
}

export interface BudgetedReader extends RangeReader {
  /** What was asked of the reader underneath so far. */
  readonly bytesRead: number;
  readonly requests: number;
}

/** The limit would have been passed; nothing was read. Tell it from other errors by its `name`. */
export class ReadBudgetExceeded extends Error {
  override readonly name = "ReadBudgetExceeded";
}

const DEFAULT_WINDOW_BYTES = 64 * 1024;
const DEFAULT_REMEMBERED_WINDOWS = 32;

export function budgetedReader(source: RangeReader, limits: ReadingLimits): BudgetedReader {
  const windowBytes = limits.windowBytes ?? DEFAULT_WINDOW_BYTES;
  const rememberedWindows = limits.rememberedWindows ?? DEFAULT_REMEMBERED_WINDOWS;
  const windows = new Map<number, Promise<Uint8Array>>();
  let bytesRead = 0;
  let requests = 0;

  async function spend(offset: number, length: number): Promise<Uint8Array> {
    if (bytesRead + length > limits.maxBytes || requests + 1 > limits.maxRequests) {
      throw new ReadBudgetExceeded(
        `Reading ${length} more bytes at ${offset} would pass the limit of ${limits.maxBytes} bytes ` +
          `and ${limits.maxRequests} requests (${bytesRead} and ${requests} are spent).`,
      );
    }
    bytesRead += length;
    requests += 1;
    return plainBytes(await source.read(offset, length));
  }

  const remember = (index: number, window: Promise<Uint8Array>) => {
    windows.delete(index);
    windows.set(index, window);
    for (const oldest of windows.keys()) {
      if (windows.size <= rememberedWindows) break;
      windows.delete(oldest);
    }
  };

  /** One request for the missing windows `first..last`. A failed one is forgotten, so that the next read tries anew. */
  function fetchRun(first: number, last: number): Promise<Uint8Array>[] {
    const start = first * windowBytes;
    const run = spend(start, Math.min((last + 1) * windowBytes, source.sizeBytes) - start);
    const fetched: Promise<Uint8Array>[] = [];
    for (let index = first; index <= last; index++) {
      const from = (index - first) * windowBytes;
      // A copy, so that remembering one window does not keep the whole run alive.
      const window = run.then((bytes) => (first === last ? bytes : bytes.slice(from, from + windowBytes)));
      remember(index, window);
      window.catch(() => {
        if (windows.get(index) === window) windows.delete(index);
      });
      fetched.push(window);
    }
    return fetched;
  }

  function windowsOf(first: number, last: number): Promise<Uint8Array>[] {
    const found: Promise<Uint8Array>[] = [];
    for (let index = first; index <= last;) {
      const known = windows.get(index);
      if (known) {
        remember(index, known);
        found.push(known);
        index += 1;
        continue;
      }
      let end = index;
      while (end < last && !windows.has(end + 1)) end += 1;
      found.push(...fetchRun(index, end));
      index = end + 1;
    }
    return found;
  }

  return {
    sizeBytes: source.sizeBytes,
    get bytesRead() {
      return bytesRead;
    },
    get requests() {
      return requests;
    },
    async read(offset, length) {
      assertInRange(source, offset, length);
      if (length === 0) return new Uint8Array(0);
      const first = Math.floor(offset / windowBytes);
      const last = Math.floor((offset + length - 1) / windowBytes);
      if (last - first + 1 > rememberedWindows) return spend(offset, length);
      const parts = await Promise.all(windowsOf(first, last));
      const skip = offset - first * windowBytes;
      const [only] = parts;
      if (parts.length === 1 && only) return only.subarray(skip, skip + length);
      const joined = new Uint8Array(length);
      let at = -skip;
      for (const part of parts) {
        const from = Math.max(0, -at);
        joined.set(part.subarray(from, Math.min(part.length, length - at)), Math.max(0, at));
        at += part.length;
      }
      return joined;
    },
  };
}

/**
 * The same bytes without what a subclass adds: `slice` copies in a Uint8Array and does not in Node's Buffer, and
 * nobody who reads through this should have to know which of them came.
 */
const plainBytes = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
