/** What the app sends as it is written: scripts and the status page. */
import { readFileSync } from "node:fs";

/** By its path below src/, which lies beside dist/: such files are read from where they are kept, built or not. */
export const sourceFile = (path: string): string =>
  readFileSync(new URL(`../src/${path}`, import.meta.url), "utf8");
