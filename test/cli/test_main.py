"""The one error boundary, and the small verbs."""

import json

import pytest

from movix_core.cli import main as cli
from movix_core.cli.main import main
from movix_core.config import LocalizationConfig, load_config
from movix_core.evaluation.trajectory_errors import METRICS
from test.evaluation.drives import straight
from test.evaluation.small_set import write_tiny_model


def fails(capsys, *argv):
    """The one line a failing command leaves on stderr."""
    assert main([str(arg) for arg in argv]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("movix: error: ")
    return lines[0]


def test_config_dump_is_a_valid_file(tmp_path, capsys):
    assert main(["config", "dump"]) == 0
    (tmp_path / "c.yaml").write_text(capsys.readouterr().out)
    assert load_config(tmp_path / "c.yaml") == LocalizationConfig()
    assert main(["config", "check", str(tmp_path / "c.yaml")]) == 0


def test_config_check_names_the_nearest_key(tmp_path, capsys):
    (tmp_path / "c.yaml").write_text("filter: {min_partikles: 300}\n")
    assert "filter.min_particles" in fails(capsys, "config", "check", tmp_path / "c.yaml")
    assert "nowhere.yaml" in fails(capsys, "config", "check", tmp_path / "nowhere.yaml")


def test_model_info_and_verify(tmp_path, capsys):
    folder = write_tiny_model(tmp_path / "tiny")
    assert main(["model", "info", str(folder)]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"
    assert main(["model", "verify", str(folder)]) == 0
    assert "intact" in capsys.readouterr().out


def test_damaged_and_missing_models_are_named(tmp_path, capsys):
    folder = write_tiny_model(tmp_path / "tiny")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert "weights_sha256" in fails(capsys, "model", "verify", folder)
    assert "nothing" in fails(capsys, "model", "verify", tmp_path / "nothing")


def test_eval_of_a_run(tmp_path, capsys):
    truth = straight(150.0)
    truth.write_tum(tmp_path / "truth.tum")
    truth.shifted(3.0, 4.0).write_tum(tmp_path / "estimate.tum")
    told = ["eval", str(tmp_path), "--reference", str(tmp_path / "truth.tum"), "--json", str(tmp_path / "f.json")]
    assert main(told) == 0
    shown = capsys.readouterr().out
    assert "ate_m" in shown and "sr_10m_after_100m" in shown
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["ate_m"] == pytest.approx(5.0) and set(METRICS) <= figures.keys()


def test_eval_names_what_is_missing_or_does_not_fit(tmp_path, capsys):
    straight(20.0).write_tum(tmp_path / "estimate.tum")
    assert "truth.tum" in fails(capsys, "eval", tmp_path, "--reference", tmp_path / "truth.tum")
    (tmp_path / "truth.tum").write_text("1.0 0 0 0 0 0 0 1\n2.0 0 0 0 0 0 0 1\n")
    assert "overlap" in fails(capsys, "eval", tmp_path, "--reference", tmp_path / "truth.tum")
    (tmp_path / "truth.tum").write_text("1.0 0 0 zero 0 0 0 1\n")
    assert "line 1" in fails(capsys, "eval", tmp_path, "--reference", tmp_path / "truth.tum")


def test_unknown_sets_and_test_sets_are_refused(tmp_path, capsys):
    model = write_tiny_model(tmp_path / "tiny")
    assert "procedural-val" in fails(capsys, "bench", "accuracy", "--set", "nosuch", "--model", model)
    for name in ("procedural-test", "gascola"):
        assert "validation" in fails(capsys, "calibrate", model, "--set", name)


def test_speed(tmp_path, capsys):
    model = write_tiny_model(tmp_path / "tiny")
    small = ["--param", "filter.min_particles=20", "--param", "filter.max_particles=30", "--param", "device=cpu"]
    assert main(["bench", "speed", "--model", str(model), "--updates", "1", *small]) == 0
    assert "30 particles" in capsys.readouterr().out


def test_a_file_that_can_not_be_written_is_one_line(tmp_path, capsys):
    straight(20.0).write_tum(tmp_path / "t.tum")
    told = ("eval", tmp_path / "t.tum", "--reference", tmp_path / "t.tum", "--json", tmp_path / "no_folder" / "f.json")
    assert "no_folder" in fails(capsys, *told)


def test_interrupts_end_quietly(monkeypatch, capsys):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("movix_core.cli.config._dump", interrupt)
    assert cli.main(["config", "dump"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_usage_errors_exit_with_two(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["replay"])
    assert caught.value.code == 2
