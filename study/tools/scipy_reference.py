"""Values of study/test/scipy-reference.json, which the tests of the statistics are checked against.

    python3 -m venv ../scipy-venv && ../scipy-venv/bin/pip install scipy==1.16.3
    ../scipy-venv/bin/python study/tools/scipy_reference.py > study/test/scipy-reference.json

Dunn's test, Holm's correction and effect sizes have no function in SciPy: they are written here from their definitions,
with SciPy's ranks and distributions.
"""

import json
from itertools import combinations

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20261127)


def rounded(values, digits):
    return [round(float(v), digits) for v in values]


SAMPLES = {
    "normal-3": rounded(rng.normal(100, 2, 3), 3),
    "normal-4": rounded(rng.normal(100, 2, 4), 3),
    "normal-5": rounded(rng.normal(103, 2, 5), 3),
    "normal-6": rounded(rng.normal(0.1, 0.002, 6), 6),
    "normal-10": rounded(rng.normal(101, 1, 10), 3),
    "normal-10b": rounded(rng.normal(104, 3, 10), 3),
    "normal-11": rounded(rng.normal(101, 1, 11), 3),
    "normal-12": rounded(rng.normal(102, 2, 12), 3),
    "normal-30": rounded(rng.normal(102, 1, 30), 3),
    "skewed-8": rounded(rng.exponential(4, 8) + 100, 3),
    "skewed-10": rounded(rng.exponential(4, 10) + 99, 3),
    "skewed-30": rounded(rng.exponential(4, 30) + 100, 3),
    "tied-10": rounded(rng.normal(101, 1, 10), 0),
    "tied-12": rounded(rng.normal(102, 1, 12), 0),
    "small-1e-9": rounded(rng.normal(3e-9, 1e-11, 10), 14),
    "outlier-10": rounded(np.append(rng.normal(100, 1, 9), 130), 3),
}
PAIRS = [
    ("normal-10", "normal-10b"),
    ("normal-5", "normal-12"),
    ("normal-3", "normal-4"),
    ("skewed-8", "normal-10"),
    ("skewed-10", "skewed-30"),
    ("normal-11", "skewed-30"),
    ("tied-10", "tied-12"),
    ("normal-10", "outlier-10"),
]
PAIRED = [
    ("normal-10", "normal-10b"),
    ("skewed-10", "normal-10b"),
    ("normal-10", "outlier-10"),
    ("normal-30", "skewed-30"),
]
GROUPS = [
    ["normal-10", "normal-10b", "skewed-10"],
    ["tied-10", "tied-12", "normal-12", "skewed-8"],
    ["normal-3", "normal-4", "normal-5"],
]
CORRELATED = [
    ("normal-10", "normal-10b"),
    ("normal-30", "skewed-30"),
    ("tied-10", "normal-10"),
]


def holm(p):
    order = np.argsort(p)
    steps = np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(steps, 1)
    return corrected.tolist()


def dunn(samples):
    ranks = stats.rankdata(np.concatenate(samples))
    n = len(ranks)
    ends = np.cumsum([len(s) for s in samples])
    means = [r.mean() for r in np.split(ranks, ends[:-1])]
    _, counts = np.unique(ranks, return_counts=True)
    ties = float((counts**3 - counts).sum())
    spread = n * (n + 1) / 12 - ties / (12 * (n - 1))
    z = [
        (means[i] - means[j]) / np.sqrt(spread * (1 / len(samples[i]) + 1 / len(samples[j])))
        for i, j in combinations(range(len(samples)), 2)
    ]
    p = [2 * stats.norm.sf(abs(v)) for v in z]
    return {"z": [float(v) for v in z], "p": [float(v) for v in p], "corrected": holm(p)}


def hedges(a, b):
    n, m = len(a), len(b)
    pooled = np.sqrt(((n - 1) * np.var(a, ddof=1) + (m - 1) * np.var(b, ddof=1)) / (n + m - 2))
    g = (1 - 3 / (4 * (n + m - 2) - 1)) * (np.mean(a) - np.mean(b)) / pooled
    half = stats.norm.ppf(0.975) * np.sqrt((n + m) / (n * m) + g * g / (2 * (n + m)))
    return {"value": float(g), "lo": float(g - half), "hi": float(g + half)}


