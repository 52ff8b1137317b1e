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
