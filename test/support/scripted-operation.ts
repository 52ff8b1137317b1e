/** Operations of a scripted Azure: what was started succeeds when it is asked after. */
import type { ScriptedActivity } from "./run-orchestration.js";

export const operation = (
  name: string,
  result: (input: never) => unknown = () => null,
): Record<string, ScriptedActivity> => ({
  [`${name}Start`]: () => ({ status: "done", value: {} }),
  [`${name}Ask`]: ({ input }: { input: never }) => ({
    status: "done",
    value: { state: "succeeded", value: result(input) },
  }),
});
