/**
 * What a guest answers to a script (docs/guest-contract.md). The contract line in the script's head selects the
 * answer; the answer comes from the guest's state. A script without a contract is run by nobody: it gets an opaque
 * success and a line in the log.
 */
import { auditOf } from "./audit.js";
import type { Guest } from "./guest.js";
import type { SealOrder } from "./seal.js";

export interface Script {
  readonly text: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface ScriptAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** What goes on in the guest after the script has returned. */
  readonly seal?: { readonly order: SealOrder; readonly markerUrl: string };
  /** The script stopped the very agent that runs it: its answer never arrives. */
  readonly killsAgent?: true;
}

/** The contract stands in the first lines, behind the interpreter line and before any code. */
const HEAD_LINES = 12;
const CONTRACT = /^#\s*guest-contract:\s*([a-z-]+\/\d+)\s*$/;

export const contractOf = (text: string): string | undefined =>
  text
    .split(/\r?\n/)
    .slice(0, HEAD_LINES)
    .map((line) => CONTRACT.exec(line.trim())?.[1])
    .find((contract) => contract !== undefined);

/** Commands that stop the agent under a script that calls them directly (WALinuxAgent#489, #1792). */
const STOPS_THE_AGENT =
  /^[^#\n]*(?:waagent\s[^\n]*-?-deprovision|systemctl\s+stop\s+(?:walinuxagent|waagent)|sysprep(?:\.exe)?["']?\s[^\n]*\/generalize)/im;
const DETACHES = /systemd-run|nohup|setsid|\bat\s+-M|schtasks|Register-ScheduledTask/i;

const result = (value: unknown): ScriptAnswer => ({
  stdout: `${JSON.stringify(value)}\n`,
  stderr: "",
  exitCode: 0,
});
const fault = (code: string, message: string): ScriptAnswer => result({ error: { code, message } });

export function answer(
  guest: Guest,
  script: Script,
  log: (line: string) => void,
  luns: readonly number[] = [],
): ScriptAnswer {
  const contract = contractOf(script.text);
  const family = guest.os === "Windows" ? "windows" : "linux";
  switch (contract) {
    case `preflight-${family}/1`:
      return result(guest.facts);
    case `audit-${family}/1`:
      return result(auditOf(guest, luns));
    case `seal-${family}/1`:
      return startSeal(guest, script.parameters);
    case `seal-log-${family}/1`:
      return result({
        imageState: imageStateOf(guest),
        running: guest.sealing,
        log: tail(guest.sealLog, 2500),
      });
    case undefined:
      if (STOPS_THE_AGENT.test(script.text) && !DETACHES.test(script.text))
        return { stdout: "", stderr: "", exitCode: 0, killsAgent: true };
      log(`guest ${guest.computerName}: script without a contract, answered with an opaque success`);
      return { stdout: "", stderr: "", exitCode: 0 };
    default:
      if (/-(?:linux|windows)\//.test(contract)) {
        return {
          stdout: "",
          stderr: `this guest is ${guest.os}: ${contract} cannot run here\n`,
          exitCode: 127,
        };
      }
      log(`guest ${guest.computerName}: unknown contract ${contract}, answered with an opaque success`);
      return { stdout: "", stderr: "", exitCode: 0 };
  }
}

const imageStateOf = (guest: Guest): string =>
  guest.os === "Windows"
    ? guest.facts.imageState
    : guest.sealed
      ? "sealed"
      : guest.sealing
        ? "sealing"
        : "not sealed";

const listOf = (value: string | undefined): readonly string[] =>
  (value ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

function startSeal(guest: Guest, parameters: Readonly<Record<string, string>>): ScriptAnswer {
  if (guest.sealed || guest.sealing)
    return fault("ALREADY_SEALED", "This guest was sealed before, or is being sealed.");
  if (guest.os === "Linux") {
    const { agent, cloudInit, systemd } = guest.facts;
    if (!systemd) return fault("NO_SYSTEMD", "Without systemd nothing can run detached from the agent.");
    if (!agent.present && !cloudInit.present) {
      return fault(
        "NO_AGENT_AND_NO_CLOUD_INIT",
        "Neither waagent nor cloud-init is there to deprovision this guest.",
      );
    }
  }
  const order: SealOrder = {
    runId: parameters["runId"] ?? "",
    removeUsers: listOf(parameters["removeUsers"]),
    keepUsers: listOf(parameters["keepUsers"]),
    allowedRemedies: listOf(parameters["allowedRemedies"]),
    selfPowerOff: guest.os === "Windows" || parameters["selfPowerOff"] !== "false",
  };
  const started =
    guest.os === "Linux" ? { started: true, unit: "vmimage-seal" } : { started: true, task: "vmimage-seal" };
  return { ...result(started), seal: { order, markerUrl: parameters["markerUrl"] ?? "" } };
}

/** The last bytes of a text, beginning with a whole character. */
export function tail(text: string, bytes: number): string {
  const all = Buffer.from(text);
  if (all.length <= bytes) return text;
  let from = all.length - bytes;
  while (((all[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return all.toString("utf8", from);
}
