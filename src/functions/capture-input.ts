/** What a capture run was started with, as Durable gives it back. */
import type { CaptureInput } from "../contracts/capture-run.js";

/** Undefined for a request that was refused unread: another orchestrator was started, with other input. */
export function captureInput(input: unknown): CaptureInput | undefined {
  const value = typeof input === "string" ? (JSON.parse(input) as unknown) : input;
  return typeof value === "object" && value !== null && "request" in value
    ? (value as CaptureInput)
    : undefined;
}
