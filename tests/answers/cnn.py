"""Right but unusual answers to the assignment on batch normalization in a CNN."""

UNUSUAL = {
    "batch_norm2d_forward": {
        "rows of channels, a list and a dictionary": """
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    n, c, h, w = x.shape
    rows = np.moveaxis(x, 1, 0).reshape(c, -1).astype(np.float64)
    mean = rows.mean(axis=1)
    centred = rows - mean[:, None]
    var = np.einsum("cm,cm->c", centred, centred) / rows.shape[1]
    std = np.sqrt(var + eps)
    hat = centred / std[:, None]
    y = hat * gamma[:, None] + beta[:, None]
    y = np.moveaxis(y.reshape(c, n, h, w), 0, 1)
    return [y.astype(kind), {"hat": hat, "std": std, "gamma": gamma.astype(np.float64)}]
""",
        "a loop over the channels": """
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    y = np.empty(x.shape, x.dtype if np.issubdtype(x.dtype, np.floating) else float)
    cache = []
    for c in range(x.shape[1]):
        values = x[:, c].astype(float)
        mean = values.mean()
        std = (((values - mean) ** 2).mean() + eps) ** 0.5
        y[:, c] = (values - mean) / std * gamma[c] + beta[c]
        cache.append((values, mean, std, gamma[c]))
    return y, cache
""",
        "scale and shift folded, cache an object": """
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    from types import SimpleNamespace
    out = np.float32 if x.dtype == np.float32 else np.float64
    first = x[:1, :, :1, :1].astype(np.float64)
    d = x - first
    shift = d.mean((0, 2, 3), keepdims=True)
    var = (d * d).mean((0, 2, 3), keepdims=True) - shift**2 if d.size < 3 else d.var((0, 2, 3), keepdims=True)
    a = gamma[None, :, None, None] / np.sqrt(var + eps)
    y = d * a + (beta[None, :, None, None] - shift * a)
    return y.astype(out), SimpleNamespace(d=d - shift, var=var, eps=eps, gamma=gamma)
""",
        "in the dtype of the input": """
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    if x.dtype.kind != "f":
        x, gamma, beta = x.astype(float), gamma.astype(float), beta.astype(float)
    mean = np.mean(x, axis=(0, 2, 3), keepdims=True)
    var = np.mean(np.square(x - mean), axis=(0, 2, 3), keepdims=True)
    std = np.sqrt(var + x.dtype.type(eps))
    hat = (x - mean) / std
    return gamma.reshape(1, -1, 1, 1) * hat + beta.reshape(1, -1, 1, 1), (hat, gamma, std)
""",
        "exact sums": """
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    import math
    n, c, h, w = x.shape
    y = np.zeros((n, c, h, w))
    for k in range(c):
        values = [float(v) for v in x[:, k].ravel()]
        mean = math.fsum(values) / len(values)
        var = math.fsum((v - mean) ** 2 for v in values) / len(values)
        hat = np.array([(v - mean) / math.sqrt(var + eps) for v in values])
        y[:, k] = (float(gamma[k]) * hat + float(beta[k])).reshape(n, h, w)
    return y.astype(x.dtype if x.dtype.kind == "f" else y.dtype), None
""",
    },
    "batch_norm2d_backward": {
        "staged, as in CS231n, with a forward of its own": """
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    rows = x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1]).astype(np.float64)
    mu = rows.mean(axis=0)
    centred = rows - mu
    std = np.sqrt((centred**2).mean(axis=0) + eps)
    hat = centred / std
    n, c, h, w = x.shape
    y = (gamma * hat + beta).reshape(n, h, w, c).transpose(0, 3, 1, 2)
    return y.astype(kind), (hat, gamma, centred, std)

def batch_norm2d_backward(dy, cache):
    kind = dy.dtype if dy.dtype.kind == "f" else np.float64
    hat, gamma, centred, std = cache
    n, c, h, w = dy.shape
    rows = dy.transpose(0, 2, 3, 1).reshape(-1, c).astype(np.float64)
    m = len(rows)
    dgamma, dbeta = (rows * hat).sum(axis=0), rows.sum(axis=0)
    dhat = rows * gamma
    dstd = -(dhat * centred).sum(axis=0) / std**2
    dvar = dstd / (2 * std)
    dcentred = dhat / std + 2 * centred * dvar / m
    dmu = -dcentred.sum(axis=0)
    dx = (dcentred + dmu / m).reshape(n, h, w, c).transpose(0, 3, 1, 2)
    return dx.astype(kind), dgamma.astype(kind), dbeta.astype(kind)
""",
        "by the Jacobian of one channel": """
def batch_norm2d_backward(dy, cache):
    x_hat, gamma, inv_std = cache
    scale = gamma * inv_std
    out = np.float32 if dy.dtype == np.float32 else np.float64
    dx, dgamma, dbeta = np.zeros(dy.shape), [], []
    for c in range(dy.shape[1]):
        hat, slope = x_hat[:, c].ravel(), dy[:, c].ravel().astype(float)
        m = len(hat)
        jacobian = np.eye(m) - 1 / m - np.outer(hat, hat) / m
        dx[:, c] = (scale.ravel()[c] * jacobian @ slope).reshape(dx[:, c].shape)
        dgamma.append(hat @ slope)
        dbeta.append(slope.sum())
    return [dx.astype(out), np.array(dgamma, out), np.array(dbeta, out)]
""",
        "means for sums": """
def batch_norm2d_backward(dy, cache):
    x_hat, gamma, inv_std = cache
    scale = gamma * inv_std
    kind = dy.dtype if dy.dtype.kind == "f" else float
    average = lambda a: np.mean(a, axis=(0, 2, 3), keepdims=True, dtype=float)
    a, b = average(dy), average(dy * x_hat)
    m = dy.shape[0] * dy.shape[2] * dy.shape[3]
    dx = scale * (dy - a - x_hat * b)
    return dx.astype(kind), (m * b).reshape(-1).astype(kind), (m * a).reshape(-1).astype(kind)
""",
        "a closure for a cache": """
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    kind = np.result_type(x.dtype, np.float32) if x.dtype.kind == "f" else np.dtype(float)
    v, g = x.astype(float), gamma.astype(float).reshape(1, -1, 1, 1)
    mean, std = v.mean((0, 2, 3), keepdims=True), np.sqrt(v.var((0, 2, 3), keepdims=True) + eps)
    hat = (v - mean) / std

    def back(dy):
        d = dy.astype(float)
        dgamma, dbeta = np.einsum("nchw,nchw->c", d, hat), np.einsum("nchw->c", d)
        dhat = d * g
        dx = (dhat - dhat.mean((0, 2, 3), keepdims=True) - hat * (dhat * hat).mean((0, 2, 3), keepdims=True)) / std
        return tuple(a.astype(dy.dtype if dy.dtype.kind == "f" else float) for a in (dx, dgamma, dbeta))

    return (g * hat + beta.reshape(1, -1, 1, 1)).astype(kind), back

def batch_norm2d_backward(dy, cache):
    return cache(dy)
""",
        "everything from the input again, in its dtype": """
def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    if x.dtype.kind != "f":
        x, gamma, beta = (np.asarray(a, float) for a in (x, gamma, beta))
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    std = np.sqrt(((x - mean) ** 2).mean(axis=(0, 2, 3), keepdims=True) + x.dtype.type(eps))
    return (x - mean) / std * gamma[:, None, None] + beta[:, None, None], (x.copy(), gamma.copy(), std)

def batch_norm2d_backward(dy, cache):
    x, gamma, std = cache
    dy = dy.astype(x.dtype)
    centred = x - x.mean(axis=(0, 2, 3), keepdims=True)
    m = x[:, 0].size
    dgamma = (dy * centred / std).sum(axis=(0, 2, 3))
    dhat = dy * gamma[:, None, None]
    dvar = (dhat * centred).sum(axis=(0, 2, 3), keepdims=True) / -2 / std**3
    dmean = -(dhat / std).sum(axis=(0, 2, 3), keepdims=True)
    return dhat / std + 2 * dvar * centred / m + dmean / m, dgamma, dy.sum(axis=(0, 2, 3))
""",
    },
    "parameter_counts": {
        "NumPy numbers in a list": """
def parameter_counts(in_channels, out_channels, kernel_size, batch_norm):
    filters = np.zeros((out_channels, in_channels, kernel_size, kernel_size))
    vectors = 2 if batch_norm else 1
    return [np.int64(filters.size + vectors * out_channels), np.int32(2 * out_channels * bool(batch_norm))]
""",
        "one filter after another": """
def parameter_counts(in_channels, out_channels, kernel_size, batch_norm):
    learnable = state = 0
    for _ in range(out_channels):
        learnable += in_channels * kernel_size * kernel_size + 1 + batch_norm
        state += 2 * batch_norm
    return learnable, state
""",
        "arithmetic with the flag": """
def parameter_counts(in_channels, out_channels, kernel_size, batch_norm):
    return out_channels * (in_channels * kernel_size**2 + 1 + batch_norm), 2 * batch_norm * out_channels
""",
        "as PyTorch counts": """
def parameter_counts(in_channels, out_channels, kernel_size, batch_norm):
    layers = [torch.nn.Conv2d(in_channels, out_channels, kernel_size, bias=not batch_norm)]
    if batch_norm:
        layers.append(torch.nn.BatchNorm2d(out_channels))
    network = torch.nn.Sequential(*layers)
    state = sum(b.numel() for name, b in network.named_buffers() if "running" in name)
    return sum(p.numel() for p in network.parameters()), state
""",
    },
    "fold_conv": {
        "einsum, a list": """
def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    kind = weight.dtype if weight.dtype.kind == "f" else np.float64
    a = gamma * (var + eps) ** -0.5
    b = beta - a * mean
    if bias is not None:
        b = b + a * bias
    return [np.einsum("o,oikl->oikl", a, weight).astype(kind), b.astype(kind)]
""",
        "filter by filter": """
def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    kind = np.float32 if weight.dtype == np.float32 else np.float64
    filters, shifts = [], []
    for k in range(weight.shape[0]):
        std = float(var[k] + eps) ** 0.5
        start = 0.0 if bias is None else float(bias[k])
        filters.append(weight[k].astype(float) * float(gamma[k]) / std)
        shifts.append((start - float(mean[k])) / std * float(gamma[k]) + float(beta[k]))
    return np.array(filters, kind), np.array(shifts, kind)
""",
        "a diagonal matrix": """
def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    kind = weight.dtype if np.issubdtype(weight.dtype, np.floating) else float
    d = np.diag(gamma / np.sqrt(var + eps))
    flat = d @ weight.reshape(len(weight), -1)
    z = -mean.astype(float) if bias is None else bias.astype(float) - mean
    return flat.reshape(weight.shape).astype(kind), (d @ z + beta).astype(kind)
""",
        "in the dtype of the input, the filter last": """
def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    if weight.dtype.kind != "f":
        weight, gamma, beta, mean, var = (1.0 * a for a in (weight, gamma, beta, mean, var))
        bias = None if bias is None else 1.0 * bias
    scale = gamma / np.sqrt(var + weight.dtype.type(eps))
    bias = np.zeros_like(mean) if bias is None else bias
    return (weight.T * scale).T, scale * (bias - mean) + beta
""",
        "the answer of BN to 0 and to 1": """
def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    kind = weight.dtype if weight.dtype.kind == "f" else np.dtype("float64")
    def bn(z):
        return gamma * (z - mean.astype(float)) / np.sqrt(var + eps) + beta
    b = np.zeros(len(weight)) if bias is None else bias
    scale = bn(np.ones(len(weight))) - bn(np.zeros(len(weight)))
    return (weight * scale[:, None, None, None]).astype(kind), bn(b).astype(kind)
""",
    },
    "make_network": {
        "a module of its own, with functions for ReLU and pooling": """
class DigitNetwork(torch.nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.bn1, self.bn2 = torch.nn.BatchNorm2d(16), torch.nn.BatchNorm2d(32)
        self.conv1 = torch.nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.conv2 = torch.nn.Conv2d(16, 32, 3, padding=1, bias=False)
        self.out = torch.nn.Linear(32 * 4, num_classes)

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 2)
        x = torch.nn.functional.max_pool2d(torch.relu(self.bn2(self.conv2(x))), 2)
        return self.out(x.flatten(1))

def make_network(num_classes=10):
    return DigitNetwork(num_classes)
""",
        "residual, with a biased shortcut that no BN follows": """
class Residual(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.shortcut = torch.nn.Conv2d(1, 24, 1)
        self.block = torch.nn.Sequential(
            torch.nn.Conv2d(1, 24, 3, padding=1, bias=False), torch.nn.BatchNorm2d(24), torch.nn.ReLU(),
            torch.nn.Conv2d(24, 24, 3, padding=1, bias=False), torch.nn.BatchNorm2d(24))

    def forward(self, x):
        return torch.nn.functional.relu(self.block(x) + self.shortcut(x))

def make_network(num_classes=10):
    end = [torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(24 * 16, num_classes)]
    return torch.nn.Sequential(Residual(), *end)
""",
        "ends in a convolution, with dropout, ReLU in place": """
def make_network(num_classes=10):
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, (3, 3), padding="same", bias=False), torch.nn.BatchNorm2d(16), torch.nn.ReLU(True),
        torch.nn.Conv2d(16, 32, 3, stride=2, bias=False), torch.nn.BatchNorm2d(32), torch.nn.ReLU(inplace=True),
        torch.nn.Dropout(0.1), torch.nn.Conv2d(32, num_classes, 3), torch.nn.Flatten(2), Average())

class Average(torch.nn.Module):
    def forward(self, x):
        return x.mean(dim=2)
""",
        "lazy layers, which take their sizes from the first batch": """
def make_network(num_classes=10):
    blocks = []
    for width in (16, 32):
        blocks += [torch.nn.LazyConv2d(width, 3, width // 16, 1, bias=False)]
        blocks += [torch.nn.LazyBatchNorm2d(), torch.nn.ReLU()]
    return torch.nn.Sequential(*blocks, torch.nn.Flatten(), torch.nn.LazyLinear(num_classes))
""",
        "one wide block, and BN for the dense layer too": """
def make_network(num_classes=10):
    network = torch.nn.Sequential()
    network.add_module("conv", torch.nn.Conv2d(1, 24, kernel_size=3, bias=None))
    network.add_module("bn", torch.nn.BatchNorm2d(24, eps=1e-3, momentum=0.2))
    network.add_module("relu", torch.nn.ReLU())
    network.add_module("flat", torch.nn.Flatten())
    network.add_module("dense", torch.nn.Linear(24 * 36, 48, bias=False))
    network.add_module("bn2", torch.nn.BatchNorm1d(48))
    network.add_module("relu2", torch.nn.ReLU())
    network.add_module("out", torch.nn.Linear(48, num_classes))
    return network
""",
        "blocks in a list, in a class inside of the function": """
def make_network(num_classes=10):
    class Block(torch.nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.layers = torch.nn.ModuleDict({
                "relu": torch.nn.ReLU(), "norm": torch.nn.BatchNorm2d(outputs),
                "conv": torch.nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False)})

        def forward(self, x):
            return self.layers["relu"](self.layers["norm"](self.layers["conv"](x)))

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = torch.nn.ModuleList([Block(1, 32), Block(32, 48)])
            self.head = torch.nn.Linear(48 * 4, num_classes)

        def forward(self, images):
            for block in self.blocks:
                images = block(images)
            return self.head(images.reshape(len(images), -1))

    return Network()
""",
    },
}
