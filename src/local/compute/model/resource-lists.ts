/** ARM's own lists: resource groups, and the resources of a group or of the subscription, filtered and cut. */
import { keyOf } from "./arm-ids.js";
import { ArmError, invalidParameter } from "./errors.js";
import { regionKey } from "./regions.js";
import type { AnyResource } from "./resources.js";
import { GROUP, required } from "./resource-groups.js";
import { type Call, listScope, listed, type Outcome } from "./world.js";

type Condition = (resource: AnyResource) => boolean;

export function listGroups(call: Call): Outcome {
  const wanted = filterOf(call);
  const groups = [...call.world.tables.resources.values()].filter(
    (resource) => resource.type === GROUP && wanted(resource),
  );
  return listed(groups.slice(0, topOf(call)).map(({ body }) => body));
}

export function listGroupResources(call: Call): Outcome {
  required(call);
  return listResources(call);
}

/** ARM lists tracked resources: those with a location, children without one left out. */
export function listResources(call: Call): Outcome {
  const prefix = `${keyOf(listScope(call))}/`;
  const wanted = filterOf(call);
  const resources = [...call.world.tables.resources.values()].filter(
    (resource) =>
      resource.type !== GROUP &&
      resource.body.location !== undefined &&
      keyOf(resource.body.id).startsWith(prefix) &&
      wanted(resource),
  );
  return listed(
    resources
      .slice(0, topOf(call))
      .map(({ type, body: { id, name, location, tags } }) => ({ id, name, type, location, tags })),
  );
}

function topOf({ query }: Call): number {
  const top = query.get("$top");
  if (top === null) return Infinity;
  if (!/^[1-9]\d*$/.test(top))
    throw invalidParameter(`The value '${top}' of parameter '$top' is invalid.`, "$top");
  return Number(top);
}

/** `resourceType`, `name`, `location`, and a tag by name or by name and value, joined by `and`. */
function filterOf({ query }: Call): Condition {
  const filter = query.get("$filter");
  if (filter === null || filter.trim() === "") return () => true;
  const terms = [...filter.matchAll(/(\w+) eq '((?:[^']|'')*)'/gi)].map(
    ([, member = "", value = ""]) => [member.toLowerCase(), value.replaceAll("''", "'")] as const,
  );
  const rest = filter.replaceAll(/\w+ eq '(?:[^']|'')*'/gi, "term");
  if (!/^term( and term)*$/i.test(rest.trim())) throw invalidFilter(filter);
  const given = new Map(terms);
  const conditions = terms.map(([member, value]) => conditionOf(member, value, given, filter));
  return (resource) => conditions.every((condition) => condition(resource));
}

function conditionOf(
  member: string,
  value: string,
  given: ReadonlyMap<string, string>,
  filter: string,
): Condition {
  const same = (text: string | undefined): boolean => text?.toLowerCase() === value.toLowerCase();
  switch (member) {
    case "resourcetype":
      return ({ type }) => same(type);
    case "name":
      return ({ body }) => same(body.name);
    case "location":
      return ({ body }) => regionKey(body.location ?? "") === regionKey(value);
    case "tagname":
      return ({ body }) => Object.keys(body.tags ?? {}).some(same);
    case "tagvalue":
      return ({ body }) =>
        Object.entries(body.tags ?? {}).some(
          ([name, text]) => text === value && name.toLowerCase() === given.get("tagname")?.toLowerCase(),
        );
    default:
      throw invalidFilter(filter);
  }
}

const invalidFilter = (filter: string): ArmError =>
  new ArmError(
    400,
    {
      code: "InvalidFilterInQueryString",
      message: `Invalid $filter '${filter}' specified in the query string.`,
    },
    { gateway: true },
  );
