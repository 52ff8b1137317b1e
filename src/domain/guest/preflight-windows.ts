/** What prevents a Windows guest from being generalized, or a VM made from its image from starting. */
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

/** A smaller clone stayed in UNDEPLOYABLE for hours (runner-images#6250, #7743); the guest sees 5 % less memory. */
const ENOUGH_CPUS = 2;
const ENOUGH_MEMORY_MIB = 8192 * 0.95;

export const windowsRows: readonly Row<WindowsFacts>[] = [
  ...sysprepRows,
  {
    id: "former-traces",
    title: "No answer files or logs from an earlier setup",
    look: ({ unattendFiles, pantherFromFormerRun }) =>
      known(unattendFiles, (files) =>
        files.length > 0
          ? warn(
              `Answer files: ${some(files)}.`,
              "The seal deletes them; otherwise Sysprep would use them instead of Azure's own.",
            )
          : pantherFromFormerRun === true
            ? warn(
                "Panther contains logs of an earlier Sysprep run.",
                "The seal deletes them, so that the logs cover this run only.",
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
              "A policy denies removable media; a new VM would hang in its initial setup.",
              "Remove the policy, then capture again.",
            )
          : start === 1
            ? pass("The cdrom driver starts with the system.")
            : warn(`The start type of the cdrom driver is ${start}.`, "The seal sets it to 1."),
      ),
  },
  {
    id: "agent-services",
    title: "The Azure agent runs and can detach a seal",
    look: ({ agentServices }) =>
      known(agentServices, (services) => {
        const idle = Object.entries(services).filter(([, status]) => status !== "Running");
        const list = some(idle.map(([service, status]) => `${service} is ${status}`));
        if (idle.length === 0) return pass("All its services are running.");
        return idle.some(([service]) => service === "Schedule")
          ? block(
              `${list}; without the Task Scheduler, the seal would be killed together with the agent.`,
              "Enable the Task Scheduler.",
            )
          : warn(
              `${list}.`,
              "Start the services and set them to start automatically; otherwise new VMs have no working agent.",
            );
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
                `${cpus} vCPU and ${memory} MiB are not much; Sysprep may take hours.`,
                "Resize the source VM to at least 2 vCPU and 8 GiB.",
              ),
        ),
      ),
  },
  {
    id: "remote-desktop",
    title: "A new VM can be reached by Remote Desktop",
    look: ({ remoteDesktopDenied }) =>
      known(remoteDesktopDenied, (denied) =>
        denied
          ? warn(
              "Remote Desktop is turned off, and would be in every new VM.",
              "Turn it on (fDenyTSConnections = 0) unless the VMs are accessed in another way.",
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
    title: "Every event log channel has its folder",
    look: ({ eventLogPathsMissing }) =>
      known(eventLogPathsMissing, (channels) =>
        channels.length === 0
          ? pass("No folder is missing.")
          : warn(
              `No folder for ${some(channels)}; Sysprep may fail with 0x80070003.`,
              "Correct the log paths (wevtutil sl).",
            ),
      ),
  },
  {
    id: "server-roles",
    title: "All server roles support Sysprep",
    look: ({ roles }) =>
      known(roles, (installed) => {
        const refusing = installed.filter((role) => rolesThatRefuse.includes(role));
        const suffering = installed.filter((role) => rolesThatSuffer.includes(role));
        if (refusing.length > 0)
          return block(
            `Sysprep does not support ${some(refusing)}.`,
            "Remove the role, or make a specialized image.",
          );
        return suffering.length > 0
          ? warn(
              `${some(suffering)} may not work after Sysprep.`,
              "Set up the role again on the new VM, or make a specialized image.",
            )
          : pass("No role is affected.");
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
              "Make the image from a VM that never joined; leaving on a copy would remove the source's device from Entra ID.",
            )
          : joined
            ? warn(
                "The VM is joined to a domain; Sysprep removes the copy from it.",
                "New VMs must join again. Until then, the isolated subnet keeps the copy away from the domain.",
              )
            : pass("Not joined."),
      ),
  },
  {
    id: "extensions",
    title: "The image contains no extensions",
    look: (_facts, { extensions }) =>
      known(extensions, (names) =>
        names.length === 0
          ? pass("No extensions.")
          : warn(
              `Installed: ${some(names)}; their state would be in the image, and they would not run again.`,
              "Use clone mode: the working VM gets none. For an in-place capture, remove them first.",
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
              "The source image is hardened by CIS; such images are known to break provisioning tools.",
              "Test a VM made from the new version before you promote it.",
            )
          : pass("Not a known hardened image."),
      ),
  },
];
