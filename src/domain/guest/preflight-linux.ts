/** What prevents a Linux guest from being generalized, or would remain in its image. */
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
              `${distribution ?? "This distribution"} has not been tested.`,
              "The common steps are run; check the first VM made from the image.",
            )
          : pass(`${distribution ?? ""} ${version ?? ""} (${name}).`),
      ),
  },
  {
    id: "provisioning",
    title: "A new VM will be provisioned",
    look: ({ agent, cloudInit, ovfEnvPresent }) =>
      known(agent, (waagent) =>
        known(cloudInit, (init) => {
          if (!waagent.present && !init.present)
            return block(
              "Neither waagent nor cloud-init is installed.",
              "Install walinuxagent or cloud-init, or make a specialized image.",
            );
          if (!waagent.present)
            return warn(
              "There is no Azure agent; new VMs are provisioned by cloud-init alone.",
              "The seal uses cloud-init alone. Extensions and Run Command will not work in new VMs.",
            );
          // waagent then skips the user with a warning (WALinuxAgent, pa/deprovision/default.py).
          return ovfEnvPresent === false
            ? warn(
                "ovf-env.xml is missing: the agent no longer knows which user it provisioned.",
                "The seal infers the user from sudoers.d; to be sure, name the user in removeUsers.",
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
            `cloud-init reports ${state}.`,
            "Check /var/log/cloud-init.log; new VMs may fail in the same way.",
          );
        return pass(
          cleanSupportsMachineId
            ? "It can clean up everything that it created."
            : "It is an old version; the seal empties the machine-id itself.",
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
              "machine-id is already empty: the VM appears to be sealed.",
              "Capture the VM without generalizing it again, or restart it first.",
            )
          : pass("The seal empties machine-id; the agent alone would not."),
      ),
  },
  {
    id: "users",
    title: "No personal access remains in the image",
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
            ? `Users that remain with their keys or sudo rights: ${some(open.map(({ name }) => name))}.`
            : "";
        if (absent.length > 0)
          return warn(
            `No such user on the VM: ${some(absent)}. ${stay}`.trim(),
            "Check the names in removeUsers.",
          );
        return open.length > 0
          ? warn(stay, "Name them in removeUsers, unless the image is meant to contain them.")
          : pass(provisioned.length > 0 ? `Removed: ${some(provisioned)}.` : "There is no user to remove.");
      }),
  },
  {
    id: "ssh-host-keys",
    title: "Copies get host keys of their own",
    look: ({ sshHostKeys }) =>
      known(sshHostKeys, (keys) =>
        pass(keys === 0 ? "There are none." : `The seal deletes ${keys}; the first boot creates new ones.`),
      ),
  },
  {
    id: "resolver",
    title: "Name resolution works in a new VM",
    look: ({ resolvConf }) =>
      known(resolvConf, (kind) =>
        kind === "dangling" || kind === "absent"
          ? warn(`/etc/resolv.conf is ${kind}.`, "Fix it on the source; the seal leaves it unchanged.")
          : pass(
              kind === "link"
                ? "It is a link; the seal restores it after the agent has deleted it."
                : "It is a file; the first boot creates a new one.",
            ),
      ),
  },
  {
    id: "network-identity",
    title: "No network profile is tied to this VM's hardware",
    look: ({ persistentNetRules, macPinnedProfiles, macPinnedFiles }, { allowedRemedies }) =>
      known(persistentNetRules, (rules) =>
        known(macPinnedProfiles, (pinned) =>
          known(macPinnedFiles, (files) => {
            if (files.length > 0)
              return warn(
                `These files contain this VM's MAC address: ${some(files)}. A new VM may have no network.`,
                allowedRemedies.includes("unpin-network")
                  ? "The seal replaces it with the interface name (unpin-network is allowed)."
                  : "Allow the remedy unpin-network, or match by interface name or driver instead.",
              );
            return rules || pinned
              ? warn(
                  `${rules ? "udev rules" : "Network profiles"} contain this VM's MAC address.`,
                  "The seal removes the udev rules, and the address from ifcfg and NetworkManager profiles.",
                )
              : pass("No profile is.");
          }),
        ),
      ),
  },
  {
    id: "subscription",
    title: "The image contains no vendor subscription",
    look: ({ subscription }) =>
      known(subscription, (kind) =>
        kind === "none"
          ? pass("The VM is not registered, or is billed through Azure.")
          : warn(
              `The VM is registered (${kind}).`,
              "The seal removes the registration from the VM that it seals. It notifies the vendor only in in-place mode, because a copy shares the source's registration. New VMs must register.",
            ),
      ),
  },
  {
    id: "swap",
    title: "New VMs do not depend on swap of this VM",
    look: ({ swap }) =>
      known(swap, (place) =>
        place === "none"
          ? pass("No swap.")
          : place === "resource-disk"
            ? warn(
                "Swap is on the resource disk.",
                "The seal removes it and its fstab line; have cloud-init create it on new VMs.",
              )
            : warn(
                "Swap is on the OS disk.",
                "It stays and is copied with every image. Have cloud-init create it on the resource disk instead.",
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
            ? pass("systemd-run is available.")
            : block(
                "systemd-run is missing: deprovisioning would kill the seal together with the agent.",
                "Use a distribution with systemd, or make a specialized image.",
              ),
        ),
      ),
  },
  {
    id: "marker-tool",
    title: "The guest can report that it is sealed",
    look: ({ tools }) =>
      known(tools, (names) =>
        markerTools.some((tool) => names.includes(tool))
          ? pass(`It can use ${some(markerTools.filter((tool) => names.includes(tool)))}.`)
          : block("None of curl, wget and python3 is installed.", "Install one of them."),
      ),
  },
  {
    id: "logs",
    title: "Logs are small",
    look: ({ logBytes }) =>
      known(logBytes, (bytes) =>
        bytes > MUCH_LOG_BYTES
          ? warn(
              `${Math.round(bytes / 1024 ** 2)} MiB of logs.`,
              "The seal empties them, which takes longer.",
            )
          : pass("The seal empties them."),
      ),
  },
];
