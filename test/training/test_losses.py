import pytest
import torch

from movix_core.training.losses import attention_entropy, masked_info_nce, masked_triplet, vicreg

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


def test_the_triplet_is_the_formula_on_squared_distances():
    """d2(a, p) = 2 - 2 * 0.8 = 0.4; d2(a, n) = 1.0 and 0.6: violations of 0.5 + 0.4 - d2(a, n)."""
    similarity, allowed = torch.tensor([[0.8, 0.5, 0.7]]), torch.tensor([[True, True, True]])
    hardest = masked_triplet(similarity, torch.tensor([0]), allowed, 0.5, hardest=True)
    every = masked_triplet(similarity, torch.tensor([0]), allowed, 0.5, hardest=False)
    assert hardest.item() == pytest.approx(0.3) and every.item() == pytest.approx(0.15)


def test_the_triplet_is_zero_beyond_the_margin_and_without_negatives():
    similarity, positive = torch.tensor([[0.9, 0.1], [0.2, 0.3]]), torch.tensor([0, 0])
    nothing = torch.zeros(2, 2, dtype=torch.bool)
    assert masked_triplet(similarity[:1], positive[:1], ~nothing[:1], 0.5, hardest=True) == 0.0
    assert masked_triplet(similarity, positive, nothing, 0.5, hardest=True) == 0.0
    second_only = torch.tensor([[False, False], [False, True]])
    assert masked_triplet(similarity, positive, second_only, 0.5, hardest=True).item() == pytest.approx(0.7)


def test_attention_entropy_is_in_nats():
    weights = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    assert attention_entropy(weights).item() == pytest.approx(0.5 * torch.log(torch.tensor(2.0)).item())


def test_an_absent_frame_spoils_no_gradient():
    logits = torch.tensor([[-torch.inf, 0.0, 1.0]], requires_grad=True)
    attention_entropy(logits.softmax(dim=1)).backward()
    assert torch.isfinite(logits.grad).all() and logits.grad[0, 1] > 0 > logits.grad[0, 2]


def test_vicreg_prefers_equal_looks_and_abhors_collapse():
    looks = torch.randn(64, 4, generator=torch.Generator().manual_seed(0)) * 2
    other = torch.randn(64, 4, generator=torch.Generator().manual_seed(1)) * 2
    collapsed = torch.zeros(64, 4)
    assert vicreg(looks, looks) < vicreg(looks, other)
    assert vicreg(looks, looks) < vicreg(collapsed, collapsed)
