/**
 * onnxruntime 1.30 divides by zero, which ends the process, where a Scan of opset 9 or later has no elements along
 * another axis than the first. Such a run is refused instead, as far as that is known before it.
 */

import { LatheError } from '../../contract';
import { readModel } from '../file';
import { allGraphs, allNodes, attributes, type Feeds, type Model, type Node, standardOpset } from '../ir';

/** @throws LatheError that names the Scan; what is fed without elements may reach any of them */
export type EmptyScanGuard = (label: string, feeds: Feeds) => Promise<void>;

/** @param model as it was opened; a file that was opened by path is read where something is fed without elements */
export function emptyScanGuard(model: Model | string): EmptyScanGuard {
  let scans = typeof model === 'string' ? null : offAxisScans(model);
  const path = typeof model === 'string' ? model : null;
  return async (label, feeds) => {
    const fed = Object.keys(feeds).find((name) => feeds[name]?.data.length === 0);
    if (fed !== undefined && path !== null) scans ??= offAxisScans(await readModel(path));
    const scan = scans?.find(({ isEmpty }) => isEmpty || fed !== undefined);
    if (scan === undefined) return;
    const why = scan.isEmpty ? '' : `, since input "${fed}" is empty`;
    throw new LatheError({
      who: `${label}: Scan "${scan.name}"`,
      what: `may have nothing to scan${why}, which onnxruntime does not survive along another axis than the first`,
      next: 'give every input at least one element, or let it scan along the first axis when exporting',
    });
  };
}

/** A Scan along another axis than the first. */
interface OffAxisScan {
  readonly name: string;
  /** Whether what it scans is a constant without elements. */
  readonly isEmpty: boolean;
}

function offAxisScans(model: Model): OffAxisScan[] {
  const scans = [...allNodes(model)].filter(isOffAxis);
  if (scans.length === 0 || standardOpset(model.opsets) < 9) return [];
  const tensors = [...allGraphs(model)].flatMap(({ initializers }) => [...initializers.values()]);
  const empty = new Set(tensors.filter(({ shape }) => shape.includes(0)).map(({ name }) => name));
  return scans.map((scan) => ({ name: scan.name, isEmpty: scannedBy(scan).some((input) => empty.has(input)) }));
}

function isOffAxis(node: Node): boolean {
  const axes = attributes.intsOf(node, 'scan_input_axes', undefined);
  return node.opType === 'Scan' && axes !== undefined && axes.some((axis) => axis !== 0);
}

function scannedBy(scan: Node): readonly string[] {
  return scan.inputs.slice(-attributes.intOf(scan, 'num_scan_inputs', 1));
}
