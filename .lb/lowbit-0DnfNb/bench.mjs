import { createRequire } from "node:module";
import { closeSync, createReadStream, existsSync, fstatSync, linkSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, realpathSync, rmSync, statSync, statfsSync, writeFileSync, writeSync } from "node:fs";
import { z } from "zod";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, posix, relative, resolve, sep, win32 } from "node:path";
import sharp from "sharp";
import { Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { setImmediate } from "node:timers/promises";
import { fileDesc, messageDesc } from "@bufbuild/protobuf/codegenv2";
import { ScalarType, create, fromBinary, isFieldSet, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Worker } from "node:worker_threads";
import { arch, availableParallelism, cpus, hostname, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
// \0rolldown/runtime.js
var __defProp = Object.defineProperty;
var __exportAll = (all, no_symbols) => {
	let target = {};
	for (var name in all) __defProp(target, name, {
		get: all[name],
		enumerable: true
	});
	if (!no_symbols) __defProp(target, Symbol.toStringTag, { value: "Module" });
	return target;
};
// src-main/contract/error.ts
var LatheError = class extends Error {
	name = "LatheError";
	code;
	who;
	constructor(parts) {
		const where = parts.where === void 0 ? "" : ` (${parts.where})`;
		const next = parts.next === void 0 ? "" : `; ${parts.next}`;
		super(`${parts.who}: ${parts.what}${where}${next}`, { cause: parts.cause });
		this.code = parts.code ?? "input";
		this.who = parts.who;
	}
};
/** The text of whatever was thrown, for a message that wraps it. */
function messageOf(thrown) {
	return thrown instanceof Error ? thrown.message : String(thrown);
}
// src-main/contract/options.ts
/**
* Option specs: the one description of a method's options. They check recipes, make the shell's flags and draw
* the forms, so a new method needs no change of screen or shell.
*/
var specBase = {
	title: z.string(),
	help: z.string(),
	advanced: z.boolean().optional()
};
/** For specs that cross a border as data. */
var optionSpecSchema = z.discriminatedUnion("kind", [
	z.object({
		...specBase,
		kind: z.enum(["number", "integer"]),
		default: z.number(),
		min: z.number().optional(),
		max: z.number().optional(),
		unit: z.string().optional()
	}),
	z.object({
		...specBase,
		kind: z.literal("boolean"),
		default: z.boolean()
	}),
	z.object({
		...specBase,
		kind: z.literal("choice"),
		default: z.string(),
		choices: z.array(z.object({
			value: z.string(),
			title: z.string()
		}))
	}),
	z.object({
		...specBase,
		kind: z.enum(["text", "path"]),
		default: z.string()
	}),
	z.object({
		...specBase,
		kind: z.literal("list"),
		default: z.array(z.string())
	})
]);
/**
* Checks given options against their specs and fills in the defaults.
* @param where the field that holds the options, e.g. `steps[0].options`
* @throws LatheError that names the unknown or unfit option as a field (`steps[0].options.sparsity`) and says what is
* allowed
*/
function resolveOptions(specs, given, where) {
	for (const name of Object.keys(given)) if (!Object.hasOwn(specs, name)) {
		const known = Object.keys(specs);
		throw new LatheError({
			who: `${where}.${name}`,
			what: "is not an option of this method",
			next: known.length === 0 ? "it has none" : `it knows ${known.join(", ")}`,
			code: "usage"
		});
	}
	const values = {};
	for (const [name, spec] of Object.entries(specs)) {
		const value = Object.hasOwn(given, name) ? given[name] : void 0;
		values[name] = value === void 0 ? spec.default : checkOption(name, spec, value, where);
	}
	return values;
}
function checkOption(name, spec, value, where) {
	const refuse = (expected) => {
		throw new LatheError({
			who: `${where}.${name}`,
			what: `expects ${expected}, got ${JSON.stringify(value)}`,
			code: "usage"
		});
	};
	switch (spec.kind) {
		case "number":
		case "integer": {
			const range = rangeText(spec);
			if (typeof value !== "number" || !Number.isFinite(value)) return refuse(`a number${range}`);
			if (spec.kind === "integer" && !Number.isInteger(value)) return refuse(`a whole number${range}`);
			if (value < (spec.min ?? -Infinity) || value > (spec.max ?? Infinity)) return refuse(`a number${range}`);
			return value;
		}
		case "boolean": return typeof value === "boolean" ? value : refuse("true or false");
		case "choice": {
			const choices = spec.choices.map((choice) => choice.value);
			return typeof value === "string" && choices.includes(value) ? value : refuse(`one of ${choices.join(", ")}`);
		}
		case "text":
		case "path": return typeof value === "string" ? value : refuse("a text");
		case "list": return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : refuse("a list of texts");
	}
}
function rangeText(spec) {
	if (spec.min !== void 0 && spec.max !== void 0) return ` from ${spec.min} to ${spec.max}`;
	if (spec.min !== void 0) return ` of at least ${spec.min}`;
	return spec.max === void 0 ? "" : ` of at most ${spec.max}`;
}
// src-main/contract/work.ts
/** What every long job is handed: a way to speak and a way to be stopped. */
/** How a training went, enough to draw its curves; some kilobytes, however long it was. */
var trainingCurvesSchema = z.object({
	/** Updates done, of how many. */
	step: z.number().int(),
	steps: z.number().int(),
	/** Loss on the validation rows, lower is better; epoch 0 = before training. */
	best: z.object({
		validation: z.number().nullable(),
		/** Share of right answers on the validation rows; without labels, of those that are the teacher's. */
		accuracy: z.number(),
		epoch: z.number().int()
	}),
	/** Update → mean loss around it and learning rate; some hundred points. */
	curve: z.array(z.object({
		step: z.number(),
		loss: z.number(),
		learningRate: z.number()
	})),
	/** After each epoch; thinned out like the curve. */
	validation: z.array(z.object({
		step: z.number(),
		loss: z.number().nullable()
	}))
});
/** What a training tells while it runs. A later message may overtake its last one: what is to last is in the log. */
var trainingProgressSchema = trainingCurvesSchema.extend({
	epoch: z.number().int(),
	epochs: z.number().int(),
	/** Of the last update. */
	loss: z.number(),
	learningRate: z.number(),
	samplesPerSecond: z.number(),
	/** null until an update has been timed. */
	secondsLeft: z.number().nullable()
});
/** `stop`: what is there by now is kept and the work goes on to its end from there. */
var wishSchema = z.enum([
	"run",
	"pause",
	"stop"
]);
var progressSchema = z.object({
	/** A short present-tense line: `Calibrating`, `Measuring latency`. */
	phase: z.string(),
	/** Share done of the whole job, 0…1; null while it cannot be known. */
	fraction: z.number().min(0).max(1).nullable(),
	/** `37 of 128 samples`, a node name: what is being done just now. */
	detail: z.string().optional(),
	/** Only while a model is trained: what can be paused, and stopped with what it has reached. */
	training: trainingProgressSchema.optional()
});
/** A part of a job: its own 0…1 is mapped to `from`…`to` of the whole. */
function portion(work, from, to, phase) {
	return {
		...handedOn(work),
		progress: (p) => work.progress({
			...p,
			phase: phase ?? p.phase,
			fraction: p.fraction === null ? from : from + (to - from) * p.fraction
		})
	};
}
/** Of a job, what each of its parts gets as it is. */
function handedOn({ signal, steering }) {
	return {
		signal,
		steering
	};
}
/** Work that nobody watches or stops; for tests and for short questions. */
function unwatched() {
	return {
		progress: () => {},
		signal: new AbortController().signal
	};
}
// src-main/contract/recipe.ts
/** A Recipe: an ordered list of Steps, plain JSON; the same file runs from screen and shell. */
var stepKinds = [
	"clean",
	"prune",
	"quantize",
	"distil"
];
/** Which nodes a Step may touch. Patterns match node names with `*` and `?`; empty = all. */
var targetsSchema = z.strictObject({
	include: z.array(z.string()).optional(),
	exclude: z.array(z.string()).optional(),
	/** ONNX operator types, e.g. `["Conv", "Gemm"]`. */
	ops: z.array(z.string()).optional()
});
var stepSchema = z.strictObject({
	kind: z.enum(stepKinds),
	/** The kind's default method where none is named. */
	method: z.string().optional(),
	options: z.record(z.string(), z.unknown()).optional(),
	targets: targetsSchema.optional()
});
var recipeSchema = z.strictObject({
	/** Version of the recipe format. */
	lathe: z.literal(1).optional(),
	name: z.string().optional(),
	seed: z.number().int().min(0).max(4294967295).optional(),
	steps: z.array(stepSchema).min(1)
});
/** What one Step did. `changed` 0 is a failure for every kind but `clean`. */
var stepLogSchema = z.object({
	kind: z.enum(stepKinds),
	method: z.string(),
	options: z.record(z.string(), z.unknown()),
	eligible: z.number().int(),
	changed: z.number().int(),
	skipped: z.array(z.object({
		node: z.string(),
		reason: z.string()
	})),
	notes: z.array(z.string()),
	seconds: z.number(),
	/** Only of a step that trains; a project's state leaves it out. */
	training: trainingCurvesSchema.optional()
});
// src-main/contract/documents.ts
/** The JSON documents that Lathe prints, stores and shows. Keys carry their unit where there is one. */
var count$1 = z.number().int().nonnegative();
var sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A dimension: a number, the name of a symbolic one, or null where nothing is known. */
var dimSchema = z.union([
	z.number().int(),
	z.string(),
	z.null()
]);
var valueInfoSchema = z.object({
	name: z.string(),
	/** `float32`, `int64`, `bool`, `string` …; `sequence` and `optional` types in ONNX's own notation. */
	type: z.string(),
	shape: z.array(dimSchema).nullable()
});
var modelReportSchema = z.object({
	path: z.string(),
	irVersion: count$1,
	opsets: z.record(z.string(), count$1),
	producer: z.string(),
	inputs: z.array(valueInfoSchema),
	outputs: z.array(valueInfoSchema),
	nodes: count$1,
	ops: z.record(z.string(), count$1),
	parameters: count$1,
	/** Of the file and its external data. */
	bytes: count$1,
	/** Of the weights, by dtype. */
	bytesByType: z.record(z.string(), count$1),
	/** Multiply–accumulates of one run with every symbolic dim as given; null while dims are symbolic. */
	macs: z.number().nullable(),
	/** Symbolic dims of the inputs, in order of appearance. */
	symbolicDims: z.array(z.string()),
	warnings: z.array(z.object({
		code: z.string(),
		message: z.string()
	}))
});
var splitNames = [
	"calibration",
	"train",
	"test"
];
var datasetSummarySchema = z.object({
	path: z.string(),
	/** `npz-folder`, `image-folder`, `random`. */
	reader: z.string(),
	/** Content hash of all its files. */
	hash: sha256,
	splits: z.array(z.object({
		name: z.enum(splitNames),
		samples: count$1
	})),
	inputs: z.array(valueInfoSchema),
	labels: z.boolean(),
	classes: z.array(z.string()).nullable(),
	/** `metric.kind` of meta.json, or what is assumed; null = fidelity only. */
	metric: z.string().nullable(),
	/** Size per symbolic dim, asked for or read from the arrays. */
	dims: z.record(z.string(), count$1),
	notes: z.array(z.string())
});
var interval = z.tuple([z.number(), z.number()]);
var metricValueSchema = z.object({
	/** For people: `Character error rate`. */
	title: z.string().optional(),
	value: z.number(),
	ci95: interval,
	/** `share` (0…1), `nats`, `perplexity`, … */
	unit: z.string(),
	better: z.enum(["high", "low"])
});
var differenceSchema = z.object({
	/** This model minus the baseline, in the metric's unit, paired sample by sample. */
	value: z.number(),
	ci95: interval,
	/** Exact McNemar for shares, paired bootstrap otherwise. */
	p: z.number(),
	insideNoise: z.boolean()
});
var latencySchema = z.object({
	p50: z.number(),
	p90: z.number(),
	p99: z.number()
});
var conditionsSchema = z.object({
	cpu: z.string(),
	/** Instruction sets that decide int8 speed, e.g. `avx512_vnni`. */
	features: z.array(z.string()),
	threads: count$1,
	batch: count$1,
	warmups: count$1,
	runs: count$1,
	/** `onnxruntime 1.30.0`. */
	runtime: z.string(),
	/** `Node 20.20.2 linux x64`. */
	host: z.string()
});
var fidelitySchema = z.object({
	/** Share of samples with the same decision (top-1 for classes); null where the output makes no decision. */
	agreement: z.number().nullable(),
	agreementCi95: interval.nullable().optional(),
	cosineMean: z.number(),
	cosineMin: z.number(),
	sqnrDb: z.number().nullable(),
	maxAbs: z.number()
});
var evaluationSchema = z.object({
	format: z.literal("lathe-evaluation"),
	version: z.literal(1),
	model: z.object({
		path: z.string(),
		sha256
	}),
	/** null: random inputs, latency and size only. */
	data: z.object({
		path: z.string(),
		hash: sha256
	}).nullable(),
	/** The metric that decides; null where there is none. */
	mainMetric: z.string().nullable(),
	metrics: z.record(z.string(), metricValueSchema),
	classes: z.object({
		names: z.array(z.string()),
		/** Row = true class, column = predicted class. Left out above 256 classes. */
		confusion: z.array(z.array(count$1)).nullable(),
		perClass: z.array(z.object({
			precision: z.number(),
			recall: z.number(),
			f1: z.number(),
			/** Samples that are of the class, and that were called so. */
			support: count$1,
			predicted: count$1,
			precisionCi95: interval.optional(),
			recallCi95: interval.optional()
		}))
	}).nullable(),
	fidelity: fidelitySchema.nullable(),
	differences: z.record(z.string(), differenceSchema).nullable(),
	latencyMs: latencySchema,
	/** Of the baseline, measured in turn with this model in the same run. */
	baselineLatencyMs: latencySchema.nullable(),
	/** Baseline time over this model's time, the median of the paired rounds; > 1 is faster. */
	speedup: z.object({
		value: z.number(),
		ci95: interval,
		insideNoise: z.boolean()
	}).nullable(),
	/** Samples a second at the stated batch and threads. */
	throughput: z.number(),
	bytes: count$1,
	/** zlib level 6 over the model's files. */
	deflatedBytes: count$1,
	/** Of a fresh process that loads and runs the model; null where the system does not tell. */
	peakRssBytes: count$1.nullable(),
	samples: count$1,
	conditions: conditionsSchema,
	warnings: z.array(z.object({
		code: z.string(),
		message: z.string()
	}))
});
var modelFileSchema = z.object({
	path: z.string(),
	/** Of the file and its external data. */
	bytes: count$1,
	/** Of the file and then its external data files in order of their names. */
	sha256,
	/** Names of external data files beside it. */
	externalData: z.array(z.string())
});
var versionsSchema = z.object({
	lathe: z.string(),
	onnxruntime: z.string(),
	host: z.string(),
	cpu: z.string()
});
var runResultSchema = z.object({
	variant: modelFileSchema,
	steps: z.array(stepLogSchema),
	seconds: z.number(),
	peakRssBytes: count$1.nullable()
});
var variantSchema = z.object({
	format: z.literal("lathe-variant"),
	version: z.literal(1),
	/** Folder name in the project: a slug and the first digits of the lineage's hash. */
	id: z.string(),
	name: z.string(),
	createdAt: z.iso.datetime(),
	/** null: the file was made elsewhere. */
	recipe: recipeSchema.nullable(),
	source: z.object({
		path: z.string(),
		sha256,
		bytes: count$1
	}),
	data: z.object({
		path: z.string(),
		hash: sha256
	}).nullable(),
	dims: z.record(z.string(), count$1),
	seed: count$1,
	versions: versionsSchema,
	/** `path` is relative to the variant's folder. */
	model: modelFileSchema,
	steps: z.array(stepLogSchema),
	seconds: z.number(),
	peakRssBytes: count$1.nullable()
});
var checkSchema = z.object({
	name: z.string(),
	passed: z.boolean(),
	detail: z.string()
});
var exportResultSchema = z.object({
	folder: z.string(),
	model: modelFileSchema,
	recipe: z.string().nullable(),
	reportHtml: z.string(),
	reportJson: z.string(),
	/** What was checked after the file was loaded again from disk. */
	checks: z.array(checkSchema)
});
var jobSchema = z.object({
	id: z.string(),
	kind: z.enum([
		"open",
		"baseline",
		"variant",
		"add",
		"evaluate",
		"export"
	]),
	title: z.string(),
	state: z.enum([
		"queued",
		"running",
		"done",
		"failed",
		"cancelled",
		"interrupted"
	]),
	progress: progressSchema.nullable(),
	/** What its user wants of it; only a training heeds it. */
	wish: wishSchema.default("run"),
	error: z.string().nullable(),
	/** The variant that it made or measured, once known. */
	variant: z.string().nullable(),
	/** What a variant is made with, so that a failed run can be mended and tried again. */
	recipe: recipeSchema.nullable(),
	/** What an export wrote and checked. */
	output: exportResultSchema.nullable(),
	startedAt: z.iso.datetime().nullable(),
	endedAt: z.iso.datetime().nullable()
});
var measureSettingsSchema = z.object({
	threads: z.number().int().min(1).max(256),
	batch: z.number().int().min(1).max(65536)
});
z.object({
	path: z.string(),
	name: z.string(),
	model: z.object({
		path: z.string(),
		bytes: count$1,
		sha256: sha256.nullable(),
		/** `changed`: size, time or hash differ from when the project was made. */
		state: z.enum([
			"ok",
			"missing",
			"changed"
		])
	}),
	report: modelReportSchema.nullable(),
	dataPath: z.string().nullable(),
	data: datasetSummarySchema.nullable(),
	dims: z.record(z.string(), count$1),
	measure: measureSettingsSchema,
	baseline: evaluationSchema.nullable(),
	variants: z.array(z.object({
		variant: variantSchema,
		evaluation: evaluationSchema.nullable()
	})),
	/** In the project's bin, newest first. */
	removed: z.array(z.object({
		id: z.string(),
		name: z.string()
	})),
	jobs: z.array(jobSchema)
});
/** What one user of this machine prefers, across projects. */
var settingsSchema = z.object({
	theme: z.enum([
		"light",
		"dark",
		"auto"
	]),
	/** A Node (20.19 or newer) that runs the engine instead of the host's own process kind; null = the host's own. */
	engineNode: z.string().nullable(),
	/** Threads and batch of new projects. */
	measure: measureSettingsSchema
});
/** A measured model as it enters a comparison. */
var tradeOffEntrySchema = z.object({
	id: z.string(),
	name: z.string(),
	baseline: z.boolean(),
	evaluation: evaluationSchema
});
/** Evaluations set against a baseline. */
var tradeOffSchema = z.object({
	quality: z.string().nullable(),
	rows: z.array(z.object({
		...tradeOffEntrySchema.shape,
		/** On the Pareto front of quality, latency and size. */
		pareto: z.boolean(),
		bytesRatio: z.number(),
		/**
		* p50 on the baseline's scale: its own p50 over the speed-up that was measured in turn with it, so that a machine
		* that drifts between two measurements does not decide the ranking. The entry's own p50 where it has no speed-up.
		*/
		latencyMs: z.number(),
		/** p90 on the same scale. */
		latencyP90Ms: z.number()
	}))
});
z.object({
	format: z.literal("lathe-report"),
	version: z.literal(1),
	madeAt: z.iso.datetime(),
	project: z.string(),
	variant: variantSchema,
	/** As exported. */
	model: modelFileSchema,
	checks: z.array(checkSchema),
	/** null where the variant was not measured. */
	evaluation: evaluationSchema.nullable(),
	baseline: evaluationSchema.nullable(),
	/** Of all measured variants of the project; null where its original is not measured. */
	tradeOff: tradeOffSchema.nullable()
});
var methodListSchema = z.array(z.object({
	kind: z.enum(stepKinds),
	title: z.string(),
	defaultMethod: z.string(),
	methods: z.array(z.object({
		name: z.string(),
		title: z.string(),
		help: z.string(),
		source: z.string(),
		data: z.enum([
			"none",
			"optional",
			"calibration",
			"train"
		]),
		options: z.record(z.string(), optionSpecSchema)
	}))
}));
var presetSchema = z.object({
	name: z.string(),
	title: z.string(),
	help: z.string(),
	recipe: recipeSchema
});
// src-main/contract/understanding.ts
/** What is understood of a model beyond its summary: the cost of each node, what the runtime made of it, how two differ. */
var count = z.number().int().nonnegative();
/**
* Where a type or shape is known from. `inferred`: holds for every input; `observed`: of the one run that was made;
* `forced`: of a body that this run passed by and that was run by itself.
*/
var typeSourceSchema = z.enum([
	"inferred",
	"observed",
	"forced",
	"unknown"
]);
var nodeRowSchema = z.object({
	name: z.string(),
	/** The node and attribute whose body it is in, or the function that is called; empty in the main graph. */
	within: z.string(),
	/** With its domain outside the standard: `com.microsoft.Gelu`. */
	op: z.string(),
	/** Its first output. */
	output: z.object({
		...valueInfoSchema.shape,
		from: typeSourceSchema
	}).nullable(),
	/** Of one execution, bodies included; null where a shape is not known. */
	macs: z.number().nullable(),
	parameters: count,
	weightBytes: count,
	/** Of all its outputs; null where a shape is not known. */
	outputBytes: count.nullable(),
	/** Of all values alive while it runs; weights not. null as above. */
	liveBytes: count.nullable()
});
/** What each node of a model costs. */
var nodesReportSchema = z.object({
	path: z.string(),
	/** Size by symbolic dim, as given, as the data has it, or 1 for the batch. */
	dims: z.record(z.string(), count),
	/** The data whose first samples were run where inference left shapes open; null: nothing was run. */
	observedOn: z.string().nullable(),
	macs: z.number().nullable(),
	parameters: count,
	weightBytes: count,
	/** Most activation memory at one time, were each value freed after its last reader. */
	peak: z.object({
		bytes: count,
		node: z.string()
	}).nullable(),
	/** Values between nodes by where their shape is known from. */
	values: z.record(typeSourceSchema, count),
	/** Sums by operator, most work first; a body counts as often as it runs. */
	ops: z.array(z.object({
		op: z.string(),
		nodes: count,
		macs: z.number().nullable(),
		parameters: count,
		weightBytes: count,
		outputBytes: count.nullable()
	})),
	/** In the order of the graph. */
	nodes: z.array(nodeRowSchema),
	/** Nodes that a message has no room for, from the end. */
	leftOut: count,
	notes: z.array(z.string())
});
/** What a kernel computes in. `integer`: indices, shapes, masks; `unknown`: the runtime does not tell. */
var precisionSchema = z.enum([
	"int8",
	"int4",
	"float32",
	"float16",
	"float64",
	"integer",
	"unknown"
]);
var kernelSchema = z.object({
	/** Name in the optimised graph. */
	name: z.string(),
	op: z.string(),
	precision: precisionSchema,
	/** Nodes of the model whose work it does; empty for what the runtime added. */
	originals: z.array(z.string())
});
var sumsOfKernels = z.object({
	op: z.string(),
	precision: precisionSchema,
	kernels: count
});
/** What onnxruntime on this machine made of a graph. */
var kernelsReportSchema = z.object({
	path: z.string(),
	/** `onnxruntime 1.30.0`. */
	runtime: z.string(),
	cpu: z.string(),
	/** Nodes of the model, and those of them that no kernel does: folded into constants, or removed. */
	nodes: count,
	folded: count,
	/** Most frequent first. */
	precisions: z.array(z.object({
		precision: precisionSchema,
		kernels: count
	})),
	/** Kernels by operator and precision, most frequent first. */
	ops: z.array(sumsOfKernels),
	/** In the order of the optimised graph. */
	kernels: z.array(kernelSchema),
	/** Q and DQ at the graph's inputs and outputs, which have to be. */
	edgePairs: count,
	/** Q and DQ that run although they are not at the edge. */
	orphans: z.array(z.object({
		node: z.string(),
		op: z.enum(["QuantizeLinear", "DequantizeLinear"]),
		/** `weight`: a weight is dequantized at every run. */
		of: z.enum(["weight", "activation"]),
		producer: z.string().nullable(),
		consumers: z.array(z.string())
	})),
	/** Kernels and orphans that a message has no room for, from the end. */
	leftOut: count
});
/** The time of each kernel, from onnxruntime's own profile. */
var profileReportSchema = z.object({
	...kernelsReportSchema.shape,
	/** null: random inputs. */
	data: z.string().nullable(),
	threads: count,
	batch: count,
	runs: count,
	/** All kernels of one run; each the median of all runs. */
	milliseconds: z.number(),
	/** Longest first. */
	ops: z.array(sumsOfKernels.extend({
		milliseconds: z.number(),
		share: z.number()
	})),
	/** Longest first; `share` is of all kernels, 0…1. */
	kernels: z.array(kernelSchema.extend({
		milliseconds: z.number(),
		share: z.number()
	}))
});
var namedNode = z.object({
	name: z.string(),
	op: z.string()
});
var nodeChangeSchema = namedNode.extend({ changes: z.array(z.object({
	/** `precision`: of an input, seen through the Q/DQ pair or cast before it; null: as the graph's own. */
	of: z.enum([
		"operator",
		"name",
		"attribute",
		"input",
		"precision"
	]),
	/** Of the attribute, or the number of the input. */
	name: z.string(),
	/** null: not there. */
	before: z.string().nullable(),
	after: z.string().nullable()
})) });
var share$2 = z.number().min(0).max(1);
var weightChangeSchema = z.object({
	/** Before, or after where it was not there. */
	name: z.string(),
	/** `float32 [64, 3, 3, 3]`; null: not there. */
	before: z.string().nullable(),
	after: z.string().nullable(),
	/** Share of elements that are zero; null unless both are float32 of one size. */
	zeros: z.object({
		before: share$2,
		after: share$2
	}).nullable(),
	/** ‖after − before‖ / ‖before‖; null as above, and where it has no end. */
	distance: z.number().nullable()
});
var comparedModel = z.object({
	path: z.string(),
	nodes: count,
	parameters: count,
	weightBytes: count
});
/** What differs between two models. */
var diffReportSchema = z.object({
	before: comparedModel,
	after: comparedModel,
	/** Opsets, IR version, inputs and outputs, one sentence each. */
	interface: z.array(z.string()),
	/** Nodes by operator, where any was added, removed or changed. */
	ops: z.array(z.object({
		op: z.string(),
		added: count,
		removed: count,
		changed: count
	})),
	added: z.array(namedNode),
	removed: z.array(namedNode),
	/** Nodes in whose place others stand, between the same neighbours. */
	replaced: z.array(z.object({
		before: z.array(namedNode),
		after: z.array(namedNode),
		/** `2 ReduceMean + Sub → LayerNormalization`. */
		text: z.string()
	})),
	/** Nodes that only carry values into another precision or layout (Q/DQ, casts, scales), by operator; not among those above. */
	carriers: z.array(z.object({
		op: z.string(),
		removed: count,
		added: count
	})),
	/** Nodes that have a counterpart of their own. */
	matched: count,
	/** Matched nodes that are not the same. */
	changed: z.array(nodeChangeSchema),
	weights: z.array(weightChangeSchema),
	/** Matched nodes that are the same in everything. */
	same: count,
	/** Entries that a message has no room for. */
	leftOut: count
});
// src-main/contract/calls.ts
/**
* The call table: everything that crosses a border. A host serves {@link studioCalls}; an engine process serves
* {@link engineCalls}. Parameters are parsed by the side that serves; both sides take their types from here.
* A message is at most 1 MB: paths go in, summaries come out, tensors never cross.
*/
function call(params, result, progress = progressSchema) {
	return {
		params,
		result,
		progress
	};
}
var path$1 = z.string().min(1).max(4096);
/** Sizes of symbolic dims; 0 too: a decoder starts with an empty cache. */
var sizes = z.record(z.string(), z.number().int().nonnegative());
var dims = sizes.default({});
var threads = z.number().int().min(1).max(256).default(1);
var batch = z.number().int().min(1).max(65536).default(1);
var nothing = z.strictObject({});
z.object({});
/** Served by the engine process: the heavy half. Progress of each is a {@link progressSchema}. */
var engineCalls = {
	/** Versions and CPU of the process that does the work. */
	engineInfo: call(nothing, z.object({
		onnxruntime: z.string(),
		host: z.string(),
		cpu: z.string(),
		features: z.array(z.string()),
		pid: z.number()
	})),
	methods: call(nothing, methodListSchema),
	presets: call(nothing, z.array(presetSchema)),
	/** The recipe with defaults filled in; throws with the field named. */
	checkRecipe: call(z.strictObject({ recipe: z.unknown() }), recipeSchema),
	inspect: call(z.strictObject({
		model: path$1,
		dims
	}), modelReportSchema),
	/** What each node costs; with data its first samples are run once where inference leaves shapes open. */
	nodes: call(z.strictObject({
		model: path$1,
		data: path$1.nullable().default(null),
		dims
	}), nodesReportSchema),
	/** What the runtime made of the graph; nothing is run. */
	kernels: call(z.strictObject({ model: path$1 }), kernelsReportSchema),
	/** The same with the time of each kernel, on the first samples of the data or on random inputs. */
	profile: call(z.strictObject({
		model: path$1,
		data: path$1.nullable().default(null),
		dims,
		threads,
		batch,
		runs: z.number().int().min(1).max(1e4).default(20)
	}), profileReportSchema),
	diff: call(z.strictObject({
		before: path$1,
		after: path$1
	}), diffReportSchema),
	hashModel: call(z.strictObject({ model: path$1 }), modelFileSchema),
	describeData: call(z.strictObject({
		data: path$1,
		model: path$1,
		dims
	}), datasetSummarySchema),
	/** Runs a recipe into `folder` (which must exist): `model.onnx`, its external data, nothing else on success. */
	runRecipe: call(z.strictObject({
		recipe: recipeSchema,
		model: path$1,
		data: path$1.nullable().default(null),
		dims,
		folder: path$1,
		cacheDir: path$1.nullable().default(null)
	}), runResultSchema),
	/** Quality, fidelity, latency and size; `peakRssBytes` is left null for {@link engineCalls.measureMemory}. */
	evaluate: call(z.strictObject({
		model: path$1,
		baseline: path$1.nullable().default(null),
		data: path$1.nullable().default(null),
		dims,
		threads,
		batch,
		/** Outputs of the baseline are kept here, keyed by model, data and runtime. */
		cacheDir: path$1.nullable().default(null),
		/** Fewer runs for a quick look; the label says how many there were. */
		quick: z.boolean().default(false)
	}), evaluationSchema),
	/** Asked of a fresh process that does nothing else: loads and runs the model, then reads its own high-water mark. */
	measureMemory: call(z.strictObject({
		model: path$1,
		data: path$1.nullable().default(null),
		dims,
		threads,
		batch
	}), z.object({ peakRssBytes: z.number().int().nullable() })),
	/** Writes the model to `folder`, loads it again from there, runs it and compares with the source. */
	exportModel: call(z.strictObject({
		model: path$1,
		folder: path$1,
		fileName: z.string().regex(/^[^/\\]+\.onnx$/),
		externalData: z.enum(["auto", "always"]).default("auto"),
		data: path$1.nullable().default(null),
		dims,
		threads,
		/** Metrics of the source as measured before, which the written file has to reach again. */
		measured: z.record(z.string(), z.number()).default({})
	}), z.object({
		model: modelFileSchema,
		checks: exportResultSchema.shape.checks
	})),
	/** Sets evaluations against the baseline among them (the first entry where none is marked). */
	tradeOff: call(z.strictObject({ entries: z.array(tradeOffEntrySchema).min(1) }), tradeOffSchema)
};
var project = path$1;
z.object({ job: z.string() });
var externalData = z.enum(["auto", "always"]).default("auto");
z.object({
	version: z.string(),
	host: z.enum([
		"electron",
		"web",
		"cli"
	]),
	engine: engineCalls.engineInfo.result,
	/** The bundled sample, where there is one. */
	sample: z.object({
		model: z.string(),
		data: z.string()
	}).nullable(),
	/** Where new projects go unless the user says otherwise. */
	projectsFolder: z.string(),
	/** The project that the host was started with. */
	opened: z.string().nullable()
}), settingsSchema.partial().strict(), z.array(z.object({
	path: z.string(),
	name: z.string(),
	openedAt: z.iso.datetime()
})), z.strictObject({ path: path$1 }), z.strictObject({ folder: path$1.nullable() }), z.object({
	folder: z.string(),
	parent: z.string().nullable(),
	entries: z.array(z.object({
		name: z.string(),
		path: z.string(),
		kind: z.enum(["folder", "file"]),
		bytes: z.number().nullable(),
		looksLike: z.enum([
			"model",
			"dataset",
			"project",
			"recipe"
		]).nullable()
	}))
}), z.strictObject({
	model: path$1,
	folder: path$1.nullable().default(null),
	data: path$1.nullable().default(null),
	dims: sizes.default({})
}), z.strictObject({ project }), z.strictObject({ project }), z.strictObject({ project }), z.strictObject({
	project,
	data: path$1.nullable()
}), z.strictObject({
	project,
	dims: sizes
}), z.strictObject({
	project,
	threads,
	batch
}), z.strictObject({ project }), z.strictObject({
	project,
	recipe: recipeSchema,
	evaluate: z.boolean().default(true)
}), z.strictObject({
	project,
	model: path$1,
	name: z.string().optional()
}), z.strictObject({
	project,
	variant: z.string()
}), z.strictObject({
	project,
	variant: z.string()
}), z.object({
	variant: variantSchema,
	/** Where its model lies. */
	modelPath: z.string(),
	evaluation: evaluationSchema.nullable()
}), z.strictObject({ project }), evaluationSchema.nullable(), z.strictObject({
	project,
	variant: z.string(),
	name: z.string().min(1).max(200)
}), z.strictObject({
	project,
	variant: z.string()
}), z.strictObject({
	project,
	variant: z.string()
}), z.strictObject({
	project,
	variant: z.string(),
	to: path$1,
	externalData
}), z.strictObject({
	project,
	job: z.string()
}), z.strictObject({
	project,
	job: z.string()
}), z.strictObject({
	project,
	job: z.string(),
	wish: wishSchema
}), z.strictObject({
	project,
	job: z.string()
}), z.strictObject({
	project,
	job: z.string()
}), z.strictObject({ projects: z.array(path$1).min(1) }), engineCalls.methods, engineCalls.presets, engineCalls.checkRecipe, engineCalls.inspect, engineCalls.nodes, engineCalls.kernels, engineCalls.profile, engineCalls.diff, engineCalls.describeData, engineCalls.evaluate, z.strictObject({
	folder: path$1,
	to: path$1,
	externalData
});
/** One command of the page as the native menu shows it. */
var menuCommandSchema = z.strictObject({
	id: z.string().regex(/^[a-z0-9.-]{1,64}$/),
	title: z.string().min(1).max(100),
	/** In Electron's notation: `CmdOrCtrl+O`. */
	accelerator: z.string().regex(/^[A-Za-z0-9+,./\\[\]=;'`-]{1,40}$/).optional(),
	menu: z.enum([
		"file",
		"edit",
		"view",
		"project",
		"help"
	]),
	enabled: z.boolean()
});
z.array(menuCommandSchema).max(100);
z.enum([
	"model",
	"dataset",
	"project",
	"recipe",
	"folder"
]);
// src-main/contract/targets.ts
/** A predicate over nodes for the targets of a Step: `ops` and `include` narrow, `exclude` has the last word. */
function targetFilter(targets) {
	const include = (targets.include ?? []).map(globPattern);
	const exclude = (targets.exclude ?? []).map(globPattern);
	const ops = new Set(targets.ops ?? []);
	return ({ name, opType }) => (ops.size === 0 || ops.has(opType)) && (include.length === 0 || include.some((pattern) => pattern.test(name))) && !exclude.some((pattern) => pattern.test(name));
}
function globPattern(glob) {
	const body = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
	return new RegExp(`^${body}$`, "s");
}
// src-main/onnx/ir/array.ts
/** Dense arrays as they go into and come out of a run. */
var constructors = {
	float32: Float32Array,
	float64: Float64Array,
	float16: Uint16Array,
	bfloat16: Uint16Array,
	int8: Int8Array,
	uint8: Uint8Array,
	int16: Int16Array,
	uint16: Uint16Array,
	int32: Int32Array,
	uint32: Uint32Array,
	int64: BigInt64Array,
	uint64: BigUint64Array,
	bool: Uint8Array
};
/** Whether {@link NdArray} can hold the dtype. */
function isArrayDType(dtype) {
	return dtype === "string" || dtype in constructors;
}
/** Number of elements of a shape; 1 for a scalar. */
function elementCount(shape) {
	return shape.reduce((product, dim) => product * dim, 1);
}
/** A new array of zeros (empty texts for `string`). */
function zeros$1(dtype, shape) {
	const length = elementCount(shape);
	return {
		dtype,
		shape,
		data: dtype === "string" ? new Array(length).fill("") : new constructors[dtype](length)
	};
}
/**
* Views little-endian bytes as typed elements, copying only where the offset is not aligned.
* @throws LatheError where the byte count does not fit the shape
*/
function fromBytes(dtype, shape, bytes) {
	const Elements = constructors[dtype];
	const length = elementCount(shape);
	if (bytes.byteLength !== length * Elements.BYTES_PER_ELEMENT) throw new LatheError({
		who: `${dtype} array`,
		what: `shape [${shape.join(", ")}] needs ${length * Elements.BYTES_PER_ELEMENT} bytes, got ${bytes.byteLength}`
	});
	const aligned = bytes.byteOffset % Elements.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
	return {
		dtype,
		shape,
		data: new Elements(aligned.buffer, aligned.byteOffset, length)
	};
}
/** The little-endian bytes of an array; a view, not a copy. */
function toBytes(array) {
	if (array.dtype === "string") throw new LatheError({
		who: "string array",
		what: "has no packed bytes",
		code: "failed"
	});
	const data = array.data;
	return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
// src-main/onnx/ir/attributes.ts
/** Reading and making attributes without switch statements at every place. */
var attributes_exports = /* @__PURE__ */ __exportAll({
	ParameterError: () => ParameterError,
	float: () => float,
	floatOf: () => floatOf$5,
	floats: () => floats$1,
	floatsOf: () => floatsOf$1,
	graph: () => graph,
	int: () => int$1,
	intOf: () => intOf$11,
	ints: () => ints,
	intsOf: () => intsOf$10,
	string: () => string,
	stringOf: () => stringOf$5,
	stringsOf: () => stringsOf,
	subgraphsOf: () => subgraphsOf,
	tensor: () => tensor,
	tensorOf: () => tensorOf$1
});
/** An attribute whose value each call of the function gives that the node is in. */
var ParameterError = class extends LatheError {
	constructor(node, attribute) {
		super({
			who: `${node.opType} "${node.name}"`,
			what: `attribute "${attribute}" is a parameter of its function`,
			next: "inline the functions first"
		});
	}
};
function find(node, name, type) {
	const attribute = node.attributes.get(name);
	if (attribute === void 0) return void 0;
	if (attribute.type === "reference") throw new ParameterError(node, name);
	if (attribute.type !== type) throw new LatheError({
		who: `${node.opType} "${node.name}"`,
		what: `attribute "${name}" should be ${type}, is ${attribute.type}`
	});
	return attribute;
}
function intOf$11(node, name, fallback) {
	const found = find(node, name, "int");
	return found === void 0 ? fallback : Number(found.value);
}
function intsOf$10(node, name, fallback) {
	const found = find(node, name, "ints");
	return found === void 0 ? fallback : found.value.map(Number);
}
function floatOf$5(node, name, fallback) {
	return find(node, name, "float")?.value ?? fallback;
}
function floatsOf$1(node, name, fallback) {
	return find(node, name, "floats")?.value ?? fallback;
}
function stringOf$5(node, name, fallback) {
	const found = find(node, name, "string");
	return found === void 0 ? fallback : new TextDecoder().decode(found.value);
}
function stringsOf(node, name, fallback) {
	return find(node, name, "strings")?.value.map((each) => new TextDecoder().decode(each)) ?? fallback;
}
function tensorOf$1(node, name) {
	return find(node, name, "tensor")?.value;
}
/** Every graph that an attribute of the node holds, with the attribute's name: bodies of If, Loop, Scan. */
function subgraphsOf(node) {
	const found = [];
	for (const [attribute, value] of node.attributes) {
		if (value.type === "graph") found.push({
			attribute,
			index: 0,
			graph: value.value
		});
		if (value.type === "graphs") found.push(...value.value.map((graph, index) => ({
			attribute,
			index,
			graph
		})));
	}
	return found;
}
var int$1 = (value) => ({
	type: "int",
	value: BigInt(value)
});
var ints = (values) => ({
	type: "ints",
	value: values.map(BigInt)
});
var float = (value) => ({
	type: "float",
	value
});
var floats$1 = (value) => ({
	type: "floats",
	value
});
var string = (value) => ({
	type: "string",
	value: new TextEncoder().encode(value)
});
var tensor = (value) => ({
	type: "tensor",
	value
});
var graph = (value) => ({
	type: "graph",
	value
});
// src-main/onnx/ir/build.ts
/** A node; attributes as made by `attributes.ts`. */
function makeNode(opType, name, inputs, outputs, attributes = {}, domain = "") {
	return {
		name,
		opType,
		domain,
		inputs,
		outputs,
		attributes: new Map(Object.entries(attributes))
	};
}
/** A value of tensor type. */
function makeValue(name, dtype, shape) {
	return {
		name,
		type: {
			kind: "tensor",
			dtype,
			shape
		}
	};
}
function makeGraph({ initializers = /* @__PURE__ */ new Map(), values = /* @__PURE__ */ new Map(), ...parts }) {
	return {
		...parts,
		initializers,
		sparseInitializers: [],
		values
	};
}
// src-main/onnx/ir/dims.ts
/** Graph inputs that are fed: those that no initializer gives a default. */
function fedInputs(graph) {
	return graph.inputs.filter((input) => !graph.initializers.has(input.name));
}
/**
* The name of a dim that is not a number: its own, or `input.axis` where the file gives none (null, or the 0 that old
* exporters write for "any"); null for a number.
*/
function dimName(input, axis, dim) {
	if (typeof dim === "string") return dim;
	return dim === null || dim <= 0 ? `${input}.${axis}` : null;
}
// src-main/onnx/ir/dtype.ts
/** ONNX's element types: name, code in TensorProto.DataType, bits an element. */
/** Source: onnx.proto3, TensorProto.DataType. */
var table = {
	float32: {
		code: 1,
		bits: 32
	},
	uint8: {
		code: 2,
		bits: 8
	},
	int8: {
		code: 3,
		bits: 8
	},
	uint16: {
		code: 4,
		bits: 16
	},
	int16: {
		code: 5,
		bits: 16
	},
	int32: {
		code: 6,
		bits: 32
	},
	int64: {
		code: 7,
		bits: 64
	},
	string: {
		code: 8,
		bits: 0
	},
	bool: {
		code: 9,
		bits: 8
	},
	float16: {
		code: 10,
		bits: 16
	},
	float64: {
		code: 11,
		bits: 64
	},
	uint32: {
		code: 12,
		bits: 32
	},
	uint64: {
		code: 13,
		bits: 64
	},
	complex64: {
		code: 14,
		bits: 64
	},
	complex128: {
		code: 15,
		bits: 128
	},
	bfloat16: {
		code: 16,
		bits: 16
	},
	float8e4m3fn: {
		code: 17,
		bits: 8
	},
	float8e4m3fnuz: {
		code: 18,
		bits: 8
	},
	float8e5m2: {
		code: 19,
		bits: 8
	},
	float8e5m2fnuz: {
		code: 20,
		bits: 8
	},
	uint4: {
		code: 21,
		bits: 4
	},
	int4: {
		code: 22,
		bits: 4
	},
	float4e2m1: {
		code: 23,
		bits: 4
	},
	float8e8m0: {
		code: 24,
		bits: 8
	},
	uint2: {
		code: 25,
		bits: 2
	},
	int2: {
		code: 26,
		bits: 2
	}
};
var names$2 = new Map(Object.keys(table).map((name) => [table[name].code, name]));
/** TensorProto.DataType code of a dtype. */
function dtypeCode(dtype) {
	return table[dtype].code;
}
/** The dtype of a TensorProto.DataType code; undefined for 0 and for codes of later versions. */
function dtypeFromCode(code) {
	return names$2.get(code);
}
/** Bits an element; 0 for `string`. */
function dtypeBits(dtype) {
	return table[dtype].bits;
}
/** Bytes that `elements` elements take in `raw_data` (4-bit types pack two a byte, 2-bit types four). */
function dtypeBytes(dtype, elements) {
	return Math.ceil(elements * table[dtype].bits / 8);
}
// src-main/onnx/ir/function-body.ts
/** The nodes of a model function as one call of it runs them. Source: https://onnx.ai/onnx/repo-docs/IR.html (functions). */
/** The functions of a model by the nodes that call them. */
function calledFunction(model) {
	const keyOf = (domain, name, overload = "") => JSON.stringify([
		domain,
		name,
		overload
	]);
	const functions = new Map(model.functions.map((fn) => [keyOf(fn.domain, fn.name, fn.overload), fn]));
	return ({ domain, opType, overload }) => functions.get(keyOf(domain, opType, overload));
}
/** Its nodes with references to attributes of the function replaced by what the call gives, or by their defaults. */
function functionNodes(fn, call) {
	return fn.nodes.map((node) => withArguments(node, call, fn));
}
function withArguments(node, call, fn) {
	const given = /* @__PURE__ */ new Map();
	for (const [name, attribute] of node.attributes) {
		const value = attribute.type === "reference" ? argument(attribute.name, call, fn) : inBodies(attribute, call, fn);
		if (value !== void 0) given.set(name, value);
	}
	return {
		...node,
		attributes: given
	};
}
var argument = (name, call, fn) => call.attributes.get(name) ?? fn.attributeDefaults.get(name);
function inBodies(attribute, call, fn) {
	const body = (graph) => ({
		...graph,
		nodes: graph.nodes.map((node) => withArguments(node, call, fn))
	});
	if (attribute.type === "graph") return graph(body(attribute.value));
	if (attribute.type === "graphs") return {
		type: "graphs",
		value: attribute.value.map(body)
	};
	return attribute;
}
/** The function by itself, as a graph of untyped inputs and outputs; attributes that are its parameters stay references. */
function functionGraph({ name, nodes, inputs, outputs, values }) {
	const untyped = (names) => names.map((value) => ({
		name: value,
		type: null
	}));
	return makeGraph({
		name,
		nodes,
		inputs: untyped(inputs),
		outputs: untyped(outputs),
		values
	});
}
// src-main/onnx/ir/graph-index.ts
/** Who makes and who reads each value of one Graph. */
function indexGraph(graph) {
	const producers = /* @__PURE__ */ new Map();
	const consumers = /* @__PURE__ */ new Map();
	const nodes = /* @__PURE__ */ new Map();
	for (const node of graph.nodes) {
		nodes.set(node.name, node);
		for (const output of node.outputs) if (output !== "") producers.set(output, node);
		for (const input of /* @__PURE__ */ new Set([...node.inputs, ...capturedBy(node)])) {
			if (input === "") continue;
			const readers = consumers.get(input);
			if (readers === void 0) consumers.set(input, [node]);
			else readers.push(node);
		}
	}
	const outputs = new Set(graph.outputs.map((value) => value.name));
	const inputs = new Set(graph.inputs.map((value) => value.name));
	return {
		graph,
		producer: (value) => producers.get(value),
		consumers: (value) => consumers.get(value) ?? [],
		isOutput: (value) => outputs.has(value),
		isInput: (value) => inputs.has(value),
		node: (name) => nodes.get(name)
	};
}
/** Values of the surrounding graphs that the bodies of a node read. */
function capturedBy(node) {
	const captured = /* @__PURE__ */ new Set();
	for (const { graph } of subgraphsOf(node)) {
		const own = /* @__PURE__ */ new Set([...graph.inputs.map((value) => value.name), ...graph.initializers.keys()]);
		for (const { values } of graph.sparseInitializers) own.add(values.name);
		for (const inner of graph.nodes) {
			for (const name of [...inner.inputs, ...capturedBy(inner)]) if (name !== "" && !own.has(name)) captured.add(name);
			for (const output of inner.outputs) own.add(output);
		}
		for (const output of graph.outputs) if (!own.has(output.name)) captured.add(output.name);
	}
	return captured;
}
// src-main/onnx/ir/opset.ts
/** Which version of the standard operators holds. */
/** Of ai.onnx, whose domain may also be written out; 0 where none is named. */
function standardOpset(opsets) {
	return opsets.get("") ?? opsets.get("ai.onnx") ?? 0;
}
// src-main/onnx/ir/patch.ts
/** A planned edit of one Graph that is applied whole or not at all, and can be printed. */
var Patch = class {
	#graph;
	#lines = [];
	#removed = /* @__PURE__ */ new Set();
	#replaced = /* @__PURE__ */ new Map();
	#added = [];
	#initializers = /* @__PURE__ */ new Map();
	#renamed = /* @__PURE__ */ new Map();
	#values = /* @__PURE__ */ new Map();
	#taken;
	#inputs;
	#outputs;
	constructor(graph) {
		this.#graph = graph;
		this.#taken = namesIn(graph);
	}
	get isEmpty() {
		return this.#lines.length === 0;
	}
	/** A node or value name that is used neither in the graph nor read by bodies in it; `wanted` itself where it is free. */
	freshName(wanted) {
		let name = wanted;
		for (let n = 1; this.#taken.has(name); n++) name = `${wanted}_${n}`;
		this.#taken.add(name);
		return name;
	}
	/** Adds a node; its place follows from its edges. */
	addNode(node) {
		this.#added.push(node);
		return this.#note(`+ ${nodeText(node)}`);
	}
	removeNode(name) {
		this.#removed.add(name);
		return this.#note(`- node ${name}`);
	}
	/** Puts `node` in the place of the node called `name`. */
	replaceNode(name, node) {
		this.#replaced.set(name, node);
		return this.#note(`~ ${name} → ${nodeText(node)}`);
	}
	/** Adds or replaces an initializer under its own name. */
	setInitializer(tensor) {
		this.#initializers.set(tensor.name, tensor);
		return this.#note(`= ${tensor.name}: ${tensor.dtype}[${tensor.shape.join(", ")}]`);
	}
	removeInitializer(name) {
		this.#initializers.set(name, null);
		return this.#note(`- initializer ${name}`);
	}
	/** Every node of the old graph that reads `from` (its bodies included) reads `to` instead. Nodes added by this patch are left alone. Graph outputs keep their names. */
	redirect(from, to) {
		this.#renamed.set(from, to);
		return this.#note(`${from} ⇒ ${to}`);
	}
	/** States or (null) forgets the type of a value between nodes. */
	setValue(name, value) {
		this.#values.set(name, value);
		return this.#note(value === null ? `- type of ${name}` : `: ${name}`);
	}
	setInputs(inputs) {
		this.#inputs = inputs;
		return this.#note(`inputs ${inputs.map((value) => value.name).join(", ")}`);
	}
	setOutputs(outputs) {
		this.#outputs = outputs;
		return this.#note(`outputs ${outputs.map((value) => value.name).join(", ")}`);
	}
	/** One line an edit, in the order they were planned. */
	toString() {
		return this.#lines.join("\n");
	}
	/**
	* The new Graph, in topological order.
	* @throws LatheError where an edge would have two makers or none, or where nodes form a ring
	*/
	apply() {
		const graph = this.#graph;
		const nodes = graph.nodes.filter((node) => !this.#removed.has(node.name)).map((node) => this.#replaced.get(node.name) ?? this.#redirected(node));
		nodes.push(...this.#added);
		const initializers = new Map(graph.initializers);
		for (const [name, tensor] of this.#initializers) if (tensor === null) initializers.delete(name);
		else initializers.set(name, tensor);
		const values = new Map(graph.values);
		for (const [name, value] of this.#values) if (value === null) values.delete(name);
		else values.set(name, value);
		const inputs = this.#inputs ?? graph.inputs;
		const outputs = this.#outputs ?? graph.outputs;
		const sorted = sortTopologically(graph.name, nodes);
		checkEdges(graph, {
			nodes: sorted,
			initializers,
			inputs,
			outputs
		});
		return {
			...graph,
			nodes: sorted,
			initializers,
			values,
			inputs,
			outputs
		};
	}
	#note(line) {
		this.#lines.push(line);
		return this;
	}
	#redirected(node) {
		return this.#renamed.size === 0 ? node : renameReads(node, this.#renamed);
	}
};
/** What bodies read of the graphs around included: a new value of this graph must not hide it from them. */
function namesIn(graph) {
	return /* @__PURE__ */ new Set([
		...graph.nodes.flatMap((node) => [
			node.name,
			...node.inputs,
			...node.outputs,
			...capturedBy(node)
		]),
		...graph.initializers.keys(),
		...graph.sparseInitializers.map(({ values }) => values.name),
		...[...graph.inputs, ...graph.outputs].map(({ name }) => name)
	]);
}
/** The node with the values it reads renamed, in its bodies too where they capture them. */
function renameReads(node, names) {
	const touchesInput = node.inputs.some((name) => names.has(name));
	const captured = [...capturedBy(node)].filter((name) => names.has(name));
	if (!touchesInput && captured.length === 0) return node;
	const attributes = captured.length === 0 ? node.attributes : renameInBodies(node, names);
	return {
		...node,
		inputs: node.inputs.map((name) => names.get(name) ?? name),
		attributes
	};
}
function renameInBodies(node, names) {
	const attributes = new Map(node.attributes);
	for (const [key, attribute] of attributes) {
		if (attribute.type === "graph") attributes.set(key, {
			type: "graph",
			value: renameInBody(attribute.value, names)
		});
		if (attribute.type === "graphs") attributes.set(key, {
			type: "graphs",
			value: attribute.value.map((body) => renameInBody(body, names))
		});
	}
	return attributes;
}
function renameInBody(body, names) {
	const own = /* @__PURE__ */ new Set([
		...body.inputs.map((value) => value.name),
		...body.initializers.keys(),
		...body.sparseInitializers.map(({ values }) => values.name),
		...body.nodes.flatMap((inner) => inner.outputs)
	]);
	const visible = new Map([...names].filter(([from]) => !own.has(from)));
	if (visible.size === 0) return body;
	const graph = withoutOwn(new Set([...visible.values()].filter((name) => own.has(name))), body);
	return {
		...graph,
		nodes: graph.nodes.map((inner) => renameReads(inner, visible)),
		outputs: graph.outputs.map((value) => ({
			...value,
			name: visible.get(value.name) ?? value.name
		}))
	};
}
/** The body with other names for own values of these names, which would hide those of the graphs around. */
function withoutOwn(hiding, body) {
	if (hiding.size === 0) return body;
	const taken = namesIn(body);
	const fresh = /* @__PURE__ */ new Map();
	for (const name of hiding) {
		let other = `${name}_own`;
		for (let n = 1; taken.has(other); n++) other = `${name}_own${n}`;
		taken.add(other);
		fresh.set(name, other);
	}
	const renamed = (name) => fresh.get(name) ?? name;
	const renamedValue = (value) => ({
		...value,
		name: renamed(value.name)
	});
	const renamedTensor = (tensor) => ({
		...tensor,
		name: renamed(tensor.name)
	});
	return {
		...body,
		inputs: body.inputs.map(renamedValue),
		outputs: body.outputs.map(renamedValue),
		initializers: new Map([...body.initializers].map(([name, tensor]) => [renamed(name), renamedTensor(tensor)])),
		sparseInitializers: body.sparseInitializers.map((it) => ({
			...it,
			values: renamedTensor(it.values)
		})),
		values: new Map([...body.values].map(([name, value]) => [renamed(name), renamedValue(value)])),
		nodes: body.nodes.map((node) => ({
			...renameReads(node, fresh),
			outputs: node.outputs.map(renamed)
		}))
	};
}
/**
* Nodes so that each stands after the makers of what it reads; among free ones the given order is kept.
* @throws LatheError that names the nodes of a ring
*/
function sortTopologically(graphName, nodes, origin) {
	const maker = /* @__PURE__ */ new Map();
	nodes.forEach((node, at) => {
		for (const output of node.outputs) if (output !== "") maker.set(output, at);
	});
	const sorted = [];
	const state = new Uint8Array(nodes.length);
	const needs = (at) => {
		const node = nodes[at];
		return [...node.inputs, ...capturedBy(node)].map((name) => maker.get(name)).filter((n) => n !== void 0);
	};
	for (let start = 0; start < nodes.length; start++) {
		if (state[start] === 2) continue;
		const stack = [{
			at: start,
			open: needs(start)
		}];
		state[start] = 1;
		while (stack.length > 0) {
			const top = stack[stack.length - 1];
			const next = top.open.shift();
			if (next === void 0) {
				state[top.at] = 2;
				sorted.push(nodes[top.at]);
				stack.pop();
			} else if (state[next] === 1) {
				const ring = stack.slice(stack.findIndex((entry) => entry.at === next)).map((entry) => nodes[entry.at].name);
				throw new LatheError({
					who: `graph "${graphName}"`,
					what: `nodes form a ring: ${ring.slice(0, 8).join(" → ")}`,
					...origin
				});
			} else if (state[next] === 0) {
				state[next] = 1;
				stack.push({
					at: next,
					open: needs(next)
				});
			}
		}
	}
	return sorted;
}
function checkEdges(before, after) {
	const made = /* @__PURE__ */ new Set([...after.inputs.map((value) => value.name), ...after.initializers.keys()]);
	for (const { values } of before.sparseInitializers) made.add(values.name);
	const names = /* @__PURE__ */ new Set();
	for (const node of after.nodes) {
		if (names.has(node.name)) throw broken$1(before, `two nodes are called "${node.name}"`);
		names.add(node.name);
		for (const output of node.outputs) {
			if (output === "") continue;
			if (made.has(output)) throw broken$1(before, `value "${output}" would be made twice, the second time by ${node.opType} "${node.name}"`);
			made.add(output);
		}
	}
	const known = /* @__PURE__ */ new Set([
		...before.nodes.flatMap((node) => node.outputs),
		...before.initializers.keys(),
		...before.inputs.map((value) => value.name)
	]);
	for (const node of after.nodes) for (const input of [...node.inputs, ...capturedBy(node)]) if (input !== "" && !made.has(input) && known.has(input)) throw broken$1(before, `${node.opType} "${node.name}" would read "${input}", which nothing makes any more`);
	for (const output of after.outputs) if (!made.has(output.name) && known.has(output.name)) throw broken$1(before, `output "${output.name}" would not be made any more`);
}
function broken$1(graph, what) {
	return new LatheError({
		who: `patch of graph "${graph.name}"`,
		what,
		code: "failed"
	});
}
function nodeText(node) {
	return `${node.outputs.join(", ")} = ${node.opType}(${node.inputs.join(", ")}) "${node.name}"`;
}
// src-main/onnx/ir/tensor.ts
/** Making tensors that are held in memory. Reading those that lie in a file is `onnx/file`'s. */
/** An inline Tensor of a dense array. */
function tensorFromArray(name, array) {
	const data = array.dtype === "string" ? {
		kind: "strings",
		strings: array.data.map((text) => new TextEncoder().encode(text))
	} : {
		kind: "inline",
		bytes: toBytes(array)
	};
	return {
		name,
		dtype: array.dtype,
		shape: array.shape,
		data
	};
}
var single$2 = (dtype, shape, data) => ({
	dtype,
	shape,
	data
});
var floatTensor = (name, shape, values) => tensorFromArray(name, single$2("float32", shape, Float32Array.from(values)));
var int64Tensor = (name, shape, values) => tensorFromArray(name, single$2("int64", shape, BigInt64Array.from(values.map(BigInt))));
/** Bytes of the tensor's packed data. */
function tensorByteLength(tensor) {
	switch (tensor.data.kind) {
		case "inline": return tensor.data.bytes.byteLength;
		case "file":
		case "derived": return tensor.data.length;
		case "strings": return tensor.data.strings.reduce((sum, text) => sum + text.byteLength, 0);
	}
}
/** Bytes that dtype and shape ask for; differs from {@link tensorByteLength} only in a broken file. */
function expectedByteLength(tensor) {
	return tensor.dtype === "string" ? tensorByteLength(tensor) : dtypeBytes(tensor.dtype, elementCount(tensor.shape));
}
// src-main/onnx/ir/walk.ts
/** Every graph of a model: the main one, the bodies of If, Loop and Scan at any depth, and functions. */
/** Nodes of a list and of all bodies they hold, outer before inner. */
function* withBodies(nodes) {
	for (const node of nodes) {
		yield node;
		for (const { graph } of subgraphsOf(node)) yield* withBodies(graph.nodes);
	}
}
/** Every node of the model, bodies and functions included; a function's nodes once, however often it is called. */
function* allNodes(model) {
	yield* withBodies(model.graph.nodes);
	for (const { nodes } of model.functions) yield* withBodies(nodes);
}
/** The main graph and the bodies in it and in functions. */
function* allGraphs(model) {
	yield model.graph;
	for (const node of allNodes(model)) for (const { graph } of subgraphsOf(node)) yield graph;
}
// src-main/data/batches.ts
/** Rows joined end to end. @throws LatheError never for arrays of one dtype and sample shape */
function joinRows(parts) {
	const head = parts[0];
	const shape = [parts.reduce((sum, part) => sum + part.shape[0], 0), ...head.shape.slice(1)];
	if (head.dtype === "string") return {
		...head,
		shape,
		data: parts.flatMap((part) => part.data)
	};
	const bytes = new Uint8Array(parts.reduce((sum, part) => sum + toBytes(part).length, 0));
	let at = 0;
	for (const part of parts) {
		bytes.set(toBytes(part), at);
		at += toBytes(part).length;
	}
	const Elements = head.data.constructor;
	return {
		...head,
		shape,
		data: new Elements(bytes.buffer)
	};
}
// src-main/data/file-bytes.ts
/** Reading parts of files, with errors that name the file. */
/** No single buffer of Lathe is larger. */
var largestBuffer = 268435456;
/**
* Bytes [start, start + length) of a file. Opens and closes it, so that nothing is held between two reads.
* @throws LatheError where the file cannot be read, or ends before
*/
async function readBytes$1(path, start, length) {
	if (length > 268435456) throw new LatheError({
		who: basename(path),
		what: `asks for ${length} bytes at once, more than ${largestBuffer}`,
		next: "use a smaller batch"
	});
	const file = await openFile(path);
	try {
		const bytes = new Uint8Array(length);
		let done = 0;
		while (done < length) {
			const { bytesRead } = await file.read(bytes, done, length - done, start + done);
			if (bytesRead === 0) throw endsEarly(path, start + done, length - done);
			done += bytesRead;
		}
		return bytes;
	} finally {
		await file.close();
	}
}
async function openFile(path) {
	try {
		return await open(path, "r");
	} catch (cause) {
		throw new LatheError({
			who: basename(path),
			what: `cannot be read (${messageOf(cause)})`,
			cause
		});
	}
}
function endsEarly(path, at, missing) {
	return new LatheError({
		who: basename(path),
		what: `ends at byte ${at}, but ${missing} more are promised`,
		next: "the file was cut short: copy or make it again"
	});
}
/**
* SHA-256 over names and contents of files, so that a renamed or edited file gives another hash. Read as a stream.
* @param files name as it counts in the hash → path
*/
async function hashFiles(files, signal) {
	const whole = createHash("sha256");
	for (const [name, path] of [...files].sort(([a], [b]) => a < b ? -1 : 1)) {
		const content = await hashContent(path, signal);
		whole.update(`${name}\0${content.digest("hex")}\n`);
	}
	return whole.digest("hex");
}
async function hashContent(path, signal) {
	const hash = createHash("sha256");
	try {
		for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
			signal?.throwIfAborted();
			hash.update(chunk);
		}
	} catch (cause) {
		signal?.throwIfAborted();
		throw new LatheError({
			who: basename(path),
			what: `cannot be read (${messageOf(cause)})`,
			cause
		});
	}
	return hash;
}
// src-main/kernels/random.ts
/** Repeatable random numbers: the same seed gives the same numbers on every machine. */
/**
* xoshiro128** by Blackman and Vigna (2018, arXiv:1805.01407), its state filled by splitmix32. Period 2^128 − 1.
*/
var Random = class {
	#state = /* @__PURE__ */ new Uint32Array(4);
	#spare;
	/** @param seed a whole number; its low 32 bits count */
	constructor(seed) {
		let mixed = seed >>> 0;
		for (let at = 0; at < 4; at++) {
			mixed = mixed + 2654435769 >>> 0;
			let word = Math.imul(mixed ^ mixed >>> 16, 569420461);
			word = Math.imul(word ^ word >>> 15, 1935289751);
			this.#state[at] = word ^ word >>> 15;
		}
	}
	/** 32 random bits as a whole number from 0. */
	bits() {
		const s = this.#state;
		const product = Math.imul(s[1], 5);
		const result = Math.imul(product << 7 | product >>> 25, 9) >>> 0;
		const shifted = s[1] << 9;
		s[2] ^= s[0];
		s[3] ^= s[1];
		s[1] ^= s[2];
		s[0] ^= s[3];
		s[2] ^= shifted;
		s[3] = s[3] << 11 | s[3] >>> 21;
		return result;
	}
	/** Uniform in [0, 1). */
	uniform() {
		return this.bits() / 4294967296;
	}
	/** A whole number in [0, bound), without bias: draws beyond the last whole multiple are drawn again. `bound` ≤ 2^32 − 1. */
	below(bound) {
		const limit = 4294967296 - 4294967296 % bound;
		let bits = this.bits();
		while (bits >= limit) bits = this.bits();
		return bits % bound;
	}
	/** Normal with mean 0 and variance 1 (Marsaglia's polar method). */
	normal() {
		if (this.#spare !== void 0) {
			const spare = this.#spare;
			this.#spare = void 0;
			return spare;
		}
		for (;;) {
			const u = 2 * this.uniform() - 1;
			const v = 2 * this.uniform() - 1;
			const square = u * u + v * v;
			if (square === 0 || square >= 1) continue;
			const scale = Math.sqrt(-2 * Math.log(square) / square);
			this.#spare = v * scale;
			return u * scale;
		}
	}
	/** Puts the items in random order, in place (Fisher–Yates). */
	shuffle(items) {
		for (let last = items.length - 1; last > 0; last--) {
			const other = this.below(last + 1);
			const kept = items[last];
			items[last] = items[other];
			items[other] = kept;
		}
		return items;
	}
};
// src-main/data/meta.ts
/** meta.json: what is known of a dataset beside its arrays. */
var metaSchema = z.looseObject({
	feed: z.enum(["slice", "element"]).default("slice"),
	output: z.string().nullable().default(null),
	batch: z.number().int().positive().default(32),
	metric: z.looseObject({
		kind: z.string(),
		name: z.string().nullable().default(null)
	}).nullable().default(null),
	classes: z.array(z.string()).nullable().default(null),
	state: z.record(z.string(), z.string()).nullable().default(null),
	state_shape: z.array(z.number().int().nonnegative()).nullable().default(null)
});
/**
* Reads `meta.json` of a data folder; the defaults where there is none.
* @throws LatheError that names the field
*/
async function readMeta(folder) {
	const raw = await readJson(join(folder, "meta.json"));
	const parsed = metaSchema.safeParse(raw ?? {});
	if (!parsed.success) {
		const issue = parsed.error.issues[0];
		throw new LatheError({
			who: "meta.json",
			what: `field "${issue.path.join(".")}": ${issue.message}`
		});
	}
	const { feed, output, batch, metric, classes, state, state_shape: stateShape } = parsed.data;
	return {
		feed,
		output,
		batch,
		metric: metric === null ? null : {
			kind: metric.kind,
			name: metric.name
		},
		classes,
		state,
		stateShape,
		folder,
		raw: raw ?? {}
	};
}
/** A JSON object from a file; null where there is no such file. */
async function readJson(path) {
	const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
	let text;
	try {
		text = await readFile(path, "utf8");
	} catch (cause) {
		if (cause.code === "ENOENT") return null;
		throw new LatheError({
			who: name,
			what: `cannot be read (${messageOf(cause)})`,
			cause
		});
	}
	try {
		const value = JSON.parse(text);
		if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
	} catch (cause) {
		throw new LatheError({
			who: name,
			what: `is not valid JSON (${messageOf(cause)})`,
			cause
		});
	}
	throw new LatheError({
		who: name,
		what: "should hold one JSON object"
	});
}
// src-main/data/picture.ts
/** Decoding, resizing and normalising one picture. */
/**
* One picture as a sample: [channels, height, width] or [height, width, channels], by the layout.
* @throws LatheError that names the file where it cannot be decoded
*/
async function readPicture(path, how) {
	const pixels = await decode$1(path, how);
	const channels = how.channels === "grey" ? 1 : 3;
	const area = how.width * how.height;
	const sample = new Float32Array(area * channels);
	for (let channel = 0; channel < channels; channel++) {
		const from = how.channels === "bgr" ? 2 - channel : channel;
		const mean = how.mean[channel];
		const std = how.std[channel];
		for (let at = 0; at < area; at++) {
			const value = (pixels[at * channels + from] * how.scale - mean) / std;
			sample[how.layout === "NCHW" ? channel * area + at : at * channels + channel] = value;
		}
	}
	return sample;
}
async function decode$1(path, how) {
	try {
		let picture = sharp(path, { limitInputPixels: 1 << 28 }).rotate().flatten({ background: how.background });
		if (how.resize === "stretch") picture = picture.resize(how.width, how.height, { fit: "fill" });
		else picture = cropMiddle(picture, await orientedSize(path), how);
		picture = how.channels === "grey" ? picture.greyscale() : picture.toColourspace("srgb");
		const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
		return dropChannels(data, info.channels, how.channels === "grey" ? 1 : 3);
	} catch (cause) {
		throw cause instanceof LatheError ? cause : new LatheError({
			who: basename(path),
			what: `is not a picture that can be read (${messageOf(cause).split("\n")[0]})`,
			next: "remove it from the folder or save it as PNG or JPEG",
			cause
		});
	}
}
async function orientedSize(path) {
	const { width, height, orientation } = await sharp(path).metadata();
	return (orientation ?? 1) >= 5 ? {
		width: height,
		height: width
	} : {
		width,
		height
	};
}
function cropMiddle(picture, size, how) {
	const factor = how.shortest / Math.min(size.width, size.height);
	const width = Math.max(how.width, Math.round(size.width * factor));
	const height = Math.max(how.height, Math.round(size.height * factor));
	return picture.resize(width, height, { fit: "fill" }).extract({
		left: width - how.width >> 1,
		top: height - how.height >> 1,
		width: how.width,
		height: how.height
	});
}
/** sharp may give grey as three equal channels, and colour with one more for transparency. */
function dropChannels(data, have, want) {
	if (have === want) return data;
	const pixels = new Uint8Array(data.length / have * want);
	for (let at = 0; at < pixels.length; at++) pixels[at] = data[Math.floor(at / want) * have + Math.min(at % want, have - 1)];
	return pixels;
}
// src-main/data/preprocess.ts
/** How a picture becomes a model's input: `preprocess.json`, or the key `preprocess` of meta.json. */
var size = z.number().int().min(1).max(8192);
var perChannel$1 = z.union([z.number(), z.array(z.number()).min(1).max(3)]);
var preprocessSchema = z.strictObject({
	/** Size of the input; read from the model where it states it. */
	width: size.optional(),
	height: size.optional(),
	/** `stretch`: to width × height. `shortest`: the shorter side to `shortest`, then a crop from the middle. */
	resize: z.enum(["stretch", "shortest"]).default("stretch"),
	/** For `shortest`; the larger of width and height where absent. */
	shortest: size.optional(),
	channels: z.enum([
		"rgb",
		"bgr",
		"grey"
	]).optional(),
	layout: z.enum(["NCHW", "NHWC"]).optional(),
	/** Pixels 0…255 are multiplied by this first. */
	scale: z.number().default(1 / 255),
	/** Subtracted after the scale, one number or one for each channel, in the order of `channels`. */
	mean: perChannel$1.default(0),
	/** Divided by, after the mean. */
	std: perChannel$1.default(1),
	/** What transparent pixels are laid on. */
	background: z.string().default("#ffffff"),
	/** Share of each class that becomes the calibration split, where there are no `calib` and `test` folders. */
	calibration: z.number().min(0).max(.9).default(.2),
	seed: z.number().int().min(0).max(4294967295).default(0)
});
/**
* The options of an image folder, completed by what the model states.
* @throws LatheError that names the field, or says what has to be written down
*/
async function readPreprocess(folder, inputs, dims) {
	const own = await readJson(join(folder, "preprocess.json"));
	const where = own === null ? "meta.json field \"preprocess\"" : "preprocess.json";
	const parsed = preprocessSchema.safeParse(own ?? (await readJson(join(folder, "meta.json")))?.preprocess ?? {});
	if (!parsed.success) {
		const issue = parsed.error.issues[0];
		throw new LatheError({
			who: where,
			what: `${issue.path.join(".") || "the object"}: ${issue.message}`
		});
	}
	return complete(parsed.data, pictureInput(inputs), dims);
}
function pictureInput(inputs) {
	const [input] = inputs;
	if (inputs.length !== 1 || input === void 0 || input.shape?.length !== 4) throw new LatheError({
		who: "image folder",
		what: `suits models with one input of 4 axes; this one has ${inputs.map(({ name, shape }) => `"${name}" [${(shape ?? ["?"]).join(", ")}]`).join(", ")}`,
		next: "save its samples as calib.npz and test.npz"
	});
	if (input.dtype !== "float32" && input.dtype !== "uint8") throw new LatheError({
		who: "image folder",
		what: `gives float32 or uint8 pictures; input "${input.name}" is ${input.dtype}`,
		next: "save its samples as calib.npz and test.npz"
	});
	return {
		name: input.name,
		dtype: input.dtype,
		shape: input.shape
	};
}
function complete(options, input, dims) {
	const layout = options.layout ?? layoutOf(input);
	const [channelAxis, heightAxis, widthAxis] = layout === "NCHW" ? [
		1,
		2,
		3
	] : [
		3,
		1,
		2
	];
	const sizeOf = (axis, option) => agreed(input, axis, option, options[option], dims);
	const height = sizeOf(heightAxis, "height");
	const width = sizeOf(widthAxis, "width");
	const stated = input.shape[channelAxis];
	const channels = options.channels ?? (stated === 1 ? "grey" : "rgb");
	const count = channels === "grey" ? 1 : 3;
	if (typeof stated === "number" && stated !== count) throw new LatheError({
		who: "preprocess.json field \"channels\"",
		what: `${channels} gives ${count}, input "${input.name}" takes ${stated}`
	});
	return {
		...options,
		input: input.name,
		dtype: input.dtype,
		layout,
		height,
		width,
		channels,
		shortest: options.shortest ?? Math.max(width, height),
		mean: spread("mean", options.mean, count),
		std: spread("std", options.std, count)
	};
}
function layoutOf(input) {
	if (input.shape[1] === 1 || input.shape[1] === 3) return "NCHW";
	if (input.shape[3] === 1 || input.shape[3] === 3) return "NHWC";
	throw new LatheError({
		who: "image folder",
		what: `input "${input.name}" does not say which axis is the colour`,
		next: "write \"layout\": \"NCHW\" or \"NHWC\" into preprocess.json"
	});
}
function agreed(input, axis, option, written, dims) {
	const dim = input.shape[axis];
	const known = typeof dim === "number" ? dim : typeof dim === "string" ? dims[dim] : void 0;
	if (known !== void 0 && written !== void 0 && written !== known) throw new LatheError({
		who: `preprocess.json field "${option}"`,
		what: `is ${written}, input "${input.name}" takes ${known}`
	});
	const found = written ?? known;
	if (found !== void 0) return found;
	const name = typeof dim === "string" ? ` ("${dim}")` : "";
	throw new LatheError({
		who: "image folder",
		what: `input "${input.name}" leaves its ${option} open${name}`,
		next: `write "${option}" into preprocess.json${typeof dim === "string" ? `, or give the size of ${dim} (in a shell: --dim ${dim}=size)` : ""}`
	});
}
function spread(field, value, count) {
	const values = typeof value === "number" ? new Array(count).fill(value) : value;
	if (values.length !== count) throw new LatheError({
		who: `preprocess.json field "${field}"`,
		what: `has ${values.length} numbers for ${count} channels`
	});
	if (field === "std" && values.includes(0)) throw new LatheError({
		who: "preprocess.json field \"std\"",
		what: "holds a zero"
	});
	return values;
}
// src-main/data/readers/image-folder.ts
/**
* A folder with one sub-folder of pictures for each class. `calib`, `test` and `train` folders above them make the
* splits; without, a seeded share of each class is set aside for calibration and the rest is the test split.
*/
var pictureTypes = /* @__PURE__ */ new Set([
	".png",
	".jpg",
	".jpeg",
	".webp",
	".gif",
	".tif",
	".tiff",
	".avif",
	".bmp",
	".svg"
]);
var splitFolders = {
	calib: "calibration",
	calibration: "calibration",
	train: "train",
	test: "test"
};
var imageFolder = {
	name: "image-folder",
	title: "Folder of pictures",
	expects: "a folder with one sub-folder of pictures for each class",
	async fits(path) {
		for (const folder of await subfolders(path)) {
			const below = folder in splitFolders ? await subfolders(join(path, folder)) : [folder];
			const top = folder in splitFolders ? join(path, folder) : path;
			for (const name of below) if ((await picturesIn(join(top, name))).length > 0) return true;
		}
		return false;
	},
	async open(path, inputs, options) {
		const meta = await readMeta(path);
		const how = await readPreprocess(path, inputs, options.dims);
		const found = await findPictures(path, meta.classes, how);
		const extras = ["meta.json", "preprocess.json"];
		const present = (await readdir(path)).filter((name) => extras.includes(name));
		const files = [...found.splits.values()].flat().map((picture) => picture.path);
		const hash = await hashFiles(new Map([...files, ...present.map((name) => join(path, name))].map((file) => [relative(path, file), file])), options.signal);
		const splits = new Map(splitNames.flatMap((name) => {
			const pictures = found.splits.get(name) ?? [];
			return pictures.length === 0 ? [] : [[name, new PictureSplit(name, pictures, how)]];
		}));
		const rows = inputs[0]?.shape?.[0];
		const metric = meta.metric ?? {
			kind: "top1",
			name: null
		};
		return {
			path,
			meta: {
				...meta,
				feed: "slice",
				metric,
				classes: found.classes
			},
			runSize: typeof rows === "number" && rows > 0 ? rows : null,
			calibration: splits.get("calibration") ?? null,
			train: splits.get("train") ?? null,
			test: splits.get("test") ?? null,
			summary: {
				path,
				reader: imageFolder.name,
				hash,
				splits: [...splits.values()].map(({ name, samples }) => ({
					name,
					samples
				})),
				inputs: [{
					name: how.input,
					type: how.dtype,
					shape: sampleShape(how)
				}],
				labels: true,
				classes: [...found.classes],
				metric: metric.kind,
				dims: {},
				notes: [summarise$1(how), ...found.notes]
			}
		};
	}
};
async function subfolders(path) {
	return (await readdir(path, { withFileTypes: true }).catch(() => [])).filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
async function picturesIn(folder) {
	return (await readdir(folder).catch(() => [])).filter((name) => pictureTypes.has(extname(name).toLowerCase())).sort().map((name) => join(folder, name));
}
async function findPictures(path, named, how) {
	const folders = await subfolders(path);
	const tops = folders.filter((folder) => folder in splitFolders);
	if (tops.length === 0) {
		const classes = named ?? folders;
		return splitBySeed(await picturesByClass(path, folders, classes), classes, how);
	}
	const inside = new Set((await Promise.all(tops.map((top) => subfolders(join(path, top))))).flat());
	const classes = named ?? [...inside].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
	const splits = /* @__PURE__ */ new Map();
	for (const top of tops) {
		const byClass = await picturesByClass(join(path, top), await subfolders(join(path, top)), classes);
		splits.set(splitFolders[top], byClass.flat());
	}
	return {
		classes,
		splits,
		notes: []
	};
}
async function picturesByClass(top, folders, classes) {
	const byClass = classes.map(() => []);
	for (const folder of folders) {
		const label = classes.indexOf(folder);
		if (label < 0) throw new LatheError({
			who: `image folder "${basename(top)}"`,
			what: `sub-folder "${folder}" is none of the classes that meta.json names`,
			where: classes.slice(0, 12).join(", ")
		});
		byClass[label] = (await picturesIn(join(top, folder))).map((path) => ({
			path,
			label
		}));
	}
	return byClass;
}
function splitBySeed(byClass, classes, how) {
	const random = new Random(how.seed);
	const calibration = [];
	const test = [];
	for (const pictures of byClass) {
		const shuffled = random.shuffle([...pictures]);
		const share = Math.round(shuffled.length * how.calibration);
		calibration.push(...shuffled.slice(0, share));
		test.push(...shuffled.slice(share));
	}
	const splits = /* @__PURE__ */ new Map([["calibration", random.shuffle(calibration)], ["test", random.shuffle(test)]]);
	const percent = Math.round(how.calibration * 100);
	return {
		classes,
		splits,
		notes: [`Split by seed ${how.seed}: ${percent} % of each class for calibration, the rest for the test.`]
	};
}
function sampleShape(how) {
	const channels = how.channels === "grey" ? 1 : 3;
	return how.layout === "NCHW" ? [
		channels,
		how.height,
		how.width
	] : [
		how.height,
		how.width,
		channels
	];
}
function summarise$1(how) {
	const fit = how.resize === "stretch" ? "stretched" : `shorter side to ${how.shortest}, middle cut out`;
	const norm = how.dtype === "uint8" ? "as bytes" : `× ${Number(how.scale.toPrecision(4))}, − [${how.mean}], ÷ [${how.std}]`;
	return `Pictures: ${how.width} × ${how.height}, ${fit}, ${how.channels}, ${how.layout}, ${norm}.`;
}
var PictureSplit = class {
	name;
	pictures;
	how;
	extras = ["labels"];
	constructor(name, pictures, how) {
		this.name = name;
		this.pictures = pictures;
		this.how = how;
	}
	get samples() {
		return this.pictures.length;
	}
	async read(first, size) {
		return this.#batch(this.pictures.slice(first, first + size), first);
	}
	async gather(rows) {
		const chosen = rows.map((row) => this.pictures[row]);
		return this.#batch(chosen, -1);
	}
	async array(name) {
		return name === "labels" ? labelsOf(this.pictures) : void 0;
	}
	async #batch(pictures, first) {
		const shape = [pictures.length, ...sampleShape(this.how)];
		const size = shape.reduce((product, dim) => product * dim, 1);
		const data = this.how.dtype === "uint8" ? new Uint8Array(size) : new Float32Array(size);
		const width = size / Math.max(1, pictures.length);
		const how = this.how.dtype === "uint8" ? {
			...this.how,
			scale: 1,
			mean: [
				0,
				0,
				0
			],
			std: [
				1,
				1,
				1
			]
		} : this.how;
		(await Promise.all(pictures.map((picture) => readPicture(picture.path, how)))).forEach((sample, at) => {
			data.set(sample, at * width);
		});
		const array = {
			dtype: this.how.dtype,
			shape,
			data
		};
		return {
			feeds: { [this.how.input]: array },
			extras: { labels: labelsOf(pictures) },
			first,
			size: pictures.length
		};
	}
};
function labelsOf(pictures) {
	const data = BigInt64Array.from(pictures, (picture) => BigInt(picture.label));
	return {
		dtype: "int64",
		shape: [pictures.length],
		data
	};
}
// src-main/data/fit.ts
/** Whether arrays fit a model's inputs: names, types, shapes, counts. */
/** Arrays without elements can state any number of rows. */
var mostSamples = 2 ** 31;
/**
* Holds the arrays of one split against the model's inputs.
* @param file how messages name the place: `test.npz`
* @param given sizes of symbolic dims that the user stated
* @throws LatheError that names file, array, what was expected and what came
*/
function fitArrays(file, arrays, inputs, feed, given) {
	const samples = countSamples(file, arrays);
	const dims = {};
	let runSize = null;
	for (const input of inputs) {
		const array = arrays.get(input.name);
		if (array === void 0) throw missing(file, input.name, arrays);
		checkType(file, input, array);
		if (input.shape === null) continue;
		bindShape(file, input.name, named(input).slice(feed === "slice" ? 1 : 0), array.shape.slice(1), dims, given);
		const rows = input.shape[0];
		if (feed === "slice" && typeof rows === "number" && rows > 0) runSize = sameRunSize(file, input.name, runSize, rows);
	}
	return {
		samples,
		dims,
		runSize
	};
}
function countSamples(file, arrays) {
	let samples;
	let from = "";
	for (const [name, { shape }] of arrays) {
		const rows = shape[0];
		if (rows === void 0) throw new LatheError({
			who: `${file} array "${name}"`,
			what: "has no axes",
			next: "give it one row for each sample"
		});
		if (samples !== void 0 && rows !== samples) throw new LatheError({
			who: file,
			what: `array "${from}" has ${samples} samples, "${name}" has ${rows}`,
			next: "every array needs one row for each sample"
		});
		samples = rows;
		from = name;
	}
	if (samples === void 0 || samples === 0) throw new LatheError({
		who: file,
		what: "holds no samples"
	});
	if (samples > mostSamples) throw new LatheError({
		who: file,
		what: `states ${samples} samples, more than ${mostSamples}`
	});
	return samples;
}
function missing(file, input, arrays) {
	return new LatheError({
		who: file,
		what: `has no array for the model's input "${input}"`,
		where: `it has ${[...arrays.keys()].map((name) => `"${name}"`).join(", ")}`,
		next: `save the samples under the name of the input: numpy.savez(file, ${JSON.stringify(input)}=…)`
	});
}
/** numpy's spelling of a dtype, for a line that can be typed. */
function numpyType(dtype) {
	return dtype === "bool" ? "bool_" : dtype === "string" ? "str_" : dtype;
}
function checkType(file, input, array) {
	if (input.dtype === null || input.dtype === array.dtype) return;
	throw new LatheError({
		who: `${file} array "${input.name}"`,
		what: `the model takes ${input.dtype}, the array is ${array.dtype}`,
		next: `save it as array.astype(numpy.${numpyType(input.dtype)})`
	});
}
/** The input's shape with open dims as names. */
function named({ name, shape }) {
	return (shape ?? []).map((dim, axis) => dimName(name, axis, dim) ?? dim);
}
function bindShape(file, input, expected, sample, dims, given) {
	const fixed = expected.every((dim, axis) => typeof dim !== "number" || dim === sample[axis]);
	if (expected.length !== sample.length || !fixed) throw misshapen(file, input, expected, sample);
	expected.forEach((dim, axis) => {
		if (typeof dim !== "string") return;
		const size = sample[axis];
		const known = dims[dim] ?? given[dim];
		if (known !== void 0 && known !== size) {
			const by = dims[dim] === void 0 ? `--dim ${dim}=${known} was given` : `another array has ${known}`;
			throw new LatheError({
				who: `${file} array "${input}"`,
				what: `dimension "${dim}" is ${size}, but ${by}`
			});
		}
		dims[dim] = size;
	});
}
function misshapen(file, name, expected, sample) {
	const sorted = (dims) => [...dims].map(String).sort().join();
	const permuted = expected.length === sample.length && sorted(expected) === sorted(sample);
	return new LatheError({
		who: `${file} array "${name}"`,
		what: `a sample should have shape ${shapeText(expected)}, has ${shapeText(sample)}`,
		next: permuted ? "its axes seem to be in another order: use numpy.transpose" : void 0
	});
}
function sameRunSize(file, input, known, rows) {
	if (known === null || known === rows) return rows;
	throw new LatheError({
		who: file,
		what: `input "${input}" takes ${rows} rows a run where another input takes ${known}`,
		next: "set \"feed\": \"element\" in meta.json and save the whole feed of each run as one row"
	});
}
/** `[batch, 3, ?]` */
function shapeText(shape) {
	return `[${shape.map((dim) => dim ?? "?").join(", ")}]`;
}
// src-main/data/npy.ts
/**
* numpy's .npy format: the header and the elements of one array.
* Source: numpy/lib/format.py, "Format Version 1.0" to "3.0".
*/
var magic = [
	147,
	78,
	85,
	77,
	80,
	89
];
var largestHeader = 1 << 20;
/** Bytes from the start of the file to the elements, from its first {@link npyPreludeBytes} bytes. */
function npyHeaderBytes(prelude, who) {
	if (prelude.length < 12 || magic.some((byte, at) => prelude[at] !== byte)) throw new LatheError({
		who,
		what: "is not a numpy array (.npy)",
		next: "write it with numpy.savez"
	});
	const view = new DataView(prelude.buffer, prelude.byteOffset, prelude.byteLength);
	const major = prelude[6];
	if (major < 1 || major > 3) throw new LatheError({
		who,
		what: `has .npy format version ${major}; versions 1 to 3 are read`
	});
	const bytes = major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
	if (bytes > largestHeader) throw new LatheError({
		who,
		what: `states a header of ${bytes} bytes`
	});
	return bytes;
}
/**
* Parses a whole header.
* @throws LatheError for a dtype that no model input can take, and for Fortran order
*/
function parseNpyHeader(bytes, who) {
	const start = bytes[6] === 1 ? 10 : 12;
	const text = new TextDecoder().decode(bytes.subarray(start));
	const descr = /'descr':\s*'([^']+)'/.exec(text)?.[1];
	const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
	const shapeText = /'shape':\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
	if (descr === void 0 || order === void 0 || shapeText === void 0) throw new LatheError({
		who,
		what: /'descr':\s*\[/.test(text) ? "is a structured array" : "has a header that cannot be read",
		next: "save one plain array for each model input"
	});
	const shape = (shapeText.match(/\d+/g) ?? []).map(Number);
	if (!Number.isSafeInteger(elementCount(shape))) throw new LatheError({
		who,
		what: `states shape [${shape.join(", ")}]`
	});
	if (order === "True" && shape.filter((dim) => dim > 1).length > 1) throw new LatheError({
		who,
		what: "is in Fortran order (first axis fastest)",
		next: "save numpy.ascontiguousarray(array) instead"
	});
	return {
		...elementType(descr, who),
		shape,
		dataOffset: bytes.length
	};
}
var kinds = {
	f2: "float16",
	f4: "float32",
	f8: "float64",
	b1: "bool",
	i1: "int8",
	i2: "int16",
	i4: "int32",
	i8: "int64",
	u1: "uint8",
	u2: "uint16",
	u4: "uint32",
	u8: "uint64"
};
function elementType(descr, who) {
	const [, order, kind, digits] = /^([<>|=]?)([a-zA-Z])(\d*)$/.exec(descr) ?? [];
	const bigEndian = order === ">";
	const size = Number(digits ?? 0);
	if (kind === "U" || kind === "S") {
		const text = kind === "U" ? "utf32" : "bytes";
		return {
			dtype: "string",
			itemSize: kind === "U" ? 4 * size : size,
			bigEndian,
			text
		};
	}
	const dtype = kinds[`${kind}${digits}`];
	if (dtype === void 0) throw new LatheError({
		who,
		what: kind === "O" ? "holds Python objects (dtype object)" : `has dtype "${descr}", which no model input can take`,
		next: "save it as numbers, or as texts of dtype \"U\""
	});
	return {
		dtype,
		itemSize: size,
		bigEndian,
		text: null
	};
}
/** Elements from their bytes; `shape` is that of the rows which the bytes hold. */
function decodeNpy(header, shape, bytes) {
	if (header.text !== null) return {
		dtype: "string",
		shape,
		data: decodeTexts(header, elementCount(shape), bytes)
	};
	if (header.bigEndian) swapBytes(bytes, header.itemSize);
	return fromBytes(header.dtype, shape, bytes);
}
function decodeTexts(header, count, bytes) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const width = header.text === "utf32" ? 4 : 1;
	return Array.from({ length: count }, (_, index) => {
		const points = [];
		for (let at = index * header.itemSize; at < (index + 1) * header.itemSize; at += width) points.push(width === 4 ? view.getUint32(at, !header.bigEndian) : bytes[at]);
		while (points.at(-1) === 0) points.pop();
		return points.map((point) => String.fromCodePoint(point > 1114111 ? 65533 : point)).join("");
	});
}
function swapBytes(bytes, itemSize) {
	for (let at = 0; at + itemSize <= bytes.length; at += itemSize) bytes.subarray(at, at + itemSize).reverse();
}
// src-main/data/zip.ts
/**
* The directory of a .zip file and the bytes of its members, read where they lie. Nothing is ever unpacked to disk.
* Source: PKWARE APPNOTE 6.3.10, sections 4.3–4.5 (ZIP64 included).
*/
var endSignature = 101010256;
var zip64LocatorSignature = 117853008;
var zip64EndSignature = 101075792;
var entrySignature = 33639248;
var localSignature = 67324752;
var largestDirectory = 67108864;
/**
* The members of a .zip file in the order of its directory.
* @throws LatheError for a file that is cut short, encrypted, packed by an unknown method, or whose directory lies
*/
async function readZipDirectory(path) {
	const { size: fileSize } = await stat(path);
	const end = await findEnd(path, fileSize);
	if (end.offset + end.size > fileSize || end.size > largestDirectory) throw broken(path, "its directory lies outside the file");
	const directory = await readBytes$1(path, end.offset, end.size);
	const members = [];
	const names = /* @__PURE__ */ new Set();
	let at = 0;
	for (let index = 0; index < end.entries; index++) {
		const entry = readEntry(directory, at, path);
		if (names.has(entry.name)) throw broken(path, `holds two members called "${entry.name}"`);
		names.add(entry.name);
		members.push(await locate(path, fileSize, entry));
		at = entry.next;
	}
	return members;
}
/** The end record lies in the last 64 KB: it is followed by a comment of any length up to that. */
async function findEnd(path, fileSize) {
	const tailSize = Math.min(fileSize, 65557);
	const view = viewOf(await readBytes$1(path, fileSize - tailSize, tailSize));
	for (let at = tailSize - 22; at >= 0; at--) {
		if (view.getUint32(at, true) !== endSignature) continue;
		const entries = view.getUint16(at + 10, true);
		const size = view.getUint32(at + 12, true);
		const offset = view.getUint32(at + 16, true);
		if (entries !== 65535 && size !== 4294967295 && offset !== 4294967295) return {
			offset,
			size,
			entries
		};
		return readZip64End(path, view, at);
	}
	throw broken(path, "has no directory of its members at its end");
}
async function readZip64End(path, tail, endAt) {
	const locator = endAt - 20;
	if (locator < 0 || tail.getUint32(locator, true) !== zip64LocatorSignature) throw broken(path, "its ZIP64 locator is missing");
	const view = viewOf(await readBytes$1(path, exact(tail.getBigUint64(locator + 8, true), path), 56));
	if (view.getUint32(0, true) !== zip64EndSignature) throw broken(path, "its ZIP64 end record is missing");
	return {
		entries: exact(view.getBigUint64(32, true), path),
		size: exact(view.getBigUint64(40, true), path),
		offset: exact(view.getBigUint64(48, true), path)
	};
}
function readEntry(directory, at, path) {
	const view = viewOf(directory);
	if (at + 46 > directory.length || view.getUint32(at, true) !== entrySignature) throw broken(path, `its directory breaks off at byte ${at}`);
	const nameLength = view.getUint16(at + 28, true);
	const extraLength = view.getUint16(at + 30, true);
	const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
	if (next > directory.length) throw broken(path, `its directory breaks off at byte ${at}`);
	const name = new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameLength));
	if ((view.getUint16(at + 8, true) & 1) !== 0) throw broken(path, `member "${name}" is encrypted`);
	const wide = zip64Fields(directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength), path);
	const widened = (value) => value === 4294967295 ? wide() : value;
	const size = widened(view.getUint32(at + 24, true));
	const packedSize = widened(view.getUint32(at + 20, true));
	const localHeader = widened(view.getUint32(at + 42, true));
	return {
		name,
		method: methodOf(view.getUint16(at + 10, true), name, path),
		size,
		packedSize,
		crc32: view.getUint32(at + 16, true),
		localHeader,
		next
	};
}
function zip64Fields(extra, path) {
	const view = viewOf(extra);
	let field = 0;
	while (field + 4 <= extra.length && view.getUint16(field, true) !== 1) field += 4 + view.getUint16(field + 2, true);
	let at = field + 4;
	return () => {
		if (at + 8 > extra.length) throw broken(path, "a ZIP64 size is missing");
		at += 8;
		return exact(view.getBigUint64(at - 8, true), path);
	};
}
function methodOf(code, name, path) {
	if (code === 0) return "stored";
	if (code === 8) return "deflated";
	throw broken(path, `member "${name}" is packed by method ${code}; only stored (0) and deflated (8) are read`);
}
async function locate(path, fileSize, entry) {
	const { localHeader, next: _next, ...member } = entry;
	if (localHeader + 30 > fileSize) throw broken(path, `member "${entry.name}" starts behind the end of the file`);
	const view = viewOf(await readBytes$1(path, localHeader, 30));
	if (view.getUint32(0, true) !== localSignature) throw broken(path, `member "${entry.name}" is not where the directory says`);
	const offset = localHeader + 30 + view.getUint16(26, true) + view.getUint16(28, true);
	if (offset + entry.packedSize > fileSize) throw broken(path, `member "${entry.name}" reaches behind the end of the file`);
	if (entry.method === "stored" && entry.size !== entry.packedSize) throw broken(path, `member "${entry.name}" is stored as it is, yet states two sizes`);
	return {
		...member,
		offset
	};
}
function viewOf(bytes) {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
function exact(value, path) {
	if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(path, `states a size of ${value} bytes`);
	return Number(value);
}
function broken(path, what) {
	return new LatheError({
		who: basename(path),
		what,
		next: "it is damaged or cut short: make it again with numpy.savez or numpy.savez_compressed"
	});
}
// src-main/data/zip-member.ts
/** The unpacked bytes of one member of a .zip file, by range. */
/** Deflated members up to this size are kept once unpacked; larger ones are unpacked anew for each pass. */
var keptSize = 2 * largestBuffer;
/**
* A member's bytes. A deflated member is unpacked as far as it has been asked for, and kept where it is small enough;
* a larger one is read forward, and going back means starting again.
*/
function openMember(path, member) {
	if (member.method === "stored") return {
		size: member.size,
		read: (start, end) => readBytes$1(path, member.offset + start, end - start)
	};
	return member.size <= keptSize ? new KeptMember(path, member) : new ForwardMember(path, member);
}
var KeptMember = class {
	size;
	#chunks = [];
	#starts = [];
	#source;
	#length = 0;
	#failure;
	#queue = Promise.resolve();
	constructor(path, member) {
		this.size = member.size;
		this.#source = unpack(path, member);
	}
	read(start, end) {
		const turn = this.#queue.then(() => this.#read(start, end));
		this.#queue = turn.catch(() => {});
		return turn;
	}
	async #read(start, end) {
		if (this.#failure !== void 0) throw this.#failure;
		try {
			await this.#unpackTo(end);
		} catch (error) {
			this.#failure = error;
			throw error;
		}
		return this.#copy(start, end);
	}
	/** To the very end the source is drained, so that its length and checksum are looked at. */
	async #unpackTo(end) {
		while (this.#length < end || end === this.size && this.#length <= this.size) {
			const next = await this.#source.next();
			if (next.done === true) break;
			this.#starts.push(this.#length);
			this.#chunks.push(next.value);
			this.#length += next.value.length;
		}
	}
	#copy(start, end) {
		const bytes = new Uint8Array(end - start);
		for (let index = this.#chunkAt(start); index < this.#chunks.length; index++) {
			const from = this.#starts[index];
			if (from >= end) break;
			const chunk = this.#chunks[index];
			bytes.set(chunk.subarray(Math.max(0, start - from), end - from), Math.max(0, from - start));
		}
		return bytes;
	}
	#chunkAt(position) {
		let low = 0;
		let high = this.#starts.length;
		while (high - low > 1) {
			const middle = low + high >> 1;
			if (this.#starts[middle] <= position) low = middle;
			else high = middle;
		}
		return low;
	}
};
var ForwardMember = class {
	size;
	#path;
	#member;
	#source;
	/** The chunk in hand, and where it starts. */
	#chunk = /* @__PURE__ */ new Uint8Array(0);
	#start = 0;
	#queue = Promise.resolve();
	constructor(path, member) {
		this.size = member.size;
		this.#path = path;
		this.#member = member;
		this.#source = unpack(path, member);
	}
	read(start, end) {
		const turn = this.#queue.then(() => this.#read(start, end));
		this.#queue = turn.catch(() => this.#restart());
		return turn;
	}
	async #read(start, end) {
		if (end - start > 268435456) throw new LatheError({
			who: basename(this.#path),
			what: `asks for ${end - start} bytes at once, more than ${largestBuffer}`,
			next: "use a smaller batch"
		});
		if (start < this.#start) await this.#restart();
		const bytes = new Uint8Array(end - start);
		while (this.#start < end) {
			const from = Math.max(start, this.#start);
			const piece = this.#chunk.subarray(from - this.#start, end - this.#start);
			if (from >= start && piece.length > 0) bytes.set(piece, from - start);
			if (this.#start + this.#chunk.length >= end && end !== this.size) break;
			const next = await this.#source.next();
			if (next.done === true) break;
			this.#start += this.#chunk.length;
			this.#chunk = next.value;
		}
		return bytes;
	}
	async #restart() {
		await this.#source.return(void 0);
		this.#source = unpack(this.#path, this.#member);
		this.#chunk = /* @__PURE__ */ new Uint8Array(0);
		this.#start = 0;
	}
};
var pieceBytes = 1 << 18;
async function* packedPieces(path, member) {
	const end = member.offset + member.packedSize;
	for (let at = member.offset; at < end; at += pieceBytes) yield readBytes$1(path, at, Math.min(pieceBytes, end - at));
}
/** Unpacks a member as a stream; stops where it grows past its stated size, and checks size and CRC at its end. */
async function* unpack(path, member) {
	const refuse = (what, cause) => new LatheError({
		who: basename(path),
		what: `member "${member.name}" ${what}`,
		next: "the file is damaged: make it again",
		cause
	});
	if (member.packedSize === 0) throw refuse("is empty");
	const packed = Readable.from(packedPieces(path, member));
	const inflate = createInflateRaw({ chunkSize: pieceBytes });
	packed.on("error", (error) => inflate.destroy(error));
	packed.pipe(inflate);
	let length = 0;
	let crc = 0;
	try {
		for await (const chunk of inflate) {
			length += chunk.length;
			if (length > member.size) throw refuse(`unpacks to more than the ${member.size} bytes that it states`);
			crc = crc32(chunk, crc);
			yield chunk;
		}
	} catch (cause) {
		throw cause instanceof LatheError ? cause : refuse(`cannot be unpacked (${messageOf(cause)})`, cause);
	} finally {
		packed.destroy();
		inflate.destroy();
	}
	if (length !== member.size) throw refuse(`states ${member.size} bytes but unpacks to ${length}`);
	if (crc !== member.crc32) throw refuse("does not match its checksum");
}
// src-main/data/npz.ts
/** A .npz file: named arrays whose first axis is the sample, read by rows where they lie. */
/**
* Opens a .npz file: reads its directory and the header of each array, and no elements.
* @throws LatheError that names file, array and what is wrong with it
*/
async function openNpz(path) {
	const arrays = /* @__PURE__ */ new Map();
	for (const member of await readZipDirectory(path)) {
		if (!member.name.endsWith(".npy")) continue;
		const array = await openArray(path, member);
		arrays.set(array.name, array);
	}
	if (arrays.size === 0) throw new LatheError({
		who: basename(path),
		what: "holds no arrays"
	});
	return {
		path,
		arrays
	};
}
async function openArray(path, member) {
	const name = member.name.slice(0, -4);
	const who = `${basename(path)} array "${name}"`;
	const bytes = openMember(path, member);
	if (bytes.size < 12) throw new LatheError({
		who,
		what: "is not a numpy array (.npy)"
	});
	const headerBytes = npyHeaderBytes(await bytes.read(0, 12), who);
	if (headerBytes > bytes.size) throw new LatheError({
		who,
		what: "ends inside its header"
	});
	const header = parseNpyHeader(await bytes.read(0, headerBytes), who);
	const expected = headerBytes + elementCount(header.shape) * header.itemSize;
	if (bytes.size !== expected) throw new LatheError({
		who,
		what: `shape [${header.shape.join(", ")}] needs ${expected - headerBytes} bytes, ${bytes.size - headerBytes} are there`,
		next: "the file was cut short or damaged: make it again"
	});
	return {
		name,
		dtype: header.dtype,
		shape: header.shape,
		randomAccess: member.method === "stored" || member.size <= keptSize,
		rows: (first, count) => readRows$1(bytes, header, first, count, who)
	};
}
async function readRows$1(bytes, header, first, count, who) {
	const sample = header.shape.slice(1);
	const rowBytes = elementCount(sample) * header.itemSize;
	if (rowBytes * count > 268435456) throw new LatheError({
		who,
		what: `${count} rows take ${rowBytes * count} bytes, more than ${largestBuffer}`,
		next: "use a smaller batch"
	});
	const start = header.dataOffset + first * rowBytes;
	return decodeNpy(header, [count, ...sample], await bytes.read(start, start + count * rowBytes));
}
// src-main/data/readers/npz-folder.ts
/**
* A folder with calib.npz, test.npz and maybe train.npz: one array for each model input under the input's name, first
* axis = sample, and `labels` where there are labels; an optional meta.json says how they are fed and scored.
*/
var fileOf = {
	calibration: "calib.npz",
	train: "train.npz",
	test: "test.npz"
};
/** Files beside the arrays that change what the data means. */
var companions = ["meta.json", "charset.txt"];
var npzFolder = {
	name: "npz-folder",
	title: "Folder of numpy archives",
	expects: "a folder with calib.npz and test.npz (and train.npz)",
	async fits(path) {
		const names = await readdir(path).catch(() => []);
		return splitNames.some((split) => names.includes(fileOf[split]));
	},
	async open(path, inputs, options) {
		const meta = await readMeta(path);
		const names = await readdir(path);
		const splits = /* @__PURE__ */ new Map();
		for (const name of splitNames) if (names.includes(fileOf[name])) splits.set(name, await openSplit(join(path, fileOf[name]), name, inputs, meta, options));
		const files = [...Object.values(fileOf), ...companions].filter((name) => names.includes(name));
		const hash = await hashFiles(new Map(files.map((name) => [name, join(path, name)])), options.signal);
		const fits = [...splits.values()].map(({ fit }) => fit);
		const judged = splits.get("test") ?? splits.values().next().value;
		const labels = judged?.file.arrays.get("labels");
		const assumed = meta.metric ?? assumedMetric(labels);
		if (assumed?.kind === "top1" && meta.classes !== null) for (const [name, split] of splits) await checkLabels(split, meta.classes.length, name === "train");
		return {
			path,
			meta: {
				...meta,
				metric: assumed
			},
			runSize: fits[0]?.runSize ?? null,
			calibration: splits.get("calibration")?.split ?? null,
			train: splits.get("train")?.split ?? null,
			test: splits.get("test")?.split ?? null,
			summary: {
				path,
				reader: npzFolder.name,
				hash,
				splits: [...splits].map(([name, { split }]) => ({
					name,
					samples: split.samples
				})),
				inputs: inputs.map(({ name }) => summarise(judged, name)),
				labels: labels !== void 0,
				classes: meta.classes === null ? null : [...meta.classes],
				metric: assumed?.kind ?? null,
				dims: Object.assign({}, ...fits.map(({ dims }) => dims)),
				notes: notesOn$2(splits, meta)
			}
		};
	}
};
async function openSplit(path, name, inputs, meta, options) {
	const file = await openNpz(path);
	const fit = fitArrays(basename(path), file.arrays, inputs, meta.feed, options.dims);
	return {
		file,
		fit,
		split: new NpzSplit(name, file, new Set(inputs.map((input) => input.name)), fit.samples, meta.feed)
	};
}
var NpzSplit = class {
	name;
	file;
	inputs;
	samples;
	feed;
	extras;
	constructor(name, file, inputs, samples, feed) {
		this.name = name;
		this.file = file;
		this.inputs = inputs;
		this.samples = samples;
		this.feed = feed;
		this.extras = [...file.arrays.keys()].filter((array) => !inputs.has(array));
	}
	async read(first, size) {
		const count = Math.min(this.feed === "element" ? 1 : size, this.samples - first);
		return this.#batch(first, count, (array) => array.rows(first, count));
	}
	async gather(rows) {
		const order = rows.map((row, at) => ({
			row,
			at
		})).sort((a, b) => a.row - b.row);
		return this.#batch(-1, rows.length, async (array) => {
			const parts = new Array(rows.length);
			for (const { row, at } of order) parts[at] = await array.rows(row, 1);
			return joinRows(parts);
		});
	}
	async array(name) {
		return this.file.arrays.get(name)?.rows(0, this.samples);
	}
	async #batch(first, size, read) {
		const feeds = {};
		const extras = {};
		for (const [name, array] of this.file.arrays) {
			const rows = await read(array);
			if (!this.inputs.has(name)) extras[name] = rows;
			else feeds[name] = this.feed === "element" ? {
				...rows,
				shape: rows.shape.slice(1)
			} : rows;
		}
		return {
			feeds,
			extras,
			first,
			size
		};
	}
};
function summarise({ file }, name) {
	const array = file.arrays.get(name);
	return {
		name,
		type: array?.dtype ?? "",
		shape: [...array?.shape.slice(1) ?? []]
	};
}
/** Whole numbers, one a sample, are taken for classes where meta.json does not say. */
function assumedMetric(labels) {
	if (labels === void 0 || labels.shape.length !== 1 || !/^u?int/.test(labels.dtype)) return null;
	return {
		kind: "top1",
		name: null
	};
}
/** @param mayLack training leaves out a label below zero */
async function checkLabels({ split, file }, classes, mayLack) {
	const labels = await split.array("labels");
	if (labels === void 0 || labels.dtype === "string") return;
	const row = Array.from(labels.data, Number).findIndex((label) => label < 0 && !mayLack || label >= classes);
	if (row < 0) return;
	throw new LatheError({
		who: `${basename(file.path)} array "labels"`,
		what: `row ${row} is class ${labels.data[row]}, but meta.json names ${classes} classes (0 to ${classes - 1})`,
		next: "give every class a name, or mend the label"
	});
}
function notesOn$2(splits, meta) {
	const notes = [];
	if (!splits.has("calibration")) notes.push("No calib.npz: methods that calibrate cannot run.");
	if (!splits.has("test")) notes.push("No test.npz: nothing can be judged.");
	const train = splits.get("train");
	if (train !== void 0 && [...train.file.arrays.values()].some((array) => !array.randomAccess)) notes.push(`train.npz unpacks to more than ${largestBuffer >> 19} MB: saved with numpy.savez (not compressed) it is read much faster.`);
	if (meta.metric === null && splits.get("test")?.file.arrays.has("labels") === true) notes.push("meta.json names no metric.");
	return notes;
}
// src-main/data/readers/index.ts
var readers = [npzFolder, imageFolder];
// src-main/data/open-dataset.ts
/** The one door to a dataset on disk. */
/**
* Opens the data at `path` with the first reader that fits and holds it against the model's inputs.
* @throws LatheError where nothing fits, or where names, types, shapes or counts do not
*/
async function openDataset(path, inputs, options) {
	const found = await stat(path).catch((cause) => {
		const isMissing = cause.code === "ENOENT" || cause.code === "ENOTDIR";
		throw new LatheError({
			who: `data "${path}"`,
			what: isMissing ? "there is no such file or folder" : `cannot be opened (${messageOf(cause)})`,
			next: isMissing ? "check the path" : "check its permissions",
			cause
		});
	});
	for (const reader of readers) if (await reader.fits(path)) return reader.open(resolve(path), inputs, options);
	throw new LatheError({
		who: `data "${basename(path)}"`,
		what: found.isDirectory() ? "holds nothing that can be read as a dataset" : "is not a dataset: a folder is asked for",
		next: `give ${readers.map((reader) => reader.expects).join(", or ")}`
	});
}
// src-main/onnx/file/generated/onnx_pb.ts
/**
* Describes the file onnx.proto.
*/
var file_onnx = /*@__PURE__*/ fileDesc("Cgpvbm54LnByb3RvEgRvbm54ItsFCg5BdHRyaWJ1dGVQcm90bxIMCgRuYW1lGAEgASgJEhUKDXJlZl9hdHRyX25hbWUYFSABKAkSEgoKZG9jX3N0cmluZxgNIAEoCRIwCgR0eXBlGBQgASgOMiIub25ueC5BdHRyaWJ1dGVQcm90by5BdHRyaWJ1dGVUeXBlEgkKAWYYAiABKAISCQoBaRgDIAEoAxIJCgFzGAQgASgMEhwKAXQYBSABKAsyES5vbm54LlRlbnNvclByb3RvEhsKAWcYBiABKAsyEC5vbm54LkdyYXBoUHJvdG8SLgoNc3BhcnNlX3RlbnNvchgWIAEoCzIXLm9ubnguU3BhcnNlVGVuc29yUHJvdG8SGwoCdHAYDiABKAsyDy5vbm54LlR5cGVQcm90bxIOCgZmbG9hdHMYByADKAISDAoEaW50cxgIIAMoAxIPCgdzdHJpbmdzGAkgAygMEiIKB3RlbnNvcnMYCiADKAsyES5vbm54LlRlbnNvclByb3RvEiAKBmdyYXBocxgLIAMoCzIQLm9ubnguR3JhcGhQcm90bxIvCg5zcGFyc2VfdGVuc29ycxgXIAMoCzIXLm9ubnguU3BhcnNlVGVuc29yUHJvdG8SJAoLdHlwZV9wcm90b3MYDyADKAsyDy5vbm54LlR5cGVQcm90byLZAQoNQXR0cmlidXRlVHlwZRINCglVTkRFRklORUQQABIJCgVGTE9BVBABEgcKA0lOVBACEgoKBlNUUklORxADEgoKBlRFTlNPUhAEEgkKBUdSQVBIEAUSEQoNU1BBUlNFX1RFTlNPUhALEg4KClRZUEVfUFJPVE8QDRIKCgZGTE9BVFMQBhIICgRJTlRTEAcSCwoHU1RSSU5HUxAIEgsKB1RFTlNPUlMQCRIKCgZHUkFQSFMQChISCg5TUEFSU0VfVEVOU09SUxAMEg8KC1RZUEVfUFJPVE9TEA5KBAgMEA1KBAgQEBRSAXYihwEKDlZhbHVlSW5mb1Byb3RvEgwKBG5hbWUYASABKAkSHQoEdHlwZRgCIAEoCzIPLm9ubnguVHlwZVByb3RvEhIKCmRvY19zdHJpbmcYAyABKAkSNAoObWV0YWRhdGFfcHJvcHMYBCADKAsyHC5vbm54LlN0cmluZ1N0cmluZ0VudHJ5UHJvdG8ioQIKCU5vZGVQcm90bxINCgVpbnB1dBgBIAMoCRIOCgZvdXRwdXQYAiADKAkSDAoEbmFtZRgDIAEoCRIPCgdvcF90eXBlGAQgASgJEg4KBmRvbWFpbhgHIAEoCRIQCghvdmVybG9hZBgIIAEoCRInCglhdHRyaWJ1dGUYBSADKAsyFC5vbm54LkF0dHJpYnV0ZVByb3RvEhIKCmRvY19zdHJpbmcYBiABKAkSNAoObWV0YWRhdGFfcHJvcHMYCSADKAsyHC5vbm54LlN0cmluZ1N0cmluZ0VudHJ5UHJvdG8SQQoVZGV2aWNlX2NvbmZpZ3VyYXRpb25zGAogAygLMiIub25ueC5Ob2RlRGV2aWNlQ29uZmlndXJhdGlvblByb3RvIjIKFEludEludExpc3RFbnRyeVByb3RvEgsKA2tleRgBIAEoAxINCgV2YWx1ZRgCIAMoAyKAAQocTm9kZURldmljZUNvbmZpZ3VyYXRpb25Qcm90bxIYChBjb25maWd1cmF0aW9uX2lkGAEgASgJEi4KDXNoYXJkaW5nX3NwZWMYAiADKAsyFy5vbm54LlNoYXJkaW5nU3BlY1Byb3RvEhYKDnBpcGVsaW5lX3N0YWdlGAMgASgFIqMBChFTaGFyZGluZ1NwZWNQcm90bxITCgt0ZW5zb3JfbmFtZRgBIAEoCRIOCgZkZXZpY2UYAiADKAMSPQoZaW5kZXhfdG9fZGV2aWNlX2dyb3VwX21hcBgDIAMoCzIaLm9ubnguSW50SW50TGlzdEVudHJ5UHJvdG8SKgoLc2hhcmRlZF9kaW0YBCADKAsyFS5vbm54LlNoYXJkZWREaW1Qcm90byJVCg9TaGFyZGVkRGltUHJvdG8SDAoEYXhpcxgBIAEoAxI0Cg9zaW1wbGVfc2hhcmRpbmcYAiADKAsyGy5vbm54LlNpbXBsZVNoYXJkZWREaW1Qcm90byJcChVTaW1wbGVTaGFyZGVkRGltUHJvdG8SEwoJZGltX3ZhbHVlGAEgASgDSAASEwoJZGltX3BhcmFtGAIgASgJSAASEgoKbnVtX3NoYXJkcxgDIAEoA0IFCgNkaW0i1gEKEVRyYWluaW5nSW5mb1Byb3RvEigKDmluaXRpYWxpemF0aW9uGAEgASgLMhAub25ueC5HcmFwaFByb3RvEiMKCWFsZ29yaXRobRgCIAEoCzIQLm9ubnguR3JhcGhQcm90bxI8ChZpbml0aWFsaXphdGlvbl9iaW5kaW5nGAMgAygLMhwub25ueC5TdHJpbmdTdHJpbmdFbnRyeVByb3RvEjQKDnVwZGF0ZV9iaW5kaW5nGAQgAygLMhwub25ueC5TdHJpbmdTdHJpbmdFbnRyeVByb3RvIqIDCgpNb2RlbFByb3RvEhIKCmlyX3ZlcnNpb24YASABKAMSLgoMb3BzZXRfaW1wb3J0GAggAygLMhgub25ueC5PcGVyYXRvclNldElkUHJvdG8SFQoNcHJvZHVjZXJfbmFtZRgCIAEoCRIYChBwcm9kdWNlcl92ZXJzaW9uGAMgASgJEg4KBmRvbWFpbhgEIAEoCRIVCg1tb2RlbF92ZXJzaW9uGAUgASgDEhIKCmRvY19zdHJpbmcYBiABKAkSHwoFZ3JhcGgYByABKAsyEC5vbm54LkdyYXBoUHJvdG8SNAoObWV0YWRhdGFfcHJvcHMYDiADKAsyHC5vbm54LlN0cmluZ1N0cmluZ0VudHJ5UHJvdG8SLgoNdHJhaW5pbmdfaW5mbxgUIAMoCzIXLm9ubnguVHJhaW5pbmdJbmZvUHJvdG8SJgoJZnVuY3Rpb25zGBkgAygLMhMub25ueC5GdW5jdGlvblByb3RvEjUKDWNvbmZpZ3VyYXRpb24YGiADKAsyHi5vbm54LkRldmljZUNvbmZpZ3VyYXRpb25Qcm90byJNChhEZXZpY2VDb25maWd1cmF0aW9uUHJvdG8SDAoEbmFtZRgBIAEoCRITCgtudW1fZGV2aWNlcxgCIAEoBRIOCgZkZXZpY2UYAyADKAkiNAoWU3RyaW5nU3RyaW5nRW50cnlQcm90bxILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAkiawoQVGVuc29yQW5ub3RhdGlvbhITCgt0ZW5zb3JfbmFtZRgBIAEoCRJCChxxdWFudF9wYXJhbWV0ZXJfdGVuc29yX25hbWVzGAIgAygLMhwub25ueC5TdHJpbmdTdHJpbmdFbnRyeVByb3RvItQDCgpHcmFwaFByb3RvEh0KBG5vZGUYASADKAsyDy5vbm54Lk5vZGVQcm90bxIMCgRuYW1lGAIgASgJEiYKC2luaXRpYWxpemVyGAUgAygLMhEub25ueC5UZW5zb3JQcm90bxIzChJzcGFyc2VfaW5pdGlhbGl6ZXIYDyADKAsyFy5vbm54LlNwYXJzZVRlbnNvclByb3RvEhIKCmRvY19zdHJpbmcYCiABKAkSIwoFaW5wdXQYCyADKAsyFC5vbm54LlZhbHVlSW5mb1Byb3RvEiQKBm91dHB1dBgMIAMoCzIULm9ubnguVmFsdWVJbmZvUHJvdG8SKAoKdmFsdWVfaW5mbxgNIAMoCzIULm9ubnguVmFsdWVJbmZvUHJvdG8SNwoXcXVhbnRpemF0aW9uX2Fubm90YXRpb24YDiADKAsyFi5vbm54LlRlbnNvckFubm90YXRpb24SNAoObWV0YWRhdGFfcHJvcHMYECADKAsyHC5vbm54LlN0cmluZ1N0cmluZ0VudHJ5UHJvdG9KBAgDEARKBAgEEAVKBAgGEApSCmlyX3ZlcnNpb25SEHByb2R1Y2VyX3ZlcnNpb25SDHByb2R1Y2VyX3RhZ1IGZG9tYWluIqIHCgtUZW5zb3JQcm90bxIMCgRkaW1zGAEgAygDEhEKCWRhdGFfdHlwZRgCIAEoBRIqCgdzZWdtZW50GAMgASgLMhkub25ueC5UZW5zb3JQcm90by5TZWdtZW50EhYKCmZsb2F0X2RhdGEYBCADKAJCAhABEhYKCmludDMyX2RhdGEYBSADKAVCAhABEhMKC3N0cmluZ19kYXRhGAYgAygMEhYKCmludDY0X2RhdGEYByADKANCAhABEgwKBG5hbWUYCCABKAkSEgoKZG9jX3N0cmluZxgMIAEoCRIQCghyYXdfZGF0YRgJIAEoDBIzCg1leHRlcm5hbF9kYXRhGA0gAygLMhwub25ueC5TdHJpbmdTdHJpbmdFbnRyeVByb3RvEjUKDWRhdGFfbG9jYXRpb24YDiABKA4yHi5vbm54LlRlbnNvclByb3RvLkRhdGFMb2NhdGlvbhIXCgtkb3VibGVfZGF0YRgKIAMoAUICEAESFwoLdWludDY0X2RhdGEYCyADKARCAhABEjQKDm1ldGFkYXRhX3Byb3BzGBAgAygLMhwub25ueC5TdHJpbmdTdHJpbmdFbnRyeVByb3RvGiUKB1NlZ21lbnQSDQoFYmVnaW4YASABKAMSCwoDZW5kGAIgASgDIo4DCghEYXRhVHlwZRINCglVTkRFRklORUQQABIJCgVGTE9BVBABEgkKBVVJTlQ4EAISCAoESU5UOBADEgoKBlVJTlQxNhAEEgkKBUlOVDE2EAUSCQoFSU5UMzIQBhIJCgVJTlQ2NBAHEgoKBlNUUklORxAIEggKBEJPT0wQCRILCgdGTE9BVDE2EAoSCgoGRE9VQkxFEAsSCgoGVUlOVDMyEAwSCgoGVUlOVDY0EA0SDQoJQ09NUExFWDY0EA4SDgoKQ09NUExFWDEyOBAPEgwKCEJGTE9BVDE2EBASEAoMRkxPQVQ4RTRNM0ZOEBESEgoORkxPQVQ4RTRNM0ZOVVoQEhIOCgpGTE9BVDhFNU0yEBMSEgoORkxPQVQ4RTVNMkZOVVoQFBIJCgVVSU5UNBAVEggKBElOVDQQFhIOCgpGTE9BVDRFMk0xEBcSDgoKRkxPQVQ4RThNMBAYEgkKBVVJTlQyEBkSCAoESU5UMhAaEg4KCkZMT0FUNkUyTTMQGxIOCgpGTE9BVDZFM00yEBwiKQoMRGF0YUxvY2F0aW9uEgsKB0RFRkFVTFQQABIMCghFWFRFUk5BTBABImgKEVNwYXJzZVRlbnNvclByb3RvEiEKBnZhbHVlcxgBIAEoCzIRLm9ubnguVGVuc29yUHJvdG8SIgoHaW5kaWNlcxgCIAEoCzIRLm9ubnguVGVuc29yUHJvdG8SDAoEZGltcxgDIAMoAyKVAQoQVGVuc29yU2hhcGVQcm90bxItCgNkaW0YASADKAsyIC5vbm54LlRlbnNvclNoYXBlUHJvdG8uRGltZW5zaW9uGlIKCURpbWVuc2lvbhITCglkaW1fdmFsdWUYASABKANIABITCglkaW1fcGFyYW0YAiABKAlIABISCgpkZW5vdGF0aW9uGAMgASgJQgcKBXZhbHVlIrcFCglUeXBlUHJvdG8SLQoLdGVuc29yX3R5cGUYASABKAsyFi5vbm54LlR5cGVQcm90by5UZW5zb3JIABIxCg1zZXF1ZW5jZV90eXBlGAQgASgLMhgub25ueC5UeXBlUHJvdG8uU2VxdWVuY2VIABInCghtYXBfdHlwZRgFIAEoCzITLm9ubnguVHlwZVByb3RvLk1hcEgAEjEKDW9wdGlvbmFsX3R5cGUYCSABKAsyGC5vbm54LlR5cGVQcm90by5PcHRpb25hbEgAEjoKEnNwYXJzZV90ZW5zb3JfdHlwZRgIIAEoCzIcLm9ubnguVHlwZVByb3RvLlNwYXJzZVRlbnNvckgAEi0KC29wYXF1ZV90eXBlGAcgASgLMhYub25ueC5UeXBlUHJvdG8uT3BhcXVlSAASEgoKZGVub3RhdGlvbhgGIAEoCRpCCgZUZW5zb3ISEQoJZWxlbV90eXBlGAEgASgFEiUKBXNoYXBlGAIgASgLMhYub25ueC5UZW5zb3JTaGFwZVByb3RvGi4KCFNlcXVlbmNlEiIKCWVsZW1fdHlwZRgBIAEoCzIPLm9ubnguVHlwZVByb3RvGjwKA01hcBIQCghrZXlfdHlwZRgBIAEoBRIjCgp2YWx1ZV90eXBlGAIgASgLMg8ub25ueC5UeXBlUHJvdG8aLgoIT3B0aW9uYWwSIgoJZWxlbV90eXBlGAEgASgLMg8ub25ueC5UeXBlUHJvdG8aSAoMU3BhcnNlVGVuc29yEhEKCWVsZW1fdHlwZRgBIAEoBRIlCgVzaGFwZRgCIAEoCzIWLm9ubnguVGVuc29yU2hhcGVQcm90bxo4CgZPcGFxdWUSDgoGZG9tYWluGAEgASgJEgwKBG5hbWUYAiABKAlKBAgDEARSCnBhcmFtZXRlcnNCBwoFdmFsdWUiNQoST3BlcmF0b3JTZXRJZFByb3RvEg4KBmRvbWFpbhgBIAEoCRIPCgd2ZXJzaW9uGAIgASgDIoYDCg1GdW5jdGlvblByb3RvEgwKBG5hbWUYASABKAkSDQoFaW5wdXQYBCADKAkSDgoGb3V0cHV0GAUgAygJEhEKCWF0dHJpYnV0ZRgGIAMoCRItCg9hdHRyaWJ1dGVfcHJvdG8YCyADKAsyFC5vbm54LkF0dHJpYnV0ZVByb3RvEh0KBG5vZGUYByADKAsyDy5vbm54Lk5vZGVQcm90bxISCgpkb2Nfc3RyaW5nGAggASgJEi4KDG9wc2V0X2ltcG9ydBgJIAMoCzIYLm9ubnguT3BlcmF0b3JTZXRJZFByb3RvEg4KBmRvbWFpbhgKIAEoCRIQCghvdmVybG9hZBgNIAEoCRIoCgp2YWx1ZV9pbmZvGAwgAygLMhQub25ueC5WYWx1ZUluZm9Qcm90bxI0Cg5tZXRhZGF0YV9wcm9wcxgOIAMoCzIcLm9ubnguU3RyaW5nU3RyaW5nRW50cnlQcm90b0oECAIQA0oECAMQBFINc2luY2VfdmVyc2lvblIGc3RhdHVzKoIDCgdWZXJzaW9uEhIKDl9TVEFSVF9WRVJTSU9OEAASGQoVSVJfVkVSU0lPTl8yMDE3XzEwXzEwEAESGQoVSVJfVkVSU0lPTl8yMDE3XzEwXzMwEAISGAoUSVJfVkVSU0lPTl8yMDE3XzExXzMQAxIYChRJUl9WRVJTSU9OXzIwMTlfMV8yMhAEEhgKFElSX1ZFUlNJT05fMjAxOV8zXzE4EAUSGAoUSVJfVkVSU0lPTl8yMDE5XzlfMTkQBhIXChNJUl9WRVJTSU9OXzIwMjBfNV84EAcSGAoUSVJfVkVSU0lPTl8yMDIxXzdfMzAQCBIXChNJUl9WRVJTSU9OXzIwMjNfNV81EAkSGAoUSVJfVkVSU0lPTl8yMDI0XzNfMjUQChIZChVJUl9WRVJTSU9OXzIwMjVfMDVfMTIQCxIZChVJUl9WRVJTSU9OXzIwMjVfMDhfMjYQDBIZChVJUl9WRVJTSU9OXzIwMjVfMTFfMDYQDRIOCgpJUl9WRVJTSU9OEA4qLgoOT3BlcmF0b3JTdGF0dXMSEAoMRVhQRVJJTUVOVEFMEAASCgoGU1RBQkxFEAFCAkgD");
/**
* Describes the message onnx.AttributeProto.
* Use `create(AttributeProtoSchema)` to create a new message.
*/
var AttributeProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 0);
/**
* @generated from enum onnx.AttributeProto.AttributeType
*/
var AttributeProto_AttributeType = /* @__PURE__ */ function(AttributeProto_AttributeType) {
	/**
	* @generated from enum value: UNDEFINED = 0;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["UNDEFINED"] = 0] = "UNDEFINED";
	/**
	* @generated from enum value: FLOAT = 1;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["FLOAT"] = 1] = "FLOAT";
	/**
	* @generated from enum value: INT = 2;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["INT"] = 2] = "INT";
	/**
	* @generated from enum value: STRING = 3;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["STRING"] = 3] = "STRING";
	/**
	* @generated from enum value: TENSOR = 4;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["TENSOR"] = 4] = "TENSOR";
	/**
	* @generated from enum value: GRAPH = 5;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["GRAPH"] = 5] = "GRAPH";
	/**
	* @generated from enum value: SPARSE_TENSOR = 11;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["SPARSE_TENSOR"] = 11] = "SPARSE_TENSOR";
	/**
	* @generated from enum value: TYPE_PROTO = 13;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["TYPE_PROTO"] = 13] = "TYPE_PROTO";
	/**
	* @generated from enum value: FLOATS = 6;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["FLOATS"] = 6] = "FLOATS";
	/**
	* @generated from enum value: INTS = 7;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["INTS"] = 7] = "INTS";
	/**
	* @generated from enum value: STRINGS = 8;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["STRINGS"] = 8] = "STRINGS";
	/**
	* @generated from enum value: TENSORS = 9;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["TENSORS"] = 9] = "TENSORS";
	/**
	* @generated from enum value: GRAPHS = 10;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["GRAPHS"] = 10] = "GRAPHS";
	/**
	* @generated from enum value: SPARSE_TENSORS = 12;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["SPARSE_TENSORS"] = 12] = "SPARSE_TENSORS";
	/**
	* @generated from enum value: TYPE_PROTOS = 14;
	*/
	AttributeProto_AttributeType[AttributeProto_AttributeType["TYPE_PROTOS"] = 14] = "TYPE_PROTOS";
	return AttributeProto_AttributeType;
}({});
/**
* Describes the message onnx.ValueInfoProto.
* Use `create(ValueInfoProtoSchema)` to create a new message.
*/
var ValueInfoProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 1);
/**
* Describes the message onnx.NodeProto.
* Use `create(NodeProtoSchema)` to create a new message.
*/
var NodeProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 2);
/**
* Describes the message onnx.TrainingInfoProto.
* Use `create(TrainingInfoProtoSchema)` to create a new message.
*/
var TrainingInfoProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 8);
/**
* Describes the message onnx.ModelProto.
* Use `create(ModelProtoSchema)` to create a new message.
*/
var ModelProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 9);
/**
* Describes the message onnx.StringStringEntryProto.
* Use `create(StringStringEntryProtoSchema)` to create a new message.
*/
var StringStringEntryProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 11);
/**
* Describes the message onnx.GraphProto.
* Use `create(GraphProtoSchema)` to create a new message.
*/
var GraphProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 13);
/**
* Describes the message onnx.TensorProto.
* Use `create(TensorProtoSchema)` to create a new message.
*/
var TensorProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 14);
/**
* @generated from enum onnx.TensorProto.DataLocation
*/
var TensorProto_DataLocation = /* @__PURE__ */ function(TensorProto_DataLocation) {
	/**
	* @generated from enum value: DEFAULT = 0;
	*/
	TensorProto_DataLocation[TensorProto_DataLocation["DEFAULT"] = 0] = "DEFAULT";
	/**
	* @generated from enum value: EXTERNAL = 1;
	*/
	TensorProto_DataLocation[TensorProto_DataLocation["EXTERNAL"] = 1] = "EXTERNAL";
	return TensorProto_DataLocation;
}({});
/**
* Describes the message onnx.SparseTensorProto.
* Use `create(SparseTensorProtoSchema)` to create a new message.
*/
var SparseTensorProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 15);
/**
* Describes the message onnx.TensorShapeProto.
* Use `create(TensorShapeProtoSchema)` to create a new message.
*/
var TensorShapeProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 16);
/**
* Describes the message onnx.TypeProto.
* Use `create(TypeProtoSchema)` to create a new message.
*/
var TypeProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 17);
/**
* Describes the message onnx.OperatorSetIdProto.
* Use `create(OperatorSetIdProtoSchema)` to create a new message.
*/
var OperatorSetIdProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 18);
/**
* Describes the message onnx.FunctionProto.
* Use `create(FunctionProtoSchema)` to create a new message.
*/
var FunctionProtoSchema = /*@__PURE__*/ messageDesc(file_onnx, 19);
// src-main/onnx/file/message-shape.ts
/** What the wire walkers know of each message of onnx.proto: the generated descriptors, turned into tables by field number. */
var wire = {
	varint: 0,
	fixed64: 1,
	bytes: 2,
	startGroup: 3,
	endGroup: 4,
	fixed32: 5
};
/** Fields of TensorProto that hold its elements. */
var payloadField = {
	float: 4,
	int32: 5,
	int64: 7,
	raw: 9,
	double: 10,
	uint64: 11
};
/**
* Number of the field that stands for a payload in a skeleton. Protobuf keeps 19000…19999 for its implementations, so
* no .proto file can define it.
*/
var markerField = 19777;
var shapes = /* @__PURE__ */ new Map();
/** The table of a message; made once, with those of the messages inside it. */
function shapeOf(descriptor) {
	const known = shapes.get(descriptor);
	if (known !== void 0) return known;
	const fields = /* @__PURE__ */ new Map();
	const isTensor = descriptor.typeName === TensorProtoSchema.typeName;
	const shape = {
		name: descriptor.name,
		isTensor,
		fields
	};
	shapes.set(descriptor, shape);
	const payloads = Object.values(payloadField);
	for (const field of descriptor.fields) {
		const wireType = wireTypeOf(field);
		fields.set(field.number, {
			name: field.name,
			wireType,
			packable: field.fieldKind === "list" && wireType !== wire.bytes,
			message: field.message === void 0 ? null : shapeOf(field.message),
			payload: isTensor && payloads.includes(field.number)
		});
	}
	return shape;
}
function wireTypeOf(field) {
	switch (field.scalar) {
		case void 0: return field.message === void 0 ? wire.varint : wire.bytes;
		case ScalarType.STRING:
		case ScalarType.BYTES: return wire.bytes;
		case ScalarType.FLOAT: return wire.fixed32;
		case ScalarType.DOUBLE: return wire.fixed64;
		default: return wire.varint;
	}
}
// src-main/onnx/file/byte-source.ts
/** Bytes at offsets, whether they lie in a file or in memory, and the one way to read from the user's files. */
/** What to try where a file does not hold what it should. */
var whenDamaged = "the file may be cut off or damaged: export or download it again";
/**
* Runs `use` on a source over a file that is held open meanwhile.
* @throws LatheError where the file cannot be opened
*/
function withFileSource(file, use) {
	const descriptor = openForReading(file);
	try {
		const stamp = stampOfDescriptor(descriptor);
		const real = realpathSync(file);
		return use({
			name: basename(file),
			length: stamp.bytes,
			read: (offset, length) => readExactly(descriptor, file, offset, length),
			refer: (offset, length) => ({
				kind: "file",
				file: real,
				stamp,
				offset,
				length
			})
		});
	} finally {
		closeSync(descriptor);
	}
}
/** Size and time of a file as they are now. */
function stampOf(file) {
	const descriptor = openForReading(file);
	try {
		return stampOfDescriptor(descriptor);
	} finally {
		closeSync(descriptor);
	}
}
/**
* Bytes [offset, offset + length) of a file.
* @throws LatheError where the file is gone, or is no longer the one that `stamp` was taken of
*/
function readFileRange(file, stamp, offset, length) {
	const descriptor = openForReading(file);
	try {
		checkStamp(file, stamp, stampOfDescriptor(descriptor));
		return readExactly(descriptor, file, offset, length);
	} finally {
		closeSync(descriptor);
	}
}
/**
* Makes sure that a file is still as it was when a model first referred to it.
* @throws LatheError that names the file
*/
function checkUnchanged(file, stamp) {
	checkStamp(file, stamp, stampOf(file));
}
function checkStamp(file, before, now) {
	if (before.bytes === now.bytes && before.modifiedMs === now.modifiedMs) return;
	throw new LatheError({
		who: basename(file),
		what: `changed on disk while it was in use (${before.bytes} bytes when it was opened, ${now.bytes} now)`,
		where: file,
		next: "open the model again"
	});
}
function openForReading(file) {
	try {
		if (!statSync(file).isFile()) throw new Error("it is not a file");
		return openSync(file, "r");
	} catch (error) {
		throw new LatheError({
			who: basename(file),
			...reasonOf(error),
			where: file,
			cause: error
		});
	}
}
function reasonOf(error) {
	switch (error.code) {
		case "ENOENT": return {
			what: "no such file",
			next: "check the path"
		};
		case "EACCES":
		case "EPERM": return {
			what: "may not be read",
			next: "change its permissions"
		};
		default: return {
			what: `cannot be opened: ${messageOf(error)}`,
			next: "check the path"
		};
	}
}
function stampOfDescriptor(descriptor) {
	const { size, mtimeMs } = fstatSync(descriptor);
	return {
		bytes: size,
		modifiedMs: mtimeMs
	};
}
function readExactly(descriptor, file, offset, length) {
	const bytes = new Uint8Array(length);
	for (let done = 0; done < length;) {
		let read;
		try {
			read = readSync(descriptor, bytes, done, length - done, offset + done);
		} catch (error) {
			throw new LatheError({
				who: basename(file),
				what: `cannot be read: ${messageOf(error)}`,
				where: file,
				next: "see whether its disk is still there, and try again",
				cause: error
			});
		}
		if (read === 0) throw new LatheError({
			who: basename(file),
			what: `ends at byte ${offset + done}, ${length - done} too early`,
			where: file,
			next: "open the model again"
		});
		done += read;
	}
	return bytes;
}
// src-main/onnx/file/tensor-data.ts
/** Reading the bytes behind a TensorData, wherever they are. */
/**
* Bytes [start, end) of packed tensor data.
* @throws LatheError where the file that holds them has changed or cannot be read, and for strings, which are not packed
*/
function readData(data, start, end) {
	switch (data.kind) {
		case "inline": return data.bytes.subarray(start, end);
		case "file": return readFileRange(data.file, data.stamp, data.offset + start, end - start);
		case "derived": return data.read(start, end);
		case "strings": throw new LatheError({
			who: "string tensor",
			what: "has no packed bytes",
			code: "failed"
		});
	}
}
/** Length of packed tensor data in bytes. */
function dataLength(data) {
	return data.kind === "inline" ? data.bytes.byteLength : data.length;
}
/** The same for tensors that share their bytes. */
function sharedKey(data) {
	return data.kind === "file" ? `${data.offset} ${data.length} ${data.file}` : data;
}
/** Packed tensor data part by part: what streams it never holds more than one part. */
function* dataChunks(data, chunkBytes = 8 * 2 ** 20) {
	const length = dataLength(data);
	for (let start = 0; start < length; start += chunkBytes) yield readData(data, start, Math.min(length, start + chunkBytes));
}
// src-main/onnx/file/fill-skeleton.ts
/** The way back from {@link scanModel}: a skeleton with its markers filled in, as a row of pieces to be written. */
/** The whole ModelProto: each marker becomes a `raw_data` field, and the messages around it get their new lengths. */
function fillSkeleton(skeleton) {
	return new Filler(skeleton).fill(shapeOf(ModelProtoSchema), 0, skeleton.bytes.length) ?? {
		pieces: [skeleton.bytes],
		length: skeleton.bytes.length
	};
}
var Filler = class {
	#bytes;
	#payloads;
	#next = 0;
	constructor(skeleton) {
		this.#bytes = skeleton.bytes;
		this.#payloads = skeleton.payloads;
	}
	/** null where [start, end) holds no marker and stays as it is. */
	fill(shape, start, end) {
		const pieces = [];
		let length = 0;
		let keptFrom = start;
		const replace = (from, to, filled, filledLength) => {
			if (from > keptFrom) pieces.push(this.#bytes.subarray(keptFrom, from));
			for (const piece of filled) pieces.push(piece);
			length += from - keptFrom + filledLength;
			keptFrom = to;
		};
		for (let at = start; at < end;) {
			const fieldStart = at;
			const tag = this.#varint(at);
			at = this.#next;
			const number = Math.floor(tag / 8);
			const wireType = tag % 8;
			if (wireType === wire.bytes) {
				const bodyLength = this.#varint(at);
				const bodyStart = this.#next;
				at = bodyStart + bodyLength;
				const message = shape.fields.get(number)?.message ?? null;
				const body = message === null ? null : this.fill(message, bodyStart, at);
				if (body === null) continue;
				const head = varints(tag, body.length);
				replace(fieldStart, at, [head, ...body.pieces], head.length + body.length);
			} else if (shape.isTensor && number === 19777) {
				const data = this.#payloads[this.#varint(at)];
				at = this.#next;
				const head = varints(payloadField.raw * 8 + wire.bytes, dataLength(data));
				replace(fieldStart, at, [head, data], head.length + dataLength(data));
			} else at = this.#skip(wireType, at);
		}
		if (pieces.length === 0) return null;
		replace(end, end, [], 0);
		return {
			pieces,
			length
		};
	}
	/** Fields of our own writing: whole, and at most groups that came from the user's file. */
	#skip(wireType, at) {
		if (wireType === wire.fixed32) return at + 4;
		if (wireType === wire.fixed64) return at + 8;
		if (wireType === wire.varint) {
			this.#varint(at);
			return this.#next;
		}
		if (wireType === wire.bytes) {
			const length = this.#varint(at);
			return this.#next + length;
		}
		for (let inside = at;;) {
			const tag = this.#varint(inside);
			inside = this.#next;
			if (tag % 8 === wire.endGroup) return inside;
			inside = this.#skip(tag % 8, inside);
		}
	}
	#varint(at) {
		let value = 0;
		let scale = 1;
		let place = at;
		for (;; place++) {
			const byte = this.#bytes[place];
			value += (byte & 127) * scale;
			if (byte < 128) break;
			scale *= 128;
		}
		this.#next = place + 1;
		return value;
	}
};
function varints(...values) {
	const bytes = [];
	for (let value of values) {
		for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 | 128);
		bytes.push(value);
	}
	return Uint8Array.from(bytes);
}
// src-main/onnx/file/remnant.ts
/** Hides a remnant from every other room. */
function seal(_kind, value) {
	return { __opaque: value };
}
function unseal(_kind, opaque) {
	return opaque.__opaque;
}
var scanLimits = {
	/** protobuf's own limit; what lies deeper can be read by no runtime. */
	depth: 100,
	skeletonBytes: 256 * 2 ** 20,
	/** Records outside payloads: each becomes an object of some hundred bytes. */
	records: 12e6
};
var windowBytes$2 = 65536;
/**
* Reads the structure of a ModelProto.
* @throws LatheError that names file, byte offset and field, where a length does not fit its message or a tag is wrong
*/
function scanModel(source, limits = scanLimits) {
	const scanner = new Scanner(source, limits);
	scanner.message(shapeOf(ModelProtoSchema), 0, source.length, 1);
	return {
		skeleton: scanner.skeleton.finish(),
		payloads: scanner.payloads
	};
}
var Scanner = class {
	skeleton;
	payloads = [];
	#source;
	#limits;
	#path = [];
	#window = /* @__PURE__ */ new Uint8Array(0);
	#windowStart = 0;
	#records = 0;
	/** Where the last varint ended. */
	#next = 0;
	/** Field number and wire type of the last tag. */
	#number = 0;
	#wireType = 0;
	/** Length of the last length-delimited value, without the length itself. */
	#lastLength = 0;
	constructor(source, limits) {
		this.#source = source;
		this.#limits = limits;
		this.skeleton = new SkeletonBuffer(limits.skeletonBytes, () => this.#error(0, `holds more than ${this.#limits.skeletonBytes} bytes besides its tensors`));
	}
	message(shape, start, end, depth) {
		if (depth > this.#limits.depth) throw this.#error(start, `messages are nested more than ${this.#limits.depth} deep`);
		let keptFrom = start;
		for (let at = start; at < end;) {
			if (++this.#records > this.#limits.records) throw this.#error(at, `holds more than ${this.#limits.records} records besides its tensors`);
			this.#tag(at, end);
			const field = shape.fields.get(this.#number);
			if (shape.isTensor && this.#number === 19777) throw this.#error(at, `uses field number ${markerField}, which protobuf keeps for itself`);
			if (field !== void 0) this.#checkWireType(field, at);
			if (field === void 0 || field.message === null && !field.payload) {
				at = this.#endOfValue(this.#next, end, depth);
				continue;
			}
			this.#copy(keptFrom, at);
			at = field.payload ? this.#payload(at, end, depth) : this.#inner(field, field.message, end, depth);
			keptFrom = at;
		}
		this.#copy(keptFrom, end);
	}
	#checkWireType(field, at) {
		if (this.#wireType === field.wireType || this.#wireType === wire.bytes && field.packable) return;
		throw this.#error(at, `field ${field.name} has wire type ${this.#wireType} instead of ${field.wireType}`);
	}
	#inner(field, shape, end, depth) {
		const number = this.#number;
		const bodyEnd = this.#endOfValue(this.#next, end, depth);
		const mark = this.skeleton.open(number);
		this.#path.push(field.name);
		this.message(shape, bodyEnd - this.#lastLength, bodyEnd, depth + 1);
		this.#path.pop();
		this.skeleton.close(mark);
		return bodyEnd;
	}
	/** A packed record, or the run of unpacked ones that begins at `at`. */
	#payload(at, end, depth) {
		const field = this.#number;
		const packed = this.#wireType === wire.bytes;
		let payloadEnd = this.#endOfValue(this.#next, end, depth);
		const start = packed ? payloadEnd - this.#lastLength : at;
		if (!packed) payloadEnd = this.#endOfRun(payloadEnd, end, depth);
		const length = payloadEnd - start;
		this.skeleton.marker(this.payloads.length);
		const bytes = length <= 1024 ? this.#smallRange(start, payloadEnd) : null;
		this.payloads.push({
			field,
			packed,
			offset: start,
			length,
			bytes
		});
		return payloadEnd;
	}
	/** Where a run of records with the tag that was last read ends; it goes on from a record that ends at `at`. */
	#endOfRun(at, end, depth) {
		const [number, wireType] = [this.#number, this.#wireType];
		let runEnd = at;
		while (runEnd < end) {
			this.#tag(runEnd, end);
			if (this.#number !== number || this.#wireType !== wireType) break;
			runEnd = this.#endOfValue(this.#next, end, depth);
		}
		return runEnd;
	}
	/** Where the value ends that begins at `at` and whose tag was last read. */
	#endOfValue(at, end, depth) {
		switch (this.#wireType) {
			case wire.varint:
				this.#varint(at, end);
				return this.#next;
			case wire.fixed64: return this.#within(at, 8, end);
			case wire.fixed32: return this.#within(at, 4, end);
			case wire.bytes: {
				const length = this.#varint(at, end);
				this.#lastLength = length;
				return this.#within(this.#next, length, end);
			}
			case wire.startGroup: return this.#endOfGroup(this.#number, at, end, depth + 1);
			default: throw this.#error(at, `wire type ${this.#wireType} cannot stand here`);
		}
	}
	#endOfGroup(number, at, end, depth) {
		if (depth > this.#limits.depth) throw this.#error(at, `groups are nested more than ${this.#limits.depth} deep`);
		while (at < end) {
			this.#tag(at, end);
			if (this.#wireType === wire.endGroup) {
				if (this.#number !== number) throw this.#error(at, `group ${number} ends as group ${this.#number}`);
				return this.#next;
			}
			at = this.#endOfValue(this.#next, end, depth);
		}
		throw this.#error(at, `group ${number} does not end`);
	}
	#within(start, length, end) {
		if (length > end - start) throw this.#error(start, `a field claims ${length} bytes where ${end - start} are left`);
		return start + length;
	}
	/** Reads a tag into `#number` and `#wireType`. */
	#tag(at, end) {
		const tag = this.#varint(at, end);
		this.#number = Math.floor(tag / 8);
		this.#wireType = tag % 8;
		if (this.#number === 0 || this.#number >= 2 ** 29) throw this.#error(at, `field number ${this.#number} does not exist`);
	}
	/** A base-128 number; exact below 2^53, and what is larger is too large for every use that is made of the value. */
	#varint(at, end) {
		let value = 0;
		let scale = 1;
		for (let place = at; place < at + 10; place++) {
			if (place >= end) throw this.#error(place, "a number is cut off");
			const byte = this.#byte(place);
			value += (byte & 127) * scale;
			if (byte < 128) {
				this.#next = place + 1;
				return value;
			}
			scale *= 128;
		}
		throw this.#error(at, "a number has more than ten bytes");
	}
	#byte(at) {
		const known = this.#window[at - this.#windowStart];
		if (known !== void 0) return known;
		this.#window = this.#source.read(at, Math.min(windowBytes$2, this.#source.length - at));
		this.#windowStart = at;
		return this.#window[0];
	}
	/** Copies [start, end) of the source into the skeleton. */
	#copy(start, end) {
		for (let at = start; at < end;) {
			const part = this.#windowFrom(at, end);
			this.skeleton.append(part);
			at += part.length;
		}
	}
	#smallRange(start, end) {
		const bytes = new Uint8Array(end - start);
		for (let at = start; at < end;) {
			const part = this.#windowFrom(at, end);
			bytes.set(part, at - start);
			at += part.length;
		}
		return bytes;
	}
	/** What the window has of [at, end), at least one byte. */
	#windowFrom(at, end) {
		this.#byte(at);
		const offset = at - this.#windowStart;
		return this.#window.subarray(offset, Math.min(this.#window.length, offset + end - at));
	}
	#error(offset, what) {
		const path = this.#path.length === 0 ? "" : ` in ${this.#path.slice(0, 12).join(".")}`;
		return new LatheError({
			who: this.#source.name,
			what: `not a readable ONNX model: ${what}`,
			where: `byte ${offset} of ${this.#source.length}${path}`,
			next: whenDamaged
		});
	}
};
/** Four bytes for every length, so that it can be put in when the message is complete. */
var lengthBytes = 4;
/** The skeleton as it grows. */
var SkeletonBuffer = class {
	#bytes = /* @__PURE__ */ new Uint8Array(16384);
	#length = 0;
	#maxBytes;
	#tooLarge;
	constructor(maxBytes, tooLarge) {
		this.#maxBytes = maxBytes;
		this.#tooLarge = tooLarge;
	}
	append(bytes) {
		this.#reserve(bytes.length);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
	}
	/** Begins a message; the mark goes to {@link SkeletonBuffer.close}. */
	open(field) {
		this.#varint(field * 8 + wire.bytes);
		this.#reserve(lengthBytes);
		this.#length += lengthBytes;
		return this.#length;
	}
	close(mark) {
		let length = this.#length - mark;
		for (let place = 0; place < lengthBytes; place++) {
			this.#bytes[mark - lengthBytes + place] = length & 127 | (place === 3 ? 0 : 128);
			length = Math.floor(length / 128);
		}
	}
	marker(place) {
		this.#varint(markerField * 8 + wire.varint);
		this.#varint(place);
	}
	finish() {
		return this.#bytes.subarray(0, this.#length);
	}
	#varint(value) {
		this.#reserve(8);
		while (value >= 128) {
			this.#bytes[this.#length++] = value % 128 | 128;
			value = Math.floor(value / 128);
		}
		this.#bytes[this.#length++] = value;
	}
	#reserve(more) {
		if (this.#length + more <= this.#bytes.length) return;
		if (this.#length + more >= this.#maxBytes) throw this.#tooLarge();
		const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(this.#bytes.length * 2, this.#length + more)));
		grown.set(this.#bytes.subarray(0, this.#length));
		this.#bytes = grown;
	}
};
// src-main/onnx/file/to-proto.ts
/** The model in memory → a skeleton's messages: payloads of tensors are left out, with a marker in their place. */
/**
* The model without the bytes of its larger tensors.
* @param place decides for each tensor above 1 KB whether its bytes lie in another file; null = they become `raw_data`
*/
function modelToSkeleton(model, place) {
	const writer = new ProtoWriter(place);
	return {
		bytes: writer.model(model),
		payloads: writer.payloads
	};
}
var ProtoWriter = class {
	payloads = [];
	#place;
	constructor(place) {
		this.#place = place;
	}
	model(model) {
		const remnant = model.extra === void 0 ? void 0 : unseal("model", model.extra);
		const proto = create(ModelProtoSchema, {
			irVersion: BigInt(model.irVersion),
			opsetImport: opsetProtos(model.opsets),
			...texts({
				producerName: model.producerName,
				producerVersion: model.producerVersion,
				domain: model.domain,
				docString: model.docString
			}),
			...model.modelVersion === 0n ? {} : { modelVersion: model.modelVersion },
			graph: this.graph(model.graph),
			metadataProps: entries(model.metadata),
			functions: model.functions.map((it) => this.function(it)),
			configuration: remnant?.configuration ?? [],
			trainingInfo: (remnant?.training ?? []).map((training) => withUnknown(create(TrainingInfoProtoSchema, {
				...training.initialization === null ? {} : { initialization: this.graph(training.initialization) },
				...training.algorithm === null ? {} : { algorithm: this.graph(training.algorithm) },
				initializationBinding: training.initializationBinding,
				updateBinding: training.updateBinding
			}), training.unknown))
		});
		return toBinary(ModelProtoSchema, withUnknown(proto, remnant?.unknown));
	}
	graph(graph) {
		const remnant = graph.extra === void 0 ? void 0 : unseal("graph", graph.extra);
		return withUnknown(create(GraphProtoSchema, {
			...texts({
				name: graph.name,
				docString: graph.docString
			}),
			node: graph.nodes.map((node) => this.node(node)),
			initializer: [...graph.initializers].map(([name, tensor]) => this.tensor({
				...tensor,
				name
			}, "initializer")),
			sparseInitializer: graph.sparseInitializers.map((sparse) => this.sparseTensor(sparse)),
			input: graph.inputs.map(valueToProto),
			output: graph.outputs.map(valueToProto),
			valueInfo: [...graph.values.values()].map(valueToProto),
			quantizationAnnotation: remnant?.quantizationAnnotation ?? [],
			metadataProps: entries(graph.metadata)
		}), remnant?.unknown);
	}
	function(it) {
		const remnant = it.extra === void 0 ? void 0 : unseal("function", it.extra);
		return withUnknown(create(FunctionProtoSchema, {
			...texts({
				name: it.name,
				domain: it.domain,
				overload: it.overload,
				docString: it.docString
			}),
			input: [...it.inputs],
			output: [...it.outputs],
			attribute: [...it.attributeNames],
			attributeProto: this.#attributes(it.attributeDefaults, remnant?.attributes, "other"),
			node: it.nodes.map((node) => this.node(node)),
			opsetImport: opsetProtos(it.opsets),
			valueInfo: [...it.values.values()].map(valueToProto),
			metadataProps: entries(it.metadata)
		}), remnant?.unknown);
	}
	node(node) {
		const remnant = node.extra === void 0 ? void 0 : unseal("node", node.extra);
		return withUnknown(create(NodeProtoSchema, {
			input: [...node.inputs],
			output: [...node.outputs],
			...texts({
				name: node.name,
				opType: node.opType,
				domain: node.domain,
				overload: node.overload,
				docString: node.docString
			}),
			attribute: this.#attributes(node.attributes, remnant?.attributes, isConstant$1(node) ? "constant" : "other"),
			metadataProps: entries(node.metadata),
			deviceConfigurations: remnant?.deviceConfigurations ?? []
		}), remnant?.unknown);
	}
	#attributes(attributes, remnants, role) {
		return [...attributes].map(([name, attribute]) => {
			const proto = this.#attribute(name, attribute, role);
			const remnant = remnants?.get(name);
			if (remnant === void 0) return proto;
			if (remnant.docString !== "") proto.docString = remnant.docString;
			return withUnknown(proto, remnant.unknown);
		});
	}
	#attribute(name, attribute, role) {
		return create(AttributeProtoSchema, {
			name,
			...this.#attributeValue(attribute, role)
		});
	}
	#attributeValue(attribute, role) {
		switch (attribute.type) {
			case "float": return {
				type: AttributeProto_AttributeType.FLOAT,
				f: attribute.value
			};
			case "int": return {
				type: AttributeProto_AttributeType.INT,
				i: attribute.value
			};
			case "string": return {
				type: AttributeProto_AttributeType.STRING,
				s: attribute.value
			};
			case "tensor": return {
				type: AttributeProto_AttributeType.TENSOR,
				t: this.tensor(attribute.value, role)
			};
			case "sparse-tensor": return {
				type: AttributeProto_AttributeType.SPARSE_TENSOR,
				sparseTensor: this.sparseTensor(attribute.value)
			};
			case "graph": return {
				type: AttributeProto_AttributeType.GRAPH,
				g: this.graph(attribute.value)
			};
			case "type": return {
				type: AttributeProto_AttributeType.TYPE_PROTO,
				tp: typeToProto(attribute.value)
			};
			case "floats": return {
				type: AttributeProto_AttributeType.FLOATS,
				floats: [...attribute.value]
			};
			case "ints": return {
				type: AttributeProto_AttributeType.INTS,
				ints: [...attribute.value]
			};
			case "strings": return {
				type: AttributeProto_AttributeType.STRINGS,
				strings: [...attribute.value]
			};
			case "tensors": return {
				type: AttributeProto_AttributeType.TENSORS,
				tensors: attribute.value.map((it) => this.tensor(it, "other"))
			};
			case "graphs": return {
				type: AttributeProto_AttributeType.GRAPHS,
				graphs: attribute.value.map((it) => this.graph(it))
			};
			case "reference": return {
				type: attribute.attributeType,
				refAttrName: attribute.name
			};
			case "opaque": return this.#opaqueValue(attribute);
		}
	}
	#opaqueValue(attribute) {
		const remnant = unseal("attribute", attribute.value);
		switch (remnant.kind) {
			case "sparse-tensors": return {
				type: AttributeProto_AttributeType.SPARSE_TENSORS,
				sparseTensors: remnant.value.map((it) => this.sparseTensor(it))
			};
			case "type": return {
				type: AttributeProto_AttributeType.TYPE_PROTO,
				...remnant.value === void 0 ? {} : { tp: remnant.value }
			};
			case "types": return {
				type: AttributeProto_AttributeType.TYPE_PROTOS,
				typeProtos: remnant.value
			};
			case "none": return remnant.type === AttributeProto_AttributeType.UNDEFINED ? {} : { type: remnant.type };
		}
	}
	sparseTensor(sparse) {
		return withUnknown(create(SparseTensorProtoSchema, {
			values: this.tensor(sparse.values, "other"),
			indices: this.tensor(sparse.indices, "other"),
			dims: sparse.shape.map(BigInt)
		}), sparse.extra === void 0 ? void 0 : unseal("sparseTensor", sparse.extra).unknown);
	}
	tensor(tensor, role) {
		const remnant = tensor.extra === void 0 ? void 0 : unseal("tensor", tensor.extra);
		const proto = create(TensorProtoSchema, {
			dims: tensor.shape.map(BigInt),
			dataType: dtypeCode(tensor.dtype),
			...texts({
				name: tensor.name,
				docString: tensor.docString
			}),
			metadataProps: remnant?.metadata ?? [],
			...remnant?.segment === void 0 ? {} : { segment: remnant.segment }
		});
		withUnknown(proto, remnant?.unknown);
		if (tensor.data.kind === "strings") proto.stringData = [...tensor.data.strings];
		else this.#fill(proto, tensor.data, role);
		return proto;
	}
	#fill(proto, data, role) {
		if (data.kind === "inline" && data.bytes.byteLength <= 1024) {
			proto.rawData = data.bytes;
			return;
		}
		const place = dataLength(data) > 1024 ? this.#place(data, role) : null;
		if (place === null) {
			const marker = new BinaryWriter().uint32(this.payloads.length).finish();
			proto.$unknown = [...proto.$unknown ?? [], {
				no: markerField,
				wireType: wire.varint,
				data: marker
			}];
			this.payloads.push(data);
			return;
		}
		proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
		proto.externalData = entries(/* @__PURE__ */ new Map([
			["location", place.location],
			["offset", String(place.offset)],
			["length", String(place.length)]
		]));
	}
};
/** A node whose tensor is as good as an initializer. */
function isConstant$1(node) {
	return node.opType === "Constant" && node.domain === "";
}
function valueToProto(value) {
	const remnant = value.extra === void 0 ? void 0 : unseal("value", value.extra);
	const type = remnant?.type !== null && remnant?.type !== void 0 && remnant.type.read === value.type ? remnant.type?.message : value.type === null ? void 0 : typeToProto(value.type);
	return withUnknown(create(ValueInfoProtoSchema, {
		...texts({
			name: value.name,
			docString: value.docString
		}),
		...type === void 0 ? {} : { type },
		metadataProps: remnant?.metadata ?? []
	}), remnant?.unknown);
}
function typeToProto(type) {
	switch (type.kind) {
		case "tensor":
		case "sparse-tensor": {
			const shape = type.shape === null ? {} : { shape: shapeToProto(type.shape) };
			const value = {
				elemType: dtypeCode(type.dtype),
				...shape
			};
			return create(TypeProtoSchema, { value: type.kind === "tensor" ? {
				case: "tensorType",
				value
			} : {
				case: "sparseTensorType",
				value
			} });
		}
		case "sequence": return create(TypeProtoSchema, { value: {
			case: "sequenceType",
			value: { elemType: typeToProto(type.element) }
		} });
		case "optional": return create(TypeProtoSchema, { value: {
			case: "optionalType",
			value: { elemType: typeToProto(type.element) }
		} });
		case "map": {
			const value = {
				keyType: dtypeCode(type.key),
				valueType: typeToProto(type.value)
			};
			return create(TypeProtoSchema, { value: {
				case: "mapType",
				value
			} });
		}
	}
}
function shapeToProto(shape) {
	return create(TensorShapeProtoSchema, { dim: shape.map((dim) => {
		if (dim === null) return {};
		return typeof dim === "string" ? { value: {
			case: "dimParam",
			value: dim
		} } : { value: {
			case: "dimValue",
			value: BigInt(dim)
		} };
	}) });
}
function opsetProtos(opsets) {
	return [...opsets].map(([domain, version]) => create(OperatorSetIdProtoSchema, {
		domain,
		version: BigInt(version)
	}));
}
function entries(map) {
	return [...map ?? []].map(([key, value]) => create(StringStringEntryProtoSchema, {
		key,
		value
	}));
}
/** Only the texts that say something: an absent field is smaller than an empty one. */
function texts(fields) {
	const filled = Object.entries(fields).filter(([, text]) => text !== void 0 && text !== "");
	return Object.fromEntries(filled);
}
function withUnknown(message, unknown) {
	if (unknown !== void 0 && unknown.length > 0) message.$unknown = [...unknown];
	return message;
}
// src-main/onnx/file/model-bytes.ts
/**
* Part by part, in order.
* @throws LatheError where a file that holds weights has changed or cannot be read
*/
function* modelBytes(model) {
	for (const piece of fillSkeleton(modelToSkeleton(model, () => null)).pieces) if (piece instanceof Uint8Array) yield piece;
	else yield* dataChunks(piece);
}
// src-main/onnx/file/hash-model.ts
/** What a model in memory is, for caches: a hash of all that would be written of it. */
var known = /* @__PURE__ */ new WeakMap();
/**
* SHA-256 of the model as one file, wherever its weights lie; streamed, and worked out once for each Model.
* @throws LatheError where a file that holds weights has changed or cannot be read
*/
function hashModel(model) {
	const found = known.get(model);
	if (found !== void 0) return found;
	const hash = createHash("sha256");
	for (const part of modelBytes(model)) hash.update(part);
	const digest = hash.digest("hex");
	known.set(model, digest);
	return digest;
}
// src-main/onnx/file/file-hash.ts
/** SHA-256 of files as one; of much by a thread of its own, which may read while they are still being written. */
/** A thread takes about 20 ms to start, in which this much is hashed. */
var ownThreadBytes = 2 ** 25;
/** Read at once: what fits into the processor's cache. */
var windowBytes$1 = 2 ** 18;
/** The files need not be there before the first of their bytes is. */
function fileHash(files) {
	return files.reduce((sum, { length }) => sum + length, 0) < ownThreadBytes ? new PlainHash(files) : new ThreadHash(files);
}
var PlainHash = class {
	#files;
	constructor(files) {
		this.#files = files;
	}
	grown() {}
	async digest() {
		const hash = createHash("sha256");
		for (const { path, length } of this.#files) {
			const bytes = readFileSync(path);
			if (bytes.byteLength < length) throw unreadable(path, `it ends at byte ${bytes.byteLength}`);
			hash.update(bytes.subarray(0, length));
		}
		return hash.digest("hex");
	}
	async close() {}
};
/**
* What the thread runs: text, since a bundle holds no file of its own for it. `ready[0]` is how many bytes can be read.
*/
var threadSource = `
const { closeSync, openSync, readSync } = require('node:fs');
const { parentPort, workerData: { files, ready } } = require('node:worker_threads');
const hash = require('node:crypto').createHash('sha256');
const window = new Uint8Array(${windowBytes$1});
function grownBeyond(done) {
  for (;;) {
    const grown = Atomics.load(ready, 0);
    if (grown > done) return Number(grown);
    Atomics.wait(ready, 0, grown);
  }
}
let before = 0;
for (const { path, length } of files) {
  let descriptor = null;
  for (let at = 0; at < length;) {
    const end = Math.min(length, grownBeyond(before + at) - before);
    descriptor ??= openSync(path, 'r');
    while (at < end) {
      const read = readSync(descriptor, window, 0, Math.min(${windowBytes$1}, end - at), at);
      if (read === 0) throw new Error('it ends at byte ' + at);
      hash.update(window.subarray(0, read));
      at += read;
    }
  }
  if (descriptor !== null) closeSync(descriptor);
  before += length;
}
parentPort.postMessage(hash.digest('hex'));
`;
var ThreadHash = class {
	#ready = new BigInt64Array(new SharedArrayBuffer(8));
	#thread;
	#digest;
	constructor(files) {
		const workerData = {
			files: files.map(({ path, length }) => ({
				path,
				length
			})),
			ready: this.#ready
		};
		this.#thread = new Worker(threadSource, {
			eval: true,
			execArgv: [],
			workerData
		});
		this.#digest = new Promise((resolve, reject) => {
			this.#thread.once("message", resolve);
			this.#thread.once("error", (error) => reject(unreadable(files[0]?.path ?? "", messageOf(error), error)));
			this.#thread.once("exit", () => reject(/* @__PURE__ */ new Error("the hash was given up")));
		});
		this.#digest.catch(() => {});
	}
	grown(bytes) {
		Atomics.add(this.#ready, 0, BigInt(bytes));
		Atomics.notify(this.#ready, 0);
	}
	digest() {
		return this.#digest;
	}
	async close() {
		await this.#thread.terminate();
	}
};
function unreadable(path, why, cause) {
	return new LatheError({
		who: basename(path),
		what: `cannot be read for its hash: ${why}`,
		where: path,
		next: "see whether its disk is still there, and try again",
		code: "failed",
		cause
	});
}
// src-main/onnx/file/external-data.ts
/** External data of tensors: where it may lie, and where it lies. Source: ONNX's ExternalData document. */
/** Resolves references of one model; a file is looked at once. */
var ExternalFolder = class {
	folder;
	#files = /* @__PURE__ */ new Map();
	/** @param folder of the model file, with no link in its path */
	constructor(folder) {
		this.folder = folder;
	}
	/** Files that were referred to, relative to the folder, with `/` and in order of their names. */
	names() {
		const names = [...this.#files.values()].map(({ file }) => relative(this.folder, file).split(sep).join("/"));
		return [...new Set(names)].sort();
	}
	/**
	* The data that `external_data` entries point to.
	* @param expectedBytes taken where no length is stated
	* @throws LatheError where the path is absolute, leaves the folder or passes through a link out of it; where the
	* file is missing or too short
	*/
	resolve(who, entries, expectedBytes) {
		const location = entries.get("location") ?? "";
		const { file, stamp } = this.#file(who, location);
		const offset = wholeNumber(who, "offset", entries.get("offset") ?? "0");
		const length = wholeNumber(who, "length", entries.get("length") ?? String(expectedBytes));
		if (offset + length > stamp.bytes) throw new LatheError({
			who,
			what: `its data should be bytes ${offset} to ${offset + length} of external file "${location}", which has only ${stamp.bytes}`,
			next: "the file may be cut off or belong to another model: export or download it again"
		});
		const data = {
			kind: "file",
			file,
			stamp,
			offset,
			length
		};
		return length > 1024 ? data : {
			kind: "inline",
			bytes: readData(data, 0, length)
		};
	}
	#file(who, location) {
		const known = this.#files.get(location);
		if (known !== void 0) return known;
		const file = this.#allowedPath(who, location);
		const found = {
			file,
			stamp: stampOf(file)
		};
		this.#files.set(location, found);
		return found;
	}
	#allowedPath(who, location) {
		const refuse = (why) => new LatheError({
			who,
			what: `its external data "${location}" ${why}`,
			where: this.folder,
			next: "only files in the model's own folder are read: put the data there and mend the reference"
		});
		if (location === "") throw refuse("has no location");
		if (posix.normalize(location) === ".") throw refuse("is the folder itself");
		if (location.includes("\0")) throw refuse("is not a path");
		if (isAbsolute(location) || win32.isAbsolute(location) || /^[A-Za-z]:/.test(location)) throw refuse("is an absolute path");
		const normal = posix.normalize(location.replaceAll("\\", "/"));
		if (normal === ".." || normal.startsWith("../")) throw refuse("leaves the model's folder");
		const path = join(this.folder, location);
		let real;
		try {
			real = realpathSync(path);
		} catch (error) {
			throw new LatheError({
				who,
				what: `external data file "${location}" is missing`,
				where: this.folder,
				next: `put ${basename(location)} beside the model: it belongs to it`,
				cause: error
			});
		}
		const inside = relative(this.folder, real);
		if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw refuse("leaves the model's folder through a link");
		return real;
	}
};
function wholeNumber(who, key, text) {
	const value = Number(text);
	if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
	throw new LatheError({
		who,
		what: `${key} "${text}" of its external data is not a whole number of bytes`,
		next: whenDamaged
	});
}
// src-main/onnx/file/node-order.ts
/** What the model in memory promises of a node list, and files do not: names that are unique, and topological order. */
/** Nameless nodes become `<opType>_<index>`; of equal names all but the first get a number. */
function uniqueNames(nodes) {
	const taken = new Set(nodes.map((node) => node.name));
	if (taken.size === nodes.length && !taken.has("")) return nodes;
	const given = /* @__PURE__ */ new Set();
	const numbers = /* @__PURE__ */ new Map();
	const freshName = (wanted) => {
		let name = wanted;
		for (let number = numbers.get(wanted) ?? 1; taken.has(name); number++) {
			name = `${wanted}_${number}`;
			numbers.set(wanted, number + 1);
		}
		return name;
	};
	return nodes.map((node, index) => {
		const isFree = node.name !== "" && !given.has(node.name);
		const name = isFree ? node.name : freshName(node.name === "" ? `${node.opType}_${index}` : node.name);
		given.add(name);
		taken.add(name);
		return isFree ? node : {
			...node,
			name
		};
	});
}
/** Whether each node stands after the makers of all that it reads. */
function isSorted(nodes) {
	const pending = new Set(nodes.flatMap((node) => node.outputs));
	for (const node of nodes) {
		if (node.inputs.some((input) => input !== "" && pending.has(input))) return false;
		for (const captured of capturedBy(node)) if (pending.has(captured)) return false;
		for (const output of node.outputs) pending.delete(output);
	}
	return true;
}
// src-main/onnx/file/typed-payload.ts
/**
* Elements that lie in the typed fields of a TensorProto (`float_data`, `int32_data` …) as packed little-endian bytes.
* Floats are so already. Integers are varints of one to ten bytes: small tensors are converted at once, large ones
* when asked for, part by part, with a checkpoint kept for every 16,384 elements.
*/
var fieldOfDType = {
	float32: payloadField.float,
	complex64: payloadField.float,
	float64: payloadField.double,
	complex128: payloadField.double,
	int64: payloadField.int64,
	uint32: payloadField.uint64,
	uint64: payloadField.uint64
};
/**
* The data of a tensor whose elements are in typed fields.
* @param elements product of its dims
* @throws LatheError where the dtype does not belong into the field, and (small tensors) where the count does not fit
*/
function typedData(who, dtype, elements, payloads, source) {
	const field = fieldOfDType[dtype] ?? payloadField.int32;
	const stray = payloads.find((payload) => payload.field !== field);
	if (stray !== void 0) throw new LatheError({
		who,
		what: `${dtype} elements lie in field ${stray.field} instead of ${field}`,
		where: `${source.name}, byte ${stray.offset}`,
		next: whenDamaged
	});
	const segments = payloads.map((payload) => ({
		data: payload.bytes === null ? source.refer(payload.offset, payload.length) : {
			kind: "inline",
			bytes: payload.bytes
		},
		length: payload.length,
		packed: payload.packed
	}));
	const only = segments[0];
	const fixed = field === payloadField.float || field === payloadField.double;
	if (fixed && segments.length === 1 && only?.packed === true) return only.data;
	const length = dtypeBytes(dtype, elements);
	const width = fixed ? field === payloadField.float ? 4 : 8 : Math.max(1, dtypeBits(dtype) / 8);
	const speaker = {
		who,
		where: source.name,
		next: whenDamaged
	};
	const stream = new ElementStream(speaker, segments, fixed ? "fixed" : "varint", width, length / width);
	if (length <= 1024) return {
		kind: "inline",
		bytes: stream.read(0, length)
	};
	const stored = segments.reduce((sum, segment) => sum + segment.length, 0);
	if (length / width > (fixed ? stored / width : stored)) {
		const what = `its shape asks for ${length / width} elements, ${stored} bytes are stored`;
		throw new LatheError({
			...speaker,
			what
		});
	}
	return {
		kind: "derived",
		length,
		read: (start, end) => stream.read(start, end)
	};
}
var checkpointElements = 16384;
var readBytes = 65536;
/** Random access to elements of a row of segments. */
var ElementStream = class {
	#speaker;
	#segments;
	#encoding;
	/** Bytes of an element when unpacked from the wire. */
	#width;
	#count;
	/** Cursor of every 16,384th element; made by the first read. */
	#checkpoints;
	constructor(speaker, segments, encoding, width, count) {
		this.#speaker = speaker;
		this.#segments = segments;
		this.#encoding = encoding;
		this.#width = width;
		this.#count = count;
	}
	/** Bytes [start, end) of the little-endian elements. */
	read(start, end) {
		this.#checkpoints ??= this.#index();
		if (end <= start) return /* @__PURE__ */ new Uint8Array(0);
		const first = Math.floor(start / this.#width);
		const last = Math.ceil(end / this.#width);
		const checkpoint = Math.floor(first / checkpointElements);
		const reader = new ElementReader(this.#speaker, this.#segments, this.#encoding, this.#width, this.#checkpoints[checkpoint]);
		for (let element = checkpoint * checkpointElements; element < first; element++) reader.skip();
		const bytes = new Uint8Array((last - first) * this.#width);
		const view = new DataView(bytes.buffer);
		for (let at = 0; at < bytes.length; at += this.#width) reader.write(view, at);
		return bytes.subarray(start - first * this.#width, end - first * this.#width);
	}
	#index() {
		const reader = new ElementReader(this.#speaker, this.#segments, this.#encoding, this.#width);
		const checkpoints = [];
		let count = 0;
		for (; !reader.atEnd(); count++) {
			if (count % checkpointElements === 0) checkpoints.push(reader.cursor());
			reader.skip();
		}
		if (count !== this.#count) throw new LatheError({
			...this.#speaker,
			what: `its shape asks for ${this.#count} elements, ${count} are stored`
		});
		return checkpoints;
	}
};
/** Goes through elements one after the other. */
var ElementReader = class {
	#speaker;
	#segments;
	#encoding;
	#width;
	#segment;
	#offset;
	#window = /* @__PURE__ */ new Uint8Array(0);
	#windowStart = 0;
	#low = 0;
	#high = 0;
	constructor(speaker, segments, encoding, width, from = {
		segment: 0,
		offset: 0
	}) {
		this.#speaker = speaker;
		this.#segments = segments;
		this.#encoding = encoding;
		this.#width = width;
		this.#segment = from.segment;
		this.#offset = from.offset;
	}
	cursor() {
		return {
			segment: this.#segment,
			offset: this.#offset
		};
	}
	atEnd() {
		while (this.#segment < this.#segments.length && this.#offset >= this.#segments[this.#segment].length) {
			this.#segment++;
			this.#offset = 0;
			this.#window = /* @__PURE__ */ new Uint8Array(0);
		}
		return this.#segment >= this.#segments.length;
	}
	skip() {
		this.#readElement();
	}
	/** Puts the next element into `view` at `at`, cut to the element's width. */
	write(view, at) {
		this.#readElement();
		if (this.#width === 1) view.setUint8(at, this.#low & 255);
		else if (this.#width === 2) view.setUint16(at, this.#low & 65535, true);
		else {
			view.setUint32(at, this.#low >>> 0, true);
			if (this.#width === 8) view.setUint32(at + 4, this.#high >>> 0, true);
		}
	}
	#readElement() {
		if (this.atEnd()) throw new LatheError({
			...this.#speaker,
			what: "its stored elements end too early"
		});
		if (!this.#segments[this.#segment].packed) this.#readVarint();
		if (this.#encoding === "varint") this.#readVarint();
		else this.#readFixed();
	}
	#readFixed() {
		this.#low = this.#byte() | this.#byte() << 8 | this.#byte() << 16 | this.#byte() << 24;
		if (this.#width === 8) this.#high = this.#byte() | this.#byte() << 8 | this.#byte() << 16 | this.#byte() << 24;
	}
	/** A varint into its low and high 32 bits. */
	#readVarint() {
		let low = 0;
		let high = 0;
		for (let shift = 0; shift < 70; shift += 7) {
			const byte = this.#byte();
			const bits = byte & 127;
			if (shift < 28) low |= bits << shift;
			else if (shift === 28) {
				low |= bits << 28;
				high |= bits >>> 4;
			} else high |= bits << shift - 32;
			if (byte < 128) {
				this.#low = low;
				this.#high = high;
				return;
			}
		}
		throw new LatheError({
			...this.#speaker,
			what: "one of its stored numbers has more than ten bytes"
		});
	}
	#byte() {
		const known = this.#window[this.#offset - this.#windowStart];
		if (known !== void 0) {
			this.#offset++;
			return known;
		}
		const segment = this.#segments[this.#segment];
		if (this.#offset >= segment.length) throw new LatheError({
			...this.#speaker,
			what: "its stored elements are cut off"
		});
		this.#window = readData(segment.data, this.#offset, Math.min(segment.length, this.#offset + readBytes));
		this.#windowStart = this.#offset;
		return this.#window[this.#offset++ - this.#windowStart];
	}
};
// src-main/onnx/file/from-proto.ts
/** A skeleton's messages → the model in memory. */
/**
* The model of a decoded skeleton.
* @throws LatheError that names the tensor, node or graph that is broken
*/
function modelFromProto(proto, context) {
	return new ProtoReader(context).model(proto);
}
var ProtoReader = class {
	#context;
	constructor(context) {
		this.#context = context;
	}
	model(proto) {
		if (proto.graph === void 0) throw new LatheError({
			who: this.#context.source.name,
			what: "not an ONNX model: it has no graph",
			next: "choose a file that was exported as ONNX"
		});
		const remnant = {
			unknown: unknownOf(proto),
			configuration: proto.configuration,
			training: proto.trainingInfo.map((training) => ({
				initialization: training.initialization === void 0 ? null : this.graph(training.initialization),
				algorithm: training.algorithm === void 0 ? null : this.graph(training.algorithm),
				initializationBinding: training.initializationBinding,
				updateBinding: training.updateBinding,
				unknown: unknownOf(training)
			}))
		};
		const isEmpty = nothingIn(remnant.unknown, remnant.configuration, remnant.training);
		return {
			irVersion: this.#version("its IR version", proto.irVersion),
			opsets: this.#opsets(proto.opsetImport),
			producerName: proto.producerName,
			producerVersion: proto.producerVersion,
			domain: proto.domain,
			modelVersion: proto.modelVersion,
			docString: proto.docString,
			metadata: metadataOf(proto.metadataProps) ?? /* @__PURE__ */ new Map(),
			graph: this.graph(proto.graph),
			functions: proto.functions.map((it) => this.function(it)),
			folder: this.#context.external?.folder ?? null,
			extra: isEmpty ? void 0 : seal("model", remnant)
		};
	}
	graph(proto) {
		const initializers = /* @__PURE__ */ new Map();
		for (const tensor of proto.initializer) initializers.set(tensor.name, this.tensor(tensor));
		const nodes = uniqueNames(proto.node.map((node) => this.node(node)));
		const remnant = {
			unknown: unknownOf(proto),
			quantizationAnnotation: proto.quantizationAnnotation
		};
		return {
			name: proto.name,
			nodes: this.#sorted(proto.name, nodes),
			inputs: proto.input.map(valueFromProto),
			outputs: proto.output.map(valueFromProto),
			initializers,
			sparseInitializers: proto.sparseInitializer.map((sparse) => this.sparseTensor(sparse)),
			values: valuesByName(proto.valueInfo),
			docString: textOf(proto.docString),
			metadata: metadataOf(proto.metadataProps),
			extra: nothingIn(remnant.unknown, remnant.quantizationAnnotation) ? void 0 : seal("graph", remnant)
		};
	}
	#sorted(graph, nodes) {
		const origin = {
			where: this.#context.source.name,
			next: whenDamaged
		};
		return isSorted(nodes) ? nodes : sortTopologically(graph, nodes, origin);
	}
	function(proto) {
		const attributes = attributeRemnants(proto.attributeProto);
		const unknown = unknownOf(proto);
		const nodes = uniqueNames(proto.node.map((node) => this.node(node)));
		return {
			name: proto.name,
			domain: plainDomain(proto.domain),
			overload: proto.overload,
			inputs: proto.input,
			outputs: proto.output,
			attributeNames: proto.attribute,
			attributeDefaults: this.#attributes(proto.attributeProto),
			opsets: this.#opsets(proto.opsetImport),
			nodes: this.#sorted(proto.name, nodes),
			values: valuesByName(proto.valueInfo),
			docString: textOf(proto.docString),
			metadata: metadataOf(proto.metadataProps),
			extra: unknown.length === 0 && attributes.size === 0 ? void 0 : seal("function", {
				unknown,
				attributes
			})
		};
	}
	node(proto) {
		const remnant = {
			unknown: unknownOf(proto),
			deviceConfigurations: proto.deviceConfigurations,
			attributes: attributeRemnants(proto.attribute)
		};
		const isEmpty = nothingIn(remnant.unknown, remnant.deviceConfigurations) && remnant.attributes.size === 0;
		return {
			name: proto.name,
			opType: proto.opType,
			domain: plainDomain(proto.domain),
			inputs: proto.input,
			outputs: proto.output,
			attributes: this.#attributes(proto.attribute),
			overload: textOf(proto.overload),
			docString: textOf(proto.docString),
			metadata: metadataOf(proto.metadataProps),
			extra: isEmpty ? void 0 : seal("node", remnant)
		};
	}
	#attributes(protos) {
		return new Map(protos.map((proto) => [proto.name, this.attribute(proto)]));
	}
	attribute(proto) {
		const type = attributeTypeOf(proto);
		if (proto.refAttrName !== "") return {
			type: "reference",
			name: proto.refAttrName,
			attributeType: type
		};
		switch (type) {
			case AttributeProto_AttributeType.FLOAT: return {
				type: "float",
				value: proto.f
			};
			case AttributeProto_AttributeType.INT: return {
				type: "int",
				value: proto.i
			};
			case AttributeProto_AttributeType.STRING: return {
				type: "string",
				value: proto.s
			};
			case AttributeProto_AttributeType.TENSOR:
				if (proto.t === void 0) break;
				return {
					type: "tensor",
					value: this.tensor(proto.t)
				};
			case AttributeProto_AttributeType.SPARSE_TENSOR:
				if (proto.sparseTensor === void 0) break;
				return {
					type: "sparse-tensor",
					value: this.sparseTensor(proto.sparseTensor)
				};
			case AttributeProto_AttributeType.GRAPH:
				if (proto.g === void 0) break;
				return {
					type: "graph",
					value: this.graph(proto.g)
				};
			case AttributeProto_AttributeType.TYPE_PROTO: {
				const found = proto.tp === void 0 ? null : typeFromProto(proto.tp);
				if (found?.isExact === true && found.type !== null) return {
					type: "type",
					value: found.type
				};
				return {
					type: "opaque",
					value: seal("attribute", {
						kind: "type",
						value: proto.tp
					})
				};
			}
			case AttributeProto_AttributeType.FLOATS: return {
				type: "floats",
				value: proto.floats
			};
			case AttributeProto_AttributeType.INTS: return {
				type: "ints",
				value: proto.ints
			};
			case AttributeProto_AttributeType.STRINGS: return {
				type: "strings",
				value: proto.strings
			};
			case AttributeProto_AttributeType.TENSORS: return {
				type: "tensors",
				value: proto.tensors.map((tensor) => this.tensor(tensor))
			};
			case AttributeProto_AttributeType.GRAPHS: return {
				type: "graphs",
				value: proto.graphs.map((graph) => this.graph(graph))
			};
			case AttributeProto_AttributeType.SPARSE_TENSORS: return {
				type: "opaque",
				value: seal("attribute", {
					kind: "sparse-tensors",
					value: proto.sparseTensors.map((sparse) => this.sparseTensor(sparse))
				})
			};
			case AttributeProto_AttributeType.TYPE_PROTOS: return {
				type: "opaque",
				value: seal("attribute", {
					kind: "types",
					value: proto.typeProtos
				})
			};
			case AttributeProto_AttributeType.UNDEFINED:
		}
		return {
			type: "opaque",
			value: seal("attribute", {
				kind: "none",
				type
			})
		};
	}
	sparseTensor(proto) {
		if (proto.values === void 0 || proto.indices === void 0) throw new LatheError({
			who: "sparse tensor",
			what: "lacks its values or its indices",
			where: this.#context.source.name,
			next: whenDamaged
		});
		const unknown = unknownOf(proto);
		return {
			values: this.tensor(proto.values),
			indices: this.tensor(proto.indices),
			shape: proto.dims.map((dim) => this.#tensorDim(`sparse tensor "${proto.values?.name}"`, dim)),
			extra: unknown.length === 0 ? void 0 : seal("sparseTensor", { unknown })
		};
	}
	tensor(proto) {
		const who = `tensor "${proto.name}"`;
		const dtype = dtypeFromCode(proto.dataType);
		if (dtype === void 0) throw new LatheError({
			who,
			what: `its element type ${proto.dataType} is unknown`,
			where: this.#context.source.name,
			next: proto.dataType === 0 ? "the file may be damaged" : "it may come from a later version of ONNX"
		});
		const shape = proto.dims.map((dim) => this.#tensorDim(who, dim));
		const { markers, unknown } = splitMarkers(proto.$unknown ?? []);
		const remnant = {
			unknown,
			metadata: proto.metadataProps,
			segment: proto.segment
		};
		return {
			name: proto.name,
			dtype,
			shape,
			data: this.#tensorData(who, proto, dtype, shape, markers),
			docString: textOf(proto.docString),
			extra: nothingIn(unknown, remnant.metadata) && remnant.segment === void 0 ? void 0 : seal("tensor", remnant)
		};
	}
	#opsets(protos) {
		return new Map(protos.map(({ domain, version }) => [plainDomain(domain), this.#version(`the version of operators "${plainDomain(domain) || "ai.onnx"}"`, version)]));
	}
	/** Beyond what a number holds exactly there is no version, and it could not be written again. */
	#version(what, version) {
		const value = Number(version);
		if (Number.isSafeInteger(value)) return value;
		throw new LatheError({
			who: this.#context.source.name,
			what: `${what} is ${version}`,
			next: whenDamaged
		});
	}
	#tensorDim(who, dim) {
		const value = Number(dim);
		if (value >= 0 && Number.isSafeInteger(value)) return value;
		throw new LatheError({
			who,
			what: `one of its dims is ${dim}`,
			where: this.#context.source.name,
			next: whenDamaged
		});
	}
	#tensorData(who, proto, dtype, shape, markers) {
		const { source, payloads, external } = this.#context;
		const elements = shape.reduce((product, dim) => product * dim, 1);
		if (!Number.isSafeInteger(elements)) throw new LatheError({
			who,
			what: `its shape [${shape.join(", ")}] has too many elements`,
			where: source.name,
			next: whenDamaged
		});
		if (dtype === "string") return {
			kind: "strings",
			strings: proto.stringData
		};
		if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
			if (external === null) throw new LatheError({
				who,
				what: "has external data, but the model is not in a folder",
				where: source.name,
				next: "open the model from its file"
			});
			return external.resolve(who, metadataOf(proto.externalData) ?? /* @__PURE__ */ new Map(), dtypeBytes(dtype, elements));
		}
		const parts = markers.map((place) => payloads[place]);
		const raw = parts.findLast((payload) => payload.field === payloadField.raw);
		if (raw === void 0) return typedData(who, dtype, elements, parts, source);
		if (raw.bytes !== null) return {
			kind: "inline",
			bytes: raw.bytes
		};
		return source.refer(raw.offset, raw.length);
	}
};
/** Places in the payload list, and the fields that are truly unknown. */
function splitMarkers(fields) {
	const markers = fields.filter((field) => field.no === markerField).map((field) => varintOf(field.data));
	return {
		markers,
		unknown: markers.length === fields.length ? [] : fields.filter((field) => field.no !== markerField)
	};
}
function varintOf(bytes) {
	return bytes.reduceRight((value, byte) => value * 128 + (byte & 127), 0);
}
/** Files of IR version 1 and some writers leave the type out: it follows from the field that is filled. */
function attributeTypeOf(proto) {
	if (proto.type !== AttributeProto_AttributeType.UNDEFINED) return proto.type;
	if (proto.t !== void 0) return AttributeProto_AttributeType.TENSOR;
	if (proto.g !== void 0) return AttributeProto_AttributeType.GRAPH;
	if (proto.sparseTensor !== void 0) return AttributeProto_AttributeType.SPARSE_TENSOR;
	if (proto.tp !== void 0) return AttributeProto_AttributeType.TYPE_PROTO;
	if (proto.floats.length > 0) return AttributeProto_AttributeType.FLOATS;
	if (proto.ints.length > 0) return AttributeProto_AttributeType.INTS;
	if (proto.strings.length > 0) return AttributeProto_AttributeType.STRINGS;
	if (proto.tensors.length > 0) return AttributeProto_AttributeType.TENSORS;
	if (proto.graphs.length > 0) return AttributeProto_AttributeType.GRAPHS;
	if (proto.sparseTensors.length > 0) return AttributeProto_AttributeType.SPARSE_TENSORS;
	if (proto.typeProtos.length > 0) return AttributeProto_AttributeType.TYPE_PROTOS;
	if (isFieldSet(proto, AttributeProtoSchema.field.f)) return AttributeProto_AttributeType.FLOAT;
	if (isFieldSet(proto, AttributeProtoSchema.field.i)) return AttributeProto_AttributeType.INT;
	if (isFieldSet(proto, AttributeProtoSchema.field.s)) return AttributeProto_AttributeType.STRING;
	return AttributeProto_AttributeType.UNDEFINED;
}
function attributeRemnants(protos) {
	const remnants = /* @__PURE__ */ new Map();
	for (const proto of protos) {
		const unknown = unknownOf(proto);
		if (proto.docString !== "" || unknown.length > 0) remnants.set(proto.name, {
			docString: proto.docString,
			unknown
		});
	}
	return remnants;
}
function valuesByName(protos) {
	return new Map(protos.map((proto) => [proto.name, valueFromProto(proto)]));
}
function valueFromProto(proto) {
	const found = proto.type === void 0 ? {
		type: null,
		isExact: true
	} : typeFromProto(proto.type);
	const unknown = unknownOf(proto);
	const isEmpty = found.isExact && nothingIn(unknown, proto.metadataProps);
	const type = found.isExact || proto.type === void 0 ? null : {
		read: found.type,
		message: proto.type
	};
	return {
		name: proto.name,
		type: found.type,
		docString: textOf(proto.docString),
		extra: isEmpty ? void 0 : seal("value", {
			unknown,
			metadata: proto.metadataProps,
			type
		})
	};
}
/** The type, null where there is no word for it; `isExact` where writing it again gives an equal message. */
function typeFromProto(proto) {
	const isPlain = proto.denotation === "" && unknownOf(proto).length === 0;
	switch (proto.value.case) {
		case "tensorType": return tensorType("tensor", proto.value.value, isPlain);
		case "sparseTensorType": return tensorType("sparse-tensor", proto.value.value, isPlain);
		case "sequenceType":
		case "optionalType": {
			const kind = proto.value.case === "sequenceType" ? "sequence" : "optional";
			const element = proto.value.value.elemType === void 0 ? null : typeFromProto(proto.value.value.elemType);
			if (element === null || element.type === null) return {
				type: null,
				isExact: false
			};
			return {
				type: {
					kind,
					element: element.type
				},
				isExact: isPlain && element.isExact
			};
		}
		case "mapType": {
			const key = dtypeFromCode(proto.value.value.keyType);
			const value = proto.value.value.valueType === void 0 ? null : typeFromProto(proto.value.value.valueType);
			if (key === void 0 || value === null || value.type === null) return {
				type: null,
				isExact: false
			};
			return {
				type: {
					kind: "map",
					key,
					value: value.type
				},
				isExact: isPlain && value.isExact
			};
		}
		default: return {
			type: null,
			isExact: false
		};
	}
}
function tensorType(kind, proto, isPlain) {
	const dtype = dtypeFromCode(proto.elemType);
	if (dtype === void 0) return {
		type: null,
		isExact: false
	};
	if (proto.shape === void 0) return {
		type: {
			kind,
			dtype,
			shape: null
		},
		isExact: isPlain
	};
	const dims = proto.shape.dim;
	const isExact = isPlain && dims.every((dim) => dim.denotation === "" && unknownOf(dim).length === 0 && dim.value.value !== "" && !isNoSize(dim.value.value));
	return {
		type: {
			kind,
			dtype,
			shape: dims.map(({ value }) => {
				if (value.case === "dimParam") return value.value === "" ? null : value.value;
				return value.case === "dimValue" && !isNoSize(value.value) ? Number(value.value) : null;
			})
		},
		isExact
	};
}
/** Below 0, or more than a number holds exactly. */
function isNoSize(value) {
	return typeof value === "bigint" && (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER));
}
/** `ai.onnx` and the empty name are the same domain. */
function plainDomain(domain) {
	return domain === "ai.onnx" ? "" : domain;
}
function metadataOf(entries) {
	return entries.length === 0 ? void 0 : new Map(entries.map((entry) => [entry.key, entry.value]));
}
function textOf(text) {
	return text === "" ? void 0 : text;
}
function unknownOf(message) {
	return message.$unknown ?? [];
}
function nothingIn(...lists) {
	return lists.every((list) => list.length === 0);
}
// src-main/onnx/file/function-calls.ts
/** What calls of a model's functions may be. Source: https://onnx.ai/onnx/repo-docs/IR.html (functions). */
/**
* Runtimes put the nodes of a function in the place of each call, and recur into the calls in it: more nodes no machine
* holds, and onnxruntime 1.30 overflows its stack somewhere beyond 1,000 calls within one another.
*/
var limits = {
	nodes: 4e6,
	depth: 500
};
/**
* A call may leave out inputs and outputs of its function, and not have more: onnxruntime 1.30 ends the process where a
* function without inputs is given one. No function may come back to itself, and all calls together must stand for a
* number of nodes, and of calls within one another, that runtimes can hold.
* @throws LatheError that names the call or function
*/
function checkFunctionCalls(model, file) {
	if (model.functions.length === 0) return;
	const functionOf = calledFunction(model);
	for (const node of allNodes(model)) {
		const fn = functionOf(node);
		if (fn !== void 0) checkCall(node, fn, file);
	}
	const { nodes, depth } = extentOf(model.graph.nodes, functionOf, extentsOf(model, functionOf, file));
	const refuse = (what) => {
		throw new LatheError({
			who: file,
			what,
			next: whenDamaged
		});
	};
	if (nodes > limits.nodes) refuse(`the calls of its functions stand for ${nodes} nodes, more than ${limits.nodes}`);
	if (depth > limits.depth) refuse(`its functions call one another ${depth} deep, more than ${limits.depth}`);
}
function checkCall(call, fn, file) {
	for (const side of ["inputs", "outputs"]) {
		if (call[side].length <= fn[side].length) continue;
		throw new LatheError({
			who: `${call.opType} "${call.name}"`,
			what: `has ${call[side].length} ${side}, and the function that it calls has ${fn[side].length}`,
			where: file,
			next: whenDamaged
		});
	}
}
/** Of each function, from those that call none on. */
function extentsOf({ functions }, functionOf, file) {
	const callers = new Map(functions.map((fn) => [fn, []]));
	const pending = /* @__PURE__ */ new Map();
	for (const fn of functions) {
		const called = new Set([...withBodies(fn.nodes)].flatMap((node) => functionOf(node) ?? []));
		pending.set(fn, called.size);
		for (const callee of called) callers.get(callee)?.push(fn);
	}
	const extents = /* @__PURE__ */ new Map();
	const ready = functions.filter((fn) => pending.get(fn) === 0);
	for (let fn = ready.pop(); fn !== void 0; fn = ready.pop()) {
		extents.set(fn, extentOf(fn.nodes, functionOf, extents));
		for (const caller of callers.get(fn)) {
			const left = pending.get(caller) - 1;
			pending.set(caller, left);
			if (left === 0) ready.push(caller);
		}
	}
	const ring = functions.find((fn) => !extents.has(fn));
	if (ring === void 0) return extents;
	throw new LatheError({
		who: `function "${ring.domain}.${ring.name}"`,
		what: "calls itself, or one that does",
		where: file,
		next: whenDamaged
	});
}
function extentOf(nodes, functionOf, extents) {
	let [count, depth] = [0, 0];
	for (const node of withBodies(nodes)) {
		const fn = functionOf(node);
		const called = fn && extents.get(fn);
		count += called?.nodes ?? 1;
		if (called !== void 0) depth = Math.max(depth, called.depth + 1);
	}
	return {
		nodes: count,
		depth
	};
}
// src-main/onnx/file/other-formats.ts
/** Files that are taken for ONNX models, known by their first bytes, so that the message can say what they are. */
var exportIt = "export the model as ONNX first";
var formats = [
	{
		what: "is a Git LFS pointer, not the model itself",
		next: "fetch the file with `git lfs pull`",
		fits: (head) => head.startsWith("version https://git-lfs")
	},
	{
		what: "is a ZIP archive, as PyTorch checkpoints are",
		next: exportIt,
		fits: (head) => head.startsWith("PK")
	},
	{
		what: "is a TensorFlow Lite model",
		next: exportIt,
		fits: (head) => head.startsWith("TFL3", 4)
	},
	{
		what: "is an onnxruntime model in ORT format",
		next: "use the .onnx file that it was made from",
		fits: (head) => head.startsWith("ORTM", 4)
	},
	{
		what: "is an HDF5 file, as Keras weights are",
		next: exportIt,
		fits: (head) => head.startsWith("HDF")
	},
	{
		what: "is a GGUF model",
		next: exportIt,
		fits: (head) => head.startsWith("GGUF")
	},
	{
		what: "is a Python pickle",
		next: exportIt,
		fits: (head) => head.charCodeAt(0) === 128 && head.charCodeAt(1) <= 5
	},
	{
		what: "is a safetensors file",
		next: exportIt,
		fits: (head) => head.startsWith("{\"", 8)
	},
	{
		what: "is a web page",
		next: "download the file itself",
		fits: (head) => /^\s*<(!doctype|html)/i.test(head)
	}
];
/**
* @throws LatheError for an empty file and for a file of another well-known format
*/
function refuseOtherFormats(source) {
	if (source.length === 0) throw new LatheError({
		who: source.name,
		what: "is empty",
		next: "export or download it again"
	});
	const head = String.fromCharCode(...source.read(0, Math.min(64, source.length)));
	const format = formats.find(({ fits }) => fits(head));
	if (format !== void 0) throw new LatheError({
		who: source.name,
		what: `not an ONNX model: it ${format.what}`,
		next: format.next
	});
}
// src-main/onnx/file/read-model.ts
/** Opening a model: the structure is read, weights stay in their files. */
/**
* The model of an .onnx file. Tensors above 1 KB are references into the file or its external data, so the files must
* stay as they are while the model is in use; a change is noticed when they are next read.
* @throws LatheError that names the file and the byte, tensor or node that is wrong
*/
async function readModel(path, options = {}) {
	return openModel(path, options).model;
}
/** {@link readModel} with what else is known once the file has been read. */
function openModel(path, options = {}) {
	const given = resolve(path);
	return withFileSource(given, (source) => {
		const external = new ExternalFolder(realpathSync(options.dataFolder ?? dirname(given)));
		return {
			model: decode(source, external),
			externalData: external.names()
		};
	});
}
function decode(source, external) {
	refuseOtherFormats(source);
	const { skeleton, payloads } = scanModel(source);
	let proto;
	try {
		proto = fromBinary(ModelProtoSchema, skeleton, { recursionLimit: scanLimits.depth + 1 });
	} catch (error) {
		throw new LatheError({
			who: source.name,
			what: `not a readable ONNX model: ${messageOf(error)}`,
			next: whenDamaged,
			cause: error
		});
	}
	const model = modelFromProto(proto, {
		source,
		payloads,
		external
	});
	checkFunctionCalls(model, source.name);
	return model;
}
// src-main/onnx/file/read-tensor.ts
/** The elements of a tensor, wherever its bytes are. */
/**
* Bytes [start, end) of the tensor's little-endian packed data; all of it where no range is given. May be a view.
* @throws LatheError where the tensor holds strings, or its file has changed since the model was opened
*/
function readTensorBytes(tensor, start = 0, end = tensorByteLength(tensor)) {
	return readData(tensor.data, start, end);
}
/** What is larger is read part by part, with {@link readTensorBytes} or {@link tensorChunks}. */
var mostBytes = 2 ** 28;
/**
* The tensor as a dense array; 16-bit floats stay their bits.
* @throws LatheError where its bytes do not fit its shape or are more than 256 MB, or its dtype packs several elements
* into a byte
*/
function readTensor(tensor) {
	const { dtype, shape, data } = tensor;
	const who = `tensor "${tensor.name}"`;
	if (data.kind === "strings") {
		const decoder = new TextDecoder();
		if (data.strings.length !== elementCount(shape)) throw new LatheError({
			who,
			what: `string [${shape.join(", ")}] takes ${elementCount(shape)} texts, ${data.strings.length} are stored`,
			next: whenDamaged
		});
		return {
			dtype: "string",
			shape,
			data: data.strings.map((text) => decoder.decode(text))
		};
	}
	if (!isArrayDType(dtype)) throw new LatheError({
		who,
		what: `${dtype} has no array form`,
		next: "read its packed bytes",
		code: "failed"
	});
	const bytes = tensorByteLength(tensor);
	if (bytes !== expectedByteLength(tensor)) throw new LatheError({
		who,
		what: `${dtype} [${shape.join(", ")}] takes ${expectedByteLength(tensor)} bytes, ${bytes} are stored`,
		next: whenDamaged
	});
	if (bytes > mostBytes) throw new LatheError({
		who,
		what: `has ${bytes} bytes, more than the ${mostBytes} that are held at once`,
		next: "leave the node that reads it out of this step",
		code: "failed"
	});
	return fromBytes(dtype, shape, readTensorBytes(tensor));
}
/** The packed bytes part by part, for what must not hold a large tensor at once. */
function tensorChunks(tensor, chunkBytes) {
	if (tensor.data.kind === "strings") throw new LatheError({
		who: `tensor "${tensor.name}"`,
		what: "holds strings, which have no packed bytes",
		code: "failed"
	});
	return dataChunks(tensor.data, chunkBytes);
}
// src-main/onnx/file/spilled-weights.ts
/** Weights that lie in no file of one folder, gathered in a temporary one, so that a session can map them. */
/** Start of each tensor, so that it can be mapped. */
var alignment$1 = 4096;
var dataName = "weights.bin";
/** Files come in by a hard link, where the disk has such; all else is written. */
var SpilledWeights = class {
	#folder;
	#descriptor;
	#places = /* @__PURE__ */ new Map();
	/** Name of the link of each file; null where it cannot be linked. */
	#links = /* @__PURE__ */ new Map();
	#end = 0;
	/** @param folder made where it is missing */
	constructor(folder) {
		this.#folder = folder;
		mkdirSync(folder, { recursive: true });
		this.#descriptor = openSync(join(folder, dataName), "w");
	}
	/** @throws LatheError where the disk is full, or a source file has changed */
	place(data) {
		const key = sharedKey(data);
		const place = this.#places.get(key) ?? this.#linked(data) ?? this.#write(data);
		this.#places.set(key, place);
		return place;
	}
	close() {
		closeSync(this.#descriptor);
	}
	#linked(data) {
		if (data.kind !== "file") return null;
		let location = this.#links.get(data.file);
		if (location === void 0) {
			location = this.#link(data.file, `linked-${this.#links.size}.bin`);
			this.#links.set(data.file, location);
		}
		return location === null ? null : {
			location,
			offset: data.offset,
			length: data.length
		};
	}
	#link(file, name) {
		try {
			linkSync(file, join(this.#folder, name));
			return name;
		} catch {
			return null;
		}
	}
	#write(data) {
		const offset = Math.ceil(this.#end / alignment$1) * alignment$1;
		let at = offset;
		for (const chunk of dataChunks(data)) {
			for (let done = 0; done < chunk.byteLength;) done += this.#writeSome(chunk.subarray(done), at + done);
			at += chunk.byteLength;
		}
		this.#end = at;
		return {
			location: dataName,
			offset,
			length: dataLength(data)
		};
	}
	#writeSome(bytes, position) {
		try {
			return writeSync(this.#descriptor, bytes, 0, bytes.byteLength, position);
		} catch (cause) {
			throw new LatheError({
				who: "temporary file of changed weights",
				what: `cannot be written after ${Math.round(position / 1e6)} MB (${messageOf(cause)})`,
				where: this.#folder,
				next: "free some space on that disk, or name a folder on a larger one in the environment variable TMPDIR",
				code: "failed",
				cause
			});
		}
	}
};
// src-main/onnx/file/skeleton-bytes.ts
/** What a session is made from: the structure of a model with its weights left in their files. */
/** No single buffer is larger. */
var maxBytes = 256 * 2 ** 20;
/** Weights up to this sum are given to a session from memory. The runtime copies them, more than once. */
var heldBytes$2 = 64 * 2 ** 20;
/**
* A ModelProto whose larger initializers and constants are external data relative to `folder`, whether they lie in the user's
* external data or in the .onnx file itself. What lies in no file of that folder is inline; where that is much, all is
* gathered in a temporary folder.
* @throws LatheError where a file has changed since the model was opened, more than 256 MB would be inline, or the
* temporary folder cannot be written
*/
function skeletonBytes(model, spill) {
	const files = /* @__PURE__ */ new Map();
	const withPlaces = (place) => modelToSkeleton(model, (data, role) => {
		const placed = role === "other" ? null : place(data);
		if (placed !== null && data.kind === "file") files.set(data.file, data.stamp);
		return placed;
	});
	const folder = busiestFolder(model);
	let held = 0;
	const mapped = withPlaces((data) => {
		const place = folder === null ? null : placeIn(folder, data);
		if (place === null) held += dataLength(data);
		return place;
	});
	if (held <= (spill.heldBytes ?? heldBytes$2)) return whole(model, mapped, folder, files);
	files.clear();
	const spillFolder = spill.folder();
	const spilled = new SpilledWeights(spillFolder);
	try {
		return whole(model, withPlaces((data) => spilled.place(data)), spillFolder, files);
	} finally {
		spilled.close();
	}
}
function placeIn(folder, data) {
	if (data.kind !== "file" || !isWithin(folder, dirname(data.file))) return null;
	return {
		location: relative(folder, data.file).split(sep).join("/"),
		offset: data.offset,
		length: data.length
	};
}
function whole(model, skeleton, folder, files) {
	for (const [file, stamp] of files) checkUnchanged(file, stamp);
	const { pieces, length } = fillSkeleton(skeleton);
	if (length > maxBytes) throw new LatheError({
		who: `model "${model.graph.name}"`,
		what: `holds ${Math.round(length / 2 ** 20)} MB besides its initializers and constants, more than a session takes from memory`,
		next: "make weights of them: export it again",
		code: "failed"
	});
	const bytes = new Uint8Array(length);
	let at = 0;
	for (const piece of pieces) for (const part of piece instanceof Uint8Array ? [piece] : dataChunks(piece)) {
		bytes.set(part, at);
		at += part.byteLength;
	}
	return {
		bytes,
		folder
	};
}
/** A session knows one folder: the one that has most of the weights in or below it. */
function busiestFolder(model) {
	const bytesByFolder = /* @__PURE__ */ new Map();
	modelToSkeleton(model, (data, role) => {
		if (data.kind !== "file" || role === "other") return null;
		const folder = dirname(data.file);
		bytesByFolder.set(folder, (bytesByFolder.get(folder) ?? 0) + data.length);
		return null;
	});
	if (bytesByFolder.size === 0) return null;
	const candidates = [...bytesByFolder.keys(), ...model.folder === null ? [] : [model.folder]];
	const weight = (folder) => {
		let sum = 0;
		for (const [other, bytes] of bytesByFolder) if (isWithin(folder, other)) sum += bytes;
		return sum;
	};
	return candidates.reduce((best, folder) => weight(folder) > weight(best) ? folder : best);
}
function isWithin(folder, other) {
	return other === folder || other.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
// src-main/onnx/file/spill.ts
/** Bytes that are made once and are too many to be held: a file of the job, read part by part. */
/** Writes `bytes` to `file`, which must live as long as what is returned is read. */
function spill(bytes, file) {
	writeFileSync(file, bytes);
	const read = (start, end) => {
		const part = new Uint8Array(end - start);
		const descriptor = openSync(file, "r");
		try {
			readSync(descriptor, part, 0, part.length, start);
		} finally {
			closeSync(descriptor);
		}
		return part;
	};
	return {
		kind: "derived",
		length: bytes.byteLength,
		read
	};
}
// src-main/onnx/file/text/type-names.ts
/** Where the textual name differs from ours. */
var differing = {
	float: "float32",
	double: "float64"
};
var dtypes = new Map([...[
	"uint8",
	"int8",
	"uint16",
	"int16",
	"int32",
	"int64",
	"string",
	"bool",
	"float16",
	"uint32",
	"uint64",
	"complex64",
	"complex128",
	"bfloat16",
	"float8e4m3fn",
	"float8e4m3fnuz",
	"float8e5m2",
	"float8e5m2fnuz",
	"uint4",
	"int4",
	"float4e2m1",
	"float8e8m0",
	"uint2",
	"int2"
].map((dtype) => [dtype, dtype]), ...Object.entries(differing)]);
new Map([...dtypes].map(([name, dtype]) => [dtype, name]));
// src-main/onnx/file/living-process.ts
/** Whether the process that left something behind is still there. */
/** Ticks since boot at which a process began; null where the system does not tell, or there is no such process. */
function startOf(pid) {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
	} catch {
		return null;
	}
}
/** @param startedAt tells it from a later process of the same number; null where it was not told */
function isAlive(pid, startedAt) {
	try {
		process.kill(pid, 0);
	} catch (thrown) {
		if (thrown.code === "ESRCH") return false;
	}
	const now = startOf(pid);
	return now === null || startedAt === null || now === startedAt;
}
// src-main/onnx/file/unfinished.ts
/** Names for what is being written, which say by whom, so that what a killed process left is told apart and removed. */
/** A folder may be shared by machines and containers, which count their processes each from the start. */
var host = hostname().replaceAll(/[^A-Za-z0-9]/g, "");
var ownStart = startOf(process.pid) ?? "unknown";
/** The name of a file or folder that will take its place as `name` in the same folder once it is whole. */
function unfinishedName(name) {
	return `.${name}.${process.pid}-${ownStart}-${host}-${randomUUID().slice(0, 8)}.unfinished`;
}
var pattern = /^\..+\.(\d+)-(?:(\d+)|unknown)-([A-Za-z0-9]*)-[0-9a-f]{8}\.unfinished$/;
/** Removes from `folder` what processes of this machine that are no longer there were writing. */
async function removeAbandoned(folder) {
	for (const entry of await readdir(folder).catch(() => [])) {
		const [, pid, start, where] = pattern.exec(entry) ?? [];
		if (pid === void 0 || where !== host || isAlive(Number(pid), start ?? null)) continue;
		await rm(join(folder, entry), {
			recursive: true,
			force: true,
			maxRetries: 3
		}).catch(() => {});
	}
}
// src-main/kernels/channels.ts
/** Adding and taking away 1.5 · 2^52 rounds a float64 to the nearest whole number, ties to even, as ONNX asks. */
var ROUND = 6755399441055744;
/** Calls `visit(channel, start, end)` for each run of elements of one channel. */
function eachRun$1(length, channels, inner, first, visit) {
	if (channels === 1) {
		visit(0, 0, length);
		return;
	}
	for (let start = 0; start < length;) {
		const place = first + start;
		const end = Math.min(length, start + inner - place % inner);
		visit(Math.floor(place / inner) % channels, start, end);
		start = end;
	}
}
/**
* Raises `largest[channel]` to the largest |x| of that channel. Start with zeros. NaN is passed over.
* @param largest [channels]
*/
function channelAbsMax$1(x, channels, inner, first, largest) {
	if (inner === 1 && channels > 1) {
		let channel = first % channels;
		for (let i = 0; i < x.length; i++) {
			const magnitude = Math.abs(x[i]);
			if (magnitude > largest[channel]) largest[channel] = magnitude;
			if (++channel === channels) channel = 0;
		}
		return;
	}
	eachRun$1(x.length, channels, inner, first, (channel, start, end) => {
		let max = largest[channel];
		for (let i = start; i < end; i++) {
			const magnitude = Math.abs(x[i]);
			if (magnitude > max) max = magnitude;
		}
		largest[channel] = max;
	});
}
/**
* Widens `min[channel]`…`max[channel]` to hold every x of that channel. Start with +Infinity and −Infinity. NaN is
* passed over.
* @param min [channels]
* @param max [channels]
*/
function channelRange$1(x, channels, inner, first, min, max) {
	if (inner === 1 && channels > 1) {
		let channel = first % channels;
		for (let i = 0; i < x.length; i++) {
			const value = x[i];
			if (value < min[channel]) min[channel] = value;
			if (value > max[channel]) max[channel] = value;
			if (++channel === channels) channel = 0;
		}
		return;
	}
	eachRun$1(x.length, channels, inner, first, (channel, start, end) => {
		let low = min[channel];
		let high = max[channel];
		for (let i = start; i < end; i++) {
			const value = x[i];
			if (value < low) low = value;
			if (value > high) high = value;
		}
		min[channel] = low;
		max[channel] = high;
	});
}
/** How many values are NaN or infinite. */
function countNonFinite$1(x) {
	const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
	let count = 0;
	for (let i = 0; i < bits.length; i++) if ((bits[i] & 2139095040) === 2139095040) count++;
	return count;
}
/**
* ONNX QuantizeLinear with a scale a channel: code = clamp(round(x / scale) + zero point, low, high), the quotient in
* float32 and ties to even, so that the codes are those of onnxruntime. NaN takes the code `low`.
*
* @param scales [channels], each finite and above 0
* @param zeroPoints [channels]; null where all are 0
* @param low smallest code, e.g. −128, −127, 0
* @param high largest code
* @param codes as long as `x`; null where only the error is asked for
* @param errors [channels]: Σ (scale · (code − zero point) − x)² is added to it, where it is not null. The terms of a
* run of one channel are summed in eight interleaved lanes, so that a vector unit can give the same bits.
*/
function quantizeChannels$1(x, channels, inner, first, scales, zeroPoints, low, high, codes, errors) {
	if (inner === 1 && channels > 1) {
		quantizeInterleaved(x, channels, first, scales, zeroPoints, low, high, codes, errors);
		return;
	}
	const lanes = /* @__PURE__ */ new Float64Array(8);
	eachRun$1(x.length, channels, inner, first, (channel, start, end) => {
		const scale = scales[channel];
		const zeroPoint = zeroPoints === null ? 0 : zeroPoints[channel];
		const least = low - zeroPoint;
		const most = high - zeroPoint;
		lanes.fill(0);
		for (let i = start; i < end; i++) {
			const whole = roundInto(Math.fround(x[i] / scale), least, most);
			if (codes !== null) codes[i] = whole + zeroPoint;
			if (errors !== null) {
				const error = Math.fround(whole * scale) - x[i];
				lanes[i - start & 7] += error * error;
			}
		}
		if (errors !== null) errors[channel] += sumOfLanes(lanes);
	});
}
function quantizeInterleaved(x, channels, first, scales, zeroPoints, low, high, codes, errors) {
	let channel = first % channels;
	for (let i = 0; i < x.length; i++) {
		const scale = scales[channel];
		const zeroPoint = zeroPoints === null ? 0 : zeroPoints[channel];
		const whole = roundInto(Math.fround(x[i] / scale), low - zeroPoint, high - zeroPoint);
		if (codes !== null) codes[i] = whole + zeroPoint;
		if (errors !== null) {
			const error = Math.fround(whole * scale) - x[i];
			errors[channel] += error * error;
		}
		if (++channel === channels) channel = 0;
	}
}
/** The nearest whole number inside least…most, ties to even; NaN gives `least`. */
function roundInto(value, least, most) {
	return (value > least ? Math.min(value, most) : least) + ROUND - ROUND;
}
function sumOfLanes(lanes) {
	const [a, b, c, d, e, f, g, h] = lanes;
	return a + e + (c + g) + (b + f + (d + h));
}
// src-main/kernels/blocks.ts
/**
* Weights of few bits with a scale for each block of inputs, packed as com.microsoft.MatMulNBits takes them
* (onnxruntime, docs/ContribOperators.md). W [inputs, outputs]; blocks of `block` inputs; blocks = ⌈inputs / block⌉.
*
* - codes [outputs, blocks, block · bits / 8]: the first input of a byte in its lowest bits; beyond the last input the
*   bits are zero;
* - scales [outputs, blocks];
* - zero points [outputs, ⌈blocks · bits / 8⌉], packed alike; symmetric blocks have none: theirs is 2^(bits−1).
*
* A value is w ≈ scale · (code − zero point). All arithmetic is float32, each operation rounded, so that native code
* gives the same bytes.
*/
var f$3 = Math.fround;
/**
* Scale and zero point of `count` values that lie `stride` apart.
*
* Symmetric: the value of largest magnitude takes the code 0, the end of the grid that has one step more. Otherwise the
* grid runs from the least to the largest value, zero included. With `clipSteps` > 1 the range is shrunk in that many
* equal steps down to just above half, and the step of least squared error is taken, the widest among equals.
*/
function blockGrid(x, start, stride, count, bits, symmetric, clipSteps, grid) {
	let low = 0;
	let high = 0;
	for (let i = 0, at = start; i < count; i++, at += stride) {
		const value = x[at];
		if (value < low) low = value;
		if (value > high) high = value;
	}
	let best = Infinity;
	let scale = 0;
	let zeroPoint = 2 ** (bits - 1);
	for (let step = 0; step < Math.max(1, clipSteps); step++) {
		const shrink = f$3(1 - step / (2 * Math.max(1, clipSteps)));
		const tried = tryGrid(f$3(low * shrink), f$3(high * shrink), bits, symmetric, trial);
		const error = clipSteps > 1 ? gridError(x, start, stride, count, bits, tried) : 0;
		if (error < best) {
			best = error;
			scale = tried.scale;
			zeroPoint = tried.zeroPoint;
		}
	}
	grid.scale = scale;
	grid.zeroPoint = zeroPoint;
}
var trial = {
	scale: 0,
	zeroPoint: 0
};
function tryGrid(low, high, bits, symmetric, grid) {
	const half = 2 ** (bits - 1);
	if (symmetric) {
		grid.scale = f$3((-low >= high ? low : high) / -half);
		grid.zeroPoint = half;
		return grid;
	}
	const most = 2 ** bits - 1;
	grid.scale = f$3(f$3(high - low) / most);
	grid.zeroPoint = grid.scale === 0 ? half : Math.min(most, f$3(f$3(-low / grid.scale) + ROUND - ROUND));
	return grid;
}
/** Σ (scale · whole − x)², summed in order in float32. */
function gridError(x, start, stride, count, bits, { scale, zeroPoint }) {
	const inverse = scale === 0 ? 0 : f$3(1 / scale);
	const least = -zeroPoint;
	const most = 2 ** bits - 1 - zeroPoint;
	let sum = 0;
	for (let i = 0, at = start; i < count; i++, at += stride) {
		const scaled = f$3(x[at] * inverse);
		const difference = f$3(f$3(((scaled > least ? Math.min(scaled, most) : least) + ROUND - ROUND) * scale) - x[at]);
		sum = f$3(sum + f$3(difference * difference));
	}
	return sum;
}
/** The nearest whole number inside least…most, ties to even; NaN gives `least`. */
function wholeOf(value, least, most) {
	return (value > least ? Math.min(value, most) : least) + ROUND - ROUND;
}
/**
* Codes, scales and zero points of a matrix, packed.
* @param x [inputs, outputs]
* @param block 16, 32, 64 …
* @param bits 2, 4 or 8
* @param clipSteps 1 = the full range; 20 = twenty ranges tried
* @param zeroPoints null for symmetric blocks
*/
function quantizeBlocks$1(x, inputs, outputs, block, bits, clipSteps, codes, scales, zeroPoints) {
	const blocks = Math.ceil(inputs / block);
	const bytes = block * bits / 8;
	const zeroBytes = Math.ceil(blocks * bits / 8);
	const grid = {
		scale: 0,
		zeroPoint: 0
	};
	const values = new Float32Array(block);
	zeroPoints?.fill(middles(bits));
	for (let output = 0; output < outputs; output++) for (let at = 0; at < blocks; at++) {
		const first = at * block;
		const count = Math.min(block, inputs - first);
		for (let i = 0, from = first * outputs + output; i < count; i++, from += outputs) values[i] = x[from];
		blockGrid(values, 0, 1, count, bits, zeroPoints === null, clipSteps, grid);
		const place = output * blocks + at;
		scales[place] = grid.scale;
		if (zeroPoints !== null) putBits(zeroPoints, output * zeroBytes, at, bits, grid.zeroPoint);
		const { scale, zeroPoint } = grid;
		const most = 2 ** bits - 1;
		packBlock(values, count, bits, scale, 0, -zeroPoint, most - zeroPoint, zeroPoint, codes, place * bytes);
	}
}
/**
* Codes of a matrix on given grids, packed: nearest(x / scale + zero) + shift.
* @param x [inputs, outputs]
* @param bits 2, 4 or 8
* @param levelBits of the range: at most `bits`
* @param scales [outputs, blocks]
* @param zeros [outputs, blocks], any numbers
*/
function quantizeOnGrids$1(x, inputs, outputs, block, bits, levelBits, shift, scales, zeros, codes) {
	const blocks = Math.ceil(inputs / block);
	const bytes = block * bits / 8;
	const values = new Float32Array(block);
	for (let output = 0; output < outputs; output++) for (let at = 0; at < blocks; at++) {
		const first = at * block;
		const count = Math.min(block, inputs - first);
		for (let i = 0, from = first * outputs + output; i < count; i++, from += outputs) values[i] = x[from];
		const place = output * blocks + at;
		packBlock(values, count, bits, scales[place], zeros[place], 0, 2 ** levelBits - 1, shift, codes, place * bytes);
	}
}
/** nearest(value / scale + zero) inside least…most, + shift, of the first `count` values, into bytes from `start` on. */
function packBlock(values, count, bits, scale, zero, least, most, shift, codes, start) {
	const inverse = scale === 0 ? 0 : f$3(1 / scale);
	const perByte = 8 / bits;
	const end = start + values.length / perByte;
	for (let byte = start, i = 0; byte < end; byte++) {
		let packed = 0;
		for (let part = 0; part < perByte; part++, i++) {
			if (i >= count) break;
			packed |= wholeOf(f$3(f$3(values[i] * inverse) + zero), least, most) + shift << part * bits;
		}
		codes[byte] = packed;
	}
}
/** Writes the `index`-th value of `bits` bits after byte `start`. */
function putBits(bytes, start, index, bits, value) {
	const bit = index * bits;
	const others = ~(2 ** bits - 1 << (bit & 7));
	bytes[start + (bit >> 3)] = bytes[start + (bit >> 3)] & others | value << (bit & 7);
}
/** A byte of zero points 2^(bits−1): what onnxruntime's packer leaves where there is no block. */
function middles(bits) {
	return {
		2: 170,
		4: 136,
		8: 128
	}[bits];
}
function getBits(bytes, start, index, bits) {
	const bit = index * bits;
	return bytes[start + (bit >> 3)] >> (bit & 7) & 2 ** bits - 1;
}
/** The matrix that packed blocks stand for. @param x [inputs, outputs], written */
function dequantizeBlocks(codes, scales, zeroPoints, inputs, outputs, block, bits, x) {
	const blocks = Math.ceil(inputs / block);
	const bytes = block * bits / 8;
	const zeroBytes = Math.ceil(blocks * bits / 8);
	for (let output = 0; output < outputs; output++) for (let input = 0; input < inputs; input++) {
		const at = Math.floor(input / block);
		const place = output * blocks + at;
		const zeroPoint = zeroPoints === null ? 2 ** (bits - 1) : getBits(zeroPoints, output * zeroBytes, at, bits);
		const code = getBits(codes, place * bytes, input - at * block, bits);
		x[input * outputs + output] = scales[place] * (code - zeroPoint);
	}
}
/**
* Packs codes that lie one a byte, as {@link quantizeBlocks} would.
* @param codes [inputs, outputs]
* @param zeroPoints [blocks, outputs]; null where all are 2^(bits−1)
* @param packed [outputs, blocks, block · bits / 8]
* @param packedZeroPoints [outputs, ⌈blocks · bits / 8⌉]; null with `zeroPoints`
*/
function packBlocks(codes, zeroPoints, inputs, outputs, block, bits, packed, packedZeroPoints) {
	const blocks = Math.ceil(inputs / block);
	const bytes = block * bits / 8;
	const zeroBytes = Math.ceil(blocks * bits / 8);
	packed.fill(0);
	packedZeroPoints?.fill(middles(bits));
	for (let output = 0; output < outputs; output++) for (let at = 0; at < blocks; at++) {
		if (zeroPoints !== null && packedZeroPoints !== null) putBits(packedZeroPoints, output * zeroBytes, at, bits, zeroPoints[at * outputs + output]);
		const count = Math.min(block, inputs - at * block);
		for (let i = 0; i < count; i++) putBits(packed, (output * blocks + at) * bytes, i, bits, codes[(at * block + i) * outputs + output]);
	}
}
/**
* Packs whole zero points of blocks.
* @param zeros [outputs, blocks]
* @param zeroPoints [outputs, ⌈blocks · bits / 8⌉], written
*/
function packZeroPoints(zeros, blocks, bits, zeroPoints) {
	const perByte = 8 / bits;
	const rest = middles(bits);
	for (let at = 0, byte = 0; at < zeros.length; byte++) {
		const end = Math.min(at + perByte, (Math.floor(at / blocks) + 1) * blocks);
		let packed = 0;
		let bit = 0;
		for (; at < end; at++, bit += bits) packed |= zeros[at] << bit;
		zeroPoints[byte] = packed | rest >> bit << bit;
	}
}
/**
* Packed codes as ONNX keeps a matrix of few bits: elements side by side, the first of a byte in its lowest bits.
* @param codes [outputs, blocks, block · bits / 8]
* @param flip bits to turn over: 2^(bits−1) makes codes that count from the middle signed ones
* @param outputsFirst gives [outputs, inputs], else [inputs, outputs]
*/
function flattenBlocks(codes, inputs, outputs, block, bits, flip, outputsFirst) {
	const rowBytes = Math.ceil(inputs / block) * block * bits / 8;
	const flat = new Uint8Array(Math.ceil(inputs * outputs * bits / 8));
	for (let output = 0; output < outputs; output++) for (let input = 0; input < inputs; input++) {
		const code = getBits(codes, output * rowBytes, input, bits) ^ flip;
		const bit = (outputsFirst ? output * inputs + input : input * outputs + output) * bits;
		flat[bit >> 3] |= code << (bit & 7);
	}
	return flat;
}
// src-main/kernels/block-grids.ts
/**
* Where the codes of a block of weights lie: x ≈ scale · (code − zero), codes 0…most, the zero point a number of any kind.
* W [inputs, outputs]; blocks of `block` inputs along them; blocks = ⌈inputs / block⌉; scales and zeros [outputs, blocks].
* All arithmetic is float32, each operation rounded and sums in order, so that native code gives the same bytes.
*/
var f$2 = Math.fround;
/** What a zero point may be. */
var zeroKinds = {
	none: 0,
	integer: 1,
	float: 2
};
/** A grid for each block of each output of a matrix [inputs, outputs]. */
function eachBlock(x, inputs, outputs, block, find, scales, zeros) {
	const blocks = Math.ceil(inputs / block);
	const values = new Float32Array(block);
	const grid = {
		scale: 0,
		zeroPoint: 0
	};
	for (let output = 0; output < outputs; output++) for (let at = 0; at < blocks; at++) {
		const count = Math.min(block, inputs - at * block);
		for (let i = 0; i < count; i++) values[i] = x[(at * block + i) * outputs + output];
		find(values, count, grid);
		scales[output * blocks + at] = grid.scale;
		zeros[output * blocks + at] = grid.zeroPoint;
	}
}
/** Grids with float zero points from the least to the largest value of each block. @param x [inputs, outputs] */
function spanningGrids$1(x, inputs, outputs, block, levelBits, scales, zeros) {
	const most = 2 ** levelBits - 1;
	eachBlock(x, inputs, outputs, block, (values, count, grid) => spanningGrid(values, count, most, grid), scales, zeros);
}
/**
* Grids by {@link blockGrid}: the range of each block with zero, or the one of least squared error among `clipSteps` shrunken
* ones.
* @param x [inputs, outputs]
* @param zeroKind `none` or `integer` of {@link zeroKinds}
*/
function rangeGrids$1(x, inputs, outputs, block, levelBits, zeroKind, clipSteps, scales, zeros) {
	const isSymmetric = zeroKind === zeroKinds.none;
	const find = (values, count, grid) => blockGrid(values, 0, 1, count, levelBits, isSymmetric, clipSteps, grid);
	eachBlock(x, inputs, outputs, block, find, scales, zeros);
}
/**
* Grids with float zero points by HQQ (Badri and Shaji 2023, "Half-quadratic quantization"): scales as
* {@link spanningGrids} has them, zero points moved as long as Σ|x − x̂|^0.7 shrinks.
* @param x [inputs, outputs]
*/
function halfQuadraticGrids$1(x, inputs, outputs, block, levelBits, scales, zeros) {
	const most = 2 ** levelBits - 1;
	const find = (values, count, grid) => halfQuadraticGrid(values, count, most, grid);
	eachBlock(x, inputs, outputs, block, find, scales, zeros);
}
/**
* Grids by k-quant (llama.cpp, "k-quants", pull request 1684): several step sizes are tried; each time the codes are held
* and scale and zero point are fitted to them by least squares, a weight counting as √mean(x²) + |x|. The fit that leaves
* the least weighted error is taken.
* @param x [inputs, outputs]
* @param zeroKind of {@link zeroKinds}
*/
function fittedGrids$1(x, inputs, outputs, block, levelBits, zeroKind, scales, zeros) {
	const most = 2 ** levelBits - 1;
	const find = (values, count, grid) => fittedGrid(values, count, most, zeroKind, grid);
	eachBlock(x, inputs, outputs, block, find, scales, zeros);
}
/** From the least to the largest value, zero included or not. */
function spanningGrid(values, count, most, grid) {
	const { low, high } = rangeOf(values, count, Infinity, -Infinity);
	grid.scale = high === low ? Math.abs(high) || 1 : f$2(f$2(high - low) / most);
	grid.zeroPoint = f$2(-low / grid.scale);
}
function rangeOf(values, count, low, high) {
	for (let i = 0; i < count; i++) {
		if (values[i] < low) low = values[i];
		if (values[i] > high) high = values[i];
	}
	return {
		low,
		high
	};
}
/** Step sizes that are tried: the range is cut into most − 1 … most + 1 parts. */
var trials = 21;
function fittedGrid(values, count, most, zeroKind, grid) {
	const isFloat = zeroKind === zeroKinds.float;
	const isSymmetric = zeroKind === zeroKinds.none;
	const { low, high } = isFloat ? rangeOf(values, count, Infinity, -Infinity) : rangeOf(values, count, 0, 0);
	const half = (most + 1) / 2;
	if (high === low) {
		if (isFloat) spanningGrid(values, count, most, grid);
		else {
			grid.scale = 0;
			grid.zeroPoint = half;
		}
		return;
	}
	const parts = isSymmetric ? half : most;
	const span = isSymmetric ? -low >= high ? -low : -high : f$2(high - low);
	weigh(values, count, isFloat ? low : 0);
	grid.scale = f$2(span / parts);
	grid.zeroPoint = isFloat ? f$2(-low / grid.scale) : half;
	let mostGain = 0;
	for (let trial = 0; trial < trials; trial++) {
		const scale = f$2(span / f$2(parts - 1 + trial / 10));
		const zero = isSymmetric ? half : isFloat ? 0 : wholeOf(f$2(-low / scale), 0, most);
		fitTo(count, scale, -zero, most - zero, isFloat);
		if (!(fit.gain > mostGain)) continue;
		mostGain = fit.gain;
		grid.scale = fit.scale;
		grid.zeroPoint = isFloat ? f$2(-f$2(low + fit.origin) / fit.scale) : zero;
	}
}
/** A block as the fits see it: x from its origin, weights u = √mean(x²) + |x|, u·x, and the sums of both. */
var weighed = {
	x: /* @__PURE__ */ new Float32Array(256),
	u: /* @__PURE__ */ new Float32Array(256),
	ux: /* @__PURE__ */ new Float32Array(256),
	sumOfU: 0,
	sumOfUx: 0
};
function weigh(values, count, origin) {
	if (weighed.x.length < count) for (const name of [
		"x",
		"u",
		"ux"
	]) weighed[name] = new Float32Array(count);
	const { x, u, ux } = weighed;
	let power = 0;
	for (let i = 0; i < count; i++) power = f$2(power + f$2(values[i] * values[i]));
	const spread = f$2(Math.sqrt(f$2(power / count)));
	let [sumOfU, sumOfUx] = [0, 0];
	for (let i = 0; i < count; i++) {
		x[i] = values[i] - origin;
		u[i] = spread + Math.abs(values[i]);
		ux[i] = u[i] * x[i];
		sumOfU = f$2(sumOfU + u[i]);
		sumOfUx = f$2(sumOfUx + ux[i]);
	}
	weighed.sumOfU = sumOfU;
	weighed.sumOfUx = sumOfUx;
}
/** The fit to one set of codes: `gain` is what it takes off Σ u·x². */
var fit = {
	scale: 0,
	origin: 0,
	gain: 0
};
/** Codes least…most on the given step, then the step (and the origin, where it moves) that fits those codes best. */
function fitTo(count, scale, least, most, moves) {
	const { x, u, ux, sumOfU, sumOfUx } = weighed;
	const inverse = scale === 0 ? 0 : f$2(1 / scale);
	let [uc, ucc, ucx] = [
		0,
		0,
		0
	];
	for (let i = 0; i < count; i++) {
		const steps = f$2(x[i] * inverse);
		const code = (steps > least ? Math.min(steps, most) : least) + ROUND - ROUND;
		const weightedCode = f$2(u[i] * code);
		uc = f$2(uc + weightedCode);
		ucc = f$2(ucc + f$2(weightedCode * code));
		ucx = f$2(ucx + f$2(ux[i] * code));
	}
	if (!moves) {
		fit.scale = f$2(ucx / ucc);
		fit.gain = f$2(ucx * fit.scale);
		return;
	}
	const mean = f$2(uc / sumOfU);
	const spreadOfCodes = f$2(ucc - f$2(uc * mean));
	const together = f$2(ucx - f$2(mean * sumOfUx));
	fit.scale = f$2(together / spreadOfCodes);
	fit.origin = f$2(f$2(sumOfUx - f$2(fit.scale * uc)) / sumOfU);
	fit.gain = f$2(together * fit.scale);
}
/** Rounds of HQQ and its weight β with what that grows by, as its authors set them. Their norm is 0.7. */
var rounds = 20;
var firstBeta = 10;
var growth = f$2(1.01);
function halfQuadraticGrid(values, count, most, grid) {
	spanningGrid(values, count, most, grid);
	const { scale } = grid;
	const inverse = f$2(1 / scale);
	let zero = grid.zeroPoint;
	let least = Infinity;
	for (let round = 0, beta = firstBeta; round <= rounds; round++, beta = f$2(beta * growth)) {
		let error = 0;
		let next = 0;
		for (let i = 0; i < count; i++) {
			const code = nearestCode(f$2(f$2(values[i] * inverse) + zero), most);
			const rest = f$2(values[i] - f$2(f$2(code - zero) * scale));
			const size = Math.abs(rest);
			const power = rootedInverse(Math.max(size, leastSize));
			error = f$2(error + f$2(size * power));
			const shrunk = f$2(size - f$2(power / beta));
			const kept = Math.sign(rest) * Math.max(shrunk, 0);
			next = f$2(next + f$2(code - f$2(f$2(values[i] - kept) * inverse)));
		}
		if (!(error < least)) return;
		least = error;
		grid.zeroPoint = zero;
		zero = f$2(next / count);
	}
}
/** Below it a difference is as good as none, and {@link rootedInverse} would leave the range of float32. */
var leastSize = 2 ** -100;
var [slope, start$1] = [f$2(-.3), f$2(1.3 * 2 ** 23 * 126.955)];
var [share$1, wholeAndShare] = [f$2(.1), f$2(1.1)];
var asFloat = /* @__PURE__ */ new Float32Array(1);
var asInteger = new Int32Array(asFloat.buffer);
/**
* x^−0.3 to about 1e-6, of float32 operations alone: the bits of a float are nearly its logarithm, and three of
* Newton's steps for y^−10 = x³ mend what that is off.
*/
function rootedInverse(x) {
	asFloat[0] = x;
	asInteger[0] = f$2(f$2(f$2(asInteger[0]) * slope) + start$1);
	let y = asFloat[0];
	for (let step = 0; step < 3; step++) {
		const tenth = f$2(f$2(f$2(x * y) * y) * y);
		const one = f$2(f$2(f$2(tenth * tenth) * tenth) * y);
		y = f$2(y * f$2(wholeAndShare - f$2(share$1 * one)));
	}
	return y;
}
/** The code that a number of steps is rounded to, ties to even; NaN gives 0. */
function nearestCode(steps, most) {
	return (steps > 0 ? Math.min(steps, most) : 0) + ROUND - ROUND;
}
// src-main/kernels/cholesky.ts
/**
* The factor that GPTQ and SparseGPT walk along: U upper triangular with H⁻¹ = Uᵀ·U.
*
* Factoring from the last row upwards, H = R·Rᵀ with R upper, gives it without ever forming H⁻¹, since U = R⁻¹ is then
* upper as well. Each element takes its products in descending order, one multiplication and one subtraction at a time,
* so that blocked native code gives the same bits.
*/
/**
* @param h [n, n], symmetric, only the upper triangle is read; overwritten by U, with zeros below the diagonal
* @returns −1, or the row whose pivot is not above zero: H is then not positive definite and `h` is spoilt
*/
function inverseUpperCholesky$1(h, n) {
	const failed = factorFromTheEnd(h, n);
	if (failed >= 0) return failed;
	invertUpper(h, n);
	for (let i = 1; i < n; i++) h.fill(0, i * n, i * n + i);
	return -1;
}
/** H = R·Rᵀ in the upper triangle, the last column first. */
function factorFromTheEnd(h, n) {
	const column = new Float64Array(n);
	for (let k = n - 1; k >= 0; k--) {
		const pivot = h[k * n + k];
		if (!(pivot > 0) || pivot === Infinity) return k;
		const root = Math.sqrt(pivot);
		h[k * n + k] = root;
		for (let i = 0; i < k; i++) {
			column[i] = h[i * n + k] / root;
			h[i * n + k] = column[i];
		}
		for (let i = 0; i < k; i++) {
			const factor = column[i];
			const row = i * n;
			for (let j = i; j < k; j++) h[row + j] -= factor * column[j];
		}
	}
	return -1;
}
/** R⁻¹ in the place of R, the last row first. */
function invertUpper(r, n) {
	const sums = new Float64Array(n);
	for (let i = n - 1; i >= 0; i--) {
		sums.fill(0, i, n);
		for (let k = n - 1; k > i; k--) {
			const factor = r[i * n + k];
			for (let j = k; j < n; j++) sums[j] -= factor * r[k * n + j];
		}
		const pivot = r[i * n + i];
		for (let j = i + 1; j < n; j++) r[i * n + j] = sums[j] / pivot;
		r[i * n + i] = 1 / pivot;
	}
}
// src-main/kernels/gptq.ts
/**
* The column loop of GPTQ (Frantar et al., arXiv:2210.17323, algorithm 1) and of SparseGPT (arXiv:2301.00774).
*
* W [inputs, outputs], here with inputs as rows; U from {@link inverseUpperCholesky} of H = 2·X·Xᵀ + λ·I.
* Input j is settled, q_j; its error e = (w_j − q_j) / U_jj is taken up by the inputs after it: W_i −= U_ji · e.
* Outputs are independent, so they are worked through in panels. Arithmetic is float32, each operation rounded.
*/
var f$1 = Math.fround;
/** Outputs that are worked on together: their weights stay in the cache. */
var PANEL = 256;
/**
* @param w [inputs, outputs]; overwritten by the dequantized weights
* @param upper [inputs, inputs]
* @param group inputs that share a scale, which is taken from the weights as they are when the group is reached
* @param codes [inputs, outputs], one a byte
* @param scales [⌈inputs / group⌉, outputs]
* @param zeroPoints [⌈inputs / group⌉, outputs]; null for symmetric groups, whose zero point is 2^(bits−1)
*/
function gptq$1(w, upper, inputs, outputs, group, bits, clipSteps, codes, scales, zeroPoints) {
	const error = new Float32Array(PANEL);
	const grid = {
		scale: 0,
		zeroPoint: 0
	};
	const half = 2 ** (bits - 1);
	const most = 2 ** bits - 1;
	for (let left = 0; left < outputs; left += PANEL) {
		const right = Math.min(outputs, left + PANEL);
		for (let j = 0; j < inputs; j++) {
			const settings = Math.floor(j / group) * outputs;
			if (j % group === 0) {
				const count = Math.min(group, inputs - j);
				for (let n = left; n < right; n++) {
					blockGrid(w, j * outputs + n, outputs, count, bits, zeroPoints === null, clipSteps, grid);
					scales[settings + n] = grid.scale;
					if (zeroPoints !== null) zeroPoints[settings + n] = grid.zeroPoint;
				}
			}
			const pivot = f$1(upper[j * inputs + j]);
			for (let n = left; n < right; n++) {
				const at = j * outputs + n;
				const scale = scales[settings + n];
				const zeroPoint = zeroPoints === null ? half : zeroPoints[settings + n];
				const inverse = scale === 0 ? 0 : f$1(1 / scale);
				const whole = wholeOf(f$1(w[at] * inverse), -zeroPoint, most - zeroPoint);
				const settled = f$1(whole * scale);
				codes[at] = whole + zeroPoint;
				error[n - left] = f$1(f$1(w[at] - settled) / pivot);
				w[at] = settled;
			}
			passOn(w, upper, inputs, outputs, j, inputs, left, right, error);
		}
	}
}
/**
* The same loop on grids that are given: x ≈ scale · (code − zero).
* @param w [inputs, outputs]; overwritten by the dequantized weights
* @param blockOf [inputs]: the block that an input's grid is found in
* @param levelBits bits of a code's range
* @param scales [outputs, blocks]
* @param zeros [outputs, blocks], any numbers
* @param codes [inputs, outputs], one a byte
*/
function gptqOnGrids$1(w, upper, inputs, outputs, blockOf, levelBits, scales, zeros, codes) {
	const error = new Float32Array(PANEL);
	const blocks = scales.length / outputs;
	const most = 2 ** levelBits - 1;
	for (let left = 0; left < outputs; left += PANEL) {
		const right = Math.min(outputs, left + PANEL);
		for (let j = 0; j < inputs; j++) {
			const pivot = f$1(upper[j * inputs + j]);
			for (let n = left; n < right; n++) {
				const at = j * outputs + n;
				const scale = scales[n * blocks + blockOf[j]];
				const zero = zeros[n * blocks + blockOf[j]];
				const inverse = scale === 0 ? 0 : f$1(1 / scale);
				const steps = f$1(f$1(w[at] * inverse) + zero);
				const code = (steps > 0 ? Math.min(steps, most) : 0) + ROUND - ROUND;
				const settled = f$1(f$1(code - zero) * scale);
				codes[at] = code;
				error[n - left] = f$1(f$1(w[at] - settled) / pivot);
				w[at] = settled;
			}
			passOn(w, upper, inputs, outputs, j, inputs, left, right, error);
		}
	}
}
/**
* SparseGPT's step for inputs `from`…`to`: masked weights become zero, and what that costs is taken up by all inputs
* after them.
* @param w [inputs, outputs], changed in place
* @param mask [to − from, outputs]: 1 kept, 0 pruned
*/
function pruneInputs$1(w, upper, inputs, outputs, from, to, mask) {
	const error = new Float32Array(PANEL);
	for (let left = 0; left < outputs; left += PANEL) {
		const right = Math.min(outputs, left + PANEL);
		for (let j = from; j < to; j++) {
			const pivot = f$1(upper[j * inputs + j]);
			for (let n = left; n < right; n++) {
				const at = j * outputs + n;
				const kept = mask[(j - from) * outputs + n] === 1;
				error[n - left] = kept ? 0 : f$1(w[at] / pivot);
				if (!kept) w[at] = 0;
			}
			passOn(w, upper, inputs, outputs, j, inputs, left, right, error);
		}
	}
}
/** W_i −= U_ji · e for the inputs i after j. */
function passOn(w, upper, inputs, outputs, j, end, left, right, error) {
	for (let i = j + 1; i < end; i++) {
		const factor = f$1(upper[j * inputs + i]);
		const row = i * outputs;
		for (let n = left; n < right; n++) w[row + n] = w[row + n] - f$1(factor * error[n - left]);
	}
}
// src-main/kernels/half.ts
/**
* float16 (IEEE 754 binary16) and bfloat16 ⇄ float32. Half types are kept as their 16 bits.
* Rounding is to nearest, ties to even; NaN stays a quiet NaN with the top bits of its payload.
*/
var scratch = /* @__PURE__ */ new Float32Array(1);
var scratchBits = new Uint32Array(scratch.buffer);
/** The bits of a view's floats. */
function bitsOf(x) {
	return new Uint32Array(x.buffer, x.byteOffset, x.length);
}
/**
* @param target as long as `source`
* @returns how many finite values became infinite (magnitude of 65520 and more)
*/
function float32ToFloat16$1(source, target) {
	const bits = bitsOf(source);
	let overflows = 0;
	for (let i = 0; i < bits.length; i++) {
		const half = halfOfBits(bits[i]);
		if ((half & 32767) === 31744 && (bits[i] & 2147483647) !== 2139095040) overflows++;
		target[i] = half;
	}
	return overflows;
}
function halfOfBits(bits) {
	const sign = bits >>> 16 & 32768;
	const magnitude = bits & 2147483647;
	if (magnitude > 2139095040) return sign | 32256 | magnitude >>> 13 & 1023;
	if (magnitude >= 1199570944) return sign | 31744;
	if (magnitude >= 947912704) return sign | magnitude - 939524096 + 4095 + (magnitude >>> 13 & 1) >>> 13;
	scratchBits[0] = magnitude;
	return sign | scratch[0] * 2 ** 24 + 2 ** 52 - 2 ** 52;
}
var float16Values;
/** Every float16 as a float32, by its bits. */
function float16Table() {
	if (float16Values !== void 0) return float16Values;
	const table = /* @__PURE__ */ new Float32Array(65536);
	const bits = bitsOf(table);
	for (let half = 0; half < 65536; half++) {
		const exponent = half >>> 10 & 31;
		const fraction = half & 1023;
		const sign = (half & 32768) << 16;
		if (exponent === 0) table[half] = (half & 32768 ? -1 : 1) * fraction * 2 ** -24;
		else if (exponent === 31) bits[half] = sign | 2139095040 | (fraction === 0 ? 0 : 4194304 | fraction << 13);
		else bits[half] = sign | exponent + 112 << 23 | fraction << 13;
	}
	float16Values = table;
	return table;
}
/** @param target as long as `source` */
function float16ToFloat32$1(source, target) {
	const table = bitsOf(float16Table());
	const bits = bitsOf(target);
	for (let i = 0; i < source.length; i++) bits[i] = table[source[i]];
}
/** @param target as long as `source` */
function float32ToBfloat16$1(source, target) {
	const bits = bitsOf(source);
	for (let i = 0; i < bits.length; i++) {
		const b = bits[i];
		target[i] = (b & 2147483647) > 2139095040 ? b >>> 16 | 64 : b + 32767 + (b >>> 16 & 1) >>> 16;
	}
}
/** @param target as long as `source` */
function bfloat16ToFloat32$1(source, target) {
	const bits = bitsOf(target);
	for (let i = 0; i < source.length; i++) bits[i] = source[i] << 16;
}
// src-main/kernels/histogram.ts
/** Histograms of many values over a fixed range. */
/**
* Adds to `counts` how many values lie in which of its equal bins over low…high: bin ⌊(x − low) · bins / (high − low)⌋
* in float64. What lies outside counts in the first or last bin, NaN nowhere.
* @param counts [bins]
* @returns how many values lay outside
*/
function addToHistogram$1(x, low, high, counts) {
	const bins = counts.length;
	const perUnit = bins / (high - low);
	let outside = 0;
	for (let i = 0; i < x.length; i++) {
		const value = x[i];
		if (value < low) {
			counts[0]++;
			outside++;
		} else if (value > high) {
			counts[bins - 1]++;
			outside++;
		} else {
			const bin = Math.floor((value - low) * perUnit);
			if (bin < bins) counts[bin]++;
			else if (bin >= bins) counts[bins - 1]++;
		}
	}
	return outside;
}
// src-main/kernels/magnitude.ts
/**
* Magnitudes by their bits, which order as they do, and masks by threshold. {@link selectMagnitude} puts the counts
* together.
*/
/** Counts by the upper bits of the magnitude; `Float64Array` because a model may have more than 2^32 weights. */
var UPPER_BINS = 32768;
var LOWER_BINS = 65536;
/**
* First pass: adds to `counts` how many magnitudes have which upper 15 bits. NaN counts as the largest of all.
* @param counts [UPPER_BINS]
*/
function countMagnitudes$1(x, counts) {
	const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
	for (let i = 0; i < bits.length; i++) counts[bits[i] >>> 16 & 32767]++;
}
/**
* Second pass: of the magnitudes whose upper 15 bits are `upper`, adds to `counts` how many have which lower 16 bits.
* @param counts [LOWER_BINS]
*/
function countMagnitudesWithin$1(x, upper, counts) {
	const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
	for (let i = 0; i < bits.length; i++) {
		const b = bits[i];
		if ((b >>> 16 & 32767) === upper) counts[b & 65535]++;
	}
}
/**
* The place just after the n-th value whose magnitude equals `threshold`, and how many of the n were not found here (the
* place is then the end).
*/
function afterTies(x, threshold, n) {
	let left = n;
	for (let i = 0; i < x.length && left > 0; i++) if (Math.abs(x[i]) === threshold && --left === 0) return {
		end: i + 1,
		left
	};
	return {
		end: left === 0 ? 0 : x.length,
		left
	};
}
/**
* Writes 0 where a value is pruned and 1 where it is kept: below `threshold` all are pruned, of those equal to it the
* ones before place `tieEnd`. NaN is kept.
* @param mask as long as `x`
*/
function maskBelow$1(x, threshold, tieEnd, mask) {
	for (let i = 0; i < x.length; i++) {
		const magnitude = Math.abs(x[i]);
		mask[i] = magnitude < threshold || magnitude === threshold && i < tieEnd ? 0 : 1;
	}
}
// src-main/kernels/n-of-m.ts
/** N:M patterns: of each m consecutive values along an axis the n of largest magnitude are kept. */
/**
* @param x [outer, size, inner], whole slices of the axis; an outer of any size
* @param size length of the axis that is grouped
* @param inner product of the dimensions after it
* @param n kept of each group; a last group of r < m keeps ⌈n · r / m⌉
* @param mask as long as `x`: 1 kept, 0 pruned. Of equal magnitudes the earlier are kept; NaN counts as the largest
*/
function maskNOfM$1(x, size, inner, n, m, mask) {
	const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
	for (let slice = 0; slice < bits.length; slice += size * inner) for (let group = 0; group < size; group += m) {
		const members = Math.min(m, size - group);
		const keep = members === m ? n : Math.ceil(n * members / m);
		const start = slice + group * inner;
		for (let lane = 0; lane < inner; lane++) maskGroup(bits, start + lane, inner, members, keep, mask);
	}
}
function maskGroup(bits, start, stride, members, keep, mask) {
	for (let i = 0, at = start; i < members; i++, at += stride) {
		const own = bits[at] & 2147483647;
		let larger = 0;
		for (let j = 0, other = start; j < members; j++, other += stride) {
			const magnitude = bits[other] & 2147483647;
			if (magnitude > own || magnitude === own && j < i) larger++;
		}
		mask[at] = larger < keep ? 1 : 0;
	}
}
// src-main/kernels/transpose.ts
/** y[j, i] = x[i, j]. @param x [rows, columns] @param y [columns, rows], written */
function transpose(x, rows, columns, y) {
	const tile = 32;
	for (let top = 0; top < rows; top += tile) {
		const bottom = Math.min(rows, top + tile);
		for (let left = 0; left < columns; left += tile) {
			const right = Math.min(columns, left + tile);
			for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) y[j * rows + i] = x[i * columns + j];
		}
	}
}
// src-main/kernels/reference.ts
var reference_exports = /* @__PURE__ */ __exportAll({
	LOWER_BINS: () => LOWER_BINS,
	ROUND: () => ROUND,
	UPPER_BINS: () => UPPER_BINS,
	addToHistogram: () => addToHistogram$1,
	afterTies: () => afterTies,
	bfloat16ToFloat32: () => bfloat16ToFloat32$1,
	blockGrid: () => blockGrid,
	channelAbsMax: () => channelAbsMax$1,
	channelRange: () => channelRange$1,
	countMagnitudes: () => countMagnitudes$1,
	countMagnitudesWithin: () => countMagnitudesWithin$1,
	countNonFinite: () => countNonFinite$1,
	dequantizeBlocks: () => dequantizeBlocks,
	eachBlock: () => eachBlock,
	fittedGrids: () => fittedGrids$1,
	flattenBlocks: () => flattenBlocks,
	float16ToFloat32: () => float16ToFloat32$1,
	float32ToBfloat16: () => float32ToBfloat16$1,
	float32ToFloat16: () => float32ToFloat16$1,
	gptq: () => gptq$1,
	gptqOnGrids: () => gptqOnGrids$1,
	halfQuadraticGrids: () => halfQuadraticGrids$1,
	inverseUpperCholesky: () => inverseUpperCholesky$1,
	maskBelow: () => maskBelow$1,
	maskNOfM: () => maskNOfM$1,
	nearestCode: () => nearestCode,
	packBlocks: () => packBlocks,
	packZeroPoints: () => packZeroPoints,
	pruneInputs: () => pruneInputs$1,
	quantizeBlocks: () => quantizeBlocks$1,
	quantizeChannels: () => quantizeChannels$1,
	quantizeOnGrids: () => quantizeOnGrids$1,
	rangeGrids: () => rangeGrids$1,
	rootedInverse: () => rootedInverse,
	spanningGrid: () => spanningGrid,
	spanningGrids: () => spanningGrids$1,
	transpose: () => transpose,
	wholeOf: () => wholeOf,
	zeroKinds: () => zeroKinds
});
// src-main/kernels/dispatch.ts
/** The kernels as they are called: native where `npm run build:native` has made them, else the TypeScript ones. */
/** The native kernels; null where they are not built, do not load, or LATHE_KERNELS=typescript forbids them. */
var nativeKernels = process.env.LATHE_KERNELS === "typescript" ? null : loadNative(dirname(fileURLToPath(import.meta.url)));
/** Sources and bundles lie at different depths of the checkout, `native/build` always at its top. */
function loadNative(folder) {
	const file = join(folder, "native", "build", "kernels.node");
	if (existsSync(file)) try {
		return createRequire(import.meta.url)(file);
	} catch {
		return null;
	}
	const parent = dirname(folder);
	return parent === folder ? null : loadNative(parent);
}
var { addToHistogram, bfloat16ToFloat32, channelAbsMax, channelRange, countMagnitudes, countMagnitudesWithin, countNonFinite, fittedGrids, float16ToFloat32, float32ToBfloat16, float32ToFloat16, gptq, gptqOnGrids, halfQuadraticGrids, inverseUpperCholesky, maskBelow, maskNOfM, pruneInputs, quantizeBlocks, quantizeChannels, quantizeOnGrids, rangeGrids, spanningGrids } = {
	...reference_exports,
	...nativeKernels
};
// src-main/kernels/copy-range.ts
/** Bytes of one open file into another. */
/**
* Written at once, as the system's own copy does. For larger writes it takes larger pieces of free memory, which a
* virtual machine may have to fetch from its host first: five times the processor time was seen.
*/
var windowBytes = 2 ** 16;
/**
* Copies bytes [from, from + length) of the file behind one descriptor to place `to` of another. What the kernel can
* copy by itself never passes through this process.
* @returns how many bytes were copied: fewer only where the source ends
* @throws Error of node:fs, with its code
*/
function copyRange(source, from, target, to, length) {
	let done = nativeKernels?.copyInKernel?.(source, from, target, to, length) ?? 0;
	const window = done < length ? Buffer.allocUnsafe(windowBytes) : null;
	while (window !== null && done < length) {
		const read = readSync(source, window, 0, Math.min(windowBytes, length - done), from + done);
		if (read === 0) break;
		writeWhole(target, window.subarray(0, read), to + done);
		done += read;
	}
	return done;
}
/**
* Writes all of `bytes` to place `position` of the file.
* @throws Error of node:fs, with its code
*/
function writeWhole(target, bytes, position) {
	for (let done = 0; done < bytes.byteLength;) done += writeSync(target, bytes, done, Math.min(windowBytes, bytes.byteLength - done), position + done);
}
// src-main/kernels/descend-codes.ts
/**
* Moves single codes of one output up or down while that lowers the error of the output, Σ over samples of
* ((w − s·q)·x)² = eᵀ·H·e with e = w − s·q and H = Σ x·xᵀ: AdaRound's objective (Nagel et al. 2020, arXiv:2004.10568,
* equation 10) by coordinate descent on the Gram matrix, with no gradient and no sample at hand.
*
* Moving q_j by δ = ±1 changes the error by −2·s·δ·g_j + s²·H_jj, with g = H·e.
*/
/** Each sweep looks at every code once. */
var mostSweeps$1 = 20;
/**
* @param w [inputs]
* @param h [inputs, inputs], symmetric
* @param limit largest code; the least is its negative
* @param upOrDown whether a code must stay one of the two integers around w/s
* @param codes [inputs], changed in place
* @returns eᵀ·H·e with the codes as they are now; never more than before
*/
function descendCodes(w, h, scale, limit, upOrDown, codes) {
	const inputs = w.length;
	const error = w.map((value, j) => value - scale * codes[j]);
	const gradient = new Float64Array(inputs);
	for (let j = 0; j < inputs; j++) {
		const e = error[j];
		if (e === 0) continue;
		for (let i = 0, at = j * inputs; i < inputs; i++, at++) gradient[i] += h[at] * e;
	}
	for (let sweep = 0, moved = true; moved && sweep < mostSweeps$1; sweep++) {
		moved = false;
		for (let j = 0; j < inputs; j++) {
			const step = Math.sign(gradient[j]);
			if (2 * Math.abs(gradient[j]) <= scale * h[j * inputs + j] * (1 + 1e-9)) continue;
			const code = codes[j] + step;
			if (Math.abs(code) > limit || upOrDown && Math.abs(w[j] / scale - code) >= 1) continue;
			codes[j] = code;
			error[j] -= scale * step;
			const change = scale * step;
			for (let i = 0, at = j * inputs; i < inputs; i++, at++) gradient[i] -= h[at] * change;
			moved = true;
		}
	}
	return error.reduce((sum, e, j) => sum + e * gradient[j], 0);
}
// src-main/kernels/edit-distance.ts
/** Distance of two texts. */
/** Insertions, deletions and replacements that turn one text into the other (V. Levenshtein, 1966), by code points. */
function editDistance(from, to) {
	const target = [...to];
	const row = Uint32Array.from({ length: target.length + 1 }, (_, at) => at);
	let length = 0;
	for (const letter of from) {
		length++;
		let diagonal = row[0];
		row[0] = length;
		for (let at = 1; at <= target.length; at++) {
			const above = row[at];
			const replaced = diagonal + (letter === target[at - 1] ? 0 : 1);
			row[at] = Math.min(above + 1, row[at - 1] + 1, replaced);
			diagonal = above;
		}
	}
	return row[target.length];
}
// src-main/kernels/feedback-rounding.ts
/**
* Rounding that lets the inputs still to come make up for the error of those already rounded: the column loop of GPTQ
* (Frantar et al. 2022, arXiv:2210.17323, algorithm 1) with scales that are given.
*
* W [outputs, inputs]; U upper triangular with H⁻¹ = Uᵀ·U and H = X·Xᵀ + λ·I, [inputs, inputs].
* Input j is settled, q_j; its error e = (w_j − q_j) / U_jj is passed on: w_i −= U_ji · e for i > j.
*/
/**
* @param w [outputs, inputs]; overwritten by what is left of the weights
* @param scales one for each output
* @param limit largest code; the least is its negative
* @param codes [outputs, inputs], written
*/
function roundWithFeedback(w, upper, inputs, scales, limit, codes) {
	scales.forEach((scale, output) => {
		const row = output * inputs;
		for (let j = 0; j < inputs; j++) {
			const value = w[row + j];
			const whole = value / scale + ROUND - ROUND;
			const code = Math.min(limit, Math.max(-limit, whole));
			codes[row + j] = code;
			const error = (value - code * scale) / upper[j * inputs + j];
			for (let i = j + 1; i < inputs; i++) w[row + i] -= upper[j * inputs + i] * error;
		}
	});
}
// src-main/kernels/find-grids.ts
/** Grids for blocks of weights, by one of several searches. */
/** Ranges that `mse` tries. */
var clipSteps$1 = 20;
/**
* A grid for each block of each output.
* @param x [inputs, outputs]
* @param levelBits bits of a code's range: 2, 3, 4 or 8
*/
function findGrids(x, inputs, outputs, block, levelBits, zeroKind, search) {
	const count = outputs * Math.ceil(inputs / block);
	const grids = {
		scales: new Float32Array(count),
		zeros: new Float32Array(count)
	};
	const { scales, zeros } = grids;
	if (search === "k-quant") fittedGrids(x, inputs, outputs, block, levelBits, zeroKinds[zeroKind], scales, zeros);
	else if (search === "hqq") halfQuadraticGrids(x, inputs, outputs, block, levelBits, scales, zeros);
	else if (zeroKind === "float") spanningGrids(x, inputs, outputs, block, levelBits, scales, zeros);
	else {
		const steps = search === "mse" ? clipSteps$1 : 1;
		rangeGrids(x, inputs, outputs, block, levelBits, zeroKinds[zeroKind], steps, scales, zeros);
	}
	return grids;
}
// src-main/onnx/file/piece-stream.ts
/** Writing a row of pieces to a file, and bringing it to the disk meanwhile. */
/** Written bytes after which the disk is asked to take them, beside the writing of the next ones. */
var syncBytes = 2 ** 26;
/** Written bytes after which the process looks after its other work: messages, and a wish to stop. */
var turnBytes = 2 ** 24;
/** Made at once of derived data: making it may begin further ahead than what is asked for. */
var derivedBytes = 2 ** 20;
/** Writes files one after the other, reports, and can be stopped meanwhile. */
var PieceStream = class {
	#total;
	#work;
	#grown;
	#sources = /* @__PURE__ */ new Map();
	/** Kept until there is another: an allocator gives memory back where all is free, and gets it again page by page. */
	#made;
	#done = 0;
	/**
	* @param total bytes of all files
	* @param grown is told how many bytes have come to the file
	*/
	constructor(total, work, grown) {
		this.#total = total;
		this.#work = work;
		this.#grown = grown;
	}
	/**
	* Writes the pieces to a new file, which is on disk when this returns.
	* @throws LatheError where a source file is no longer as it was when the model was opened
	*/
	async write(path, pieces) {
		const file = await open(path, "w");
		const disk = new DiskSync(file);
		let position = 0;
		try {
			for (const piece of pieces) {
				const length = piece instanceof Uint8Array ? piece.byteLength : dataLength(piece);
				const window = windowOf(piece);
				for (let start = 0; start < length; start += window) {
					this.#work.signal.throwIfAborted();
					const end = Math.min(length, start + window);
					await this.#put(piece, start, end, file.fd, position);
					position += end - start;
					await this.#wrote(end - start, disk);
				}
			}
			await disk.finish();
			for (const [source, { stamp }] of this.#sources) checkUnchanged(source, stamp);
		} finally {
			await disk.settled();
			await file.close();
		}
	}
	/** Closes the source files. */
	async close() {
		for (const { handle } of this.#sources.values()) await handle.close();
		this.#sources.clear();
	}
	/** Bytes [start, end) of the piece, to `position` of the file. */
	async #put(piece, start, end, file, position) {
		if (piece instanceof Uint8Array) writeWhole(file, piece.subarray(start, end), position);
		else if (piece.kind !== "file") {
			this.#made = readData(piece, start, end);
			writeWhole(file, this.#made, position);
		} else {
			const { handle } = this.#sources.get(piece.file) ?? await this.#openSource(piece.file, piece.stamp);
			const from = piece.offset + start;
			const copied = copyRange(handle.fd, from, file, position, end - start);
			if (copied < end - start) throw endsWhileCopied(piece.file, from + copied);
		}
	}
	async #wrote(length, disk) {
		const before = this.#done;
		this.#done += length;
		this.#grown(length);
		this.#work.progress({
			phase: "Writing the model",
			fraction: this.#done / this.#total
		});
		const passed = (step) => Math.floor(before / step) < Math.floor(this.#done / step);
		if (passed(syncBytes)) disk.start();
		if (passed(turnBytes)) await setImmediate();
	}
	async #openSource(file, stamp) {
		checkUnchanged(file, stamp);
		const source = {
			handle: await open(file, "r"),
			stamp
		};
		this.#sources.set(file, source);
		return source;
	}
};
/** Brings a file to the disk while it is still being written. */
var DiskSync = class {
	#file;
	#running = null;
	#failure;
	constructor(file) {
		this.#file = file;
	}
	/** Asks for what has been written so far, unless the disk is at it already. */
	start() {
		this.#running ??= this.#file.datasync().catch((failure) => {
			this.#failure = failure;
		}).finally(() => {
			this.#running = null;
		});
	}
	/** Returns when all of the file is on disk. */
	async finish() {
		await this.settled();
		if (this.#failure !== void 0) throw this.#failure;
		await this.#file.sync();
	}
	async settled() {
		await this.#running;
	}
};
/** How much of a piece is written between two looks at the wish to stop. */
function windowOf(piece) {
	return !(piece instanceof Uint8Array) && piece.kind === "derived" ? derivedBytes : turnBytes;
}
function endsWhileCopied(file, at) {
	return new LatheError({
		who: basename(file),
		what: `ends at byte ${at} while it is being copied`,
		where: file,
		next: "open the model again"
	});
}
// src-main/onnx/file/write-model.ts
/** Saving a model: streamed, and whole or not at all. */
/** Above this sum of its weights a model is written with external data. */
var externalThresholdBytes = 15e8;
/** Start of each external tensor, so that runtimes can map it. */
var alignment = 4096;
/**
* Writes the model to `path`, and with external data to `<name>.onnx.data` beside it. The same model gives the same
* bytes in a folder that does not hold that name yet.
* @throws LatheError where the folder cannot be written, has too little room, or a source file has changed; `path` is
* then as it was before
*/
async function writeModel(model, path, options = {}) {
	return (await save(model, path, options, false)).saved;
}
/** @returns the hash where it was asked for */
async function save(model, path, options, isHashed) {
	const target = resolve(path);
	const folder = dirname(target);
	const plan = planFiles(model, target, options.externalData ?? "auto");
	const total = plan.files.reduce((sum, file) => sum + file.length, 0);
	checkTarget(target, total);
	await removeAbandoned(folder);
	const files = plan.files.map((file) => ({
		...file,
		path: join(folder, unfinishedName(file.name))
	}));
	const made = files.map((file) => file.path);
	const hash = isHashed ? fileHash(files) : null;
	const stream = new PieceStream(total, options.work ?? unwatched(), (bytes) => hash?.grown(bytes));
	let sha256;
	try {
		for (const file of files) await stream.write(file.path, file.pieces);
		sha256 = await hash?.digest() ?? null;
		for (const { path: unfinished, name } of files.toReversed()) {
			await rename(unfinished, join(folder, name));
			if (name !== basename(target)) made.push(join(folder, name));
		}
		await syncFolder(folder);
	} catch (error) {
		for (const file of made) await rm(file, { force: true });
		throw saveError(error, target, total);
	} finally {
		await hash?.close();
		await stream.close();
	}
	await removeReplacedData(target, plan.dataName);
	return {
		saved: {
			path: target,
			bytes: total,
			externalData: plan.dataName === null ? [] : [plan.dataName]
		},
		sha256
	};
}
function planFiles(model, target, externalData) {
	const bytes = {
		initializer: 0,
		constant: 0,
		other: 0
	};
	const inline = modelToSkeleton(model, (data, role) => {
		bytes[role] += dataLength(data);
		return null;
	});
	const isLarge = bytes.initializer + bytes.constant > externalThresholdBytes;
	if (externalData === "always" || externalData === "auto" && isLarge) return planExternal(model, target, bytes.constant > 15e8 ? ["initializer", "constant"] : ["initializer"]);
	return {
		files: [{
			name: basename(target),
			...fillSkeleton(inline)
		}],
		dataName: null
	};
}
function planExternal(model, target, roles) {
	const location = freeDataName(target);
	const pieces = [];
	const places = /* @__PURE__ */ new Map();
	let end = 0;
	const place = (data, role) => {
		if (!roles.includes(role)) return null;
		const key = sharedKey(data);
		const known = places.get(key);
		if (known !== void 0) return known;
		const offset = Math.ceil(end / alignment) * alignment;
		const length = dataLength(data);
		if (offset > end) pieces.push(new Uint8Array(offset - end));
		pieces.push(data);
		end = offset + length;
		const made = {
			location,
			offset,
			length
		};
		places.set(key, made);
		return made;
	};
	const modelFile = {
		name: basename(target),
		...fillSkeleton(modelToSkeleton(model, place))
	};
	if (end === 0) return {
		files: [modelFile],
		dataName: null
	};
	return {
		files: [modelFile, {
			name: location,
			pieces,
			length: end
		}],
		dataName: location
	};
}
var dataNames = (target) => [`${basename(target)}.data`, `${basename(target)}.data2`];
/**
* Two files cannot be replaced at once: where the model that is there may read `<name>.onnx.data`, the new one gets the
* other name, so that the old pair is whole until the new .onnx takes its place.
*/
function freeDataName(target) {
	const [first, second] = dataNames(target);
	return existsSync(target) && existsSync(join(dirname(target), first)) ? second : first;
}
async function removeReplacedData(target, kept) {
	if (kept === null) return;
	for (const name of dataNames(target)) if (name !== kept) await rm(join(dirname(target), name), { force: true });
}
/** A folder's entry is on disk only when the folder is; systems that cannot sync folders need it not. */
async function syncFolder(folder) {
	if (process.platform === "win32") return;
	const handle = await open(folder, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
function checkTarget(target, needed) {
	let free;
	try {
		if (statSync(target, { throwIfNoEntry: false })?.isDirectory() === true) throw errorWithCode("EISDIR");
		const { bavail, bsize } = statfsSync(dirname(target));
		free = bavail * bsize;
	} catch (error) {
		throw saveError(error, target, needed);
	}
	if (free < needed) throw noRoom(target, needed, `only ${megabytes(free)} are free`);
}
function errorWithCode(code) {
	return Object.assign(new Error(code), { code });
}
var megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
function noRoom(target, needed, detail, cause) {
	return new LatheError({
		who: basename(target),
		what: `cannot be saved: it needs ${megabytes(needed)} and ${detail}`,
		where: dirname(target),
		next: "make room or choose another folder",
		code: "failed",
		cause
	});
}
function saveError(error, target, needed) {
	if (error instanceof LatheError || error instanceof Error && error.name === "AbortError") return error;
	const folder = dirname(target);
	const say = (what, next) => new LatheError({
		who: basename(target),
		what: `cannot be saved: ${what}`,
		where: folder,
		next,
		code: "failed",
		cause: error
	});
	switch (error.code) {
		case "ENOSPC":
		case "EDQUOT":
		case "EFBIG": return noRoom(target, needed, "the disk or its quota is full", error);
		case "ENOENT":
		case "ENOTDIR": return say("there is no such folder", "make the folder or choose another");
		case "EACCES":
		case "EPERM":
		case "EROFS": return say("the folder may not be written", "choose another folder or change its permissions");
		case "EISDIR":
		case "ENOTEMPTY":
		case "EEXIST": return say("a folder has that name", "choose another name");
		default: return say(messageOf(error), "see the reason above");
	}
}
// src-main/onnx/session/runtime.ts
/** Loading onnxruntime-node, once, so that float16 works on every Node. */
var loaded;
/**
* onnxruntime-node, loaded at the first call: its native part takes a tenth of a second that a process may never need.
*
* While `Float16Array` is visible (Node 24 and later), onnxruntime-node 1.30 refuses every float16 tensor: its
* JavaScript half expects Float16Array and its native half expects Uint16Array. It looks for the global once, when the
* first tensor is made, so the global is hidden for that moment.
*/
function runtime() {
	if (loaded === void 0) {
		const ort = createRequire(import.meta.url)("onnxruntime-node");
		withoutFloat16Array(() => new ort.Tensor("bool", [true]));
		loaded = ort;
	}
	return loaded;
}
/** `onnxruntime 1.30.0`. */
function runtimeVersion() {
	return `onnxruntime ${runtime().env.versions.node ?? runtime().env.versions.common}`;
}
function withoutFloat16Array(makeTensor) {
	const descriptor = Object.getOwnPropertyDescriptor(globalThis, "Float16Array");
	Reflect.deleteProperty(globalThis, "Float16Array");
	try {
		makeTensor();
	} finally {
		if (descriptor !== void 0) Object.defineProperty(globalThis, "Float16Array", descriptor);
	}
}
// src-main/onnx/session/runtime-error.ts
/** onnxruntime's common messages as one sentence that says what to try. The original stays attached as the cause. */
/** Of older operators onnxruntime has few. */
var oldestOpset = 7;
/** Texts of onnxruntime 1.30; what is not found here is passed on as it came, without C++ paths and signatures. */
var rules$3 = [
	{
		pattern: /File doesn't exist/,
		say: () => ({
			what: "no such file",
			next: "check the path"
		})
	},
	{
		pattern: /model path is a directory/,
		say: () => ({
			what: "is a folder, not an ONNX file",
			next: "name the .onnx file in it"
		})
	},
	{
		pattern: /Protobuf parsing failed/,
		say: () => ({
			what: "is not an ONNX file, or its end is missing",
			next: "export or download it again"
		})
	},
	{
		pattern: /In Node, \("(.*?)", (\S+?), "(.*?)", -?\d+\).*No Op registered for \S+ with domain_version of (\d+)/s,
		say: ([node, op, domain, version]) => ({
			who: `${op} "${node}"`,
			what: `opset ${version} of ${domain || "ai.onnx"} has no operator ${op} that onnxruntime knows`,
			next: "check the opset that the file states, or replace the operator when exporting"
		})
	},
	{
		pattern: /Fatal error: (\S*?):(\S+)\(-?\d+\) is not a registered function\/op/,
		say: ([domain, op]) => ({
			what: `uses the operator ${op} of domain ${domain}, which onnxruntime does not have`,
			next: "export without custom operators, or define it as a function in the model"
		})
	},
	{
		pattern: /Could not find an implementation for (\w+)\((\d+)\) node with name '(.*?)'/,
		say: ([op, version, node], opset = Number.POSITIVE_INFINITY) => ({
			who: node === "" ? `a nameless ${op}` : `${op} "${node}"`,
			what: opset < oldestOpset ? `onnxruntime no longer has ${op} as opset ${opset} defines it` : `onnxruntime has no CPU kernel of ${op} version ${version} for the types it is given`,
			next: opset < oldestOpset ? "raise the opset: begin the recipe with the step clean, method raise-opset (in a shell: lathe clean MODEL --out DIR --method raise-opset)" : "replace the operator when exporting, or cast its inputs to float32 or int64"
		})
	},
	{
		pattern: /Opset (\d+) is under development.*for domain (\S+) is till opset (\d+)/s,
		say: ([version, domain, newest]) => ({
			what: `needs opset ${version} of ${domain}; onnxruntime supports up to ${newest}`,
			next: `export with opset ${newest} or lower`
		})
	},
	{
		pattern: /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
		say: ([version, newest]) => ({
			what: `is of ONNX IR version ${version}; onnxruntime supports up to ${newest}`,
			next: "export with an older version of the onnx package"
		})
	},
	{
		pattern: /Unsupported data type: (\d+)/,
		say: ([code]) => ({
			what: `has an input or output of type ${dtypeFromCode(Number(code)) ?? `number ${code}`}, which the runtime cannot hand over`,
			next: "put a Cast at that edge when exporting"
		})
	},
	{
		pattern: /tensor\((\w+)\) is not currently registered or supported/,
		say: ([type]) => ({ what: `uses the type ${type}, which onnxruntime does not support` })
	},
	{
		pattern: /the graph is not acyclic/,
		say: () => ({
			what: "has nodes that form a ring",
			next: "export it again; the file is broken"
		})
	},
	{
		pattern: /initializer: (\S+?)\. Error: .*does not exist: "(.*?)"/s,
		say: ([tensor, path]) => ({
			what: `weight "${tensor}" lies in external data that is missing: ${path}`,
			next: "keep the .onnx file and its data files in one folder"
		})
	},
	{
		pattern: /initializer: (\S+?)\. Error: .*escapes model directory\. External data path: "(.*?)"/s,
		say: ([tensor, path]) => ({
			what: `weight "${tensor}" points outside the model's folder: ${path}`,
			next: "move the data file beside the .onnx file and save the model again"
		})
	},
	{
		pattern: /Node input '(.*?)' is not a graph input/,
		say: ([value]) => ({
			what: `a node reads "${value}", which nothing makes`,
			next: "export it again; the file is broken"
		})
	},
	{
		pattern: /Optype \((\w+)\) bound to different types \((.*?) in node \((.*?)\)/,
		say: ([op, types, node]) => ({
			who: `${op} "${node}"`,
			what: `its inputs are of different types: ${types}`
		})
	},
	{
		pattern: /Type Error: (.*)/,
		say: ([text]) => ({ what: `types do not fit: ${text}` })
	},
	{
		pattern: /Node \((.*?)\) Op \((\w+)\) \[\w+\] (.*)/s,
		say: ([node, op, text]) => ({
			who: node === "" ? `a nameless ${op}` : `${op} "${node}"`,
			what: plainText(text ?? ""),
			next: "check what the exporter made of this node"
		})
	},
	{
		pattern: /Failed to allocate memory|bad_alloc|bad allocation/,
		say: () => ({
			what: "there is not enough memory",
			next: "use a smaller batch or free some memory"
		})
	},
	{
		pattern: /input '(.*?)' is missing in 'feeds'/,
		say: ([input]) => ({
			who: `input "${input}"`,
			what: "is not fed"
		})
	},
	{
		pattern: /Non tensor type is temporarily not supported/,
		say: () => ({ what: "gives out a sequence or map, which the runtime cannot hand over" })
	},
	{
		pattern: /while running Scan node\. Name:'(.*?)' Status Message: .*dim0_offset < dim0_size was false/s,
		say: ([node]) => ({
			who: `Scan "${node}"`,
			what: "it has nothing to scan",
			next: "give every input at least one element"
		})
	},
	{
		pattern: /Non-zero status code returned while running (\w+) node\. Name:'(.*?)' Status Message: (.*)/s,
		say: ([op, node, text]) => ({
			who: `${op} "${node}"`,
			what: plainText(text ?? ""),
			next: "check the shapes and values that the data feeds"
		})
	}
];
/**
* @param model name of the model, as the user knows it
* @param thrown what onnxruntime threw
* @param opset of ai.onnx that the model states, where it is known
*/
function runtimeError(model, thrown, opset) {
	const message = messageOf(thrown);
	for (const { pattern, say } of rules$3) {
		const match = pattern.exec(message);
		if (match === null) continue;
		const { who, what, next } = say(match.slice(1).map((text) => text ?? ""), opset);
		return new LatheError({
			who: who === void 0 ? model : `${model}: ${who}`,
			what,
			next,
			cause: thrown
		});
	}
	return new LatheError({
		who: model,
		what: `onnxruntime refuses it: ${plainText(message)}`,
		cause: thrown
	});
}
/** Without paths of C++ sources, signatures and the text of failed assertions. */
function plainText(message) {
	return message.replace(/^Load model from \S+ failed:/, "").replace(/^Exception during (?:initialization|loading): /, "").replace(/(?:\/\S*\/)?[\w.]+\.(?:h|cc|cpp):\d+ /g, "").replace(/^(?:\w+ )*\w*onnxruntime::\S+\(.*?\)(?: const)? (?=\S)/s, "").replace(/\s+/g, " ").trim().replace(/\.$/, "");
}
// src-main/onnx/session/spill-folder.ts
/** The temporary folder of a session's changed weights. */
/** Made only when it is asked for. */
var SpillFolder = class {
	#given;
	#own = null;
	/** @param given the caller's, who removes it; absent: one of the system's, which goes when it is no longer needed */
	constructor(given) {
		this.#given = given;
	}
	path() {
		if (this.#given !== void 0) return this.#given;
		if (this.#own === null) {
			this.#own = join(tmpdir(), unfinishedName("lathe-weights"));
			mkdirSync(this.#own, { mode: 448 });
		}
		return this.#own;
	}
	/**
	* Removes what is its own, once a session is made: what the runtime has mapped stays until it lets go. Windows keeps
	* mapped files; there it is removed, as what a killed process left is, when the next such folder is.
	*/
	async remove() {
		if (this.#own === null) return;
		await rm(this.#own, {
			recursive: true,
			force: true
		}).catch(() => {});
		await removeAbandoned(tmpdir());
	}
};
// src-main/onnx/session/create-session.ts
/** Making sessions of onnxruntime, the same in every host. */
/** Above this a single file is opened through its skeleton: by path onnxruntime holds the weights twice, and at 2 GiB it refuses. */
var byPathBytes = 2 ** 30;
/**
* @param model a path, or a Model whose weights are mapped from its folder
* @throws LatheError that names the model and says what onnxruntime cannot do with it
*/
async function createSession(model, options) {
	const name = modelLabel(model, options);
	const source = await sourceOf$1(model, options);
	const spill = new SpillFolder(options.spillFolder);
	try {
		const { InferenceSession: sessions } = runtime();
		if (typeof source === "string") return {
			session: await sessions.create(source, ortOptions(options, null)),
			weightsFolder: null
		};
		const { bytes, folder } = skeletonBytes(source, { folder: () => spill.path() });
		return {
			session: await sessions.create(bytes, ortOptions(options, folder)),
			weightsFolder: folder
		};
	} catch (thrown) {
		throw runtimeError(name, thrown, await opsetOf(source));
	} finally {
		await spill.remove();
	}
}
/** Of ai.onnx; undefined where the file cannot be read or has no operators of it. */
async function opsetOf(model) {
	const opsets = typeof model === "string" ? (await readModel(model).catch(() => null))?.opsets : model.opsets;
	return opsets?.get("") ?? opsets?.get("ai.onnx");
}
/** How messages call the model. */
function modelLabel(model, options) {
	return options.label ?? (typeof model === "string" ? basename(model) : model.graph.name || "model");
}
/** The model with values between nodes among its outputs. */
function withOutputs(model, names) {
	const present = new Set(model.graph.outputs.map(({ name }) => name));
	const added = [...new Set(names)].filter((name) => !present.has(name)).map((name) => ({
		name,
		type: null
	}));
	return {
		...model,
		graph: {
			...model.graph,
			outputs: [...model.graph.outputs, ...added]
		}
	};
}
async function sourceOf$1(model, options) {
	const extra = options.extraOutputs ?? [];
	if (typeof model !== "string") return extra.length === 0 ? model : withOutputs(model, extra);
	const size = statSync(model, { throwIfNoEntry: false })?.size ?? 0;
	if (extra.length === 0 && size <= byPathBytes) return model;
	return withOutputs(await readModel(model), extra);
}
/**
* No CPU arena unless asked for: Electron's allocator traps on one allocation of about 2 GiB, and what an arena keeps
* would be counted as the model's. An arena grows by at most 1 GiB at a time, and without memory patterns asks for no
* block of a whole run's size. One inter-op thread. The same in every host, so that latencies agree.
*/
function ortOptions(options, weights) {
	const threads = options.threads ?? 1;
	const session = {};
	if (options.prepacking === false) session.disable_prepacking = "1";
	if (options.background === true && threads > 1) session.intra_op = { allow_spinning: "0" };
	if (weights !== null) session.model_external_initializers_file_folder_path = weights;
	return {
		executionProviders: ["cpu"],
		intraOpNumThreads: threads,
		interOpNumThreads: 1,
		executionMode: "sequential",
		enableCpuMemArena: options.keepBuffers === true,
		enableMemPattern: options.keepBuffers !== true,
		logSeverityLevel: 4,
		graphOptimizationLevel: options.optimization ?? "all",
		extra: { session },
		...options.optimizedModelPath === void 0 ? {} : { optimizedModelFilePath: options.optimizedModelPath },
		...options.profilePrefix === void 0 ? {} : {
			enableProfiling: true,
			profileFilePrefix: options.profilePrefix
		}
	};
}
// src-main/onnx/session/empty-scan.ts
/**
* onnxruntime 1.30 divides by zero, which ends the process, where a Scan of opset 9 or later has no elements along
* another axis than the first. Such a run is refused instead, as far as that is known before it.
*/
/** @param model as it was opened; a file that was opened by path is read where something is fed without elements */
function emptyScanGuard(model) {
	let scans = typeof model === "string" ? null : offAxisScans(model);
	const path = typeof model === "string" ? model : null;
	return async (label, feeds) => {
		const fed = Object.keys(feeds).find((name) => feeds[name]?.data.length === 0);
		if (fed !== void 0 && path !== null) scans ??= offAxisScans(await readModel(path));
		const scan = scans?.find(({ isEmpty }) => isEmpty || fed !== void 0);
		if (scan === void 0) return;
		const why = scan.isEmpty ? "" : `, since input "${fed}" is empty`;
		throw new LatheError({
			who: `${label}: Scan "${scan.name}"`,
			what: `may have nothing to scan${why}, which onnxruntime does not survive along another axis than the first`,
			next: "give every input at least one element, or let it scan along the first axis when exporting"
		});
	};
}
function offAxisScans(model) {
	const scans = [...allNodes(model)].filter(isOffAxis);
	if (scans.length === 0 || standardOpset(model.opsets) < 9) return [];
	const tensors = [...allGraphs(model)].flatMap(({ initializers }) => [...initializers.values()]);
	const empty = new Set(tensors.filter(({ shape }) => shape.includes(0)).map(({ name }) => name));
	return scans.map((scan) => ({
		name: scan.name,
		isEmpty: scannedBy(scan).some((input) => empty.has(input))
	}));
}
function isOffAxis(node) {
	const axes = intsOf$10(node, "scan_input_axes", void 0);
	return node.opType === "Scan" && axes !== void 0 && axes.some((axis) => axis !== 0);
}
function scannedBy(scan) {
	return scan.inputs.slice(-intOf$11(scan, "num_scan_inputs", 1));
}
// src-main/onnx/session/ort-tensor.ts
/** The runtime's names are ONNX's; those it lacks cannot cross into JavaScript. */
function toOrtTensor(array) {
	const { Tensor } = runtime();
	const shape = [...array.shape];
	return new Tensor(array.dtype, array.data, shape);
}
/** @throws LatheError where the value is of a dtype that arrays do not hold, e.g. int4 */
function fromOrtTensor(name, tensor) {
	const dtype = tensor.type;
	if (!isArrayDType(dtype)) throw new LatheError({
		who: `output "${name}"`,
		what: `is of type ${dtype}, which cannot be read into an array`,
		next: "put a Cast to float32 behind it"
	});
	return {
		dtype,
		shape: tensor.dims,
		data: tensor.data
	};
}
// src-main/onnx/session/open-session.ts
/** Opening, running and closing sessions of onnxruntime. */
/**
* @param model a path, or a Model whose weights are mapped from its folder
* @throws LatheError that names the model and says what onnxruntime cannot do with it
*/
async function openSession(model, options = {}) {
	const created = await createSession(model, options);
	const describe = await describer(model, created.session);
	return new OrtSession(modelLabel(model, options), created, describe, emptyScanGuard(model), options.profilePrefix);
}
var OrtSession = class {
	inputs;
	outputs;
	weightsFolder;
	#label;
	#session;
	#refuseEmptyScan;
	#profilePrefix;
	constructor(label, { session, weightsFolder }, describe, refuseEmptyScan, profilePrefix) {
		this.#label = label;
		this.weightsFolder = weightsFolder;
		this.#session = session;
		this.#refuseEmptyScan = refuseEmptyScan;
		this.#profilePrefix = profilePrefix;
		this.inputs = session.inputMetadata.map(describe);
		this.outputs = session.outputMetadata.map(describe);
	}
	async run(feeds, outputs) {
		const fed = Object.fromEntries(this.inputs.map((input) => [input.name, this.#checkedFeed(input, feeds)]));
		const asked = outputs ?? this.#session.outputNames;
		this.#checkAsked(asked);
		await this.#refuseEmptyScan(this.#label, feeds);
		try {
			const results = await this.#session.run(fed, [...asked]);
			return Object.fromEntries(asked.map((name) => [name, fromOrtTensor(name, results[name])]));
		} catch (thrown) {
			throw thrown instanceof LatheError ? thrown : runtimeError(this.#label, thrown);
		}
	}
	/** The runtime's binding ends the whole process when it has to hand over 4-bit elements. */
	#checkAsked(asked) {
		for (const { name, dtype } of this.outputs) {
			if (dtype === null || isArrayDType(dtype) || !asked.includes(name)) continue;
			throw new LatheError({
				who: `${this.#label}: output "${name}"`,
				what: `is of type ${dtype}, which the runtime cannot hand over`,
				next: "put a Cast at that edge when exporting"
			});
		}
	}
	async endProfile() {
		if (this.#profilePrefix === void 0) throw new LatheError({
			who: this.#label,
			what: "its session was opened without a profile",
			code: "failed"
		});
		this.#session.endProfiling();
		return profileFile(this.#profilePrefix);
	}
	async release() {
		await this.#session.release();
	}
	#checkedFeed(input, feeds) {
		const array = feeds[input.name];
		const refuse = (what) => {
			throw new LatheError({
				who: `${this.#label}: input "${input.name}"`,
				what
			});
		};
		if (array === void 0) return refuse(`is not fed (fed: ${Object.keys(feeds).join(", ") || "nothing"})`);
		if (input.dtype !== null && array.dtype !== input.dtype) return refuse(`expects ${input.dtype}, got ${array.dtype}`);
		if (input.shape !== null && !fits(array.shape, input.shape)) return refuse(`expects shape [${input.shape.map((dim) => dim ?? "?").join(", ")}], got [${array.shape.join(", ")}]`);
		return toOrtTensor(array);
	}
};
function fits(shape, wanted) {
	return shape.length === wanted.length && wanted.every((dim, axis) => typeof dim !== "number" || dim === shape[axis]);
}
/** The runtime tells scalars and values of unknown rank by the same empty shape; the file tells them apart. */
async function describer(model, session) {
	const isAmbiguous = [...session.inputMetadata, ...session.outputMetadata].some((metadata) => metadata.isTensor && metadata.shape.length === 0);
	const scalars = /* @__PURE__ */ new Set();
	if (isAmbiguous) {
		const { graph } = typeof model === "string" ? await readModel(model) : model;
		for (const { name, type } of [...graph.inputs, ...graph.outputs]) if (type?.kind === "tensor" && type.shape?.length === 0) scalars.add(name);
	}
	return (metadata) => {
		if (!metadata.isTensor) return {
			name: metadata.name,
			kind: "other",
			dtype: null,
			shape: null
		};
		const shape = metadata.shape.length === 0 && !scalars.has(metadata.name) ? null : metadata.shape.map((dim) => isKnown$1(dim) ? dim : null);
		return {
			name: metadata.name,
			kind: "tensor",
			dtype: metadata.type,
			shape
		};
	};
}
/** '' is a dim without a name; 0 and less is what old exporters write for "any". */
function isKnown$1(dim) {
	return typeof dim === "string" ? dim !== "" : dim > 0;
}
/** onnxruntime adds the time to the prefix and does not say the name. */
function profileFile(prefix) {
	const folder = dirname(prefix);
	const newest = readdirSync(folder).filter((name) => name.startsWith(`${basename(prefix)}_`) && name.endsWith(".json")).sort().at(-1);
	if (newest === void 0) throw new LatheError({
		who: "profile",
		what: `no file was written at ${prefix}`,
		code: "failed"
	});
	return join(folder, newest);
}
// src-main/onnx/session/channel-block.ts
/**
* The blocked layout of onnxruntime's fast convolutions (NCHWc): channels stand in blocks of as many as the processor's
* vectors hold. The size of a block is the runtime's own secret; a run of its ReorderInput tells it.
*/
var blockedDomain = "com.microsoft.nchwc";
/** Channels that are probed: more than any block holds. */
var probed = 64;
makeGraph({
	name: "probe",
	nodes: [makeNode("ReorderInput", "reorder", ["x"], ["y"], {}, blockedDomain)],
	inputs: [makeValue("x", "float32", [
		1,
		probed,
		1,
		2
	])],
	outputs: [makeValue("y", "float32", [
		1,
		probed,
		1,
		2
	])]
});
// src-main/onnx/session/cpu-info.ts
/** The processor that decides how fast int8 is. */
var relevant = /* @__PURE__ */ new Set([
	"sse4_1",
	"avx",
	"avx2",
	"fma",
	"f16c",
	"avx512f",
	"avx512bw",
	"avx512vl",
	"avx512_vnni",
	"avx_vnni",
	"avx_vnni_int8",
	"avx512_bf16",
	"avx512_fp16",
	"amx_tile",
	"amx_int8",
	"amx_bf16",
	"asimd",
	"asimdhp",
	"asimddp",
	"i8mm",
	"bf16",
	"sve",
	"sve2"
]);
/** Name and features; the features are known on Linux, and on Apple silicon by what all of it has. */
function cpuInfo() {
	const name = cpus()[0]?.model.trim() || `unknown ${arch()} CPU`;
	if (process.platform === "darwin" && arch() === "arm64") return {
		name,
		features: [
			"asimd",
			"asimdhp",
			"asimddp"
		]
	};
	return {
		name,
		features: featuresOf(linuxCpuText())
	};
}
/** Features that the text of `/proc/cpuinfo` lists for the first processor (`flags` on x86, `Features` on ARM). */
function featuresOf(cpuinfo) {
	return (/^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? "").split(/\s+/).filter((flag) => relevant.has(flag));
}
/** Whether the CPU is an x64 one that is known to add products of bytes in pairs of 16 bits, which saturate. */
function addsPairsIn16Bits(cpu, architecture = arch()) {
	return architecture === "x64" && hasInt8DotProduct(cpu) === false;
}
/**
* Whether 8-bit products are summed exactly, and fast. Without it x64 sums pairs of u8·s8 in 16 bits, which saturate.
* null: the system does not tell.
*/
function hasInt8DotProduct(cpu) {
	if (cpu.features.length === 0) return null;
	return [
		"avx512_vnni",
		"avx_vnni",
		"avx_vnni_int8",
		"amx_int8",
		"asimddp",
		"i8mm"
	].some((feature) => cpu.features.includes(feature));
}
function linuxCpuText() {
	try {
		return readFileSync("/proc/cpuinfo", "utf8");
	} catch {
		return "";
	}
}
// src-main/onnx/session/optimize-model.ts
/** onnxruntime's own graph optimisations, written back as a file. */
/**
* The model as onnxruntime optimises it, by way of a file at `path` that must stay while the result is used, as must the
* folder `<path>.weights` that appears where the model has many changed weights. Weights that stay as they are remain
* references to the files they were in. Only `basic` gives a model for other machines:
* from `extended` on it holds operators of com.microsoft, and from `all` on layouts of this CPU.
* @throws LatheError where onnxruntime does not load the model or cannot write the file
*/
async function optimizeModel(model, level, path) {
	const { session, weightsFolder } = await createSession(model, {
		optimization: level,
		prepacking: false,
		optimizedModelPath: path,
		spillFolder: `${path}.weights`
	});
	await session.release();
	return readModel(path, { dataFolder: weightsFolder ?? void 0 });
}
// src-main/onnx/session/folded-types.ts
/**
* Types of values behind computed shapes. Inference alone stops at a Reshape whose target is computed from a Shape;
* onnxruntime's basic optimisation folds such computations once the inputs have sizes, and what it then knows is read
* from the model that it writes. Nothing is run, and weights are left out.
*/
/** Larger initializers are weights, not shapes; they become inputs, since only their types matter. */
var weightBytes$1 = 1024;
/** null where an input has no sizes, or where the runtime refuses the model without its weights. */
async function foldedTypes(model) {
	if (!model.graph.inputs.every(({ type }) => type?.kind === "tensor" && isStatic(type))) return null;
	const names = model.graph.nodes.flatMap((node) => node.outputs.filter((name) => name !== ""));
	const folder = await mkdtemp(join(tmpdir(), "lathe-types-"));
	const path = join(folder, "folded.onnx");
	try {
		const { graph } = await optimizeModel(withOutputs({
			...model,
			graph: withoutWeights(model.graph)
		}, names), "basic", path);
		const made = new Set(names);
		return {
			types: new Map(graph.outputs.flatMap(({ name, type }) => type === null ? [] : [[name, type]])),
			constants: new Map([...graph.initializers].filter(([name]) => made.has(name)))
		};
	} catch {
		return null;
	} finally {
		await rm(folder, { recursive: true });
	}
}
/** Every dim a number above zero. */
function isStatic(type) {
	return type?.kind === "tensor" && type.shape !== null && type.shape.every((dim) => typeof dim === "number" && dim > 0);
}
/** Weights above 1 KB become inputs: all of them, or those that are `chosen`. */
function withoutWeights(graph, chosen = () => true) {
	const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
	const initializers = new Map(graph.initializers);
	for (const [name, tensor] of graph.initializers) {
		if (tensorByteLength(tensor) <= weightBytes$1 || !chosen(tensor)) continue;
		initializers.delete(name);
		inputs.set(name, makeValue(name, tensor.dtype, tensor.shape));
	}
	return {
		...graph,
		inputs: [...inputs.values()],
		initializers
	};
}
// src-main/onnx/session/body-feeds.ts
/**
* What a body of If, Loop or Scan, or a called function, is fed when it runs by itself: the types that follow from
* what its node is given, and the values of the first round.
* Source: https://onnx.ai/onnx/operators/ (If, Loop, Scan).
*/
/** @param at number of the body's input @param opset of ai.onnx */
function givenTo(node, at, opset) {
	if (node.opType === "Loop") return {
		kind: at === 0 ? "round" : at === 1 ? "condition" : "state",
		input: node.inputs[at] ?? "",
		dropped: []
	};
	if (node.opType !== "Scan") return {
		kind: "state",
		input: node.inputs[at] ?? "",
		dropped: []
	};
	const isBatched = opset < 9;
	const scans = intOf$11(node, "num_scan_inputs", 0);
	const states = node.inputs.length - scans - (isBatched ? 1 : 0);
	const input = node.inputs[at + (isBatched ? 1 : 0)] ?? "";
	const axis = intsOf$10(node, "scan_input_axes", void 0)?.[at - states] ?? 0;
	if (isBatched) return {
		kind: at < states ? "state" : "scanned",
		input,
		dropped: at < states ? [0] : [0, 1]
	};
	return at < states ? {
		kind: "state",
		input,
		dropped: []
	} : {
		kind: "scanned",
		input,
		dropped: [axis]
	};
}
/** The type of a body's input as it follows from its node's; undefined where nothing does. */
function bodyInputType(node, at, opset, types) {
	const { kind, input, dropped } = givenTo(node, at, opset);
	if (kind === "round") return {
		kind: "tensor",
		dtype: "int64",
		shape: []
	};
	if (kind === "condition") return {
		kind: "tensor",
		dtype: "bool",
		shape: []
	};
	const type = types.get(input);
	if (type?.kind !== "tensor" || type.shape === null) return type;
	return {
		...type,
		shape: node.opType === "Loop" ? null : without(type.shape, dropped)
	};
}
/** What the first round of a body gets in its inputs, whether or not the node runs any; null where one is not known. */
function firstRound(node, { inputs }, opset, valueNamed) {
	const given = inputs.map(({ name }, at) => [name, roundInput(givenTo(node, at, opset), valueNamed)]);
	return given.some(([, value]) => value === void 0) ? null : Object.fromEntries(given);
}
function roundInput({ kind, input, dropped }, valueNamed) {
	if (kind === "round") return {
		dtype: "int64",
		shape: [],
		data: BigInt64Array.of(0n)
	};
	if (kind === "condition") return {
		dtype: "bool",
		shape: [],
		data: Uint8Array.of(1)
	};
	const value = valueNamed(input);
	return value && dropped.reduceRight(firstAlong, value);
}
/** Element 0 along an axis, which goes; zeros where the axis is empty. */
function firstAlong(array, axis) {
	const at = axis < 0 ? axis + array.shape.length : axis;
	const shape = without(array.shape, [at]);
	const first = zeros$1(array.dtype, shape);
	const size = array.shape[at];
	if (size === 0) return first;
	const inner = elementCount(array.shape.slice(at + 1));
	for (let to = 0; to < first.data.length; to++) first.data[to] = array.data[Math.floor(to / inner) * size * inner + to % inner];
	return first;
}
function without(shape, axes) {
	const dropped = new Set(axes.map((axis) => axis < 0 ? axis + shape.length : axis));
	return shape.filter((_, axis) => !dropped.has(axis));
}
/** The values of a function's inputs, as far as those of the call's are known. */
function argumentValues(call, fn, values) {
	const pairs = fn.inputs.map((name, at) => [name, values[call.inputs[at] ?? ""]]);
	return Object.fromEntries(pairs.flatMap(([name, value]) => value === void 0 ? [] : [[name, value]]));
}
/** The attribute whose body an If takes, by its condition; undefined where that is not known. */
function branchOf(condition) {
	if (condition === void 0) return void 0;
	return condition.data[0] ? "then_branch" : "else_branch";
}
/** Whether a Loop or Scan ends before its first round. */
function hasNoRound(node, opset, valueNamed) {
	if (node.opType === "Loop") {
		const [most, condition] = [valueNamed(node.inputs[0] ?? ""), valueNamed(node.inputs[1] ?? "")];
		return most !== void 0 && Number(most.data[0]) <= 0 || condition !== void 0 && !condition.data[0];
	}
	if (node.opType !== "Scan") return false;
	const last = node.inputs.at(-1) ?? "";
	const scans = intOf$11(node, "num_scan_inputs", 0);
	const axis = opset < 9 ? 1 : intsOf$10(node, "scan_input_axes", void 0)?.[scans - 1] ?? 0;
	return valueNamed(last)?.shape.at(axis) === 0;
}
// src-main/onnx/session/lift-body.ts
/**
* Bodies and functions as graphs that can stand alone: a body's inputs are then its own and the values that it
* captures, a function's those of one call.
*/
/** The function as a graph, with the weights that the call gives it; its other inputs are typed where it is lifted. */
function callBody(call, fn, tensors) {
	const inputs = [];
	const initializers = /* @__PURE__ */ new Map();
	const absent = /* @__PURE__ */ new Map();
	for (const [at, name] of fn.inputs.entries()) {
		const given = call.inputs[at] ?? "";
		const tensor = tensors.get(given);
		if (given === "") absent.set(name, "");
		else if (tensor === void 0) inputs.push({
			name,
			type: null
		});
		else initializers.set(name, {
			...tensor,
			name
		});
	}
	return makeGraph({
		name: fn.name,
		nodes: functionNodes(fn, call).map((node) => renameReads(node, absent)),
		inputs,
		outputs: fn.outputs.filter((_, at) => (call.outputs[at] ?? "") !== "").map((name) => ({
			name,
			type: null
		})),
		initializers,
		values: fn.values
	});
}
/** Types that the file states. */
function stated({ inputs, outputs, values }) {
	const types = /* @__PURE__ */ new Map();
	for (const { name, type } of [
		...values.values(),
		...outputs,
		...inputs
	]) if (type !== null) types.set(name, type);
	return types;
}
/** null where something that the body reads has no known type. */
function liftBody(model, node, body, inputs, types, tensors) {
	const initializers = new Map(body.initializers);
	const captured = [];
	for (const name of capturedBy({
		...node,
		attributes: /* @__PURE__ */ new Map([["body", graph(body)]])
	})) {
		const tensor = tensors.get(name);
		const type = types.get(name);
		if (tensor !== void 0) initializers.set(name, tensor);
		else if (type !== void 0) captured.push({
			name,
			type
		});
		else return null;
	}
	if (inputs.some(({ type }) => type === null)) return null;
	return {
		...model,
		graph: {
			...body,
			inputs: [...inputs, ...captured],
			initializers
		}
	};
}
/** The body's own inputs, with what follows from the values that the node is given where the body does not say it. */
function bodyInputs(node, attribute, body, { model, types }) {
	return body.inputs.map((input, at) => {
		const given = attribute === "body" ? bodyInputType(node, at, standardOpset(model.opsets), types) : void 0;
		return {
			...input,
			type: moreExact(input.type, given ?? null)
		};
	});
}
function moreExact(stated, given) {
	if (stated === null) return given;
	return stated.kind === "tensor" && stated.shape === null && given?.kind === "tensor" ? given : stated;
}
// src-main/onnx/session/observe-run.ts
/**
* What one run shows: the shapes that values really have, and some values themselves. Each value of which only the
* shape is asked gets a Shape node behind it, so that nothing large is handed over.
*/
/**
* Runs the model once as it is, without optimisations.
* @throws LatheError where the model does not load or does not run on the feeds
*/
async function observeRun(model, asked, feeds) {
	const shapeOf = (name) => `lathe/shape-of/${name}`;
	const nodes = asked.shapes.map((name) => makeNode("Shape", shapeOf(name), [name], [shapeOf(name)]));
	const names = [...asked.shapes.map(shapeOf), ...asked.values];
	const graph = {
		...model.graph,
		nodes: [...model.graph.nodes, ...nodes],
		outputs: names.map((name) => ({
			name,
			type: null
		}))
	};
	const session = await openSession({
		...model,
		graph
	}, {
		optimization: "disabled",
		prepacking: false
	});
	try {
		const results = await session.run(feeds);
		return {
			shapes: new Map(asked.shapes.map((name) => [name, Array.from(results[shapeOf(name)]?.data, Number)])),
			values: Object.fromEntries(asked.values.flatMap((name) => results[name] ? [[name, results[name]]] : []))
		};
	} finally {
		await session.release();
	}
}
// src-main/onnx/session/value-types.ts
/** Sessions that the search for values which the runtime cannot hand over may open. */
var sessionLimit = 200;
/**
* Types of the main graph's inputs and of what its nodes make; where all inputs have sizes, also of what lies behind
* computed shapes. Left out: values that the runtime cannot hand over (bfloat16, 4-bit, float 8 …) unless the file
* states their type.
* @throws LatheError where onnxruntime does not load the model at all
*/
function valueTypes(model) {
	const known = inferred.get(model.graph);
	if (known?.opsets === model.opsets && known.functions === model.functions) return known.types;
	const types = inferTypes(model);
	inferred.set(model.graph, {
		opsets: model.opsets,
		functions: model.functions,
		types
	});
	types.catch(() => inferred.delete(model.graph));
	return types;
}
/** What was inferred before: graphs never change, and several steps of a job ask about the same one. */
var inferred = /* @__PURE__ */ new WeakMap();
async function inferTypes(model) {
	const types = statedTypes(model.graph);
	const names = model.graph.nodes.flatMap((node) => node.outputs.filter((name) => name !== ""));
	const base = await withoutMadeWeights(model);
	const found = await new Inference(base).ask(names);
	const scalars = await scalarsAmong(base, found.filter(({ shape }) => shape.length === 0).map(({ name }) => name));
	for (const { name, type, shape } of found) {
		const isUnranked = shape.length === 0 && !scalars.has(name);
		types.set(name, {
			kind: "tensor",
			dtype: type,
			shape: isUnranked ? null : shape.map((dim) => dim === "" ? null : dim)
		});
	}
	return names.every((name) => isStatic(types.get(name))) ? types : completed(types, await foldedTypes(model));
}
/** Weights that would have to be made anew for each session are left out, unless the runtime insists on them. */
async function withoutMadeWeights(model) {
	const graph = withoutWeights(model.graph, ({ data }) => data.kind === "derived");
	if (graph.initializers.size === model.graph.initializers.size) return model;
	const bare = {
		...model,
		graph
	};
	return outputMetadata(bare).then(() => bare, () => model);
}
function completed(types, folded) {
	const all = new Map(types);
	for (const [name, type] of folded?.types ?? []) if (isStatic(type) || !all.has(name)) all.set(name, type);
	return all;
}
/** Types that the file states itself; inference replaces them where it can. */
function statedTypes(graph) {
	const types = /* @__PURE__ */ new Map();
	for (const { name, type } of [
		...graph.values.values(),
		...graph.outputs,
		...graph.inputs
	]) if (type !== null) types.set(name, type);
	return types;
}
var Inference = class {
	#model;
	#sessions = 0;
	constructor(model) {
		this.#model = model;
	}
	/** Metadata of all named values that are tensors which the runtime can hand over. */
	async ask(names) {
		try {
			return await this.#open(names);
		} catch {
			await this.#open([]);
			return this.#askHalves(names);
		}
	}
	async #askHalves(names) {
		if (names.length <= 1) return [];
		const half = names.length >> 1;
		const found = [];
		for (const part of [names.slice(0, half), names.slice(half)]) {
			if (this.#sessions >= sessionLimit) break;
			try {
				found.push(...await this.#open(part));
			} catch {
				found.push(...await this.#askHalves(part));
			}
		}
		return found;
	}
	async #open(names) {
		this.#sessions++;
		return outputMetadata(withOutputs(this.#model, names));
	}
};
/** The runtime tells scalars and values of unknown rank by the same empty shape, but the Shape of a scalar has 0 elements. */
async function scalarsAmong(model, names) {
	if (names.length === 0) return /* @__PURE__ */ new Set();
	const shapeOf = (name) => `lathe/shape-of/${name}`;
	const nodes = names.map((name) => makeNode("Shape", shapeOf(name), [name], [shapeOf(name)]));
	const graph = {
		...model.graph,
		nodes: [...model.graph.nodes, ...nodes]
	};
	const metadata = await outputMetadata(withOutputs({
		...model,
		graph
	}, names.map(shapeOf)));
	const scalars = new Set(metadata.filter(({ shape }) => shape[0] === 0).map(({ name }) => name));
	return new Set(names.filter((name) => scalars.has(shapeOf(name))));
}
async function outputMetadata(model) {
	const { session } = await createSession(model, {
		optimization: "disabled",
		prepacking: false
	});
	const metadata = session.outputMetadata.filter((value) => value.isTensor);
	await session.release();
	return metadata;
}
// src-main/onnx/session/observe-graph.ts
/**
* One run of a graph for what inference leaves open in it, and for the values that the bodies in it read. A body that
* a run did not take is run all the same, at other sizes where it refuses those that reach it, and as far as it goes.
*/
/**
* @param types what is inferred of the graph's values
* @throws LatheError where the model does not run on the values
*/
async function observeGraph(model, types, values) {
	const { graph } = model;
	const feeds = feedsOf(graph, values);
	const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
	const isTensor = (name) => types.get(name)?.kind === "tensor";
	const open = [...types.keys()].filter((name) => isTensor(name) && !isStatic(types.get(name)));
	const wanted = new Set(graph.nodes.flatMap((node) => readByBodies(node, model)).filter((name) => made.has(name)));
	const asked = {
		shapes: open.filter((name) => made.has(name) || name in feeds),
		values: [...wanted].filter(isHeld)
	};
	function isHeld(name) {
		const type = types.get(name);
		return type?.kind === "tensor" && isArrayDType(type.dtype);
	}
	if (asked.shapes.length === 0 && asked.values.length === 0) return {
		types,
		values: feeds,
		remark: null
	};
	const seen = await observeRun(model, asked, feeds);
	const completed = new Map(types);
	for (const [name, shape] of seen.shapes) {
		const type = types.get(name);
		if (type?.kind === "tensor") completed.set(name, {
			...type,
			shape
		});
	}
	return {
		types: completed,
		values: {
			...feeds,
			...seen.values
		},
		remark: null
	};
}
function feedsOf({ inputs, initializers }, values) {
	const fed = inputs.filter(({ name }) => !initializers.has(name));
	return Object.fromEntries(fed.flatMap(({ name }) => values[name] ? [[name, values[name]]] : []));
}
/** What has to be known for a run of the node's bodies: what they capture, and what it hands them. */
function readByBodies(node, model) {
	return subgraphsOf(node).length > 0 || calledFunction(model)(node) !== void 0 ? [...node.inputs, ...capturedBy(node)] : [];
}
/**
* As {@link observeGraph} for a body that the run did not take, which need not run on what reaches it: then at half and
* twice the sizes that inference leaves open, with each of them 1, and else without the nodes that fail.
* @param open types before any size is given, which tell the sizes that are open
* @returns null where nothing of it runs
*/
async function observeForced(lifted, types, values, open) {
	const feeds = feedsOf(lifted.graph, values);
	const whole = await observeGraph(lifted, types, feeds).catch(() => null);
	if (whole !== null) return whole;
	for (const resize of otherSizes) {
		const resized = resizedFeeds(feeds, open, resize);
		const seen = resized === null ? null : await observeResized(lifted, feeds, resized).catch(() => null);
		if (seen !== null) return seen;
	}
	return observeWhatRuns(lifted, types, feeds);
}
var otherSizes = [
	(size) => Math.ceil(size / 2),
	(size) => size * 2,
	() => 1
];
/** null where no size is open. */
function resizedFeeds(feeds, open, resize) {
	let isResized = false;
	const entries = Object.entries(feeds).map(([name, array]) => {
		const type = open.get(name);
		const isOpen = (axis) => type?.kind === "tensor" && typeof type.shape?.[axis] !== "number";
		const shape = array.shape.map((size, axis) => size > 1 && isOpen(axis) ? resize(size) : size);
		isResized ||= shape.some((size, axis) => size !== array.shape[axis]);
		return [name, repeated(array, shape)];
	});
	return isResized ? Object.fromEntries(entries) : null;
}
/** The array's own elements, over and over, so that values stay in their range. */
function repeated(array, shape) {
	if (elementCount(shape) === array.data.length) return {
		...array,
		shape
	};
	const result = zeros$1(array.dtype, shape);
	for (let at = 0; at < result.data.length; at++) result.data[at] = array.data[at % array.data.length];
	return result;
}
async function observeResized(lifted, before, feeds) {
	const inputs = lifted.graph.inputs.map((input) => {
		const array = feeds[input.name];
		return array === void 0 ? input : makeValue(input.name, array.dtype, array.shape);
	});
	const model = {
		...lifted,
		graph: {
			...lifted.graph,
			inputs,
			values: /* @__PURE__ */ new Map()
		}
	};
	const seen = await observeGraph(model, await valueTypes(model), feeds);
	const sizes = ({ shape }) => `[${shape.join(", ")}]`;
	const changes = Object.entries(feeds).flatMap(([name, array]) => {
		const was = before[name];
		return sizes(was) === sizes(array) ? [] : [`${name} ${sizes(array)} instead of ${sizes(was)}`];
	});
	return {
		...seen,
		remark: `seen with ${changes.join(", ")}`
	};
}
/** Leaves out the first node that fails and all that follow from it, until the rest runs. */
async function observeWhatRuns(lifted, types, values) {
	let nodes = lifted.graph.nodes;
	const failing = [];
	const attempt = (kept) => {
		const made = new Set(kept.flatMap(({ outputs }) => outputs));
		const given = /* @__PURE__ */ new Set([...lifted.graph.inputs.map(({ name }) => name), ...made]);
		const known = new Map([...types].filter(([name]) => given.has(name)).map(([name, type]) => [name, opened(type)]));
		return observeGraph({
			...lifted,
			graph: {
				...lifted.graph,
				nodes: kept
			}
		}, known, values).catch(() => null);
	};
	while (nodes.length > 0) {
		const seen = await attempt(nodes);
		if (seen !== null) {
			const [first] = failing;
			const what = `${first?.opType} "${first?.name}" does not run on what reaches it`;
			return {
				...seen,
				types: new Map([...types, ...seen.types]),
				remark: what
			};
		}
		const failed = nodes[await firstFailing(nodes, attempt)];
		failing.push(failed);
		nodes = withoutFollowers(nodes, failed);
	}
	return null;
}
function opened(type) {
	return type.kind === "tensor" ? {
		...type,
		shape: null
	} : type;
}
/** Nodes are in topological order, and with a node that fails every longer beginning does. */
async function firstFailing(nodes, attempt) {
	let [runs, fails] = [0, nodes.length];
	while (fails - runs > 1) {
		const middle = runs + fails >> 1;
		if (await attempt(nodes.slice(0, middle)) === null) fails = middle;
		else runs = middle;
	}
	return runs;
}
function withoutFollowers(nodes, failed) {
	const lost = new Set(failed.outputs.filter((name) => name !== ""));
	return nodes.filter((node) => {
		const isLost = node === failed || [...node.inputs, ...capturedBy(node)].some((name) => lost.has(name));
		if (isLost) {
			for (const name of node.outputs) if (name !== "") lost.add(name);
		}
		return !isLost;
	});
}
// src-main/onnx/session/graph-types.ts
/**
* Types of values in every graph of a model. The runtime tells those of the main graph; a body of If, Loop or Scan is
* lifted into a model of its own, whose inputs are the values that it captures, and so is a function for each call.
*/
/**
* @param isWanted which bodies are worth a session; of the others only what the file states is given
* @returns for the main graph, each body and each call of a function the types of its own values; a body whose inputs
* have no known types, or which the runtime does not load alone, has those that the file states
* @throws LatheError where onnxruntime does not load the model at all
*/
async function graphTypes(model, isWanted = () => true) {
	const walk = new Walk$1(isWanted, /* @__PURE__ */ new Map(), null);
	const main = {
		graph: model.graph,
		lifted: model,
		types: await valueTypes(model),
		label: ""
	};
	await walk.add(main, null, nothingAround(model), false);
	return walk.result(async (feeds, { random, open }) => {
		const seen = await observeGraph(model, main.types, feeds);
		const second = new Walk$1(isWanted, walk.calls, {
			random,
			open: open ?? ((graph) => walk.typesOf(graph))
		});
		await second.add(main, seen, nothingAround(model), false);
		return second;
	});
}
var nothingAround = (model) => ({
	model,
	types: /* @__PURE__ */ new Map(),
	open: /* @__PURE__ */ new Map(),
	tensors: /* @__PURE__ */ new Map(),
	values: {},
	isRemarked: false
});
var Walk$1 = class {
	found = /* @__PURE__ */ new Map();
	calls;
	#taken = /* @__PURE__ */ new Map();
	#forced = /* @__PURE__ */ new Set();
	#remarks = [];
	#isWanted;
	#observing;
	/** @param observing null: nothing is run */
	constructor(isWanted, calls, observing) {
		this.#isWanted = isWanted;
		this.calls = calls;
		this.#observing = observing;
	}
	typesOf(graph) {
		return this.found.get(graph) ?? /* @__PURE__ */ new Map();
	}
	result(observe) {
		return {
			of: (graph) => this.typesOf(graph),
			bodyOfCall: (call) => this.calls.get(call),
			branchTaken: (node) => this.#taken.get(node),
			isForced: (graph) => this.#forced.has(graph),
			graphs: () => this.found.keys(),
			remarks: this.#remarks,
			observedOn: async (feeds, aside = {}) => (await observe(feeds, aside)).result(observe)
		};
	}
	/** @param seen null: the graph was not run */
	async add(site, seen, around, isForced) {
		const { graph, label } = site;
		const types = seen?.types ?? site.types;
		this.found.set(graph, types);
		if (isForced) this.#forced.add(graph);
		const remark = this.#observing === null ? null : seen === null ? remarkOnUnseen(site) : seen.remark;
		if (remark !== null && !around.isRemarked) this.#remarks.push(`${label}: ${remark}.`);
		const inView = {
			model: site.lifted ?? around.model,
			types: new Map([...around.types, ...types]),
			open: new Map([...around.open, ...this.#observing?.open?.(graph) ?? []]),
			tensors: new Map([...around.tensors, ...graph.initializers]),
			values: {
				...around.values,
				...seen?.values
			},
			isRemarked: around.isRemarked || remark !== null
		};
		const functionOf = calledFunction(around.model);
		for (const node of graph.nodes) {
			const fn = functionOf(node);
			if (fn !== void 0) await this.#addCall(node, fn, inView, isForced);
			await this.#addBodies(node, inView, isForced);
		}
	}
	async #addCall(call, fn, inView, isForced) {
		const site = await this.#callSite(call, fn, inView);
		const given = argumentValues(call, fn, inView.values);
		const seen = await this.#run(site, given, /* @__PURE__ */ new Map(), isForced);
		const around = {
			...nothingAround(site.lifted ?? inView.model),
			isRemarked: inView.isRemarked
		};
		await this.add(site, seen, around, isForced);
	}
	async #addBodies(node, inView, isForced) {
		const bodies = subgraphsOf(node);
		if (bodies.length === 0) return;
		const opset = standardOpset(inView.model.opsets);
		const valueNamed = (name) => {
			const tensor = inView.tensors.get(name);
			return tensor === void 0 ? inView.values[name] : readTensor(tensor);
		};
		const isObserved = this.#observing !== null;
		const taken = isObserved && node.opType === "If" ? branchOf(valueNamed(node.inputs[0] ?? "")) : void 0;
		if (taken !== void 0) this.#taken.set(node, taken);
		for (const { attribute, graph: body } of bodies) {
			const isPassedBy = node.opType === "If" ? attribute !== taken : hasNoRound(node, opset, valueNamed);
			const site = await this.#bodySite(node, attribute, body, inView);
			const own = isObserved ? firstRound(node, body, opset, valueNamed) : null;
			const given = own === null ? null : {
				...inView.values,
				...own
			};
			const isAside = isObserved && (isForced || isPassedBy);
			await this.add(site, await this.#run(site, given, inView.open, isAside), inView, isAside);
		}
	}
	/**
	* @param open types of what the graph captures, before any size was given
	* @param isForced whether it may refuse what reaches it
	* @returns null where it does not run by itself, and keeps what was inferred
	*/
	async #run({ lifted, graph, types }, given, open, isForced) {
		if (this.#observing === null || lifted === null) return null;
		const { random, open: openOf } = this.#observing;
		const missing = fedInputs(lifted.graph).filter(({ name }) => given?.[name] === void 0);
		if (missing.some(({ type }) => random === void 0 || !isStatic(type ?? void 0))) return null;
		try {
			const feeds = missing.length === 0 ? given ?? {} : {
				...random?.(lifted),
				...given
			};
			const seen = isForced ? await observeForced(lifted, types, feeds, new Map([...open, ...openOf?.(graph) ?? []])) : await observeGraph(lifted, types, feeds);
			return missing.length === 0 || seen === null ? seen : {
				...seen,
				remark: seen.remark ?? "seen on random values"
			};
		} catch {
			return null;
		}
	}
	async #callSite(call, fn, { model, types, tensors }) {
		const body = this.calls.get(call) ?? callBody(call, fn, tensors);
		this.calls.set(call, body);
		const label = `${fn.name} "${call.name}"`;
		const typed = body.inputs.map((input) => ({
			...input,
			type: types.get(call.inputs[fn.inputs.indexOf(input.name)] ?? "") ?? null
		}));
		if (!this.#isWanted(body) || typed.some(({ type }) => type === null)) return {
			graph: body,
			lifted: null,
			types: stated(body),
			label
		};
		const opsets = new Map([...model.opsets, ...fn.opsets]);
		const lifted = {
			...model,
			opsets,
			graph: {
				...body,
				inputs: typed
			}
		};
		return {
			graph: body,
			lifted,
			types: await valueTypes(lifted).catch(() => stated(body)),
			label
		};
	}
	async #bodySite(node, attribute, body, around) {
		const { model, types, tensors } = around;
		const label = `${attribute} of ${node.opType} "${node.name}"`;
		const inputs = bodyInputs(node, attribute, body, around);
		const lifted = this.#isWanted(body) ? liftBody(model, node, body, inputs, types, tensors) : null;
		if (lifted === null) return {
			graph: body,
			lifted,
			types: stated(body),
			label
		};
		const inner = await valueTypes(lifted).catch(() => stated(body));
		return {
			graph: body,
			lifted,
			types: node.opType === "Loop" ? await this.#withKeptStates(node, lifted, inner, types) : inner,
			label
		};
	}
	/** A state of a Loop may change its shape from round to round; it does not where its first shape gives itself. */
	async #withKeptStates(loop, lifted, inner, types) {
		const { graph } = lifted;
		const states = graph.inputs.slice(2, loop.inputs.length);
		const first = new Map(states.map(({ name }, at) => [name, types.get(loop.inputs[at + 2] ?? "") ?? null]));
		if ([...first.values()].every((type) => !isStatic(type ?? void 0))) return inner;
		const inputs = graph.inputs.map((input) => ({
			...input,
			type: first.get(input.name) ?? input.type
		}));
		const tried = await valueTypes({
			...lifted,
			graph: {
				...graph,
				inputs
			}
		}).catch(() => inner);
		return states.every(({ name }, at) => sameType(first.get(name), tried.get(graph.outputs[at + 1]?.name ?? ""))) ? tried : inner;
	}
};
function sameType(a, b) {
	return JSON.stringify(a) === JSON.stringify(b);
}
/** Why values of a body that was not run have no shape; null where all have one. */
function remarkOnUnseen({ graph, types }) {
	const hasShape = (type) => type !== void 0 && type.kind !== "tensor" || isStatic(type);
	const open = graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== "" && !hasShape(types.get(name))));
	if (open.length === 0) return null;
	return `the shapes of ${open.length} values stay open, since it does not run by itself on what reaches it`;
}
// src-main/quantize/padding.ts
/** Sequences that are filled up to one length: their tail says nothing about the model's activations, and costs time. */
var maskName = "attention_mask";
/**
* The feeds without the columns that the attention mask leaves out in every row. Unchanged where there is no such mask,
* or where the model fixes the length of the sequence.
* @param inputs of the model, with their types
*/
function withoutPadding(feeds, inputs) {
	const mask = feeds[maskName];
	if (mask === void 0 || mask.shape.length !== 2) return feeds;
	const [rows, columns] = mask.shape;
	const used = usedColumns(mask, columns);
	if (used === 0 || used === columns) return feeds;
	const long = Object.entries(feeds).filter(([, { shape }]) => shape.includes(columns));
	const isCut = ([name, { shape, dtype }]) => shape.length === 2 && shape[0] === rows && shape[1] === columns && isFree(inputs, name) && isArrayDType(dtype);
	if (!long.every(isCut)) return feeds;
	return {
		...feeds,
		...Object.fromEntries(long.map(([name, array]) => [name, firstColumns(array, used)]))
	};
}
function usedColumns({ data }, columns) {
	let used = 0;
	for (let at = 0; at < data.length; at++) if (Number(data[at]) !== 0) used = Math.max(used, at % columns + 1);
	return used;
}
function isFree(inputs, name) {
	const type = inputs.find((input) => input.name === name)?.type;
	return type?.kind === "tensor" && type.shape?.length === 2 && typeof type.shape[1] !== "number";
}
function firstColumns(array, count) {
	const [rows, columns] = array.shape;
	const data = array.data.slice(0, elementCount([rows, count]));
	for (let row = 0; row < rows; row++) for (let column = 0; column < count; column++) data[row * count + column] = array.data[row * columns + column];
	return {
		...array,
		shape: [rows, count],
		data
	};
}
// src-main/quantize/calibration-data.ts
/** The samples that a method may look at: rows of the calibration split, spread over the whole of it. */
/** Fewer samples than this leave ranges to chance. */
var few = 16;
/** Largest share of a split that is set aside for judging, and the fewest samples for which that is done. */
var judgingShare = .25;
var fewestJudges = 8;
/**
* @param limit at most so many samples, evenly spaced over the split
* @throws LatheError where there is no dataset or no calibration split
*/
function calibrationData(context, method, limit) {
	const { dataset } = context;
	const split = dataset?.calibration;
	if (dataset === void 0 || split === null || split === void 0 || split.samples === 0) throw new LatheError({
		who: `quantize ${method}`,
		what: dataset === void 0 ? "needs calibration data, none was given" : "needs calibration data, the dataset has no calibration split",
		next: "give a dataset with a calib.npz, or choose a method that needs no data, such as dynamic-int8",
		code: "usage"
	});
	const size = samplesPerRun(dataset);
	return dataOf(context, dataset, split, evenlySpaced(split.samples, wholeRuns(split.samples, limit, size)));
}
/**
* Samples to calibrate with, and others to judge what came out of it by.
* @param limit at most so many to calibrate with
* @param judges so many to judge by, where the split is large enough
* @throws LatheError as {@link calibrationData}
*/
function calibrationAndJudges(context, method, limit, judges) {
	const all = calibrationData(context, method, limit);
	const dataset = context.dataset;
	const split = dataset.calibration;
	const size = samplesPerRun(dataset);
	const kept = Math.floor(Math.min(judges, split.samples * judgingShare) / size) * size;
	if (kept < fewestJudges) {
		const note = `Judged by samples that it was calibrated with: ${split.samples} are too few to set some aside.`;
		return {
			calibrating: all,
			judging: {
				...all.few(judges),
				notes: [note]
			}
		};
	}
	const aside = new Set(evenlySpaced(split.samples, kept));
	const others = [...new Array(split.samples).keys()].filter((row) => !aside.has(row));
	return {
		calibrating: dataOf(context, dataset, split, evenlySpaced(others.length, wholeRuns(others.length, limit, size)).map((at) => others[at])),
		judging: {
			...dataOf(context, dataset, split, [...aside]),
			notes: []
		}
	};
}
function dataOf(context, dataset, split, rows) {
	return {
		samples: rows.length,
		notes: notesOn$1(dataset, rows.length),
		cache: cacheOf(context, dataset, rows),
		few(count) {
			const size = samplesPerRun(dataset);
			return dataOf(context, dataset, split, evenlySpaced(rows.length, wholeRuns(rows.length, count, size)).map((at) => rows[at]));
		},
		batches: (first = 0) => readRows(split, rows.slice(first), samplesPerRun(dataset), context)
	};
}
function cacheOf({ cacheDir, dims }, { summary, runSize }, rows) {
	if (cacheDir === void 0) return null;
	return {
		folder: cacheDir,
		key: JSON.stringify([
			"unpadded",
			summary.hash,
			summary.reader,
			dims,
			runSize,
			rows
		])
	};
}
/** `count` of `total` row numbers, evenly spaced; all of them where there are no more. */
function evenlySpaced(total, count) {
	const taken = Math.min(total, count);
	return Array.from({ length: taken }, (_, at) => Math.floor(at * total / taken));
}
function samplesPerRun({ meta, runSize }) {
	return meta.feed === "element" ? 1 : runSize ?? 1;
}
/** About `limit` samples that fill runs of `size`, so that no sample counts twice; all where they fill not even one. */
function wholeRuns(total, limit, size) {
	const runs = Math.min(Math.ceil(limit / size), Math.floor(total / size));
	return runs === 0 ? Math.min(total, limit) : runs * size;
}
async function* readRows(split, rows, size, { signal, original }) {
	for (let at = 0; at < rows.length; at += size) {
		signal.throwIfAborted();
		const wanted = rows.slice(at, at + size);
		const filled = Array.from({ length: size }, (_, i) => wanted[i % wanted.length]);
		const batch = size === 1 ? await split.read(filled[0], 1) : await split.gather(filled);
		const feeds = withoutPadding(batch.feeds, original.graph.inputs);
		yield {
			...batch,
			feeds,
			size: wanted.length
		};
	}
}
function notesOn$1(dataset, samples) {
	const notes = [];
	if (dataset.summary.reader === "random") notes.push("Calibrated with random inputs: the ranges are not those of real data, and accuracy will suffer.");
	if (samples < few) notes.push(`Only ${samples} calibration samples: ranges are left to chance, and an accuracy judged on them would be known to ±${Math.round(98 / Math.sqrt(samples))} points at best; give 100 or more.`);
	return notes;
}
// src-main/quantize/quant-params.ts
var bounds = {
	uint8: [0, 255],
	int8: [-128, 127],
	uint16: [0, 65535]
};
/** Below it a scale's reciprocal leaves float32's range. */
var smallestScale = 2 ** -126;
/** The range widened to hold 0, so that padding and Relu are exact. */
function rangeWithZero(low, high) {
	return {
		low: Math.min(0, low),
		high: Math.max(0, high)
	};
}
/**
* Params that cover the range with all levels of the type.
* @param symmetric zero in the middle of the levels, unless the range lies on one side of 0
*/
function activationParams(range, dtype, symmetric) {
	const [lowest, highest] = bounds[dtype];
	const { low, high } = range;
	if (symmetric && low < 0 && high > 0) {
		const magnitude = Math.max(-low, high);
		const half = (highest - lowest - 1) / 2;
		return {
			dtype,
			scale: positiveScale(magnitude / half),
			zeroPoint: dtype === "int8" ? 0 : half + 1
		};
	}
	const scale = positiveScale((high - low) / (highest - lowest));
	const zeroPoint = Math.round(lowest - low / scale);
	return {
		dtype,
		scale,
		zeroPoint: Math.min(highest, Math.max(lowest, zeroPoint))
	};
}
/** The nearest float32 above 0; 1 where the tensor is all zeros. */
function positiveScale(scale) {
	return scale === 0 ? 1 : Math.max(smallestScale, Math.fround(scale));
}
// src-main/quantize/weights.ts
/** Weights as signed 8-bit integers: real = (quantized − zero point) · scale[channel], the zero point nearly always 0. */
/** Elements that are looked at together: 16 MB of float32. */
var partElements = 1 << 22;
/** Weights up to this many elements are made at once and held, larger ones made anew whenever they are read. */
var heldElements = 65536;
/**
* Scales that cover each channel's largest magnitude.
* @throws LatheError that names the tensor where a weight is NaN or infinite
*/
function minMaxScales(weight, axis, limit = 127) {
	const { channels, inner } = channelLayout(weight.shape, axis);
	const largest = new Float32Array(channels);
	for (const { first, part } of partsOf(weight)) {
		checkFinite(weight, part);
		channelAbsMax(part, channels, inner, first, largest);
	}
	return {
		axis,
		scales: Float32Array.from(largest, (magnitude) => positiveScale(magnitude / limit)),
		limit
	};
}
/**
* One scale and zero point that spread all 256 integers from the least to the largest weight.
* @throws LatheError that names the tensor where a weight is NaN or infinite
*/
function wholeRangeScales(weight) {
	const [low, high] = [Float32Array.of(0), Float32Array.of(0)];
	for (const { part } of partsOf(weight)) {
		checkFinite(weight, part);
		channelRange(part, 1, part.length, 0, low, high);
	}
	const { scale, zeroPoint } = activationParams({
		low: low[0],
		high: high[0]
	}, "int8", false);
	return {
		axis: null,
		scales: Float32Array.of(scale),
		zeroPoint
	};
}
/** Shares of a covering scale that are tried. */
var scaleShares = Array.from({ length: 26 }, (_, at) => 1 - .02 * at);
/**
* Scales with the least squared error of each channel's weights: a few that are cut off may cost less than a finer step
* for all others gains. Never worse than `covering`, which is among those tried.
* Source: Nagel et al. 2021, arXiv:2106.08295, section 3.1 (mean squared error ranges).
*/
function leastErrorScales(weight, covering) {
	const { axis, scales, limit = 127 } = covering;
	const { channels, inner } = channelLayout(weight.shape, axis);
	const errors = scaleShares.map(() => new Float64Array(channels));
	for (const { first, part } of partsOf(weight)) for (let i = 0; i < part.length; i++) {
		const channel = axis === null ? 0 : Math.floor((first + i) / inner) % channels;
		for (let at = 0; at < scaleShares.length; at++) {
			const scale = scales[channel] * scaleShares[at];
			const code = Math.max(-limit, Math.min(limit, Math.round(part[i] / scale)));
			errors[at][channel] += (part[i] - code * scale) ** 2;
		}
	}
	const best = scales.map((scale, channel) => {
		let least = 0;
		for (let at = 1; at < scaleShares.length; at++) if (errors[at][channel] < errors[least][channel]) least = at;
		return positiveScale(scale * scaleShares[least]);
	});
	return {
		...covering,
		scales: best
	};
}
/** Each weight to its nearest integer. */
function roundToNearest(weight, scales) {
	return {
		scales,
		codes: (name) => quantizedWeight(name, weight, scales)
	};
}
/** The int8 tensor of a float32 one, each element at its nearest integer. */
function quantizedWeight(name, weight, weightScales) {
	const { axis, scales, limit = 127, zeroPoint = 0 } = weightScales;
	const { channels, inner } = channelLayout(weight.shape, axis);
	const lowest = zeroPoint === 0 ? -limit : -128;
	const zeroPoints = zeroPoint === 0 ? null : new Int32Array(channels).fill(zeroPoint);
	const elements = elementCount(weight.shape);
	const make = (start, end) => {
		const q = new Int8Array(end - start);
		for (let from = start; from < end; from += partElements) {
			const to = Math.min(end, from + partElements);
			const codes = q.subarray(from - start, to - start);
			quantizeChannels(floats(weight, from, to), channels, inner, from, scales, zeroPoints, lowest, limit, codes, null);
		}
		return new Uint8Array(q.buffer);
	};
	const held = elements <= heldElements;
	return {
		name,
		dtype: "int8",
		shape: weight.shape,
		data: held ? {
			kind: "inline",
			bytes: make(0, elements)
		} : {
			kind: "derived",
			length: elements,
			read: make
		}
	};
}
/** int8 integers as uint8 ones, 128 higher. */
function unsigned(codes) {
	const raise = (bytes) => bytes.map((byte) => byte ^ 128);
	const { data } = codes;
	if (data.kind === "inline") return {
		...codes,
		dtype: "uint8",
		data: {
			kind: "inline",
			bytes: raise(data.bytes)
		}
	};
	const read = (start, end) => raise(readTensorBytes(codes, start, end));
	return {
		...codes,
		dtype: "uint8",
		data: {
			kind: "derived",
			length: elementCount(codes.shape),
			read
		}
	};
}
/** The float32 elements of a tensor part by part, in order. */
function* partsOf(tensor) {
	const elements = elementCount(tensor.shape);
	for (let first = 0; first < elements; first += partElements) yield {
		first,
		part: floats(tensor, first, Math.min(elements, first + partElements))
	};
}
/** Elements [from, to) of a float32 tensor. */
function floats(tensor, from, to) {
	const bytes = readTensorBytes(tensor, from * 4, to * 4);
	const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
	return new Float32Array(aligned.buffer, aligned.byteOffset, to - from);
}
function checkFinite(tensor, part) {
	const broken = countNonFinite(part);
	if (broken === 0) return;
	throw new LatheError({
		who: `weight "${tensor.name}"`,
		what: `${broken} of its elements are NaN or infinite`,
		next: "the model was saved with broken weights: export it again, or exclude the node that reads it"
	});
}
/** The layout of channels along `axis` of `shape`; `null`: the whole tensor is one channel. */
function channelLayout(shape, axis) {
	return axis === null ? {
		channels: 1,
		inner: 1
	} : {
		channels: shape[axis],
		inner: elementCount(shape.slice(axis + 1))
	};
}
// src-main/quantize/bias-correction.ts
/**
* Bias correction. Rounding shifts the mean of each output channel by E[(Ŵ − W)·x] = (Ŵ − W)·E[x]; the bias takes
* that shift back. Fast: both means are those of the float model. Sequential: what reaches a layer through layers that
* are quantized and corrected already has other means, E[x̂], and the bias takes back W·E[x] − Ŵ·E[x̂].
* Source: Nagel et al. 2019, arXiv:1906.04721, section 4.2, with measured input means.
*
* W weights [out, in/groups, …], Ŵ the same from their integers, E[x] means of the input's channels [in].
*/
/** The channel means that correcting a node needs; null for a node that has no bias to correct. */
function meanRequest(node, rank) {
	if (node.opType === "Conv" && rank !== void 0) return {
		value: node.inputs[0],
		axis: 1,
		rank
	};
	if (node.opType === "Gemm") return {
		value: node.inputs[0],
		axis: 1,
		rank: 2
	};
	if (node.opType === "MatMul" && rank !== void 0) return {
		value: node.inputs[0],
		axis: rank - 1,
		rank
	};
	return null;
}
/** The constant that stands for the bias of a MatMul: the only reader of the product adds one number an output. */
function addedBias(index, constants, matMul) {
	const product = matMul.outputs[0];
	const [add, ...others] = index.consumers(product);
	if (add?.opType !== "Add" || add.domain !== "" || others.length > 0 || index.isOutput(product)) return null;
	const at = 1 - add.inputs.indexOf(product);
	const bias = constants.tensor(add.inputs[at]);
	const outputs = constants.tensor(matMul.inputs[1])?.shape[1];
	return bias !== void 0 && elementCount(bias.shape) === outputs && bias.shape.at(-1) === outputs && bias.dtype === "float32" ? {
		add,
		at
	} : null;
}
/** The Add behind a MatMul adds another bias. */
function addInstead(patch, index, constants, matMul, bias) {
	const added = addedBias(index, constants, matMul);
	if (added === null) return;
	const { add, at } = added;
	const inputs = [...add.inputs];
	const { shape } = constants.tensor(inputs[at]);
	inputs[at] = patch.freshName(`${inputs[at]}_corrected`);
	patch.setInitializer(tensorFromArray(inputs[at], {
		dtype: "float32",
		shape,
		data: bias
	}));
	patch.replaceNode(add.name, {
		...add,
		inputs
	});
}
/**
* The bias of a Conv, Gemm or MatMul with the shift of its mean taken back: [out].
* @param means of the input's channels in the float model
* @param arriving the same in the quantized one
*/
function correctedBias(node, weight, codes, scales, bias, means, arriving = means) {
	const outAxis = node.opType === "Conv" || intOf$11(node, "transB", 0) === 1 ? 0 : 1;
	const outputs = weight.shape[outAxis];
	const shift = new Float64Array(outputs);
	const { zeroPoint = 0 } = scales;
	const q = readTensor(codes).data;
	const layout = runsOf(node, weight, outAxis);
	for (const { first, part } of partsOf(weight)) for (let i = 0; i < part.length;) {
		const within = (first + i) % layout.length;
		const end = Math.min(i + layout.length - within, part.length);
		const run = layout.at(Math.floor((first + i) / layout.length));
		let output = run.output + within * layout.outputStep;
		let input = run.input + within * layout.inputStep;
		for (; i < end; i++, output += layout.outputStep, input += layout.inputStep) {
			const scale = scales.axis === null ? scales.scales[0] : scales.scales[output];
			shift[output] += part[i] * means[input] - (q[first + i] - zeroPoint) * scale * arriving[input];
		}
	}
	return withShift(node, bias, shift);
}
/** The same where the shift of each output, before α, is known: [out]. */
function withShift(node, bias, shift) {
	const alpha = node.opType === "Gemm" ? floatOf$5(node, "alpha", 1) : 1;
	const held = bias === void 0 ? void 0 : readTensor(bias).data;
	return Float32Array.from(shift, (value, output) => (held?.[output] ?? 0) + alpha * value);
}
function runsOf(node, weight, outAxis) {
	if (node.opType !== "Conv") {
		const length = weight.shape[1];
		return outAxis === 0 ? {
			length,
			outputStep: 0,
			inputStep: 1,
			at: (row) => ({
				output: row,
				input: 0
			})
		} : {
			length,
			outputStep: 1,
			inputStep: 0,
			at: (row) => ({
				output: 0,
				input: row
			})
		};
	}
	const [outputs, inputs] = weight.shape;
	const perGroup = outputs / intOf$11(node, "group", 1);
	const at = (run) => {
		const output = Math.floor(run / inputs);
		return {
			output,
			input: Math.floor(output / perGroup) * inputs + run % inputs
		};
	};
	return {
		length: elementCount(weight.shape.slice(2)),
		outputStep: 0,
		inputStep: 0,
		at
	};
}
// src-main/quantize/constants.ts
/** Which values of a graph are known before it runs, and their tensors, however the file spells them. */
/** Give something else each time. */
var neverFixed = /* @__PURE__ */ new Set([
	"RandomNormalLike",
	"RandomUniformLike",
	"Bernoulli",
	"Multinomial",
	"Dropout"
]);
/** Why a weight that is no tensor can't be written as integers. */
function computedReason(constants, weight) {
	return constants.isFixed(weight) ? "its weight is computed from constants: put a clean step before this one" : "its weight is computed, not constant";
}
/** Why a weight of another type than float32 can't. */
function typeReason({ dtype }) {
	return `its weight is ${dtype}, not float32${dtype === "float16" || dtype === "bfloat16" ? ": quantize the float32 model that it was made from" : ""}`;
}
/**
* Reads constants through initializers, Constant, Identity and Transpose nodes.
* @param outer constants of the graph around this one
*/
function constantsOf(index, outer) {
	const found = /* @__PURE__ */ new Map();
	const overridable = new Set(index.graph.inputs.map((value) => value.name));
	const find = (value) => {
		const initializer = index.graph.initializers.get(value);
		if (initializer !== void 0) return overridable.has(value) ? void 0 : initializer;
		const node = index.producer(value);
		if (node === void 0) return overridable.has(value) ? void 0 : outer?.tensor(value);
		if (node.domain !== "") return void 0;
		if (node.opType === "Constant") return constantNode(node);
		if (node.opType === "Identity") return tensor(node.inputs[0]);
		if (node.opType === "Transpose") return transposed(node, tensor(node.inputs[0]));
	};
	const tensor = (value) => {
		if (value === "") return void 0;
		if (!found.has(value)) found.set(value, find(value));
		return found.get(value);
	};
	const matrix = (value) => {
		const node = index.producer(value);
		if (node === void 0 && outer !== void 0 && tensor(value) === outer.tensor(value)) return outer.matrix(value);
		if (node?.domain === "" && node.opType === "Identity") return matrix(node.inputs[0]);
		if (node?.domain === "" && node.opType === "Transpose") {
			const source = matrix(node.inputs[0]);
			const swaps = intsOf$10(node, "perm", [1, 0])[0] === 1;
			return source && {
				tensor: source.tensor,
				turned: source.turned !== swaps
			};
		}
		const held = tensor(value);
		return held?.shape.length === 2 ? {
			tensor: held,
			turned: false
		} : void 0;
	};
	const fixed = /* @__PURE__ */ new Map();
	const isFixed = (value) => {
		const known = fixed.get(value);
		if (known !== void 0) return known;
		fixed.set(value, false);
		const node = index.producer(value);
		const inputs = node?.inputs.filter((input) => input !== "") ?? [];
		const isMade = node !== void 0 && !neverFixed.has(node.opType) && inputs.length > 0 && inputs.every(isFixed);
		const answer = tensor(value) !== void 0 || isMade || node === void 0 && outer?.isFixed(value) === true;
		fixed.set(value, answer);
		return answer;
	};
	return {
		tensor,
		isFixed,
		matrix,
		scalar(value) {
			const held = tensor(value);
			if (held === void 0 || held.shape.some((dim) => dim !== 1) || held.dtype === "string") return void 0;
			return Number(readTensor(held).data[0]);
		}
	};
}
/** Bounds of a Clip, in either spelling; undefined where one is computed. */
function clipBounds(constants, clip) {
	const bound = (at, name, absent) => {
		const input = clip.inputs[at] ?? "";
		return input === "" ? floatOf$5(clip, name, absent) : constants.scalar(input);
	};
	const low = bound(1, "min", Number.NEGATIVE_INFINITY);
	const high = bound(2, "max", Number.POSITIVE_INFINITY);
	return low === void 0 || high === void 0 ? void 0 : {
		low,
		high
	};
}
function constantNode(node) {
	const held = tensorOf$1(node, "value");
	if (held !== void 0) return {
		...held,
		name: node.outputs[0]
	};
	const single = node.attributes.get("value_float");
	const many = node.attributes.get("value_floats");
	const values = single?.type === "float" ? [single.value] : many?.type === "floats" ? many.value : void 0;
	if (values === void 0) return void 0;
	const data = Float32Array.from(values);
	const shape = single?.type === "float" ? [] : [data.length];
	const bytes = toBytes({
		dtype: "float32",
		shape,
		data
	});
	return {
		name: node.outputs[0],
		dtype: "float32",
		shape,
		data: {
			kind: "inline",
			bytes
		}
	};
}
/** The tensor as Transpose gives it, made when it is read. */
function transposed(node, source) {
	if (source === void 0 || source.dtype !== "float32" || !isArrayDType(source.dtype)) return void 0;
	const rank = source.shape.length;
	const perm = intsOf$10(node, "perm", void 0) ?? [...source.shape.keys()].reverse();
	const shape = perm.map((axis) => source.shape[axis]);
	const strides = source.shape.map((_, axis) => channelLayout(source.shape, axis).inner);
	const steps = perm.map((axis) => strides[axis]);
	const length = shape.reduce((product, dim) => product * dim, 4);
	let kept;
	const read = (start, end) => {
		const data = kept?.deref() ?? readTensor(source).data;
		kept = new WeakRef(data);
		const first = Math.floor(start / 4);
		const part = new Float32Array(Math.ceil(end / 4) - first);
		const at = positionOf(first, shape);
		let from = at.reduce((sum, coordinate, axis) => sum + coordinate * steps[axis], 0);
		for (let i = 0; i < part.length; i++) {
			part[i] = data[from];
			for (let axis = rank - 1; axis >= 0; axis--) {
				from += steps[axis];
				at[axis] = at[axis] + 1;
				if (at[axis] < shape[axis]) break;
				from -= shape[axis] * steps[axis];
				at[axis] = 0;
			}
		}
		return new Uint8Array(part.buffer).subarray(start - first * 4, end - first * 4);
	};
	return {
		name: node.outputs[0],
		dtype: "float32",
		shape,
		data: {
			kind: "derived",
			length,
			read
		}
	};
}
function positionOf(element, shape) {
	const at = new Array(shape.length).fill(0);
	for (let axis = shape.length - 1, rest = element; axis >= 0; axis--) {
		at[axis] = rest % shape[axis];
		rest = Math.floor(rest / shape[axis]);
	}
	return at;
}
// src-main/quantize/place.ts
/**
* Where Q/DQ pairs go, so that onnxruntime's CPU provider turns each into an integer kernel: the plan, as data.
*
* A Unit is a node that will run on 8-bit integers, together with the Relu, Clip and constant factors behind it that
* the output's scale and zero point take over. Conv, Gemm and MatMul with constant weights begin the plan; operators
* between them join where that saves conversions; everything else stays float.
*/
/** Operators that run on the integers as they are: input and output share scale and zero point. */
var movers = /* @__PURE__ */ new Set([
	"MaxPool",
	"Resize",
	"Reshape",
	"Transpose",
	"Flatten",
	"Slice",
	"Squeeze",
	"Unsqueeze",
	"Expand",
	"Tile",
	"Gather",
	"Split",
	"DepthToSpace"
]);
var pools = /* @__PURE__ */ new Set(["AveragePool", "GlobalAveragePool"]);
var elementwise$1 = /* @__PURE__ */ new Set([
	"Add",
	"Mul",
	"Concat",
	"Sigmoid",
	"LeakyRelu"
]);
/** Read only the shape of their input. */
var shapeReaders$1 = /* @__PURE__ */ new Set(["Shape", "Size"]);
/** Nodes that int8 kernels could take over, were their operands fit. */
function isComputeNode(node) {
	return node.domain === "" && [
		"Conv",
		"ConvTranspose",
		"Gemm",
		"MatMul"
	].includes(node.opType);
}
/** Operators that onnxruntime's CPU provider runs on 8-bit integers, given fit operands. */
var integerOps = [
	"Conv",
	"Gemm",
	"MatMul",
	...movers,
	...pools,
	...elementwise$1
];
function hasIntegerKernel(opType) {
	return integerOps.includes(opType);
}
function planPlacement(question) {
	const skipped = [];
	const units = /* @__PURE__ */ new Map();
	const absorbed = /* @__PURE__ */ new Set();
	let eligible = 0;
	for (const node of question.index.graph.nodes) {
		if (absorbed.has(node.name)) continue;
		if (isComputeNode(node)) {
			eligible++;
			const refusal = question.admits(node) ? refuseCompute(question, node) : "not among the targets";
			if (refusal !== null) {
				skipped.push({
					node,
					reason: refusal
				});
				continue;
			}
		}
		const unit = unitOf(question, node);
		if (unit === null) continue;
		units.set(node.name, unit);
		for (const tail of unit.absorbed) absorbed.add(tail.name);
	}
	return {
		...new Settlement(question, [...units.values()]).result(),
		eligible,
		skipped
	};
}
/** Why a Conv, Gemm or MatMul can't run on integers; null where it can. */
function refuseCompute({ index, constants, rank, attention }, node) {
	const [data, weight, bias] = node.inputs;
	if (node.opType === "ConvTranspose") return "onnxruntime's CPU provider has no integer ConvTranspose";
	if (index.producer(data)?.opType === "DequantizeLinear" || index.producer(weight)?.opType === "DequantizeLinear") return "already quantized";
	if (constants.tensor(data) !== void 0 && node.opType !== "Gemm") return "its first operand is a constant";
	const held = constants.tensor(weight);
	if (held === void 0) {
		if (node.opType !== "MatMul" || constants.isFixed(weight)) return computedReason(constants, weight);
		if (attention) return null;
		return "both operands are activations, which stay float";
	}
	if (held.dtype !== "float32") return typeReason(held);
	if (bias !== void 0 && bias !== "" && constants.tensor(bias)?.dtype !== "float32") return "its bias is computed, not constant";
	if (node.opType === "MatMul" && held.shape.length < 2) return "its weight is a vector";
	if (node.opType === "Conv" && (rank(data) ?? 4) < 3) return "its input has no spatial dimension";
	if (node.opType === "Gemm") return refuseGemm(node, held, bias ? constants.tensor(bias) : void 0);
	return null;
}
function refuseGemm(node, weight, bias) {
	if (intOf$11(node, "transA", 0) !== 0) return "transA = 1 has no integer kernel";
	if (floatOf$5(node, "beta", 1) !== 1) return "beta other than 1 has no integer kernel";
	const outputs = weight.shape[intOf$11(node, "transB", 0) === 1 ? 0 : 1];
	if (bias !== void 0 && bias.shape.at(-1) !== outputs) return "its bias is broadcast over the outputs";
	return null;
}
function unitOf(question, node) {
	if (node.domain !== "") return null;
	const kind = kindOf(node);
	if (kind === null) return null;
	const activations = activationInputs(question.constants, node, kind);
	if (activations.length === 0) return null;
	if (kind !== "move" && !question.admits(node)) return null;
	if (kind === "elementwise" && isBiasOfMatMul(question, node)) return null;
	if (kind === "move") {
		if (node.opType !== "Split" && node.outputs.filter((output) => output !== "").length !== 1) return null;
		return {
			kind,
			node,
			activations,
			absorbed: [],
			factor: 1,
			output: node.outputs[0]
		};
	}
	return {
		kind,
		node,
		activations,
		...tailOf(question, node)
	};
}
function kindOf(node) {
	if (isComputeNode(node)) return "compute";
	if (movers.has(node.opType)) return "move";
	if (pools.has(node.opType)) return "pool";
	return elementwise$1.has(node.opType) ? "elementwise" : null;
}
function activationInputs(constants, node, kind) {
	if (kind === "move" || kind === "pool") return constants.tensor(node.inputs[0]) === void 0 ? [0] : [];
	return (node.opType === "Conv" || node.opType === "Gemm" ? node.inputs.slice(0, 1) : node.inputs).flatMap((input, at) => constants.tensor(input) === void 0 ? [at] : []);
}
/** A constant added to a MatMul's result: better added in float, where it costs nothing and loses nothing. */
function isBiasOfMatMul({ index, constants }, node) {
	return node.opType === "Add" && node.inputs.some((input) => constants.tensor(input) !== void 0) && node.inputs.some((input) => index.producer(input)?.opType === "MatMul");
}
/** What follows a node, one reader at a time, and can be said by the output's scale and zero point instead. */
function tailOf({ index, constants, admits }, head) {
	const absorbed = [];
	let output = head.outputs[0];
	let factor = 1;
	for (;;) {
		const [next, ...others] = index.consumers(output);
		if (next === void 0 || others.length > 0 || index.isOutput(output) || next.domain !== "" || !admits(next)) break;
		const by = positiveFactor(constants, next, output);
		if (by === null && !isClipOverZero(constants, next)) break;
		factor *= by ?? 1;
		absorbed.push(next);
		output = next.outputs[0];
	}
	return {
		absorbed,
		factor,
		output
	};
}
/** Relu, or Clip whose bounds hold 0: a range measured behind it implies it. */
function isClipOverZero(constants, node) {
	if (node.opType === "Relu") return true;
	if (node.opType !== "Clip") return false;
	const bounds = clipBounds(constants, node);
	return bounds !== void 0 && bounds.low <= 0 && bounds.high >= 0;
}
/** What the Relu and Clip right behind a unit's node let through; null where there are none. */
function openInterval(constants, { absorbed }) {
	const end = absorbed.findIndex(({ opType }) => opType === "Mul" || opType === "Div");
	const cuts = end < 0 ? absorbed : absorbed.slice(0, end);
	if (cuts.length === 0) return null;
	const open = cuts.map((node) => node.opType === "Relu" ? { low: 0 } : clipBounds(constants, node) ?? {});
	return {
		low: Math.max(...open.map(({ low = Number.NEGATIVE_INFINITY }) => low)),
		high: Math.min(...open.map(({ high = Number.POSITIVE_INFINITY }) => high))
	};
}
/** The factor of a Mul or Div by one constant above 0; null for any other node. */
function positiveFactor(constants, node, value) {
	if (node.opType !== "Mul" && node.opType !== "Div") return null;
	const at = node.inputs.indexOf(value);
	if (node.opType === "Div" && at !== 0) return null;
	const operand = node.inputs[1 - at];
	if ((constants.tensor(operand)?.shape.length ?? 9) > 1) return null;
	const by = constants.scalar(operand);
	if (by === void 0 || !(by > 0) || !Number.isFinite(by)) return null;
	return node.opType === "Mul" ? by : 1 / by;
}
/** Takes every candidate in, then lets those go that would not fuse or would cost more conversions than they save. */
var Settlement = class {
	#question;
	#units;
	#active;
	#heads;
	#makers;
	constructor(question, units) {
		this.#question = question;
		this.#units = units;
		this.#active = new Set(units);
		this.#heads = new Map(units.map((unit) => [unit.node.name, unit]));
		this.#makers = new Map(units.flatMap((unit) => outputsOf$2(unit).map((output) => [output, unit])));
		for (let changed = true; changed;) {
			changed = false;
			for (const unit of units) {
				if (!this.#active.has(unit) || this.#pays(unit)) continue;
				this.#active.delete(unit);
				changed = true;
			}
		}
	}
	result() {
		const units = this.#units.filter((unit) => this.#active.has(unit));
		const entering = /* @__PURE__ */ new Set();
		const roots = /* @__PURE__ */ new Map();
		for (const unit of units) {
			for (const value of activationsOf(unit)) if (!this.#isInteger(value)) entering.add(value);
			if (unit.kind !== "move") continue;
			const source = unit.node.inputs[0];
			for (const output of outputsOf$2(unit)) roots.set(output, roots.get(source) ?? source);
		}
		return {
			units,
			emitting: new Set(units.filter((unit) => this.#emits(unit))),
			entering,
			roots
		};
	}
	#pays(unit) {
		const { elements } = this.#question;
		const inputs = activationsOf(unit);
		switch (unit.kind) {
			case "compute": return true;
			case "pool": return inputs.every((value) => this.#isInteger(value));
			case "move": return inputs.every((value) => this.#isInteger(value)) && (unit.node.opType === "MaxPool" || outputsOf$2(unit).some((output) => this.#readers(output).integer > 0));
			case "elementwise": {
				const { integer, float } = this.#readers(unit.output);
				if (integer === 0 || float > 0) return false;
				const saved = sum(inputs.filter((value) => this.#isInteger(value)).map(elements));
				const spent = sum(inputs.filter((value) => !this.#isInteger(value)).map(elements));
				return saved > 0 && spent <= saved;
			}
		}
	}
	/** Whether a value exists as integers without a Q of its own. */
	#isInteger(value) {
		const maker = this.#makers.get(value);
		return maker !== void 0 && this.#active.has(maker) && this.#emits(maker);
	}
	#emits(unit) {
		if (unit.node.opType !== "MatMul" && unit.node.opType !== "Gemm") return true;
		if (unit.absorbed.some(({ opType }) => opType === "Relu" || opType === "Clip")) return true;
		const { integer, float } = this.#readers(unit.output);
		return integer > 0 && float === 0;
	}
	/** How many readers of a value take it as integers, and how many as floats (a graph output is one). */
	#readers(value) {
		const { index } = this.#question;
		let integer = 0;
		let float = index.isOutput(value) ? 1 : 0;
		for (const node of index.consumers(value)) {
			if (shapeReaders$1.has(node.opType) && node.domain === "") continue;
			const unit = this.#heads.get(node.name);
			if (this.#question.wide.has(node.name)) integer++;
			else if (unit !== void 0 && this.#active.has(unit) && activationsOf(unit).includes(value)) integer++;
			else float++;
		}
		return {
			integer,
			float
		};
	}
};
/** The activations that a unit reads. */
function activationsOf(unit) {
	return unit.activations.map((at) => unit.node.inputs[at]);
}
/** The values that leave a unit: more than one only for Split. */
function outputsOf$2(unit) {
	return unit.node.opType === "Split" ? unit.node.outputs.filter((output) => output !== "") : [unit.output];
}
function sum(numbers) {
	return numbers.reduce((total, number) => total + number, 0);
}
// src-main/quantize/cost.ts
/**
* How long a run of a partly quantized model takes, worked out and not measured: the same placement costs the same on
* every day, however busy the machine. Good for which of two placements is faster; a time to be believed is measured.
*
* The constants are of onnxruntime 1.30 on one core of an x64 server with AVX-512; where the CPU has no VNNI, integer
* products are only half as much faster.
*/
/** Nanoseconds of a multiply–accumulate. */
var product$1 = {
	float: 1 / 35,
	integer: 1 / 110,
	slowInteger: 1 / 55
};
/** The same of a depthwise layer, which the memory holds up. */
var depthwise = {
	float: 1 / 9,
	integer: 1 / 16,
	slowInteger: 1 / 12
};
/** Nanoseconds of an element. */
var element = {
	float: .15,
	integer: .08,
	transcendental: 1,
	quantize: .35,
	dequantize: .2,
	dynamic: .6
};
/** Nanoseconds of starting a kernel. */
var start = 1e3;
var transcendental = new Set("Softmax LogSoftmax Sigmoid Tanh Erf Gelu Exp Log Sqrt Pow HardSwish LayerNormalization".split(" "));
var CostModel = class {
	#quantizer;
	#isSlow = addsPairsIn16Bits(cpuInfo());
	constructor(quantizer) {
		this.#quantizer = quantizer;
	}
	/** Nanoseconds of a run with all nodes in float. */
	float() {
		return this.#quantizer.model.graph.nodes.reduce((sum, node) => sum + this.#floatNode(node), 0);
	}
	/** Nanoseconds of a run of the int8 graph of a placement. */
	placed({ units, emitting, entering }) {
		const inside = new Set(units.flatMap(({ node, absorbed }) => [node.name, ...absorbed.map(({ name }) => name)]));
		const { graph } = this.#quantizer.model;
		const floats = graph.nodes.filter(({ name }) => !inside.has(name));
		const readByFloats = /* @__PURE__ */ new Set([...floats.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ name }) => name)]);
		const emitted = units.filter((unit) => emitting.has(unit)).flatMap(outputsOf$2);
		return floats.reduce((sum, node) => sum + this.#floatNode(node), 0) + units.reduce((sum, unit) => sum + this.#integerUnit(unit), 0) + this.#conversions([...entering], element.quantize) + this.#conversions(emitted.filter((value) => readByFloats.has(value)), element.dequantize);
	}
	/** Nanoseconds of a run with the products of constant matrices in dynamic int8: a bias behind one is taken along. */
	dynamic() {
		const { constants, index, model } = this.#quantizer;
		const readers = /* @__PURE__ */ new Map();
		const taken = /* @__PURE__ */ new Set();
		let total = 0;
		for (const node of model.graph.nodes) {
			if (taken.has(node.name)) continue;
			if (node.opType === "Conv" || this.#quantizer.products(node) === 0) {
				total += this.#floatNode(node);
				continue;
			}
			const [input] = node.inputs;
			readers.set(input, (readers.get(input) ?? 0) + 1);
			const bias = addedBias(index, constants, node);
			if (bias !== null) taken.add(bias.add.name);
			const each = this.#isSlow ? product$1.slowInteger : product$1.integer;
			total += start + this.#quantizer.products(node) * each + this.#elements(node.outputs) * element.float;
		}
		const shared = [...readers.values()].filter((count) => count > 1).length;
		return total + shared * start + this.#elements([...readers.keys()]) * element.dynamic;
	}
	/** What a unit saves on integers; little where it saves nothing. */
	saved(unit) {
		const inFloat = [unit.node, ...unit.absorbed].reduce((sum, node) => sum + this.#floatNode(node), 0);
		const conversions = this.#elements([...activationsOf(unit), unit.output]) * element.dequantize;
		return Math.max(inFloat * .05, inFloat - this.#integerUnit(unit) + conversions);
	}
	#integerUnit({ node, output }) {
		const each = this.#isDepthwise(node) ? depthwise : product$1;
		return start + this.#quantizer.products(node) * (this.#isSlow ? each.slowInteger : each.integer) + this.#elements([output]) * element.integer;
	}
	#floatNode(node) {
		if (this.#quantizer.constants.isFixed(node.outputs[0])) return 0;
		const each = transcendental.has(node.opType) ? element.transcendental : element.float;
		return start + this.#quantizer.products(node) * (this.#isDepthwise(node) ? depthwise.float : product$1.float) + this.#elements(node.outputs) * each;
	}
	#isDepthwise(node) {
		return node.opType === "Conv" && intOf$11(node, "group", 1) > 1;
	}
	#conversions(values, each) {
		return values.length * start + this.#elements(values) * each;
	}
	#elements(values) {
		return values.reduce((sum, value) => sum + (value === "" ? 0 : this.#quantizer.elements(value)), 0);
	}
};
// src-main/inspect/node-map.ts
/**
* Which kernel of an optimised graph does the work of which original node. onnxruntime keeps the names of values that
* survive a fusion, which anchors most kernels; what it renames follows a few habits, read from the graphs of 1.30.
*/
/** Maps the nodes of two graphs of one model, bodies included where their owner survives. */
function mapNodes(original, optimised) {
	const kernels = /* @__PURE__ */ new Map();
	const originals = /* @__PURE__ */ new Map();
	addGraph(original, optimised, kernels);
	for (const [name, kernel] of kernels) {
		if (kernel === null) continue;
		originals.set(kernel.name, [...originals.get(kernel.name) ?? [], name]);
	}
	return {
		kernelOf: (name) => kernels.get(name) ?? null,
		originalsOf: (name) => originals.get(name) ?? []
	};
}
function addGraph(original, optimised, kernels) {
	const mapping = new GraphMapping(original, optimised);
	for (const node of original.nodes) {
		const kernel = mapping.kernelOf(node);
		kernels.set(node.name, kernel);
		if (kernel?.opType !== node.opType) continue;
		const bodies = subgraphsOf(kernel);
		for (const { attribute, index, graph } of subgraphsOf(node)) {
			const after = bodies.find((body) => body.attribute === attribute && body.index === index);
			if (after !== void 0) addGraph(graph, after.graph, kernels);
		}
	}
}
var GraphMapping = class {
	#original;
	#optimised;
	/** Value of the original graph → the kernel that makes it, by the value's or the node's name. */
	#byValue = /* @__PURE__ */ new Map();
	#byName = /* @__PURE__ */ new Map();
	#found = /* @__PURE__ */ new Map();
	constructor(original, optimised) {
		this.#original = indexGraph(original);
		this.#optimised = indexGraph(optimised);
		for (const node of optimised.nodes) {
			this.#byName.set(originalName(node.name), node);
			if (node.name.endsWith("_nchwc")) this.#byValue.set(node.name.slice(0, -6), node);
		}
		for (const node of optimised.nodes) {
			if (layoutChanges.has(node.opType)) continue;
			for (const output of node.outputs) this.#byValue.set(output, node);
		}
		for (const node of optimised.nodes) this.#claimSum(node);
		this.#claimUnnamed(optimised);
	}
	/** A blocked convolution that adds a sum is named after the value before the Add; Add and activation are its work too. */
	#claimSum(kernel) {
		if (kernel.domain !== "com.microsoft.nchwc" || (kernel.inputs[3] ?? "") === "") return;
		const before = kernel.name.slice(0, -6);
		const sum = this.#original.consumers(before).find(({ opType }) => opType === "Add")?.outputs[0];
		if (sum === void 0) return;
		this.#byValue.set(sum, kernel);
		const activation = stringOf$5(kernel, "activation", "");
		const active = this.#original.consumers(sum).find(({ opType }) => opType === activation);
		for (const output of active?.outputs ?? []) this.#byValue.set(output, kernel);
	}
	/** By what it makes, by its name, or by what its readers became. */
	kernelOf(node) {
		const known = this.#found.get(node.name);
		if (known !== void 0) return known;
		this.#found.set(node.name, null);
		const kernel = this.#anchorOf(node) ?? this.#kernelOfReaders(node);
		this.#found.set(node.name, kernel);
		return kernel;
	}
	#anchorOf(node) {
		for (const output of node.outputs) {
			const kernel = this.#byValue.get(output);
			if (kernel !== void 0) return kernel;
		}
		const named = this.#byName.get(node.name);
		return named !== void 0 && !layoutChanges.has(named.opType) ? named : void 0;
	}
	#kernelOfReaders(node) {
		for (const output of node.outputs) {
			if (this.#optimised.graph.initializers.has(output)) return null;
			for (const reader of this.#original.consumers(output)) {
				const kernel = this.kernelOf(reader);
				if (kernel !== null) return kernel;
			}
		}
		return null;
	}
	/**
	* A fused kernel between two blocked convolutions bears no name of the original: it stands for the nodes after the
	* value that it reads which would else count for the kernel behind it.
	*/
	#claimUnnamed(optimised) {
		const anchored = new Set(this.#original.graph.nodes.flatMap((node) => this.#anchorOf(node)?.name ?? []));
		for (const kernel of optimised.nodes) {
			if (anchored.has(kernel.name) || layoutChanges.has(kernel.opType)) continue;
			for (const input of kernel.inputs) {
				const before = this.#optimised.producer(input);
				const made = before === void 0 ? [] : this.#valuesMadeBy(before);
				for (const value of made) this.#claimAfter(value, kernel);
			}
		}
	}
	#valuesMadeBy(kernel) {
		return [...this.#byValue].filter(([, maker]) => maker === kernel).map(([value]) => value);
	}
	#claimAfter(value, kernel) {
		const open = [...this.#original.consumers(value)];
		for (let node = open.pop(); node !== void 0; node = open.pop()) {
			if (this.#found.has(node.name) || this.#anchorOf(node) !== void 0) continue;
			this.#found.set(node.name, kernel);
			for (const output of node.outputs) open.push(...this.#original.consumers(output));
		}
	}
};
/** Nodes that only carry data into another layout; they are nobody's work. */
var layoutChanges = /* @__PURE__ */ new Set(["ReorderInput", "ReorderOutput"]);
/** `fused /f1/Gemm`, `/c1/Conv_token_5` and `/b/MatMul/MatMulScaleFusion/` without what onnxruntime added. */
function originalName(name) {
	return name.replace(/^fused /, "").replace(/_token_\d+$/, "").replace(/\/\w+Fusion\/?$/, "");
}
// src-main/inspect/fusion-report.ts
/** What the runtime on this machine made of a graph: its kernels, their precision, and the Q/DQ pairs that no kernel took in. */
/**
* Opens a session and reads back the graph that it runs; nothing is run.
* @throws LatheError where onnxruntime does not load the model
*/
async function fusionReport(model, { level = "all" } = {}) {
	const folder = await mkdtemp(join(tmpdir(), "lathe-fusion-"));
	try {
		return fusionOf(model, await optimizeModel(model, level, join(folder, "optimised.onnx")), await valueTypes(model));
	} finally {
		await rm(folder, { recursive: true });
	}
}
/** @param types of the model's own values */
function fusionOf(model, optimised, types) {
	const map = mapNodes(model.graph, optimised.graph);
	const precisionOf = precisionByTypes(optimised, types);
	const kernels = [...withBodies(optimised.graph.nodes)].map((node) => ({
		name: node.name,
		op: opName(node),
		precision: precisionOf(node),
		originals: [...map.originalsOf(node.name)]
	}));
	const byName = new Map(kernels.map((kernel) => [kernel.name, kernel]));
	const byPrecision = {};
	for (const { precision } of kernels) byPrecision[precision] = (byPrecision[precision] ?? 0) + 1;
	const pairs = [...allGraphs(optimised)].flatMap(pairsOf);
	return {
		kernels,
		byPrecision,
		orphans: pairs.filter((pair) => pair !== "edge"),
		edgePairs: pairs.filter((pair) => pair === "edge").length,
		kernelOf: new Map([...withBodies(model.graph.nodes)].map(({ name }) => [name, byName.get(map.kernelOf(name)?.name ?? "") ?? null]))
	};
}
function opName({ domain, opType }) {
	return domain === "" || domain === "ai.onnx" ? opType : `${domain}.${opType}`;
}
/** Kernels that multiply in 8 bits, whatever they give out. */
var int8Kernels = /^(QLinear\w+|QGemm|QAttention|QEmbedLayerNormalization|\w*MatMulInteger\w*|ConvInteger|DynamicQuantize\w+|QMoE|Nhwc\w+)$/;
/** By its name where that tells, else by the first value that it gives or takes whose type is known. */
function precisionByTypes(optimised, types) {
	const known = /* @__PURE__ */ new Map();
	for (const [value, type] of types) if (type.kind === "tensor") known.set(value, precisionOfType(type.dtype));
	for (const { initializers } of allGraphs(optimised)) for (const { name, dtype } of initializers.values()) known.set(name, precisionOfType(dtype));
	const precisionOf = (node) => byOperator(node) ?? [...node.outputs, ...node.inputs].map((value) => known.get(value)).find((found) => found !== void 0) ?? "unknown";
	for (const node of withBodies(optimised.graph.nodes)) {
		const precision = precisionOf(node);
		if (precision === "unknown") continue;
		for (const output of node.outputs) if (!known.has(output)) known.set(output, precision);
	}
	return precisionOf;
}
function byOperator(node) {
	if (node.opType.startsWith("MatMulNBits")) return intOf$11(node, "bits", 4) === 8 ? "int8" : "int4";
	if (int8Kernels.test(node.opType)) return "int8";
	if (node.domain === "com.microsoft.nchwc") return "float32";
	if (node.outputs[0]?.startsWith("InsertedPrecisionFreeCast_")) return "float32";
	return [
		"Shape",
		"Size",
		"Not",
		"NonZero"
	].includes(node.opType) ? "integer" : void 0;
}
function precisionOfType(dtype) {
	if (dtype === "int8" || dtype === "uint8") return "int8";
	if (dtype === "int4" || dtype === "uint4") return "int4";
	if (dtype === "float32" || dtype === "float64" || dtype === "float16") return dtype;
	return dtype === "bfloat16" ? "float16" : "integer";
}
function pairsOf(graph) {
	const index = indexGraph(graph);
	return graph.nodes.flatMap((node) => {
		const { opType: op } = node;
		if (op !== "QuantizeLinear" && op !== "DequantizeLinear") return [];
		const [input] = node.inputs;
		const [output] = node.outputs;
		if (op === "QuantizeLinear" ? index.isInput(input) : index.isOutput(output)) return ["edge"];
		return [{
			node: node.name,
			op,
			of: graph.initializers.has(input) ? "weight" : "activation",
			between: {
				producer: index.producer(input)?.opType ?? null,
				consumers: index.consumers(output).map(({ opType }) => opType)
			}
		}];
	});
}
new Set("And ArgMax ArgMin Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual NonZero Not Or Shape Size Xor".split(" "));
new Set("Add Concat Expand Flatten Gather Identity Mul Neg Reshape Slice Squeeze Sub Tile Transpose Unsqueeze Where".split(" "));
// src-main/inspect/macs.ts
/**
* Multiply–accumulates of one node: only products with a sum behind them (convolutions, matrix products, recurrent
* cells, attention) count; elementwise work and normalisations do not. Padding counts as if it were data, as in the
* usual tables of papers.
*/
var { intOf: intOf$10, stringOf: stringOf$4 } = attributes_exports;
/** Thrown inside rules where a shape that they need is not known; never leaves this file. */
var UnknownShape = class extends Error {};
var product = (dims) => dims.reduce((total, dim) => total * dim, 1);
var at = (dims, axis) => {
	const dim = dims.at(axis);
	if (dim === void 0) throw new UnknownShape();
	return dim;
};
/** Each output element sums over the weight's [channels in a group, ...kernel]. */
var conv = (weight) => (_node, shape, output) => product(output) * product(shape(weight).slice(1));
/** Each input element is spread over the weight's [channels out a group, ...kernel]. */
var convTranspose = (_node, shape) => product(shape(0)) * product(shape(1).slice(1));
/** A [..., M, K] · B [..., K, N]; each output element sums over K. */
var matMul = (_node, shape, output) => product(output) * at(shape(0), -1);
var gemm = (node, shape, output) => product(output) * at(shape(0), intOf$10(node, "transA", 0) === 1 ? -2 : -1);
/** X [..., input], W [directions, gates, input], R [directions, gates, hidden]. */
var recurrent$1 = (_node, shape) => {
	const x = shape(0);
	return product(x) / at(x, -1) * (product(shape(1)) + product(shape(2)));
};
/** Weight-only products: K and N are attributes, the weight is packed. */
var matMulNBits = (node, shape) => {
	const x = shape(0);
	const k = intOf$10(node, "K", void 0) ?? at(x, -1);
	const n = intOf$10(node, "N", void 0);
	if (n === void 0) throw new UnknownShape();
	return product(x) / at(x, -1) * k * n;
};
/** Every distinct index is a loop. */
var einsum = (node, shape) => {
	const terms = (stringOf$4(node, "equation", "").replaceAll(" ", "").split("->")[0] ?? "").split(",");
	if (terms.length < 2) return 0;
	const sizes = /* @__PURE__ */ new Map();
	let dotted = 1;
	for (const [operand, term] of terms.entries()) {
		const dims = [...shape(operand)];
		const [before = "", after] = term.split("...");
		const named = after === void 0 ? before : before + after;
		const extra = dims.splice(before.length, dims.length - named.length);
		dotted = Math.max(dotted, product(extra));
		for (const [axis, letter] of [...named].entries()) sizes.set(letter, Math.max(sizes.get(letter) ?? 1, at(dims, axis)));
	}
	return dotted * product([...sizes.values()]);
};
/** com.microsoft.Attention: input [batch, sequence, in], weight [in, q + k + v]; projections, scores and sums. */
var fusedAttention = (node, shape) => {
	const [batch, sequence, width] = [
		at(shape(0), 0),
		at(shape(0), 1),
		at(shape(0), 2)
	];
	const projected = at(shape(1), 1);
	const [q, , v] = intsOf$10(node, "qkv_hidden_sizes", void 0) ?? [
		projected / 3,
		0,
		projected / 3
	];
	return batch * sequence * (width * projected + sequence * (q + v));
};
/** Q [batch, q, d] against K [batch, k, d] and V [batch, k, v], heads inside d, or [batch, heads, rows, d]. */
var attention$1 = (_node, shape) => {
	const [query, key, value] = [
		shape(0),
		shape(1),
		shape(2)
	];
	return product(query) * at(key, -2) + product(query) / at(query, -1) * at(key, -2) * at(value, -1);
};
var rules$2 = {
	Attention: attention$1,
	Conv: conv(1),
	ConvInteger: conv(1),
	ConvTranspose: convTranspose,
	DeformConv: conv(1),
	Einsum: einsum,
	GRU: recurrent$1,
	Gemm: gemm,
	LSTM: recurrent$1,
	MatMul: matMul,
	MatMulInteger: matMul,
	QLinearConv: conv(3),
	QLinearMatMul: matMul,
	RNN: recurrent$1,
	"com.microsoft.Attention": fusedAttention,
	"com.microsoft.DynamicQuantizeLSTM": recurrent$1,
	"com.microsoft.DynamicQuantizeMatMul": matMul,
	"com.microsoft.FusedConv": conv(1),
	"com.microsoft.FusedGemm": gemm,
	"com.microsoft.FusedMatMul": (node, shape, output) => product(output) * at(shape(0), intOf$10(node, "transA", 0) === 1 ? -2 : -1),
	"com.microsoft.MatMulBnb4": matMulNBits,
	"com.microsoft.MatMulIntegerToFloat": matMul,
	"com.microsoft.MatMulNBits": matMulNBits,
	"com.microsoft.MultiHeadAttention": attention$1,
	"com.microsoft.NhwcFusedConv": conv(1),
	"com.microsoft.QAttention": fusedAttention,
	"com.microsoft.QGemm": gemm,
	"com.microsoft.QLinearConv": conv(3)
};
Object.keys(rules$2);
// src-main/quantize/fusion-note.ts
/** What the runtime of this machine made of the pairs, in sentences for the log. */
async function fusionNote(model) {
	return noteOfReport(await fusionReport(model, { level: "extended" }));
}
/** Counts the kernels, and the conversions that remain with the reason for each. */
function noteOfReport({ byPrecision, orphans, edgePairs }) {
	const kernels = `onnxruntime runs ${byPrecision.int8 ?? 0} integer kernels`;
	if (orphans.length === 0) return `${kernels}; every Q/DQ pair fused (${edgePairs} conversions at the edges).`;
	const counts = /* @__PURE__ */ new Map();
	for (const orphan of orphans) counts.set(reasonFor(orphan), (counts.get(reasonFor(orphan)) ?? 0) + 1);
	const reasons = [...counts].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${count} ${reason}`);
	const plural = orphans.length === 1 ? "conversion remains" : "conversions remain";
	return `${kernels}; ${orphans.length} ${plural} between integers and floats: ${reasons.join("; ")}.`;
}
/** Why a conversion stayed: it stands between a kernel of integers and an operator of floats. */
function reasonFor({ op, of, between }) {
	if (of === "weight") return `of a weight, in every run, before ${names(between.consumers)}`;
	const isBehindFloats = op === "QuantizeLinear";
	const floats = isBehindFloats ? [between.producer ?? "the input"] : between.consumers;
	const why = floats.some(hasIntegerKernel) ? "which stays in float here" : "which has no integer kernel";
	return `${isBehindFloats ? "behind" : "before"} ${names(floats)}, ${why}`;
}
function names(operators) {
	return [...new Set(operators)].join(" and ");
}
// src-main/quantize/map-weights.ts
/** Weights that preparations made, put into a file: each session maps them from there, where it would copy them out of memory. */
/** Weights up to this sum stay in memory. */
var heldBytes$1 = 16 * 2 ** 20;
/**
* The same model, its weights in files.
* @param workDir where the file goes that holds what is in no file yet; the model needs it as long as it is used
* @throws LatheError where the disk is full
*/
async function mapWeights(model, workDir) {
	let made;
	const folder = () => {
		made ??= mkdtempSync(join(workDir, "prepared-"));
		return made;
	};
	const { bytes } = skeletonBytes(model, {
		folder,
		heldBytes: heldBytes$1
	});
	if (made === void 0) return model;
	const path = join(made, "model.onnx");
	writeFileSync(path, bytes);
	return readModel(path);
}
// src-main/quantize/method.ts
/** Lets a method's function see its own option types, and forgets them for the list. */
function quantizeMethod(method) {
	return method;
}
/**
* Counts the layers of a placement: Conv, Gemm and MatMul.
* @param keptFloat why nodes were left out of the placement
*/
function countUnits(tally, { eligible, skipped, units }, keptFloat = /* @__PURE__ */ new Map()) {
	tally.eligible = eligible;
	tally.changed = units.filter((unit) => unit.kind === "compute").length;
	for (const { node, reason } of skipped) tally.skip(node, keptFloat.get(node.name) ?? reason);
}
/** Counts what a method met, for the Step's log. */
var Tally$1 = class {
	skipped = [];
	notes = [];
	eligible = 0;
	changed = 0;
	skip(node, reason) {
		this.skipped.push({
			node: node.name,
			reason
		});
	}
	note(sentence) {
		this.notes.push(sentence);
	}
	/** @throws LatheError where nothing was changed: a quantize Step never succeeds in silence */
	outcome(model, method) {
		if (this.changed === 0) throw this.#nothingChanged(method);
		return {
			model,
			eligible: this.eligible,
			changed: this.changed,
			skipped: this.skipped,
			notes: this.notes
		};
	}
	#nothingChanged(method) {
		const reasons = /* @__PURE__ */ new Map();
		for (const { reason } of this.skipped) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
		const most = [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 3);
		return new LatheError({
			who: `quantize ${method}`,
			what: most.length === 0 ? "nothing changed, since the model has no node that this method could change" : `nothing changed: ${most.map(([reason, count]) => `${count} × ${reason}`).join("; ")}`,
			next: "try another method or other targets",
			code: "failed"
		});
	}
};
// src-main/quantize/leading-to.ts
/** A part of a graph. */
/** The graph without the nodes and initializers that none of `values` follows from; its inputs stay. */
function leadingTo(graph, values) {
	const index = indexGraph(graph);
	const wanted = /* @__PURE__ */ new Set();
	const read = new Set(values);
	const open = [...values];
	for (let value = open.pop(); value !== void 0; value = open.pop()) {
		const node = index.producer(value);
		if (node === void 0 || wanted.has(node)) continue;
		wanted.add(node);
		for (const input of [...node.inputs, ...capturedBy(node)]) {
			read.add(input);
			open.push(input);
		}
	}
	const initializers = new Map([...graph.initializers].filter(([name]) => read.has(name) || index.isInput(name)));
	return {
		...graph,
		nodes: graph.nodes.filter((node) => wanted.has(node)),
		initializers
	};
}
// src-main/quantize/observers/histogram.ts
/**
* A histogram that needs no range beforehand and does not depend on the order or batching of what it sees: bins lie on
* a grid of width 2^k around 0, and where a value falls outside, neighbours are merged and the width doubles. (What lies
* nearer to 0 than 2⁻⁴⁰ of a bin may count on either side of it.)
*/
/** Bins on each side of 0. More than half of them are in use on the longer side once data has been seen. */
var sideBins = 4096;
var Histogram = class {
	/** counts[sideBins + i] holds how many values lie in [i, i + 1) · width. */
	counts = new Float64Array(2 * sideBins);
	/** Width of a bin, a power of two; 0 until a value other than 0 was seen. */
	width = 0;
	min = Number.POSITIVE_INFINITY;
	max = Number.NEGATIVE_INFINITY;
	total = 0;
	/** How many values were exactly 0: those cost no rounding error, whatever the step. */
	zeros = 0;
	/** @returns how many values were NaN or infinite; those are not counted */
	add(x) {
		const broken = countNonFinite(x);
		if (broken > 0) {
			this.add(x.filter(Number.isFinite));
			return broken;
		}
		if (x.length === 0) return 0;
		const [low, high] = [Float32Array.of(this.min), Float32Array.of(this.max)];
		channelRange(x, 1, x.length, 0, low, high);
		this.min = low[0] + 0;
		this.max = high[0] + 0;
		this.#reach(Math.max(-this.min, this.max));
		this.total += x.length;
		this.zeros += countZeros(x);
		const reach = sideBins * this.width;
		if (reach === 0) this.counts[sideBins] += x.length;
		else addToHistogram(x, -reach, reach, this.counts);
		return 0;
	}
	/** Widens the bins until `magnitude` lies inside. */
	#reach(magnitude) {
		if (magnitude === 0) return;
		const wanted = 2 ** (Math.floor(Math.log2(magnitude)) + 1) / sideBins;
		if (this.width === 0) {
			this.width = wanted;
			return;
		}
		for (; this.width < wanted; this.width *= 2) this.#merge();
	}
	/** The middle of bin `i`, counted from 0 as in {@link counts}. */
	middle(bin) {
		return (bin - sideBins + .5) * this.width;
	}
	/** All that it holds: five numbers, the first bin in use, and the counts from there on. */
	state() {
		const { counts, width, min, max, total, zeros } = this;
		const first = Math.max(0, counts.findIndex((count) => count > 0));
		const last = counts.findLastIndex((count) => count > 0);
		return Float64Array.of(width, min, max, total, zeros, first, ...counts.subarray(first, last + 1));
	}
	/** Takes back what {@link state} gave. */
	restore(state) {
		const [width, min, max, total, zeros, first] = state;
		Object.assign(this, {
			width,
			min,
			max,
			total,
			zeros
		});
		this.counts.fill(0);
		this.counts.set(state.subarray(6), first);
	}
	#merge() {
		const { counts } = this;
		const merged = new Float64Array(counts.length);
		for (let i = -4096; i < sideBins; i++) merged[sideBins + Math.floor(i / 2)] += counts[sideBins + i];
		counts.set(merged);
	}
};
function countZeros(x) {
	const bits = new Int32Array(x.buffer, x.byteOffset, x.length);
	let others = 0;
	for (let i = 0; i < bits.length; i++) others += 0 - (bits[i] & 2147483647) >>> 31;
	return x.length - others;
}
// src-main/quantize/statistics-cache.ts
/**
* What passes over calibration samples found, kept in a folder that outlives the job: a variant with another calibrator
* or other types needs no run of the model, and a pass that was interrupted goes on where it stopped.
*
* A file a pass, named by all that its numbers depend on. It appears whole or not at all.
*/
var suffix = ".statistics";
/** Raised whenever the numbers in a file change their meaning. */
var format = 1;
/** A pass with more to keep (Hessians of wide layers) is done anew. */
var largestPass = 2 ** 28;
/** Files of older passes leave when the folder holds more. */
var largestFolder = 2 ** 30;
/** Share of a pass's time that keeping it may take. */
var share = .05;
/** The file of one pass. */
var SavedPass = class {
	#folder;
	#path;
	#keepables;
	#kept = 0;
	#endedAt = performance.now();
	#lastMs = 0;
	/** @param depends all that the numbers depend on besides what the observers ask */
	constructor(folder, depends, keepables) {
		this.#folder = folder;
		this.#keepables = keepables;
		const text = JSON.stringify([
			format,
			depends,
			keepables.map(({ key }) => key)
		]);
		this.#path = join(folder, `${createHash("sha256").update(text).digest("hex").slice(0, 40)}${suffix}`);
	}
	/** Gives the observers what they saw before. @returns how many samples that were */
	async resume() {
		const saved = await readFile(this.#path).then(parse, () => null);
		if (saved === null || saved.states.length !== this.#keepables.length) return 0;
		this.#keepables.forEach((keepable, at) => {
			keepable.restore(saved.states[at]);
		});
		this.#kept = saved.done;
		return saved.done;
	}
	/** Keeps what was seen up to here, unless that was done a moment ago. */
	async keepNowAndThen(done) {
		if (performance.now() - this.#endedAt >= this.#lastMs / share) await this.keep(done);
	}
	/** A cache that cannot be written costs time later, and nothing now. */
	async keep(done) {
		if (done === this.#kept) return;
		const startedAt = performance.now();
		const states = this.#keepables.map((keepable) => keepable.state());
		if (states.reduce((sum, { byteLength }) => sum + byteLength, 0) > largestPass) return;
		await this.#write(serialize({
			format,
			done,
			states
		})).catch(() => {});
		this.#kept = done;
		this.#endedAt = performance.now();
		this.#lastMs = this.#endedAt - startedAt;
	}
	async #write(bytes) {
		await mkdir(this.#folder, { recursive: true });
		await removeAbandoned(this.#folder);
		const partial = join(this.#folder, unfinishedName(basename(this.#path)));
		const file = await open(partial, "w");
		try {
			await file.writeFile(bytes);
			await file.sync();
		} finally {
			await file.close();
		}
		await rename(partial, this.#path);
		await dropOldest(this.#folder, this.#path);
	}
};
function parse(bytes) {
	try {
		const saved = deserialize(bytes);
		return saved.format === format ? saved : null;
	} catch {
		return null;
	}
}
async function dropOldest(folder, kept) {
	const names = (await readdir(folder)).filter((name) => name.endsWith(suffix));
	const files = await Promise.all(names.map(async (name) => ({
		path: join(folder, name),
		...await sizeAndTime(join(folder, name))
	})));
	let total = files.reduce((sum, { size }) => sum + size, 0);
	for (const { path, size } of files.sort((a, b) => a.time - b.time)) {
		if (total <= largestFolder) return;
		if (path === kept) continue;
		await rm(path, { force: true });
		total -= size;
	}
}
async function sizeAndTime(path) {
	return stat(path).then(({ size, mtimeMs }) => ({
		size,
		time: mtimeMs
	}), () => ({
		size: 0,
		time: 0
	}));
}
// src-main/quantize/calibrate.ts
/** One pass over the calibration samples that observes any number of values at once, in bounded memory. */
/**
* Statistics of each value over all samples.
* @throws LatheError that names the node whose output is NaN or infinite
*/
async function calibrate(request, work) {
	const observers = [...request.values.map((value) => request.histograms ? new HistogramObserver(value) : new ExtremesObserver(value)), ...(request.means ?? []).map((mean) => new MeanObserver(mean))];
	const seen = await observe(request, observers, work);
	const statistics = /* @__PURE__ */ new Map();
	const means = /* @__PURE__ */ new Map();
	for (const observer of observers) if (observer instanceof MeanObserver) means.set(observer.value, observer.mean());
	else statistics.set(observer.value, observer.statistics());
	return {
		statistics,
		means,
		...seen
	};
}
/** The smallest and the largest element, found inside the graph: a few numbers leave the runtime. */
var ExtremesObserver = class {
	value;
	#names = [];
	#min = Number.POSITIVE_INFINITY;
	#max = Number.NEGATIVE_INFINITY;
	constructor(value) {
		this.value = value;
	}
	get key() {
		return `extremes of ${this.value}`;
	}
	prepare(patch) {
		this.#names = [
			"ReduceMin",
			"ReduceMax",
			"ReduceSum"
		].map((opType) => reduce$1(patch, opType, this.value));
		return this.#names;
	}
	see(results) {
		const [min, max, sum] = this.#names.map((name) => Number(results[name].data[0]));
		this.#min = Math.min(this.#min, min);
		this.#max = Math.max(this.#max, max);
		return Number.isFinite(sum);
	}
	statistics() {
		return {
			min: this.#min,
			max: this.#max
		};
	}
	state() {
		return Float64Array.of(this.#min, this.#max);
	}
	restore(state) {
		[this.#min, this.#max] = state;
	}
};
/** The whole value leaves the runtime and is counted at once. */
var HistogramObserver = class {
	value;
	#histogram = new Histogram();
	#sums = {
		min: 0,
		max: 0,
		samples: 0
	};
	constructor(value) {
		this.value = value;
	}
	get key() {
		return `histogram and average extremes of ${this.value}`;
	}
	prepare() {
		return [this.value];
	}
	see(results, size) {
		const { data, shape } = results[this.value];
		this.#addExtremes(data, shape[0] === size ? size : 1);
		return this.#histogram.add(data) === 0;
	}
	#addExtremes(data, samples) {
		if (data.length === 0) return;
		const [min, max] = [new Float32Array(samples).fill(Infinity), new Float32Array(samples).fill(-Infinity)];
		channelRange(data, samples, data.length / samples, 0, min, max);
		for (let sample = 0; sample < samples; sample++) {
			this.#sums.min += min[sample];
			this.#sums.max += max[sample];
		}
		this.#sums.samples += samples;
	}
	statistics() {
		const { min, max } = this.#histogram;
		const { samples, ...sums } = this.#sums;
		const average = {
			min: sums.min / samples,
			max: sums.max / samples
		};
		return {
			min,
			max,
			histogram: this.#histogram,
			average
		};
	}
	state() {
		const { min, max, samples } = this.#sums;
		return Float64Array.of(min, max, samples, ...this.#histogram.state());
	}
	restore(state) {
		const [min, max, samples] = state;
		Object.assign(this.#sums, {
			min,
			max,
			samples
		});
		this.#histogram.restore(state.subarray(3));
	}
};
/** Sums and counts of each run, added up: a run counts by its elements, however samples are put into runs. */
var MeanObserver = class {
	value;
	#request;
	#names = [];
	#sum = /* @__PURE__ */ new Float64Array(0);
	#elements = 0;
	constructor(request) {
		this.value = request.value;
		this.#request = request;
	}
	get key() {
		const { axis, squared } = this.#request;
		return `means of ${this.value}${squared === true ? " squared" : ""} along ${axis}`;
	}
	prepare(patch, opset) {
		const { value, rank, squared } = this.#request;
		const axes = [...new Array(rank).keys()].filter((at) => at !== this.#request.axis);
		const averaged = squared === true ? patch.freshName(`${value}_squared`) : value;
		if (averaged !== value) patch.addNode(makeNode("Mul", patch.freshName(`${averaged}_node`), [value, value], [averaged]));
		const elements = patch.freshName(`${value}_elements`);
		patch.addNode(makeNode("Size", patch.freshName(`${elements}_node`), [value], [elements]));
		const count = patch.freshName(`${elements}_float`);
		const float = { to: int$1(dtypeCode("float32")) };
		patch.addNode(makeNode("Cast", patch.freshName(`${count}_node`), [elements], [count], float));
		this.#names = [reduce$1(patch, "ReduceMean", averaged, axes, opset), count];
		return this.#names;
	}
	see(results) {
		const [mean, count] = this.#names.map((name) => results[name].data);
		const channels = mean.length;
		const elements = count[0] / channels;
		if (this.#elements === 0) this.#sum = new Float64Array(channels);
		for (let i = 0; i < channels; i++) this.#sum[i] += mean[i] * elements;
		this.#elements += elements;
		return true;
	}
	mean() {
		return this.#sum.map((sum) => sum / this.#elements);
	}
	state() {
		return Float64Array.of(this.#elements, ...this.#sum);
	}
	restore(state) {
		this.#elements = state[0];
		this.#sum = state.slice(1);
	}
};
/** Adds a reduction over `axes` (all where absent), which from opset 18 on are an input. Not for ReduceSum with axes. */
function reduce$1(patch, opType, value, axes, opset = 0) {
	const output = patch.freshName(`${value}_${opType}`);
	const inputs = [value];
	const extra = { keepdims: int$1(0) };
	if (axes !== void 0 && opset >= 18) {
		inputs.push(patch.freshName(`${output}_axes`));
		patch.setInitializer(int64Tensor(inputs[1], [axes.length], axes));
	} else if (axes !== void 0) extra.axes = ints(axes);
	patch.addNode(makeNode(opType, patch.freshName(`${output}_node`), inputs, [output], extra));
	return output;
}
/**
* Runs the model over the samples and shows each observer what it asked for. Where the data has a cache, samples that an
* earlier pass saw are not run again.
* @throws LatheError that names the node whose output is NaN or infinite
*/
async function observe(request, observers, work) {
	if (observers.length === 0) return {
		ran: 0,
		resumed: 0
	};
	const { data } = request;
	const saved = savedPass(request, observers);
	const first = await saved?.resume() ?? 0;
	if (first >= data.samples) return {
		ran: 0,
		resumed: 0
	};
	const { observed, asked } = observedModel(request, observers);
	const prepacking = request.mapped !== true;
	const session = await openSession(observed, {
		background: true,
		threads: availableParallelism(),
		prepacking
	});
	let done = first;
	try {
		for await (const batch of data.batches(first)) {
			const results = await session.run(batch.feeds, asked);
			for (const observer of observers) if (!observer.see(results, batch.size) && request.tolerant !== true) throw brokenActivation(request.model, observer.value);
			done += batch.size;
			const detail = `${done} of ${data.samples} samples`;
			work.progress({
				phase: "Calibrating",
				fraction: done / data.samples,
				detail
			});
			if (done < data.samples) await saved?.keepNowAndThen(done);
		}
		await saved?.keep(done);
	} finally {
		await session.release();
	}
	return {
		ran: done - first,
		resumed: first
	};
}
/** The model with everything among its outputs that the observers ask for; nothing else where weights are mapped. */
function observedModel({ model, mapped }, observers) {
	const patch = new Patch(model.graph);
	const opset = model.opsets.get("") ?? 1;
	const asked = [...new Set(observers.flatMap((observer) => observer.prepare(patch, opset)))];
	const known = new Set(model.graph.outputs.map(({ name }) => name));
	const added = asked.filter((name) => !known.has(name)).map((name) => makeValue(name, "float32", null));
	patch.setOutputs([...model.graph.outputs, ...added]);
	const graph = patch.apply();
	if (mapped !== true) return {
		observed: {
			...model,
			graph
		},
		asked
	};
	const outputs = graph.outputs.filter(({ name }) => asked.includes(name));
	return {
		observed: {
			...model,
			graph: {
				...leadingTo(graph, asked),
				outputs
			}
		},
		asked
	};
}
function savedPass({ model, data, tolerant }, observers) {
	if (data.cache === null) return null;
	const machine = [
		runtimeVersion(),
		cpuInfo().name,
		availableParallelism()
	];
	const depends = [
		hashModel(model),
		data.cache.key,
		tolerant === true,
		...machine
	];
	return new SavedPass(data.cache.folder, depends, observers);
}
function brokenActivation(model, value) {
	const node = indexGraph(model.graph).producer(value);
	return new LatheError({
		who: node === void 0 ? `input "${value}"` : `${node.opType} "${node.name}"`,
		what: `gives NaN or infinite numbers on the calibration samples (value "${value}")`,
		next: "check the preprocessing of the data, or exclude this node",
		code: "failed"
	});
}
// src-main/passes/float-tensor.ts
/** Constants as float64 for folding, and back into the dtype they came from. */
var floatTypes = [
	"float32",
	"float64",
	"float16",
	"bfloat16"
];
function isFloatType(dtype) {
	return floatTypes.includes(dtype);
}
/** The elements of a tensor of floats, exactly; undefined for other dtypes. */
function readFloats(tensor) {
	if (!isFloatType(tensor.dtype)) return void 0;
	return toFloat64(readTensor(tensor));
}
function toFloat64(array) {
	switch (array.dtype) {
		case "float32":
		case "float64": return Float64Array.from(array.data);
		case "float16":
		case "bfloat16": {
			const wide = new Float32Array(array.data.length);
			(array.dtype === "float16" ? float16ToFloat32 : bfloat16ToFloat32)(array.data, wide);
			return Float64Array.from(wide);
		}
	}
}
/** A tensor of `dtype` with the values rounded to it; of float32 where `dtype` is no float. */
function floatsTensor(name, dtype, shape, values) {
	return tensorFromArray(name, floatsArray(isFloatType(dtype) ? dtype : "float32", shape, values));
}
function floatsArray(dtype, shape, values) {
	if (dtype === "float64") return {
		dtype,
		shape,
		data: Float64Array.from(values)
	};
	const data = Float32Array.from(values);
	if (dtype === "float32") return {
		dtype,
		shape,
		data
	};
	const half = new Uint16Array(elementCount(shape));
	(dtype === "float16" ? float32ToFloat16 : float32ToBfloat16)(data, half);
	return {
		dtype,
		shape,
		data: half
	};
}
// src-main/passes/scale-tensor.ts
/** Weights multiplied channel by channel, without holding large ones. */
/** Above this a scaled weight is computed part by part when it is read, and takes no room. */
var inlineBytes = 2 ** 18;
/** The factors along one axis of a shape. */
function alongAxis(shape, axis, factors) {
	const inner = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
	return {
		size: shape[axis],
		inner,
		factor: (_outer, channel) => factors[channel]
	};
}
/** The tensor times its factors, rounded once to its dtype, which must be one of floats. */
function scaleTensor(tensor, name, factors) {
	const length = tensorByteLength(tensor);
	const read = (start, end) => scaledBytes(tensor, factors, start, end);
	return {
		...tensor,
		name,
		data: length <= inlineBytes ? {
			kind: "inline",
			bytes: read(0, length)
		} : {
			kind: "derived",
			length,
			read
		}
	};
}
function scaledBytes(tensor, { size, inner, factor }, start, end) {
	const dtype = tensor.dtype;
	const bytesEach = dtypeBits(dtype) / 8;
	const first = Math.floor(start / bytesEach);
	const last = Math.ceil(end / bytesEach);
	const bytes = readTensorBytes(tensor, first * bytesEach, last * bytesEach);
	const values = toFloat64(fromBytes(dtype, [last - first], bytes));
	for (let at = 0; at < values.length;) {
		const row = Math.floor((first + at) / inner);
		const end = Math.min(values.length, (row + 1) * inner - first);
		const multiplier = factor(Math.floor(row / size), row % size);
		for (; at < end; at++) values[at] = values[at] * multiplier;
	}
	return toBytes(floatsArray(dtype, [values.length], values)).subarray(start - first * bytesEach, end - first * bytesEach);
}
// src-main/quantize/channel-scaling.ts
/** Reads and changes the constants of a site channel by channel. */
/**
* Shows every element of an operand with its channel and its output (the index beside the channel's axis).
* Runs along the tensor once, part by part.
*/
function eachElement(operand, see) {
	const step = operand.output === "inner" ? 1 : 0;
	eachRun(operand, (part, from, to, channel, output) => {
		for (let i = from; i < to; i++) see(part[i], channel, output + step * (i - from));
	});
}
/**
* Shows an operand in runs part[from … to) of elements that belong to one channel, and to one output, or to outputs that
* count up from the given one where those are the inner index.
*/
function eachRun({ tensor, size, inner, channel, output }, see) {
	for (const { first, part } of partsOf(tensor)) {
		let within = first % inner;
		let row = Math.floor(first / inner);
		for (let i = 0; i < part.length; row++, within = 0) {
			const outer = Math.floor(row / size);
			const end = Math.min(i + inner - within, part.length);
			see(part, i, end, channel(outer, row % size), output === "outer" ? outer : within);
			i = end;
		}
	}
}
/** The graph with its constants multiplied; a constant that other nodes read as well is copied for this one. */
function applyScalings(graph, scalings) {
	const index = indexGraph(graph);
	const patch = new Patch(graph);
	const byInput = /* @__PURE__ */ new Map();
	for (const scaling of scalings) {
		const { node, at } = scaling.operand;
		const key = `${node.name} ${at}`;
		byInput.set(key, [...byInput.get(key) ?? [], scaling]);
	}
	const inputsOf = /* @__PURE__ */ new Map();
	for (const [first, ...others] of byInput.values()) {
		const { tensor, at } = first.operand;
		const node = index.node(first.operand.node.name);
		const old = node.inputs[at];
		const isOwn = graph.initializers.has(old) && index.consumers(old).length === 1 && !index.isInput(old);
		const name = isOwn ? old : patch.freshName(`${old}_scaled`);
		patch.setInitializer([first, ...others].reduce((scaled, one) => scale(scaled, name, one), tensor));
		if (isOwn) continue;
		const inputs = inputsOf.get(node.name) ?? [...node.inputs];
		inputs[at] = name;
		inputsOf.set(node.name, inputs);
		patch.replaceNode(node.name, {
			...node,
			inputs
		});
	}
	return patch.isEmpty ? graph : patch.apply();
}
function scale(tensor, name, { operand, factors }) {
	const { size, inner, channel } = operand;
	return scaleTensor(tensor, name, {
		size,
		inner,
		factor: (outer, place) => factors[channel(outer, place)]
	});
}
// src-main/quantize/channel-sites.ts
/**
* Where a float model can be rescaled channel by channel without a change of its outputs: a value v whose makers can
* give v/s instead, and whose readers all multiply it by constant weights that can take s.
*
*   y = W₂·f(W₁·x + b₁)  =  (W₂·s)·f((W₁/s)·x + b₁/s)     for every f with f(c·v) = c·f(v), c > 0
*
* Source: Nagel et al. 2019, arXiv:1906.04721, section 4.1.
*/
/**
* Every site of the main graph, in the order of their makers. No two have a reader in common.
* @param admits whether a node may be changed
*/
async function sitesOf(model, admits) {
	const question = await questionOf(model, admits);
	const taken = /* @__PURE__ */ new Set();
	return model.graph.nodes.flatMap((node) => {
		const start = node.domain === "" && admits(node) ? makerOf$1(question, node) : null;
		const site = start === null ? null : new Walk(question, start).site();
		if (site === null || site.read.some((operand) => taken.has(operand.node.name))) return [];
		for (const operand of site.read) taken.add(operand.node.name);
		return [site];
	});
}
/** The values that MatMul and Gemm nodes multiply by constant weights, each with all of those nodes. */
async function readValuesOf(model, admits) {
	const { index, constants, shape } = await questionOf(model, admits);
	const found = /* @__PURE__ */ new Map();
	for (const node of model.graph.nodes) {
		if (node.domain !== "" || node.opType !== "MatMul" && node.opType !== "Gemm" || !admits(node)) continue;
		const [value, name] = node.inputs;
		const weight = constants.tensor(name);
		if (weight?.dtype !== "float32" || constants.tensor(value) !== void 0 || isShared(index, name)) continue;
		const operand = readerOf$1(node, weight, -1, 1);
		if (operand === null) continue;
		const known = found.get(value);
		const input = {
			value,
			axis: -1,
			rank: shape(value)?.length
		};
		found.set(value, {
			channels: operand.places,
			input,
			read: [...known?.read ?? [], operand.scaled]
		});
	}
	return [...found.values()];
}
async function questionOf(model, admits) {
	const index = indexGraph(model.graph);
	const types = await valueTypes(model);
	const shape = (value) => {
		const type = types.get(value);
		return type?.kind === "tensor" ? type.shape ?? void 0 : void 0;
	};
	return {
		index,
		constants: constantsOf(index),
		shape,
		admits
	};
}
/** The constants of a node that decide the size of each channel of its output; null where they are not all constant. */
function makerOf$1({ constants, index }, node) {
	const tensorAt = (at) => constants.tensor(node.inputs[at] ?? "");
	const has = (at) => (node.inputs[at] ?? "") !== "";
	const weight = tensorAt(1);
	switch (node.opType) {
		case "Conv":
		case "Gemm":
		case "MatMul": {
			if (weight?.dtype !== "float32" || weight.shape.length < 2 || isShared(index, node.inputs[1])) return null;
			if (node.opType === "MatMul" && weight.shape.length !== 2) return null;
			const axis = outputAxis(node);
			const channels = weight.shape[axis];
			const made = [along(node, 1, weight, axis)];
			if (node.opType !== "MatMul" && has(2)) {
				const bias = tensorAt(2);
				if (bias?.dtype !== "float32" || elementCount(bias.shape) !== channels || bias.shape.at(-1) !== channels) return null;
				made.push(along(node, 2, bias, bias.shape.length - 1));
			}
			return {
				node,
				channels,
				made,
				axis: node.opType === "Conv" ? 1 - weight.shape.length : -1
			};
		}
		case "LayerNormalization":
		case "RMSNormalization":
		case "SimplifiedLayerNormalization": {
			if (weight?.dtype !== "float32" || weight.shape.length !== 1) return null;
			if (node.outputs.slice(1).some((output) => output !== "")) return null;
			const made = [along(node, 1, weight, 0)];
			if (has(2)) {
				const shift = tensorAt(2);
				if (shift?.dtype !== "float32" || shift.shape.length !== 1) return null;
				made.push(along(node, 2, shift, 0));
			}
			return {
				node,
				channels: weight.shape[0],
				made,
				axis: -1
			};
		}
		case "Mul": {
			const at = node.inputs.findIndex((input) => constants.tensor(input) !== void 0);
			const factor = tensorAt(at);
			if (factor?.dtype !== "float32" || factor.shape.length !== 1 || factor.shape[0] === 1) return null;
			return {
				node,
				channels: factor.shape[0],
				made: [along(node, at, factor, 0)],
				axis: -1
			};
		}
		default: return null;
	}
}
/** Axis of the output channels in the weight of a Conv, Gemm or MatMul. */
function outputAxis(node) {
	if (node.opType === "Conv") return 0;
	return node.opType === "Gemm" && intOf$11(node, "transB", 0) === 1 ? 0 : 1;
}
function along(node, at, tensor, axis, repeat = 1) {
	return {
		node,
		at,
		tensor,
		size: tensor.shape[axis],
		inner: elementCount(tensor.shape.slice(axis + 1)),
		channel: (_outer, place) => Math.floor(place / repeat),
		output: axis === 0 ? "inner" : "outer"
	};
}
function isShared(index, value) {
	return index.consumers(value).length > 1 || index.isOutput(value);
}
/** Operators with f(c·v) = c·f(v) for c > 0, channel by channel, that keep rank and channels. */
var homogeneous = new Set("Relu LeakyRelu PRelu Identity Dropout MaxPool AveragePool GlobalAveragePool GlobalMaxPool Neg Abs".split(" "));
var shapeReaders = /* @__PURE__ */ new Set(["Shape", "Size"]);
/** Follows what a maker gives to all of its readers. */
var Walk = class {
	#question;
	#maker;
	#made;
	#read = [];
	#inputs = /* @__PURE__ */ new Map();
	#ceilings = [];
	#seen = /* @__PURE__ */ new Set();
	/** Other operands of products on the way: they must not change themselves. */
	#partners = [];
	constructor(question, maker) {
		this.#question = question;
		this.#maker = maker;
		this.#made = [...maker.made];
	}
	site() {
		const { node, channels, axis } = this.#maker;
		if (!this.#follow(node.outputs[0], axis, 1)) return null;
		if (this.#read.length === 0 || this.#partners.some((value) => this.#seen.has(value))) return null;
		return {
			maker: node,
			channels,
			made: this.#made,
			read: this.#read,
			inputs: [...this.#inputs.values()],
			ceilings: this.#ceilings
		};
	}
	/** @param repeat how many places in a row belong to one channel, behind a Flatten */
	#follow(value, axis, repeat) {
		const { index } = this.#question;
		if (index.isOutput(value)) return false;
		this.#seen.add(value);
		return index.consumers(value).every((node) => this.#pass(node, value, axis, repeat));
	}
	#pass(node, value, axis, repeat) {
		if (node.domain !== "" || node.inputs.filter((input) => input === value).length !== 1) return false;
		if (shapeReaders.has(node.opType)) return true;
		const at = node.inputs.indexOf(value);
		const on = () => node.outputs.slice(1).every((output) => output === "") && this.#follow(node.outputs[0], axis, repeat);
		if (homogeneous.has(node.opType)) return at === 0 && on();
		switch (node.opType) {
			case "Clip": return at === 0 && this.#clip(node) && on();
			case "Mul": return this.#partner(node, 1 - at, value) && on();
			case "Div": return at === 0 && this.#partner(node, 1, value) && on();
			case "Add":
			case "Sub": return this.#shift(node, 1 - at, axis, repeat) && on();
			case "Flatten": return this.#flatten(node, value, axis, repeat);
			case "Conv":
			case "Gemm":
			case "MatMul": return at === 0 && this.#reader(node, value, axis, repeat);
			default: return false;
		}
	}
	/** Clip to [0, h] or (−∞, h]: its upper bound is noted. */
	#clip(node) {
		const { low, high } = clipBounds(this.#question.constants, node) ?? {
			low: NaN,
			high: NaN
		};
		if (low !== 0 && !(low < -3e38) || !(high > 0)) return false;
		if (high < 3e38) this.#ceilings.push(high);
		return true;
	}
	/** The other operand of a product: anything that does not turn the value into one of more dims. */
	#partner(node, at, value) {
		const { constants, shape } = this.#question;
		const partner = node.inputs[at];
		const constant = constants.tensor(partner);
		const own = shape(value)?.length;
		const rank = constant?.shape.length ?? shape(partner)?.length;
		if (constant !== void 0 && elementCount(constant.shape) === 1 && constant.shape.length <= 1) return true;
		if (own === void 0 || rank === void 0 || rank > own) return false;
		if (constant === void 0) this.#partners.push(partner);
		return true;
	}
	/** A constant that is added: one number a channel. */
	#shift(node, at, axis, repeat) {
		const { constants } = this.#question;
		const shift = constants.tensor(node.inputs[at]);
		if (shift?.dtype !== "float32" || repeat !== 1) return false;
		const own = shift.shape.length + axis;
		if (own < 0 || shift.shape[own] !== this.#maker.channels) return false;
		if (elementCount(shift.shape) !== this.#maker.channels) return false;
		this.#made.push(along(node, at, shift, own));
		return true;
	}
	#flatten(node, value, axis, repeat) {
		const shape = this.#question.shape(value);
		if (shape === void 0 || intOf$11(node, "axis", 1) !== 1 || shape.length + axis !== 1) return false;
		const places = shape.slice(2);
		if (places.some((dim) => typeof dim !== "number")) return false;
		return this.#follow(node.outputs[0], -1, repeat * elementCount(places));
	}
	#reader(node, value, axis, repeat) {
		const { constants, index, admits } = this.#question;
		const weight = constants.tensor(node.inputs[1]);
		if (!admits(node) || weight?.dtype !== "float32" || isShared(index, node.inputs[1])) return false;
		const operand = readerOf$1(node, weight, axis, repeat);
		if (operand === null || operand.places !== this.#maker.channels * repeat) return false;
		this.#read.push(operand.scaled);
		this.#inputs.set(value, {
			value,
			axis,
			rank: this.#question.shape(value)?.length
		});
		return true;
	}
};
/** The weight that multiplies the channels along `axis` of its input, and how many there are. */
function readerOf$1(node, weight, axis, repeat) {
	if (node.opType === "Conv") {
		if (axis !== 1 - weight.shape.length || repeat !== 1) return null;
		const [outputs, inputs] = weight.shape;
		const groups = intOf$11(node, "group", 1);
		const perGroup = outputs / groups;
		const channel = (output, input) => Math.floor(output / perGroup) * inputs + input;
		return {
			scaled: {
				...along(node, 1, weight, 1),
				channel
			},
			places: inputs * groups
		};
	}
	if (axis !== -1 || weight.shape.length !== 2) return null;
	if (node.opType === "Gemm" && intOf$11(node, "transA", 0) !== 0) return null;
	const inputAxis = 1 - outputAxis(node);
	return {
		scaled: along(node, 1, weight, inputAxis, repeat),
		places: weight.shape[inputAxis]
	};
}
// src-main/quantize/channel-statistics.ts
var ChannelObserver = class {
	value;
	#axis;
	#rank;
	#mean;
	#power;
	#names = [];
	#min = /* @__PURE__ */ new Float64Array(0);
	#max = /* @__PURE__ */ new Float64Array(0);
	constructor({ value, axis, rank }) {
		this.value = value;
		this.#rank = rank;
		this.#axis = rank + axis;
		this.#mean = new MeanObserver({
			value,
			axis: this.#axis,
			rank
		});
		this.#power = new MeanObserver({
			value,
			axis: this.#axis,
			rank,
			squared: true
		});
	}
	get key() {
		return `channels of ${this.value} along ${this.#axis}`;
	}
	prepare(patch, opset) {
		const axes = [...new Array(this.#rank).keys()].filter((at) => at !== this.#axis);
		this.#names = ["ReduceMin", "ReduceMax"].map((opType) => reduce$1(patch, opType, this.value, axes, opset));
		return [
			...this.#names,
			...this.#mean.prepare(patch, opset),
			...this.#power.prepare(patch, opset)
		];
	}
	see(results) {
		const [min, max] = this.#names.map((name) => results[name].data);
		if (this.#min.length === 0) {
			this.#min = new Float64Array(min.length).fill(Number.POSITIVE_INFINITY);
			this.#max = new Float64Array(min.length).fill(Number.NEGATIVE_INFINITY);
		}
		for (let channel = 0; channel < min.length; channel++) {
			this.#min[channel] = Math.min(this.#min[channel], min[channel]);
			this.#max[channel] = Math.max(this.#max[channel], max[channel]);
		}
		this.#mean.see(results);
		this.#power.see(results);
		return this.#power.mean().every(Number.isFinite);
	}
	statistics() {
		return {
			min: this.#min,
			max: this.#max,
			mean: this.#mean.mean(),
			power: this.#power.mean()
		};
	}
	state() {
		return Float64Array.of(...this.#min, ...this.#max, ...this.#mean.state(), ...this.#power.state());
	}
	restore(state) {
		const channels = (state.length - 2) / 4;
		this.#min = state.slice(0, channels);
		this.#max = state.slice(channels, 2 * channels);
		this.#mean.restore(state.slice(2 * channels, 3 * channels + 1));
		this.#power.restore(state.slice(3 * channels + 1));
	}
};
// src-main/quantize/preparations/absorb-biases.ts
/**
* Bias absorption: what a channel always holds in front of a Relu moves into the bias of the layer behind it.
*
*   W₂·Relu(W₁·x + b₁) + b₂ = W₂·Relu(W₁·x + b₁ − c) + (b₂ + W₂·c)    wherever W₁·x + b₁ ≥ c ≥ 0
*
* c is the least that calibration saw of the channel. The integers then cover what is left of its range; values below c,
* which calibration never saw, come out as c.
* Source: Nagel et al. 2019, arXiv:1906.04721, section 4.1.3, with measured minima in place of BatchNorm's β − 3γ.
*/
var absorbBiases = {
	name: "absorb",
	title: "Absorb biases",
	help: "Moves what a channel always holds before a Relu into the bias of the layer behind it, so that its integers cover less. Outputs stay the same on what calibration saw. Helps after equalization.",
	source: "Nagel et al. 2019, arXiv:1906.04721, section 4.1.3",
	default: false,
	run: absorb
};
async function absorb(model, { admits, data, ...work }) {
	const index = indexGraph(model.graph);
	const sites = (await sitesOf(model, admits)).filter((site) => isAbsorbing(site, index));
	const observers = sites.map(({ maker, inputs }) => {
		const { axis, rank = 2 } = inputs[0];
		return new ChannelObserver({
			value: maker.outputs[0],
			axis,
			rank
		});
	});
	await observe({
		model,
		data
	}, observers, work);
	const biases = new Biases(model, index);
	let changed = 0;
	sites.forEach(({ maker, read }, at) => {
		const held = observers[at].statistics().min.map((least) => Math.max(0, least));
		if (held.every((c) => c === 0)) return;
		changed++;
		biases.add(maker, held.map((c) => -c));
		for (const operand of read) {
			const alpha = operand.node.opType === "Gemm" ? floatOf$5(operand.node, "alpha", 1) : 1;
			const moved = new Float64Array(outputsOf$1(operand.node, operand.tensor.shape));
			eachElement(operand, (value, channel, output) => {
				moved[output] += alpha * value * held[channel];
			});
			biases.add(operand.node, moved);
		}
	});
	const notes = changed === 0 ? [] : [`absorbed biases into the layer behind at ${changed} places`];
	return {
		model: changed === 0 ? model : biases.applied(),
		changed,
		notes
	};
}
/** A layer with a bias, one Relu, and layers that see each of its values alike. */
function isAbsorbing({ maker, made, read, inputs }, index) {
	const [relu, ...others] = index.consumers(maker.outputs[0]);
	const isPlain = relu?.opType === "Relu" && others.length === 0 && inputs[0]?.value === relu.outputs[0];
	const hasBias = made.length === 2 && made[1]?.node === maker;
	return isPlain && hasBias && hasPlainBias(maker) && read.every(({ node }) => hasPlainBias(node) && hasNoPadding(node));
}
/** b is added as it is: no MatMul, and no Gemm with another β. */
function hasPlainBias(node) {
	return node.opType === "Conv" || node.opType === "Gemm" && floatOf$5(node, "beta", 1) === 1;
}
/** Padding puts zeros beside the channel, where c would be missing. */
function hasNoPadding(node) {
	if (node.opType !== "Conv") return true;
	return !(node.attributes.has("auto_pad") && stringOf$5(node, "auto_pad", "NOTSET") !== "NOTSET") && (intsOf$10(node, "pads", []) ?? []).every((pad) => pad === 0);
}
function outputsOf$1(node, shape) {
	return shape[node.opType === "Conv" || intOf$11(node, "transB", 0) === 1 ? 0 : 1];
}
/** What is added to the bias of each layer, all sites together. */
var Biases = class {
	#model;
	#index;
	#changes = /* @__PURE__ */ new Map();
	constructor(model, index) {
		this.#model = model;
		this.#index = index;
	}
	add({ name }, change) {
		const known = this.#changes.get(name);
		this.#changes.set(name, known === void 0 ? change : known.map((value, at) => value + change[at]));
	}
	applied() {
		const patch = new Patch(this.#model.graph);
		const constants = constantsOf(this.#index);
		for (const [name, change] of this.#changes) {
			const node = this.#index.node(name);
			const old = constants.tensor(node.inputs[2] ?? "");
			const held = old === void 0 ? void 0 : readTensor(old).data;
			const bias = patch.freshName(`${node.inputs[2] || `${name}_bias`}_absorbed`);
			const values = change.map((value, at) => (held?.[at] ?? 0) + value);
			patch.setInitializer(floatTensor(bias, [values.length], values));
			patch.replaceNode(name, {
				...node,
				inputs: [...node.inputs.slice(0, 2), bias]
			});
		}
		return {
			...this.#model,
			graph: patch.apply()
		};
	}
};
// src-main/quantize/preparations/equalize.ts
var mostSweeps = 20;
/** A sweep that changes no factor by more than this share is the last. */
var settled = .001;
var equalize = {
	name: "equalize",
	title: "Equalize layers",
	help: "Rescales the channels between two layers so that both have alike ranges; the outputs of the model stay the same. Helps convolutional networks, depthwise ones most.",
	source: "Nagel et al. 2019, arXiv:1906.04721, section 4.1",
	default: true,
	run: equalizeLayers
};
async function equalizeLayers(model, { admits, signal }) {
	const links = (await sitesOf(model, admits)).filter(({ maker }) => isComputeNode(maker));
	const sites = links.filter(({ ceilings }) => ceilings.length === 0);
	const equalizer = new Equalizer(sites);
	for (let sweep = 0; sweep < mostSweeps; sweep++) {
		signal.throwIfAborted();
		if (equalizer.sweep() < settled) break;
	}
	const graph = applyScalings(model.graph, equalizer.scalings());
	const clipped = links.length - sites.length;
	const but = clipped === 0 ? "" : `; not at ${clipped}, where a Clip has an upper bound for all channels`;
	const notes = links.length === 0 ? [] : [`equalized the channels between layers at ${sites.length} places${but}`];
	return {
		model: {
			...model,
			graph
		},
		changed: sites.length,
		notes
	};
}
var Equalizer = class {
	#sites;
	/** By site: s and 1/s, [channels]. */
	#up;
	#down;
	/** Node → its weight as a reader, and the site that it reads. */
	#readers = /* @__PURE__ */ new Map();
	/** Node → the site that it makes. */
	#makers = /* @__PURE__ */ new Map();
	constructor(sites) {
		this.#sites = sites;
		this.#up = sites.map(({ channels }) => new Float64Array(channels).fill(1));
		this.#down = sites.map(({ channels }) => new Float64Array(channels).fill(1));
		sites.forEach(({ maker, read }, site) => {
			this.#makers.set(maker.name, site);
			for (const operand of read) this.#readers.set(operand.node.name, {
				operand,
				site
			});
		});
	}
	/** @returns the largest change of a factor, as a share of it */
	sweep() {
		let change = 0;
		this.#sites.forEach(({ maker, made, read, channels }, site) => {
			const first = this.#ranges(maker.name, made[0]).out;
			const second = new Float64Array(channels);
			for (const { node } of read) this.#ranges(node.name).in.forEach((range, channel) => {
				second[channel] = Math.max(second[channel], range);
			});
			for (let channel = 0; channel < channels; channel++) {
				if (first[channel] === 0 || second[channel] === 0) continue;
				const step = Math.sqrt(first[channel] / second[channel]);
				this.#up[site][channel] *= step;
				this.#down[site][channel] /= step;
				change = Math.max(change, Math.abs(step - 1));
			}
		});
		return change;
	}
	scalings() {
		return this.#sites.flatMap(({ made, read }, site) => [...made.map((operand) => ({
			operand,
			factors: this.#down[site]
		})), ...read.map((operand) => ({
			operand,
			factors: this.#up[site]
		}))]);
	}
	/**
	* Largest magnitudes of a weight with the factors as they are, by input and by output channel.
	* @param made the weight as a maker, where it reads no site
	*/
	#ranges(node, made) {
		const makes = this.#makers.get(node);
		const down = makes === void 0 ? void 0 : this.#down[makes];
		const out = new Float64Array(down?.length ?? 0);
		const reader = this.#readers.get(node);
		if (reader === void 0) {
			eachElement(made, (value, channel) => {
				const magnitude = Math.abs(value) * down[channel];
				if (magnitude > out[channel]) out[channel] = magnitude;
			});
			return {
				in: /* @__PURE__ */ new Float64Array(0),
				out
			};
		}
		const up = this.#up[reader.site];
		const into = new Float64Array(up.length);
		eachElement(reader.operand, (value, channel, output) => {
			const magnitude = Math.abs(value) * up[channel] * (down?.[output] ?? 1);
			if (magnitude > into[channel]) into[channel] = magnitude;
			if (down !== void 0 && magnitude > out[output]) out[output] = magnitude;
		});
		return {
			in: into,
			out
		};
	}
};
// src-main/quantize/preparations/smooth.ts
/**
* SmoothQuant: what is hard to round moves from the activations into the weights, channel by channel.
*
*   Y = X·W = (X/s)·(s·W)    sⱼ = max|Xⱼ|^α / max|Wⱼ|^(1−α)    X [rows, channels], W [channels, outputs]
*
* 1/s goes into what makes X where that takes it (a normalization, a layer before a Relu); else, where it gains enough,
* a Mul stands before the product. α is chosen for each place by the error that rounding X and W gives to Y, expected
* from the calibration samples: a rounded number is off by Δ²/12 in the mean square, with Δ its step.
* Source: Xiao et al. 2022, arXiv:2211.10438; the search of α as in section 4.1 there, one for each place.
*/
/** α that are tried beside leaving X and W as they are. */
var alphas = [
	0,
	.1,
	.2,
	.3,
	.4,
	.5,
	.6,
	.7,
	.8,
	.9,
	1
];
/** Least share of the error that must go for a change that costs no time, and for a Mul. */
var worthChange = .1;
var worthMul = .4;
/** Channels that are this much smaller than the largest count as this large: they are nothing but zeros. */
var floor = 1e-5;
/** Of the median of the channels that samples touched. */
var typicalShare = .5;
var smooth = {
	name: "smooth",
	title: "Smooth activations",
	help: "Moves outliers of single channels from the activations into the weights; the outputs of the model stay the same. Helps transformers most.",
	source: "Xiao et al. 2022, arXiv:2211.10438 (SmoothQuant)",
	default: true,
	run: smoothActivations
};
async function smoothActivations(model, context) {
	const { admits, signal } = context;
	const sites = (await sitesOf(model, admits)).filter(({ ceilings, read }) => ceilings.length === 0 && read.every(({ node }) => node.opType !== "Conv"));
	const folding = new Set(sites.flatMap(({ read }) => read.map(({ node }) => node.name)));
	const values = (await readValuesOf(model, admits)).filter(({ read }) => !read.some(({ node }) => folding.has(node.name)));
	if (sites.length + values.length <= 1 && model.graph.nodes.some(({ opType }) => opType === "Conv")) return {
		model,
		changed: 0,
		notes: []
	};
	const index = indexGraph(model.graph);
	const constants = constantsOf(index);
	const isCorrected = ({ node }) => node.opType !== "MatMul" || addedBias(index, constants, node) !== null;
	const statistics = await measure(model, [...sites.flatMap(({ inputs }) => inputs), ...values.map(({ input }) => input)], context);
	const scalings = [];
	const patch = new Patch(model.graph);
	let folded = 0;
	for (const site of sites) {
		signal.throwIfAborted();
		const choice = bestSmoothing(site, site.inputs.map(({ value }) => statistics.get(value)), site.read.every(isCorrected));
		if (choice === null || choice.gain < worthChange) continue;
		const inverse = choice.s.map((s) => 1 / s);
		scalings.push(...site.made.map((operand) => ({
			operand,
			factors: inverse
		})));
		scalings.push(...site.read.map((operand) => ({
			operand,
			factors: choice.s
		})));
		folded++;
	}
	let multiplied = 0;
	for (const { input, read, channels } of values) {
		signal.throwIfAborted();
		const choice = bestSmoothing({
			read,
			channels
		}, [statistics.get(input.value)], read.every(isCorrected));
		if (choice === null || choice.gain < worthMul) continue;
		multiplyBefore(patch, input.value, read, choice.s);
		scalings.push(...read.map((operand) => ({
			operand,
			factors: choice.s
		})));
		multiplied++;
	}
	const graph = applyScalings(patch.isEmpty ? model.graph : patch.apply(), scalings);
	const changed = folded + multiplied;
	const notes = changed === 0 ? [] : [`smoothed the activations at ${changed} places, ${multiplied} of them by a Mul before the product`];
	return {
		model: {
			...model,
			graph
		},
		changed,
		notes
	};
}
async function measure({ graph, ...rest }, values, { data, ...work }) {
	const observers = [...new Map(values.filter(hasRank).map((value) => [value.value, value])).values()].map((value) => new ChannelObserver(value));
	await observe({
		model: {
			...rest,
			graph
		},
		data
	}, observers, work);
	return new Map(observers.map((observer) => [observer.value, observer.statistics()]));
}
function hasRank(value) {
	return value.rank !== void 0 && value.rank > 1;
}
/** The readers multiply value/s from here on. */
function multiplyBefore(patch, value, read, s) {
	const smoothed = patch.freshName(`${value}_smoothed`);
	const inverse = patch.freshName(`${smoothed}_factor`);
	patch.setInitializer(floatTensor(inverse, [s.length], s.map((factor) => 1 / factor)));
	patch.addNode(makeNode("Mul", patch.freshName(`${smoothed}_node`), [value, inverse], [smoothed]));
	for (const { node } of read) patch.replaceNode(node.name, {
		...node,
		inputs: [smoothed, ...node.inputs.slice(1)]
	});
}
/**
* The s of the α whose expected error is least.
* @param seen statistics of what the readers read; null is given where some are missing
* @param corrected whether biases take back the shift of the mean that rounded weights give
*/
function bestSmoothing({ read, channels }, seen, corrected) {
	const all = seen.filter((one) => one !== void 0);
	if (all.length < seen.length) return null;
	const low = new Float64Array(channels);
	const high = new Float64Array(channels);
	const power = new Float64Array(channels);
	for (const { min, max, mean, power: square } of all) for (let j = 0; j < channels; j++) {
		low[j] = Math.min(low[j], min[j]);
		high[j] = Math.max(high[j], max[j]);
		power[j] = Math.max(power[j], square[j] - (corrected ? mean[j] ** 2 : 0));
	}
	const weights = magnitudes$1(read, channels);
	const activations = reachable(low.map((value, j) => Math.max(-value, high[j])));
	const widths = floored(weights.largest);
	const candidates = alphas.map((alpha) => activations.map((activation, j) => activation ** alpha / widths[j] ** (1 - alpha)));
	const choices = [new Float64Array(channels).fill(1), ...candidates];
	const errors = expectedErrors(read, choices, {
		min: low,
		max: high,
		power
	}, weights.squares);
	const best = errors.indexOf(Math.min(...errors));
	return {
		s: choices[best],
		gain: 1 - errors[best] / errors[0]
	};
}
/** Of the weights of each channel: the largest magnitude, and the sum of squares. */
function magnitudes$1(read, channels) {
	const largest = new Float64Array(channels);
	const squares = new Float64Array(channels);
	for (const operand of read) eachElement(operand, (value, channel) => {
		const magnitude = Math.abs(value);
		if (magnitude > largest[channel]) largest[channel] = magnitude;
		squares[channel] += value * value;
	});
	return {
		largest,
		squares
	};
}
/**
* How far each channel may reach. What the few samples hardly touched others may fill, as behind a Relu: such a channel
* counts as {@link typicalShare} of a typical one, or the integers would have no room for it.
*/
function reachable(magnitudes) {
	const touched = magnitudes.filter((magnitude) => magnitude > 0).sort();
	const least = (touched[touched.length >> 1] ?? 0) * typicalShare;
	return floored(magnitudes.map((magnitude) => Math.max(magnitude, least)));
}
function floored(values) {
	const least = values.reduce((a, b) => Math.max(a, b), 0) * floor;
	return values.map((value) => Math.max(value, least) || 1);
}
/**
* Mean squared error of all outputs of the readers together, for each choice of s:
* Δx²/12 · Σⱼ sⱼ²·‖Wⱼ‖²  +  Σₒ Δwₒ²/12 · Σⱼ E[xⱼ²]/sⱼ², with a step Δx for X/s and one Δwₒ for each output of s·W.
* Where a bias is corrected, only the deviation of xⱼ from its mean counts in the second sum.
*/
function expectedErrors(read, choices, { min, max, power }, squares) {
	const errors = choices.map((s) => {
		let low = 0;
		let high = 0;
		let carried = 0;
		for (let j = 0; j < s.length; j++) {
			low = Math.min(low, min[j] / s[j]);
			high = Math.max(high, max[j] / s[j]);
			carried += s[j] ** 2 * squares[j];
		}
		return ((high - low) / 255) ** 2 / 12 * carried;
	});
	const inputs = choices.map((s) => s.reduce((sum, factor, j) => sum + power[j] / factor ** 2, 0));
	for (const operand of read) {
		const outputs = outputsOf(operand);
		const often = elementCount(operand.tensor.shape) / outputs / power.length;
		widestOutputs(operand, choices, outputs).forEach((widest, at) => {
			errors[at] += widest.reduce((sum, width) => sum + (width / 127) ** 2 / 12, 0) * often * inputs[at];
		});
	}
	return errors;
}
/** For each choice of s the largest |sⱼ·Wⱼₒ| of each output: [outputs]. */
function widestOutputs(operand, choices, outputs) {
	const widest = choices.map(() => new Float64Array(outputs));
	const step = operand.output === "inner" ? 1 : 0;
	eachRun(operand, (part, from, to, channel, output) => {
		for (let at = 0; at < choices.length; at++) raiseWidest(widest[at], part, from, to, choices[at][channel], output, step);
	});
	return widest;
}
function raiseWidest(widest, part, from, to, factor, output, step) {
	for (let i = from, o = output; i < to; i++, o += step) {
		const width = Math.abs(part[i]) * factor;
		if (width > widest[o]) widest[o] = width;
	}
}
function outputsOf({ tensor, size, inner, output }) {
	return output === "inner" ? inner : elementCount(tensor.shape) / size / inner;
}
// src-main/quantize/preparations/index.ts
/** @file What can be done to a float model before it is quantized, a file each, in the order they are done in. */
var preparations = [
	equalize,
	absorbBiases,
	smooth
];
/** A switch for each, for the options of a method. */
var preparationOptions = Object.fromEntries(preparations.map(({ name, title, help, default: on }) => [name, {
	kind: "boolean",
	title,
	help,
	default: on,
	advanced: true
}]));
/** The model after every preparation that is chosen; what was done is noted. */
async function runPreparations(model, chosen, context, tally) {
	let prepared = model;
	const active = preparations.filter(({ name }) => chosen[name]);
	for (const [at, preparation] of active.entries()) {
		const work = portion(context, at / active.length, (at + 1) / active.length, preparation.title);
		const result = await preparation.run(prepared, {
			...context,
			...work
		});
		prepared = result.model;
		for (const note of result.notes) tally.note(`Before: ${note}.`);
	}
	return prepared;
}
// src-main/passes/constant-tensor.ts
/** The value of a Constant node in any of its spellings. */
/** undefined for a sparse value, and for one that a function's caller gives. */
function constantTensor(node, name) {
	for (const attribute of node.attributes.values()) {
		const tensor = tensorOfAttribute(name, attribute);
		if (tensor !== void 0) return tensor;
	}
}
function tensorOfAttribute(name, attribute) {
	switch (attribute.type) {
		case "tensor": return {
			...attribute.value,
			name
		};
		case "float": return tensorFromArray(name, {
			dtype: "float32",
			shape: [],
			data: Float32Array.of(attribute.value)
		});
		case "floats": {
			const { value } = attribute;
			return tensorFromArray(name, {
				dtype: "float32",
				shape: [value.length],
				data: Float32Array.from(value)
			});
		}
		case "int": return tensorFromArray(name, {
			dtype: "int64",
			shape: [],
			data: BigInt64Array.of(attribute.value)
		});
		case "ints": {
			const { value } = attribute;
			return tensorFromArray(name, {
				dtype: "int64",
				shape: [value.length],
				data: BigInt64Array.from(value)
			});
		}
		case "string": return {
			name,
			dtype: "string",
			shape: [],
			data: {
				kind: "strings",
				strings: [attribute.value]
			}
		};
		case "strings": {
			const { value } = attribute;
			return {
				name,
				dtype: "string",
				shape: [value.length],
				data: {
					kind: "strings",
					strings: value
				}
			};
		}
		default: return;
	}
}
// src-main/passes/pass.ts
/** Keeps the options' literal types. */
function definePass(pass) {
	return pass;
}
/** Counts and reasons, gathered while a pass walks. */
var Tally = class {
	eligible = 0;
	changed = 0;
	skipped = [];
	skip(node, reason) {
		this.skipped.push({
			node: node.name,
			reason
		});
	}
	result(model, notes) {
		return {
			model,
			eligible: this.eligible,
			changed: this.changed,
			skipped: this.skipped,
			notes
		};
	}
};
/**
* Rebuilds a model with every graph edited: the main graph, then the bodies in it, then functions.
* @param edit gives the new graph, or the same where nothing is to be done
*/
function editGraphs$1(model, edit) {
	const opset = standardOpset(model.opsets);
	const graph = editGraph(model.graph, edit, {
		kind: "main",
		path: "",
		outer: null,
		opset,
		irVersion: model.irVersion
	});
	const functions = model.functions.map((fn) => editFunction(fn, edit, model.irVersion));
	return graph === model.graph && functions.every((fn, at) => fn === model.functions[at]) ? model : {
		...model,
		graph,
		functions
	};
}
function editGraph(graph, edit, surroundings) {
	const edited = edit({
		...surroundings,
		graph,
		index: indexGraph(graph)
	});
	const outer = {
		...surroundings,
		graph: edited,
		index: indexGraph(edited)
	};
	const editBody = (body, place) => editGraph(body, edit, {
		...surroundings,
		kind: "body",
		path: `${surroundings.path}/${place}`,
		outer
	});
	let changed = false;
	const nodes = edited.nodes.map((node) => {
		const next = editBodies$1(node, editBody);
		changed ||= next !== node;
		return next;
	});
	return changed ? {
		...edited,
		nodes
	} : edited;
}
/** The node with each body replaced; the same node where none changed. */
function editBodies$1(node, editBody) {
	if (subgraphsOf(node).length === 0) return node;
	let changed = false;
	const edited = (body, attribute, at = 0) => {
		const next = editBody(body, `${node.name}.${attribute}[${at}]`);
		changed ||= next !== body;
		return next;
	};
	const next = new Map(node.attributes);
	for (const [name, attribute] of next) {
		if (attribute.type === "graph") next.set(name, {
			type: "graph",
			value: edited(attribute.value, name)
		});
		if (attribute.type === "graphs") next.set(name, {
			type: "graphs",
			value: attribute.value.map((body, at) => edited(body, name, at))
		});
	}
	return changed ? {
		...node,
		attributes: next
	} : node;
}
function editFunction(fn, edit, irVersion) {
	const graph = functionGraph(fn);
	const edited = editGraph(graph, edit, {
		kind: "function",
		path: `function ${fn.domain}.${fn.name}:${fn.overload}`,
		outer: null,
		opset: standardOpset(fn.opsets),
		irVersion
	});
	return edited === graph ? fn : {
		...fn,
		nodes: edited.nodes,
		values: edited.values
	};
}
/**
* The tensor of a value that never changes: an initializer that no caller can override, the value of a Constant, or an
* Identity of either; also of a graph around this one. undefined for everything else.
*/
function constantOf(scope, value) {
	for (let at = scope; at !== null; at = at.outer) {
		const tensor = at.graph.initializers.get(value);
		if (tensor !== void 0) return isOverridable(at, value) ? void 0 : tensor;
		const producer = at.index.producer(value);
		if (producer?.opType === "Identity" && isStandard(producer)) return constantOf(at, producer.inputs[0] ?? "");
		if (producer !== void 0) return isConstantNode(producer) ? constantTensor(producer, value) : void 0;
		if (at.index.isInput(value)) return void 0;
	}
}
function isConstantNode(node) {
	return node.opType === "Constant" && isStandard(node);
}
/** An operator of ai.onnx. */
function isStandard({ domain }) {
	return domain === "" || domain === "ai.onnx";
}
/** Whether the caller may feed another tensor in its place: a graph input since IR version 4, before which all had to be. */
function isOverridable({ index, irVersion }, value) {
	return irVersion >= 4 && index.isInput(value);
}
/** A function has no initializers; those of a body had to be its inputs before IR version 4, and no node feeds them. */
function holdsInitializers({ kind, irVersion }) {
	return kind === "main" || kind === "body" && irVersion >= 4;
}
/** Makes a tensor readable in the graph: as an initializer, or as a Constant node where the graph cannot have any. */
function addConstant(patch, scope, tensor) {
	const name = patch.freshName(tensor.name);
	setConstant(patch, scope, {
		...tensor,
		name
	});
	return name;
}
/** Makes a tensor readable under its own name. */
function setConstant(patch, scope, tensor$3) {
	const { name } = tensor$3;
	if (holdsInitializers(scope)) patch.setInitializer(tensor$3);
	else patch.addNode(makeNode("Constant", name, [], [name], { value: tensor(tensor$3) }));
}
/** Puts a tensor in the place of the node that makes it. */
function becomeConstant(patch, scope, node, tensor$2) {
	if (holdsInitializers(scope)) patch.removeNode(node.name).setInitializer(tensor$2);
	else patch.replaceNode(node.name, makeNode("Constant", node.name, [], [tensor$2.name], { value: tensor(tensor$2) }));
}
/** The type that the file states for a value; passes that need more ask the runtime. */
function statedType({ graph }, value) {
	return ([...graph.inputs, ...graph.outputs].find(({ name }) => name === value) ?? graph.values.get(value))?.type ?? null;
}
/**
* Whether the runtime would refuse a constant of this shape as the value: Range takes vectors of one element where they
* are computed, but only scalars where they are known beforehand.
*/
function mustStayComputed({ index }, value, shape) {
	return shape.length > 0 && index.consumers(value).some((node) => node.opType === "Range" && isStandard(node));
}
// src-main/passes/eliminate-dead-nodes.ts
/**
* Nodes whose outputs nobody reads, optional outputs that nobody reads, and outputs of bodies that nobody reads.
* Source: https://onnx.ai/onnx/repo-docs/IR.html (a graph is what its outputs need).
*/
/** Operators whose outputs from this one on may be left out. */
var optionalFrom = {
	BatchNormalization: 1,
	Dropout: 1,
	GRU: 0,
	LayerNormalization: 1,
	LSTM: 0,
	MaxPool: 1,
	RNN: 0
};
function eliminateDeadNodes(model, isTarget = () => true) {
	const tally = new Tally();
	let outputs = 0;
	const after = editGraphs$1(model, ({ graph }) => {
		const read = new Set(graph.outputs.map(({ name }) => name));
		const nodes = [];
		for (const node of [...graph.nodes].reverse()) {
			if (node.outputs.every((name) => name === "" || !read.has(name)) && isTarget(node)) {
				tally.changed++;
				continue;
			}
			const trimmed = isTarget(node) ? withoutUnreadOutputs(node, read) : node;
			if (trimmed !== node) outputs++;
			nodes.push(trimmed);
			for (const name of [...trimmed.inputs, ...capturedBy(trimmed)]) read.add(name);
		}
		if (nodes.length === graph.nodes.length && nodes.every((node, at) => node === graph.nodes.at(-1 - at))) return graph;
		return withNodes(graph, nodes.reverse(), read);
	});
	tally.changed += outputs;
	tally.eligible = tally.changed;
	const notes = [...tally.changed > outputs ? [`removed ${tally.changed - outputs} nodes that nothing reads`] : [], ...outputs > 0 ? [`dropped unread outputs of ${outputs} nodes`] : []];
	return tally.result(after, notes);
}
/** Types stated for values that are gone would be of nothing. */
function withNodes(graph, nodes, read) {
	const values = new Map([...graph.values].filter(([name]) => read.has(name)));
	return {
		...graph,
		nodes,
		values
	};
}
function withoutUnreadOutputs(node, read) {
	if (!isStandard(node)) return node;
	if (node.opType === "If") return ifWithoutUnread(node, read);
	const first = optionalFrom[node.opType];
	if (first === void 0) return node;
	const outputs = node.outputs.map((name, at) => at < first || read.has(name) ? name : "");
	while (outputs.length > 1 && outputs.at(-1) === "") outputs.pop();
	return outputs.join("\0") === node.outputs.join("\0") ? node : {
		...node,
		outputs
	};
}
/** Both branches give as many outputs as the node. */
function ifWithoutUnread(node, read) {
	const kept = node.outputs.flatMap((name, at) => read.has(name) ? [at] : []);
	if (kept.length === node.outputs.length) return node;
	const pick = (items) => kept.map((at) => items[at]);
	const bodies = new Map(node.attributes);
	for (const { attribute, graph: graph$2 } of subgraphsOf(node)) bodies.set(attribute, graph({
		...graph$2,
		outputs: pick(graph$2.outputs)
	}));
	return {
		...node,
		outputs: pick(node.outputs),
		attributes: bodies
	};
}
var eliminateDeadNodesPass = definePass({
	name: "eliminate-dead-nodes",
	title: "Remove dead nodes",
	help: "Removes nodes and optional outputs that no output of the model needs.",
	source: "https://onnx.ai/onnx/repo-docs/IR.html",
	options: {},
	tolerance: 0,
	run: (model, { isTarget }) => eliminateDeadNodes(model, isTarget)
});
// src-main/passes/pass-error.ts
/** What a failing pass says. */
/** Runs what a pass does with a node; what it throws names the node where it does not already. */
function atNode(node, run) {
	try {
		return run();
	} catch (thrown) {
		const who = `${node.opType} "${node.name}"`;
		if (isStop(thrown) || thrown instanceof LatheError && thrown.message.includes(who)) throw thrown;
		const code = thrown instanceof LatheError ? thrown.code : "failed";
		throw new LatheError({
			who,
			what: messageOf(thrown),
			code,
			cause: thrown
		});
	}
}
/** Why a node of a function has to stay where what is to be done depends on what each call gives. */
function orParameter(run) {
	try {
		return run();
	} catch (thrown) {
		if (thrown instanceof ParameterError) return "it depends on a parameter of its function";
		throw thrown;
	}
}
/** Whether somebody asked to stop, which is no failure. */
function isStop(thrown) {
	return thrown instanceof Error && thrown.name === "AbortError";
}
// src-main/passes/scope-types.ts
/** Types of values in every graph of a model, kept while its graphs are being edited. */
var ScopeTypes = class {
	#byPath;
	/** @param byPath types by the path of the graph that makes the values */
	constructor(byPath = /* @__PURE__ */ new Map()) {
		this.#byPath = byPath;
	}
	/** What onnxruntime infers, else what the file states; null where neither is known, or where calls of a function differ. */
	of(scope, value) {
		for (let at = scope; at !== null; at = at.outer) {
			const type = this.#byPath.get(at.path)?.get(value) ?? statedType(at, value);
			if (type !== null) return type;
		}
		return null;
	}
	/** Dims of a tensor; null where not even their number is known. */
	shapeOf(scope, value) {
		const type = this.of(scope, value);
		return type?.kind === "tensor" ? type.shape : null;
	}
};
/** @throws LatheError where onnxruntime does not load the model at all */
async function scopeTypes(model) {
	const byGraph = await graphTypes(model);
	const byPath = /* @__PURE__ */ new Map();
	editGraphs$1(model, ({ graph, path }) => {
		if (!byPath.has(path)) byPath.set(path, byGraph.of(graph));
		return graph;
	});
	for (const [path, types] of typesInFunctions(model, byGraph)) byPath.set(path, types);
	return new ScopeTypes(byPath);
}
/** By path, what holds in all calls of a function. */
function typesInFunctions(model, byGraph) {
	const functionOf = calledFunction(model);
	const common = /* @__PURE__ */ new Map();
	for (const graph of byGraph.graphs()) for (const node of graph.nodes) {
		const [fn, body] = [functionOf(node), byGraph.bodyOfCall(node)];
		if (fn === void 0 || body === void 0) continue;
		for (const [path, types] of typesInCall(model, fn, body, byGraph)) {
			const before = common.get(path);
			common.set(path, before === void 0 ? types : inBoth(before, types));
		}
	}
	return common;
}
/** The paths of a function's graphs, with the types that they have in one call. */
function typesInCall(model, fn, body, byGraph) {
	const found = /* @__PURE__ */ new Map();
	editGraphs$1({
		...model,
		functions: [{
			...fn,
			nodes: body.nodes
		}]
	}, ({ graph, path, outer, kind }) => {
		if (kind === "function") found.set(path, byGraph.of(body));
		else if (found.has(rootOf(outer))) found.set(path, byGraph.of(graph));
		return graph;
	});
	return found;
}
function rootOf(scope) {
	return scope?.outer === null || scope === null ? scope?.path ?? "" : rootOf(scope.outer);
}
function inBoth(a, b) {
	return new Map([...a].filter(([name, type]) => JSON.stringify(b.get(name)) === JSON.stringify(type)));
}
// src-main/passes/rewrite.ts
/** Rewriting node by node until nothing is left to do, in every graph of a model. */
/**
* Sweeps over all graphs until a sweep changes nothing. In one sweep a node whose neighbour is being rewritten waits
* for the next, so that no two plans meet.
*/
function rewriteNodes(model, tally, rewrite, how) {
	const types = how.types ?? new ScopeTypes();
	let now = model;
	for (;;) {
		tally.skipped.length = 0;
		const next = editGraphs$1(now, (scope) => sweep(scope, tally, rewrite, how, types));
		if (next === now) break;
		now = next;
	}
	tally.eligible = tally.changed + tally.skipped.length;
	return now;
}
function sweep(scope, tally, rewrite, { isTarget, after = (graph) => graph }, types) {
	const { graph, index } = scope;
	const patch = new Patch(graph);
	const busy = /* @__PURE__ */ new Set();
	for (const node of graph.nodes) {
		const makers = node.inputs.flatMap((input) => index.producer(input) ?? []);
		if (busy.has(node) || makers.some((maker) => busy.has(maker)) || !isTarget(node)) continue;
		const planned = atNode(node, () => orParameter(() => rewrite(node, {
			...scope,
			patch,
			types
		})));
		if (typeof planned === "string") tally.skip(node, planned);
		if (planned !== true) continue;
		tally.changed++;
		busy.add(node);
		for (const maker of makers) busy.add(maker);
		for (const input of node.inputs) for (const reader of index.consumers(input)) busy.add(reader);
		for (const output of node.outputs) for (const reader of index.consumers(output)) busy.add(reader);
	}
	return patch.isEmpty ? graph : after(patch.apply());
}
/**
* Plans that readers of what `node` makes read `source` instead, and that the node goes. Where its output is the
* graph's, the maker of `source` takes over its name.
* @returns true, or why the node has to stay
*/
function bypass(node, source, site) {
	const { index, graph, patch } = site;
	const [output] = node.outputs;
	const constant = constantOf(site, source);
	if (constant !== void 0 && mustStayComputed(site, output, constant.shape)) return "Range takes no constant of this shape";
	if (!index.isOutput(output)) {
		patch.removeNode(node.name).redirect(output, source);
		if (graph.values.has(output)) patch.setValue(output, null);
		return true;
	}
	const maker = index.isOutput(source) ? void 0 : index.producer(source);
	if (maker === void 0) return "it gives an output of the graph its name";
	if (index.consumers(source).some((reader) => reader !== node && capturedBy(reader).has(source))) return "it gives an output of the graph its name, and a body reads what it reads";
	const outputs = maker.outputs.map((name) => name === source ? output : name);
	patch.removeNode(node.name).replaceNode(maker.name, {
		...maker,
		outputs
	});
	patch.redirect(source, output);
	if (graph.values.has(source)) patch.setValue(source, null);
	return true;
}
// src-main/passes/eliminate-no-ops.ts
/**
* Nodes that give out what they take in: Identity, Dropout at inference, a Cast to the same type or there and back,
* Reshape, Expand and Flatten to the same shape, Transpose in order or back again, Slice of everything, Pad of nothing,
* adding 0, multiplying by 1. Also a Reshape behind a Reshape and a Transpose behind a Transpose become one, and what
* Range takes becomes the scalar that it should be.
* Source: the operators' definitions, https://onnx.ai/onnx/operators/.
*/
var { intOf: intOf$9, intsOf: intsOf$9 } = attributes_exports;
async function eliminateNoOps(model, isTarget = () => true) {
	const tally = new Tally();
	const types = await scopeTypes(model);
	const before = countNodes(model);
	const after = rewriteNodes(model, tally, eliminate, {
		isTarget,
		types
	});
	const gone = [...before].flatMap(([op, count]) => {
		const fewer = count - (countNodes(after).get(op) ?? 0);
		return fewer > 0 ? [`${fewer} ${op}`] : [];
	});
	return tally.result(after, gone.length === 0 ? [] : [`removed ${gone.join(", ")}`]);
}
function countNodes(model) {
	const counts = /* @__PURE__ */ new Map();
	for (const { opType } of allNodes(model)) counts.set(opType, (counts.get(opType) ?? 0) + 1);
	return counts;
}
var eliminate = (node, site) => {
	if (!isStandard(node)) return false;
	if (node.opType === "Range") return makeScalars(node, site);
	const [input] = node.inputs;
	if (input === void 0 || input === "" || node.outputs.slice(1).some((name) => name !== "")) return false;
	const merged = merge(node, site);
	if (merged !== null) {
		site.patch.replaceNode(node.name, merged);
		return true;
	}
	const source = sourceOf(node, site);
	return source === null ? false : bypass(node, source, site);
};
/**
* The runtime takes vectors of one element for Range where they are computed, but refuses them as constants, which they
* become when what is between goes.
*/
function makeScalars(range, site) {
	const inputs = range.inputs.map((input) => {
		const tensor = constantOf(site, input);
		if (tensor === void 0 || tensor.shape.length === 0 || elementCount(tensor.shape) !== 1) return input;
		return addConstant(site.patch, site, {
			...tensor,
			name: `${input}/scalar`,
			shape: []
		});
	});
	if (inputs.every((input, at) => input === range.inputs[at])) return false;
	site.patch.replaceNode(range.name, {
		...range,
		inputs
	});
	return true;
}
/** The value that the node only repeats; null where it does something. */
function sourceOf(node, site) {
	const rule = repeats[node.opType];
	if (rule === void 0) return null;
	const found = rule(node, site);
	if (found === false) return null;
	return found === true ? node.inputs[0] : found;
}
var typeOf = (value, site) => site.types.of(site, value) ?? constantType(value, site);
function constantType(value, scope) {
	const tensor = constantOf(scope, value);
	return tensor === void 0 ? null : {
		kind: "tensor",
		dtype: tensor.dtype,
		shape: tensor.shape
	};
}
/** Equal numbers, or one symbol in both; unknown dims equal nothing. */
var keepsShape = (node, site) => {
	const [from, to] = [typeOf(node.inputs[0], site), typeOf(node.outputs[0], site)];
	if (from?.kind !== "tensor" || to?.kind !== "tensor" || from.shape === null || to.shape === null) return false;
	if (from.shape.length !== to.shape.length) return false;
	return from.shape.every((dim, axis) => dim !== null && dim !== 0 && dim === to.shape?.[axis]);
};
var integers = (value, site) => {
	const tensor = value === void 0 ? void 0 : constantOf(site, value);
	if (tensor === void 0 || tensor.dtype !== "int64" && tensor.dtype !== "int32") return void 0;
	return Array.from(readTensor(tensor).data, Number);
};
/** A constant of one repeated number that does not widen the shape. */
var isConstant = (node, at, wanted, site) => {
	const tensor = constantOf(site, node.inputs[at] ?? "");
	if (tensor === void 0 || elementCount(tensor.shape) > 65536 || elementCount(tensor.shape) === 0) return false;
	return (isFloatType(tensor.dtype) ? readFloats(tensor) : Array.from(readTensor(tensor).data, Number))?.every((value) => value === wanted) === true;
};
/** x ∘ c or, where the operator commutes, c ∘ x, with c neutral. */
var neutral = (wanted, commutes) => (node, site) => {
	const output = node.outputs[0];
	const same = (source) => {
		return keepsShape({
			...node,
			inputs: [source],
			outputs: [output]
		}, site) === true;
	};
	if (isConstant(node, 1, wanted, site) && same(node.inputs[0])) return node.inputs[0];
	if (commutes && isConstant(node, 0, wanted, site) && same(node.inputs[1])) return node.inputs[1];
	return false;
};
/** Types in which every value of the other is exact. */
var holds = {
	float16: ["float32", "float64"],
	bfloat16: ["float32", "float64"],
	float32: ["float64"],
	int8: [
		"int16",
		"int32",
		"int64",
		"float32",
		"float64",
		"float16"
	],
	uint8: [
		"int16",
		"uint16",
		"int32",
		"int64",
		"float32",
		"float64",
		"float16"
	],
	int16: [
		"int32",
		"int64",
		"float32",
		"float64"
	],
	int32: ["int64", "float64"],
	bool: [
		"int8",
		"uint8",
		"int32",
		"int64",
		"float16",
		"float32",
		"float64"
	]
};
var castRepeats = (node, site) => {
	const to = dtypeFromCode(intOf$9(node, "to", 0));
	const [input] = node.inputs;
	const from = typeOf(input, site);
	if (to === void 0 || from?.kind !== "tensor") return false;
	if (from.dtype === to) return true;
	const wider = site.index.producer(input);
	if (wider?.opType !== "Cast" || !isStandard(wider)) return false;
	const [source] = wider.inputs;
	const original = typeOf(source, site);
	return original?.kind === "tensor" && original.dtype === to && holds[to]?.includes(from.dtype) === true ? source : false;
};
var sliceRepeats = (node, site) => {
	const type = typeOf(node.inputs[0], site);
	const [starts, ends] = [intsOf$9(node, "starts", void 0) ?? integers(node.inputs[1], site), intsOf$9(node, "ends", void 0) ?? integers(node.inputs[2], site)];
	if (starts === void 0 || ends === void 0 || type?.kind !== "tensor" || type.shape === null) return false;
	const axes = intsOf$9(node, "axes", void 0) ?? integers(node.inputs[3], site) ?? starts.map((_, axis) => axis);
	const steps = (node.inputs[4] ?? "") === "" ? starts.map(() => 1) : integers(node.inputs[4], site);
	if (steps === void 0 || (node.inputs[3] ?? "") !== "" && integers(node.inputs[3], site) === void 0) return false;
	const { shape } = type;
	return axes.every((axis, at) => {
		const dim = shape.at(axis);
		const end = ends[at];
		const reachesEnd = end >= 2 ** 31 - 1 || typeof dim === "number" && end >= dim;
		return starts[at] === 0 && steps[at] === 1 && reachesEnd;
	});
};
var padRepeats = (node, site) => (intsOf$9(node, "pads", void 0) ?? integers(node.inputs[1], site))?.every((pad) => pad === 0) === true;
var single$1 = (node) => node.inputs.length === 1;
var repeats = {
	Identity: () => true,
	Dropout: (node, site) => (node.inputs[2] ?? "") === "" || isConstant(node, 2, 0, site),
	Cast: castRepeats,
	Reshape: keepsShape,
	Expand: keepsShape,
	Flatten: keepsShape,
	Tile: keepsShape,
	Transpose: (node) => intsOf$9(node, "perm", void 0)?.every((axis, at) => axis === at) === true,
	Slice: sliceRepeats,
	Pad: padRepeats,
	Concat: single$1,
	Sum: single$1,
	Max: single$1,
	Min: single$1,
	Mean: single$1,
	Add: neutral(0, true),
	Sub: neutral(0, false),
	Mul: neutral(1, true),
	Div: neutral(1, false),
	Pow: neutral(1, false),
	Relu: (node, site) => site.index.producer(node.inputs[0])?.opType === "Relu"
};
/** One node in place of two of a kind; null where there is nothing to merge. */
function merge(node, site) {
	const [input] = node.inputs;
	const before = site.index.producer(input);
	if (before === void 0 || before.opType !== node.opType || !isStandard(before)) return null;
	const source = before.inputs[0];
	if (node.opType === "Transpose") {
		const [first, second] = [intsOf$9(before, "perm", void 0), intsOf$9(node, "perm", void 0)];
		if (first === void 0 || second === void 0) return null;
		const perm = second.map((axis) => first[axis]);
		return {
			...node,
			inputs: [source],
			attributes: /* @__PURE__ */ new Map([["perm", ints(perm)]])
		};
	}
	if (node.opType === "Reshape") {
		const target = integers(node.inputs[1], site);
		return target === void 0 || target.includes(0) && intOf$9(node, "allowzero", 0) === 0 ? null : {
			...node,
			inputs: [source, ...node.inputs.slice(1)]
		};
	}
	return null;
}
var eliminateNoOpsPass = definePass({
	name: "eliminate-no-ops",
	title: "Remove what does nothing",
	help: "Removes identities, casts, reshapes, transposes, slices and pads that change nothing, and joins those that follow each other.",
	source: "https://onnx.ai/onnx/operators/",
	options: {},
	tolerance: 0,
	run: (model, { isTarget }) => eliminateNoOps(model, isTarget)
});
// src-main/passes/unused-initializers.ts
/**
* Initializers that no node and no output reads.
* Source: follows from the ONNX IR: an initializer acts only through its readers.
*/
/** The graph without unread initializers, and where they were inputs as well (IR version 3) without those inputs. */
function withoutUnusedInitializers(graph, mayGo = () => true) {
	const read = new Set(graph.outputs.map(({ name }) => name));
	for (const node of graph.nodes) for (const name of [...node.inputs, ...capturedBy(node)]) read.add(name);
	const goes = (name) => !read.has(name) && mayGo(name);
	const initializers = new Map([...graph.initializers].filter(([name]) => !goes(name)));
	const sparseInitializers = graph.sparseInitializers.filter(({ values }) => !goes(values.name));
	if (graph.initializers.size - initializers.size + graph.sparseInitializers.length - sparseInitializers.length === 0) return graph;
	const wasInitializer = (name) => graph.initializers.has(name) && !initializers.has(name);
	return {
		...graph,
		initializers,
		sparseInitializers,
		inputs: graph.inputs.filter(({ name }) => !wasInitializer(name))
	};
}
function removeUnusedInitializers(model) {
	const tally = new Tally();
	const cleaned = editGraphs$1(model, ({ graph }) => {
		const next = withoutUnusedInitializers(graph);
		const removed = graph.initializers.size - next.initializers.size;
		tally.eligible += removed;
		tally.changed += removed;
		return next;
	});
	return tally.result(cleaned, tally.changed === 0 ? [] : [`removed ${tally.changed} unread initializers`]);
}
var unusedInitializersPass = definePass({
	name: "unused-initializers",
	title: "Remove unread initializers",
	help: "Takes out weights that nothing reads.",
	source: "https://onnx.ai/onnx/repo-docs/IR.html",
	options: {},
	tolerance: 0,
	run: (model) => removeUnusedInitializers(model)
});
// src-main/passes/fold-affine.ts
/**
* An affine map a channel, y = f·x + s, behind a convolution or matrix product goes into its weight and bias:
*
*   W' = W·f      b' = b·f + s      (one f and one s an output channel)
*
* Source: Jacob et al. 2018, arXiv:1712.05877, section 3.2 (folding).
*/
var { intOf: intOf$8, floatOf: floatOf$4 } = attributes_exports;
/** Folds the nodes that `read` understands, and says how many went into what. */
async function foldAffine(model, isTarget, what, read) {
	const tally = new Tally();
	const types = await typesIfNeeded(model);
	const into = /* @__PURE__ */ new Map();
	const touched = /* @__PURE__ */ new Set();
	const after = rewriteNodes(model, tally, (node, site) => {
		const linear = linearBefore(node, site);
		if (linear === void 0) return false;
		const affine = read(node, linear, site);
		if (affine === false) return false;
		const reason = typeof affine === "string" ? affine : plan(node, linear, affine, site);
		if (reason !== null) return reason;
		for (const name of [...node.inputs, ...linear.node.inputs]) touched.add(name);
		into.set(linear.node.opType, (into.get(linear.node.opType) ?? 0) + 1);
		return true;
	}, {
		isTarget,
		types,
		after: (graph) => withoutUnusedInitializers(graph, (name) => touched.has(name))
	});
	return tally.result(after, [...into].map(([op, count]) => `folded ${count} ${what} into ${op}`));
}
/** Ranks decide only behind a MatMul. */
async function typesIfNeeded(model) {
	return [...allNodes(model)].some(({ opType }) => opType === "MatMul") ? scopeTypes(model) : new ScopeTypes();
}
function linearBefore(node, site) {
	if (!isStandard(node)) return void 0;
	for (const [at, input] of node.inputs.entries()) {
		const producer = site.index.producer(input);
		if (producer === void 0 || !isStandard(producer) || !(producer.opType in folders)) continue;
		const isConv = producer.opType.startsWith("Conv");
		const weight = constantOf(site, producer.inputs[1] ?? "");
		return {
			node: producer,
			at,
			rank: isConv || producer.opType === "Gemm" ? weight?.shape.length ?? null : site.types.shapeOf(site, input)?.length ?? null,
			channelAxis: isConv ? 1 : -1
		};
	}
}
/** Plans the fold; gives the reason where it is not possible. */
function plan(node, { node: linear, at }, affine, site) {
	const { index, patch } = site;
	const between = node.inputs[at];
	const name = `${linear.opType} "${linear.name}"`;
	if (index.isOutput(between) || index.consumers(between).length > 1) return `what ${name} gives is used elsewhere too`;
	const weight = constantOf(site, linear.inputs[1] ?? "");
	if (weight === void 0) return `the weight of ${name} is computed`;
	if (!isFloatType(weight.dtype)) return `the weight of ${name} is ${weight.dtype}`;
	const biasName = linear.inputs[2] ?? "";
	const bias = biasName === "" ? void 0 : constantOf(site, biasName);
	if (biasName !== "" && bias === void 0) return `the bias of ${name} is computed`;
	const folded = folders[linear.opType]?.({
		linear,
		weight,
		bias,
		affine,
		site
	});
	if (folded === void 0 || typeof folded === "string") return folded ?? "unknown operator";
	const inputs = linear.inputs.slice(0, 2);
	if (folded.factors !== null) {
		inputs[1] = ownName(linear.inputs[1], site);
		setConstant(patch, site, scaleTensor(weight, inputs[1], folded.factors));
	}
	if (folded.bias !== null) {
		inputs[2] = biasName === "" ? patch.freshName(`${linear.name}.bias`) : ownName(biasName, site);
		setConstant(patch, site, floatsTensor(inputs[2], weight.dtype, [folded.bias.length], folded.bias));
	}
	patch.replaceNode(linear.name, {
		...folded.node,
		inputs,
		outputs: node.outputs.slice(0, 1)
	}).removeNode(node.name);
	if (site.graph.values.has(between)) patch.setValue(between, null);
	return null;
}
/** The name of a weight that only one node reads is kept for its new value; a shared one or a Constant's stays as it is. */
function ownName(value, { graph, index, patch }) {
	return graph.initializers.has(value) && index.consumers(value).length === 1 && !index.isOutput(value) ? value : patch.freshName(`${value}.folded`);
}
var isAll = (values, wanted) => values.every((value) => value === wanted);
/** @param scale of the old bias (Gemm's beta) */
function foldedBias({ bias, affine }, channels, scale) {
	const { factor, shift } = affine;
	const old = bias === void 0 ? Float64Array.of(0) : readFloats(bias);
	const fits = (values) => values.length === 1 || values.length === channels;
	if (old === void 0 || !fits(old)) return "the bias is not one a channel";
	if (!fits(factor) || !fits(shift)) return "it does not act channel by channel";
	if (bias === void 0 && isAll(shift, 0)) return null;
	const at = (values, channel) => values[channel % values.length];
	return Float64Array.from({ length: channels }, (_, channel) => {
		return at(shift, channel) + at(factor, channel) * scale * at(old, channel);
	});
}
function fold(given, channels, axis, more = {}, biasScale = 1) {
	const bias = foldedBias(given, channels, biasScale);
	if (typeof bias === "string") return bias;
	const { factor } = given.affine;
	const all = factor.length === 1 ? new Float64Array(channels).fill(factor[0]) : factor;
	const factors = isAll(factor, 1) ? null : more.factors ?? alongAxis(given.weight.shape, axis, all);
	return {
		node: more.node ?? given.linear,
		factors,
		bias
	};
}
var folders = {
	/** W [out, in/group, ...kernel] */
	Conv: (given) => fold(given, given.weight.shape[0], 0),
	/** W [in, out/group, ...kernel]; row `in` belongs to group ⌊in·groups/inputs⌋ */
	ConvTranspose: (given) => {
		const [inputs, perGroup] = given.weight.shape;
		const groups = intOf$8(given.linear, "group", 1);
		const { factor: all } = given.affine;
		const factor = (row, channel) => all[(Math.floor(row * groups / inputs) * perGroup + channel) % all.length];
		return fold(given, perGroup * groups, 1, { factors: {
			...alongAxis(given.weight.shape, 1, []),
			factor
		} });
	},
	/** Y = α·A·B + β·C, channels along B's columns (rows where transB); α stays, β goes into the bias. */
	Gemm: (given) => {
		const kept = new Map(given.linear.attributes);
		kept.delete("beta");
		const axis = intOf$8(given.linear, "transB", 0) === 1 ? 0 : 1;
		const node = {
			...given.linear,
			attributes: kept
		};
		return fold(given, given.weight.shape[axis], axis, { node }, floatOf$4(given.linear, "beta", 1));
	},
	/** A shift needs a bias, which only the product of two matrices can have: it becomes a Gemm. */
	MatMul: (given) => {
		const { linear, weight, affine, site } = given;
		const channels = weight.shape.at(-1);
		if (channels === void 0 || weight.shape.length < 2) return "its weight is a vector";
		if (!(site.types.shapeOf(site, linear.inputs[0] ?? "")?.length === 2 && weight.shape.length === 2) && !isAll(affine.shift, 0)) return "a product of more than two dims has no bias";
		const node = isAll(affine.shift, 0) ? linear : makeNode("Gemm", linear.name, [], []);
		return fold(given, channels, weight.shape.length - 1, { node });
	}
};
// src-main/passes/fold-batch-norm.ts
/**
* BatchNormalization at inference is y = γ·(x − μ)/√(σ² + ε) + β: an affine map a channel with f = γ/√(σ² + ε) and
* s = β − f·μ, which goes into the weights before it.
* Source: Ioffe, Szegedy 2015, arXiv:1502.03167, section 3.1; folding: arXiv:1712.05877, section 3.2.
*/
var { intOf: intOf$7, floatOf: floatOf$3 } = attributes_exports;
/**
* Folds every BatchNormalization that stands alone behind a Conv, ConvTranspose, Gemm or MatMul with constant weights.
* @param isTarget which BatchNormalizations may go
*/
function foldBatchNorm(model, isTarget = () => true) {
	return foldAffine(model, isTarget, "BatchNormalization", readNorm);
}
function readNorm(norm, linear, scope) {
	if (norm.opType !== "BatchNormalization" || linear.at !== 0) return false;
	if (norm.outputs.slice(1).some((name) => name !== "") || intOf$7(norm, "training_mode", 0) === 1) return "it is in training form";
	if (intOf$7(norm, "spatial", 1) === 0) return "it normalises each element on its own";
	if (linear.channelAxis === -1 && linear.rank !== 2) return "its channels are not the columns of a matrix product";
	const [scale, offset, mean, variance] = norm.inputs.slice(1, 5).map((name) => constantOf(scope, name)).map((tensor) => tensor && readFloats(tensor));
	if (scale === void 0 || offset === void 0 || mean === void 0 || variance === void 0) return "its parameters are not constant";
	const epsilon = floatOf$3(norm, "epsilon", 1e-5);
	const factor = scale.map((gamma, at) => gamma / Math.sqrt(variance[at] + epsilon));
	return {
		factor,
		shift: factor.map((f, at) => offset[at] - f * mean[at])
	};
}
var foldBatchNormPass = definePass({
	name: "fold-batch-norm",
	title: "Fold BatchNormalization",
	help: "Multiplies BatchNormalization into the weights of the convolution or matrix product before it.",
	source: "arXiv:1712.05877, section 3.2",
	options: {},
	tolerance: 1e-4,
	run: (model, { isTarget }) => foldBatchNorm(model, isTarget)
});
// src-main/passes/fold-constants.ts
/**
* What is computed from constants alone is computed once, by onnxruntime, and kept as initializers. A result larger
* than both the limit and what it is made from stays a computation; so do QuantizeLinear and DequantizeLinear, which
* kernels take in.
* Source: Aho, Sethi, Ullman, Compilers (1986), constant folding; kernels: onnxruntime.
*/
/** Results are held in memory until the model is written, and a session takes no more than 256 MB from there. */
var heldBytes = 128 * 2 ** 20;
/** Give something else each time, or nothing that an initializer can hold. */
var neverFolded = /^(Random\w+|Multinomial|Bernoulli|QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|Sequence\w+|SplitToSequence|Optional\w*|StringSplit)$/;
async function foldConstants(model, { maxBytes } = { maxBytes: 65536 }, isTarget = () => true) {
	const tally = new Tally();
	const budget = { bytes: heldBytes };
	let now = model;
	for (;;) {
		tally.skipped.length = 0;
		const next = await foldOnce$1(now, {
			maxBytes,
			budget
		}, isTarget, tally);
		if (next === now) break;
		now = next;
	}
	tally.eligible = tally.changed + tally.skipped.length;
	return tally.result(now, tally.changed === 0 ? [] : [`computed ${tally.changed} nodes whose inputs never change`]);
}
async function foldOnce$1(model, limits, isTarget, tally) {
	const types = await scopeTypes(model);
	const plans = [];
	editGraphs$1(model, (scope) => {
		plans.push({
			scope,
			plan: planFold(model, scope, types, limits, isTarget, tally)
		});
		return scope.graph;
	});
	const folded = /* @__PURE__ */ new Map();
	for (const { scope, plan } of plans) {
		if (plan.nodes.length === 0) continue;
		try {
			folded.set(scope.path, {
				plan,
				values: await evaluate(model, scope, plan)
			});
		} catch (thrown) {
			for (const node of plan.nodes) tally.skip(node, `onnxruntime could not compute it: ${messageOf(thrown)}`);
		}
	}
	return editGraphs$1(model, (scope) => {
		const found = folded.get(scope.path);
		return found === void 0 ? scope.graph : withConstants(scope, found.plan, found.values, tally);
	});
}
function planFold(model, scope, types, { maxBytes, budget }, isTarget, tally) {
	const sizes = /* @__PURE__ */ new Map();
	const sizeOf = (value) => {
		const known = sizes.get(value);
		if (known !== void 0) return known;
		const tensor = constantOf(scope, value);
		return tensor === void 0 ? void 0 : tensorByteLength(tensor);
	};
	const functions = new Set(model.functions.map(({ domain, name }) => `${domain}.${name}`));
	const nodes = scope.graph.nodes.filter((node) => {
		if (isConstantNode(node) || functions.has(`${node.domain}.${node.opType}`)) return false;
		if (isStandard(node) && neverFolded.test(node.opType)) return false;
		if (node.inputs.length === 0 || subgraphsOf(node).length > 0) return false;
		if ([...node.attributes.values()].some(({ type }) => type === "reference")) return false;
		const inputs = node.inputs.filter((name) => name !== "").map(sizeOf);
		if (inputs.some((size) => size === void 0) || !isTarget(node)) return false;
		const outputs = node.outputs.filter((name) => name !== "");
		if (outputs.some((name) => scope.index.isOutput(name))) {
			tally.skip(node, "it gives an output of the graph its name");
			return false;
		}
		const given = inputs.reduce((sum, size) => sum + size, 0);
		for (const output of outputs) {
			const type = types.of(scope, output);
			if (type?.kind === "tensor" && mustStayComputed(scope, output, type.shape ?? [])) return false;
			const bytes = staticBytes(type) ?? guessedBytes(node, scope, given);
			if (bytes === void 0) return false;
			if (bytes > Math.max(maxBytes, given)) {
				tally.skip(node, `its result of ${bytes} bytes is larger than what it is made from`);
				return false;
			}
			if (bytes > budget.bytes) {
				tally.skip(node, `its result of ${bytes} bytes would have to be held in memory beside those of others`);
				return false;
			}
			budget.bytes -= bytes;
			sizes.set(output, bytes);
		}
		return true;
	});
	const isFolded = new Set(nodes);
	const read = /* @__PURE__ */ new Set();
	for (const node of scope.graph.nodes) if (!isFolded.has(node)) for (const name of [...node.inputs, ...capturedBy(node)]) read.add(name);
	return {
		nodes,
		results: nodes.flatMap(({ outputs }) => outputs.filter((name) => read.has(name)))
	};
}
/** undefined where a size is not known or arrays do not hold the type. */
function staticBytes(type) {
	if (type?.kind !== "tensor" || !isArrayDType(type.dtype) || type.shape === null) return void 0;
	if (!type.shape.every((dim) => typeof dim === "number")) return void 0;
	return dtypeBytes(type.dtype, elementCount(type.shape));
}
/** Types inside bodies and functions are not always known; there, what little data goes into little more comes out, unless the operator repeats it. */
function guessedBytes(node, { kind }, given) {
	return kind !== "main" && isStandard(node) && given <= 4096 && !/^(Expand|Tile|ConstantOfShape|Range|Resize|Upsample|Pad|OneHot|Einsum|MatMul|Conv\w*)$/.test(node.opType) ? given : void 0;
}
async function evaluate(model, scope, plan) {
	if (plan.results.length === 0) return /* @__PURE__ */ new Map();
	const made = new Set(plan.nodes.flatMap(({ outputs }) => outputs));
	const initializers = /* @__PURE__ */ new Map();
	for (const name of plan.nodes.flatMap(({ inputs }) => inputs)) {
		if (name === "" || made.has(name)) continue;
		initializers.set(name, {
			...constantOf(scope, name),
			name
		});
	}
	const outputs = plan.results.map((name) => ({
		name,
		type: null
	}));
	const graph = {
		...scope.graph,
		nodes: plan.nodes,
		inputs: [],
		outputs,
		initializers,
		values: /* @__PURE__ */ new Map()
	};
	const opsets = scope.opset !== standardOpset(model.opsets) ? new Map(model.opsets).set("", scope.opset) : model.opsets;
	const session = await openSession({
		...model,
		opsets,
		graph,
		functions: []
	}, {
		optimization: "disabled",
		prepacking: false
	});
	try {
		const results = await session.run({});
		return new Map(plan.results.map((name) => [name, tensorFromArray(name, results[name])]));
	} finally {
		await session.release();
	}
}
function withConstants(scope, plan, values, tally) {
	const { graph } = scope;
	const patch = new Patch(graph);
	const read = new Set(plan.nodes.flatMap(({ inputs }) => inputs));
	for (const node of plan.nodes) {
		patch.removeNode(node.name);
		for (const output of node.outputs) if (graph.values.has(output)) patch.setValue(output, null);
		tally.changed++;
	}
	for (const tensor of values.values()) setConstant(patch, scope, tensor);
	return withoutUnusedInitializers(patch.apply(), (name) => read.has(name));
}
var foldConstantsPass = definePass({
	name: "fold-constants",
	title: "Fold constants",
	help: "Computes once what depends on constants alone; a result stays a computation where it would make the file larger.",
	source: "Aho, Sethi, Ullman: Compilers (1986), constant folding",
	options: { maxKilobytes: {
		kind: "integer",
		title: "Largest growth",
		help: "A result up to this size is kept even if it is larger than what it is made from.",
		default: 64,
		min: 0,
		max: 65536,
		unit: "KB",
		advanced: true
	} },
	tolerance: 1e-6,
	run: (model, { options, isTarget }) => foldConstants(model, { maxBytes: options.maxKilobytes * 1024 }, isTarget)
});
// src-main/passes/fold-pad.ts
/**
* A Pad with zeros before a Conv is the Conv's own padding.
* Source: ONNX Conv, https://onnx.ai/onnx/operators/onnx__Conv.html (pads: begin of all axes, then end of all).
*/
var { floatOf: floatOf$2, intsOf: intsOf$8, stringOf: stringOf$3 } = attributes_exports;
function foldPad(model, isTarget = () => true) {
	const tally = new Tally();
	const after = rewriteNodes(model, tally, (pad, site) => {
		if (pad.opType !== "Pad" || !isStandard(pad)) return false;
		const [input] = pad.inputs;
		const [output] = pad.outputs;
		const readers = site.index.consumers(output);
		if (!readers.some(({ opType }) => opType === "Conv")) return false;
		if (site.index.isOutput(output)) return "what it gives is an output of the graph";
		if (readers.some((reader) => reader.opType !== "Conv" || !isStandard(reader) || reader.inputs[0] !== output)) return "what it gives is used by others than Conv";
		const pads = constantPads(pad, site);
		if (pads === void 0) return "it does not pad with a constant number of zeros";
		const padded = readers.map((conv) => withPads(conv, input, pads));
		const odd = padded.find((conv) => typeof conv === "string");
		if (typeof odd === "string") return odd;
		for (const conv of padded) site.patch.replaceNode(conv.name, conv);
		site.patch.removeNode(pad.name);
		if (site.graph.values.has(output)) site.patch.setValue(output, null);
		return true;
	}, { isTarget });
	return tally.result(after, tally.changed === 0 ? [] : [`folded ${tally.changed} Pad into Conv`]);
}
/** Begins of all axes, then ends; undefined where they are computed, negative, or the filling is not zero. */
function constantPads(pad, scope) {
	if (stringOf$3(pad, "mode", "constant") !== "constant" || (pad.inputs[3] ?? "") !== "") return void 0;
	const filling = constantOf(scope, pad.inputs[2] ?? "");
	const value = (pad.inputs[2] ?? "") === "" ? floatOf$2(pad, "value", 0) : filling && readFloats(filling)?.[0];
	const tensor = constantOf(scope, pad.inputs[1] ?? "");
	const pads = intsOf$8(pad, "pads", void 0) ?? (tensor && Array.from(readTensor(tensor).data, Number));
	return value === 0 && pads?.every((count) => count >= 0) === true ? pads : void 0;
}
function withPads(conv, input, pads) {
	const rank = pads.length / 2;
	if (pads.some((count, at) => at % rank < 2 && count !== 0)) return "it pads batch or channels";
	const auto = stringOf$3(conv, "auto_pad", "NOTSET");
	if (auto !== "NOTSET" && auto !== "VALID") return `Conv "${conv.name}" pads by itself (${auto})`;
	const spatial = [...pads.slice(2, rank), ...pads.slice(rank + 2)];
	const own = intsOf$8(conv, "pads", new Array(spatial.length).fill(0));
	const next = new Map(conv.attributes);
	next.delete("auto_pad");
	next.set("pads", ints(spatial.map((count, at) => count + own[at])));
	return {
		...conv,
		inputs: [input, ...conv.inputs.slice(1)],
		attributes: next
	};
}
var foldPadPass = definePass({
	name: "fold-pad",
	title: "Fold padding",
	help: "Makes a Pad with zeros the own padding of the convolutions behind it.",
	source: "https://onnx.ai/onnx/operators/onnx__Conv.html",
	options: {},
	tolerance: 1e-6,
	run: (model, { isTarget }) => foldPad(model, isTarget)
});
// src-main/passes/fold-scale.ts
/**
* Mul, Div, Add and Sub with a constant a channel, behind a convolution or matrix product: affine maps, which go into
* its weight and bias. A chain of them goes one after the other.
* Source: Jacob et al. 2018, arXiv:1712.05877, section 3.2 (folding).
*/
function foldScale(model, isTarget = () => true) {
	return foldAffine(model, isTarget, "Mul, Div, Add or Sub", readScale);
}
function readScale(node, linear, scope) {
	const read = affineOf[node.opType];
	if (read === void 0) return false;
	const tensor = constantOf(scope, node.inputs[1 - linear.at] ?? "");
	if (tensor === void 0) return false;
	if (!actsOnChannels(tensor.shape, linear)) return "it does not act channel by channel";
	const constant = readFloats(tensor);
	return constant === void 0 ? false : read(constant, linear.at);
}
/** All dims 1 but the channels', and none beyond the rank, which would widen the result. */
function actsOnChannels(shape, { rank, channelAxis }) {
	if (elementCount(shape) === 1 && (rank === null ? shape.length === 0 : shape.length <= rank)) return true;
	if (rank === null || shape.length > rank) return false;
	const channel = shape.length - (channelAxis === -1 ? 1 : rank - 1);
	return shape.every((dim, axis) => dim === 1 || axis === channel);
}
var ones = ({ length }) => new Float64Array(length).fill(1);
var zeros = ({ length }) => new Float64Array(length);
var negated = (values) => values.map((value) => -value);
/** The affine map of x ∘ c (`at` 0) or c ∘ x (`at` 1). */
var affineOf = {
	Mul: (c) => ({
		factor: c,
		shift: zeros(c)
	}),
	Div: (c, at) => at === 0 && !c.includes(0) ? {
		factor: c.map((value) => 1 / value),
		shift: zeros(c)
	} : false,
	Add: (c) => ({
		factor: ones(c),
		shift: c
	}),
	Sub: (c, at) => at === 0 ? {
		factor: ones(c),
		shift: negated(c)
	} : {
		factor: negated(ones(c)),
		shift: c
	}
};
var foldScalePass = definePass({
	name: "fold-scale",
	title: "Fold scales and shifts",
	help: "Puts multiplication and addition of a constant a channel into the weights before them.",
	source: "arXiv:1712.05877, section 3.2",
	options: {},
	tolerance: 1e-4,
	run: (model, { isTarget }) => foldScale(model, isTarget)
});
// src-main/passes/fold-shapes.ts
/**
* Shape computations whose result follows from the types: Shape, Gather, Slice, Concat and the like on dims that are
* known, and Reshape targets in which one entry stays open (−1) or is copied from the input (0).
* Source: ONNX shape inference with data propagation, https://onnx.ai/onnx/repo-docs/ShapeInference.html.
*/
var { intOf: intOf$6, intsOf: intsOf$7 } = attributes_exports;
/** Vectors that hold dims are short. */
var longest = 64;
async function foldShapes(model, isTarget = () => true) {
	const tally = new Tally();
	const counts = { targets: 0 };
	let now = model;
	for (;;) {
		tally.skipped.length = 0;
		const next = foldOnce(now, await scopeTypes(now), isTarget, tally, counts);
		if (next === now) break;
		now = next;
	}
	tally.eligible = tally.changed + tally.skipped.length;
	const computations = tally.changed - counts.targets;
	const notes = [...computations > 0 ? [`folded ${computations} shape computations`] : [], ...counts.targets > 0 ? [`made ${counts.targets} Reshape targets constant`] : []];
	return tally.result(now, notes);
}
function foldOnce(model, types, isTarget, tally, counts) {
	return editGraphs$1(model, (scope) => {
		const known = new ShapeValues(scope, types);
		const patch = new Patch(scope.graph);
		for (const node of scope.graph.nodes) {
			if (!isStandard(node) || !isTarget(node)) continue;
			const [output] = node.outputs;
			const value = known.of(output);
			if (value?.entries.every((entry) => typeof entry === "number") === true && !isConstantNode(node) && node.outputs.length === 1) {
				if (scope.index.isOutput(output)) {
					tally.skip(node, "it gives an output of the graph its name");
					continue;
				}
				if (mustStayComputed(scope, output, value.isScalar ? [] : [value.entries.length])) continue;
				becomeConstant(patch, scope, node, tensorOf(output, value));
				tally.changed++;
			} else if (node.opType === "Reshape") {
				const target = orParameter(() => openTarget(node, scope, types, known));
				if (typeof target === "string") tally.skip(node, target);
				if (target === null || typeof target === "string") continue;
				const name = addConstant(patch, scope, int64Tensor(`${output}/shape`, [target.length], target));
				patch.replaceNode(node.name, {
					...node,
					inputs: [node.inputs[0], name]
				});
				tally.changed++;
				counts.targets++;
			}
		}
		return patch.isEmpty ? scope.graph : patch.apply();
	});
}
function tensorOf(name, { entries, isScalar, dtype }) {
	const shape = isScalar ? [] : [entries.length];
	if (dtype === "int64") return int64Tensor(name, shape, entries);
	return tensorFromArray(name, {
		dtype,
		shape,
		data: Int32Array.from(entries)
	});
}
/**
* A constant target that gives the same shape: entries equal to the input's dim at their place are copied (0), one
* more may be open (−1). null where it is constant already or too little is known.
*/
function openTarget(node, scope, types, known) {
	const [input, shape] = node.inputs;
	const target = known.of(shape);
	if (target === void 0 || constantOf(scope, shape) !== void 0 || intOf$6(node, "allowzero", 0) === 1) return null;
	const { entries } = target;
	if (entries.some((entry) => entry === 0)) return null;
	const open = entries.filter((entry) => typeof entry !== "number").length;
	const dims = types.shapeOf(scope, input) ?? [];
	let isOpen = entries.includes(-1);
	if (open <= 1 && !isOpen) return entries.map((entry) => typeof entry === "number" ? entry : -1);
	const copied = [];
	for (const [axis, entry] of entries.entries()) if (typeof entry === "number") copied.push(entry);
	else if (entry !== null && entry === dims[axis]) copied.push(0);
	else if (isOpen) return null;
	else {
		isOpen = true;
		copied.push(-1);
	}
	return copied;
}
/** What is known of the integer vectors of a graph. */
var ShapeValues = class {
	#scope;
	#types;
	#found = /* @__PURE__ */ new Map();
	constructor(scope, types) {
		this.#scope = scope;
		this.#types = types;
		for (const node of scope.graph.nodes) {
			const [output] = node.outputs;
			if (output === void 0 || output === "" || !isStandard(node)) continue;
			const value = orParameter(() => this.#compute(node));
			this.#found.set(output, typeof value === "string" ? void 0 : value);
		}
	}
	of(value) {
		if (value === void 0 || value === "") return void 0;
		return this.#found.get(value) ?? this.#constant(value);
	}
	#constant(value) {
		const tensor = constantOf(this.#scope, value);
		if (tensor === void 0 || tensor.dtype !== "int64" && tensor.dtype !== "int32") return void 0;
		if (tensor.shape.length > 1 || elementCount(tensor.shape) > longest) return void 0;
		return {
			entries: Array.from(readTensor(tensor).data, Number),
			isScalar: tensor.shape.length === 0,
			dtype: tensor.dtype
		};
	}
	#compute(node) {
		if (isConstantNode(node)) return this.#constant(node.outputs[0]);
		return evaluators[node.opType]?.(node, {
			of: (at) => this.of(node.inputs[at]),
			dims: (at) => this.#dims(node.inputs[at] ?? ""),
			has: (at) => (node.inputs[at] ?? "") !== ""
		});
	}
	#dims(value) {
		const tensor = constantOf(this.#scope, value);
		if (tensor !== void 0) return tensor.shape;
		return this.#types.shapeOf(this.#scope, value)?.map((dim) => typeof dim === "number" && dim <= 0 ? null : dim);
	}
};
var vector = (entries, dtype = "int64") => ({
	entries,
	isScalar: false,
	dtype
});
/** Entry by entry, a scalar or a vector of one against every other; a symbol survives only where the other is neutral. */
var elementwise = (compute, neutral) => (_node, { of }) => {
	const [a, b] = [of(0), of(1)];
	if (a === void 0 || b === void 0) return void 0;
	const length = Math.max(a.entries.length, b.entries.length);
	if ([a, b].some(({ entries }) => entries.length !== 1 && entries.length !== length)) return void 0;
	return {
		entries: Array.from({ length }, (_, at) => {
			const [x, y] = [a, b].map(({ entries: all }) => all[all.length === 1 ? 0 : at]);
			if (typeof x === "number" && typeof y === "number") return compute(x, y);
			if (y === neutral.right) return x;
			return neutral.left !== void 0 && x === neutral.left ? y : null;
		}),
		isScalar: a.isScalar && b.isScalar,
		dtype: a.dtype
	};
};
var identity = (_node, { of }) => of(0);
var evaluators = {
	Shape: (node, { dims }) => {
		const all = dims(0);
		return all === void 0 ? void 0 : vector(all.slice(intOf$6(node, "start", 0), intOf$6(node, "end", void 0)));
	},
	Size: (_node, { dims }) => {
		const all = dims(0);
		if (all?.every((dim) => typeof dim === "number") !== true) return void 0;
		return {
			entries: [elementCount(all)],
			isScalar: true,
			dtype: "int64"
		};
	},
	Identity: identity,
	Cast: (node, { of }) => {
		const dtype = dtypeFromCode(intOf$6(node, "to", 0));
		const value = of(0);
		return value !== void 0 && (dtype === "int64" || dtype === "int32") ? {
			...value,
			dtype
		} : void 0;
	},
	Gather: (_node, { of }) => {
		const [data, indices] = [of(0), of(1)];
		if (data === void 0 || indices === void 0 || data.isScalar) return void 0;
		if (!indices.entries.every((entry) => typeof entry === "number")) return void 0;
		return {
			entries: indices.entries.map((index) => data.entries.at(index) ?? null),
			isScalar: indices.isScalar,
			dtype: data.dtype
		};
	},
	Concat: (node, { of }) => {
		const parts = node.inputs.map((_, at) => of(at));
		if (parts.some((part) => part === void 0 || part.isScalar)) return void 0;
		const entries = parts.flatMap((part) => part.entries);
		return entries.length > longest ? void 0 : vector(entries, parts[0]?.dtype);
	},
	Unsqueeze: (node, { of }) => {
		const value = of(0);
		const axes = intsOf$7(node, "axes", void 0) ?? of(1)?.entries;
		if (value?.isScalar !== true || axes?.length !== 1) return void 0;
		return {
			...value,
			isScalar: false
		};
	},
	Squeeze: (_node, { of }) => {
		const value = of(0);
		return value?.entries.length === 1 ? {
			...value,
			isScalar: true
		} : void 0;
	},
	Reshape: (_node, { of }) => {
		const [value, target] = [of(0), of(1)];
		if (value === void 0 || target === void 0 || target.entries.length > 1) return void 0;
		return {
			...value,
			isScalar: target.entries.length === 0
		};
	},
	Slice: (node, { of, has }) => {
		const data = of(0);
		const [starts, ends] = [intsOf$7(node, "starts", void 0) ?? of(1)?.entries, intsOf$7(node, "ends", void 0) ?? of(2)?.entries];
		const steps = has(4) ? of(4)?.entries : [1];
		if (data === void 0 || data.isScalar || starts?.length !== 1 || ends?.length !== 1 || steps?.[0] !== 1) return void 0;
		if (typeof starts[0] !== "number" || typeof ends[0] !== "number") return void 0;
		return {
			...data,
			entries: data.entries.slice(starts[0], ends[0])
		};
	},
	Add: elementwise((a, b) => a + b, {
		left: 0,
		right: 0
	}),
	Sub: elementwise((a, b) => a - b, { right: 0 }),
	Mul: elementwise((a, b) => a * b, {
		left: 1,
		right: 1
	}),
	Div: elementwise((a, b) => b === 0 ? NaN : Math.trunc(a / b), { right: 1 })
};
var foldShapesPass = definePass({
	name: "fold-shapes",
	title: "Fold shape computations",
	help: "Replaces what is computed from known dims by its result, and makes Reshape targets constant.",
	source: "https://onnx.ai/onnx/repo-docs/ShapeInference.html",
	options: {},
	tolerance: 0,
	run: (model, { isTarget }) => foldShapes(model, isTarget)
});
// src-main/passes/fuse-attention.ts
/**
* Scaled dot-product attention over heads, as exporters write it out:
*
*   Y = merge( softmax( s·Q·Kᵀ + M ) · V )      Q, K, V = split(x) into heads, [batch, heads, sequence, size]
*
* put together as Attention (opset 23) or as onnxruntime's MultiHeadAttention. What makes queries, keys and values, the
* products with weights and their biases, stays as it is.
* Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.
*/
var { intOf: intOf$5, intsOf: intsOf$6 } = attributes_exports;
// src-main/passes/fuse.ts
/**
* Operators written out in pieces, as older exporters do, put together again: LayerNormalization, RMSNormalization,
* Gelu and attention. Where the opset has the operator it is the standard one; else onnxruntime's own, on request,
* which leaves the standard operator set.
* Sources: LayerNorm arXiv:1607.06450; RMSNorm arXiv:1910.07467; Gelu arXiv:1606.08415 (erf form); attention
* arXiv:1706.03762.
*/
var { intOf: intOf$4, intsOf: intsOf$5 } = attributes_exports;
// src-main/passes/inline-nodes.ts
/** Nodes of a body or function set into the graph that holds it. */
/** Plans the nodes into the patch. */
function inlineNodes({ nodes, initializers, names, owner }, scope, patch, taken) {
	const all = new Map(names);
	for (const tensor of initializers) {
		const name = addConstant(patch, scope, {
			...tensor,
			name: outerName(tensor.name, owner, taken)
		});
		all.set(tensor.name, name);
	}
	for (const { outputs } of nodes) for (const name of outputs) if (name !== "" && !all.has(name)) all.set(name, patch.freshName(outerName(name, owner, taken)));
	for (const node of nodes) {
		const outputs = node.outputs.map((name) => all.get(name) ?? name);
		patch.addNode({
			...renameReads(node, all),
			name: patch.freshName(outerName(node.name, owner, taken)),
			outputs
		});
	}
}
var outerName = (name, owner, taken) => (taken.get(name) ?? 0) > 1 ? `${owner.name}/${name}` : name;
function countNames(model) {
	const counts = /* @__PURE__ */ new Map();
	const addAll = (names) => {
		for (const name of new Set(names)) if (name !== "") counts.set(name, (counts.get(name) ?? 0) + 1);
	};
	const addNodes = (nodes) => {
		for (const node of nodes) {
			addAll([node.name, ...node.outputs]);
			for (const { graph } of subgraphsOf(node)) addGraph(graph);
		}
	};
	const addGraph = (graph) => {
		addAll([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
		addNodes(graph.nodes);
	};
	addGraph(model.graph);
	for (const fn of model.functions) {
		addAll(fn.inputs);
		addNodes(fn.nodes);
	}
	return counts;
}
// src-main/passes/inline-functions.ts
/**
* Calls of model functions replaced by the nodes of the function, so that every later pass and quantization see them.
* Source: https://onnx.ai/onnx/repo-docs/IR.html (functions).
*/
function inlineFunctions(model, isTarget = () => true) {
	const tally = new Tally();
	if (model.functions.length === 0) return tally.result(model, []);
	const taken = countNames(model);
	const functionOf = calledFunction(model);
	const opsets = new Map(model.opsets);
	const inlined = rewriteNodes(model, tally, (call, site) => {
		const fn = functionOf(call);
		if (fn === void 0 || isInFunction(site)) return false;
		const other = [...fn.opsets].find(([domain, version]) => (opsets.get(domain) ?? version) !== version);
		if (other !== void 0) return `it is written for opset ${other[1]}; raise the opset first`;
		for (const [domain, version] of fn.opsets) opsets.set(domain, version);
		const names = /* @__PURE__ */ new Map();
		for (const [at, name] of fn.inputs.entries()) names.set(name, call.inputs[at] ?? "");
		for (const [at, name] of fn.outputs.entries()) if ((call.outputs[at] ?? "") !== "") names.set(name, call.outputs[at]);
		site.patch.removeNode(call.name);
		const nodes = functionNodes(fn, call);
		const counts = new Map([...taken, ...nodes.flatMap(definedNames).map((name) => [name, 2])]);
		inlineNodes({
			nodes,
			initializers: [],
			names,
			owner: call
		}, site, site.patch, counts);
		return true;
	}, { isTarget });
	const called = calledFunctions(inlined);
	const kept = inlined.functions.filter((fn) => called.has(fn));
	const after = inlined === model && kept.length === model.functions.length ? model : {
		...inlined,
		opsets,
		functions: kept
	};
	const notes = tally.changed === 0 ? [] : [`inlined ${tally.changed} calls of functions`];
	return tally.result(after, notes);
}
function isInFunction(scope) {
	return scope.kind === "function" || scope.outer !== null && isInFunction(scope.outer);
}
var definedNames = (node) => [node.name, ...node.outputs];
/** The functions that main graph or called functions still call. */
function calledFunctions(model) {
	const functionOf = calledFunction(model);
	const found = /* @__PURE__ */ new Set();
	const visit = (nodes) => {
		for (const node of nodes) {
			for (const { graph } of subgraphsOf(node)) visit(graph.nodes);
			const fn = functionOf(node);
			if (fn === void 0 || found.has(fn)) continue;
			found.add(fn);
			visit(fn.nodes);
		}
	};
	visit(model.graph.nodes);
	return found;
}
var inlineFunctionsPass = definePass({
	name: "inline-functions",
	title: "Inline functions",
	help: "Replaces calls of the functions of a model by their nodes, so that later steps see them.",
	source: "https://onnx.ai/onnx/repo-docs/IR.html",
	options: {},
	tolerance: 0,
	run: (model, { isTarget }) => inlineFunctions(model, isTarget)
});
// src-main/passes/lift-constants.ts
/**
* Constant nodes as initializers, where every later pass, pruning and quantization look for weights. In bodies too;
* functions, and bodies before IR version 4, have no initializers, so their Constants stay.
* Source: ONNX IR spec, https://onnx.ai/onnx/repo-docs/IR.html (initializers and Constant mean the same).
*/
function liftConstants(model, isTarget = () => true) {
	const tally = new Tally();
	const lifted = editGraphs$1(model, (scope) => {
		const { graph, index } = scope;
		const patch = new Patch(graph);
		for (const node of graph.nodes) {
			const [output] = node.outputs;
			if (!isConstantNode(node) || !isTarget(node) || output === void 0) continue;
			tally.eligible++;
			const tensor = constantTensor(node, output);
			if (!holdsInitializers(scope)) tally.skip(node, "its graph holds no initializers");
			else if (index.isOutput(output)) tally.skip(node, "it is an output of its graph");
			else if (tensor === void 0) tally.skip(node, "its value is sparse or comes from the caller");
			else {
				patch.removeNode(node.name).setInitializer(tensor);
				tally.changed++;
			}
		}
		return patch.isEmpty ? graph : patch.apply();
	});
	return tally.result(lifted, tally.changed === 0 ? [] : [`lifted ${tally.changed} Constant nodes to initializers`]);
}
var liftConstantsPass = definePass({
	name: "lift-constants",
	title: "Lift constants",
	help: "Makes initializers of Constant nodes, so that later steps find the weights of models from Paddle and tf2onnx.",
	source: "https://onnx.ai/onnx/repo-docs/IR.html",
	options: {},
	tolerance: 0,
	run: (model, { isTarget }) => liftConstants(model, isTarget)
});
// src-main/passes/push-transposes.ts
/**
* A Transpose goes behind what works on each element, or on axes that can be called otherwise, until it meets its inverse. Kept only where fewer are left than
* before.
* Source: f(Pᵀx) = Pᵀf(x) for elementwise f; see also the layout passes of tf2onnx and TVM (arXiv:1802.04799).
*/
var { intOf: intOf$3, intsOf: intsOf$4, stringOf: stringOf$2 } = attributes_exports;
async function pushTransposes(model, isTarget = () => true) {
	const tally = new Tally();
	const before = transposes(model);
	if (before === 0) return tally.result(model, []);
	const pushed = rewriteNodes(model, tally, push, { isTarget });
	const after = pushed === model ? model : await withoutIdle(pushed);
	const left = transposes(after);
	if (left >= before) {
		tally.changed = 0;
		tally.eligible = 0;
		return tally.result(model, []);
	}
	tally.changed = before - left;
	tally.eligible = before;
	return tally.result(after, [`${before - left} of ${before} Transpose met their inverse`]);
}
/** Transposes that undo each other, and those that nobody reads any more. */
async function withoutIdle(model) {
	const isTranspose = ({ opType }) => opType === "Transpose";
	return eliminateDeadNodes((await eliminateNoOps(eliminateDeadNodes(model, isTranspose).model, isTranspose)).model, isTranspose).model;
}
var transposes = (model) => [...allNodes(model)].filter(({ opType }) => opType === "Transpose").length;
/** Reads only transposed values and constants; its result is transposed instead. */
function push(node, site) {
	if (!isStandard(node) || node.outputs.includes("")) return false;
	const rule = rules$1[node.opType];
	if (rule === void 0) return false;
	const perm = commonPerm(node, rule, site);
	if (perm === null) return false;
	const moved = rule.move(node, perm, site);
	if (moved === null) return false;
	const { patch } = site;
	const between = node.outputs.map((output) => patch.freshName(`${output}/before-transpose`));
	const inputs = moved.inputs.map((input) => transposeOf(input, site)?.inputs[0] ?? input);
	patch.replaceNode(node.name, {
		...moved,
		inputs,
		outputs: between
	});
	for (const [at, output] of node.outputs.entries()) patch.addNode(makeNode("Transpose", patch.freshName(`${node.name}/transpose`), [between[at]], [output], { perm: ints(perm) }));
	return true;
}
/** Of all its data inputs, constants aside; null where they differ or one is not transposed. */
function commonPerm(node, { data }, site) {
	let common = null;
	for (const input of data === "first" ? node.inputs.slice(0, 1) : node.inputs) {
		const transpose = transposeOf(input, site);
		if (transpose === void 0 && data === "all-or-constant" && constantOf(site, input) !== void 0) continue;
		const perm = transpose === void 0 ? void 0 : intsOf$4(transpose, "perm", void 0);
		if (perm === void 0 || common !== null && perm.join() !== common.join()) return null;
		common = perm;
	}
	return common;
}
function transposeOf(value, { index }) {
	const producer = index.producer(value);
	return producer?.opType === "Transpose" && isStandard(producer) && !index.isOutput(value) ? producer : void 0;
}
var unary = {
	data: "first",
	move: (node) => node
};
/** Constants are transposed the other way: c'[perm[i]] = c[i], padded to the full rank in front. */
var broadcast = {
	data: "all-or-constant",
	move: (node, perm, site) => {
		const inputs = [];
		for (const input of node.inputs) {
			const tensor = transposeOf(input, site) === void 0 ? constantOf(site, input) : void 0;
			if (tensor === void 0 || elementCount(tensor.shape) === 1) {
				if (tensor !== void 0 && tensor.shape.length > perm.length) return null;
				inputs.push(input);
				continue;
			}
			const moved = transposedBack(tensor, perm);
			if (moved === null) return null;
			inputs.push(addConstant(site.patch, site, {
				...moved,
				name: `${input}/transposed`
			}));
		}
		return {
			...node,
			inputs
		};
	}
};
/** An attribute that names an axis of the transposed value. */
var axis = (name, fallback, data) => ({
	data,
	move: (node, perm) => {
		const now = intOf$3(node, name, fallback);
		const moved = perm[now < 0 ? now + perm.length : now];
		if (moved === void 0) return null;
		return {
			...node,
			attributes: new Map(node.attributes).set(name, int$1(moved))
		};
	}
});
/** Before opset 13 it goes over all axes from the named one on, which lie together only where they are. */
var softmax = {
	data: "first",
	move: (node, perm, site) => site.opset < 13 ? null : axis("axis", -1, "first").move(node, perm, site)
};
/** Axes of the transposed value as they are called before it. */
var movedAxes = (axes, perm) => axes.map((at) => perm[at < 0 ? at + perm.length : at]);
var withAxes = (node, axes) => ({
	...node,
	attributes: new Map(node.attributes).set("axes", ints(axes))
});
/** The node with another constant in place of an input. */
function withInput(node, at, tensor, site) {
	const inputs = [...node.inputs];
	while (inputs.length <= at) inputs.push("");
	inputs[at] = addConstant(site.patch, site, tensor);
	return {
		...node,
		inputs
	};
}
/** int64, or int32 as the other tensor is. */
function indexTensor(name, { dtype }, values) {
	if (dtype !== "int32") return int64Tensor(name, [values.length], values);
	return tensorFromArray(name, {
		dtype,
		shape: [values.length],
		data: Int32Array.from(values)
	});
}
var integersOf = (value, site) => {
	const tensor = value === void 0 || value === "" ? void 0 : constantOf(site, value);
	return tensor && Array.from(readTensor(tensor).data, Number);
};
/** Reduces over constant axes and keeps the rank. */
var reduce = {
	data: "first",
	move: (node, perm, site) => {
		if (intOf$3(node, "keepdims", 1) !== 1) return null;
		const move = (axes) => movedAxes(axes, perm).sort((a, b) => a - b);
		const listed = intsOf$4(node, "axes", void 0);
		if (listed !== void 0) return withAxes(node, move(listed));
		if ((node.inputs[1] ?? "") === "") return node;
		const axes = integersOf(node.inputs[1], site);
		if (axes === void 0) return null;
		return withInput(node, 1, int64Tensor(`${node.inputs[1]}/transposed`, [axes.length], move(axes)), site);
	}
};
/** Cuts the same parts of axes that are called otherwise; without axes it means the first ones. */
var slice = {
	data: "first",
	move: (node, perm, site) => {
		const starts = intsOf$4(node, "starts", void 0);
		if (starts !== void 0) return withAxes(node, movedAxes(intsOf$4(node, "axes", void 0) ?? starts.map((_, at) => at), perm));
		const count = constantOf(site, node.inputs[1] ?? "")?.shape[0];
		const isGiven = (node.inputs[3] ?? "") !== "";
		const axes = isGiven ? integersOf(node.inputs[3], site) : count && Array.from({ length: count }, (_, at) => at);
		const like = constantOf(site, node.inputs[isGiven ? 3 : 1] ?? "");
		if (axes === void 0 || axes === 0 || like === void 0) return null;
		return withInput(node, 3, indexTensor(`${node.outputs[0]}/axes-transposed`, like, movedAxes(axes, perm)), site);
	}
};
/** Begins of all axes, then ends; with axes only of those. */
var pad = {
	data: "first",
	move: (node, perm, site) => {
		const rank = perm.length;
		const permuted = (pads) => {
			const moved = new Array(2 * rank);
			for (const [at, to] of perm.entries()) {
				moved[to] = pads[at];
				moved[rank + to] = pads[rank + at];
			}
			return moved;
		};
		const listed = intsOf$4(node, "pads", void 0);
		if (listed !== void 0) return {
			...node,
			attributes: new Map(node.attributes).set("pads", ints(permuted(listed)))
		};
		if ((node.inputs[3] ?? "") !== "") {
			const [axes, like] = [integersOf(node.inputs[3], site), constantOf(site, node.inputs[3])];
			if (axes === void 0 || like === void 0) return null;
			return withInput(node, 3, indexTensor(`${node.inputs[3]}/transposed`, like, movedAxes(axes, perm)), site);
		}
		const pads = integersOf(node.inputs[1], site);
		if (pads?.length !== 2 * rank) return null;
		return withInput(node, 1, int64Tensor(`${node.inputs[1]}/transposed`, [2 * rank], permuted(pads)), site);
	}
};
/** Scales or sizes of all axes; with axes only of those. Kernels that interpolate want batch and channels in front. */
var resize = {
	data: "first",
	move: (node, perm, site) => {
		const [, roi = "", third = "", sizes = ""] = node.inputs;
		const isOld = node.inputs.length === 2;
		const scales = isOld ? roi : third;
		if (!isOld && roi !== "" && constantOf(site, roi)?.shape[0] !== 0) return null;
		const axes = intsOf$4(node, "axes", void 0);
		const moved = axes === void 0 ? null : movedAxes(axes, perm);
		if (moved !== null) return interpolates(node) && moved.some((at) => at < 2) ? null : withAxes(node, moved);
		const [value, at] = scales === "" || constantOf(site, scales)?.shape[0] === 0 ? [sizes, 3] : [scales, isOld ? 1 : 2];
		const tensor = constantOf(site, value);
		if (tensor === void 0 || tensor.shape[0] !== perm.length) return null;
		const permuted = transposedEntries(tensor, perm);
		if (interpolates(node) && (at === 3 || !keepsFirstTwo(permuted))) return null;
		return withInput(node, at, {
			...permuted,
			name: `${value}/transposed`
		}, site);
	}
};
var interpolates = (node) => stringOf$2(node, "mode", "nearest") !== "nearest";
var keepsFirstTwo = (scales) => Array.from(readTensor(scales).data).slice(0, 2).every((scale) => scale === 1);
/** A vector with an entry an axis, in the order that the axes have before the Transpose. */
function transposedEntries(tensor, perm) {
	const width = dtypeBits(tensor.dtype) / 8;
	const source = readTensorBytes(tensor);
	const bytes = new Uint8Array(source.byteLength);
	for (const [at, to] of perm.entries()) bytes.set(source.subarray(at * width, (at + 1) * width), to * width);
	return {
		...tensor,
		data: {
			kind: "inline",
			bytes
		}
	};
}
var unaries = [
	...[
		"Abs",
		"Cast",
		"Ceil",
		"Elu",
		"Erf",
		"Exp",
		"Floor",
		"Gelu",
		"HardSigmoid",
		"HardSwish",
		"LeakyRelu",
		"Log"
	],
	...[
		"Mish",
		"Neg",
		"Not",
		"Reciprocal",
		"Relu",
		"Round",
		"Selu",
		"Sigmoid",
		"Sign",
		"Softplus",
		"Softsign",
		"Sqrt"
	],
	...[
		"Tanh",
		"Identity",
		"Clip"
	]
];
var binaries = [
	"Add",
	"Div",
	"Max",
	"Min",
	"Mul",
	"Pow",
	"Sub",
	"Sum",
	"PRelu"
];
var reductions = [
	"ReduceMax",
	"ReduceMean",
	"ReduceMin",
	"ReduceProd",
	"ReduceSum",
	"ReduceL1",
	"ReduceL2",
	"ReduceSumSquare"
];
var rules$1 = {
	...Object.fromEntries(unaries.map((op) => [op, unary])),
	...Object.fromEntries(binaries.map((op) => [op, broadcast])),
	...Object.fromEntries(reductions.map((op) => [op, reduce])),
	Concat: axis("axis", 0, "all"),
	Softmax: softmax,
	LogSoftmax: softmax,
	Pad: pad,
	Resize: resize,
	Slice: slice,
	Split: axis("axis", 0, "first")
};
/** The constant whose transpose by `perm` is the given one; null where it is too large for a constant of this kind. */
function transposedBack(tensor, perm) {
	const rank = perm.length;
	if (tensor.shape.length > rank || elementCount(tensor.shape) > 65536 || dtypeBits(tensor.dtype) < 8) return null;
	const from = [...new Array(rank - tensor.shape.length).fill(1), ...tensor.shape];
	const shape = new Array(rank);
	for (const [at, to] of perm.entries()) shape[to] = from[at];
	const width = dtypeBits(tensor.dtype) / 8;
	const source = readTensorBytes(tensor);
	const bytes = new Uint8Array(source.byteLength);
	const position = new Array(rank).fill(0);
	for (let at = 0; at < source.byteLength; at += width) {
		let target = 0;
		for (let to = 0; to < rank; to++) target = target * shape[to] + position[perm.indexOf(to)];
		bytes.set(source.subarray(at, at + width), target * width);
		for (let last = rank - 1; last >= 0; last--) {
			position[last] = position[last] + 1;
			if (position[last] < from[last]) break;
			position[last] = 0;
		}
	}
	return {
		...tensor,
		shape,
		data: {
			kind: "inline",
			bytes
		}
	};
}
var pushTransposesPass = definePass({
	name: "push-transposes",
	title: "Push transposes",
	help: "Moves Transpose behind elementwise work until it meets its inverse, as in models that come from channels-last frameworks.",
	source: "arXiv:1802.04799 (layout transformation)",
	options: {},
	tolerance: 1e-6,
	run: (model, { isTarget }) => pushTransposes(model, isTarget)
});
// src-main/passes/opset-rule.ts
/** What a rule is that brings a node from one opset to the next, and what such rules are written with. */
var { intsOf: intsOf$3 } = attributes_exports;
/** One node that is brought to a version, with what may be planned beside it. */
var Rewriting = class {
	#node;
	#version;
	#scope;
	#patch;
	#types;
	constructor(node, version, scope, patch, types) {
		this.#node = node;
		this.#version = version;
		this.#scope = scope;
		this.#patch = patch;
		this.#types = types;
	}
	/** Name of a new constant. */
	constant(suffix, make) {
		return addConstant(this.#patch, this.#scope, make(`${this.#node.outputs[0]}/${suffix}`));
	}
	int64s(suffix, values) {
		return this.constant(suffix, (name) => int64Tensor(name, [values.length], values));
	}
	/** A scalar of the same dtype as `like`. */
	scalar(suffix, value, like) {
		const type = this.#types.of(this.#scope, like);
		return this.constant(suffix, (name) => floatsTensor(name, type?.kind === "tensor" ? type.dtype : "float32", [], [value]));
	}
	shapeOf(value) {
		return this.constantOf(value)?.shape ?? this.#types.shapeOf(this.#scope, value);
	}
	rankOf(value) {
		return this.shapeOf(value)?.length;
	}
	value(suffix) {
		return this.#patch.freshName(`${this.#node.outputs[0]}/${suffix}`);
	}
	constantOf(value) {
		return value === void 0 ? void 0 : constantOf(this.#scope, value);
	}
	refuse(what) {
		throw new LatheError({
			who: `${this.#node.opType} "${this.#node.name}"`,
			what,
			where: `raising to opset ${this.#version}`,
			next: "export the model with a newer opset"
		});
	}
};
/** The node with other operator, inputs or attributes. */
function changed(node, changes) {
	const kept = new Map([...node.attributes].filter(([name]) => !changes.drop?.includes(name)));
	for (const [name, attribute] of Object.entries(changes.set ?? {})) kept.set(name, attribute);
	return {
		...node,
		opType: changes.opType ?? node.opType,
		inputs: changes.inputs ?? node.inputs,
		attributes: kept
	};
}
/** An attribute of integers becomes the input after the data. */
var intsToInput = (attribute) => (node, at) => {
	const values = intsOf$3(node, attribute, void 0);
	if (values === void 0) return [node];
	return [changed(node, {
		inputs: [node.inputs[0], at.int64s(attribute, values)],
		drop: [attribute]
	})];
};
// src-main/passes/legacy-opsets.ts
/**
* What opsets 2 to 7 changed: attributes became inputs, types are told by number instead of by name, and operators
* broadcast by matching dims from the back, where before an attribute said at which axis the second input starts.
* Source: the operator changelog of ONNX, https://github.com/onnx/onnx/blob/main/docs/Changelog.md.
*/
var { intOf: intOf$2, intsOf: intsOf$2, floatOf: floatOf$1, stringOf: stringOf$1 } = attributes_exports;
var dropping = (...names) => (node) => names.some((name) => node.attributes.has(name)) ? [changed(node, { drop: names })] : [node];
/** B's dims stood at A's from `axis` on; from 7 on they stand at its last ones, so that ones go behind them. */
var alignedBroadcast = (node, at) => {
	const [a, b] = node.inputs;
	const drop = [
		"axis",
		"broadcast",
		"consumed_inputs"
	];
	const axis = intOf$2(node, "axis", void 0);
	if (intOf$2(node, "broadcast", 0) !== 1 || axis === void 0) return dropping(...drop)(node, at);
	const [rank, own] = [at.rankOf(a), at.rankOf(b)];
	if (rank === void 0 || own === void 0) return at.refuse("the rank of what it broadcasts is not known");
	const behind = rank - (axis < 0 ? axis + rank : axis) - own;
	if (behind <= 0) return [changed(node, { drop })];
	const aligned = withOnesBehind(b, own, behind, at);
	return [changed(node, {
		inputs: [a, aligned.value],
		drop
	}), ...aligned.nodes];
};
function withOnesBehind(value, rank, count, at) {
	const tensor = at.constantOf(value);
	if (tensor !== void 0) {
		const shape = [...tensor.shape, ...new Array(count).fill(1)];
		return {
			value: at.constant("aligned", (name) => ({
				...tensor,
				name,
				shape
			})),
			nodes: []
		};
	}
	const aligned = at.value("aligned");
	const axes = ints(Array.from({ length: count }, (_, index) => rank + index));
	return {
		value: aligned,
		nodes: [makeNode("Unsqueeze", aligned, [value], [aligned], { axes })]
	};
}
/** One slope a channel stood at axis 1. */
var slopePerChannel = (node, at) => {
	const [x, slope] = node.inputs;
	const rank = at.rankOf(x);
	const shape = at.constantOf(slope)?.shape;
	if (shape?.length === 1 && shape[0] === 1) return [node];
	if (rank === void 0) return at.refuse("the rank of its input is not known");
	if (rank <= 2 || at.rankOf(slope) !== 1) return [node];
	const aligned = withOnesBehind(slope, 1, rank - 2, at);
	return [changed(node, { inputs: [x, aligned.value] }), ...aligned.nodes];
};
var typeByNumber = (node, at) => {
	if (node.attributes.get("to")?.type !== "string") return [node];
	const name = stringOf$1(node, "to", "");
	const dtype = typeNames[name.toUpperCase()];
	if (dtype === void 0) return at.refuse(`it casts to "${name}"`);
	return [changed(node, { set: { to: int$1(dtypeCode(dtype)) } })];
};
/** TensorProto.DataType as far as opset 5 had it. */
var typeNames = {
	FLOAT: "float32",
	UINT8: "uint8",
	INT8: "int8",
	UINT16: "uint16",
	INT16: "int16",
	INT32: "int32",
	INT64: "int64",
	BOOL: "bool",
	FLOAT16: "float16",
	DOUBLE: "float64",
	UINT32: "uint32",
	UINT64: "uint64"
};
var shapeToInput = (node, at) => {
	const shape = intsOf$2(node, "shape", []);
	return [changed(node, {
		inputs: [node.inputs[0], at.int64s("shape", shape)],
		drop: ["shape", "consumed_inputs"]
	})];
};
/** Tile 1 repeated along one axis. */
var repeatsOfAll = (node, at) => {
	const [x, tiles, axis] = node.inputs;
	const [count, where] = [tiles, axis].map((name) => {
		const tensor = at.constantOf(name);
		return tensor === void 0 ? void 0 : Number(readTensor(tensor).data[0]);
	});
	const rank = at.rankOf(x);
	if (count === void 0 || where === void 0 || rank === void 0) return at.refuse("how often and where it repeats is computed");
	const repeats = new Array(rank).fill(1);
	repeats[where < 0 ? where + rank : where] = count;
	return [changed(node, { inputs: [x, at.int64s("repeats", repeats)] })];
};
var splitToAttribute = (node, at) => {
	const name = node.inputs[1] ?? "";
	if (name === "") return [node];
	const tensor = at.constantOf(name);
	if (tensor === void 0) return at.refuse("the sizes of its parts are computed");
	const sizes = Array.from(readTensor(tensor).data, Number);
	return [changed(node, {
		inputs: node.inputs.slice(0, 1),
		set: { split: ints(sizes) }
	})];
};
var wholeNorm = (node, at) => {
	if (node.attributes.get("p")?.type !== "float") return [node];
	const p = floatOf$1(node, "p", 2);
	if (!Number.isInteger(p)) return at.refuse(`its norm is ${p}, no whole number`);
	return [changed(node, { set: { p: int$1(p) } })];
};
var padsAttribute = (node) => [changed(node, {
	drop: ["paddings"],
	set: { pads: ints(intsOf$2(node, "paddings", [])) }
})];
var scalesOfAll = (node) => {
	if (node.attributes.has("scales")) return [node];
	return [changed(node, {
		drop: ["height_scale", "width_scale"],
		set: { scales: floats$1([
			1,
			1,
			floatOf$1(node, "height_scale", 1),
			floatOf$1(node, "width_scale", 1)
		]) }
	})];
};
var atInference = (node, at) => {
	if (intOf$2(node, "is_test", 0) === 0 || node.outputs.slice(1).some((name) => name !== "")) at.refuse("it is in training form");
	return [changed(node, { drop: ["is_test", "consumed_inputs"] })];
};
/** Hints where results may be written, which nothing reads any more. */
var withoutHints = dropping("consumed_inputs");
var hinted = [
	...[
		"Abs",
		"BatchNormalization",
		"Ceil",
		"Clip",
		"Dropout",
		"Elu",
		"Exp",
		"Floor",
		"HardSigmoid"
	],
	...[
		"InstanceNormalization",
		"LeakyRelu",
		"Log",
		"Max",
		"Mean",
		"Min",
		"Neg",
		"PRelu",
		"Reciprocal",
		"Relu",
		"Selu"
	],
	...[
		"Sigmoid",
		"Sqrt",
		"Sum",
		"Tanh"
	]
];
var arithmetic = [
	"Add",
	"Div",
	"Mul",
	"Pow",
	"Sub"
];
var logical = [
	"And",
	"Equal",
	"Greater",
	"Less",
	"Or",
	"Xor"
];
var every = (ops, rule) => Object.fromEntries(ops.map((op) => [op, rule]));
var upTo6 = {
	2: {
		GlobalLpPool: wholeNorm,
		LpPool: wholeNorm,
		Pad: padsAttribute,
		Split: splitToAttribute
	},
	4: { Concat: (node) => node.attributes.has("axis") ? [node] : [changed(node, { set: { axis: int$1(1) } })] },
	5: { Reshape: shapeToInput },
	6: {
		...every(hinted, withoutHints),
		Cast: typeByNumber,
		Tile: repeatsOfAll
	}
};
var recurrent = dropping("output_sequence");
var at7 = {
	BatchNormalization: atInference,
	Dropout: atInference,
	Gemm: dropping("broadcast"),
	GRU: recurrent,
	LSTM: recurrent,
	RNN: recurrent,
	Upsample: scalesOfAll
};
var legacyRules = {
	...upTo6,
	7: {
		...at7,
		...every([...arithmetic, ...logical], alignedBroadcast),
		PRelu: slopePerChannel
	}
};
/** A node that gives the rank and type of what it replaces. */
var like = (node) => [{ ...makeNode("Identity", node.name, node.inputs.slice(0, 1), node.outputs) }];
var boolsLike = (node) => [makeNode("Cast", node.name, node.inputs.slice(0, 1), node.outputs, { to: int$1(dtypeCode("bool")) })];
/** For a model that tells the ranks of another: what needs to know them itself only gives out a value of the same rank. */
var rankRules = {
	...upTo6,
	6: {
		...upTo6[6],
		Tile: like
	},
	7: {
		...at7,
		...every(arithmetic, like),
		...every(logical, boolsLike),
		PRelu: like
	}
};
// src-main/passes/scan-over-batch.ts
/**
* Scan of opset 8 runs over each sample of a batch by itself: axis 0 of all that it takes and gives is the batch, axis 1
* of what it scans the sequence. The same is a Scan over the batch, without states, whose body is a Scan as of opset 9.
* Source: https://onnx.ai/onnx/operators/onnx__Scan.html (versions 8 and 9).
*/
var { intOf: intOf$1, intsOf: intsOf$1 } = attributes_exports;
var scanOverBatch = (node, at) => {
	if (node.attributes.has("scan_input_directions")) return [node];
	const [lengths = "", ...given] = node.inputs;
	if (lengths !== "") return at.refuse("Scan of opset 8 with a length for each sample has no equal");
	const body = node.attributes.get("body");
	if (body?.type !== "graph") return at.refuse("it has no body");
	const scans = intOf$1(node, "num_scan_inputs", given.length);
	const directions = intsOf$1(node, "directions", new Array(scans).fill(0));
	const inputs = given.map((_, place) => at.value(`sample-input-${place}`));
	const outputs = node.outputs.map((_, place) => at.value(`sample-output-${place}`));
	const inner = makeNode("Scan", `${node.name}/sample`, inputs, outputs, {
		body,
		num_scan_inputs: int$1(scans),
		scan_input_directions: ints(directions)
	});
	return [changed(node, {
		inputs: given,
		drop: ["directions"],
		set: {
			body: graph(makeGraph({
				name: `${body.value.name}/sample`,
				nodes: [inner],
				inputs: inputs.map((name) => ({
					name,
					type: null
				})),
				outputs: outputs.map((name) => ({
					name,
					type: null
				}))
			})),
			num_scan_inputs: int$1(given.length)
		}
	})];
};
// src-main/passes/raise-opset.ts
/**
* A newer opset with the same meaning: what a version changes are rules on the nodes concerned, applied one version
* after the other.
* Source: the operator changelog of ONNX, https://onnx.ai/onnx/operators/.
*/
var { intOf, intsOf, floatOf, floatsOf, stringOf } = attributes_exports;
/** From here on operators broadcast as they do today, and onnxruntime has kernels of them all. */
var oldestTarget = 7;
/** The newest whose changes are known. */
var newestOpset = 25;
/** Lowest IR version that may carry an opset, by the ONNX releases that brought both. */
var irVersionOf = [
	[25, 13],
	[24, 12],
	[23, 11],
	[21, 10],
	[19, 9],
	[15, 8],
	[12, 7],
	[11, 6],
	[10, 5],
	[9, 4]
];
/**
* The model with its standard operators at opset `version`; unchanged where it is there already. Initializers leave
* the graph inputs where the IR version passes 4, so that they stay constants.
* @throws LatheError that names the node which has no equal in a newer opset
*/
async function raiseOpset(model, version) {
	const tally = new Tally();
	const from = standardOpset(model.opsets);
	const versions = [from, ...model.functions.map(({ opsets }) => standardOpset(opsets))].filter((it) => it > 0);
	if (versions.every((it) => it >= version)) return tally.result(model, []);
	checkRange(Math.max(...versions), version);
	let raised = Math.min(...versions) < oldestTarget ? await raiseToOldestTarget(model, tally) : model;
	if (version > oldestTarget) {
		const types = await scopeTypes(raised);
		for (let step = 8; step <= version; step++) raised = raiseTo(raised, step, rules, types, tally);
	}
	const irVersion = Math.max(raised.irVersion, irVersionOf.find(([opset]) => version >= opset)?.[1] ?? 3);
	const passes4 = raised.irVersion < 4 && irVersion >= 4;
	const { graph } = raised;
	const inputs = passes4 ? graph.inputs.filter(({ name }) => !graph.initializers.has(name)) : graph.inputs;
	return tally.result({
		...raised,
		irVersion,
		graph: {
			...graph,
			inputs
		}
	}, [`raised opset ${from} to ${version}, rewriting ${tally.changed} nodes`]);
}
function checkRange(highest, version) {
	if (version > newestOpset) throw new LatheError({
		who: "raise-opset",
		what: `the changes of opset ${version} are not known`,
		next: `choose ${newestOpset} or lower`,
		code: "usage"
	});
	if (highest > version) throw new LatheError({
		who: "raise-opset",
		what: `a part of the model is at opset ${highest}, above ${version}`,
		next: `choose ${highest} or higher`,
		code: "usage"
	});
}
/** onnxruntime loads few older models, so that ranks are asked of a model that has them but does not compute the same. */
async function raiseToOldestTarget(model, tally) {
	const upTo = (rulesOf, types, counts) => {
		let raised = model;
		for (let step = 2; step <= oldestTarget; step++) raised = raiseTo(raised, step, rulesOf, types, counts);
		return raised;
	};
	return upTo(legacyRules, await scopeTypes(upTo(rankRules, new ScopeTypes(), new Tally())), tally);
}
/** Everything below `version` is brought to it. */
function raiseTo(model, version, rulesOf, types, tally) {
	const raise = (opsets) => new Map([...opsets].map(([domain, now]) => [domain, isDefaultDomain(domain) && now > 0 ? Math.max(now, version) : now]));
	const touched = /* @__PURE__ */ new Set();
	const rewritten = editGraphs$1(editGraphs$1(model, (scope) => {
		if (scope.opset >= version) return scope.graph;
		const patch = new Patch(scope.graph);
		for (const node of scope.graph.nodes) {
			const rule = isStandard(node) ? rulesOf[version]?.[node.opType] : void 0;
			if (rule === void 0) continue;
			tally.eligible++;
			const nodes = atNode(node, () => rule(node, new Rewriting(node, version, scope, patch, types)));
			if (nodes.length === 1 && nodes[0] === node) continue;
			tally.changed++;
			for (const input of node.inputs) touched.add(input);
			patch.replaceNode(node.name, nodes.find(({ name }) => name === node.name));
			for (const added of nodes) if (added.name !== node.name) patch.addNode(added);
		}
		return patch.isEmpty ? scope.graph : patch.apply();
	}), ({ graph }) => withoutUnusedInitializers(graph, (name) => touched.has(name)));
	return {
		...rewritten,
		opsets: raise(rewritten.opsets),
		functions: rewritten.functions.map((fn) => ({
			...fn,
			opsets: raise(fn.opsets)
		}))
	};
}
var isDefaultDomain = (domain) => domain === "" || domain === "ai.onnx";
var reduceAxesToInput = intsToInput("axes");
var clipLimits = (node, at) => {
	const [data] = node.inputs;
	const limit = (name) => {
		const value = floatOf(node, name, void 0);
		return value === void 0 ? "" : at.scalar(name, value, data);
	};
	const inputs = [
		data,
		limit("min"),
		limit("max")
	];
	while (inputs.at(-1) === "") inputs.pop();
	return [changed(node, {
		inputs,
		drop: ["min", "max"]
	})];
};
var padInputs = (node, at) => {
	const [data] = node.inputs;
	const value = floatOf(node, "value", 0);
	const inputs = [data, at.int64s("pads", intsOf(node, "pads", []))];
	if (value !== 0) inputs.push(at.scalar("value", value, data));
	return [changed(node, {
		inputs,
		drop: ["pads", "value"]
	})];
};
var sliceInputs = (node, at) => {
	const inputs = [
		node.inputs[0],
		at.int64s("starts", intsOf(node, "starts", [])),
		at.int64s("ends", intsOf(node, "ends", []))
	];
	const axes = intsOf(node, "axes", void 0);
	if (axes !== void 0) inputs.push(at.int64s("axes", axes));
	return [changed(node, {
		inputs,
		drop: [
			"starts",
			"ends",
			"axes"
		]
	})];
};
/** Resize 10 mapped output to input by the plain ratio, and rounded down when it enlarged, up when it shrank. */
var resizeCoordinates = (node, at) => {
	const [data, scales] = node.inputs;
	const set = { coordinate_transformation_mode: string("asymmetric") };
	if (stringOf(node, "mode", "nearest") === "nearest") {
		const tensor = at.constantOf(scales);
		if (tensor === void 0) return at.refuse("its scales are computed, so that its rounding is not known");
		set.nearest_mode = string([...readTensor(tensor).data].some((scale) => scale < 1) ? "ceil" : "floor");
	}
	return [changed(node, {
		inputs: [
			data,
			"",
			scales
		],
		set
	})];
};
/** Up to opset 12 the axes from `axis` on were one: the same as the last axis of the flattened matrix. */
var flattenedAxis = (node, at) => {
	const axis = intOf(node, "axis", 1);
	const [input] = node.inputs;
	const [output] = node.outputs;
	const rank = at.rankOf(input);
	if (axis === -1 || rank !== void 0 && axis === rank - 1) return [changed(node, { set: { axis: int$1(-1) } })];
	const rows = at.value("rows");
	const normalised = at.value("normalised");
	const shape = at.value("shape");
	return [
		makeNode("Shape", shape, [input], [shape]),
		makeNode("Flatten", rows, [input], [rows], { axis: int$1(axis) }),
		{
			...changed(node, {
				inputs: [rows],
				set: { axis: int$1(-1) }
			}),
			outputs: [normalised]
		},
		makeNode("Reshape", `${node.name}/reshape`, [normalised, shape], [output])
	];
};
/** Scale and shift became one a channel instead of one a group; computed ones are repeated when the model runs. */
var perChannel = (node, at) => {
	const [x, scale, shift] = node.inputs;
	const channels = at.shapeOf(x)?.[1];
	const groups = intOf(node, "num_groups", 1);
	const added = [];
	const repeated = (value, suffix) => {
		const tensor = at.constantOf(value);
		const each = tensor && readFloats(tensor);
		if (typeof channels === "number" && tensor !== void 0 && each !== void 0) {
			const all = Float64Array.from({ length: channels }, (_, c) => each[Math.floor(c * groups / channels)]);
			return at.constant(suffix, (name) => floatsTensor(name, tensor.dtype, [channels], all));
		}
		const nodes = repeatedForChannels(value, suffix, {
			x,
			channels,
			groups
		}, at);
		added.push(...nodes);
		return nodes.at(-1)?.outputs[0];
	};
	const inputs = [
		x,
		repeated(scale, "scale"),
		repeated(shift, "shift")
	];
	return [...added, changed(node, { inputs })];
};
/** [groups] → [groups, 1] → [groups, channels / groups] → [channels] */
function repeatedForChannels(value, suffix, { x, channels, groups }, at) {
	const nodes = [];
	const add = (opType, part, inputs, set = {}) => {
		const name = at.value(`${suffix}-${part}`);
		nodes.push(makeNode(opType, name, inputs, [name], set));
		return name;
	};
	const count = at.int64s(`${suffix}-groups`, [groups]);
	const perGroup = typeof channels === "number" ? at.int64s(`${suffix}-per-group`, [channels / groups]) : add("Div", "per-group", [add("Shape", "channels", [x], {
		start: int$1(1),
		end: int$1(2)
	}), count]);
	add("Reshape", "per-channel", [add("Expand", "repeated", [add("Unsqueeze", "column", [value, at.int64s(`${suffix}-axis`, [1])]), add("Concat", "shape", [count, perGroup], { axis: int$1(0) })]), at.int64s(`${suffix}-flat`, [-1])]);
	return nodes;
}
var inferenceOnly = (node, at) => {
	if (node.outputs.slice(1).some((name) => name !== "")) at.refuse("it is in training form");
	return node.outputs.length === 1 ? [node] : [{
		...node,
		outputs: node.outputs.slice(0, 1)
	}];
};
/** Version → operator → what its nodes become. Operators that only gained types or attributes with a neutral default are not here. */
var rules = {
	9: {
		BatchNormalization: (node, at) => {
			if (intOf(node, "spatial", 1) !== 1) at.refuse("it normalises each element on its own (spatial = 0)");
			return node.attributes.has("spatial") ? [changed(node, { drop: ["spatial"] })] : [node];
		},
		Scan: scanOverBatch,
		Upsample: (node, at) => {
			const scales = floatsOf(node, "scales", []);
			const name = at.constant("scales", (tensor) => floatTensor(tensor, [scales.length], scales));
			return [changed(node, {
				inputs: [node.inputs[0], name],
				drop: ["scales"]
			})];
		}
	},
	10: {
		Slice: sliceInputs,
		TopK: (node, at) => {
			const k = at.int64s("k", [intOf(node, "k", 1)]);
			return [changed(node, {
				inputs: [node.inputs[0], k],
				drop: ["k"]
			})];
		},
		Upsample: (node) => [changed(node, { opType: "Resize" })]
	},
	11: {
		Clip: clipLimits,
		Pad: padInputs,
		Resize: resizeCoordinates,
		Scatter: (node) => [changed(node, { opType: "ScatterElements" })]
	},
	12: { Dropout: (node, at) => {
		const ratio = floatOf(node, "ratio", void 0);
		if (ratio === void 0) return [node];
		const name = at.constant("ratio", (tensor) => floatTensor(tensor, [], [ratio]));
		return [changed(node, {
			inputs: [node.inputs[0], name],
			drop: ["ratio"]
		})];
	} },
	13: {
		Hardmax: flattenedAxis,
		LogSoftmax: flattenedAxis,
		Softmax: flattenedAxis,
		ReduceSum: reduceAxesToInput,
		Split: intsToInput("split"),
		Squeeze: intsToInput("axes"),
		Unsqueeze: intsToInput("axes")
	},
	14: { BatchNormalization: inferenceOnly },
	16: { RoiAlign: (node) => [changed(node, { set: { coordinate_transformation_mode: string("output_half_pixel") } })] },
	18: {
		ReduceL1: reduceAxesToInput,
		ReduceL2: reduceAxesToInput,
		ReduceLogSum: reduceAxesToInput,
		ReduceLogSumExp: reduceAxesToInput,
		ReduceMax: reduceAxesToInput,
		ReduceMean: reduceAxesToInput,
		ReduceMin: reduceAxesToInput,
		ReduceProd: reduceAxesToInput,
		ReduceSumSquare: reduceAxesToInput,
		Split: (node) => (node.inputs[1] ?? "") === "" ? [changed(node, { set: { num_outputs: int$1(node.outputs.length) } })] : [node]
	},
	20: {
		DFT: (node, at) => {
			const axis = at.constant("axis", (name) => int64Tensor(name, [], [intOf(node, "axis", 1)]));
			return [changed(node, {
				inputs: [
					node.inputs[0],
					node.inputs[1] ?? "",
					axis
				],
				drop: ["axis"]
			})];
		},
		GridSample: (node) => {
			const renamed = {
				bilinear: "linear",
				bicubic: "cubic"
			}[stringOf(node, "mode", "bilinear")];
			return renamed === void 0 ? [node] : [changed(node, { set: { mode: string(renamed) } })];
		}
	},
	21: { GroupNormalization: perChannel },
	24: { Attention: (_node, at) => at.refuse("what it does with masks changed") }
};
// src-main/passes/resolve-if.ts
/**
* An If whose condition never changes is the branch that it takes.
* Source: https://onnx.ai/onnx/operators/onnx__If.html.
*/
function resolveIf(model, isTarget = () => true) {
	const tally = new Tally();
	const taken = countNames(model);
	const after = rewriteNodes(model, tally, (node, site) => {
		if (node.opType !== "If" || !isStandard(node)) return false;
		const condition = constantOf(site, node.inputs[0] ?? "");
		if (condition === void 0) return false;
		takeBranch(node, Number(readTensor(condition).data[0]) !== 0, site, taken);
		return true;
	}, { isTarget });
	return tally.result(after, tally.changed === 0 ? [] : [`replaced ${tally.changed} If by the branch that it always takes`]);
}
function takeBranch(node, isTrue, site, taken) {
	const wanted = isTrue ? "then_branch" : "else_branch";
	const branch = subgraphsOf(node).find(({ attribute }) => attribute === wanted)?.graph;
	if (branch === void 0) return;
	const made = new Set(branch.nodes.flatMap(({ outputs }) => outputs));
	const names = /* @__PURE__ */ new Map();
	const repeated = [];
	for (const [at, { name }] of branch.outputs.entries()) {
		const output = node.outputs[at];
		if (output === void 0 || output === "") continue;
		if (made.has(name) && !names.has(name)) names.set(name, output);
		else repeated.push([name, output]);
	}
	site.patch.removeNode(node.name);
	const identities = repeated.map(([from, to]) => makeNode("Identity", `${node.name}/${to}`, [from], [to]));
	inlineNodes({
		nodes: [...branch.nodes, ...identities],
		initializers: branch.initializers.values(),
		names: withOwn(names, repeated),
		owner: node
	}, site, site.patch, taken);
}
/** Outputs of the added Identities keep their names. */
function withOwn(names, repeated) {
	return new Map([...names, ...repeated.map(([, to]) => [to, to])]);
}
var resolveIfPass = definePass({
	name: "resolve-if",
	title: "Resolve constant conditions",
	help: "Replaces an If whose condition never changes by the branch that it takes.",
	source: "https://onnx.ai/onnx/operators/onnx__If.html",
	options: {},
	tolerance: 0,
	run: (model, { isTarget }) => resolveIf(model, isTarget)
});
// src-main/passes/share-subexpressions.ts
/**
* Nodes of the same operator, attributes and inputs compute the same once.
* Source: common subexpression elimination, Cocke 1970, doi:10.1145/390013.808480.
*/
/** Give something else each time. */
var random = /* @__PURE__ */ new Set([
	"RandomNormal",
	"RandomNormalLike",
	"RandomUniform",
	"RandomUniformLike",
	"Multinomial",
	"Bernoulli",
	"Dropout"
]);
function shareSubexpressions(model, isTarget = () => true) {
	const tally = new Tally();
	const isRandom = randomIn(model);
	let now = model;
	for (;;) {
		tally.skipped.length = 0;
		const next = editGraphs$1(now, ({ graph }) => shareIn(graph, isRandom, isTarget, tally));
		if (next === now) break;
		now = next;
	}
	tally.eligible = tally.changed + tally.skipped.length;
	return tally.result(now, tally.changed === 0 ? [] : [`shared ${tally.changed} nodes that computed the same twice`]);
}
/** Operators that give something else each time, and calls of functions that hold one. */
function randomIn(model) {
	const functionOf = calledFunction(model);
	const known = /* @__PURE__ */ new Map();
	const isRandom = (node) => {
		const fn = functionOf(node);
		if (fn === void 0) return isStandard(node) && random.has(node.opType);
		const found = known.get(fn) ?? [...withBodies(fn.nodes)].some(isRandom);
		known.set(fn, found);
		return found;
	};
	return isRandom;
}
/** One level: a node counts as the same only once its inputs have been shared. */
function shareIn(graph, isRandom, isTarget, tally) {
	const outputs = new Set(graph.outputs.map(({ name }) => name));
	const first = /* @__PURE__ */ new Map();
	const patch = new Patch(graph);
	for (const node of graph.nodes) {
		const key = isRandom(node) ? null : keyOf(node);
		if (key === null) continue;
		const same = first.get(key);
		if (same === void 0) {
			first.set(key, node);
			continue;
		}
		if (!isTarget(node)) continue;
		if (node.outputs.some((name) => outputs.has(name))) {
			tally.skip(node, "it gives an output of the graph its name");
			continue;
		}
		tally.changed++;
		patch.removeNode(node.name);
		for (const [at, output] of node.outputs.entries()) {
			if (output !== "") patch.redirect(output, same.outputs[at]);
			if (graph.values.has(output)) patch.setValue(output, null);
		}
	}
	return patch.isEmpty ? graph : patch.apply();
}
/** Equal for nodes that give the same; null for those that are left alone. Constants are compared as initializers. */
function keyOf(node) {
	if (isConstantNode(node)) return null;
	if (subgraphsOf(node).length > 0) return null;
	const parts = [...node.attributes].sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => [name, attributeKey(value)]);
	if (parts.some(([, key]) => key === null)) return null;
	const present = node.outputs.map((name) => name !== "");
	return JSON.stringify([
		node.domain,
		node.opType,
		node.overload ?? "",
		node.inputs,
		parts,
		present
	]);
}
function attributeKey(attribute) {
	switch (attribute.type) {
		case "int": return ["int", String(attribute.value)];
		case "ints": return ["ints", attribute.value.map(String)];
		case "float": return ["float", floatKey(attribute.value)];
		case "floats": return ["floats", attribute.value.map(floatKey)];
		case "string": return ["string", Buffer.from(attribute.value).toString("base64")];
		case "strings": return ["strings", attribute.value.map((text) => Buffer.from(text).toString("base64"))];
		case "tensor": return ["tensor", tensorKey(attribute.value)];
		case "type": return ["type", attribute.value];
		default: return null;
	}
}
/** JSON has no word for infinities and NaN, nor for -0. */
var floatKey = (value) => Object.is(value, -0) ? "-0" : String(value);
/** Dtype, shape and a hash of the content. */
function tensorKey(tensor) {
	const hash = createHash("sha256");
	if (tensor.data.kind === "strings") for (const text of tensor.data.strings) hash.update(`${text.byteLength}:`).update(text);
	else for (const chunk of tensorChunks(tensor)) hash.update(chunk);
	return `${tensor.dtype}[${tensor.shape.join()}]${hash.digest("hex")}`;
}
var shareSubexpressionsPass = definePass({
	name: "share-subexpressions",
	title: "Share subexpressions",
	help: "Computes once what several nodes compute from the same values.",
	source: "doi:10.1145/390013.808480",
	options: {},
	tolerance: 0,
	run: (model, { isTarget }) => shareSubexpressions(model, isTarget)
});
// src-main/passes/share-initializers.ts
/**
* Initializers of the same type, shape and content, sparse ones too, are kept once; bodies read those of the graph
* around them, and weights that several bodies hold move there.
* Source: https://onnx.ai/onnx/repo-docs/IR.html (values are immutable, so sharing is free).
*/
function shareInitializers(model) {
	const tally = new Tally();
	let bytes = 0;
	const after = editGraphs$1(model, (whole) => {
		const scope = whole.kind === "main" ? withWeightsOfBodies(whole) : whole;
		const { graph, index } = scope;
		const groups = groupBy(constantsInView(scope), ({ tensor, sparse }) => cheapKey(tensor, sparse));
		const patch = new Patch(graph);
		const gone = /* @__PURE__ */ new Set();
		for (const group of groups) for (const same of group.length === 1 ? [] : groupBy(group, wholeKey)) {
			const [kept, ...others] = same;
			for (const { name, tensor, isOwn } of others) {
				if (!isOwn || name === kept.name || index.isOutput(name)) continue;
				patch.redirect(name, kept.name);
				gone.add(name);
				tally.changed++;
				bytes += tensorByteLength(tensor);
			}
		}
		return patch.isEmpty ? graph : withoutUnusedInitializers(patch.apply(), (name) => gone.has(name));
	});
	tally.eligible = tally.changed;
	const notes = tally.changed === 0 ? [] : [`shared ${tally.changed} equal initializers (${bytes} bytes)`];
	return tally.result(after, notes);
}
/** Below this a copy in each body costs less than the look at a graph around it. */
var weightBytes = 1024;
/** The graph with weights that more than one of its bodies holds, each once; the bodies then share it. */
function withWeightsOfBodies(scope) {
	const held = [];
	const names = /* @__PURE__ */ new Set();
	const visit = (graph) => {
		for (const { inputs, outputs } of graph.nodes) for (const name of [...inputs, ...outputs]) names.add(name);
		for (const node of graph.nodes) for (const { graph: body } of subgraphsOf(node)) {
			const bound = new Set([...body.inputs, ...body.outputs].map(({ name }) => name));
			const fixed = [...body.initializers.values()].filter(({ name }) => !bound.has(name));
			held.push(fixed.filter((tensor) => tensorByteLength(tensor) >= weightBytes));
			for (const name of body.initializers.keys()) names.add(name);
			visit(body);
		}
	};
	visit(scope.graph);
	for (const name of scope.graph.initializers.keys()) names.add(name);
	const patch = new Patch(scope.graph);
	for (const group of groupBy(held.flat(), (tensor) => cheapKey(tensor))) for (const [first, second] of group.length === 1 ? [] : groupBy(group, tensorKey)) {
		if (first === void 0 || second === void 0) continue;
		let name = `shared/${first.name}`;
		while (names.has(name)) name += "_";
		names.add(name);
		patch.setInitializer({
			...first,
			name
		});
	}
	if (patch.isEmpty) return scope;
	const graph = patch.apply();
	return {
		...scope,
		graph,
		index: indexGraph(graph)
	};
}
/** Of outer graphs first, so that those are the ones that stay. */
function constantsInView(scope) {
	const found = [];
	for (let at = scope; at !== null; at = at.outer) {
		const here = [...at.graph.initializers].filter(([name]) => !isOverridable(at, name));
		const isOwn = at === scope;
		found.unshift(...here.map(([name, tensor]) => ({
			name,
			tensor,
			sparse: null,
			isOwn
		})), ...at.graph.sparseInitializers.map((sparse) => {
			return {
				name: sparse.values.name,
				tensor: sparse.values,
				sparse,
				isOwn
			};
		}));
	}
	return found;
}
/** Type, shape and first bytes: most weights differ there, and need not be read whole. */
function cheapKey(tensor, sparse = null) {
	const head = tensor.dtype === "string" ? "" : Buffer.from(readTensorBytes(tensor, 0, Math.min(64, tensorByteLength(tensor)))).toString("base64");
	return `${sparse === null ? "" : `sparse [${sparse.shape.join()}] `}${tensor.dtype}[${tensor.shape.join()}]${head}`;
}
var wholeKey = ({ tensor, sparse }) => sparse === null ? tensorKey(tensor) : `${tensorKey(tensor)} at ${tensorKey(sparse.indices)}`;
function groupBy(items, key) {
	const groups = /* @__PURE__ */ new Map();
	for (const item of items) {
		const group = groups.get(key(item));
		if (group === void 0) groups.set(key(item), [item]);
		else group.push(item);
	}
	return [...groups.values()];
}
[...[
	inlineFunctionsPass,
	liftConstantsPass,
	foldShapesPass,
	foldConstantsPass,
	resolveIfPass,
	eliminateNoOpsPass,
	foldBatchNormPass,
	foldScalePass,
	foldPadPass,
	pushTransposesPass,
	shareSubexpressionsPass,
	eliminateDeadNodesPass,
	definePass({
		name: "share-initializers",
		title: "Share equal initializers",
		help: "Keeps weights of the same content once.",
		source: "https://onnx.ai/onnx/repo-docs/IR.html",
		options: {},
		tolerance: 0,
		run: (model) => shareInitializers(model)
	}),
	unusedInitializersPass
]];
// src-main/quantize/bodies.ts
/** Editing a graph together with the bodies of its If, Loop and Scan nodes. */
/** The graph with `edit` applied to every body first (inner before outer) and then to itself. */
function editGraphs(graph, edit, outer = null) {
	const here = scopeOf(graph, outer);
	const nodes = graph.nodes.map((node) => editBodies(node, (body) => editGraphs(body, edit, here)));
	return edit(nodes.some((node, at) => node !== graph.nodes[at]) ? scopeOf({
		...graph,
		nodes
	}, outer) : here);
}
/** A graph with what is known of it. */
function scopeOf(graph, outer) {
	const index = indexGraph(graph);
	return {
		index,
		constants: constantsOf(index, outer?.constants),
		outer
	};
}
/** The node with each of its bodies replaced; the node itself where it has none. */
function editBodies(node, edit) {
	let changed;
	for (const [name, attribute] of node.attributes) {
		if (attribute.type !== "graph" && attribute.type !== "graphs") continue;
		changed ??= new Map(node.attributes);
		if (attribute.type === "graph") changed.set(name, {
			type: "graph",
			value: edit(attribute.value)
		});
		else changed.set(name, {
			type: "graphs",
			value: attribute.value.map(edit)
		});
	}
	return changed === void 0 ? node : {
		...node,
		attributes: changed
	};
}
/** Every node of the bodies in a graph, with the operator that holds the outermost body around it. */
function* bodyNodes(graph) {
	for (const owner of graph.nodes) for (const body of subgraphsOf(owner)) for (const node of withBodies(body.graph.nodes)) yield {
		node,
		owner: owner.opType
	};
}
// src-main/quantize/prepare.ts
/** Per-channel DequantizeLinear needs it. */
var neededOpset = 13;
/** Bytes of a weight that is worked out from other constants. */
var largestWeight = 2 ** 26;
/**
* Functions are put in place of their calls, an If that never changes becomes its branch, weights in Constant nodes or
* behind operators on constants become initializers, BatchNormalization goes into the layer before it, and the opset is
* raised where it is too old. What was done is noted.
* @param weightsOf the weights of a node that will become integers
* @throws LatheError that names the node which has no equal in a newer opset
*/
async function prepare(model, tally, weightsOf = weightsOfLayers) {
	return inTurn(model, tally, [
		inlineFunctions,
		resolveIf,
		liftConstants,
		(lifted) => foldWeights(lifted, weightsOf),
		foldBatchNorm,
		(folded) => (folded.opsets.get("") ?? 1) < neededOpset ? raiseOpset(folded, neededOpset) : null
	]);
}
/** The same where layers become integer kernels, which take products and sums with constants in themselves as well. */
async function prepareLayers(model, tally, weightsOf = weightsOfLayers) {
	return inTurn(await prepare(model, tally, weightsOf), tally, [foldScale]);
}
/** Each leaves the model as it is where it finds nothing to do. */
async function inTurn(model, tally, passes) {
	let prepared = model;
	for (const pass of passes) {
		const result = await pass(prepared);
		if (result === null) continue;
		for (const note of result.notes) tally.note(`Before: ${note}.`);
		prepared = result.model;
	}
	return prepared;
}
/** The values that a layer of static int8 multiplies with. */
function weightsOfLayers(node) {
	return isComputeNode(node) ? node.inputs.slice(1, 2) : [];
}
/** Works out the weights that nodes make of constants, in bodies too; nothing else, which would only take more room. */
async function foldWeights(model, weightsOf) {
	const wanted = /* @__PURE__ */ new Set();
	editGraphs(model.graph, ({ index, constants }) => {
		const open = index.graph.nodes.flatMap(weightsOf).filter((weight) => constants.tensor(weight) === void 0 && constants.isFixed(weight));
		for (let value = open.pop(); value !== void 0; value = open.pop()) {
			const maker = index.producer(value);
			if (maker === void 0 || wanted.has(maker.name)) continue;
			wanted.add(maker.name);
			open.push(...maker.inputs);
		}
		return index.graph;
	});
	return wanted.size === 0 ? null : foldConstants(model, { maxBytes: largestWeight }, ({ name }) => wanted.has(name));
}
// src-main/quantize/read-back.ts
/**
* Places Q/DQ pairs and then reads back what the runtime of this machine made of them: a layer that still runs in
* floats gets its pairs taken out again, and the result is looked at anew.
*/
/** Taking some out may leave others without a partner; two rounds have always been enough. */
var mostRounds = 3;
/**
* The int8 graph without pairs that do not fuse.
* @param keepFloat nodes that are left in float from the beginning
*/
async function buildFused(quantizer, config, signal, keepFloat = /* @__PURE__ */ new Set()) {
	let best = await attempt(quantizer, config, keepFloat, /* @__PURE__ */ new Map());
	for (let round = 0; round < mostRounds; round++) {
		signal.throwIfAborted();
		const unfused = unfusedUnits(best);
		if (unfused.size === 0) break;
		const next = await attempt(quantizer, config, keepFloat, new Map([...best.removed, ...unfused]));
		if (next.report.orphans.length > best.report.orphans.length) break;
		best = next;
	}
	return best;
}
async function attempt(quantizer, config, keepFloat, removed) {
	const placement = quantizer.placement(/* @__PURE__ */ new Set([...keepFloat, ...removed.keys()]), config.wide);
	const graph = quantizer.build(placement, config);
	return {
		placement,
		graph,
		report: await fusionReport(quantizer.modelOf(graph), { level: "extended" }),
		removed
	};
}
/** Nodes that were to run on integers and run in floats, with their kernels. */
function unfusedUnits({ placement, report }) {
	const found = /* @__PURE__ */ new Map();
	for (const { node } of placement.units) {
		const kernel = report.kernelOf.get(node.name);
		if (kernel?.precision === "float32") found.set(node.name, kernel.op);
	}
	return found;
}
// src-main/quantize/insert.ts
/** Performs a Placement: the patch that puts Q/DQ pairs, int8 weights and int32 biases into a graph. */
/**
* Layers whose float weights onnxruntime makes int8 with one scale for the tensor where they stand between a DQ with one
* scale and a Q: what was left in float for its accuracy would lose most.
*/
var requantizedOps = /* @__PURE__ */ new Set([
	"Conv",
	"ConvTranspose",
	"Gemm"
]);
/** The largest bias that an int32 holds with room for the sum of products. */
var largestBias = 2 ** 30;
function insertQuantization(insertion) {
	return new Inserter(insertion).patch().apply();
}
var Inserter = class {
	#in;
	#index;
	#patch;
	#dequantized = /* @__PURE__ */ new Map();
	/** Values that leave units, each with its integers. */
	#emitted = /* @__PURE__ */ new Map();
	#weights = /* @__PURE__ */ new Map();
	constructor(insertion) {
		this.#in = insertion;
		this.#index = indexGraph(insertion.graph);
		this.#patch = new Patch(insertion.graph);
	}
	patch() {
		const { placement } = this.#in;
		for (const value of placement.entering) this.#enter(value);
		for (const unit of placement.units) {
			const node = this.#integerNode(unit);
			this.#patch.replaceNode(unit.node.name, placement.emitting.has(unit) ? this.#emit(unit, node) : node);
		}
		this.#keepFloats();
		return this.#patch;
	}
	/** Float layers read through a DQ with a scale for each channel, all equal, which onnxruntime leaves alone. */
	#keepFloats() {
		const integer = new Set(this.#in.placement.units.map(({ node }) => node.name));
		for (const node of this.#in.graph.nodes) {
			const [input, weightName] = node.inputs;
			const emitted = this.#emitted.get(input);
			if (emitted === void 0 || node.domain !== "" || !requantizedOps.has(node.opType) || integer.has(node.name)) continue;
			const weight = this.#in.constants.tensor(weightName);
			const channels = weight === void 0 ? 1 : inputChannels(node, weight);
			if (channels === 1) continue;
			const { codes, params } = emitted;
			const scale = this.#patch.freshName(`${input}_scales`);
			const data = new Float32Array(channels).fill(params.scale);
			this.#patch.setInitializer(tensorFromArray(scale, {
				dtype: "float32",
				shape: [channels],
				data
			}));
			const axis = intOf$11(node, "transA", 0) === 1 ? 0 : 1;
			const behind = this.#dequantize(codes, scale, this.#zeroPoint(input, params, channels), axis);
			this.#patch.replaceNode(node.name, {
				...node,
				inputs: [behind, ...node.inputs.slice(1)]
			});
		}
	}
	/** A float value gets a Q and a DQ; units read behind them, all others before. */
	#enter(value) {
		const behind = this.#patch.freshName(`${value}_dequantized`);
		const params = this.#paramsOf(value);
		this.#pair(value, behind, params, params.scale);
		this.#dequantized.set(value, behind);
	}
	/** The node with its operands taken behind DQ. */
	#integerNode(unit) {
		const { node } = unit;
		const inputs = [...node.inputs];
		for (const at of unit.activations) inputs[at] = this.#dequantized.get(inputs[at]) ?? inputs[at];
		if (unit.kind === "compute") this.#quantizeOperands(unit, inputs);
		if (unit.kind === "elementwise") node.inputs.forEach((input, at) => {
			if (!unit.activations.includes(at)) inputs[at] = this.#constant(input);
		});
		return {
			...node,
			inputs
		};
	}
	/** The unit's outputs leave through Q and DQ, whose DQ takes the value's name; what is absorbed falls away. */
	#emit(unit, node) {
		for (const absorbed of unit.absorbed) this.#patch.removeNode(absorbed.name);
		const outputs = [...node.outputs];
		for (const value of outputsOf$2(unit)) {
			const params = this.#paramsOf(value);
			const at = unit.absorbed.length === 0 ? node.outputs.indexOf(value) : 0;
			const before = unit.absorbed.length === 0 ? this.#patch.freshName(`${value}_float`) : outputs[at];
			outputs[at] = before;
			const codes = this.#pair(before, value, params, positiveScale(params.scale / unit.factor));
			this.#emitted.set(value, {
				codes,
				params
			});
		}
		return {
			...node,
			outputs
		};
	}
	#paramsOf(value) {
		return this.#in.params(this.#in.placement.roots.get(value) ?? value);
	}
	/** from → Q → DQ → to. The Q's scale differs where the unit absorbed a factor. @returns what the Q gives */
	#pair(from, to, params, scaleIn) {
		const zeroPoint = this.#zeroPoint(to, params);
		const scaleOut = this.#scalar(`${to}_scale`, params.scale);
		const quantizeScale = scaleIn === params.scale ? scaleOut : this.#scalar(`${from}_scale`, scaleIn);
		const codes = this.#patch.freshName(`${to}_codes`);
		const q = this.#patch.freshName(`${to}_QuantizeLinear`);
		const dq = this.#patch.freshName(`${to}_DequantizeLinear`);
		this.#patch.addNode(makeNode("QuantizeLinear", q, [
			from,
			quantizeScale,
			zeroPoint
		], [codes]));
		this.#patch.addNode(makeNode("DequantizeLinear", dq, [
			codes,
			scaleOut,
			zeroPoint
		], [to]));
		return codes;
	}
	#scalar(wanted, value) {
		const name = this.#patch.freshName(wanted);
		this.#patch.setInitializer(tensorFromArray(name, {
			dtype: "float32",
			shape: [],
			data: Float32Array.of(value)
		}));
		return name;
	}
	/** @param channels as many equal ones; one for the tensor where absent */
	#zeroPoint(value, { dtype, zeroPoint }, channels) {
		const name = this.#patch.freshName(`${value}_zero_point`);
		const shape = channels === void 0 ? [] : [channels];
		const count = channels ?? 1;
		this.#patch.setInitializer(dtype === "uint8" ? tensorFromArray(name, {
			dtype,
			shape,
			data: new Uint8Array(count).fill(zeroPoint)
		}) : tensorFromArray(name, {
			dtype: "int8",
			shape,
			data: new Int8Array(count).fill(zeroPoint)
		}));
		return name;
	}
	/** A constant operand of an element-wise unit, exact where it is one number. */
	#constant(value) {
		const known = this.#dequantized.get(value);
		if (known !== void 0) return known;
		const tensor = this.#in.constants.tensor(value);
		const { data } = readTensor(tensor);
		let low = 0;
		let high = 0;
		for (const element of data) {
			low = Math.min(low, element);
			high = Math.max(high, element);
		}
		const params = activationParams(rangeWithZero(low, high), this.#activationType(), false);
		const lowest = params.dtype === "uint8" ? 0 : -128;
		const codes = Array.from(data, (element) => Math.min(lowest + 255, Math.max(lowest, Math.round(element / params.scale) + params.zeroPoint)));
		const name = this.#patch.freshName(`${value}_codes`);
		const array = params.dtype === "uint8" ? Uint8Array.from(codes) : Int8Array.from(codes);
		this.#patch.setInitializer(tensorFromArray(name, {
			dtype: params.dtype,
			shape: tensor.shape,
			data: array
		}));
		const behind = this.#dequantize(name, this.#scalar(`${value}_scale`, params.scale), this.#zeroPoint(value, params));
		this.#dequantized.set(value, behind);
		return behind;
	}
	#activationType() {
		const [any] = this.#in.placement.entering;
		return any === void 0 ? "uint8" : this.#paramsOf(any).dtype;
	}
	#dequantize(codes, scale, zeroPoint, axis) {
		const value = this.#patch.freshName(`${codes}_dequantized`);
		const name = this.#patch.freshName(`${codes}_DequantizeLinear`);
		const inputs = zeroPoint === "" ? [codes, scale] : [
			codes,
			scale,
			zeroPoint
		];
		const extra = axis === void 0 ? {} : { axis: int$1(axis) };
		this.#patch.addNode(makeNode("DequantizeLinear", name, inputs, [value], extra));
		return value;
	}
	/** Weight and bias of a Conv, Gemm or MatMul; nothing for a MatMul of two activations. */
	#quantizeOperands(unit, inputs) {
		const { node } = unit;
		const weight = this.#in.constants.tensor(node.inputs[1]);
		if (weight === void 0) return;
		const input = this.#paramsOf(node.inputs[0]);
		const axis = this.#in.perChannel ? channelAxis(node, weight) : null;
		const tensor = node.opType === "MatMul" ? void 0 : this.#in.constants.tensor(node.inputs[2] ?? "");
		const own = tensor === void 0 ? null : readTensor(tensor);
		const covering = this.#in.weightScales(node, weight, axis);
		const scales = own === null ? covering : widened(covering, own.data, input.scale);
		const quantized = this.#in.roundWeight(node, weight, scales);
		inputs[1] = this.#weight(node, quantized, scales === covering);
		const bias = this.#in.bias?.(node, weight, quantized) ?? own?.data;
		if (bias === void 0) return;
		if (node.opType === "MatMul") addInstead(this.#patch, this.#index, this.#in.constants, node, bias);
		else inputs[2] = this.#biasCodes(node, bias, scales, input.scale);
	}
	/** int8 codes behind a DQ; a weight that several nodes read in the same way is held once. */
	#weight(node, quantized, shareable) {
		const { scales } = quantized;
		const key = `${node.inputs[1]} along ${scales.axis}`;
		const known = shareable ? this.#weights.get(key) : void 0;
		if (known !== void 0 && sameScales(known.scales, scales)) return known.value;
		const name = this.#patch.freshName(`${node.inputs[1]}_codes`);
		const codes = quantized.codes(name);
		const { unsignedWeights } = this.#in;
		this.#patch.setInitializer(unsignedWeights ? unsigned(codes) : codes);
		const channels = scales.scales.length;
		const shape = scales.axis === null ? [] : [channels];
		const scale = this.#patch.freshName(`${node.inputs[1]}_scale`);
		this.#patch.setInitializer(tensorFromArray(scale, {
			dtype: "float32",
			shape,
			data: scales.scales
		}));
		const zero = this.#patch.freshName(`${node.inputs[1]}_zero_point`);
		const count = scales.axis === null ? 1 : channels;
		const { zeroPoint = 0 } = scales;
		this.#patch.setInitializer(unsignedWeights ? tensorFromArray(zero, {
			dtype: "uint8",
			shape,
			data: new Uint8Array(count).fill(zeroPoint + 128)
		}) : tensorFromArray(zero, {
			dtype: "int8",
			shape,
			data: new Int8Array(count).fill(zeroPoint)
		}));
		const value = this.#dequantize(name, scale, zero, scales.axis ?? void 0);
		if (shareable) this.#weights.set(key, {
			value,
			scales
		});
		return value;
	}
	/** int32 codes with the scale of the products, so that the kernel adds them as they are. */
	#biasCodes(node, bias, { axis, scales }, inputScale) {
		const products = Float32Array.from(scales, (scale) => positiveScale(scale * inputScale));
		const codes = Int32Array.from(bias, (value, at) => clampToInt32(value / (products[at] ?? products[0])));
		const stem = node.inputs[2] || `${node.name}_bias`;
		const name = this.#patch.freshName(`${stem}_codes`);
		this.#patch.setInitializer(tensorFromArray(name, {
			dtype: "int32",
			shape: [codes.length],
			data: codes
		}));
		const scale = this.#patch.freshName(`${stem}_scale`);
		const shape = axis === null ? [] : [products.length];
		this.#patch.setInitializer(tensorFromArray(scale, {
			dtype: "float32",
			shape,
			data: products
		}));
		return this.#dequantize(name, scale, "", axis === null ? void 0 : 0);
	}
};
/** The axis of the output channels, where the node's kernel takes a scale for each; null where it takes one for all. */
function channelAxis(node, weight) {
	switch (node.opType) {
		case "Conv": return 0;
		case "Gemm": return intOf$11(node, "transB", 0) === 1 ? 0 : 1;
		default: return weight.shape.length === 2 ? 1 : null;
	}
}
/** Channels of what a layer reads. */
function inputChannels(node, { shape }) {
	if (node.opType === "ConvTranspose") return shape[0];
	if (node.opType === "Conv") return shape[1] * intOf$11(node, "group", 1);
	return shape[intOf$11(node, "transB", 0) === 1 ? 1 : 0];
}
/** Weight scales raised where the bias would not fit into 32 bits with the scale of the products. */
function widened(weights, bias, inputScale) {
	const largest = new Float32Array(weights.scales.length);
	channelAbsMax(bias, largest.length, 1, 0, largest);
	if (largest.every((magnitude, at) => magnitude / (weights.scales[at] * inputScale) <= largestBias)) return weights;
	const scales = weights.scales.map((scale, at) => Math.max(scale, positiveScale(largest[at] / largestBias / inputScale)));
	return {
		...weights,
		scales
	};
}
function clampToInt32(value) {
	return Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), Math.round(value)));
}
function sameScales(a, b) {
	return a.scales.length === b.scales.length && a.scales.every((scale, at) => scale === b.scales[at]);
}
// src-main/quantize/hessians.ts
/**
* H = Σ x·xᵀ over calibration samples, x being the inputs that one output of a layer multiplies with its weights: a
* patch of all input channels for a Conv (a matrix for each of its groups), a row for a Gemm or MatMul. Summed inside
* the graph, sample by sample.
*/
/** Groups and inputs of a layer with its weight [out, in/groups, …] or [in, out]. */
function hessianSize(node, weight) {
	if (node.opType === "Conv") return {
		groups: intOf$11(node, "group", 1),
		inputs: elementCount(weight.shape.slice(1))
	};
	const transposed = node.opType === "Gemm" && intOf$11(node, "transB", 0) === 1;
	return {
		groups: 1,
		inputs: weight.shape[transposed ? 1 : 0]
	};
}
/** Outputs of a layer with its weight [out, in/groups, …] or [in, out]. */
function layerOutputs(node, { shape }) {
	return (node.opType === "Conv" || intOf$11(node, "transB", 0) === 1 ? shape[0] : shape.at(-1)) ?? 1;
}
/** Sums one output that an edit of the graph adds, over all samples. */
var SumObserver = class {
	value;
	node;
	weight;
	sum = /* @__PURE__ */ new Float64Array(0);
	#name = "";
	constructor(node, weight) {
		this.node = node;
		this.value = node.inputs[0];
		this.weight = weight;
	}
	prepare(patch) {
		this.#name = this.summed(patch);
		return [this.#name];
	}
	see(results) {
		const { data } = results[this.#name];
		if (this.sum.length === 0) this.sum = new Float64Array(data.length);
		let sound = true;
		for (let i = 0; i < data.length; i++) {
			this.sum[i] += data[i];
			sound &&= Number.isFinite(data[i]);
		}
		return sound;
	}
	state() {
		return this.sum;
	}
	restore(state) {
		this.sum = state;
	}
};
var HessianObserver = class extends SumObserver {
	get key() {
		return `Hessian of ${this.node.name}`;
	}
	summed(patch) {
		const { groups, inputs } = hessianSize(this.node, this.weight);
		const isConv = this.node.opType === "Conv";
		const columns = reshapeTo(patch, isConv ? patchesOf(patch, this.node, this.weight) : this.value, isConv ? [
			0,
			groups,
			inputs,
			-1
		] : [
			1,
			1,
			-1,
			inputs
		]);
		const turned = addTo(patch, "Transpose", [columns], { perm: ints([
			0,
			1,
			3,
			2
		]) });
		return addTo(patch, "Einsum", [addTo(patch, "MatMul", isConv ? [columns, turned] : [turned, columns])], { equation: string("ngij->gij") });
	}
	hessian() {
		return {
			...hessianSize(this.node, this.weight),
			sum: this.sum
		};
	}
};
/**
* The patches of a Conv as channels [samples, groups · inputs, …]: a Conv whose weights pick one element of the patch each.
* @param withOne whether a channel that is always 1 follows those of each group
*/
function patchesOf(patch, node, weight, withOne = false) {
	const { groups, inputs } = hessianSize(node, weight);
	const channels = withOne ? inputs + 1 : inputs;
	const pick = new Float32Array(groups * channels * inputs);
	const ones = new Float32Array(groups * channels);
	for (let group = 0; group < groups; group++) {
		for (let i = 0; i < inputs; i++) pick[(group * channels + i) * inputs + i] = 1;
		if (withOne) ones[group * channels + inputs] = 1;
	}
	const value = node.inputs[0];
	const operands = [value, patch.freshName(`${value}_pick`)];
	const shape = [groups * channels, ...weight.shape.slice(1)];
	patch.setInitializer(tensorFromArray(operands[1], {
		dtype: "float32",
		shape,
		data: pick
	}));
	if (withOne) {
		operands.push(patch.freshName(`${value}_ones`));
		const array = {
			dtype: "float32",
			shape: [groups * channels],
			data: ones
		};
		patch.setInitializer(tensorFromArray(operands[2], array));
	}
	return addTo(patch, "Conv", operands, Object.fromEntries(node.attributes));
}
/** The value in another shape; 0 keeps a dim, −1 takes what is left. */
function reshapeTo(patch, value, shape) {
	const name = patch.freshName(`${value}_shape`);
	patch.setInitializer(int64Tensor(name, [shape.length], shape));
	return addTo(patch, "Reshape", [value, name]);
}
/** The first output of a new node. */
function addTo(patch, opType, inputs, extra = {}) {
	const output = patch.freshName(`${inputs[0]}_${opType}`);
	patch.addNode(makeNode(opType, patch.freshName(`${output}_node`), inputs, [output], extra));
	return output;
}
// src-main/quantize/centred-hessians.ts
/**
* The Hessian that counts where a bias is corrected and an activation cuts off: inputs less their mean, since the bias
* takes the shift of the mean back, and only places where a Relu or Clip behind the layer lets the output through, since
* an error anywhere else never leaves the layer (‖f(W·x) − f(Ŵ·x)‖² in place of ‖W·x − Ŵ·x‖², for each output by
* itself).
*
*   H = Σ m·(x − μ)(x − μ)ᵀ    μ = Σ m·x / Σ m    m = 1 where low < y < high, else a small number
*
* Source: Nagel et al. 2020, arXiv:2004.10568, section 3.4 (asymmetric reconstruction with the activation function).
*/
/** What a place that is cut off counts: a little, since new samples may open it. */
var closed = .02;
/** Most inputs of an output for each output of a dense layer to have places of its own. */
var fewInputs = 32;
var CentredHessianObserver = class extends SumObserver {
	#open;
	/** @param open what the activation behind the layer lets through; null where there is none */
	constructor(node, weight, open) {
		super(node, weight);
		const { groups, inputs } = hessianSize(node, weight);
		const isEach = groups > 1 ? groups === this.#outputs : inputs <= fewInputs;
		this.#open = isEach ? open : null;
	}
	get key() {
		const { low, high } = this.#open ?? {
			low: null,
			high: null
		};
		return `centred Hessian of ${this.node.name} between ${low} and ${high}`;
	}
	summed(patch) {
		const columns = this.#columns(patch);
		const { groups } = hessianSize(this.node, this.weight);
		if (this.#open !== null && groups === 1) return this.#summedByOutput(patch, columns, this.#open);
		const turned = addTo(patch, "Transpose", [columns], { perm: ints([
			0,
			1,
			3,
			2
		]) });
		return addTo(patch, "Einsum", [addTo(patch, "MatMul", [this.#open === null ? columns : this.#countedByGroup(patch, columns, this.#open), turned])], { equation: string("ngij->gij") });
	}
	/** The columns of a depthwise layer, those of closed places made small. */
	#countedByGroup(patch, columns, interval) {
		const { groups } = hessianSize(this.node, this.weight);
		return addTo(patch, "Mul", [columns, reshapeTo(patch, this.#openPlaces(patch, interval), [
			0,
			groups,
			1,
			-1
		])]);
	}
	/** A matrix for each output of a dense layer: [outputs, size²]. */
	#summedByOutput(patch, columns, interval) {
		const size = this.#size;
		const places = addTo(patch, "Transpose", [reshapeTo(patch, addTo(patch, "Mul", [reshapeTo(patch, columns, [
			0,
			size,
			1,
			-1
		]), reshapeTo(patch, columns, [
			0,
			1,
			size,
			-1
		])]), [
			0,
			size * size,
			-1
		])], { perm: ints([
			0,
			2,
			1
		]) });
		return addTo(patch, "Einsum", [addTo(patch, "MatMul", [this.#openPlaces(patch, interval), places])], { equation: string("nok->ok") });
	}
	/**
	* A matrix and a mean for each group, or for each output where they have places of their own.
	* @param centred whether the mean is left out, since a bias takes it back
	*/
	hessian(centred = true) {
		const size = this.#size;
		const inputs = size - 1;
		const groups = this.sum.length / (size * size);
		const sum = new Float64Array(groups * inputs * inputs);
		const mean = new Float64Array(groups * inputs);
		for (let group = 0; group < groups; group++) {
			const whole = this.sum.subarray(group * size * size, (group + 1) * size * size);
			const count = whole[size * size - 1];
			for (let j = 0; j < inputs; j++) mean[group * inputs + j] = count === 0 ? 0 : whole[inputs * size + j] / count;
			for (let i = 0; i < inputs; i++) for (let j = 0; j < inputs; j++) {
				const shared = centred ? count * mean[group * inputs + i] * mean[group * inputs + j] : 0;
				sum[(group * inputs + i) * inputs + j] = whole[i * size + j] - shared;
			}
		}
		return centred ? {
			groups,
			inputs,
			sum,
			mean
		} : {
			groups,
			inputs,
			sum
		};
	}
	/** Inputs of an output, and a 1. */
	get #size() {
		return hessianSize(this.node, this.weight).inputs + 1;
	}
	get #outputs() {
		return layerOutputs(this.node, this.weight);
	}
	/** What each place multiplies with the weights, and a 1: [samples, groups, inputs + 1, places]. */
	#columns(patch) {
		const { groups } = hessianSize(this.node, this.weight);
		if (this.node.opType === "Conv") return reshapeTo(patch, patchesOf(patch, this.node, this.weight, true), [
			0,
			groups,
			this.#size,
			-1
		]);
		const rows = reshapeTo(patch, this.value, [
			1,
			1,
			-1,
			this.#size - 1
		]);
		const pads = patch.freshName(`${rows}_pads`);
		patch.setInitializer(int64Tensor(pads, [8], [
			0,
			0,
			0,
			0,
			0,
			0,
			0,
			1
		]));
		return addTo(patch, "Transpose", [addTo(patch, "Pad", [
			rows,
			pads,
			scalar(patch, `${rows}_one`, 1)
		])], { perm: ints([
			0,
			1,
			3,
			2
		]) });
	}
	/** 1 where the output passes, a little where not: [samples, outputs, places]. */
	#openPlaces(patch, { low, high }) {
		const output = this.node.outputs[0];
		const flat = reshapeTo(patch, output, this.node.opType === "Conv" ? [
			0,
			this.#outputs,
			-1
		] : [
			1,
			-1,
			this.#outputs
		]);
		const perm = { perm: ints([
			0,
			2,
			1
		]) };
		const values = this.node.opType === "Conv" ? flat : addTo(patch, "Transpose", [flat], perm);
		const both = addTo(patch, "And", [addTo(patch, "Greater", [values, scalar(patch, `${output}_low`, low)]), addTo(patch, "Less", [values, scalar(patch, `${output}_high`, high)])]);
		const [inside, outside] = [scalar(patch, `${output}_inside`, 1), scalar(patch, `${output}_outside`, closed)];
		return addTo(patch, "Where", [
			both,
			inside,
			outside
		]);
	}
};
function scalar(patch, wanted, value) {
	const name = patch.freshName(wanted);
	patch.setInitializer(floatTensor(name, [], [value]));
	return name;
}
// src-main/quantize/observers/entropy.ts
/**
* The threshold that keeps most of the information: the least Kullback–Leibler divergence from the clipped
* distribution P to P written with `levels` levels, Q. Every threshold is tried; prefix sums make one trial as long as
* there are levels.
*/
var entropy = {
	name: "entropy",
	title: "Entropy",
	source: "Migacz 2017, \"8-bit inference with TensorRT\", GTC; every threshold tried exactly",
	needsHistogram: true,
	range({ min, max, histogram }, { levels }) {
		const seen = rangeWithZero(min, max);
		if (histogram === void 0 || histogram.width === 0) return seen;
		const sideLevels = min < 0 && max > 0 ? levels / 2 : levels;
		const threshold = leastDivergence(magnitudes(histogram), sideLevels) * histogram.width;
		return {
			low: Math.max(seen.low, -threshold),
			high: Math.min(seen.high, threshold)
		};
	}
};
/** counts[i] of |x| in [i, i + 1) · width, exact zeros left out: they are the same in P and in Q. */
function magnitudes({ counts, zeros }) {
	const half = counts.length / 2;
	const sides = new Float64Array(half);
	for (let i = 0; i < half; i++) sides[i] = counts[half + i] + counts[half - 1 - i];
	sides[0] -= zeros;
	return sides;
}
/** How many of the bins to keep; all that are in use where no threshold is better. */
function leastDivergence(counts, levels) {
	const used = lastUsed(counts) + 1;
	if (used <= levels) return used;
	const mass = new Float64Array(used + 1);
	const information = new Float64Array(used + 1);
	const filled = new Float64Array(used + 1);
	for (let i = 0; i < used; i++) {
		const count = counts[i];
		mass[i + 1] = mass[i] + count;
		information[i + 1] = information[i] + xLogX(count);
		filled[i + 1] = filled[i] + (count > 0 ? 1 : 0);
	}
	let best = {
		bins: used,
		divergence: Number.POSITIVE_INFINITY
	};
	for (let bins = levels; bins <= used; bins++) {
		if (counts[bins - 1] === 0) continue;
		const divergence = divergenceAt(bins, levels, counts, mass, information, filled);
		if (divergence <= best.divergence) best = {
			bins,
			divergence
		};
	}
	return best.bins;
}
/** Σ p · log(p / q) with p and q as shares of their sums. */
function divergenceAt(bins, levels, counts, mass, information, filled) {
	const all = mass.at(-1);
	const inside = mass[bins];
	const tail = all - inside;
	const last = counts[bins - 1];
	let crossed = 0;
	for (let level = 0; level < levels; level++) {
		const from = Math.floor(level * bins / levels);
		const to = Math.floor((level + 1) * bins / levels);
		const sum = mass[to] - mass[from];
		if (sum === 0) continue;
		const each = Math.log(sum / (filled[to] - filled[from]));
		crossed += (sum + (to === bins ? tail : 0)) * each;
	}
	return (information[bins] - xLogX(last) + xLogX(last + tail) - crossed) / all - Math.log(all) + Math.log(inside);
}
function lastUsed(counts) {
	let last = counts.length - 1;
	while (last > 0 && counts[last] === 0) last--;
	return last;
}
function xLogX(x) {
	return x > 0 ? x * Math.log(x) : 0;
}
// src-main/quantize/observers/min-max.ts
/** Everything that was seen: no clipping, and a step as wide as the farthest outlier makes it. */
var minMax = {
	name: "min-max",
	title: "Min–max",
	source: "ONNX QuantizeLinear, operator specification",
	needsHistogram: false,
	range: ({ min, max }) => rangeWithZero(min, max)
};
// src-main/quantize/observers/moving-average.ts
/**
* The average, over the samples, of the least and of the largest element: one odd sample moves the range little. The
* running average weighs every sample alike, so that neither their order nor how they are put into batches matters.
*/
var movingAverage = {
	name: "moving-average",
	title: "Average min–max of the samples",
	source: "Jacob et al. 2017, arXiv:1712.05877, section 3.1, with equal weights",
	needsHistogram: true,
	range: ({ min, max, average }) => rangeWithZero(average?.min ?? min, average?.max ?? max)
};
// src-main/quantize/observers/mse.ts
/** Ends that are tried on each side, as shares of what was seen. */
var shares = Array.from({ length: 91 }, (_, i) => 1 - i / 100);
/**
* The ends that make the expected squared error smallest: a value inside is off by step²/12, one beyond by its distance
* to the end, and 0 by nothing.
*/
var meanSquaredError = {
	name: "mse",
	title: "Least squared error",
	source: "Banner et al. 2018, arXiv:1810.05723; Nagel et al. 2021, arXiv:2106.08295, section 3.1",
	needsHistogram: true,
	range: ({ min, max, histogram }, { levels, symmetric }) => histogram === void 0 || histogram.width === 0 ? rangeWithZero(min, max) : leastErrorRange(histogram, levels, symmetric)
};
/** @param levels of the integers, 256 for 8 bits */
function leastErrorRange(histogram, levels, symmetric) {
	const { min, max } = histogram;
	const lows = min < 0 ? shares.map((share) => share * min) : [0];
	const highs = max > 0 ? shares.map((share) => share * max) : [0];
	const below = lows.map((low) => clippedBelow(histogram, low));
	const above = highs.map((high) => clippedAbove(histogram, high));
	const rounded = histogram.total - histogram.zeros;
	let best = {
		low: min,
		high: max,
		error: Number.POSITIVE_INFINITY
	};
	lows.forEach((low, i) => {
		highs.forEach((high, j) => {
			const step = (symmetric && low < 0 && high > 0 ? 2 * Math.max(-low, high) : high - low) / (levels - 1);
			const error = (rounded - below[i].count - above[j].count) * step * step / 12 + below[i].error + above[j].error;
			if (error < best.error) best = {
				low,
				high,
				error
			};
		});
	});
	return rangeWithZero(best.low, best.high);
}
function clippedAbove(histogram, end) {
	return clipped(histogram, (middle) => middle > end, end);
}
function clippedBelow(histogram, end) {
	return clipped(histogram, (middle) => middle < end, end);
}
function clipped(histogram, isBeyond, end) {
	let count = 0;
	let error = 0;
	for (let bin = 0; bin < histogram.counts.length; bin++) {
		const inBin = histogram.counts[bin];
		const middle = histogram.middle(bin);
		if (inBin === 0 || !isBeyond(middle)) continue;
		count += inBin;
		error += inBin * (middle - end) ** 2;
	}
	return {
		count,
		error
	};
}
// src-main/quantize/observers/percentile.ts
/** Share of all values that may lie beyond each end. */
var beyond = 1e-4;
/** Leaves one value in ten thousand beyond each end, interpolated inside its bin. */
var percentile = {
	name: "percentile",
	title: "Percentile 99.99",
	source: "Wu et al. 2020, arXiv:2004.09602, section 3.2",
	needsHistogram: true,
	range: ({ min, max, histogram }) => histogram === void 0 || histogram.width === 0 ? rangeWithZero(min, max) : percentileRange(histogram, beyond)
};
/** The range with at most the share `outside` of all values beyond each end. */
function percentileRange(histogram, outside) {
	const { counts, total, min, max, width } = histogram;
	const allowed = outside * total;
	let above = 0;
	let high = max;
	for (let bin = counts.length - 1; bin >= 0; bin--) {
		const count = counts[bin];
		if (above + count > allowed) {
			high = (bin + 1 - sideBins - (allowed - above) / count) * width;
			break;
		}
		above += count;
	}
	let below = 0;
	let low = min;
	for (let bin = 0; bin < counts.length; bin++) {
		const count = counts[bin];
		if (below + count > allowed) {
			low = (bin - sideBins + (allowed - below) / count) * width;
			break;
		}
		below += count;
	}
	return rangeWithZero(Math.max(min, low), Math.min(max, high));
}
// src-main/quantize/observers/index.ts
var calibrators = [
	minMax,
	movingAverage,
	percentile,
	entropy,
	meanSquaredError
];
/** The calibrator of that name; the option spec admits no other. */
function calibratorNamed(name) {
	return calibrators.find((calibrator) => calibrator.name === name);
}
// src-main/quantize/products-with-bias.ts
/**
* A matrix product with a constant added becomes a Gemm, whose bias goes along into the integer kernel. Left as they
* are, onnxruntime itself makes a Gemm of the two, but one of floats: its int8 Gemm takes no float bias.
*/
/** @param rank of a value; undefined where unknown */
function productsWithBias(graph, rank) {
	const index = indexGraph(graph);
	const constants = constantsOf(index);
	const patch = new Patch(graph);
	for (const node of graph.nodes) {
		if (node.opType !== "MatMul" || node.domain !== "") continue;
		const [input, weight] = node.inputs;
		const columns = constants.tensor(weight)?.shape;
		if (columns?.length !== 2 || rank(input) !== 2 || index.isOutput(node.outputs[0])) continue;
		const bias = biasBehind(node);
		if (bias === null || !isRow(constants.tensor(bias.value), columns[1])) continue;
		const inputs = [
			input,
			weight,
			bias.value
		];
		patch.removeNode(bias.add.name);
		patch.replaceNode(node.name, makeNode("Gemm", node.name, inputs, bias.add.outputs));
	}
	return patch.isEmpty ? graph : patch.apply();
	function biasBehind(product) {
		const [output] = product.outputs;
		const [add, ...others] = index.consumers(output);
		if (add === void 0 || others.length > 0 || add.opType !== "Add" || add.domain !== "") return null;
		const value = add.inputs.find((input) => input !== output);
		return value === void 0 ? null : {
			add,
			value
		};
	}
}
/** [columns] or [1, columns] */
function isRow(tensor, columns) {
	const shape = tensor?.shape ?? [];
	return shape.length <= 2 && shape.at(-1) === columns && elementCount(shape) === columns;
}
// src-main/quantize/rounding.ts
/**
* Rounds the weights of a layer so that its output on calibration samples changes least, not each weight by itself: by
* feedback (GPTQ), or each weight up or down (AdaRound), then single codes are moved while that still lowers the error.
* Sources: Frantar et al. 2022, arXiv:2210.17323 (GPTQ); λ is a share of the mean of H's diagonal as there. Nagel et al.
* 2020, arXiv:2004.10568 (AdaRound).
*/
/** λ as a share of the mean diagonal; ten times as much where H is not positive definite with it. */
var damping = .001;
/**
* int8 codes by the layer's Hessian; one scale an output, or one for all. On the samples of the Hessian the error of no
* output is larger than with each weight at its nearest integer.
*/
function roundByHessian(node, weight, scales, hessian, how = "feedback") {
	const { groups, inputs } = hessian;
	const outputsLast = node.opType === "MatMul" || node.opType === "Gemm" && intOf$11(node, "transB", 0) === 0;
	const { data } = readTensor(weight);
	const outputs = data.length / inputs;
	const rows = outputsLast ? turned$1(data, inputs, outputs) : data;
	const codes = new Int8Array(data.length);
	const perGroup = outputs / groups;
	for (let group = 0; group < groups; group++) {
		const from = group * perGroup;
		const h = hessian.sum.subarray(group * inputs * inputs, (group + 1) * inputs * inputs);
		const part = Float64Array.from(rows.subarray(from * inputs, (from + perGroup) * inputs));
		const partScales = Float32Array.from({ length: perGroup }, (_, i) => scales.scales[from + i] ?? scales.scales[0]);
		const partCodes = codes.subarray(from * inputs, (from + perGroup) * inputs);
		const limit = scales.limit ?? 127;
		if (how === "feedback") {
			const upper = inverseFactor(h.slice(), inputs);
			roundWithFeedback(part.slice(), upper, inputs, partScales, limit, partCodes);
		}
		settle(part, h, partScales, limit, how, partCodes);
	}
	const placed = outputsLast ? Int8Array.from(turned$1(Float32Array.from(codes), outputs, inputs)) : codes;
	return {
		scales,
		codes: (name) => tensorFromArray(name, {
			dtype: "int8",
			shape: weight.shape,
			data: placed
		}),
		shift: hessian.mean === void 0 ? void 0 : shiftsOf(rows, codes, scales.scales, hessian)
	};
}
/** Lowers the error of each output from where it stands and from the nearest integers, and keeps the better. */
function settle(weights, h, scales, limit, how, codes) {
	const inputs = weights.length / scales.length;
	scales.forEach((scale, output) => {
		const row = weights.subarray(output * inputs, (output + 1) * inputs);
		const own = codes.subarray(output * inputs, (output + 1) * inputs);
		const nearest = Int8Array.from(row, (value) => Math.max(-limit, Math.min(limit, Math.round(value / scale))));
		const error = descendCodes(row, h, scale, limit, how === "adaround", nearest);
		if (how === "adaround" || error <= descendCodes(row, h, scale, limit, false, own)) own.set(nearest);
	});
}
/** What rounding takes off the mean of each output: (W − Ŵ)·μ, [outputs]. */
function shiftsOf(rows, codes, scales, { groups, inputs, mean }) {
	const outputs = rows.length / inputs;
	return Float64Array.from({ length: outputs }, (_, output) => {
		const own = Math.floor(output * groups / outputs) * inputs;
		const scale = scales[output] ?? scales[0];
		let shift = 0;
		for (let j = 0; j < inputs; j++) {
			const at = output * inputs + j;
			shift += (rows[at] - codes[at] * scale) * mean[own + j];
		}
		return shift;
	});
}
function turned$1(x, rows, columns) {
	const y = new Float32Array(x.length);
	transpose(x, rows, columns, y);
	return y;
}
/** U with (H + λ·I)⁻¹ = Uᵀ·U; an input that never was anything but 0 stands alone. */
function inverseFactor(h, inputs) {
	let trace = 0;
	for (let i = 0; i < inputs; i++) trace += h[i * inputs + i];
	const mean = trace === 0 ? 1 : trace / inputs;
	for (let share = damping; share < 1e6; share *= 10) {
		const damped = h.slice();
		for (let i = 0; i < inputs; i++) damped[i * inputs + i] += share * mean;
		if (inverseUpperCholesky(damped, inputs) < 0) return damped;
	}
	throw new LatheError({
		who: "rounding",
		what: "the inputs of a layer are not finite numbers",
		code: "failed"
	});
}
// src-main/quantize/saturation.ts
/**
* x64 CPUs without VNNI multiply unsigned by signed bytes and add two neighbouring products in 16 bits, which saturate
* silently: 255·w₀ + 255·w₁ must stay within −2¹⁵ … 2¹⁵ − 1.
* Source: Intel 64 and IA-32 Architectures Software Developer's Manual, VPMADDUBSW.
*/
/** Largest activation; signed ones are moved up by 128 when onnxruntime loads the model. */
var largestActivation = 255;
/**
* Whether two weights that a kernel multiplies side by side could leave 16 bits, whatever the activations.
* @param codes int8 weight of a Conv [out, in/groups, …], Gemm or MatMul [in, out] or [out, in]
*/
function maySaturate(node, codes) {
	const q = readTensor(codes).data;
	const { stepOf, length, starts } = neighbours(node, codes.shape);
	for (const start of starts) for (let i = 0; i + 1 < length; i++) {
		const sum = largestActivation * (q[start + stepOf(i)] + q[start + stepOf(i + 1)]);
		if (sum > 32767 || sum < -32768) return true;
	}
	return false;
}
function neighbours(node, shape) {
	if (node.opType === "Conv") {
		const [outputs, inputs, ...places] = shape;
		const area = elementCount(places);
		const length = inputs === 1 && intOf$11(node, "group", 1) > 1 ? 0 : inputs * area;
		return {
			starts: multiples(outputs, inputs * area),
			length,
			stepOf: (i) => i % inputs * area + Math.floor(i / inputs)
		};
	}
	const transposed = node.opType === "Gemm" && intOf$11(node, "transB", 0) === 1;
	const [rows, columns] = shape.slice(-2);
	if (transposed) return {
		starts: multiples(rows, columns),
		length: columns,
		stepOf: (i) => i
	};
	return {
		starts: columnStarts(elementCount(shape) / (rows * columns), rows, columns),
		length: rows,
		stepOf: (i) => i * columns
	};
}
function* multiples(count, step) {
	for (let i = 0; i < count; i++) yield i * step;
}
function* columnStarts(matrices, rows, columns) {
	for (let matrix = 0; matrix < matrices; matrix++) yield* offset(multiples(columns, 1), matrix * rows * columns);
}
function* offset(numbers, by) {
	for (const number of numbers) yield number + by;
}
// src-main/quantize/tables.ts
/** Embedding tables as int8: what a Gather reads, each row with a scale of its own. */
/** Tables smaller than this are not worth three more nodes. */
var smallestTable$1 = 16384;
/** The switch of methods that can store them so. */
var embeddings$1 = {
	kind: "boolean",
	title: "Embedding tables",
	help: "Stores the tables that Gather reads as int8 too, with a scale for each row: saves size, costs no time.",
	default: true
};
/** Whether a node picks rows of a large constant matrix. */
function readsTable(node, constants) {
	if (node.opType !== "Gather" || node.domain !== "" || intOf$11(node, "axis", 0) !== 0) return false;
	const table = constants.tensor(node.inputs[0]);
	return table?.dtype === "float32" && table.shape.length === 2 && elementCount(table.shape) >= smallestTable$1;
}
/**
* Rows of int8 codes, each times its scale, in place of rows of floats.
* @param codes int8 [rows, columns]
* @param scale float32 [rows, 1]
*/
function gatherIntegers(patch, node, codes, scale) {
	const [output] = node.outputs;
	const ids = node.inputs[1];
	const add = (opType, inputs, suffix, extra = {}) => {
		const value = patch.freshName(`${output}_${suffix}`);
		patch.addNode(makeNode(opType, patch.freshName(`${node.name}_${suffix}`), inputs, [value], extra));
		return value;
	};
	const axis = { axis: int$1(0) };
	const rows = add("Gather", [codes, ids], "codes", axis);
	const scales = add("Gather", [scale, ids], "scale", axis);
	const floats = add("Cast", [rows], "float", { to: int$1(dtypeCode("float32")) });
	patch.removeNode(node.name);
	patch.addNode(makeNode("Mul", patch.freshName(`${node.name}_rescale`), [floats, scales], [output]));
}
/** Every table of a graph; one that several nodes read is stored once. */
function quantizeTables(patch, nodes, constants, admits, tally) {
	const stored = /* @__PURE__ */ new Map();
	for (const node of nodes) {
		if (!readsTable(node, constants)) continue;
		tally.eligible++;
		if (!admits(node)) {
			tally.skip(node, "not among the targets");
			continue;
		}
		const table = constants.tensor(node.inputs[0]);
		const known = stored.get(table.name) ?? store$1(patch, table);
		stored.set(table.name, known);
		gatherIntegers(patch, node, ...known);
		tally.changed++;
	}
}
function store$1(patch, table) {
	const scales = minMaxScales(table, 0);
	const names = [patch.freshName(`${table.name}_codes`), patch.freshName(`${table.name}_scale`)];
	patch.setInitializer(quantizedWeight(names[0], table, scales));
	const shape = [table.shape[0], 1];
	patch.setInitializer(tensorFromArray(names[1], {
		dtype: "float32",
		shape,
		data: scales.scales
	}));
	return names;
}
// src-main/quantize/unused.ts
/** What an edit leaves behind. */
/** The graph without initializers, Constants, Transposes, Casts and DequantizeLinears that nothing reads any more. */
function withoutUnused(graph) {
	let nodes = graph.nodes;
	for (;;) {
		const index = indexGraph({
			...graph,
			nodes
		});
		const unread = (value) => index.consumers(value).length === 0 && !index.isOutput(value);
		const kept = nodes.filter((node) => node.domain !== "" || ![
			"Constant",
			"DequantizeLinear",
			"Transpose",
			"Identity",
			"Cast"
		].includes(node.opType) || !node.outputs.every(unread));
		if (kept.length === nodes.length) {
			const initializers = new Map([...graph.initializers].filter(([name]) => !unread(name) || index.isInput(name)));
			return {
				...graph,
				nodes,
				initializers
			};
		}
		nodes = kept;
	}
}
// src-main/quantize/wide-activations.ts
/**
* 16-bit activations around chosen layers: what they read and what they give goes through Q and DQ of uint16, their
* weights through DQ of int8. Accelerators compute such layers in integers; onnxruntime's CPU provider has no kernel
* for it and computes them in float.
*
* Before opset 21 the types are onnxruntime's own, in its domain.
*/
/** The first opset whose QuantizeLinear has 16-bit types. */
var nativeOpset = 21;
/** Where Q and DQ of 16 bits come from. */
function wideDomain(opset) {
	return opset >= nativeOpset ? "" : "com.microsoft";
}
/** The values that a layer's 16-bit integers stand for. */
function wideValues({ inputs, outputs }) {
	return [inputs[0], outputs[0]];
}
function widenActivations(graph, widening) {
	const index = indexGraph(graph);
	const patch = new Patch(graph);
	const widened = /* @__PURE__ */ new Map();
	for (const node of graph.nodes) {
		if (!widening.layers.has(node.name)) continue;
		const [input, output] = wideValues(node);
		const read = widened.get(input) ?? patch.freshName(`${input}_wide`);
		if (!widened.has(input)) addPair(input, read);
		widened.set(input, read);
		const isRead = index.isOutput(output) || index.consumers(output).length > 0;
		const made = isRead ? patch.freshName(`${output}_float`) : output;
		if (isRead) addPair(made, output, output);
		const weight = dequantizedWeight(node);
		patch.replaceNode(node.name, {
			...node,
			inputs: [
				read,
				weight,
				...node.inputs.slice(2)
			],
			outputs: [made]
		});
	}
	return patch.isEmpty ? graph : patch.apply();
	function addPair(from, to, measured = from) {
		const { scale, zeroPoint } = widening.params(measured);
		const domain = wideDomain(widening.opset);
		const s = setScalar(`${to}_scale`, {
			dtype: "float32",
			shape: [],
			data: Float32Array.of(scale)
		});
		const z = setScalar(`${to}_zero_point`, {
			dtype: "uint16",
			shape: [],
			data: Uint16Array.of(zeroPoint)
		});
		const codes = patch.freshName(`${to}_codes`);
		const q = makeNode("QuantizeLinear", patch.freshName(`${to}_QuantizeLinear`), [
			from,
			s,
			z
		], [codes]);
		const dq = makeNode("DequantizeLinear", patch.freshName(`${to}_DequantizeLinear`), [
			codes,
			s,
			z
		], [to]);
		patch.addNode({
			...q,
			domain
		}).addNode({
			...dq,
			domain
		});
	}
	function setScalar(wanted, array) {
		const name = patch.freshName(wanted);
		patch.setInitializer(tensorFromArray(name, array));
		return name;
	}
	function dequantizedWeight(node) {
		const own = node.inputs[1];
		const weight = widening.constants.tensor(own);
		const axis = widening.perChannel ? channelAxis(node, weight) : null;
		const quantized = widening.quantize(node, weight, axis);
		const codes = quantized.codes(patch.freshName(`${own}_codes`));
		patch.setInitializer(codes);
		const { scales } = quantized.scales;
		const s = setScalar(`${own}_scale`, {
			dtype: "float32",
			shape: axis === null ? [] : [scales.length],
			data: scales
		});
		const value = patch.freshName(`${own}_dequantized`);
		const extra = axis === null ? {} : { axis: int$1(axis) };
		patch.addNode(makeNode("DequantizeLinear", patch.freshName(`${value}_node`), [codes.name, s], [value], extra));
		return value;
	}
}
// src-main/quantize/static-quantizer.ts
/**
* Static quantization of one model, taken apart: what calibration saw is kept, and any number of int8 graphs are built
* from it without running the model again.
*/
/** A layer with more weights an output rounds to nearest: its Hessian would take more than 32 MB. */
var largestLayer = 2048;
/** Most weights an output for a layer to count as small. */
var smallLayer = 128;
/** Share of all products and weights up to which a last layer stays in float. */
var smallShare = .01;
var headReason = "a last layer so small that integers gain it nothing, and whose rounding all answers would show";
/** What may stand between the last layer and the outputs. */
var behindHeads = new Set("Softmax LogSoftmax Sigmoid Flatten Reshape Squeeze Unsqueeze Identity Add".split(" "));
var StaticQuantizer = class StaticQuantizer {
	model;
	index;
	constants;
	#types;
	#targets;
	#dims;
	#attention;
	/** Last layers that stay in float. */
	#heads;
	#calibration = {
		statistics: /* @__PURE__ */ new Map(),
		means: /* @__PURE__ */ new Map(),
		ran: 0,
		resumed: 0
	};
	#correctsBias = false;
	#seen = {
		ran: 0,
		resumed: 0
	};
	#hessians = /* @__PURE__ */ new Map();
	#rounding = "feedback";
	/** Layer → means of what reaches it in the quantized model and in the float one, where both were measured. */
	#arriving = /* @__PURE__ */ new Map();
	/** Layer → its weight, rounded by the Hessian with those scales. */
	#rounded = /* @__PURE__ */ new Map();
	constructor(model, types, targets, dims, attention) {
		this.model = model;
		this.index = indexGraph(model.graph);
		this.constants = constantsOf(this.index);
		this.#types = types;
		this.#targets = targets;
		this.#dims = dims;
		this.#attention = attention;
		this.#heads = this.#smallHeads();
	}
	/** @param model as `prepare` gives it */
	static async of(model, targets, dims, attention) {
		const types = await valueTypes(model);
		const rank = (value) => {
			const type = types.get(value);
			return type?.kind === "tensor" ? type.shape?.length : void 0;
		};
		const graph = productsWithBias(model.graph, rank);
		const merged = graph === model.graph ? model : {
			...model,
			graph
		};
		return new StaticQuantizer(merged, types, targets, dims, attention);
	}
	/** How the samples came to be seen, all passes together. */
	get seen() {
		return this.#seen;
	}
	#count({ ran, resumed }) {
		this.#seen = {
			ran: this.#seen.ran + ran,
			resumed: this.#seen.resumed + resumed
		};
	}
	get statistics() {
		return this.#calibration.statistics;
	}
	/** Where int8 would go, with some nodes left in float and some with 16-bit activations; small heads stay in float. */
	placement(keepFloat = /* @__PURE__ */ new Set(), wide = /* @__PURE__ */ new Set()) {
		const admits = targetFilter(this.#targets);
		const placement = planPlacement({
			index: this.index,
			constants: this.constants,
			admits: (node) => admits(node) && !keepFloat.has(node.name) && !wide.has(node.name) && !this.#heads.has(node.name),
			elements: (value) => this.elements(value),
			rank: (value) => this.#shape(value)?.length,
			attention: this.#attention,
			wide
		});
		const skipped = placement.skipped.map((skip) => this.#heads.has(skip.node.name) && admits(skip.node) ? {
			...skip,
			reason: headReason
		} : skip);
		return {
			...placement,
			skipped
		};
	}
	/** Multiply–accumulates of a layer with a constant weight in one run; 0 of any other node. */
	products(node) {
		const weight = isComputeNode(node) ? this.constants.tensor(node.inputs[1]) : void 0;
		if (weight === void 0) return 0;
		return this.elements(node.outputs[0]) * elementCount(weight.shape) / layerOutputs(node, weight);
	}
	/** Layers that give the outputs of the model with a hundredth of its products and weights, or less. */
	#smallHeads() {
		const layers = this.index.graph.nodes.filter((node) => this.products(node) > 0);
		const products = layers.reduce((sum, node) => sum + this.products(node), 0);
		const weights = layers.reduce((sum, node) => sum + this.#weights(node), 0);
		const heads = this.index.graph.outputs.flatMap(({ name }) => {
			let maker = this.index.producer(name);
			while (maker !== void 0 && behindHeads.has(maker.opType)) maker = this.index.producer(maker.inputs[0]);
			return maker === void 0 ? [] : [maker];
		});
		const isSmall = (node) => this.products(node) > 0 && this.products(node) <= smallShare * products && this.#weights(node) <= smallShare * weights;
		return new Set(heads.filter(isSmall).map(({ name }) => name));
	}
	#weights(node) {
		return elementCount(this.constants.tensor(node.inputs[1])?.shape ?? [0]);
	}
	/** Elements of a value for one sample; a dim of unknown size counts as 1. */
	elements(value) {
		return (this.#shape(value) ?? []).reduce((product, dim) => {
			const size = typeof dim === "string" ? this.#dims[dim] ?? 1 : dim ?? 1;
			return product * Math.max(1, size);
		}, 1);
	}
	/**
	* Runs the model over the samples, once.
	* @param values whose ranges are asked for
	*/
	async calibrate(values, data, { histograms, biasCorrection }, work) {
		const isKept = data.cache !== null;
		const means = biasCorrection || isKept ? this.#meanRequests() : [];
		const request = {
			model: this.model,
			values,
			means,
			data,
			histograms: histograms || isKept
		};
		this.#calibration = await calibrate(request, work);
		this.#count(this.#calibration);
		this.#correctsBias = biasCorrection;
	}
	/** Sums what rounding by the output error needs. */
	async collectHessians(rounding, data, work) {
		if (rounding === "nearest") return;
		const most = rounding === "small-layers" ? smallLayer : largestLayer;
		this.#rounding = rounding === "adaround" ? "adaround" : "feedback";
		const observers = [];
		for (const unit of this.placement().units) {
			const { kind, node } = unit;
			const weight = kind === "compute" ? this.constants.tensor(node.inputs[1]) : void 0;
			if (weight === void 0 || weight.shape.length > 5 || hessianSize(node, weight).inputs > most) continue;
			const hasBias = this.#biasOf(node) !== null;
			const open = openInterval(this.constants, unit);
			observers.push(hasBias ? new CentredHessianObserver(node, weight, open) : new HessianObserver(node, weight));
		}
		this.#count(await observe({
			model: this.model,
			data
		}, observers, portion(work, 0, 1, "Measuring layer inputs")));
		this.#hessians = new Map(observers.map((observer) => [observer.node.name, observer.hessian(this.#correctsBias)]));
	}
	/**
	* Measures, one layer after the other, what reaches each layer in the quantized model, so that its bias takes back what
	* the layers before it shift as well. A pass over the samples a layer.
	* @throws LatheError as {@link calibrate}
	*/
	async correctInOrder(placement, config, data, work) {
		const layers = placement.units.flatMap(({ kind, node }) => {
			const request = kind === "compute" && this.#biasOf(node) !== null ? meanRequest(node, this.#shape(node.inputs[0])?.length) : null;
			return request === null ? [] : [{
				node,
				request
			}];
		});
		const float = new Map(layers.map(({ request }) => [request.value, new MeanObserver(request)]));
		const once = portion(work, 0, 1 / (layers.length + 1), "Measuring means");
		this.#count(await observe({
			model: this.model,
			data
		}, [...float.values()], once));
		for (const [at, { node, request }] of layers.entries()) {
			work.signal.throwIfAborted();
			const built = this.modelOf(this.build(placement, config));
			const value = built.graph.nodes.find(({ name }) => name === node.name)?.inputs[0];
			const outputs = [makeValue(value, "float32", null)];
			const { model } = eliminateDeadNodes({
				...built,
				graph: {
					...built.graph,
					outputs
				}
			});
			const observer = new MeanObserver({
				...request,
				value
			});
			const part = portion(work, (at + 1) / (layers.length + 1), (at + 2) / (layers.length + 1), "Correcting biases");
			this.#count(await observe({
				model,
				data: {
					...data,
					cache: null
				}
			}, [observer], part));
			const seen = float.get(request.value);
			this.#arriving.set(node.name, {
				quantized: observer.mean(),
				float: seen.mean()
			});
		}
	}
	/** Layers whose products of an unsigned and a signed integer, added in pairs, could leave 16 bits. */
	saturating({ units }, config) {
		return units.filter(({ kind, node }) => {
			const weight = kind === "compute" ? this.constants.tensor(node.inputs[1]) : void 0;
			if (weight === void 0) return false;
			return maySaturate(node, roundToNearest(weight, weightScales(node, weight, config.perChannel ? channelAxis(node, weight) : null, config)).codes(""));
		}).map(({ node }) => node.name);
	}
	/** The int8 graph of a placement. */
	build(placement, config) {
		const graph = insertQuantization({
			graph: this.model.graph,
			constants: this.constants,
			placement,
			params: (value) => this.params(value, config),
			weightScales: (node, weight, axis) => weightScales(node, weight, axis, config),
			roundWeight: (node, weight, scales) => this.roundWeight(node, weight, scales),
			bias: (node, weight, quantized) => this.correctedBias(node, weight, quantized),
			perChannel: config.perChannel,
			unsignedWeights: config.weightType === "uint8"
		});
		return withoutUnused(this.#widened(graph, config));
	}
	/** A graph that {@link build} gave, with the tables of its embeddings as integers too. */
	withTables(graph, tally) {
		const patch = new Patch(graph);
		quantizeTables(patch, graph.nodes, constantsOf(indexGraph(graph)), targetFilter(this.#targets), tally);
		return patch.isEmpty ? graph : withoutUnused(patch.apply());
	}
	#widened(graph, config) {
		const { wide = /* @__PURE__ */ new Set() } = config;
		if (wide.size === 0) return graph;
		return widenActivations(graph, {
			constants: this.constants,
			layers: wide,
			params: (value) => this.params(value, {
				...config,
				activationType: "uint16"
			}),
			quantize: (node, weight, axis) => this.roundWeight(node, weight, weightScales(node, weight, axis, config)),
			perChannel: config.perChannel,
			opset: this.#opset
		});
	}
	/**
	* The float model with biases that take back what weights of products lose when each is rounded to its nearest
	* integer, one scale an output: for a method that rounds them so and calibrates nothing.
	*/
	correctedForRounding() {
		const patch = new Patch(this.model.graph);
		for (const { kind, node } of this.placement().units) {
			const weight = kind === "compute" ? this.constants.tensor(node.inputs[1]) : void 0;
			if (weight === void 0 || node.opType === "Conv") continue;
			const bias = this.correctedBias(node, weight, roundToNearest(weight, minMaxScales(weight, channelAxis(node, weight))));
			if (bias === void 0) continue;
			if (node.opType === "MatMul") {
				addInstead(patch, this.index, this.constants, node, bias);
				continue;
			}
			const name = patch.freshName(`${node.name}_bias_corrected`);
			patch.setInitializer(tensorFromArray(name, {
				dtype: "float32",
				shape: [bias.length],
				data: bias
			}));
			patch.replaceNode(node.name, {
				...node,
				inputs: [...node.inputs.slice(0, 2), name]
			});
		}
		return patch.isEmpty ? this.model : {
			...this.model,
			graph: patch.apply()
		};
	}
	/** The model with a graph that {@link build} gave. */
	modelOf(graph) {
		const domain = wideDomain(this.#opset);
		if (!(domain !== "" && graph.nodes.some((node) => node.domain === domain)) || this.model.opsets.has(domain)) return {
			...this.model,
			graph
		};
		return {
			...this.model,
			graph,
			opsets: new Map([...this.model.opsets, [domain, 1]])
		};
	}
	get #opset() {
		return this.model.opsets.get("") ?? 1;
	}
	/** Scale and zero point of a measured value. */
	params(value, { calibrator, symmetric, activationType = "uint8" }) {
		const statistics = this.statistics.get(value);
		const levels = activationType === "uint16" ? 65536 : 256;
		return activationParams(calibratorNamed(calibrator).range(statistics, {
			levels,
			symmetric
		}), activationType, symmetric);
	}
	roundWeight(node, weight, scales) {
		const hessian = this.#hessians.get(node.name);
		if (hessian === void 0 || scales.zeroPoint !== void 0) return roundToNearest(weight, scales);
		const known = this.#rounded.get(node.name);
		if (known !== void 0 && isSameGrid(known.scales, scales)) return known;
		const rounded = roundByHessian(node, weight, scales, hessian, this.#rounding);
		this.#rounded.set(node.name, rounded);
		return rounded;
	}
	/** The bias that takes back what a rounded weight shifts: [out]; undefined where there is nothing to correct. */
	correctedBias(node, weight, quantized) {
		const means = this.#correctsBias ? this.#calibration.means.get(node.inputs[0]) : void 0;
		const name = this.#biasOf(node);
		if (means === void 0 || name === null) return void 0;
		const bias = this.constants.tensor(name);
		const arriving = this.#arriving.get(node.name);
		if (arriving === void 0 && quantized.shift !== void 0) return withShift(node, bias, quantized.shift);
		return correctedBias(node, weight, quantized.codes(""), quantized.scales, bias, arriving?.float ?? means, arriving?.quantized);
	}
	/** The value that holds the bias of a layer, '' where it has none yet; null where none can be. */
	#biasOf(node) {
		if (node.opType !== "MatMul") return node.inputs[2] ?? "";
		const added = addedBias(this.index, this.constants, node);
		return added === null ? null : added.add.inputs[added.at];
	}
	/** The means of what the layers with a bias read, once each. */
	#meanRequests() {
		const requests = this.placement().units.filter(({ kind, node }) => kind === "compute" && this.#biasOf(node) !== null).map(({ node }) => meanRequest(node, this.#shape(node.inputs[0])?.length)).filter((request) => request !== null);
		return [...new Map(requests.map((request) => [request.value, request])).values()];
	}
	#shape(value) {
		const type = this.#types.get(value);
		return type?.kind === "tensor" ? type.shape : null;
	}
};
function weightScales(node, weight, axis, { asymmetricWeights, narrow, weightRanges }) {
	if (asymmetricWeights === true) return wholeRangeScales(weight);
	const covering = minMaxScales(weight, axis, narrow?.has(node.name) ? 64 : void 0);
	return weightRanges === "mse" ? leastErrorScales(weight, covering) : covering;
}
function isSameGrid(a, b) {
	return a.limit === b.limit && a.scales.length === b.scales.length && a.scales.every((x, at) => x === b.scales[at]);
}
/** Every value whose range a placement needs. */
function measuredValues({ units, emitting, entering, roots }) {
	const emitted = units.filter((unit) => emitting.has(unit) && unit.kind !== "move").map((unit) => unit.output);
	return [.../* @__PURE__ */ new Set([...entering, ...emitted])].filter((value) => !roots.has(value));
}
/** Every value whose range any placement that leaves more nodes in float may need. */
function measurableValues({ units }) {
	return [...new Set(units.flatMap((unit) => [
		...activationsOf(unit),
		...outputsOf$2(unit),
		...unit.node.outputs
	]))].filter((value) => value !== "");
}
// src-main/quantize/sensitivity.ts
/**
* How much each source of rounding costs the model's outputs. One graph holds every source behind a switch, so that a
* single session answers for all of them: v' = v + s·(DQ(Q(v)) − v), with s from the input `switches`.
*
* A source is the rounding of one activation, or of one weight. Small errors from different sources add up in power.
*/
var switchesName = "lathe_switches";
/** Each source of a placement with its noise, the loudest first. */
async function measureSensitivity(quantizer, placement, config, data, work) {
	const sources = sourcesOf(quantizer, placement);
	const { graph, outputs } = withUnsquashed(switchboard(quantizer, sources, config));
	const session = await openSession({
		...quantizer.model,
		graph
	}, {
		background: true,
		threads: availableParallelism()
	});
	const noise = new Float64Array(sources.length);
	let done = 0;
	try {
		for await (const { feeds } of data.batches()) {
			const run = async (on) => session.run({
				...feeds,
				[switchesName]: oneHot(sources.length, on)
			}, outputs);
			const reference = await run(-1);
			for (let at = 0; at < sources.length; at++) {
				work.signal.throwIfAborted();
				noise[at] += relativeError(reference, await run(at)) / data.samples;
				const fraction = ++done / (sources.length * data.samples);
				work.progress({
					phase: "Measuring sensitivity",
					fraction,
					detail: sources[at]?.name ?? ""
				});
			}
		}
	} finally {
		await session.release();
	}
	return sources.map((source, at) => ({
		...source,
		noise: noise[at]
	})).sort((a, b) => b.noise - a.noise);
}
/**
* The nodes to leave in float so that what the other sources cost stays within a budget, at little time: taken in by what
* each gains for its cost, and let go again where those taken later made it needless.
* @param cost of running a unit in float
* @param budget error power of the outputs, as a share of their own power
*/
function floatSet(sources, cost, budget) {
	const kept = /* @__PURE__ */ new Map();
	const isIn = (unit) => !kept.has(unit.node.name);
	const left = () => sources.filter(({ units, noise }) => noise > 0 && units.some(isIn));
	for (let loud = left(); loud.length > 0 && totalNoise(loud) > budget; loud = left()) {
		const worth = ({ noise, units }) => noise / units.filter(isIn).reduce((sum, unit) => sum + cost(unit), 0);
		const best = loud.reduce((a, b) => worth(b) > worth(a) ? b : a);
		for (const unit of best.units) kept.set(unit.node.name, cost(unit));
	}
	for (const [name, price] of [...kept].sort((a, b) => b[1] - a[1])) {
		kept.delete(name);
		if (totalNoise(left()) > budget) kept.set(name, price);
	}
	return new Set(kept.keys());
}
/** Errors of different sources add up in power. */
function totalNoise(sources) {
	return sources.reduce((sum, { noise }) => sum + noise, 0);
}
function sourcesOf({ constants }, placement) {
	const readers = /* @__PURE__ */ new Map();
	for (const unit of placement.units) for (const value of activationsOf(unit)) {
		const root = placement.roots.get(value) ?? value;
		readers.set(root, [...readers.get(root) ?? [], unit]);
	}
	const emitters = new Map(placement.units.map((unit) => [unit.output, unit]));
	const activations = measuredValues(placement).map((name) => {
		const emitter = emitters.get(name);
		const reading = (readers.get(name) ?? []).filter((unit) => unit.kind !== "move");
		return {
			kind: "activation",
			name,
			units: reading.length > 0 ? reading : emitter === void 0 ? [] : [emitter]
		};
	});
	const weights = placement.units.filter((unit) => unit.kind === "compute" && constants.tensor(unit.node.inputs[1]) !== void 0).map((unit) => ({
		kind: "weight",
		name: unit.node.name,
		units: [unit]
	}));
	return [...activations.filter(({ units }) => units.length > 0), ...weights];
}
/** The float graph with every source behind its switch. */
function switchboard(quantizer, sources, config) {
	const { graph } = quantizer.model;
	const withActivations = new SwitchPatch(graph);
	sources.forEach((source, at) => {
		if (source.kind === "activation") withActivations.switchActivation(source.name, at, quantizer.params(source.name, config));
	});
	withActivations.patch.setInputs([...graph.inputs, makeValue(switchesName, "float32", [sources.length])]);
	const between = withActivations.patch.apply();
	const withWeights = new SwitchPatch(between);
	const nodes = new Map(between.nodes.map((node) => [node.name, node]));
	sources.forEach((source, at) => {
		const node = nodes.get(source.name);
		if (source.kind === "weight" && node !== void 0) withWeights.switchWeight(node, at, quantizer, config, nodes);
	});
	return withWeights.patch.apply();
}
var SwitchPatch = class {
	patch;
	constructor(graph) {
		this.patch = new Patch(graph);
	}
	switchActivation(value, at, { scale, zeroPoint }) {
		const s = this.#initializer(`${value}_s`, {
			dtype: "float32",
			shape: [],
			data: Float32Array.of(scale)
		});
		const z = this.#initializer(`${value}_z`, {
			dtype: "uint8",
			shape: [],
			data: Uint8Array.of(zeroPoint)
		});
		const codes = this.#add("QuantizeLinear", [
			value,
			s,
			z
		], value);
		this.patch.redirect(value, this.#switched(value, this.#add("DequantizeLinear", [
			codes,
			s,
			z
		], value), at));
	}
	/** @param nodes of this graph by name */
	switchWeight(node, at, quantizer, { perChannel }, nodes) {
		const own = node.inputs[1];
		const weight = quantizer.constants.tensor(own);
		const scales = minMaxScales(weight, perChannel ? channelAxis(node, weight) : null);
		const quantized = quantizer.roundWeight(node, weight, scales);
		const codes = quantized.codes(this.patch.freshName(`${node.name}_codes`));
		this.patch.setInitializer(codes);
		const shape = scales.axis === null ? [] : [scales.scales.length];
		const s = this.#initializer(`${node.name}_s`, {
			dtype: "float32",
			shape,
			data: scales.scales
		});
		const axis = scales.axis === null ? {} : { axis: int$1(scales.axis) };
		const rounded = this.#add("DequantizeLinear", [codes.name, s], node.name, axis);
		const inputs = [...node.inputs];
		inputs[1] = this.#switched(own, rounded, at);
		const corrected = quantizer.correctedBias(node, weight, quantized);
		if (corrected !== void 0 && node.opType === "MatMul") {
			const added = addedBias(quantizer.index, quantizer.constants, node);
			const add = nodes.get(added.add.name);
			const operands = [...add.inputs];
			operands[added.at] = this.#switchedBias(operands[added.at], corrected, at);
			this.patch.replaceNode(add.name, {
				...add,
				inputs: operands
			});
		} else if (corrected !== void 0) inputs[2] = this.#switchedBias(inputs[2] ?? "", corrected, at);
		this.patch.replaceNode(node.name, {
			...node,
			inputs
		});
	}
	/** A bias that goes with the rounded weight: [out]. */
	#switchedBias(own, corrected, at) {
		const value = this.#initializer("bias_corrected", {
			dtype: "float32",
			shape: [corrected.length],
			data: corrected
		});
		return own === "" ? this.#add("Mul", [this.#on(at), value], value) : this.#switched(own, value, at);
	}
	/** value + switch · (rounded − value) */
	#switched(value, rounded, at) {
		const error = this.#add("Mul", [this.#on(at), this.#add("Sub", [rounded, value], value)], value);
		return this.#add("Add", [value, error], value);
	}
	#on(at) {
		const index = this.patch.freshName(`switch_${at}_index`);
		this.patch.setInitializer(int64Tensor(index, [], [at]));
		return this.#add("Gather", [switchesName, index], `switch_${at}`);
	}
	#add(opType, inputs, stem, extra = {}) {
		const output = this.patch.freshName(`${stem}_${opType}`);
		this.patch.addNode(makeNode(opType, this.patch.freshName(`${output}_node`), inputs, [output], extra));
		return output;
	}
	#initializer(stem, array) {
		const name = this.patch.freshName(stem);
		this.patch.setInitializer(tensorFromArray(name, array));
		return name;
	}
};
/** Outputs that are float32, or may be. */
function floatOutputs(graph) {
	return graph.outputs.filter(({ type }) => type === null || type.kind === "tensor" && type.dtype === "float32").map(({ name }) => name);
}
/** Press what they read into 0 … 1, where errors of different sources no longer add up. */
var squashing = /* @__PURE__ */ new Set([
	"Softmax",
	"LogSoftmax",
	"Sigmoid"
]);
/** The float outputs to be looked at, and the graph that gives them: what goes into a Softmax in place of its result. */
function withUnsquashed(graph) {
	const index = indexGraph(graph);
	const outputs = floatOutputs(graph).map((name) => {
		const maker = index.producer(name);
		return maker !== void 0 && squashing.has(maker.opType) ? maker.inputs[0] : name;
	});
	const added = outputs.filter((name) => !index.isOutput(name)).map((name) => makeValue(name, "float32", null));
	return {
		graph: {
			...graph,
			outputs: [...graph.outputs, ...added]
		},
		outputs
	};
}
function oneHot(length, at) {
	return {
		dtype: "float32",
		shape: [length],
		data: Float32Array.from({ length }, (_, i) => i === at ? 1 : 0)
	};
}
/** Error power over signal power, averaged over the outputs. */
function relativeError(reference, changed) {
	const shares = Object.entries(reference).map(([name, array]) => {
		const a = array.data;
		const b = changed[name].data;
		let signal = 0;
		let noise = 0;
		for (let i = 0; i < a.length; i++) {
			signal += a[i] ** 2;
			noise += (a[i] - b[i]) ** 2;
		}
		return signal === 0 ? 0 : noise / signal;
	});
	return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
}
// src-main/quantize/answers.ts
/** Above what a text needs, so that every class is a letter. */
var firstLetter = 65536;
/** What half a point of accuracy is in perplexity. */
var perplexityShare = 4;
/** Compares answers batch by batch, in the way that the kind of the data's metric asks for. */
var AnswerCounter = class {
	#kind;
	#output;
	#blank;
	/** Of every row: m, p₁ − p₂ and the change of m. */
	#margins = [];
	#changed = 0;
	#all = 0;
	#divergence = 0;
	#lostSymbols = 0;
	/** @param meta of the dataset; absent: answers are classes */
	constructor(meta) {
		this.#kind = meta?.metric?.kind ?? "top1";
		this.#output = meta?.output ?? null;
		this.#blank = typeof meta?.raw.blank === "number" ? meta.raw.blank : 0;
	}
	see(reference, changed) {
		const names = this.#output !== null && this.#output in reference ? [this.#output] : Object.keys(reference);
		for (const name of names) {
			const [a, b] = [reference[name], changed[name]];
			const classes = a.shape.at(-1) ?? 0;
			if (a.shape.length < 2 || classes < 2 || classes > 1e6) continue;
			const [own, other] = [asLogarithms(a.data, classes), asLogarithms(b.data, classes)];
			this.#rows(own, other, classes);
			if (this.#kind === "ctc" && a.shape.length === 3) this.#lines(own, other, classes, a.shape[1]);
			else this.#all += own.length / classes;
		}
	}
	get answers() {
		if (this.#all === 0) return {
			lost: 0,
			changed: 0,
			all: 0
		};
		const square = this.#margins.reduce((sum, { change }) => sum + change ** 2, 0) / this.#margins.length;
		const deviation = Math.max(Math.sqrt(square), 1e-12);
		const lost = this.#margins.reduce((sum, { margin, lead }) => sum + lead * normalBelow(-margin / deviation), 0);
		return {
			lost: {
				lm: (Math.exp(this.#divergence / this.#all) - 1) / perplexityShare,
				ctc: this.#lostSymbols / this.#all
			}[this.#kind] ?? lost / this.#all,
			changed: this.#changed / this.#all,
			all: this.#all
		};
	}
	#rows(a, b, classes) {
		for (let from = 0; from < a.length; from += classes) {
			const first = from + largestAt(a, from, classes);
			const second = from + largestAt(a, from, classes, first - from);
			const total = logSumExp(a, from, classes);
			const margin = a[first] - a[second];
			const lead = Math.exp(a[first] - total) - Math.exp(a[second] - total);
			this.#margins.push({
				margin,
				lead,
				change: b[first] - b[second] - margin
			});
			if (this.#kind !== "ctc" && from + largestAt(b, from, classes) !== first) this.#changed++;
			if (this.#kind !== "lm") continue;
			const other = logSumExp(b, from, classes);
			for (let i = from; i < from + classes; i++) this.#divergence += Math.exp(a[i] - total) * (a[i] - total - (b[i] - other));
		}
	}
	#lines(a, b, classes, steps) {
		for (let from = 0; from < a.length; from += steps * classes) {
			const own = this.#line(a, from, steps, classes);
			const edits = editDistance(this.#line(b, from, steps, classes), own);
			this.#changed += edits;
			this.#all += [...own].length;
			let lost = 0;
			for (let step = 0, at = from; step < steps; step++, at += classes) {
				const [first, other] = [at + largestAt(a, at, classes), at + largestAt(b, at, classes)];
				const total = logSumExp(a, at, classes);
				if (first !== other) lost += Math.exp(a[first] - total) - Math.exp(a[other] - total);
			}
			this.#lostSymbols += Math.min(edits, lost);
		}
	}
	/** The best symbol of each step, repeats merged, blanks dropped. */
	#line(x, from, steps, classes) {
		const best = Array.from({ length: steps }, (_, step) => largestAt(x, from + step * classes, classes));
		return best.filter((symbol, step) => symbol !== this.#blank && symbol !== best[step - 1]).map((symbol) => String.fromCodePoint(firstLetter + symbol)).join("");
	}
};
/** Rows of probabilities as their logarithms; rows of anything else as they are. */
function asLogarithms(x, classes) {
	for (let from = 0; from < x.length; from += classes) {
		let sum = 0;
		for (let i = from; i < from + classes; i++) {
			if (x[i] < 0) return x;
			sum += x[i];
		}
		if (Math.abs(sum - 1) > .01) return x;
	}
	return x.map((p) => Math.log(Math.max(p, 1e-30)));
}
/** Φ, the share of the normal distribution below z, to 1.5e-7. Source: Abramowitz and Stegun 1964, 7.1.26. */
function normalBelow(z) {
	const t = 1 / (1 + .3275911 * (Math.abs(z) / Math.SQRT2));
	const tail = .5 * (t * (.254829592 + t * (-.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))) * Math.exp(-z * z / 2);
	return z < 0 ? tail : 1 - tail;
}
/** @param but a place that is passed over */
function largestAt(x, from, count, but = -1) {
	let best = but === 0 ? 1 : 0;
	for (let i = best + 1; i < count; i++) if (i !== but && x[from + i] > x[from + best]) best = i;
	return best;
}
function logSumExp(x, from, count) {
	const largest = x[from + largestAt(x, from, count)];
	let sum = 0;
	for (let i = from; i < from + count; i++) sum += Math.exp(x[i] - largest);
	return largest + Math.log(sum);
}
// src-main/quantize/trial.ts
var warmUps = 3;
/** The float model, run once on the samples that candidates are judged by. */
var Judge = class Judge {
	#session;
	#data;
	#meta;
	#pooled;
	#references = [];
	constructor(session, data, meta) {
		this.#session = session;
		this.#data = data;
		this.#meta = meta;
		this.#pooled = meta?.metric?.kind === "retrieval";
	}
	/** @param meta of the data: by its metric, sequences [samples, places, channels] are judged by their mean, lines by their text */
	static async of(model, data, meta) {
		const judge = new Judge(await openSession(model), data, meta);
		for await (const { feeds } of data.batches()) {
			const outputs = floatsOnly(await judge.#session.run(feeds));
			judge.#references.push(judge.#pooled ? meansOverPlaces(outputs) : outputs);
		}
		return judge;
	}
	async try(candidate) {
		const session = await openSession(candidate);
		const counter = new AnswerCounter(this.#meta);
		let error = 0;
		let at = 0;
		try {
			for await (const { feeds } of this.#data.batches()) {
				const reference = this.#references[at++];
				const given = await session.run(feeds, Object.keys(reference));
				const outputs = this.#pooled ? meansOverPlaces(given) : given;
				error += relativeError(reference, outputs);
				counter.see(reference, outputs);
			}
		} finally {
			await session.release();
		}
		return {
			sqnrDb: -10 * Math.log10(Math.max(error / at, 1e-12)),
			answers: counter.answers
		};
	}
	/** Median of float time over candidate time, both run in turn on the first sample. */
	async speedup(candidate) {
		const session = await openSession(candidate);
		try {
			const { value: batch } = await this.#data.batches().next();
			const ratios = [];
			for (let round = 0; round < 18; round++) {
				const float = await milliseconds(() => this.#session.run(batch.feeds));
				const quantized = await milliseconds(() => session.run(batch.feeds));
				if (round >= warmUps) ratios.push(float / quantized);
			}
			return ratios.sort((a, b) => a - b)[7];
		} finally {
			await session.release();
		}
	}
	async release() {
		await this.#session.release();
	}
};
function floatsOnly(outputs) {
	return Object.fromEntries(Object.entries(outputs).filter(([, { dtype }]) => dtype === "float32"));
}
/** What a retrieval compares: sequences [samples, places, channels] as [samples, channels]; other outputs as they are. */
function meansOverPlaces(outputs) {
	const pool = (array) => {
		if (array.dtype !== "float32" || array.shape.length !== 3) return array;
		const [samples, places, channels] = array.shape;
		const data = new Float32Array(samples * channels);
		array.data.forEach((value, at) => {
			const sample = Math.floor(at / (places * channels));
			data[sample * channels + at % channels] += value / places;
		});
		return {
			dtype: "float32",
			shape: [samples, channels],
			data
		};
	};
	return Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, pool(array)]));
}
async function milliseconds(run) {
	const start = performance.now();
	await run();
	return performance.now() - start;
}
// src-main/quantize/dynamic-lstm.ts
/**
* LSTM with int8 weights and activations quantized anew in every step: com.microsoft.DynamicQuantizeLSTM.
* Source: onnxruntime, contrib operators, DynamicQuantizeLSTM. Its W is [directions, inputs, 4·hidden] and its R
* [directions, hidden, 4·hidden], where LSTM has the last two axes the other way round; a scale a direction, or one a
* direction and column.
*/
/** Inputs of an LSTM before those of its quantization. */
var plainInputs = 8;
/** Why an LSTM stays as it is; null where it need not. */
function refuseLstm(node, constants) {
	if (intOf$11(node, "layout", 0) !== 0) return "layout = 1 has no integer kernel";
	for (const name of [node.inputs[1], node.inputs[2]]) {
		const weight = constants.tensor(name);
		if (weight === void 0) return computedReason(constants, name);
		if (weight.dtype !== "float32") return typeReason(weight);
	}
	return null;
}
/** The LSTM that multiplies integers, with its weights set as initializers of the patch. */
function dynamicLstm(patch, node, constants, perChannel) {
	const [w, r] = [node.inputs[1], node.inputs[2]].map((name) => storeWeight(patch, name, constants.tensor(name), perChannel));
	const plain = Array.from({ length: plainInputs }, (_, at) => node.inputs[at] ?? "");
	plain.splice(1, 2, w.codes, r.codes);
	const inputs = [
		...plain,
		w.scale,
		w.zeroPoint,
		r.scale,
		r.zeroPoint
	];
	const made = makeNode("DynamicQuantizeLSTM", node.name, inputs, node.outputs);
	const kept = [...node.attributes].filter(([name]) => name !== "layout");
	return {
		...made,
		domain: "com.microsoft",
		attributes: new Map(kept)
	};
}
function storeWeight(patch, value, weight, perChannel) {
	const [directions, gates, inputs] = weight.shape;
	const channels = perChannel ? directions * gates : directions;
	const rows = {
		...weight,
		shape: [channels, elementCount(weight.shape) / channels]
	};
	const scales = minMaxScales(rows, 0);
	const codes = readTensor(quantizedWeight("", rows, scales)).data;
	const stored = {
		codes: patch.freshName(`${value}_codes`),
		scale: patch.freshName(`${value}_scale`),
		zeroPoint: patch.freshName(`${value}_zero_point`)
	};
	const shape = perChannel ? [directions, gates] : [directions];
	const turned = turnedInside(codes, directions, gates, inputs);
	const setInitializer = (name, array) => patch.setInitializer(tensorFromArray(name, array));
	setInitializer(stored.codes, {
		dtype: "int8",
		shape: [
			directions,
			inputs,
			gates
		],
		data: turned
	});
	setInitializer(stored.scale, {
		dtype: "float32",
		shape,
		data: scales.scales
	});
	setInitializer(stored.zeroPoint, {
		dtype: "int8",
		shape,
		data: new Int8Array(channels)
	});
	return stored;
}
/** [blocks, rows, columns] → [blocks, columns, rows] */
function turnedInside(x, blocks, rows, columns) {
	const y = new Int8Array(x.length);
	for (let block = 0; block < blocks; block++) {
		const from = block * rows * columns;
		for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) y[from + column * rows + row] = x[from + row * columns + column];
	}
	return y;
}
// src-main/quantize/granularity.ts
var granularity = {
	kind: "choice",
	title: "Weight scales",
	help: "One scale for each output channel is more accurate at the same speed; one for the whole tensor is simpler.",
	default: "per-channel",
	choices: [{
		value: "per-channel",
		title: "Per channel"
	}, {
		value: "per-tensor",
		title: "Per tensor"
	}]
};
// src-main/quantize/methods/dynamic-int8.ts
var options$8 = {
	granularity,
	embeddings: embeddings$1
};
var microsoft = "com.microsoft";
var noKernelReason = {
	GRU: "onnxruntime's CPU provider has no integer GRU",
	RNN: "onnxruntime's CPU provider has no integer RNN"
};
var convReason = "onnxruntime has no fast kernel for a Conv with dynamic scales: use static-int8";
var dynamicInt8 = quantizeMethod({
	name: "dynamic-int8",
	title: "Dynamic int8",
	help: "A quarter of the size and, for transformers on a CPU with int8 instructions, about twice the speed. Needs no data; leaves convolutions as they are.",
	source: "ONNX DynamicQuantizeLinear and MatMulInteger; Bhandare et al. 2019, arXiv:1906.00532",
	data: "none",
	options: options$8,
	run: quantizeDynamically
});
async function quantizeDynamically(given, chosen, targets, context) {
	const tally = new Tally$1();
	const model = await prepareLayers(given, tally, weightsOf);
	const admits = targetFilter(targets);
	const edit = (scope) => {
		context.signal.throwIfAborted();
		return new DynamicEdit(scope, chosen, admits, tally, context).graph();
	};
	const graph = editGraphs(model.graph, edit);
	const opsets = [...withBodies(graph.nodes)].some(({ domain }) => domain === microsoft) ? new Map([[microsoft, 1], ...model.opsets]) : model.opsets;
	return tally.outcome({
		...model,
		graph,
		opsets
	}, "dynamic-int8");
}
/** Where the weights stand in a node that is quantized. */
var weightInputs = {
	MatMul: [1],
	Gemm: [1],
	Attention: [1],
	LSTM: [1, 2]
};
function weightsOf({ opType, inputs }) {
	return (weightInputs[opType] ?? []).map((at) => inputs[at] ?? "");
}
var DynamicEdit = class {
	#scope;
	#options;
	#admits;
	#tally;
	#context;
	#patch;
	#activations = /* @__PURE__ */ new Map();
	#weights = /* @__PURE__ */ new Map();
	#codes = /* @__PURE__ */ new Map();
	#turnedValues = /* @__PURE__ */ new Map();
	constructor(scope, chosen, admits, tally, context) {
		this.#scope = scope;
		this.#options = chosen;
		this.#admits = admits;
		this.#tally = tally;
		this.#context = context;
		this.#patch = new Patch(scope.index.graph);
	}
	graph() {
		const { graph } = this.#scope.index;
		graph.nodes.forEach((node, at) => {
			if (node.domain === "") this.#visit(node);
			if (node.domain === microsoft && node.opType === "Attention") this.#attempt(node, this.#refuseAttention(node), () => this.#attention(node));
			if (this.#scope.outer === null) this.#context.progress({
				phase: "Quantizing weights",
				fraction: (at + 1) / graph.nodes.length,
				detail: node.name
			});
		});
		return withoutUnused(this.#patch.isEmpty ? graph : this.#patch.apply());
	}
	#visit(node) {
		switch (node.opType) {
			case "MatMul":
			case "Gemm":
				this.#attempt(node, this.#refuseProduct(node), () => this.#product(node));
				break;
			case "Gather":
				if (this.#options.embeddings && readsTable(node, this.#scope.constants)) this.#attempt(node, null, () => this.#table(node));
				break;
			case "Conv":
			case "ConvTranspose":
				this.#attempt(node, convReason, () => {});
				break;
			case "LSTM":
				this.#attempt(node, refuseLstm(node, this.#scope.constants), () => this.#lstm(node));
				break;
			case "GRU":
			case "RNN": this.#attempt(node, noKernelReason[node.opType], () => {});
		}
	}
	#attempt(node, refusal, change) {
		this.#tally.eligible++;
		const reason = this.#admits(node) ? refusal : "not among the targets";
		if (reason !== null) {
			this.#tally.skip(node, reason);
			return;
		}
		change();
		this.#tally.changed++;
	}
	#refuseProduct(node) {
		const weight = this.#scope.constants.tensor(node.inputs[1]);
		const isDequantized = (value) => this.#scope.index.producer(value)?.opType === "DequantizeLinear";
		if (node.inputs.slice(0, 2).some(isDequantized)) return "already quantized";
		if (weight === void 0) return computedReason(this.#scope.constants, node.inputs[1]);
		if (weight.dtype !== "float32") return typeReason(weight);
		if (weight.shape.length !== 2) return "its weight is no matrix";
		if (this.#scope.constants.tensor(node.inputs[0]) !== void 0) return "its first operand is a constant";
		return null;
	}
	/** y = α·x·W + β·b with x quantized on the spot and W once. */
	#product(node) {
		const [input, weightName, bias] = node.inputs;
		const output = node.outputs[0];
		const isGemm = node.opType === "Gemm";
		const x = this.#activation(isGemm && intOf$11(node, "transA", 0) === 1 ? this.#turned(input) : input);
		const isTurned = isGemm && intOf$11(node, "transB", 0) === 1;
		const w = this.#matrix(weightName, isTurned, isGemm ? floatOf$5(node, "alpha", 1) : 1);
		const product = this.#add("MatMulInteger", node, [
			x.codes,
			w.codes,
			x.zeroPoint,
			w.zeroPoint
		], "integer");
		const float = this.#add("Cast", node, [product], "float", { to: int$1(dtypeCode("float32")) });
		const scale = this.#add("Mul", node, [x.scale, w.scale], "scale");
		const added = bias === void 0 || bias === "" ? null : this.#timesBeta(node, bias);
		const scaled = added === null ? output : this.#patch.freshName(`${output}_scaled`);
		this.#patch.removeNode(node.name);
		this.#patch.addNode(makeNode("Mul", this.#patch.freshName(`${node.name}_rescale`), [float, scale], [scaled]));
		if (added !== null) this.#patch.addNode(makeNode("Add", this.#patch.freshName(`${node.name}_bias`), [scaled, added], [output]));
	}
	#timesBeta(node, bias) {
		const beta = floatOf$5(node, "beta", 1);
		if (beta === 1) return bias;
		const factor = this.#patch.freshName(`${node.name}_beta`);
		this.#patch.setInitializer(tensorFromArray(factor, {
			dtype: "float32",
			shape: [],
			data: Float32Array.of(beta)
		}));
		return this.#add("Mul", node, [bias, factor], "beta_bias");
	}
	#lstm(node) {
		const perChannel = this.#options.granularity === "per-channel";
		this.#patch.replaceNode(node.name, dynamicLstm(this.#patch, node, this.#scope.constants, perChannel));
	}
	#refuseAttention(node) {
		const [, weight, bias, , , attentionBias, pastLength] = node.inputs;
		const held = this.#scope.constants.tensor(weight ?? "");
		if (held === void 0) return computedReason(this.#scope.constants, weight ?? "");
		if (held.dtype !== "float32") return typeReason(held);
		if ((bias ?? "") === "") return "it has no bias, which the integer kernel asks for";
		if ((attentionBias ?? "") !== "" || (pastLength ?? "") !== "" || node.attributes.has("qkv_hidden_sizes")) return "it uses what the integer kernel does not have: an attention bias, shared buffers or unequal sizes of heads";
		return null;
	}
	/** Source: onnxruntime, contrib operators, QAttention. */
	#attention(node) {
		const [input, weight, bias, mask = "", past = ""] = node.inputs;
		const x = this.#activation(input);
		const w = this.#matrix(weight, false, 1);
		const inputs = [
			x.codes,
			w.codes,
			bias,
			x.scale,
			w.scale,
			mask,
			x.zeroPoint,
			w.zeroPoint,
			past
		];
		while (inputs.at(-1) === "") inputs.pop();
		this.#patch.replaceNode(node.name, {
			...node,
			opType: "QAttention",
			inputs
		});
	}
	#add(opType, node, inputs, suffix, extra = {}) {
		const value = this.#patch.freshName(`${node.outputs[0]}_${suffix}`);
		this.#patch.addNode(makeNode(opType, this.#patch.freshName(`${node.name}_${suffix}`), inputs, [value], extra));
		return value;
	}
	/** All products of one activation share its codes. */
	#activation(value) {
		const known = this.#activations.get(value);
		if (known !== void 0) return known;
		const quantized = {
			codes: this.#patch.freshName(`${value}_codes`),
			scale: this.#patch.freshName(`${value}_scale`),
			zeroPoint: this.#patch.freshName(`${value}_zero_point`)
		};
		const name = this.#patch.freshName(`${value}_DynamicQuantizeLinear`);
		this.#patch.addNode(makeNode("DynamicQuantizeLinear", name, [value], [
			quantized.codes,
			quantized.scale,
			quantized.zeroPoint
		]));
		this.#activations.set(value, quantized);
		return quantized;
	}
	/**
	* A weight as MatMulInteger takes it, [in, out]. What Transposes and Gathers read of one matrix is held once.
	* @param isTurned the value is [out, in]
	* @param alpha what the product is multiplied by
	*/
	#matrix(value, isTurned, alpha) {
		const { tensor, turned } = this.#scope.constants.matrix(value);
		const isStoredTurned = turned !== isTurned;
		const axis = this.#options.granularity === "per-channel" ? isStoredTurned ? 0 : 1 : null;
		const shape = axis === null ? [] : [tensor.shape[axis]];
		const held = this.#store(tensor, axis, shape, alpha);
		return isStoredTurned ? {
			...held,
			codes: this.#turned(held.codes)
		} : held;
	}
	/** A matrix with rows and columns exchanged; onnxruntime turns a constant once, when it loads the model. */
	#turned(value) {
		const known = this.#turnedValues.get(value);
		if (known !== void 0) return known;
		const turned = this.#patch.freshName(`${value}_transposed`);
		const perm = { perm: ints([1, 0]) };
		this.#patch.addNode(makeNode("Transpose", this.#patch.freshName(`${turned}_node`), [value], [turned], perm));
		this.#turnedValues.set(value, turned);
		return turned;
	}
	/** Codes along an axis, held once, with scales in a shape and times a factor. */
	#store(weight, axis, shape, factor) {
		const key = JSON.stringify([
			weight.name,
			axis,
			shape,
			factor
		]);
		const known = this.#weights.get(key);
		if (known !== void 0) return known;
		const { codes, scales } = this.#codesOf(weight, axis);
		const stored = {
			codes,
			scale: this.#patch.freshName(`${weight.name}_scale`),
			zeroPoint: this.#patch.freshName(`${weight.name}_zero_point`)
		};
		const data = factor === 1 ? scales : scales.map((scale) => scale * factor);
		this.#patch.setInitializer(tensorFromArray(stored.scale, {
			dtype: "float32",
			shape,
			data
		}));
		const zeros = new Int8Array(scales.length);
		this.#patch.setInitializer(tensorFromArray(stored.zeroPoint, {
			dtype: "int8",
			shape,
			data: zeros
		}));
		this.#weights.set(key, stored);
		return stored;
	}
	#codesOf(weight, axis) {
		const key = `${weight.name} along ${axis}`;
		const known = this.#codes.get(key);
		if (known !== void 0) return known;
		const scales = minMaxScales(weight, axis);
		const codes = this.#patch.freshName(`${weight.name}_codes`);
		this.#patch.setInitializer(quantizedWeight(codes, weight, scales));
		const made = {
			codes,
			scales: scales.scales
		};
		this.#codes.set(key, made);
		return made;
	}
	/** Rows of an int8 table, each times its own scale. */
	#table(node) {
		const table = this.#scope.constants.tensor(node.inputs[0]);
		const held = this.#store(table, 0, [table.shape[0], 1], 1);
		gatherIntegers(this.#patch, node, held.codes, held.scale);
	}
};
// src-main/quantize/methods/auto-int8.ts
var options$7 = {
	fidelity: {
		kind: "number",
		title: "Wanted nearness to the original",
		help: "How near the outputs must stay to those of the original, in decibels of signal over error: layers are left in float until they are. 20 is an error of a tenth, 30 of a thirtieth. Embeddings may be 8 less.",
		default: 30,
		min: 5,
		max: 60,
		unit: "dB"
	},
	budget: {
		kind: "number",
		title: "Answers that may be lost",
		help: "Where the data says that answers are classes, text lines or language, a model that is expected to lose at most this share of them is near enough too, however near its outputs are: in points of accuracy or of the character error rate; perplexity may grow by four times as much. Worked out from the original’s own doubts, without labels. 0: only nearness counts.",
		default: .5,
		min: 0,
		max: 20,
		unit: "%"
	},
	samples: {
		kind: "integer",
		title: "Calibration samples",
		help: "How many samples of the calibration split are run, evenly spaced over it.",
		default: 128,
		min: 1,
		max: 1e5,
		unit: "samples"
	}
};
/** Samples for the questions that are asked many times over. */
var judgeSamples = 48;
var preparationSamples$1 = 32;
var sensitivitySamples = 2;
var hessianSamples$1 = 16;
var mostTrials$1 = 5;
/** How far beyond the wanted nearness the sum of noises may be pressed down, in decibels. */
var widestSearch = 15;
/** Embeddings are compared by their directions alone, which an error of 22 dB turns by 5 degrees: so much less is asked. */
var embeddingAllowance = 8;
/** Costs this near to the least count as equal: they are worked out, not measured. */
var asFast = .9;
/** Fewer answers than this tell nothing of what is lost. */
var fewestAnswers = 24;
var autoInt8 = quantizeMethod({
	name: "auto-int8",
	title: "Automatic int8",
	help: "Tries static int8 with several ranges and dynamic int8 on your calibration samples, leaves the layers that lose most in float, and keeps the fastest that stays near the original. Takes a minute or so.",
	source: "Nagel et al. 2021, arXiv:2106.08295, section 3.6 (debugging workflow)",
	data: "calibration",
	options: options$7,
	run: quantizeAutomatically
});
async function quantizeAutomatically(given, chosen, targets, context) {
	const { calibrating, judging } = calibrationAndJudges(context, "auto-int8", chosen.samples, judgeSamples);
	const meta = context.dataset?.meta;
	const judge = await Judge.of(given, judging, meta);
	try {
		const allowance = meta?.metric?.kind === "retrieval" ? embeddingAllowance : 0;
		const wanted = {
			sqnrDb: chosen.fidelity - allowance,
			lost: chosen.budget / 100
		};
		const search = await Search.of(given, wanted, targets, context, judge, calibrating);
		await search.tryStatic(calibrating);
		await search.tryDynamic();
		return await search.best([...calibrating.notes, ...judging.notes]);
	} finally {
		await judge.release();
	}
}
var Search = class Search {
	#given;
	#wanted;
	#targets;
	#context;
	#judge;
	#quantizer;
	#costs;
	#candidates = [];
	#isCalibrated = false;
	constructor(given, wanted, targets, context, judge, quantizer) {
		this.#given = given;
		this.#wanted = wanted;
		this.#targets = targets;
		this.#context = context;
		this.#judge = judge;
		this.#quantizer = quantizer;
		this.#costs = new CostModel(quantizer);
	}
	/** Begins with the float model as int8 starts from it. */
	static async of(given, wanted, targets, context, judge, data) {
		const mapped = await mapWeights(await runPreparations(await prepareLayers(given, new Tally$1()), {
			equalize: true,
			absorb: false,
			smooth: true
		}, {
			...portion(context, 0, .1),
			data: data.few(preparationSamples$1),
			admits: targetFilter(targets)
		}, new Tally$1()), context.workDir);
		const quantizer = await StaticQuantizer.of(mapped, targets, context.dims, false);
		return new Search(given, wanted, targets, context, judge, quantizer);
	}
	async tryStatic(data) {
		const quantizer = this.#quantizer;
		const placement = quantizer.placement();
		if (!placement.units.some((unit) => unit.kind === "compute")) return;
		await quantizer.calibrate(measurableValues(placement), data, {
			histograms: true,
			biasCorrection: true
		}, portion(this.#context, .1, .25));
		await quantizer.collectHessians("small-layers", data.few(hessianSamples$1), portion(this.#context, .25, .35));
		this.#isCalibrated = true;
		const { removed } = await buildFused(quantizer, this.#configOf("min-max", placement), this.#context.signal);
		const start = new Set(removed.keys());
		let best = null;
		for (const calibrator of [
			"min-max",
			"mse",
			"percentile"
		]) {
			const config = this.#configOf(calibrator, placement);
			const trial = await this.#static(`static, ${calibrator}`, config, start);
			if (trial !== null && this.#isNear(trial)) return;
			if (trial !== null && (best === null || trial.sqnrDb > best.trial.sqnrDb)) best = {
				config,
				trial
			};
		}
		if (best === null) return;
		const between = placement.units.filter(({ kind }) => kind === "elementwise").map(({ node }) => node.name);
		if (between.length > 0) {
			const name = `static, ${best.config.calibrator}, sums and products between layers in float`;
			const trial = await this.#static(name, best.config, /* @__PURE__ */ new Set([...start, ...between]));
			if (trial !== null && this.#isNear(trial)) return;
		}
		const few = data.few(sensitivitySamples);
		const work = portion(this.#context, .4, .85);
		const sources = await measureSensitivity(quantizer, quantizer.placement(start), best.config, few, work);
		await this.#leaveInFloat(sources, best.config, start);
	}
	/**
	* Leaves more and more of the loudest layers in float, cheap ones first, until the outputs are near enough; how much
	* noise may stay is found by halving its range in decibels, since what sources cost alone only nearly adds up.
	*/
	async #leaveInFloat(sources, config, start) {
		const cost = (unit) => this.#costs.saved(unit);
		let tooLoud = decibels(totalNoise(sources));
		let quiet = Math.max(tooLoud, this.#wanted.sqnrDb) + widestSearch;
		const tried = /* @__PURE__ */ new Set();
		for (let trials = 0; trials < mostTrials$1 && quiet - tooLoud > 1; trials++) {
			const middle = (tooLoud + quiet) / 2;
			const loud = floatSet(sources, cost, 10 ** (-middle / 10));
			const key = [...loud].sort().join("\n");
			const name = `static, ${config.calibrator}, ${loud.size + start.size} nodes in float`;
			const isKnown = tried.has(key);
			const trial = isKnown ? null : await this.#static(name, config, /* @__PURE__ */ new Set([...start, ...loud]));
			tried.add(key);
			if (isKnown || trial !== null && !this.#isNear(trial)) tooLoud = middle;
			else quiet = middle;
		}
	}
	/** The layers' weights get 7 bits where their sums could saturate on this CPU. */
	#configOf(calibrator, placement) {
		const config = {
			calibrator,
			perChannel: true,
			symmetric: false
		};
		if (!addsPairsIn16Bits(cpuInfo())) return config;
		return {
			...config,
			narrow: new Set(this.#quantizer.saturating(placement, config))
		};
	}
	async #static(name, config, keepFloat) {
		const quantizer = this.#quantizer;
		const placement = quantizer.placement(keepFloat);
		if (!placement.units.some((unit) => unit.kind === "compute")) return null;
		const graph = quantizer.withTables(quantizer.build(placement, config), new Tally$1());
		const cost = this.#costs.placed(placement);
		return this.#add(name, {
			...quantizer.model,
			graph
		}, cost, () => this.#final(config, keepFloat));
	}
	/** The winner with what onnxruntime did not fuse taken out. */
	async #final(config, keepFloat) {
		const tally = new Tally$1();
		const built = await buildFused(this.#quantizer, config, this.#context.signal, keepFloat);
		countUnits(tally, built.placement);
		for (const skip of tally.skipped) if (keepFloat.has(skip.node) || built.removed.has(skip.node)) skip.reason = "left in float, where it loses less";
		const graph = this.#quantizer.withTables(built.graph, tally);
		if (config.narrow !== void 0 && config.narrow.size > 0) tally.note(`${config.narrow.size} layers got 7-bit weights: sums of two products could leave 16 bits on this CPU.`);
		return tally.outcome({
			...this.#quantizer.model,
			graph
		}, "auto-int8");
	}
	/** Where products of matrices are what counts: as they come, and smoothed and corrected. */
	async tryDynamic() {
		const near = this.#candidates.filter(({ trial }) => this.#isNear(trial));
		const least = Math.min(...near.map(({ cost }) => cost));
		if (this.#costs.dynamic() * asFast > least) return;
		await this.#dynamic(this.#given, "dynamic");
		if (this.#isCalibrated) await this.#dynamic(this.#quantizer.correctedForRounding(), "dynamic, smoothed and corrected");
	}
	async #dynamic(model, name) {
		try {
			const defaults = resolveOptions(dynamicInt8.options, {}, "auto-int8");
			const outcome = await dynamicInt8.run(model, defaults, this.#targets, this.#context);
			if (outcome.changed > 0) await this.#add(name, outcome.model, this.#costs.dynamic(), async () => outcome);
		} catch {
			this.#context.signal.throwIfAborted();
		}
	}
	async #add(name, model, cost, outcome) {
		this.#context.signal.throwIfAborted();
		this.#context.progress({
			phase: "Trying",
			fraction: .9,
			detail: name
		});
		const trial = await this.#judge.try(model);
		const bytes = [...model.graph.initializers.values()].reduce((sum, it) => sum + tensorByteLength(it), 0);
		this.#candidates.push({
			name,
			trial,
			cost,
			outcome,
			bytes
		});
		return trial;
	}
	/** Near enough: by the error of the outputs, or by what it costs the answers. */
	#isNear({ sqnrDb, answers }) {
		if (sqnrDb >= this.#wanted.sqnrDb) return true;
		const kind = this.#context.dataset?.meta.metric?.kind ?? "";
		return [
			"top1",
			"ctc",
			"lm"
		].includes(kind) && answers.all >= fewestAnswers && this.#wanted.lost > 0 && answers.lost <= this.#wanted.lost;
	}
	/** Of those that are near enough the cheapest, among nearly equal ones the smallest, then the nearest; where none is, the nearest. */
	async best(notes) {
		const near = this.#candidates.filter(({ trial }) => this.#isNear(trial));
		const least = Math.min(...near.map(({ cost }) => cost));
		const [fastest] = near.filter(({ cost }) => cost * asFast <= least).sort((a, b) => sizeClass(a) - sizeClass(b) || b.trial.sqnrDb - a.trial.sqnrDb);
		const [nearest] = [...this.#candidates].sort((a, b) => b.trial.sqnrDb - a.trial.sqnrDb);
		const winner = fastest ?? nearest;
		if (winner === void 0) return new Tally$1().outcome(this.#given, "auto-int8");
		const outcome = await winner.outcome();
		const speedup = await this.#judge.speedup(outcome.model);
		const { sqnrDb } = this.#wanted;
		const shortfall = fastest === void 0 ? [`No candidate stays within ${sqnrDb} dB; the nearest was taken.`] : [];
		const slow = speedup < 1 ? ["It is not faster than the original on this machine."] : [];
		return {
			...outcome,
			notes: [
				...notes,
				...outcome.notes,
				`Took ${winner.name}: ${speedup.toFixed(2)} times as fast on one sample.`,
				...this.#candidates.map((candidate) => `Tried ${candidate.name}: ${this.#sentence(candidate)}.`),
				...shortfall,
				...slow,
				await fusionNote(outcome.model)
			]
		};
	}
	#sentence({ trial: { sqnrDb, answers }, cost }) {
		const [kept, lost] = [100 * (1 - answers.changed), 100 * answers.lost];
		const said = answers.all === 0 ? "" : `, ${kept.toFixed(1)} % of ${answers.all} answers kept and ${lost.toFixed(2)} % expected to be lost`;
		return `${sqnrDb.toFixed(1)} dB${said}, about ${(this.#costs.float() / cost).toFixed(1)} times as fast by its operators`;
	}
};
/** Weights of equal size to within a fifth or so compare equal. */
function sizeClass({ bytes }) {
	return Math.round(Math.log(Math.max(1, bytes)) / Math.log(1.4));
}
function decibels(noise) {
	return -10 * Math.log10(Math.max(noise, 1e-12));
}
// src-main/quantize/methods/bf16.ts
var options$6 = {
	keepOps: {
		kind: "list",
		title: "Operators kept in float32",
		help: "ONNX operator types whose weights stay float32, such as LayerNormalization.",
		default: []
	},
	smallest: {
		kind: "integer",
		title: "Smallest tensor",
		help: "Weights with fewer elements stay float32: biases and norms cost little and are read by sensitive operators.",
		default: 1024,
		min: 1,
		max: 1e9,
		unit: "elements",
		advanced: true
	}
};
/** The largest finite bfloat16; what lies above, up to the largest float32, would become infinite. */
var largestBfloat = 33895313892515355e22;
var bf16 = quantizeMethod({
	name: "bf16",
	title: "bfloat16 weights",
	help: "Half of the size with the range of float32: nothing overflows, but a number keeps 8 significant bits where half precision keeps 11. Saves size, not time: on a CPU onnxruntime computes in float32 all the same.",
	source: "Kalamkar et al. 2019, arXiv:1905.12322; ONNX TensorProto.BFLOAT16",
	data: "none",
	options: options$6,
	run: toBfloat
});
async function toBfloat(given, { keepOps, smallest }, targets, _context) {
	const tally = new Tally$1();
	const model = await prepare(given, tally);
	const admits = targetFilter(targets);
	const kept = new Set(keepOps);
	const clamped = [];
	const graph = editGraphs(model.graph, ({ index, outer }) => {
		const patch = new Patch(index.graph);
		for (const tensor of index.graph.initializers.values()) {
			if (tensor.dtype !== "float32" || index.isInput(tensor.name)) continue;
			const readers = index.consumers(tensor.name);
			const node = readers[0] ?? { name: tensor.name };
			tally.eligible++;
			if (elementCount(tensor.shape) < smallest) tally.skip(node, `${tensor.name} is small`);
			else if (index.isOutput(tensor.name)) tally.skip(node, `${tensor.name} is an output`);
			else if (!readers.every(admits)) tally.skip(node, "not among the targets");
			else if (readers.some(({ opType }) => kept.has(opType))) tally.skip(node, "its operator is kept in float32");
			else {
				if (holdsBeyond(tensor)) clamped.push(`${tensor.name}${outer === null ? "" : ` in ${index.graph.name}`}`);
				store(patch, tensor);
				tally.changed++;
			}
		}
		return patch.isEmpty ? index.graph : patch.apply();
	});
	if (clamped.length > 0) tally.note(`Numbers beyond ±${largestBfloat.toExponential(3)} now hold that: ${clamped.slice(0, 5).join(", ")}.`);
	tally.note("Weights alone are bfloat16, each cast back to float32: onnxruntime has no CPU kernels that compute in bfloat16.");
	return tally.outcome({
		...model,
		graph
	}, "bf16");
}
/** The tensor as bfloat16 under another name, and a Cast that gives its own name to what is read. */
function store(patch, tensor) {
	const name = patch.freshName(`${tensor.name}_bfloat16`);
	const read = (start, end) => {
		const first = Math.floor(start / 2);
		const part = floats(tensor, first, Math.ceil(end / 2)).map((value) => Number.isFinite(value) ? Math.min(largestBfloat, Math.max(-33895313892515355e22, value)) : value);
		const codes = new Uint16Array(part.length);
		float32ToBfloat16(part, codes);
		return new Uint8Array(codes.buffer).subarray(start - first * 2, end - first * 2);
	};
	const length = elementCount(tensor.shape) * 2;
	patch.removeInitializer(tensor.name);
	patch.setInitializer({
		...tensor,
		name,
		dtype: "bfloat16",
		data: {
			kind: "derived",
			length,
			read
		}
	});
	const to = { to: int$1(dtypeCode("float32")) };
	patch.addNode(makeNode("Cast", patch.freshName(`${name}_Cast`), [name], [tensor.name], to));
}
function holdsBeyond(tensor) {
	for (const { part } of partsOf(tensor)) if (part.some((value) => Math.abs(value) > largestBfloat && Number.isFinite(value))) return true;
	return false;
}
// src-main/quantize/block-options.ts
var blockOption = (inputs) => ({
	kind: "integer",
	title: "Block",
	help: "Inputs that share a scale: 16, 32, 64, 128 or 256. Smaller is more accurate, larger is smaller and faster.",
	default: inputs,
	min: 16,
	max: 256,
	unit: "inputs"
});
var blockOptions = {
	algorithm: {
		kind: "choice",
		title: "Rounding",
		help: "How scales and codes are found; GPTQ and AWQ ask for calibration samples. Automatic takes GPTQ where there are some, else k-quant.",
		default: "auto",
		choices: [
			{
				value: "auto",
				title: "Automatic"
			},
			{
				value: "nearest",
				title: "Nearest"
			},
			{
				value: "mse",
				title: "Nearest, on the range of least squared error"
			},
			{
				value: "k-quant",
				title: "k-quant (least squares for scale and zero point)"
			},
			{
				value: "hqq",
				title: "HQQ (float zero points)"
			},
			{
				value: "gptq",
				title: "GPTQ"
			},
			{
				value: "awq",
				title: "AWQ (scaled by activation, then k-quant)"
			}
		]
	},
	zeroPoints: {
		kind: "choice",
		title: "Zero points",
		help: "One for each block: integers are the usual, floats lose nothing of weights that lie on such a grid already and cost a small product more, none is smallest. Automatic takes floats just where weights lie on a grid.",
		default: "auto",
		choices: [
			{
				value: "auto",
				title: "Automatic"
			},
			{
				value: "integer",
				title: "Integer"
			},
			{
				value: "float",
				title: "Float"
			},
			{
				value: "none",
				title: "None (symmetric)"
			}
		]
	},
	form: {
		kind: "choice",
		title: "Written as",
		help: "MatMulNBits is the fastest and runs in onnxruntime only; DequantizeLinear is plain ONNX of opset 21 (25 with 2 bits), which onnxruntime turns into the same when it loads the model.",
		default: "matmul-nbits",
		choices: [{
			value: "matmul-nbits",
			title: "MatMulNBits"
		}, {
			value: "dequantize-linear",
			title: "DequantizeLinear (portable)"
		}],
		advanced: true
	},
	embeddings: {
		kind: "boolean",
		title: "Embedding tables",
		help: "Stores the tables that Gather reads in blocks too; a product that shares its weight with a table is stored once.",
		default: true
	},
	tableBits: {
		kind: "choice",
		title: "Bits of tables",
		help: "A table is read a row at a time, so its bits cost size alone; and what shares its weight, the last product of a language model, is the most sensitive.",
		default: "8",
		choices: [{
			value: "8",
			title: "8"
		}, {
			value: "4",
			title: "4"
		}],
		advanced: true
	},
	actOrder: {
		kind: "boolean",
		title: "Largest activations first",
		help: "For GPTQ: settles the inputs with the largest activations first, on grids taken before (\"act-order\" with static groups).",
		default: true,
		advanced: true
	},
	sequential: {
		kind: "boolean",
		title: "Inputs as the rounded layers make them",
		help: "For GPTQ: fits a layer to the inputs that the layers before give once they are rounded, not to those of the original; more passes over the samples.",
		default: false,
		advanced: true
	},
	floatActivations: {
		kind: "boolean",
		title: "Float activations",
		help: "Computes products in float32 rather than with activations rounded to int8 block by block: a little more accurate, several times slower.",
		default: false,
		advanced: true
	},
	mix: {
		kind: "choice",
		title: "8 bits for the most sensitive",
		help: "Measures on calibration samples what each weight costs the outputs and gives 8 bits to the worst: as many as a mean number of bits lets, or until the outputs are near enough.",
		default: "off",
		choices: [
			{
				value: "off",
				title: "No"
			},
			{
				value: "error",
				title: "Until the outputs are near enough"
			},
			{
				value: "bits",
				title: "Up to a mean number of bits"
			}
		]
	},
	fidelity: {
		kind: "number",
		title: "Wanted nearness to the original",
		help: "With 8 bits until the outputs are near enough: in decibels of signal over error. 20 is an error of a tenth, 30 of a thirtieth.",
		default: 30,
		min: 5,
		max: 60,
		unit: "dB",
		advanced: true
	},
	meanBits: {
		kind: "number",
		title: "Mean bits",
		help: "With 8 bits up to a mean: of the codes of all products whose weights may be mixed.",
		default: 5,
		min: 2,
		max: 8,
		unit: "bits",
		advanced: true
	},
	samples: {
		kind: "integer",
		title: "Calibration samples",
		help: "For GPTQ, AWQ and mixing: how many samples of the calibration split are run. Mixing takes fewer of them with a large model.",
		default: 32,
		min: 1,
		max: 1e5,
		unit: "samples",
		advanced: true
	}
};
/** What the shared options ask for. */
function blockChoice(chosen) {
	const { zeroPoints, algorithm, tableBits, floatActivations, mix, fidelity, meanBits, ...rest } = chosen;
	return {
		...rest,
		algorithm,
		zeroPoints: algorithm === "hqq" ? "float" : zeroPoints,
		tableBits: tableBits === "8" ? 8 : 4,
		integerActivations: !floatActivations,
		mix: mix === "off" ? null : {
			kind: mix,
			limit: mix === "error" ? fidelity : meanBits
		}
	};
}
// src-main/quantize/block-codes.ts
/**
* Weights of few bits with a scale for each block of inputs. W [inputs, outputs], packed as com.microsoft.MatMulNBits
* takes it (see kernels/blocks):
*
*   w ≈ scale · (code − zero point)            zero point: a whole number, packed; 2^(bits−1) where there is none
*   w ≈ scale · (code − 2^(bits−1)) + offset   where zero points may be any number
*/
/** Sizes of what {@link BlockCodes} holds. */
function blockSizes(inputs, outputs, { bits, block }) {
	const blocks = Math.ceil(inputs / block);
	const bytes = block * bits / 8;
	return {
		blocks,
		bytes,
		zeroBytes: Math.ceil(blocks * bits / 8),
		codes: outputs * blocks * bytes,
		scales: outputs * blocks
	};
}
/** Codes that have to be filled in, for a matrix that is worked through in panels of outputs. */
function emptyCodes(inputs, outputs, format) {
	const sizes = blockSizes(inputs, outputs, format);
	return {
		codes: new Uint8Array(sizes.codes),
		scales: new Float32Array(sizes.scales),
		zeroPoints: format.zeroPoints === "integer" ? new Uint8Array(outputs * sizes.zeroBytes) : null,
		offsets: format.zeroPoints === "float" ? new Float32Array(sizes.scales) : null
	};
}
var clipSteps = 20;
/** Each weight to its nearest code, on grids found block by block. */
function roundBlocks(search) {
	return (w, inputs, outputs, format) => {
		const { bits, levelBits, block, zeroPoints } = format;
		if ((search === "nearest" || search === "mse") && zeroPoints !== "float" && levelBits === bits) {
			const made = emptyCodes(inputs, outputs, format);
			quantizeBlocks(w, inputs, outputs, block, bits, search === "mse" ? clipSteps : 1, made.codes, made.scales, made.zeroPoints);
			return made;
		}
		const grids = gridsOf(w, inputs, outputs, format, search);
		const made = onGrids(grids, inputs, outputs, format);
		const { scales, zeros } = grids;
		quantizeOnGrids(w, inputs, outputs, block, bits, levelBits, shiftOf(format), scales, zeros, made.codes);
		return made;
	};
}
function gridsOf(w, inputs, outputs, format, search) {
	return findGrids(w, inputs, outputs, format.block, format.levelBits, format.zeroPoints, search);
}
/** What is added to a code on a grid to store it: the middle of the range is the middle of the codes. */
function shiftOf({ bits, levelBits, zeroPoints }) {
	return zeroPoints === "integer" ? 0 : 2 ** (bits - 1) - 2 ** (levelBits - 1);
}
/** Empty codes with their grids filled in. */
function onGrids({ scales, zeros }, inputs, outputs, format) {
	const { bits, levelBits, block } = format;
	const made = emptyCodes(inputs, outputs, format);
	made.scales.set(scales);
	if (made.zeroPoints !== null) packZeroPoints(zeros, Math.ceil(inputs / block), bits, made.zeroPoints);
	const { offsets } = made;
	const middle = 2 ** (levelBits - 1);
	if (offsets !== null) for (let i = 0; i < offsets.length; i++) offsets[i] = scales[i] * (middle - zeros[i]);
	return made;
}
/** Codes one a byte [inputs, outputs], with their grids, as they are stored. */
function packed(flat, grids, inputs, outputs, format) {
	const made = onGrids(grids, inputs, outputs, format);
	const shift = shiftOf(format);
	if (shift > 0) for (let i = 0; i < flat.length; i++) flat[i] += shift;
	packBlocks(flat, null, inputs, outputs, format.block, format.bits, made.codes, null);
	return made;
}
/**
* GPTQ, arXiv:2210.17323: λ is 1 % of the mean diagonal, ten times as much where H is not positive definite with it.
* @param hessian [inputs, inputs]; overwritten
* @param byActivity settles the inputs with the largest diagonal first ("act-order")
*/
function gptqFactor(hessian, inputs, byActivity) {
	const order = byActivity ? orderOf(hessian, inputs) : null;
	const given = order === null ? hessian : permuted(hessian, order);
	let trace = 0;
	for (let i = 0; i < inputs; i++) trace += given[i * inputs + i];
	const mean = trace === 0 ? 1 : trace / inputs;
	for (let share = .01;; share *= 10) {
		const upper = given.slice();
		for (let i = 0; i < inputs; i++) upper[i * inputs + i] += share * mean;
		if (inverseUpperCholesky(upper, inputs) < 0 || share > 1e6) return {
			upper,
			order
		};
	}
}
function orderOf(hessian, inputs) {
	const diagonal = Float64Array.from({ length: inputs }, (_, i) => hessian[i * inputs + i]);
	return Int32Array.from([...diagonal.keys()].sort((a, b) => diagonal[b] - diagonal[a] || a - b));
}
function permuted(hessian, order) {
	const n = order.length;
	const moved = new Float64Array(n * n);
	for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) moved[i * n + j] = hessian[order[i] * n + order[j]];
	return moved;
}
/**
* Rounding by GPTQ. In the order of activity, and with zero points of any number, grids are those of the weights as they
* were ("static groups"); else a block's grid is taken when its turn comes.
*/
function gptqBlocks({ upper, order }) {
	return (w, inputs, outputs, format) => {
		const { bits, levelBits, block, zeroPoints } = format;
		const flat = new Uint8Array(inputs * outputs);
		if (order !== null || zeroPoints === "float" || levelBits !== bits) {
			const grids = gridsOf(w, inputs, outputs, format, "k-quant");
			const blockOf = Int32Array.from({ length: inputs }, (_, i) => Math.floor((order?.[i] ?? i) / block));
			const settled = rowsInOrder(w, outputs, order);
			const codes = order === null ? flat : new Uint8Array(flat.length);
			gptqOnGrids(settled, upper, inputs, outputs, blockOf, levelBits, grids.scales, grids.zeros, codes);
			order?.forEach((from, i) => {
				flat.set(codes.subarray(i * outputs, (i + 1) * outputs), from * outputs);
			});
			return packed(flat, grids, inputs, outputs, format);
		}
		const made = emptyCodes(inputs, outputs, format);
		const { blocks } = blockSizes(inputs, outputs, format);
		const scales = new Float32Array(blocks * outputs);
		const zeros = zeroPoints === "none" ? null : new Uint8Array(blocks * outputs);
		gptq(w.slice(), upper, inputs, outputs, block, bits, clipSteps, flat, scales, zeros);
		packBlocks(flat, zeros, inputs, outputs, block, bits, made.codes, made.zeroPoints);
		for (let at = 0; at < blocks; at++) for (let output = 0; output < outputs; output++) made.scales[output * blocks + at] = scales[at * outputs + output];
		return made;
	};
}
function rowsInOrder(w, outputs, order) {
	if (order === null) return w.slice();
	const moved = new Float32Array(w.length);
	order.forEach((from, i) => {
		moved.set(w.subarray(from * outputs, (from + 1) * outputs), i * outputs);
	});
	return moved;
}
/** The matrix [inputs, outputs] that codes stand for. */
function valuesOf(made, inputs, outputs, format) {
	const w = new Float32Array(inputs * outputs);
	dequantizeBlocks(made.codes, made.scales, made.zeroPoints, inputs, outputs, format.block, format.bits, w);
	if (made.offsets !== null) {
		const { blocks } = blockSizes(inputs, outputs, format);
		for (let input = 0; input < inputs; input++) for (let output = 0; output < outputs; output++) w[input * outputs + output] += made.offsets[output * blocks + Math.floor(input / format.block)];
	}
	return w;
}
/** Codes in a file of the job, read back when they are asked for. */
function spilledCodes({ codes, scales, zeroPoints, offsets }, file) {
	const parts = [
		codes,
		scales,
		zeroPoints,
		offsets
	].map((part) => part === null ? null : new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
	const data = spill(Buffer.concat(parts.map((part) => part ?? /* @__PURE__ */ new Uint8Array())), file);
	const starts = parts.map((_, at) => parts.slice(0, at).reduce((sum, part) => sum + (part?.byteLength ?? 0), 0));
	const bytes = (at) => data.read(starts[at], starts[at] + (parts[at]?.byteLength ?? 0));
	const floats = (at) => new Float32Array(bytes(at).buffer);
	return () => ({
		codes: bytes(0),
		scales: floats(1),
		zeroPoints: zeroPoints === null ? null : bytes(2),
		offsets: offsets === null ? null : floats(3)
	});
}
// src-main/quantize/block-layers.ts
/** Where weights of few bits can go: products with a constant matrix, and tables that Gather reads. */
/** Tables smaller than this stay as they are. */
var smallestTable = 16384;
var smallestBlock = 16;
/** Elements of a weight that are rounded together: 64 MB. */
var panelElements = 2 ** 24;
/** Names what is stored of a layer's weight: the same for all that read it alike. */
function weightKey({ tensor, outputsFirst }) {
	return `${tensor.name}${outputsFirst ? "" : " by inputs"}`;
}
/** The layer that a node is, or why it stays; null where the question does not arise. */
function blockLayer(node, constants, tables) {
	if (node.domain !== "") return null;
	if (node.opType === "MatMul" || node.opType === "Gemm") return productOf(node, constants);
	return node.opType === "Gather" && tables ? tableOf(node, constants) : null;
}
function productOf(node, constants) {
	const refusal = refuseProduct(node, constants);
	if (refusal !== null) return refusal;
	const { tensor, turned } = constants.matrix(node.inputs[1]);
	const outputsFirst = turned !== (node.opType === "Gemm" && intOf$11(node, "transB", 0) === 1);
	const [rows, columns] = tensor.shape;
	const [outputs, inputs] = outputsFirst ? [rows, columns] : [columns, rows];
	return {
		node,
		kind: "product",
		tensor,
		outputsFirst,
		inputs,
		outputs
	};
}
function refuseProduct(node, constants) {
	const weight = constants.tensor(node.inputs[1]);
	if (weight === void 0) return "its weight is computed, not constant";
	if (weight.dtype !== "float32") return `its weight is ${weight.dtype}, not float32`;
	if (weight.shape.length !== 2) return "its weight is no matrix";
	if (constants.tensor(node.inputs[0]) !== void 0) return "its first operand is a constant";
	if (node.opType !== "Gemm") return null;
	return intOf$11(node, "transA", 0) === 0 && floatOf$5(node, "alpha", 1) === 1 && floatOf$5(node, "beta", 1) === 1 ? null : "transA, alpha or beta have no counterpart in a product of few bits";
}
function tableOf(node, constants) {
	const stored = constants.matrix(node.inputs[0]);
	if (stored?.tensor.dtype !== "float32" || intOf$11(node, "axis", 0) !== 0) return null;
	if (elementCount(stored.tensor.shape) < smallestTable) return null;
	if (stored.turned) return "its table is stored by columns";
	const [outputs, inputs] = stored.tensor.shape;
	if (inputs % smallestBlock !== 0) return `its rows of ${inputs} do not divide into blocks of ${smallestBlock}`;
	return {
		node,
		kind: "table",
		tensor: stored.tensor,
		outputsFirst: true,
		inputs,
		outputs
	};
}
/** The largest block of at most `block` that rows of this length divide into. */
function dividingBlock(inputs, block) {
	return inputs % block === 0 ? block : dividingBlock(inputs, block / 2);
}
/** Codes of a layer's weight; never more of it in floats than a panel. */
function roundLayer(layer, format, rounding) {
	const { inputs, outputs } = layer;
	const size = Math.max(1, Math.floor(panelElements / inputs));
	if (outputs <= size) return rounding(panelOf(layer, 0, outputs), inputs, outputs, format);
	const made = emptyCodes(inputs, outputs, format);
	const { blocks, bytes, zeroBytes } = blockSizes(inputs, outputs, format);
	for (let from = 0; from < outputs; from += size) {
		const to = Math.min(outputs, from + size);
		const part = rounding(panelOf(layer, from, to), inputs, to - from, format);
		made.codes.set(part.codes, from * blocks * bytes);
		made.scales.set(part.scales, from * blocks);
		made.zeroPoints?.set(part.zeroPoints, from * zeroBytes);
		made.offsets?.set(part.offsets, from * blocks);
	}
	return made;
}
/** Outputs `from`…`to` of a layer's weight, as [inputs, to − from]. */
function panelOf({ tensor, outputsFirst, inputs, outputs }, from, to) {
	const width = to - from;
	if (!outputsFirst && width === outputs) return readTensor(tensor).data;
	const panel = new Float32Array(inputs * width);
	if (outputsFirst) {
		transpose(floats(tensor, from * inputs, to * inputs), width, inputs, panel);
		return panel;
	}
	const rows = Math.max(1, Math.floor(panelElements / outputs));
	for (let row = 0; row < inputs; row += rows) {
		const last = Math.min(inputs, row + rows);
		const part = floats(tensor, row * outputs, last * outputs);
		for (let i = row; i < last; i++) panel.set(part.subarray((i - row) * outputs + from, (i - row) * outputs + to), i * width);
	}
	return panel;
}
// src-main/quantize/awq.ts
/** Steps of α between 0 and 1. */
var steps = 20;
/** Outputs of each product that α is judged by: groups spread over them. */
var judged = {
	groups: 4,
	outputs: 12
};
/** Where the products among `layers` can be scaled; all readers of a value or none. */
async function awqSites(model, layers) {
	const byNode = new Map(layers.map((one) => [one.layer.node.name, one]));
	return (await sitesOf(model, (_) => true)).flatMap((site) => {
		const found = site.read.map(({ node, size }) => {
			const one = byNode.get(node.name);
			return one !== void 0 && size === site.channels && one.layer.inputs === size ? one : null;
		});
		const all = found.filter((one) => one !== null);
		return all.length === found.length && site.inputs.length === 1 && site.ceilings.length === 0 ? [{
			site,
			layers: all
		}] : [];
	});
}
/** The s of the α whose error is least; null where leaving the weights as they are is as good. */
function bestScales({ layers }, { sum, inputs }, rounding) {
	const parts = layers.map(({ layer, format }) => ({
		w: judgedOutputs(layer),
		format
	}));
	const errorOf = (s) => parts.reduce((total, { w, format }) => total + scaledError(w, s, sum, inputs, format, rounding), 0);
	const plain = errorOf(new Float64Array(inputs).fill(1));
	let best = null;
	let least = plain * .99;
	for (let step = 1; step <= steps; step++) {
		const s = scalesFor(sum, inputs, step / steps);
		const error = errorOf(s);
		if (error >= least) continue;
		least = error;
		best = s;
	}
	return best;
}
function scalesFor(hessian, inputs, alpha) {
	const power = Float64Array.from({ length: inputs }, (_, j) => hessian[j * inputs + j]);
	const largest = power.reduce((a, b) => Math.max(a, b), 0);
	const s = power.map((value) => Math.max(value, 1e-10 * largest) ** (alpha / 2));
	const middle = Math.sqrt(s.reduce((a, b) => Math.max(a, b), 0) * s.reduce((a, b) => Math.min(a, b), Infinity));
	return middle > 0 ? s.map((value) => value / middle) : s.fill(1);
}
/** [inputs, outputs] of groups of outputs spread over all of them. */
function judgedOutputs(layer) {
	const { inputs, outputs } = layer;
	const width = Math.min(judged.outputs, Math.ceil(outputs / judged.groups));
	const panels = Array.from({ length: judged.groups }, (_, group) => Math.floor(group * outputs / judged.groups)).map((from) => panelOf(layer, from, Math.min(outputs, from + width)));
	const total = panels.reduce((sum, panel) => sum + panel.length / inputs, 0);
	const w = new Float32Array(inputs * total);
	let column = 0;
	for (const panel of panels) {
		const own = panel.length / inputs;
		for (let i = 0; i < inputs; i++) w.set(panel.subarray(i * own, (i + 1) * own), i * total + column);
		column += own;
	}
	return w;
}
/** Σ over outputs of Δᵀ·H·Δ with Δ = Q(s·w)/s − w. */
function scaledError(w, s, hessian, inputs, format, rounding) {
	const outputs = w.length / inputs;
	const delta = valuesOf(rounding(w.map((value, at) => value * s[Math.floor(at / outputs)]), inputs, outputs, format), inputs, outputs, format).map((value, at) => value / s[Math.floor(at / outputs)] - w[at]);
	let error = 0;
	const row = new Float64Array(outputs);
	for (let i = 0; i < inputs; i++) {
		row.fill(0);
		for (let j = i; j < inputs; j++) {
			const h = hessian[i * inputs + j] * (j === i ? 1 : 2);
			for (let n = 0; n < outputs; n++) row[n] += h * delta[j * outputs + n];
		}
		for (let n = 0; n < outputs; n++) error += row[n] * delta[i * outputs + n];
	}
	return error;
}
/** The model with the chosen scales in its weights and in what makes their inputs: its outputs stay the same. */
function withScales(model, chosen) {
	const scalings = chosen.flatMap(({ site, s }) => {
		const inverse = s.map((value) => 1 / value);
		return [...site.made.map((operand) => ({
			operand,
			factors: inverse
		})), ...site.read.map((operand) => ({
			operand,
			factors: s
		}))];
	});
	return {
		...model,
		graph: applyScalings(model.graph, scalings)
	};
}
// src-main/quantize/block-nodes.ts
/**
* The nodes that compute with weights of few bits.
*
* `matmul-nbits`: com.microsoft.MatMulNBits and GatherBlockQuantized, which only onnxruntime has. `dequantize-linear`:
* block-wise DequantizeLinear of ONNX opset 21 before the float operator, which any runtime may have; onnxruntime makes
* MatMulNBits of it when it loads the model.
*
* Zero points that are no whole numbers are a product of their own, y = x·Wq + S·O: S [.., blocks] the sums of x over
* each block, O [blocks, outputs] the offsets. The integer kernels take no others.
*/
var domain = "com.microsoft";
var { int } = attributes_exports;
/** Puts nodes of few bits in the place of float ones; a weight is stored once for all that read it alike. */
var BlockNodes = class {
	#patch;
	#options;
	#names = /* @__PURE__ */ new Map();
	#values = /* @__PURE__ */ new Map();
	constructor(patch, options) {
		this.#patch = patch;
		this.#options = options;
	}
	product(layer, stored) {
		const { node } = layer;
		const terms = [this.#fewBits(layer, stored)];
		if (stored.format.zeroPoints === "float" && !this.#takesFloatZeroPoints(stored.format)) terms.push(this.#offset(layer, stored));
		const bias = node.opType === "Gemm" ? node.inputs[2] ?? "" : "";
		this.#patch.removeNode(node.name);
		this.#sum(node.outputs[0], node.name, terms, bias);
	}
	table(layer, stored) {
		const { node, inputs, outputs } = layer;
		const { format } = stored;
		const ids = node.inputs[1];
		const isNative = this.#options.form === "matmul-nbits";
		const layout = isNative ? stored.isShared ? "blocks" : "table" : "rows";
		const { codes, scales, zeroPoints } = this.#store(layer, stored, layout);
		this.#patch.removeNode(node.name);
		if (!isNative) {
			const rows = [
				codes,
				scales,
				zeroPoints
			].filter((name) => name !== "").map((name) => this.#add("Gather", `${node.name}_${name}`, [name, ids]));
			const along = {
				axis: int(-1),
				block_size: int(format.block)
			};
			this.#put("DequantizeLinear", rows, along)(node.outputs[0], node.name);
			return;
		}
		const rows = layout === "table" ? codes : this.#asTable(codes, outputs, blockSizes(inputs, outputs, format));
		const extra = {
			bits: int(format.bits),
			block_size: int(format.block),
			gather_axis: int(0),
			quantize_axis: int(1)
		};
		const reads = [
			rows,
			ids,
			scales,
			zeroPoints
		];
		this.#put("GatherBlockQuantized", reads, extra, domain)(node.outputs[0], node.name);
	}
	/** Codes as MatMulNBits takes them in the shape that GatherBlockQuantized takes; onnxruntime does it at loading. */
	#asTable(codes, outputs, { blocks, bytes }) {
		const shape = this.#patch.freshName(`${codes}_shape`);
		this.#patch.setInitializer(int64Tensor(shape, [2], [outputs, blocks * bytes]));
		return this.#add("Reshape", `${codes}_rows`, [codes, shape]);
	}
	/** x·Wq */
	#fewBits(layer, stored) {
		const { node, inputs, outputs } = layer;
		const { bits, block } = stored.format;
		const x = node.inputs[0];
		if (this.#options.form === "dequantize-linear") {
			const { codes, scales, zeroPoints } = this.#store(layer, stored, "columns");
			const extra = {
				axis: int(0),
				block_size: int(block)
			};
			return (output, name) => {
				const w = this.#add("DequantizeLinear", `${name}_weight`, [
					codes,
					scales,
					zeroPoints
				], extra);
				this.#put("MatMul", [x, w])(output, name);
			};
		}
		const { codes, scales, zeroPoints } = this.#store(layer, stored, "blocks");
		const accuracy = int(this.#options.accuracyLevel);
		const extra = {
			K: int(inputs),
			N: int(outputs),
			bits: int(bits),
			block_size: int(block),
			accuracy_level: accuracy
		};
		return this.#put("MatMulNBits", [
			x,
			codes,
			scales,
			zeroPoints
		], extra, domain);
	}
	/** S·O, S [.., blocks]: sums of x over each block, one product with ones for all that read x. */
	#offset(layer, stored) {
		const { inputs, node } = layer;
		const { block } = stored.format;
		const x = node.inputs[0];
		const ones = this.#once(`ones ${inputs} ${block}`, () => {
			const name = this.#patch.freshName(`ones_${inputs}_${block}`);
			this.#patch.setInitializer(blockOnes(name, inputs, block));
			return name;
		});
		const sums = this.#once(`sums ${x} ${inputs} ${block}`, () => this.#add("MatMul", `${x}_block_sums`, [x, ones]));
		const offsets = this.#once(`offsets ${weightKey(layer)}`, () => this.#storeOffsets(layer, stored));
		return this.#put("MatMul", [sums, offsets]);
	}
	/** Whether zero points that are no whole numbers go into the kernel: the one with float activations, up to 4 bits. */
	#takesFloatZeroPoints({ bits }) {
		return this.#options.form === "matmul-nbits" && this.#options.accuracyLevel === 0 && bits < 8;
	}
	#once(key, make) {
		const value = this.#values.get(key) ?? make();
		this.#values.set(key, value);
		return value;
	}
	#sum(output, name, terms, bias) {
		const [first, ...others] = terms;
		const count = others.length + (bias === "" ? 0 : 1);
		if (count === 0) {
			first(output, name);
			return;
		}
		let sum = this.#patch.freshName(`${output}_product`);
		first(sum, name);
		const addends = others.map((term, at) => {
			const value = this.#patch.freshName(`${output}_term_${at}`);
			term(value, this.#patch.freshName(`${name}_term_${at}`));
			return value;
		});
		if (bias !== "") addends.push(bias);
		addends.forEach((addend, at) => {
			const next = at === count - 1 ? output : this.#patch.freshName(`${output}_sum_${at}`);
			this.#put("Add", [sum, addend])(next, this.#patch.freshName(`${name}_add_${at}`));
			sum = next;
		});
	}
	/** A node whose trailing inputs '' are left out. */
	#put(opType, inputs, extra = {}, of = "") {
		const given = inputs.at(-1) === "" ? inputs.slice(0, -1) : inputs;
		return (output, name) => this.#patch.addNode(makeNode(opType, name, given, [output], extra, of));
	}
	/** A node of its own name and output. */
	#add(opType, stem, inputs, extra = {}) {
		const output = this.#patch.freshName(stem);
		this.#put(opType, inputs, extra)(output, this.#patch.freshName(`${stem}_${opType}`));
		return output;
	}
	#store(layer, stored, layout) {
		const key = `${weightKey(layer)} ${layout}`;
		const known = this.#names.get(key);
		if (known !== void 0) return known;
		const { inputs, outputs, tensor } = layer;
		const { format } = stored;
		const { bits, block } = format;
		const { blocks, bytes, zeroBytes } = blockSizes(inputs, outputs, format);
		const isPacked = layout === "blocks" || layout === "table";
		const packedShape = layout === "table" ? [outputs, blocks * bytes] : [
			outputs,
			blocks,
			bytes
		];
		const outer = layout === "rows" ? [outputs] : [];
		const inner = layout === "columns" ? [outputs] : [];
		const isSigned = format.zeroPoints !== "integer";
		const dtype = isPacked ? "uint8" : storedType(bits, isSigned);
		const flip = isSigned ? 2 ** (bits - 1) : 0;
		const flat = (codes, count, perBlock, mask) => flattenBlocks(codes, count, outputs, perBlock, bits, mask, layout === "rows");
		const codes = this.#tensor(`${tensor.name}_codes`, dtype, isPacked ? packedShape : [
			...outer,
			inputs,
			...inner
		], stored, (made) => isPacked ? made.codes : flat(made.codes, inputs, block, flip));
		const scales = this.#tensor(`${tensor.name}_scales`, "float32", layout === "columns" ? [blocks, outputs] : [outputs, blocks], stored, ({ scales: s }) => bytesOf(layout === "columns" ? turned(s, outputs, blocks) : s));
		let zeroPoints = "";
		if (format.zeroPoints === "integer") zeroPoints = this.#tensor(`${tensor.name}_zero_points`, dtype, isPacked ? [outputs, zeroBytes] : [
			...outer,
			blocks,
			...inner
		], stored, ({ zeroPoints: z }) => isPacked ? z : flat(z, blocks, zeroBytes * 8 / bits, 0));
		if (format.zeroPoints === "float" && this.#takesFloatZeroPoints(format)) zeroPoints = this.#tensor(`${tensor.name}_zero_points`, "float32", [outputs, blocks], stored, (made) => bytesOf(made.offsets.map((offset, i) => 2 ** (bits - 1) - offset / (made.scales[i] || 1))));
		const names = {
			codes,
			scales,
			zeroPoints
		};
		this.#names.set(key, names);
		return names;
	}
	#storeOffsets({ tensor, inputs, outputs }, stored) {
		const { blocks } = blockSizes(inputs, outputs, stored.format);
		return this.#tensor(`${tensor.name}_offsets`, "float32", [blocks, outputs], stored, ({ offsets }) => bytesOf(turned(offsets, outputs, blocks)));
	}
	/** An initializer whose bytes are made when they are read. */
	#tensor(stem, dtype, shape, { make }, bytes) {
		const name = this.#patch.freshName(stem);
		const whole = () => bytes(lastCodes.of(make));
		const read = (start, end) => lastBytes.of(whole).slice(start, end);
		const data = {
			kind: "derived",
			length: dtypeBytes(dtype, elementCount(shape)),
			read
		};
		this.#patch.setInitializer({
			name,
			dtype,
			shape,
			data
		});
		return name;
	}
};
function storedType(bits, isSigned) {
	return isSigned ? `int${bits}` : `uint${bits}`;
}
/** Ones [inputs, blocks] where an input belongs to a block. */
function blockOnes(name, inputs, block) {
	const blocks = Math.ceil(inputs / block);
	const data = new Float32Array(inputs * blocks);
	for (let i = 0; i < inputs; i++) data[i * blocks + Math.floor(i / block)] = 1;
	return tensorFromArray(name, {
		dtype: "float32",
		shape: [inputs, blocks],
		data
	});
}
/** What was made last, and only that: the parts of one weight are read one after the other. */
var LastMade = class {
	#make;
	#made;
	of(make) {
		if (this.#make !== make) {
			this.#made = void 0;
			this.#made = make();
			this.#make = make;
		}
		return this.#made;
	}
};
var lastCodes = new LastMade();
var lastBytes = new LastMade();
function turned(x, rows, columns) {
	const y = new Float32Array(x.length);
	transpose(x, rows, columns, y);
	return y;
}
function bytesOf(array) {
	return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
// src-main/quantize/mix-bits.ts
/**
* Which weights take more bits than the others. Every product stands in one graph twice, with few bits and with many,
* behind a switch: one session tells what each weight costs the outputs on calibration samples, and what a mixture does.
* The session holds the weights in both widths: 12 bits each for 4 and 8, where the float model has 32.
*
* Small errors from different weights add up in power; so weights are raised in the order of power spared for a bit.
*/
/** Mixtures that are run to see what the sum of their parts did not tell. */
var mostTrials = 8;
async function mixBits(model, layers, budget, options, data, outputs, work) {
	const board = await Switchboard.of(model, layers, options, data, outputs, portion(work, 0, .1));
	try {
		return await new Mixer(board, layers, budget).choose(portion(work, .1, 1));
	} finally {
		await board.release();
	}
}
var Mixer = class {
	#board;
	#layers;
	#budget;
	constructor(board, layers, budget) {
		this.#board = board;
		this.#layers = layers;
		this.#budget = budget;
	}
	async choose(work) {
		const candidates = await this.#candidates(work);
		if (this.#budget.kind === "bits") return this.#mixture(withinBits(candidates, this.#budget.limit), candidates);
		return this.#withinError(candidates);
	}
	/** The weights, those first that spare most for a bit. */
	async #candidates(work) {
		const floor = await this.#board.noise(/* @__PURE__ */ new Set());
		const byKey = new Map(this.#layers.map((mixed) => [weightKey(mixed.layer), mixed]));
		const found = [];
		for (const [key, { layer, few, many }] of byKey) {
			work.signal.throwIfAborted();
			const noise = Math.max(0, await this.#board.noise(/* @__PURE__ */ new Set([key])) - floor);
			const weights = layer.inputs * layer.outputs;
			found.push({
				key,
				weights,
				savedBits: weights * (many.format.bits - few.format.bits),
				noise
			});
			work.progress({
				phase: "Measuring weights",
				fraction: found.length / byKey.size,
				detail: layer.node.name
			});
		}
		return found.sort((a, b) => b.noise / b.savedBits - a.noise / a.savedBits || (a.key < b.key ? -1 : 1));
	}
	/** The fewest raised weights with which the outputs are near enough: a guess by sums, then runs until it holds. */
	async #withinError(candidates) {
		const wanted = 10 ** (-this.#budget.limit / 10);
		let rest = await this.#board.noise(/* @__PURE__ */ new Set()) + candidates.reduce((sum, { noise }) => sum + noise, 0);
		let count = 0;
		while (count < candidates.length && rest > wanted) rest -= candidates[count++].noise;
		for (let trial = 1;; trial++) {
			const mixture = await this.#mixture(candidates.slice(0, count), candidates);
			if (mixture.isMet || count === candidates.length) return mixture;
			const left = candidates.length - count;
			count = trial >= mostTrials ? candidates.length : count + Math.max(1, Math.ceil(left / 8));
		}
	}
	async #mixture(raised, candidates) {
		const keys = new Set(raised.map(({ key }) => key));
		const few = new Set(candidates.filter(({ key }) => !keys.has(key)).map(({ key }) => key));
		const sqnrDb = -10 * Math.log10(Math.max(await this.#board.noise(few), 1e-12));
		const all = candidates.reduce((sum, { weights }) => sum + weights, 0);
		const saved = candidates.reduce((sum, { key, savedBits }) => sum + (few.has(key) ? savedBits : 0), 0);
		const meanBits = this.#layers[0].many.format.bits - saved / all;
		return {
			raised: keys,
			sqnrDb,
			meanBits,
			isMet: this.#budget.kind === "bits" ? meanBits <= this.#budget.limit : sqnrDb >= this.#budget.limit
		};
	}
};
/** Those to raise, in order, as long as the mean stays within the budget; one that is too large lets smaller ones by. */
function withinBits(candidates, meanBits) {
	const all = candidates.reduce((sum, { weights }) => sum + weights, 0);
	const least = candidates.reduce((sum, { weights, savedBits }) => sum + 8 * weights - savedBits, 0);
	let left = meanBits * all - least;
	return candidates.filter(({ savedBits }) => {
		const fits = savedBits <= left;
		if (fits) left -= savedBits;
		return fits;
	});
}
/** The model with each product twice, and the answers of the float model that it is held against. */
var Switchboard = class Switchboard {
	#session;
	#switches;
	#keys;
	#runs;
	constructor(session, switches, keys, runs) {
		this.#session = session;
		this.#switches = switches;
		this.#keys = keys;
		this.#runs = runs;
	}
	static async of(model, layers, options, data, outputs, work) {
		const threads = {
			background: true,
			threads: availableParallelism()
		};
		const float = await openSession(model, {
			...threads,
			prepacking: false
		});
		const runs = [];
		try {
			for await (const { feeds } of data.batches()) runs.push({
				feeds,
				reference: await float.run(feeds, outputs)
			});
		} finally {
			await float.release();
		}
		work.progress({
			phase: "Measuring weights",
			fraction: .5,
			detail: "both widths"
		});
		const { graph, switches, keys } = switchedGraph(model.graph, layers, options);
		const opsets = new Map(model.opsets).set("com.microsoft", 1);
		const session = await openSession({
			...model,
			opsets,
			graph
		}, threads);
		return new Switchboard(session, switches, keys, runs);
	}
	/** Error power over signal power of the outputs when the weights with these keys have few bits. */
	async noise(few) {
		const data = Uint8Array.from(this.#keys, (key) => few.has(key) ? 1 : 0);
		const switches = {
			dtype: "bool",
			shape: [data.length],
			data
		};
		let sum = 0;
		for (const { feeds, reference } of this.#runs) {
			const outputs = await this.#session.run({
				...feeds,
				[this.#switches]: switches
			}, Object.keys(reference));
			sum += relativeError(reference, outputs);
		}
		return sum / this.#runs.length;
	}
	async release() {
		await this.#session.release();
	}
};
function switchedGraph(graph$1, layers, options) {
	const patch = new Patch(graph$1);
	const switches = patch.freshName("lathe_few_bits");
	const keys = [...new Set(layers.map(({ layer }) => weightKey(layer)))];
	patch.setInputs([...graph$1.inputs, makeValue(switches, "bool", [keys.length])]);
	for (const { layer, few, many } of layers) {
		const { node } = layer;
		const at = patch.freshName(`${node.name}_switch_index`);
		patch.setInitializer(int64Tensor(at, [], [keys.indexOf(weightKey(layer))]));
		const isFew = patch.freshName(`${node.name}_is_few`);
		patch.addNode(makeNode("Gather", patch.freshName(`${node.name}_switch`), [switches, at], [isFew]));
		patch.replaceNode(node.name, makeNode("If", node.name, [isFew], node.outputs, {
			then_branch: graph(branch(layer, few, options, "few")),
			else_branch: graph(branch(layer, many, options, "many"))
		}));
	}
	return {
		graph: patch.apply(),
		switches,
		keys
	};
}
/** A body that computes the product alone; names of its own, since a body sees those around it. */
function branch(layer, stored, options, suffix) {
	const output = `${layer.node.outputs[0]}_${suffix}`;
	const node = {
		...layer.node,
		name: `${layer.node.name}_${suffix}`,
		outputs: [output]
	};
	const outputs = [makeValue(output, "float32", null)];
	const patch = new Patch(makeGraph({
		name: node.name,
		nodes: [node],
		inputs: [],
		outputs
	}));
	const tensor = {
		...layer.tensor,
		name: `${node.name}_weight`
	};
	new BlockNodes(patch, options).product({
		...layer,
		node,
		tensor
	}, stored);
	return patch.apply();
}
// src-main/quantize/over-hessians.ts
/** Passes over the calibration samples that sum up the Hessians of layers, as many at a time as memory is meant to hold. */
/** Bytes of Hessians that are held at a time; one that is larger is held alone. */
var hessianBytes = 64e6;
/** In sequence: passes over the samples at most. */
var mostPasses = 32;
/** Shows the Hessian of every value that layers read, with those layers, in the order of the graph. */
async function overHessians({ layers, data, model, sequential }, work, visit) {
	const all = readersByValue(layers);
	const together = sequential ? Math.ceil(all.length / mostPasses) : all.length;
	const samples = sequential ? {
		...data,
		cache: null
	} : data;
	for (let from = 0; from < all.length;) {
		const group = all.slice(from, from + Math.min(together, fitting(all.slice(from))));
		const observers = group.map(([{ layer }]) => hessianOf(layer));
		const part = portion(work, from / all.length, (from + group.length) / all.length);
		await observe({
			model: model(),
			data: samples,
			mapped: true
		}, observers, portion(part, 0, .4));
		from += group.length;
		for (const [at, readers] of group.entries()) {
			work.signal.throwIfAborted();
			const hessian = observers.shift().hessian();
			const [start, end] = [at, at + 1].map((done) => .4 + .6 * done / group.length);
			visit(hessian, readers, portion(part, start, end));
		}
	}
}
function readersByValue(layers) {
	const byValue = /* @__PURE__ */ new Map();
	for (const planned of layers) {
		const value = planned.layer.node.inputs[0];
		const known = byValue.get(value);
		if (known === void 0) byValue.set(value, [planned]);
		else known.push(planned);
	}
	return [...byValue.values()];
}
/** How many of the first Hessians fit into memory together: one at least. */
function fitting(readers) {
	let bytes = 0;
	const beyond = readers.findIndex(([{ layer }]) => {
		bytes += layer.inputs ** 2 * 8;
		return bytes > hessianBytes;
	});
	return beyond === -1 ? readers.length : Math.max(1, beyond);
}
function hessianOf({ node, tensor, inputs, outputs }) {
	const isTurned = node.opType === "Gemm" && intOf$11(node, "transB", 0) === 1;
	return new HessianObserver(node, {
		...tensor,
		shape: isTurned ? [outputs, inputs] : [inputs, outputs]
	});
}
// src-main/quantize/block-weights.ts
/**
* Weight-only quantization: products with constant matrices and tables that Gather reads keep their weights in few bits.
* Each weight is quantized when its bytes are asked for, one at a time; what needs calibration samples is made first and
* kept in files of the job.
*/
async function quantizeBlockWise(given, request, targets, context) {
	checkBlock(request);
	const tally = new Tally$1();
	const prepared = await inForm(await prepare(given, tally), request, tally);
	const plan = new BlockPlan(request, targetFilter(targets), algorithmFor(request, context));
	const part = request.mix === null ? context : {
		...context,
		...portion(context, 0, .4)
	};
	const model = plan.algorithm === "awq" ? await awq(prepared, plan, tally, part) : prepared;
	const made = plan.algorithm === "gptq" ? await gptqAll(model, plan, tally, part) : /* @__PURE__ */ new Map();
	if (request.mix !== null) await mix(model, plan, request.mix, made, tally, context);
	const graph = editGraphs(model.graph, (scope) => blockEdit(scope, plan, tally, made));
	const isOwn = request.form === "matmul-nbits";
	const opsets = isOwn ? new Map(model.opsets).set("com.microsoft", 1) : model.opsets;
	for (const note of plan.notes) tally.note(note);
	if (isOwn) tally.note("Runs in onnxruntime alone: MatMulNBits is an operator of its own.");
	return tally.outcome({
		...model,
		opsets,
		graph
	}, request.method);
}
function algorithmFor({ algorithm }, { dataset }) {
	if (algorithm !== "auto") return algorithm;
	return dataset !== void 0 && dataset.summary.reader !== "random" && dataset.calibration !== null ? "gptq" : "k-quant";
}
function checkBlock({ method, block }) {
	if (Number.isInteger(Math.log2(block))) return;
	throw new LatheError({
		who: `quantize ${method}`,
		what: `option "block" expects 16, 32, 64, 128 or 256, got ${block}`,
		code: "usage"
	});
}
/** The model at the opset that block-wise DequantizeLinear asks for, where that is the form. */
async function inForm(model, { form, levelBits, tableBits }, tally) {
	const needed = form === "matmul-nbits" ? 0 : levelBits === 2 || tableBits === 2 ? 25 : 21;
	if ((model.opsets.get("") ?? 1) >= needed) return model;
	const raised = await raiseOpset(model, needed);
	for (const note of raised.notes) tally.note(`Before: ${note}.`);
	return raised.model;
}
/** Which nodes change, and into what format their weights go. */
var BlockPlan = class {
	request;
	algorithm;
	#admits;
	#onGrid = /* @__PURE__ */ new Set();
	/** Keys of weights that take 8 bits. */
	raised = /* @__PURE__ */ new Set();
	constructor(request, admits, algorithm) {
		this.request = request;
		this.algorithm = algorithm;
		this.#admits = admits;
	}
	get notes() {
		const { levelBits } = this.request;
		const notes = [];
		if (levelBits === 3) notes.push("Values of 3 bits are kept in 4: smaller only when the file is compressed.");
		if (this.#onGrid.size > 0) notes.push(`${this.#onGrid.size} weights lie on a grid of ${2 ** levelBits} levels already and lose nothing: their zero points are kept as they are.`);
		return notes;
	}
	/** The products of a model's main graph. */
	products(model) {
		return this.layers(scopeOf(model.graph, null), new Tally$1()).filter(({ layer }) => layer.kind === "product");
	}
	/** The layers of a graph, with their formats; what stays is counted. */
	layers({ index, constants }, tally) {
		const layers = [];
		for (const node of index.graph.nodes) {
			const found = blockLayer(node, constants, this.request.embeddings);
			if (found === null) continue;
			tally.eligible++;
			if (!this.#admits(node)) tally.skip(node, "not among the targets");
			else if (typeof found === "string") tally.skip(node, found);
			else layers.push(found);
		}
		const keysOf = (wanted) => new Set(layers.filter(({ kind }) => kind === wanted).map((layer) => weightKey(layer)));
		const tables = keysOf("table");
		const products = keysOf("product");
		const formats = /* @__PURE__ */ new Map();
		return layers.map((layer) => {
			const key = weightKey(layer);
			const format = formats.get(key) ?? this.#format(layer, tables.has(key));
			formats.set(key, format);
			return {
				layer,
				format,
				isShared: tables.has(key) && products.has(key)
			};
		});
	}
	/** Whether rounding to nearest loses nothing of a weight. */
	keepsGrid(layer) {
		return this.#onGrid.has(weightKey(layer));
	}
	/** Of weights that 8 bits are spent on. */
	raisedFormat() {
		const { block, zeroPoints } = this.request;
		return {
			bits: 8,
			levelBits: 8,
			block,
			zeroPoints: zeroPoints === "none" ? "none" : "integer"
		};
	}
	#format(layer, isTable) {
		const { block, zeroPoints, form } = this.request;
		if (isTable) {
			const levelBits = form === "dequantize-linear" ? 8 : this.request.tableBits;
			const zeros = zeroPoints === "none" ? "none" : "integer";
			return {
				bits: storageBits(levelBits),
				levelBits,
				block: dividingBlock(layer.inputs, block),
				zeroPoints: zeros
			};
		}
		if (this.raised.has(weightKey(layer))) return this.raisedFormat();
		const { levelBits } = this.request;
		const plain = {
			bits: storageBits(levelBits),
			levelBits,
			block
		};
		if (zeroPoints !== "auto") return {
			...plain,
			zeroPoints
		};
		if (!liesOnGrid(layer, {
			...plain,
			zeroPoints: "float"
		})) return {
			...plain,
			zeroPoints: "integer"
		};
		this.#onGrid.add(weightKey(layer));
		return {
			...plain,
			zeroPoints: "float"
		};
	}
};
function storageBits(levelBits) {
	return levelBits === 3 ? 4 : levelBits;
}
/** Outputs that are looked at to tell what grid weights lie on. */
var probedOutputs = 64;
/** Largest share of the weights' power that float32 rounding of scales and offsets leaves. */
var roundingPower = 1e-10;
/** Whether weights are codes on a block-wise grid already, as those of a model that was quantized and written out are. */
function liesOnGrid(layer, format) {
	const outputs = Math.min(probedOutputs, layer.outputs);
	const w = panelOf(layer, 0, outputs);
	const back = valuesOf(roundBlocks("nearest")(w, layer.inputs, outputs, format), layer.inputs, outputs, format);
	let power = 0;
	let error = 0;
	for (let i = 0; i < w.length; i++) {
		power += w[i] ** 2;
		error += (w[i] - back[i]) ** 2;
	}
	return error <= roundingPower * power;
}
/** Codes of every product of the main graph by GPTQ. */
async function gptqAll(model, plan, tally, context) {
	const { method, samples, actOrder, sequential } = plan.request;
	const layers = plan.products(model).filter(({ layer, isShared }) => !isShared && !plan.keepsGrid(layer));
	if (layers.length === 0) return /* @__PURE__ */ new Map();
	const data = calibrationData(context, method, samples);
	for (const note of data.notes) tally.note(note);
	const folder = mkdtempSync(join(context.workDir, "gptq-"));
	const made = /* @__PURE__ */ new Map();
	await overHessians({
		layers,
		data,
		model: sequential ? () => withMade(model, layers, made, plan.request) : () => model,
		sequential
	}, context, ({ sum, inputs }, layers, work) => {
		const rounding = gptqBlocks(gptqFactor(sum, inputs, actOrder));
		for (const { layer, format } of layers) {
			const key = weightKey(layer);
			if (made.has(key)) continue;
			work.progress({
				phase: "GPTQ",
				fraction: 0,
				detail: layer.node.name
			});
			made.set(key, spilledCodes(roundLayer(layer, format, rounding), join(folder, `${made.size}.bin`)));
		}
	});
	return made;
}
/** The model as far as its weights are made. */
function withMade(model, layers, made, request) {
	const patch = new Patch(model.graph);
	const nodes = new BlockNodes(patch, {
		form: "matmul-nbits",
		accuracyLevel: request.integerActivations ? 4 : 0
	});
	for (const { layer, format } of layers) {
		const make = made.get(weightKey(layer));
		if (make !== void 0) nodes.product(layer, {
			format,
			make,
			isShared: false
		});
	}
	const opsets = new Map(model.opsets).set("com.microsoft", 1);
	return {
		...model,
		opsets,
		graph: withoutUnused(patch.apply())
	};
}
/** The model with its products scaled by activation, as far as what makes their inputs takes the factors. */
async function awq(model, plan, tally, context) {
	const { method, samples } = plan.request;
	const data = calibrationData(context, method, samples);
	for (const note of data.notes) tally.note(note);
	const products = plan.products(model).filter(({ layer, isShared }) => !plan.keepsGrid(layer) && !isShared);
	const sites = await awqSites(model, products);
	const siteOf = new Map(sites.map((site) => [site.layers[0]?.layer.node.name, site]));
	const chosen = [];
	const layers = sites.flatMap((site) => site.layers);
	await overHessians({
		layers,
		data,
		model: () => model,
		sequential: false
	}, context, (hessian, readers, work) => {
		const site = siteOf.get(readers[0]?.layer.node.name);
		work.progress({
			phase: "Scaling by activation",
			fraction: 0,
			detail: site.site.maker.name
		});
		const s = bestScales(site, hessian, roundingOf(plan.algorithm, readers[0].format));
		if (s !== null) chosen.push({
			site: site.site,
			s
		});
	});
	const scaled = chosen.reduce((sum, { site }) => sum + site.read.length, 0);
	tally.note(`AWQ scaled ${scaled} of ${products.length} products at ${chosen.length} places; ${products.length - layers.length} have an input whose makers take no factors, ${layers.length - scaled} gain nothing.`);
	return withScales(model, chosen);
}
/** Runs that are spent on one weight: so many that all weights of a model together take a minute or so. */
var mixEffort = 4e10;
var mixSamples = {
	least: 2,
	most: 32
};
/** Chooses the weights that take 8 bits, on calibration samples. */
async function mix(model, plan, budget, made, tally, context) {
	const { method, samples, integerActivations } = plan.request;
	const layers = plan.products(model).filter(({ isShared, format }) => !isShared && format.bits < 8).map(({ layer, format, isShared }) => {
		const many = plan.raisedFormat();
		return {
			layer,
			few: {
				format,
				isShared,
				make: made.get(weightKey(layer)) ?? roundingMaker(plan, layer, format)
			},
			many: {
				format: many,
				isShared,
				make: roundingMaker(plan, layer, many)
			}
		};
	});
	if (layers.length === 0) return;
	const weights = layers.reduce((sum, { layer }) => sum + layer.inputs * layer.outputs, 0);
	const wanted = Math.round(mixEffort / (weights * layers.length));
	const count = Math.min(samples, mixSamples.most, Math.max(mixSamples.least, wanted));
	const judged = context.dataset?.meta.output;
	const outputs = judged === null || judged === void 0 ? floatOutputs(model.graph) : [judged];
	const mixture = await mixBits(model, layers, budget, {
		form: "matmul-nbits",
		accuracyLevel: integerActivations ? 4 : 0
	}, calibrationData(context, method, count), outputs, portion(context, .4, 1));
	plan.raised = mixture.raised;
	const keys = new Set(layers.map(({ layer }) => weightKey(layer)));
	tally.note(`${mixture.raised.size} of ${keys.size} weights take 8 bits, ${mixture.meanBits.toFixed(2)} on average; on ${count} calibration samples the outputs stay within ${mixture.sqnrDb.toFixed(1)} dB.`);
	if (!mixture.isMet) tally.note(budget.kind === "bits" ? `The budget of ${budget.limit} bits cannot be met: these weights have ${mixture.meanBits.toFixed(2)}.` : `The budget of ${budget.limit} dB cannot be met: 8 bits for every weight give ${mixture.sqnrDb.toFixed(1)} dB.`);
}
function roundingMaker(plan, layer, format) {
	const rounding = plan.keepsGrid(layer) ? roundBlocks("nearest") : roundingOf(plan.algorithm, format);
	return () => roundLayer(layer, format, rounding);
}
function blockEdit(scope, plan, tally, made) {
	const { graph } = scope.index;
	const { form, integerActivations } = plan.request;
	const layers = plan.layers(scope, tally);
	if (layers.length === 0) return graph;
	const patch = new Patch(graph);
	const nodes = new BlockNodes(patch, {
		form,
		accuracyLevel: integerActivations ? 4 : 0
	});
	for (const { layer, format, isShared } of layers) {
		const make = (scope.outer === null && !plan.raised.has(weightKey(layer)) ? made.get(weightKey(layer)) : void 0) ?? roundingMaker(plan, layer, format);
		if (layer.kind === "product") nodes.product(layer, {
			format,
			make,
			isShared
		});
		else nodes.table(layer, {
			format,
			make,
			isShared
		});
		tally.changed++;
	}
	return withoutUnused(patch.apply());
}
/** Without samples: also what AWQ has scaled and what GPTQ leaves to others (tables, bodies) is rounded on the range of least squared error. */
function roundingOf(algorithm, { zeroPoints }) {
	if (algorithm === "gptq" || algorithm === "awq") return roundBlocks("k-quant");
	return roundBlocks(algorithm === "hqq" && zeroPoints !== "float" ? "mse" : algorithm);
}
var blockWeights = quantizeMethod({
	name: "block-weights",
	title: "Low-bit weights",
	help: "Any number of bits for the weights of matrix products and tables; activations stay as they are.",
	source: "com.microsoft.MatMulNBits, onnxruntime contrib operators; ONNX DequantizeLinear 21; Frantar et al. 2022, arXiv:2210.17323 (GPTQ)",
	data: "optional",
	options: {
		bits: {
			kind: "choice",
			title: "Bits",
			help: "Of a weight. Values of 3 bits are kept in 4: they are smaller only where the file is compressed.",
			default: "4",
			choices: [
				{
					value: "8",
					title: "8"
				},
				{
					value: "4",
					title: "4"
				},
				{
					value: "3",
					title: "3, kept in 4"
				},
				{
					value: "2",
					title: "2"
				}
			]
		},
		block: blockOption(32),
		...blockOptions
	},
	run: (model, { bits, block, ...chosen }, targets, context) => quantizeBlockWise(model, {
		method: "block-weights",
		levelBits: levels[bits],
		block,
		...blockChoice(chosen)
	}, targets, context)
});
var levels = {
	8: 8,
	4: 4,
	3: 3,
	2: 2
};
// src-main/quantize/float-values.ts
/** Which values are float32, in a graph and in its bodies, where the runtime tells only the main graph's types. */
/** Make whole numbers or truth values whatever they read. */
var neverFloat = new Set("Shape Size ArgMax ArgMin NonZero Equal Greater GreaterOrEqual Less LessOrEqual And Or Not Xor IsNaN IsInf NonMaxSuppression".split(" "));
/** Make what this operand is. */
var typeOperand = {
	Where: 1,
	OneHot: 2,
	CastLike: 1
};
/**
* The float32 values of a graph.
* @param known types by the runtime, for the main graph
* @param outer float32 values of the graphs around this one
*/
function float32Values(graph, known, outer = /* @__PURE__ */ new Set()) {
	const found = new Set(outer);
	const state = (name, float) => {
		if (float) found.add(name);
		else found.delete(name);
	};
	for (const { name, type } of graph.inputs) state(name, isFloat(type));
	for (const tensor of graph.initializers.values()) state(tensor.name, tensor.dtype === "float32");
	for (const node of graph.nodes) node.outputs.forEach((output, at) => {
		if (output === "") return;
		const type = known.get(output) ?? graph.values.get(output)?.type ?? null;
		state(output, type === null ? guessFloat(node, at, found) : isFloat(type));
	});
	return found;
}
function isFloat(type) {
	if (type === null) return false;
	if (type.kind === "sequence" || type.kind === "optional") return isFloat(type.element);
	return (type.kind === "tensor" || type.kind === "sparse-tensor") && type.dtype === "float32";
}
function guessFloat(node, at, found) {
	if (neverFloat.has(node.opType)) return false;
	if ((node.opType === "TopK" || node.opType === "MaxPool") && at === 1) return false;
	if (node.opType === "Cast") return intOf$11(node, "to", 0) === dtypeCode("float32");
	if (node.opType === "Constant") {
		const tensor = tensorOf$1(node, "value");
		return tensor === void 0 ? node.attributes.has("value_float") || node.attributes.has("value_floats") : tensor.dtype === "float32";
	}
	if (node.opType === "ConstantOfShape") return (tensorOf$1(node, "value")?.dtype ?? "float32") === "float32";
	const [body] = subgraphsOf(node);
	if (body !== void 0) {
		const skipped = node.opType === "Loop" ? 1 : 0;
		const output = body.graph.outputs[at + skipped];
		return output !== void 0 && (isFloat(output.type) || float32Values(body.graph, /* @__PURE__ */ new Map(), found).has(output.name));
	}
	return found.has(node.inputs[typeOperand[node.opType] ?? 0] ?? "");
}
// src-main/quantize/body-magnitudes.ts
/**
* How large the numbers in the bodies of If, Loop and Scan become: each such node of the main graph gets one output more,
* the largest magnitude among the float values that its bodies make, over all their turns.
*/
/** @param floats float32 values of the graph */
function withBodyMagnitudes(graph, floats) {
	const patch = new Patch(graph);
	const values = /* @__PURE__ */ new Map();
	for (const node of graph.nodes) {
		const stem = patch.freshName(`lathe_body_${values.size}`);
		const probed = probedNode(node, floats, stem);
		if (probed === null) continue;
		patch.replaceNode(node.name, probed);
		const { nodes, initializers, output } = magnitudeOf([`${stem}_most`], stem);
		for (const tensor of initializers) patch.setInitializer(tensor);
		for (const added of nodes) patch.addNode(added);
		values.set(node.name, output);
	}
	return {
		graph: values.size === 0 ? graph : patch.apply(),
		values
	};
}
/** The node with the output `<stem>_most`; null where it has no body, or not as many outputs as its bodies give. */
function probedNode(node, floats, stem) {
	const states = {
		If: 0,
		Loop: 1,
		Scan: 0
	}[node.opType];
	if (states === void 0 || node.domain !== "") return null;
	let fits = true;
	let branch = 0;
	const probed = editBodies(node, (body) => {
		fits &&= body.outputs.length - states === node.outputs.length;
		return probedBody(body, floats, `${stem}_${branch++}`);
	});
	if (!fits) return null;
	const changed = new Map(probed.attributes);
	for (const name of ["scan_output_axes", "scan_output_directions"]) {
		const each = changed.get(name);
		if (each?.type === "ints") changed.set(name, ints([...each.value, 0]));
	}
	return {
		...probed,
		attributes: changed,
		outputs: [...node.outputs, `${stem}_most`]
	};
}
/** The body with one output more: the largest magnitude of its own float values and of those in bodies within it. */
function probedBody(body, outer, stem) {
	const floats = float32Values(body, /* @__PURE__ */ new Map(), outer);
	const found = [];
	const inner = body.nodes.map((node, at) => {
		if (!isOfSequences(node)) found.push(...node.outputs.filter((output) => floats.has(output)));
		const probed = probedNode(node, floats, `${stem}_${at}`);
		if (probed !== null) found.push(`${stem}_${at}_most`);
		return probed ?? node;
	});
	const { nodes, initializers, output } = magnitudeOf(found, stem);
	return {
		...body,
		nodes: [...inner, ...nodes],
		initializers: new Map([...body.initializers, ...initializers.map((tensor) => [tensor.name, tensor])]),
		outputs: [...body.outputs, makeValue(output, "float32", [1])]
	};
}
var isOfSequences = ({ opType }) => /^(Sequence|SplitToSequence|Optional)/.test(opType);
/** max |x| over values of any shape, empty ones too, as [1]. */
function magnitudeOf(values, stem) {
	const shape = `${stem}_flat_shape`;
	const zero = `${stem}_zero`;
	const flat = values.map((value, at) => makeNode("Reshape", `${stem}_flatten_${at}`, [value, shape], [`${stem}_flat_${at}`]));
	const output = `${stem}_magnitude`;
	return {
		output,
		nodes: [
			...flat,
			makeNode("Concat", `${stem}_concat`, [zero, ...flat.map(({ outputs }) => outputs[0])], [`${stem}_all`], { axis: int$1(0) }),
			makeNode("Abs", `${stem}_abs`, [`${stem}_all`], [`${stem}_sizes`]),
			makeNode("ReduceMax", `${stem}_reduce`, [`${stem}_sizes`], [output])
		],
		initializers: [tensorFromArray(shape, {
			dtype: "int64",
			shape: [1],
			data: BigInt64Array.of(-1n)
		}), tensorFromArray(zero, {
			dtype: "float32",
			shape: [1],
			data: /* @__PURE__ */ new Float32Array(1)
		})]
	};
}
// src-main/quantize/half-types.ts
/** Source: type constraints of the ONNX operator specifications. */
var onnxOperators = {
	Resize: [2],
	Upsample: [1],
	NonMaxSuppression: "all",
	Range: "all",
	Celu: "all",
	DynamicQuantizeLinear: "all",
	QuantizeLinear: "all",
	DequantizeLinear: "all",
	TfIdfVectorizer: "all",
	MelWeightMatrix: "all",
	LabelEncoder: "all"
};
/** What of a node stays float32: `all`, or the positions of single inputs. */
function float32OnlyOf(node, opset) {
	if (node.domain !== "") return "all";
	if (node.opType === "CumSum" && opset < 14) return "all";
	if (node.opType === "Resize" && opset < 11) return [1];
	return onnxOperators[node.opType] ?? [];
}
/** Attributes that hold the element type of what the node makes. */
var typeAttributes = {
	Cast: "to",
	RandomNormal: "dtype",
	RandomUniform: "dtype",
	RandomNormalLike: "dtype",
	RandomUniformLike: "dtype",
	EyeLike: "dtype",
	Bernoulli: "dtype",
	HannWindow: "output_datatype",
	HammingWindow: "output_datatype",
	BlackmanWindow: "output_datatype"
};
// src-main/quantize/methods/fp16.ts
var options$4 = {
	keepOps: {
		kind: "list",
		title: "Operators kept in float32",
		help: "ONNX operator types that stay float32, such as Softmax or LayerNormalization.",
		default: []
	},
	rangeSamples: {
		kind: "integer",
		title: "Samples for the range check",
		help: "With a dataset: how many calibration samples are run to find values that float16 cannot hold; 0 skips the check.",
		default: 16,
		min: 0,
		max: 1e5,
		unit: "samples",
		advanced: true
	}
};
var notTarget = "not among the targets";
var beyondRange = "a value beyond the range of float16";
/** The largest finite float16. */
var largestHalf = 65504;
var fp16 = quantizeMethod({
	name: "fp16",
	title: "Half precision",
	help: "Half of the size at nearly no loss. Saves size, not time: on a CPU onnxruntime computes in float32 all the same.",
	source: "IEEE 754-2019 binary16; Micikevicius et al. 2017, arXiv:1710.03740",
	data: "optional",
	options: options$4,
	run: toHalf
});
async function toHalf(model, chosen, targets, context) {
	refuseUnfit(model);
	const tally = new Tally$1();
	const types = await valueTypes(model);
	const { values: overflowing, bodies } = await overflows(model, types, chosen.rangeSamples, context);
	if (overflowing.size > 0) tally.note(`Stay float32 around values beyond ±${largestHalf}: ${listed(placesOf(model, overflowing))}.`);
	if (bodies.size > 0) tally.note(`Stay float32 for values inside them beyond ±${largestHalf}: ${listed(bodiesOf(model, bodies))}.`);
	const admits = targetFilter(targets);
	const keepOps = new Set(chosen.keepOps);
	const mainNodes = new Set(model.graph.nodes);
	const keeps = (node) => {
		if (!admits(node)) return notTarget;
		if (keepOps.has(node.opType)) return "its operator is kept in float32";
		return [
			...node.inputs,
			...node.outputs,
			...capturedBy(node)
		].some((value) => overflowing.has(value)) || bodies.has(node.name) && mainNodes.has(node) ? beyondRange : null;
	};
	const graph = new HalfConversion(model, types, keeps, tally).mainGraph();
	context.signal.throwIfAborted();
	tally.note("Saves size, not time: on a CPU onnxruntime computes float16 in float32.");
	return tally.outcome({
		...model,
		graph
	}, "fp16");
}
function refuseUnfit(model) {
	const refuse = (what, next) => {
		throw new LatheError({
			who: "quantize fp16",
			what,
			next
		});
	};
	if (model.functions.length > 0) refuse("the model has functions of its own, whose types are not known", "run a clean step first: it writes them out");
	for (const { name, type } of [...model.graph.inputs, ...model.graph.outputs]) if (type !== null && type.kind !== "tensor") refuse(`"${name}" is a ${type.kind}, not a tensor`, "only models of tensors can be converted");
}
/** None where there is no data. */
async function overflows(model, types, samples, context) {
	if (samples === 0 || !context.dataset?.calibration) return {
		values: /* @__PURE__ */ new Map(),
		bodies: /* @__PURE__ */ new Map()
	};
	const values = [...types].filter(([, type]) => type.kind === "tensor" && type.dtype === "float32");
	const inside = withBodyMagnitudes(model.graph, float32Values(model.graph, types));
	const { statistics } = await calibrate({
		model: {
			...model,
			graph: inside.graph
		},
		values: [...values.map(([name]) => name), ...inside.values.values()],
		data: calibrationData(context, "fp16", samples),
		histograms: false,
		tolerant: true
	}, portion(context, .05, .6, "Checking ranges"));
	const beyond = (names) => new Map([...names].flatMap(([name, value]) => {
		const { min, max } = statistics.get(value) ?? {
			min: 0,
			max: 0
		};
		const magnitude = Math.max(-min, max);
		return magnitude > largestHalf ? [[name, magnitude]] : [];
	}));
	return {
		values: beyond(values.map(([name]) => [name, name])),
		bodies: beyond(inside.values)
	};
}
/** Values with their makers and how large they were. */
function placesOf({ graph }, overflowing) {
	const index = indexGraph(graph);
	return [...overflowing].map(([value, magnitude]) => {
		const node = index.producer(value);
		return `${value} (${node === void 0 ? "input" : `${node.opType} "${node.name}"`}, up to ${magnitude.toPrecision(3)})`;
	});
}
function bodiesOf({ graph }, bodies) {
	const index = indexGraph(graph);
	return [...bodies].map(([name, most]) => `${index.node(name)?.opType} "${name}" (up to ${most.toPrecision(3)})`);
}
/** The first five. */
function listed(names) {
	const first = names.slice(0, 5).join(", ");
	return names.length > 5 ? `${first} and ${names.length - 5} more` : first;
}
var half = { to: int$1(dtypeCode("float16")) };
var single = { to: int$1(dtypeCode("float32")) };
var HalfConversion = class {
	#model;
	#types;
	#keeps;
	#tally;
	#opset;
	#clamped = /* @__PURE__ */ new Set();
	constructor(model, types, keeps, tally) {
		this.#model = model;
		this.#types = types;
		this.#keeps = keeps;
		this.#tally = tally;
		this.#opset = model.opsets.get("") ?? 1;
	}
	mainGraph() {
		const { graph } = this.#model;
		const converted = this.#graph(graph, float32Values(graph, this.#types), this.#types);
		if (this.#clamped.size > 0) {
			const names = [...this.#clamped].slice(0, 5).join(", ");
			this.#tally.note(`Constants beyond ±${largestHalf} now hold ±${largestHalf}: ${names}.`);
		}
		return withoutUnused(withFloatEdges(converted, graph));
	}
	/** A graph whose every float32 value is float16; inputs and outputs too, as in a body. */
	#graph(graph, floatValues, types) {
		const patch = new Patch(graph);
		const asSingle = /* @__PURE__ */ new Map();
		/** The float32 form of a value: of a constant its own tensor, of anything else a Cast. */
		const singleOf = (value) => {
			if (!floatValues.has(value)) return value;
			const known = asSingle.get(value);
			if (known !== void 0) return known;
			const name = patch.freshName(`${value}_float32`);
			const held = graph.initializers.get(value);
			if (held !== void 0) patch.setInitializer({
				...held,
				name
			});
			else patch.addNode(makeNode("Cast", patch.freshName(`${name}_Cast`), [value], [name], single));
			asSingle.set(value, name);
			return name;
		};
		for (const node of graph.nodes) {
			const reason = this.#countedReason(node, floatValues);
			const only = float32OnlyOf(node, this.#opset);
			if (reason !== null || only === "all") this.#keepSingle(patch, node, reason, floatValues, asSingle, singleOf);
			else {
				const inputs = node.inputs.map((input, at) => only.includes(at) ? singleOf(input) : input);
				patch.replaceNode(node.name, this.#halfNode({
					...node,
					inputs
				}, floatValues));
			}
		}
		for (const tensor of graph.initializers.values()) if (tensor.dtype === "float32") patch.setInitializer(this.#halfTensor(tensor));
		const inputs = graph.inputs.map(halfValue);
		const outputs = graph.outputs.map((output) => floatValues.has(output.name) ? halfValue(output) : output);
		patch.setInputs(inputs).setOutputs(outputs);
		for (const [name, value] of graph.values) patch.setValue(name, types.has(name) ? null : halfValue(value));
		return patch.apply();
	}
	/** Why a node stays float32; counts it where it reads or makes floats at all. */
	#countedReason(node, floatValues) {
		if (![...node.inputs, ...node.outputs].some((value) => floatValues.has(value))) return null;
		const reason = (float32OnlyOf(node, this.#opset) === "all" ? "it has no half-precision form" : null) ?? this.#keeps(node);
		this.#tally.eligible++;
		if (reason === null) this.#tally.changed++;
		else this.#tally.skip(node, reason);
		return reason;
	}
	/**
	* The node as it was, its float operands cast to float32 and its float results back; so too with what its bodies read.
	* Where it is only no target, the nodes in its bodies are asked one by one.
	*/
	#keepSingle(patch, node, reason, floatValues, asSingle, singleOf) {
		const hasBodies = [...node.attributes.values()].some(({ type }) => type === "graph");
		if (node.opType === "Constant" || hasBodies && reason === notTarget) {
			patch.replaceNode(node.name, this.#halfNode(node, floatValues));
			return;
		}
		const outputs = node.outputs.map((output) => {
			if (!floatValues.has(output)) return output;
			const before = patch.freshName(`${output}_float32`);
			patch.addNode(makeNode("Cast", patch.freshName(`${before}_Cast`), [before], [output], half));
			asSingle.set(output, before);
			return before;
		});
		const captured = [...capturedBy(node)].filter((value) => floatValues.has(value));
		const reading = renameReads(node, new Map(captured.map((value) => [value, singleOf(value)])));
		patch.replaceNode(node.name, {
			...reading,
			inputs: node.inputs.map(singleOf),
			outputs
		});
	}
	/** The node with everything in it that says float32 saying float16. */
	#halfNode(node, outer) {
		const inner = editBodies(node, (body) => this.#graph(body, float32Values(body, /* @__PURE__ */ new Map(), outer), /* @__PURE__ */ new Map()));
		const changed = new Map(inner.attributes);
		for (const [name, attribute] of changed) {
			if (attribute.type === "tensor" && attribute.value.dtype === "float32") changed.set(name, tensor(this.#halfTensor(attribute.value)));
			if (attribute.type === "int" && name === typeAttributes[node.opType] && attribute.value === 1n) changed.set(name, int$1(dtypeCode("float16")));
		}
		if (node.opType === "Constant") this.#halfConstant(node, changed);
		if (node.opType === "ConstantOfShape" && !changed.has("value")) changed.set("value", tensor(zeroHalf(`${node.name}_value`)));
		if (["RandomNormal", "RandomUniform"].includes(node.opType) && !changed.has("dtype")) changed.set("dtype", half.to);
		if (/^(Hann|Hamming|Blackman)Window$/.test(node.opType) && !changed.has("output_datatype")) changed.set("output_datatype", half.to);
		return {
			...inner,
			attributes: changed
		};
	}
	#halfConstant(node, changed) {
		const one = changed.get("value_float");
		const many = changed.get("value_floats");
		const values = one?.type === "float" ? [one.value] : many?.type === "floats" ? many.value : void 0;
		if (values === void 0) return;
		changed.delete("value_float");
		changed.delete("value_floats");
		const bytes = new Uint8Array(Float32Array.from(values).buffer);
		const shape = one === void 0 ? [values.length] : [];
		const tensor$1 = {
			name: `${node.name}_value`,
			dtype: "float32",
			shape,
			data: {
				kind: "inline",
				bytes
			}
		};
		changed.set("value", tensor(this.#halfTensor(tensor$1)));
	}
	/** float16 codes, made when they are read; what lies beyond the range holds its last number. */
	#halfTensor(tensor) {
		const length = elementCount(tensor.shape) * 2;
		for (const { part } of partsOf(tensor)) if (hasOverflow(part)) this.#clamped.add(tensor.name);
		const read = (start, end) => {
			const first = Math.floor(start / 2);
			const part = clampToHalf(floats(tensor, first, Math.ceil(end / 2)));
			const codes = new Uint16Array(part.length);
			float32ToFloat16(part, codes);
			return new Uint8Array(codes.buffer).subarray(start - first * 2, end - first * 2);
		};
		const data = length <= 1 << 20 ? {
			kind: "inline",
			bytes: read(0, length)
		} : {
			kind: "derived",
			length,
			read
		};
		return {
			...tensor,
			dtype: "float16",
			data
		};
	}
};
function zeroHalf(name) {
	return {
		name,
		dtype: "float16",
		shape: [1],
		data: {
			kind: "inline",
			bytes: /* @__PURE__ */ new Uint8Array(2)
		}
	};
}
function hasOverflow(part) {
	return part.some((value) => Math.abs(value) > largestHalf && Number.isFinite(value));
}
function clampToHalf(part) {
	if (!hasOverflow(part)) return part;
	return part.map((value) => Number.isFinite(value) ? Math.min(largestHalf, Math.max(-65504, value)) : value);
}
function halfValue(value) {
	const { type } = value;
	return type?.kind === "tensor" && type.dtype === "float32" ? {
		...value,
		type: {
			...type,
			dtype: "float16"
		}
	} : value;
}
/** The graph with the inputs and outputs of the one it was made from: Casts stand between. */
function withFloatEdges(converted, original) {
	const patch = new Patch(converted);
	const index = indexGraph(converted);
	const inside = /* @__PURE__ */ new Map();
	original.inputs.forEach(({ name, type }, at) => {
		if (type === converted.inputs[at]?.type || converted.initializers.has(name)) return;
		inside.set(name, patch.freshName(`${name}_float16`));
		patch.addNode(makeNode("Cast", patch.freshName(`${name}_to_float16`), [name], [inside.get(name)], half));
	});
	original.outputs.forEach(({ name, type }, at) => {
		if (type === converted.outputs[at]?.type || index.producer(name) === void 0) return;
		inside.set(name, patch.freshName(`${name}_float16`));
		patch.addNode(makeNode("Cast", patch.freshName(`${name}_to_float32`), [inside.get(name)], [name], single));
	});
	for (const node of converted.nodes) {
		const reads = renameReads(node, inside);
		const outputs = reads.outputs.map((output) => inside.get(output) ?? output);
		if (reads !== node || outputs.some((output, at) => output !== node.outputs[at])) patch.replaceNode(node.name, {
			...reads,
			outputs
		});
	}
	patch.setInputs(original.inputs).setOutputs(original.outputs);
	return patch.apply();
}
var int4Weights = quantizeMethod({
	name: "int4-weights",
	title: "int4 weights",
	help: "About a seventh of the size for models made of matrix products, such as language models; faster where one token is computed at a time.",
	source: "com.microsoft.MatMulNBits, onnxruntime contrib operators; Frantar et al. 2022, arXiv:2210.17323 (GPTQ)",
	data: "optional",
	options: {
		block: blockOption(32),
		...blockOptions
	},
	run: (model, { block, ...chosen }, targets, context) => quantizeBlockWise(model, {
		method: "int4-weights",
		levelBits: 4,
		block,
		...blockChoice(chosen)
	}, targets, context)
});
// src-main/quantize/methods/int8-weights.ts
var { form, embeddings } = blockOptions;
var int8Weights = quantizeMethod({
	name: "int8-weights",
	title: "int8 weights",
	help: "A quarter of the size at nearly no loss for models made of matrix products.",
	source: "com.microsoft.MatMulNBits, onnxruntime contrib operators",
	data: "none",
	options: {
		block: blockOption(128),
		form,
		embeddings
	},
	run: (model, chosen, targets, context) => quantizeBlockWise(model, {
		method: "int8-weights",
		levelBits: 8,
		tableBits: 8,
		algorithm: "nearest",
		zeroPoints: "none",
		actOrder: false,
		sequential: false,
		integerActivations: true,
		samples: 0,
		mix: null,
		...chosen
	}, targets, context)
});
// src-main/quantize/methods/static-int8.ts
/** Samples that biases are corrected by layer after layer. */
var sequentialSamples = 16;
/** Places that a note names one by one. */
var mostNamed = 5;
/** Samples that preparations look at. */
var preparationSamples = 32;
/** Samples that the rounding of small layers is worked out from: each gives a whole picture of patches. */
var hessianSamples = 16;
var staticInt8 = quantizeMethod({
	name: "static-int8",
	title: "Static int8",
	help: "A quarter of the size and, for convolutional networks on a CPU with int8 instructions, two to four times the speed. Needs calibration samples.",
	source: "Jacob et al. 2017, arXiv:1712.05877; ONNX QuantizeLinear and DequantizeLinear",
	data: "calibration",
	options: {
		granularity,
		calibrator: {
			kind: "choice",
			title: "Activation ranges",
			help: "How the range of each activation follows from what calibration saw.",
			default: "min-max",
			choices: calibrators.map(({ name, title }) => ({
				value: name,
				title
			}))
		},
		samples: {
			kind: "integer",
			title: "Calibration samples",
			help: "How many samples of the calibration split are run, evenly spaced over it.",
			default: 128,
			min: 1,
			max: 1e5,
			unit: "samples"
		},
		rounding: {
			kind: "choice",
			title: "Rounding of weights",
			help: "To the nearest integer, or so that the outputs of the layer on calibration samples change least. Layers with few weights an output gain most, and cost next to nothing.",
			default: "small-layers",
			choices: [
				{
					value: "nearest",
					title: "Nearest"
				},
				{
					value: "small-layers",
					title: "Least output error in small layers"
				},
				{
					value: "all-layers",
					title: "Least output error in all layers (slow)"
				},
				{
					value: "adaround",
					title: "AdaRound in all layers: each up or down, by output error (slow)"
				}
			],
			advanced: true
		},
		weightRanges: {
			kind: "choice",
			title: "Weight ranges",
			help: "Scales that cover every weight, or those with the least squared error, which cut off a few for a finer step.",
			default: "min-max",
			choices: [{
				value: "min-max",
				title: "Whole range"
			}, {
				value: "mse",
				title: "Least squared error"
			}],
			advanced: true
		},
		biasCorrection: {
			kind: "boolean",
			title: "Bias correction",
			help: "Takes back the shift that rounded weights give to the mean of each output.",
			default: true,
			advanced: true
		},
		sequential: {
			kind: "boolean",
			title: "Correct biases layer after layer",
			help: "Each bias takes back what the quantized layers before it shift, too. Runs the model once more for every layer, on a few samples.",
			default: false,
			advanced: true
		},
		...preparationOptions,
		types: {
			kind: "choice",
			title: "Types of activations and weights",
			help: "Unsigned activations with signed weights is what the fastest kernels of x64 take; signed ones suit ARM and many accelerators; unsigned weights never saturate on old CPUs.",
			default: "u8s8",
			choices: [
				{
					value: "u8s8",
					title: "Unsigned activations, signed weights"
				},
				{
					value: "s8s8",
					title: "Both signed"
				},
				{
					value: "u8u8",
					title: "Both unsigned"
				}
			],
			advanced: true
		},
		asymmetricWeights: {
			kind: "boolean",
			title: "Asymmetric weights",
			help: "Spreads the integers from the least weight to the largest; needs one scale for the whole tensor.",
			default: false,
			advanced: true
		},
		saturation: {
			kind: "choice",
			title: "7-bit weights where sums could saturate",
			help: "x64 CPUs without VNNI add two products in 16 bits. Layers whose weights could make that too little get 7 bits; all others keep 8.",
			default: "this-cpu",
			choices: [
				{
					value: "this-cpu",
					title: "Where this CPU needs it"
				},
				{
					value: "every-cpu",
					title: "Where any CPU could need it"
				},
				{
					value: "never",
					title: "Never"
				}
			],
			advanced: true
		},
		wideLayers: {
			kind: "list",
			title: "Layers with 16-bit activations",
			help: "Names of layers whose activations take 16 bits, for accelerators that have them. onnxruntime's CPU provider computes such layers in float.",
			default: [],
			advanced: true
		},
		symmetric: {
			kind: "boolean",
			title: "Symmetric activations",
			help: "Puts zero in the middle of the integers; some accelerators ask for it, a CPU does not.",
			default: false,
			advanced: true
		},
		embeddings: embeddings$1,
		attention: {
			kind: "boolean",
			title: "Products of activations",
			help: "Quantizes MatMuls of two activations, as in attention, as well.",
			default: false,
			advanced: true
		}
	},
	run: quantizeStatically
});
async function quantizeStatically(given, chosen, targets, context) {
	const tally = new Tally$1();
	const data = calibrationData(context, "static-int8", chosen.samples);
	const preparing = {
		...portion(context, .02, .2),
		data: data.few(preparationSamples),
		admits: targetFilter(targets)
	};
	const model = await mapWeights(await runPreparations(await prepareLayers(given, tally), chosen, preparing, tally), context.workDir);
	const quantizer = await StaticQuantizer.of(model, targets, context.dims, chosen.attention);
	const wide = wideLayers(quantizer, chosen.wideLayers);
	const placement = quantizer.placement(/* @__PURE__ */ new Set(), new Set(wide.keys()));
	const histograms = calibratorNamed(chosen.calibrator).needsHistogram;
	const { biasCorrection } = chosen;
	await quantizer.calibrate([.../* @__PURE__ */ new Set([...measuredValues(placement), ...[...wide.values()].flatMap(wideValues)])], data, {
		histograms,
		biasCorrection
	}, portion(context, .2, .6));
	await quantizer.collectHessians(chosen.rounding, data.few(chosen.rounding === "small-layers" ? hessianSamples : 64), portion(context, .6, .9));
	const config = configOf(chosen);
	const saturating = config.weightType === "uint8" ? [] : quantizer.saturating(placement, config);
	const narrow = new Set(needsNarrow(chosen) ? saturating : []);
	const complete = {
		...config,
		narrow,
		wide: new Set(wide.keys())
	};
	if (biasCorrection && chosen.sequential) await quantizer.correctInOrder(placement, complete, data.few(sequentialSamples), portion(context, .9, .97));
	const built = await buildFused(quantizer, complete, context.signal);
	countUnits(tally, built.placement, new Map([...reasonsFor(wide), ...unfusedReasons(built)]));
	skipBodies(tally, quantizer.model);
	if (wide.size > 0) tally.note(wideNote(wide.size));
	for (const note of [...data.notes, ...notesOn(built.placement, quantizer)]) tally.note(note);
	const { ran, resumed } = quantizer.seen;
	if (ran === 0) tally.note("All ranges are known from an earlier run: the model was not run again.");
	if (resumed > 0) tally.note(`Went on where a run had been interrupted: the model was not run again on ${resumed} samples.`);
	if (saturating.length > 0) tally.note(saturationNote(saturating.length, tally.changed, narrow.size > 0));
	if (built.removed.size > 0) tally.note(removedNote(built));
	tally.note(noteOfReport(built.report));
	const graph = chosen.embeddings ? quantizer.withTables(built.graph, tally) : built.graph;
	return tally.outcome(quantizer.modelOf(graph), "static-int8");
}
function configOf(chosen) {
	const { calibrator, granularity, symmetric, types, asymmetricWeights, weightRanges } = chosen;
	const perChannel = granularity === "per-channel";
	if (asymmetricWeights && perChannel) throw new LatheError({
		who: "quantize static-int8",
		what: "asymmetric weights need one scale for the whole tensor, since the int8 kernels know one zero point a weight",
		next: "set granularity to per-tensor, or leave asymmetricWeights off",
		code: "usage"
	});
	return {
		calibrator,
		perChannel,
		symmetric,
		activationType: types === "s8s8" ? "int8" : "uint8",
		weightType: types === "u8u8" ? "uint8" : "int8",
		asymmetricWeights,
		weightRanges
	};
}
/** The layers of those names. */
function wideLayers({ model, constants }, names) {
	const nodes = new Map(model.graph.nodes.map((node) => [node.name, node]));
	return new Map(names.map((name) => {
		const node = nodes.get(name);
		if (node !== void 0 && isComputeNode(node) && constants.tensor(node.inputs[1])?.dtype === "float32") return [name, node];
		throw new LatheError({
			who: "quantize static-int8",
			what: `wideLayers names "${name}", which is ${node === void 0 ? "no node of the model" : `a ${node.opType} without constant float32 weights`}`,
			next: "give names of Conv, Gemm or MatMul nodes, as the list of nodes shows them (in a shell: `lathe nodes`)",
			code: "usage"
		});
	}));
}
/** Ranges are measured at the outputs of the model, where no value of a body can be had. */
function skipBodies(tally, { graph }) {
	for (const { node, owner } of bodyNodes(graph)) {
		if (!isComputeNode(node)) continue;
		tally.eligible++;
		tally.skip(node, `it stands in a body of ${owner}, where no range can be measured: dynamic-int8 goes there`);
	}
}
function reasonsFor(wide) {
	return new Map([...wide.keys()].map((name) => [name, "its activations take 16 bits, as asked for"]));
}
function wideNote(layers) {
	return `${layers === 1 ? "1 layer has" : `${layers} layers have`} 16-bit activations: onnxruntime's CPU provider computes such layers in float.`;
}
function needsNarrow({ saturation }) {
	return saturation === "every-cpu" || saturation === "this-cpu" && addsPairsIn16Bits(cpuInfo());
}
function saturationNote(saturating, layers, narrow) {
	const where = `In ${saturating} of ${layers} layers the sum of two products could leave 16 bits on an x64 CPU without VNNI`;
	return narrow ? `${where}: their weights got 7 bits.` : `${where}: on such a CPU choose 7-bit weights there (saturation: every-cpu) or unsigned weights.`;
}
function unfusedReasons({ removed }) {
	return new Map([...removed].map(([node, kernel]) => [node, `onnxruntime runs it as ${kernel} in float all the same`]));
}
function removedNote({ removed }) {
	const kernels = [...new Set(removed.values())].join(", ");
	return `${removed.size === 1 ? "1 node got its" : `${removed.size} nodes got their`} Q/DQ pairs taken out again, since onnxruntime did not fuse them (${kernels}).`;
}
function notesOn({ units }, { statistics, index }) {
	const between = units.filter((unit) => unit.kind !== "compute" && unit.kind !== "move").length;
	const notes = between === 0 ? [] : [`${between} operators between the layers run on integers as well.`];
	const constant = [...statistics].filter(([, { min, max }]) => min === max);
	if (constant.length === 0) return notes;
	const named = constant.slice(0, mostNamed).map(([value, { min }]) => {
		const node = index.producer(value);
		return `${node === void 0 ? `input "${value}"` : `${node.opType} "${node.name}"`} (always ${min})`;
	});
	const more = constant.length > mostNamed ? ` and ${constant.length - mostNamed} more` : "";
	notes.push(`The same number throughout the calibration samples: ${named.join(", ")}${more}; if real data differs there, it will be clipped: check the samples.`);
	return notes;
}
// src-main/quantize/methods/index.ts
var methods = [
	staticInt8,
	autoInt8,
	dynamicInt8,
	fp16,
	bf16,
	int8Weights,
	int4Weights,
	blockWeights
];
// src-main/quantize/step.ts
/** The quantize Step: its methods, and the way to run one. */
var quantizeStep = {
	kind: "quantize",
	title: "Quantize",
	defaultMethod: "static-int8",
	methods,
	run(model, method, options, targets, context) {
		const found = methods.find(({ name }) => name === method);
		if (found === void 0) throw new LatheError({
			who: "quantize",
			what: `knows no method "${method}"`,
			next: `it knows ${methods.map(({ name }) => name).join(", ")}`,
			code: "usage"
		});
		return found.run(model, options, targets, context);
	}
};
// ../../tmp/lowbit2/mem.ts
var [id, method, optionText] = process.argv.slice(2);
var folder = "/work/tmp/corpus/" + id;
var meta = JSON.parse(readFileSync(folder + "/meta.json", "utf8"));
var path = folder + "/" + meta.model;
var session0 = await openSession(path, {
	prepacking: false,
	optimization: "disabled"
});
var dataset = await openDataset(folder, session0.inputs, { dims: {} });
await session0.release();
var f = (n) => Math.round(Number(new RegExp(n + ":\\s+(\\d+)").exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1e3);
var t0 = performance.now();
var last = "";
var most = 0;
var say = (p) => console.log(((performance.now() - t0) / 1e3).toFixed(1), p, "anon", f("RssAnon"), "file", f("RssFile"), "hwm", f("VmHWM"), "heap", Math.round(process.memoryUsage().heapUsed / 1e6), "buffers", Math.round(process.memoryUsage().arrayBuffers / 1e6));
say("start");
var options = resolveOptions(quantizeStep.methods.find((m) => m.name === method).options, JSON.parse(optionText || "{}"), "x");
var model = await readModel(path);
var workDir = mkdtempSync("/work/tmp/lowbit2/w-");
var outcome = await quantizeStep.run(model, method, options, {}, {
	...unwatched(),
	progress: (p) => {
		const a = f("RssAnon");
		if (p.phase !== last || a > most + 40) {
			most = Math.max(most, a);
			last = p.phase;
			say(p.phase + " " + (p.detail ?? ""));
		}
	},
	dataset,
	dims: dataset.summary.dims,
	seed: 0,
	workDir,
	original: model
});
say("quantized");
mkdirSync("/work/tmp/lowbit2/o", { recursive: true });
await writeModel(outcome.model, "/work/tmp/lowbit2/o/mem.onnx");
say("written");
console.log(outcome.notes);
rmSync(workDir, { recursive: true });
export {};
