"""Known mistakes in `record_activations`."""

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import ONE_PASS
from bngrader.check.networks import hooks_of, learning_of, modes_of, network_numbers, state_of, watched_network
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


LOOKS = {"state": state_of, "modes": modes_of, "hooks": hooks_of, "learning": learning_of}


def recorded(function, kind, mode, what, x):
    import torch

    passes = []
    numbers, given = network_numbers(kind), torch.tensor(x)
    network = beside(function, watched_network, kind, mode, numbers, passes.append)
    # In grading, the hooks of the answer's network are known only once the answer has used it.
    before = LOOKS[what](watched_network(kind, mode, numbers)) if what in LOOKS else None
    record = function(network, given)
    if what == "numbers":
        return [list(record[name]) for name in ("0", "1", "2") if name in record]
    if what == "kinds":
        return [type(number).__name__ for pair in record.values() for number in pair][:2]
    if what == "names":
        return list(record)
    if what == "x":
        return given.numpy().copy()
    return before, LOOKS[what](network) if what in LOOKS else passes


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
        (
            "Your std divides the sum of squares by the number of entries minus 1, as PyTorch does by default. The "
            "biased standard deviation divides it by the number of entries."
        ),
    ),
    Mistake(
        "the variance",
        {"output.std(": "output.var("},
        "You record the variance instead of its square root, the standard deviation.",
    ),
    Mistake(
        "one pass",
        {"output.std(correction=0)": "((output**2).mean() - output.mean() ** 2).clamp(min=0).sqrt()"},
        ONE_PASS,
        loose=True,
    ),
    Mistake(
        "for each unit",
        {
            "output.mean().item()": "output.mean(0).numpy()",
            "output.std(correction=0).item()": "output.std(0, False).numpy()",
        },
        (
            "You record a mean and a std for each unit. Each leaf needs only one mean and one std, over all entries "
            "of its output."
        ),
    ),
    Mistake(
        "the inputs",
        {"            record[name] =": "            output = inputs[0]\n            record[name] ="},
        "You record the input of each leaf instead of its output, so your numbers describe the layer before it.",
    ),
    Mistake(
        "tensors",
        {Every(".item()"): ""},
        "Your means and stds are tensors. They should be plain numbers.",
    ),
    Mistake(
        "containers too",
        {"if not list(module.children()):": "if True:"},
        "You also record modules that have children, such as a Sequential. Only leaves belong in the record.",
    ),
    Mistake(
        "the first level only",
        {"model.named_modules()": "model.named_children()", "if not list(module.children()):": "if True:"},
        ("You look only at the direct children of the model. A leaf can lie deeper, inside one of the children."),
    ),
    Mistake(
        "names of classes",
        {"record[name] =": "record[type(module).__name__] ="},
        (
            "Your keys are not the names from named_modules(). Two leaves can share a class, and then one overwrites"
            " the other."
        ),
    ),
    Mistake(
        "all under one name",
        {"record[name] =": "record[list(dict(model.named_modules()))[-1]] ="},
        (
            "All your hooks write under the same name. A function that is defined in a loop looks up the loop "
            "variable when it is called, and by then the loop has reached its last value."
        ),
    ),
    Mistake(
        "the order of registration",
        {"return record\n": "return {name: record[name] for name, _ in model.named_modules() if name in record}\n"},
        (
            "Your record lists the leaves in the order in which they are registered. It should list them in the "
            "order in which they run."
        ),
    ),
    Mistake(
        "running statistics move",
        {"            buffer.copy_(before[name])": "            pass"},
        (
            "Recording changes the running statistics of BN layers in training mode, because they update whenever "
            "such a layer runs. Afterwards they should be as before."
        ),
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
        (
            "You switch the model to evaluation mode, where layers such as BN give other outputs. Each module should"
            " run in its own mode, and be in that mode afterwards."
        ),
    ),
    Mistake(
        "training",
        ({"    with torch": "    model.train()\n    with torch"},),
        (
            "You switch the model to training mode, where layers such as BN give other outputs. Each module should "
            "run in its own mode, and be in that mode afterwards."
        ),
    ),
    Mistake(
        "hooks stay",
        {"        hook.remove()": "        pass"},
        "You leave your hooks on the modules, so they run again in every later pass. After the recording, the model "
        "should be as it was before.",
    ),
    Mistake(
        "removes all hooks",
        {"for hook in hooks:": "for module in model.modules():", "hook.remove()": "module._forward_hooks.clear()"},
        "You remove all hooks, including hooks that someone else has put on the modules. Keep track of the hooks "
        "that are yours.",
    ),
    Mistake(
        "with gradients",
        {"    with torch.no_grad():\n        model(x.clone())\n": "    model(x.clone())\n    with torch.no_grad():\n"},
        "The model runs with gradients enabled, so PyTorch builds a graph that recording does not need.",
    ),
    Mistake(
        "switches gradients off for good",
        {"    with torch": "    for p in model.parameters():\n        p.requires_grad_(False)\n    with torch"},
        (
            "After your recording, the parameters no longer require gradients, so nobody can train the model. They "
            "should be as before."
        ),
    ),
    Mistake(
        "twice",
        {"        model(x.clone())": "        model(x.clone())\n        model(x.clone())"},
        (
            "You run the model more than once. Each extra pass costs time and has side effects, so the model should "
            "run only once."
        ),
    ),
    Mistake(
        "x changes",
        {"x.clone()": "x"},
        ("The first layer can work in place, and then it overwrites x. After the recording, x should be as before."),
    ),
    Mistake(
        "too late",
        record_at_the_end,
        (
            "You keep the outputs and compute their numbers at the end. By then, a layer that works in place has "
            "overwritten the output of the layer before it."
        ),
    ),
)

KNOWN = Known(record_activations, networks, MISTAKES, use=recorded)
