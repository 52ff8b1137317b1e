/**
 * The status page. What a run says (a guest's log may be in it) is only ever set as text. One request is under way at a
 * time; it is asked less often while nothing changes, not at all while nobody looks, and patiently while the app is away.
 */
const FIRST_MS = 3000;
const LONGEST_MS = 60_000;
const KEY = "vmimage-key";

const $ = (id) => document.getElementById(id);

/** Properties as properties, so that nothing is parsed as HTML; aria-… and data-… as attributes. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties))
    if (value === undefined) continue;
    else if (/^(aria|data)-/.test(name)) node.setAttribute(name, value);
    else node[name] = value;
  node.append(...children.filter((child) => child !== undefined && child !== ""));
  return node;
}

const state = {
  runs: [],
  older: 0,
  shown: "",
  announced: new Map(),
  delayMs: FIRST_MS,
  timer: 0,
  busy: false,
  stopping: new Set(),
};

const api = new URL(".", location.href.split("#")[0]);

async function ask(path, init = {}) {
  const key = sessionStorage.getItem(KEY);
  const response = await fetch(new URL(path, api), {
    ...init,
    headers: { accept: "application/json", ...(key ? { "x-functions-key": key } : {}) },
    signal: AbortSignal.timeout(30_000),
  });
  if (response.ok) return response.json();
  const body = await response.json().catch(() => ({}));
  throw Object.assign(new Error(body.error?.message ?? `The app answers ${response.status}.`), {
    status: response.status,
  });
}

const isOver = ({ status }) => status !== "pending" && status !== "running";
const keyOf = ({ kind, id }) => `${kind}/${encodeURIComponent(id)}`;
const chosen = () => state.runs.find((run) => keyOf(run) === location.hash.slice(1));

const FILTERS = {
  "": () => true,
  active: (run) => !isOver(run),
  trouble: (run) => ["failed", "refused"].includes(run.status) || run.leftovers.length > 0,
};
const filtered = () =>
  state.runs.filter(FILTERS[$("filter").value] ?? (({ kind }) => kind === $("filter").value));

function duration(from, to) {
  const seconds = Math.max(0, Math.round((to - from) / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
const took = ({ startedAt, endedAt }) =>
  startedAt ? duration(Date.parse(startedAt), endedAt ? Date.parse(endedAt) : Date.now()) : "";
const clock = (iso) => new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

/** Only what is a resource id becomes a link, and only into the portal. */
function resource(id) {
  if (!/^\/subscriptions\/[\w\-./()]+$/.test(id)) return el("span", { textContent: id });
  const href = `https://portal.azure.com/#resource${id}`;
  return el("a", { href, target: "_blank", rel: "noopener noreferrer", textContent: id });
}

const soft = (textContent) => el("span", { className: "soft", textContent });

function card(run) {
  const current = run.stages.find(({ state: at }) => at === "running");
  const percent = current?.percent === undefined ? "" : ` ${Math.floor(current.percent)} %`;
  const leftovers = run.leftovers.length > 0 ? `, ${run.leftovers.length} left over` : "";
  const link = el(
    "a",
    {
      href: `#${keyOf(run)}`,
      "data-focus": keyOf(run),
      "aria-current": keyOf(run) === location.hash.slice(1) ? "true" : undefined,
    },
    el("span", { className: "id", textContent: run.id }),
    el("span", { className: `state ${run.status}`, textContent: run.status }),
    soft(`${run.kind}, ${clock(run.createdAt)}`),
    soft(`${current ? current.name + percent : (run.error?.code ?? "")}${leftovers}`),
  );
  return el("li", {}, link);
}

/** Anything else went wrong. */
const MARK = { pending: "○", running: "◐", done: "●", skipped: "–" };

function stageItem(stage) {
  const bar =
    stage.state === "running"
      ? el("progress", {
          max: 100,
          "aria-label": `${stage.name}, progress`,
          ...(stage.percent === undefined ? {} : { value: stage.percent }),
        })
      : undefined;
  const percent =
    stage.state === "running" && stage.percent !== undefined ? `${Math.floor(stage.percent)} %, ` : "";
  return el(
    "li",
    {},
    el("span", { className: stage.state, textContent: MARK[stage.state] ?? "✗", "aria-hidden": "true" }),
    el("span", { textContent: stage.name }),
    el("span", { className: stage.state, textContent: `${percent}${stage.state} ${took(stage)}`.trim() }),
    bar,
    stage.detail ? soft(stage.detail) : undefined,
  );
}

