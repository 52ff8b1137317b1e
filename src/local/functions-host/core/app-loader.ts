/**
 * Loads an app as the real worker does: every file that matches package.json's `main` (a glob), `import()` for
 * ES modules and `require()` for CommonJS, then the `appStart` hooks, then no more registrations.
 */
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import {
  installCoreModule,
  newRegistration,
  programmingModel,
  type Registration,
  setCurrentRegistration,
} from "./core-module.js";
import type { ProgrammingModel } from "./core-types.js";
import { globToRegExp, staticPrefix } from "./glob.js";

export interface LoadedApp {
  readonly registration: Registration;
  readonly model: ProgrammingModel;
  terminate(): Promise<void>;
}

let loads = 0;

export async function loadApp(appDir: string, log: Registration["log"]): Promise<LoadedApp> {
  installCoreModule();
  const registration = newRegistration(log);
  setCurrentRegistration(registration);
  const load = loads++;
  const manifestPath = join(appDir, "package.json");
  const manifest = JSON.parse(await readFile(manifestPath, "utf8")) as { main?: string; type?: string };
  if (manifest.main === undefined)
    throw new Error(`${manifestPath} has no "main"; name the app's entry there.`);
  const files = await matching(appDir, manifest.main);
  if (files.length === 0) {
    throw new Error(`"main" of ${manifestPath} matches no file: ${manifest.main}. Build the app first.`);
  }
  for (const file of files) await loadFile(file, manifest.type === "module", load);

  const model = programmingModel();
  if (model === undefined || registration.functions.size === 0) {
    throw new Error(
      `${files.join(", ")} registered no function; the app must use the v4 model of @azure/functions.`,
    );
  }
  const hookContext = { hookData: {}, appHookData: {}, functionAppDirectory: appDir };
  for (const hook of registration.hooks.get("appStart") ?? []) await hook(hookContext);
  const capabilities = await model.getCapabilities({});
  if (capabilities.HttpUri !== undefined) {
    throw new Error("The local host does not stream HTTP: remove enableHttpStream from app.setup().");
  }
  registration.locked = true;
  return {
    registration,
    model,
    async terminate() {
      for (const hook of registration.hooks.get("appTerminate") ?? []) await hook(hookContext);
    },
  };
}

async function matching(appDir: string, main: string): Promise<string[]> {
  const pattern = globToRegExp(main);
  const root = resolve(appDir, staticPrefix(main));
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(relative(appDir, path).split(sep).join("/")))
    .sort();
}

/** A second load in one process evaluates the entry anew; what the entry imports is stateless and stays. */
async function loadFile(path: string, typeModule: boolean, load: number): Promise<void> {
  if (path.endsWith(".mjs") || (typeModule && !path.endsWith(".cjs"))) {
    const url = pathToFileURL(path).href;
    await import(load === 0 ? url : `${url}?n=${load}`);
    return;
  }
  const require = createRequire(path);
  Reflect.deleteProperty(require.cache, require.resolve(path));
  require(path);
}
