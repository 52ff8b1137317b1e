/** The status page's script, run in a document of the test's own: what it shows, asks and does. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dashboardPage } from "../../src/functions/dashboard.js";
import type { Answer, Asked } from "../support/pretend-browser.js";
import { openPage } from "../support/pretend-browser.js";

const file = (name: string) => readFileSync(new URL(`../../src/dashboard/${name}`, import.meta.url), "utf8");
const html = file("page.html");
const { body } = dashboardPage({ html, css: "", view: file("view.js"), app: file("app.js") });
const script = /<script type="module">([\s\S]*)<\/script>/.exec(body)?.[1] ?? "";

const AT = "2031-05-06T07:08:09.000Z";
const run = (id: string, status: string, more: object = {}) => ({
  id,
  kind: "capture",
  status,
  stages: [],
  leftovers: [],
  createdAt: AT,
  updatedAt: "2031-05-06T07:10:14.000Z",
  links: { self: "" },
  ...more,
});
const stage = (name: string, state: string, more: object = {}) => ({ name, state, startedAt: AT, ...more });
const answers = (...runs: object[]): Answer => ({ json: { count: runs.length, runs } });
const open = (answer: (asked: Asked) => Answer, hash = "") =>
  openPage(html, script, `https://app.example/api/dashboard${hash}`, answer);
const DISK = "/subscriptions/s/resourceGroups/app/providers/Microsoft.Compute/disks/web_0";

describe("the list of runs", () => {
  it("shows what each run is, and its state", async () => {
    const { $, asked } = await open(() =>
      answers(
        run("web-1", "running", {
          stages: [stage("backup", "done"), stage("clone", "running", { percent: 41.7 })],
        }),
        run("web-2", "refused", { error: { code: "VM_NOT_FOUND", message: "", remedy: "" } }),
        run("web-3", "succeeded", { leftovers: [{ resource: DISK, reason: "locked" }] }),
      ),
    );
    expect(asked).toMatchObject([{ path: "/api/runs", method: "GET" }]);
    const [first, second, third] = $("runs").children.map(
      (item) => (item as { textContent: string }).textContent,
    );
    expect(first).toMatch(/^web-1running.*clone 41 %$/);
    expect(second).toMatch(/^web-2refused.*VM_NOT_FOUND$/);
    expect(third).toMatch(/^web-3succeeded.*, 1 left over$/);
    expect($("none").hidden).toBe(true);
    expect($("run").hidden).toBe(true);
  });

  it.each([
    ["", 4],
    ["active", 1],
    ["import", 1],
    ["trouble", 2],
    ["constructor", 0],
  ])("can be narrowed down to %j", async (filter, count) => {
    const { $ } = await open(() =>
      answers(
        run("a", "running"),
        run("b", "failed"),
        run("c", "succeeded", { kind: "import" }),
        run("d", "succeeded", { leftovers: [{ resource: DISK, reason: "locked" }] }),
      ),
    );
    $("filter").value = filter;
    await $("filter").hears("change");
    expect($("runs").children).toHaveLength(count);
    expect($("none").hidden).toBe(count > 0);
  });

  it("reads out what has changed, and not what was there at first nor each percent", async () => {
    const at = (name: string, percent: number) =>
      answers(
        run("web-1", "running", { stages: [stage(name, "running", { percent })] }),
        run("web-2", "failed"),
      );
    const stories = [at("clone", 10), at("clone", 20), at("capture", 0)];
    const { $, later } = await open(() => stories.shift() ?? answers());
    await later();
    expect($("news").textContent).toBe("");
    await later();
    expect($("news").textContent).toBe("web-1: running capture");
  });
});

describe("a run", () => {
  const broken = run("web-7", "failed", {
    stages: [
      stage("backup", "done", { endedAt: "2031-05-06T07:09:14.000Z" }),
      { name: "clone", state: "pending" },
    ],
    error: { code: "QUOTA_EXCEEDED", message: "No cores left.", remedy: "Ask for more.", stage: "clone" },
    leftovers: [{ resource: DISK, reason: "It is locked." }],
    links: { self: "", resume: "/api/captures/web-7/resume" },
    result: {
      checks: [
        { id: "agent", verdict: "pass" },
        { id: "bitlocker", verdict: "block", detail: "On." },
      ],
    },
  });

  it("says what went wrong, what to do, what is left over and how to resume", async () => {
    const { $, document } = await open(() => answers(broken), "#capture/web-7");
    const text = $("run").textContent;
    for (const part of [
      "QUOTA_EXCEEDED in clone",
      "No cores left.",
      "What to do: Ask for more.",
      "done 1 min 5 s",
      "not reached",
      "It is locked.",
      "Blocks: bitlocker",
      "npx vmimage resume web-7",
    ])
      expect(text).toContain(part);
    expect(text).not.toContain("agent");
    const [link] = $("run").all.filter(({ tag, className }) => tag === "a" && className === "");
    expect(link).toMatchObject({
      href: `https://portal.azure.com/#resource${DISK}`,
      rel: "noopener noreferrer",
    });
    expect(link?.textContent).toBe("web_0");
    expect(document.title).toBe("web-7: failed");
    expect($("main").className).toBe("two");
  });

  it("is opened and left by its address, with the focus on the way back", async () => {
    const { $, goTo, document } = await open(() => answers(run("web-1", "succeeded")));
    await goTo("#capture/web-1");
    expect($("run").hidden).toBe(false);
    expect(document.activeElement?.textContent).toBe("← All runs");
    await goTo("");
    expect($("run").hidden).toBe(true);
    expect(document.title).toBe("VM images");
  });

  it("is loaded on its own if it is older than the list", async () => {
    const { $, asked } = await open(
      ({ path }) => (path === "/api/runs" ? answers() : { json: run("old one", "succeeded") }),
      "#capture/old%20one",
    );
    expect(asked.at(-1)?.path).toBe("/api/captures/old%20one");
    expect($("run").textContent).toContain("old one");
  });

  it.each<[string, object]>([
    ["its id", { id: "<img src=x onerror=alert(1)>" }],
    ["its error", { error: { code: "<b>", message: "<script>alert(1)</script>", remedy: "<i>x</i>" } }],
    ["a stage's detail", { stages: [stage("<u>", "done", { detail: "<svg onload=alert(1)>" })] }],
    [
      "a leftover",
      { leftovers: [{ resource: "javascript:alert(1)", reason: "<a href=javascript:alert(1)>" }] },
    ],
    ["the image that it made", { result: { image: { id: '/subscriptions/x" onclick="alert(1)' } } }],
  ])("never makes an element or a link of what it was told: %s", async (_where, hostile) => {
    const one = run("web-7", "failed", hostile);
    const { $ } = await open(() => answers(one), `#capture/${encodeURIComponent(one.id)}`);
    const made = [...$("runs").all, ...$("run").all];
    expect($("run").hidden).toBe(false);
    const known = /^(ul|section|li|a|span|div|h2|h3|p|ol|strong|code|progress)$/;
    for (const { tag, href } of made) {
      expect(tag).toMatch(known);
      expect(href).toMatch(/^(#.*)?$/);
    }
    const told = JSON.stringify(
      made.map(({ children }) => children.filter((child) => typeof child === "string")),
    );
    const texts = JSON.stringify(hostile).match(/[^"]*(?:alert|<)[^"]*/g) ?? [];
    expect(texts.some((text) => told.includes(text))).toBe(true);
  });

  it("is stopped only when that is confirmed, with the reason, and then says so", async () => {
    const { $, asked } = await open(() => answers(run("web-7", "running")), "#capture/web-7");
    const stop = () => $("run").all.find(({ dataset }) => dataset["focus"] === "stop");
    await $("run").hears("click", { target: stop() });
    expect($("cancel").isOpen).toBe(true);
    await $("cancel").hears("close");
    expect(asked.filter(({ method }) => method === "POST")).toEqual([]);

    $("cancel").returnValue = "stop";
    $("reason").value = "wrong VM";
    await $("cancel").hears("close");
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked.find(({ method }) => method === "POST")).toMatchObject({
      path: "/api/captures/web-7/cancel",
      body: "wrong VM",
    });
    expect(stop()).toMatchObject({ disabled: true, textContent: "Asked to stop" });
  });

  it("keeps the keyboard focus where it was when it is redrawn", async () => {
    const percents = [10, 20];
    const { $, later, document } = await open(() =>
      answers(
        run("web-1", "running", { stages: [stage("clone", "running", { percent: percents.shift() ?? 30 })] }),
      ),
    );
    const link = () => $("runs").all.find(({ dataset }) => dataset["focus"] === "capture/web-1");
    const before = link();
    before?.focus();
    await later();
    expect(link()).not.toBe(before);
    expect(document.activeElement).toBe(link());
  });
});

