/** os-release(5): which distribution a Linux root holds, and its version. */
import { type FileTree, readHead } from "./file-tree.js";
import { printable, utf8 } from "./text.js";

/** os-release(5): the file in /etc takes precedence. */
const PATHS = ["etc/os-release", "usr/lib/os-release"] as const;
const MAX_BYTES = 64 * 1024;

export interface OsRelease {
  readonly distribution?: string;
  readonly version?: string;
}

export async function readOsRelease(tree: FileTree): Promise<OsRelease | undefined> {
  for (const path of PATHS) {
    const bytes = await readHead(tree, path, MAX_BYTES);
    if (bytes) return parseOsRelease(utf8(bytes));
  }
  return undefined;
}

/** The same of a volume that is mounted at /usr. */
export async function readUsrRelease(tree: FileTree): Promise<OsRelease | undefined> {
  const bytes = await readHead(tree, "lib/os-release", MAX_BYTES);
  return bytes && parseOsRelease(utf8(bytes));
}

export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) values.set(line.slice(0, equals).trim(), unquoted(line.slice(equals + 1).trim()));
  }
  const distribution = values.get("ID");
  const version = values.get("VERSION_ID");
  return {
    ...(distribution && { distribution: printable(distribution) }),
    ...(version && { version: printable(version) }),
  };
}

/** Shell quoting as far as the format allows it: one pair of quotes, backslashes before `"$\``. */
function unquoted(value: string): string {
  const quote = value[0];
  if (quote === "'" && value.endsWith("'")) return value.slice(1, -1);
  const inner = quote === '"' && value.endsWith('"') ? value.slice(1, -1) : value;
  return inner.replace(/\\(["'$`\\])/g, "$1");
}
