/** How the errors of error-facts.ts and storage-error-facts.ts are met: single requests, operations, and what comes before. */
import { type Bench, freshVm, WEST } from "./support.js";

export interface Refusal {
  readonly status: number | "operation";
  readonly code: string;
  readonly message: string;
}

export interface ErrorFact {
  readonly code: string;
  /** "operation": the request is taken, and its operation fails. */
  readonly status: number | "operation";
  readonly message: string;
  readonly meet: ((bench: Bench) => Promise<Refusal>) | { readonly never: string };
}

export const API = "?api-version=2024-07-01";
export const linux = (bench: Bench): string => bench.id("virtualMachines", "linux1");

/** The request's own refusal. */
export async function ask(bench: Bench, method: string, path: string, body?: unknown): Promise<Refusal> {
  const answer = await bench.call(method, path + (path.includes("?") ? "" : API), body);
  const { error } = (answer.body ?? {}) as { error?: { code: string; message: string } };
  return { status: answer.status, code: error?.code ?? "", message: error?.message ?? "" };
}

/** The end of the operation that a request starts, once `next` has been done. */
export async function outcome(
  bench: Bench,
  [method, path, body]: readonly [string, string, unknown?],
  next: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Refusal> {
  const { headers } = await bench.call(method, path + API, body);
  await next();
  await bench.pass(3000);
  const url = headers.get("azure-asyncoperation") ?? headers.get("location") ?? "";
  const { status, body: end } = await bench.call("GET", url.replace(bench.simulator.endpoint, ""));
  const { error, Error: blocked } = end as {
    error?: { code: string; message: string };
    Error?: { Code: string; Message: string };
  };
  return blocked === undefined
    ? { status: "operation", code: error?.code ?? "", message: error?.message ?? "" }
    : { status, code: blocked.Code, message: blocked.Message };
}

export async function generalized(bench: Bench, vm = linux(bench)): Promise<void> {
  await ask(bench, "POST", `${vm}/deallocate`);
  await bench.pass(60);
  await ask(bench, "POST", `${vm}/generalize`);
}

export const run = { commandId: "RunShellScript", script: ["id"] };
export const capture = { vhdPrefix: "p", destinationContainerName: "c", overwriteVhds: true };
export const imageOf = (id: string) => ({ location: WEST, properties: { sourceVirtualMachine: { id } } });
export const copyOf = (sourceResourceId: string, more: object = {}) => ({
  location: WEST,
  properties: { creationData: { createOption: "Copy", sourceResourceId }, ...more },
});
export const empty = {
  location: WEST,
  properties: { creationData: { createOption: "Empty" }, diskSizeGB: 8 },
};
export const versionPath = (bench: Bench, name: string, definition = "linux-generalized"): string =>
  bench.id(`galleries/gallery1/images/${definition}/versions`, name, "rg-images");
export const versionOf = (virtualMachineId: string, ...regions: string[]) => ({
  location: WEST,
  properties: {
    storageProfile: { source: { virtualMachineId } },
    publishingProfile: { targetRegions: (regions.length === 0 ? [WEST] : regions).map((name) => ({ name })) },
  },
});
export const group = (bench: Bench, name: string): string =>
  `/subscriptions/${bench.simulator.subscriptionId}/resourceGroups/${name}`;

export const osDiskOf = async (bench: Bench): Promise<string> => {
  const { body } = await bench.call("GET", linux(bench) + API);
  type Model = { properties: { storageProfile: { osDisk: { managedDisk: { id: string } } } } };
  return (body as Model).properties.storageProfile.osDisk.managedDisk.id;
};

export async function readDisk(bench: Bench): Promise<string> {
  const disk = bench.id("disks", "d");
  await ask(bench, "PUT", disk, empty);
  await bench.pass(1);
  await ask(bench, "POST", `${disk}/beginGetAccess`, { access: "Read", durationInSeconds: 36_000 });
  return disk;
}

/** A VM from an image in which nobody answers for the system. */
export async function muteVm(bench: Bench): Promise<Refusal> {
  const image = bench.id("images", "i");
  await bench.local("POST", "guests/linux1", { agentResponds: false });
  await generalized(bench);
  await ask(bench, "PUT", image, imageOf(linux(bench)));
  await bench.pass(10);
  const body = freshVm(bench.networkId("virtualNetworks", "vnet/subnets/default"));
  const { osDisk } = body.properties.storageProfile;
  const storageProfile = { osDisk, imageReference: { id: image } };
  return outcome(bench, [
    "PUT",
    bench.id("virtualMachines", "new"),
    { ...body, properties: { ...body.properties, storageProfile } },
  ]);
}

/** As many times as there are tokens, and once more. */
export async function exhaust(bench: Bench, method: string, path: string, body?: unknown): Promise<Refusal> {
  for (let count = 0; count < 300; count += 1) {
    const answer = await ask(bench, method, path, body);
    if (answer.status === 429) return answer;
    await bench.pass(method === "GET" ? 0 : 1);
  }
  throw new Error("never throttled");
}

/** After one request, what another is told. */
export const afterwards =
  (first: string, second: string, ...bodies: readonly [unknown?, unknown?]) =>
  async (bench: Bench): Promise<Refusal> => {
    const [before = "", after = ""] = [first, second].map((words) => words.split(" ")[1] ?? "");
    await ask(bench, first.split(" ")[0] ?? "", linux(bench) + before, bodies[0]);
    return ask(bench, second.split(" ")[0] ?? "", linux(bench) + after, bodies[1]);
  };

export const row = (
  status: ErrorFact["status"],
  code: string,
  message: string,
  meet: ErrorFact["meet"],
): ErrorFact => ({ status, code, message, meet });
export const notAllowed = (message: string, meet: ErrorFact["meet"]): ErrorFact =>
  row(409, "OperationNotAllowed", message, meet);
