/** The Linux seal on what is not of this VM alone: vendors' registrations, MAC addresses, root's keys, hostile values. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changes } from "./guest-root.js";
import { family, sealScene } from "./seal-scene.js";

describe("subscriptions", () => {
  test.each([
    ["rhel", "subscription-manager clean", "subscription-manager unregister"],
    ["suse", "SUSEConnect --cleanup", "SUSEConnect --de-register"],
  ])(
    "a copy of a %s forgets its registration and does not end the source's",
    async (name, forgets, tells) => {
      const copy = await sealScene(family(name));
      await copy.seal();
      expect(copy.guest.calls()).toContain(forgets);
      expect(copy.guest.calls()).not.toContain(tells);
      const inPlace = await sealScene(family(name));
      await inPlace.seal({ unregister: "true" });
      expect(inPlace.guest.calls()).toContain(tells);
    },
  );

  test("goes with a code of one's own that went through Azure's update servers, and with their record", async () => {
    const files = {
      "var/lib/cloudregister/rmt_is_scc_proxy": "",
      "var/lib/cloudregister/currentSMTInfo.obj": "smt",
      "var/lib/cloudregister/availableSMTInfo_1.obj": "smt",
    };
    const { guest, ...scene } = await sealScene({
      ...family("suse"),
      files: { ...family("suse").files, ...files },
    });
    await scene.seal();
    expect(guest.calls()).toContain("SUSEConnect --cleanup");
    for (const gone of ["etc/zypp/credentials.d/SCCcredentials", ...Object.keys(files)])
      expect(guest.files()).not.toHaveProperty([gone]);
  });

  test("goes with Ubuntu Pro's machine token, and with what it opened", async () => {
    const pro = {
      "var/lib/ubuntu-advantage/private/machine-token.json": "{}",
      "etc/apt/auth.conf.d/90ubuntu-advantage":
        "machine esm.ubuntu.com/infra/ubuntu/ login bearer password p",
      "etc/apt/sources.list.d/ubuntu-esm-infra.list": "deb https://esm.ubuntu.com/infra/ubuntu noble main\n",
    };
    const own = {
      "etc/apt/sources.list.d/own.list": "# not https://esm.ubuntu.com\ndeb https://apt.example x y\n",
    };
    const { guest, ...scene } = await sealScene({
      ...family("debian"),
      files: { ...family("debian").files, ...pro, ...own },
    });
    guest.command("pro", "exit 1");
    await scene.seal();
    expect(guest.calls().filter((call) => call.startsWith("pro "))).toEqual([]);
    for (const gone of Object.keys(pro)) expect(guest.files()).not.toHaveProperty([gone]);
    expect(guest.files()).toMatchObject(own);
  });
});

test("names interfaces in place of MAC addresses where that is allowed, in files of somebody's own", async () => {
  const netplan = `network:
    ethernets:
        eth0:
            dhcp4: true
            match:
                macaddress: "00:0d:3a:00:00:01"
            set-name: eth0
        second:
            match: {macaddress: '00:0d:3a:00:00:02'}
            set-name: eth1
            macaddress: 00:0d:3a:00:00:02
        third:
            match:
              name: eth2
              macaddress: 00:0d:3a:00:00:03
    bonds:
        bond0: {interfaces: [third], macaddress: 00:0d:3a:00:00:09}
`;
  const { guest, ...scene } = await sealScene({
    ...family("debian"),
    files: {
      ...family("debian").files,
      "etc/netplan/99-own.yaml": netplan,
      "etc/systemd/network/20-own.network":
        "[Match]\nMACAddress=00:0d:3a:00:00:01\n[Link]\nMACAddress=00:0d:3a:00:00:01\nMTUBytes=1500\n",
    },
  });
  await scene.seal({ allowedRemedies: "unpin-network" });
  const files = guest.files();
  expect(files["etc/netplan/99-own.yaml"]).toBe(`network:
    ethernets:
        eth0:
            dhcp4: true
            match:
                name: "eth0"
            set-name: eth0
        second:
            match: {name: "eth1"}
            set-name: eth1
        third:
            match:
              name: eth2
    bonds:
        bond0: {interfaces: [third], macaddress: 00:0d:3a:00:00:09}
`);
  expect(files["etc/systemd/network/20-own.network"]).toBe(
    "[Match]\nDriver=hv_netvsc\n[Link]\nMTUBytes=1500\n",
  );
});

test("keeps root's own keys where root is kept, without the one that cloud-init put there", async () => {
  const { guest, ...scene } = await sealScene({
    ...family("debian"),
    files: {
      ...family("debian").files,
      "root/.ssh/authorized_keys":
        'no-pty,command="echo \'Please login as the user \\"azureuser\\"\';sleep 10" ssh-ed25519 AAAA\nssh-ed25519 BBBB root\n',
    },
  });
  await scene.seal({ keepUsers: "root" });
  expect(guest.files()["root/.ssh/authorized_keys"]).toBe("ssh-ed25519 BBBB root\n");
});

test("takes no value for anything but a value, whatever is in it", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  guest.command("systemd-run", "");
  const before = guest.files();
  const bad = fc.constantFrom("'", '"', "`", "$(", ";", "|", "&", "\n", " ", "*", "\\", "<", ")", "{", "ä");
  const hostile = fc
    .tuple(fc.string({ maxLength: 8 }), bad, fc.constantFrom("touch pwned", "$(reboot)", "x"))
    .map(([head, middle, tail]) => `${head}${middle}${tail}`.replaceAll("\0", ""));
  const names = ["runId", "removeUsers", "keepUsers", "allowedRemedies", "unregister", "selfPowerOff"];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), hostile, async (name, value) => {
      const { result } = await scene.seal({ [name]: value });
      if (name === "unregister" || name === "selfPowerOff") expect(result).toMatchObject({ started: true });
      else expect(result).toMatchObject({ error: { code: "BAD_PARAMETER" } });
    }),
    { numRuns: 25 },
  );
  expect(changes(before, guest.files())).toEqual({});
  expect(guest.calls().filter((call) => !/^(systemctl|systemd-run) /.test(call))).toEqual([]);
});
