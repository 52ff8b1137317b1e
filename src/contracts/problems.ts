/** What a schema has against a value, in the words of requests, settings and descriptions alike. */
import type { z } from "zod";

/** A value of megabytes can have as many problems, each as long as a name in it; they go into answers and histories. */
const MOST = 50;
const LONGEST = 500;

/** One line a problem: where, and what. */
export function problemsOf(error: z.ZodError): string[] {
  const lines = error.issues.slice(0, MOST).map(lineOf);
  const more = error.issues.length - lines.length;
  return more > 0 ? [...lines, `(request): and ${more} more problems`] : lines;
}

function lineOf(issue: z.core.$ZodIssue): string {
  const { path, message } = issue;
  const missing = /^Invalid input: expected (\w+), received undefined$/.exec(message);
  // Of a name that may not be one, zod says why one level deeper.
  const why = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? message) : message;
  const said = missing ? `is missing; it must be of type ${missing[1] ?? "unknown"}` : why;
  const line = `${path.length === 0 ? "(request)" : path.join(".")}: ${said}`;
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
