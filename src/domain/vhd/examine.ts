/**
 * The doctor: one look at a file, one verdict, whatever the file is. The cost is bounded before the first byte is
 * read; the verdict depends on the bytes and the options alone.
 */
import type { DiskFacts } from "../disk/facts.js";
import { inspectDisk } from "../disk/inspect-disk.js";
import type { RangeReader } from "../range-reader.js";
import { budgetedReader } from "../reading-budget.js";
import { mendedSizeBytes } from "./azure-limits.js";
import type { Severity } from "./codes.js";
import type { Container } from "./container.js";
import type { Diagnosis, DoctorFinding, ExamineOptions, MendingPath, Verdict } from "./diagnosis.js";
import { MAX_TABLE_BYTES } from "./dynamic-header.js";
import { judgeInside, judgeUse } from "./judge.js";
import { isZero, MIB } from "./layout.js";
import { openVhd } from "./open-vhd.js";
import { virtualDisk } from "./virtual-disk.js";

/** A verdict reads under 2 MiB in under 60 requests; windows this small keep one promise by keeping the other. */
const VERDICT_LIMITS = {
  maxBytes: 2 * MIB - 1,
  maxRequests: 59,
  windowBytes: 32 * 1024,
  rememberedWindows: 64,
};
/** The block table apart: its size is the format's choice. Read in large pieces, none remembered. */
const TABLE_LIMITS = { maxBytes: MAX_TABLE_BYTES, maxRequests: 8, rememberedWindows: 0 };

export async function examine(source: RangeReader, options: ExamineOptions): Promise<Diagnosis> {
  const reader = budgetedReader(source, VERDICT_LIMITS);
  const tableReader = budgetedReader(source, TABLE_LIMITS);
  const opened = await openVhd(reader, tableReader);

  let facts: DiskFacts | undefined;
  let findings: readonly DoctorFinding[] = opened.findings;
  if (opened.status === "opened") {
    const { container } = opened;
    const disk = virtualDisk(reader, container);
    facts = await inspectDisk(disk);
    const provenBlank = facts.blank && container.kind !== "dynamic" && (await isBlankThroughout(disk));
    findings = [
      ...findings,
      ...judgeUse(container, facts, options),
      ...judgeInside(facts, container, options.purpose, provenBlank),
    ];
  }
  const sorted = inOrderOfWeight(findings);
  const verdict = verdictOf(sorted);
  const container = opened.status === "opened" && verdict !== "refused" ? opened.container : undefined;
  const virtualSizeBytes =
    opened.status === "opened" ? opened.container.virtualBytes : (opened.virtualBytes ?? null);
  return {
    verdict,
    codes: [...new Set(sorted.map(({ code }) => code))],
    kind: opened.status === "opened" ? opened.container.kind : opened.kind,
    purpose: options.purpose,
    fileBytes: source.sizeBytes,
    virtualSizeBytes,
    newSizeBytes: container ? mendedSizeBytes(container.virtualBytes) : null,
    ...(facts ?? NO_FACTS),
    mending: mendingOf(verdict, container, options),
    findings: sorted,
    bytesRead: reader.bytesRead,
    requests: reader.requests,
    blockTable: { bytesRead: tableReader.bytesRead, requests: tableReader.requests },
  };
}

/** Up to here a verdict can afford to look at the start of every MiB. */
const MAX_BLANK_PROOF_BYTES = 32 * MIB;

/**
 * Whether a disk that begins blank holds nothing at all. Every partition tool of this age begins partitions at whole
 * MiB, and every filesystem marks its first 4 KiB; of larger disks blankness is a guess, and a guess refuses nothing.
 */
async function isBlankThroughout(disk: RangeReader): Promise<boolean> {
  if (disk.sizeBytes > MAX_BLANK_PROOF_BYTES) return false;
  for (let offset = 0; offset < disk.sizeBytes; offset += MIB) {
    if (!isZero(await disk.read(offset, Math.min(4096, disk.sizeBytes - offset)))) return false;
  }
  return true;
}

const NO_FACTS: Omit<DiskFacts, "findings"> = {
  scheme: "none",
  blank: false,
  partitions: [],
  generation: "unknown",
  architecture: "unknown",
  osFamily: "unknown",
  generalized: "unknown",
  filesystems: [],
};

const WEIGHT: Record<Severity, number> = { blocking: 0, mendable: 1, warning: 2, info: 3 };

const inOrderOfWeight = (findings: readonly DoctorFinding[]): DoctorFinding[] =>
  findings.toSorted((one, other) => WEIGHT[one.severity] - WEIGHT[other.severity]);

function verdictOf([deciding]: readonly DoctorFinding[]): Verdict {
  if (deciding?.severity === "blocking") return "refused";
  return deciding?.severity === "mendable" ? "mendable" : "ready";
}

function mendingOf(
  verdict: Verdict,
  container: Container | undefined,
  { blobType }: ExamineOptions,
): { path: MendingPath; why: string } {
  if (!container) return { path: "none", why: "The file is refused." };
  if (verdict === "ready") return { path: "none", why: "The file can be used as it is; nothing is copied." };
  if (container.kind === "dynamic") {
    return {
      path: "dynamic",
      why: "The blocks of the dynamic disk are written to their positions in a fixed disk.",
    };
  }
  if (blobType === "block") {
    return {
      path: "linear",
      why: "A block blob has no pages; its non-empty ranges are written to a page blob.",
    };
  }
  return {
    path: "copy-resize-footer",
    why: "The disk's bytes are at the right offsets; a server-side copy gets a new size and a new footer.",
  };
}
