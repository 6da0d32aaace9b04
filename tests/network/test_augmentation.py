"""Augmentation: how far each change goes, and that nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from digits.network.recipes import Augmentation
from digits.network.tensorflow_start import import_tensorflow

tf = import_tensorflow()
from digits.network.augmentation import augmented  # noqa: E402 - after TensorFlow is imported quietly

NONE = Augmentation(rotation=0, shear=0, log_scale=0, shift=0)
SEED = (1, 2)


def images_of(array):
    return tf.constant(array[..., np.newaxis].astype(np.float32))


def test_augmentation_with_limits_of_zero_changes_nothing():
    images = images_of(np.random.default_rng(1).integers(0, 256, (5, 28, 28)))
    np.testing.assert_allclose(augmented(images, NONE, SEED), images, atol=0.01)


def test_same_seed_gives_the_same_changes_and_another_seed_others():
    images = images_of(np.random.default_rng(1).integers(0, 256, (5, 28, 28)))
    everything = Augmentation(bend=1, thinner=1, thicker=1, noise=0.3)
    first = augmented(images, everything, SEED).numpy()
    np.testing.assert_array_equal(first, augmented(images, everything, SEED))
    for other in ((2, 2), (1, 3)):
        assert not np.allclose(first, augmented(images, everything, other))


def centres_of_mass(images):
    """Return (2, n): x and y in pixels."""
    y, x = np.mgrid[:28, :28]
    mass = images.sum(axis=(1, 2))
    return np.stack([(images * axis).sum(axis=(1, 2)) / mass for axis in (x, y)])


def test_shift_moves_the_middle_by_no_more_than_its_limit_each_image_in_its_own_way():
    dot = np.zeros((300, 28, 28))
    dot[:, 13:15, 13:15] = 255
    moved = augmented(images_of(dot), Augmentation(0, 0, 0, shift=2), SEED).numpy()[..., 0]
    centres = centres_of_mass(moved)
    assert 1.9 < np.abs(centres - 13.5).max() <= 2.001
    assert len(np.unique(centres.round(3), axis=1).T) > 290


def angles(images):
    """Return the direction of each image's longest axis, in radians, from its second moments."""
    y, x = np.mgrid[:28, :28] - 13.5
    xx, yy, xy = ((images * each).sum(axis=(1, 2)) for each in (x * x, y * y, x * y))
    return np.arctan2(2 * xy, xx - yy) / 2


def test_rotation_turns_a_line_by_no_more_than_its_limit():
    line = np.zeros((200, 28, 28))
    line[:, 13:15, 4:24] = 255
    turned = augmented(images_of(line), Augmentation(0.2, 0, 0, 0), SEED).numpy()[..., 0]
    assert 0.18 < np.abs(angles(turned)).max() < 0.21


def spreads(images):
    """Return each image's second central moments: along x, along y, and mixed."""
    y, x = np.mgrid[:28, :28] - 13.5
    mass = images.sum(axis=(1, 2))
    return np.stack([(images * each).sum(axis=(1, 2)) / mass for each in (x * x, y * y, x * y)])


def square():
    images = np.zeros((200, 28, 28))
    images[:, 9:19, 9:19] = 255
    return images_of(images)


def test_stretch_widens_and_narrows_up_to_its_limit_each_way_for_itself():
    stretched = augmented(square(), Augmentation(0, 0, log_scale=0.2, shift=0), SEED)
    along_x, along_y, mixed = spreads(stretched.numpy()[..., 0])
    for along in (along_x, along_y):
        ratios = np.sqrt(along / (99 / 12))  # of a square of ten pixels, whose moment is 99 / 12
        assert 1.15 < ratios.max() < np.exp(0.2) + 0.04
        assert np.exp(-0.2) - 0.04 < ratios.min() < 0.86
    assert abs(np.corrcoef(along_x, along_y)[0, 1]) < 0.3
    assert np.abs(mixed).max() < 0.01


def test_shear_slants_up_to_its_limit_and_keeps_the_height():
    slanted = augmented(square(), Augmentation(0, shear=0.3, log_scale=0, shift=0), SEED)
    _, along_y, mixed = spreads(slanted.numpy()[..., 0])
    np.testing.assert_allclose(along_y, 99 / 12, rtol=0.01)
    slant = mixed / along_y
    assert 0.27 < slant.max() < 0.31 and -0.31 < slant.min() < -0.27


@pytest.mark.parametrize("angle", [10, -15])
def test_sampling_agrees_with_pillow(angle):
    from digits.network.augmentation import affine, bilinear

    smooth = Image.fromarray(np.random.default_rng(1).integers(0, 256, (7, 7), np.uint8))
    image = np.asarray(smooth.resize((28, 28), Image.Resampling.BICUBIC))
    expected = np.asarray(Image.fromarray(image).rotate(angle, Image.Resampling.BILINEAR))
    zero = tf.zeros(1)
    x, y = affine(tf.constant([np.radians(angle)], tf.float32), *[zero] * 5, 28, 28)
    turned = bilinear(images_of(image[np.newaxis]), x, y).numpy()[0, ..., 0]
    middle = np.s_[6:22, 6:22]  # at the edges Pillow leaves out what has no four neighbours
    np.testing.assert_allclose(turned[middle], expected[middle], atol=1.5)


def test_bend_moves_parts_against_each_other_and_keeps_the_middle_near():
    dots = np.zeros((200, 28, 28))
    dots[:, 6:8, 6:8] = 255
    other = np.zeros((200, 28, 28))
    other[:, 20:22, 20:22] = 255
    bent = Augmentation(0, 0, 0, 0, bend=1)
    first, second = (
        centres_of_mass(augmented(images_of(each), bent, SEED).numpy()[..., 0]) - at
        for each, at in ((dots, 6.5), (other, 20.5))
    )
    assert 0.3 < first.std() < 2 and 0.3 < second.std() < 2
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.3


def test_strokes_become_thicker_and_thinner_up_to_the_limits():
    bar = np.zeros((300, 28, 28))
    bar[:, 4:24, 12:16] = 255
    mass = (
        augmented(images_of(bar), Augmentation(0, 0, 0, 0, thinner=0.5, thicker=1), SEED)
        .numpy()
        .sum(axis=(1, 2, 3))
    )
    share = mass / mass.dtype.type(4 * 20 * 255)
    assert 1.5 < share.max() <= 6 * 22 / 80 + 0.01, "from 4 by 20 pixels to 6 by 22"
    assert 0.5 < share.min() < 0.9
    only_thicker = augmented(images_of(bar), Augmentation(0, 0, 0, 0, thicker=1), SEED)
    assert only_thicker.numpy().sum(axis=(1, 2, 3)).min() >= 4 * 20 * 255 - 1


def test_half_of_the_images_have_noise_of_up_to_its_limit():
    grey = np.full((300, 28, 28), 128)
    noisy = augmented(images_of(grey), replace(NONE, noise=0.1), SEED).numpy()
    deviations = noisy.std(axis=(1, 2, 3)) / 255
    assert 0.4 < np.mean(deviations < 1e-4) < 0.6
    assert 0.09 < deviations.max() < 0.11
    beyond = augmented(images_of(2 * grey - 1), replace(NONE, noise=0.5), SEED).numpy()
    assert beyond.min() >= 0 and beyond.max() <= 255
