/**
 * The demo's disk maker and the pipeline's disk reader were written apart from the same specifications: what one
 * writes the other must understand.
 */
import { describe, expect, it } from "vitest";
import { inspectDisk } from "../../../src/domain/disk/inspect-disk.js";
import { bytesReader } from "../../support/bytes-reader.js";
import { openVhd } from "../../../src/domain/vhd/open-vhd.js";
import { virtualDisk } from "../../../src/domain/vhd/virtual-disk.js";
import { demoDisk } from "../../../src/local/demo/disk/demo-disk.js";

const MIB = 1024 * 1024;
const disk = demoDisk({ sizeGib: 1, dataMib: 2 });
const file = Buffer.concat([...disk.vhd.stream()]);

async function opened() {
  const result = await openVhd(bytesReader(file));
  if (result.status !== "opened") throw new Error(`Not opened: ${JSON.stringify(result)}`);
  return { container: result.container, inside: virtualDisk(bytesReader(file), result.container) };
}

describe("the demo's disk", () => {
  it("is exactly as long as it says beforehand, so that an upload can be announced", () => {
    expect(file.length).toBe(disk.vhd.fileBytes);
  });

  it("is a dynamic VHD, far smaller than the disk in it", async () => {
    const { container, inside } = await opened();
    expect(container.kind).toBe("dynamic");
    expect(inside.sizeBytes).toBe(disk.sizeBytes);
    expect(file.length).toBeLessThan(disk.sizeBytes / 8);
  });

  it("reads the same inside the VHD as the maker says it does", async () => {
    const { inside } = await opened();
    for (let offset = 0; offset < disk.sizeBytes; offset += 4 * MIB) {
      const expected = disk.read(offset, 4 * MIB);
      const found = Buffer.from(await inside.read(offset, 4 * MIB));
      expect(found.equals(expected), `bytes at ${offset / MIB} MiB`).toBe(true);
    }
  });

  it("holds a generalized Debian that boots as generation 2, with nothing to complain of but the unsigned loader", async () => {
    const { inside } = await opened();
    const facts = await inspectDisk(inside);
    expect(facts).toMatchObject({
      scheme: "gpt",
      generation: "V2",
      architecture: "x64",
      osFamily: "Linux",
      distribution: "debian",
      version: "13",
      generalized: "yes",
    });
    expect(facts.findings.map((finding) => finding.code)).toEqual(["LOADER_UNSIGNED"]);
  });

  it("is the same file in every run", () => {
    const again = Buffer.concat([...demoDisk({ sizeGib: 1, dataMib: 2 }).vhd.stream()]);
    expect(again.equals(file)).toBe(true);
  });
});
