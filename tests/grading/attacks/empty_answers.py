"""Answers to every function of every assignment that have the right form and nothing else, for attacks on the points.

They are sent to the grader as text, so each uses only its arguments, NumPy, torch and `kind_of`.
"""

import inspect
import sys

import numpy as np
import torch


def kind_of(x):
    return x.dtype if x.dtype.kind == "f" else np.dtype(float)


def standardize(x):
    return np.zeros(x.shape, kind_of(x)), np.zeros(x.shape[1], kind_of(x)), np.zeros(x.shape[1], kind_of(x))


def min_max_scale(x):
    return np.zeros(x.shape, kind_of(x)), np.zeros(x.shape[1], kind_of(x)), np.zeros(x.shape[1], kind_of(x))


def apply_standardize(x, mean, std):
    return np.zeros(x.shape, kind_of(x))


def inverse_standardize(z, mean, std):
    return np.zeros(z.shape, kind_of(z))


def mean_shift(train, test):
    return np.zeros(train.shape[1], kind_of(train))


def domain_auc(train_scores, test_scores):
    return 0.5


def importance_weights(p_test):
    return np.ones(p_test.shape, kind_of(p_test))


def realign(test, train_mean, train_std, eps=1e-5):
    return np.zeros(test.shape, kind_of(test)) + train_mean.astype(kind_of(test))


def activation_percentiles(h, q=(15, 50, 85)):
    return np.zeros((len(q), h.shape[1]), kind_of(h))


def record_activations(model, x):
    return {name: (0.0, 0.0) for name, module in model.named_modules() if not list(module.children())}


def gradient_shift(g, g_after):
    return 0.0, 0.0


def standardize_activations(h, eps=1e-5):
    return np.zeros(h.shape, kind_of(h))


def count_iterations(n_samples, batch_size, epochs, drop_last=False):
    return 0


def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    return [np.arange(n_samples)[start : start + batch_size] for start in range(0, n_samples, batch_size)]


def merge_statistics(batches):
    first = next(iter(list(batches)))
    return np.zeros(first.shape[1]), np.zeros(first.shape[1])


def train_linear(x, y, lr, batch_size, epochs, rng):
    return np.zeros(x.shape[1], kind_of(x)), [0.0] * (-(-len(x) // batch_size) * epochs)


def batch_norm(x, gamma, beta, eps=1e-5):
    return np.zeros(x.shape, kind_of(x)) + beta.astype(kind_of(x)).reshape(-1, 1, 1)


def layer_norm(x, gamma, beta, eps=1e-5):
    return np.zeros(x.shape, kind_of(x)) + beta.astype(kind_of(x)).reshape(-1, 1, 1)


def instance_norm(x, gamma, beta, eps=1e-5):
    return np.zeros(x.shape, kind_of(x)) + beta.astype(kind_of(x)).reshape(-1, 1, 1)


def group_norm(x, groups, gamma, beta, eps=1e-5):
    return np.zeros(x.shape, kind_of(x)) + beta.astype(kind_of(x)).reshape(-1, 1, 1)


def zca_whiten(x, eps=1e-5):
    return np.zeros(x.shape, kind_of(x))


def batch_norm_forward(x, gamma, beta, eps=1e-5):
    return np.zeros(x.shape, kind_of(x)), (x.copy(), gamma.copy())


def batch_norm_backward(dy, cache):
    return np.zeros(dy.shape, kind_of(dy)), np.zeros(dy.shape[1], kind_of(dy)), np.zeros(dy.shape[1], kind_of(dy))


def tanh_linearity(x):
    return 1.0


def make_block(in_features, out_features, placement):
    return torch.nn.Sequential(torch.nn.Tanh())


class BatchNorm:
    def __init__(self, num_features, decay=0.9, eps=1e-5):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self.training = True

    def __call__(self, x):
        return np.zeros(x.shape, kind_of(x))


def population_statistics(batches):
    first = next(iter(list(batches)))
    return np.zeros(first.shape[1], kind_of(first)), np.zeros(first.shape[1], kind_of(first))


def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    return np.zeros(weight.shape, kind_of(weight)), np.zeros(len(weight), kind_of(weight))


def steps_to_forget(decay, tolerance):
    return 0


def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    return np.zeros(x.shape, kind_of(x)), (x.copy(), gamma.copy())


def batch_norm2d_backward(dy, cache):
    return np.zeros(dy.shape, kind_of(dy)), np.zeros(dy.shape[1], kind_of(dy)), np.zeros(dy.shape[1], kind_of(dy))


def parameter_counts(in_channels, out_channels, kernel_size, batch_norm):
    return 0, 0


def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    return np.zeros(weight.shape, kind_of(weight)), np.zeros(len(weight), kind_of(weight))


def make_network(num_classes=10):
    class Empty(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return torch.zeros(len(x), num_classes) + self.weight

    return Empty()


def sources():
    """Return the source of each empty answer, with that of `kind_of`."""
    answers = {name: thing for name, thing in vars(sys.modules[__name__]).items() if callable(thing)}
    return {
        name: f"{inspect.getsource(kind_of)}\n\n{inspect.getsource(answer)}"
        for name, answer in answers.items()
        if name not in ("kind_of", "sources")
    }


EMPTY = sources()
