// Move gamma and beta, and see which part of a tanh the normalized inputs fall on, and how straight it is there.

import { MARGIN, drawAxis, histogram, mean, mount, scaleTo, slider, svgElement } from "./parts.mjs";

// The outputs of one unit of a random layer for a hundred digits.
const INPUTS = [
  1.54, -1.18, 0.45, 1.24, -1.62, 1.78, -1.41, -0.5, -0.36, 1.26, 1.37, 0.34, -0.09, -2.09, 1.1, -1.83, -0.42,
  2.49, 1.19, -0.9, 1.57, 0.87, -0.17, 0.05, 0.15, -0.49, -0.18, -1.18, -0.09, -0.9, -0.06, 0.26, 1.81, -0.63,
  -0.83, -0.54, 0.69, 0.4, -0.44, -0.43, 0.13, -1.72, -0.32, 0.72, -0.77, -0.31, -1.07, 0.8, 1.22, -2.09, 1.05,
  0.48, -0.27, -0.34, -0.31, -0.73, 1.11, -1.03, -1.72, -0.3, 1.89, 0.69, 1.37, 0.72, 0.93, 0.65, 0.21, -1.57,
  0.12, 0.11, 0.88, -0.53, 0.41, -0.3, -1.32, -1.23, -0.71, -0.25, -1.07, -1.21, 0.08, -0.81, -1.88, 0.79, 2.31,
  -0.63, -0.51, -0.46, -1.02, 1.89, -1.32, -0.18, -0, -0.58, -0.74, -2.15, 0.93, 0.12, 1.57, -0.89,
];
const EPS = 1e-5;
const SLIDERS = [
  ["Gamma:", { min: 0.1, max: 4, step: 0.1, value: 1 }],
  ["Beta:", { min: -3, max: 3, step: 0.1, value: 0 }],
];
const REACH = 6; // inputs beyond this count in the last bar
const BINS = 24;
const [PLOT, COUNTS] = [180, 70]; // heights in pixels of the curve and of the bars below it

const product = (a, b) => mean(a.map((v, i) => v * b[i]));
const centred = (values) => {
  const m = mean(values);
  return values.map((v) => v - m);
};

/** Return the hundred inputs of the tanh, and the straight line fitted to it there: slope, offset and R^2. */
export function transform(gamma, beta) {
  const x = centred(INPUTS);
  const std = Math.sqrt(product(x, x) + EPS);
  const inputs = x.map((v) => (gamma * v) / std + beta);
  const outputs = inputs.map(Math.tanh);
  const [a, b] = [centred(inputs), centred(outputs)];
  const slope = product(a, b) / product(a, a);
  return {
    inputs, outputs, slope, offset: mean(outputs) - slope * mean(inputs),
    r2: product(a, b) ** 2 / (product(a, a) * product(b, b)),
    flat: mean(outputs.map((v) => Number(Math.abs(v) > 0.97))),
  };
}

function sentence({ inputs, r2, flat }) {
  const m = Math.round(100 * mean(inputs)) / 100 + 0; // turns -0 into 0
  const std = Math.sqrt(mean(inputs.map((v) => (v - m) ** 2)));
  return (
    `The inputs of the tanh have mean ${m.toFixed(2)} and standard deviation ${std.toFixed(2)}. A straight line through ` +
    `its outputs has R² ${r2.toFixed(3)}. Of the outputs ${Math.round(100 * flat)}% are beyond ±0.97.`
  );
}

function draw(svg, width, figure) {
  const right = Math.max(56, width * 0.18); // room for the bars of the outputs
  const [start, end] = [MARGIN + 22, width - right - MARGIN];
  const [x, y] = [scaleTo(-REACH, REACH, start, end), scaleTo(-1.1, 1.1, PLOT + 26, 26)];
  const foot = PLOT + 26 + COUNTS;
  svg.setAttribute("viewBox", `0 0 ${width} ${foot + 26}`);
  svgElement(svg, "text", { x: MARGIN, y: 16, class: "title" }, "tanh and its inputs");
  svgElement(svg, "text", { x: width - MARGIN, y: 16, class: "title", "text-anchor": "end" }, "outputs");
  drawAxis(svg, x, foot, [-6, -4, -2, 0, 2, 4, 6], [start, end]);
  for (const v of [-1, 0, 1]) {
    svgElement(svg, "line", { x1: start, x2: width - MARGIN, y1: y(v), y2: y(v), class: "grid" });
    svgElement(svg, "text", { x: start - 6, y: y(v) + 5, "text-anchor": "end" }, v);
  }
  const grid = Array.from({ length: 121 }, (_, i) => (i - 60) / 10);
  const curve = grid.map((v) => `${x(v).toFixed(1)} ${y(Math.tanh(v)).toFixed(1)}`).join("L");
  svgElement(svg, "path", { d: `M${curve}`, class: "axis", fill: "none", "stroke-width": 2 });
  const line = svgElement(svg, "line", { class: "axis", "stroke-dasharray": "6 4", "stroke-width": 2 });
  const dots = INPUTS.map(() => svgElement(svg, "circle", { r: 4, class: "other" }));
  const [thick, high] = [(x(REACH) - x(-REACH)) / BINS - 1, (y(-1) - y(1)) / BINS - 1];
  const below = Array.from({ length: BINS }, (_, i) =>
    svgElement(svg, "rect", { x: x(-REACH + (i * 2 * REACH) / BINS), width: thick, class: "other" }));
  const beside = Array.from({ length: BINS }, (_, i) =>
    svgElement(svg, "rect", { x: end + 8, y: y(-1 + ((i + 1) * 2) / BINS), height: high, class: "moved" }));
  const [controls, shown] = ["input", ".value"].map((selector) => [...figure.querySelectorAll(selector)]);
  return () => {
    const result = transform(...controls.map((input) => Number(input.value)));
    controls.forEach((input, i) => (shown[i].textContent = Number(input.value).toFixed(1)));
    dots.forEach((dot, i) => {
      const inside = Math.abs(result.inputs[i]) <= REACH;
      dot.setAttribute("visibility", inside ? "visible" : "hidden");
      dot.setAttribute("cx", x(result.inputs[i]));
      dot.setAttribute("cy", y(result.outputs[i]));
    });
    drawLine(line, result, x, y);
    histogram(result.inputs, [-REACH, REACH], BINS).forEach((count, i) => {
      const tall = Math.min(COUNTS - 6, count * 2.2);
      below[i].setAttribute("y", foot - tall);
      below[i].setAttribute("height", tall);
    });
    const widest = right - 8;
    histogram(result.outputs, [-1, 1], BINS).forEach((count, i) => {
      beside[i].setAttribute("width", Math.min(widest, (count * widest) / 40));
    });
    return sentence(result);
  };
}

/** Return the part of the straight line between -1.1 and 1.1 and inside the picture. */
function drawLine(line, { slope, offset }, x, y) {
  const ends = [-1.1, 1.1].map((v) => Math.max(-REACH, Math.min(REACH, (v - offset) / slope)));
  ends.forEach((v, i) => {
    line.setAttribute(`x${i + 1}`, x(v));
    line.setAttribute(`y${i + 1}`, y(slope * v + offset));
  });
}

mount(
  "placement",
  "A tanh with a hundred dots on it, a histogram of the inputs below it, and a histogram of the outputs beside it.",
  (id) => SLIDERS.map(([label, range], i) => slider(`${id}-${i}`, label, range)).join(""),
  draw,
);
