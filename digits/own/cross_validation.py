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
    """Return the fold of each lesson, int (n,): each fold has its share of each label."""
    shuffled = np.random.default_rng(seed).permutation(len(lessons))
    by_label = sorted(shuffled, key=lambda n: lessons[n].result.label)
    folds = np.empty(len(lessons), int)
    folds[by_label] = np.arange(len(lessons)) % fold_count(lessons)
    return folds


def fold_count(lessons):
    return FOLDS if len(lessons) >= MIN_FOR_FOLDS else len(lessons)


def method(pictures):
    """Return what the cross-validation of so many pictures is called."""
    return f"{FOLDS}-fold cross-validation" if pictures >= MIN_FOR_FOLDS else "leave-one-out"
