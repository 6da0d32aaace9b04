"""3×3 convolutions by fewer multiplications: Winograd's minimal filtering.

A tile of 6×6 values is transformed to 36 sums, and so is the kernel. The sums are multiplied one
by one, channels by filters, and the products are transformed back to the tile's 4×4 outputs: 36
multiplications for 144. This is F(4×4, 3×3) of Lavin and Gray (2015, arXiv:1509.09308).
"""

from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from digits.network.numpy_activations import slices

OF_VALUES = np.float32(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
OF_KERNEL = np.float32(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
OF_PRODUCTS = np.float32(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ]
)
RESULTS, VALUES = OF_PRODUCTS.shape  # along a side of a tile: outputs 4, inputs 6
IN_ALL = 1  # the sum whose product counts once in each output, along either axis: for the bias
LARGEST_SIDE = 64  # of the output, in pixels


def pays(kernel, rows, columns):
    """Whether this is faster for a kernel (height, width, channels, filters)."""
    height, width, *channels = kernel.shape
    is_worth_it = min(channels) >= 16  # else the transforms cost more than they save
    has_room = max(channels) <= 256 and max(rows, columns) <= LARGEST_SIDE
    return height == width == 3 and is_worth_it and has_room


def sums(kernel, rows, columns):
    """Return the number of sums and products for one image with an output of that size."""
    tiles = -(-rows // RESULTS) * -(-columns // RESULTS)
    return tiles * VALUES**2 * sum(kernel.shape[2:])


def convolution(kernel, bias, activate):
    """Return a function that convolves with a kernel (3, 3, channels, filters) at stride 1.

    It takes values, float32 (n, height, width, channels), and the padding before and after their
    rows and columns. It returns the activated output, float32 (n, rows, columns, filters).
    """
    factors = OF_KERNEL @ (OF_KERNEL @ kernel.reshape(3, -1)).reshape(VALUES, 3, -1)
    return partial(convolved, factors.reshape(VALUES, VALUES, *kernel.shape[2:]), bias, activate)


def convolved(factors, bias, activate, values, edges):
    n, height, width, channels = values.shape
    filters, down, across = len(bias), along(height, edges[0]), along(width, edges[1])
    out = np.empty((n, down.tiles, RESULTS, across.results * filters), np.float32)
    sums_of_image = down.tiles * across.tiles * VALUES**2
    for some in slices(n, sums_of_image * max(channels, filters)):
        sums = summed(values[some], down, across)
        products = np.empty((VALUES, sums.shape[1], VALUES, filters), np.float32)
        np.matmul(sums.swapaxes(1, 2), factors, out=products.swapaxes(1, 2))
        products[IN_ALL, :, IN_ALL] += bias
        activate(results(products, down, across, out[some]))
    return out.reshape(n, -1, across.results, filters)[:, : down.results]


def summed(values, down, across):
    """Return the sums (VALUES, tiles, VALUES, channels) of values (n, height, width, channels)."""
    n, height, width, channels = values.shape
    rows = down.of_values.swapaxes(0, 1)[:, np.newaxis] @ values.reshape(n, height, -1)
    sums = across.of_values.reshape(-1, width) @ rows.reshape(VALUES, n, -1, width, channels)
    return sums.reshape(VALUES, -1, VALUES, channels)


def results(products, down, across, out):
    """Transform products (VALUES, tiles, VALUES, filters) back into `out`, and return that.

    `out` is (n, tiles down, RESULTS, results across * filters); what is returned (…, filters).
    """
    filters = products.shape[-1]
    rows = across.of_products @ products.reshape(VALUES, len(out), down.tiles, -1, filters)
    rows = rows.reshape(VALUES, len(out), down.tiles, -1)
    return np.matmul(OF_PRODUCTS, rows.transpose(1, 2, 0, 3), out=out).reshape(-1, filters)


class Side(NamedTuple):
    """An axis of an image: its number of tiles and outputs, and the matrices of the transforms."""

    tiles: int
    results: int
    of_values: np.ndarray  # (tiles, VALUES, length)
    of_products: np.ndarray  # (results, tiles * VALUES)


@lru_cache(maxsize=16)
def along(length, edges):
    """Return the `Side` of an axis of a length, with its padding before and after."""
    before, count = edges[0], length + sum(edges) - 2
    tiles = -(-count // RESULTS)
    of_values = np.zeros((tiles, VALUES, tiles * RESULTS + 2), np.float32)
    of_products = np.zeros((tiles, RESULTS, tiles, VALUES), np.float32)
    for tile in range(tiles):
        first = tile * RESULTS
        of_values[tile, :, first : first + VALUES] = OF_VALUES
        of_products[tile, :, tile] = OF_PRODUCTS
    of_products = of_products.reshape(tiles * RESULTS, -1)
    return Side(tiles, count, of_values[:, :, before : before + length], of_products[:count])
