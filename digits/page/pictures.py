"""A picture file → an upright PIL image → grey, for the pipeline; and what the user is shown."""

import os
import warnings

import numpy as np
from PIL import Image, ImageOps

from digits import UserError
from digits.files import first_line, special_kind, why_unreadable
from digits.page import picture_formats
from digits.page.filters import median, shrunk
from digits.page.ink import contrast, is_cropped

COMMON_MODES = {"L", "RGB", "CMYK", "YCbCr"}  # that Pillow reduces and turns into grey

PAGE_SIDE = 1000  # px: enough to read digits, and what keeps a photograph quick
FULL_SCALES = (1, 255, 65_535)  # what white may be in a picture of deep or floating-point grey
MAX_SAMPLED = 1_000_000  # px: enough for a median
BAND_PIXELS = 1_000_000  # of a deep picture, scaled at once: what bounds the memory
MARGIN_CONTRAST = 0.05  # of black to white: by less, a page does not differ from a blank margin
BLURRED_SIDE = 100  # times as wide as the edge of a page, which may be blurred
FILLED_SIDE = 0.8  # of a page's side: as much differs from the margin, and less of a digit's box
COLOUR_GAIN = 1.5  # times the contrast of grey: with less, a single colour is not worth it


def files_at(path):
    """Return the pictures that `path` names: those of a folder by name, else itself."""
    try:
        return in_folder(path) or [path]
    except (OSError, ValueError):  # no folder, or one that cannot be entered: `load` says so
        return [path]


def in_folder(path):
    """Return the pictures in a folder, by name; not those in its subfolders."""
    return sorted(filter(is_picture, path.iterdir()))


def is_picture(path):
    has_suffix = path.suffix.lower() in picture_formats.SUFFIXES and not path.name.startswith(".")
    return has_suffix and not path.is_dir()


def load(path):
    """Return a picture file as an upright PIL image, of an animation the first frame.

    It is reduced to less than 2 * `PAGE_SIDE` pixels a side; `info["reduced"]` is the factor.
    Raises UserError, without the file's name, if it is missing or unreadable.
    """
    try:
        require_picture_file(path)
        with warnings.catch_warnings(), picture_formats.picture_file(path) as file:
            warnings.simplefilter("ignore")  # about oddities that do no harm
            return upright_and_reduced(picture_formats.decoded(file, PAGE_SIDE))
    except UserError:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise UserError(picture_formats.TOO_LARGE) from error
    except Exception as error:  # each of Pillow's many readers raises what it likes
        damaged = "the picture is damaged; save it anew as PNG or JPEG"
        refused = "cannot be read ({}); check the path"
        raise UserError(why_unreadable(error, refused, damaged)) from error


def require_picture_file(path):
    """Raise UserError if `path` is a folder, or a special file, whose content may never end."""
    try:
        kind = special_kind(path)
    except ValueError as error:  # a NUL in the path
        raise UserError(f"cannot be read ({first_line(error)}); check the path") from error
    if kind:
        raise UserError(f"{kind}, not a picture; save the picture in a file, and name that")
    if path.is_dir() and os.access(path, os.R_OK):
        raise UserError("a folder without pictures; name one that has some (.png, .jpg, …)")


