/** A diagnosis for people: the verdict first, then why, then what is on the disk. */
import type { Diagnosis, DoctorFinding } from "../domain/vhd/diagnosis.js";

const HEADLINE: Record<Diagnosis["verdict"], string> = {
  ready: "READY     An image can be made from it as it is.",
  mendable: "MENDABLE  The pipeline corrects it in a copy; the file itself is never changed.",
  refused: "REFUSED   No image can be made from it.",
};

const MARK: Record<DoctorFinding["severity"], string> = {
  blocking: "✗",
  mendable: "+",
  warning: "!",
  info: "·",
};

export function diagnosisPage(path: string, diagnosis: Diagnosis): string {
  const { verdict, mending, findings, bytesRead, requests, blockTable } = diagnosis;
  const sections = [
    [path, HEADLINE[verdict], ...(verdict === "mendable" ? [`          ${mending.why}`] : [])],
    findings.flatMap(findingLines),
    rows(diskRows(diagnosis)),
    partitionLines(diagnosis),
    [
      `Read ${size(bytesRead)} in ${requests} requests` +
        (blockTable.requests > 0
          ? `, and the block table of ${size(blockTable.bytesRead)} in ${blockTable.requests}.`
          : "."),
    ],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function findingLines({ severity, code, what, where, remedy }: DoctorFinding): string[] {
  const place = where && `at byte ${where.offsetBytes}${where.value === undefined ? "" : `: ${where.value}`}`;
  return [
    `  ${MARK[severity]} ${code}`,
    `      ${what}${place ? ` (${place})` : ""}`,
    ...(remedy.startsWith("Nothing") ? [] : [`      → ${remedy}`]),
  ];
}

function diskRows(diagnosis: Diagnosis): [string, string][] {
  const { kind, virtualSizeBytes, newSizeBytes, generation, architecture, osFamily, generalized } = diagnosis;
  const system = [osFamily, diagnosis.distribution, diagnosis.version]
    .filter((part) => part !== undefined)
    .join(" ");
  const change =
    newSizeBytes !== null && newSizeBytes !== virtualSizeBytes ? ` → ${exact(newSizeBytes)}` : "";
  const all: [string, string | undefined][] = [
    ["Container", kind],
    ["Size", virtualSizeBytes === null ? undefined : `${exact(virtualSizeBytes)}${change}`],
    ["Generation", generation === "both" ? "V1 and V2" : generation],
    ["Architecture", architecture],
    ["System", system],
    ["Generalized", generalized],
    ["Encryption", diagnosis.encryption],
    ["Filesystems", diagnosis.filesystems.join(", ") || undefined],
  ];
  return all.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== "unknown");
}

function partitionLines({ partitions, scheme }: Diagnosis): string[] {
  if (partitions.length === 0) return [];
  const lines = partitions.map(({ number, offsetBytes, sizeBytes, filesystem, name }) =>
    [
      String(number).padStart(4),
      size(offsetBytes).padStart(12),
      size(sizeBytes).padStart(12),
      filesystem ?? "-",
      name ?? "",
    ]
      .join("  ")
      .trimEnd(),
  );
  return [`Partitions (${scheme})`, "   #         from          size  filesystem", ...lines];
}

function rows(pairs: readonly [string, string][]): string[] {
  const width = Math.max(...pairs.map(([label]) => label.length));
  return pairs.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

function size(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, bytes === 0 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** unit;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${UNITS[unit] ?? ""}`;
}

const exact = (bytes: number): string => `${bytes} bytes (${size(bytes)})`;
