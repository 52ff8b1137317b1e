/** Reading a guest's answer: field by field, with suspicion, and never by throwing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkGuest } from "../../../src/domain/guest/checks.js";
import { decodeLinuxFacts, decodeWindowsFacts } from "../../../src/domain/guest/facts.js";
import { decodeGuestResult } from "../../../src/domain/guest/guest-result.js";
import { healthyLinux, healthyWindows } from "./healthy-facts.js";

describe("a guest's result", () => {
  test.each([
    ["", "NO_RESULT", "nothing was printed"],
    ["\n\n", "NO_RESULT", "only line ends"],
    ["Setting up…\ndone", "RESULT_NOT_JSON", "a script of one's own that keeps no contract"],
    ['{"started":tr', "RESULT_NOT_JSON", "cut at its end"],
    ["[1]", "RESULT_NOT_JSON", "a list is no result"],
    [`${"x".repeat(4090)}"}`, "RESULT_CUT", "only the last 4,096 bytes are kept"],
    ['{"error":{"code":"NO_SYSTEMD","message":"no"}}', "GUEST_REFUSED", "the script said why"],
    ['{"error":{}}', "GUEST_REFUSED", "a refusal without words is one"],
  ])("%j is %s: %s", (output, code) => {
    expect(decodeGuestResult(output)).toMatchObject({ ok: false, code });
  });

  test("is the last line, whatever a shell printed before it", () => {
    const output = 'bash: warning: setlocale\n{"not":"this"}\r\n{"started":true}\r\n';
    expect(decodeGuestResult(output)).toEqual({ ok: true, value: { started: true } });
  });

  test("keeps the script's own code and words", () => {
    const output = '{"error":{"code":"NO_SYSTEMD","message":"systemd-run is needed"}}';
    expect(decodeGuestResult(output)).toMatchObject({ message: "NO_SYSTEMD: systemd-run is needed" });
  });
});

describe("facts", () => {
  test.each([
    ["Linux", healthyLinux, decodeLinuxFacts],
    ["Windows", healthyWindows, decodeWindowsFacts],
  ] as const)("of a healthy %s are all known", (_os, facts, decode) => {
    expect(decode(JSON.stringify(facts))).toEqual({ ok: true, facts, problems: [] });
  });

  test("of the wrong type are not known and are named, and the others stay", () => {
    const decoded = decodeLinuxFacts(
      JSON.stringify({
        ...healthyLinux,
        sshHostKeys: "three",
        family: "gentoo",
        users: [{ name: "a" }],
        kernel: undefined,
      }),
    );
    expect(decoded).toMatchObject({
      ok: true,
      facts: { ...healthyLinux, sshHostKeys: null, family: null, users: null, kernel: null },
      problems: [
        "family has the wrong type",
        "kernel is missing",
        "sshHostKeys has the wrong type",
        "users has the wrong type",
      ],
    });
  });

  test("that the guest could not read are not known, and that is nobody's mistake", () => {
    expect(decodeLinuxFacts(JSON.stringify({ ...healthyLinux, nvmeInInitramfs: null }))).toMatchObject({
      facts: { nvmeInInitramfs: null },
      problems: [],
    });
  });

  test("read a password that never expires as endless", () => {
    expect(decodeWindowsFacts(JSON.stringify({ ...healthyWindows, passwordExpiryDays: -1 }))).toMatchObject({
      facts: { passwordExpiryDays: Number.POSITIVE_INFINITY },
    });
  });

  test("never make the decoder or the checks throw, whatever is said", () => {
    const anything = fc.oneof(
      fc.string({ maxLength: 5000 }),
      fc.json(),
      fc
        .record({
          facts: fc.constantFrom(healthyLinux, healthyWindows),
          odd: fc.dictionary(
            fc.constantFrom(...Object.keys({ ...healthyLinux, ...healthyWindows })),
            fc.jsonValue(),
          ),
        })
        .map(({ facts, odd }) => JSON.stringify({ ...facts, ...odd })),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom("Linux" as const, "Windows" as const), (output, osType) => {
        for (const check of checkGuest(osType, output, { allowedRemedies: [] })) {
          expect(["pass", "warn", "block", "unknown"]).toContain(check.verdict);
          expect(check.detail).not.toBe("");
          if (check.verdict !== "pass") expect(check.remedy).toBeTruthy();
        }
      }),
      { numRuns: 300 },
    );
  });
});
