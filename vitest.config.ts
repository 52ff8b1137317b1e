import { defineConfig } from "vitest/config";

/** Apps are loaded into their process, where they stay registered. */
const hosts = ["test/conformance/functions-host/**/*.test.ts"];
/** Azurite, which others start in their process, instruments the SDKs there: messages would carry trace ids. */
const brokers = ["test/conformance/service-bus/**/*.test.ts"];
/** These look at what their process holds, or change it for good. */
const apart = [
  "test/architecture/**/*.test.ts",
  "test/pipeline/**/*.test.ts",
  "test/conformance/functions-host/streaming.test.ts",
  "test/conformance/service-bus/bounds.test.ts",
  "test/contract/blob-corpus.test.ts",
  "test/unit/disk/fuzz.test.ts",
];

const inProcess = (name: string, isolate: boolean, include: string[], exclude: string[]) => ({
  extends: true as const,
  test: { name, isolate, include, exclude: [...exclude, "test/architecture/fixtures/**"] },
});

export default defineConfig({
  test: {
    setupFiles: ["test/setup.ts"],
    pool: "forks",
    // Many tests wait for processes and sockets: two cores are busier with three workers.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      // They leave nothing behind in their process: they share it, and load the SDKs once.
      inProcess("a shared process", false, ["test/**/*.test.ts"], [...apart, ...hosts, ...brokers]),
      inProcess("a shared process of hosts", false, hosts, apart),
      inProcess("a shared process of brokers", false, brokers, apart),
      inProcess("a process of its own", true, apart, []),
    ],
  },
});
