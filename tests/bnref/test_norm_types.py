"""Tests of bnref.norm_types and bnref.core.whitening against torch and NumPy, and of relations between norms."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from bnref.core.whitening import whiten, whitening_matrix
from bnref.norm_types import (
    batch_norm,
    group_norm,
    group_norm_backward,
    group_norm_forward,
    instance_norm,
    layer_norm,
    rms_norm,
    rms_norm_backward,
    rms_norm_forward,
    zca_whiten,
)
from tests.bnref.refusals import refuses, refuses_bad_counts, refuses_bad_eps, refuses_bad_images, refuses_bad_tables

NORMS = {
    "batch": batch_norm,
    "layer": layer_norm,
    "instance": instance_norm,
    "group": lambda x, gamma, beta, eps=1e-5: group_norm(x, 2, gamma, beta, eps),
}


def drawn(shape=(3, 4, 5, 2), dtype=np.float64):
    rng = np.random.default_rng(0)
    return (rng.normal(2, 3, size=s).astype(dtype) for s in (shape, shape[1], shape[1]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_each_norm_agrees_with_torch(eps, dtype):
    x, gamma, beta = drawn(dtype=dtype)
    t, g, b = map(torch.from_numpy, (x, gamma, beta))
    layer = functional.layer_norm(t, t.shape[1:], eps=eps) * g[:, None, None] + b[:, None, None]
    oracles = {
        "batch": functional.batch_norm(t, None, None, g, b, True, eps=eps),
        "layer": layer,
        "instance": functional.instance_norm(t, weight=g, bias=b, eps=eps),
        "group": functional.group_norm(t, 2, g, b, eps),
    }
    for name, norm in NORMS.items():
        y = norm(x, gamma, beta, eps=eps)
        assert y.dtype == dtype
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(y, oracles[name].numpy(), rtol=tolerance, atol=tolerance)


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5), st.integers(1, 5))
def test_group_norm_includes_layer_and_instance_norm(n, c, h, w):
    x, gamma, beta = drawn((n, c, h, w))
    np.testing.assert_allclose(group_norm(x, 1, gamma, beta), layer_norm(x, gamma, beta))
    np.testing.assert_allclose(group_norm(x, c, gamma, beta), instance_norm(x, gamma, beta))


@given(st.integers(2, 6), st.integers(2, 6))
def test_only_batch_norm_depends_on_other_samples(n, c):
    x, gamma, beta = drawn((n, c, 3, 2))
    for norm in (layer_norm, instance_norm, rms_norm_of):
        np.testing.assert_allclose(norm(x, gamma, beta)[:1], norm(x[:1], gamma, beta), rtol=1e-9, atol=1e-9)
    assert np.abs(batch_norm(x, gamma, beta)[:1] - batch_norm(x[:1], gamma, beta)).max() > 1e-6


def rms_norm_of(x, gamma, beta):
    return rms_norm(x, gamma)


def test_rms_norm_of_centred_samples_is_layer_norm():
    x, gamma, beta = drawn()
    x = x - x.mean(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(rms_norm(x, gamma), layer_norm(x, gamma, 0 * beta), rtol=1e-9, atol=1e-12)


def test_gradients_have_dtype_of_incoming_gradient():
    x, gamma, beta = drawn(dtype=np.float32)
    results = group_norm_backward(np.ones_like(x), group_norm_forward(x, 2, gamma, beta)[1])
    assert {a.dtype for a in results} == {np.dtype(np.float32)}


def correlated(n=400, dtype=np.float64):
    rng = np.random.default_rng(0)
    return (5 + rng.normal(size=(n, 3)) @ rng.normal(size=(3, 3))).astype(dtype)


@pytest.mark.parametrize("kind", ["zca", "pca", "cholesky"])
def test_white_columns_have_zero_mean_and_identity_covariance(kind):
    z = whiten(correlated(), kind, eps=1e-12)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(z.T @ z / len(z), np.eye(3), atol=1e-9)


def test_eigenvalue_l_becomes_l_over_l_plus_eps():
    x, eps = correlated(), 0.7
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))
    for kind in ("zca", "pca"):
        z = whiten(x, kind, eps)
        np.testing.assert_allclose(np.linalg.eigvalsh(z.T @ z / len(z)), values / (values + eps))


def test_zca_pca_and_cholesky_have_their_defining_property():
    x = correlated()
    covariance = np.cov(x.T, bias=True)
    zca, pca, cholesky = (whitening_matrix(covariance, kind) for kind in ("zca", "pca", "cholesky"))
    np.testing.assert_allclose(zca, zca.T)
    np.testing.assert_array_equal(np.triu(cholesky, 1), 0)
    assert np.all(np.diff(np.linalg.norm(pca, axis=1)) > 0), "the first row belongs to the largest eigenvalue"
    centred = x - x.mean(axis=0)
    distance = {kind: np.linalg.norm(whiten(x, kind) - centred) for kind in ("zca", "pca", "cholesky")}
    assert distance["zca"] == min(distance.values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_zca_whiten_keeps_dtype(dtype):
    x = (100 * correlated()).astype(dtype)
    z = zca_whiten(x)
    assert z.dtype == (np.float64 if dtype == np.int64 else dtype)
    np.testing.assert_allclose(z, whiten(x.astype(float), "zca"), rtol=1e-4, atol=1e-4)


def test_constant_column_stays_constant():
    z = zca_whiten(np.column_stack([correlated(), np.full(400, 2.0)]))
    np.testing.assert_allclose(z[:, 3], 0, atol=1e-9)


def test_fewer_samples_than_columns_are_whitened():
    assert np.isfinite(zca_whiten(np.random.default_rng(0).normal(size=(3, 8)))).all()


def test_invalid_arguments_are_named_in_errors():
    x, gamma, beta = drawn()
    for norm in NORMS.values():
        refuses_bad_images("x", lambda x, norm=norm: norm(x, gamma, beta))
        refuses_bad_eps(lambda eps, norm=norm: norm(x, gamma, beta, eps=eps))
        refuses(r"gamma must have shape \(4,\), but its shape is \(3,\)", norm, x, gamma[:3], beta)
        refuses(r"beta must have shape \(4,\), but its shape is \(1, 4\)", norm, x, gamma, beta[None])
    refuses("groups must divide the number of channels, which is 4, but it is 3", group_norm, x, 3, gamma, beta)
    refuses_bad_counts("groups", lambda groups: group_norm(x, groups, gamma, beta))
    refuses("dy must have the shape", group_norm_backward, x[:2], group_norm_forward(x, 2, gamma, beta)[1])
    refuses("dy must have the shape", rms_norm_backward, x[:2], rms_norm_forward(x, gamma)[1])
    refuses("gamma must have shape", rms_norm, x, gamma[:2])
    refuses_bad_tables("x", zca_whiten)
    refuses_bad_eps(lambda eps: zca_whiten(np.zeros((2, 2)), eps))
    refuses("x must contain only finite numbers", zca_whiten, [[np.nan, 1.0]])
    refuses("kind must be one of zca, pca, cholesky, but it is 'none'", whitening_matrix, np.eye(2), "none")
    refuses("covariance must be a square matrix", whitening_matrix, np.zeros((2, 3)))
    refuses("covariance must contain only finite numbers", whitening_matrix, [[np.inf]])
