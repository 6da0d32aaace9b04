"""What a network's answers are worth, as numbers."""

import numpy as np

CLASSES = 10
CALIBRATION_BINS = 15
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
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    surplus = np.bincount(bins, confidence - right, minlength=CALIBRATION_BINS)
    return float(np.abs(surplus).sum() / len(labels))


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
    """Return precision, recall and images of each digit, as a dict by the digit's name.

    The precision of a digit that is never predicted, and the recall of one that never occurs, is
    None: there is nothing to divide by.
    """
    right, predicted, true = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        str(digit): {
            "precision": ratio(right[digit], predicted[digit]),
            "recall": ratio(right[digit], true[digit]),
            "images": int(true[digit]),
        }
        for digit in range(CLASSES)
    }


def ratio(part, whole):
    """Return part / whole, or None where there is no whole."""
    return float(part / whole) if whole else None


def summary(labels, probabilities):
    """Return what `evaluate_model.py --json` prints, of labels (n,) and probabilities (n, 10)."""
    confusion = confusion_matrix(labels, probabilities.argmax(axis=1))
    right = int(np.trace(confusion))
    return {
        "accuracy": right / len(labels),
        "misses": len(labels) - right,
        "images": len(labels),
        "loss": cross_entropy(labels, probabilities),
        "calibration_error": calibration_error(labels, probabilities),
        "per_digit": per_digit(confusion),
        "confusion": confusion.tolist(),
    }


def accuracy_with_misses(misses, images):
    """Return the sentence that every accuracy is given in."""
    return f"{percent((images - misses) / images)}, {misses:,} wrong of {images:,}"


def confidence(share):
    """Return a confidence, 0 to 1, in percent; no network is sure beyond 99.9 %."""
    return f"{100 * min(share, MOST_SURE):.1f} %"


def percent(share):
    """Return a share, 0 to 1, in percent with two decimals."""
    return f"{100 * share:.2f} %"


def report(scores, name):
    """Return a `summary` as text; `name` is the data's."""
    head = [
        f"accuracy           {accuracy_with_misses(scores['misses'], scores['images'])}  ({name})",
        f"loss               {scores['loss']:.4f}",
        f"calibration error  {percent(scores['calibration_error'])}",
        "",
        "digit  precision    recall  images",
    ]
    rows = [
        f"{digit:>5}  {percent_or_dash(row['precision']):>9}"
        f"  {percent_or_dash(row['recall']):>8}  {row['images']:6,}"
        for digit, row in scores["per_digit"].items()
    ]
    return "\n".join(head + rows)


def percent_or_dash(share):
    """Return a share in percent, or a dash where there is none."""
    return "–" if share is None else percent(share)
