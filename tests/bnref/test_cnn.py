"""Tests of bnref.cnn and bnref.core.folding against torch and on scikit-learn's digits (see also test_passes)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional

from bnref.cnn import batch_norm2d_backward, batch_norm2d_forward, fold_conv, make_network, parameter_counts
from bnref.core.folding import fold_conv_before, fold_linear_before
from bnref.placement import batch_norm_backward, batch_norm_forward
from tests.bnref.refusals import refuses, refuses_bad_counts, refuses_bad_eps, refuses_bad_images


def rng(seed=0):
    return np.random.default_rng(seed)


def test_pixels_count_as_samples_of_their_channel():
    x, dy = rng().normal(size=(2, 3, 4, 5, 2))
    gamma, beta = rng(1).normal(size=(2, 4))
    rows = lambda a: a.transpose(0, 2, 3, 1).reshape(-1, 4)  # noqa: E731
    y, cache = batch_norm2d_forward(x, gamma, beta)
    y2, cache2 = batch_norm_forward(rows(x), gamma, beta)
    np.testing.assert_allclose(rows(y), y2, rtol=1e-10, atol=1e-12)
    (dx, *rest), (dx2, *rest2) = batch_norm2d_backward(dy, cache), batch_norm_backward(rows(dy), cache2)
    np.testing.assert_allclose(rows(dx), dx2, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(rest, rest2, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_dtype_is_kept_and_integers_become_float64(dtype):
    x = rng().integers(0, 9, size=(2, 3, 4, 5)).astype(dtype)
    one = np.ones(3, dtype)
    y, cache = batch_norm2d_forward(x, one, one)
    want = np.float64 if dtype == np.int64 else dtype
    assert {a.dtype for a in (y, *batch_norm2d_backward(x, cache))} == {np.dtype(want)}


def statistics(channels, seed=1):
    gamma, beta, mean = rng(seed).normal(size=(3, channels))
    return gamma, beta, mean, rng(seed).uniform(0.1, 4, size=channels)


def batch_norm_eval(x, gamma, beta, mean, var, eps):
    gamma, beta, mean, var = map(torch.tensor, (gamma, beta, mean, var))
    return functional.batch_norm(x, mean, var, gamma, beta, False, eps=eps)


@given(st.integers(1, 4), st.integers(1, 4), st.booleans(), st.integers(0, 2), st.sampled_from([1e-5, 0.1]))
def test_folded_convolution_is_exact_with_any_padding(inputs, outputs, with_bias, padding, eps):
    weight, x = rng().normal(size=(outputs, inputs, 3, 2)), torch.tensor(rng(2).normal(size=(2, inputs, 5, 6)))
    bias = rng(3).normal(size=outputs) if with_bias else None
    known = statistics(outputs)
    before = functional.conv2d(x, torch.tensor(weight), None if bias is None else torch.tensor(bias), padding=padding)
    folded, moved = fold_conv(weight, bias, *known, eps=eps)
    after = functional.conv2d(x, torch.tensor(folded), torch.tensor(moved), padding=padding)
    np.testing.assert_allclose(after, batch_norm_eval(before, *known, eps), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("with_bias", [True, False])
def test_folding_before_convolution_needs_returned_padding(padding, with_bias):
    weight, x = rng().normal(size=(4, 3, 3, 3)), torch.tensor(rng(2).normal(size=(2, 3, 5, 6)))
    bias, known = rng(3).normal(size=4) if with_bias else None, statistics(3)
    torch_bias = None if bias is None else torch.tensor(bias)
    want = functional.conv2d(batch_norm_eval(x, *known, 1e-5), torch.tensor(weight), torch_bias, padding=padding)
    folded, moved, border = map(torch.tensor, fold_conv_before(weight, bias, *known))
    padded = border[None, :, None, None].repeat(2, 1, 5 + 2 * padding, 6 + 2 * padding)
    padded[:, :, padding : padding + 5, padding : padding + 6] = x
    np.testing.assert_allclose(functional.conv2d(padded, folded, moved), want, rtol=1e-9, atol=1e-9)
    if padding:
        zeros = functional.conv2d(x, folded, moved, padding=padding)
        assert (zeros - want).abs().max() > 0.1, "with zeros for the padding it is another map"


def test_batch_norm_before_linear_layer_folds():
    weight, bias, known = rng().normal(size=(4, 3)), rng(3).normal(size=4), statistics(3)
    x = rng(2).normal(size=(6, 3))
    want = batch_norm_eval(torch.tensor(x), *known, 1e-5).numpy() @ weight.T
    folded, moved = fold_linear_before(weight, None, *known)
    np.testing.assert_allclose(x @ folded.T + moved, want, rtol=1e-9, atol=1e-9)
    folded, moved = fold_linear_before(weight, bias, *known)
    np.testing.assert_allclose(x @ folded.T + moved, want + bias, rtol=1e-9, atol=1e-9)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 5), st.booleans())
def test_parameter_counts_equal_torchs(inputs, outputs, side, batch_norm):
    layers = [nn.Conv2d(inputs, outputs, side, bias=not batch_norm), *([nn.BatchNorm2d(outputs)] if batch_norm else [])]
    learnable = sum(p.numel() for layer in layers for p in layer.parameters())
    state = sum(b.numel() for layer in layers for name, b in layer.named_buffers() if name != "num_batches_tracked")
    assert parameter_counts(inputs, outputs, side, batch_norm) == (learnable, state)


def test_network_has_conv_bn_relu_blocks_without_biases():
    network = make_network(7)
    assert network.training
    assert network(torch.randn(5, 1, 8, 8)).shape == (5, 7)
    layers = [m for m in network.modules() if not list(m.children())]
    for i, layer in enumerate(layers):
        if isinstance(layer, nn.Conv2d):
            assert layer.bias is None
            assert isinstance(layers[i + 1], nn.BatchNorm2d)
            assert isinstance(layers[i + 2], nn.ReLU)


def test_network_learns_digits_and_folds_exactly():
    data = load_digits()
    x, y = torch.tensor(data.images[:, None] / 16, dtype=torch.float32), torch.tensor(data.target)
    split = train_test_split(np.arange(len(y)), test_size=0.25, random_state=0, stratify=data.target)
    train, test = map(torch.tensor, split)
    torch.manual_seed(0)
    network = make_network()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(20):
        for rows in train[torch.randperm(len(train))].split(64):
            optimizer.zero_grad()
            functional.cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        logits = network(x[test])
        assert (logits.argmax(1) == y[test]).float().mean() >= 0.97
        assert torch.equal(folded(network)(x[test]).argmax(1), logits.argmax(1))


def folded(network):
    """Fold each batch norm of the network into the convolution before it."""
    layers = []
    for layer in network:
        if isinstance(layer, nn.BatchNorm2d):
            known = [t.detach().numpy() for t in (layer.weight, layer.bias, layer.running_mean, layer.running_var)]
            weight, bias = fold_conv(layers[-1].weight.detach().numpy(), None, *known, eps=layer.eps)
            layers[-1] = nn.Conv2d(*weight.shape[1::-1], weight.shape[2:], padding=1)
            layers[-1].weight.data, layers[-1].bias.data = torch.tensor(weight), torch.tensor(bias)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def test_invalid_arguments_are_named_in_errors():
    x, one = np.zeros((2, 3, 4, 5)), np.ones(3)
    refuses_bad_images("x", lambda x: batch_norm2d_forward(x, one, one))
    refuses_bad_eps(lambda eps: batch_norm2d_forward(x, one, one, eps))
    refuses(r"gamma must have shape \(3,\), but its shape is \(4,\)", batch_norm2d_forward, x, np.ones(4), one)
    cache = batch_norm2d_forward(x, one, one)[1]
    refuses("dy must have the shape of the output", batch_norm2d_backward, x[:, :2], cache)
    refuses("dy must contain real numbers", batch_norm2d_backward, x.astype(complex), cache)
    weight = np.ones((3, 2, 3, 3))
    refuses_bad_eps(lambda eps: fold_conv(weight, None, one, one, one, one, eps))
    refuses(r"weight must have shape \(out, in, kh, kw\)", fold_conv, np.ones((3, 2)), None, one, one, one, one)
    refuses(r"mean must have shape \(3,\)", fold_conv, weight, None, one, one, np.ones(2), one)
    refuses("gamma must not contain 0", fold_conv_before, weight, None, np.zeros(2), *np.ones((3, 2)))
    for i, name in enumerate(["in_channels", "out_channels", "kernel_size"]):
        refuses_bad_counts(name, lambda n, i=i: parameter_counts(*[n if j == i else 3 for j in range(3)], True))
    refuses_bad_counts("num_classes", make_network)
