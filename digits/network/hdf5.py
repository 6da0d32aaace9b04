"""A safe reader for HDF5 files in the layout that Keras writes, in pure Python.

On damaged files the HDF5 library may crash, hang or allocate gigabytes. Here every read stays
inside the bytes of the file, no address is visited twice, and arrays are views of those bytes. The
layout is h5py's default, the oldest one. Numbers like II.A are sections of the HDF5 File Format
Specification, version 3.
"""

import struct
from collections import defaultdict
from math import prod
from typing import NamedTuple

import numpy as np

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST_STEPS = 200_000  # messages, nodes and names in one file
LONGEST_NAME, LONGEST_PATH, LONGEST_TEXT = 255, 1_000, 4_000_000  # bytes
LARGEST_RANK = 32

# Types of header messages (IV.A.2).
DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL_FILES = 0x01, 0x02, 0x03, 0x06, 0x07
LAYOUT, FILTERS, ATTRIBUTE, CONTINUATION = 0x08, 0x0B, 0x0C, 0x10
SYMBOL_TABLE, ATTRIBUTE_INFO = 0x11, 0x15
NOT_READ = {
    **dict.fromkeys((LINK_INFO, LINK), "groups of a later version"),
    ATTRIBUTE_INFO: "attributes of a later version",
    EXTERNAL_FILES: "arrays in other files",
    FILTERS: "compressed arrays",
}
SHARED = 2  # flag of a message that is stored in another place

INTEGER, FLOAT, STRING, VARIABLE_LENGTH = 0, 1, 3, 9  # classes of datatypes (IV.A.2.d)
IEEE_FIELDS = {2: (10, 5, 0, 10, 15), 4: (23, 8, 0, 23, 127), 8: (52, 11, 0, 52, 1023)}
IEEE_FLOATS = {  # little-endian: bit fields and properties by their size in bytes
    size: (bytes([0x20, 8 * size - 1, 0]), struct.pack("<HHBBBBI", 0, 8 * size, *fields))
    for size, fields in IEEE_FIELDS.items()
}
CONTIGUOUS = 1  # class of a layout: all of an array in one stretch
NOWHERE = 2**64 - 1  # the address of an array that was never written


class LayoutError(Exception):
    """An HDF5 file in another layout; the message names what is different."""


class Contents(NamedTuple):
    """What was asked for of an HDF5 file.

    `texts` are attributes of the root, `names` are those of all its attributes and members.
    `arrays` are by their paths, as "model_weights/dense/kernel", views of the file's bytes.
    """

    texts: dict[str, str]
    names: set[str]
    arrays: dict[str, np.ndarray]


def contents(data, texts, groups):
    """Return the `Contents` of a file's bytes: these texts of its root, and the arrays of groups.

    What is missing is left out. Raises LayoutError if the layout is not Keras's, ValueError if the
    file is damaged.
    """
    try:
        return Reader(data).contents(texts, groups)
    except (struct.error, RecursionError) as error:
        raise ValueError("a part past the end, or groups too deep") from error


