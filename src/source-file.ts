/** What the app sends as it is written: scripts and the status page. */
import { readFileSync } from "node:fs";

/** By its path below src/, which lies beside dist/: such files are read from where they are kept, built or not. */
export const sourceFile = (path: string): string =>
  readFileSync(new URL(`../src/${path}`, import.meta.url), "utf8");

/** Run Command takes one file: what a guest script includes is put where it says so. */
export function guestScript(system: "linux" | "windows", file: string): string {
  const included = (_: string, name: string) => guestScript(system, name);
  return sourceFile(`guest/${system}/${file}`).replace(/^# include: ([a-z]+\.(?:sh|ps1))\n/m, included);
}
