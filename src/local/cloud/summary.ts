/** What a person needs to run the app against the cloud alone, on one screen. */
import { relative } from "node:path";
import type { Cloud } from "./cloud.js";
import { settingsFile } from "./connections.js";

/** The settings that differ from the sample's: where this cloud is. */
const ENDPOINT_SETTINGS = ["AzureWebJobsStorage", "DropStorage", "ServiceBus", "ARM_ENDPOINT"];

export function cloudSummary({ connections, settings }: Cloud, stateDir: string): string {
  const { storage, serviceBus, compute, subscriptionId } = connections;
  const file = relative(process.cwd(), settingsFile(stateDir));
  const shown = ENDPOINT_SETTINGS.map((name) => [name, settings.Values[name] ?? ""] as const);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      "Run the app against it, in another terminal",
      [`cp ${file} local.settings.json`, "npm run build && func start"],
    ],
    [
      "What it puts into local.settings.json; the rest is the sample's",
      shown.map(([name, value]) => `"${name}": ${JSON.stringify(value)}`),
    ],
    [
      "Where it is",
      [
        `Blobs     ${storage.blobEndpoint}`,
        `Queues    ${storage.queueEndpoint}`,
        `Tables    ${storage.tableEndpoint}`,
        `Messages  ${/sb:\/\/[^;]+/.exec(serviceBus.connectionString)?.[0] ?? ""}  (queue ${settings.Values["CAPTURE_QUEUE"] ?? "capture-requests"})`,
        `Compute   ${compute.endpoint}  (subscription ${subscriptionId})`,
        `State     ${stateDir}  (logs in logs/; remove it to begin anew)`,
      ],
    ],
  ];
  return [
    "",
    "The local cloud runs. Ctrl-C stops it; its state is kept.",
    ...sections.flatMap(([title, lines]) => ["", title, ...lines.map((line) => `  ${line}`)]),
    "",
  ].join("\n");
}
