"""Each corruption does what its name says, by as much as its severity says."""

import numpy as np
import pytest
from conftest import printed_digits

from digits.data.mnist import Examples
from digits.evaluation import corruptions


@pytest.fixture(scope="module")
def images():
    return printed_digits(40, seed=6)[0]


def corrupted(name, images, severity):
    return corruptions.CORRUPTIONS[name].apply(images, severity, np.random.default_rng(1))


def centres(images):
    """Return each image's centre of mass, (n, 2): column and row."""
    weights = images / images.sum(axis=(1, 2), keepdims=True)
    side = np.arange(28)
    return np.stack([weights.sum(axis=1) @ side, weights.sum(axis=2) @ side], axis=1)


@pytest.mark.parametrize("pixels", [1, 3])
def test_shift_moves_each_image_so_far_in_directions_of_their_own(images, pixels):
    moves = centres(corrupted("shift", images, pixels)) - centres(images)
    np.testing.assert_allclose(np.hypot(*moves.T), pixels, atol=0.2)  # some ink leaves the image
    assert np.ptp(moves, axis=0).min() > 1.5 * pixels


def test_rotation_turns_to_both_sides(images):
    turned = corrupted("rotation", images, 90)
    left, right = np.rot90(images, 1, (1, 2)), np.rot90(images, -1, (1, 2))
    off = [np.abs(turned - each.astype(float)).mean(axis=(1, 2)) for each in (left, right)]
    assert np.minimum(*off).max() < 1 < np.maximum(*off).min()
    assert 5 < (off[0] < off[1]).sum() < 35


def test_scale_changes_height_and_width_about_the_middle(images):
    def heights(images):
        rows = (images > 127).any(axis=2)
        return 28 - rows.argmax(axis=1) - rows[:, ::-1].argmax(axis=1)

    ratios = heights(corrupted("scale", images, 0.5)) / heights(images)
    np.testing.assert_allclose(np.median(ratios), 0.5, atol=0.03)
    same = corrupted("scale", images, 1)
    np.testing.assert_array_equal(same, images)


def test_strokes_become_so_many_pixels_wider_and_thinner():
    images = np.zeros((1, 28, 28), np.uint8)
    images[:, 10:18, 12:15] = 200  # 8 by 3 pixels
    for change, (height, width) in {-1: (7, 2), 1: (9, 4), 4: (12, 7)}.items():
        out = corrupted("stroke width", images, change)[0]
        assert set(np.unique(out)) == {0, 200}
        assert (out > 0).any(axis=1).sum() == height and (out > 0).any(axis=0).sum() == width


def test_blur_keeps_the_ink_and_spreads_it():
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 14, 14] = 255
    (out,) = corrupted("blur", images, 1)
    # A Gaussian of one pixel has a fourth of its height at 1.665 pixels, and 1 / 2π in the middle.
    assert out[14, 14] == pytest.approx(255 / (2 * np.pi), abs=1)
    assert out[14, 15] / out[14, 14] == pytest.approx(np.exp(-0.5), abs=0.03)


def test_noise_is_of_the_deviation_asked_for():
    grey = np.full((50, 28, 28), 128, np.uint8)
    assert corrupted("noise", grey, 0.1).std() == pytest.approx(25.5, rel=0.02)


def test_contrast_and_inversion_are_shares(images):
    np.testing.assert_allclose(corrupted("contrast", images, 0.4), 0.4 * images, atol=0.51)
    np.testing.assert_array_equal(corrupted("inversion", images, 1), 255 - images)
    assert np.ptp(corrupted("inversion", images, 0.5)) <= 1, "half way, all is grey"


def test_occlusion_lays_one_square_on_each_image():
    ink = np.full((40, 28, 28), 9, np.uint8)
    out = corrupted("occlusion", ink, 6)
    assert ((out == 0).sum(axis=(1, 2)) == 36).all()
    assert ((out == 0).any(axis=1).sum(axis=1) == 6).all(), "six columns"
    assert len({image.tobytes() for image in out}) > 30, "anywhere"
    assert (ink == 9).all(), "what is given stays as it was"


def test_accuracy_is_measured_at_every_severity(images):
    brightest = images.max(axis=(1, 2))
    assert brightest.min() == 255

    def predict(batch):
        """Predict 1 if the brightest pixel is above half of full ink, else 0."""
        return np.eye(10)[(batch.max(axis=(1, 2)) > 127).astype(int)]

    test = Examples(images, np.ones(40, np.uint8), "printed")
    results = corruptions.robustness(predict, test)
    assert (results["images"], results["accuracy"]) == (40, 1)
    assert set(results["damages"]) == set(corruptions.CORRUPTIONS) and len(results["damages"]) == 9
    assert corruptions.robustness(predict, test._replace(images=images[:1], labels=test.labels[:1]))
    contrast = results["damages"]["contrast"]
    assert list(contrast["strengths"]) == [0.05, 0.1, 0.2, 0.4, 0.7]
    assert contrast["accuracy"] == [0, 0, 0, 0, 1]
