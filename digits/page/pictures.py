"""A picture file → grey → the digits in it, as images in the form that MNIST has.

The only place that brings anything to the form that the networks take: `ink` finds what stands out
from the paper, `writing` the digits in it, `centring` gives them MNIST's size and place.
"""

import os
import warnings

import numpy as np
from PIL import Image, ImageOps

from digits import NoDigitError, UserError
from digits.files import first_line, reason, special_kind
from digits.page import decoding, filters, ink, reading

COMMON_MODES = {"L", "RGB", "CMYK", "YCbCr"}

LARGEST_SIDE = 1000  # pixels: all that a digit needs, and what keeps a photograph quick
NO_INK = "nothing stands out from the paper; more contrast, or more paper around it, may help"
NO_DIGIT = "what stands out looks like none; crop away what is not the digit"
FULL_SCALES = (1, 255, 65_535)  # what white may be in a picture of deep or floating-point grey
MOST_SAMPLED = 1_000_000  # pixels that are enough for a middle value
BAND = 1_000_000  # pixels of a deep picture that are brought to grey at once
CLEARER = 1.5  # times the contrast of plain grey: a colour in which the ink is seen better


def at(path):
    """Return the pictures that `path` names: those of a folder by name, else itself."""
    try:
        return sorted(each for each in path.iterdir() if is_picture(each)) or [path]
    except (OSError, ValueError):  # no folder, or none that can be entered: reading it says so
        return [path]


def is_picture(path):
    """Whether a file in a folder is one of its pictures, by its name."""
    may_be = path.suffix.lower() in decoding.SUFFIXES and not path.name.startswith(".")
    return may_be and not path.is_dir()


def read(path):
    """Return the picture in a file as a PIL image, turned upright as its EXIF says.

    Of an animation it is the first frame. Raises UserError, which leaves it to the caller to name
    the file, if it is missing or unreadable.
    """
    try:
        require_picture_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd and does no harm
            with decoding.opened(path) as file:
                return upright_and_reduced(decoding.loaded(file, LARGEST_SIDE))
    except UserError:
        raise
    except Image.DecompressionBombError as error:
        raise UserError(decoding.TOO_LARGE) from error
    except Exception as error:  # each of Pillow's many readers raises what it likes
        raise UserError(fault(error)) from error


def require_picture_file(path):
    """Raise UserError if `path` is a folder, or a special file, which may be read for ever."""
    try:
        kind = special_kind(path)
    except ValueError as error:
        raise UserError(f"cannot be read ({first_line(error)}); check the path") from error
    if kind:
        raise UserError(f"{kind}, not a picture; save the picture in a file, and name that")
    if path.is_dir() and os.access(path, os.R_OK):
        raise UserError("a folder without pictures; name one that has some (.png, .jpg, …)")


def upright_and_reduced(picture):
    """Return an opened picture, upright, at about `LARGEST_SIDE` to twice as much.

    A larger one is reduced by a whole factor, which is its `info["reduced"]`, times what it was
    reduced by as it was decoded.
    """
    decoded = picture.info.get("reduced", 1)
    upright = common_mode(picture)
    ImageOps.exif_transpose(upright, in_place=True)  # a copy would take as much memory again
    factor = max(upright.size) // LARGEST_SIDE
    reduced = upright.reduce(factor) if factor > 1 else upright
    reduced.info["reduced"] = max(factor, 1) * decoded
    return reduced


def common_mode(picture):
    """Return a PIL image in a mode that Pillow reduces and turns into grey, or raise ValueError."""
    if is_deep(picture):
        return scaled_grey(picture)
    if picture.has_transparency_data:
        return picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
    return picture if picture.mode in COMMON_MODES else picture.convert("RGB")


def scaled_grey(picture):
    """Return a deep picture as grey of mode F, 0 black to 1 white, all of it finite.

    White is the least full scale that holds its values. What is negative or not finite stands for
    no data, as -3.4e38 does in maps, and takes the middle one of the other values.
    """
    brightest = max(values.max(initial=0, where=is_data(values)) for _, values in bands(picture))
    white = next((scale for scale in FULL_SCALES if scale >= brightest), float(brightest))
    middle = middle_value(picture) / white
    grey = picture if picture.mode == "F" else Image.new("F", picture.size)
    for box, values in bands(picture):
        scaled = np.where(is_data(values), values, 0) / np.float32(white)
        scaled[~is_data(values)] = middle
        grey.paste(Image.fromarray(scaled), box)
    grey.info = picture.info
    return grey


