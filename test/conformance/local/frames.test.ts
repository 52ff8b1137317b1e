/** What the journals of host and Service Bus read back of a file that was torn: all that was whole before, no more. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frame, soundFrames } from "../../../src/local/frames.js";

const payload = fc.uint8Array({ minLength: 1, maxLength: 40 });
const read = (file: Buffer) => [...soundFrames(file)].map((one) => Buffer.from(one.payload));

describe("framed records", () => {
  it("come back as they were written, whatever parts they were written of", () => {
    fc.assert(
      fc.property(fc.array(fc.array(payload, { minLength: 1, maxLength: 3 })), (records) => {
        const file = Buffer.concat(records.map((parts) => frame(...parts)));
        expect(read(file)).toEqual(records.map((parts) => Buffer.concat(parts)));
      }),
    );
  });

  it("are read up to the one that is cut off, or in which a bit is turned", () => {
    const records = fc.array(payload, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(records, fc.nat(), fc.nat({ max: 7 }), fc.boolean(), (payloads, place, bit, cut) => {
        const file = Buffer.concat(payloads.map((one) => frame(one)));
        const at = place % file.length;
        const sound = [...soundFrames(file)].filter(({ end }) => end <= at).length;
        file[at] = (file[at] ?? 0) ^ (1 << bit);
        const damaged = cut ? file.subarray(0, at) : file;
        expect(read(damaged)).toEqual(payloads.slice(0, sound).map((one) => Buffer.from(one)));
      }),
    );
  });

  it.each([
    ["nothing at all", Buffer.alloc(0)],
    ["half a head", Buffer.alloc(7, 1)],
    ["a length beyond the end", Buffer.alloc(64, 0xff)],
    ["zeros, as a file system leaves them after a power failure", Buffer.alloc(4096)],
  ])("end before %s", (_, tail) => {
    const file = Buffer.concat([frame(Buffer.from("kept")), tail]);
    expect([...soundFrames(file)].map(({ end }) => end)).toEqual([12]);
  });
});
