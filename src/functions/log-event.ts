/** One line of JSON an event, so that Application Insights finds it by its fields. */
import type { InvocationContext } from "@azure/functions";

export const logEvent = (context: InvocationContext, event: string, fields: object): void =>
  context.log(JSON.stringify({ event, ...fields }));
