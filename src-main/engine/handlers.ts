/**
 * What an engine process answers. Each room is loaded by the first call that needs it, so that a short question does
 * not pay for the long ones.
 */

import type { EngineCalls } from '../contract';
import type { Handlers } from '../rpc/server';

export const engineHandlers: Handlers<EngineCalls> = {
  engineInfo: async () => (await import('./engine-info')).engineInfo(),
  methods: async () => (await import('../recipe')).methodList(),
  presets: async () => [...(await import('../recipe')).presets],
  checkRecipe: async ({ recipe }) => (await import('../recipe')).checkRecipe(recipe),
  inspect: async ({ model, dims }) => (await import('../inspect')).inspectModel(model, { dims }),
  nodes: async (params, work) => (await import('./understand-model')).understandNodes(params, work),
  kernels: async (params, work) => (await import('./understand-model')).understandKernels(params, work),
  profile: async (params, work) => (await import('./understand-model')).understandTimes(params, work),
  diff: async (params, work) => (await import('./understand-model')).understandDifference(params, work),
  hashModel: async ({ model }, { signal }) => (await import('../onnx/file')).hashModelFile(model, signal),
  describeData: async (params, work) => (await import('./describe-data')).describeData(params, work),
  runRecipe: async (params, work) => (await import('./run-recipe-into')).runRecipeInto(params, work),
  evaluate: async (params, work) => (await import('./evaluate-briefly')).evaluateBriefly(params, work),
  measureMemory: async (params, work) => (await import('../evaluate')).measureMemory(params, work),
  exportModel: async (params, work) => (await import('./export-model')).exportModel(params, work),
  tradeOff: async ({ entries }) => {
    const { thisMachine, tradeOff } = await import('../evaluate');
    return tradeOff(entries, thisMachine());
  },
};
