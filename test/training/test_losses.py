import torch

from movix_core.training.losses import masked_info_nce

SCALE = torch.tensor(10.0)


def test_perfect_matching_costs_almost_nothing_and_chance_costs_log_n():
    similarity = torch.eye(4) * 2 - 1
    everything = torch.ones(4, 4, dtype=torch.bool)
    assert masked_info_nce(similarity, torch.arange(4), everything, SCALE) < 1e-6
    chance = masked_info_nce(torch.zeros(4, 4), torch.arange(4), everything, SCALE)
    torch.testing.assert_close(chance, torch.log(torch.tensor(4.0)))


def test_guarded_pairs_do_not_count_and_own_pairs_always_do():
    similarity = torch.zeros(2, 3)
    similarity[0, 1] = 1.0  # would be a hard negative of the first clip
    allowed = torch.tensor([[False, False, True], [True, True, True]])
    free = masked_info_nce(similarity, torch.tensor([0, 2]), allowed, SCALE)
    held = masked_info_nce(similarity, torch.tensor([0, 2]), torch.ones(2, 3, dtype=torch.bool), SCALE)
    assert free < held
    assert torch.isfinite(free)
