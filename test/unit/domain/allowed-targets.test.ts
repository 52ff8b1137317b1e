import { describe, expect, test } from "vitest";
import { target } from "../../../src/contracts/target.js";
import type { Target } from "../../../src/domain/target.js";
import { outsideAllowed } from "../../../src/domain/allowed-targets.js";

const GROUP = "/subscriptions/s/resourceGroups/images";
const GALLERY = `${GROUP}/providers/Microsoft.Compute/galleries/shared`;
const version = (gallery: string) => target.parse({ kind: "gallery", definitionId: `${gallery}/images/web` });
const image = (group: string) =>
  target.parse({ kind: "managed-image", imageId: `${group}/providers/Microsoft.Compute/images/web` });

describe("an image may go", () => {
  const rows: readonly (readonly [where: string, may: boolean, allowed: string[], to: Target])[] = [
    ["anywhere, where no place is named", true, [], version(GALLERY)],
    ["into a gallery that is named", true, [GALLERY], version(GALLERY)],
    ["into a gallery of a group that is named", true, [GROUP], version(GALLERY)],
    ["as a managed image into a group that is named", true, [GROUP], image(GROUP)],
    ["into any of several", true, [GALLERY, GROUP], image(GROUP)],
    ["wherever the case alone differs", true, [GALLERY.toUpperCase()], version(GALLERY)],
    ["not into another gallery beside it", false, [GALLERY], version(`${GALLERY}-too`)],
    ["not into a gallery whose name its begins with", false, [`${GALLERY}-too`], version(GALLERY)],
    ["not beside a gallery in its group", false, [GALLERY], image(GROUP)],
    ["not into a group whose name begins the same", false, [GROUP], image(`${GROUP}-of-others`)],
    ["not into the same group of another subscription", false, [GROUP], image(GROUP.replace("/s/", "/t/"))],
  ];
  test.each(rows)("%s", (_where, may, allowed, to) => {
    const outside = outsideAllowed(allowed, to);
    expect(outside?.code).toBe(may ? undefined : "TARGET_NOT_ALLOWED");
    if (!may) expect(outside?.remedy).toContain(allowed.join());
  });
});
