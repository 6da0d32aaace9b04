"""Cross-validation: each picture is read by a network that has not learned from it."""

import numpy as np

from digits.command_line import show_progress
from digits.own import results

FOLDS, MIN_FOR_FOLDS = 5, 25  # of fewer pictures, each is a fold


def cross_validated(lessons, learn, seed):
    """Return a `Result` for each lesson, of a network that has learned the other folds alone.

    `learn` takes lessons to a function from images to probabilities like a `Predictor`.
    """
    folds = folds_of(lessons, seed)
    count, after = folds.max() + 1, [each.result for each in lessons]
    for fold in range(count):
        show_progress("cross-validation", fold, count)
        held_out = np.flatnonzero(folds == fold)
        learned = [lessons[n] for n in np.flatnonzero(folds != fold)]
        if any(len(each.images) for each in learned):
            pictures = [lessons[n].result.picture for n in held_out]
            for n, result in zip(
                held_out, results.results_of(pictures, learn(learned)), strict=True
            ):
                after[n] = result
    show_progress("cross-validation", count, count)
    return after


def folds_of(lessons, seed):
    """Return the fold of each lesson, int (n,): each fold has its share of each label.

    Copies of a picture are in one fold: who has learned one knows them all.
    """
    keys = [each.images.tobytes() or str(each.result.picture.path) for each in lessons]
    labels = {key: each.result.label for key, each in zip(keys, lessons, strict=True)}
    different = list(labels)
    shuffled = [different[n] for n in np.random.default_rng(seed).permutation(len(different))]
    count = FOLDS if len(lessons) >= MIN_FOR_FOLDS else len(different)
    folds = {key: n % count for n, key in enumerate(sorted(shuffled, key=labels.get))}
    return np.array([folds[key] for key in keys])


def method(pictures):
    """Return what the cross-validation of so many pictures is called."""
    if pictures == 1:
        return "of a single picture, nothing is left to test on"
    return f"{FOLDS}-fold cross-validation" if pictures >= MIN_FOR_FOLDS else "leave-one-out"
