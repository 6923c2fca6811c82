"""Right but unusual answers to the assignment on internal covariate shift."""

UNUSUAL = {
    "activation_percentiles": {
        "by the formula": """
def activation_percentiles(h, q=(15, 50, 85)):
    ordered, n = np.sort(h.astype(float), axis=0), len(h)
    rows = []
    for one in q:
        t = one / 100 * (n - 1)
        k = int(t)
        row = ordered[k].copy()
        if t > k:
            row += (t - k) * (ordered[k + 1] - ordered[k])
        rows.append(row)
    return np.array(rows, dtype=h.dtype if h.dtype.kind == "f" else float)
""",
        "np.quantile on the transpose": """
def activation_percentiles(h, q=(15, 50, 85)):
    p = np.quantile(h.T * 1.0, np.asarray(q, dtype=float) / 100, axis=1)
    return p.astype(np.float32 if h.dtype == np.float32 else np.float64)
""",
        "np.interp by unit": """
def activation_percentiles(h, q=(15, 50, 85)):
    at = np.linspace(0, 100, len(h)) if len(h) > 1 else np.zeros(1)
    out = np.empty((len(q), h.shape[1]), h.dtype if np.issubdtype(h.dtype, np.floating) else np.float64)
    for j in range(h.shape[1]):
        out[:, j] = np.interp(q, at, np.sort(h[:, j]).astype(np.float64))
    return out
""",
        "pure Python": """
def activation_percentiles(h, q=(15, 50, 85)):
    result = []
    for one in q:
        row = []
        for column in zip(*h.tolist()):
            s, t = sorted(column), one * (len(column) - 1) / 100
            low, high = s[int(t)], s[min(int(t) + 1, len(s) - 1)]
            row.append(low * (1 - t % 1) + high * (t % 1))
        result.append(row)
    return np.array(result).astype(h.dtype if h.dtype.kind == "f" else "float64")
""",
    },
    "record_activations": {
        "on a copy of the model": """
import copy

def record_activations(model, x):
    twin, record = copy.deepcopy(model), {}
    for name, module in twin.named_modules():
        if len(list(module.children())) == 0:
            def note(module, inputs, output, name=name):
                values = output.detach().numpy().astype(np.float64)
                record[name] = [values.mean(), values.std()]
            module.register_forward_hook(note)
    with torch.inference_mode():
        twin(x.detach().clone())
    return record
""",
        "state_dict and a hook for all modules": """
import copy

def record_activations(model, x):
    names = {module: name for name, module in model.named_modules() if not module._modules}
    before, record = copy.deepcopy(model.state_dict()), {}

    def note(module, inputs, output):
        if module in names:
            mean = output.double().mean()
            record[names[module]] = (float(mean), float(((output.double() - mean) ** 2).mean().sqrt()))

    hook = torch.nn.modules.module.register_module_forward_hook(note)
    try:
        with torch.no_grad():
            model(torch.clone(x))
    finally:
        hook.remove()
        model.load_state_dict(before)
    return record
""",
        "wrapped forward methods": """
def record_activations(model, x):
    record, buffers = {}, [buffer.clone() for buffer in model.buffers()]
    leaves = [(n, m) for n, m in model.named_modules() if not any(True for _ in m.children())]

    def wrapped(name, forward):
        def run(*args):
            out = forward(*args)
            record[name] = tuple(v.item() for v in torch.var_mean(out.double(), correction=0))[::-1]
            record[name] = (record[name][0], record[name][1] ** 0.5)
            return out
        return run

    for name, module in leaves:
        module.forward = wrapped(name, module.forward)
    grad = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    model(x + 0)
    for buffer, value in zip(model.buffers(), buffers):
        buffer[...] = value
    torch.set_grad_enabled(grad)
    for _, module in leaves:
        del module.forward
    return record
""",
        "functional_call": """
from collections import OrderedDict

def record_activations(model, x):
    record, handles = OrderedDict(), []
    for name, module in model.named_modules():
        if next(module.children(), None) is None:
            def note(module, inputs, output, name=name):
                values = output.numpy()
                record[name] = np.mean(values, dtype=float), np.std(values, dtype=float)
            handles.append(module.register_forward_hook(note))
    state = {name: t.detach().clone() for name, t in [*model.named_parameters(), *model.named_buffers()]}
    with torch.no_grad():
        torch.func.functional_call(model, state, (x.clone(),))
    [handle.remove() for handle in handles]
    return record
""",
    },
    "gradient_shift": {
        "vdot": """
def gradient_shift(g, g_after):
    g, g_after = np.asarray(g, dtype=float), np.asarray(g_after, dtype=float)
    a, b = np.sqrt(np.vdot(g, g)), np.sqrt(np.vdot(g_after, g_after))
    d = g_after - g
    cosine = 0 if a == 0 or b == 0 else np.vdot(g, g_after) / a / b
    return [np.sqrt(np.vdot(d, d)), cosine]
""",
        "unit vectors": """
def gradient_shift(g, g_after):
    def unit(v):
        size = np.sqrt(np.sum(v * v))
        return v / size if size else v
    a, b = g.reshape(-1) * 1.0, g_after.reshape(-1) * 1.0
    return np.linalg.norm(a - b), np.dot(unit(a), unit(b))
""",
        "math.fsum": """
import math

def gradient_shift(g, g_after):
    a, b = g.flatten().tolist(), g_after.flatten().tolist()
    l2 = math.sqrt(math.fsum((v - u) ** 2 for u, v in zip(a, b)))
    norms = [math.sqrt(math.fsum(v * v for v in c)) for c in (a, b)]
    if 0 in norms:
        return l2, 0
    return l2, math.fsum(u * v for u, v in zip(a, b)) / norms[0] / norms[1]
""",
        "einsum and a silenced warning": """
def gradient_shift(g, g_after):
    both = np.stack([g.ravel(), g_after.ravel()]).astype(np.float64)
    gram = np.einsum("ik,jk->ij", both, both)
    size = np.sqrt(np.diag(gram))
    with np.errstate(invalid="ignore"):
        cosine = np.nan_to_num(gram[0, 1] / (size[0] * size[1]))
    return (np.hypot.reduce(both[1] - both[0]), cosine)
""",
    },
    "standardize_activations": {
        "one scale and one shift": """
def standardize_activations(h, eps=1e-5):
    v = h.astype(np.float64)
    v = v - v[0]
    a = (v.var(axis=0) + eps) ** -0.5
    z = a * v - a * v.mean(axis=0)
    return z.astype(h.dtype) if h.dtype.kind == "f" else z
""",
        "column by column": """
def standardize_activations(h, eps=1e-5):
    out = np.empty(h.shape, h.dtype if np.issubdtype(h.dtype, np.floating) else np.float64)
    for j, column in enumerate(h.T.tolist()):
        mean = sum(column) / len(column)
        var = sum((v - mean) ** 2 for v in column) / len(column)
        out[:, j] = [(v - mean) / (var + eps) ** 0.5 for v in column]
    return out
""",
        "in place on a copy": """
def standardize_activations(h, eps=1e-5):
    x = np.array(h, h.dtype if h.dtype.kind == "f" else "float64", order="F")
    x -= x.mean(axis=0, keepdims=True)
    x -= x.mean(axis=0, keepdims=True)
    x /= np.sqrt(np.einsum("ij,ij->j", x, x) / len(x) + eps)
    return x
""",
        "a centring matrix": """
def standardize_activations(h, eps=1e-5):
    n = len(h)
    centred = (np.eye(n) - np.full((n, n), 1 / n)) @ (h - h[:1].astype(float))
    z = centred @ np.diag(1 / np.sqrt((centred * centred).sum(axis=0) / n + eps))
    return z.astype(np.promote_types(h.dtype, np.float32) if h.dtype.kind == "f" else float)
""",
    },
}
