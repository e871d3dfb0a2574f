"""Golden values for regression, multi-label and mean-iou.

  python more-kinds.py > more-kinds.json      (numpy 2.4.6, scikit-learn 1.9.1)
"""
import json

import numpy as np
import sklearn
from sklearn import metrics

rng = np.random.default_rng(31)
truth = rng.normal(size=(25, 3)).round(3)
said = (truth + rng.normal(size=(25, 3)) * 0.5).astype(np.float32).round(3)
tags = rng.integers(0, 2, (30, 5))
tags[:, 4] = 0
p = np.clip(tags * 0.4 + rng.random((30, 5)) * 0.6, 0, 1).astype(np.float32).round(3)
given = p > 0.5
maps = rng.integers(0, 3, (5, 6, 7))
scores = rng.random((5, 4, 6, 7)).astype(np.float32).round(3)
for c in range(3):
    scores[:, c][maps == c] += 0.4
labels = maps.copy()
labels[rng.random(labels.shape) < 0.1] = -1
d = scores.argmax(1)
ok = labels >= 0
print(json.dumps({
    "made": {"numpy": np.__version__, "sklearn": sklearn.__version__},
    "regression": {"truth": truth.tolist(), "said": said.astype(float).tolist(),
                   "mae": metrics.mean_absolute_error(truth, said), "rmse": float(np.sqrt(metrics.mean_squared_error(truth, said))),
                   "r2": metrics.r2_score(truth, said)},
    "multiLabel": {"truth": tags.tolist(), "scores": p.astype(float).tolist(),
                   "microF1": metrics.f1_score(tags, given, average="micro"),
                   "macroF1": metrics.f1_score(tags, given, average="macro", zero_division=0),
                   "exact": metrics.accuracy_score(tags, given)},
    "meanIou": {"labels": labels.tolist(), "scores": scores.astype(float).tolist(),
                "meanIou": metrics.jaccard_score(labels[ok], d[ok], average="macro"),
                "pixelAccuracy": metrics.accuracy_score(labels[ok], d[ok])},
}))
