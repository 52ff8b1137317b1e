/** Runs as the pipeline reports them, parsed with care: the app may be older or newer than this command line. */
import { z } from "zod";
import { RUN_KINDS, type RunKind } from "../contracts/status.js";
import type { RunStatus } from "../domain/stages.js";
import { isOpen, RUN_STATUSES, STAGE_STATES } from "../domain/stages.js";
import { CommandFailed, UsageError } from "./command.js";
import { EXIT } from "./exit-codes.js";
import type { PipelineClient } from "./pipeline-client.js";

const stage = z.object({
  name: z.string(),
  state: z.enum(STAGE_STATES),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  percent: z.number().optional(),
  detail: z.string().optional(),
});

const runDocument = z.object({
  id: z.string(),
  kind: z.enum(RUN_KINDS),
  status: z.enum(RUN_STATUSES),
  stages: z.array(stage),
  result: z.unknown().optional(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      remedy: z.string(),
      stage: z.string().optional(),
      excerpt: z.string().optional(),
    })
    .optional(),
  leftovers: z.array(z.object({ resource: z.string(), reason: z.string() })).default([]),
  createdAt: z.string(),
  updatedAt: z.string(),
});

export type RunDocument = z.output<typeof runDocument>;

const runList = z.object({ count: z.number(), runs: z.array(runDocument) });
const startedRun = z.object({ id: z.string(), links: z.object({ self: z.string() }) });

export interface RunPlace {
  readonly kind: RunKind;
  readonly id: string;
}

const pathOf = ({ kind, id }: RunPlace): string => `${kind}s/${encodeURIComponent(id)}`;

export async function findRun(client: PipelineClient, place: RunPlace): Promise<RunDocument | undefined> {
  const body = await client.find(pathOf(place));
  return body === undefined ? undefined : expect(runDocument, body);
}

export interface RunFilter {
  readonly kind?: RunKind;
  readonly status?: readonly RunStatus[];
  /** ISO 8601, a day or a time; without it the app shows recent runs, and what has not ended. */
  readonly since?: string;
}

/** The newest runs; `count` is of all that match. */
export async function listRuns(client: PipelineClient, { kind, status, since }: RunFilter) {
  const query = new URLSearchParams({
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status: status.join(",") }),
    ...(since === undefined ? {} : { since }),
  }).toString();
  return expect(runList, await client.get(query === "" ? "runs" : `runs?${query}`));
}

export async function cancelRun(client: PipelineClient, place: RunPlace, reason: string): Promise<void> {
  await client.post(`${pathOf(place)}/cancel`, reason, "repeatable");
}

/** The request carries its id, so that sending it twice starts one run. */
export const startCapture = async (client: PipelineClient, request: { readonly requestId: string }) =>
  placeIn(await client.post("captures", JSON.stringify(request), "repeatable"));

/** A new run made of an earlier capture. */
export const startFrom = async (
  client: PipelineClient,
  captureId: string,
  act: "restore" | "resume",
  options: object,
) =>
  placeIn(
    await client.post(`captures/${encodeURIComponent(captureId)}/${act}`, JSON.stringify(options), "once"),
  );

function placeIn(body: unknown): RunPlace {
  const { id, links } = expect(startedRun, body);
  const kind = RUN_KINDS.find((known) => links.self.includes(`/api/${known}s/`)) ?? "capture";
  return { kind, id };
}

/** `web-01`, or with its kind where two runs have one id: `capture/web-01`. */
function runNamed(name: string): { readonly id: string; readonly kinds: readonly RunKind[] } {
  const [, kind, id] = /^([a-z]+)[/]([^/]+)$/.exec(name) ?? [];
  if (kind === undefined || id === undefined) return { id: name, kinds: RUN_KINDS };
  const known = RUN_KINDS.find((one) => one === kind);
  if (!known) throw new UsageError(`Unknown kind of run "${kind}"; use one of ${RUN_KINDS.join(", ")}.`);
  return { id, kinds: [known] };
}

/**
 * A restore has the id of its capture: if two share an id, the one in progress is meant.
 * @throws CommandFailed when no run has that id, or two and neither or both are under way.
 */
export async function locateRun(client: PipelineClient, name: string): Promise<RunDocument> {
  const { id, kinds } = runNamed(name);
  const found = (await Promise.all(kinds.map((kind) => findRun(client, { kind, id })))).filter(
    (run) => run !== undefined,
  );
  const active = found.filter(({ status }) => isOpen(status));
  const [run, ...others] = active.length > 0 ? active : found;
  if (run === undefined)
    throw new CommandFailed(
      EXIT.noSuchRun,
      `There is no run ${id} at ${client.url}. To list the runs: vmimage runs`,
    );
  if (others.length > 0)
    throw new CommandFailed(
      EXIT.usage,
      `More than one run has the id ${id}. Specify which: ${[run, ...others].map((one) => `${one.kind}/${one.id}`).join(" or ")}`,
    );
  return run;
}

function expect<T>(schema: z.ZodType<T>, body: unknown): T {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new CommandFailed(
    EXIT.unavailable,
    `The app's answer has a form that this command line does not know (${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}). Are both of the same version?`,
  );
}