def cliff(a, b):
    n, m = len(a), len(b)
    d = np.sign(np.subtract.outer(a, b))
    delta = d.mean()
    z = stats.norm.ppf(0.975)
    if abs(delta) == 1:
        k = min(n, m)
        inner = delta * (k - z * z) / (k + z * z)
        return {"value": float(delta), "lo": float(min(delta, inner)), "hi": float(max(delta, inner))}
    rows, columns = d.mean(axis=1), d.mean(axis=0)
    variance = (
        n * n * ((rows - delta) ** 2).sum() + m * m * ((columns - delta) ** 2).sum() - ((d - delta) ** 2).sum()
    ) / (n * m * (n - 1) * (m - 1))
    variance = max(variance, (1 - delta**2) / (n * m - 1))
    reach = z * np.sqrt(variance) * np.sqrt((1 - delta**2) ** 2 + z * z * variance)
    scale = 1 - delta**2 + z * z * variance
    centre = delta - delta**3
    return {
        "value": float(delta),
        "lo": float(max(-1, (centre - reach) / scale)),
        "hi": float(min(1, (centre + reach) / scale)),
    }


def pair(name_a, name_b):
    a, b = SAMPLES[name_a], SAMPLES[name_b]
    welch = stats.ttest_ind(a, b, equal_var=False)
    ranks = stats.mannwhitneyu(a, b, alternative="two-sided", method="auto")
    return {
        "a": name_a,
        "b": name_b,
        "welch": {"t": float(welch.statistic), "p": float(welch.pvalue)},
        "mannWhitney": {"u": float(ranks.statistic), "p": float(ranks.pvalue)},
        "hedges": hedges(a, b),
        "cliff": cliff(a, b),
    }


def paired(name_a, name_b):
    ratios = np.log(np.array(SAMPLES[name_a]) / np.array(SAMPLES[name_b]))
    t = stats.ttest_1samp(ratios, 0)
    ranks = stats.wilcoxon(ratios)
    n = len(ratios)
    g = (1 - 3 / (4 * (n - 1) - 1)) * ratios.mean() / ratios.std(ddof=1)
    half = stats.norm.ppf(0.975) * np.sqrt(1 / n + g * g / (2 * n))
    return {
        "a": name_a,
        "b": name_b,
        "t": {"t": float(t.statistic), "p": float(t.pvalue)},
        "wilcoxon": {"p": float(ranks.pvalue)},
        "hedges": {"value": float(g), "lo": float(g - half), "hi": float(g + half)},
    }


def group(names):
    samples = [SAMPLES[name] for name in names]
    result = stats.kruskal(*samples)
    return {"samples": names, "kruskal": {"h": float(result.statistic), "p": float(result.pvalue)}, "dunn": dunn(samples)}


def correlated(name_x, name_y):
    x, y = SAMPLES[name_x], SAMPLES[name_y]
    result = stats.spearmanr(x, y)
    rho, n = float(result.statistic), len(x)
    reach = stats.norm.ppf(0.975) * np.sqrt((1 + rho * rho / 2) / (n - 3))
    lo, hi = np.tanh(np.arctanh(rho) + np.array([-reach, reach]))
    return {"x": name_x, "y": name_y, "rho": rho, "p": float(result.pvalue), "lo": float(lo), "hi": float(hi)}


def shapiro(name):
    result = stats.shapiro(SAMPLES[name])
    return {"sample": name, "w": float(result.statistic), "p": float(result.pvalue)}


def summary(name):
    values = np.array(SAMPLES[name])
    n = len(values)
    half = stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)
    q1, q3 = np.percentile(values, [25, 75])
    return {"sample": name, "mean": float(values.mean()), "half": float(half), "q1": float(q1), "q3": float(q3)}


P_VALUES = [0.01, 0.04, 0.03, 0.005, 0.2, 0.03]

print(
    json.dumps(
        {
            "scipy": scipy.__version__,
            "numpy": np.__version__,
            "samples": SAMPLES,
            "summary": [summary(name) for name in SAMPLES],
            "shapiro": [shapiro(name) for name in SAMPLES],
            "pairs": [pair(a, b) for a, b in PAIRS],
            "paired": [paired(a, b) for a, b in PAIRED],
            "groups": [group(names) for names in GROUPS],
            "spearman": [correlated(x, y) for x, y in CORRELATED],
            "holm": {"p": P_VALUES, "corrected": holm(P_VALUES)},
        },
        indent=1,
    )
)
