/**
 * Extensions of a VM: what is written down of them. Nothing of theirs runs in a guest; the agent takes each as done, or
 * does not answer.
 */
import { arm, ArmError } from "./errors.js";
import { agentReady } from "./instance-view.js";
import { parentId } from "./arm-ids.js";
import type { Completion } from "./operations.js";
import type { Extension, Vm } from "./resources.js";
import { extensionRequest, parse } from "./schemas.js";
import { begin, fails, reads } from "./verbs.js";
import { vmErrors } from "./vm-errors.js";
import { VM } from "./vm-state.js";
import {
  all,
  type Call,
  find,
  listed,
  must,
  type Outcome,
  remove,
  save,
  setState,
  type World,
} from "./world.js";

export const EXTENSION = "Microsoft.Compute/virtualMachines/extensions";

export function putExtension(call: Call): Outcome {
  const { world, id } = call;
  const vm = changeable(call);
  const { location, tags, properties = {} } = parse(extensionRequest, call.body);
  const existing = find(world, EXTENSION, id);
  // Used and forgotten; no answer ever shows them.
  const visible = { ...properties };
  delete visible.protectedSettings;
  for (const member of ["publisher", "type", "typeHandlerVersion"] as const)
    if (visible[member] === undefined && existing === undefined) throw vmErrors.missing(member);
  const extension = makeExtension(world, id, {
    location: location ?? vm.body.location ?? "",
    ...(tags === undefined ? {} : { tags }),
    properties: {
      ...existing?.body.properties,
      ...visible,
      provisioningState: existing === undefined ? "Creating" : "Updating",
    },
  });
  const kind = existing === undefined ? "extensions/create" : "extensions/update";
  return {
    kind: existing === undefined ? "created" : "updated",
    body: extension.body,
    operation: begin(call, kind, vm, { target: id }),
  };
}

export function makeExtension(
  world: World,
  id: string,
  { properties, ...envelope }: Pick<Extension["body"], "location" | "tags" | "properties">,
): Extension {
  const extension: Extension = {
    type: EXTENSION,
    body: {
      name: id.split("/").at(-1) ?? "",
      id,
      type: EXTENSION,
      ...envelope,
      properties: { autoUpgradeMinorVersion: false, ...properties },
    },
    inner: {},
  };
  save(world, extension);
  return extension;
}

/** The VM, if its extensions can be changed: somebody has to be there to do it. */
function changeable({ world, id }: Call): Vm {
  const vm = must(world, VM, parentId(id));
  if (vm.body.properties.provisioningState === "Deleting")
    throw vmErrors.deleting("extensions", vm.body.name);
  if (vm.inner.power !== "running") throw vmErrors.notRunning();
  return vm;
}

export const { get: getExtension } = reads(EXTENSION);

export const extensionsOf = (world: World, vm: Vm): Extension["body"][] =>
  [...all(world, EXTENSION, vm.body.id)].map(({ body }) => body);

export const listExtensions = (call: Call): Outcome =>
  listed(extensionsOf(call.world, must(call.world, VM, call.id)));

export function deleteExtension(call: Call): Outcome {
  const vm = must(call.world, VM, parentId(call.id));
  const extension = find(call.world, EXTENSION, call.id);
  if (extension === undefined) return { kind: "absent" };
  changeable(call);
  setState(call.world, extension, "Deleting");
  return { kind: "accepted", operation: begin(call, "extensions/delete", vm, { target: call.id }) };
}

export const extensionCompletions = (world: World): Record<string, Completion> => {
  const withAgent = (finish: (extension: Extension) => void): Completion => ({
    complete: ({ target }) => {
      const extension = find(world, EXTENSION, target);
      const vm = find(world, VM, parentId(target));
      if (extension === undefined || vm === undefined) throw arm.entityNotFound();
      if (!agentReady(world, vm)) throw new ArmError(409, vmErrors.agentSilent(vm.body.name));
      finish(extension);
    },
    failed: fails(world, EXTENSION),
  });
  const written = withAgent((extension) => setState(world, extension, "Succeeded"));
  return {
    "extensions/create": written,
    "extensions/update": written,
    "extensions/delete": withAgent(({ body }) => remove(world, body.id)),
  };
};
