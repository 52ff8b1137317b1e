import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { bindDropsByPlace } from "../../../src/functions/drop-binding.js";

test("the library that @azure/functions itself asks turns a deferred blob binding into its place, and loads nothing", () => {
  bindDropsByPlace();
  bindDropsByPlace();
  const functions = createRequire(createRequire(import.meta.url).resolve("@azure/functions"));
  const { ResourceFactoryResolver } = functions("@azure/functions-extensions-base") as {
    ResourceFactoryResolver: { getInstance(): { createClient(source: string, data: unknown): unknown } };
  };
  const content = { Connection: "DropStorage", ContainerName: "drop", BlobName: "team a/web.vhd" };
  const data = {
    version: "1.0",
    source: "AzureStorageBlobs",
    contentType: "application/json",
    content: Buffer.from(JSON.stringify(content)),
  };
  expect(ResourceFactoryResolver.getInstance().createClient("AzureStorageBlobs", data)).toEqual({
    container: "drop",
    blob: "team a/web.vhd",
  });
});
