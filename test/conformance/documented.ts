/** The tables of docs/local/*.md: what each promises, row by row, for the tests that hold the code to them. */
import { readFileSync } from "node:fs";

/** The rows of the table whose first heading is this, without their alignment. */
export function tableOf(document: string, heading: string): string[][] {
  const lines = readFileSync(`docs/local/${document}`, "utf8").split("\n");
  const first = lines.findIndex((line) => cellsOf(line)[0] === heading);
  if (first < 0) throw new Error(`docs/local/${document} has no table of "${heading}".`);
  const rows = lines.slice(first + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end).map(cellsOf);
}

/** Each name in backticks of a table's first column, with its verdict. */
export function verdicts(document: string, heading: string): { name: string; verdict: string }[] {
  return tableOf(document, heading).flatMap(([names = "", verdict = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => ({ name, verdict })),
  );
}

const cellsOf = (line: string): string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
