"""Tests of what the closing chapter says about its experiments."""

import numpy as np
import pytest
import torch

from bnref.claims import Verdict
from bnref.claims.today import CLAIMS
from bnref.experiments import today as experiments


@pytest.fixture(scope="module")
def explosions():
    return {(e.network, e.batch_size): e for e in experiments.explosions()}


@pytest.fixture(scope="module")
def residuals():
    return {r.kind: r for r in experiments.residuals()}


def test_bn_makes_relu_gradients_grow_as_expected(explosions):
    assert pytest.approx(1.2112, abs=1e-4) == experiments.EXPLOSION
    for size, tolerance in ((8, 0.14), (32, 0.03), (128, 0.01)):
        np.testing.assert_allclose(explosions["ReLU, BN", size].rate, experiments.EXPLOSION, atol=tolerance)
    rates = [explosions["ReLU, BN", size].rate for size in (8, 32, 128)]
    assert rates[0].min() > rates[1].max() > rates[1].min() > rates[2].max()
    total = explosions["ReLU, BN", 128].norms
    assert (total[:, 0] / total[:, -1] > 1000).all()


def test_gradients_do_not_grow_in_relu_layers_without_bn(explosions):
    np.testing.assert_allclose(explosions["ReLU", 128].rate, 1, atol=0.01)


def test_linear_gradients_grow_with_bn_as_the_formula_says(explosions):
    for size, tolerance in ((4, 0.1), (8, 0.02), (16, 0.01), (32, 0.01), (128, 0.003)):
        expected = experiments.linear_explosion(size)
        np.testing.assert_allclose(explosions["linear, BN", size].rate, expected, atol=tolerance)
        assert (explosions["linear, BN", size].rate > 1).all()


def test_two_directions_and_the_variance_explain_the_growth():
    """Check the derivation of the formula: the share that is left, and the mean of 1 / variance."""
    z = np.random.default_rng(0).normal(size=(200_000, 8))
    inverse = 1 / z.var(axis=1)
    assert inverse.mean() == pytest.approx(8 / 5, rel=0.02)
    assert experiments.linear_explosion(8) ** 2 == pytest.approx((6 / 8) * (8 / 5))


def test_gradient_growth_fades_with_skip_connections(explosions):
    skip = explosions["ReLU, BN, skip", 128]
    assert skip.rate.max() < 1.05
    step = skip.norms[:, :-1] / skip.norms[:, 1:]
    assert (step[:, 1] > 1.1).all()
    assert (step[:, -3] < 1.05).all()


def test_skip_variance_doubles_without_norm_not_with_bn(residuals):
    growth = (residuals["none"].variance[:, -1] / residuals["none"].variance[:, 0]) ** (1 / 25)
    assert ((growth > 1.7) & (growth < 2.1)).all()
    steps = np.diff(residuals["BN"].variance, axis=1)
    assert ((steps > 0.3) & (steps < 1.2)).all()
    for kind in ("SkipInit", "Fixup"):
        np.testing.assert_allclose(residuals[kind].variance, residuals[kind].variance[:, :1] * np.ones(26))


def test_residual_networks_learn_with_bn_or_zero_branches(residuals):
    assert residuals["none"].accuracy.max() < 0.15
    for kind in ("BN", "SkipInit", "Fixup"):
        assert residuals[kind].accuracy.min() > 0.85
    assert residuals["BN"].accuracy.mean() > residuals["Fixup"].accuracy.mean()


@pytest.mark.parametrize("kind", ["SkipInit", "Fixup"])
def test_block_starts_as_identity_and_can_learn(kind):
    block, x = experiments.ResidualBlock(8, 4, kind), torch.randn(5, 8)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    moving = [p for p in block.parameters() if p.grad is not None and p.grad.abs().max() > 0]
    assert moving


def test_transformer_nearly_works_without_any_norm():
    found = {t.norm: t.accuracy for t in experiments.transformers()}
    assert found["none"].mean() > found["LN"].mean() - 0.08
    assert found["none"].min() > found["DyT"].max()
    assert abs(found["DyT, alpha 2"].mean() - found["LN"].mean()) < 0.03


def test_dynamic_tanh_follows_formula_of_paper():
    x = torch.randn(3, 4)
    torch.testing.assert_close(experiments.DynamicTanh(4)(x), torch.tanh(0.5 * x))


def test_claims_come_out_as_chapter_states():
    assert {claim.name: claim.find().verdict for claim in CLAIMS} == {
        "gradient-explosion": Verdict.SHOWN,
        "residual-branches": Verdict.SHOWN,
        "skipinit": Verdict.SHOWN,
        "fixup": Verdict.MIXED,
        "dynamic-tanh": Verdict.NO_TEST,
    }
