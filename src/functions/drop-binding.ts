/**
 * What a blob trigger hands to its function: where the file lies, and never the file. The host sends a deferred
 * binding as model binding data; @azure/functions asks the ResourceFactoryResolver of its extensions library for
 * whatever is registered for the source "AzureStorageBlobs" (this is how @azure/functions-extensions-blob makes its
 * clients). The library must be the one that @azure/functions itself requires: its ES module holds another resolver.
 */
import { createRequire } from "node:module";
import { z } from "zod";
import type { DropPlace } from "../domain/import/drop.js";

const SOURCE = "AzureStorageBlobs";

interface ResourceFactoryResolver {
  hasResourceFactory(source: string): boolean;
  registerResourceFactory(source: string, factory: (data: unknown) => unknown): void;
}

const bindingData = z.object({ content: z.instanceof(Uint8Array) });
const content = z.object({ ContainerName: z.string(), BlobName: z.string() });

function placeFromBinding(data: unknown): DropPlace {
  const bytes = bindingData.parse(data).content;
  const { ContainerName, BlobName } = content.parse(JSON.parse(new TextDecoder().decode(bytes)));
  return { container: ContainerName, blob: BlobName };
}

/** Once a process: an app that is loaded again finds its factory there. */
export function bindDropsByPlace(): void {
  const here = createRequire(import.meta.url);
  const library = createRequire(here.resolve("@azure/functions"))("@azure/functions-extensions-base") as {
    ResourceFactoryResolver: { getInstance(): ResourceFactoryResolver };
  };
  const resolver = library.ResourceFactoryResolver.getInstance();
  if (!resolver.hasResourceFactory(SOURCE)) resolver.registerResourceFactory(SOURCE, placeFromBinding);
}
