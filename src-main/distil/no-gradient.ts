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

/** Operators that have a derivative which is not written: why, and what can be done. */
export const notWritten: Readonly<Record<string, NotWritten>> = {
  ConvInteger: onCodes,
  DynamicQuantizeLinear: onCodes,
  Loop: {
    reason: 'it is written out as a Scan only where it is no part of another body',
    next: 'export the model with its loop unrolled (traced rather than scripted), or let the targets leave out what stands before it',
  },
  MatMulInteger: onCodes,
  QLinearConv: onCodes,
  QLinearMatMul: onCodes,
  'com.microsoft.DynamicQuantizeLSTM': onCodes,
  'com.microsoft.DynamicQuantizeMatMul': onCodes,
  'com.microsoft.MatMulIntegerToFloat': onCodes,
  'com.microsoft.QAttention': onCodes,
  'com.microsoft.QGemm': onCodes,
  'com.microsoft.QLinearConv': onCodes,
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
  Or: integers,
  RandomNormal: random,
  RandomNormalLike: random,
  RandomUniform: random,
  RandomUniformLike: random,
  Range: 'its bounds are counts',
  RegexFullMatch: texts,
  Round: steps,
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
