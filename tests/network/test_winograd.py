"""Winograd's convolution against its definition."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from digits.network import numpy_activations, winograd
from digits.network.numpy_activations import relu


def by_definition(values, kernel, bias, edges):
    """Return the sums of products of a ReLU's convolution, in float64."""
    padded = np.pad(values.astype(np.float64), [(0, 0), *edges, (0, 0)])
    every = sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.maximum(np.einsum("nrcaij,ijaf->nrcf", every, kernel) + bias, 0)


def of_chance(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


SIDES = {  # height, width, and the zeros around them
    "same": (14, 14, [(1, 1), (1, 1)]),
    "whole tiles": (6, 10, [(0, 0), (0, 0)]),
    "one result": (3, 3, [(0, 0), (0, 0)]),
    "two sides": (28, 5, [(0, 0), (1, 1)]),
    "zeros on one side": (7, 9, [(2, 0), (0, 3)]),
}


@pytest.mark.parametrize("sides", SIDES)
def test_convolution_is_what_it_is_by_definition(sides):
    height, width, edges = SIDES[sides]
    values, kernel, bias = of_chance(3, height, width, 5), of_chance(3, 3, 5, 4), of_chance(4)
    answer = winograd.convolution(kernel, bias, relu)(values, edges)
    expected = by_definition(values, kernel, bias, edges)
    np.testing.assert_allclose(answer, expected, atol=1e-4)  # of values up to 20


def test_images_of_several_slices_are_convolved_each(monkeypatch):
    monkeypatch.setattr(numpy_activations, "CACHED", 6 * 6 * 4 * 8 * 2)  # of two images
    values, kernel, bias = of_chance(5, 8, 8, 8), of_chance(3, 3, 8, 8), of_chance(8)
    edges = [(1, 1), (1, 1)]
    answer = winograd.convolution(kernel, bias, relu)(values, edges)
    expected = by_definition(values, kernel, bias, edges)
    np.testing.assert_allclose(answer, expected, atol=1e-4)


def test_only_kernels_of_nine_weights_and_some_channels_are_convolved_so():
    assert winograd.pays(np.empty((3, 3, 16, 256)), 28, 28)
    assert not winograd.pays(np.empty((3, 3, 16, 256)), 28, 100_000)
    for shape in [(5, 5, 32, 32), (3, 2, 32, 32), (3, 3, 1, 32), (3, 3, 32, 10), (3, 3, 512, 32)]:
        assert not winograd.pays(np.empty(shape), 28, 28)
