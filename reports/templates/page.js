// What a report does beyond being read: one cursor through all charts, the values under it, lines switched off by their
// legend, and a closer look at a stretch of time. Nothing on the page needs it.
(() => {
  const { hydrate } = globalThis['echarts-ssr-client'];
  const ns = 'http://www.w3.org/2000/svg';
  const figures = [...document.querySelectorAll('figure')].map(readFigure).filter((figure) => figure.plots.length > 0);
  const timed = figures.filter((figure) => figure.plots.some((plot) => plot.geo));
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  let view = null; // [from, to] in seconds; null: all of it
  let cursorS = null;
  let drag = null;

  function readFigure(root) {
    const geometry = JSON.parse(root.dataset.geometry || '{}');
    const json = root.querySelector('script[type="application/json"]');
    const data = json ? JSON.parse(json.textContent) : { panels: [] };
    const plots = ['wide', 'narrow'].flatMap((kind) => {
      const box = root.querySelector(`.${kind}`);
      const svg = box && box.querySelector('svg');
      return svg ? [{ box, svg, geo: geometry[kind], layer: null }] : [];
    });
    const zooms = data.panels.length > 0;
    return { root, data, plots, zooms, off: new Set() };
  }

  function make(name, attributes, parent) {
    const element = document.createElementNS(ns, name);
    for (const key of Object.keys(attributes)) element.setAttribute(key, attributes[key]);
    parent.append(element);
    return element;
  }

  const span = (figure, geo) => (view && figure.zooms ? view : [0, geo.endS]);
  const xOf = (figure, geo, s) => {
    const [from, to] = span(figure, geo);
    return geo.left + ((s - from) / (to - from)) * (geo.right - geo.left);
  };
  function secondsAt(figure, plot, clientX) {
    const rect = plot.svg.getBoundingClientRect();
    const x = ((clientX - rect.left) / rect.width) * plot.svg.viewBox.baseVal.width;
    const [from, to] = span(figure, plot.geo);
    const share = (x - plot.geo.left) / (plot.geo.right - plot.geo.left);
    return share < -0.02 || share > 1.02 ? null : from + Math.min(1, Math.max(0, share)) * (to - from);
  }

  const number = (value) =>
    Math.abs(value) >= 1e4 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(4)));
  const bytes = (value) => `${(value / 1048576).toFixed(1)} MiB`;
  function valueAt(series, steps, s) {
    let found = null;
    for (const point of series.points) {
      if (point[0] > s + 1e-9) break;
      found = point;
    }
    if (found === null) return null;
    if (series.infinite.includes(found[0])) return 'infinite';
    // An instant's value is not that of a moment long after it.
    const gap = series.points.length > 1 ? 3 * ((series.points.at(-1)[0] - series.points[0][0]) / series.points.length) : 1;
    return s - found[0] > Math.max(gap, steps ? 1.5 : 3) ? null : found[1];
  }

  function words(figure, s) {
    const lines = [`t = ${Number(s.toFixed(2))} s`];
    for (const band of figure.data.bands || [])
      if (s >= band.fromS && s <= Math.max(band.toS, band.fromS + 0.5)) lines.push(`fault: ${band.label}`);
    for (const panel of figure.data.panels)
      for (const series of panel.series) {
        if (figure.off.has(series.mark)) continue;
        const value = valueAt(series, panel.steps, s);
        const text = value === null ? 'no data' : value === 'infinite' ? '∞' : panel.unit === 'bytes' ? bytes(value) : `${number(value)} ${panel.unit}`;
        lines.push(`${series.name}: ${text}`);
      }
    return lines.slice(0, 30).join('\n');
  }

  function drawCursor() {
    for (const figure of timed)
      for (const plot of figure.plots) {
        if (!plot.geo) continue;
        if (!plot.layer) plot.layer = make('g', { 'aria-hidden': 'true' }, plot.svg);
        for (const old of plot.layer.querySelectorAll('.cursor, .brush')) old.remove();
        const [from, to] = span(figure, plot.geo);
        for (const panel of plot.geo.panels) {
          const size = { y: panel.y, height: panel.height };
          if (cursorS !== null && cursorS >= from && cursorS <= to)
            make('rect', { class: 'cursor', x: xOf(figure, plot.geo, cursorS) - 0.5, width: 1, fill: 'var(--ink)', ...size }, plot.layer);
          if (drag && drag.figure.zooms && figure.zooms) {
            const ends = [drag.fromS, cursorS ?? drag.fromS].sort((a, b) => a - b).map((s) => xOf(figure, plot.geo, s));
            make('rect', { class: 'brush', x: ends[0], width: ends[1] - ends[0], fill: 'var(--ink)', opacity: 0.12, ...size }, plot.layer);
          }
        }
      }
  }

  function show(figure, s, at) {
    cursorS = s;
    drawCursor();
    tip.hidden = s === null || figure.data.panels.length === 0;
    if (tip.hidden) return;
    tip.textContent = words(figure, s);
    const { width, height } = tip.getBoundingClientRect();
    const x = at.x + 16 + width > innerWidth ? at.x - width - 16 : at.x + 16;
    tip.style.left = `${Math.max(4, x)}px`;
    tip.style.top = `${Math.max(4, Math.min(at.y + 12, innerHeight - height - 4))}px`;
  }

  /** Lines are stretched in place, within the clip that they were drawn with; marks and ticks are drawn anew. */
  function drawZoom() {
    for (const figure of timed.filter((one) => one.zooms))
      for (const plot of figure.plots) if (plot.geo) zoomPlot(figure, plot);
    for (const figure of timed) if (figure.reset) figure.reset.hidden = view === null;
    drawCursor();
  }

  function zoomPlot(figure, plot) {
    const { geo, svg } = plot;
    const [from, to] = span(figure, geo);
    const k = geo.endS / (to - from);
    const shift = geo.left - k * (geo.left + (from / geo.endS) * (geo.right - geo.left));
    for (const line of svg.querySelectorAll('g[clip-path] > [data-mark^="s"]')) {
      line.setAttribute('vector-effect', 'non-scaling-stroke');
      line.setAttribute('transform', `matrix(${k} 0 0 1 ${shift} 0)`);
      // The stroke's own width stays in screen pixels then, so that it has to be scaled back.
      line.style.strokeWidth = view ? '1.6px' : '';
      if (!view) {
        line.removeAttribute('transform');
        line.removeAttribute('vector-effect');
      }
    }
    if (!plot.layer) plot.layer = make('g', { 'aria-hidden': 'true' }, svg);
    for (const old of plot.layer.querySelectorAll('.zoomed')) old.remove();
    const fixed =
      '[data-mark="x"], [fill="var(--fault-fill)"], [stroke="var(--fault)"], [fill="var(--fault)"], [stroke="var(--rule-2)"]';
    for (const mark of svg.querySelectorAll(fixed))
      if (!plot.layer.contains(mark)) mark.classList.toggle('off', view !== null);
    // A limit is drawn over its window: its text goes with the line, which is drawn anew.
    for (const mark of svg.querySelectorAll('[stroke="var(--limit)"], [fill="var(--limit)"]'))
      if (!plot.layer.contains(mark)) mark.classList.toggle('off', view !== null);
    // ▲ of infinite values; a legend's lines have a stroke and no fill.
    for (const mark of svg.querySelectorAll('[fill^="var(--line"][data-mark^="s"]')) mark.classList.toggle('off', view !== null);
    if (view) drawMarks(figure, plot, from, to);
  }

  function drawMarks(figure, plot, from, to) {
    const { geo, layer } = plot;
    const inside = (s) => Math.min(geo.right, Math.max(geo.left, xOf(figure, geo, s)));
    const last = geo.panels.at(-1);
    const lines = [...plot.svg.querySelectorAll('path[stroke="var(--limit)"]')].filter((line) => !layer.contains(line));
    const windows = figure.data.panels.flatMap((panel) => panel.limits);
    windows.forEach(([fromS, toS, words], i) => {
      const y = lines[i] && lines[i].getBBox().y;
      if (y === undefined || toS < from || fromS > to) return;
      const ends = { x1: inside(fromS), x2: inside(toS), y1: y, y2: y };
      make('line', { class: 'zoomed', ...ends, stroke: 'var(--limit)', 'stroke-dasharray': '2 3' }, layer);
      const at = { class: 'zoomed', x: ends.x2 - 2, y: y - 3, 'text-anchor': 'end', 'font-size': 10, fill: 'var(--limit)' };
      make('text', at, layer).textContent = words;
    });
    geo.panels.forEach((panel, i) => {
      for (const band of figure.data.bands || []) {
        if (band.toS < from || band.fromS > to) continue;
        const x = inside(band.fromS);
        const width = Math.max(1.5, inside(band.toS) - x);
        const size = { class: 'zoomed', y: panel.y, height: panel.height };
        make('rect', { ...size, x, width, fill: 'var(--fault-fill)', stroke: 'var(--fault)', 'stroke-dasharray': '4 3' }, layer);
        if (i === 0) {
          const text = make('text', { class: 'zoomed', x: x + width / 2, y: panel.y - 4, 'text-anchor': 'middle', 'font-size': 11, fill: 'var(--fault)' }, layer);
          text.textContent = band.label;
        }
      }
    });
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200].find((s) => (to - from) / s <= 7) || 14400;
    for (let s = Math.ceil(from / step) * step; s <= to; s += step) {
      const y = last.y + last.height + 14;
      const text = make('text', { class: 'zoomed', x: xOf(figure, geo, s), y, 'text-anchor': 'middle', 'font-size': 11, fill: 'var(--ink-2)' }, layer);
      text.textContent = `${Number(s.toFixed(1))} s`;
    }
  }

  function zoomTo(a, b) {
    const endS = Math.max(...timed.filter((f) => f.zooms).map((f) => f.plots[0].geo.endS));
    const from = Math.max(0, Math.min(a, b));
    const to = Math.min(endS, Math.max(a, b));
    view = to - from < endS / 1000 || to - from >= endS ? null : [from, to];
    drawZoom();
  }

  function toggle(figure, mark) {
    if (figure.off.has(mark)) figure.off.delete(mark);
    else figure.off.add(mark);
    for (const line of figure.root.querySelectorAll(`[data-mark="s${mark}"]`))
      line.style.opacity = figure.off.has(mark) ? (line.closest('[clip-path]') ? 0 : 0.25) : '';
    for (const button of figure.root.querySelectorAll(`button[data-series="${mark}"]`))
      button.setAttribute('aria-pressed', String(!figure.off.has(mark)));
  }

  function addTools(figure) {
    const tools = document.createElement('div');
    tools.className = 'tools';
    const series = figure.data.panels.flatMap((panel) => panel.series);
    for (const one of series) {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.series = one.mark;
      button.setAttribute('aria-pressed', 'true');
      button.textContent = one.name;
      button.addEventListener('click', () => toggle(figure, one.mark));
      tools.append(button);
    }
    figure.reset = document.createElement('button');
    figure.reset.type = 'button';
    figure.reset.textContent = 'show all of the time';
    figure.reset.hidden = true;
    figure.reset.addEventListener('click', () => zoomTo(0, Number.POSITIVE_INFINITY));
    tools.append(figure.reset, 'Drag to look closer; with the keyboard: arrows, + and -, Escape.');
    figure.root.append(tools);
  }

  function listen(figure, plot) {
    const { box, svg } = plot;
    const leave = () => {
      if (!drag) show(figure, null, { x: 0, y: 0 });
    };
    svg.addEventListener('pointermove', (event) => show(figure, secondsAt(figure, plot, event.clientX), { x: event.clientX, y: event.clientY }));
    svg.addEventListener('pointerleave', leave);
    if (!figure.zooms) return;
    svg.addEventListener('pointerdown', (event) => {
      const s = secondsAt(figure, plot, event.clientX);
      if (event.pointerType !== 'mouse' || event.button !== 0 || s === null) return;
      if (event.target.getAttribute('ecmeta_ssr_type') === 'legend') return;
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      drag = { figure, fromS: s };
    });
    svg.addEventListener('pointerup', () => {
      const done = drag;
      drag = null;
      if (done && cursorS !== null) {
        const [from, to] = span(figure, plot.geo);
        if (Math.abs(cursorS - done.fromS) > (to - from) / 100) zoomTo(done.fromS, cursorS);
      }
      drawCursor();
    });
    svg.addEventListener('dblclick', () => zoomTo(0, Number.POSITIVE_INFINITY));
    box.tabIndex = 0;
    box.setAttribute('role', 'group');
    box.setAttribute('aria-label', 'Chart: arrows move the cursor, plus and minus zoom, Escape shows all');
    box.addEventListener('keydown', (event) => onKey(event, figure, plot));
    box.addEventListener('blur', leave);
    hydrate(box, {
      on: { click: (event) => event.ssrType === 'legend' && toggle(figure, event.seriesIndex) },
    });
  }

  function onKey(event, figure, plot) {
    const [from, to] = span(figure, plot.geo);
    const at = cursorS ?? (from + to) / 2;
    const step = Math.max((to - from) / 100, 0.01);
    const moves = { ArrowLeft: -step, ArrowRight: step };
    if (event.key in moves) {
      const s = Math.min(to, Math.max(from, at + moves[event.key]));
      const rect = plot.svg.getBoundingClientRect();
      const x = rect.left + (xOf(figure, plot.geo, s) / plot.svg.viewBox.baseVal.width) * rect.width;
      show(figure, s, { x, y: rect.top + 20 });
    } else if (event.key === '+' || event.key === '=') zoomTo(at - (to - from) / 4, at + (to - from) / 4);
    else if (event.key === '-') zoomTo(at - (to - from), at + (to - from));
    else if (event.key === 'Escape') zoomTo(0, Number.POSITIVE_INFINITY);
    else return;
    event.preventDefault();
  }

  for (const figure of figures) {
    if (figure.zooms) addTools(figure);
    for (const plot of figure.plots) if (plot.geo) listen(figure, plot);
  }
})();
