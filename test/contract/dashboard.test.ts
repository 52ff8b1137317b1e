import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RUN_KINDS } from "../../src/contracts/status.js";
import { dashboardPage } from "../../src/functions/dashboard.js";

const file = (name: string) => readFileSync(new URL(`../../src/dashboard/${name}`, import.meta.url), "utf8");
const files = {
  html: file("page.html"),
  css: file("style.css"),
  view: file("view.js"),
  app: file("app.js"),
};
const script = files.view + files.app;
const { headers, body } = dashboardPage(files);
const policy = new Map(
  (headers["Content-Security-Policy"] ?? "").split("; ").map((rule) => {
    const [name = "", ...values] = rule.split(" ");
    return [name, values.join(" ")] as const;
  }),
);
const idsIn = (html: string) => [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);

describe("the dashboard's page", () => {
  it("is one document: nothing in it is fetched but the app's own data", () => {
    expect(body).not.toMatch(/<link rel="stylesheet"|<script[^>]* src=/);
    expect(files.html).not.toMatch(/<(img|iframe|object|embed|base)\b/i);
    expect(files.css).not.toMatch(/@import|url\(/i);
    expect(files.html + files.css).not.toMatch(/https?:/);
    // The portal is a link that a person may follow, never a request.
    expect(script.match(/https?:[^`"']*/g)).toEqual(["https://portal.azure.com/#resource${id}"]);
  });

  it.each([
    ["style-src", /<style>([\s\S]*?)<\/style>/],
    ["script-src", /<script type="module">([\s\S]*?)<\/script>/],
  ])("lets run what was shipped and nothing else: %s", (directive, element) => {
    const text = element.exec(body)?.[1] ?? "";
    expect(text.length).toBeGreaterThan(1000);
    expect(policy.get(directive)).toBe(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  });

  it("forbids everything else that a browser could be made to do", () => {
    expect(Object.fromEntries(policy)).toMatchObject({
      "default-src": "'none'",
      "connect-src": "'self'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
    });
    expect(headers).toMatchObject({ "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer" });
    expect(body).not.toMatch(/ (style|on\w+)="/);
  });

  it("never treats data as HTML, nor puts the key anywhere but into a header of this tab's requests", () => {
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/,
    );
    expect(script).not.toMatch(/localStorage|document\.cookie|[?&]code=/);
  });

  it("contains what its script looks for, each id once", () => {
    const ids = idsIn(files.html);
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = [...script.matchAll(/\$\("([^"]+)"\)/g)].map(([, id]) => id);
    expect(wanted.length).toBeGreaterThan(10);
    for (const id of wanted) expect(ids).toContain(id);
  });

  it("names every field, and reads out what changes", () => {
    const labelled = [...files.html.matchAll(/<label for="([^"]+)"/g)].map(([, id]) => id);
    const fields = [...files.html.matchAll(/<(?:input|select)\b[^>]*\bid="([^"]+)"/g)].map(([, id]) => id);
    expect(fields.length).toBeGreaterThan(2);
    expect(labelled.toSorted()).toEqual(fields.toSorted());
    expect(files.html).toMatch(/aria-live="polite"/);
    expect(files.html).toMatch(/role="status"/);
    expect(files.html).toMatch(/<html lang="en">/);
  });

  it("can show every kind of run alone", () => {
    for (const kind of RUN_KINDS) expect(files.html).toContain(`<option value="${kind}">`);
  });

  it.each([
    [
      "a page without a place for its style",
      { ...files, html: files.html.replace("style.css", "other.css") },
    ],
    ["a script that would end its own element", { ...files, app: '"</script>"' }],
    ["a script that would load another", { ...files, app: 'import "./more.js";' }],
  ])("does not start with what could not work: %s", (_what, broken) => {
    expect(() => dashboardPage(broken)).toThrow(/dashboard/);
  });
});
