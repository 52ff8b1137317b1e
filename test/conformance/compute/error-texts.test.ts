/** Each error as a client meets it: status, code, text; the texts against the catalogue of the real service's, where it is at hand. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ErrorFact, outcome } from "./error-asking.js";
import { VM_ERROR_FACTS } from "./error-facts.js";
import { STORAGE_ERROR_FACTS } from "./storage-error-facts.js";
import { startBench } from "./support.js";

const CATALOGUE = path.resolve("../shared/reference/arm/error-catalogue.json");
const FACTS = [...VM_ERROR_FACTS, ...STORAGE_ERROR_FACTS];

/** The template as an expression: `{}` is anything, everything else is itself. */
const like = ({ message }: ErrorFact): RegExp =>
  new RegExp(`^${message.split("{}").map(escaped).join(".+")}$`, "s");

function escaped(text: string): string {
  return text.replaceAll(/[.+*?^${}()|[\]\\]/g, "\\$&");
}

const benchOf = async (throttling: boolean) => {
  const bench = await startBench({ throttling });
  onTestFinished(() => bench.stop());
  return bench;
};

describe("an error", () => {
  it.each(FACTS)("$code, $message: is met with status $status", async (fact) => {
    const bench = await benchOf(fact.status === 429);
    const { meet } = fact;
    if (typeof meet === "function") {
      const { status, code, message } = await meet(bench);
      expect({ status, code }, message).toEqual({ status: fact.status, code: fact.code });
      expect(message).toMatch(like(fact));
      return;
    }
    // Nothing leads there by itself, but whoever wants to see a client meet it can ask for it.
    const { code, message, status } = fact;
    const act = status === "operation" ? { lroFail: { code, message } } : { fail: { code, message, status } };
    await bench.local("POST", "scenarios", { match: { operation: "virtualMachines/restart" }, act });
    const request = ["POST", `${bench.id("virtualMachines", "linux1")}/restart`] as const;
    if (status === "operation") expect(await outcome(bench, request)).toEqual({ status, code, message });
    else {
      const answer = await bench.call(request[0], `${request[1]}?api-version=2024-07-01`);
      expect([answer.status, answer.body]).toEqual([status, { error: { code, message } }]);
    }
  });
});

describe.runIf(existsSync(CATALOGUE))("the catalogue", () => {
  interface Entry {
    readonly status: number | string;
    readonly code: string;
    readonly message: string;
    readonly newerMessage?: string;
  }
  const { entries } = existsSync(CATALOGUE)
    ? (JSON.parse(readFileSync(CATALOGUE, "utf8")) as { entries: Entry[] })
    : { entries: [] };

  it.each(entries)("has $code, $message, and so have the facts, with its status", (entry) => {
    const message = entry.newerMessage ?? entry.message;
    const own = FACTS.filter((fact) => fact.code === entry.code && like(fact).test(message));
    expect(own).toHaveLength(1);
    const status = /^LRO/.test(String(entry.status)) ? "operation" : entry.status;
    expect(own[0]?.status).toBe(status);
  });

  it("has no fewer entries than there are facts", () => {
    expect(FACTS).toHaveLength(entries.length);
  });
});
