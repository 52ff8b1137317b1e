import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assertPortsFree, freePorts } from "../../../src/local/cloud/ports.js";
import { lockState } from "../../../src/local/state-lock.js";

describe("a port that is taken", () => {
  it("is named with its service, its holder and what to do; port 0 never is", async () => {
    const { server: holder, port } = await listening();
    const failure = await assertPortsFree({ compute: port, blob: 0 }).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    holder.close();
    expect(failure?.message).toContain(`${port} (compute): `);
    expect(failure?.message).toContain("--ports free");
    expect(failure?.message).not.toContain("blob");
    if (process.platform === "linux") expect(failure?.message).toContain(`process ${process.pid} (`);
    else expect(failure?.message).toMatch(/lsof|netstat/);
  });

  it("is free again when its holder is gone", async () => {
    const { server: holder, port } = await listening();
    holder.close();
    await once(holder, "close");
    await expect(assertPortsFree({ compute: port })).resolves.toBeUndefined();
  });
});

describe("free ports", () => {
  it("are any, at the first start", async () => {
    expect(await freePorts(undefined)).toEqual({ blob: 0, queue: 0, table: 0, serviceBus: 0, compute: 0 });
  });

  it("are those of the last start, but for the ones that somebody took since", async () => {
    const [taken, free] = await Promise.all([listening(), listening()]);
    free.server.close();
    await once(free.server, "close");
    const at = (port: number) => `http://127.0.0.1:${port}/devstoreaccount1`;
    const ports = await freePorts({
      storage: { blobEndpoint: at(taken.port), queueEndpoint: at(free.port), tableEndpoint: "nonsense" },
      serviceBus: { connectionString: `Endpoint=sb://127.0.0.1:${free.port};SharedAccessKeyName=a` },
      compute: { endpoint: at(taken.port) },
    });
    taken.server.close();
    expect(ports).toEqual({ blob: 0, queue: free.port, table: 0, serviceBus: free.port, compute: 0 });
  });
});

async function listening() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

describe("the lock of a state folder", () => {
  const inFolder = (act: (folder: string) => void) => {
    const folder = mkdtempSync(join(tmpdir(), "state-lock-"));
    try {
      act(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it("lets a second cloud not in, and names the first", () =>
    inFolder((folder) => {
      lockState(folder, "cloud.pid");
      expect(() => lockState(folder, "cloud.pid")).toThrow(`is in use by process ${process.pid}`);
    }));

  it("is free after its release", () =>
    inFolder((folder) => {
      lockState(folder, "cloud.pid").release();
      lockState(folder, "cloud.pid").release();
    }));

  it.each([
    ["a process that no longer lives", JSON.stringify({ pid: 2 ** 22 + 1, startedAt: "1" })],
    ["a file that was cut short", '{"pid":'],
  ])("is taken over from %s", (_, left) =>
    inFolder((folder) => {
      writeFileSync(join(folder, "cloud.pid"), left);
      lockState(folder, "cloud.pid").release();
    }),
  );

  it.runIf(process.platform === "linux")(
    "is taken over when another process has got the owner's number",
    () =>
      inFolder((folder) => {
        writeFileSync(join(folder, "cloud.pid"), JSON.stringify({ pid: process.pid, startedAt: "1" }));
        lockState(folder, "cloud.pid").release();
      }),
  );
});
