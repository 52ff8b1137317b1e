/** The capture request that a command line describes: from a file, overridden by options, validated against the schema. */
import { captureRequest } from "../contracts/capture-request.js";
import { problemsOf } from "../contracts/problems.js";
import { CommandFailed } from "./command.js";
import { EXIT } from "./exit-codes.js";

export interface CaptureOptions {
  readonly vm?: string | undefined;
  readonly definition?: string | undefined;
  readonly image?: string | undefined;
  readonly version?: string | undefined;
  readonly id?: string | undefined;
  readonly "os-image"?: boolean | undefined;
  readonly specialized?: boolean | undefined;
  readonly "in-place"?: boolean | undefined;
  readonly "test-boot"?: boolean | undefined;
  readonly "dry-run"?: boolean | undefined;
}

/** The option for a field, so that a problem with the field names it. */
const OPTION_OF: Readonly<Record<string, string>> = {
  sourceVmId: "--vm",
  target: "--definition or --image",
  "target.definitionId": "--definition",
  "target.imageId": "--image",
  "target.version": "--version",
  requestId: "--id",
};

/** What is sent, and the parts that the command line itself uses. */
export interface CaptureOrder {
  readonly request: { readonly requestId: string };
  readonly dryRun: boolean;
}

/**
 * Only what was specified is sent, without the schema's defaults: those are the app's.
 * @throws CommandFailed with every problem at once.
 */
export function captureOrder(
  base: Readonly<Record<string, unknown>>,
  options: CaptureOptions,
  newId: () => string,
): CaptureOrder {
  const { vm, definition, image, version, id } = options;
  if (definition !== undefined && image !== undefined)
    throw invalid(["--definition and --image: specify one or the other, not both"]);
  const kind = definition !== undefined ? "gallery" : image !== undefined ? "managed-image" : undefined;
  const given = part(base, "target");
  const target = {
    // A file's settings for a gallery do not apply to a managed image.
    ...(kind === undefined || ("kind" in given && given.kind === kind) ? given : {}),
    ...(definition === undefined ? {} : { kind: "gallery", definitionId: definition }),
    ...(image === undefined ? {} : { kind: "managed-image", imageId: image }),
    ...(version === undefined ? {} : { version }),
  };
  const what = {
    ...part(base, "image"),
    ...(options["os-image"] === true ? { kind: "os-image" } : {}),
    ...(options.specialized === true ? { state: "specialized" } : {}),
  };
  const order = {
    ...base,
    requestId: id ?? base["requestId"] ?? newId(),
    ...(vm === undefined ? {} : { sourceVmId: vm }),
    ...(Object.keys(what).length > 0 ? { image: what } : {}),
    ...(Object.keys(target).length > 0 ? { target } : {}),
    ...(options["in-place"] === true ? { mode: "in-place" } : {}),
    ...(options["test-boot"] === true ? { testBoot: true } : {}),
    ...(options["dry-run"] === true ? { dryRun: true } : {}),
  };
  const read = captureRequest.safeParse(order);
  if (!read.success) throw invalid(problemsOf(read.error).map(withOption));
  return { request: { ...order, requestId: read.data.requestId ?? "" }, dryRun: read.data.dryRun };
}

/** A field of the file that is not an object is left for the schema to report. */
function part(base: Readonly<Record<string, unknown>>, name: string): object {
  const value = base[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function withOption(problem: string): string {
  const [path = "", ...rest] = problem.split(": ");
  const option = OPTION_OF[path];
  return option === undefined ? problem : `${path} (${option}): ${rest.join(": ")}`;
}

const invalid = (problems: readonly string[]) =>
  new CommandFailed(
    EXIT.usage,
    `the request was not sent, because of ${problems.length === 1 ? "this problem" : "these problems"}:\n${problems.map((one) => `  ${one}`).join("\n")}`,
  );
