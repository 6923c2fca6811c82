// The editors under a chapter's assignment. A page loads this script when a reader opens the first editor; see _ext/check.py.
import { indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { syntaxHighlighting, indentUnit } from "@codemirror/language";
import { EditorView, keymap } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import { Checker } from "./checker.mjs";
import { element, show } from "./verdicts.mjs";

const here = new URL(".", import.meta.url);
const checker = new Checker(new URL("worker.mjs", here));
const assignments = new Map(); // slug to a promise of the contents of check/<slug>.json
document.head.append(element("link", { rel: "stylesheet", href: new URL("check.css", here).href }));

// Add the editor to an opened <details>.
export async function open(details) {
  const { slug, name } = details.dataset;
  if (!assignments.has(slug)) assignments.set(slug, fetch(new URL(`${slug}.json`, here)).then((answer) => answer.json()));
  const assignment = await assignments.get(slug);
  const item = assignment.items.find((one) => one.name === name);
  details.append(details.querySelector("template").content);
  if (item) new Exercise(details, assignment, item);
  await window.MathJax?.startup?.promise;
  await window.MathJax?.typesetPromise?.([details]);
}

// The reader's text for each function, kept in the browser's local storage.
const drafts = {
  key: (slug, name) => `bncourse/${slug}/${name}`,
  read(slug, name) {
    try {
      return localStorage.getItem(this.key(slug, name));
    } catch {
      return null;
    }
  },
  // Return whether the text was stored: a browser may refuse.
  write(slug, name, text) {
    try {
      localStorage.setItem(this.key(slug, name), text);
      return true;
    } catch {
      return false;
    }
  },
};

class Exercise {
  constructor(details, assignment, item) {
    Object.assign(this, { assignment, item, slug: assignment.slug });
    this.status = element("p", { role: "status", className: "status" });
    this.bar = element("progress");
    this.bytes = element("span");
    this.progress = element("label", { hidden: true, className: "loading" }, [this.bar, this.bytes]);
    this.verdicts = element("ol", { className: "verdicts" });
    this.run = this.button("Run & check", () => this.check(), "run");
    const buttons = element("div", { className: "buttons" }, [
      this.run,
      this.button("Reset", () => this.reset()),
      this.button(`Download ${item.name}.py`, () => this.download()),
    ]);
    const keys = element("p", { className: "keys", id: `keys-${item.name}` }, [
      "Tab indents; press Escape first, and Tab leaves the editor. Ctrl+Enter, or Cmd+Enter on a Mac, checks.",
    ]);
    const editor = element("div", { className: "editor" });
    details.append(editor, keys, buttons, this.progress, this.status, this.verdicts);
    this.view = this.editor(editor, keys.id);
  }

  editor(parent, described) {
    const checks = { key: "Mod-Enter", run: () => (this.check(), true) };
    return new EditorView({
      parent,
      doc: this.draft(this.item),
      extensions: [
        keymap.of([checks, indentWithTab]),
        basicSetup,
        python(),
        indentUnit.of("    "),
        syntaxHighlighting(classHighlighter),
        EditorView.contentAttributes.of({ "aria-label": `Your ${this.item.name}`, "aria-describedby": described }),
        EditorView.updateListener.of((update) => update.docChanged && this.keep()),
      ],
    });
  }

  button(text, act, className = "") {
    const button = element("button", { type: "button", className }, [text]);
    button.addEventListener("click", act);
    return button;
  }

  // Return the reader's text for a function, or the stub if there is none.
  draft(item) {
    return drafts.read(this.slug, item.name) ?? item.stub;
  }

  get text() {
    return this.view.state.doc.toString();
  }

  keep() {
    if (!drafts.write(this.slug, this.item.name, this.text)) {
      this.status.textContent = "This browser does not save what you type here. Download it before you leave.";
    }
  }

  reset() {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: this.item.stub } });
    this.view.focus();
    this.status.textContent = "Reset to the first lines. Undo (Ctrl+Z) restores what you had.";
  }

  download() {
    const href = URL.createObjectURL(new Blob([this.text], { type: "text/x-python" }));
    element("a", { href, download: `${this.item.name}.py` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000); // some browsers read the file only after the click
  }

  // Return the answers to the functions that the tests call, followed by this function's own.
  answers() {
    const others = this.assignment.items.filter((item) => this.item.needs.includes(item.name));
    return Object.fromEntries([...others.map((item) => [item.name, this.draft(item)]), [this.item.name, this.text]]);
  }

  async check() {
    if (this.run.disabled) return;
    this.run.disabled = true;
    this.verdicts.replaceChildren();
    const { setup } = this.assignment;
    const tests = this.item.tests.map(({ name, source }) => ({ name, source }));
    const seen = [];
    const ended = await checker.check({ answers: this.answers(), tests, setup }, {
      progress: ({ loaded, total }) => this.loading(loaded, total),
      running: () => this.say("Running your code ..."),
      verdict: ({ verdict }) => {
        seen.push(verdict);
        this.verdicts.append(show(verdict, this.item));
      },
    });
    this.say(ended ?? this.summary(seen));
    this.run.disabled = false;
  }

  loading(loaded, total) {
    const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
    if (this.progress.hidden) this.say("Loading Python ...");
    this.progress.hidden = false;
    Object.assign(this.bar, { max: total, value: Math.min(loaded, total) });
    this.bytes.textContent = ` ${megabytes(loaded)} of ${megabytes(total)} MB`;
  }

  say(text) {
    this.progress.hidden = true;
    this.status.textContent = text;
  }

  summary(seen) {
    const names = new Set(this.item.tests.map((test) => test.name));
    const tests = seen.filter((verdict) => names.has(verdict.name));
    if (!tests.length) return "Your code could not be run.";
    const passed = tests.filter((verdict) => verdict.passed).length;
    if (passed < names.size) return `${passed} of ${names.size} tests pass.`;
    return `All ${names.size} tests pass. Your instructor's tests are stricter: hand in the notebook.`;
  }
}
