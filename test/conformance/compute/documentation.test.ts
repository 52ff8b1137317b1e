/** docs/local/compute.md says of every operation how true it is; what it calls refused is refused. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROUTES } from "../../../src/local/compute/wire/routes.js";
import { type Bench, startBench } from "./support.js";

const rows = [
  ...readFileSync("docs/local/compute.md", "utf8").matchAll(
    /^\| `([\w/.]+)` +\| (faithful|simplified|refused) +\|(.*)\|$/gm,
  ),
].map(([, name = "", state = "", note = ""]) => ({ name, state, note: note.trim() }));

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

describe("docs/local/compute.md", () => {
  it("lists exactly the operations of the route table, each once", () => {
    const listed = rows.filter(({ state }) => state !== "refused").map(({ name }) => name);
    expect([...listed].sort()).toEqual(ROUTES.map(({ name }) => name).sort());
  });

  it("says of every simplified operation what is left out", () => {
    for (const { name, state, note } of rows)
      expect(note === "", `${name} is ${state}`).toBe(state !== "simplified");
  });

  it.each(rows.filter(({ state }) => state === "refused"))(
    "is right that $name is refused by name",
    async ({ name }) => {
      const ofNetwork = name.startsWith("Microsoft.Network/");
      const [type = "", action] = name.replace("Microsoft.Network/", "").split("/");
      const id = ofNetwork ? bench.networkId(type, "x") : bench.id(type, "x");
      const path = id + (action === undefined ? "" : `/${action}`);
      const answer = await bench.call(
        action === undefined ? "PUT" : "POST",
        `${path}?api-version=2024-07-01`,
        {},
      );
      expect(answer.status).toBe(501);
      expect(JSON.stringify(answer.body)).toContain("docs/local/compute.md");
    },
  );
});
