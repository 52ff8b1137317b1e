/** Each lint fence of the orchestrators and the domain, with a line that runs into it. */
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { describe, expect, test, vi } from "vitest";

// The first file that is linted builds a program.
vi.setConfig({ testTimeout: 240_000 });

const cwd = fileURLToPath(new URL("../..", import.meta.url));
const parserOptions = {
  // The rules are the project's own; the program holds no more than the files whose names are borrowed here.
  projectService: false,
  project: "test/architecture/fixtures/tsconfig.linted.json",
  // Where CI is set, a single run is inferred and the file on disk is linted in place of the text given here.
  disallowAutomaticSingleRunInference: true,
};
const eslint = new ESLint({ cwd, overrideConfig: { languageOptions: { parserOptions } } });

async function rulesBrokenBy(code: string, filePath: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath });
  return (result?.messages ?? []).map((message) => `${message.ruleId ?? "parse"}: ${message.message}`);
}

const head = 'import type { OrchestrationContext } from "durable-functions";\n';
const body = (line: string) => `${head}export function* bad(context: OrchestrationContext) {\n  ${line}\n}\n`;

const orchestratorLines: readonly (readonly [why: string, code: string, rule: RegExp])[] = [
  ["the clock of the machine", body("yield* wait(Date.now());"), /no-restricted-globals.*currentUtcDateTime/],
  ["a timer of the machine", body("setTimeout(() => context, 1);"), /no-restricted-globals.*sleep\(\)/],
  ["the network", body('void fetch("http://x");'), /no-restricted-globals.*activity/],
  ["the environment", body("yield* wait(process.env);"), /no-restricted-globals.*Settings/],
  ["random values", body("yield* wait(Math.random());"), /no-restricted-properties/],
  ["random ids", body("yield* wait(crypto.randomUUID());"), /no-restricted-globals/],
  ["the log, which repeats on replay", body('context.log("x");'), /no-restricted-properties/],
  ["the console", body('console.log("x");'), /no-restricted-globals/],
  ["promises", body("yield* wait(Promise.all([]));"), /no-restricted-globals/],
  [
    "a bare yield, which loses the result's type",
    body("yield context.df.createTimer(new Foo());"),
    /no-restricted-syntax.*yield\*/,
  ],
  [
    "await",
    `${head}export async function bad(context: OrchestrationContext) {\n  await context;\n}\n`,
    /no-restricted-syntax.*never await/,
  ],
  ["for…in", body("for (const key in context) yield* wait(key);"), /no-restricted-syntax.*for…in/],
  [
    "state of the module",
    `${head}let count = 0;\nexport const next = () => count++;\n`,
    /no-restricted-syntax.*leaks/,
  ],
  ["a package", 'import { v4 } from "uuid";\nexport const id = v4;\n', /no-restricted-imports/],
  [
    "a module of node",
    'import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n',
    /no-restricted-imports/,
  ],
  [
    "an activity's code",
    'import { captureActivities } from "../activities/capture.js";\nexport const all = captureActivities;\n',
    /no-restricted-imports/,
  ],
  [
    "the library at run time",
    'import * as df from "durable-functions";\nexport const retry = df.RetryOptions;\n',
    /no-restricted-imports.*durable\.ts/,
  ],
];

describe("an orchestrator may not use", () => {
  test.each(orchestratorLines)("%s", async (_why, code, rule) => {
    // An existing file's name: typed rules know no other.
    expect(await rulesBrokenBy(code, "src/orchestrators/turn.ts")).toContainEqual(
      expect.stringMatching(rule),
    );
  });
});

const domainLines: readonly (readonly [why: string, code: string, rule: RegExp])[] = [
  ["the clock of the machine", "export const now = () => Date.now();\n", /no-restricted-properties/],
  ["random values", "export const any = () => Math.random();\n", /no-restricted-properties/],
  ["the environment", "export const env = () => process.env;\n", /no-restricted-globals/],
];

describe("the domain may not use", () => {
  test.each(domainLines)("%s", async (_why, code, rule) => {
    expect(await rulesBrokenBy(code, "src/domain/polling.ts")).toContainEqual(expect.stringMatching(rule));
  });
});

const everywhere: readonly (readonly [why: string, code: string, rule: RegExp])[] = [
  ["any", "export const loose = (value: any) => value as string;\n", /no-explicit-any/], // a sample: it must be refused
  [
    "a promise that nobody awaits",
    "export const start = () => {\n  Promise.resolve(1);\n};\n",
    /no-floating-promises/,
  ],
  ["a note to do it later", "// TODO finish\nexport const half = 1;\n", /no-warning-comments/], // a sample: it must be refused
  ["a file of more than 300 lines", "export const line = 1;\n".repeat(301), /max-lines/],
];

describe("no file may have", () => {
  test.each(everywhere)("%s", async (_why, code, rule) => {
    expect(await rulesBrokenBy(code, "src/activities/implement.ts")).toContainEqual(
      expect.stringMatching(rule),
    );
  });
});
