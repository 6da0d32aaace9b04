"""Digits drawn from pen strokes: in MNIST's form, the same from the same seed, and to be learnt."""

import numpy as np
import pytest
from PIL import Image

from digits.data import pen_strokes, synthetic
from digits.network.recipes import Drawn


@pytest.fixture(scope="module")
def drawn():
    return synthetic.digits(400, seed=5)


def test_drawn_digits_have_mnist_s_form(drawn):
    images, labels = drawn
    assert (images.dtype, images.shape) == (np.uint8, (400, 28, 28))
    assert (images.max(axis=(1, 2)) == 255).all()
    assert (np.bincount(labels) == 40).all(), "of each digit as many"
    mass = images.sum(axis=(1, 2))
    for axis in (1, 2):
        centres = (images.sum(axis=axis) * np.arange(28)).sum(axis=1) / mass
        assert np.abs(centres - 14).max() <= 1, "MNIST's digits have their mass around pixel 14"
    rows = images.any(axis=2).sum(axis=1)
    columns = images.any(axis=1).sum(axis=1)
    assert (np.maximum(rows, columns) >= 19).all() and (np.maximum(rows, columns) <= 20).all()
    assert 0.05 < mass.mean() / (255 * 784) < 0.2, "about as much ink as MNIST has"


def test_same_seed_draws_the_same_images_and_another_others(drawn):
    images, labels = synthetic.digits(400, seed=5)
    np.testing.assert_array_equal(images, drawn[0])
    np.testing.assert_array_equal(labels, drawn[1])
    others = synthetic.digits(400, seed=6)[0]
    assert (others != images).any(axis=(1, 2)).all()


def test_no_two_images_are_alike_though_a_hand_is_the_same():
    images = [synthetic.digit(7, np.random.default_rng(seed)) for seed in range(60)]
    assert len({image.tobytes() for image in images}) == 60 > len(pen_strokes.DIGITS[7])


@pytest.mark.parametrize("make", synthetic.SHARES, ids=lambda make: make.__name__)
def test_what_is_no_digit_is_cut_out_as_a_digit_is(make):
    for seed in range(30):
        ink = make(np.random.default_rng(seed))
        assert ink.dtype == np.uint8 and ink.max() > 0
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any(), "cut out"


def test_each_epoch_has_digits_of_its_own_and_what_is_none_after_them():
    examples = synthetic.for_epochs(3, Drawn(digits=20, rare=10, none=5), seed=3)
    assert examples.images.shape == (3, 35, 28, 28)
    kinds = [synthetic.digits(60, 3), synthetic.rare_digits(30, 3)]
    for (images, labels), place in zip(kinds, [slice(20), slice(20, 30)], strict=True):
        of_kind = examples.images[:, place].reshape(-1, 28, 28)
        np.testing.assert_array_equal(of_kind, images)
        np.testing.assert_array_equal(examples.labels[:, place].ravel(), labels)
    assert (examples.labels[:, 30:] == synthetic.NO_DIGIT).all()
    none = examples.images[:, 30:].reshape(15, 28, 28)
    np.testing.assert_array_equal(none, synthetic.no_digits(15, 3))


def test_rare_digits_are_of_the_hands_that_are_named_rare(monkeypatch):
    monkeypatch.setattr(pen_strokes, "RARE", {1: (0,), 7: (1,)})
    monkeypatch.setattr(synthetic, "drawn", lambda hand, random: np.full((9, 9), len(hand)))
    monkeypatch.setattr(synthetic, "image", lambda ink: np.full((28, 28), ink[0, 0]))
    images, labels = synthetic.rare_digits(40, seed=1)
    assert set(labels) == {1, 7}
    lengths = {1: len(pen_strokes.DIGITS[1][0]), 7: len(pen_strokes.DIGITS[7][1])}
    np.testing.assert_array_equal(images[:, 0, 0], [lengths[label] for label in labels])


def test_every_rare_hand_is_there_to_be_drawn():
    for label, rare in pen_strokes.RARE.items():
        assert len(set(rare)) == len(rare) and max(rare) < len(pen_strokes.DIGITS[label])


def test_after_very_many_epochs_the_first_ones_come_again(monkeypatch):
    monkeypatch.setattr(synthetic, "MOST_EPOCHS", 2)
    assert synthetic.for_epochs(1000, Drawn(digits=3, none=1), seed=1).labels.shape == (2, 4)


def test_a_recipe_without_drawn_digits_draws_none():
    assert synthetic.for_epochs(8, Drawn(), seed=1).labels.shape == (8, 0)


def test_a_curve_runs_through_its_points_and_turns_sharply_at_corners():
    ((points, corners),) = synthetic.strokes("0,4! 56,2! 24,100")
    curve = synthetic.curve(points, corners)
    assert corners == (0, 1)
    for point in points:
        assert np.hypot(*(curve - point).T).min() < 1e-9
    (down, right), stem = np.diff(points, axis=0)[1], curve[synthetic.POINTS :] - points[1]
    assert np.abs(stem @ [right, -down]).max() < 1e-6, "between two corners it is straight"


def test_contact_sheet_is_drawn_with_the_data_s_digits_beside(run, small_data, tmp_path):
    sheet = tmp_path / "sheet.png"
    result = run(
        "tools/contact_sheet.py", "--beside-mnist", "--data", small_data, "--output", sheet
    )
    assert result.returncode == 0, result.stderr
    with_the_data = Image.open(sheet).width
    assert run("tools/contact_sheet.py", "--output", sheet).returncode == 0
    assert with_the_data > 1.4 * Image.open(sheet).width
