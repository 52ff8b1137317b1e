/** Sizes of disks, and what follows from size and kind. */
import { diskErrors } from "./storage-errors.js";

/** In GiB; the largest disks there are have 64 TiB. */
const MAX_SIZE_GB = 65_536;

export function checkSize(sizeGb: number | undefined): void {
  if (sizeGb !== undefined && (!Number.isInteger(sizeGb) || sizeGb < 1 || sizeGb > MAX_SIZE_GB))
    throw diskErrors.sizeOutOfRange(sizeGb, MAX_SIZE_GB);
}

export const withTier = (sku: { name?: string } | undefined): { name: string; tier: string } => {
  const name = sku?.name ?? "Standard_LRS";
  return {
    name,
    tier: name.startsWith("Premium") ? "Premium" : name.startsWith("Ultra") ? "Ultra" : "Standard",
  };
};

/** Each tier holds twice as much as the one before it, beginning with 4 GiB (Microsoft's table of premium disks). */
const TIERS = "P1 P2 P3 P4 P6 P10 P15 P20 P30 P40 P50 P60 P70 P80".split(" ");

/** Only premium disks have one. */
export const tierOf = (sku: string, sizeGb: number): { tier?: string | undefined } =>
  /^Premium_[LZ]RS$/.test(sku) ? { tier: TIERS[Math.max(0, Math.ceil(Math.log2(sizeGb / 4)))] } : {};
