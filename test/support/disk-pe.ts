/** The heads of UEFI programs (Microsoft "PE Format"), as large as a reader needs them. */
import { structure } from "./disk-builder.js";

export interface PeOptions {
  readonly machine?: number;
  readonly signed?: boolean;
  readonly magic?: number;
  readonly peOffset?: number;
}

export const MACHINES = { x64: 0x8664, arm64: 0xaa64, x86: 0x014c } as const;

export function peFile({
  machine = MACHINES.x64,
  signed = true,
  magic = 0x20b,
  peOffset = 128,
}: PeOptions = {}): Uint8Array {
  const optional = peOffset + 24;
  const directories = optional + (magic === 0x20b ? 112 : 96);
  const certificates = 1024 + (peOffset & ~511);
  return structure(certificates + 512, [
    [0, "MZ"],
    [60, 4, peOffset],
    [peOffset, "PE\0\0"],
    [peOffset + 4, 2, machine],
    [optional, 2, magic],
    [directories - 4, 4, 16],
    [directories + 4 * 8, 4, signed ? certificates : 0],
    [directories + 4 * 8 + 4, 4, signed ? 512 : 0],
  ]);
}
