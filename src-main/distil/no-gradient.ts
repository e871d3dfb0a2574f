/**
 * Operators without a derivative, each with the reason. Their outputs are treated as constants: a path through one
 * of them carries no gradient.
 */

interface NotWritten {
  readonly reason: string;
  readonly next: string;
}

const onCodes: NotWritten = {
  reason: 'it works on integer codes',
  next: 'train the model before it is quantized, or quantize it with Q/DQ pairs (static-int8) and use the method qat',
};

const onSequences: NotWritten = {
  reason: 'it works on sequences or optional values of tensors',
  next: 'export the model with tensors in their place (traced rather than scripted)',
};

const notYet: NotWritten = {
  reason: 'its gradient is not written yet',
  next: 'freeze everything before it, or rewrite the node',
};

const noKernel: NotWritten = {
  reason: 'onnxruntime has no kernel of it for float32 on a CPU',
  next: 'export the model for a CPU',
};

const all = (ops: readonly string[], what: NotWritten) => Object.fromEntries(ops.map((op) => [op, what]));
const fused = (ops: readonly string[], what: NotWritten) =>
  all(
    ops.map((op) => `com.microsoft.${op}`),
    what,
  );

/** Operators that have a derivative which is not written: why, and what can be done. */
export const notWritten: Readonly<Record<string, NotWritten>> = {
  Loop: {
    reason: 'it is written out as a Scan only where it is no part of another body',
    next: 'export the model with its loop unrolled (traced rather than scripted), or let the targets leave out what stands before it',
  },
  ...all(['ConvInteger', 'DynamicQuantizeLinear', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul'], onCodes),
  ...fused(
    [
      ...[
        'DynamicQuantizeLSTM',
        'DynamicQuantizeMatMul',
        'MatMulIntegerToFloat',
        'QAttention',
        'QEmbedLayerNormalization',
      ],
      ...['QGemm', 'QLinearAdd', 'QLinearAveragePool', 'QLinearConcat', 'QLinearConv', 'QLinearGlobalAveragePool'],
      ...['QLinearLeakyRelu', 'QLinearMul', 'QLinearSigmoid', 'QLinearSoftmax', 'QLinearWhere', 'QMoE', 'NhwcMaxPool'],
    ],
    onCodes,
  ),
  ...all(
    [
      ...['ConcatFromSequence', 'Optional', 'OptionalGetElement', 'SequenceAt', 'SequenceConstruct', 'SequenceEmpty'],
      ...['SequenceErase', 'SequenceInsert', 'SequenceMap', 'SplitToSequence'],
    ],
    onSequences,
  ),
  ...all(
    [
      'CausalConvWithState',
      'CumProd',
      'LinearAttention',
      'MaxRoiPool',
      'NegativeLogLikelihoodLoss',
      'SoftmaxCrossEntropyLoss',
      'SwiGLU',
    ],
    notYet,
  ),
  ...fused(
    [
      ...['AttnLSTM', 'CDist', 'ConvTransposeWithDynamicPads', 'CropAndResize', 'DecoderMaskedMultiHeadAttention'],
      ...[
        'MatMulBnb4',
        'MatMulFpQ4',
        'MaxpoolWithMask',
        'MoE',
        'SparseAttention',
        'SparseToDenseMatMul',
        'WordConvEmbedding',
      ],
    ],
    notYet,
  ),
  ...fused(
    [
      ...['BiasAdd', 'BiasSplitGelu', 'GatedRelativePositionBias', 'GemmFastGelu', 'GroupNorm', 'LongformerAttention'],
      ...['NhwcConv', 'NhwcFusedConv', 'PackedAttention', 'PackedMultiHeadAttention', 'SkipGroupNorm'],
    ],
    noKernel,
  ),
};

const integers = 'its output is made of integers or truth values';
const steps = 'it is a step function: its derivative is zero wherever it exists';
const shapes = 'its output depends on shapes, not on values';
const random = 'its output is drawn at random';
const texts = 'it works on texts';
const counts = 'its output depends on counts, not on values';

export const noGradient: Readonly<Record<string, string>> = {
  And: integers,
  ArgMax: integers,
  ArgMin: integers,
  Bernoulli: random,
  BitCast: integers,
  BitShift: integers,
  BitwiseAnd: integers,
  BitwiseNot: integers,
  BitwiseOr: integers,
  BitwiseXor: integers,
  BlackmanWindow: counts,
  Ceil: steps,
  Constant: 'it has no inputs',
  ConstantOfShape: shapes,
  EyeLike: shapes,
  Equal: integers,
  Floor: steps,
  Greater: integers,
  GreaterOrEqual: integers,
  HammingWindow: counts,
  HannWindow: counts,
  Hardmax: steps,
  ImageDecoder: 'it reads files of pictures',
  IsInf: integers,
  IsNaN: integers,
  Less: integers,
  LessOrEqual: integers,
  MelWeightMatrix: counts,
  Multinomial: random,
  NonMaxSuppression: integers,
  NonZero: integers,
  Not: integers,
  OptionalHasElement: integers,
  Or: integers,
  RandomNormal: random,
  RandomNormalLike: random,
  RandomUniform: random,
  RandomUniformLike: random,
  Range: 'its bounds are counts',
  RegexFullMatch: texts,
  Round: steps,
  SequenceLength: shapes,
  Shape: shapes,
  Sign: steps,
  Size: shapes,
  StringConcat: texts,
  StringNormalizer: texts,
  StringSplit: texts,
  TfIdfVectorizer: integers,
  Unique: 'how much it gives depends on the values',
  Xor: integers,
  'com.microsoft.GatherBlockQuantized': 'it reads integer codes by whole numbers',
};