describe("the function key", () => {
  it("is asked for, sent in a header, and forgotten when it is wrong", async () => {
    const { $, asked } = await open(({ headers }) =>
      headers["x-functions-key"] === "right" ? answers(run("web-1", "running")) : { status: 401 },
    );
    expect($("key-form").hidden).toBe(false);
    expect($("list").hidden).toBe(true);
    expect($("connection").textContent).toBe("The app requires a key.");

    const give = async (key: string) => {
      $("key").value = key;
      await $("key-form").hears("submit");
      await new Promise((resolve) => setImmediate(resolve));
    };
    await give("wrong");
    expect($("connection").textContent).toBe("This app does not accept that key.");
    await give(" right ");
    expect($("key-form").hidden).toBe(true);
    expect($("list").hidden).toBe(false);
    expect($("key").value).toBe("");
    expect($("runs").children).toHaveLength(1);
    expect(asked.map(({ headers }) => headers["x-functions-key"])).toEqual([undefined, "wrong", "right"]);
  });
});

describe("the page polls", () => {
  it("soon while something changes, less and less often while nothing does", async () => {
    let percent = 0;
    const { waits, later } = await open(() => answers(run(`web-${Math.min((percent += 1), 2)}`, "running")));
    for (let times = 0; times < 12; times += 1) await later();
    const ms = waits.map((wait) => wait.ms);
    expect(ms.slice(0, 4)).toEqual([3000, 3000, 4500, 6750]);
    expect(ms.at(-1)).toBe(60_000);
  });

  it("while the app is away, says so, and shows the runs when it is back", async () => {
    let isAway = true;
    const { $, later } = await open(() => {
      if (isAway) throw new TypeError("fetch failed");
      return answers(run("web-1", "running"));
    });
    expect($("connection").textContent).toBe("The app cannot be reached. Retrying in 6 s.");
    isAway = false;
    await later();
    expect($("runs").children).toHaveLength(1);
    expect($("connection").textContent).toMatch(/^As of/);
  });

  it("never while it is hidden, and at once when it is shown", async () => {
    const { asked, later, looksAway } = await open(() => answers());
    await looksAway(true);
    await later();
    expect(asked).toHaveLength(1);
    await looksAway(false);
    expect(asked).toHaveLength(2);
  });
});
