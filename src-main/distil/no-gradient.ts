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
  If: {
    reason: 'which of its bodies runs is known only at run time',
    next: 'export the model without the condition (traced rather than scripted), or let the targets leave out what stands before it',
  },
  Loop: {
    reason: 'how often its body runs is known only at run time',
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

export const noGradient: Readonly<Record<string, string>> = {
  And: integers,
  ArgMax: integers,
  ArgMin: integers,
  Bernoulli: random,
  BitShift: integers,
  BitwiseAnd: integers,
  BitwiseNot: integers,
  BitwiseOr: integers,
  BitwiseXor: integers,
  Ceil: steps,
  Constant: 'it has no inputs',
  ConstantOfShape: shapes,
  EyeLike: shapes,
  Equal: integers,
  Floor: steps,
  Greater: integers,
  GreaterOrEqual: integers,
  Hardmax: steps,
  IsInf: integers,
  IsNaN: integers,
  Less: integers,
  LessOrEqual: integers,
  Multinomial: random,
  NonMaxSuppression: integers,
  NonZero: integers,
  Not: integers,
  OneHot: 'its indices are integers and its values are constants of the model',
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
  Unique: integers,
  Xor: integers,
  'com.microsoft.GatherBlockQuantized': 'it reads integer codes by whole numbers',
};
