"""Known mistakes in `record_activations`."""

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.networks import watched_network
from bngrader.check.observation import beside


def record_activations(model, x):
    import torch

    record, hooks = {}, []

    def watch(name):
        def note(module, inputs, output):
            record[name] = (output.mean().item(), output.std(correction=0).item())

        return note

    for name, module in model.named_modules():
        if not list(module.children()):
            hooks.append(module.register_forward_hook(watch(name)))
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.no_grad():
        model(x.clone())
        for name, buffer in model.named_buffers():
            buffer.copy_(before[name])
    for hook in hooks:
        hook.remove()
    return record


def record_at_the_end(model, x):
    import torch

    outputs, hooks = {}, []
    for name, module in model.named_modules():
        if not list(module.children()):
            note = lambda module, inputs, output, name=name: outputs.update({name: output})  # noqa: E731
            hooks.append(module.register_forward_hook(note))
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.no_grad():
        model(x.clone())
        for name, buffer in model.named_buffers():
            buffer.copy_(before[name])
    for hook in hooks:
        hook.remove()
    return {name: (output.mean().item(), output.std(correction=0).item()) for name, output in outputs.items()}


def recorded(function, kind, mode, what, x):
    import torch

    network, given = beside(function, watched_network, kind, mode), torch.tensor(x)
    before = getattr(network, what)() if what in ("state", "modes", "hooks", "learning") else None
    record = function(network, given)
    if what == "numbers":
        return [list(record[name]) for name in ("0", "1", "2") if name in record]
    if what == "kinds":
        return [type(number).__name__ for pair in record.values() for number in pair][:2]
    if what == "names":
        return list(record)
    if what == "x":
        return given.numpy().copy()
    return before, getattr(network, what)()


def networks(rng):
    x = rng.normal(size=(3, 3))
    for kind, mode, what in [
        ("plain", "train", "numbers"),
        ("plain", "train", "kinds"),
        ("plain", "train", "passes"),
        ("nested", "train", "names"),
        ("backwards", "train", "names"),
        ("batch_norm", "train", "numbers"),
        ("batch_norm", "eval", "numbers"),
        ("batch_norm", "mixed", "numbers"),
        ("batch_norm", "train", "state"),
        ("plain", "train", "modes"),
        ("plain", "eval", "modes"),
        ("batch_norm", "mixed", "modes"),
        ("plain", "train", "hooks"),
        ("hooked", "train", "hooks"),
        ("plain", "train", "learning"),
        ("in_place", "train", "x"),
        ("in_place", "train", "numbers"),
        ("far", "train", "numbers"),
    ]:
        yield kind, mode, what, x


MISTAKES = (
    Mistake(
        "divides by n - 1",
        {"correction=0": "correction=min(1, output.numel() - 1)"},
        "Your std divides the sum of squares by the number of entries less 1, as PyTorch does if it is not told "
        "otherwise. The biased standard deviation divides it by the number of entries.",
    ),
    Mistake(
        "the variance", {"output.std(": "output.var("}, "You record the variance. The standard deviation is asked."
    ),
    Mistake(
        "one pass",
        {"output.std(correction=0)": "((output**2).mean() - output.mean() ** 2).clamp(min=0).sqrt()"},
        "You compute the variance as the mean of squares minus the squared mean. Where the mean is large against the "
        "spread, the two nearly cancel, and rounding is what remains.",
        loose=True,
    ),
    Mistake(
        "for each unit",
        {
            "output.mean().item()": "output.mean(0).numpy()",
            "output.std(correction=0).item()": "output.std(0, False).numpy()",
        },
        "You record a mean and a std for each unit. A leaf has one of each, over all entries of its output.",
    ),
    Mistake(
        "the inputs",
        {"            record[name] =": "            output = inputs[0]\n            record[name] ="},
        "You record what goes into each leaf, and not what comes out.",
    ),
    Mistake(
        "tensors",
        {Every(".item()"): ""},
        "Your means and stds are tensors. They have to be numbers of Python's or NumPy's.",
    ),
    Mistake(
        "containers too",
        {"if not list(module.children()):": "if True:"},
        "You record modules that have children, too. Only the leaves are asked.",
    ),
    Mistake(
        "the first level only",
        {"model.named_modules()": "model.named_children()", "if not list(module.children()):": "if True:"},
        "You look at the model's own children alone. A leaf may lie deeper.",
    ),
    Mistake(
        "names of classes",
        {"record[name] =": "record[type(module).__name__] ="},
        "Your keys are not the names of named_modules(): two leaves can be of one class.",
    ),
    Mistake(
        "all under one name",
        {"record[name] =": "record[list(dict(model.named_modules()))[-1]] ="},
        "Your hooks all write under one name. A function made in a loop sees the loop's last value when it is called.",
    ),
    Mistake(
        "the order of registration",
        {"return record\n": "return {name: record[name] for name, _ in model.named_modules() if name in record}\n"},
        "Your record is in the order in which the modules are registered. It has to be in the order in which they run.",
    ),
    Mistake(
        "running statistics move",
        {"            buffer.copy_(before[name])": "            pass"},
        "Your recording moves the running statistics of BN layers in training. They have to be as before.",
    ),
    Mistake(
        "evaluation",
        (
            {
                "    with torch": "    was = model.training\n    model.eval()\n    with torch",
                "    return r": "    model.train(was)\n    return r",
            },
            {
                "    with torch": "    was = [m.training for m in model.modules()]\n    model.eval()\n    with torch",
                "    return r": "    for m, one in zip(model.modules(), was):\n        m.training = one\n    return r",
            },
            {"    with torch": "    model.eval()\n    with torch", "    return r": "    model.train()\n    return r"},
            {"    with torch": "    model.eval()\n    with torch"},
        ),
        "You put the model into evaluation. It runs, and is left, in the mode that it is in.",
    ),
    Mistake(
        "training",
        ({"    with torch": "    model.train()\n    with torch"},),
        "You put the model into training. It runs, and is left, in the mode that it is in.",
    ),
    Mistake(
        "hooks stay",
        {"        hook.remove()": "        pass"},
        "You leave your hooks on the modules: they run again at every later pass.",
    ),
    Mistake(
        "removes all hooks",
        {"for hook in hooks:": "for module in model.modules():", "hook.remove()": "module._forward_hooks.clear()"},
        "You remove hooks that others had put on the modules. Remove your own.",
    ),
    Mistake(
        "with gradients",
        {"    with torch.no_grad():\n        model(x.clone())\n": "    model(x.clone())\n    with torch.no_grad():\n"},
        "The model runs with gradients on. Recording needs none.",
    ),
    Mistake(
        "switches gradients off for good",
        {"    with torch": "    for p in model.parameters():\n        p.requires_grad_(False)\n    with torch"},
        "After your recording the parameters take no gradients any more. They have to be as before.",
    ),
    Mistake(
        "twice",
        {"        model(x.clone())": "        model(x.clone())\n        model(x.clone())"},
        "The model runs more than once.",
    ),
    Mistake(
        "x changes",
        {"x.clone()": "x"},
        "A first layer that works in place overwrites x. It has to be as before.",
    ),
    Mistake(
        "too late",
        record_at_the_end,
        "You keep the outputs and compute the numbers at the end. By then a layer that works in place has overwritten "
        "the output before it.",
    ),
)

KNOWN = Known(record_activations, networks, MISTAKES, use=recorded)
