"""Read labelled pictures, and count which are read right."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from digits import UserError, metrics
from digits.command_line import say, with_progress
from digits.files import shown
from digits.own.labels import Labelled, labelled
from digits.page import pipeline
from digits.page.answers import Answer

LABEL_ERROR = 0.95  # confidence in another number that makes the label look wrong


class Result(NamedTuple):
    """A labelled picture and the `Answer` to it, without its image: there may be thousands."""

    picture: Labelled
    answer: Answer

    @property
    def label(self):
        return self.picture.label

    @property
    def true_digits(self):
        return [int(digit) for digit in self.label.replace("/", "")]

    @property
    def verdict(self):
        """The word "right", "wrong", or "not sure" also for digits that are not found."""
        if self.answer.status == "unsure" or (self.label and not self.answer.digits):
            return "not sure"
        return "right" if self.answer.text == self.label else "wrong"

    @property
    def has_right_lengths(self):
        """Whether the rows of the answer are as long as those of the label."""
        return [len(row) for row in self.answer.text.split("/")] == [
            len(row) for row in self.label.split("/")
        ]

    @property
    def has_likely_label_error(self):
        """Whether the answer is another number of as many digits, with confidence.

        This holds for a network that has not learned the picture: Northcutt, Jiang and Chuang,
        Confident learning (2021, arXiv:1911.00068).
        """
        is_other = self.verdict == "wrong" and bool(self.label) and self.has_right_lengths
        return is_other and self.answer.confidence >= LABEL_ERROR

    @property
    def line(self):
        """The picture, its label, and what was read: "my_digits/4_a.jpg: 4, read as 9 (97.1 %)"."""
        read = "read as " if self.answer.status == "ok" else ""
        truth = self.label or "no digit"
        return f"{shown(self.picture.path)}: {truth}, {read}{self.answer.words}"


def of_folder(folder, predict, column=None, answer_to=pipeline.answer_to_picture):
    """Return the `Result` of each picture of a folder that has a label and can be read.

    The others are said. `column` is for `labels.labelled`. Raises UserError if there is none.
    """
    found, unread = labelled(folder, column)
    every = with_progress(results_of(found, predict, answer_to), "reading pictures", len(found))
    read = []
    for each in every:
        if each.answer.status == "unreadable":
            unread.append(f"{each.answer.source}: {each.answer.error}")
        else:
            read.append(each)
    for sentence in unread:
        say(sentence)
    if not read:
        raise UserError(f"no picture in {shown(folder)} can be read: save them as PNG or JPEG")
    return read


def results_of(pictures, predict, answer_to=pipeline.answer_to_picture):
    """Yield the `Result` of each `Labelled` picture."""
    for each in pictures:
        yield Result(each, replace(answer_to(each.path, predict), image=None))


def summary(results):
    """Return all that is counted of some results, for JSON."""
    kinds = dict.fromkeys(each.picture.kind for each in results)
    by_kind = {
        kind: counts([each for each in results if each.picture.kind == kind]) for kind in kinds
    }
    confusion = confusion_matrix(results)
    return {
        **counts(results),
        "kinds": by_kind,
        "per_digit": metrics.per_digit(confusion),
        "confusion": confusion.tolist(),
        "misses": [as_json(each) for each in misses(results)],
    }


def counts(results):
    verdicts = [each.verdict for each in results]
    return {
        "pictures": len(verdicts),
        "right": verdicts.count("right"),
        "wrong": verdicts.count("wrong"),
        "not_sure": verdicts.count("not sure"),
    }


def misses(results):
    return [each for each in results if each.verdict != "right"]


def as_json(result):
    return {"label": result.label, "verdict": result.verdict, **result.answer.as_json()}


def confusion_matrix(results):
    """Return counts, (10, 10), of the digits in the pictures where they are in the right number."""
    counted = [each for each in results if each.label and each.has_right_lengths]
    true = [digit for each in counted for digit in each.true_digits]
    predicted = [digit.predicted for each in counted for digit in each.answer.digits]
    return metrics.confusion_matrix(np.array(true, int), np.array(predicted, int))
