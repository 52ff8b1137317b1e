/** Image definitions: what the versions below them are. */
import { merge } from "../guests/guest.js";
import { arm, invalidParameter } from "./errors.js";
import { galleryErrors } from "./storage-errors.js";
import { DEFINITION, GALLERY, VERSION, checkNoChildren } from "./galleries.js";
import { definitionRequest } from "./gallery-schemas.js";
import type { Definition } from "./resources.js";
import { parse } from "./schemas.js";
import { begin, erase, listBelow, reads, tracked } from "./verbs.js";
import { type Call, type Outcome, all, find, must, requireGroup, save } from "./world.js";

export function putDefinition(call: Call): Outcome {
  const { world, id } = call;
  requireGroup(world, id);
  const gallery = find(world, GALLERY, id.split("/").slice(0, -2).join("/"));
  if (gallery === undefined) throw galleryErrors.parentNotFound(id.split("/").at(-3) ?? "");
  const { location, tags, properties = {} } = parse(definitionRequest, call.body);
  const existing = find(world, DEFINITION, id);
  const known = existing?.body.properties;
  const osType = properties.osType ?? known?.osType;
  const osState = properties.osState ?? known?.osState;
  const identifier = properties.identifier ?? known?.identifier;
  if (osType === undefined)
    throw invalidParameter(
      "Required parameter 'galleryImage.properties.osType' is missing (null).",
      "galleryImage.properties.osType",
    );
  if (osState === undefined)
    throw invalidParameter(
      "Required parameter 'galleryImage.properties.osState' is missing (null).",
      "galleryImage.properties.osState",
    );
  if (identifier === undefined)
    throw invalidParameter(
      "Required parameter 'galleryImage.properties.identifier' is missing (null).",
      "galleryImage.properties.identifier",
    );
  if (known !== undefined) checkUnchanged(known, properties);
  const { disallowed, ...kept } = properties as typeof properties & { disallowed?: Record<string, unknown> };
  const definition: Definition = {
    type: DEFINITION,
    body: {
      ...tracked(
        DEFINITION,
        id,
        existing?.body.location ?? location ?? gallery.body.location ?? "",
        tags ?? existing?.body.tags,
      ),
      properties: {
        ...known,
        hyperVGeneration: "V1",
        architecture: "x64",
        ...kept,
        // An empty `disallowed` is not echoed (recorded).
        ...(disallowed === undefined || Object.keys(disallowed).length === 0 ? {} : { disallowed }),
        osType,
        osState,
        identifier,
        provisioningState: existing === undefined ? "Creating" : "Updating",
      },
    },
    inner: existing?.inner ?? { lingering: [] },
  };
  save(world, definition);
  const operation = begin(call, "definitions/write", definition);
  return { kind: existing === undefined ? "created" : "updated", body: definition.body, operation };
}

/** What an image is cannot be changed once versions may rest on it. */
function checkUnchanged(
  known: Definition["body"]["properties"],
  asked: NonNullable<ReturnType<typeof parse<typeof definitionRequest>>["properties"]>,
): void {
  for (const member of ["osType", "osState", "hyperVGeneration", "architecture"] as const) {
    if (asked[member] !== undefined && asked[member] !== known[member])
      throw arm.immutable(`galleryImage.properties.${member}`);
  }
}

export function patchDefinition(call: Call): Outcome {
  const { properties, tags } = must(call.world, DEFINITION, call.id).body;
  return putDefinition({ ...call, body: merge<unknown>({ properties, tags }, call.body) });
}

export const { get: getDefinition } = reads(DEFINITION);
export const listDefinitions = listBelow(GALLERY, DEFINITION);

export const deleteDefinition = (call: Call): Outcome =>
  erase(call, DEFINITION, "definitions/delete", (definition) =>
    checkNoChildren(call.world, definition, [...all(call.world, VERSION, definition.body.id)]),
  );
