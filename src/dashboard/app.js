/**
 * The status page in a document. What a run says (a guest's log may be in it) is only ever set as text. One request is
 * under way at a time, and none while nobody looks.
 */
import { card, details, filtered, keyOf, newsOf, nextDelay } from "./view.js";

const KEY = "vmimage-key";

const $ = (id) => document.getElementById(id);

const state = {
  runs: [],
  shown: "",
  told: new Map(),
  delayMs: nextDelay(0, "change"),
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
  throw Object.assign(new Error(body.error?.message ?? `The app answered ${response.status}.`), {
    status: response.status,
  });
}

const chosen = () => state.runs.find((run) => keyOf(run) === location.hash.slice(1));

/** A tree of view.js as elements. */
function element(tree) {
  if (typeof tree === "string") return tree;
  const node = document.createElement(tree.tag);
  for (const [name, value] of Object.entries(tree.properties))
    if (value === undefined) continue;
    else if (/^(aria|data)-/.test(name)) node.setAttribute(name, value);
    else node[name] = value;
  node.append(...tree.children.map(element));
  return node;
}

/** Drawn again only when something is different, and whoever was at a link stays at it. */
function draw() {
  const run = chosen();
  const nowMs = Date.now();
  const list = filtered(state.runs, $("filter").value).map((one) => card(one, one === run));
  const page = run ? details(run, { nowMs, isStopping: state.stopping.has(keyOf(run)) }) : [];
  const shown = JSON.stringify([list, page]);
  if (shown === state.shown) return;
  state.shown = shown;
  const focus = document.activeElement?.dataset.focus;
  $("runs").replaceChildren(...list.map(element));
  $("none").hidden = list.length > 0;
  $("main").classList.toggle("two", run !== undefined);
  $("run").hidden = run === undefined;
  $("run").replaceChildren(...page.map(element));
  document.title = run ? `${run.id}: ${run.status}` : "VM images";
  if (focus) document.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

async function refresh() {
  clearTimeout(state.timer);
  if (document.hidden || state.busy) return;
  state.busy = true;
  try {
    const before = JSON.stringify(state.runs);
    state.runs = await newestRuns();
    state.delayMs = nextDelay(state.delayMs, JSON.stringify(state.runs) === before ? "same" : "change");
    $("key-form").hidden = true;
    $("list").hidden = false;
    $("connection").textContent = `As of ${new Date().toLocaleTimeString()}`;
    const news = newsOf(state.told, state.runs);
    if (news) $("news").textContent = news;
    draw();
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      needKey();
      return;
    }
    state.delayMs = nextDelay(state.delayMs, "away");
    $("connection").textContent =
      `${error.status ? error.message : "The app cannot be reached."} Retrying in ${Math.round(state.delayMs / 1000)} s.`;
  } finally {
    state.busy = false;
  }
  state.timer = setTimeout(refresh, state.delayMs);
}

/** And the chosen one, which may be older. */
async function newestRuns() {
  const { runs } = await ask("runs");
  const [, kind, id] = /^#([a-z]+)\/(.+)$/.exec(location.hash) ?? [];
  if (!id || runs.some((run) => keyOf(run) === `${kind}/${id}`)) return runs;
  const older = await ask(`${kind}s/${id}`).catch(() => undefined);
  return older ? [...runs, older] : runs;
}

function needKey() {
  const wrong = sessionStorage.getItem(KEY) !== null;
  sessionStorage.removeItem(KEY);
  $("connection").textContent = wrong ? "This app does not accept that key." : "The app requires a key.";
  $("list").hidden = true;
  $("run").hidden = true;
  $("key-form").hidden = false;
  $("key").focus();
}

const soon = () => {
  state.delayMs = nextDelay(0, "change");
  void refresh();
};

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $("key").value.trim());
  $("key").value = "";
  // What was hidden for want of a key is drawn again.
  state.shown = "";
  soon();
});
$("run").addEventListener("click", ({ target }) => {
  if (target.dataset.focus !== "stop") return;
  // Escape closes a dialog with the answer that it was given before.
  $("cancel").returnValue = "";
  $("cancel").showModal();
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
    $("news").textContent = `${run.id} was asked to stop.`;
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
