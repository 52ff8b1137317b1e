/** Judging a seal: by its marker and the power state, by a clock, and by what its logs name. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { excerptOf } from "../../../src/domain/guest/log-excerpt.js";
import { sealExplanations } from "../../../src/domain/guest/seal-explanations.js";
import { sealLimit } from "../../../src/domain/guest/seal-limit.js";
import { judgeSeal, type SealEvidence } from "../../../src/domain/guest/seal-outcome.js";
import { SCRIPT_FAILED, judgeStart } from "../../../src/domain/guest/seal-start.js";

const marker = {
  contract: "seal-marker/1",
  runId: "run-1",
  outcome: "sealed",
  removedUsers: ["azureuser"],
  log: "",
};
const limitMs = 40 * 60_000;
const evidence = (more: Partial<SealEvidence>): SealEvidence => ({
  powerState: "running",
  elapsedMs: 60_000,
  limitMs,
  runId: "run-1",
  ...more,
});

describe("a seal", () => {
  test.each<[string, Partial<SealEvidence>, object]>([
    ["runs while it says nothing", {}, { state: "running" }],
    ["runs while a sealed guest is still stopping", { marker }, { state: "running" }],
    [
      "is done when the VM is stopped and the marker says so",
      { marker, powerState: "PowerState/stopped" },
      { state: "sealed", removedUsers: ["azureuser"] },
    ],
    [
      "is done when the VM is deallocated already",
      { marker, powerState: "deallocated" },
      { state: "sealed", removedUsers: ["azureuser"] },
    ],
    [
      "is done even if that was seen late",
      { marker, powerState: "stopped", elapsedMs: limitMs * 2 },
      { state: "sealed", removedUsers: ["azureuser"] },
    ],
    [
      "failed when the VM stopped without a word",
      { powerState: "stopped" },
      { state: "failed", cause: "STOPPED_WITHOUT_MARKER" },
    ],
    [
      "failed when its clock ran out",
      { elapsedMs: limitMs },
      {
        state: "failed",
        cause: "SEAL_TIMED_OUT",
        message: "The guest neither stopped nor reported a reason within 40 min.",
      },
    ],
    [
      "failed when it is sealed but never stops",
      { marker, elapsedMs: limitMs },
      { state: "failed", cause: "NOT_POWERED_OFF" },
    ],
    [
      "failed when the marker says so, though the VM stopped",
      { marker: { ...marker, outcome: "failed" }, powerState: "stopped" },
      { state: "failed", cause: "UNKNOWN" },
    ],
    [
      "failed when the marker is of another run",
      { marker: { ...marker, runId: "run-2" }, powerState: "stopped" },
      { state: "failed", cause: "MARKER_OF_ANOTHER_RUN" },
    ],
    [
      "failed when the marker is anything else",
      { marker: "sealed", powerState: "stopped" },
      { state: "failed", cause: "MARKER_UNREADABLE" },
    ],
    [
      "failed when it is gone without an outcome",
      { elapsedMs: limitMs, sealLog: { running: false, log: "" } },
      { state: "failed", cause: "AGENT_STOPPED_SEAL" },
    ],
    [
      "failed with what its log names once the clock ran out",
      { elapsedMs: limitMs, sealLog: { running: true, log: "Windows updates that require a reboot" } },
      { state: "failed", cause: "PENDING_REBOOT" },
    ],
    [
      "failed in Sysprep when that never came to its end",
      { elapsedMs: limitMs, sealLog: { running: true, imageState: "IMAGE_STATE_UNDEPLOYABLE", log: "" } },
      { state: "failed", cause: "SYSPREP_TIMED_OUT" },
    ],
  ])("%s", (_what, more, expected) => {
    expect(judgeSeal(evidence(more))).toMatchObject(expected);
  });

  test("quotes the end of the log, without any signature", () => {
    const log = `${"x".repeat(5000)}\nPUT https://a.blob/m.json?sv=1&sig=c2VjcmV0%3D failed`;
    const judged = judgeSeal(evidence({ marker: { ...marker, outcome: "failed", log } }));
    expect(judged).toMatchObject({ state: "failed" });
    const excerpt = judged.state === "failed" ? judged.logExcerpt : "";
    expect(excerpt).toMatch(/sig=\(removed\) failed$/);
    expect(excerpt.length).toBeLessThan(1_600);
  });

  test("quotes the lines that tell of a failure, not the hundred that came after", () => {
    const noise = Array.from({ length: 100 }, (_, index) => `removed /var/lib/cloud/${index}`).join("\n");
    const log = `${noise}\nrm: cannot remove '/srv/x': Device or resource busy\n${noise}\nvmimage-seal: step traces failed: ended with 1`;
    expect(excerptOf(log)).toBe(
      "rm: cannot remove '/srv/x': Device or resource busy\nvmimage-seal: step traces failed: ended with 1",
    );
    expect(excerptOf("a\nb\n\n")).toBe("a\nb");
  });

  test.each([
    ["https://a.blob.core.windows.net/c/b?sv=1&sig=c2VjcmV0%3D&se=2 failed", "c2VjcmV0"],
    ["DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0== refused", "c2VjcmV0"],
    ["error: password: hunter2c2VjcmV0", "hunter2"],
    ["Authorization: Bearer eyJ0c2VjcmV0.abc.def denied", "eyJ0"],
    ["cannot clone https://user:c2VjcmV0@git.example/x", "c2VjcmV0"],
  ])("never quotes a secret: %s", (line, secret) => {
    expect(excerptOf(line)).toContain("(removed)");
    expect(excerptOf(line)).not.toContain(secret);
  });

  test("quotes any log in printable, bounded words", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("error ", "\n", "?sig=", "x".repeat(5_000)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 50 }), (parts) => {
        expect(excerptOf(parts.join(""))).toMatch(/^[\x20-\x7e\n]{0,1500}$/);
      }),
    );
  });

  test("names no more users than a request may, and nothing that is no account", () => {
    const removedUsers = [
      "azureuser",
      "DOMAIN\\admin",
      "evil\u001b[2J",
      "x".repeat(10_000),
      7,
      ...Array.from({ length: 10_000 }, (_, index) => `user${index}`),
    ];
    const judged = judgeSeal(evidence({ marker: { ...marker, removedUsers }, powerState: "stopped" }));
    expect(judged).toMatchObject({ state: "sealed" });
    const named = judged.state === "sealed" ? judged.removedUsers : [];
    expect(named.slice(0, 3)).toEqual(["azureuser", "DOMAIN\\admin", "user0"]);
    expect(named).toHaveLength(50);
  });

  test("is always judged, whatever the marker holds", () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), fc.nat(), fc.string(), (given, powerState, elapsedMs, log) => {
        const judged = judgeSeal({ marker: given, powerState, elapsedMs, limitMs, sealLog: { log } });
        if (judged.state === "failed") expect(Object.keys(sealExplanations)).toContain(judged.cause);
      }),
    );
  });
});

describe("the limit", () => {
  const vm = { osType: "Windows", vCpus: 2, diskGiB: 127, updatesPending: false } as const;
  test.each([
    ["a plain Windows", vm, 40],
    ["staged updates", { ...vm, updatesPending: true }, 70],
    ["one core", { ...vm, vCpus: 1 }, 70],
    ["a large disk", { ...vm, diskGiB: 2048 }, 60],
    ["everything at once", { ...vm, vCpus: 1, updatesPending: true, diskGiB: 32_767 }, 130],
    ["a plain Linux", { ...vm, osType: "Linux" as const, diskGiB: 30 }, 15],
    ["a Linux that trims a terabyte", { ...vm, osType: "Linux" as const, diskGiB: 1024 }, 35],
    ["a size that is not known", { ...vm, osType: "Linux" as const, diskGiB: -1 }, 15],
  ])("of %s counts what it is", (_what, subject, minutes) => {
    expect(sealLimit(subject).minutes).toBe(minutes);
  });

  test("gives its reasons", () => {
    expect(sealLimit({ ...vm, updatesPending: true }).reasons).toEqual([
      "40 min: Sysprep and its providers",
      "30 min: updates are staged",
    ]);
  });
});

describe("what a seal script says at its start", () => {
  const succeeded = (output: string) => ({ state: "succeeded", value: { output } }) as const;
  const refusal = '{"error":{"code":"NO_SYSTEMD","message":"systemd-run is needed."}}';

  test.each([
    ["nothing while it runs", { state: "running" } as const, "unknown"],
    ["that it started", succeeded('{"started":true,"unit":"vmimage-seal"}\n'), "started"],
    ["something of its own, and ended well", succeeded("all right\n"), "started"],
    ["nothing, and ended well", succeeded(""), "started"],
    [
      "nothing, because its agent was stopped before it could tell",
      { state: "failed", code: "script TimedOut", message: "exit code -1" } as const,
      "unknown",
    ],
  ])("is %s", (_what, answer, expected) => expect(judgeStart(answer)).toBe(expected));

  test("is why it refuses", () => {
    expect(judgeStart(succeeded(`a line of the shell\n${refusal}\n`))).toMatchObject({
      state: "failed",
      cause: "NOT_STARTED",
      message: "The guest did not start the seal: NO_SYSTEMD: systemd-run is needed.",
    });
  });

  test("is how it broke, without a secret that it printed", () => {
    const message = "exit code 127: curl https://a.blob/m?sig=c2VjcmV0 failed: command not found";
    const judged = judgeStart({ state: "failed", code: SCRIPT_FAILED, message });
    expect(judged).toMatchObject({
      cause: "NOT_STARTED",
      message: expect.stringMatching(/exit code 127/) as string,
    });
    expect(JSON.stringify(judged)).not.toContain("c2VjcmV0");
  });
});
