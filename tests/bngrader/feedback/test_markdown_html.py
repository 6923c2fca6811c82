"""Tests of text cells in the feedback page: formulas, headings, pictures, and forged marks."""

from nbformat.v4 import new_markdown_cell

from bngrader.feedback.markdown_html import quoted


def of_the_course(text):
    return new_markdown_cell(text, metadata={"nbgrader": {"locked": True, "solution": False, "grade": False}})


def test_only_the_courses_formulas_become_mathml():
    assert "<mfrac><mrow><mn>1</mn></mrow><mrow><mi>N</mi></mrow></mfrac>" in quoted(of_the_course(r"a $\frac{1}{N}$"))
    assert quoted(new_markdown_cell(r"a $\frac{1}{N} < 2$")).strip() == "<p>a $\\frac{1}{N} &lt; 2$</p>"


def test_a_wide_formula_can_be_scrolled_by_keyboard():
    assert '<math tabindex="0"' in quoted(of_the_course("$$a = b$$"))


def test_unknown_tex_stays_as_it_is():
    assert quoted(of_the_course(r"$\left($")).strip() == r"<p>$\left($</p>"


def test_marks_of_formulas_cannot_be_forged():
    assert "<math" not in quoted(new_markdown_cell("&#xE000;0&#xE001; \ue0007\ue001 $x$"))


def test_headings_ids_and_foreign_pictures_are_removed():
    html = quoted(new_markdown_cell('# Big\n\n<h2 id="cell-1" class="x">Small</h2>\n\n![](https://example.org/a.png)'))
    assert '<p class="heading">Big</p>' in html
    assert '<p class="heading">Small</p>' in html
    assert "example.org" not in html
    assert "(left out because the page would have to load it from somewhere else)" in html


def test_an_attached_picture_is_shown():
    cell = new_markdown_cell("![a plot](attachment:x.png)", attachments={"x.png": {"image/png": "aGk="}})
    assert 'src="data:image/png;base64,aGk="' in quoted(cell)


def test_a_missing_attachment_becomes_text():
    assert "[a plot (its file is missing)]" in quoted(new_markdown_cell("![a plot](attachment:x.png)"))
    assert "[b (its file is missing)]" in quoted(new_markdown_cell('<img src="attachment:b.png" alt="b">'))


def test_the_picture_of_a_long_text_stays_whole():
    picture = f"data:image/png;base64,{'aGk' * 20_000}A"
    assert picture in quoted(new_markdown_cell(f"![a plot]({picture})"))


def test_text_that_cannot_be_parsed_is_shown_as_it_is(monkeypatch):
    monkeypatch.setattr("bngrader.feedback.cleaning.MarkdownWithMath.render", lambda self, source: [][1])
    assert quoted(new_markdown_cell("a <b> c, unread")) == "<pre>a &lt;b&gt; c, unread</pre>"
