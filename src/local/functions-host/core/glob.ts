/** The globs that package.json's `main` may hold: `*`, `**`, `?` and `{a,b}`; Node 20 has none of its own. */
export function globToRegExp(glob: string): RegExp {
  let source = "";
  let depth = 0;
  const text = glob.replace(/^\.\//, "");
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (text.startsWith("**/", at)) {
      source += "(?:[^/]+/)*";
      at += 2;
    } else if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "{") {
      source += "(?:";
      depth++;
    } else if (char === "}" && depth > 0) {
      source += ")";
      depth--;
    } else if (char === "," && depth > 0) source += "|";
    else source += char.replace(/[.+^$()|[\]\\{}]/, "\\$&");
  }
  return new RegExp(`^${source}$`);
}

/** The folder in which every match must lie. */
export function staticPrefix(glob: string): string {
  const fixed = glob.split(/[*?{]/, 1)[0] ?? "";
  return fixed.slice(0, fixed.lastIndexOf("/") + 1) || ".";
}
