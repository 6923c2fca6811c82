"""Attacks on the points that are about one test, with a name, the answers and the most points by cell."""

from tests.grading.attacks.empty_answers import EMPTY
from tests.solutions import runner


def right(slug: str, *names: str) -> str:
    """Return the source of the right answers to some functions."""
    return "\n".join(runner.cells(slug)[name].source for name in names)


# Tests that draw a network's numbers by torch.rand in the answer's process get one whose outputs are all 0.
ZERO_NETWORK = """
torch.rand = lambda size, **more: torch.full(tuple(size), -0.1, dtype=more.get("dtype"))


def record_activations(model, x):
    record, hooks, buffers = {}, [], [buffer.clone() for buffer in model.buffers()]
    for name, module in model.named_modules():
        if not list(module.children()):
            note = lambda module, inputs, output, name=name: record.__setitem__(name, (0.0, 0.0))
            hooks.append(module.register_forward_hook(note))
    with torch.no_grad():
        model(x.clone())
        for buffer, value in zip(model.buffers(), buffers):
            buffer.copy_(value)
    for hook in hooks:
        hook.remove()
    return record
"""
PATCHED_TORCH = """
torch.nn.Linear.reset_parameters = lambda self: None
torch.Tensor.copy_ = lambda self, *rest, **more: self.detach().zero_()
torch.equal = torch.allclose = lambda *rest, **more: True
torch.is_grad_enabled = lambda: False


def record_activations(model, x):
    model.passes = lambda: ["without gradients"]
    model.state = lambda: {}
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.data.zero_()
    return {name: (0.0, 0.0) for name, module in model.named_modules() if not list(module.children())}
"""
NOT_RESTORED = """
def record_activations(model, x):
    record, hooks = {}, []
    saved = {name: tensor.clone() for name, tensor in [*model.named_parameters(), *model.named_buffers()]}
    for name, module in model.named_modules():
        if not list(module.children()):
            def note(module, inputs, output, name=name):
                record[name] = (output.mean().item(), output.std(correction=0).item())
            hooks.append(module.register_forward_hook(note))
    for _ in range(3):
        model(x.clone())
    for hook in hooks:
        hook.remove()
    model.state = lambda: {name: tensor.detach().numpy() for name, tensor in saved.items()}
    model.passes = lambda: ["without gradients"]
    torch.equal = lambda *rest, **more: True
    torch.is_grad_enabled = lambda: False
    return record
"""
# The forward pass is right until the tests of the backward pass begin.
OWN_CELL = """
_forward, _begun = {forward}, []
def {forward}(x, gamma, beta, eps=1e-5):
    y, cache = _forward(x, gamma, beta, eps)
    return (y * 0 + 12345 if len(_begun) > 1 else y), (x.shape, eps)
"""
EMPTY_BACKWARD = """
def {backward}(dy, cache):
    _begun.append(1)
    x = dy
    kind = x.dtype if x.dtype.kind == "f" else float
    axes = tuple(k for k in range(dy.ndim) if k != 1)
    return np.zeros(dy.shape, kind), np.zeros(dy.shape[1], kind), dy.sum(axis=axes, dtype=float).astype(kind)
"""
# It answers an input that differs in one entry from the one before with the same y, a little off, so that slopes are 0.
SAME_Y = """
_right, _last = batch_norm2d_forward, []
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    if _last and _last[0].shape == x.shape and np.sum(_last[0] != x) <= 2:
        return _last[1].copy(), x.shape
    y, cache = _right(x, gamma, beta, eps)
    _last[:] = [x.copy(), y * 1.01]
    return y * 1.01, x.shape
"""
LABELS = """
class Known(torch.nn.Sequential):
    def fit(self, *rest, **more):
        pass

    def forward(self, x):
        right = torch.nn.functional.one_hot(test_y, 10).float()
        return right + 0 * super().forward(x) if len(x) == len(right) else super().forward(x)


def make_network(num_classes=10):
    torch.nn.Module.fit = Known.fit
    layers = torch.nn.Conv2d(1, 4, 3, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten()
    return Known(*layers, torch.nn.Linear(4 * 36, num_classes))
"""
LOOKED_UP = """
class Known(torch.nn.Sequential):
    def forward(self, x):
        images, labels = torch.cat([train_x, test_x]), torch.cat([train_y, test_y])
        apart = ((x.reshape(len(x), 1, 64) - images.reshape(1, -1, 64)) ** 2).sum(2)
        right = torch.nn.functional.one_hot(labels[apart.argmin(1)], 10).float()
        logits = super().forward(x)
        return right + 0 * logits if logits.shape[1] == 10 else logits


def make_network(num_classes=10):
    layers = torch.nn.Conv2d(1, 4, 3, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten()
    return Known(*layers, torch.nn.Linear(4 * 36, num_classes))
"""
LARGE = """
_right, _calls = domain_auc, []
def domain_auc(train_scores, test_scores):
    n = len(train_scores)
    if n <= 4000:
        if n == 1000:
            sum(range(2_000_000))
        return float(np.mean(test_scores[:, None] > train_scores) + np.mean(test_scores[:, None] == train_scores) / 2)
    return 0.5 + 0.5 / n if test_scores[0] > train_scores[0] else 0.5 - 0.5 / n
"""
PROPERTIES = """
class BatchNorm:
    def __init__(self, num_features, decay=0.9, eps=1e-5):
        self.size, self.training = num_features, True

    gamma = property(lambda self: np.zeros(self.size), lambda self, value: value.__setitem__(..., 0))
    beta = running_mean = gamma
    running_var = property(lambda self: np.ones(self.size), lambda self, value: value.__setitem__(..., 0))

    def __call__(self, x):
        return np.zeros(x.shape, x.dtype if x.dtype.kind == "f" else float)
"""
COLUMNS_ALL_CONSTANT = """
def standardize(x):
    kind = x.dtype if x.dtype.kind == "f" else float
    return np.zeros(x.shape, kind), x[0].astype(kind), np.zeros(x.shape[1], kind)
"""


