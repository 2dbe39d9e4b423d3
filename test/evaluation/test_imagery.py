"""The imagery benchmark's own parts, in small."""

from movix_core.evaluation.imagery.fuzz import fuzz_sites, fuzz_tiles


def test_fuzzed_tiles_neither_crash_nor_pass():
    result = fuzz_tiles(300, seed=1)
    assert result.crashes == [] and result.accepted == []
    assert result.refused["none"] == 0 and result.refused["png bits"] == result.tried["png bits"] > 0


def test_fuzzed_site_files_neither_crash_nor_pass(tmp_path):
    result = fuzz_sites(tmp_path, 100, seed=1)
    assert result.crashes == [] and result.accepted == []
    assert 0 < result.refused.total() < 100
