"""The ink of one digit to 28×28 pixels, in the way MNIST itself was made."""

import numpy as np

DIGIT_SIDE, IMAGE_SIDE = 20, 28  # pixels of MNIST's digits and of the images they stand in


def as_mnist(ink):
    """Return ink (h, w), cut to its bounding box, in MNIST's form: uint8 (28, 28).

    The box is widened to a centred square and area-averaged to 20×20, the brightest ink becomes
    255, and the centre of mass is moved to the image's centre by whole pixels. Reconstructed by
    Yadav and Bottou, Cold Case: the Lost MNIST Digits (2019, arXiv:1905.10498).
    """
    side = max(ink.shape)
    digit = cells(ink.shape[0], side) @ ink @ cells(ink.shape[1], side).T
    image = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    row, column = offset(digit.sum(axis=1)), offset(digit.sum(axis=0))
    place = image[row : row + DIGIT_SIDE, column : column + DIGIT_SIDE]
    place[:] = np.rint(digit * (255 / digit.max()))
    return image


def cells(length, side):
    """Return the share of each of `length` pixels in each of 20 cells: float64 (20, length).

    The cells divide an axis of `side` pixels, and the `length` pixels lie in its middle. (Pillow's
    box filter would give a pixel that two cells share to one of them.)
    """
    edges = np.linspace(0, side, DIGIT_SIDE + 1)[:, np.newaxis] - (side - length) // 2
    pixels = np.arange(length)
    shared = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    return np.maximum(shared, 0) * (DIGIT_SIDE / side)


def offset(mass):
    """Return where a digit's 20 pixels start in the image's 28, by its mass along an axis."""
    centre = (mass * (np.arange(DIGIT_SIDE) + 0.5)).sum() / mass.sum()
    return min(max(int(15 - centre), 0), IMAGE_SIDE - DIGIT_SIDE)
