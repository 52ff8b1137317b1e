/**
 * The Windows scripts through a real parser: tree-sitter's grammar of PowerShell, as WebAssembly out of an npm package,
 * so that it runs wherever the tests do. The grammar knows Windows PowerShell 5.1; most of what only 7 has is an error to it.
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { Node } from "web-tree-sitter";
import { Language, Parser } from "web-tree-sitter";
import { guestScript } from "../../src/source-file.js";

const folder = fileURLToPath(new URL("../../src/guest/windows/", import.meta.url));
const scripts = readdirSync(folder).filter((name) => name !== "facts.ps1");
const parser = { current: undefined as Parser | undefined };

beforeAll(async () => {
  await Parser.init();
  const grammars = createRequire(import.meta.url).resolve(
    "@vscode/tree-sitter-wasm/wasm/tree-sitter-powershell.wasm",
  );
  parser.current = new Parser().setLanguage(await Language.load(grammars));
});

function errorsIn(text: string): string[] {
  const errors: string[] = [];
  const walk = (node: Node): void => {
    if (node.isError || node.isMissing)
      errors.push(`line ${node.startPosition.row + 1}: ${node.text.slice(0, 60)}`);
    else if (node.hasError) for (const child of node.children) walk(child);
  };
  const tree = parser.current?.parse(text);
  if (!tree) throw new Error("The parser gave no tree.");
  walk(tree.rootNode);
  return errors;
}

test("there are scripts to parse", () =>
  expect(scripts).toEqual(["audit.ps1", "preflight.ps1", "seal-log.ps1", "seal.ps1"]));

test.each(scripts)("%s parses without an error", (name) => {
  expect(errorsIn(guestScript("windows", name))).toEqual([]);
});

describe("the parser finds", () => {
  const broken: readonly (readonly [why: string, text: string])[] = [
    ["a bracket that is never closed", "if ($a { }\n"],
    ["a conditional expression, which Windows PowerShell does not have", "$x = $a ? 1 : 2\n"],
    ["a string that never ends", '$x = "half\n'],
  ];
  test.each(broken)("%s", (_why, text) => expect(errorsIn(text)).not.toEqual([]));
});
