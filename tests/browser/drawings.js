// Functions for the tests of interactive figures: contrasts of their colors, and the parts of their drawings.
window.drawings = (() => {
  const SHAPES = "path, rect, circle, ellipse, line, polyline, polygon";
  const channels = (color) => {
    const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha];
  };
  const over = ([red, green, blue, alpha], ground) =>
    [red, green, blue].map((value, i) => value * alpha + ground[i] * (1 - alpha));
  const luminance = (color) => {
    const [red, green, blue] = color.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  // Return an element's fill or stroke as [red, green, blue, alpha], or null if it paints nothing.
  function paint(element, kind) {
    const style = getComputedStyle(element);
    if (style[kind] === "none" || (kind === "stroke" && !parseFloat(style.strokeWidth))) return null;
    const color = channels(style[kind]);
    color[3] *= Number(style[`${kind}Opacity`]);
    for (let part = element; part; part = part.parentElement) color[3] *= Number(getComputedStyle(part).opacity);
    return color[3] > 0 ? color : null;
  }

  // Return the background behind an element of the page, which is white on paper.
  function background(element) {
    const white = [255, 255, 255];
    if (!element || matchMedia("print").matches) return white;
    return over(channels(getComputedStyle(element).backgroundColor), background(element.parentElement));
  }

  const visible = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && (width * height > 0 || paint(element, "stroke") !== null);
  };

  const kind = (element) => element.closest("svg [class]")?.getAttribute("class") ?? element.getAttribute("style") ?? "";

  // Return the color behind a point of the screen: the page's background with the shapes drawn on it.
  function behind(point, shapes, page) {
    let color = page;
    for (const { shape, box, inverse, paints: [fill, stroke] } of shapes) {
      const [x, y] = [point.x, point.y];
      if (x < box.left - 4 || x > box.right + 4 || y < box.top - 4 || y > box.bottom + 4) continue;
      const own = point.matrixTransform(inverse);
      if (fill && shape.isPointInFill(own)) color = over(fill, color);
      if (stroke && shape.isPointInStroke(own)) color = over(stroke, color);
    }
    return color;
  }

  // Return the points to measure an element at: along the middle of a text, and around a shape.
  function points(element) {
    const place = element.getScreenCTM();
    const steps = [...Array(9).keys()].map((i) => (i + 0.5) / 9);
    if (element.matches("text")) {
      const { x, y, width, height } = element.getBBox();
      return steps.map((step) => new DOMPoint(x + step * width, y + height / 2).matrixTransform(place));
    }
    const length = element.getTotalLength();
    return steps.map((step) => DOMPoint.fromPoint(element.getPointAtLength(step * length)).matrixTransform(place));
  }

  // Measure the contrast of each part of a drawing: the lowest along a text, and the median around a shape, because lines
  // may cross a shape.
  function parts(figure) {
    const svg = figure.querySelector("svg");
    const page = background(figure);
    const paints = (element) => ["fill", "stroke"].map((how) => paint(element, how));
    const shapes = [...svg.querySelectorAll(SHAPES)].filter(visible).map((shape) => ({
      shape, name: kind(shape), box: shape.getBoundingClientRect(), inverse: shape.getScreenCTM().inverse(), paints: paints(shape),
    }));
    return [...svg.querySelectorAll(`${SHAPES}, text`)].filter(visible).map((element) => {
      const colors = paints(element).filter(Boolean);
      // Ignore shapes of the same kind, which may overlap.
      const below = shapes.filter(({ shape, name }) =>
        shape.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING &&
        (name !== kind(element) || shape.tagName !== element.tagName));
      const found = points(element).map((point) => {
        const ground = behind(point, below, page);
        return Math.max(1, ...colors.map((color) => contrast(over(color, ground), ground)));
      }).sort((a, b) => a - b);
      const text = element.matches("text");
      return { tag: element.tagName, name: kind(element), text: element.textContent, contrast: found[text ? 0 : 4] };
    });
  }

  // Measure the contrast of the text around the drawing and of the sliders.
  function words(figure) {
    const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const measured = (element, color) => {
      const ground = background(element);
      return { tag: element.tagName, text: element.textContent.trim(), contrast: contrast(over(channels(color), ground), ground) };
    };
    const seen = (selector) => [...figure.querySelectorAll(selector)].filter(visible);
    return {
      texts: seen(":scope *:not(svg, svg *)").filter(own).map((element) => measured(element, getComputedStyle(element).color)),
      sliders: seen("input[type=range]").map((element) => measured(element, getComputedStyle(element).accentColor)),
    };
  }

  // List everything that is drawn, with its styles.
  function drawn(figure) {
    return [...figure.querySelectorAll("svg *")].map((element) => {
      const { fill, fillOpacity, stroke, strokeWidth, visibility } = getComputedStyle(element);
      return [element.outerHTML, fill, fillOpacity, stroke, strokeWidth, visibility].join(" ");
    });
  }

  // List other settings of the controls as [index of the input, value]: a slider's ends, and each unselected choice.
  function settings(figure) {
    return [...figure.querySelectorAll("input")].flatMap((input, i) => {
      if (input.type !== "range") return input.checked ? [] : [[i, input.value]];
      return [input.min, input.max].filter((value) => value !== input.value).map((value) => [i, value]);
    });
  }

  // Return points where the mouse has an effect: on the first and the last part with a different pointer.
  function targets(figure) {
    const parts = [...figure.querySelectorAll(SHAPES)].filter((part) => ["pointer", "ew-resize"].includes(getComputedStyle(part).cursor));
    return [...new Set([parts[0], parts.at(-1)])].filter(Boolean).map((part) => {
      const { x, y, width, height } = part.getBoundingClientRect();
      return [x + 0.3 * width, y + height / 2];
    });
  }

  function set(figure, index, value) {
    const input = figure.querySelectorAll("input")[index];
    if (input.type === "range") input.value = value;
    else input.checked = true;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Reset the controls; a figure keeps other choices in its data attributes.
  function reset(figure) {
    figure.first ??= { ...figure.dataset };
    Object.assign(figure.dataset, figure.first);
    const inputs = [...figure.querySelectorAll("input")];
    for (const input of inputs) {
      input.value = input.defaultValue;
      input.checked = input.defaultChecked;
    }
    inputs[0].dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Align the drawing with whole pixels, because the text above it can have any height.
  function align(figure) {
    const { style } = figure.querySelector("svg");
    style.margin = "0 12px";
    const { x, y } = figure.querySelector("svg").getBoundingClientRect();
    style.margin = `${Math.ceil(y) - y}px 0 0 ${12 + Math.ceil(x) - x}px`;
  }

  // Find texts that reach outside the drawing, and pairs of texts that overlap.
  function misplaced(figure) {
    const svg = figure.querySelector("svg").getBoundingClientRect();
    const texts = [...figure.querySelectorAll("svg text")].filter(visible).map((element) => [element.textContent, element.getBoundingClientRect()]);
    const outside = texts.filter(([, box]) => box.left < svg.left - 1 || box.right > svg.right + 1 || box.top < svg.top - 1 || box.bottom > svg.bottom + 1);
    const overlap = ([, a], [, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    const pairs = texts.flatMap((one, i) => texts.slice(i + 1).filter((other) => overlap(one, other)).map((other) => [one, other]));
    return [...outside.map(([text]) => [text]), ...pairs.map((pair) => pair.map(([text]) => text))];
  }

  return { parts, words, drawn, settings, set, reset, align, targets, misplaced };
})();
