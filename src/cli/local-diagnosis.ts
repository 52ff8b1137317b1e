/** The doctor's verdict on a local file: the same that a drop of it would get. */
import type { Diagnosis, Purpose } from "../domain/vhd/diagnosis.js";
import { PURPOSES } from "../domain/vhd/diagnosis.js";
import { examine } from "../domain/vhd/examine.js";
import { CommandFailed, UsageError } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { withLocalFile } from "./local-file.js";

/** @throws UsageError for a word that is none. */
export function purposeNamed(name: string): Purpose {
  const purpose = PURPOSES.find((known) => known === name);
  if (purpose === undefined)
    throw new UsageError(`Unknown purpose "${name}"; use one of ${PURPOSES.join(", ")}.`);
  return purpose;
}

/** @throws CommandFailed when the file cannot be read: whatever its bytes are is a verdict. */
export async function diagnose(path: string, purpose: Purpose): Promise<Diagnosis> {
  try {
    return await withLocalFile(path, (reader) => examine(reader, { purpose }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailed(EXIT.unreadable, `${path} could not be read: ${why}`, { cause });
  }
}
