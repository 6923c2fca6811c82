# `make help` lists what there is. The two that most people need: make book, make test.

PYTHON ?= python3
PORT ?= 8000
FUZZ_SECONDS ?= 600
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export BNREF_EXPERIMENTS := $(CURDIR)/_build/experiments

HTML := _build/html
WHEEL := _build/wheel
SAMPLE := _build/sample-class
PACKAGES := $(shell find bnref bngrader -type f -not -name '*.pyc')
# Before a command: shows what it prints only if it fails.
QUIETLY := f() { printed=$$("$$@" 2>&1) || { code=$$?; printf '%s\n' "$$printed" >&2; return $$code; }; }; f
# The same of what it prints to its standard output; progress, warnings and errors come by the standard error.
BRIEFLY := f() { printed=$$("$$@") || { code=$$?; printf '%s\n' "$$printed" >&2; return $$code; }; }; f
# A test on each core.
PYTEST := pytest -n auto --no-loadscope-reorder
BUILD_BOOK := $(BRIEFLY) jupyter-book build . --quiet -W -n --keep-going

# Installed programs name the folder that they were installed in.
MADE_IN := $(shell cat .venv/.made 2>/dev/null)
ifneq ($(MADE_IN),)
ifneq ($(MADE_IN),$(CURDIR))
ifneq ($(filter-out help clean distclean,$(MAKECMDGOALS)),)
$(error This clone was in $(MADE_IN) when its packages were installed, and they work only there. Install them again: make distclean book)
endif
endif
endif

# What a single goal needs is made two at a time. Several goals, such as `distclean book`, keep their order.
ifeq ($(words $(MAKECMDGOALS)),1)
MAKEFLAGS += --jobs=2
endif

.DEFAULT_GOAL := help
.PHONY: help book exercises sample epub pdf serve check test test-all test-slow fuzz lint bench bench-grading bench-pages lock clean distclean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: .venv/.made node_modules/.made $(WHEEL)/.made _build/.config exercises ## build the book and the students' notebooks
	@echo "Building the book; the first time this takes a few minutes, because it runs all experiments."
	@$(BUILD_BOOK)
	@mkdir -p $(HTML)/downloads && cp $(WHEEL)/*.whl $(HTML)/downloads/
	@echo
	@echo "The book:        $(CURDIR)/$(HTML)/index.html"
	@echo "                 (make serve shows it at http://localhost:$(PORT)/, where its figures can be played with)"
	@echo "An assignment:   $(BIN)/jupyter lab exercises/scaling/scaling.ipynb"
	@echo "A sample class:  make sample"
	@echo "                 (makes one in $(SAMPLE) and runs bngrader grade scaling --course $(SAMPLE))"

exercises: .venv/.made ## make the students' notebooks from solutions/
	@$(QUIETLY) bngrader exercises && echo "Made the students' notebooks in exercises/."

sample: .venv/.made ## make a sample class of students, and grade it
	@python -m tests.grading.sample_class $(SAMPLE)
	@bngrader grade scaling --course $(SAMPLE)

epub: book ## make the book as an EPUB
	@rm -rf _build/epub
	@echo "Making the EPUB."
	@$(BUILD_BOOK) --builder custom --custom-builder epub
	@mkdir -p $(HTML)/downloads && cp _build/epub/batch-normalization.epub $(HTML)/downloads/
	@echo "$(CURDIR)/$(HTML)/downloads/batch-normalization.epub"

pdf: book ## print the book as a PDF; needs Chromium
	@echo "Making the PDF."
	@$(BUILD_BOOK) --builder singlehtml
	@python book/_pdf.py _build/singlehtml $(HTML)/downloads/batch-normalization.pdf
	@echo "$(CURDIR)/$(HTML)/downloads/batch-normalization.pdf"

serve: ## show the built book at http://localhost:8000/ (PORT=... for another)
	@test -f $(HTML)/index.html || { echo "There is no book yet: run make book first."; exit 1; }
	@python book/_serve.py $(HTML) $(PORT)

check: lint ## lint, and run the quick tests, which need no book: a few minutes
	$(PYTEST) -m "not real and not slow"

test: book ## install what the tests need, and run all but the slow ones: about twenty minutes
	@./tests/install-programs.sh
	$(PYTEST) -m "not slow"

test-slow: book ## run the slow tests, which make test leaves out
	@./tests/install-programs.sh
	$(PYTEST) -m slow

test-all: book ## run all tests: more than an hour
	@./tests/install-programs.sh
	$(PYTEST)

fuzz: .venv/.made ## look for bytes that break what reads messages and notebooks (FUZZ_SECONDS=... for each of four targets)
	for target in channel value array notebook; do \
		python -m tests.fuzzing.fuzz $$target $(FUZZ_SECONDS) _build/fuzz || exit 1; \
	done

lint: .venv/.made node_modules/.made ## check format, style, types and prose
	ruff format --check .
	ruff check .
	mypy
	python -m prose
	node_modules/.bin/stylelint "{book,bngrader}/**/*.css"

bench: .venv/.made ## time the reference package beside its peers, and show its digits and its memory
	python -m benchmarks

bench-grading: .venv/.made ## time the grading of a class, by nbgrader as it comes and by bngrader
	python -m benchmarks.grading

bench-pages: book ## weigh the pages, and time how soon they show
	@./tests/install-programs.sh
	python -m benchmarks.pages
	python -m benchmarks.check

lock: .venv/.made ## pin again what pyproject.toml asks for, in requirements.lock
	pip-compile --quiet --all-extras --strip-extras --allow-unsafe --no-annotate --no-header --upgrade \
		--no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml
	@sed -i -e 's/^\(torch==[^+]*\)+.*/\1/' \
		-e '1i # Made by `make lock` from pyproject.toml: every package of every extra, with all that they need.' \
		requirements.lock

clean: ## remove all that was built
	rm -rf _build .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

distclean: clean ## remove what was installed too
	rm -rf .venv node_modules

.venv/.made: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "The course needs Python 3.11 or newer, and $(PYTHON) is older: make PYTHON=python3.12 book"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
		{ echo "$(PYTHON) lacks the module venv; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing the packages of requirements.lock into .venv; the first time this takes a few minutes."
	@umask 022 && $(QUIETLY) $(PYTHON) -m venv .venv
	@mkdir -p .venv/tmp  # pip unpacks gigabytes, for which the system's temporary folder may lack room
	@umask 022 && export TMPDIR="$$PWD/.venv/tmp" && $(QUIETLY) $(BIN)/python -m pip install --quiet --no-compile --requirement requirements.lock
	@umask 022 && $(BIN)/python -m compileall -qq -j 0 -x '/tests/' .venv/lib || true  # on all cores; pip uses only one
	@umask 022 && $(QUIETLY) $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -rf .venv/tmp
	@pwd -P > $@

node_modules/.made: package-lock.json .npmrc .venv/.made
	@echo "Installing the packages of package-lock.json into node_modules."
	@$(QUIETLY) npm ci
	@touch $@

# Sphinx leaves old pages as they are when only its configuration changes. What was executed stays in its cache.
_build/.config: _config.yml _toc.yml $(wildcard book/_ext/*.py book/_static/*) requirements.lock
	@rm -rf $(HTML) _build/.doctrees
	@mkdir -p _build && touch $@

$(WHEEL)/.made: pyproject.toml LICENSE $(PACKAGES) .venv/.made
	@rm -rf $(WHEEL)
	@$(QUIETLY) pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $(WHEEL) .
	@touch $@
