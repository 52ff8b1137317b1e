/** The pipeline over HTTP, as the command line sees it: an answer, or the reason why there is none. */
import { CommandFailed, UsageError, type Terminal } from "./command.js";
import { EXIT, EXIT_OF_RUN } from "./exit-codes.js";
import { plain } from "./words.js";

/** parseArgs options that every command that talks to the pipeline takes. */
export const CONNECTION_OPTIONS = { url: { type: "string" }, key: { type: "string" } } as const;

export const CONNECTION_HELP = `  --url URL   address of the function app; or VMIMAGE_URL
              (default: http://localhost:7071, where \`npm start\` listens)
  --key KEY   function key of the app; better set VMIMAGE_KEY, which process lists do not show`;

export interface PipelineClient {
  readonly url: string;
  /** Undefined where nothing is found. */
  find(path: string): Promise<unknown>;
  get(path: string): Promise<unknown>;
  /** `repeatable`: safe to send twice, so it is sent again if the answer was lost. */
  post(path: string, body: string, send: "repeatable" | "once"): Promise<unknown>;
}

export interface PipelineClientOptions {
  readonly url: string;
  readonly key?: string;
  readonly timeoutMs?: number;
  readonly sleep?: Terminal["sleep"];
}

const LOCAL = "http://localhost:7071";
const TIMEOUT_MS = 60_000;
const TRIES = 3;

/** @throws UsageError for an address to which nothing should be sent. */
export function pipelineClient(
  given: { readonly url?: string | undefined; readonly key?: string | undefined },
  { env = {}, sleep }: Terminal,
): PipelineClient {
  const key = given.key ?? env["VMIMAGE_KEY"];
  return openPipeline({
    url: given.url ?? env["VMIMAGE_URL"] ?? LOCAL,
    ...(key ? { key } : {}),
    ...(sleep ? { sleep } : {}),
  });
}

export function openPipeline(options: PipelineClientOptions): PipelineClient {
  const base = baseOf(options.url, options.key !== undefined);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));

  async function ask(method: "GET" | "POST", path: string, body?: string, tries = TRIES): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await once(method, path, body);
      if (attempt < tries && isPassing(answer)) await sleep(1000 * attempt);
      else if ("status" in answer) return answer;
      else throw answer;
    }
  }

  async function once(method: string, path: string, body?: string): Promise<Answer | CommandFailed> {
    try {
      const response = await fetch(`${base}/api/${path}`, {
        method,
        headers: {
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(options.key === undefined ? {} : { "x-functions-key": options.key }),
        },
        ...(body === undefined ? {} : { body }),
        // A key must not follow to wherever an answer points.
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      return {
        status: response.status,
        text: await response.text(),
        location: response.headers.get("location"),
      };
    } catch (error) {
      return new CommandFailed(EXIT.unavailable, whyUnreachable(base, error, timeoutMs), { cause: error });
    }
  }

  return {
    url: base,
    async find(path) {
      const answer = await ask("GET", path);
      return answer.status === 404 ? undefined : read(answer, `GET ${base}/api/${path}`);
    },
    get: async (path) => read(await ask("GET", path), `GET ${base}/api/${path}`),
    post: async (path, body, send) =>
      read(await ask("POST", path, body, send === "once" ? 1 : TRIES), `POST ${base}/api/${path}`),
  };
}

/** Worth an immediate retry; if nothing is listening, or on a timeout, that is reported instead. */
const isPassing = (answer: Answer | CommandFailed): boolean =>
  "status" in answer
    ? answer.status === 429 || answer.status >= 500
    : BROKEN_OFF.includes(codeOf(answer.cause) ?? "");

const BROKEN_OFF = ["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"];

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly location: string | null;
}

function baseOf(given: string, withKey: boolean): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(
      `"${plain(given)}" is not the address of a function app; use one like https://NAME.azurewebsites.net.`,
    );
  if (url.username || url.search)
    throw new UsageError("Specify only the app's address here, and its key in VMIMAGE_KEY or --key.");
  const onThisMachine = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (withKey && url.protocol === "http:" && !onThisMachine)
    throw new UsageError(`The key would be sent unencrypted: use https://${url.host}.`);
  return `${url.origin}${url.pathname.replace(/\/(api\/?)?$/, "")}`;
}

function whyUnreachable(base: string, error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `${base} did not answer within ${timeoutMs / 1000} s. Try again; if that does not help, check that the app is running.`;
  switch (codeOf(error)) {
    case "ECONNREFUSED":
      return `Nothing is listening at ${base}. Start the app there (locally: npm start), or set its address with --url or VMIMAGE_URL.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The host name in ${base} could not be resolved. Check --url or VMIMAGE_URL, and the network.`;
    case "ECONNRESET":
    case "EPIPE":
    case "UND_ERR_SOCKET":
      return `${base} closed the connection before it answered. Try again; is it the address of a function app?`;
    default:
      return `${base} could not be reached (${codeOf(error) ?? String(error)}). Check --url or VMIMAGE_URL, and the network.`;
  }
}

/** fetch hides the reason in its cause, and two refusals (IPv4 and IPv6) in an AggregateError there. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

/** 409: the request is valid but cannot be fulfilled, which is what a refusal is. */
const EXIT_OF_PROBLEM: Readonly<Record<number, number>> = {
  400: EXIT.usage,
  404: EXIT.noSuchRun,
  409: EXIT_OF_RUN.refused,
};

function read(answer: Answer, what: string): unknown {
  const { status, text, location } = answer;
  const problem = problemIn(answer);
  if (status === 401 || status === 403)
    throw new CommandFailed(
      EXIT.noPermission,
      `${what}: the app requires a function key, and ${status === 401 ? "it is missing or wrong" : "this one is not allowed to do that"}. Set it in VMIMAGE_KEY (Portal: Function App, App keys).`,
    );
  if (problem)
    throw new CommandFailed(
      EXIT_OF_PROBLEM[status] ?? EXIT.broken,
      plainLines(`${problem.code}: ${problem.message}\n→ ${problem.remedy}`),
    );
  if (status >= 300 && status < 400)
    throw new CommandFailed(
      EXIT.unavailable,
      `${what} was answered with a redirect to ${plain(location ?? "nowhere")}. Set the app's own address with --url.`,
    );
  if (status === 404)
    throw new CommandFailed(
      EXIT.unavailable,
      `${what}: there is no such route. Is this the address of a vmimage app of the same version as this command line?`,
    );
  if (status < 200 || status >= 300)
    throw new CommandFailed(
      EXIT.unavailable,
      `${what} was answered with ${status}: ${plain(text).slice(0, 300) || "(no text)"}`,
    );
  const body = jsonIn(text);
  if (body === undefined)
    throw new CommandFailed(
      EXIT.unavailable,
      `${what} was answered with something that is not JSON. Is this the address of a vmimage app?`,
    );
  return body;
}

function problemIn({ status, text }: Answer) {
  const body = status >= 400 ? jsonIn(text) : undefined;
  const error = (body as { error?: Record<string, unknown> } | null | undefined)?.error;
  const { code, message, remedy } = error ?? {};
  return typeof code === "string" && typeof message === "string"
    ? { code, message, remedy: typeof remedy === "string" ? remedy : "Check the app's log." }
    : undefined;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const plainLines = (text: string): string => text.split("\n").map(plain).join("\n");
