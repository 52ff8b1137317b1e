/** Systems whose root says little: it is read-only and hashed, or its /usr is a volume of its own. */
import { expect, test } from "vitest";
import { inspectDisk } from "../../../src/domain/disk/inspect-disk.js";
import { gptDisk, GUIDS } from "../../support/disk-builder.js";
import { extVolume } from "../../support/disk-ext.js";
import { fatVolume } from "../../support/disk-fat.js";
import { peFile } from "../../support/disk-pe.js";
import { DEBIAN_ESP, signatureVolume } from "../../support/disk-systems.js";

test.each([
  [
    "a Linux on erofs, with the hashes of it beside it",
    gptDisk([
      {
        type: GUIDS.efiSystem,
        volume: fatVolume(16, { ...DEBIAN_ESP, "EFI/azurelinux/grub.cfg": new Uint8Array(1) }).disk,
      },
      { type: GUIDS.linux, volume: signatureVolume(1024, "\xe2\xe1\xf5\xe0") },
      { type: GUIDS.linux, volume: signatureVolume(0, "verity\0\0") },
    ]),
    { osFamily: "Linux", generalized: "unknown", filesystems: ["fat16", "erofs", "verity"] },
    ["ROOT_UNREADABLE"],
  ],
  [
    "a Flatcar, whose /usr is a volume of its own and whose root is not made yet",
    gptDisk([
      { type: GUIDS.efiSystem, volume: fatVolume(16, { "EFI/BOOT/BOOTX64.EFI": peFile() }).disk },
      {
        type: GUIDS.linux,
        volume: extVolume({ "lib/os-release": "ID=flatcar\nVERSION_ID=4081.2.0\n", "bin/sh": "x" }).disk,
      },
      { type: GUIDS.linux, volume: extVolume({ "lost+found/x": "" }).disk },
    ]),
    {
      generation: "V2",
      osFamily: "Linux",
      distribution: "flatcar",
      version: "4081.2.0",
      generalized: "unknown",
    },
    ["ROOT_UNREADABLE"],
  ],
  [
    "a root whose os-release lies on a /usr of its own",
    gptDisk([
      { type: GUIDS.efiSystem, volume: fatVolume(16, { "EFI/BOOT/BOOTX64.EFI": peFile() }).disk },
      { type: GUIDS.linux, volume: extVolume({ "lib/os-release": "ID=photon\nVERSION_ID=5.0\n" }).disk },
      {
        type: GUIDS.linux,
        volume: extVolume({
          "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
          "etc/fstab": "",
          "etc/waagent.conf": "",
        }).disk,
      },
    ]),
    { osFamily: "Linux", distribution: "photon", version: "5.0", generalized: "yes" },
    [],
  ],
] as const)("%s", async (_what, disk, facts, codes) => {
  const found = await inspectDisk(disk.reader());
  expect(found).toMatchObject(facts);
  expect(found.findings.map(({ code }) => code)).toEqual(codes);
});
