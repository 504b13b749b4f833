// Charts: uPlot where there are axes to read, a bare line where there is room for no more.

import { html, useEffect, useLayoutEffect, useRef } from "../vendor/htm-preact.module.js";
import { count, rough } from "../text.js";

const SPARK = { width: 96, height: 24 };

/** A line without axes; the label says what it shows. */
export function Spark({ values, label }) {
  const most = Math.max(1, ...values);
  const x = (i) => (i / Math.max(1, values.length - 1)) * (SPARK.width - 2) + 1;
  const y = (value) => SPARK.height - 2 - (value / most) * (SPARK.height - 5);
  const line = values.map((value, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const area = `${line}L${x(values.length - 1).toFixed(1)} ${SPARK.height}L1 ${SPARK.height}Z`;
  return html`<svg class="spark" viewBox=${`0 0 ${SPARK.width} ${SPARK.height}`} height=${SPARK.height} preserveAspectRatio="none" role="img" aria-label=${label}>
    <path class="area" d=${area} /><path class="line" d=${line} />
  </svg>`;
}

/**
 * Bars over time. `times` in seconds, evenly apart; `at(seconds)` writes one of them, `whole` names all of them; `series` as `{ label, values, colour }`, colour being a
 * CSS variable, stacked with the last one at the bottom.
 */
export function Bars({ times, series, label, at, whole, height = 190 }) {
  const box = useRef(null);
  const plot = useRef(null);
  const data = [times, ...stacked(series)];
  const latest = useRef(null);
  latest.current = { data, series, height, at, whole };
  useEffect(() => mounted(box.current, plot, latest), []);
  useLayoutEffect(() => {
    plot.current?.setData(data);
  }, [JSON.stringify(data)]);
  return html`<div class="chart" role="img" aria-label=${label} ref=${box}></div>`;
}

// Made again when the colours change, because they are drawn on a canvas; fitted when the room changes.
function mounted(box, plot, latest) {
  const draw = () => {
    plot.current?.destroy();
    plot.current = new uPlot(options(box, latest), latest.current.data, box);
  };
  const fit = new ResizeObserver(() => {
    const { height } = latest.current;
    if (plot.current && box.clientWidth !== plot.current.width) plot.current.setSize({ width: box.clientWidth, height });
  });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  draw();
  fit.observe(box);
  dark.addEventListener("change", draw);
  addEventListener("klime-theme", draw);
  return () => {
    fit.disconnect();
    dark.removeEventListener("change", draw);
    removeEventListener("klime-theme", draw);
    plot.current.destroy();
    plot.current = null;
  };
}

function options(box, latest) {
  const { data, series, height, at, whole } = latest.current;
  const colours = getComputedStyle(box);
  const colour = (name) => resolved(box, colours.getPropertyValue(name));
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: `11px ${colours.fontFamily}` };
  const [first, second] = data[0];
  const half = (second - first) / 2;
  return {
    width: box.clientWidth,
    height,
    padding: [8, 14, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: (self, low, high) => [low - half, high + half] }, y: { range: () => [0, ceiling(latest.current.data[1])] } },
    axes: [
      { ...axis, grid: { show: false }, size: 26, splits: (self) => spread(self.data[0], box.clientWidth), values: (self, splits) => splits.map(at) },
      { ...axis, size: 44, incrs: STEPS, values: (self, splits) => splits.map(rough) },
    ],
    series: [{ label: "Time", value: (self, raw) => (raw === null ? whole : at(raw)) }, ...series.map((one) => painted(one, colour(one.colour), latestOf(one.label)))],
  };

  // Each bar holds those below it; under the cursor one's own part is told, else the sum.
  function latestOf(name) {
    const own = () => latest.current.series.find((one) => one.label === name).values;
    return (self, raw, row, i) => count(i === null ? own().reduce((total, value) => total + value, 0) : own()[i]);
  }
}

/** How high the axis goes: one bar that would flatten all others is cut off, so that these can be read. */
export function ceiling(sums) {
  const [most = 0, next = 0] = [...sums].sort((a, b) => b - a);
  return Math.max(4, isCut(sums) ? next * 2 : most * 1.08);
}

/** Whether the highest bar is higher than the axis. */
export function isCut(sums) {
  const [most = 0, next = 0] = [...sums].sort((a, b) => b - a);
  return next > 0 && most > FLATTENS * next;
}

const FLATTENS = 8;

const STEPS = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4, 5, 6, 7].map((power) => digit * 10 ** power)).sort((a, b) => a - b);

function painted({ label }, colour, value) {
  return { label, stroke: colour, fill: colour, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.72, 40], radius: 0.15 }), value };
}

// As many labels as fit, on bars that stay the same from one minute to the next.
function spread(times, width) {
  const every = [1, 2, 5, 10, 15, 30].find((n) => (times.length / n) * 56 < width) ?? 30;
  const step = times[1] - times[0];
  return times.filter((time) => Math.round(time / step) % every === 0);
}

// A canvas does not know `light-dark()`; a computed colour it does.
function resolved(box, value) {
  const probe = document.createElement("span");
  probe.style.color = value;
  box.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

// Each one's bar reaches to the sum of it and those after it.
function stacked(series) {
  const sums = [];
  let above = null;
  for (const one of [...series].reverse()) {
    const below = above;
    above = one.values.map((value, i) => value + (below ? below[i] : 0));
    sums.unshift(above);
  }
  return sums;
}
