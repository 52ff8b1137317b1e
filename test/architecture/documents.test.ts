/** Documents lead to what is there: files, headings, and the lines that hold what a link's text names. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const documents = [
  ...readdirSync("."),
  ...["docs", "infra"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  ),
].filter((name) => name.endsWith(".md"));

/** What a reader does not see as text: code. A link in it is none. */
const prose = (text: string) => text.replace(/^```[\s\S]*?^```/gm, "");

interface Link {
  readonly text: string;
  readonly target: string;
  readonly anchor: string | undefined;
}

function linksIn(document: string): Link[] {
  const links = prose(readFileSync(document, "utf8")).matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g);
  return [...links].flatMap(([, text = "", address = ""]) => {
    const [path = "", anchor] = address.split("#");
    return /^[a-z]+:/.test(path)
      ? []
      : [{ text, target: path === "" ? document : join(dirname(document), path), anchor }];
  });
}

/** As GitHub names a heading; the second of one name gets a number, which no document here needs. */
const headingsIn = (document: string): string[] =>
  [...prose(readFileSync(document, "utf8")).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, "")
      .replaceAll(" ", "-"),
  );

/** The line that declares a name, or else the first that uses it and does not import it; from 1. */
function lineOf(name: string, file: string): number {
  const lines = readFileSync(file, "utf8").split("\n");
  const declares = new RegExp(
    `^\\s*(export )?(const|function\\*?|interface|type) ${name}\\b|^\\s*${name}[(:]|"${name}"`,
  );
  const uses = new RegExp(`^(?!import).*\\b${name}\\b`);
  const index = lines.findIndex((line) => declares.test(line));
  return 1 + (index >= 0 ? index : lines.findIndex((line) => uses.test(line)));
}

describe("every link within the documents", () => {
  it.each(documents)("of %s leads to something", (document) => {
    for (const { target, anchor } of linksIn(document)) {
      expect(existsSync(target), `${document} → ${target}`).toBe(true);
      if (anchor !== undefined && !/^L\d+$/.test(anchor))
        expect(headingsIn(target), `${document} → ${target}#${anchor}`).toContain(anchor);
    }
  });

  it.each(documents)("of %s to a line leads to the one that it names", async (document) => {
    // Written anew with: npx vitest run test/architecture/documents.test.ts --update
    const text = readFileSync(document, "utf8");
    const right = text.replace(/\[`(\w+)`\]\(([^)#\s]+)#L\d+\)/g, (_link, name: string, path: string) => {
      const line = lineOf(name, join(dirname(document), path));
      if (line === 0) throw new Error(`${document}: there is no ${name} in ${path}.`);
      return `[\`${name}\`](${path}#L${line})`;
    });
    expect(prose(text).match(/#L\d+\)/g) ?? []).toHaveLength(
      text.match(/\[`\w+`\]\([^)#\s]+#L\d+\)/g)?.length ?? 0,
    );
    await expect(right).toMatchFileSnapshot(join(process.cwd(), document));
  });
});

describe("README.md", () => {
  const readme = readFileSync("README.md", "utf8");

  it("follows one capture from the message to the SDK in six links, each to a line", () => {
    const [, section = ""] = /## Follow one capture\n([\s\S]*?)\n## /.exec(readme) ?? [];
    const rooms = [...section.matchAll(/\(src\/(\w+)\/[^)]*#L\d+\)/g)].map(([, room]) => room);
    expect(rooms).toEqual(["functions", "orchestrators", "contracts", "activities", "ports", "adapters"]);
  });

  it("names scripts that there are", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
      scripts: Record<string, string>;
    };
    const everywhere = documents.map((document) => readFileSync(document, "utf8")).join("\n");
    const named = [...everywhere.matchAll(/npm (?:run ([\w:]+)|(start|test)\b)/g)].map(
      ([, run, own]) => run ?? own,
    );
    expect(named.length).toBeGreaterThan(5);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining([...new Set(named)]));
  });
});
