/**
 * The one line that a guest script answers with (docs/guest-contract.md), treated as untrusted: Run Command keeps only
 * the last 4,096 bytes of an output, a shell may add lines of its own, and a script may refuse.
 */
export type GuestResult =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly code: GuestResultProblem; readonly message: string };

/** GUEST_REFUSED: the script said why it cannot do its work; its own code is in `message`. */
export type GuestResultProblem = "NO_RESULT" | "RESULT_CUT" | "RESULT_NOT_JSON" | "GUEST_REFUSED";

const OUTPUT_LIMIT_BYTES = 4096;

export function decodeGuestResult(output: string): GuestResult {
  const line = output.trimEnd().split("\n").at(-1)?.trim() ?? "";
  if (line === "") return problem("NO_RESULT", "The script printed nothing.");
  if (!line.startsWith("{")) {
    // ASCII by contract, so characters are bytes; a little slack, because the platform trims line ends.
    return line.endsWith("}") && output.length >= OUTPUT_LIMIT_BYTES - 16
      ? problem(
          "RESULT_CUT",
          `The result is longer than ${OUTPUT_LIMIT_BYTES} bytes; its beginning was cut off.`,
        )
      : problem("RESULT_NOT_JSON", `The last line of the output is not a result: ${excerpt(line)}`);
  }
  const value = parse(line);
  if (!isRecord(value)) {
    return problem("RESULT_NOT_JSON", `The last line of the output is not JSON: ${excerpt(line)}`);
  }
  if (isRecord(value["error"])) {
    const { code, message } = value["error"];
    return problem("GUEST_REFUSED", `${words(code, "UNNAMED")}: ${words(message, "no reason given")}`);
  }
  return { ok: true, value };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problem(code: GuestResultProblem, message: string): GuestResult {
  return { ok: false, code, message };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const words = (value: unknown, otherwise: string) =>
  typeof value === "string" && value !== "" ? value : otherwise;
const excerpt = (line: string) => (line.length > 120 ? `${line.slice(0, 120)}…` : line);
