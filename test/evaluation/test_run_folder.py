"""Run folders: numbered, never overwritten, readable afterwards."""

import json
import logging
import math

import pytest

from movix_core.config import LocalizationConfig, load_config
from movix_core.errors import ConfigError, MovixError
from movix_core.evaluation.run_folder import RunFolder, from_json, jsonable
from movix_core.recordings.trajectory import Trajectory
from test.evaluation.drives import straight


def test_folders_count_up(tmp_path):
    names = [RunFolder.create(tmp_path / "runs", "drive").path.name for _ in range(3)]
    assert names == ["drive_1", "drive_2", "drive_3"]


def test_everything_reads_back(tmp_path):
    folder = RunFolder.create(tmp_path, "drive")
    folder.write_config(LocalizationConfig())
    folder.write_estimate(straight(20.0))
    folder.write_result({"ate_m": math.inf, "seed": 1})
    with folder.logging():
        logging.getLogger("movix_core.anything").info("hello")
    assert load_config(folder.path / "config.yaml") == LocalizationConfig()
    assert len(Trajectory.read_tum(folder.path / "estimate.tum")) == len(straight(20.0))
    assert from_json(json.loads((folder.path / "result.json").read_text())) == {"ate_m": math.inf, "seed": 1}
    assert "hello" in (folder.path / "log.txt").read_text()


def test_log_keeps_the_error_that_ended_the_run(tmp_path):
    folder = RunFolder.create(tmp_path, "drive")
    with pytest.raises(ConfigError), folder.logging():
        raise ConfigError("the reason")
    assert "the reason" in (folder.path / "log.txt").read_text()


def test_unwritable_parent_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MovixError, match="file"):
        RunFolder.create(tmp_path / "file", "drive")


def test_jsonable_keeps_the_tree():
    assert jsonable({1: [math.nan, (2.0, "x")]}) == {"1": [None, [2.0, "x"]]}
