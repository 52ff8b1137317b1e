/** What a schema has against a value, in the words of requests, settings and descriptions alike. */
import type { z } from "zod";

/** One line a problem: where, and what. */
export const problemsOf = (error: z.ZodError): string[] =>
  error.issues.map(({ path, message }) => {
    const missing = /^Invalid input: expected (\w+), received undefined$/.exec(message);
    const said = missing ? `is missing; it must be of type ${missing[1] ?? "unknown"}` : message;
    return `${path.length === 0 ? "(request)" : path.join(".")}: ${said}`;
  });
