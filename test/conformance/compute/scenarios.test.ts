/** Guests that fail in their own way, and operations bent over the simulator's front door. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, GROUP, POLL, startBench, WEST } from "./support.js";

let bench: Bench;
let storage: Server;
let markers: Record<string, unknown>[];
/** How many markers it is too busy for. */
let busyFor: number;

beforeEach(async () => {
  bench = await startBench();
  markers = [];
  busyFor = 0;
  storage = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      if (busyFor-- > 0) return void response.writeHead(503).end();
      markers.push(JSON.parse(text) as Record<string, unknown>);
      response.writeHead(201).end();
    });
  });
  await new Promise<void>((resolve) => storage.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await bench.stop();
  await new Promise((resolve) => {
    storage.close(resolve);
    storage.closeAllConnections();
  });
});

async function run(vm: string, contract: string, parameters: Record<string, string> = {}): Promise<unknown> {
  const source = { script: `# guest-contract: ${contract}\n# parameters:\n` };
  const named = Object.entries(parameters).map(([name, value]) => ({ name, value }));
  await bench.settle(
    bench.client.virtualMachineRunCommands
      .createOrUpdate(GROUP, vm, "c", { location: WEST, source, protectedParameters: named }, POLL)
      .pollUntilDone(),
  );
  const view = await bench.client.virtualMachineRunCommands.getByVirtualMachine(GROUP, vm, "c", {
    expand: "instanceView",
  });
  return JSON.parse(view.instanceView?.output ?? "null");
}

const seal = async (vm: string, os: "linux" | "windows", more: Record<string, string> = {}) => {
  const markerUrl = `http://127.0.0.1:${(storage.address() as AddressInfo).port}/m?sig=s`;
  const result = await run(vm, `seal-${os}/1`, { runId: "r", markerUrl, selfPowerOff: "true", ...more });
  await bench.pass(900);
  const view = await bench.client.virtualMachines.instanceView(GROUP, vm);
  return { result, marker: markers.at(-1), power: view.statuses?.at(-1)?.code };
};

