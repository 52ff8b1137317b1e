/**
 * The status page, as one document. It is anonymous because it holds no data: a browser's address bar can send no key
 * but in the URL, where it would stay in histories and logs. The page asks for the key and sends it, in a header, with
 * the data calls, and those are as closed as before.
 */
import { createHash } from "node:crypto";
import { app } from "@azure/functions";
import type { HttpResponseInit } from "@azure/functions";

export interface DashboardFiles {
  readonly html: string;
  readonly css: string;
  /** What is shown, and what shows it: two modules for tests, one script in the page. */
  readonly view: string;
  readonly app: string;
}

const STYLE_LINK = '<link rel="stylesheet" href="style.css" />';
const SCRIPT_LINK = '<script type="module" src="app.js"></script>';
const VIEW_IMPORT = /^import \{[^}]*\} from "\.\/view\.js";$/m;

export function registerDashboard(files: DashboardFiles): void {
  const page = dashboardPage(files);
  app.http("dashboard", {
    methods: ["GET"],
    route: "dashboard",
    authLevel: "anonymous",
    handler: (): HttpResponseInit => page,
  });
}

/** Style and script go into the document, by their hashes: whatever else gets into it is not run. */
export function dashboardPage({ html, css, view, app: program }: DashboardFiles): {
  headers: Record<string, string>;
  body: string;
} {
  const js = view.replace(/^export /gm, "") + program.replace(VIEW_IMPORT, "");
  if (/^(import|export)\b/m.test(js)) throw new Error("The dashboard's script may import view.js alone.");
  for (const link of [STYLE_LINK, SCRIPT_LINK])
    if (!html.includes(link)) throw new Error(`The dashboard's page must hold ${link}.`);
  if (/<\/(script|style)/i.test(css + js))
    throw new Error("The dashboard's style or script would end its own element.");
  return {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": [
        "default-src 'none'",
        `style-src '${hashOf(css)}'`,
        `script-src '${hashOf(js)}'`,
        "connect-src 'self'",
        "img-src data:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join("; "),
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cache-Control": "no-cache",
    },
    // A function, for a text with $& in it would be expanded.
    body: html
      .replace(STYLE_LINK, () => `<style>${css}</style>`)
      .replace(SCRIPT_LINK, () => `<script type="module">${js}</script>`),
  };
}

const hashOf = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;
