"""Cross-validation: who learns from which pictures, and reads which."""

import numpy as np
import pytest

from digits.own import cross_validation, results
from digits.own.labels import Labelled
from digits.own.lessons import Lesson


def lessons_of(labels):
    """Return a `Lesson` for each label, whose picture's path is its number."""
    digits = np.zeros(1, np.uint8)
    pictures = [Labelled(number, label, "one digit") for number, label in enumerate(labels)]
    return [
        Lesson(results.Result(each, "before"), np.full((1, 28, 28), each.path, np.uint8), digits)
        for each in pictures
    ]


@pytest.fixture
def who_read(monkeypatch):
    """Return a function that cross-validates lessons: which others each reader had learned.

    A network is here the list of the pictures that it has learned.
    """

    def results_of(pictures, learned):
        return [results.Result(each, learned) for each in pictures]

    def learn(lessons):
        return [each.result.picture.path for each in lessons]

    monkeypatch.setattr(results, "results_of", results_of)
    return lambda lessons: cross_validation.cross_validated(lessons, learn, seed=1)


@pytest.mark.parametrize(("count", "learned"), [(2, 1), (24, 23), (25, 20), (50, 40)])
def test_each_picture_is_read_once_by_a_network_that_has_not_learned_it(who_read, count, learned):
    after = who_read(lessons_of(["7"] * count))
    assert [each.picture.path for each in after] == list(range(count))
    for number, each in enumerate(after):
        assert number not in each.answer
        assert len(set(each.answer)) == learned


def test_each_fold_has_its_share_of_each_label(who_read):
    labels = ["7"] * 20 + ["4"] * 10 + ["12/34"] * 5
    for each in who_read(lessons_of(labels)):
        learned = [labels[number] for number in each.answer]
        assert [learned.count(label) for label in ("7", "4", "12/34")] == [16, 8, 4]


@pytest.mark.parametrize("count", [8, 40])
def test_copies_of_a_picture_are_read_by_a_network_that_has_learned_none_of_them(who_read, count):
    lessons = lessons_of(["7"] * count)
    lessons[3] = lessons[3]._replace(images=lessons[5].images)
    after = who_read(lessons)
    for number in (3, 5):
        assert not {3, 5} & set(after[number].answer)


def test_single_picture_is_read_as_before(who_read):
    (after,) = who_read(lessons_of(["7"]))
    assert after.answer == "before"


def test_picture_without_images_is_read_by_a_network_that_learned_the_others(who_read):
    first, second = lessons_of(["7", ""])
    empty = second._replace(images=second.images[:0], labels=second.labels[:0])
    after = who_read([first, empty])
    assert after[0].answer == "before", "the others have nothing to teach"
    assert after[1].answer == [0]


def test_method_has_its_name():
    assert "single picture" in cross_validation.method(1)
    assert cross_validation.method(24) == "leave-one-out"
    assert cross_validation.method(25) == "5-fold cross-validation"
