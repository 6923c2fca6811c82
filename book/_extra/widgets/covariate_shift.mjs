// Let a shift of the test images grow, and compare the accuracy with stored and with recomputed BN statistics.

import { MARGIN, choice, dragSideways, drawAxis, mount, scaleTo, slider, svgElement } from "./parts.mjs";

// Accuracy at the levels 0 to 10, in thousandths: bnref.experiments.covariate_shift_statistics.by_strength().
const KINDS = {
  fading: {
    label: "Fading ink", says: (level) => `ink times ${(1 - 0.09 * level).toFixed(2)}`,
    change: (x, z, level) => (1 - 0.09 * level) * x,
    stored: [989, 987, 982, 976, 951, 916, 807, 596, 241, 108, 102],
    recomputed: [990, 990, 990, 990, 990, 990, 990, 990, 990, 990, 990],
  },
  shading: {
    label: "Shade", says: (level) => `${(0.1 * level).toFixed(1)} added to every pixel`,
    change: (x, z, level) => x + 0.1 * level,
    stored: [989, 973, 908, 780, 624, 446, 298, 208, 165, 149, 139],
    recomputed: [990, 990, 985, 982, 978, 972, 968, 961, 953, 946, 939],
  },
  inverting: {
    label: "Inverting", says: (level) => `contrast around mid-grey times ${(1 - 0.2 * level).toFixed(1)}`,
    change: (x, z, level) => 0.5 + (1 - 0.2 * level) * (x - 0.5),
    stored: [989, 936, 626, 130, 98, 98, 98, 127, 151, 168, 165],
    recomputed: [990, 990, 981, 959, 841, 99, 116, 125, 129, 132, 132],
  },
  noisier: {
    label: "Noise", says: (level) => `noise of standard deviation ${(0.05 * level).toFixed(2)}`,
    change: (x, z, level) => x + 0.05 * level * z,
    stored: [989, 987, 976, 954, 903, 827, 739, 633, 543, 458, 402],
    recomputed: [990, 990, 979, 958, 920, 876, 807, 744, 681, 605, 541],
  },
};
// Four test digits of 8 by 8 pixels, from 0 (blank) to g (full ink, 16).
const DIGITS = [
  "007ge300009ebf0000150f5000000g5000003g400001ce10005cgge1008gead3",
  "002ed30000dd9b0000g70c0003g50a5005g1085003g10a5000g85e30004gg910",
  "000a9000005f009500ea07g405g75g600bggge00034bg8000007g200000cc000",
  "001af200007g735003g73gb009e1ae200bggga000248g3000009d000000c9000",
].map((pixels) => [...pixels].map((sixteenth) => parseInt(sixteenth, 17) / 16));
const [LEVELS, CHART, LEGEND, LEFT] = [10, 150, 50, 38];
const LINES = [
  { key: "stored", label: "accuracy, stored", colour: "var(--moved)", dash: "none", mark: "M-6 -6 H6 V6 H-6 Z", class: "moved" },
  { key: "recomputed", label: "accuracy, recomputed", colour: "var(--other)", dash: "6 4", mark: "M0 -9 L8 0 L0 9 L-8 0 Z", class: "other" },
];

/** Return fixed noise of mean 0 and standard deviation 1: sums of twelve uniform numbers from a small generator. */
function noise(count) {
  let state = 1;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from({ length: count }, () => Array.from({ length: 12 }, uniform).reduce((sum, u) => sum + u, -6));
}

const stroke = (line) => `fill: none; stroke: ${line.colour}; stroke-width: 2.5; stroke-dasharray: ${line.dash}`;

