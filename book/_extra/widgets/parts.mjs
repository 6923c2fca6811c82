// Shared parts of the interactive figures: SVG elements, axes, controls, and redrawing when the width changes.

export const MARGIN = 12;

/** Return the mean of some numbers. */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Return the biased variance of some numbers. */
export function variance(values) {
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / values.length;
}

/** Return the biased standard deviation of some numbers. */
export const std = (values) => Math.sqrt(variance(values));

/** Count the `values` in equal bins between `from` and `to`; values outside count in the first or last bin. */
export function histogram(values, [from, to], bins) {
  const counts = new Array(bins).fill(0);
  for (const value of values) {
    counts[Math.max(0, Math.min(bins - 1, Math.floor(((value - from) / (to - from)) * bins)))] += 1;
  }
  return counts;
}

/** Append an SVG element to `parent`. */
export function svgElement(parent, name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

/** Return a function that maps values in [from, to] to pixels in [start, end]. */
export const scaleTo = (from, to, start, end) => (value) => start + ((value - from) / (to - from)) * (end - start);

/** Draw a horizontal axis at height `y`. Its ticks are numbers, or pairs of a number and its label. */
export function drawAxis(svg, place, y, ticks, [start, end]) {
  svgElement(svg, "line", { x1: start, x2: end, y1: y, y2: y, class: "axis" });
  for (const [value, label] of ticks.map((tick) => [tick, tick].flat().slice(-2))) {
    svgElement(svg, "line", { x1: place(value), x2: place(value), y1: y, y2: y + 5, class: "axis" });
    svgElement(svg, "text", { x: place(value), y: y + 20, class: "tick" }, label);
  }
}

/** Return the HTML of a slider with its label and an output for its value. */
export const slider = (id, label, { min, max, step, value }) => `
  <div class="control">
    <label for="${id}">${label}</label>
    <input id="${id}" type="range" min="${min}" max="${max}" step="${step}" value="${value}">
    <span class="value"></span>
  </div>`;

/** Return the HTML of a choice among `options`, pairs of a value and a label; the first is selected. */
export const choice = (id, legend, options) => `
  <fieldset class="control"><legend>${legend}</legend>${options.map(([value, label], i) => `
    <label><input type="radio" name="${id}" value="${value}"${i ? "" : " checked"}> ${label}</label>`).join("")}
  </fieldset>`;

/** Make the top `height` pixels of a drawing draggable sideways: `value` maps a pixel to a value of the slider `input`. */
export function dragSideways(svg, width, height, input, value) {
  const handle = svgElement(svg, "rect", { width, height, class: "handle" });
  const moveTo = (number) => {
    input.value = number;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const follow = (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = svg.getBoundingClientRect();
    moveTo(value(((event.clientX - box.left) / box.width) * width));
  };
  let before;
  handle.addEventListener("pointerdown", (event) => {
    before = input.value;
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", follow);
  handle.addEventListener("pointerup", follow);
  // Leave vertical moves of a finger to the browser, for scrolling.
  handle.addEventListener("pointercancel", () => moveTo(before));
}

/**
 * Put a figure into each `.course-widget-<name>`: the drawing, the controls' HTML, and a sentence that describes it.
 *
 * `draw(svg, width, figure)` redraws everything and returns `update()`, which reads the controls and returns the
 * sentence. `update()` is called right away and at each input. `about` starts the drawing's text for screen readers.
 */
export function mount(name, about, controls, draw) {
  document.querySelectorAll(`.course-widget-${name}`).forEach((figure, index) => {
    figure.innerHTML = `<svg role="img"></svg>${controls(`course-widget-${name}-${index}`)}<output aria-live="off"></output>`;
    const [svg, output] = ["svg", "output"].map((selector) => figure.querySelector(selector));
    let update = () => "";
    const refresh = () => {
      output.textContent = update();
      svg.setAttribute("aria-label", `${about} ${output.textContent}`);
    };
    figure.addEventListener("input", refresh);
    let known;
    new ResizeObserver(() => {
      if (figure.clientWidth === known) return;
      known = figure.clientWidth;
      svg.replaceChildren();
      // Drawn at the figure's actual width, text in the drawing is as large as the text around it.
      update = draw(svg, Math.max(280, Math.min(640, known - 2 * MARGIN)), figure);
      refresh();
    }).observe(figure);
  });
}
