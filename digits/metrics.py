"""What a network's answers are worth, as numbers."""

import numpy as np

CLASSES = 10
CALIBRATION_BINS = 15
NORMAL_95 = 1.959964  # standard deviations on both sides of the mean that hold 95 %
MOST_CONFIDENT = 10  # mistakes that a summary names
TEMPERATURES = np.geomspace(0.4, 2.5, 185)  # each 1 % above the one before
MOST_SURE = 0.999
LEAST_PROBABILITY = 1e-7  # as Keras clips, so that one certain miss does not make the loss infinite


def confusion_matrix(labels, predictions):
    """Return counts, int64 (10, 10): rows are true digits, columns the predicted ones."""
    pairs = labels.astype(np.int64) * CLASSES + predictions
    return np.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)


def cross_entropy(labels, probabilities):
    """Return the mean negative log-likelihood, in nats, as Keras computes its loss."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(of_truth, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)).mean())


def calibration_error(labels, probabilities):
    """Return the expected calibration error, 0 to 1, over 15 bins of equal width.

    The mean distance between confidence and accuracy, weighted by images, after Guo et al. (2017,
    arXiv:1706.04599).
    """
    counts, confidence, right = calibration_bins(labels, probabilities)
    return float(np.abs(confidence - right).sum() / counts.sum())


def calibration_bins(labels, probabilities):
    """Return images, sum of confidences and number of right answers in each of 15 bins, (15,)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    weights = (None, confidence, right)
    return tuple(np.bincount(bins, each, CALIBRATION_BINS) for each in weights)


def wilson_interval(right, n):
    """Return the 95 % interval of an accuracy, two shares of 1: right of n (Wilson, 1927)."""
    share, z = right / n, NORMAL_95
    middle = share + z * z / (2 * n)
    reach = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    ends = ((middle + sign * reach) / (1 + z * z / n) for sign in (-1, 1))
    return [float(min(max(end, 0), 1)) for end in ends]


def mcnemar(first_alone, second_alone):
    """Return how likely two networks of one accuracy would differ by as much, 0 to 1.

    `first_alone` images are right by the first and wrong by the second network, and the other way
    round. The exact test of McNemar (1947): each such image is a toss of a fair coin.
    """
    n, fewer = first_alone + second_alone, min(first_alone, second_alone)
    ways, total = 1, 0
    for k in range(fewer + 1):
        total += ways
        ways = ways * (n - k) // (k + 1)
    return min(1.0, 2 * total / 2**n)


def temperature(labels, probabilities):
    """Return the temperature that makes a network's confidence honest: below 1, it was too modest.

    `probabilities` are its branches', (n, branches, 10). Of the temperatures tried, it is that at
    which the mean of the branches has the least cross-entropy, after Guo et al. (2017,
    arXiv:1706.04599); 1 if all are right, which does not tell when it errs.
    """
    if (probabilities.mean(axis=1).argmax(axis=1) == labels).all():
        return 1.0
    losses = [cross_entropy(labels, tempered(probabilities, each)) for each in TEMPERATURES]
    return float(TEMPERATURES[np.argmin(losses)])


def tempered(probabilities, temperature):
    """Return the mean, (n, 10), of branches' probabilities, (n, branches, 10), at a temperature."""
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=1)


def per_digit(confusion):
    """Return precision, recall, F1, images and `taken_for` of each digit, by the digit's name.

    The precision of a digit that is never predicted, and the recall of one that never occurs, is
    None: there is nothing to divide by.
    """
    right, predicted, true = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        str(digit): {
            "precision": ratio(right[digit], predicted[digit]),
            "recall": ratio(right[digit], true[digit]),
            "f1": ratio(2 * right[digit], predicted[digit] + true[digit]),
            "images": int(true[digit]),
            "taken_for": most_often_taken_for(confusion[digit], digit),
        }
        for digit in range(CLASSES)
    }


def ratio(part, whole):
    """Return part / whole, or None where there is no whole."""
    return float(part / whole) if whole else None


def most_often_taken_for(counts, digit):
    """Return the digit that `digit`, predicted as `counts` (10,), is mostly mistaken for, or None.

    It comes as a dict with the number of its images.
    """
    wrong = counts.copy()
    wrong[digit] = 0
    other = int(wrong.argmax())
    return {"digit": other, "images": int(wrong[other])} if wrong[other] else None


def summary(test, probabilities, before=None):
    """Return what `evaluate_model.py --json` prints of a model.

    `test` are the `mnist.Examples`, `probabilities` (n, 10) what the model makes of them, `before`
    the same without its temperature.
    """
    labels, n = test.labels, len(test.labels)
    confusion = confusion_matrix(labels, probabilities.argmax(axis=1))
    right = int(np.trace(confusion))
    return {
        "accuracy": right / n,
        "misses": n - right,
        "images": n,
        "interval": wilson_interval(right, n),
        "loss": cross_entropy(labels, probabilities),
        "calibration_error": calibration_error(labels, probabilities),
        "calibration_error_before_temperature": (
            None if before is None else calibration_error(labels, before)
        ),
        "disputed": disputed(test, probabilities),
        "per_digit": per_digit(confusion),
        "confident_mistakes": confident_mistakes(test, probabilities),
        "confusion": confusion.tolist(),
    }


def disputed(test, probabilities):
    """Return how many images have a label that people dispute, and how many of them are misses."""
    among = np.array(test.disputed, int)
    wrong = probabilities[among].argmax(axis=1) != test.labels[among]
    return {"images": len(among), "misses": int(wrong.sum())}


def misses(labels, probabilities):
    """Return the indices of the images that are misread, the most confident mistake first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def confident_mistakes(test, probabilities):
    """Return the mistakes of which the network is surest, ten at most, as dicts."""
    return [
        {
            "index": int(index),
            "label": int(test.labels[index]),
            "predicted": int(probabilities[index].argmax()),
            "confidence": float(probabilities[index].max()),
            "disputed": int(index) in test.disputed,
        }
        for index in misses(test.labels, probabilities)[:MOST_CONFIDENT]
    ]


def comparison(labels, first, second):
    """Return how two networks' probabilities, each (n, 10), differ, as a dict with McNemar's p."""
    right = [each.argmax(axis=1) == labels for each in (first, second)]
    alone = [int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())]
    return {"right_by_one_alone": alone, "p": mcnemar(*alone)}


def accuracy_with_misses(misses, images):
    """Return the sentence that every accuracy is given in."""
    return f"{percent((images - misses) / images)}, {misses:,} wrong of {images:,}"


def confidence(share):
    """Return a confidence, 0 to 1, in percent; no network is sure beyond 99.9 %."""
    return f"{100 * min(share, MOST_SURE):.1f} %"


def percent(share):
    """Return a share, 0 to 1, in percent with two decimals."""
    return f"{100 * share:.2f} %"
