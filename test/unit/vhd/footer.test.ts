import { describe, expect, it } from "vitest";
import { fixedFooter, geometryFor, parseFooter } from "../../../src/domain/vhd/footer.js";
import { footerBytes } from "../../support/vhd-builder.js";

const GIB = 1024 ** 3;
const uuid = Uint8Array.from(Buffer.from("00112233445566778899aabbccddeeff", "hex"));

describe("the footer of a result", () => {
  it.each<[string, number]>([
    ["the smallest disk", 20 << 20],
    ["17 sectors a track, more than 4 heads", 100 << 20],
    ["the last size with 17 sectors a track", 504 << 20],
    ["31 sectors a track", 800 << 20],
    ["63 sectors a track", 30 * GIB],
    ["255 sectors a track", 127 * GIB],
    ["the largest geometry", 4096 * GIB],
  ])("is, byte for byte, the one that the specification gives for %s", (_why, sizeBytes) => {
    const footer = fixedFooter({ sizeBytes, uuid, secondsSince2000: 0x29b92700 });
    expect(Buffer.from(footer).equals(footerBytes({ size: sizeBytes }))).toBe(true);
  });

  it.each<[string, number, number, number, number]>([
    ["qemu-img for 64 MiB, rounded up", 67125248, 964, 8, 17],
    ["Virtual PC for 127 GiB", 136365211648, 65278, 16, 255],
    ["Hyper-V for 24 MiB", 24 << 20, 722, 4, 17],
  ])("has the geometry that %s writes", (_why, sizeBytes, cylinders, heads, sectorsPerTrack) => {
    expect(geometryFor(sizeBytes)).toEqual({ cylinders, heads, sectorsPerTrack });
  });

  it("says what it was made of when it is read", () => {
    const footer = fixedFooter({ sizeBytes: 20 << 20, uuid, secondsSince2000: 1 });
    expect(parseFooter(footer)).toMatchObject({
      type: "fixed",
      currentSize: 20n << 20n,
      creator: "win ",
      savedState: false,
    });
  });

  it("is not made for a size that is no whole number of sectors, or without a UUID", () => {
    expect(() => fixedFooter({ sizeBytes: 1000, uuid, secondsSince2000: 0 })).toThrow(RangeError);
    expect(() => fixedFooter({ sizeBytes: 1024, uuid: uuid.subarray(1), secondsSince2000: 0 })).toThrow(
      RangeError,
    );
  });
});
