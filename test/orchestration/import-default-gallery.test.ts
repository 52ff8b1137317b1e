import { expect, test } from "vitest";
import type { ImageOrder } from "../../src/domain/image-order.js";
import { done } from "../support/import-world.js";
import { board, inputsOf, run } from "../support/run-import.js";

test("a drop to the default gallery creates its own definition from what the doctor found", async () => {
  const outcome = await run(
    { checkTarget: () => done({ createDefinition: true, version: "1.0.0", checks: [] }) },
    { defaultTarget: { kind: "gallery", galleryId: "/g", publisher: "us" } },
  );
  const [definition] = inputsOf<ImageOrder>(outcome, "createDefinitionStart");
  expect(definition).toMatchObject({
    target: { definitionId: "/g/images/web", create: { publisher: "us", sku: "web" } },
    traits: { securityType: "TrustedLaunchSupported" },
  });
  expect(board(outcome).result).toMatchObject({ version: "1.0.0" });
});
