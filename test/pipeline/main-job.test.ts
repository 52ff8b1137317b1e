/** The main job through the whole house: the built app on the local host, against the local Azure. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  definitionId,
  linuxDefinition,
  linuxVm,
  vmId,
  windowsDefinition,
  windowsVm,
} from "../../src/local/cloud/seed.js";
import { demoDisk } from "../../src/local/demo/disk/demo-disk.js";
import { readImage } from "../../src/local/demo/images.js";
import { startLocalEnvironment } from "../support/local-environment.js";
import type { LocalEnvironment } from "../support/local-environment.js";

let local: LocalEnvironment;
beforeAll(async () => {
  local = await startLocalEnvironment();
});
afterAll(() => local.stop());

const gallery = (definition: string) => ({
  kind: "gallery",
  definitionId: definitionId(local.subscriptionId, definition),
});
const imageIdOf = (result: unknown): string => (result as { image: { id: string } }).image.id;

describe("the main job", () => {
  it(
    "makes a VM image of a Windows VM with its data disks from one message",
    { timeout: 90_000 },
    async () => {
      await local.send("windows", {
        sourceVmId: vmId(local.subscriptionId, windowsVm.name),
        target: gallery(windowsDefinition),
      });
      const run = await local.ended("capture", "windows");
      expect(run.error).toBeUndefined();
      expect(run).toMatchObject({ status: "succeeded", leftovers: [] });
      expect(await readImage(local.compute, imageIdOf(run.result))).toEqual({
        osType: "Windows",
        state: "Generalized",
        generation: "V2",
        ready: "Succeeded, replication Completed, may be the latest",
        disks: [
          { lun: -1, sizeGib: 127, caching: "ReadWrite" },
          { lun: 0, sizeGib: 64, caching: "ReadOnly" },
          { lun: 3, sizeGib: 128, caching: "None" },
        ],
      });
      const history = await local.history("capture", "windows");
      expect(history).toContain("TaskCompleted");
      expect(history).not.toContain("sig=");
    },
  );

  it(
    "makes an image of a dropped dynamic VHD and leaves the file as it was",
    { timeout: 90_000 },
    async () => {
      const disk = demoDisk({ sizeGib: 1, dataMib: 4 });
      const bytes = Buffer.concat([...disk.vhd.stream()]);
      const blob = local.dropContainer.getBlockBlobClient("small.vhd");
      const { etag } = await blob.uploadData(bytes);
      const run = await local.ended("import", "small");
      expect(run.error).toBeUndefined();
      expect(run).toMatchObject({ status: "succeeded", leftovers: [] });
      expect(await readImage(local.compute, imageIdOf(run.result))).toMatchObject({
        osType: "Linux",
        state: "Generalized",
        generation: "V2",
        disks: [{ lun: -1, sizeGib: 1 }],
      });
      expect((await blob.getProperties()).etag).toBe(etag);
      expect(await local.history("import", run.id)).not.toContain("sig=");
    },
  );
});

describe("what cannot become an image", () => {
  it.each([
    [
      "a message that is not JSON",
      "not-json",
      () => Buffer.from('{"sourceVmId": '),
      "REQUEST_NOT_JSON",
      /JSON/,
    ],
    [
      "a message that lacks its target",
      "no-target",
      () => ({ sourceVmId: vmId(local.subscriptionId, linuxVm.name) }),
      "INVALID_REQUEST",
      /^target: /m,
    ],
    [
      "the same, made text before it was sent",
      "text",
      () => JSON.stringify({ sourceVmId: vmId(local.subscriptionId, linuxVm.name) }),
      "INVALID_REQUEST",
      /^target: /m,
    ],
    [
      "a message that names a VM that is not there",
      "no-vm",
      () => ({ sourceVmId: vmId(local.subscriptionId, "nobody"), target: gallery(linuxDefinition) }),
      "VM_NOT_FOUND",
      /nobody/,
    ],
  ])("is refused with its reason: %s", async (_, id, body, code, reason) => {
    await local.send(id, body());
    const run = await local.ended("capture", id);
    expect(run).toMatchObject({ status: "refused", error: { code } });
    expect(run.error?.message).toMatch(reason);
    expect(run.error?.remedy).not.toBe("");
  });

  it("is refused with a code and a remedy, and left alone: a .vhd that is none", async () => {
    const blob = local.dropContainer.getBlockBlobClient("holiday.vhd");
    const { etag } = await blob.uploadData(Buffer.from("holiday pictures\n".repeat(4000)));
    const run = await local.ended("import", "holiday");
    expect(run).toMatchObject({ status: "refused", error: { code: "VHD_FORMAT_UNKNOWN" } });
    expect(run.error?.remedy).not.toBe("");
    expect((await blob.getProperties()).etag).toBe(etag);
  });

  it("does not block the next request", async () => {
    await local.send("afterwards", {
      sourceVmId: vmId(local.subscriptionId, linuxVm.name),
      target: gallery(linuxDefinition),
      dryRun: true,
    });
    expect(await local.ended("capture", "afterwards")).toMatchObject({ status: "succeeded" });
  });
});

describe("what everyone can read", () => {
  it("contains no signature: the logs of host and cloud", () => {
    expect(local.lines.length).toBeGreaterThan(100);
    expect(local.lines.filter((line) => /[?&]sig=(?!\*\*\*)/.test(line))).toEqual([]);
  });
});
