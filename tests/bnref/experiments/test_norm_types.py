"""Tests of what the chapter on normalization types says about its experiments."""

import numpy as np
import pytest
import torch

from bnref.claims.norm_types import CLAIMS
from bnref.core.whitening import whiten
from bnref.experiments import norm_types as experiments
from bnref.experiments import norm_types_batch_size as batch_size
from bnref.experiments import norm_types_dropout as dropout
from bnref.experiments import norm_types_whitening as whitening
from bnref.experiments.norm_types_stacked import batch_norm

VERDICTS = {
    "batch-independence": "shown here",
    "sample-scaling": "shown here",
    "small-batches": "shown here",
    "small-batches-cnn": "not shown here",
    "rms-norm": "no test",
    "regularizer": "depends on the setting",
    "batch-noise": "depends on the setting",
    "dropout-needless": "depends on the setting",
    "dropout-variance": "shown here",
    "dropout-before-bn": "depends on the setting",
    "dropout-mended": "depends on the setting",
    "layer-condition": "shown here",
    "decorrelated": "depends on the setting",
    "whitening-information": "shown here",
}
FOUND = {claim.name: claim for claim in CLAIMS}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_claim_has_same_verdict_as_chapter(claim):
    assert claim.find().verdict.value == VERDICTS[claim.name]


def sides(name):
    """Say of each setting of a claim on which side of zero its interval lies: 1, -1, or 0 if it contains zero."""
    intervals = [effect.interval for effect in FOUND[name].find().effects]
    return [int(low > 0) - int(high < 0) for low, high in intervals]


def test_shared_entries_follow_the_axes():
    shape, entry = (3, 4, 2), (1, 2, 1)
    n, c, _ = np.indices(shape)
    expected = {
        "batch norm": c == 2,
        "layer norm": n == 1,
        "instance norm": (n == 1) & (c == 2),
        "group norm": (n == 1) & (c >= 2),
    }
    for norm, shares in expected.items():
        np.testing.assert_array_equal(experiments.shared_with(norm, shape, entry, groups=2), shares)


def test_normalize_agrees_with_torch():
    x = np.random.default_rng(0).normal(3, 2, size=(4, 6, 5))
    layers = {
        "batch norm": torch.nn.BatchNorm1d(6, affine=False),
        "layer norm": torch.nn.LayerNorm([6, 5]),
        "instance norm": torch.nn.InstanceNorm1d(6),
        "group norm": torch.nn.GroupNorm(2, 6),
        "RMS norm": torch.nn.RMSNorm([6, 5], eps=1e-5),
    }
    for norm, layer in layers.items():
        expected = layer.double()(torch.tensor(x)).detach().numpy()
        np.testing.assert_allclose(experiments.normalize(norm, x, groups=2), expected, atol=1e-12)


def test_each_norm_ignores_the_expected_changes():
    exact = {(r.norm, r.change) for r in experiments.invariances() if r.exact}
    assert {norm for norm, change in exact if change == "other samples"} == {*experiments.NORMS[1:], "RMS norm"}
    assert {norm for norm, change in exact if change == "sample x 10"} == {*experiments.NORMS[1:], "RMS norm"}
    assert {norm for norm, change in exact if change == "sample + 10"} == set(experiments.NORMS[1:])
    for change in ("channel x 10", "channel + 10"):
        assert {norm for norm, what in exact if what == change} == {"batch norm", "instance norm"}
    assert min(max(r.difference) for r in experiments.invariances() if not r.exact) > 0.1


def test_standardizing_keeps_shape_correlation_and_classes():
    batch = experiments.batch()
    for unit in (0, 1):
        before, after = (experiments.moments(x[:, unit], batch.labels) for x in (batch.before, batch.standardized))
        assert abs(before.mean) > 0.4
        assert after.mean == pytest.approx(0, abs=1e-12)
        assert after.std == pytest.approx(1, abs=1e-6)
        assert after.skewness == pytest.approx(before.skewness, abs=1e-6)
        assert abs(after.mean_of_zeros - after.mean_of_ones) > 0.5
    r = [np.corrcoef(x.T)[0, 1] for x in (batch.before, batch.standardized, batch.whitened)]
    np.testing.assert_allclose(r, [-0.78, -0.78, 0], atol=0.005)


def test_batches_of_two_ruin_dense_but_not_convolutional():
    bn, ln = batch_size.dense_errors()
    assert min(bn.percent[2]) > 40
    assert max(bn.percent[0]) < min(bn.percent[1]) < max(bn.percent[1]) < 20
    assert max(map(max, ln.percent)) < 8
    assert np.mean(bn.percent[0]) < np.mean(ln.percent[0])
    for errors in batch_size.convolutional_errors():
        assert max(map(max, errors.percent)) < 6


def test_error_figure_matches_its_alt_text():
    bn, ln = (np.mean(errors.percent, axis=1) for errors in batch_size.dense_errors())
    assert (np.abs(bn - [4, 9, 61]) < 0.6).all()
    assert 4.5 < ln.min() < ln.max() < 6
    bn, gn = (np.mean(errors.percent, axis=1) for errors in batch_size.convolutional_errors())
    assert 3 < bn.min() < bn.max() < 4
    assert 3.5 < gn.min() < gn.max() < 5


