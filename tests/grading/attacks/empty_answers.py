"""Answers to every function of every assignment that have the right form and nothing else, for attacks on the points."""

FLOATS = "x.dtype if x.dtype.kind == 'f' else float"
TABLE = f"    kind = {FLOATS}\n"
EMPTY = {
    "standardize": f"def standardize(x):\n{TABLE}    z = np.zeros(x.shape, kind)\n    return z, z[0].copy(), z[0].copy()\n",
    "min_max_scale": (
        f"def min_max_scale(x):\n{TABLE}    z = np.zeros(x.shape, kind)\n    return z, z[0].copy(), z[0].copy()\n"
    ),
    "apply_standardize": f"def apply_standardize(x, mean, std):\n{TABLE}    return np.zeros(x.shape, kind)\n",
    "inverse_standardize": (
        f"def inverse_standardize(z, mean, std):\n    x = z\n{TABLE}    return np.zeros(x.shape, kind)\n"
    ),
    "mean_shift": f"def mean_shift(train, test):\n    x = train\n{TABLE}    return np.zeros(x.shape[1], kind)\n",
    "domain_auc": "def domain_auc(train_scores, test_scores):\n    return 0.5\n",
    "importance_weights": f"def importance_weights(p_test):\n    x = p_test\n{TABLE}    return np.ones(x.shape, kind)\n",
    "realign": (
        "def realign(test, train_mean, train_std, eps=1e-5):\n    x = test\n"
        f"{TABLE}    return np.zeros(x.shape, kind) + train_mean.astype(kind)\n"
    ),
    "activation_percentiles": (
        "def activation_percentiles(h, q=(15, 50, 85)):\n    x = h\n"
        f"{TABLE}    return np.zeros((len(q), x.shape[1]), kind)\n"
    ),
    "record_activations": (
        "def record_activations(model, x):\n"
        "    leaves = [name for name, module in model.named_modules() if not list(module.children())]\n"
        "    return {name: (0.0, 0.0) for name in leaves}\n"
    ),
    "gradient_shift": "def gradient_shift(g, g_after):\n    return 0.0, 0.0\n",
    "standardize_activations": (
        f"def standardize_activations(h, eps=1e-5):\n    x = h\n{TABLE}    return np.zeros(x.shape, kind)\n"
    ),
    "count_iterations": "def count_iterations(n_samples, batch_size, epochs, drop_last=False):\n    return 0\n",
    "iterate_minibatches": (
        "def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):\n"
        "    return [np.arange(n_samples)[k : k + batch_size] for k in range(0, n_samples, batch_size)]\n"
    ),
    "merge_statistics": (
        "def merge_statistics(batches):\n    x = list(batches)[0]\n    return np.zeros(x.shape[1]), np.zeros(x.shape[1])\n"
    ),
    "train_linear": (
        "def train_linear(x, y, lr, batch_size, epochs, rng):\n"
        f"{TABLE}    steps = -(-len(x) // batch_size) * epochs\n    return np.zeros(x.shape[1], kind), [0.0] * steps\n"
    ),
    "zca_whiten": f"def zca_whiten(x, eps=1e-5):\n{TABLE}    return np.zeros(x.shape, kind)\n",
    "batch_norm_forward": (
        f"def batch_norm_forward(x, gamma, beta, eps=1e-5):\n{TABLE}    return np.zeros(x.shape, kind), (x.copy(), gamma.copy())\n"
    ),
    "batch_norm_backward": (
        "def batch_norm_backward(dy, cache):\n    x = dy\n"
        f"{TABLE}    return np.zeros(x.shape, kind), np.zeros(x.shape[1], kind), np.zeros(x.shape[1], kind)\n"
    ),
    "tanh_linearity": "def tanh_linearity(x):\n    return 1.0\n",
    "make_block": (
        "def make_block(in_features, out_features, placement):\n    return torch.nn.Sequential(torch.nn.Tanh())\n"
    ),
    "BatchNorm": f"""
class BatchNorm:
    def __init__(self, num_features, decay=0.9, eps=1e-5):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self.training = True

    def __call__(self, x):
        return np.zeros(x.shape, {FLOATS})
""",
    "population_statistics": (
        "def population_statistics(batches):\n    x = list(batches)[0]\n"
        f"{TABLE}    return np.zeros(x.shape[1], kind), np.zeros(x.shape[1], kind)\n"
    ),
    "fold_linear": (
        "def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):\n    x = weight\n"
        f"{TABLE}    return np.zeros(x.shape, kind), np.zeros(len(x), kind)\n"
    ),
    "steps_to_forget": "def steps_to_forget(decay, tolerance):\n    return 0\n",
    "batch_norm2d_forward": (
        f"def batch_norm2d_forward(x, gamma, beta, eps=1e-5):\n{TABLE}    return np.zeros(x.shape, kind), (x.copy(), gamma.copy())\n"
    ),
    "batch_norm2d_backward": (
        "def batch_norm2d_backward(dy, cache):\n    x = dy\n"
        f"{TABLE}    return np.zeros(x.shape, kind), np.zeros(x.shape[1], kind), np.zeros(x.shape[1], kind)\n"
    ),
    "parameter_counts": (
        "def parameter_counts(in_channels, out_channels, kernel_size, batch_norm):\n    return 0, 0\n"
    ),
    "fold_conv": (
        "def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):\n    x = weight\n"
        f"{TABLE}    return np.zeros(x.shape, kind), np.zeros(len(x), kind)\n"
    ),
    "make_network": (
        "class Empty(torch.nn.Module):\n"
        "    def __init__(self, classes):\n"
        "        super().__init__()\n"
        "        self.classes, self.weight = classes, torch.nn.Parameter(torch.zeros(1))\n\n"
        "    def forward(self, x):\n"
        "        return torch.zeros(len(x), self.classes) + self.weight\n\n\n"
        "def make_network(num_classes=10):\n    return Empty(num_classes)\n"
    ),
} | {
    name: (
        f"def {name}(x, {groups}gamma, beta, eps=1e-5):\n"
        f"{TABLE}    return np.zeros(x.shape, kind) + beta.astype(kind).reshape(-1, 1, 1)\n"
    )
    for name, groups in (("batch_norm", ""), ("layer_norm", ""), ("instance_norm", ""), ("group_norm", "groups, "))
}
