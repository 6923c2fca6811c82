// A moving average follows noisy batch means: choose its decay, and see its lag, its noise, and its memory.

import { drawAxis, mount, scaleTo, slider, svgElement } from "./parts.mjs";

// 240 batch means in hundredths. The true mean starts at 1, rises to 3 from update 81 to 160, and stays there.
export const BATCH_MEANS = [
  105, 95, 126, 104, 79, 114, 152, 138, 72, 49, 75, 102, 7, 91, 50, 71, 78, 87, 116, 142, 95, 155, 73, 114, 136, 104,
  70, 63, 82, 109, 60, 92, 94, 122, 109, 114, 74, 95, 131, 160, 50, 161, 154, 131, 111, 87, 158, 178, 172, 153, 114,
  52, 100, 126, 48, 116, 117, 128, 53, 74, 83, 53, 170, 80, 113, 90, 163, 153, 125, 12, 102, 127, 140, 75, 173, 47,
  74, 137, 102, 180, 110, 80, 92, 66, 61, 140, 141, 172, 92, 193, 116, 193, 115, 106, 147, 181, 149, 122, 94, 94, 173,
  195, 151, 117, 197, 114, 139, 195, 82, 190, 154, 184, 179, 193, 215, 160, 249, 224, 231, 247, 234, 239, 211, 153,
  207, 184, 161, 230, 200, 184, 186, 241, 247, 288, 237, 282, 299, 291, 153, 299, 266, 272, 272, 275, 275, 251, 191,
  266, 240, 318, 266, 283, 249, 265, 287, 231, 305, 291, 250, 204, 321, 288, 279, 291, 373, 298, 303, 241, 366, 337,
  343, 302, 337, 315, 325, 294, 241, 341, 223, 290, 292, 258, 325, 292, 283, 321, 281, 356, 314, 281, 222, 248, 343,
  298, 289, 366, 249, 277, 281, 323, 273, 275, 236, 329, 332, 281, 307, 248, 281, 355, 305, 392, 269, 323, 292, 323,
  300, 278, 265, 423, 297, 219, 274, 327, 280, 354, 340, 294, 281, 260, 272, 241, 348, 364, 250, 253, 229, 261, 176,
  254
].map((hundredths) => hundredths / 100);
const COUNT = BATCH_MEANS.length;
export const TRUE_MEANS = BATCH_MEANS.map((_, i) => 1 + 2 * Math.min(Math.max(((i + 1) * 3) / COUNT - 1, 0), 1));
const DECAYS = [0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999];
const [RISEN, LAST, TOLERANCE] = [(COUNT * 2) / 3, 40, 0.01];
const [HEIGHT, TOP, BOTTOM, LEFT, RIGHT] = [270, 12, 226, 30, 18];

/** Return the moving average at the start, which is 0, and after each update. */
export function movingAverage(values, decay) {
  const averages = [0];
  for (const value of values) averages.push(decay * averages.at(-1) + (1 - decay) * value);
  return averages;
}

/** Return the fewest updates after which the initial value's share is at most `tolerance`. */
export function stepsToForget(decay, tolerance) {
  let steps = Math.max(0, Math.ceil(Math.log(tolerance) / Math.log(decay)) - 1);
  while (decay ** steps > tolerance) steps += 1;
  return steps;
}

/** Return the average distance of the values below the true means, over the second half of the rise. */
function behind(values) {
  const gaps = TRUE_MEANS.slice(RISEN - LAST, RISEN).map((mean, i) => mean - values[RISEN - LAST + i]);
  return gaps.reduce((sum, gap) => sum + gap, 0) / LAST;
}

/** Return the root mean square error of the last values. */
function error(values) {
  const squares = TRUE_MEANS.slice(-LAST).map((mean, i) => (mean - values.at(i - LAST)) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / LAST);
}

function sentence(decay, averages) {
  return (
    `Decay ${decay}: after ${stepsToForget(decay, TOLERANCE)} updates the initial value's share is at most 1%. ` +
    `Late in the rise the average lags ${behind(averages.slice(1)).toFixed(2)} behind the true mean. ` +
    `Over the last ${LAST} updates it is off by ${error(averages).toFixed(2)}, a batch mean by ${error(BATCH_MEANS).toFixed(2)}.`
  );
}

const line = (svg, style) => svgElement(svg, "polyline", { style: `fill: none; ${style}` });
const points = (place, rise, values, first) => values.map((v, i) => `${place(i + first)},${rise(v)}`).join(" ");

function drawValues(svg, rise, width) {
  for (const value of [0, 1, 2, 3, 4]) {
    const y = rise(value);
    svgElement(svg, "line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: "grid" });
    svgElement(svg, "text", { x: LEFT - 16, y: y + 5, class: "tick" }, value);
  }
}

function draw(svg, width, figure) {
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const [place, rise] = [scaleTo(0, COUNT, LEFT, width - RIGHT), scaleTo(-0.2, 4.2, BOTTOM, TOP)];
  drawValues(svg, rise, width);
  drawAxis(svg, place, BOTTOM, [0, 80, 160, 240], [LEFT, width - RIGHT]);
  svgElement(svg, "text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 8, class: "tick" }, "updates");
  BATCH_MEANS.forEach((v, i) => svgElement(svg, "circle", { cx: place(i + 1), cy: rise(v), r: 2, class: "other" }));
  const truth = line(svg, "stroke: var(--pst-color-text-base); stroke-width: 1.5; stroke-dasharray: 6 4");
  truth.setAttribute("points", points(place, rise, TRUE_MEANS, 1));
  const average = line(svg, "stroke: var(--moved); stroke-width: 3");
  const lag = line(svg, "stroke: var(--moved); stroke-width: 1.5; stroke-dasharray: 2 3");
  const [input, shown] = ["input", ".value"].map((selector) => figure.querySelector(selector));
  return () => {
    const decay = DECAYS[Number(input.value)];
    const averages = movingAverage(BATCH_MEANS, decay);
    average.setAttribute("points", points(place, rise, averages, 0));
    lag.setAttribute("points", [averages[RISEN], 3].map((v) => `${place(RISEN)},${rise(v)}`).join(" "));
    shown.textContent = decay;
    input.setAttribute("aria-valuetext", decay);
    return sentence(decay, averages);
  };
}

mount(
  "inference",
  "The means of 240 batches as dots, the true mean as a dashed line, and the moving average as a thick line.",
  (id) => slider(id, "Decay:", { min: 0, max: DECAYS.length - 1, step: 1, value: DECAYS.indexOf(0.9) }),
  draw,
);
