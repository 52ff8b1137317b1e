/** What the first VM from an image shows about it: its own identity, and nothing left from the source. */
import type { GuestCheck } from "./checks.js";
import { judge, unreadable } from "./checks.js";
import { decodeLinuxAudit, decodeWindowsAudit } from "./audit-facts.js";
import { linuxAuditRows } from "./audit-linux.js";
import type { AuditContext } from "./audit-rows.js";
import { windowsAuditRows } from "./audit-windows.js";

/** The checks of one VM, from what its audit script printed. */
export function auditGuest(
  osType: "Windows" | "Linux",
  output: string,
  context: AuditContext,
): readonly GuestCheck[] {
  const checks = osType === "Windows" ? auditWindows(output, context) : auditLinux(output, context);
  return context.state === "specialized"
    ? checks.filter(({ id }) => !OF_A_NEW_IDENTITY.includes(id))
    : checks;
}

/** What a specialized image keeps on purpose. */
const OF_A_NEW_IDENTITY = [
  "host-name",
  "machine-id",
  "ssh-host-keys",
  "accounts",
  "passwords",
  "histories",
  "secrets",
  "cloud-init",
];

function auditWindows(output: string, context: AuditContext): readonly GuestCheck[] {
  const decoded = decodeWindowsAudit(output);
  return decoded.ok ? judge(windowsAuditRows, decoded.facts, context) : [unaudited(decoded.message)];
}

function auditLinux(output: string, context: AuditContext): readonly GuestCheck[] {
  const decoded = decodeLinuxAudit(output);
  return decoded.ok ? judge(linuxAuditRows, decoded.facts, context) : [unaudited(decoded.message)];
}

/** A gate that could not look must not let anything pass. */
const unaudited = (message: string): GuestCheck => ({ ...unreadable(message), verdict: "block" });
