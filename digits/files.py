"""Files: written whole or not at all, locked, told apart, and named as a terminal can show."""

import errno
import io
import os
import shutil
import stat
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

from digits import UserError

MOST_CHARACTERS = 80  # of a name that a file brings
SPECIAL_FILES = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # another process has it: Linux, NFS, Windows


@contextmanager
def whole_file(path):
    """Yield a path to write to, which becomes `path` when the block ends well.

    It stands beside `path`, ends alike, and is gone if the block fails, so that `path` is always
    the old file or the new one. Missing folders are made, links are followed.
    Raises UserError if the place cannot be written to.
    """
    target, partial = target_and_partial(path)
    with told_plainly(path):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            flush(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def flush(path):
    """Have on the disk what was written to a file: a power cut would leave its name alone."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def whole_folder(path):
    """Yield a folder to write to, which becomes `path`, a new one, when the block ends well.

    It stands beside `path`, hidden, and is gone if the block fails.
    Raises UserError if the place cannot be written to, or is taken.
    """
    target, partial = target_and_partial(path)
    with told_plainly(path):
        if target.exists():
            raise FileExistsError(0, "it is there already")
        try:
            partial.mkdir(parents=True)
            yield partial
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def require_writable(path, size=0):
    """Raise UserError unless `size` bytes could be written to `path`, which is left as it is."""
    target, partial = target_and_partial(path)
    with told_plainly(path):
        require_replaceable(target)
        folder = next((each for each in target.parents if each.exists()), target.parent)
        trial = folder / partial.name  # the folders between are not made before there is a file
        try:
            claim(trial, size)
        finally:
            trial.unlink(missing_ok=True)


def require_replaceable(path):
    """Raise OSError if what stands at a path is no file that another may take the place of."""
    if path.is_dir():
        raise IsADirectoryError(0, "it is a folder")
    if path.exists() and special_kind(path):
        raise FileExistsError(0, f"it is {special_kind(path)}")


def claim(path, size):
    """Write `size` bytes, so that there is room for them. Raises OSError if there is not."""
    path.write_bytes(os.urandom(size))  # zeros take no room where a file system compresses


@contextmanager
def locked(path):
    """Keep other processes from locking `path` in this block.

    The lock is the system's, on an empty file beside `path`: it ends with the process, however
    that ends. Links to one file share its lock. Where the file system knows no locks, there is
    none. Missing folders are made, and removed again if they stay empty.
    Raises UserError if another process holds it, or if the place cannot be written to.
    """
    target, _ = target_and_partial(path)
    folders = [each for each in target.parents if not each.exists()]
    with told_plainly(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        file = locked_file(target.with_name(f".{target.name}.lock"))
    if file is None:
        raise UserError(
            f"another process is writing {shown(path)}: wait until it has ended, or name another"
            " place"
        )
    try:
        yield
    finally:
        remove_lock(file)
        with suppress(OSError):  # not empty any more, or gone
            for each in folders:
                each.rmdir()


def locked_file(path):
    """Return the lock file at `path`, open and locked, or None if another process holds it."""
    while True:
        require_replaceable(path)  # a named pipe would be opened for ever
        file = path.open("ab")
        if not lock(file):
            file.close()
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        file.close()  # whoever held it has removed it


def lock(file):
    """Lock an open file until it is closed, and return whether no other process holds it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in HELD  # the others: the file system knows no locks
    return True


def remove_lock(file):
    """Remove a lock file while it is locked; Windows removes none that is open."""
    if os.name == "nt":
        file.close()
    with suppress(OSError):
        Path(file.name).unlink()
    file.close()


def target_and_partial(path):
    """Return the file that `path` leads to, and this process's unfinished one beside it."""
    target = Path(os.path.realpath(path))  # which, unlike resolve, takes a link that loops
    return target, target.with_name(f".{target.stem}.{os.getpid()}.partial{target.suffix}")


@contextmanager
def told_plainly(path):
    """Turn the system's refusal to write `path` into a sentence."""
    try:
        yield
    except OSError as error:
        why = reason(error)
        raise UserError(f"cannot write {shown(path)}: {why}; name another place") from error


def user_path(text):
    """Return the path that a user means by `text`, in which ~ is the home folder.

    Raises UserError for a NUL character, which no path can hold.
    """
    if "\0" in str(text):
        raise UserError(f"no file has a NUL character in its name: {text}; check the path")
    try:
        return Path(text).expanduser()
    except RuntimeError:  # there is no such user, but there may be such a file
        return Path(text)


def shown(path):
    """Return `path` as a user would type it here."""
    try:
        path, here = Path(path).absolute(), Path.cwd()
    except FileNotFoundError:  # the working folder has been deleted
        return str(path)
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def special_kind(path):
    """Return what `path` is if it is neither a file nor a folder: "a named pipe", say; else None.

    To open one may wait for ever. Links are followed. Raises OSError if there is no such path, and
    ValueError for a path that holds a NUL character.
    """
    mode = Path(path).stat().st_mode
    return next((name for is_kind, name in SPECIAL_FILES if is_kind(mode)), None)


def printable(text):
    """Return text as one line without control characters, which become escapes as \\x1b."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(text))


def reason(error):
    """Return why the system refused, without the path and the number it puts around it."""
    return error.strerror or first_line(error)


def plain(text):
    """Return what a file calls something as a short line that a terminal can be given."""
    return ascii(str(text))[1:-1][:MOST_CHARACTERS]


def first_line(error):
    """Return the first line of an exception's message, or its name if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


CHUNK = 1_000_000  # bytes
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile unpacks others whole


class SmallReads(io.BufferedReader):
    """A file of which only little is read at once: not a zip directory of a million members."""

    def read(self, size=-1):
        if size > CHUNK:
            raise ValueError(f"{size} bytes at once")
        return super().read(size)


@contextmanager
def opened(raw):
    """Yield the `ZipFile` in a raw file or a `BytesIO`."""
    with SmallReads(raw) as file, zipfile.ZipFile(file) as archive:
        yield archive


def described(archive, name):
    """Return the `ZipInfo` of a member.

    Raises KeyError if it is missing, ValueError if it is packed in a way that cannot be bounded.
    """
    info = archive.getinfo(name)
    if info.compress_type not in METHODS:
        raise ValueError(f"{name} is neither stored nor deflated")
    return info


def content(archive, name, most):
    """Return the bytes of a member: as many as the directory says, whatever there is to unpack.

    Raises ValueError if those are more than `most`, or not what the checksum says.
    """
    info = described(archive, name)
    if info.file_size > most:
        raise ValueError(f"{name} has {info.file_size:,} bytes")
    with archive.open(info) as file:
        return b"".join(iter(lambda: file.read(CHUNK), b""))
