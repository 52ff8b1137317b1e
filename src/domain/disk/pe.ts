/**
 * The little of a Portable Executable that says for which processor it is and whether it is signed (Microsoft
 * "PE Format": COFF File Header, Optional Header Data Directories, Attribute Certificate Table).
 */
import { hasMagic, readFields, uint } from "./fields.js";
import type { TreeNode } from "./file-tree.js";

const DOS_HEADER_BYTES = 64;
const PE_OFFSET = 60;
/** Real loaders have it within the first 512 bytes. */
const MAX_PE_OFFSET = 64 * 1024;
const PE_HEADER_BYTES = 24 + 112 + 16 * 8;

const MACHINE = [4, 2] as const;
const OPTIONAL_HEADER = 24;
const PE32 = 0x10b;
const PE32_PLUS = 0x20b;
/** Where the data directories begin in the optional header; their count stands right before. */
const DIRECTORIES: Readonly<Record<number, number>> = { [PE32]: 96, [PE32_PLUS]: 112 };
const CERTIFICATE_DIRECTORY = 4;
const DIRECTORY = { fileOffset: [0, 4], bytes: [4, 4] } as const;
const CERTIFICATE_HEADER_BYTES = 8;

export type Machine = "x64" | "Arm64" | "x86" | "Arm" | "other";

const MACHINES: Readonly<Record<number, Machine>> = {
  0x8664: "x64",
  0xaa64: "Arm64",
  0x014c: "x86",
  0x01c4: "Arm",
};

export interface PeFacts {
  /** Absent where the file begins like a program, but its header is not there: cut off, or a stub. */
  readonly machine?: Machine;
  /** Has an attribute certificate table; whose certificates is the firmware's to judge. */
  readonly signed: boolean;
}

/** Undefined where the file is no program at all. */
export async function readPe(file: TreeNode): Promise<PeFacts | undefined> {
  const dos = await file.read(0, DOS_HEADER_BYTES);
  const peOffset = uint(dos, PE_OFFSET, 4);
  if (!hasMagic(dos, 0, "MZ")) return undefined;
  const pe = peOffset > MAX_PE_OFFSET ? new Uint8Array(0) : await file.read(peOffset, PE_HEADER_BYTES);
  if (!hasMagic(pe, 0, "PE\0\0")) return { signed: false };
  return { machine: MACHINES[uint(pe, ...MACHINE)] ?? "other", signed: hasCertificates(pe, file.sizeBytes) };
}

function hasCertificates(pe: Uint8Array, fileBytes: number): boolean {
  const directories = DIRECTORIES[uint(pe, OPTIONAL_HEADER, 2)];
  if (directories === undefined) return false;
  const count = uint(pe, OPTIONAL_HEADER + directories - 4, 4);
  if (count <= CERTIFICATE_DIRECTORY) return false;
  const { fileOffset, bytes } = readFields(
    DIRECTORY,
    pe,
    OPTIONAL_HEADER + directories + 8 * CERTIFICATE_DIRECTORY,
  );
  return fileOffset > 0 && bytes > CERTIFICATE_HEADER_BYTES && fileOffset + bytes <= fileBytes;
}
