/** HTTP streaming (docs/local/functions-host.md: refused); alone, since the library keeps its setup while the process lives. */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loadApp } from "../../../src/local/functions-host/core/app-loader.js";

it("HTTP streaming is refused", async () => {
  const dir = await mkdtemp(join(tmpdir(), "streaming-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await symlink(resolve("node_modules"), join(dir, "node_modules"), "junction");
  await writeFile(join(dir, "package.json"), '{ "main": "app.cjs" }');
  await writeFile(
    join(dir, "app.cjs"),
    `const { app } = require("@azure/functions");
     app.setup({ enableHttpStream: true });
     app.http("f", { handler: () => ({}) });`,
  );
  await expect(loadApp(dir, () => undefined)).rejects.toThrow("remove enableHttpStream");
});
