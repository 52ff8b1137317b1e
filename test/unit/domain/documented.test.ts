/** What is written down is what the code says: failures, permissions, and the schema of a capture request. */
import { readFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { captureRequest } from "../../../src/contracts/capture-request.js";
import { FAILURES } from "../../../src/domain/failures.js";
import { sealExplanations } from "../../../src/domain/guest/seal-explanations.js";

const path = (name: string) => new URL(`../../../${name}`, import.meta.url);
const read = (name: string) => readFileSync(path(name), "utf8");
/** The cells of every table row that begins with a code. */
const rowsOf = (text: string) =>
  [...text.matchAll(/^\| `([A-Z_]+)` +\|(.*)\|$/gm)].map(([, code = "", cells = ""]) => [
    code,
    ...cells.split(" |").map((cell) => cell.trim().replaceAll("\\*", "*")),
  ]);

describe("docs/failures.md", () => {
  const rows = rowsOf(read("docs/failures.md"));
  const own = rows.filter(([code]) => !code!.startsWith("SEAL_") || code! in FAILURES);

  test("tells every code of the pipeline, what it means, when it comes, and what to do", () => {
    expect(own.map(([code, means]) => [code, means])).toEqual(Object.entries(FAILURES));
    for (const [, , when, remedy] of own) for (const cell of [when, remedy]) expect(cell).toMatch(/\w{3}/);
  });

  test("tells every cause of a failed generalization in the words that a run uses", () => {
    const causes = rows.filter(([code]) => code!.startsWith("SEAL_") && !(code! in FAILURES));
    expect(causes).toEqual(
      Object.entries(sealExplanations).map(([cause, [means, remedy]]) => [`SEAL_${cause}`, means, remedy]),
    );
  });
});

test("docs/permissions.md names the actions that the role of infra/ has, stage by stage", () => {
  const role = read("infra/modules/pipeline-role.bicep").replace(/^\s*\/\/.*$/gm, "");
  const inRole = [...role.matchAll(/^\s+'(Microsoft\.[^']+)'$/gm)].map(([, action]) => action);
  const told = [...read("docs/permissions.md").matchAll(/`(Microsoft\.[^`]+)`/g)].map(([, action]) => action);
  expect(told).toEqual(inRole);
});

test("docs/schemas/capture-request.json is the schema that requests are read by", async () => {
  // Written anew with: npx vitest run test/unit/domain/documented.test.ts --update
  const file = path("docs/schemas/capture-request.json").pathname;
  const schema = JSON.stringify(z.toJSONSchema(captureRequest, { io: "input", unrepresentable: "any" }));
  const pretty = await format(schema, { ...(await resolveConfig(file)), parser: "json" });
  await expect(pretty).toMatchFileSnapshot(file);
});
