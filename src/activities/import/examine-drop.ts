/** The doctor's verdict on one file: kept with the run and, where the file is refused, beside it for whoever dropped it. */
import { verdictName, type DropPlace, type DropRef } from "../../domain/import/drop.js";
import type { DiskReport } from "../../domain/import/import-plan.js";
import { done, refused, type Outcome } from "../../domain/outcome.js";
import type { Diagnosis, DoctorFinding, Purpose } from "../../domain/vhd/diagnosis.js";
import { examine } from "../../domain/vhd/examine.js";
import { placeName } from "../../domain/vm.js";
import type { Drops } from "../../ports/drops.js";
import type { RunStore } from "../../ports/run-store.js";
import { StorageRefusal } from "../../ports/storage-refusal.js";

export interface ExaminePorts {
  readonly drops: Drops;
  readonly runs: RunStore;
}

export async function examineDropped(
  { runId, lun, drop, purpose }: { runId: string; lun: number; drop: DropRef; purpose: Purpose },
  { drops, runs }: ExaminePorts,
): Promise<Outcome<DiskReport>> {
  const diagnosis = await diagnose(drop, purpose, drops);
  const text = JSON.stringify(diagnosis, undefined, 2);
  await runs.put(runId, `verdict-${placeName(lun)}.json`, new TextEncoder().encode(text));
  const [deciding] = diagnosis.findings;
  if (diagnosis.verdict !== "refused" || deciding === undefined) return done(reportOf(diagnosis));
  const unsaid = await leaveVerdict(drop, text, deciding.code, drops);
  return refused(`VHD_${deciding.code}`, `${drop.blob}: ${sayOf(deciding)}${unsaid}`, deciding.remedy);
}

const diagnose = (drop: DropRef, purpose: Purpose, drops: Drops): Promise<Diagnosis> =>
  examine(drops.open(drop), { purpose, blobType: drop.blobKind === "page" ? "page" : "block" });

const sayOf = ({ what, where }: DoctorFinding): string =>
  where === undefined
    ? what
    : `${what} (At byte ${where.offsetBytes}${where.value === undefined ? "" : `: ${where.value}`}.)`;

/** @returns what to add to the message where the verdict cannot be left beside the file; it stands all the same. */
async function leaveVerdict(drop: DropRef, text: string, code: string, drops: Drops): Promise<string> {
  try {
    await drops.writeBeside(drop, verdictName(drop.blob), text, `refused ${code}`);
    return "";
  } catch (error) {
    if (error instanceof StorageRefusal)
      return ` (The verdict could not be written beside it: ${error.message})`;
    throw error;
  }
}

const reportOf = (diagnosis: Diagnosis): DiskReport => ({
  verdict: diagnosis.verdict,
  codes: diagnosis.codes.slice(0, 20),
  kind: diagnosis.kind,
  virtualSizeBytes: diagnosis.virtualSizeBytes ?? 0,
  newSizeBytes: diagnosis.newSizeBytes ?? 0,
  path: diagnosis.mending.path,
  why: diagnosis.mending.why,
  osFamily: diagnosis.osFamily,
  generation: diagnosis.generation,
  architecture: diagnosis.architecture,
  generalized: diagnosis.generalized,
  secureBootSigned: diagnosis.secureBootSigned ?? false,
  bytesRead: diagnosis.bytesRead + diagnosis.blockTable.bytesRead,
});

/** The same look without a run: by HTTP, before anything is decided. */
export async function inspectDrop(
  place: DropPlace,
  purpose: Purpose,
  drops: Drops,
): Promise<Diagnosis | undefined> {
  const state = await drops.look(place);
  return state && diagnose(state.drop, purpose, drops);
}
