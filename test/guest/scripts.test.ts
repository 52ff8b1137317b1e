/** What every guest script promises before it runs: its contract, its parameters, plain text, valid syntax. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { guestScript } from "../../src/source-file.js";

const folder = new URL("../../src/guest/", import.meta.url);
const contract = readFileSync(new URL("../../docs/guest-contract.md", import.meta.url), "utf8");

const scripts = (["linux", "windows"] as const).flatMap((system) =>
  readdirSync(new URL(system, folder))
    .filter((file) => !file.startsWith("facts."))
    .map((file) => ({ system, file, name: `${system}/${file}` })),
);

test("there is one of each kind for each system", () => {
  expect(scripts.map(({ name }) => name).sort()).toEqual([
    "linux/audit.sh",
    "linux/preflight.sh",
    "linux/seal-log.sh",
    "linux/seal.sh",
    "windows/audit.ps1",
    "windows/preflight.ps1",
    "windows/seal-log.ps1",
    "windows/seal.ps1",
  ]);
});

describe.each(scripts)("$name", ({ system, file }) => {
  const text = guestScript(system, file);
  const lines = text.split("\n");
  const start = system === "linux" ? 1 : 0;
  const kind = `${file.split(".")[0] ?? ""}-${system}/1`;

  test("names its contract first, and the document has it", () => {
    if (system === "linux") expect(lines[0]).toBe("#!/bin/sh");
    expect(lines[start]).toBe(`# guest-contract: ${kind}`);
    expect(lines[start + 1]).toMatch(/^# parameters:( [a-z][A-Za-z]*\*?)*$/);
    expect(lines[start + 2]).toBe("# result: one JSON object, the last line of standard output");
    expect(contract).toContain(kind);
  });

  test("takes the parameters that it declares, and no others", () => {
    const declared = (lines[start + 1] ?? "").replace("# parameters:", "").replace(/\*/g, "").trim();
    const names = declared === "" ? [] : declared.split(" ");
    if (system === "windows") {
      const block = /\nparam\(([^]*?)\)\n/.exec(text)?.[1] ?? "";
      const taken = [...block.matchAll(/\[string\] \$(\w+)/g)].map(([, taken]) => taken);
      expect(taken).toEqual(names);
    } else {
      for (const parameter of names) expect(text).toContain(`\${${parameter}:-`);
    }
  });

  test("runs nothing but its own text: no value of a parameter can become code", () => {
    const evaluation =
      /\beval\b|\bsh -c\b|\b(?:Invoke-Expression|iex)\b|\[scriptblock\]::Create|-EncodedCommand/i;
    expect(text).not.toMatch(evaluation);
  });

  test("is one file: what it includes stands in it", () => {
    expect(text).not.toContain("# include:");
  });

  test("is plain ASCII with Unix line ends, as both shells of both systems read it", () => {
    expect(text).toMatch(/^[\n\x20-\x7e]+$/);
    expect(text.endsWith("\n")).toBe(true);
  });

  if (system === "linux") {
    test("needs no ROOT: that is empty in a VM, and only tests set it", () => {
      const [first, ...others] = text.split("ROOT:");
      expect(first).toMatch(/\nROOT="\$\{$/);
      expect(others).toEqual([expect.stringMatching(/^-\}"\n/)]);
    });

    test("is understood by the machine's shell", () => {
      expect(() => execFileSync("sh", ["-n"], { input: text })).not.toThrow();
    });
  }
});
