"""Known mistakes in `make_block`."""

from bngrader.check.mistakes import Known, Mistake


def make_block(in_features, out_features, placement):
    import torch

    if placement not in ("pre", "post"):
        raise ValueError(f"placement must be 'pre' or 'post', not {placement!r}")
    linear = torch.nn.Linear(in_features, out_features, bias=placement == "post")
    norm = torch.nn.BatchNorm1d(out_features)
    tanh = torch.nn.Tanh()
    layers = [linear, norm, tanh] if placement == "pre" else [linear, tanh, norm]
    return torch.nn.Sequential(*layers)


def asked(make, what, *args):
    """Return one property of a block."""
    block = make(*args)
    if what == "kind":
        return type(block).__name__
    kinds = ("Linear", "BatchNorm1d", "Tanh", "ReLU", "Sigmoid")
    layers = {type(layer).__name__: layer for layer in block.modules() if type(layer).__name__ in kinds}
    if what == "order":
        return list(layers)
    if what == "bias":
        return 0 if layers["Linear"].bias is None else 1
    if what == "sizes":
        return [layers["Linear"].in_features, layers["Linear"].out_features, layers["BatchNorm1d"].num_features]
    return getattr(layers["BatchNorm1d"], what)


def blocks(rng):
    n_in, n_out = (int(n) for n in rng.permutation(7)[:2] + 2)
    for placement in ("pre", "post"):
        for what in ("kind", "order", "bias", "sizes", "eps", "momentum", "affine", "track_running_stats"):
            yield what, n_in, n_out, placement
    yield from (("order", n_in, n_out, placement) for placement in ("middle", "Pre"))


POST = "[linear, tanh, norm]"
PRE = "[linear, norm, tanh]"

MISTAKES = (
    Mistake(
        "pre and post swapped",
        {'placement == "pre"': 'placement != "pre"'},
        'You swap "pre" and "post". "pre" means that BN comes before the activation.',
    ),
    Mistake(
        "BN before the linear layer",
        {PRE: "[torch.nn.BatchNorm1d(in_features), linear, tanh]"},
        'Your "pre" puts BN before the linear layer. BN should come before the activation, but after the linear layer.',
    ),
    Mistake(
        "always a bias",
        {', bias=placement == "post"': ""},
        "Your linear layer always has a bias. In one of the two orders, BN subtracts this bias again together with "
        "the mean.",
    ),
    Mistake(
        "never a bias",
        {'placement == "post"': "False"},
        "Your linear layer never has a bias. In one of the two orders, the activation comes between the bias and BN,"
        " so BN cannot replace the bias.",
    ),
    Mistake(
        "a bias in the wrong place",
        {'placement == "post"': 'placement == "pre"'},
        "Your linear layer has a bias in the order that makes it redundant, and none in the other order. Think about"
        " what BN subtracts.",
    ),
    Mistake(
        "any other placement",
        ({'placement not in ("pre", "post")': "False"}, {"raise ValueError(f": "return None and (f"}),
        'You accept a placement that is neither "pre" nor "post". The text asks for an error in this case.',
    ),
    Mistake(
        "another error",
        {"raise ValueError": "raise KeyError"},
        "For an unknown placement, you raise an error of the wrong type. The text names the type.",
    ),
    Mistake(
        "sizes swapped",
        {"Linear(in_features, out_features": "Linear(out_features, in_features", "1d(out_features": "1d(in_features"},
        "You swap the two sizes, so your linear layer goes from out_features to in_features.",
    ),
    Mistake(
        "ReLU", {"torch.nn.Tanh()": "torch.nn.ReLU()"}, "Your block has another activation than the text asks for."
    ),
    Mistake(
        "decay for momentum",
        tuple({"1d(out_features)": f"1d(out_features, momentum={m})"} for m in (0.9, 0.99, 0.01)),
        "You set the momentum of the BN layer. The text asks for PyTorch's default. (PyTorch's momentum is 1 - decay.)",
    ),
    Mistake(
        "always the same eps",
        tuple({"1d(out_features)": f"1d(out_features, eps={eps})"} for eps in (1e-3, 1e-8)),
        "You set the eps of the BN layer. The text asks for PyTorch's default.",
    ),
    Mistake(
        "no gamma and beta",
        {"1d(out_features)": "1d(out_features, affine=False)"},
        "Your BN layer has no gamma and beta, because you set affine=False. The text asks for PyTorch's default.",
    ),
    Mistake(
        "a list",
        {"torch.nn.Sequential(*layers)": "layers"},
        "You return a list of layers. The text asks for a torch.nn.Sequential, which can be called like a layer.",
    ),
)

KNOWN = Known(make_block, blocks, MISTAKES, use=asked)
