"""Files: written whole or not at all, locked, checked, and named for the terminal."""

import errno
import io
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path

from digits import UserError

LONGEST_QUOTE = 80  # characters of what a file calls something
SPECIAL_FILES = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    **dict.fromkeys((stat.S_IFCHR, stat.S_IFBLK), "a device"),
}
CHUNK = 1_000_000  # bytes of a zip that are unpacked at once
STORED, DEFLATED = 0, 8  # zipfile's numbers for the two
LOCKED_ERRNOS = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # Linux, network drives, Windows


@contextmanager
def whole_file(path):
    """Yield a temporary path to write to, which replaces `path` when the block succeeds.

    So `path` is always the old file or the new one, whole. Missing folders are made, links are
    followed. Raises UserError if the file cannot be written.
    """
    target, partial = target_and_partial(path)
    with as_user_error(path):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            with partial.open("rb+") as file:
                os.fsync(file.fileno())  # so that a power cut does not leave it empty
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path):
    """Yield a temporary folder to write to, which becomes `path` when the block succeeds.

    Raises UserError if `path` is there already or cannot be written.
    """
    target, partial = target_and_partial(path)
    with as_user_error(path):
        if target.exists():
            raise FileExistsError(0, "it is there already")
        try:
            partial.mkdir(parents=True)
            yield partial
            partial.rename(target)
        finally:
            import shutil

            shutil.rmtree(partial, ignore_errors=True)


def require_writable(path, size=0):
    """Raise UserError unless `size` bytes could be written to `path`, which is not changed."""
    target, partial = target_and_partial(path)
    with as_user_error(path):
        require_replaceable(target)
        folder = next((each for each in target.parents if each.exists()), target.parent)
        trial = folder / partial.name  # no folders are made for a trial
        try:
            claim(trial, size)
        finally:
            trial.unlink(missing_ok=True)


def require_replaceable(path):
    kind = "a folder" if path.is_dir() else path.exists() and special_kind(path)
    if kind:
        raise FileExistsError(0, f"it is {kind}")


def claim(path, size):
    """Write `size` bytes, to be sure of the room. Raises OSError if the disk is full."""
    path.write_bytes(os.urandom(size))  # a file system may compress zeros


@contextmanager
def locked(path):
    """Keep other processes from locking `path` in this block.

    The system locks an empty file beside `path`, until the process ends in whatever way. Missing
    folders are made, and removed again if they stay empty. Raises UserError if another process
    holds the lock, or if it cannot be made.
    """
    target, _ = target_and_partial(path)
    new_folders = [each for each in target.parents if not each.exists()]
    with as_user_error(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        file = locked_file(target.with_name(f".{target.name}.lock"))
    if file is None:
        way_on = "wait until it has ended, or name another place"
        raise UserError(f"another process is writing {shown(path)}: {way_on}")
    try:
        yield
    finally:
        remove_lock(file)
        with suppress(OSError):  # no longer empty, or gone
            for folder in new_folders:
                folder.rmdir()


def locked_file(path):
    """Return the lock file at `path`, open and locked; None if another process holds it."""
    while True:
        require_replaceable(path)  # opening a named pipe would never return
        file = path.open("ab")
        if not lock(file):
            file.close()
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        file.close()  # its holder has removed it meanwhile


def lock(file):
    """Lock an open file until it is closed; return False if another process holds the lock."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in LOCKED_ERRNOS  # other errors: the file system has no locks
    return True


def remove_lock(file):
    """Remove a lock file while it is locked. Windows removes no open file."""
    if os.name == "nt":
        file.close()
    with suppress(OSError):
        Path(file.name).unlink()
    file.close()


def target_and_partial(path):
    """Return the file that `path` leads to, and a temporary one of this process beside it."""
    target = Path(os.path.realpath(path))  # unlike resolve, it accepts a loop of links
    return target, target.with_name(f".{target.stem}.{os.getpid()}.partial{target.suffix}")


@contextmanager
def as_user_error(path):
    try:
        yield
    except OSError as error:
        why = reason(error)
        raise UserError(f"cannot write {shown(path)}: {why}; name another place") from error


def user_path(text):
    """Return the path in a typed text; ~ is the home folder. Raises UserError for a NUL."""
    if "\0" in str(text):
        raise UserError(f"no file has a NUL character in its name: {text}; check the path")
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no such user, but perhaps such a file
        return Path(text)


def shown(path):
    """Return `path` relative to the working folder, if it is inside."""
    try:
        path, here = Path(path).absolute(), Path.cwd()
    except FileNotFoundError:  # the working folder has been deleted
        return str(path)
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def exists(path):
    """Whether there is anything at a path, even one that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def special_kind(path):
    """Return what `path` is if neither a file nor a folder, like "a named pipe"; else None.

    Opening one may never return. Raises OSError if there is no such path, ValueError for a NUL.
    """
    return SPECIAL_FILES.get(stat.S_IFMT(Path(path).stat().st_mode))


def printable(text):
    """Return text as one line, control characters as escapes like \\x1b."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(text))


def reason(error):
    """Return the reason of an OSError, without its number and path."""
    return error.strerror or first_line(error)


def why_unreadable(error, refused, damaged):
    """Return `refused`, its {} filled with the system's reason, or `damaged` without a reason."""
    is_of_system = isinstance(error, OSError) and error.errno
    return refused.format(reason(error)) if is_of_system else damaged


def first_line(error):
    """Return the first line of an exception's message, or its name if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


class SmallReads(io.BufferedReader):
    """A file that is read in small parts: the directory of a zip may claim a million members."""

    def read(self, size=-1):
        if size > CHUNK:
            raise ValueError(f"{size} bytes at once")
        return super().read(size)


@contextmanager
def open_zip(raw):
    import zipfile  # few files are zips, and the import takes 5 ms

    with SmallReads(raw) as file, zipfile.ZipFile(file) as archive:
        yield archive


def zip_member(archive, name):
    """Return a `ZipInfo`. Raises KeyError, or ValueError if zipfile would unpack it at once."""
    info = archive.getinfo(name)
    if info.compress_type not in (STORED, DEFLATED):
        raise ValueError(f"{name} is neither stored nor deflated")
    return info


def zip_content(archive, name, most):
    """Return a member's bytes. Raises ValueError if they are more than `most`, or damaged."""
    info = zip_member(archive, name)
    if info.file_size > most:
        raise ValueError(f"{name} has {info.file_size:,} bytes")
    with archive.open(info) as file:
        return b"".join(iter(lambda: file.read(CHUNK), b""))
