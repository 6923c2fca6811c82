"""Known mistakes in `count_iterations`."""

from bngrader.check.mistakes import Known, Mistake


def count_iterations(n_samples, batch_size, epochs, drop_last=False):
    if n_samples < 1 or batch_size < 1 or epochs < 1:
        raise ValueError("values below 1")
    full, left = divmod(n_samples, batch_size)
    if left and not drop_last:
        full += 1
    return full * epochs


def count_over_all_epochs(n_samples, batch_size, epochs, drop_last=False):
    if n_samples < 1 or batch_size < 1 or epochs < 1:
        raise ValueError("values below 1")
    full, left = divmod(n_samples * epochs, batch_size)
    return full + (1 if left and not drop_last else 0)


def runs(rng):
    size, batches, epochs = (int(k) for k in rng.integers(4, 9, 3))
    yield 4, 2, 1
    yield 4, 2, 3
    yield 3, 2, 1
    yield 5, 3, 1
    yield 10, 4, 3
    yield 3, 5, 2
    yield 10, 4, 3, True
    yield 3, 5, 2, True
    yield size * batches, size, epochs
    yield size * batches + 1, size, epochs
    yield size * batches - 1, size, epochs
    yield from ((0, 2, 1), (4, 0, 2), (4, 2, 0))
    yield from ((-4, 2, 1), (4, -2, 1), (4, 2, -1))


VALUES = "n_samples < 1 or batch_size < 1 or epochs < 1"
CHECK = f"if {VALUES}"

MISTAKES = (
    Mistake(
        "leaves out the short batch",
        (
            {"if left and not drop_last:": "if False:"},
            {
                "if left and not drop_last:": "if False:",
                "full * epochs": "int(n_samples / batch_size * epochs)",
            },
        ),
        (
            "You round down, so the last, shorter batch of an epoch goes missing. It counts as an iteration unless "
            "drop_last is True."
        ),
    ),
    Mistake(
        "ignores drop_last",
        {"if left and not drop_last:": "if left:"},
        "You count the last, shorter batch even when drop_last is True. Then an epoch skips the samples of this batch.",
    ),
    Mistake(
        "drop_last the wrong way round",
        {"if left and not drop_last:": "if left and drop_last:"},
        (
            "You treat drop_last the wrong way round: you leave the shorter batch out when it is False, and count it"
            " when it is True."
        ),
    ),
    Mistake(
        "batches run over the end of an epoch",
        count_over_all_epochs,
        (
            "You divide the samples of all epochs together by the batch size, so some batches span two epochs. Every"
            " epoch starts with a new batch."
        ),
    ),
    Mistake(
        "one batch too many",
        {"if left and not drop_last:": "if not drop_last:"},
        (
            "You add a batch even when the batch size divides the number of samples, although no samples are left "
            "for it."
        ),
    ),
    Mistake(
        "rounds to the nearest",
        {"if left and not drop_last:": "if 2 * left > batch_size and not drop_last:"},
        (
            "You round to the nearest whole number. But leftover samples always form another batch, no matter how "
            "few they are."
        ),
    ),
    Mistake(
        "forgets the epochs",
        {"full * epochs": "full"},
        "You count the iterations of a single epoch instead of all epochs.",
    ),
    Mistake(
        "a float",
        ({"full * epochs": "float(full * epochs)"}, {"full * epochs": "n_samples / batch_size * epochs"}),
        "You return a float. A number of iterations is a whole number, so it should be an int.",
    ),
    Mistake(
        "accepts values below 1",
        {CHECK: "if False"},
        (
            "You accept a number of samples, a batch size or a number of epochs below 1. Such values should raise a "
            "ValueError."
        ),
    ),
    Mistake(
        "does not check all three",
        (
            {VALUES: "batch_size < 1"},
            {VALUES: "n_samples < 1 or batch_size < 1"},
            {VALUES: "batch_size < 1 or epochs < 1"},
            {VALUES: "n_samples < 1 or epochs < 1"},
            {VALUES: "n_samples < 1"},
            {VALUES: "epochs < 1"},
        ),
        "You do not check all three numbers. Each of them must be at least 1.",
    ),
    Mistake(
        "accepts 0",
        (
            {VALUES: "n_samples < 0 or batch_size < 0 or epochs < 0"},
            {VALUES: "n_samples < 0 or batch_size < 1 or epochs < 0"},
        ),
        "You reject negative numbers but accept 0, which is below 1 as well.",
    ),
    Mistake(
        "another error",
        (
            {"raise ValueError": "raise AssertionError"},
            {"raise ValueError": "raise Exception"},
            {"raise ValueError": "raise TypeError"},
        ),
        "You raise an error for numbers below 1, but it is not a ValueError.",
    ),
    Mistake(
        "no error raised",
        (
            {'raise ValueError("values below 1")': "return None"},
            {'raise ValueError("values below 1")': "return ValueError"},
            {"raise ValueError": "return ValueError"},
            {'raise ValueError("values below 1")': 'return "ValueError"'},
        ),
        "For numbers below 1 you return something. The text asks for an error.",
    ),
    Mistake(
        "refuses a large batch size",
        {CHECK: f"{CHECK} or batch_size > n_samples"},
        (
            "You reject a batch size that is larger than the number of samples. It is valid, because each epoch then"
            " has a single, shorter batch."
        ),
    ),
)

KNOWN = Known(count_iterations, runs, MISTAKES)
