"""The log: rows of steps that are trained again go; a row cut off by a crash does not stop anyone."""

from movix_core.training.history import append_row, draw_curves, forget_rows, read_rows


def rows_of(folder, count, stage="joint"):
    for step in range(1, count + 1):
        append_row(folder, {"stage": stage, "step": step, "loss": 1.0 / step, "validation_top1": 0.1 * step})


def test_rows_after_a_resume_are_written_once(tmp_path):
    rows_of(tmp_path, 3)
    rows_of(tmp_path, 2, "aggregator")
    forget_rows(tmp_path, "joint", after=1)
    assert [(row["stage"], row["step"]) for row in read_rows(tmp_path)] == [
        ("joint", 1), ("aggregator", 1), ("aggregator", 2),
    ]  # fmt: skip


def test_a_row_that_was_cut_off_is_left_out(tmp_path):
    rows_of(tmp_path, 2)
    log = tmp_path / "log.jsonl"
    log.write_text(log.read_text()[:-5])
    assert [row["step"] for row in read_rows(tmp_path)] == [1]


def test_curves_are_drawn_from_the_log(tmp_path):
    assert not draw_curves(tmp_path)
    rows_of(tmp_path, 5)
    rows_of(tmp_path, 5, "aggregator")
    assert draw_curves(tmp_path)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
