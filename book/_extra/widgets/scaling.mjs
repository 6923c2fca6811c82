// Move one value of a column away, and see the effect of standardization and min-max scaling on all values.

import { MARGIN, dragSideways, drawAxis, mean, mount, scaleTo, slider, std, svgElement } from "./parts.mjs";

// The body mass index of the first eleven diabetes patients. The reader can move the twelfth, which starts at 28.
const OTHERS = [32.1, 21.6, 30.5, 25.3, 23.0, 22.6, 22.0, 26.2, 32.1, 30.0, 18.6];
const [LOWEST, HIGHEST, START] = [15, 150, 28];
const ROWS = [
  { key: "raw", title: "as measured, kg/m²", from: 10, to: 155, ticks: [20, 50, 100, 150] },
  { key: "standardized", title: "standardized", from: -3.6, to: 3.6, ticks: [-3, -2, -1, 0, 1, 2, 3] },
  { key: "minMax", title: "min-max scaled", from: -0.05, to: 1.05, ticks: [0, 0.25, 0.5, 0.75, 1] },
];
const ROW_HEIGHT = 84;

/** Return the mean, biased standard deviation, lowest and highest of a column, and the column after both scalings. */
export function scale(column) {
  const [center, spread] = [mean(column), std(column)];
  const [low, high] = [Math.min(...column), Math.max(...column)];
  return {
    mean: center, std: spread, low, high, raw: column,
    standardized: column.map((x) => (x - center) / spread),
    minMax: column.map((x) => (x - low) / (high - low)),
  };
}

const range = (values) => Math.max(...values) - Math.min(...values);

function drawRow(svg, row, width, index) {
  const y = index * ROW_HEIGHT + 46;
  const place = scaleTo(row.from, row.to, MARGIN, width - MARGIN);
  svgElement(svg, "text", { x: MARGIN, y: y - 26, class: "title" }, row.title);
  drawAxis(svg, place, y, row.ticks, [MARGIN, width - MARGIN]);
  const dots = OTHERS.map(() => svgElement(svg, "circle", { cy: y, r: 6, class: "other" }));
  const outlier = svgElement(svg, "path", { d: "M0 -10 L9 0 L0 10 L-9 0 Z", class: "moved" });
  return { row, place, y, dots, outlier };
}

function sentence(result) {
  const [z, others, room] = [
    result.standardized.at(-1), range(result.standardized.slice(0, -1)), range(result.minMax.slice(0, -1)),
  ].map((number) => number.toFixed(3));
  return (
    `Mean ${result.mean.toFixed(2)}, standard deviation ${result.std.toFixed(2)}, ` +
    `lowest ${result.low.toFixed(1)}, highest ${result.high.toFixed(1)}. Standardized, the moved value is ${z} ` +
    `and the others span ${others}. Min-max scaled, the others span ${room} of 1.`
  );
}

function draw(svg, width, figure) {
  svg.setAttribute("viewBox", `0 0 ${width} ${ROWS.length * ROW_HEIGHT}`);
  const drawn = ROWS.map((row, index) => drawRow(svg, row, width, index));
  const [input, shown] = ["input", ".value"].map((selector) => figure.querySelector(selector));
  // The whole first line can be dragged, because the diamond is too small for a finger.
  dragSideways(svg, width, ROW_HEIGHT, input, scaleTo(MARGIN, width - MARGIN, ROWS[0].from, ROWS[0].to));
  return () => {
    const result = scale([...OTHERS, Number(input.value)]);
    shown.textContent = Number(input.value).toFixed(1);
    for (const { row, place, y, dots, outlier } of drawn) {
      const values = result[row.key];
      dots.forEach((dot, i) => dot.setAttribute("cx", place(values[i])));
      outlier.setAttribute("transform", `translate(${place(values[OTHERS.length])} ${y})`);
    }
    return sentence(result);
  };
}

const LABEL = "Body mass index of the last patient:";
mount(
  "scaling",
  "Three number lines with twelve dots each, the moved one a diamond.",
  (id) => slider(id, LABEL, { min: LOWEST, max: HIGHEST, step: 0.5, value: START }),
  draw,
);
