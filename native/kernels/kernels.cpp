// All kernels for one instruction set. Built once for each, with -DKERNELS=<name of the function>.
#include "blocks.h"
#include "channels.h"
#include "cholesky.h"
#include "counts.h"
#include "gptq.h"
#include "grids.h"
#include "half.h"
#include "magnitudes.h"
#include "masks.h"
#include "patches.h"
#include "rounding.h"
#include "table.h"

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

const KernelTable* KERNELS() {
  static const KernelTable table = {
      TEXT(KERNELS),  absMaxRuns,     absMaxColumns,  rangeRuns,      rangeColumns,    nonFinite,  quantizeRuns,
      quantizeColumns, toFloat16,     fromFloat16,    toBfloat16,     fromBfloat16,    gridHistogram,
       countUpper,     countLower,     maskBelow,       maskGroups, quantizeBlocks,
      blockGrids,     gptq,           gptqOnGrids,    pruneInputs,     kCholeskyBlock, factorDiagonal, solveRows,
      updateRows,     invertStrip,    rowMagnitudes,  widestPlaces,   widestRows,      feedbackRow,    settleRow,      kPartPlaces,    patchWidth,
      patchOffsets,   patchRows,      patchProducts};
  return &table;
}
