/** docs/cli.md names the commands and options that there are, and every code that a command ends with. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXIT, EXIT_OF_RUN } from "../../src/cli/exit-codes.js";
import { vmimage } from "./pretend-app.js";

const COMMANDS = ["capture", "inspect", "drop", "watch", "runs", "cancel", "restore", "resume"];
const document = readFileSync("docs/cli.md", "utf8");
const helpOf = async (command: string) => (await vmimage([command, "--help"])).out;
const optionsIn = (text: string) => [...new Set(text.match(/(?<![\w-])--[a-z][a-z-]+/g))];

/** A line of a code block, or code in the text, that begins as a call of the command line does. */
const shown = [...document.matchAll(/vmimage ([a-z]+)([^\n`]*)/g)].map(([line, command = "", rest = ""]) => ({
  line: line.trim(),
  command,
  options: optionsIn(rest),
}));

describe("docs/cli.md", () => {
  it("has a row for each command, and for no other", async () => {
    const rows = [...document.matchAll(/^\| `([a-z]+)[ `]/gm)].map(([, name]) => name);
    expect(rows.toSorted()).toEqual(COMMANDS.toSorted());
    const listed = [...(await vmimage(["--help"])).out.matchAll(/^ {2}([a-z]+) {2}/gm)].map(
      ([, name]) => name,
    );
    expect(listed.toSorted()).toEqual(COMMANDS.toSorted());
  });

  it("shows no command with an option that it does not take", async () => {
    expect(shown.length).toBeGreaterThan(5);
    for (const { line, command, options } of shown) {
      expect(COMMANDS, line).toContain(command);
      expect(optionsIn(await helpOf(command)), line).toEqual(expect.arrayContaining(options));
    }
  });

  it("speaks of no option that no command takes", async () => {
    const known = optionsIn((await Promise.all(COMMANDS.map(helpOf))).join("\n"));
    expect([...known, "--help", "--version"]).toEqual(expect.arrayContaining(optionsIn(document)));
  });

  it.each(COMMANDS)("tells every option that %s takes in its help, and takes every one", async (command) => {
    for (const option of optionsIn(await helpOf(command))) {
      // A value that cannot be, so that a command which takes the option still sends nothing.
      const { err } = await vmimage([command, option, ...(option === "--url" ? ["ftp://x"] : [])]);
      expect(err, option).not.toContain("Unknown option");
    }
  });

  it("says what each exit code means", () => {
    const told = [...document.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
    const used = [...Object.values(EXIT), ...Object.values(EXIT_OF_RUN)];
    expect(told).toEqual([...new Set(used)].toSorted((a, b) => a - b));
  });
});
