"""A picture file → ink on paper → the digit in it → 28×28, as MNIST was made.

The only place that brings anything to the form that the networks take.
"""

import os
import warnings
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from digits.errors import UserError
from digits.files import reason

SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".jp2"}

COMMON_MODES = {"1", "L", "P", "RGB", "CMYK", "YCbCr"}

LARGEST_SIDE = 1000  # pixels: all that a digit needs, and what keeps a photograph quick
LEAST_CONTRAST = 0.08  # between paper and ink, as a share of black to white
FAINTEST_INK = 0.1  # as a share of the darkest; what is fainter is paper
NOISE_MARGIN = 5  # standard deviations of the paper's grain below which nothing is ink
NORMAL_DEVIATION = 1.4826  # standard deviations in a median distance from the middle
LIGHT_SIDE, LIGHT_STEPS = 32, 20  # pixels and rounds that find the light on the paper
DIGIT_SIDE, IMAGE_SIDE = 20, 28  # pixels of MNIST's digits and of the images they stand in
NO_INK = "nothing stands out from the paper; more contrast, or more paper around it, may help"
FULL_SCALES = (1, 255, 65_535)  # what white may be in a picture of deep or floating-point grey


class NoDigitError(UserError):
    """A picture that can be read and holds no digit."""


class Digit(NamedTuple):
    """A digit in a picture: its image, uint8 (28, 28), and its box in pixels of the picture."""

    image: np.ndarray
    box: tuple[int, int, int, int]  # left, top, right, bottom


def at(path):
    """Return the pictures that `path` names: those of a folder by name, else itself."""
    try:
        return sorted(each for each in path.iterdir() if is_picture(each)) or [path]
    except OSError:  # no folder, or none that can be entered: reading it says so
        return [path]


def is_picture(path):
    """Whether a file in a folder is one of its pictures, by its name."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read(path):
    """Return the picture in a file as a PIL image, turned upright as its EXIF says.

    Of an animation it is the first frame. Raises UserError, which leaves it to the caller to name
    the file, if it is missing or unreadable.
    """
    try:
        if path.is_dir() and os.access(path, os.R_OK):
            raise UserError("a folder without pictures; name one that has some (.png, .jpg, …)")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd and does no harm
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                picture.load()
                return common_mode(ImageOps.exif_transpose(picture))
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError("the picture has too many pixels; save it smaller") from error
    except UnidentifiedImageError as error:
        raise UserError("not a picture, or of an unknown kind; save it as PNG or JPEG") from error
    except Exception as error:  # each of Pillow's many readers raises what it likes
        raise UserError(fault(error)) from error


def common_mode(picture):
    """Return a PIL image in a mode that Pillow turns into grey, or raise ValueError."""
    known = is_deep(picture) or picture.has_transparency_data or picture.mode in COMMON_MODES
    return picture if known else picture.convert("RGB")


def fault(error):
    """Return why a picture cannot be read, and the way on."""
    if isinstance(error, OSError) and error.errno:
        return f"cannot be read ({reason(error)}); check the path"
    return "the picture is damaged; save it anew as PNG or JPEG"


def find_digit(picture):
    """Return the `Digit` in a PIL image. Raises NoDigitError if it is blank."""
    grey = brightness(picture)
    ink = ink_on_paper(evenly_lit(grey))
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    left, top, right, bottom = box
    scales = 2 * (picture.width / grey.shape[1], picture.height / grey.shape[0])
    return Digit(
        image=as_mnist(ink[top:bottom, left:right]),
        box=tuple(round(float(edge * scale)) for edge, scale in zip(box, scales, strict=True)),
    )


def for_display(picture):
    """Return a PIL image as uint8 colour (h, w, 3), at most `LARGEST_SIDE` on a side."""
    if is_deep(picture):
        picture = Image.fromarray(np.rint(255 * deep_grey(picture)).astype(np.uint8))
    if picture.has_transparency_data:
        paper = round(255 * paper_behind(*grey_and_opacity(picture)))
        picture = Image.alpha_composite(
            Image.new("RGBA", picture.size, (paper, paper, paper)), picture.convert("RGBA")
        )
    picture = picture.convert("RGB")
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return np.asarray(picture)


def brightness(picture):
    """Return a picture as float32 grey, 0 black to 1 white, at most `LARGEST_SIDE` on a side."""
    grey = Image.fromarray(deep_grey(picture) if is_deep(picture) else plain_grey(picture))
    grey.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.BOX)
    return np.asarray(grey)


def is_deep(picture):
    """Whether a picture is grey in more than eight bits: 16, 32 or floating-point."""
    return picture.mode.startswith(("I", "F"))


def deep_grey(picture):
    """Return deep grey as float32, white being the least full scale that holds its values."""
    values = np.asarray(picture).astype(np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    brightest = max(float(values.max()), 1e-6)
    return values / next((scale for scale in FULL_SCALES if scale >= brightest), brightest)


def plain_grey(picture):
    """Return any other picture as float32 grey, transparency laid on paper."""
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"), np.float32) / 255
    grey, opacity = grey_and_opacity(picture)
    return grey * opacity + paper_behind(grey, opacity) * (1 - opacity)


def grey_and_opacity(picture):
    """Return a transparent picture's grey and opacity, each float32 (h, w), 0 to 1."""
    return np.asarray(picture.convert("LA"), np.float32).transpose(2, 0, 1) / 255


