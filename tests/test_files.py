"""Files are written whole or not at all."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, full_disk

from digits import UserError, files
from digits.files import (
    locked,
    printable,
    require_writable,
    special_kind,
    user_path,
    whole_file,
    whole_folder,
)


def test_file_is_written_with_its_folders(tmp_path):
    with whole_file(tmp_path / "a" / "b" / "new.txt") as partial:
        partial.write_text("new")
    assert (tmp_path / "a" / "b" / "new.txt").read_text() == "new"


def test_folder_is_written_with_its_parents(tmp_path):
    with whole_folder(tmp_path / "a" / "1") as partial:
        (partial / "new.txt").write_text("new")
    assert (tmp_path / "a" / "1" / "new.txt").read_text() == "new"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["1"]


def test_folder_that_fails_is_gone(tmp_path):
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "1") as partial:
        (partial / "half.txt").write_text("half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_folder_that_is_there_is_left_and_so_is_a_file_in_its_way(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "file").touch()
    for place, words in (("1", "there already"), ("file/1", "cannot write")):
        with pytest.raises(UserError, match=words), whole_folder(tmp_path / place):
            pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "file"]


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "kept.txt").write_text("old")
    with pytest.raises(KeyError), whole_file(tmp_path / "kept.txt") as partial:
        partial.write_text("half")
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    assert (tmp_path / "kept.txt").read_text() == "old"


def test_whoever_reads_the_old_file_reads_it_to_its_end(tmp_path):
    (tmp_path / "kept.txt").write_text("old")
    with (tmp_path / "kept.txt").open() as reader:
        with whole_file(tmp_path / "kept.txt") as partial:
            partial.write_text("new")
        assert reader.read() == "old"


def test_link_is_followed(tmp_path):
    (tmp_path / "target.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "target.txt")
    with whole_file(tmp_path / "link.txt") as partial:
        partial.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "target.txt").read_text() == "new"


def test_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "below.txt", tmp_path):
        with pytest.raises(UserError, match="cannot write"):
            require_writable(path)
    with pytest.raises(UserError, match=r"below\.txt"), whole_file(tmp_path / "file" / "below.txt"):
        raise AssertionError("nothing is written below a file")


def test_place_in_folders_yet_to_be_made_is_writable_and_does_not_make_them(tmp_path):
    require_writable(tmp_path / "a" / "b" / "new.txt")
    assert list(tmp_path.iterdir()) == []


def test_place_on_a_drive_that_is_not_there_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda path: False)
    with pytest.raises(UserError, match="cannot write"):
        require_writable(tmp_path / "no folder" / "new.txt")


def test_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda _: done.append((tmp_path / "new.txt").exists()))
    with whole_file(tmp_path / "new.txt") as partial:
        partial.write_text("new")
    assert done == [False]
    assert (tmp_path / "new.txt").exists()


def test_user_path_knows_the_home_folder_and_leaves_other_tildes(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert user_path("~/a.png") == tmp_path / "a.png"
    assert user_path("~nobody-of-that-name/a.png").name == "a.png"


def test_require_writable_leaves_everything_as_it_is(tmp_path):
    (tmp_path / "kept.txt").write_text("old")
    require_writable(tmp_path / "kept.txt")
    require_writable(tmp_path / "new.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    assert (tmp_path / "kept.txt").read_text() == "old"


def test_full_disk_leaves_the_old_file(tmp_path):
    kept = tmp_path / "kept.bin"
    kept.write_bytes(b"old")
    with (
        pytest.raises(UserError, match=r"kept\.bin"),
        full_disk(10_000),
        whole_file(kept) as partial,
    ):
        partial.write_bytes(bytes(20_000))
    assert [path.name for path in tmp_path.iterdir()] == ["kept.bin"]
    assert kept.read_bytes() == b"old"


def test_what_is_neither_file_nor_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert [special_kind(tmp_path / name) for name in ("", "file", "link")] == [None] * 3
    with pytest.raises(FileNotFoundError):
        special_kind(tmp_path / "gone")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_sockets_and_devices_are_named(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
        server.bind("socket")
        assert special_kind("socket") == "a socket"
    assert special_kind(tmp_path / "pipe") == special_kind(tmp_path / "link") == "a named pipe"
    assert special_kind(os.devnull) == "a device"


def test_names_reach_the_terminal_as_text_that_it_only_shows():
    assert printable("\x1b[2J\n\u202etxt\udcff.png") == r"\x1b[2J\n\u202etxt\udcff.png"
    assert printable("Ziffer 数字 é.png") == "Ziffer 数字 é.png"


HOLD = "import sys; from digits.files import locked\nwith locked(sys.argv[1]): print(1); input()"


@pytest.fixture
def holder():
    """A function that starts a process which holds the lock of a path until it reads a line."""
    started = []

    def hold(path):
        command = [sys.executable, "-c", HOLD, path]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        started.append(process)
        assert process.stdout.readline(), "it holds the lock"
        return process

    yield hold
    for process in started:
        process.kill()
        process.communicate()


def test_lock_is_refused_while_another_process_holds_it_by_whatever_name(tmp_path, holder):
    path, link = tmp_path / "new" / "net.h5", tmp_path / "link.h5"
    link.symlink_to(path)
    process = holder(path)
    for name in (path, link, path.parent / ".." / "new" / "net.h5"):
        said = pytest.raises(UserError, match=f"another process is writing .*{name.name}")
        with said, locked(name):
            raise AssertionError("held twice")
    with locked(path.with_name("other.h5")):
        pass
    process.communicate(b"\n")
    with locked(link):
        path.touch()
    assert list(path.parent.iterdir()) == [path]


def test_lock_ends_with_a_process_that_is_killed(tmp_path, holder):
    process = holder(tmp_path / "net.h5")
    process.kill()
    process.wait()
    with locked(tmp_path / "net.h5"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_lock_leaves_nothing_behind_when_its_block_fails(tmp_path):
    with pytest.raises(KeyboardInterrupt), locked(tmp_path / "a" / "b" / "net.h5"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="locks otherwise")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_file_system_without_locks_is_written_to_all_the_same(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with locked(tmp_path / "net.h5"), locked(tmp_path / "net.h5"):
        pass


def test_lock_file_that_was_removed_meanwhile_is_made_anew(tmp_path, monkeypatch):
    real_lock, path = files.lock, tmp_path / "lock"

    def lock_too_late(file):
        path.unlink()  # as whoever held it does at its end
        monkeypatch.setattr(files, "lock", real_lock)
        return real_lock(file)

    monkeypatch.setattr(files, "lock", lock_too_late)
    with files.locked_file(path) as file:
        assert os.path.samestat(path.stat(), os.fstat(file.fileno()))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_in_the_place_of_a_file_or_of_its_lock_is_refused(tmp_path):
    os.mkfifo(tmp_path / "net.h5")
    os.mkfifo(tmp_path / ".other.h5.lock")
    with pytest.raises(UserError, match=r"cannot write .*net\.h5: it is a named pipe"):
        require_writable(tmp_path / "net.h5")
    with pytest.raises(UserError, match="it is a named pipe"), locked(tmp_path / "other.h5"):
        pass
