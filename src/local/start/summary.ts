/** What a person needs to use the local environment, on one screen. */
import type { Connections } from "../cloud/connections.js";

export interface SummaryOf {
  readonly connections: Connections;
  readonly hostUrl: string;
  readonly stateDir: string;
  readonly settingsFile: string;
  readonly dropContainer: string;
  readonly captureQueue: string;
  /** An example of what can be captured, and of where to. */
  readonly vmId: string;
  readonly definitionId: string;
}

export function summary(local: SummaryOf): string {
  const { connections, hostUrl } = local;
  const { vmId: sourceVmId, definitionId } = local;
  const request = JSON.stringify({ sourceVmId, target: { kind: "gallery", definitionId } });
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      "Drop a disk",
      [
        `export VMIMAGE_URL=${hostUrl} VMIMAGE_STORAGE="$(node -p 'require("${local.settingsFile}").Values.DropStorage')"`,
        "npx vmimage drop disk.vhd --wait",
        `or with anything that uploads to the container ${local.dropContainer}, az and azcopy among them`,
      ],
    ],
    [
      "Capture a VM",
      [
        `curl -i ${hostUrl}/api/captures -H 'content-type: application/json' \\`,
        `  -d '${request}'`,
        `or send the same JSON to the queue ${local.captureQueue}:`,
        connections.serviceBus.connectionString,
      ],
    ],
    [
      "Watch",
      [
        `${hostUrl}/api/dashboard      npx vmimage runs      npx vmimage watch ID`,
        `curl ${hostUrl}/api/captures/{id}      curl ${hostUrl}/api/imports/{id}`,
      ],
    ],
    [
      "Look inside",
      [
        `Compute   ${connections.compute.endpoint}  (subscription ${connections.subscriptionId})`,
        `Storage   ${connections.storage.blobEndpoint}`,
        `Settings  ${local.settingsFile}`,
        `State     ${local.stateDir}  (logs in logs/; remove it to begin anew)`,
      ],
    ],
  ];
  const speed =
    connections.speed === 1
      ? "real time (--speed 100: a hundred times that)"
      : `${connections.speed} times real time`;
  return [
    `The local environment runs, Compute in ${speed}. Ctrl-C stops it; its state is kept.`,
    ...sections.flatMap(([title, lines]) => ["", title, ...lines.map((line) => `  ${line}`)]),
    "",
  ].join("\n");
}
