// An orchestrator that runs whatever program its input holds, so that a test can invent programs by the thousand.
// The programs are described in ../programs.ts.
import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as df from "durable-functions";

/** Where counts of attempts and the trace must survive a host that is killed; without it they are in memory. */
const countsDir = () => process.env.FUZZ_DIR;
const attempts = new Map();
const attemptOf = (key) => {
  if (countsDir() === undefined) {
    attempts.set(key, (attempts.get(key) ?? 0) + 1);
    return attempts.get(key);
  }
  const path = join(countsDir(), key);
  appendFileSync(path, "x");
  return statSync(path).size;
};
const trace = (what, key) => {
  if (countsDir() === undefined) return;
  appendFileSync(join(countsDir(), "trace.log"), `${what} ${key} ${process.pid} ${Date.now()}\n`);
};

df.app.activity("act", {
  handler: async ({ key, value, ms }) => {
    trace("begin", key);
    if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
    trace("end", key);
    return value;
  },
});
df.app.activity("flaky", {
  handler: ({ key, fails }) => {
    if (attemptOf(key) <= fails) throw new Error(`planned failure of ${key}`);
    return `ok:${key}`;
  },
});

function taskOf(context, leaf) {
  const { df: durable } = context;
  switch (leaf.op) {
    case "act":
      return durable.callActivity("act", leaf);
    case "flaky": {
      const retry = new df.RetryOptions(leaf.firstMs, leaf.max);
      retry.backoffCoefficient = leaf.backoff;
      return durable.callActivityWithRetry("flaky", retry, leaf);
    }
    case "timer":
      return durable.createTimer(new Date(durable.currentUtcDateTime.getTime() + leaf.ms));
    case "sub":
      return durable.callSubOrchestrator("program", { steps: leaf.steps, results: [] });
    case "flakySub": {
      const steps = [{ op: "must", key: leaf.key, fails: leaf.fails }];
      const retry = new df.RetryOptions(leaf.firstMs, leaf.max);
      return durable.callSubOrchestratorWithRetry("program", retry, { steps, results: [] });
    }
  }
}

function* outcome(task) {
  try {
    return (yield task) ?? null;
  } catch {
    return "failed";
  }
}

function* runStep(context, step) {
  const { df: durable } = context;
  switch (step.op) {
    case "one":
      return yield* outcome(taskOf(context, step.leaf));
    case "all":
      return yield* outcome(durable.Task.all(step.leaves.map((leaf) => taskOf(context, leaf))));
    case "any": {
      const tasks = step.leaves.map((leaf) => taskOf(context, leaf));
      const winner = yield durable.Task.any(tasks);
      for (const [index, task] of tasks.entries()) {
        if (step.cancel && step.leaves[index].op === "timer" && !task.isCompleted) task.cancel();
      }
      return tasks.indexOf(winner);
    }
    case "background": {
      const behind = taskOf(context, step.leaf);
      yield durable.Task.any([behind, taskOf(context, step.front)]);
      const results = [];
      for (const inner of step.steps) results.push(yield* runStep(context, inner));
      return [results, yield* outcome(behind)];
    }
    case "event": {
      durable.setCustomStatus({ waitsFor: step.name });
      const event = durable.waitForExternalEvent(step.name);
      const deadline = durable.createTimer(new Date(durable.currentUtcDateTime.getTime() + 1e10));
      yield durable.Task.any([deadline, event]);
      deadline.cancel();
      durable.setCustomStatus({ waitsFor: null });
      return event.result;
    }
    case "must":
      return yield durable.callActivity("flaky", step);
  }
}

df.app.orchestration("program", function* (context) {
  const { steps, results } = context.df.getInput();
  for (const [index, step] of steps.entries()) {
    if (step.op === "again") {
      context.df.continueAsNew({ steps: steps.slice(index + 1), results });
      return;
    }
    results.push(yield* runStep(context, step));
  }
  return results;
});