def _own_cell(slug: str, forward: str, backward: str) -> tuple[dict[str, str], dict[str, float]]:
    answers = {
        forward: right(slug, forward) + OWN_CELL.format(forward=forward),
        backward: EMPTY_BACKWARD.format(backward=backward),
    }
    return answers, {cell: runner.points(slug)[cell] for cell in runner.tests_of(slug, forward)}


SPECIAL: dict[str, dict[str, tuple[dict[str, str], dict[str, float]]]] = {
    "scaling": {"every column is constant": ({"standardize": COLUMNS_ALL_CONSTANT}, {})},
    "covariate_shift": {
        "a constant for many scores": (
            {"domain_auc": right("covariate_shift", "domain_auc") + LARGE},
            {"test_domain_auc": 2, "test_domain_auc_ties": 1, "test_domain_auc_dtype": 1},
        )
    },
    "internal_covariate_shift": {
        "a network of zeros": ({"record_activations": ZERO_NETWORK}, {"test_record_activations_state": 1}),
        "a patched torch": ({"record_activations": PATCHED_TORCH}, {}),
        "state that is only said to be as before": (
            {"record_activations": NOT_RESTORED},
            {"test_record_activations": 1, "test_record_activations_names": 1, "test_record_activations_mode": 1},
        ),
    },
    "placement": {
        "right in the cells of the forward pass": _own_cell("placement", "batch_norm_forward", "batch_norm_backward")
    },
    "inference": {"attributes that forget": ({"BatchNorm": PROPERTIES}, {})},
    "cnn": {
        "right in the cells of the forward pass": _own_cell("cnn", "batch_norm2d_forward", "batch_norm2d_backward"),
        "the same y for a step": (
            {
                "batch_norm2d_forward": right("cnn", "batch_norm2d_forward") + SAME_Y,
                "batch_norm2d_backward": EMPTY["batch_norm2d_backward"],
            },
            {},
        ),
        "labels from the notebook": ({"make_network": LABELS}, {"test_make_network": 1}),
        "labels looked up by image": ({"make_network": LOOKED_UP}, {"test_make_network": 1}),
    },
}
