/** Route templates in ARM's spelling, matched without regard to case, and what a match says about the resource. */
import type { Call, Outcome } from "../model/world.js";

/** Which token bucket of Compute a request draws from, and which header names tell what is left. */
export type Bucket =
  "PutVM" | "UpdateVM" | "DeleteVM" | "LowCostGet" | "CreateImages" | "PutRestorePoint" | "Disk" | "Gallery";

export interface Route {
  readonly method: "GET" | "HEAD" | "PUT" | "PATCH" | "POST" | "DELETE";
  /** How the operation is called in scenarios, logs, the write log and docs/local/compute.md. */
  readonly name: string;
  readonly path: string;
  readonly handle: (call: Call) => Outcome;
  readonly bucket?: Bucket;
  /** A write that answers at once, without an operation. */
  readonly plain?: true;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  /** The addressed resource in canonical spelling: the path up to its last variable segment. */
  readonly id: string;
  /** The permission that it takes, e.g. `Microsoft.Compute/virtualMachines/start/action`. */
  readonly action: string;
}

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

export type Matcher = (method: string, path: string) => Match | undefined;

export function matcher(routes: readonly Route[]): Matcher {
  const compiled = routes.map(compile);
  const byShape = new Map<string, Compiled[]>();
  for (const one of compiled.filter(({ route }) => !route.path.startsWith("{+"))) {
    const shape = `${one.route.method} ${one.route.path.split("/").length}`;
    byShape.set(shape, [...(byShape.get(shape) ?? []), one]);
  }
  const scoped = compiled.filter(({ route }) => route.path.startsWith("{+"));
  return (method, asked) => {
    const path = asked.replace(/\/$/, "");
    for (const { route, pattern, names } of [
      ...scoped,
      ...(byShape.get(`${method} ${path.split("/").length}`) ?? []),
    ]) {
      const values = route.method === method ? pattern.exec(path) : null;
      if (values === null) continue;
      const params = Object.fromEntries(
        names.map((name, index) => [name, decodeURIComponent(values[index + 1] ?? "")]),
      );
      return { route, params, id: idOf(route.path, params), action: actionOf(route) };
    }
    return undefined;
  };
}

/** `{name}` is one segment; `{+name}` at the front is any scope. */
function compile(route: Route): Compiled {
  const names = [...route.path.matchAll(/\{\+?(\w+)\}/g)].map(([, name = ""]) => name);
  const source = route.path
    .split(/(\{\+?\w+\})/)
    .map((part) =>
      part.startsWith("{+") ? "(.+)" : part.startsWith("{") ? "([^/]+)" : part.replaceAll(".", "\\."),
    )
    .join("");
  return { route, names, pattern: new RegExp(`^${source}$`, "i") };
}

function idOf(template: string, params: Readonly<Record<string, string>>): string {
  if (template.startsWith("{+")) return params["scope"] ?? "";
  const upToLast = template.slice(0, template.lastIndexOf("}") + 1);
  return upToLast.replace(/\{(\w+)\}/g, (_match, name: string) => params[name] ?? "");
}

const VERB: Readonly<Record<Route["method"], string>> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
  POST: "action",
};

function actionOf({ method, path }: Route): string {
  const [, provided] = path.split("/providers/");
  const type =
    provided === undefined
      ? "Microsoft.Resources/subscriptions/resourceGroups"
      : provided
          .split("/")
          .filter((segment) => !segment.startsWith("{"))
          .join("/");
  return `${type}/${VERB[method]}`;
}
