/** Small files of a state folder: read where there are any, and replaced so that a kill leaves the old one or the new. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** The whole file; nothing of one that is not there. */
export function readIfPresent(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** State holds keys and SAS URLs: nobody else may read it. */
export function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
