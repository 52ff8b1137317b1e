/** Text for a terminal of eighty columns, which is also what a log or a pipe is read in. */
const COLUMNS = 80;

/** Broken at spaces; what goes on below stands under the first word. A word that is too long stays whole. */
export function fold(text: string): string[] {
  const indent = " ".repeat(text.length - text.trimStart().length);
  const lines: string[] = [];
  let rest = text;
  while (rest.length > COLUMNS) {
    const before = rest.lastIndexOf(" ", COLUMNS);
    const at = before > indent.length ? before : rest.indexOf(" ", COLUMNS);
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${indent}${rest.slice(at + 1)}`;
  }
  return [...lines, rest];
}
