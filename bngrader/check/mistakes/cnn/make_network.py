"""Known mistakes in `make_network`."""

from bngrader.check.mistakes import Known, Mistake


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


def looks(rng):
    for what in ("mode", "logits", "classes", "default", "bias", "BN gets", "activation", "size", "second call"):
        yield (what,)


def look_at(make, look_for):
    """Describe one property of a network in words."""
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
    """Return the logits for x, and each layer that ran with its input and its output."""
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
    """Find the last layer whose output was `got`."""
    made = [layer for layer, _, out in ran if out.shape == got.shape and bool((out == got).all())]
    return made[-1] if made else None


MISTAKES = (
    Mistake(
        "biases before BN",
        {"bias=False": "bias=True"},
        "A convolution before BN has a bias. It has no effect, because BN subtracts it again together with the mean,"
        " and beta takes over its role.",
    ),
    Mistake(
        "softmax at the end",
        {"num_classes)]": "num_classes), torch.nn.Softmax(dim=1)]"},
        "Your network ends with a softmax. The loss already applies one, so the network should return logits.",
    ),
    Mistake(
        "in evaluation mode",
        {"return network": "return network.eval()"},
        "Your network is in evaluation mode, in which BN does not use the statistics of the batch. The text asks for"
        " training mode.",
    ),
    Mistake(
        "always 10 classes",
        {"num_classes)]": "10)]"},
        "Your network always has 10 classes, because you ignore the argument num_classes.",
    ),
    Mistake(
        "no default",
        {"num_classes=10": "num_classes"},
        "make_network() fails without an argument. The header in the text gives num_classes a default.",
    ),
    Mistake(
        "no BN",
        {"layers.append(torch.nn.BatchNorm2d(width))": "pass"},
        "Your network has no BatchNorm2d. A block in the text consists of a convolution, BN and ReLU.",
    ),
    Mistake(
        "BN behind ReLU",
        {
            "torch.nn.BatchNorm2d(width)": "torch.nn.ReLU()",
            "torch.nn.ReLU())\n        channels": "torch.nn.BatchNorm2d(width))\n        channels",
        },
        "You put BN after ReLU. A block in the text has the order convolution, BN, ReLU.",
    ),
    Mistake(
        "no ReLU",
        {"layers.append(torch.nn.ReLU())": "pass"},
        "Your network has no ReLU after BN, so all its layers together are only a linear map in evaluation.",
    ),
    Mistake(
        "another activation",
        tuple({"torch.nn.ReLU()": f"torch.nn.{name}()"} for name in ("Tanh", "Sigmoid", "GELU", "LeakyReLU", "SiLU")),
        "Your network has another activation function where the text asks for ReLU.",
    ),
    Mistake(
        "dense layers alone",
        dense_network,
        "Your network has no convolution, because it flattens the images first. The text asks for blocks with a "
        "Conv2d.",
    ),
    Mistake(
        "three input channels",
        {"channels = [], 1": "channels = [], 3"},
        "Your first convolution does not accept images with a single channel. The digits are gray, not colored.",
    ),
    Mistake(
        "a list of layers",
        {"torch.nn.Sequential(*layers)": "layers"},
        "You do not return a torch.nn.Module, but for instance a list of layers. The caller has to be able to call "
        "the network.",
    ),
    Mistake(
        "too narrow",
        {"(16, 1), (32, 2)": "(2, 1), (2, 2)"},
        "Your network is too small to reach the accuracy in the text. Its convolutions have very few channels.",
    ),
    Mistake(
        "one network for all",
        {
            "num_classes=10": "num_classes=10, made={}",
            "Sequential(*layers)": "Sequential(*made.setdefault(num_classes, layers))",
        },
        "Two calls return the same network, or networks that share weights. So if you train one of them, the other "
        "changes too.",
    ),
)

KNOWN = Known(make_network, looks, MISTAKES, use=look_at)
