/** The file under the durable state: what is flushed stays, what is torn is cut, what is old is compacted. */
import {
  appendFile,
  type FileHandle,
  mkdtemp,
  open,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openInstances } from "../../../src/local/functions-host/durable/instances.js";
import { openJournal } from "../../../src/local/functions-host/durable/journal.js";
import { startFixture } from "./fixture.js";

let dir: string;
let path: string;
let file = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "journal-"));
});
afterAll(() => rm(dir, { recursive: true }));
beforeEach(() => {
  path = join(dir, `${file++}.journal`);
});

/** What is held once garbage is gone. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

const read = async (of = path) => {
  const headers: unknown[] = [];
  const journal = await openJournal(of, { fsync: false }, ({ header }) => void headers.push(header));
  return { headers, journal };
};

/** How often files of this process are written to meanwhile. */
async function countingWrites(act: () => Promise<void>): Promise<number> {
  const probe = await open(path, "r");
  const prototype = Object.getPrototypeOf(probe) as Pick<FileHandle, "write">;
  await probe.close();
  const { write } = prototype;
  let writes = 0;
  prototype.write = function (this: FileHandle, ...given: unknown[]) {
    writes += 1;
    return Reflect.apply(write, this, given) as Promise<never>;
  };
  await act().finally(() => (prototype.write = write));
  return writes;
}

describe("a journal", () => {
  it("gives back what was appended, headers at once and bodies on demand", async () => {
    const { journal } = await read();
    const place = journal.append({ n: 1 }, "line one\nline two");
    journal.append({ n: 2 });
    expect(await journal.readBody(place)).toBe("line one\nline two");
    await journal.close();
    const again = await read();
    expect(again.headers).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await again.journal.readBody(place)).toBe("line one\nline two");
    await again.journal.close();
  });

  it("writes a thousand appends of one moment together", async () => {
    const { journal } = await read();
    const writes = await countingWrites(async () => {
      for (let n = 0; n < 1000; n++) journal.append({ n });
      await Promise.all(Array.from({ length: 100 }, () => journal.flushed()));
    });
    expect(writes).toBe(1);
    await journal.close();
    const again = await read();
    expect(again.headers).toEqual(Array.from({ length: 1000 }, (_, n) => ({ n })));
    await again.journal.close();
  });

  it("loses nothing before a torn tail, wherever it is torn, and appends cleanly after it", async () => {
    const { journal } = await read();
    const ends: number[] = [];
    for (let n = 0; n < 5; n++) {
      const { at, length } = journal.append({ n, text: "x".repeat(n * 7) });
      ends.push(at + length);
    }
    await journal.close();
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (cut) => {
        const torn = join(dir, "torn.journal");
        await writeFile(torn, whole.subarray(0, cut));
        const first = await read(torn);
        expect(first.headers).toHaveLength(ends.filter((end) => end <= cut).length);
        first.journal.append({ after: true });
        await first.journal.close();
        const second = await read(torn);
        expect(second.headers).toEqual([...first.headers, { after: true }]);
        await second.journal.close();
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["garbage", 3, (at: string) => appendFile(at, "garbage that is no frame")],
    [
      "zeros, as a file system leaves them after a power failure",
      3,
      (at: string) => appendFile(at, Buffer.alloc(4096)),
    ],
    ["half a record", 2, async (at: string) => truncate(at, (await stat(at)).size - 3)],
  ] as [string, number, (at: string) => Promise<void>][])("stops at %s", async (_, sound, damage) => {
    const { journal } = await read();
    for (let n = 0; n < 3; n++) journal.append({ n });
    await journal.close();
    await damage(path);
    const again = await read();
    expect(again.headers).toHaveLength(sound);
    await again.journal.close();
  });
});

describe("the state of ten thousand finished instances", () => {
  it("is less than a kilobyte of memory each, and a compaction keeps every row readable", async () => {
    const stateDir = join(dir, "many");
    const instances = await openInstances(stateDir, { fsync: false });
    const input = JSON.stringify("x".repeat(300));
    for (let n = 0; n < 10_000; n++) {
      const id = `i${n}`;
      instances.start({ id, name: "o", executionId: "e", input, createdMs: n });
      for (let turn = 0; turn < 3; turn++) {
        instances.turn(id, {
          atMs: n,
          consumed: 1 - Math.min(turn, 1),
          scheduled: [],
          cancelled: [],
          leaves: [],
        });
      }
      const row = {
        id,
        name: "o",
        status: "Completed",
        createdMs: n,
        updatedMs: n,
        input,
        output: `${n}`,
      } as const;
      instances.finish(id, { ...row, customStatus: null, history: [] });
    }
    await instances.close();
    const before = (await stat(join(stateDir, "durable.journal"))).size;
    const heldBefore = heldBytes();
    const again = await openInstances(stateDir, { fsync: false });
    expect((heldBytes() - heldBefore) / 10_000).toBeLessThan(1024);
    expect(again.summaries()).toHaveLength(10_000);
    expect((await stat(join(stateDir, "durable.journal"))).size).toBeLessThan(before);
    expect(await again.row("i9999")).toMatchObject({ output: "9999", input });
    await again.close();
  });

  it("survives a compaction in the middle of running ones", async () => {
    const fixture = await startFixture("fixture-app");
    const id = await fixture.start("countdown", { left: 3, seen: [] });
    const filler = "x".repeat(2_000_000);
    for (let n = 0; n < 2; n++) await fixture.post(`instances/${id}/raiseEvent/ignored`, filler);
    await fixture.post(`instances/${id}/raiseEvent/tick`, 1);
    await fixture.host.idle();
    await fixture.restart();
    for (const n of [2, 3]) await fixture.post(`instances/${id}/raiseEvent/tick`, n);
    expect(await fixture.finish(id)).toMatchObject({ output: [1, 2, 3] });
    await fixture.stop();
  });
});
