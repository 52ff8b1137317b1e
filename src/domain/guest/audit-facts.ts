/** What the audit scripts report of a VM that was just made from an image (docs/guest-contract.md). */
import { count, decoder, flag, listOf, names, object, text } from "./facts.js";
import type { Fields } from "./facts.js";

const linuxFields = {
  hostName: text,
  machineIdOwn: flag,
  hostKeys: count,
  foreignHostKeys: listOf(text),
  users: listOf(object({ name: text, uid: count, sudoersFile: flag, authorizedKeys: count })),
  passwords: listOf(text),
  histories: listOf(text),
  secrets: listOf(text),
  cloudInit: text,
  failedUnits: listOf(text),
  dataDiskLuns: listOf(count),
};

const windowsFields = {
  hostName: text,
  imageState: text,
  setupRunning: flag,
  users: listOf(text),
  answerFiles: listOf(text),
  histories: listOf(text),
  secrets: listOf(text),
  setupErrors: listOf(text),
  agentServices: names,
  remoteDesktop: flag,
  dataDiskLuns: listOf(count),
};

export type LinuxAudit = Fields<typeof linuxFields>;
export type WindowsAudit = Fields<typeof windowsFields>;

export const decodeLinuxAudit = decoder(linuxFields);
export const decodeWindowsAudit = decoder(windowsFields);
