/**
 * What the status page shows of runs: plain trees, without a document, so that they are tested without a browser. A tree
 * holds text as text; app.js makes elements of it. Its module words are taken out when the page is put together.
 */
const FIRST_MS = 3000;
const LONGEST_MS = 60_000;

/** Properties are set as properties; aria-… and data-… as attributes. */
const h = (tag, properties, ...children) => ({
  tag,
  properties,
  children: children.flat().filter((child) => child !== undefined && child !== ""),
});
const soft = (text) => h("span", { className: "soft" }, text);

export const isOver = ({ status }) => status !== "pending" && status !== "running";
export const keyOf = ({ kind, id }) => `${kind}/${encodeURIComponent(id)}`;

const FILTERS = {
  "": () => true,
  active: (run) => !isOver(run),
  trouble: (run) => ["failed", "refused"].includes(run.status) || run.leftovers.length > 0,
};
export const filtered = (runs, filter) =>
  runs.filter(Object.hasOwn(FILTERS, filter) ? FILTERS[filter] : ({ kind }) => kind === filter);

/** Asks soon while something changes, less often while nothing does, and patiently while the app is away. */
export const nextDelay = (beforeMs, found) =>
  found === "change" ? FIRST_MS : Math.min(beforeMs * (found === "away" ? 2 : 1.5), LONGEST_MS);

/** Read out: what runs have come to, never a percent. Nothing of a run that was not known before. */
export function newsOf(told, runs) {
  const news = [];
  for (const run of runs) {
    const stage = run.stages.find(({ state }) => state === "running")?.name ?? "";
    const now = `${run.id}: ${run.status} ${stage}`.trim();
    const before = told.get(keyOf(run));
    if (before !== undefined && before !== now) news.push(now);
    told.set(keyOf(run), now);
  }
  return news.slice(0, 3).join(". ");
}

export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
const took = ({ startedAt, endedAt }, nowMs) =>
  startedAt ? duration((endedAt ? Date.parse(endedAt) : nowMs) - Date.parse(startedAt)) : "";
const clock = (iso) => new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

/** Only what is a resource id becomes a link, and only into the portal. */
function resource(id) {
  if (!/^\/subscriptions\/[\w\-./()]+$/.test(id)) return [h("span", {}, id)];
  const [, group = "", type = "", path = ""] =
    /\/resourceGroups\/([^/]+)\/providers\/[^/]+\/([^/]+)\/(.+)$/i.exec(id) ?? [];
  const href = `https://portal.azure.com/#resource${id}`;
  return [
    h("a", { href, title: id, target: "_blank", rel: "noopener noreferrer" }, path || id),
    ...(group ? [soft(` ${type}, resource group ${group}`)] : []),
  ];
}

export function card(run, isChosen) {
  const current = run.stages.find(({ state }) => state === "running");
  const percent = current?.percent === undefined ? "" : ` ${Math.floor(current.percent)} %`;
  const leftovers = run.leftovers.length > 0 ? `, ${run.leftovers.length} left over` : "";
  const link = {
    href: `#${keyOf(run)}`,
    "data-focus": keyOf(run),
    "aria-current": isChosen ? "true" : undefined,
  };
  return h(
    "li",
    {},
    h(
      "a",
      link,
      h("span", { className: "id" }, run.id),
      h("span", { className: `state ${run.status}` }, run.status),
      soft(`${run.kind}, ${clock(run.createdAt)}`),
      soft(`${current ? current.name + percent : (run.error?.code ?? "")}${leftovers}`),
    ),
  );
}

/** Anything else went wrong. */
const MARK = { pending: "○", running: "◐", done: "●", skipped: "–" };

function stageItem({ name, state, percent, detail, ...times }, run, nowMs) {
  const runs = state === "running";
  const value = percent === undefined ? {} : { value: percent };
  const says = state === "pending" && isOver(run) ? "not reached" : state;
  const done = runs && percent !== undefined ? `${Math.floor(percent)} %, ` : "";
  return h(
    "li",
    {},
    h("span", { className: state, "aria-hidden": "true" }, MARK[state] ?? "✗"),
    h("span", {}, name),
    h("span", { className: state }, `${done}${says} ${took(times, nowMs)}`.trim()),
    runs ? h("progress", { max: 100, "aria-label": `${name}, progress`, ...value }) : undefined,
    detail ? soft(detail) : undefined,
  );
}

const VERDICT = { block: "Blocks", warn: "Warning" };

const section = (title, className, items) =>
  items.length === 0
    ? []
    : [
        h(
          "div",
          { className },
          h("h3", {}, title),
          h("ul", {}, ...items.map((item) => h("li", {}, ...[item].flat()))),
        ),
      ];

function outcome({ result = {}, leftovers, links = {}, id }) {
  const { image, vmId, plan, warnings = [], checks = [], source } = result;
  const { replacedDisks = [] } = source ?? result;
  const made = image?.id ?? vmId;
  return [
    ...section("Created", "", made ? [resource(made)] : []),
    ...section("A run would create", "", plan?.image ? [resource(plan.image)] : []),
    ...section("Kept, but not in use", "", replacedDisks.map(resource)),
    ...section(
      "Left over",
      "note",
      leftovers.map((one) => [...resource(one.resource), h("p", {}, one.reason)]),
    ),
    ...section("Warnings", "note", warnings),
    ...section(
      "Preflight",
      "note",
      checks
        .filter(({ verdict }) => Object.hasOwn(VERDICT, verdict))
        .map((check) => [
          h("strong", {}, `${VERDICT[check.verdict]}: ${check.id}`),
          h("p", {}, check.detail),
          check.remedy ? h("p", {}, check.remedy) : "",
        ]),
    ),
    ...section("Resume it", "", links.resume ? [h("code", {}, `npx vmimage resume ${id}`)] : []),
  ];
}

export function details(run, { nowMs, isStopping }) {
  const { error } = run;
  // The app's clock may be ahead of the browser's.
  const now = Math.max(nowMs, Date.parse(run.updatedAt));
  return [
    h("a", { className: "back", href: "#" }, "← All runs"),
    h(
      "div",
      { className: "row" },
      h("h2", { className: "id" }, run.id),
      h("span", { className: `state ${run.status}` }, run.status),
    ),
    h(
      "p",
      { className: "soft" },
      `${run.kind}, started ${clock(run.createdAt)}, ${isOver(run) ? "ended" : "changed"} ${clock(run.updatedAt)}`,
    ),
    ...(error
      ? [
          h(
            "div",
            { className: "note error" },
            h("h3", {}, error.stage ? `${error.code} in ${error.stage}` : error.code),
            h("p", {}, error.message),
            h("p", {}, h("strong", {}, "What to do: "), error.remedy),
          ),
        ]
      : []),
    h(
      "ol",
      { id: "stages", "aria-label": "Stages" },
      ...run.stages.map((stage) => stageItem(stage, run, now)),
    ),
    ...outcome(run),
    ...(isOver(run)
      ? []
      : [
          h(
            "button",
            {
              type: "button",
              className: "danger",
              disabled: isStopping,
              "data-focus": "stop",
            },
            isStopping ? "Asked to stop" : "Stop this run…",
          ),
        ]),
  ];
}
