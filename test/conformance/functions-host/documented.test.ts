/** docs/local/functions-host.md, "By name": what it calls faithful is accepted, what it calls refused is refused. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FunctionMetadata, RpcBinding } from "../../../src/local/functions-host/core/core-types.js";
import { assertAllowed, describeLeaf } from "../../../src/local/functions-host/durable/actions.js";
import { managementUrls } from "../../../src/local/functions-host/durable/links.js";
import { acceptedBindings, sortByTrigger } from "../../../src/local/functions-host/functions-by-trigger.js";
import { appSettings } from "../../../src/local/functions-host/settings.js";
import { startServiceBusTrigger } from "../../../src/local/functions-host/triggers/service-bus.js";
import { workTracker } from "../../../src/local/functions-host/work-tracker.js";
import { verdicts } from "../documented.js";
import { type Fixture, startFixture } from "./fixture.js";

const DOCUMENT = "functions-host.md";
const isRefused = ({ verdict }: { verdict: string }) => verdict === "refused";

const functionWith = (bindings: readonly Partial<RpcBinding>[], more: Partial<FunctionMetadata> = {}) => {
  const all: RpcBinding[] = bindings.map((one, n) => ({ name: `b${n}`, direction: "in", type: "", ...one }));
  return {
    metadata: { name: "f", bindings: Object.fromEntries(all.map((one) => [one.name, one])), ...more },
    callback: () => undefined,
  };
};

describe("bindings", () => {
  const rows = verdicts(DOCUMENT, "binding");

  it("lists exactly those that the host accepts as not refused", () => {
    const listed = rows.filter((row) => !isRefused(row)).map(({ name }) => name);
    expect(listed.sort()).toEqual([...acceptedBindings].sort());
  });

  it.each(rows)("$name is $verdict", ({ name, verdict }) => {
    const others = name.endsWith("Trigger") ? [] : [{ type: "httpTrigger" }];
    const sort = () => sortByTrigger([functionWith([...others, { type: name }])]);
    if (verdict === "refused") expect(sort).toThrow(`Function "f" uses the binding "${name}"`);
    else expect(sort).not.toThrow();
  });

  it("a retry policy of the host is refused, as the table above says", () => {
    const target = functionWith([{ type: "timerTrigger" }], { retryOptions: { maxRetryCount: 3 } });
    expect(() => sortByTrigger([target])).toThrow("a retry policy of the host");
  });
});

describe("options of serviceBusTrigger", () => {
  const bindings: Readonly<Record<string, Partial<RpcBinding>>> = {
    isSessionsEnabled: { isSessionsEnabled: true },
    'cardinality: "many"': { cardinality: "many" },
    sdkBinding: { properties: { supportsDeferredBinding: "true" } },
  };

  it.each(verdicts(DOCUMENT, "option of `serviceBusTrigger`"))("$name is $verdict", ({ name, verdict }) => {
    const start = () =>
      startServiceBusTrigger(functionWith([{ type: "serviceBusTrigger", ...bindings[name] }]), {
        invoke: () => Promise.reject(new Error("nothing is to be called")),
        log: () => undefined,
        work: workTracker(),
        settings: appSettings({}),
        config: {},
      });
    expect(bindings).toHaveProperty([name]);
    expect(verdict).toBe("refused");
    expect(start).toThrow("does not support");
  });
});

describe("actions of an orchestrator", () => {
  /** What the SDK's orchestrators can ask for; the compound ones are flattened before anything is checked. */
  const { ActionType } = createRequire(resolve("package.json"))(
    resolve("node_modules/durable-functions/lib/src/actions/ActionType.js"),
  ) as { ActionType: Readonly<Record<string, string | number>> };
  const types = Object.entries(ActionType).flatMap(([name, type]) =>
    typeof type === "number" && !/^When/.test(name) ? [type] : [],
  );
  const nameOf = (type: number) => describeLeaf({ type, name: "" }).replace("()", "");
  const documented = verdicts(DOCUMENT, "orchestrator's action");
  const known = { isActivity: () => true, isOrchestrator: () => true };

  it("lists exactly those that the SDK knows", () => {
    expect(documented.map(({ name }) => name).sort()).toEqual([...new Set(types.map(nameOf))].sort());
  });

  it.each(types.map((actionType) => ({ actionType, name: nameOf(actionType) })))(
    "$name is accepted or refused as documented",
    ({ actionType, name }) => {
      const check = () => assertAllowed({ actionType, functionName: "f", externalEventName: "e" }, known);
      if (documented.find((row) => row.name === name)?.verdict === "refused")
        expect(check).toThrow(`does not support ${name}`);
      else expect(check).not.toThrow();
    },
  );
});

describe("management requests", () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture("fixture-app");
  });
  afterAll(() => fixture.stop());
  const rows = verdicts(DOCUMENT, "management request, under `/runtime/webhooks/durabletask/`");

  it("lists every one whose address the host hands out", () => {
    const hub = { taskHub: "h", origin: "http://x", key: "k", rpcBaseUrl: "http://y" };
    const handedOut = Object.entries(managementUrls(hub, "{id}")).flatMap(([name, url]) => {
      const method = /(Get|Post|Delete)Uri$/.exec(name)?.[1]?.toUpperCase();
      const path = url.replace(/\?.*$/, "").replace(/^.*durabletask\//, "");
      return method === undefined ? [] : [`${method} ${path.replace("{eventName}", "{event}")}`];
    });
    expect(handedOut).toHaveLength(8);
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(handedOut));
  });

  it.each(rows)("$name is $verdict", async ({ name, verdict }) => {
    const [method = "", template = ""] = name.split(" ");
    const deletes = method === "DELETE";
    const rewinds = template.endsWith("rewind");
    const id = await fixture.start(deletes ? "chain" : rewinds ? "failing" : "approval", null);
    if (deletes || rewinds) await fixture.finish(id);
    else await fixture.host.idle();
    const path = template
      .replace("orchestrators/{name}/{id}", `orchestrators/chain/of-${id}`)
      .replace("orchestrators/{name}", "orchestrators/chain")
      .replace("{id}", id)
      .replace("{event}", "Approval")
      .replace("{name}/{key}", "counter/k");
    if (template.endsWith("resume")) await fixture.post(`instances/${id}/suspend`);
    const answer = await fetch(`${fixture.webhooks}/${path}?createdTimeFrom=2000-01-01T00:00:00Z`, {
      method,
      ...(method === "POST" ? { body: "{}", headers: { "content-type": "application/json" } } : {}),
    });
    const text = await answer.text();
    if (verdict === "refused") {
      expect(answer.status).toBe(501);
      expect(text).toContain("local host does not support");
    } else expect([200, 202]).toContain(answer.status);
  });
});
