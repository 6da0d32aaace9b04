"""HDF5 read with Python alone: what h5py wrote, and no harm from what it did not."""

import h5py
import numpy as np
import pytest
from conftest import PRETRAINED, little_memory

from digits.network import hdf5

TYPES = ("f2", "f4", "f8", "i1", "i4", "i8", "u1", "u4")


def written(path):
    """Write groups in groups with arrays of all types of numbers, and texts; return the arrays."""
    random, arrays = np.random.default_rng(1), {}
    with h5py.File(path, "w") as file:
        file.attrs["short"], file.attrs["bytes"] = "zwölf", np.bytes_("twelve")
        file.attrs["long"] = "x" * 70_000  # more than a header's message holds
        file.attrs["number"], file.attrs["list"] = 12, ["a", "b"]
        file["beside"] = np.arange(3)
        for n in range(300):  # more than one node of a tree
            shape = random.integers(1, 6, n % 4)
            array = random.normal(0, 50, shape).astype(TYPES[n % len(TYPES)])
            arrays[f"weights/group_{n % 50}/deeper/{n}"] = array
        for name, array in arrays.items():
            file[name] = array
    return arrays


def test_arrays_and_texts_are_what_h5py_wrote(tmp_path):
    arrays = written(tmp_path / "file.h5")
    data = (tmp_path / "file.h5").read_bytes()
    held = hdf5.contents(data, ("short", "bytes", "long", "gone"), ("weights", "none"))
    assert held.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert held.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(held.arrays[name], array)
    assert held.texts == {"short": "zwölf", "bytes": "twelve", "long": "x" * 70_000}
    assert held.names == {"short", "bytes", "long", "number", "list", "beside", "weights"}


def test_arrays_are_views_so_that_many_names_of_one_take_no_memory(tmp_path):
    written(tmp_path / "file.h5")
    data = (tmp_path / "file.h5").read_bytes()
    held = hdf5.contents(data, (), ("weights",))
    assert all(not array.flags.owndata for array in held.arrays.values())


@pytest.mark.parametrize("name", ["number", "list"])
def test_attribute_that_is_no_text_is_damage(tmp_path, name):
    written(tmp_path / "file.h5")
    with pytest.raises(ValueError):
        hdf5.contents((tmp_path / "file.h5").read_bytes(), (name,), ())


def test_file_of_a_later_layout_is_named_so(tmp_path):
    with h5py.File(tmp_path / "new.h5", "w", libver="latest") as file:
        file["weights"] = np.arange(5)
    with pytest.raises(hdf5.LayoutError, match="superblock of version"):
        hdf5.contents((tmp_path / "new.h5").read_bytes(), (), ("weights",))
    with h5py.File(tmp_path / "ordered.h5", "w", track_order=True) as file:
        file["weights"] = np.arange(5)
    with pytest.raises(hdf5.LayoutError, match="later version"):
        hdf5.contents((tmp_path / "ordered.h5").read_bytes(), (), ("weights",))


@pytest.mark.parametrize("kind", [">f4", "S3", "c8", "?"])
def test_arrays_of_other_types_are_named_so(tmp_path, kind):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["weights"] = np.zeros(5, kind)
    with pytest.raises(hdf5.LayoutError, match="not plain numbers"):
        hdf5.contents((tmp_path / "file.h5").read_bytes(), (), ("weights",))


def damaged(data, random):
    """Return bytes of which one to twenty are others, and now and then the end is missing."""
    content = np.frombuffer(data, np.uint8).copy()
    places = random.integers(0, len(content), random.integers(1, 21))
    content[places] = random.choice([0, 1, 0x7F, 0xFF, random.integers(256)], len(places))
    return content[: random.integers(1, len(content)) if random.random() < 0.2 else None].tobytes()


def test_damaged_bytes_are_read_or_refused_and_never_more(tmp_path):
    with h5py.File(tmp_path / "small.h5", "w") as file:  # most of its bytes are its structure
        file.attrs["text"] = "t" * 300
        for n in range(20):
            file[f"weights/layer_{n}/kernel"] = np.ones(3, np.float32)
    data, random = (tmp_path / "small.h5").read_bytes(), np.random.default_rng(2)
    refused = 0
    for _ in range(2_000):
        try:
            held = hdf5.contents(damaged(data, random), ("text",), ("weights",))
            assert sum(array.nbytes for array in held.arrays.values()) <= 20 * len(data)
        except (hdf5.LayoutError, ValueError):
            refused += 1
    assert 500 < refused < 2_000


def test_file_that_leads_in_a_circle_is_damage(tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["weights/inner/kernel"] = np.ones(3)
        file["weights/inner/again"] = file["weights"]
    with pytest.raises(ValueError, match="two places"):
        hdf5.contents((tmp_path / "file.h5").read_bytes(), (), ("weights",))


def test_text_is_read_if_asked_for_and_up_to_a_limit(tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file.attrs["text"] = "x" * (hdf5.LONGEST_TEXT + 1)
    data = (tmp_path / "file.h5").read_bytes()
    with little_memory():
        with pytest.raises(ValueError, match="too long"):
            hdf5.contents(data, ("text",), ())
        assert hdf5.contents(data, (), ()).names == {"text"}


def test_names_and_paths_have_a_limit(tmp_path):
    with h5py.File(tmp_path / "name.h5", "w") as file:
        file.attrs["n" * 300] = 1
    with h5py.File(tmp_path / "path.h5", "w") as file:
        file["/".join(["weights", *["n" * 200] * 6])] = np.ones(3)
    for name in ("name.h5", "path.h5"):
        with pytest.raises(ValueError, match="too long"):
            hdf5.contents((tmp_path / name).read_bytes(), (), ("weights",))


def test_model_that_ships_is_read_as_h5py_reads_it():
    held = hdf5.contents(PRETRAINED.read_bytes(), ("model_config",), ("model_weights",))
    with h5py.File(PRETRAINED) as file:
        assert held.texts["model_config"] == file.attrs["model_config"]
        for name, array in held.arrays.items():
            np.testing.assert_array_equal(array, file[name])
