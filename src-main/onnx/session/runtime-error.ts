/** onnxruntime's common messages as one sentence that says what to try. The original stays attached as the cause. */

import { LatheError, messageOf } from '../../contract';
import { dtypeFromCode } from '../ir';

interface Sentence {
  readonly who?: string | undefined;
  readonly what: string;
  readonly next?: string | undefined;
}
interface Rule {
  readonly pattern: RegExp;
  /** @param opset of ai.onnx that the model states; undefined where it is not known */
  readonly say: (found: readonly string[], opset: number | undefined) => Sentence;
}

/** Of older operators onnxruntime has few. */
const oldestOpset = 7;

/** Texts of onnxruntime 1.30; what is not found here is passed on as it came, without C++ paths and signatures. */
const rules: readonly Rule[] = [
  {
    pattern: /File doesn't exist/,
    say: () => ({ what: 'no such file', next: 'check the path' }),
  },
  {
    pattern: /model path is a directory/,
    say: () => ({ what: 'is a folder, not an ONNX file', next: 'name the .onnx file in it' }),
  },
  {
    pattern: /Protobuf parsing failed/,
    say: () => ({
      what: 'is not an ONNX file, or its end is missing',
      next: 'export or download it again',
    }),
  },
  {
    pattern: /In Node, \("(.*?)", (\S+?), "(.*?)", -?\d+\).*No Op registered for \S+ with domain_version of (\d+)/s,
    say: ([node, op, domain, version]) => ({
      who: `${op} "${node}"`,
      what: `opset ${version} of ${domain || 'ai.onnx'} has no operator ${op} that onnxruntime knows`,
      next: 'check the opset that the file states, or replace the operator when exporting',
    }),
  },
  {
    pattern: /Fatal error: (\S*?):(\S+)\(-?\d+\) is not a registered function\/op/,
    say: ([domain, op]) => ({
      what: `uses the operator ${op} of domain ${domain}, which onnxruntime does not have`,
      next: 'export without custom operators, or define it as a function in the model',
    }),
  },
  {
    pattern: /Could not find an implementation for (\w+)\((\d+)\) node with name '(.*?)'/,
    say: ([op, version, node], opset = Number.POSITIVE_INFINITY) => ({
      who: node === '' ? `a nameless ${op}` : `${op} "${node}"`,
      what:
        opset < oldestOpset
          ? `onnxruntime no longer has ${op} as opset ${opset} defines it`
          : `onnxruntime has no CPU kernel of ${op} version ${version} for the types it is given`,
      next:
        opset < oldestOpset
          ? 'raise the opset: begin the recipe with the step clean, method raise-opset (in a shell: lathe clean MODEL --out DIR --method raise-opset)'
          : 'replace the operator when exporting, or cast its inputs to float32 or int64',
    }),
  },
  {
    pattern: /Opset (\d+) is under development.*for domain (\S+) is till opset (\d+)/s,
    say: ([version, domain, newest]) => ({
      what: `needs opset ${version} of ${domain}; onnxruntime supports up to ${newest}`,
      next: `export with opset ${newest} or lower`,
    }),
  },
  {
    pattern: /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    say: ([version, newest]) => ({
      what: `is of ONNX IR version ${version}; onnxruntime supports up to ${newest}`,
      next: 'export with an older version of the onnx package',
    }),
  },
  {
    pattern: /Unsupported data type: (\d+)/,
    say: ([code]) => ({
      what: `has an input or output of type ${dtypeFromCode(Number(code)) ?? `number ${code}`}, which the runtime cannot hand over`,
      next: 'put a Cast at that edge when exporting',
    }),
  },
  {
    pattern: /tensor\((\w+)\) is not currently registered or supported/,
    say: ([type]) => ({ what: `uses the type ${type}, which onnxruntime does not support` }),
  },
  {
    pattern: /the graph is not acyclic/,
    say: () => ({ what: 'has nodes that form a ring', next: 'export it again; the file is broken' }),
  },
  {
    pattern: /initializer: (\S+?)\. Error: .*does not exist: "(.*?)"/s,
    say: ([tensor, path]) => ({
      what: `weight "${tensor}" lies in external data that is missing: ${path}`,
      next: 'keep the .onnx file and its data files in one folder',
    }),
  },
  {
    pattern: /initializer: (\S+?)\. Error: .*escapes model directory\. External data path: "(.*?)"/s,
    say: ([tensor, path]) => ({
      what: `weight "${tensor}" points outside the model's folder: ${path}`,
      next: 'move the data file beside the .onnx file and save the model again',
    }),
  },
  {
    pattern: /Node input '(.*?)' is not a graph input/,
    say: ([value]) => ({
      what: `a node reads "${value}", which nothing makes`,
      next: 'export it again; the file is broken',
    }),
  },
  {
    pattern: /Optype \((\w+)\) bound to different types \((.*?) in node \((.*?)\)/,
    say: ([op, types, node]) => ({ who: `${op} "${node}"`, what: `its inputs are of different types: ${types}` }),
  },
  {
    pattern: /Type Error: (.*)/,
    say: ([text]) => ({ what: `types do not fit: ${text}` }),
  },
  {
    pattern: /Node \((.*?)\) Op \((\w+)\) \[\w+\] (.*)/s,
    say: ([node, op, text]) => ({
      who: node === '' ? `a nameless ${op}` : `${op} "${node}"`,
      what: plainText(text ?? ''),
      next: 'check what the exporter made of this node',
    }),
  },
  {
    pattern: /Failed to allocate memory|bad_alloc|bad allocation/,
    say: () => ({ what: 'there is not enough memory', next: 'use a smaller batch or free some memory' }),
  },
  {
    pattern: /input '(.*?)' is missing in 'feeds'/,
    say: ([input]) => ({ who: `input "${input}"`, what: 'is not fed' }),
  },
  {
    pattern: /Non tensor type is temporarily not supported/,
    say: () => ({ what: 'gives out a sequence or map, which the runtime cannot hand over' }),
  },
  {
    pattern: /while running Scan node\. Name:'(.*?)' Status Message: .*dim0_offset < dim0_size was false/s,
    say: ([node]) => ({
      who: `Scan "${node}"`,
      what: 'it has nothing to scan',
      next: 'give every input at least one element',
    }),
  },
  {
    pattern: /Non-zero status code returned while running (\w+) node\. Name:'(.*?)' Status Message: (.*)/s,
    say: ([op, node, text]) => ({
      who: `${op} "${node}"`,
      what: plainText(text ?? ''),
      next: 'check the shapes and values that the data feeds',
    }),
  },
];

/**
 * @param model name of the model, as the user knows it
 * @param thrown what onnxruntime threw
 * @param opset of ai.onnx that the model states, where it is known
 */
export function runtimeError(model: string, thrown: unknown, opset?: number): LatheError {
  const message = messageOf(thrown);
  for (const { pattern, say } of rules) {
    const match = pattern.exec(message);
    if (match === null) continue;
    const { who, what, next } = say(
      match.slice(1).map((text) => text ?? ''),
      opset,
    );
    return new LatheError({ who: who === undefined ? model : `${model}: ${who}`, what, next, cause: thrown });
  }
  return new LatheError({ who: model, what: `onnxruntime refuses it: ${plainText(message)}`, cause: thrown });
}

/** Without paths of C++ sources, signatures and the text of failed assertions. */
function plainText(message: string): string {
  return message
    .replace(/^Load model from \S+ failed:/, '')
    .replace(/^Exception during (?:initialization|loading): /, '')
    .replace(/(?:\/\S*\/)?[\w.]+\.(?:h|cc|cpp):\d+ /g, '')
    .replace(/^(?:\w+ )*\w*onnxruntime::\S+\(.*?\)(?: const)? (?=\S)/s, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
}
