"""The store on a real disk: torn, damaged, full, shared, outgrown."""

import multiprocessing
import os
import resource
import subprocess
import sys
import time

import pytest

from movix_core.errors import StoreError
from movix_core.maps.tile_store import TileStore

ABOUT = {"source": "https://tiles.example.org/{z}/{x}/{y}.png", "attribution": "us"}


@pytest.fixture
def store(tmp_path):
    return TileStore(tmp_path / "tiles")


def folder_of(store):
    return store.folder("example-org", "1", ABOUT)


def test_files_lie_where_they_can_be_seen_with_their_terms_beside_them(store):
    folder_of(store).put("19/145/233", b"picture", "png")
    assert (store.root / "example-org/1/19/145/233.png").read_bytes() == b"picture"
    assert "attribution: us" in (store.root / "example-org/ABOUT.yaml").read_text()
    assert folder_of(store).get("19/145/233") == b"picture"
    assert folder_of(store).get("19/145/234") is None


def test_sha256sum_agrees(store):
    folder_of(store).put("19/145/233", b"picture", "png")
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=store.root / "example-org/1", capture_output=True, text=True, check=True
    )
    assert checked.stdout == "19/145/233.png: OK\n"


@pytest.mark.parametrize("damage", [b"pictura", b"pict", b"", b"<html>not found</html>"])
def test_what_was_damaged_is_not_there_and_is_named(store, damage):
    folder_of(store).put("1/2/3", b"picture", "png")
    (store.root / "example-org/1/1/2/3.png").write_bytes(damage)
    assert folder_of(store).get("1/2/3") is None
    assert store.verify().damaged == ("example-org/1/1/2/3.png",)
    folder_of(store).put("1/2/3", b"picture", "jpg")
    assert store.verify().clean and folder_of(store).get("1/2/3") == b"picture"


def test_a_file_nobody_fetched_is_damage(store):
    folder_of(store).put("1/2/3", b"picture", "png")
    (store.root / "example-org/1/1/2/4.png").write_bytes(b"placed by hand")
    assert folder_of(store).get("1/2/4") is None and store.verify().damaged == ("example-org/1/1/2/4.png",)


def test_a_torn_checksum_line_costs_one_file(store):
    folder_of(store).put("1/2/3", b"picture", "png")
    with (store.root / "example-org/1/SHA256SUMS").open("ab") as file:
        file.write(b"0123456789abc")  # what a full disk or a power cut left
    folder_of(store).put("1/2/4", b"more", "png")
    again = TileStore(store.root)
    assert folder_of(again).get("1/2/3") == b"picture" and folder_of(again).get("1/2/4") == b"more"
    assert again.verify().clean


def test_missing_is_remembered_for_a_while(tmp_path):
    store = TileStore(tmp_path, missing_expiry_s=100.0)
    folder = folder_of(store)
    folder.put_missing("1/2/3")
    assert folder.is_missing("1/2/3") and not folder.is_missing("1/2/4") and store.verify().missing == 1
    old = time.time() - 101
    os.utime(tmp_path / "example-org/1/1/2/3.missing", (old, old))
    assert not folder.is_missing("1/2/3")
    folder.put("1/2/3", b"there now", "png")
    assert store.verify().missing == 0


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "a//b", "a b", "", "A/1", "a/../b", "1/2/3\n"])
def test_keys_stay_inside(store, key):
    for act in (folder_of(store).get, folder_of(store).is_missing, lambda key: folder_of(store).put(key, b"", "png")):
        with pytest.raises(StoreError, match="can not be a name"):
            act(key)


def test_the_least_recently_used_makes_room(tmp_path):
    store = TileStore(tmp_path, limit_bytes=10_000)
    folder = folder_of(store)
    for i in range(9):
        folder.put(f"1/0/{i}", bytes(1000), "png")
        used = time.time() - 1000 + i
        os.utime(tmp_path / f"example-org/1/1/0/{i}.png", (used, used))
    folder.get("1/0/0")  # used now, though fetched first
    for i in range(9, 12):
        folder.put(f"1/0/{i}", bytes(1000), "png")
    assert store.size_bytes() <= 10_000
    assert folder.get("1/0/0") is not None and folder.get("1/0/11") is not None
    assert folder.get("1/0/1") is None and store.verify().clean


def test_only_what_was_fetched_is_ever_deleted(tmp_path):
    """A site file from elsewhere may name any folder as its store."""
    for path in ("letter.txt", "work/thesis.txt", "work/1/thesis.txt", "example-org/1/1/0/mine.png", "work/1/.part-x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(bytes(5000))
    (tmp_path / "example-org/1/SHA256SUMS").write_text("0" * 64 + "  ../../work/thesis.txt\n")
    folder = folder_of(TileStore(tmp_path, limit_bytes=1000))
    for i in range(5):
        folder.put(f"1/0/{i}", bytes(900), "png")
    TileStore(tmp_path).verify()
    assert len([path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size == 5000]) == 5
    assert TileStore(tmp_path).size_bytes() <= 1000


def test_a_full_disk_is_told_and_leaves_the_store_clean(tmp_path):
    """A real write that fails half way: the process may not write files larger than 5000 bytes."""
    code = f"""
import resource, sys
sys.path.insert(0, {os.getcwd()!r})
from movix_core.errors import StoreError
from movix_core.maps.tile_store import TileStore
folder = TileStore({str(tmp_path)!r}).folder("example-org", "1", {{}})
folder.put("1/2/3", bytes(4000), "png")
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, {resource.RLIM_INFINITY}))
try:
    folder.put("1/2/4", bytes(6000), "png")
except StoreError as err:
    sys.exit(str(err))
"""
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "cannot write to" in failed.stderr and "are free there" in failed.stderr
    report = TileStore(tmp_path).verify()
    assert report.clean and report.files == 1
    assert [path.name for path in (tmp_path / "example-org/1").iterdir()].count("SHA256SUMS") == 1


def put_many(root, seed):
    folder = folder_of(TileStore(root))
    for i in range(100):
        folder.put(f"1/0/{i}", f"{seed} wrote {i}".encode() * 50, "png" if seed else "jpg")


def test_two_processes_share_a_store(tmp_path):
    """Both write the same keys with other bytes: whoever was last, file and checksum agree."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=put_many, args=(tmp_path, seed)) for seed in (0, 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    report = TileStore(tmp_path).verify()
    assert report.clean and report.files == 100
    assert all(folder_of(TileStore(tmp_path)).get(f"1/0/{i}") for i in range(100))


def test_a_reader_sees_what_another_process_writes(store):
    reader = folder_of(TileStore(store.root))
    assert reader.get("1/2/3") is None
    folder_of(store).put("1/2/3", b"picture", "png")
    assert reader.get("1/2/3") == b"picture"


def test_what_a_dead_writer_left_is_swept_away(store):
    folder_of(store).put("1/2/3", b"picture", "png")
    dead = subprocess.Popen(["true"])
    dead.wait()
    for process in (dead.pid, os.getpid()):
        (store.root / f"example-org/1/.part-{process}-1").write_bytes(b"pict")
    assert store.verify().clean
    assert [path.name for path in (store.root / "example-org/1").glob(".part-*")] == [f".part-{os.getpid()}-1"]
