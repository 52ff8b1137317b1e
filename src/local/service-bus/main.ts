/**
 * The broker as a process of its own: node dist/local/service-bus/main.js --config Config.json [--port 5672] [--journal dir].
 * Says where it listens in one line of JSON; ends when its standard input does, so that it cannot outlive its parent.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { realClock } from "../clock.js";
import { startBroker } from "./broker.js";
import { parseEntities } from "./config.js";

const { values } = parseArgs({
  options: {
    config: { type: "string" },
    port: { type: "string", default: "5672" },
    journal: { type: "string" },
    fsync: { type: "boolean", default: false },
  },
});
if (values.config === undefined) throw new Error("Say which entities to serve: --config path/to/Config.json");

const broker = await startBroker({
  port: Number(values.port),
  entities: parseEntities(readFileSync(values.config, "utf8")),
  ...(values.journal !== undefined && { journalDir: values.journal }),
  fsync: values.fsync,
  clock: realClock,
  log: (line) => void process.stderr.write(`${JSON.stringify(line)}\n`),
});
process.stdout.write(
  `${JSON.stringify({ ready: true, port: broker.port, connectionString: broker.connectionString })}\n`,
);

process.stdin.on("end", () => void broker.stop().then(() => process.exit(0)));
process.stdin.resume();
