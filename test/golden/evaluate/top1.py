"""Golden values for metric kind top1: 60 rows of scores over 7 classes, of which class 6 never occurs.

  python top1.py > top1.json      (numpy 2.4.6, scikit-learn 1.9.1)
"""
import json

import numpy as np
import sklearn
from sklearn import metrics

rng = np.random.default_rng(11)
n, c = 60, 7
y = rng.integers(0, c - 1, n)
logits = rng.normal(size=(n, c)).astype(np.float32)
logits[np.arange(n), y] += 1
logits = np.round(logits, 4)
p = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
p /= p.sum(1, keepdims=True)
d = logits.argmax(1)
macro = metrics.precision_recall_fscore_support(y, d, average="macro", zero_division=0)
each = metrics.precision_recall_fscore_support(y, d, labels=range(c), average=None, zero_division=0)
print(json.dumps({
    "made": {"numpy": np.__version__, "sklearn": sklearn.__version__},
    "labels": y.tolist(), "logits": [[float(v) for v in row] for row in logits],
    "accuracy": metrics.accuracy_score(y, d), "top5": metrics.top_k_accuracy_score(y, logits, k=5, labels=range(c)),
    "macroPrecision": macro[0], "macroRecall": macro[1], "macroF1": macro[2],
    "loss": metrics.log_loss(y, p, labels=range(c)),
    "perClass": {"precision": each[0].tolist(), "recall": each[1].tolist(), "f1": each[2].tolist(), "support": each[3].tolist()},
    "confusion": metrics.confusion_matrix(y, d, labels=range(c)).tolist(),
}))
