// What is checked inside a page. The functions run in the browser, so each stands alone.

/** The texts whose contrast is below that of WCAG AA. */
export function lowContrast() {
  const parse = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return { channels: [red, green, blue], alpha };
  };
  const over = (top, bottom) => top.channels.map((channel, i) => channel * top.alpha + bottom[i] * (1 - top.alpha));
  const background = (element) => {
    if (element === null) return [255, 255, 255];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.channels : over(own, background(element.parentElement));
  };
  const luminance = (channels) => {
    const linear = channels.map((channel) => channel / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  const low = [];
  for (const element of document.body.querySelectorAll("*")) {
    if (!hasText(element) || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const behind = background(element);
    const found = ratio(over(parse(style.color), behind), behind);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (found < (isLarge ? 3 : 4.5)) low.push(`${found.toFixed(2)}: ${element.outerHTML.slice(0, 200)}`);
  }
  return low;
}

/** What makes a page hard to use with a screen reader. */
export function structureErrors() {
  const errors = [];
  const count = (selector) => document.querySelectorAll(selector).length;
  const must = (holds, error) => holds || errors.push(error);
  must(document.documentElement.lang === "en", "no language");
  must(document.title !== "", "no title");
  for (const landmark of ["body > header", "main", "body > footer", "h1"]) {
    must(count(landmark) === 1, `${count(landmark)} of ${landmark}`);
  }
  const levels = [...document.querySelectorAll("h1,h2,h3,h4")].map((heading) => Number(heading.tagName[1]));
  levels.reduce((last, level) => (must(level <= last + 1, `h${level} after h${last}`), level), 0);
  for (const table of document.querySelectorAll("table")) {
    must(table.hasAttribute("aria-labelledby") || table.closest("[aria-labelledby]"), "a table without a name");
    must(table.querySelector("thead th[scope=col]"), "a table without headers");
  }
  for (const element of document.querySelectorAll("[aria-labelledby]")) {
    for (const id of element.getAttribute("aria-labelledby").split(" ")) {
      must(document.getElementById(id)?.textContent.trim(), `no label ${id}`);
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  must(new Set(ids).size === ids.length, "an id occurs twice");
  must(document.documentElement.scrollWidth <= innerWidth, `${document.documentElement.scrollWidth} wide`);
  return errors;
}

/** The size of an element, whether it is focused, and whether it can be seen. */
export function targetState(id) {
  const target = document.getElementById(id);
  if (target === null) return { exists: false };
  const { top, bottom, width, height } = target.getBoundingClientRect();
  const isVisible = width > 0 && height > 0 && top < innerHeight && bottom > 0;
  return { exists: true, isVisible, isFocused: document.activeElement === target };
}
