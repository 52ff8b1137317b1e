import { defineConfig } from "vitest/config";

/** Where tests leave nothing behind in their process: they share it, and load the SDKs once. */
const sharing = ["unit", "contract", "orchestration", "cli", "conformance/compute"].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
/** These look at what their process holds. */
const measuring = ["test/unit/disk/fuzz.test.ts", "test/contract/blob-corpus.test.ts"];

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
      inProcess("a shared process", false, sharing, measuring),
      inProcess("a process of its own", true, ["test/**/*.test.ts"], sharing),
      inProcess("a process of its own to measure", true, measuring, []),
    ],
  },
});
