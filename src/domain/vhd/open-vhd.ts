/**
 * Opens a file as a VHD, believing nothing: each field is checked before it is used, and what is allocated or read
 * is bounded by constants, never by the file. Order of trust: a footer that fits the file, then what the first bytes
 * say the file is instead, then a bare disk.
 */
import type { RangeReader } from "../range-reader.js";
import { checkBlockTable, readBlockTable } from "./block-table.js";
import { chooseFooter, type ChosenFooter } from "./choose-footer.js";
import { formatCode } from "./codes.js";
import type { ContainerKind, Opened } from "./container.js";
import { readDynamicHeader, readParentName } from "./dynamic-header.js";
import { finding, hex, type Finding } from "./findings.js";
import {
  FOOTER_FIELD,
  FORMAT_VERSION,
  geometryBytes,
  geometryFor,
  isChecksumRight,
  type Footer,
} from "./footer.js";
import { GIB, isZero, printable, SECTOR_BYTES, TIB } from "./layout.js";
import { locateFooters } from "./locate-footer.js";
import { HEAD_BYTES, looksLikeDisk, recognizeFormat } from "./recognize-format.js";

/** 0xff000000 sectors: the last that a block table entry can reach. */
const MAX_DYNAMIC_BYTES = 2040 * GIB;
/** No disk of Azure is larger (ultra and premium v2: 64 TiB); also keeps every size a safe integer. */
const MAX_FIXED_BYTES = 64 * TIB;

/** `tableReader` reads the block table, where its bytes are accounted for apart. */
export async function openVhd(reader: RangeReader, tableReader: RangeReader = reader): Promise<Opened> {
  if (reader.sizeBytes === 0) return refuse("unknown", finding("EMPTY_FILE"));
  const footers = await locateFooters(reader);
  const chosen = chooseFooter(footers);
  if (chosen === undefined) return openWithoutFooter(reader);
  if ("code" in chosen) return refuse(kindOf(footers.tail?.footer ?? footers.head), chosen);

  const { footer, offsetBytes } = chosen;
  if (footer.type === "differencing") return refuseDifferencing(reader, chosen);
  const fault = checkFooter(footer, offsetBytes);
  if (fault) {
    // Bytes that only look like a footer, at the end of an archive, say less than the archive's own beginning.
    const foreign = offsetBytes > 0 && recognizeFormat(await readHead(reader));
    if (foreign) return refuse(foreign, finding(formatCode(foreign)));
    return refuse(kindOf(footer), fault, footer);
  }
  return footer.type === "fixed" ? openFixed(reader, chosen) : openDynamic(reader, tableReader, chosen);
}

function checkFooter(footer: Footer, offsetBytes: number): Finding | undefined {
  const at = (field: number, value: number | bigint) => ({
    where: { offsetBytes: offsetBytes + field, value: hex(value) },
  });
  if (footer.version !== FORMAT_VERSION)
    return finding("FOOTER_VERSION", at(FOOTER_FIELD.version, footer.version));
  if (footer.type === undefined) return finding("DISK_TYPE", at(FOOTER_FIELD.type, footer.typeNumber));
  const size = footer.currentSize;
  const most = footer.type === "fixed" ? MAX_FIXED_BYTES : MAX_DYNAMIC_BYTES;
  if (size === 0n || size % BigInt(SECTOR_BYTES) !== 0n || size > BigInt(most)) {
    return finding("SIZE_INVALID", { detail: `It is ${size} bytes.`, ...at(FOOTER_FIELD.currentSize, size) });
  }
  if (footer.type === "fixed" && size !== BigInt(offsetBytes)) {
    return finding(size > BigInt(offsetBytes) ? "TRUNCATED" : "SIZE_MISMATCH", {
      detail: `The footer declares ${size} bytes; ${offsetBytes} bytes precede it.`,
      ...at(FOOTER_FIELD.currentSize, size),
    });
  }
  return undefined;
}

/** Refused whatever else is wrong with it: no footer or header put right would bring the parent back. */
async function refuseDifferencing(
  reader: RangeReader,
  { footer, offsetBytes, findings }: ChosenFooter,
): Promise<Opened> {
  const parent = await readParentName(reader, footer);
  const differencing = finding("DIFFERENCING", {
    ...(parent !== undefined && { detail: `Its parent is "${parent}".` }),
    where: { offsetBytes: offsetBytes + FOOTER_FIELD.type, value: hex(footer.typeNumber) },
  });
  return refuse("differencing", differencing, footer, findings);
}

