"""Known mistakes in the assignment on batch normalization in a CNN."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake


def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    axes = (0, 2, 3)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    gamma, beta = gamma.astype(float)[:, None, None], beta.astype(float)[:, None, None]
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * inv_std
    y = gamma * x_hat + beta
    return y.astype(dtype), (x_hat, gamma, inv_std)


def forward_to_rows(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    rows = x.astype(float).transpose(0, 2, 3, 1).reshape(-1, x.shape[1])
    x_hat = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps)
    return (gamma * x_hat + beta).astype(dtype), (x_hat, gamma, eps)


def forward_on_rows(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    rows = x.astype(float).reshape(-1, x.shape[1])
    inv_std = 1 / np.sqrt(rows.var(axis=0) + eps)
    x_hat = (rows - rows.mean(axis=0)) * inv_std
    y = gamma * x_hat + beta
    return y.reshape(x.shape).astype(dtype), (x_hat, gamma, inv_std)


def forward_in_integers(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=(0, 2, 3), keepdims=True), x.astype(float).var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x.astype(float) - mean) / np.sqrt(var + eps)
    y = gamma.astype(float)[:, None, None] * x_hat + beta.astype(float)[:, None, None]
    return y.astype(x.dtype), (x_hat, gamma, var)


def batch_norm2d_backward(dy, cache):
    dtype = dy.dtype if dy.dtype.kind == "f" else float
    dy = dy.astype(float)
    x_hat, gamma, inv_std = cache
    axes = (0, 2, 3)
    m = dy.size / dy.shape[1]
    dbeta, dgamma = dy.sum(axis=axes), (dy * x_hat).sum(axis=axes)
    through_mean = dbeta[:, None, None] / m
    through_var = x_hat * dgamma[:, None, None] / m
    dx = gamma * inv_std * (dy - through_mean - through_var)
    return dx.astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)


def sums_over_the_batch(dy, cache):
    x_hat, gamma, inv_std = cache
    dbeta, dgamma = dy.sum(axis=0), (dy * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dy - dbeta / len(dy) - x_hat * dgamma / len(dy))
    return dx, dgamma, dbeta


def backward_on_rows(dy, cache):
    dtype = dy.dtype if dy.dtype.kind == "f" else float
    x_hat, gamma, inv_std = cache
    rows, hat = (a.astype(float).reshape(-1, dy.shape[1]) for a in (dy, x_hat))
    dbeta, dgamma = rows.sum(axis=0), (rows * hat).sum(axis=0)
    dx = (gamma * inv_std).ravel() * (rows - dbeta / len(rows) - hat * dgamma / len(rows))
    return dx.reshape(dy.shape).astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)


def parameter_counts(in_channels, out_channels, kernel_size, batch_norm):
    weights = out_channels * in_channels * kernel_size**2
    learnable = weights + (2 * out_channels if batch_norm else out_channels)
    state = 2 * out_channels if batch_norm else 0
    return learnable, state


def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    dtype = weight.dtype if weight.dtype.kind == "f" else float
    weight, gamma, beta = weight.astype(float), gamma.astype(float), beta.astype(float)
    bias = np.zeros(len(weight)) if bias is None else bias.astype(float)
    scale = gamma / np.sqrt(var.astype(float) + eps)
    new_weight = weight * scale[:, None, None, None]
    new_bias = (bias - mean) * scale + beta
    return new_weight.astype(dtype), new_bias.astype(dtype)


def fold_the_input_channels(weight, bias, gamma, beta, mean, var, eps=1e-5):
    dtype = weight.dtype if weight.dtype.kind == "f" else float
    bias = np.zeros(len(weight)) if bias is None else bias.astype(float)
    scale = gamma / np.sqrt(var + eps)
    return (weight * scale[:, None, None]).astype(dtype), ((bias - mean) * scale + beta).astype(dtype)


def make_network(num_classes=10):
    import torch

    layers, channels = [], 1
    for width, stride in ((16, 1), (32, 2)):
        layers.append(torch.nn.Conv2d(channels, width, 3, stride, padding=1, bias=False))
        layers.append(torch.nn.BatchNorm2d(width))
        layers.append(torch.nn.ReLU())
        channels = width
    layers += [torch.nn.Flatten(), torch.nn.Linear(16 * width, num_classes)]
    network = torch.nn.Sequential(*layers)
    return network


def dense_network(num_classes=10):
    import torch

    layers = [torch.nn.Flatten(), torch.nn.Linear(64, 64, bias=False), torch.nn.BatchNorm1d(64), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(64, num_classes))


def images(rng):
    def plain(size):
        return np.ones(size), np.zeros(size)

    two = np.array([2.0, -1.0]), np.array([10.0, 3.0])
    yield np.array([1.0, 5.0]).reshape(2, 1, 1, 1), *plain(1), 1e-5
    yield np.array([1.0, 3.0, 5.0, 8.0]).reshape(2, 1, 1, 2), *plain(1), 1e-5
    yield np.array([1.0, 5.0, 2.0, 4.0]).reshape(2, 2, 1, 1), *two, 1e-5
    yield np.round(rng.normal(3, 2, (2, 2, 2, 2)), 1), *two, 1e-5
    yield rng.normal(3, 2, (2, 3, 1, 4)) + np.arange(3).reshape(3, 1, 1), *plain(3), 1e-5
    yield np.array([7.0, -2.0]).reshape(1, 2, 1, 1), *plain(2), 1e-5
    yield np.full((2, 1, 1, 2), 0.1), np.ones(1), np.full(1, 7.0), 1e-5
    yield 0.01 * rng.normal(size=(3, 1, 1, 2)), *plain(1)
    yield 0.01 * rng.normal(size=(3, 1, 1, 2)), *plain(1), 1e-3
    yield np.array([1, 2, 5], np.float32).reshape(3, 1, 1, 1), np.ones(1, np.float32), np.zeros(1, np.float32), 1e-5
    yield rng.permutation(9)[:6].reshape(3, 1, 1, 2), np.array([2]), np.array([1]), 1e-5
    yield 1e6 + rng.integers(-1024, 1025, (8, 1, 2, 2)) / 1024, *plain(1), 1e-5
    frozen = rng.normal(size=(4, 1, 2, 2))[::2]
    frozen.flags.writeable = False
    yield frozen, *plain(1), 1e-5


def normalized(forward, x, gamma, beta, *eps):
    returned = forward(x, gamma, beta, *eps)
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return "no pair"
    return returned[0] if isinstance(returned[0], np.ndarray) else "no array first"


def part_of(returned, names, name):
    complete = isinstance(returned, tuple | list) and len(returned) == len(names)
    return returned[names.index(name)] if complete else f"not {len(names)} results"


GRADIENTS = ("dx", "dgamma", "dbeta")


def gradients(rng):
    for x, gamma, beta, *eps in images(rng):
        dy = np.round(rng.normal(1, 2, x.shape), 1)
        dy = (np.round(4 * dy) if x.dtype.kind == "i" else dy).astype(x.dtype)
        dy.flags.writeable = x.flags.writeable
        for name in GRADIENTS:
            yield name, dy.copy() if dy.flags.writeable else dy, x, gamma, beta, *eps


def one_gradient(backward, forward, name, dy, x, gamma, beta, *eps):
    cache = forward(x, gamma, beta, *eps)[1]
    return [part_of(backward(dy, cache), GRADIENTS, name) for _ in range(2)]


def convolutions(rng):
    few = [(3, 64, 7), (1, 1, 1), *rng.integers(2, 9, (2, 3)).tolist()]
    for sizes in few:
        for batch_norm in (False, True):
            for name in ("learnable", "state"):
                yield name, *sizes, batch_norm


def one_count(count, name, in_channels, out_channels, kernel_size, batch_norm):
    return part_of(count(in_channels, out_channels, kernel_size, batch_norm), ("learnable", "state"), name)


def convolutions_with_bn(rng):
    def layer(*shape, dtype=float, bias=True):
        weight = rng.permutation(np.prod(shape)).reshape(shape) + 2
        vectors = (rng.permutation(5)[: shape[0]] + 1 for _ in range(5))
        first, *others = [a.astype(dtype) for a in vectors]
        return weight.astype(dtype), first if bias else None, *others

    for name in ("weight", "bias"):
        yield name, *layer(1, 1, 1, 1), 1.0
        yield name, *layer(1, 1, 1, 1, bias=False), 1.0
        yield name, *layer(2, 2, 2, 2), 1e-5
        yield name, *layer(2, 3, 1, 2), 1e-5
        yield name, *layer(1, 1, 1, 1)[:-1], rng.uniform(1, 2, 1) * 1e-4
        yield name, *layer(1, 1, 1, 1)[:-1], rng.uniform(1, 2, 1) * 1e-4, 1e-3
        yield name, *layer(1, 1, 1, 1, dtype=np.float32), 1e-5
        yield name, *layer(1, 1, 1, 1, dtype=np.float32, bias=False), 1e-5
        yield name, *layer(1, 1, 1, 1, dtype=int), 1e-5
        frozen = layer(2, 1, 1, 1)
        for array in frozen:
            array.flags.writeable = False
        yield name, *frozen, 1e-5


def one_fold(fold, name, weight, bias, gamma, beta, mean, var, *eps):
    return part_of(fold(weight, bias, gamma, beta, mean, var, *eps), ("weight", "bias"), name)


def looks(rng):
    for what in ("mode", "logits", "classes", "default", "bias", "BN gets", "activation", "size", "second call"):
        yield (what,)


def look_at(make, look_for):
    """One thing about a network, in words."""
    import torch

    network = make() if look_for == "default" else make(7 if look_for == "classes" else 10)
    if not isinstance(network, torch.nn.Module):
        return "no torch.nn.Module"
    if look_for == "mode":
        return f"training: {network.training}"
    if look_for == "size":
        return "small" if sum(p.numel() for p in network.parameters()) < 600 else "large enough"
    network.eval()
    if look_for == "second call":
        other = make(10)
        other(torch.ones(2, 1, 8, 8))
        other.load_state_dict({name: torch.zeros_like(value) for name, value in other.state_dict().items()})
        return "changes nothing" if network(torch.ones(1, 1, 8, 8)).any() else "changes the first network"
    logits, ran = trace(network, torch.randn(5, 1, 8, 8))
    if look_for == "logits":
        return "add up to 1" if (logits.sum(dim=1) - 1).abs().max() < 1e-4 else "any numbers"
    if look_for in ("classes", "default"):
        return f"shape {tuple(logits.shape)}"
    return look_at_layers(look_for, ran)


def trace(network, x):
    """The layers that ran for x, each with what it got and what it made."""
    ran = []

    def note(layer, inputs, output):
        ran.append((layer, inputs[0].detach().clone(), output.detach().clone()))

    for layer in network.modules():
        if not list(layer.children()):
            layer.register_forward_hook(note)
    try:
        return network(x).detach(), ran
    except RuntimeError as error:
        kind = ValueError if "channels" in str(error) else RuntimeError
        raise kind(str(error)) from error


def look_at_layers(look_for, ran):
    names = [type(layer).__name__ for layer, _, _ in ran]
    if look_for == "activation":
        known = [name for name in ("Tanh", "Sigmoid", "GELU", "LeakyReLU", "SiLU") if name in names]
        return " ".join(known) or ("ReLU" if any((got >= 0).all() for _, got, _ in ran) else "nothing")
    sources = [source(ran[:i], got) for i, (_, got, _) in enumerate(ran) if names[i] == "BatchNorm2d"]
    if look_for == "bias":
        needless = (layer for layer in sources if type(layer).__name__ == "Conv2d" and layer.bias is not None)
        return "needless" if any(True for _ in needless) else "fine"
    if "Conv2d" not in names:
        return "there is no convolution"
    return type(sources[0]).__name__ if sources else "there is no BN"


def source(ran, got):
    """The last layer that made just this."""
    made = [layer for layer, _, out in ran if out.shape == got.shape and bool((out == got).all())]
    return made[-1] if made else None


DTYPE = 'x.dtype if x.dtype.kind == "f" else float'
READ_ONLY = "You write into an argument: the caller's own array is changed. Work on a new array."

KNOWN = (
    Known(
        batch_norm2d_forward,
        images,
        (
            Mistake(
                "as in a dense layer",
                {"axes = (0, 2, 3)": "axes = (0,)"},
                "You normalize every pixel by itself, over the batch alone, as a dense layer does. Height and width "
                "belong to the channel's statistics too.",
            ),
            Mistake(
                "instance normalization",
                {"axes = (0, 2, 3)": "axes = (2, 3)"},
                "You normalize each image by itself: that is instance normalization. BN takes one mean for a channel "
                "of all images of the batch.",
            ),
            Mistake(
                "layer normalization",
                {"axes = (0, 2, 3)": "axes = (1, 2, 3)"},
                "You take the statistics over the channels of one image: that is layer normalization. Each channel "
                "has its own mean, over all images.",
            ),
            Mistake(
                "one mean for everything",
                {"axes = (0, 2, 3)": "axes = (0, 1, 2, 3)"},
                "You take one mean and one variance of the whole array. Each channel has its own.",
            ),
            Mistake(
                "channel last",
                {"axes = (0, 2, 3)": "axes = (0, 1, 2)"},
                "You treat the last axis as the channels. Here the channel comes second, as in PyTorch.",
            ),
            Mistake(
                "rows by reshape",
                forward_on_rows,
                "You reshape (N, C, H, W) to rows of C numbers. That mixes the channels: reshape keeps the order in "
                "memory, and the channel axis has to become the last one before.",
            ),
            Mistake(
                "stays in rows",
                forward_to_rows,
                "Your y has one row for each pixel. Bring it back to the shape of x, (N, C, H, W).",
            ),
            Mistake(
                "unbiased variance",
                {"x.var(axis=axes, keepdims=True)": "x.var(axis=axes, keepdims=True, ddof=min(1, x[:, 0].size - 1))"},
                "Your variance divides by m - 1. The variance that normalizes is the biased one: it divides by m.",
            ),
            Mistake(
                "eps outside of the root",
                {"1 / np.sqrt(var + eps)": "1 / (np.sqrt(var) + eps)"},
                "You add eps to the standard deviation. It is added to the variance, inside the square root.",
            ),
            Mistake(
                "no eps",
                {"1 / np.sqrt(var + eps)": "1 / np.sqrt(var)"},
                "You leave eps out: a constant channel is divided by 0, and a channel that varies little comes out "
                "too large.",
                loose=True,
            ),
            Mistake(
                "eps not from the argument",
                {"1 / np.sqrt(var + eps)": "1 / np.sqrt(var + 1e-5)"},
                "You use an eps of 1e-5 whatever eps is given.",
            ),
            Mistake(
                "divides by the variance",
                {"1 / np.sqrt(var + eps)": "1 / (var + eps)"},
                "You divide by the variance. The standard deviation is its square root.",
            ),
            Mistake(
                "no gamma and beta",
                {"y = gamma * x_hat + beta": "y = x_hat + 0 * (gamma + beta)"},
                "You return x_hat itself: gamma and beta are not used.",
            ),
            Mistake(
                "shift before scale",
                {"y = gamma * x_hat + beta": "y = gamma * (x_hat + beta)"},
                "You multiply beta by gamma too. x_hat is scaled first, and then shifted.",
            ),
            Mistake(
                "gamma and beta along the width",
                {"[:, None, None]": ""},
                "You let gamma and beta run along the last axis, the width. NumPy lines up axes from the right; "
                "gamma belongs to the channels, the second axis.",
            ),
            Mistake(
                "gamma and beta swapped",
                {"y = gamma * x_hat + beta": "y = beta * x_hat + gamma"},
                "You scale by beta and shift by gamma. It is the other way round.",
            ),
            Mistake(
                "mean of variances",
                {"x.var(axis=axes, keepdims=True)": "x.var(axis=0, keepdims=True).mean(axis=(2, 3), keepdims=True)"},
                "You average the variances of the pixels. How far the pixels' means lie apart is missing: take the "
                "variance of all m values at once.",
            ),
            Mistake(
                "divides by N",
                {
                    "x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)": (
                        "x.sum(axis=axes, keepdims=True) / len(x), 0\n"
                        "    var = ((x - mean) ** 2).sum(axis=axes, keepdims=True) / len(x)"
                    )
                },
                "You divide the sums by the number of images. A channel has m = N * H * W values.",
            ),
            Mistake(
                "another default for eps",
                ({"eps=1e-5": "eps=1e-3"}, {"eps=1e-5": "eps=1e-8"}, {"eps=1e-5": "eps"}),
                "Where no eps is given, it is 1e-5.",
            ),
            Mistake(
                "back by reshape",
                {"y.astype(dtype), (x_hat": ("y.transpose(0, 2, 3, 1).reshape(x.shape).astype(dtype), (x_hat")},
                "You go back from rows of channels to (N, C, H, W) by reshape alone. The axes have to be put back "
                "into their order.",
            ),
            Mistake(
                "one pass",
                {
                    "x.var(axis=axes, keepdims=True)": (
                        "np.maximum((x**2).mean(axis=axes, keepdims=True) - x.mean(axis=axes, keepdims=True) ** 2, 0)"
                    )
                },
                "Your variance is the mean of the squares less the square of the mean. Where the mean is large "
                "against the spread, two nearly equal numbers are subtracted, and the digits are gone.",
                loose=True,
            ),
            Mistake(
                "always float64",
                {DTYPE: "float"},
                "Your y is float64 whatever comes in. float32 in, float32 out.",
            ),
            Mistake(
                "integers stay integers",
                forward_in_integers,
                "You return integers where x holds integers, and cut off what is behind the point. Integers are "
                "taken as float64.",
            ),
            Mistake(
                "in place",
                {
                    "x = x.astype(float)": "x = x if x.dtype == float else x.astype(float)",
                    "(x - mean)": "np.subtract(x, mean, out=x)",
                },
                READ_ONLY,
            ),
            Mistake(
                "y alone",
                {"y.astype(dtype), (x_hat, gamma, inv_std)": "y.astype(dtype)"},
                "You return y alone. The backward pass needs a cache, so return both.",
            ),
            Mistake(
                "cache first",
                {"return y.astype(dtype), (x_hat, gamma, inv_std)": "return (x_hat, gamma, inv_std), y.astype(dtype)"},
                "You return the cache first. y comes first, then the cache.",
            ),
        ),
        use=normalized,
    ),
    Known(
        batch_norm2d_backward,
        gradients,
        (
            Mistake(
                "statistics as constants",
                {"(dy - through_mean - through_var)": "dy"},
                "Your dx takes mean and variance for constants. Both depend on every x of the channel, and pass the "
                "gradient on.",
            ),
            Mistake(
                "no path through the variance",
                {" - through_var": ""},
                "Your dx misses the path through the variance: each x moves it, and with it all of the channel.",
            ),
            Mistake(
                "no path through the mean",
                {" - through_mean": ""},
                "Your dx misses the path through the mean: each x moves it, and with it all of the channel.",
            ),
            Mistake(
                "adds the path through the variance",
                {" - through_var": " + through_var"},
                "In your dx the path through the variance has the wrong sign.",
            ),
            Mistake(
                "half of the path through the variance",
                {" - through_var": " - through_var / 2"},
                "In your dx the path through the variance has half its weight: the variance is a mean of squares, and "
                "a square has a factor 2 in its derivative.",
            ),
            Mistake(
                "m is the batch alone",
                {"m = dy.size / dy.shape[1]": "m = len(dy)"},
                "Your dx divides by the number of images. The mean of a channel is taken of m = N * H * W values.",
            ),
            Mistake(
                "m - 1",
                {"m = dy.size / dy.shape[1]": "m = max(dy.size / dy.shape[1] - 1, 1)"},
                "Your dx divides by m - 1. Mean and biased variance divide by m.",
            ),
            Mistake(
                "m is everything",
                {"m = dy.size / dy.shape[1]": "m = dy.size"},
                "Your dx divides by the size of the whole array. A channel has m = N * H * W values.",
            ),
            Mistake(
                "sums for means",
                {"m = dy.size / dy.shape[1]": "m = 1"},
                "Your dx subtracts the sums of the channel. Mean and variance are means: each entry has a share of "
                "1 / m in them.",
            ),
            Mistake(
                "averaged gradients",
                {"dgamma.astype(dtype), dbeta.astype(dtype)": "(dgamma / m).astype(dtype), (dbeta / m).astype(dtype)"},
                "You average dgamma and dbeta over the channel. gamma acts on all of its entries, so their "
                "contributions add up.",
            ),
            Mistake(
                "gamma twice in dx",
                {"gamma * inv_std": "gamma**2 * inv_std"},
                "Your dx has gamma in it twice.",
            ),
            Mistake(
                "gradient of x_hat for x",
                {"gamma * inv_std * (dy": "(dy"},
                "Your dx has neither gamma nor the standard deviation in it: x reaches y through gamma * x_hat, and "
                "x_hat is divided by the standard deviation.",
            ),
            Mistake(
                "no gamma in dx",
                {"gamma * inv_std": "inv_std"},
                "Your dx forgets gamma: x reaches y through gamma * x_hat.",
            ),
            Mistake(
                "no standard deviation in dx",
                {"gamma * inv_std": "gamma"},
                "Your dx forgets to divide by the standard deviation: x reaches x_hat through it.",
            ),
            Mistake(
                "dgamma without x_hat",
                {"dgamma.astype(dtype)": "dbeta.astype(dtype)"},
                "Your dgamma adds up dy alone. gamma is multiplied by x_hat, so each dy counts x_hat times.",
            ),
            Mistake(
                "in another order",
                (
                    {"dgamma.astype(dtype), dbeta.astype(dtype)": "dbeta.astype(dtype), dgamma.astype(dtype)"},
                    {
                        "dx.astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)": (
                            "dgamma.astype(dtype), dbeta.astype(dtype), dx.astype(dtype)"
                        )
                    },
                ),
                "Your gradients are in another order: return dx, dgamma, dbeta.",
            ),
            Mistake(
                "rows by reshape",
                backward_on_rows,
                "You reshape (N, C, H, W) to rows of C numbers. That mixes the channels: the channel axis has to "
                "become the last one before.",
            ),
            Mistake(
                "the shape of the sums",
                (
                    {
                        "dgamma.astype(dtype), dbeta.astype(dtype)": (
                            "dgamma.astype(dtype)[:, None, None], dbeta.astype(dtype)[:, None, None]"
                        )
                    },
                    {
                        "dgamma.astype(dtype), dbeta.astype(dtype)": (
                            "dgamma.astype(dtype)[None, :, None, None], dbeta.astype(dtype)[None, :, None, None]"
                        )
                    },
                ),
                "Your dgamma and dbeta keep axes of length 1. Each has shape (C,).",
            ),
            Mistake(
                "sums over the batch alone",
                sums_over_the_batch,
                "You add up over the batch alone, as in a dense layer. gamma and beta act on all pixels of a channel, "
                "so height and width are added up too.",
            ),
            Mistake(
                "back by reshape",
                {"return dx.": "return dx.transpose(0, 2, 3, 1).reshape(dy.shape)."},
                "You go back from rows of channels to (N, C, H, W) by reshape alone. The axes have to be put back into "
                "their order.",
            ),
            Mistake(
                "always float64",
                {'dy.dtype if dy.dtype.kind == "f" else float': "float"},
                "Your gradients are float64 whatever comes in. float32 in, float32 out.",
            ),
            Mistake(
                "integers stay integers",
                {
                    "    dy = dy.astype(float)": "    whole = dy.dtype.kind == 'i'\n    dy = dy.astype(float)",
                    "dbeta.astype(dtype)": "dbeta.astype(int if whole else dtype)",
                },
                "Where dy holds integers, so does your dbeta. Integers are taken as float64.",
            ),
            Mistake(
                "dy in place",
                {
                    "dy = dy.astype(float)": "dy = dy if dy.dtype == float else dy.astype(float)",
                    "(dy - through_mean": "(np.subtract(dy, through_mean, out=dy)",
                },
                READ_ONLY,
            ),
            Mistake(
                "the cache in place",
                {"through_var = x_hat *": "x_hat *= 1\n    through_var = x_hat; x_hat *="},
                "You write into the cache: a second call with the same cache gives another result.",
            ),
        ),
        use=one_gradient,
        needs=(batch_norm2d_forward,),
    ),
    Known(
        parameter_counts,
        convolutions,
        (
            Mistake(
                "a bias under BN",
                {"(2 * out_channels if": "(3 * out_channels if"},
                "You count a bias of the convolution beside BN. BN takes a bias away again, so there is none.",
            ),
            Mistake(
                "no gamma and beta",
                {"(2 * out_channels if": "(0 if"},
                "You forget gamma and beta: they are learnable, one of each for every output channel.",
            ),
            Mistake(
                "one bias for all",
                {" else out_channels)": " else 1)"},
                "You count one bias for the whole convolution. Each filter has its own.",
            ),
            Mistake(
                "one gamma and beta for all",
                {"(2 * out_channels if": "(2 if"},
                "You count one gamma and one beta for the whole layer. Each output channel has its own.",
            ),
            Mistake(
                "with and without BN swapped",
                {" if batch_norm": " if not batch_norm"},
                "Your two cases are swapped: what you count for a convolution with BN belongs to one without.",
            ),
            Mistake(
                "swapped",
                {"return learnable, state": "return state, learnable"},
                "You return the state first. The learnable parameters come first, then the state.",
            ),
            Mistake(
                "learnable alone",
                {"return learnable, state": "return learnable"},
                "You return one number. There are two, the learnable parameters and the state.",
            ),
            Mistake(
                "beta alone",
                {"(2 * out_channels if": "(out_channels if"},
                "You count one parameter of BN for a channel. There are two, gamma and beta.",
            ),
            Mistake(
                "no bias without BN",
                {" else out_channels)": " else 0)"},
                "You forget the bias: without BN each filter has one.",
            ),
            Mistake(
                "running statistics are learned",
                {"(2 * out_channels if": "(4 * out_channels if"},
                "You count the running mean and variance among the learnable parameters. They are averaged and not "
                "learned.",
            ),
            Mistake(
                "gamma and beta for the input channels",
                {"(2 * out_channels if": "(2 * in_channels if"},
                "You count gamma and beta for each input channel. BN comes behind the convolution.",
            ),
            Mistake(
                "a filter is a line",
                {"kernel_size**2": "kernel_size"},
                "You count kernel_size weights for a filter and a channel. The filter is a square.",
            ),
            Mistake(
                "one filter for all inputs",
                {"out_channels * in_channels *": "out_channels *"},
                "You count the weights of a filter for one channel. It has as many again for each input channel.",
            ),
            Mistake(
                "the running mean alone",
                {"state = 2 * out_channels": "state = out_channels"},
                "You count one stored number for a channel. BN stores a running mean and a running variance.",
            ),
            Mistake(
                "state for two numbers",
                {"state = 2 * out_channels": "state = 2"},
                "You count one running mean and one running variance. Each output channel has its own.",
            ),
            Mistake(
                "state for the input channels",
                {"state = 2 * out_channels": "state = 2 * in_channels"},
                "You count running statistics for each input channel. BN comes behind the convolution.",
            ),
            Mistake(
                "everything is state",
                {"state = 2 * out_channels": "state = 4 * out_channels"},
                "You count gamma and beta in the state. They are learned; the state is running mean and variance.",
            ),
            Mistake(
                "a counter in the state",
                {"state = 2 * out_channels": "state = 1 + 2 * out_channels"},
                "You count a counter of batches in the state. Only the running means and variances count.",
            ),
            Mistake(
                "no state",
                {"state = 2 * out_channels": "state = 0 * out_channels"},
                "You count no state. BN stores a running mean and a running variance for each output channel.",
            ),
            Mistake(
                "state without BN",
                {" if batch_norm else 0": ""},
                "You count a state without BN. A convolution alone stores nothing beside what it learns.",
            ),
        ),
        use=one_count,
    ),
    Known(
        fold_conv,
        convolutions_with_bn,
        (
            Mistake(
                "no eps",
                {" + eps)": ")"},
                "You leave eps out: BN divides by the root of var + eps.",
            ),
            Mistake(
                "another default for eps",
                ({"eps=1e-5": "eps=1e-3"}, {"eps=1e-5": "eps=1e-8"}, {"eps=1e-5": "eps"}),
                "Where no eps is given, it is 1e-5.",
            ),
            Mistake(
                "eps not from the argument",
                {" + eps)": " + 1e-5)"},
                "You use an eps of 1e-5 whatever eps is given.",
            ),
            Mistake(
                "eps outside of the root",
                {"np.sqrt(var.astype(float) + eps)": "(np.sqrt(var.astype(float)) + eps)"},
                "You add eps to the standard deviation. It is added to the variance, inside the square root.",
            ),
            Mistake(
                "divides by the variance",
                (
                    {"np.sqrt(var.astype(float) + eps)": "(var.astype(float) + eps)"},
                    {"np.sqrt(var.astype(float) + eps)": "var.astype(float)"},
                ),
                "You divide by the variance. BN divides by its square root.",
            ),
            Mistake(
                "no gamma",
                {"gamma / np.sqrt": "1 / np.sqrt"},
                "You leave gamma out: BN multiplies by gamma / sqrt(var + eps).",
            ),
            Mistake(
                "scales the input channels",
                fold_the_input_channels,
                "You scale the weights by input channel. BN acts on what comes out: each filter, the first axis of "
                "the weight, has its own number.",
            ),
            Mistake(
                "scales along the last axis",
                {"scale[:, None, None, None]": "scale"},
                "You multiply the weight by numbers along its last axis. NumPy lines up axes from the right; each "
                "filter, the first axis, has its own number.",
            ),
            Mistake(
                "the weight is left alone",
                {"weight * scale[:, None, None, None]": "weight + 0"},
                "You leave the weight as it is. BN multiplies all that a filter makes, so its weights are multiplied.",
            ),
            Mistake(
                "the old bias is not scaled",
                {"(bias - mean) * scale + beta": "bias - mean * scale + beta"},
                "You add the old bias as it is. BN comes behind it and scales it like all the rest.",
            ),
            Mistake(
                "the old bias is lost",
                {"(bias - mean) * scale + beta": "beta - mean * scale"},
                "You drop the old bias. Where the convolution has one, BN scales it and passes it on.",
            ),
            Mistake(
                "no mean",
                {"(bias - mean) * scale + beta": "bias * scale + beta"},
                "Your bias forgets the running mean, which BN subtracts.",
            ),
            Mistake(
                "the mean is not scaled",
                {"(bias - mean) * scale + beta": "bias * scale - mean + beta"},
                "You subtract the running mean as it is. BN subtracts it first and scales what is left.",
            ),
            Mistake(
                "adds the mean",
                {"(bias - mean)": "(bias + mean)"},
                "You add the running mean. BN subtracts it.",
            ),
            Mistake(
                "beta is scaled",
                {"(bias - mean) * scale + beta": "(bias - mean + beta) * scale"},
                "You scale beta too. BN adds it at the end.",
            ),
            Mistake(
                "no beta",
                {"(bias - mean) * scale + beta": "(bias - mean) * scale + 0 * beta"},
                "Your bias forgets beta.",
            ),
            Mistake(
                "no bias stays no bias",
                {
                    "bias = np.zeros(len(weight)) if bias is None else bias.astype(float)": (
                        "bias = mean if bias is None else bias.astype(float)"
                    )
                },
                "Where bias is None your new bias is beta alone. BN still subtracts the running mean, and scales it.",
            ),
            Mistake(
                "None stays None",
                {
                    "bias = np.zeros(len(weight)) if bias is None else bias.astype(float)": (
                        "none, bias = bias is None, np.zeros(len(weight)) if bias is None else bias.astype(float)"
                    ),
                    "new_bias.astype(dtype)": "None if none else new_bias.astype(dtype)",
                },
                "You return None for the bias where bias is None. BN adds something, so there is a bias now.",
            ),
            Mistake(
                "float64 for None",
                {
                    "bias = np.zeros(len(weight)) if bias is None else bias.astype(float)": (
                        "kind = float if bias is None else dtype\n"
                        "    bias = np.zeros(len(weight)) if bias is None else bias.astype(float)"
                    ),
                    "new_bias.astype(dtype)": "new_bias.astype(kind)",
                },
                "Where bias is None your new bias is float64: np.zeros makes float64 if it is told nothing else.",
            ),
            Mistake(
                "one bias for all",
                {"new_bias.astype(dtype)": "new_bias.astype(dtype)[:, None, None, None]"},
                "Your new bias keeps axes of length 1. It has shape (out,).",
            ),
            Mistake(
                "swapped",
                {
                    "return new_weight.astype(dtype), new_bias.astype(dtype)": (
                        "return new_bias.astype(dtype), new_weight.astype(dtype)"
                    )
                },
                "You return the bias first. The weight comes first, then the bias.",
            ),
            Mistake(
                "None is an error",
                (
                    {"np.zeros(len(weight)) if bias is None else bias.astype(float)": "bias.astype(float)"},
                    {"np.zeros(len(weight)) if bias is None else bias.astype(float)": "bias"},
                ),
                "You use the bias as an array without asking for None, which means 0.",
            ),
            Mistake(
                "always float64",
                {'weight.dtype if weight.dtype.kind == "f" else float': "float"},
                "Your results are float64 whatever comes in. float32 in, float32 out.",
            ),
            Mistake(
                "integers stay integers",
                {'weight.dtype if weight.dtype.kind == "f" else float': "weight.dtype"},
                "You return integers where the weight holds integers, and cut off what is behind the point. Integers "
                "are taken as float64.",
            ),
            Mistake(
                "in place",
                {
                    "weight, gamma, beta = weight.astype(float)": (
                        "weight, gamma, beta = weight if weight.dtype == float else weight.astype(float)"
                    ),
                    "weight * scale[:, None, None, None]": "np.multiply(weight, scale.reshape(-1, 1, 1, 1), weight)",
                    "new_weight.astype(dtype)": "new_weight.astype(dtype, copy=False)",
                },
                READ_ONLY,
            ),
        ),
        use=one_fold,
    ),
    Known(
        make_network,
        looks,
        (
            Mistake(
                "biases before BN",
                {"bias=False": "bias=True"},
                "A convolution that BN follows has a bias. BN subtracts it again with the mean; beta takes its role.",
            ),
            Mistake(
                "softmax at the end",
                {"num_classes)]": "num_classes), torch.nn.Softmax(dim=1)]"},
                "Your network ends in a softmax. The loss does that itself: return the logits.",
            ),
            Mistake(
                "in evaluation mode",
                {"return network": "return network.eval()"},
                "Your network is in evaluation mode, so BN would not take the batch's statistics. Return it in "
                "training mode.",
            ),
            Mistake(
                "always 10 classes",
                {"num_classes)]": "10)]"},
                "Your network has 10 classes whatever is asked for.",
            ),
            Mistake(
                "no default",
                {"num_classes=10": "num_classes"},
                "make_network() without an argument fails: 10 is what num_classes is if nothing is given.",
            ),
            Mistake(
                "no BN",
                {"layers.append(torch.nn.BatchNorm2d(width))": "pass"},
                "There is no BatchNorm2d in your network. A block is convolution, BN, ReLU.",
            ),
            Mistake(
                "BN behind ReLU",
                {
                    "torch.nn.BatchNorm2d(width)": "torch.nn.ReLU()",
                    "torch.nn.ReLU())\n        channels": "torch.nn.BatchNorm2d(width))\n        channels",
                },
                "BN stands behind ReLU. The order of a block is convolution, BN, ReLU.",
            ),
            Mistake(
                "no ReLU",
                {"layers.append(torch.nn.ReLU())": "pass"},
                "Nothing in your network is non-linear: ReLU is missing behind BN.",
            ),
            Mistake(
                "another activation",
                tuple(
                    {"torch.nn.ReLU()": f"torch.nn.{name}()"}
                    for name in ("Tanh", "Sigmoid", "GELU", "LeakyReLU", "SiLU")
                ),
                "Your network has another activation where a block has ReLU.",
            ),
            Mistake(
                "dense layers alone",
                dense_network,
                "Your network has no convolution: it flattens the images first.",
            ),
            Mistake(
                "three input channels",
                {"channels = [], 1": "channels = [], 3"},
                "Your first convolution does not take images of one channel, as the digits are.",
            ),
            Mistake(
                "a list of layers",
                {"torch.nn.Sequential(*layers)": "layers"},
                "You return something else than a torch.nn.Module: a list of layers, for instance, is no network yet.",
            ),
            Mistake(
                "too narrow",
                {"(16, 1), (32, 2)": "(2, 1), (2, 2)"},
                "Your network is too small to read digits: give its convolutions more channels.",
            ),
            Mistake(
                "one network for all",
                {
                    "num_classes=10": "num_classes=10, made={}",
                    "Sequential(*layers)": "Sequential(*made.setdefault(num_classes, layers))",
                },
                "Each call returns the same network, or one that shares its weights: training one changes the other.",
            ),
        ),
        use=look_at,
    ),
)
