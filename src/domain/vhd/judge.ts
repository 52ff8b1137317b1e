/** Policy: what facts about a disk mean for its purpose. The facts are found elsewhere; nothing is read here. */
import type { DiskFacts, DiskFinding } from "../disk/facts.js";
import {
  MAX_DATA_DISK_BYTES,
  MAX_GEN1_OS_DISK_BYTES,
  MAX_GEN2_OS_DISK_BYTES,
  MIN_DISK_BYTES,
  SIZE_STEP_BYTES,
} from "./azure-limits.js";
import type { Severity } from "./codes.js";
import type { Container } from "./container.js";
import type { DoctorFinding, ExamineOptions, Purpose } from "./diagnosis.js";
import { finding } from "./findings.js";
import { INSIDE_REMEDIES, REFUSES_ANY_USE, REFUSES_UNLESS_DATA } from "./inside-remedies.js";

/** Size, and the blob the file lies in. */
export function judgeUse(container: Container, facts: DiskFacts, options: ExamineOptions): DoctorFinding[] {
  const { virtualBytes } = container;
  const found: DoctorFinding[] = [];
  const limit = options.maxVirtualBytes ?? azureLimit(facts, options.purpose);
  if (virtualBytes > limit) {
    found.push(
      finding("DISK_TOO_LARGE", { detail: `It has ${virtualBytes} bytes; the limit is ${limit} bytes.` }),
    );
  }
  if (virtualBytes < MIN_DISK_BYTES)
    found.push(finding("SIZE_TOO_SMALL", { detail: `It has ${virtualBytes} bytes.` }));
  if (virtualBytes % SIZE_STEP_BYTES !== 0) {
    found.push(finding("SIZE_NOT_ALIGNED", { detail: `It has ${virtualBytes} bytes.` }));
  }
  if (options.blobType === "block") found.push(finding("BLOCK_BLOB"));
  return found;
}

function azureLimit(facts: DiskFacts, purpose: Purpose): number {
  const boots = facts.generation !== "unknown" || facts.osFamily !== "unknown";
  if (purpose === "data" || (purpose === "any" && !boots)) return MAX_DATA_DISK_BYTES;
  return facts.generation === "V1" ? MAX_GEN1_OS_DISK_BYTES : MAX_GEN2_OS_DISK_BYTES;
}

export function judgeInside(
  facts: DiskFacts,
  container: Container,
  purpose: Purpose,
  provenBlank: boolean,
): DoctorFinding[] {
  const inside = facts.findings.map((found) =>
    asDoctorFinding(found, severityFor(found, container, purpose, provenBlank)),
  );
  const outside = facts.findings.find(({ code }) => code === "PARTITION_OUTSIDE_DISK");
  if (container.kind !== "raw" || !outside) return inside;
  // Without a footer the partition table is the only witness of how long the file should be.
  const { where } = outside;
  return [finding("TRUNCATED", { detail: outside.message, ...(where && { where }) }), ...inside];
}

function severityFor(
  inside: DiskFinding,
  container: Container,
  purpose: Purpose,
  provenBlank: boolean,
): Severity {
  const { code, severity } = inside;
  if (REFUSES_ANY_USE.has(code)) return "blocking";
  if (REFUSES_UNLESS_DATA.has(code) && purpose !== "data") return "blocking";
  // A dynamic disk records what was ever written to it. A fixed one that is all zeros cannot be told from an
  // upload whose bytes never came, so it takes a word from whoever means it.
  if (code === "DISK_BLANK" && purpose === "any" && provenBlank && container.kind !== "dynamic")
    return "blocking";
  if (severity !== "blocking" || purpose === "os") return severity;
  return "info";
}

const asDoctorFinding = ({ code, message, where }: DiskFinding, severity: Severity): DoctorFinding => ({
  code,
  severity,
  what: message,
  remedy: INSIDE_REMEDIES[code],
  ...(where && { where }),
});
