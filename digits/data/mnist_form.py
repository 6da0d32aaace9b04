"""The ink of one digit → 28×28, as MNIST's makers brought their digits to that form."""

import numpy as np

DIGIT_SIDE, IMAGE_SIDE = 20, 28  # pixels of MNIST's digits and of the images they stand in


def as_mnist(ink):
    """Return ink, cut to its bounding box, as MNIST's makers brought it to 28×28 uint8.

    Widened to a centred square, area-averaged to 20×20, brightest ink to 255, and placed so that
    the centre of mass falls on the middle, by whole pixels. After Cold Case: the Lost MNIST Digits
    (Yadav and Bottou, 2019, arXiv:1905.10498), which reconstructed the procedure.
    """
    side = max(ink.shape)
    digit = cells(ink.shape[0], side) @ ink @ cells(ink.shape[1], side).T
    image = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    row, column = offset(digit.sum(axis=1)), offset(digit.sum(axis=0))
    place = image[row : row + DIGIT_SIDE, column : column + DIGIT_SIDE]
    place[:] = np.rint(digit * (255 / digit.max()))
    return image


def cells(length, side):
    """Return how much each of 20 cells takes of each of `length` pixels: float64 (20, length).

    The cells part a stretch of `side` pixels, in whose middle, by whole pixels, those pixels lie.
    (Pillow's box filter gives a pixel that two cells share to one of them.)
    """
    edges = np.linspace(0, side, DIGIT_SIDE + 1)[:, np.newaxis] - (side - length) // 2
    pixels = np.arange(length)
    shared = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    return np.maximum(shared, 0) * (DIGIT_SIDE / side)


def offset(mass):
    """Return where a digit's 20 pixels start among the image's 28, by its `mass` along an axis."""
    centre = (mass * (np.arange(DIGIT_SIDE) + 0.5)).sum() / mass.sum()
    return min(max(int(15 - centre), 0), IMAGE_SIDE - DIGIT_SIDE)