def test_batch_norm_of_two_values_keeps_only_their_order():
    for pair in ([3.0, 3.1], [3.0, 900.0], [-7.0, -8.0]):
        y = experiments.normalize("batch norm", np.array(pair).reshape(2, 1, 1)).ravel()
        np.testing.assert_allclose(y, np.sign(np.array(pair) - np.mean(pair)), atol=0.003)


def test_network_hardly_needs_layer_or_rms_norm():
    best = {
        norm: max(np.mean(found[norm]) for found in batch_size.rms_accuracies().values())
        for norm in ("layer norm", "RMS norm", "no norm")
    }
    assert 0.005 < min(best["layer norm"], best["RMS norm"]) - best["no norm"] < 0.03
    fast = {norm: np.mean(accuracy) for norm, accuracy in batch_size.rms_accuracies()[1.0].items()}
    assert fast["layer norm"] > fast["RMS norm"] + 0.1 > fast["no norm"] + 0.3


@pytest.mark.parametrize("mean", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_variance_shift_follows_its_formula(keep, mean):
    shift = dropout.variance_shift(keep, mean)
    np.testing.assert_allclose(shift.measured, shift.formula, rtol=0.02)


def test_places_differ_in_position_and_not_in_number():
    for before, after in (dropout.PLACES[:2], dropout.PLACES[2:]):
        kinds = [
            [type(layer).__name__ for layer in dropout._network(batch_norm, place, 0.5)] for place in (before, after)
        ]
        assert kinds[0] != kinds[1]
        assert sorted(kinds[0]) == sorted(kinds[1])
        for names, norm_first in zip(kinds, (False, True), strict=True):
            last = len(names) - 1 - names[::-1].index("Dropout")
            assert (names[last - 1] == "ReLU") == norm_first
            assert (names[last + 1] == "BatchNorm1d") != norm_first


def test_position_matters_only_with_many_dropout_layers():
    assert sides("dropout-before-bn") == [0, 0, 1, 1]
    assert sides("dropout-mended") == [0, 0, 1, 1]
    by = {(r.norm, r.place, r.drop): r for r in dropout.dropped()}
    for drop in dropout.DROPS:
        assert max(by["BN", "before the last norm", drop].ratio) < 0.6
        assert min(by["BN", "after the last norm", drop].ratio) > 0.95
        ratios = [np.mean(by["BN", place, drop].ratio) for place in dropout.PLACES[2:]]
        assert ratios[0] < ratios[1] < 0.7


def test_dropout_harms_networks_without_batch_norm_more():
    by = {(r.norm, r.place, r.drop): np.array(r.accuracy) for r in dropout.dropped()}
    assert by["BN", "before each norm", 0.5].min() > by["LN", "before each norm", 0.5].max()
    strong = [r for r in dropout.dropped() if r.drop == 0.7 and "each" in r.place]
    assert len(strong) == 5
    assert max(np.mean(r.mended) for r in strong) < 0.55


def test_few_whitened_samples_are_equally_far_apart():
    for count in (10, 40):
        np.testing.assert_allclose(whitening.distances(count), np.sqrt(2 * count), rtol=1e-6)
    assert np.ptp(whitening.distances(200)) > 1


def test_whitening_costs_most_with_as_many_samples_as_features():
    results = {r.count: r for r in whitening.neighbours()}
    lost = {count: np.mean(r.standardized) - np.mean(r.whitened) for count, r in results.items()}
    assert max(lost, key=lost.get) == 64
    stated = {"standardized": (0.69, 0.96), "whitened": (0.42, 0.94), "partly": (0.62, 0.97)}
    for name, ends in stated.items():
        np.testing.assert_allclose([np.mean(getattr(results[n], name)) for n in (32, 1024)], ends, atol=0.01)
    assert lost[1024] > 0.01
    assert np.mean(results[1024].partly) > np.mean(results[1024].whitened) + 0.01


def test_whitening_layer_agrees_with_bnref_then_uses_averages():
    x = torch.tensor(np.random.default_rng(0).normal(size=(64, 5)) @ np.tri(5))
    layer = whitening.WhiteningNorm(5, eps=1e-5, momentum=1.0).double()
    y = layer(x).detach()
    np.testing.assert_allclose(y, whiten(x.numpy(), "zca", eps=1e-5), atol=1e-9)
    np.testing.assert_allclose(layer.eval()(x[:3]).detach(), y[:3], atol=1e-9)


def test_whitening_never_beats_batch_norm():
    assert sides("decorrelated") == [-1, -1, 0, 0, -1, -1, -1, 0]
    fails = [r for r in whitening.decorrelated() if max(r.accuracy) - min(r.accuracy) > 0.2]
    assert {(r.norm, r.lr) for r in fails} == {("batch norm", 6.0), ("whitening", 6.0)}


def test_pytorch_layers_differ_in_shape_of_gamma():
    gamma = {name: shape for name, _, shape in experiments.pytorch_layers()}
    assert gamma["BatchNorm2d"] == gamma["GroupNorm"] == (6,)
    assert gamma["InstanceNorm2d"] is None
    assert gamma["LayerNorm"] == (6, 4, 4)
