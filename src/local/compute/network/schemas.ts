/** The members of Microsoft.Network's request bodies that the simulator reads; everything else is echoed. */
import { z } from "zod";
import { envelope, word } from "../model/schemas.js";

const reference = z.looseObject({ id: z.string() });

export const ipConfigurationRequest = z.looseObject({
  name: z.string(),
  properties: z
    .looseObject({
      subnet: z.looseObject({ id: z.string().optional() }).optional(),
      privateIPAllocationMethod: word("Dynamic", "Static").optional(),
      privateIPAddress: z.string().optional(),
      primary: z.boolean().optional(),
      publicIPAddress: reference.nullish(),
    })
    .optional(),
});

export const nicRequest = z.looseObject({
  ...envelope,
  properties: z.looseObject({
    ipConfigurations: z.array(ipConfigurationRequest).min(1),
    networkSecurityGroup: reference.nullish(),
  }),
});

export const tagsRequest = z.looseObject({ tags: z.record(z.string(), z.string()).optional() });

const subnetProperties = z.looseObject({
  addressPrefix: z.string().optional(),
  addressPrefixes: z.array(z.string()).optional(),
  networkSecurityGroup: reference.nullish(),
  routeTable: reference.nullish(),
  natGateway: reference.nullish(),
});

export const subnetRequest = z.looseObject({ properties: subnetProperties });

export const virtualNetworkRequest = z.looseObject({
  ...envelope,
  properties: z.looseObject({
    addressSpace: z.looseObject({ addressPrefixes: z.array(z.string()).min(1) }),
    subnets: z.array(z.looseObject({ name: z.string(), properties: subnetProperties })).optional(),
  }),
});
