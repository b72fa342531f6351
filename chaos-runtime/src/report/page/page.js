(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  // Numbers as the rest of the page writes them.
  const short = (v, digits) => (digits > 0 ? v.toFixed(digits).replace(/\.?0+$/, "") : v.toFixed(0));
  const count = v => Math.round(v).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const duration = us => {
    if (us < 0) return "-" + duration(-us);
    if (us < 1e3) return short(us, us < 10 ? 1 : 0) + " µs";
    if (us < 9995) return short(us / 1e3, 2) + " ms";
    if (us < 99950) return short(us / 1e3, 1) + " ms";
    if (us < 999500) return short(us / 1e3, 0) + " ms";
    if (us < 9995e3) return short(us / 1e6, 2) + " s";
    if (us < 119.95e6) return short(us / 1e6, 1) + " s";
    const s = Math.round(us / 1e6), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, rest = s % 60;
    return h ? h + " h" + (m ? ` ${m} min` : "") : `${m} min` + (rest ? ` ${rest} s` : "");
  };
  const units = {
    "us": duration,
    "s": v => duration(v * 1e6),
    "%": v => short(v, v > 99.9 && v < 100 ? 3 : 2) + " %",
    "/s": v => (v >= 1000 ? count(v) : short(v, 1)) + "/s",
  };
  const plain = v => (Number.isInteger(v) && Math.abs(v) < 1e15 ? count(v) : short(v, Math.abs(v) < 1 ? 4 : 2));
  const said = (v, unit) => (v == null ? "–" : unit in units ? units[unit](v) : plain(v) + (unit ? " " + unit : ""));
  const clock = s => {
    const whole = Math.round(s);
    if (s < 120) return short(s, 2) + " s";
    const two = n => String(n).padStart(2, "0");
    return whole < 3600 ? `${Math.floor(whole / 60)}:${two(whole % 60)} min`
      : `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)} h`;
  };
  const day = s => new Date(s * 1e3).toISOString().slice(0, 16).replace("T", " ");
  const nines = x => {
    const beyond = 100 * Math.pow(10, -x);
    return "P" + short(100 - beyond, Math.max(0, Math.ceil(x - 1.99)) + (x % 1 ? 1 : 0));
  };
  const where = (spec, x, i) => ({ s: clock, date: day, nines, n: () => spec.xl?.[i] ?? String(x) }[spec.xu](x));

  // Steps of an axis that people count in.
  const steps = (min, max, most, ladder) => {
    const raw = (max - min) / most;
    const step = ladder?.find(s => s >= raw) ?? (() => {
      const power = Math.pow(10, Math.floor(Math.log10(raw)));
      return [1, 2, 5, 10].map(m => m * power).find(s => s >= raw * .999);
    })();
    const at = [];
    for (let k = Math.ceil(min / step - 1e-9); k * step <= max + step * 1e-9; k++) at.push(Number((k * step).toPrecision(12)));
    return at;
  };
  const logSteps = (min, max, most) => {
    const decades = Math.log10(max / min);
    const mantissas = decades * 3 <= most ? [1, 2, 5] : [1];
    const every = Math.max(1, Math.ceil(decades / most));
    const at = [];
    for (let e = Math.floor(Math.log10(min)); e <= Math.ceil(Math.log10(max)); e++) {
      if (e % every === 0) for (const m of mantissas) at.push(m * Math.pow(10, e));
    }
    return at.filter(v => v >= min * .999 && v <= max * 1.001);
  };
  const times = [.1, .2, .5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

  const color = name => getComputedStyle(root).getPropertyValue("--" + name).trim() || name;
  const dashes = { dashed: [6, 4], dotted: [2, 3] };
  const glyphs = { inject: "red", confirm: "red", clear: "blue", steady: "green", guard: "bad", change: "red" };

  const charts = new Map();
  const group = name => [...charts.values()].filter(chart => chart.spec.g && chart.spec.g === name);

  const range = spec => {
    let min = Infinity, max = -Infinity;
    for (const series of spec.s) for (const v of series.v) {
      if (v == null || (spec.y.log && v <= 0)) continue;
      if (v < min) min = v;
      if (v > max) max = v;
    }
    if (min > max) [min, max] = spec.y.log ? [1, 10] : [0, 1];
    for (const limit of spec.lim ?? []) {
      // A limit far away would flatten what was measured.
      const near = spec.y.log ? limit.y > 0 && limit.y < max * 300 && limit.y > min / 300 : limit.y <= Math.max(max * 4, 1);
      if (near) { min = Math.min(min, limit.y); max = Math.max(max, limit.y); }
    }
    // Labels of limits stand above their lines.
    const labels = spec.lim?.length > 0;
    if (spec.y.log) return [min / 1.25, max * Math.max(1.3, labels ? Math.pow(max / min, .13) : 1)];
    if (spec.y.min != null) min = Math.min(spec.y.min, min);
    if (spec.y.max != null) max = Math.max(spec.y.max, max);
    const room = (max - min || Math.abs(max) || 1) * .06;
    return [spec.y.min != null && min >= spec.y.min ? spec.y.min : min - room, max + room * (labels ? 4 : 1)];
  };

  const build = (figure, width) => {
    charts.get(figure)?.u.destroy();
    const spec = JSON.parse(figure.querySelector("script").textContent);
    const plot = figure.querySelector(".plot");
    plot.querySelector(".empty")?.remove();
    const style = getComputedStyle(root);
    const gutter = parseFloat(style.getPropertyValue("--gutter")), right = parseFloat(style.getPropertyValue("--right"));
    const font = "11.5px " + getComputedStyle(document.body).fontFamily;
    const ratio = devicePixelRatio;
    const chart = { spec, figure, u: null };
    const xs = spec.x, [low, high] = range(spec);
    const xMin = spec.from ?? xs[0], xMax = spec.to ?? xs[xs.length - 1];
    const axis = {
      stroke: color("dim"), font, gap: 4, ticks: { show: false }, grid: { stroke: color("grid"), width: 1 }, filter: (u, at) => at,
    };
    const lines = (u, draw) => {
      const { left, top, width: w, height: h } = u.bbox;
      u.ctx.save();
      u.ctx.beginPath();
      u.ctx.rect(left, top, w, h);
      u.ctx.clip();
      draw(u.ctx, left, top, w, h, v => u.valToPos(v, "x", true), v => u.valToPos(v, "y", true));
      u.ctx.restore();
    };
    const options = {
      width, height: spec.h ?? 150, padding: [8, right, 0, 0], legend: { show: false },
      scales: {
        // All of it is more than from the first point to the last one: points are the middles of bins.
        x: { time: false, auto: true,
          range: (u, a, b) => (a == null || (a === xs[0] && b === xs[xs.length - 1]) ? [xMin, xMax] : [a, b]) },
        y: { distr: spec.y.log ? 3 : 1, range: [low, high] },
      },
      axes: [
        { ...axis, size: 24,
          splits: (u, i, min, max) => spec.xu === "nines" ? steps(min, max, Math.max(3, width / 90), [1, 2, 3])
            : spec.xu === "n" ? steps(min, max, Math.max(2, width / 80), null).filter(Number.isInteger)
            : steps(min, max, Math.max(3, width / 85), spec.xu === "s" ? times : null),
          values: (u, at) => at.map(v => spec.xu === "date" ? day(v).slice(5, 10) : where(spec, v, v)) },
        { ...axis, size: gutter, gap: 6,
          splits: (u, i, min, max) => spec.y.log ? logSteps(min, max, (spec.h ?? 150) / 28) : steps(min, max, (spec.h ?? 150) / 36, null),
          values: (u, at) => at.map(v => said(v, spec.y.u)) },
      ],
      series: [{}, ...spec.s.map(s => ({
        label: s.l, scale: "y", stroke: color(s.c), width: s.w ?? 1.6, dash: dashes[s.d], spanGaps: false,
        fill: s.f ? color(s.c) + "1f" : undefined,
        paths: s.t ? uPlot.paths.stepped({ align: 1 }) : undefined,
        points: { show: s.p === true || s.v.filter(v => v != null).length < 2, size: 5, fill: color(s.c) },
      }))],
      cursor: {
        y: false, drag: { x: spec.xu === "s", y: false, setScale: true }, points: { size: 7 },
        sync: spec.g ? { key: spec.g, setSeries: false, scales: ["x", null] } : undefined,
      },
      hooks: {
        drawClear: [u => lines(u, (c, left, top, w, h, X) => {
          for (const win of spec.win ?? []) {
            c.fillStyle = color("window-" + win.k);
            c.fillRect(X(win.a), top, Math.max(X(win.b) - X(win.a), ratio), h);
          }
        })],
        draw: [u => lines(u, (c, left, top, w, h, X, Y) => {
          c.lineWidth = ratio;
          for (const mark of spec.m ?? []) {
            c.strokeStyle = color(glyphs[mark.k] ?? "dim");
            c.globalAlpha = .75;
            c.setLineDash(mark.k === "guard" || mark.k === "change" ? [] : [3 * ratio, 3 * ratio]);
            c.beginPath();
            c.moveTo(Math.round(X(mark.x)) + .5, top);
            c.lineTo(Math.round(X(mark.x)) + .5, top + h);
            c.stroke();
          }
          c.globalAlpha = 1;
          c.font = "600 " + 11.5 * ratio + "px " + getComputedStyle(document.body).fontFamily;
          const placed = [];
          for (const limit of spec.lim ?? []) {
            const a = Math.max(left, limit.a == null ? left : X(limit.a)), b = Math.min(left + w, limit.b == null ? left + w : X(limit.b));
            const y = Math.round(Y(limit.y)) + .5;
            if (b <= a || y < top || y > top + h) continue;
            c.strokeStyle = color("ink");
            c.lineWidth = 1.4 * ratio;
            c.setLineDash([7 * ratio, 4 * ratio]);
            c.beginPath();
            c.moveTo(a, y);
            c.lineTo(b, y);
            c.stroke();
            c.fillStyle = color("ink");
            c.textAlign = "right";
            const wide = c.measureText(limit.l).width + 8 * ratio;
            // Beside the line where its stretch is narrow.
            const at = Math.min(left + w, Math.max(b, a + wide, left + wide));
            // Two labels on one spot: equal ones are said once, another one goes to the line's other side.
            const near = placed.filter(p => at - wide < p.b && at > p.a && Math.abs(y - p.y) < 16 * ratio);
            if (near.some(p => p.l === limit.l)) continue;
            const above = near.length ? near[0].y > y : y - 17 * ratio > top;
            placed.push({ a: at - wide, b: at, y, l: limit.l });
            c.textBaseline = above ? "bottom" : "top";
            c.lineWidth = 3 * ratio;
            c.setLineDash([]);
            c.strokeStyle = color("card");
            c.strokeText(limit.l, at - 4 * ratio, y + (above ? -3 : 4) * ratio);
            c.fillText(limit.l, at - 4 * ratio, y + (above ? -3 : 4) * ratio);
          }
          // Bins in which the steady state did not hold, as a rug at the bottom.
          c.fillStyle = color("bad");
          for (const [a, b] of spec.rug ?? []) c.fillRect(X(a), top + h - 4 * ratio, Math.max(X(b) - X(a), 1.5 * ratio), 4 * ratio);
        })],
        setCursor: [u => show(chart, u.cursor.idx)],
        setScale: [(u, key) => { if (key === "x" && chart.u) zoom(chart); }],
      },
    };
    const u = new uPlot(options, [xs, ...spec.s.map(s => s.v)], plot);
    chart.u = u;
    const canvas = plot.querySelector("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", figure.querySelector(".told").textContent);
    charts.set(figure, chart);
    figure.dataset.drawn = "yes";
  };

  const show = (chart, i) => {
    const { spec, figure } = chart;
    const outputs = figure.querySelectorAll(".legend output");
    const known = i != null && i >= 0 && i < spec.x.length;
    // The legend names the most important line first, which is drawn last.
    spec.s.toReversed().forEach((s, k) => { outputs[k].textContent = known ? said(s.v[i], spec.y.u) : ""; });
    const at = figure.querySelector(".legend .at");
    if (at) at.textContent = known ? (spec.xu === "s" ? "at " : "") + where(spec, spec.x[i], i) : "";
  };

  // One stretch of time for all charts of an experiment, and for the strip above them.
  let zooming = false;
  const zoom = chart => {
    const { min, max } = chart.u.scales.x;
    if (zooming || !chart.spec.g || chart.spec.xu !== "s") return;
    zooming = true;
    for (const other of group(chart.spec.g)) if (other !== chart && other.spec.xu === "s") other.u.setScale("x", { min, max });
    for (const strip of document.querySelectorAll(`.strip[data-group="${chart.spec.g}"]`)) {
      const place = v => 100 * (v - min) / (max - min);
      for (const part of strip.querySelectorAll("[data-a]")) {
        const a = place(+part.dataset.a);
        part.style.left = a + "%";
        if (part.dataset.b) part.style.width = place(+part.dataset.b) - a + "%";
        else part.style.visibility = a < 0 || a > 100 ? "hidden" : "";
      }
    }
    zooming = false;
  };

  // Arrow keys move the cursor of the chart that has the focus; what it says is read aloud.
  const spoken = document.getElementById("spoken");
  document.addEventListener("keydown", event => {
    const figure = event.target.classList?.contains("plot") ? event.target.closest(".chart") : null;
    const chart = figure && charts.get(figure);
    if (!chart || event.ctrlKey || event.metaKey || event.altKey) return;
    const { u, spec } = chart, { min, max } = u.scales.x;
    // Of what is in view.
    const first = Math.max(0, spec.x.findIndex(x => x >= min)), last = Math.max(first, spec.x.findLastIndex(x => x <= max));
    const step = event.shiftKey ? Math.max(1, Math.round((last - first) / 20)) : 1, now = u.cursor.idx ?? first - 1;
    const to = { ArrowRight: now + step, ArrowLeft: now - step, Home: first, End: last }[event.key];
    if (event.key === "Escape") u.setCursor({ left: -10, top: -10 });
    else if (to == null) return;
    else {
      const i = Math.max(first, Math.min(last, to));
      const peers = spec.g ? group(spec.g).filter(other => other.spec.xu === spec.xu) : [chart];
      for (const { u } of peers) u.setCursor({ left: Math.max(0, u.valToPos(spec.x[i], "x")), top: u.bbox.height / devicePixelRatio / 2 }, true, false);
      if (spoken) spoken.textContent = where(spec, spec.x[i], i) + ": " + spec.s.toReversed().map(s => `${s.l} ${said(s.v[i], spec.y.u)}`).join(", ");
    }
    event.preventDefault();
  });

  // Charts are drawn when they come into view: a run of hundreds of experiments opens at once.
  const ready = figure => {
    const width = figure.querySelector(".plot").clientWidth;
    if (width > 0 && (!charts.has(figure) || charts.get(figure).u.width !== width)) build(figure, width);
  };
  const near = new IntersectionObserver(seen => {
    for (const { isIntersecting, target } of seen) if (isIntersecting) ready(target);
  }, { rootMargin: "600px" });
  const sized = new ResizeObserver(entries => {
    for (const { target } of entries) {
      const chart = charts.get(target.closest(".chart"));
      if (chart && !printing && target.clientWidth > 0 && chart.u.width !== target.clientWidth) {
        build(chart.figure, target.clientWidth);
      }
    }
  });
  for (const figure of document.querySelectorAll(".chart")) {
    near.observe(figure);
    sized.observe(figure.querySelector(".plot"));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
  const redraw = width => { for (const [figure, chart] of charts) build(figure, width ?? chart.u.width); };

  // On paper: light, everything open, as wide as the sheet.
  let printing = false, opened = [];
  addEventListener("beforeprint", () => {
    printing = true;
    root.dataset.scheme = "light";
    const few = document.querySelectorAll(".exp").length <= 20;
    for (const details of document.querySelectorAll("details:not([open])")) {
      if (details.closest(".chart")) continue;
      details.open = true;
      opened.push(details);
    }
    for (const figure of document.querySelectorAll(".chart")) if (few || charts.has(figure)) build(figure, 660);
  });
  addEventListener("afterprint", () => {
    printing = false;
    delete root.dataset.scheme;
    for (const details of opened) details.open = false;
    opened = [];
    for (const [figure] of charts) {
      const width = figure.querySelector(".plot").clientWidth;
      if (width > 0) build(figure, width);
    }
  });

  // The list leads to experiments, which open.
  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", event => {
    const link = event.target.closest?.('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) open();
    const copy = event.target.closest?.("button[data-copy]");
    if (copy) {
      const text = copy.previousElementSibling;
      getSelection().selectAllChildren(text);
      navigator.clipboard?.writeText(text.textContent).then(() => {
        copy.textContent = "Copied";
        setTimeout(() => { copy.textContent = "Copy"; }, 1500);
      }, () => {});
    }
    const all = event.target.closest?.("button[data-all]");
    if (all) for (const details of document.querySelectorAll(".exp")) details.open = all.dataset.all === "open";
  });
  // Nothing else is to be looked at.
  const experiments = document.querySelectorAll(".exp");
  if (experiments.length === 1) experiments[0].open = true;
  open();

  // A filter for long lists.
  document.getElementById("filter")?.addEventListener("input", event => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of document.querySelectorAll("[data-find]")) {
      item.hidden = !words.every(word => item.dataset.find.toLowerCase().includes(word));
    }
  });
  root.dataset.ready = "yes";
})();
