/**
 * What a status quotes from a guest's log: the last lines that indicate a failure, printable, bounded, and without
 * secrets. A guest's log is untrusted text, and the status is read by people and programs.
 */
const READ_CHARS = 64 * 1024;
const EXCERPT_CHARS = 1_500;
const LINE_CHARS = 300;
const LINES = 12;

const telling =
  /error|fail|cannot|can't|denied|not permitted|no space|traceback|exception|not found|no such|refus|still |unable|warning|: step /i;

const masked: readonly (readonly [RegExp, string])[] = [
  [/([?&;]sig=)[^&\s"']+/gi, "$1(removed)"],
  [
    /\b((?:account|shared|storage|access)_?key|password|passwd|secret|token|pwd)(["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi,
    "$1$2(removed)",
  ],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, "$1 (removed)"],
  [/(:\/\/[^\s/:@]+:)[^\s/@]+@/g, "$1(removed)@"],
];

export function excerptOf(log: string): string {
  const lines = masked
    .reduce((text, [secret, replacement]) => text.replace(secret, replacement), log.slice(-READ_CHARS))
    .split(/\r?\n/)
    .map((line) =>
      line
        .replace(/[^\x20-\x7e]/g, " ")
        .trimEnd()
        .slice(0, LINE_CHARS),
    )
    .filter((line) => line.trim() !== "");
  const told = lines.filter((line) => telling.test(line));
  return (told.length > 0 ? told : lines).slice(-LINES).join("\n").slice(-EXCERPT_CHARS);
}
