/**
 * The file version of a Portable Executable (Microsoft "PE Format", The .rsrc Section; "VS_VERSIONINFO"): of
 * Windows' kernel it is the version of Windows, at the price of four small reads.
 */
import { hasMagic, readFields, uint } from "./fields.js";
import type { TreeNode } from "./file-tree.js";
import { utf16 } from "./text.js";

const PE_OFFSET = 60;
const MAX_PE_OFFSET = 64 * 1024;
const DOS_HEADER_BYTES = 64;

const COFF = { sectionCount: [6, 2], optionalBytes: [20, 2] } as const;
const OPTIONAL_HEADER = 24;
/** As in pe.ts: PE32 and PE32+ have their directories at different places; the third is of resources. */
const RESOURCES: Readonly<Record<number, number>> = { 0x10b: 96 + 2 * 8, 0x20b: 112 + 2 * 8 };
const SECTION = { virtualBytes: [8, 4], rva: [12, 4], fileOffset: [20, 4] } as const;
const SECTION_BYTES = 40;
/** ntoskrnl.exe has 30. */
const MAX_SECTIONS = 64;
const MAX_HEADER_BYTES = OPTIONAL_HEADER + 256 + MAX_SECTIONS * SECTION_BYTES;

const DIRECTORY = { namedCount: [12, 2], idCount: [14, 2] } as const;
const DIRECTORY_BYTES = 16;
const ENTRY = { id: [0, 4], offset: [4, 4] } as const;
const ENTRY_BYTES = 8;
const SUBDIRECTORY = 2 ** 31;
const MAX_ENTRIES = 64;
const RT_VERSION = 16;

const VERSION_INFO_BYTES = 92;
const KEY = "VS_VERSION_INFO";
const KEY_OFFSET = 6;
const FIXED = {
  signature: [40, 4],
  minor: [48, 2],
  major: [50, 2],
  revision: [52, 2],
  build: [54, 2],
} as const;
const FIXED_SIGNATURE = 0xfeef04bd;

/** As `10.0.20348.2340`; undefined where there is none. */
export async function readFileVersion(file: TreeNode): Promise<string | undefined> {
  const dos = await file.read(0, DOS_HEADER_BYTES);
  const peOffset = uint(dos, PE_OFFSET, 4);
  if (!hasMagic(dos, 0, "MZ") || peOffset > MAX_PE_OFFSET) return undefined;
  const pe = await file.read(peOffset, MAX_HEADER_BYTES);
  const resourcesField = RESOURCES[uint(pe, OPTIONAL_HEADER, 2)];
  if (!hasMagic(pe, 0, "PE\0\0") || resourcesField === undefined) return undefined;
  const resources = fileOffsetOf(pe, uint(pe, OPTIONAL_HEADER + resourcesField, 4));
  if (resources === undefined) return undefined;
  // Three levels: type, name, language. Of the last two there is one each.
  const type = await entryOf(file, resources, 0, RT_VERSION);
  const name = type === undefined ? undefined : await entryOf(file, resources, type - SUBDIRECTORY);
  const language = name === undefined ? undefined : await entryOf(file, resources, name - SUBDIRECTORY);
  if (language === undefined || language >= SUBDIRECTORY) return undefined;
  const data = fileOffsetOf(pe, uint(await file.read(resources + language, 4), 0, 4));
  return data === undefined ? undefined : fixedVersion(await file.read(data, VERSION_INFO_BYTES));
}

function fileOffsetOf(pe: Uint8Array, rva: number): number | undefined {
  const { sectionCount, optionalBytes } = readFields(COFF, pe);
  for (let index = 0; index < Math.min(sectionCount, MAX_SECTIONS); index++) {
    const section = readFields(SECTION, pe, OPTIONAL_HEADER + optionalBytes + index * SECTION_BYTES);
    const into = rva - section.rva;
    if (rva > 0 && into >= 0 && into < section.virtualBytes) return section.fileOffset + into;
  }
  return undefined;
}

/** Where the entry of an id, or the first entry, of a resource directory leads, with the mark of a subdirectory. */
async function entryOf(
  file: TreeNode,
  resources: number,
  at: number,
  id?: number,
): Promise<number | undefined> {
  if (at < 0) return undefined;
  const bytes = await file.read(resources + at, DIRECTORY_BYTES + MAX_ENTRIES * ENTRY_BYTES);
  const { namedCount, idCount } = readFields(DIRECTORY, bytes);
  for (let index = 0; index < Math.min(namedCount + idCount, MAX_ENTRIES); index++) {
    const entry = readFields(ENTRY, bytes, DIRECTORY_BYTES + index * ENTRY_BYTES);
    if (id === undefined || entry.id === id) return entry.offset;
  }
  return undefined;
}

function fixedVersion(info: Uint8Array): string | undefined {
  const key = utf16(info.subarray(KEY_OFFSET, KEY_OFFSET + 2 * KEY.length));
  const { signature, major, minor, build, revision } = readFields(FIXED, info);
  return key === KEY && signature === FIXED_SIGNATURE ? [major, minor, build, revision].join(".") : undefined;
}
