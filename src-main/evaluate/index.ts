/** @file Measure, compare, statistics; metrics a file each. */

export { evaluate } from './evaluate';
export { hostName, peakRssBytes } from './machine';
export { measureMemory } from './memory';
export { metricKinds } from './metrics';
export { thisMachine, tradeOff } from './trade-off';