describe("sealing a Windows guest", () => {
  it.each([
    ["a pending reboot", { facts: { pendingReboot: ["CBS"] } }, /updates that require a reboot/],
    [
      "BitLocker",
      { facts: { bitLocker: [{ volume: "C:", percentEncrypted: 100, status: "FullyEncrypted" }] } },
      /OS volume C:.*0x80310039/s,
    ],
    [
      "a per-user package",
      { facts: { appxPerUser: ["NotepadPlusPlus_1.0"] } },
      /Package NotepadPlusPlus_1\.0 .*0x80073cf2/s,
    ],
    [
      "a missing provider",
      { facts: { missingProviders: ["VMAgentDisabler.dll"] } },
      /Could not load DLL VMAgentDisabler\.dll/,
    ],
    [
      "a failing provider",
      { failingProvider: "C:\\Windows\\System32\\spbcd.dll" },
      /'SysPrep_Generalize' from C:\\Windows\\System32\\spbcd\.dll/,
    ],
    [
      "a former Sysprep",
      { facts: { sysprepStatus: { cleanupState: 7, generalizationState: 3 } } },
      /GeneralizationState=3/,
    ],
  ])("fails on %s, names it, and keeps running", async (_name, guest, log) => {
    await bench.local("POST", "guests/windows1", guest);
    const { marker, power } = await seal("windows1", "windows");
    expect(marker).toMatchObject({
      contract: "seal-marker/1",
      runId: "r",
      outcome: "failed",
      imageState: "IMAGE_STATE_UNDEPLOYABLE",
    });
    expect(marker?.["log"]).toMatch(log);
    expect(power).toBe("PowerState/running");
  });

  it("succeeds where the remedies are allowed", async () => {
    await bench.local("POST", "guests/windows1", {
      facts: { appxPerUser: ["A"], missingProviders: ["b.dll"] },
    });
    const { marker, power } = await seal("windows1", "windows", {
      allowedRemedies: "remove-appx,remove-missing-providers",
    });
    expect(marker).toMatchObject({ outcome: "sealed", imageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE" });
    expect(power).toBe("PowerState/stopped");
  });

  it("may hang without a word, while its log can still be asked for", async () => {
    await bench.local("POST", "guests/windows1", { seal: { outcome: "hangs" } });
    const { marker, power } = await seal("windows1", "windows");
    expect([marker, power]).toEqual([undefined, "PowerState/running"]);
    expect(await run("windows1", "seal-log-windows/1", { runId: "r" })).toMatchObject({
      running: true,
      imageState: "IMAGE_STATE_UNDEPLOYABLE",
    });
  });
});

describe("sealing a Linux guest", () => {
  it("keeps the users it was told to keep, and refuses to be sealed twice", async () => {
    const { marker } = await seal("linux1", "linux", { keepUsers: "azureuser" });
    expect(marker).toMatchObject({ outcome: "sealed", removedUsers: [] });
  });

  it("removes whom the platform provisioned, known by a sudoers rule where ovf-env.xml is gone", async () => {
    await bench.local("POST", "guests/linux1", { facts: { ovfEnvPresent: false } });
    const { marker } = await seal("linux1", "linux");
    expect(marker).toMatchObject({ outcome: "sealed", removedUsers: ["azureuser"] });
  });

  it.each([
    ["NO_SYSTEMD", { facts: { systemd: false } }],
    ["ALREADY_SEALED", { sealing: true }],
  ])("is refused at once with %s", async (code, guest) => {
    await bench.local("POST", "guests/linux1", guest);
    expect((await seal("linux1", "linux")).result).toMatchObject({ error: { code } });
  });

  it("tries a marker again that a busy store did not take, and only then powers off", async () => {
    busyFor = 2;
    const { marker, power } = await seal("linux1", "linux");
    expect([marker?.["outcome"], power]).toEqual(["sealed", "PowerState/stopped"]);
  });

  it("stays on when nobody takes its marker", async () => {
    busyFor = Infinity;
    const { marker, power } = await seal("linux1", "linux");
    expect([marker, power]).toEqual([undefined, "PowerState/running"]);
  });

  it("may stop without leaving a marker", async () => {
    await bench.local("POST", "guests/linux1", { seal: { outcome: "stops-without-marker" } });
    const { marker, power } = await seal("linux1", "linux");
    expect([marker, power]).toEqual([undefined, "PowerState/stopped"]);
  });
});

describe("a guest", () => {
  it("answers the preflight contract from its state", async () => {
    await bench.local("POST", "guests/linux1", { facts: { swap: "os-disk" } });
    expect(await run("linux1", "preflight-linux/1")).toMatchObject({
      family: "debian",
      swap: "os-disk",
      agent: { present: true },
    });
  });

  it("loses its agent to a script that stops it, so that the command never answers", async () => {
    const script = ["waagent -force -deprovision+user"];
    const command = bench.client.virtualMachines.runCommand(
      GROUP,
      "linux1",
      { commandId: "RunShellScript", script },
      POLL,
    );
    await expect(bench.settle(command.pollUntilDone())).rejects.toThrow(
      /has not reported status for VM agent/,
    );
    const { vmAgent } = await bench.client.virtualMachines.instanceView(GROUP, "linux1");
    expect(vmAgent?.statuses?.[0]?.displayStatus).toBe("Not Ready");
  });
});

describe("a scenario", () => {
  const rule = (match: object, act: object) => bench.local("POST", "scenarios", { match, act });
  const deallocate = () => bench.client.virtualMachines.deallocate(GROUP, "linux1", POLL);

  it("fails the second call of an operation, at the request", async () => {
    await rule(
      { operation: "virtualMachines/deallocate", nth: 2 },
      { fail: { status: 409, code: "AllocationFailed", message: "no" } },
    );
    await bench.settle(deallocate().pollUntilDone());
    await expect(deallocate().submitted()).rejects.toMatchObject({
      statusCode: 409,
      code: "AllocationFailed",
    });
    await bench.settle(deallocate().pollUntilDone());
  });

  it("fails an operation after it was accepted, and leaves the VM as it was", async () => {
    await rule(
      { name: "linux1", method: "POST" },
      { lroFail: { code: "InternalExecutionError", message: "broke" } },
    );
    await expect(bench.settle(deallocate().pollUntilDone())).rejects.toThrow(/InternalExecutionError/);
    expect((await bench.client.virtualMachines.instanceView(GROUP, "linux1")).statuses?.at(-1)?.code).toBe(
      "PowerState/running",
    );
  });

  it("hangs an operation for ever, or slows it down", async () => {
    await rule({ operation: "virtualMachines/deallocate", times: 1 }, { hang: true });
    const hanging = deallocate();
    await hanging.submitted();
    await bench.pass(7200);
    await hanging.poll();
    expect(hanging.isDone).toBe(false);
    await bench.local("DELETE", "scenarios");
    await rule({ operation: "snapshots/*" }, { slow: 100 });
    const slow = bench.client.snapshots.createOrUpdate(
      GROUP,
      "s",
      { location: WEST, creationData: { createOption: "Empty" }, diskSizeGB: 4 },
      POLL,
    );
    await slow.submitted();
    await bench.pass(60);
    await slow.poll();
    expect(slow.isDone).toBe(false);
    await bench.pass(30);
    await slow.poll();
    expect(slow.isDone).toBe(true);
  });

  it("throttles with a Retry-After of its own, and drops a connection after the effect", async () => {
    const path = `${bench.id("virtualMachines", "linux1")}/deallocate?api-version=2024-07-01`;
    await rule({ operation: "virtualMachines/deallocate", times: 1 }, { throttle: { retryAfter: 7 } });
    const refused = await bench.call("POST", path);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "7"]);
    await rule({ operation: "virtualMachines/deallocate", times: 1 }, { dropConnectionAfterEffect: true });
    await expect(bench.call("POST", path)).rejects.toThrow();
    expect((await bench.client.virtualMachines.instanceView(GROUP, "linux1")).statuses?.at(-1)?.code).toBe(
      "PowerState/deallocating",
    );
    const { writes } = (await bench.local("GET", "writes")) as {
      writes: { operation: string; status: number }[];
    };
    expect(writes.map(({ operation, status }) => [operation, status])).toEqual([
      ["virtualMachines/deallocate", 429],
      ["virtualMachines/deallocate", 202],
    ]);
  });
});