/** Draw the chart; return its scales for level and accuracy, and the line and marker of each kind of statistics. */
function drawChart(svg, width) {
  const bottom = LEGEND + CHART;
  const [across, up] = [scaleTo(0, LEVELS, LEFT, width - MARGIN), scaleTo(0, 1000, bottom, LEGEND)];
  drawAxis(svg, across, bottom, [0, 2, 4, 6, 8, 10], [LEFT, width - MARGIN]);
  for (const part of [0, 0.5, 1]) {
    const y = up(1000 * part);
    svgElement(svg, "line", { x1: LEFT, x2: width - MARGIN, y1: y, y2: y, class: "grid" });
    svgElement(svg, "text", { x: 4, y: y + 5 }, part.toFixed(1));
  }
  const drawn = LINES.map((line, i) => {
    svgElement(svg, "path", { d: `M${LEFT} ${14 + 20 * i} h36`, style: stroke(line) });
    svgElement(svg, "path", { d: line.mark, class: line.class, transform: `translate(${LEFT + 18} ${14 + 20 * i})` });
    svgElement(svg, "text", { x: LEFT + 46, y: 19 + 20 * i }, line.label);
    return {
      ...line,
      path: svgElement(svg, "path", { style: stroke(line), class: "curve" }),
      point: svgElement(svg, "path", { d: line.mark, class: `${line.class} point` }),
    };
  });
  return { across, up, drawn, bottom };
}

/** Draw the pixels of all digits in a row below the chart. */
function drawDigits(svg, width, top, cell) {
  const step = (width - LEFT - MARGIN) / DIGITS.length;
  return DIGITS.map((pixels, digit) => pixels.map((_, i) => svgElement(svg, "rect", {
    x: LEFT + digit * step + (i % 8) * cell, y: top + Math.floor(i / 8) * cell, width: cell, height: cell, class: "pixel", "shape-rendering": "crispEdges",
  })));
}

function draw(svg, width, figure) {
  const cell = Math.min(12, Math.floor((width - LEFT - MARGIN) / DIGITS.length / 8.8));
  const { across, up, drawn, bottom } = drawChart(svg, width);
  const squares = drawDigits(svg, width, bottom + 34, cell);
  svg.setAttribute("viewBox", `0 0 ${width} ${bottom + 34 + 8 * cell + 4}`);
  const [input, shown] = ['input[type="range"]', ".value"].map((selector) => figure.querySelector(selector));
  dragSideways(svg, width, bottom, input, scaleTo(LEFT, width - MARGIN, 0, LEVELS));
  const random = noise(64);
  return () => {
    const kind = KINDS[figure.querySelector("input:checked").value];
    const level = Number(input.value);
    for (const { key, path, point } of drawn) {
      path.setAttribute("d", `M${kind[key].map((value, i) => `${across(i)} ${up(value)}`).join("L")}`);
      point.setAttribute("transform", `translate(${across(level)} ${up(kind[key][level])})`);
    }
    squares.forEach((digit, d) => digit.forEach((square, i) => {
      const ink = Math.min(1, Math.max(0, kind.change(DIGITS[d][i], random[(i * 5 + d * 13) % 64], level)));
      square.setAttribute("fill", `rgb(${Array(3).fill(Math.round(255 * (1 - ink))).join(" ")})`);
    }));
    shown.textContent = `${level} of ${LEVELS}`;
    const [stored, recomputed] = ["stored", "recomputed"].map((key) => kind[key][level] / 1000);
    return (
      `${kind.label}, ${kind.says(level)}. Accuracy ${stored.toFixed(3)} with stored statistics, ` +
      `${((kind.stored[0] - kind.stored[level]) / 1000).toFixed(3)} lost; ${recomputed.toFixed(3)} with recomputed ones.`
    );
  };
}

mount(
  "covariate_shift",
  "Accuracy on shifted digits against how far they are shifted, two lines with a mark each, and four of the digits.",
  (id) => choice(`${id}-kind`, "Shift:", Object.entries(KINDS).map(([value, { label }]) => [value, label])) +
    slider(id, "How far:", { min: 0, max: LEVELS, step: 1, value: 7 }),
  draw,
);