function details(run) {
  const image = run.result?.image?.id ?? run.result?.vmId;
  const parts = [
    el("a", { className: "back", href: "#", textContent: "← All runs" }),
    el(
      "div",
      { className: "row" },
      el("h2", { className: "id", textContent: run.id }),
      el("span", { className: `state ${run.status}`, textContent: run.status }),
    ),
    el("p", {
      className: "soft",
      textContent: `${run.kind}, begun ${clock(run.createdAt)}, ${isOver(run) ? "ended" : "changed"} ${clock(run.updatedAt)}`,
    }),
    el("ol", { id: "stages", "aria-label": "Stages" }, ...run.stages.map(stageItem)),
  ];
  if (run.error)
    parts.push(
      el(
        "div",
        { className: "error" },
        el("strong", { textContent: run.error.code }),
        el("p", { textContent: run.error.message }),
        el("p", {}, el("strong", { textContent: "What to do: " }), run.error.remedy),
      ),
    );
  if (image) parts.push(el("h3", { textContent: "Made" }), el("p", { className: "id" }, resource(image)));
  for (const warning of run.result?.warnings ?? []) parts.push(el("p", { textContent: `! ${warning}` }));
  for (const id of run.result?.replacedDisks ?? [])
    parts.push(el("p", { className: "id" }, "Kept, and in nobody's use: ", resource(id)));
  if (run.leftovers.length > 0)
    parts.push(
      el(
        "div",
        { className: "leftovers" },
        el("strong", { textContent: "Left over" }),
        el("ul", {}, ...run.leftovers.map((one) => el("li", {}, resource(one.resource), ` (${one.reason})`))),
      ),
    );
  if (!isOver(run))
    parts.push(
      el("button", {
        type: "button",
        className: "danger",
        textContent: state.stopping.has(keyOf(run)) ? "Asked to stop" : "Stop this run…",
        disabled: state.stopping.has(keyOf(run)),
        "data-focus": "stop",
        onclick: () => {
          // Escape closes a dialog with the answer that it was given before.
          $("cancel").returnValue = "";
          $("cancel").showModal();
        },
      }),
    );
  return parts;
}

/** Drawn again only when something is different, and whoever was at a link stays at it. */
function draw() {
  const run = chosen();
  const key = JSON.stringify([
    state.runs,
    location.hash,
    $("filter").value,
    run && !isOver(run) && Date.now(),
  ]);
  if (key === state.shown) return;
  state.shown = key;
  const focus = document.activeElement?.dataset.focus;
  const list = filtered();
  $("runs").replaceChildren(...list.map(card));
  $("none").hidden = list.length > 0;
  $("main").classList.toggle("two", run !== undefined);
  $("run").hidden = run === undefined;
  $("run").replaceChildren(...(run ? details(run) : []));
  if (focus) document.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

/** Read out: what a run has come to, never a percent. */
function announce() {
  const news = [];
  for (const run of state.runs) {
    const stage = run.stages.find(({ state: at }) => at === "running")?.name ?? "";
    const now = `${run.id}: ${run.status} ${stage}`.trim();
    const before = state.announced.get(keyOf(run));
    if (before !== undefined && before !== now) news.push(now);
    state.announced.set(keyOf(run), now);
  }
  if (news.length > 0) $("news").textContent = news.slice(0, 3).join(". ");
}

async function refresh() {
  clearTimeout(state.timer);
  if (document.hidden || state.busy) return;
  state.busy = true;
  try {
    const before = JSON.stringify(state.runs);
    state.runs = (await ask("runs")).runs;
    const [, kind, id] = /^#([a-z]+)\/(.+)$/.exec(location.hash) ?? [];
    if (id && !chosen())
      state.runs.push(
        ...(await ask(`${kind}s/${id}`).then(
          (run) => [run],
          () => [],
        )),
      );
    state.delayMs =
      JSON.stringify(state.runs) === before ? Math.min(state.delayMs * 1.5, LONGEST_MS) : FIRST_MS;
    $("key-form").hidden = true;
    $("list").hidden = false;
    $("connection").textContent = `As of ${new Date().toLocaleTimeString()}`;
    announce();
    draw();
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      needKey();
      return;
    }
    state.delayMs = Math.min(state.delayMs * 2, LONGEST_MS);
    $("connection").textContent =
      `${error.status ? error.message : "The app cannot be reached."} Asking again in ${Math.round(state.delayMs / 1000)} s.`;
  } finally {
    state.busy = false;
  }
  state.timer = setTimeout(refresh, state.delayMs);
}

function needKey() {
  const wrong = sessionStorage.getItem(KEY) !== null;
  sessionStorage.removeItem(KEY);
  $("connection").textContent = wrong ? "That key is not one of this app." : "The app asks for a key.";
  $("list").hidden = true;
  $("run").hidden = true;
  $("key-form").hidden = false;
  $("key").focus();
}

const soon = () => {
  state.delayMs = FIRST_MS;
  void refresh();
};

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $("key").value.trim());
  $("key").value = "";
  soon();
});
$("cancel").addEventListener("close", async () => {
  const run = chosen();
  if ($("cancel").returnValue !== "stop" || !run) return;
  try {
    await ask(`${run.kind}s/${encodeURIComponent(run.id)}/cancel`, {
      method: "POST",
      body: $("reason").value,
    });
    state.stopping.add(keyOf(run));
    $("news").textContent = `${run.id} is asked to stop.`;
  } catch (error) {
    $("connection").textContent = `${run.id} could not be asked to stop: ${error.message}`;
  }
  $("reason").value = "";
  soon();
});
$("filter").addEventListener("change", draw);
$("skip").addEventListener("click", () => $("main").focus());
addEventListener("hashchange", () => {
  draw();
  if (chosen()) $("run").querySelector("a")?.focus();
  else if (location.hash) soon();
});
document.addEventListener("visibilitychange", soon);
void refresh();
