/** A simulator with one Linux and one Windows VM, and Microsoft's own client on it. */
import { ComputeManagementClient } from "@azure/arm-compute";
import { type Clock, VirtualClock } from "../../../src/local/clock.js";
import {
  type ComputeOptions,
  type ComputeSimulator,
  type Seed,
  startCompute,
} from "../../../src/local/compute/compute.js";

export const GROUP = "rg-source";
export const WEST = "westeurope";

export const SEED: Seed = {
  resourceGroups: [
    { name: GROUP, location: WEST },
    { name: "rg-images", location: WEST },
  ],
  vms: [
    {
      name: "linux1",
      osType: "Linux",
      osDisk: { sizeGb: 30 },
      dataDisks: [
        { lun: 0, sizeGb: 8, caching: "ReadOnly" },
        { lun: 3, sizeGb: 16, caching: "None" },
        { lun: 7, sizeGb: 32, caching: "ReadWrite" },
      ],
    },
    { name: "windows1", osType: "Windows", generation: "V1", osDisk: { sizeGb: 127 } },
    { name: "trusted1", osType: "Linux", securityType: "TrustedLaunch" },
  ],
  galleries: [
    {
      name: "gallery1",
      resourceGroup: "rg-images",
      definitions: [
        { name: "linux-generalized", osType: "Linux", osState: "Generalized" },
        { name: "linux-specialized", osType: "Linux", osState: "Specialized" },
        { name: "windows-generalized", osType: "Windows", osState: "Generalized", generation: "V1" },
      ],
    },
  ],
};

/** The body of a PUT of a VM from the Marketplace, with an interface of its own. */
export const freshVm = (subnetId: string) => ({
  location: WEST,
  properties: {
    hardwareProfile: { vmSize: "Standard_D2s_v5" },
    storageProfile: {
      imageReference: { publisher: "Canonical", offer: "ubuntu-24_04-lts", sku: "server", version: "latest" },
      osDisk: { createOption: "fromImage", managedDisk: { storageAccountType: "Standard_LRS" } },
    },
    osProfile: { computerName: "vm", adminUsername: "u", adminPassword: "never shown" },
    networkProfile: {
      networkApiVersion: "2022-11-01",
      networkInterfaceConfigurations: [
        {
          name: "n",
          properties: { ipConfigurations: [{ name: "ip", properties: { subnet: { id: subnetId } } }] },
        },
      ],
    },
  },
});

export interface Bench {
  readonly simulator: ComputeSimulator;
  readonly client: ComputeManagementClient;
  readonly clock: VirtualClock;
  readonly lines: string[];
  /** Steps the clock on, little by little, until the promise has come to its end. */
  settle<T>(work: Promise<T>, stepMs?: number): Promise<T>;
  /** Steps the clock on by so many seconds, letting the guests' requests happen in between. */
  pass(seconds: number): Promise<void>;
  /** A request the SDK has no method for. */
  call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; headers: Headers; body: unknown }>;
  local(method: string, path: string, body?: unknown): Promise<unknown>;
  id(type: string, name: string, group?: string): string;
  /** The same for Microsoft.Network; `virtualNetworks`, `vnet/subnets/default` is what the seeded VMs lie in. */
  networkId(type: string, name: string, group?: string): string;
  stop(): Promise<void>;
}

/** A bench with a network of its own beside the seeded VMs', and one in another region. */
export const startNetworkBench = (): Promise<Bench> =>
  startBench({
    seed: {
      ...SEED,
      virtualNetworks: [
        {
          name: "isolated",
          addressPrefix: "10.1.0.0/16",
          subnets: [{ name: "work", addressPrefix: "10.1.2.0/29" }],
        },
        { name: "far", location: "northeurope", subnets: [{ name: "work" }] },
      ],
    },
  });

export const POLL = { updateIntervalInMs: 1 } as const;

export function clientOf(simulator: ComputeSimulator): ComputeManagementClient {
  const client = new ComputeManagementClient(undefined as never, simulator.subscriptionId, {
    endpoint: simulator.endpoint,
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  return client;
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export async function startBench(options: Partial<ComputeOptions> & { clock?: Clock } = {}): Promise<Bench> {
  const clock = options.clock instanceof VirtualClock ? options.clock : new VirtualClock();
  const lines: string[] = [];
  const simulator = await startCompute({
    seed: SEED,
    throttling: false,
    ...options,
    clock,
    log: (line) => void lines.push(line),
  });
  const call: Bench["call"] = async (method, path, body) => {
    const response = await fetch(simulator.endpoint + path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
  };
  const quiet = async (): Promise<void> => {
    do await turn();
    while (simulator.busy());
  };
  return {
    simulator,
    clock,
    lines,
    client: clientOf(simulator),
    call,
    settle: async (work, stepMs = 1000) => {
      const state = { open: true };
      const done = work.finally(() => (state.open = false));
      done.catch(() => undefined);
      while (state.open) {
        clock.advance(stepMs);
        await turn();
      }
      return done;
    },
    pass: async (seconds) => {
      for (let left = seconds; left > 0; left -= 1) {
        clock.advance(1000);
        if (simulator.busy()) await quiet();
      }
      await quiet();
    },
    local: async (method, path, body) => (await call(method, `/_local/${path}`, body)).body,
    id: (type, name, group = GROUP) =>
      `/subscriptions/${simulator.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/${type}/${name}`,
    networkId: (type, name, group = GROUP) =>
      `/subscriptions/${simulator.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Network/${type}/${name}`,
    stop: () => simulator.stop(),
  };
}
