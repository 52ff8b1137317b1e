/**
 * A page blob is as long as it will be before its first byte comes, and an upload that pauses looks finished. One that
 * begins and ends with zeros is given some time before the doctor says that it is empty.
 */
import type { DropState } from "../../domain/import/drop.js";
import { isZero } from "../../domain/vhd/layout.js";
import type { Drops } from "../../ports/drops.js";

const LOOKED_AT_BYTES = 512;
const PAUSE_ALLOWED_SECONDS = 600;

export async function isStillBlank(
  { drop }: DropState,
  waitedSeconds: number,
  drops: Drops,
): Promise<boolean> {
  if (drop.blobKind !== "page" || drop.sizeBytes < LOOKED_AT_BYTES) return false;
  if (waitedSeconds > PAUSE_ALLOWED_SECONDS) return false;
  const reader = drops.open(drop);
  const tail = await reader.read(drop.sizeBytes - LOOKED_AT_BYTES, LOOKED_AT_BYTES);
  if (!isZero(tail)) return false;
  return isZero(await reader.read(0, LOOKED_AT_BYTES));
}
