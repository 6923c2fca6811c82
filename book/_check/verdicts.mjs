// Displays the result of a test.

// Create an element with properties and children, which are texts or elements.
export function element(tag, properties = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// The class for ERROR is not "error", because the theme has rules for `.error`.
const CLASSES = { PASS: "pass", FAIL: "fail", RAN: "ran", ERROR: "broken" };

// Create the list item for a verdict; see `Verdict` in bngrader/check/in_browser.py.
export function show(verdict, item) {
  const test = item.tests.find((one) => one.name === verdict.name);
  const word = test ? (verdict.passed ? "PASS" : "FAIL") : verdict.passed ? "RAN" : "ERROR";
  const parts = [
    element("p", {}, [
      element("strong", { className: "word" }, [word]),
      " ",
      element("code", {}, [test ? verdict.name : `${verdict.name}.py`]),
      ...(verdict.message ? [`: ${verdict.message}`] : []),
    ]),
    ...verdict.hints.map((hint) => element("p", { className: "advice" }, [element("strong", {}, ["Hint: "]), hint])),
    facts(verdict.facts),
    block("Traceback", verdict.traceback),
    block("Printed", verdict.output),
  ];
  return element("li", { className: CLASSES[word] }, parts.filter(Boolean));
}

function facts(pairs) {
  const entries = pairs.flatMap(([label, text]) => [element("dt", {}, [label]), element("dd", {}, [scrolled(text)])]);
  return entries.length ? element("dl", {}, entries) : null;
}

function block(title, text) {
  return text ? element("div", {}, [element("p", { className: "title" }, [title]), scrolled(text)]) : null;
}

// Create preformatted text that can be scrolled by keyboard.
function scrolled(text) {
  return element("pre", { tabIndex: 0 }, [text]);
}
