"""`movix view` of runs and bags."""

import pytest

from movix_core.cli.main import main
from test.cli.test_main import fails
from test.cli.test_replay import place, told  # noqa: F401 (a fixture)


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


def test_what_can_not_be_viewed_is_named(tmp_path, capsys):
    assert "nowhere" in fails(capsys, "view", tmp_path / "nowhere")
    assert "empty" in fails(capsys, "view", tmp_path)
