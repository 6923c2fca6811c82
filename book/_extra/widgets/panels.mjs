// The laboratory's panels: histograms of each layer's activations and gradients, and three curves over the layers.

import { MARGIN, drawAxis, histogram, scaleTo, svgElement } from "./parts.mjs";

const BINS = 31;
const [TALL, LOW, GAP] = [130, 96, 54]; // heights of a panel with histograms, of a panel with a curve, and between them

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Write a power of ten with a raised exponent. */
const powerOfTen = (exponent) =>
  `10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("")}`;

/** Print a number with about three digits, as a multiple of a power of ten if it is very small or very large. */
export function short(value) {
  if (value !== 0 && (Math.abs(value) < 0.01 || Math.abs(value) >= 1e6)) {
    const [factor, exponent] = value.toExponential(1).split("e");
    return `${factor} × ${powerOfTen(Number(exponent))}`;
  }
  return Number(value.toPrecision(3)).toLocaleString("en");
}

/** Return the value that a share of the sorted `values` does not exceed. */
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

/** Return the range of the middle 98% of the `values` in all layers, judged by every seventh value. */
function middle(layers) {
  const some = [];
  for (const values of layers) for (let i = 0; i < values.length; i += 7) some.push(values[i]);
  some.sort((a, b) => a - b);
  return some.length ? [quantile(some, 0.01), quantile(some, 0.99)] : [-1, 1];
}

/** Draw one panel's frame: its title, its horizontal axis of layers, and its vertical axis with `ticks`. */
function frame(svg, title, { left, right, top, height, depth }, ticks, y) {
  svgElement(svg, "text", { x: left - 44, y: top - 12, class: "title" }, title);
  const x = scaleTo(0.5, depth + 0.5, left, right);
  for (const [value, label] of ticks) {
    svgElement(svg, "line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "grid" });
    svgElement(svg, "text", { x: left - 6, y: y(value) + 5, "text-anchor": "end" }, label);
  }
  svgElement(svg, "text", { x: left - 14, y: top + height + 20, "text-anchor": "end" }, "layer");
  const step = [1, 2, 5, 10].find((size) => (depth / size) * 34 <= right - left) ?? 25;
  const layers = Array.from({ length: depth }, (_, i) => i + 1);
  const named = layers.filter((l) => l % step === 0 || (l === 1 && step > 2)); // with steps of 2, "1" would touch "2"
  drawAxis(svg, x, top + height, named, [left, right]);
  return x;
}

/** Draw each layer's values as a histogram that stands upright around the layer's place. */
function drawHistograms(svg, title, place, layers, range, ticks, kind) {
  const y = scaleTo(range[0], range[1], place.top + place.height, place.top);
  const x = frame(svg, title, place, ticks, y);
  const half = 0.46 * (x(2) - x(1));
  layers.forEach((values, l) => {
    const counts = histogram(values, range, BINS);
    const most = Math.max(...counts, 1);
    const side = (sign) => counts.flatMap((count, b) => [b, b + 1].map((edge) => {
      const level = range[0] + (edge * (range[1] - range[0])) / BINS;
      return `${(x(l + 1) + (sign * half * count) / most).toFixed(1)} ${y(level).toFixed(1)}`;
    }));
    const outline = [...side(1), ...side(-1).reverse()].join("L");
    svgElement(svg, "path", { d: `M${outline}Z`, class: kind });
  });
}

/** Draw one number per layer as dots that a line connects. */
function drawCurve(svg, title, place, values, range, ticks) {
  const y = scaleTo(range[0], range[1], place.top + place.height, place.top);
  const x = frame(svg, title, place, ticks, y);
  const inside = values.map((v) => Math.max(range[0], Math.min(range[1], v)));
  const points = inside.map((v, l) => `${x(l + 1).toFixed(1)} ${y(v).toFixed(1)}`);
  svgElement(svg, "path", { d: `M${points.join("L")}`, class: "trace" });
  inside.forEach((v, l) => svgElement(svg, "circle", { cx: x(l + 1), cy: y(v), r: 2.5, class: "moved" }));
}

/** Return about four powers of ten between two exponents, as ticks. */
function powers([from, to]) {
  const step = Math.max(1, Math.ceil((to - from) / 4));
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step).map((p) => [p, powerOfTen(p)]);
}

/** Return a range of whole exponents around two numbers. */
const around = ([from, to]) => [Math.floor(from), Math.max(Math.floor(from) + 1, Math.ceil(to))];

/** Round up to 1, 2 or 5 times a power of ten. */
function round(value) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * [1, 2, 5, 10].find((factor) => factor * unit >= value * (1 - 1e-9));
}

/** Return the range of the axis of activations. */
function reach(activation, norm, placement, layers) {
  if (norm === "none" || placement === "before") {
    if (activation === "sigmoid") return [0, 1];
    if (activation === "tanh") return [-1, 1];
  }
  const [from, to] = middle(layers);
  const most = round(Math.max(Math.abs(from), Math.abs(to), 1e-3));
  return from >= 0 ? [0, most] : [-most, most];
}

/** Draw all panels for the observed layers. */
export function drawPanels(svg, width, setting, observed) {
  const { depth, activation, norm, placement } = setting;
  const wide = width >= 560;
  const place = { left: MARGIN + 44, right: width - MARGIN, top: 30, height: TALL, depth };
  const relu = activation === "relu" && (norm === "none" || placement === "before");
  const activations = observed.map((layer) => (relu ? layer.activations.filter((v) => v > 0) : layer.activations));
  const range = reach(activation, norm, placement, activations);
  const ticks = [range[0], (range[0] + range[1]) / 2, range[1]].map((v) => [v, short(v)]);
  drawHistograms(svg, `Activations${relu ? ", without the zeros" : ""}`, place, activations, range, ticks, "other");
  const sizes = observed.map((layer) => Array.from(layer.gradients, (g) => Math.log10(Math.abs(g))).filter(Number.isFinite));
  const exponents = around(middle(sizes));
  place.top += TALL + GAP;
  drawHistograms(svg, "Sizes of the gradients by them", place, sizes, exponents, powers(exponents), "gradient");
  const updates = observed.map((layer) => Math.log10(Math.max(layer.update, 1e-300)));
  const span = around([Math.min(...updates, -3), Math.max(...updates, -3)]);
  const similar = observed.map((layer) => layer.similarity);
  const curves = [
    ["Saturated", observed.map((layer) => layer.saturated), [0, 1], [[0, "0%"], [0.5, "50%"], [1, "100%"]]],
    ["Similarity", similar, [Math.min(-0.2, ...similar), 1], [[0, "0"], [0.5, "0.5"], [1, "1"]]],
    ["Step / weights", updates, span, powers(span)],
  ];
  const each = wide ? (width - 2 * MARGIN) / 3 : width - 2 * MARGIN;
  curves.forEach(([title, values, limits, marks], i) => {
    const left = MARGIN + 44 + (wide ? i * each : 0);
    const top = 30 + 2 * (TALL + GAP) + (wide ? 0 : i * (LOW + GAP));
    const right = MARGIN + (wide ? (i + 1) * each - 16 : each);
    drawCurve(svg, title, { left, right, top, height: LOW, depth }, values, limits, marks);
  });
  const rows = wide ? 1 : curves.length;
  const height = 30 + 2 * (TALL + GAP) + rows * LOW + (rows - 1) * GAP + 26;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
}
