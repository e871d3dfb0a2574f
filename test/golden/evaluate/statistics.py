"""Golden values for the statistics of the evaluate room.

  python statistics.py > statistics.json      (numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1)
"""
import json

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics

rng = np.random.default_rng(5)


def wilson(k, n):
    ci = stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    return {"hits": k, "trials": n, "ci95": [ci.low, ci.high]}


def median(n):
    x = np.round(rng.normal(size=n), 3)
    ci = stats.quantile_test(x, q=float(np.median(x)), p=0.5).confidence_interval(0.95)
    return {"values": x.tolist(), "median": float(np.median(x)), "ci95": [float(ci.low), float(ci.high)]}


def auc(n, digits):
    y = rng.integers(0, 2, n)
    s = np.round(rng.normal(size=n) + y, digits)
    w = rng.integers(0, 3, n).astype(float)
    return {"scores": s.tolist(), "positive": y.tolist(), "weights": w.tolist(),
            "area": metrics.roc_auc_score(y, s), "weighted": metrics.roc_auc_score(y, s, sample_weight=w)}


x = rng.gamma(2.0, size=60)
d = rng.normal(0.3, 1, size=60)
boot = lambda v: stats.bootstrap((v,), np.mean, n_resamples=200_000, method="percentile", rng=1, batch=2000).confidence_interval
out = {
    "made": {"numpy": np.__version__, "scipy": scipy.__version__, "sklearn": sklearn.__version__},
    "wilson": [wilson(k, n) for k, n in ((0, 10), (10, 10), (1, 1), (37, 40), (2961, 3000), (500, 1000))],
    "mcnemar": [{"b": b, "c": c, "p": stats.binomtest(b, b + c, 0.5).pvalue}
                for b, c in ((0, 1), (1, 0), (10, 3), (5, 5), (40, 20), (1200, 1100), (0, 30))],
    "quantile": {"values": x.tolist(), "q": {str(q): float(np.quantile(x, q)) for q in (0, 0.1, 0.5, 0.9, 0.99, 1)}},
    "median": [median(n) for n in (6, 7, 25, 200, 201)],
    "auc": [auc(50, 1), auc(200, 3)],
    "bootstrap": {"values": x.tolist(), "ci95": list(boot(x)), "differences": d.tolist(), "differenceCi95": list(boot(d)),
                  "standardError": float(x.std() / np.sqrt(60)), "differenceStandardError": float(d.std() / np.sqrt(60))},
}
print(json.dumps(out, indent=1))
