"""`movix view` of runs and bags."""

import pytest

from movix_core.cli.main import main
from test.cli.test_main import fails
from test.cli.test_replay import place, told  # noqa: F401 (a fixture)
from test.evaluation.published import write_published
from test.evaluation.test_viewer import entities


def test_a_traced_run_and_its_bag_become_recordings(place, tmp_path, capsys):  # noqa: F811
    pytest.importorskip("rerun", reason="needs rerun: pip install 'movix_ros[viz]'")
    assert main(told(place, "bag", "--trace", out="traced")) == 0
    assert (place / "traced" / "bag_1" / "trace.npz").is_file()
    assert main(["view", str(place / "traced" / "bag_1"), "--save", str(tmp_path / "run.rrd")]) == 0
    site = ["--site", str(place / "site")]
    assert main(["view", str(place / "bag"), *site, "--save", str(tmp_path / "bag.rrd")]) == 0
    assert all((tmp_path / name).stat().st_size > 20_000 for name in ("run.rrd", "bag.rrd"))
    (place / "traced" / "bag_1" / "trace.npz").unlink()
    assert main(["view", str(place / "traced" / "bag_1"), "--save", str(tmp_path / "plain.rrd")]) == 0
    assert "--trace" in capsys.readouterr().out


@pytest.mark.parametrize("with_drive", [False, True])
def test_a_bag_of_what_the_node_published_is_viewed(with_drive, tmp_path):
    pytest.importorskip("rerun", reason="needs rerun: pip install 'movix_ros[viz]'")
    write_published(tmp_path / "out", with_drive)
    assert main(["view", str(tmp_path / "out"), "--save", str(tmp_path / "out.rrd")]) == 0
    shown = entities(tmp_path / "out.rrd")
    assert {"/world/estimate/path", "/world/particles", "/world/ellipse"} <= shown
    assert ("/camera" in shown) == with_drive


def test_what_can_not_be_viewed_is_named(tmp_path, capsys):
    assert "nowhere" in fails(capsys, "view", tmp_path / "nowhere")
    assert "empty" in fails(capsys, "view", tmp_path)