def middle_value(picture):
    """Return the middle one of a deep picture's values that are data: of very many, of some."""
    step = 1 + picture.width * picture.height // MOST_SAMPLED
    found = np.concatenate([values[is_data(values)][::step] for _, values in bands(picture)])
    return filters.median(found) if len(found) else 0


def bands(picture):
    """Yield the place and the values, float32 (h, w), of each of the bands that make up a picture.

    All at once, the values of a large one would be in memory three times.
    """
    rows = max(1, BAND // picture.width)
    for top in range(0, picture.height, rows):
        box = 0, top, picture.width, min(top + rows, picture.height)
        yield box, np.asarray(picture.crop(box)).astype(np.float32)


def is_data(values):
    """Return which of a deep picture's values stand for a brightness."""
    return np.isfinite(values) & (values >= 0)


def fault(error):
    """Return why a picture cannot be read, and the way on."""
    if isinstance(error, MemoryError):
        return decoding.TOO_LARGE
    if isinstance(error, OSError) and error.errno:
        return f"cannot be read ({reason(error)}); check the path"
    return "the picture is damaged; save it anew as PNG or JPEG"


def rows_of_digits(picture, predict):
    """Return the rows of `reading.Digit`s in a picture that `read` gave, in pixels of its file.

    `predict` takes uint8 (n, 28, 28) to probabilities (n, 10). Raises NoDigitError if there are
    none.
    """
    grey = brightness(picture)
    inks = ink.likely(grey)
    rows = reading.rows_of_digits(inks, predict)
    if not rows:
        raise NoDigitError(NO_DIGIT if inks else NO_INK)
    factor = picture.info.get("reduced", 1)
    scales = [factor * side / n for side, n in zip(picture.size, grey.shape[::-1], strict=True)]
    return [[digit._replace(box=scaled(digit.box, scales)) for digit in row] for row in rows]


def scaled(box, scales):
    """Return a box, left, top, right, bottom, in whole pixels of a picture across and down."""
    return tuple(round(float(edge * scale)) for edge, scale in zip(box, 2 * scales, strict=True))


def for_display(picture):
    """Return a PIL image as uint8 colour (h, w, 3), at most `LARGEST_SIDE` on a side."""
    if is_deep(picture):
        picture = Image.fromarray(np.rint(255 * np.asarray(picture)).astype(np.uint8))
    if picture.has_transparency_data:
        paper = round(255 * paper_behind(*grey_and_opacity(picture)))
        picture = Image.alpha_composite(
            Image.new("RGBA", picture.size, (paper, paper, paper)), picture.convert("RGBA")
        )
    picture = picture.convert("RGB")
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return np.asarray(picture)


def brightness(picture):
    """Return a picture as float32 grey, 0 black to 1 white, at most `LARGEST_SIDE` on a side.

    Where ink and paper are of different colours and alike in grey, it is a colour's brightness.
    """
    grey = filters.shrunk(plain_grey(picture), LARGEST_SIDE)
    if picture.mode in ("F", "L", "LA"):
        return grey
    colours = [
        filters.shrunk(np.asarray(colour, np.float32) / 255, LARGEST_SIDE)
        for colour in Image.fromarray(for_display(picture)).split()
    ]
    clearest = max(colours, key=ink.contrast)
    return clearest if ink.contrast(clearest) > CLEARER * ink.contrast(grey) else grey


def is_deep(picture):
    """Whether a picture is grey in more than eight bits: 16, 32 or floating-point."""
    return picture.mode.startswith(("I", "F"))


def plain_grey(picture):
    """Return a picture as float32 grey, 0 black to 1 white, transparency laid on paper."""
    if is_deep(picture):
        return np.asarray(picture)
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
        return filters.median(seen)
    return 0.0 if seen.size and seen.mean() > 0.5 else 1.0
