/** Who may look into a state folder: it holds the journal of all runs, dropped disks, and keys. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { inFolder } from "../../../src/local/state-lock.js";

test.skipIf(process.platform === "win32")(
  "a state folder that is made is its owner's alone, whatever the umask",
  () => {
    const place = mkdtempSync(join(tmpdir(), "vmimage-state-"));
    onTestFinished(() => rmSync(place, { recursive: true }));
    const folder = join(place, "state", "logs");
    inFolder(folder, () => undefined);
    for (const one of [folder, join(place, "state")]) expect(statSync(one).mode & 0o777).toBe(0o700);
  },
);
