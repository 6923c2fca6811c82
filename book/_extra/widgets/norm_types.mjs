// Pick a norm and an entry of a small array (N, C, L), and see which entries share its mean and standard deviation.

import { MARGIN, choice, mean, mount, svgElement, variance } from "./parts.mjs";

// ARRAY[n][c][l]: three samples, four channels, three positions.
export const ARRAY = [
  [[1, 2, 3], [4, 6, 2], [0, 1, 0], [7, 9, 8]],
  [[2, 4, 1], [8, 5, 9], [1, 0, 2], [6, 8, 9]],
  [[0, 3, 2], [3, 5, 4], [5, 3, 4], [9, 5, 7]],
];
const [N, C, L] = [ARRAY.length, ARRAY[0].length, ARRAY[0][0].length];
const [GROUPS, EPS] = [2, 1e-5];
const [TOP, LABELS, GAP] = [28, 24, 9];

// Two entries [n, c, l] share a mean if the norm's `key` is the same for both.
const group = (c) => Math.floor(c / (C / GROUPS));
const NORMS = {
  batch: { name: "Batch norm", key: ([, c]) => c },
  layer: { name: "Layer norm", key: ([n]) => n },
  instance: { name: "Instance norm", key: ([n, c]) => `${n} ${c}` },
  group: { name: "Group norm (2 groups)", key: ([n, c]) => `${n} ${group(c)}` },
};

const PLACES = ARRAY.flatMap((sample, n) => sample.flatMap((row, c) => row.map((_, l) => [n, c, l])));
const valueAt = ([n, c, l]) => ARRAY[n][c][l];

/** Return the places that share the mean of `place`, that mean, the biased std, and the normalized entry. */
export function normalize(norm, place) {
  const { key } = NORMS[norm];
  const shared = PLACES.filter((other) => key(other) === key(place));
  const values = shared.map(valueAt);
  const [center, spread] = [mean(values), variance(values)];
  return { shared, mean: center, std: Math.sqrt(spread), y: (valueAt(place) - center) / Math.sqrt(spread + EPS) };
}

function sentence(norm, place, { shared, mean, std, y }) {
  const [n, c, l] = place;
  const [m, s, result] = [mean, std, y].map((number) => number.toFixed(3));
  return (
    `${NORMS[norm].name}: the entry ${valueAt(place)} at sample ${n}, channel ${c}, position ${l} shares mean ${m} ` +
    `and standard deviation ${s} with ${shared.length - 1} others. It becomes ${result}.`
  );
}

/** Return the place that an arrow key leads to: left and right move over positions and samples, up and down over channels. */
function moved([n, c, l], key) {
  const across = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
  const down = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0;
  const column = Math.min(Math.max(n * L + l + across, 0), N * L - 1);
  return [Math.floor(column / L), Math.min(Math.max(c + down, 0), C - 1), column % L];
}

function drawCell(svg, place, size, pick) {
  const [n, c, l] = place;
  const x = MARGIN + LABELS + n * (L * size + GAP) + l * size;
  const cell = svgElement(svg, "g", { class: "entry", transform: `translate(${x} ${TOP + c * size})` });
  svgElement(cell, "rect", { x: 1.5, y: 1.5, width: size - 3, height: size - 3 });
  svgElement(cell, "text", { x: size / 2, y: size / 2 + 5, class: "tick" }, valueAt(place));
  cell.addEventListener("click", () => pick(place));
  return cell;
}

function drawLabels(svg, size) {
  for (let n = 0; n < N; n++) {
    const x = MARGIN + LABELS + n * (L * size + GAP) + (L * size) / 2;
    svgElement(svg, "text", { x, y: TOP - 10, class: "tick" }, `sample ${n}`);
  }
  for (let c = 0; c < C; c++) {
    svgElement(svg, "text", { x: MARGIN, y: TOP + c * size + size / 2 + 5 }, `c${c}`);
  }
}

function draw(svg, width, figure) {
  const size = Math.min(44, (width - 2 * MARGIN - LABELS - (N - 1) * GAP) / (N * L));
  svg.setAttribute("viewBox", `0 0 ${width} ${TOP + C * size + 4}`);
  svg.setAttribute("role", "application");
  svg.setAttribute("tabindex", "0");
  figure.querySelector("output").ariaLive = "polite";
  figure.dataset.place ??= "1,2,1";
  const chosen = () => figure.dataset.place.split(",").map(Number);
  const pick = (place) => {
    figure.dataset.place = place.join(",");
    figure.dispatchEvent(new Event("input"));
  };
  svg.onkeydown = (event) => {
    if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    pick(moved(chosen(), event.key));
  };
  drawLabels(svg, size);
  const cells = PLACES.map((place) => drawCell(svg, place, size, pick));
  return () => {
    const norm = figure.querySelector("input:checked").value;
    const [place, result] = [chosen(), normalize(norm, chosen())];
    PLACES.forEach((other, i) => {
      cells[i].classList.toggle("lit", result.shared.includes(other));
      cells[i].classList.toggle("picked", String(other) === String(place));
    });
    return sentence(norm, place, result);
  };
}

mount(
  "norm_types",
  "Numbers of three samples, each with four channels and three positions. Arrow keys choose one.",
  (id) => choice(id, "Norm:", Object.entries(NORMS).map(([key, { name }]) => [key, name])),
  draw,
);
