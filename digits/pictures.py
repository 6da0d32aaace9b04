"""A picture file → grey → the digits in it, as images in the form that MNIST has.

The only place that brings anything to the form that the networks take: `ink` finds what stands out
from the paper, `writing` the digits in it, `centring` gives them MNIST's size and place.
"""

import os
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from digits import ink, writing
from digits.errors import NoDigitError, UserError
from digits.files import reason

SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".jp2"}

COMMON_MODES = {"L", "RGB", "CMYK", "YCbCr"}

LARGEST_SIDE = 1000  # pixels: all that a digit needs, and what keeps a photograph quick
MOST_PIXELS = 40_000_000  # that are decoded one by one: 160 MB
TOO_LARGE = "the picture has too many pixels; save it smaller"
NO_INK = "nothing stands out from the paper; more contrast, or more paper around it, may help"
NO_DIGIT = "what stands out looks like none; crop away what is not the digit"
FULL_SCALES = (1, 255, 65_535)  # what white may be in a picture of deep or floating-point grey
CLEARER = 1.5  # times the contrast of plain grey: a colour in which the ink is seen better


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
                return upright_and_reduced(picture)
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(TOO_LARGE) from error
    except UnidentifiedImageError as error:
        raise UserError("not a picture, or of an unknown kind; save it as PNG or JPEG") from error
    except Exception as error:  # each of Pillow's many readers raises what it likes
        raise UserError(fault(error)) from error


def upright_and_reduced(picture):
    """Return an opened picture, loaded and upright, at about `LARGEST_SIDE` to twice as much.

    A larger one is reduced by a whole factor, which is its `info["reduced"]`. A JPEG comes out of
    its file smaller, so that it takes no more memory and time than it has to.
    """
    width, pixels = picture.width, picture.width * picture.height
    picture.draft(None, (LARGEST_SIDE, LARGEST_SIDE))
    held = pixels if picture.info.get("progressive") else picture.width * picture.height
    if held > MOST_PIXELS:  # a progressive JPEG is in memory whole, however small it comes out
        raise UserError(TOO_LARGE)
    picture.load()
    drafted = width / picture.width
    upright = common_mode(picture)
    ImageOps.exif_transpose(upright, in_place=True)  # a copy would take as much memory again
    factor = max(upright.size) // LARGEST_SIDE
    reduced = upright.reduce(factor) if factor > 1 else upright
    reduced.info["reduced"] = max(factor, 1) * drafted
    return reduced


def common_mode(picture):
    """Return a PIL image in a mode that Pillow reduces and turns into grey, or raise ValueError."""
    if is_deep(picture):
        return picture if picture.mode == "F" else picture.convert("I")
    if picture.has_transparency_data:
        return picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
    return picture if picture.mode in COMMON_MODES else picture.convert("RGB")


def fault(error):
    """Return why a picture cannot be read, and the way on."""
    if isinstance(error, OSError) and error.errno:
        return f"cannot be read ({reason(error)}); check the path"
    return "the picture is damaged; save it anew as PNG or JPEG"


def rows_of_digits(picture, predict):
    """Return the rows of `writing.Digit`s in a picture that `read` gave, in pixels of its file.

    `predict` takes uint8 (n, 28, 28) to probabilities (n, 10). Raises NoDigitError if there are
    none.
    """
    grey = brightness(picture)
    inks = ink.likely(grey)
    rows = writing.rows_of_digits(inks, predict)
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
    """Return a picture as float32 grey, 0 black to 1 white, at most `LARGEST_SIDE` on a side.

    Where ink and paper are of different colours and alike in grey, it is a colour's brightness.
    """
    grey = ink.shrunk(deep_grey(picture) if is_deep(picture) else plain_grey(picture), LARGEST_SIDE)
    if is_deep(picture) or picture.mode in ("L", "LA"):
        return grey
    colours = [
        ink.shrunk(np.asarray(colour, np.float32) / 255, LARGEST_SIDE)
        for colour in Image.fromarray(for_display(picture)).split()
    ]
    clearest = max(colours, key=ink.contrast)
    return clearest if ink.contrast(clearest) > CLEARER * ink.contrast(grey) else grey


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
        return ink.median(seen)
    return 0.0 if seen.size and seen.mean() > 0.5 else 1.0
