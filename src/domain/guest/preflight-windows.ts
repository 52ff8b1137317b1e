/** What keeps a Windows guest from being generalized, or a VM made from its image from starting. */
import type { WindowsFacts } from "./facts.js";
import { sysprepRows } from "./preflight-windows-sysprep.js";
import { block, pass, warn } from "../preflight.js";
import { known, some, type Row } from "./row.js";

/** Microsoft, "Sysprep support for server roles": generalizing breaks the role; the first two break the machine. */
const rolesThatRefuse = ["AD-Domain-Services", "AD-Certificate"];
const rolesThatSuffer = [
  "ADFS-Federation",
  "ADLDS",
  "ADRMS",
  "DNS",
  "Failover-Clustering",
  "Fax",
  "Hyper-V",
  "NPAS",
  "UpdateServices",
  "WDS",
];

/** A clone below this sat in UNDEPLOYABLE for hours (runner-images#6250, #7743); 5 % less is what the guest sees. */
const ENOUGH_CPUS = 2;
const ENOUGH_MEMORY_MIB = 8192 * 0.95;

export const windowsRows: readonly Row<WindowsFacts>[] = [
  ...sysprepRows,
  {
    id: "former-traces",
    title: "No answer files or logs of an earlier setup",
    look: ({ unattendFiles, pantherFromFormerRun }) =>
      known(unattendFiles, (files) =>
        files.length > 0
          ? warn(
              `Answer files: ${some(files)}.`,
              "The seal deletes them: Sysprep would use them, and Azure's own would not be.",
            )
          : pantherFromFormerRun === true
            ? warn(
                "Panther holds logs of an earlier Sysprep.",
                "The seal deletes them, so that the logs tell of this run.",
              )
            : pass("None found."),
      ),
  },
  {
    id: "cdrom",
    title: "A new VM can read its provisioning disc",
    look: ({ cdromStart, removableMediaDenied }) =>
      known(cdromStart, (start) =>
        removableMediaDenied === true
          ? block(
              "A policy denies removable media; a new VM would stay in its first setup.",
              "Lift the policy, then capture again.",
            )
          : start === 1
            ? pass("The cdrom driver starts with the system.")
            : warn(`The cdrom driver's start is ${start}.`, "The seal sets it to 1."),
      ),
  },
  {
    id: "agent-services",
    title: "The Azure agent runs and can detach a seal",
    look: ({ agentServices }) =>
      known(agentServices, (services) => {
        const idle = Object.entries(services).filter(([, status]) => status !== "Running");
        const list = some(idle.map(([service, status]) => `${service} is ${status}`));
        if (idle.length === 0) return pass("All its services run.");
        return idle.some(([service]) => service === "Schedule")
          ? block(
              `${list}; without the Task Scheduler the seal would die with the agent.`,
              "Enable the Task Scheduler.",
            )
          : warn(`${list}.`, "Start the services and set them to automatic, or new VMs have no agent.");
      }),
  },
  {
    id: "vm-size",
    title: "The VM is large enough for Sysprep",
    look: ({ cpuCount, memoryMiB }) =>
      known(cpuCount, (cpus) =>
        known(memoryMiB, (memory) =>
          cpus >= ENOUGH_CPUS && memory >= ENOUGH_MEMORY_MIB
            ? pass(`${cpus} vCPU, ${memory} MiB.`)
            : warn(
                `${cpus} vCPU and ${memory} MiB are little; Sysprep may take hours.`,
                "Choose 2 vCPU and 8 GiB or more for the working VM.",
              ),
        ),
      ),
  },
  {
    id: "remote-desktop",
    title: "A new VM can be reached by remote desktop",
    look: ({ remoteDesktopDenied }) =>
      known(remoteDesktopDenied, (denied) =>
        denied
          ? warn(
              "Remote desktop is turned off, and would be in every new VM.",
              "Turn it on (fDenyTSConnections = 0) unless the VMs are reached in another way.",
            )
          : pass("It is on."),
      ),
  },
  {
    id: "administrator-password",
    title: "No password expires in the image",
    look: ({ administratorDisabled, passwordExpiryDays }) =>
      known(passwordExpiryDays, (expiry) =>
        administratorDisabled === true || !Number.isFinite(expiry)
          ? pass("The built-in Administrator is disabled, or passwords do not expire.")
          : warn(
              `Passwords expire after ${expiry} days; first boots from an older image may time out.`,
              "Run `net accounts /maxpwage:unlimited` or disable the built-in Administrator.",
            ),
      ),
  },
  {
    id: "event-log-paths",
    title: "Event logs are where they should be",
    look: ({ eventLogPathsMissing }) =>
      known(eventLogPathsMissing, (channels) =>
        channels.length === 0
          ? pass("All channels have their folder.")
          : warn(
              `No folder for ${some(channels)}; Sysprep may fail with 0x80070003.`,
              "Put the log paths right (wevtutil sl).",
            ),
      ),
  },
  {
    id: "server-roles",
    title: "All server roles bear Sysprep",
    look: ({ roles }) =>
      known(roles, (installed) => {
        const refusing = installed.filter((role) => rolesThatRefuse.includes(role));
        const suffering = installed.filter((role) => rolesThatSuffer.includes(role));
        if (refusing.length > 0)
          return block(
            `Sysprep does not support ${some(refusing)}.`,
            "Remove the role, or capture specialized.",
          );
        return suffering.length > 0
          ? warn(
              `${some(suffering)} may not work after Sysprep.`,
              "Set the role up on the new VM, or capture specialized.",
            )
          : pass("No role speaks against it.");
      }),
  },
  {
    id: "domain",
    title: "Not joined to a domain",
    look: ({ domainJoined, cloudJoined }) =>
      known(domainJoined, (joined) =>
        cloudJoined === true
          ? warn(
              "The VM is joined to Entra ID; its device identity would be in every copy.",
              "Make the image from a VM that never joined; leaving from a copy would take the source's device away.",
            )
          : joined
            ? warn(
                "The VM is joined to a domain; Sysprep takes the copy out of it.",
                "New VMs must join anew. The isolated subnet keeps the copy away from the domain meanwhile.",
              )
            : pass("Not joined."),
      ),
  },
  {
    id: "extensions",
    title: "No extensions go into the image",
    look: (_facts, { extensions }) =>
      known(extensions, (names) =>
        names.length === 0
          ? pass("No extensions.")
          : warn(
              `Installed: ${some(names)}; their state would be in the image and they would not run again.`,
              "Capture by clone: the working VM gets none. In place, remove them first.",
            ),
      ),
  },
  {
    id: "hardened-image",
    title: "Not made from a hardened image",
    look: (_facts, { imagePublisher }) =>
      known(imagePublisher, (publisher) =>
        publisher.toLowerCase() === "center-for-internet-security-inc"
          ? warn(
              "The image is hardened by CIS; it is known to break provisioning tools.",
              "Test a VM from the new version before promoting it.",
            )
          : pass("Not a known hardened image."),
      ),
  },
];
