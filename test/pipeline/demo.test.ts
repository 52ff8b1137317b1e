/** The demo as a person runs it, twice at the same time, one of the two with its host killed in the middle. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const script = join(fileURLToPath(new URL("../..", import.meta.url)), "dist/local/demo/main.js");

/** Far more than it takes; a busy machine is no reason to fail. */
const PATIENCE_MS = 240_000;

async function demo(...flags: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [script, "--data-mib", "16", "--speed", "300", ...flags]);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

it(
  "ends well twice at the same time, and with its host killed: nothing is done twice",
  { timeout: PATIENCE_MS },
  async () => {
    expect(existsSync(script), "built by npm run build").toBe(true);
    const [plain, interrupted] = await Promise.all([demo(), demo("--kill-host-after", "3")]);
    for (const { code, output } of [plain, interrupted]) {
      expect(output).toContain("Everything was as printed.");
      expect(output).toMatch(/data disk, LUN 3 +128 +None/);
      expect(output).toContain("none differently");
      expect(code).toBe(0);
    }
    expect(plain.output).not.toContain("Starting it again");
    expect(interrupted.output).toContain("The host was ended by SIGKILL. Starting it again");
  },
);
