/** What a guest answers to an audit (docs/guest-contract.md): its own facts, and whatever a seed says it brought along. */
import { type Guest, merge } from "./guest.js";

export function auditOf(guest: Guest, luns: readonly number[]): unknown {
  const common = { hostName: guest.computerName, histories: [], secrets: [], dataDiskLuns: luns };
  if (guest.os === "Windows")
    return merge(
      {
        ...common,
        imageState: guest.facts.imageState,
        setupRunning: false,
        users: [guest.provisionedUser],
        answerFiles: guest.facts.unattendFiles,
        setupErrors: [],
        agentServices: guest.facts.agentServices,
        remoteDesktop: true,
      },
      guest.broughtAlong,
    );
  const { machineIdEmpty, sshHostKeys, users, cloudInit } = guest.facts;
  return merge(
    {
      ...common,
      machineIdOwn: !machineIdEmpty,
      hostKeys: sshHostKeys,
      foreignHostKeys: [],
      users,
      passwords: [],
      cloudInit: cloudInit.present ? cloudInit.state : "absent",
      failedUnits: [],
    },
    guest.broughtAlong,
  );
}
