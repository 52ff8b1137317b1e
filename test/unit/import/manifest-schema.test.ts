import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { imageManifest } from "../../../src/contracts/image-manifest.js";

const PUBLISHED = new URL("../../../docs/schemas/image-manifest.json", import.meta.url);

test("the published schema of a description is the one that is applied", () => {
  const applied = z.toJSONSchema(imageManifest, { io: "input" });
  expect(JSON.parse(readFileSync(PUBLISHED, "utf8"))).toEqual(applied);
});
