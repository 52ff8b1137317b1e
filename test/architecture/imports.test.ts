/** Each import rule has a tree that breaks it: a fence that nobody ever ran into is decoration. */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";
import type { ICruiseOptions, ICruiseResult } from "dependency-cruiser";
import { describe, expect, test, vi } from "vitest";

// The whole tree is read: seconds on a quiet machine, a minute on a busy one.
vi.setConfig({ testTimeout: 240_000 });

const rules = createRequire(import.meta.url)("../../.dependency-cruiser.cjs") as {
  forbidden: { name: string }[];
  options: ICruiseOptions;
};
const root = fileURLToPath(new URL("../..", import.meta.url));
const fixtures = fileURLToPath(new URL("fixtures/imports", import.meta.url));

async function violationsIn(baseDir: string): Promise<string[]> {
  const { tsPreCompilationDeps, enhancedResolveOptions } = rules.options;
  const options = {
    baseDir,
    validate: true,
    ruleSet: { forbidden: rules.forbidden },
    tsPreCompilationDeps,
    enhancedResolveOptions,
  };
  const { output } = await cruise(["src"], options as ICruiseOptions);
  return (output as ICruiseResult).summary.violations.map((violation) => violation.rule.name);
}

describe("a tree that breaks an import rule is found out by that rule", () => {
  test.each(rules.forbidden.map(({ name }) => [name]))("%s", async (name) => {
    expect(await violationsIn(`${fixtures}/${name}`)).toContain(name);
  });

  test("no fixture outlives its rule", () => {
    expect(readdirSync(fixtures).sort()).toEqual(rules.forbidden.map(({ name }) => name).sort());
  });
});

test("the project's own tree breaks none", async () => {
  const { output } = await cruise(["src"], {
    ...rules.options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: rules.forbidden },
  } as ICruiseOptions);
  const { summary, modules } = output as ICruiseResult;
  expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  // An empty cruise would break nothing either.
  expect(modules.length).toBeGreaterThan(50);
});