def paper_behind(grey, opacity):
    """Return the paper to lay a transparent picture on: white, or black where the ink is light.

    Where most of the picture is opaque, it brings its own paper: its middle grey.
    """
    seen = grey[opacity > 0.5]
    if seen.size > grey.size / 2:
        return np.median(seen)
    return 0.0 if seen.size and seen.mean() > 0.5 else 1.0


def evenly_lit(grey):
    """Return grey less the slow change of light across it, so that paper is one grey all over.

    The light is a quadratic surface through the half of the picture that fits it best, which is
    paper: least trimmed squares (Rousseeuw, 1984), from the picture's middle grey on.
    """
    small = np.asarray(Image.fromarray(grey).resize((LIGHT_SIDE, LIGHT_SIDE), Image.Resampling.BOX))
    values, terms = small.ravel(), quadratic_terms(LIGHT_SIDE, LIGHT_SIDE)
    light = np.full_like(values, np.quantile(values, 0.5, method="lower"))
    for _ in range(LIGHT_STEPS):
        distance = np.abs(values - light)
        paper = distance <= np.median(distance)
        factors = np.linalg.lstsq(terms[paper], values[paper], rcond=None)[0]
        light = terms @ factors
    surface = (quadratic_terms(*grey.shape) @ factors).reshape(grey.shape)
    return np.clip(grey - surface + np.median(light), 0, 1)


def quadratic_terms(height, width):
    """Return 1, x, y, x², xy, y² at each pixel, (height * width, 6), x and y from -1 to 1."""
    y, x = np.meshgrid(*(pixel_centres(side) for side in (height, width)), indexing="ij")
    x, y = x.ravel(), y.ravel()
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def pixel_centres(side):
    """Return the middles of `side` pixels that share the stretch from -1 to 1, float32."""
    return ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)


def ink_on_paper(grey):
    """Return how much ink each pixel holds: float32 of `grey`'s shape, 0 paper to 1 full ink.

    What the picture's edge mostly shows is paper, so dark on light and light on dark both work.
    Raises NoDigitError if nothing stands out from the paper.
    """
    light = grey >= threshold(grey)
    edge = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    light_paper = edge.mean() >= 0.5
    strength = -grey if light_paper else grey
    paper = strength[light == light_paper]
    paper_strength = np.median(paper)
    noise = np.median(np.abs(paper - paper_strength)) * NORMAL_DEVIATION
    full = np.quantile(strength[light != light_paper], 0.9) - paper_strength
    if full < max(LEAST_CONTRAST, NOISE_MARGIN * noise):
        raise NoDigitError(NO_INK)
    ink = np.clip((strength - paper_strength) / full, 0, 1)
    ink[ink < max(FAINTEST_INK, NOISE_MARGIN * noise / full)] = 0
    return ink


def threshold(grey):
    """Return the grey that best parts dark from light, 0 to 1, after Otsu (1979).

    Raises NoDigitError if all pixels are alike.
    """
    counts, edges = np.histogram(grey, bins=256, range=(0, 1))
    if np.count_nonzero(counts) < 2:
        raise NoDigitError(NO_INK)
    below = counts.cumsum()[:-1]
    above = grey.size - below
    sums = (counts * np.arange(256)).cumsum()
    difference = (sums[-1] - sums[:-1]) / np.maximum(above, 1) - sums[:-1] / np.maximum(below, 1)
    between = below * above * difference**2  # the variance between the classes, times n²
    return edges[1 + between.argmax()]


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
