// An ordinary app on the public packages; it knows nothing of the host that loads it.
import { app } from "@azure/functions";
import * as df from "durable-functions";

const attempts = new Map();

df.app.activity("echo", { handler: (input) => input ?? null });
df.app.activity("failTimes", {
  handler: ({ key, times }) => {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    if (attempt <= times) throw new Error(`planned failure ${attempt} of ${key}`);
    return { key, attempt };
  },
});

df.app.orchestration("chain", function* (context) {
  const first = yield context.df.callActivity("echo", "a");
  const second = yield context.df.callActivity("echo", { first });
  return [second, yield context.df.callActivity("echo", 3)];
});

df.app.orchestration("retrying", function* (context) {
  const { key, times, max } = context.df.getInput();
  const retry = new df.RetryOptions(60_000, max);
  retry.backoffCoefficient = 2;
  return yield context.df.callActivityWithRetry("failTimes", retry, { key, times });
});

df.app.orchestration("fanOut", function* (context) {
  const count = context.df.getInput();
  return yield context.df.Task.all(
    Array.from({ length: count }, (_, n) => context.df.callActivity("echo", { n })),
  );
});

df.app.orchestration("approval", function* (context) {
  context.df.setCustomStatus({ waiting: true });
  const due = new Date(context.df.currentUtcDateTime.getTime() + 6 * 3600_000);
  const timer = context.df.createTimer(due);
  const approval = context.df.waitForExternalEvent("Approval");
  const winner = yield context.df.Task.any([timer, approval]);
  if (winner === timer) return "too late";
  timer.cancel();
  return { approved: winner.result };
});

df.app.orchestration("parent", function* (context) {
  const result = yield context.df.callSubOrchestrator("chain", { of: context.df.instanceId });
  try {
    yield context.df.callSubOrchestrator("failing", "no");
  } catch (error) {
    return { result, caught: error.message };
  }
});

df.app.orchestration("failing", function* () {
  throw new RangeError("this never works");
});

df.app.orchestration("countdown", function* (context) {
  const { left, seen } = context.df.getInput();
  const event = yield context.df.waitForExternalEvent("tick");
  if (left > 1) return void context.df.continueAsNew({ left: left - 1, seen: [...seen, event] });
  return [...seen, event];
});

app.http("start", {
  route: "start/{name}/{id?}",
  methods: ["POST"],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const { name, id } = request.params;
    const input = await request.json();
    const instanceId = await client.startNew(name, { input, ...(id ? { instanceId: id } : {}) });
    return client.createCheckStatusResponse(request, instanceId);
  },
});

app.http("hello", {
  route: "hello/{name:alpha}",
  authLevel: "function",
  handler: async (request) => ({
    jsonBody: {
      name: request.params.name,
      query: Object.fromEntries(request.query),
      body: await request.text(),
      header: request.headers.get("x-one"),
    },
    headers: { "x-two": "2" },
    cookies: [{ name: "c", value: "v", httpOnly: true }],
  }),
});
app.http("nothing", { authLevel: "anonymous", handler: () => undefined });
app.http("broken", {
  authLevel: "admin",
  handler: () => {
    throw new Error("handler broke");
  },
});

app.http("optional", {
  route: "optional/{a}/{b=seven}",
  methods: ["GET"],
  handler: ({ params }) => ({ jsonBody: params }),
});
app.http("rest", {
  route: "files/{*path}",
  methods: ["GET"],
  handler: ({ params }) => ({ jsonBody: params }),
});
app.http("exact", { route: "files/readme", methods: ["GET"], handler: () => ({ body: "exact" }) });

// Orchestrators that do what a host must not let pass. Each is asked through the input what to do wrong.
const drift = new Map();
df.app.orchestration("drifting", function* (context) {
  const { id, how } = context.df.getInput();
  const turn = drift.get(id) ?? 0;
  drift.set(id, turn + 1);
  if (how === "name") yield context.df.callActivity(turn === 0 ? "echo" : "failTimes", 1);
  else if (how === "input") yield context.df.callActivity("echo", turn);
  else if (how === "kind") {
    yield turn === 0
      ? context.df.callActivity("echo", 1)
      : context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 1000));
  } else if (how !== "fewer" || turn === 0) yield context.df.callActivity("echo", 1);
  yield context.df.callActivity("echo", 2);
});

df.app.orchestration("misusing", function* (context) {
  const misuse = context.df.getInput();
  const echo = (input) => context.df.callActivity("echo", input);
  const soon = () => new Date(context.df.currentUtcDateTime.getTime() + 60_000);
  switch (misuse) {
    case "task reused": {
      const slow = context.df.createTimer(soon());
      yield context.df.Task.any([slow, echo(1)]);
      return yield context.df.Task.any([slow, echo(2)]);
    }
    case "all over finished": {
      const event = context.df.waitForExternalEvent("go");
      yield event;
      return yield context.df.Task.all([event]);
    }
    case "falsy status":
      context.df.setCustomStatus(0);
      return yield echo(1);
    case "huge status":
      context.df.setCustomStatus({ text: "x".repeat(8200) });
      return yield echo(1);
    case "numeric event":
      return yield context.df.waitForExternalEvent("0");
    case "boolean input":
      return yield echo(true);
    case "entity":
      return yield context.df.callEntity(new df.EntityId("counter", "k"), "get");
    case "callHttp":
      return yield context.df.callHttp({ method: "GET", url: "http://127.0.0.1/" });
    case "retry timeout": {
      const retry = new df.RetryOptions(1000, 3);
      retry.retryTimeoutInMilliseconds = 5000;
      return yield context.df.callActivityWithRetry("echo", retry, 1);
    }
    case "unknown activity":
      return yield context.df.callActivity("nobody", 1);
    default:
      return yield context.df.callSubOrchestrator("nobody", 1);
  }
});

df.app.orchestration("leavesTimerOpen", function* (context) {
  const timer = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 3600_000));
  yield context.df.Task.any([timer, context.df.callActivity("echo", 1)]);
  return "early";
});

df.app.orchestration("twoWaits", function* (context) {
  const older = context.df.waitForExternalEvent("same");
  const newer = context.df.waitForExternalEvent("same");
  const first = yield context.df.Task.any([older, newer]);
  const second = yield first === newer ? older : newer;
  return { newerFirst: first === newer, values: [first.result, second] };
});

df.app.orchestration("retriedChild", function* (context) {
  const retry = new df.RetryOptions(1000, 3);
  return yield context.df.callSubOrchestratorWithRetry("flakyChild", retry, context.df.getInput());
});
df.app.orchestration("flakyChild", function* (context) {
  return yield context.df.callActivity("failTimes", context.df.getInput());
});

df.app.orchestration("again", function* (context) {
  const input = context.df.getInput();
  if (input === "first") return void context.df.continueAsNew("second");
  return input;
});

app.http("client", {
  route: "client/{method}/{id}",
  methods: ["POST"],
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const { method, id } = request.params;
    const args = await request.json();
    try {
      return { jsonBody: { result: (await client[method](id, ...args)) ?? null } };
    } catch (error) {
      return { status: 422, jsonBody: { error: error.message } };
    }
  },
});
