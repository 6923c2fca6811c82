// Move one value of a column away, and see what standardization and min-max scaling make of all of them.

// The body mass index of the first eleven of the diabetes patients. The twelfth, 28, is the reader's to move.
const OTHERS = [32.1, 21.6, 30.5, 25.3, 23.0, 22.6, 22.0, 26.2, 32.1, 30.0, 18.6];
const [LOWEST, HIGHEST, START] = [15, 150, 28];
const ROWS = [
  { key: "raw", title: "as measured, kg/m²", from: 10, to: 155, ticks: [20, 50, 100, 150] },
  { key: "standardized", title: "standardized", from: -3.6, to: 3.6, ticks: [-3, -2, -1, 0, 1, 2, 3] },
  { key: "minMax", title: "min-max scaled", from: -0.05, to: 1.05, ticks: [0, 0.25, 0.5, 0.75, 1] },
];
const [ROW_HEIGHT, MARGIN] = [84, 12];

/** Mean, biased standard deviation, lowest and highest of a column, and the column after both scalings. */
export function scale(column) {
  const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
  const std = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length);
  const [low, high] = [Math.min(...column), Math.max(...column)];
  return {
    mean, std, low, high, raw: column,
    standardized: column.map((x) => (x - mean) / std),
    minMax: column.map((x) => (x - low) / (high - low)),
  };
}

const place = (row, value) => MARGIN + ((value - row.from) / (row.to - row.from)) * (row.width - 2 * MARGIN);
const spread = (values) => Math.max(...values) - Math.min(...values);

function svgElement(parent, name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function drawRow(svg, row, index) {
  const y = index * ROW_HEIGHT + 46;
  svgElement(svg, "text", { x: MARGIN, y: y - 26, class: "title" }, row.title);
  svgElement(svg, "line", { x1: MARGIN, x2: row.width - MARGIN, y1: y, y2: y, class: "axis" });
  for (const tick of row.ticks) {
    svgElement(svg, "line", { x1: place(row, tick), x2: place(row, tick), y1: y, y2: y + 5, class: "axis" });
    svgElement(svg, "text", { x: place(row, tick), y: y + 20, class: "tick" }, tick);
  }
  const dots = OTHERS.map(() => svgElement(svg, "circle", { cy: y, r: 6, class: "other" }));
  const outlier = svgElement(svg, "path", { d: "M0 -10 L9 0 L0 10 L-9 0 Z", class: "moved" });
  return { row, y, dots, outlier };
}

function update(drawn, svg, output, value) {
  const result = scale([...OTHERS, value]);
  for (const { row, y, dots, outlier } of drawn) {
    const values = result[row.key];
    dots.forEach((dot, i) => dot.setAttribute("cx", place(row, values[i])));
    outlier.setAttribute("transform", `translate(${place(row, values[OTHERS.length])} ${y})`);
  }
  const [z, others, room] = [
    result.standardized.at(-1), spread(result.standardized.slice(0, -1)), spread(result.minMax.slice(0, -1)),
  ].map((number) => number.toFixed(3));
  output.textContent =
    `Mean ${result.mean.toFixed(2)}, standard deviation ${result.std.toFixed(2)}, ` +
    `lowest ${result.low.toFixed(1)}, highest ${result.high.toFixed(1)}. Standardized, the moved value is ${z} ` +
    `and the others span ${others}. Min-max scaled, the others span ${room} of 1.`;
  svg.setAttribute("aria-label", `Three number lines with twelve dots each, the moved one a diamond. ${output.textContent}`);
}

// The whole first line takes the drag: the diamond alone is too small for a finger.
function makeDraggable(svg, row, input, moved) {
  const handle = svgElement(svg, "rect", { width: row.width, height: ROW_HEIGHT, class: "handle" });
  const moveTo = (value) => {
    input.value = value;
    moved();
  };
  const follow = (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * row.width;
    moveTo(row.from + ((x - MARGIN) / (row.width - 2 * MARGIN)) * (row.to - row.from));
  };
  let before;
  handle.addEventListener("pointerdown", (event) => {
    before = input.value;
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", follow);
  handle.addEventListener("pointerup", follow);
  // The browser takes a finger that moves up or down for scrolling.
  handle.addEventListener("pointercancel", () => moveTo(before));
}

// In the figure's own width, the text of the drawing is as large as the text around it.
function draw(figure, svg, input, shown, output) {
  const width = Math.max(280, Math.min(640, figure.clientWidth - 2 * MARGIN));
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${ROWS.length * ROW_HEIGHT}`);
  const drawn = ROWS.map((row, index) => drawRow(svg, { ...row, width }, index));
  const refresh = () => {
    shown.textContent = Number(input.value).toFixed(1);
    update(drawn, svg, output, Number(input.value));
  };
  makeDraggable(svg, drawn[0].row, input, refresh);
  input.oninput = refresh;
  refresh();
}

function build(figure, index) {
  const id = `course-widget-scaling-${index}`;
  figure.innerHTML = `
    <svg role="img"></svg>
    <div class="control">
      <label for="${id}">Body mass index of the last patient:</label>
      <input id="${id}" type="range" min="${LOWEST}" max="${HIGHEST}" step="0.5" value="${START}">
      <span class="value"></span>
    </div>
    <output for="${id}" aria-live="off"></output>`;
  const parts = ["svg", "input", ".value", "output"].map((selector) => figure.querySelector(selector));
  let width;
  new ResizeObserver(() => {
    if (figure.clientWidth !== width) draw(figure, ...parts);
    width = figure.clientWidth;
  }).observe(figure);
}

document.querySelectorAll(".course-widget-scaling").forEach(build);
