"""The linter sees the prose of a page, and none of its code, math, options, addresses and quotations."""

import pytest

from prose.extract import extract


def seen(source, name="page.md"):
    return " / ".join(part.strip() for part in extract(name, source).text.split("\n\n") if part.strip())


@pytest.mark.parametrize(
    ("source", "prose"),
    [
        ("Two\nlines.\n\nAnother *paragraph*.", "Two lines. / Another paragraph."),
        ("# Heading\nText.\n- one\n- two\n1. three", "Heading / Text. / one / two / three"),
        ("The `running_mean` of ``a`b``.", "The □ of □."),
        ("A factor $r_1$ and {glue:text}`rate`.", "A factor ■ and ■."),
        ("A {term}`shift <internal shift>` is {py:func}`f`, see {cite:p}`ba2016`.", "A shift is □, see ."),
        ("See [the `x` page](other_page.md), [](a_b.md) and <https://example.org/a_b>.", "See the □ page, □ and □."),
        ('They call it "the one that" works.', "They call it □ works."),
        ("Term\n: Its meaning.", "Term / Its meaning."),
        ("| A | B |\n| --- | :-: |\n| one | two |", "A / B / one / two"),
        ("(claim-one)=\n% a comment\n> a quotation\nText.", "Text."),
        ("```python\nx = that_of\n```\nText.", "Text."),
        ("```{code-cell}\n:tags: [x_y]\nx = 1\n```\nText.", "Text."),
        (
            "```{code-cell}\n---\n  image:\n    alt: 'Two bars.'\n  figure:\n    caption: The errors.\n---\nx = 1\n```",
            "Two bars. / The errors.",
        ),
        ("$$\nx_a\n$$\n\nText.\n\n\\begin{align}\nx_a\n\\end{align}", "■ / Text."),
        ("$$x_a\n= x_b,$$\n\nText.", "■ / Text."),
        ("$$x_a\n+ y_b$$\nText.", "■ Text."),
        (":::{note}\nA note.\n:::\nText.", "A note. / Text."),
        (
            "::::{dropdown} A title\n:color: x_y\n:::{tip}\nA tip.\n:::\nMore.\n::::\nText.",
            "A title / A tip. / More. / Text.",
        ),
        ("```{note}\n---\nclass: x_y\n---\nA note.\n```\nText.", "A note. / Text."),
        (":::{check}\nslug_one\n:::\nText.", "Text."),
        ("---\nkernel: x_y\n---\nText.", "Text."),
        ("---\nkernel: x_y\n---\n```python\nx_y\n```", ""),
    ],
)
def test_marks_leave_the_prose(source, prose):
    assert seen(source) == prose


def test_a_percent_script_has_the_prose_of_its_markdown_cells():
    script = '# ---\n# x_y: 1\n# ---\n\n# %% [markdown] id="a"\n# # Title\n#\n# Text.\n\n# %%\nx_y = 1  # code\n'
    assert seen(script, "script.py") == "Title / Text."


def test_a_module_has_the_prose_of_its_sentences():
    module = '''"""A docstring is left out."""

SHORT = "two words"
CODE = "x = where(y == 0, 1, y)"
NAMES = {"and so": "if a[0] == b[1]: return"}


def hint(count):
    """This one too."""
    return (
        f"Your {count} columns share "
        "the mean of `x` and batch_size."
    )
'''
    prose = extract("module.py", module)
    assert prose.text.strip() == "Your □ columns share the mean of □ and □."
    assert prose.lines[prose.text.index("columns")] == 11


def test_a_percent_script_has_the_sentences_of_its_cells_too():
    script = "# %% [markdown]\n# Text.\n\n# %%\nclose(y, 1, 'each column has the mean 0')\n"
    assert seen(script, "script.py") == "Text. / each column has the mean 0"


def test_each_character_has_its_line():
    prose = extract("page.md", "# One\n\nTwo `x`\nthree\n")
    assert prose.lines[prose.text.index("One")] == 1
    assert prose.lines[prose.text.index("Two")] == prose.lines[prose.text.index("□")] == 3
    assert prose.lines[prose.text.index("three")] == 4
    assert len(prose.lines) == len(prose.text)
