/**
 * The Linux seal with the real waagent, cloud-init and shadow tools, where GUEST_ROOT offers a root that has them: the
 * same table of changes as in seal-linux.test.ts, which runs everywhere. What the stand-ins there do was learned here.
 */
import { expect, onTestFinished, test } from "vitest";
import { judgeSeal } from "../../src/domain/guest/seal-outcome.js";
import { decodeLinuxFacts } from "../../src/domain/guest/facts.js";
import { families } from "./families.js";
import { changes } from "./guest-root.js";
import { startMarkerStore } from "./marker-store.js";
import { copyRealRoot, offeredRoot } from "./real-root.js";

/** What real tools change besides: account files with their copies, host keys and logs of the root's own. */
const besides =
  /^(etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?|etc\/ssh\/ssh_host_\w+_key(\.pub)?|var\/log\/.+)$/;

test.skipIf(offeredRoot === undefined).each(families)(
  "real tools in a $family root remove what stand-ins remove, and a second seal changes nothing",
  async (given) => {
    const store = await startMarkerStore();
    onTestFinished(() => store.close());
    const guest = copyRealRoot(offeredRoot ?? "", given.files, given.commands);
    onTestFinished(() => guest.remove(), 180_000);

    const decoded = decodeLinuxFacts((await guest.run("preflight")).stdout);
    expect(decoded).toMatchObject({
      problems: [],
      facts: { family: given.family, agent: { present: true } },
    });
    const before = guest.files();
    const seal = () => guest.run("seal", { runId: "run-1", markerUrl: store.url, selfPowerOff: "true" });

    expect((await seal()).result).toEqual({ started: true, unit: "vmimage-seal" });
    const sealed = guest.files();
    const made = changes(before, sealed);
    const { "etc/passwd": accounts, ...expected } = given.changes;
    expect(accounts).toContain("keeper:");
    expect(made).toMatchObject(expected);
    expect(Object.keys(made).filter((name) => !(name in expected) && !besides.test(name))).toEqual([]);
    expect(sealed["etc/passwd"]).toContain("keeper:");
    expect(sealed["etc/passwd"]).not.toContain("azureuser:");
    // The agent's own setting DeleteRootPassword.
    expect(sealed["etc/shadow"]).toMatch(/^root:\*LOCK\*:/);
    expect(guest.calls().at(-1)).toBe("systemctl poweroff");

    guest.restart();
    await seal();
    expect(changes(sealed, guest.files())).toEqual({});
    const [first, second] = store.puts.map(({ marker }) => marker);
    expect(
      judgeSeal({ marker: first, powerState: "stopped", elapsedMs: 1, limitMs: 2, runId: "run-1" }),
    ).toEqual({
      state: "sealed",
      removedUsers: ["azureuser"],
    });
    expect(second).toMatchObject({ outcome: "sealed", removedUsers: [] });
  },
  180_000,
);
