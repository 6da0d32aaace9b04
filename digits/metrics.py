"""Metrics of predicted probabilities, (n, 10), for labels, (n,); temperature scaling."""

import numpy as np

CLASSES = 10
CALIBRATION_BINS = 15
NORMAL_95 = 1.959964  # standard deviations on both sides of the mean that hold 95 %
LISTED_MISTAKES = 10
TEMPERATURES = np.geomspace(0.4, 2.5, 185)  # each 1 % above the one before
MAX_SHOWN_CONFIDENCE = 0.999  # no confidence is shown as higher
LEAST_PROBABILITY = 1e-7  # as Keras clips: one confident miss must not make the loss infinite


def confusion_matrix(labels, predictions):
    """Return counts, int64 (10, 10): rows are true digits, columns predicted digits."""
    pairs = labels.astype(np.int64) * CLASSES + predictions
    return np.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)


def cross_entropy(labels, probabilities):
    """Return the mean negative log-likelihood in nats, clipped as in Keras."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(of_truth, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)).mean())


def calibration_error(labels, probabilities):
    """Return the expected calibration error, 0 to 1: Guo et al. (2017), arXiv:1706.04599."""
    counts, confidences, right = calibration_bins(labels, probabilities)
    return float(np.abs(confidences - right).sum() / counts.sum())


def calibration_bins(labels, probabilities):
    """Return the images, the sum of confidences and the right answers per bin, each (15,)."""
    confidences, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidences * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return tuple(np.bincount(bins, each, CALIBRATION_BINS) for each in (None, confidences, right))


def wilson_interval(right, n):
    """Return the 95 % interval of the accuracy right / n, as [low, high]: Wilson (1927)."""
    share, z = right / n, NORMAL_95
    middle = share + z * z / (2 * n)
    reach = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    ends = ((middle + sign * reach) / (1 + z * z / n) for sign in (-1, 1))
    return [float(min(max(end, 0), 1)) for end in ends]


def mcnemar(first_alone, second_alone):
    """Return the two-sided p-value of McNemar's exact test (1947).

    The arguments count the images that the first, and the second, of two models alone reads right.
    """
    n, fewer = first_alone + second_alone, min(first_alone, second_alone)
    ways, total = 1, 0
    for k in range(fewer + 1):
        total += ways
        ways = ways * (n - k) // (k + 1)
    return min(1.0, 2 * total / 2**n)


def temperature(labels, member_probabilities):
    """Return the temperature of least cross-entropy for an ensemble: Guo et al. (2017).

    `member_probabilities` is (n, members, 10). Without a wrong prediction it is 1: the lowest
    temperature would always win.
    """
    if (member_probabilities.mean(axis=1).argmax(axis=1) == labels).all():
        return 1.0
    losses = [
        cross_entropy(labels, temperature_scaled(member_probabilities, each))
        for each in TEMPERATURES
    ]
    return float(TEMPERATURES[np.argmin(losses)])


def temperature_scaled(member_probabilities, temperature):
    """Divide the logits of each ensemble member, (n, members, 10); return the mean, (n, 10)."""
    logits = np.log(np.maximum(member_probabilities, np.finfo(np.float32).tiny)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=1)


def per_digit(confusion):
    """Return the metrics of each digit by its name; None where nothing can be divided."""
    right, predicted, true = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        str(digit): {
            "precision": ratio(right[digit], predicted[digit]),
            "recall": ratio(right[digit], true[digit]),
            "f1": ratio(2 * right[digit], predicted[digit] + true[digit]),
            "images": int(true[digit]),
            "taken_for": most_confused_with(confusion[digit], digit),
        }
        for digit in range(CLASSES)
    }


def ratio(part, whole):
    return float(part / whole) if whole else None


def most_confused_with(counts, digit):
    """Return the most frequent wrong prediction in a digit's confusion row, (10,), or None."""
    wrong = np.where(np.arange(CLASSES) == digit, 0, counts)
    other = int(wrong.argmax())
    return {"digit": other, "images": int(wrong[other])} if wrong[other] else None


def summary(test, probabilities, uncalibrated=None):
    """Return all metrics of one model on `mnist.Examples`, for JSON.

    `uncalibrated` are the probabilities without temperature scaling, if there is any. The keys are
    a file format: "disputed" means label errors, "taken_for" most confused with.
    """
    labels, n = test.labels, len(test.labels)
    wrong = misses(labels, probabilities)
    confusion = confusion_matrix(labels, probabilities.argmax(axis=1))
    return {
        "accuracy": (n - len(wrong)) / n,
        "misses": len(wrong),
        "images": n,
        "interval": wilson_interval(n - len(wrong), n),
        "loss": cross_entropy(labels, probabilities),
        "calibration_error": calibration_error(labels, probabilities),
        "calibration_error_before_temperature": (
            None if uncalibrated is None else calibration_error(labels, uncalibrated)
        ),
        "disputed": {
            "images": len(test.label_errors),
            "misses": int(np.isin(test.label_errors, wrong).sum()),
        },
        "per_digit": per_digit(confusion),
        "confident_mistakes": confident_mistakes(test, probabilities),
        "confusion": confusion.tolist(),
    }


def misses(labels, probabilities):
    """Return the indices of the wrong predictions, the most confident first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def confident_mistakes(test, probabilities):
    return [
        {
            "index": int(index),
            "label": int(test.labels[index]),
            "predicted": int(probabilities[index].argmax()),
            "confidence": float(probabilities[index].max()),
            "disputed": int(index) in test.label_errors,
        }
        for index in misses(test.labels, probabilities)[:LISTED_MISTAKES]
    ]


def accuracy_with_misses(misses, images):
    return f"{percent((images - misses) / images)}, {misses:,} wrong of {images:,}"


def confidence(share):
    """Format a confidence, 0 to 1, in percent, 99.9 % at most."""
    return f"{100 * min(share, MAX_SHOWN_CONFIDENCE):.1f} %"


def percent(share):
    return "–" if share is None else f"{100 * share:.2f} %"
