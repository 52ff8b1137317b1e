/** What keeps a Linux guest from being generalized, or lives on in its image. */
import type { LinuxFacts } from "./facts.js";
import { bootRows } from "./preflight-linux-boot.js";
import { block, pass, warn } from "../preflight.js";
import { known, some, type Row } from "./row.js";

const MUCH_LOG_BYTES = 1024 ** 3;
/** What the seal can write its marker with. */
const markerTools = ["curl", "wget", "python3"];

export const linuxRows: readonly Row<LinuxFacts>[] = [
  {
    id: "family",
    title: "The distribution is known",
    look: ({ family, distribution, version }) =>
      known(family, (name) =>
        name === "unknown"
          ? warn(
              `${distribution ?? "This distribution"} is not one that was tried.`,
              "The common steps run; look at the first VM from the image.",
            )
          : pass(`${distribution ?? ""} ${version ?? ""} (${name}).`),
      ),
  },
  {
    id: "provisioning",
    title: "Something will provision a new VM",
    look: ({ agent, cloudInit, ovfEnvPresent }) =>
      known(agent, (waagent) =>
        known(cloudInit, (init) => {
          if (!waagent.present && !init.present)
            return block(
              "Neither waagent nor cloud-init is installed.",
              "Install walinuxagent or cloud-init, or capture specialized.",
            );
          if (!waagent.present)
            return warn(
              "No Azure agent: cloud-init alone provisions.",
              "The seal uses cloud-init alone. Extensions and Run Command will not work in new VMs.",
            );
          // waagent then skips the user with a warning (WALinuxAgent, pa/deprovision/default.py).
          return ovfEnvPresent === false
            ? warn(
                "ovf-env.xml is gone: the agent no longer knows whom it provisioned.",
                "The seal takes the user from sudoers.d; name it in removeUsers to be sure.",
              )
            : pass(`waagent ${waagent.version}${init.present ? `, cloud-init ${init.version}` : ""}.`);
        }),
      ),
  },
  {
    id: "cloud-init",
    title: "cloud-init has finished and can be reset",
    look: ({ cloudInit }) =>
      known(cloudInit, ({ present, state, cleanSupportsMachineId }) => {
        if (!present) return pass("Not installed.");
        if (state === "running" || state === "not run" || state === "not started")
          return block(
            `cloud-init is ${state}; it would undo the seal.`,
            "Wait until `cloud-init status` says done.",
          );
        if (state !== "done" && state !== "disabled")
          return warn(
            `cloud-init says ${state}.`,
            "Look at /var/log/cloud-init.log; new VMs may fail in the same way.",
          );
        return pass(
          cleanSupportsMachineId
            ? "It can clean all it made."
            : "An old version: the seal empties the machine-id itself.",
        );
      }),
  },
  {
    id: "machine-id",
    title: "Copies get a machine-id of their own",
    look: ({ machineIdEmpty }) =>
      known(machineIdEmpty, (empty) =>
        empty
          ? warn(
              "machine-id is already empty: this VM looks sealed.",
              "Capture it without generalizing again, or restart it first.",
            )
          : pass("The seal empties it; the agent alone would not."),
      ),
  },
  {
    id: "users",
    title: "No personal access stays in the image",
    look: ({ users }, { removeUsers = [], keepUsers = [] }) =>
      known(users, (present) => {
        const absent = removeUsers.filter((name) => present.every((user) => user.name !== name));
        // Without names, the one that the platform provisioned goes: it is the first, and has a sudoers rule.
        const provisioned =
          removeUsers.length > 0
            ? removeUsers
            : present
                .filter((user) => user.sudoersFile)
                .slice(0, 1)
                .map((user) => user.name);
        const staying = present.filter(({ name }) => keepUsers.includes(name) || !provisioned.includes(name));
        const open = staying.filter(({ sudoersFile, authorizedKeys }) => sudoersFile || authorizedKeys > 0);
        const stay =
          open.length > 0
            ? `Stay with their keys or sudo rights: ${some(open.map(({ name }) => name))}.`
            : "";
        if (absent.length > 0)
          return warn(`Not here: ${some(absent)}. ${stay}`.trim(), "Check the names in removeUsers.");
        return open.length > 0
          ? warn(stay, "Name them in removeUsers unless the image is meant to have them.")
          : pass(provisioned.length > 0 ? `Removed: ${some(provisioned)}.` : "No such user.");
      }),
  },
  {
    id: "ssh-host-keys",
    title: "Copies get host keys of their own",
    look: ({ sshHostKeys }) =>
      known(sshHostKeys, (keys) =>
        pass(keys === 0 ? "None here." : `The seal deletes ${keys}; the first boot makes new ones.`),
      ),
  },
  {
    id: "resolver",
    title: "Name resolution works in a new VM",
    look: ({ resolvConf }) =>
      known(resolvConf, (kind) =>
        kind === "dangling" || kind === "absent"
          ? warn(
              `/etc/resolv.conf is ${kind}.`,
              "Put it right on the source; the seal leaves it as it found it.",
            )
          : pass(
              kind === "link"
                ? "A link; the seal restores it after the agent has deleted it."
                : "A file; the first boot makes a new one.",
            ),
      ),
  },
  {
    id: "network-identity",
    title: "No network profile names this VM's hardware",
    look: ({ persistentNetRules, macPinnedProfiles, macPinnedFiles }, { allowedRemedies }) =>
      known(persistentNetRules, (rules) =>
        known(macPinnedProfiles, (pinned) =>
          known(macPinnedFiles, (files) => {
            if (files.length > 0)
              return warn(
                `Name this VM's MAC address: ${some(files)}; a new VM may stay without a network.`,
                allowedRemedies.includes("unpin-network")
                  ? "The seal names the interface in its place (unpin-network is allowed)."
                  : "Allow the remedy unpin-network, or match by interface name or driver.",
              );
            return rules || pinned
              ? warn(
                  `${rules ? "udev rules" : "Profiles"} name this VM's MAC address.`,
                  "The seal removes udev rules and strips ifcfg and NetworkManager profiles.",
                )
              : pass("None does.");
          }),
        ),
      ),
  },
  {
    id: "subscription",
    title: "No subscription goes into the image",
    look: ({ subscription }) =>
      known(subscription, (kind) =>
        kind === "none"
          ? pass("Not registered, or paid through Azure.")
          : warn(
              `The VM is registered (${kind}).`,
              "The seal removes it from the VM that is sealed, and tells the vendor only in place: a copy has the source's. New VMs must register.",
            ),
      ),
  },
  {
    id: "swap",
    title: "No swap that a new VM lacks",
    look: ({ swap }) =>
      known(swap, (place) =>
        place === "none"
          ? pass("No swap.")
          : place === "resource-disk"
            ? warn(
                "Swap lies on the resource disk.",
                "The seal removes it and its fstab line; let cloud-init make it on new VMs.",
              )
            : warn(
                "Swap lies on the OS disk.",
                "It stays and is copied with every image; better on the resource disk, by cloud-init.",
              ),
      ),
  },
  ...bootRows,
  {
    id: "detach",
    title: "The seal can outlive the agent",
    look: ({ systemd, tools }) =>
      known(systemd, (runs) =>
        known(tools, (names) =>
          runs && names.includes("systemd-run")
            ? pass("systemd-run is there.")
            : block(
                "No systemd-run: deprovisioning would kill the seal together with the agent.",
                "Use a distribution with systemd, or capture specialized.",
              ),
        ),
      ),
  },
  {
    id: "marker-tool",
    title: "The guest can say that it is sealed",
    look: ({ tools }) =>
      known(tools, (names) =>
        markerTools.some((tool) => names.includes(tool))
          ? pass(`With ${some(markerTools.filter((tool) => names.includes(tool)))}.`)
          : block("None of curl, wget and python3 is installed.", "Install one of them."),
      ),
  },
  {
    id: "logs",
    title: "Logs are small",
    look: ({ logBytes }) =>
      known(logBytes, (bytes) =>
        bytes > MUCH_LOG_BYTES
          ? warn(`${Math.round(bytes / 1024 ** 2)} MiB of logs.`, "The seal empties them; it takes longer.")
          : pass("The seal empties them."),
      ),
  },
];