function openFixed(reader: RangeReader, { footer, findings }: ChosenFooter): Opened {
  return {
    status: "opened",
    container: { kind: "fixed", fileBytes: reader.sizeBytes, virtualBytes: Number(footer.currentSize) },
    findings: [...findings, ...remarks(footer)],
  };
}

async function openDynamic(
  reader: RangeReader,
  tableReader: RangeReader,
  chosen: ChosenFooter,
): Promise<Opened> {
  const { footer, findings } = chosen;
  const endOfData = chosen.endOfData ?? reader.sizeBytes;
  const header = await readDynamicHeader(reader, footer, endOfData);
  if ("code" in header) return refuse("dynamic", header, footer);
  const blocks = await readBlockTable(tableReader, header);
  const fault = checkBlockTable(blocks, header, endOfData);
  if (fault) {
    const cutShort = fault.code === "BAT_OUT_OF_RANGE" && chosen.endOfData === undefined;
    const { where } = fault;
    return refuse("dynamic", cutShort ? finding("TRUNCATED", { ...(where && { where }) }) : fault, footer);
  }
  return {
    status: "opened",
    container: {
      kind: "dynamic",
      fileBytes: reader.sizeBytes,
      virtualBytes: Number(footer.currentSize),
      blockBytes: header.blockBytes,
      bitmapBytes: header.bitmapBytes,
      blocks,
    },
    findings: [finding("KIND_DYNAMIC"), ...findings, ...remarks(footer)],
  };
}

/** What is worth a word and changes nothing. */
function remarks(footer: Footer): Finding[] {
  const found: Finding[] = [];
  if (footer.savedState) found.push(finding("SAVED_STATE"));
  const byGeometry = geometryBytes(footer.geometry);
  const usual = geometryBytes(geometryFor(Number(footer.currentSize)));
  if (byGeometry !== usual) {
    found.push(
      finding("GEOMETRY_DIFFERS", {
        detail: `It describes ${byGeometry} bytes; the size is ${footer.currentSize}.`,
      }),
    );
  }
  if (footer.originalSize !== footer.currentSize) found.push(finding("ORIGINAL_SIZE_DIFFERS"));
  return found;
}

const readHead = (reader: RangeReader): Promise<Uint8Array> =>
  reader.read(0, Math.min(HEAD_BYTES, reader.sizeBytes));

async function openWithoutFooter(reader: RangeReader): Promise<Opened> {
  const head = await readHead(reader);
  const { sizeBytes } = reader;
  const foreign = recognizeFormat(head);
  if (foreign) return refuse(foreign, finding(formatCode(foreign)));
  if (sizeBytes < SECTOR_BYTES)
    return refuse("unknown", finding("FILE_TOO_SHORT", { detail: `It has ${sizeBytes} bytes.` }));
  if (looksLikeDisk(head)) {
    if (sizeBytes % SECTOR_BYTES !== 0) {
      const detail = `It begins like a disk, has no footer, and its ${sizeBytes} bytes are not a whole number of sectors.`;
      return refuse("raw", finding("TRUNCATED", { detail }));
    }
    return {
      status: "opened",
      container: { kind: "raw", fileBytes: sizeBytes, virtualBytes: sizeBytes },
      findings: [finding("FOOTER_ABSENT")],
    };
  }
  const tail = await reader.read(
    sizeBytes - Math.min(SECTOR_BYTES, sizeBytes),
    Math.min(SECTOR_BYTES, sizeBytes),
  );
  if (isZero(head) && isZero(tail)) return refuse("unknown", finding("BLANK_NO_FOOTER"));
  return refuse(
    "unknown",
    finding("FORMAT_UNKNOWN", { where: { offsetBytes: 0, value: printable(head.subarray(0, 8)) } }),
  );
}

const kindOf = (footer: Footer | undefined): ContainerKind => footer?.type ?? "unknown";

function refuse(
  kind: ContainerKind,
  deciding: Finding,
  footer?: Footer,
  others: readonly Finding[] = [],
): Opened {
  const isPlausible =
    footer !== undefined && isChecksumRight(footer) && footer.currentSize <= BigInt(MAX_FIXED_BYTES);
  return {
    status: "refused",
    kind,
    ...(isPlausible && { virtualBytes: Number(footer.currentSize) }),
    findings: [deciding, ...others],
  };
}