def upright_and_reduced(picture):
    """Return a PIL image turned as its EXIF says, and reduced by a whole factor if it is large."""
    upright = in_common_mode(picture)
    ImageOps.exif_transpose(upright, in_place=True)  # a copy would take as much memory again
    factor = max(1, max(upright.size) // PAGE_SIDE)
    reduced = upright.reduce(factor) if factor > 1 else upright
    reduced.info["reduced"] = factor * picture.info.get("reduced", 1)
    return reduced


def in_common_mode(picture):
    if is_deep(picture):
        return scaled_to_one(picture)
    if picture.has_transparency_data:
        return picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
    return picture if picture.mode in COMMON_MODES else picture.convert("RGB")


def is_deep(picture):
    return picture.mode.startswith(("I", "F"))  # grey of 16, 32 or floating-point bits


def scaled_to_one(picture):
    """Return a deep picture as grey of mode F, 0 black to 1 white: the least full scale it fits in.

    Negative and non-finite values stand for no data, as -3.4e38 in maps: they become the median.
    """
    brightest = max(values.max(initial=0, where=valid) for _, values, valid in bands(picture))
    white = next((scale for scale in FULL_SCALES if scale >= brightest), float(brightest))
    step = 1 + picture.width * picture.height // MAX_SAMPLED
    sample = np.concatenate([values[valid][::step] for _, values, valid in bands(picture)])
    background = median(sample) / white if len(sample) else 0
    result = picture if picture.mode == "F" else Image.new("F", picture.size)
    for box, values, valid in bands(picture):
        scaled = np.where(valid, values, 0) / np.float32(white)
        scaled[~valid] = background
        result.paste(Image.fromarray(scaled), box)
    result.info = picture.info
    return result


def bands(picture):
    """Yield the box of each band of rows, its values, float32 (h, w), and which are data."""
    rows = max(1, BAND_PIXELS // picture.width)
    for top in range(0, picture.height, rows):
        box = 0, top, picture.width, min(top + rows, picture.height)
        values = np.asarray(picture.crop(box)).astype(np.float32)
        yield box, values, np.isfinite(values) & (values >= 0)


def grey(picture, image):
    """Return a picture as float32 grey (h, w), 0 black to 1 white, at most `PAGE_SIDE` a side.

    It is the red, green or blue of `image`, which `for_display` returns, if the contrast of the ink
    is much greater there.
    """
    plain = shrunk(luminance(picture), PAGE_SIDE)
    if picture.mode in ("F", "L", "LA"):
        return plain
    colours = Image.fromarray(image).split()
    colours = [shrunk(np.asarray(each, np.float32) / 255, PAGE_SIDE) for each in colours]
    clearest = max(colours, key=contrast)
    return clearest if contrast(clearest) > COLOUR_GAIN * contrast(plain) else plain


def page_in(grey):
    """Return the slices of rows and columns of the page in grey (h, w), without a blank margin.

    A page differs from the margin along all its sides, and most of it is like its sides; a digit on
    a blank page is neither, but for a bar.
    """
    differs = np.abs(grey - grey[0, 0]) > MARGIN_CONTRAST
    if differs.any() and not is_cropped(grey):
        rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
        edge = 1 + min(len(rows), len(columns)) // BLURRED_SIDE
        inside = (
            slice(rows[0] + edge, rows[-1] - edge),
            slice(columns[0] + edge, columns[-1] - edge),
        )
        if is_page(grey[inside], differs[inside]):
            return inside
    return slice(None), slice(None)


def is_page(grey, differs):
    """Whether what differs from a blank margin around it is a page; a bar may be a 1."""
    if not grey.size or 2 * grey.shape[1] < grey.shape[0]:
        return False
    sides = [(each[0], each[-1], each[:, 0], each[:, -1]) for each in (grey, differs)]
    is_filled = min(side.mean() for side in sides[1]) >= FILLED_SIDE
    return is_filled and abs(median(grey) - median(np.concatenate(sides[0]))) <= MARGIN_CONTRAST


def luminance(picture):
    """Return a picture as float32 grey (h, w), 0 to 1, transparency laid on a background."""
    if is_deep(picture):
        return np.asarray(picture)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"), np.float32) / 255
    values, opacity = grey_and_opacity(picture)
    return values * opacity + background_grey(values, opacity) * (1 - opacity)


def grey_and_opacity(picture):
    return np.asarray(picture.convert("LA"), np.float32).transpose(2, 0, 1) / 255


def background_grey(values, opacity):
    opaque = values[opacity > 0.5]
    if opaque.size > values.size / 2:
        return median(opaque)  # which is the picture's own background
    return 0.0 if opaque.size and opaque.mean() > 0.5 else 1.0


def for_display(picture):
    """Return a PIL image as uint8 colour (h, w, 3), at most `PAGE_SIDE` a side."""
    if is_deep(picture):
        picture = Image.fromarray(np.rint(255 * np.asarray(picture)).astype(np.uint8))
    if picture.has_transparency_data:
        background = (round(255 * background_grey(*grey_and_opacity(picture))),) * 3
        paper = Image.new("RGBA", picture.size, background)
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    picture = picture.convert("RGB")
    picture.thumbnail((PAGE_SIDE, PAGE_SIDE))
    return np.asarray(picture)
