/**
 * ASP.NET route templates: `{p}`, `{p?}`, `{p=default}`, `{p:constraint}`, `{*rest}` and text around them;
 * matched without regard to case, the most specific template first.
 */
export interface Route {
  readonly template: string;
  match(path: string): Record<string, string> | undefined;
  /** Sorts before routes with a greater one. */
  readonly precedence: string;
}

const constraints: Readonly<Record<string, string>> = {
  int: "-?\\d{1,10}",
  long: "-?\\d{1,19}",
  bool: "true|false",
  guid: "[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}",
  alpha: "[a-z]+",
};

interface Segment {
  readonly source: string;
  readonly names: readonly string[];
  readonly optional: boolean;
  readonly rank: "1" | "2" | "3" | "5";
}

export function parseRoute(template: string): Route {
  const defaults: Record<string, string> = {};
  const segments = template
    .split("/")
    .filter((text) => text !== "")
    .map((text) => parseSegment(text, template, defaults));
  const names = segments.flatMap((segment) => segment.names);
  // An optional tail makes its slash optional too: nest the groups from the right.
  const source = segments.reduceRight(
    (rest, segment) => (segment.optional ? `(?:/${segment.source}${rest})?` : `/${segment.source}${rest}`),
    "",
  );
  const pattern = new RegExp(`^${source}/?$`, "i");
  return {
    template,
    precedence: segments.map(({ rank }) => rank).join("") || "0",
    match(path) {
      const found = pattern.exec(path.startsWith("/") ? path : `/${path}`);
      if (found === null) return undefined;
      const values = { ...defaults };
      for (const [index, name] of names.entries()) {
        const value = found[index + 1];
        if (value !== undefined && value !== "") values[name] = decode(value);
      }
      return values;
    },
  };
}

function parseSegment(text: string, template: string, defaults: Record<string, string>): Segment {
  const whole = /^\{(\*{0,2})(\w+)((?::[^=?}]+)*)(=[^}]*|\?)?\}$/.exec(text);
  if (whole === null) {
    const names: string[] = [];
    const source = text
      .split(/(\{\w+\})/)
      .map((part) => {
        if (!/^\{\w+\}$/.test(part)) {
          if (/[{}]/.test(part))
            throw new Error(`Route "${template}": the local host cannot read "${text}".`);
          return part.replace(/[.+^$()|[\]\\*?]/g, "\\$&");
        }
        names.push(part.slice(1, -1));
        return "([^/]+?)";
      })
      .join("");
    return { source, names, optional: false, rank: names.length === 0 ? "1" : "2" };
  }
  const [, stars, name = "", constraintText = "", tail = ""] = whole;
  if (tail.startsWith("=")) defaults[name] = tail.slice(1);
  if (stars !== "") return { source: "(.*)", names: [name], optional: true, rank: "5" };
  const [constraint] = constraintText.split(":").slice(1);
  const known = constraint === undefined ? "[^/]+" : constraints[constraint.toLowerCase()];
  if (known === undefined) {
    throw new Error(
      `Route "${template}": the local host does not know the constraint ":${constraint ?? ""}".`,
    );
  }
  return {
    source: `(${known})`,
    names: [name],
    optional: tail !== "",
    rank: constraint === undefined ? "3" : "2",
  };
}

/** Escapes that are no UTF-8 stay as they came. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
