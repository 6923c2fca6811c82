// Draw batches of a chosen size from 64 patients, and compare the scatter of their means with the formula.

import { MARGIN, choice, drawAxis, mean, mount, scaleTo, slider, std, svgElement } from "./parts.mjs";

// The body mass index of the first 64 diabetes patients.
export const VALUES = [
  32.1, 21.6, 30.5, 25.3, 23.0, 22.6, 22.0, 26.2, 32.1, 30.0, 18.6, 28.0, 23.7, 26.2, 24.0, 24.7,
  30.3, 27.5, 25.4, 24.7, 21.1, 24.3, 26.0, 32.0, 29.7, 25.2, 19.2, 31.9, 24.4, 25.8, 30.5, 20.3,
  38.0, 21.7, 20.5, 23.5, 28.5, 27.4, 33.0, 27.7, 25.6, 20.1, 25.4, 24.2, 32.7, 23.1, 25.3, 19.6,
  22.5, 27.7, 25.7, 27.9, 25.5, 24.9, 28.7, 21.8, 30.2, 20.5, 20.4, 24.0, 26.0, 26.8, 25.7, 22.9,
];
const N = VALUES.length;
const DRAWS = 200;
const [FROM, TO, TICKS] = [16, 42, [20, 25, 30, 35, 40]];
const RADIUS = 4;
// The baseline of each row of dots, and the room above it.
const ROWS = [{ y: 110, room: 76, title: `the ${N} patients, kg/m²` }, { y: 270, room: 106, title: "the means of 200 batches" }];
const HEIGHT = 296;

/** Return the standard error of the mean of `size` values: sigma / sqrt(m), or less without replacement. */
export const standardError = (size, replace) => std(VALUES) * Math.sqrt((replace ? 1 : (N - size) / (N - 1)) / size);

/** Return the row numbers of 200 random batches, which are the same at each call. */
export function drawBatches(size, replace) {
  let state = 2026 + size;
  const below = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  return Array.from({ length: DRAWS }, () => {
    const left = VALUES.map((_, i) => i);
    return Array.from({ length: size }, () => (replace ? below(N) : left.splice(below(left.length), 1)[0]));
  });
}

/** Draw dots at `values` above the line at `row.y`, and stack dots that are close to each other. */
function stack(dots, values, place, row) {
  const piles = new Map();
  const spots = values.map((value) => {
    const x = Math.round(place(value) / (2 * RADIUS)) * 2 * RADIUS;
    const level = piles.get(x) ?? 0;
    piles.set(x, level + 1);
    return [x, level];
  });
  const step = Math.min(2 * RADIUS, row.room / Math.max(...piles.values()));
  dots.forEach((dot, i) => {
    dot.setAttribute("cx", spots[i][0]);
    dot.setAttribute("cy", row.y - RADIUS - 1 - spots[i][1] * step);
  });
}

function draw(svg, width, figure) {
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const place = scaleTo(FROM, TO, MARGIN, width - MARGIN);
  const band = svgElement(svg, "rect", { y: 164, height: 106, class: "band" });
  const [patients, batches] = ROWS.map((row, i) => {
    svgElement(svg, "text", { x: MARGIN, y: row.y - row.room - 16, class: "title" }, row.title);
    drawAxis(svg, place, row.y, TICKS, [MARGIN, width - MARGIN]);
    const style = `fill: var(--${i ? "moved" : "other"})`;
    return Array.from({ length: i ? DRAWS : N }, () => svgElement(svg, "circle", { r: RADIUS - 0.5, style }));
  });
  stack(patients, VALUES, place, ROWS[0]);
  const [input, shown] = ["input[type=range]", ".value"].map((selector) => figure.querySelector(selector));
  return () => {
    const size = 2 ** Number(input.value);
    const replace = figure.querySelector("input:checked").value === "with";
    const means = drawBatches(size, replace).map((rows) => mean(rows.map((i) => VALUES[i])));
    const error = standardError(size, replace);
    const inside = means.filter((m) => Math.abs(m - mean(VALUES)) <= 2 * error + 1e-9).length;
    shown.textContent = size;
    input.setAttribute("aria-valuetext", `${size} patients`);
    stack(batches, means, place, ROWS[1]);
    band.setAttribute("x", place(mean(VALUES) - 2 * error));
    band.setAttribute("width", Math.max(2, place(2 * error) - place(-2 * error)));
    return (
      `Batches of ${size}: their means have standard deviation ${std(means).toFixed(2)} kg/m². The formula says ` +
      `${error.toFixed(2)}. Of ${DRAWS} means, ${inside} lie in the band of two standard errors around ${mean(VALUES).toFixed(2)}.`
    );
  };
}

mount(
  "batches",
  "Two rows of dots over one axis: the patients, and the means of the batches with a band around their middle.",
  (id) =>
    slider(`${id}-size`, "Batch size:", { min: 0, max: 6, step: 1, value: 2 }) +
    choice(`${id}-draw`, "Drawn", [["without", "without replacement"], ["with", "with replacement"]]),
  draw,
);
