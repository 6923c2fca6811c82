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
        '"pre" and "post" are swapped: "pre" means that BN comes before the activation.',
    ),
    Mistake(
        "BN before the linear layer",
        {PRE: "[torch.nn.BatchNorm1d(in_features), linear, tanh]"},
        'Your "pre" puts BN before the linear layer. It comes between the linear layer and the activation.',
    ),
    Mistake(
        "always a bias",
        {', bias=placement == "post"': ""},
        "Your linear layer has a bias even where BN subtracts it again with the mean.",
    ),
    Mistake(
        "never a bias",
        {'placement == "post"': "False"},
        "Your linear layer never has a bias. In one of the two orders, BN does not make it redundant, because the "
        "activation comes in between.",
    ),
    Mistake(
        "a bias in the wrong place",
        {'placement == "post"': 'placement == "pre"'},
        "Your linear layer has a bias in the order that makes it redundant, and none in the other.",
    ),
    Mistake(
        "any other placement",
        ({'placement not in ("pre", "post")': "False"}, {"raise ValueError(f": "return None and (f"}),
        'You make a block even if placement is neither "pre" nor "post". This should raise a ValueError.',
    ),
    Mistake(
        "another error",
        {"raise ValueError": "raise KeyError"},
        "An unknown placement raises an error other than ValueError.",
    ),
    Mistake(
        "sizes swapped",
        {"Linear(in_features, out_features": "Linear(out_features, in_features", "1d(out_features": "1d(in_features"},
        "Your linear layer goes from out_features to in_features: the two sizes are swapped.",
    ),
    Mistake("ReLU", {"torch.nn.Tanh()": "torch.nn.ReLU()"}, "Your block has an activation other than Tanh."),
    Mistake(
        "decay for momentum",
        tuple({"1d(out_features)": f"1d(out_features, momentum={m})"} for m in (0.9, 0.99, 0.01)),
        "Your BN layer does not use PyTorch's default for momentum (which is 1 - decay).",
    ),
    Mistake(
        "an eps of its own",
        tuple({"1d(out_features)": f"1d(out_features, eps={eps})"} for eps in (1e-3, 1e-8)),
        "Your BN layer does not use PyTorch's default for eps.",
    ),
    Mistake(
        "no gamma and beta",
        {"1d(out_features)": "1d(out_features, affine=False)"},
        "Your BN layer has no gamma and beta: affine=False is not PyTorch's default.",
    ),
    Mistake(
        "a list", {"torch.nn.Sequential(*layers)": "layers"}, "You return a list of layers instead of a Sequential."
    ),
)

KNOWN = Known(make_block, blocks, MISTAKES, use=asked)
