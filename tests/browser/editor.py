"""A page's editors, driven as a reader would use them."""


class Editor:
    """An opened editor of a page."""

    def __init__(self, page, function):
        self.page = page
        self.part = page.locator(f"details.course-check[data-name={function}]")
        if self.part.get_attribute("open") is None:
            self.part.locator("summary").click()
        self.code = self.part.locator(".cm-content")
        self.code.wait_for()

    def write(self, source):
        self.code.focus()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def text(self):
        """Return the text in the editor as it is downloaded."""
        with self.page.expect_download() as download:
            self.part.get_by_role("button", name="Download").click()
        return download.value.path().read_text()

    def run(self):
        self.part.get_by_role("button", name="Run & check").click()
        return self.ended()

    def ended(self):
        self.part.locator("button.run:enabled").wait_for(timeout=120_000)
        return self.part.get_by_role("status").inner_text()

    def check(self, source):
        self.write(source)
        return self.run()

    def verdicts(self, kind=""):
        return self.part.locator(f".verdicts li{kind}")