class Reader:
    """Reads the bytes of an HDF5 file, each address once."""

    def __init__(self, data):
        self.data = memoryview(data)  # whose slices are no copies
        self.seen, self.steps = set(), 0

    def contents(self, texts, groups):
        root = self.messages(self.root())
        attributes = dict(map(attribute, root[ATTRIBUTE]))
        members = dict(self.members(root))
        found = {name: self.text(*attributes[name]) for name in attributes.keys() & set(texts)}
        arrays = {}
        for name in members.keys() & set(groups):
            arrays.update(self.arrays(members[name], name))
        return Contents(found, {*attributes, *members}, arrays)

    def root(self):
        """Return the address of the root's header, from the superblock (II.A)."""
        if self.part(0, len(SIGNATURE)) != SIGNATURE:
            raise ValueError("no HDF5 file")
        version, offsets, lengths = self.unpack("<B4xBB", 8)
        if (version, offsets, lengths) != (0, 8, 8):
            raise LayoutError(f"a superblock of version {version}")
        return self.unpack("<Q", 64)[0]

    def unpack(self, layout, place):
        self.steps += 1
        if self.steps > MOST_STEPS or place > len(self.data):  # also what is too large for struct
            raise ValueError("more parts than a model has, or one past the end")
        return struct.unpack_from(layout, self.data, place)

    def signed(self, signature, layout, place):
        """Return the numbers behind a signature of four bytes."""
        found, *numbers = self.unpack(f"<4s{layout}", place)
        if found != signature:
            raise ValueError(f"no {signature.decode()}")
        return numbers

    def part(self, place, size):
        found = self.data[place : place + size]
        if len(found) != size:
            raise ValueError("the file ends too soon")
        return found

    def visit(self, place):
        """Raise ValueError at a second visit, so that no file leads in a circle."""
        if place in self.seen:
            raise ValueError("one thing in two places")
        self.seen.add(place)

    def messages(self, address):
        """Return the messages in an object's header, lists of bytes by type (IV.A.1.a)."""
        self.visit(address)
        version, size = self.unpack("<B7xI", address)
        if version != 1:
            raise LayoutError("objects of a later version")
        found, blocks = defaultdict(list), [(address + 16, size)]
        for block in blocks:  # which grows
            for kind, flags, message in self.block(*block):
                if kind == CONTINUATION:
                    blocks.append(struct.unpack("<QQ", message))
                    self.visit(blocks[-1][0])
                elif flags & SHARED or kind in NOT_READ:
                    raise LayoutError(NOT_READ.get(kind, "shared messages"))
                else:
                    found[kind].append(message)
        return found

    def block(self, place, length):
        end = place + length
        while place + 8 <= end:
            kind, size, flags = self.unpack("<HHB", place)
            yield kind, flags, self.part(place + 8, size)
            place += 8 + size

    def members(self, messages):
        ((tree, heap),) = (struct.unpack("<QQ", each) for each in messages[SYMBOL_TABLE])
        (names,) = self.signed(b"HEAP", "20xQ", heap)  # a local heap (III.D)
        for node in self.leaves(tree):
            (count,) = self.signed(b"SNOD", "2xH", node)  # a symbol table node (III.B)
            for entry in range(node + 8, node + 8 + 40 * count, 40):
                name, address, kind = self.unpack("<QQI", entry)
                if kind == 2:
                    raise LayoutError("links to other places")
                yield self.name(names + name), address

    def leaves(self, tree):
        """Yield the addresses of the symbol table nodes in a B-tree (III.A.1)."""
        self.visit(tree)
        kind, level, count = self.signed(b"TREE", "BBH", tree)
        if kind != 0:
            raise ValueError("no tree of a group")
        for entry in range(tree + 32, tree + 32 + 16 * count, 16):
            (child,) = self.unpack("<Q", entry)
            if level:
                yield from self.leaves(child)
            else:
                self.visit(child)
                yield child

    def name(self, place):
        """Return the zero-terminated text at a place."""
        name, end, _ = bytes(self.data[place : place + LONGEST_NAME + 1]).partition(b"\0")
        if not end:
            raise ValueError("a name without an end")
        return name.decode()

    def arrays(self, address, path):
        """Yield the path and array of each array in an object: a group, or an array itself."""
        if len(path) > LONGEST_PATH:
            raise ValueError("a path that is too long")
        messages = self.messages(address)
        if LAYOUT in messages:
            yield path, self.array(messages)
            return
        for name, member in self.members(messages):
            yield from self.arrays(member, f"{path}/{name}")

    def array(self, messages):
        ((space,), (kind,), (layout,)) = (messages[each] for each in (DATASPACE, DATATYPE, LAYOUT))
        shape, kind = shape_of(space), number_type(kind)
        if layout[:2] != bytes([3, CONTIGUOUS]):
            raise LayoutError("arrays that do not lie in one stretch")
        address, size = struct.unpack_from("<QQ", layout, 2)
        if address == NOWHERE or size != prod(shape) * kind.itemsize:
            raise ValueError("an array of another size than its own")
        return np.frombuffer(self.part(address, size), kind).reshape(shape)

    def text(self, kind, space, data):
        """Return the text of an attribute, given its datatype, dataspace and data."""
        (size,) = struct.unpack_from("<I", kind, 4)
        if shape_of(space) == () and kind[0] & 15 == VARIABLE_LENGTH and kind[1] & 15 == 1:
            size, *place = struct.unpack_from("<IQI", data)
            data = self.heap_object(*place)
        elif shape_of(space) != () or kind[0] & 15 != STRING:
            raise ValueError("an attribute that is no text")
        if size > min(len(data), LONGEST_TEXT):
            raise ValueError("a text that is too long")
        return bytes(data[:size]).rstrip(b"\0").decode()

    def heap_object(self, heap, number):
        """Return the bytes of a numbered object in a global heap (III.E)."""
        (size,) = self.signed(b"GCOL", "4xQ", heap)
        place = heap + 16
        while place + 16 <= heap + size:
            index, object_size = self.unpack("<H6xQ", place)
            if index == number:
                return self.part(place + 16, object_size)
            place += 16 + object_size + -object_size % 8
        raise ValueError("a text that is not there")


def attribute(message):
    """Return an attribute's name and the bytes of its datatype, dataspace and data (IV.A.2.m)."""
    version, *sizes = struct.unpack_from("<BxHHH", message)
    if sizes[0] > LONGEST_NAME + 1:
        raise ValueError("a name that is too long")
    place = 9 if version == 3 else 8  # of the third, the name's character set comes between
    parts = []
    for size in sizes:
        parts.append(message[place : place + size])
        place += size + (-size % 8 if version == 1 else 0)
    name, kind, space = parts
    return bytes(name).rstrip(b"\0").decode(), (kind, space, message[place:])


def shape_of(space):
    """Return the shape that a dataspace message describes (IV.A.2.b)."""
    version, rank = space[:2]
    if version not in (1, 2) or rank > LARGEST_RANK:
        raise LayoutError(f"a dataspace of version {version}")
    return struct.unpack_from(f"<{rank}Q", space, 8 if version == 1 else 4)


def number_type(kind):
    """Return the NumPy type that a datatype message describes: little-endian numbers only."""
    (size,) = struct.unpack_from("<I", kind, 4)
    if kind[0] & 15 == FLOAT and IEEE_FLOATS.get(size) == (kind[1:4], kind[8:20]):
        return np.dtype(f"<f{size}")
    if kind[0] & 15 == INTEGER and size in (1, 2, 4, 8) and not kind[1] & 1:
        return np.dtype(f"<{'i' if kind[1] & 8 else 'u'}{size}")
    raise LayoutError("arrays that are not plain numbers")
