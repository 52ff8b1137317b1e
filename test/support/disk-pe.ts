/** The heads of UEFI programs (Microsoft "PE Format"), as large as a reader needs them. */
import { structure, utf16Bytes } from "./disk-builder.js";

export interface PeOptions {
  readonly machine?: number;
  readonly signed?: boolean;
  readonly magic?: number;
  readonly peOffset?: number;
  /** Major, minor, build, revision, in a resource section as linkers lay it out. */
  readonly version?: readonly [number, number, number, number];
}

export const MACHINES = { x64: 0x8664, arm64: 0xaa64, x86: 0x014c } as const;

export function peFile({
  machine = MACHINES.x64,
  signed = true,
  magic = 0x20b,
  peOffset = 128,
  version,
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
    ...(version ? versionRows(version, peOffset, directories) : []),
    [directories + 4 * 8, 4, signed ? certificates : 0],
    [directories + 4 * 8 + 4, 4, signed ? 512 : 0],
  ]);
}

/** A directory of three levels whose first entry is of another type, and the version behind it. */
function versionRows(
  [major, minor, build, revision]: readonly [number, number, number, number],
  peOffset: number,
  directories: number,
) {
  const [fileOffset, rva, optionalBytes] = [peOffset + 0x200, 0x5000, 240];
  const directory = (at: number, entries: readonly (readonly [id: number, offset: number])[]) =>
    [
      [fileOffset + at + 14, 2, entries.length],
      ...entries.flatMap(([id, offset], index) => [
        [fileOffset + at + 16 + 8 * index, 4, id] as const,
        [fileOffset + at + 20 + 8 * index, 4, offset] as const,
      ]),
    ] as const;
  const section = peOffset + 24 + optionalBytes;
  return [
    [peOffset + 6, 2, 1],
    [peOffset + 20, 2, optionalBytes],
    [directories + 2 * 8, 4, rva],
    [section, ".rsrc"],
    [section + 8, 4, 0x400],
    [section + 12, 4, rva],
    [section + 20, 4, fileOffset],
    ...directory(0, [
      [11, 2 ** 31 + 0x20],
      [16, 2 ** 31 + 0x40],
    ]),
    ...directory(0x40, [[1, 2 ** 31 + 0x60]]),
    ...directory(0x60, [[1033, 0x80]]),
    [fileOffset + 0x80, 4, rva + 0xa0],
    [fileOffset + 0xa0 + 6, utf16Bytes("VS_VERSION_INFO")],
    [fileOffset + 0xa0 + 40, 4, 0xfeef04bd],
    [fileOffset + 0xa0 + 48, 2, minor],
    [fileOffset + 0xa0 + 50, 2, major],
    [fileOffset + 0xa0 + 52, 2, revision],
    [fileOffset + 0xa0 + 54, 2, build],
  ] as const;
}
