// Convolution by hand: a 3 x 3 filter moves over a small grey face (demo/figures/convolution.py).
// data: {key, side, pixels (side * side, 0..1), filters: [{name, weights, labels, signed}], words}.
// As in every network the filter is not turned round: it is a cross-correlation, torch's conv2d.
const F = 3, POOL = 2;
const STRIDES = [1, 2, 3], PADDINGS = [0, 1, 2];
const ABOVE = [213, 94, 0], BELOW = [0, 114, 178]; // of zero: orange and blue
const BEGIN = { filter: 3, stride: 1, padding: 1, pool: false, row: 12, column: 9 }; // at an eye
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const views = (globalThis.marginscopeConvolutions ??= new Map()); // by key: what was chosen
const instances = new WeakMap();

const sizeOf = (n, stride, padding, f) => Math.floor((n - f + 2 * padding) / stride) + 1;

function windowAt(pixels, n, top, left, f) {
  // f * f values from (top, left) on; null where that is beyond the image, in the padding.
  return Array.from({ length: f * f }, (_, k) => {
    const y = top + Math.floor(k / f), x = left + (k % f);
    return y < 0 || x < 0 || y >= n || x >= n ? null : pixels[y * n + x];
  });
}

function convolve(pixels, n, weights, stride, padding) {
  const size = sizeOf(n, stride, padding, F);
  return Array.from({ length: size * size }, (_, k) => {
    const top = Math.floor(k / size) * stride - padding, left = (k % size) * stride - padding;
    return windowAt(pixels, n, top, left, F).reduce((sum, v, i) => sum + (v ?? 0) * weights[i], 0);
  });
}

function maxPool(values, n) {
  const size = sizeOf(n, POOL, 0, POOL);
  return Array.from({ length: size * size }, (_, k) =>
    Math.max(...windowAt(values, n, Math.floor(k / size) * POOL, (k % size) * POOL, POOL)));
}

const clamp = (value, last) => Math.max(0, Math.min(last, value));
const fill = (words, fields) => words.replace(/\{(\w+)\}/g, (_, name) => fields[name]);
function told(value) {
  const digits = Math.abs(value).toFixed(2);
  return value < 0 && Number(digits) > 0 ? `−${digits}` : digits;
}
const added = values => values.map((v, i) => {
  const digits = told(v), minus = digits.startsWith('−');
  return i === 0 ? digits : minus ? `− ${digits.slice(1)}` : `+ ${digits}`;
}).join(' ');

const grey = value => { const g = 255 * clamp(value, 1); return [g, g, g, 255]; };
// Zero is the page itself, so that it is as quiet in the dark as in the light.
const signed = top => value =>
  [...(value < 0 ? BELOW : ABOVE), 255 * Math.min(1, Math.abs(value) / top)];

function picture(values, size, colour) {
  const sheet = document.createElement('canvas'), c = sheet.getContext('2d');
  sheet.width = sheet.height = size;
  const image = c.createImageData(size, size);
  values.forEach((value, i) => image.data.set(colour(value), 4 * i));
  c.putImageData(image, 0, 0);
  return sheet;
}

function paint(canvas, sheet, rim, boxes, accent) {
  // A sheet of pixels inside a rim of `rim` zeros; boxes [row, column, side] in cells, rim included.
  const ratio = Math.min(2, devicePixelRatio || 1), wide = canvas.clientWidth;
  if (wide < 20) return; // hidden, or not laid out yet
  canvas.width = canvas.height = Math.round(wide * ratio);
  const c = canvas.getContext('2d'), cells = sheet.width + 2 * rim, cell = wide / cells;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.imageSmoothingEnabled = false;
  if (rim) {
    c.fillRect(0, 0, wide, wide); // black, as a zero is
    c.strokeStyle = 'rgba(160, 165, 175, 0.9)';
    c.setLineDash([3, 3]);
    c.strokeRect(rim * cell - 0.5, rim * cell - 0.5, sheet.width * cell + 1, sheet.width * cell + 1);
    c.setLineDash([]);
  }
  c.drawImage(sheet, rim * cell, rim * cell, sheet.width * cell, sheet.width * cell);
  for (const [row, column, side] of boxes) {
    for (const [colour, width] of [['white', 4.5], [accent, 2.5]]) {
      c.strokeStyle = colour;
      c.lineWidth = width;
      c.strokeRect(column * cell, row * cell, side * cell, side * cell);
    }
  }
}

class Convolution {
  constructor(root, key) {
    const find = selector => root.querySelector(selector);
    this.root = find('.convolution');
    this.stage = find('.stage');
    this.select = find('select');
    this.pooling = find('.pooling input');
    this.figures = ['input', 'products', 'result', 'pooled'].map(name => find(`.${name}`));
    this.view = views.get(key) ?? { ...BEGIN };
    views.set(key, this.view);
    this.observer = new ResizeObserver(() => this.draw());
    this.root.querySelectorAll('canvas').forEach(canvas => this.observer.observe(canvas));
    this.listen();
  }

  listen() {
    this.select.addEventListener('change', () => this.choose({ filter: Number(this.select.value) }));
    this.pooling.addEventListener('change', () => this.choose({ pool: this.pooling.checked }));
    this.stage.addEventListener('keydown', e => this.press(e));
    const [input, , result, pooled] = this.figures;
    const cellOf = {
      // A cell of the output from a place in 0..1; on the input the window's middle follows.
      input: at => {
        const { stride, padding } = this.view;
        return Math.round((at * (this.data.side + 2 * padding) - F / 2) / stride);
      },
      result: at => Math.floor(at * this.size),
      pooled: at => POOL * Math.floor(at * sizeOf(this.size, POOL, 0, POOL)),
    };
    for (const figure of [input, result, pooled]) {
      const canvas = figure.querySelector('canvas'), cell = cellOf[figure.className];
      const point = event => {
        const box = canvas.getBoundingClientRect();
        this.move(cell((event.clientY - box.top) / box.height), cell((event.clientX - box.left) / box.width));
      };
      canvas.addEventListener('pointerdown', e => { canvas.setPointerCapture(e.pointerId); point(e); });
      canvas.addEventListener('pointermove', e => { if (e.buttons || e.pointerType === 'mouse') point(e); });
    }
  }

  update(data) {
    this.data = data;
    this.view.filter = clamp(this.view.filter, data.filters.length - 1);
    this.write();
    this.compute();
  }

  write() {
    // Every word and control that does not change with the choices.
    const { data: { words, filters }, view } = this;
    const find = selector => this.root.querySelector(selector);
    find('.filter span').textContent = words.filter;
    this.select.replaceChildren(...filters.map(({ name }, i) => new Option(name, i, false, i === view.filter)));
    this.radios(find('.stride'), 'stride', words.stride, STRIDES);
    this.radios(find('.padding'), 'padding', words.padding, PADDINGS);
    find('.pooling span').textContent = words.pooling;
    this.pooling.checked = view.pool;
    this.stage.setAttribute('aria-label', words.stage);
    find('.keys').textContent = words.keys;
    this.figures[1].querySelector('figcaption b').textContent = words.products;
  }

  radios(place, name, title, options) {
    const legend = place.querySelector('legend');
    legend.textContent = title;
    place.replaceChildren(legend, ...options.map(option => {
      const label = document.createElement('label'), input = document.createElement('input');
      Object.assign(input, { type: 'radio', name, value: option, checked: option === this.view[name] });
      input.addEventListener('change', () => this.choose({ [name]: option }));
      const shown = document.createElement('span');
      shown.textContent = option;
      label.append(input, shown);
      return label;
    }));
  }

  choose(change) {
    // The window stays about where it was on the face.
    const { view } = this, top = view.row * view.stride - view.padding, left = view.column * view.stride - view.padding;
    Object.assign(view, change);
    view.row = Math.round((top + view.padding) / view.stride);
    view.column = Math.round((left + view.padding) / view.stride);
    this.compute();
  }

  compute() {
    const { view, data: { pixels, side, filters } } = this;
    this.size = sizeOf(side, view.stride, view.padding, F);
    this.values = convolve(pixels, side, filters[view.filter].weights, view.stride, view.padding);
    this.pooled = view.pool ? maxPool(this.values, this.size) : null;
    this.top = Math.max(...this.values.map(Math.abs)) || 1;
    const colour = filters[view.filter].signed ? signed(this.top) : grey;
    this.sheets = {
      input: picture(pixels, side, grey),
      result: picture(this.values, this.size, colour),
      pooled: this.pooled && picture(this.pooled, Math.sqrt(this.pooled.length), colour),
    };
    this.figures[3].hidden = !view.pool;
    this.stage.classList.toggle('four', view.pool);
    this.root.output = this.values; // for tests: rows one after another
    this.root.pooled = this.pooled;
    this.root.dataset.size = this.size;
    this.explain();
    this.move(view.row, view.column);
  }

  explain() {
    // The sizes with their numbers, and what each picture shows.
    const { data: { side, words, filters }, view, size } = this, { stride: s, padding: p } = view;
    const room = side - F + 2 * p, left = room % s;
    const whole = (over, under) => (left ? `⌊${over}/${under}⌋` : `${over}/${under}`);
    const parts = [
      `O = ${whole('(N − F + 2P)', 'S')} + 1`, `= ${whole(`(${side} − ${F} + 2·${p})`, s)} + 1`,
      ...(left ? [`= ⌊${(room / s).toFixed(2).replace(/0$/, '')}⌋ + 1`] : []), `= ${size}`,
    ];
    const [formula, said] = this.root.querySelector('.size').children;
    formula.replaceChildren(...parts.flatMap(textContent => // a line breaks between parts alone
      [Object.assign(document.createElement('i'), { textContent }), ' ']));
    said.textContent = fill(left ? words.floors : words.divides, { left, size, side });
    const caption = (figure, title, text) => {
      const [b, span] = figure.querySelector('figcaption').children;
      b.textContent = title;
      span.textContent = text;
    };
    const [input, , result, pooled] = this.figures;
    caption(input, fill(words.input, { side }), p ? fill(words.padded, { side: side + 2 * p, padding: p }) : '');
    const scale = filters[view.filter].signed ? fill(words.signed, { top: told(this.top) }) : words.grey;
    caption(result, fill(words.output, { size }), scale);
    const half = sizeOf(size, POOL, 0, POOL), divided = `⌊(${size} − ${POOL})/${POOL}⌋ + 1 = ${half}`;
    caption(pooled, fill(words.pooled, { size: half }), `${divided}. ${words.pooled_how}`);
  }

  move(row, column) {
    const { view, root, size } = this;
    view.row = clamp(row, size - 1);
    view.column = clamp(column, size - 1);
    Object.assign(root.dataset, { row: view.row, column: view.column });
    root.dataset.sum = this.values[view.row * size + view.column];
    this.count();
    this.draw();
  }

  count() {
    // The nine products under the window, and their sum.
    const { data: { pixels, side, words, filters }, view, size } = this;
    const { row, column, stride, padding } = view, { weights, labels } = filters[view.filter];
    const seen = windowAt(pixels, side, row * stride - padding, column * stride - padding, F);
    const products = seen.map((v, i) => (v ?? 0) * weights[i]), most = Math.max(...products.map(Math.abs)) || 1;
    const cells = products.map((product, i) => {
      const cell = document.createElement('td'), result = document.createElement('b');
      const label = labels[i].startsWith('−') ? `(${labels[i]})` : labels[i];
      result.textContent = told(product);
      cell.append(`${seen[i] === null ? '0' : told(seen[i])} × ${label}`, result);
      cell.classList.toggle('zero', seen[i] === null);
      const tint = product < 0 ? BELOW : ABOVE;
      cell.style.background = `rgba(${tint}, ${(0.4 * Math.abs(product)) / most})`;
      return cell;
    });
    const rows = Array.from({ length: F }, (_, r) => {
      const line = document.createElement('tr');
      line.append(...cells.slice(F * r, F * r + F));
      return line;
    });
    const figure = this.figures[1], sum = document.createElement('b');
    figure.querySelector('tbody').replaceChildren(...rows);
    figure.querySelector('figcaption span').textContent =
      fill(words.at, { row: row + 1, column: column + 1 }) + (seen.includes(null) ? ` ${words.zero}` : '');
    sum.textContent = `= ${told(this.values[row * size + column])}`;
    figure.querySelector('output').replaceChildren(`${added(products)} `, sum);
    if (view.pool) this.figures[3].querySelector('p').textContent = this.largest();
  }

  largest() {
    // The four values of which pooling keeps one.
    const { view, size } = this, across = sizeOf(size, POOL, 0, POOL);
    const r = Math.floor(view.row / POOL), c = Math.floor(view.column / POOL);
    if (r >= across || c >= across) return this.data.words.unpooled;
    const four = windowAt(this.values, size, POOL * r, POOL * c, POOL);
    return `max(${four.map(told).join(', ')}) = ${told(this.pooled[r * across + c])}`;
  }

  draw() {
    if (!this.sheets) return;
    const { view, sheets, size } = this, { row, column, stride, padding } = view;
    const [input, , result, pooled] = this.figures.map(figure => figure.querySelector('canvas'));
    const accent = getComputedStyle(this.root).getPropertyValue('--st-primary-color') || '#0072B2';
    paint(input, sheets.input, padding, [[row * stride, column * stride, F]], accent);
    const block = [POOL * Math.floor(row / POOL), POOL * Math.floor(column / POOL), POOL];
    const inside = block[0] + POOL <= size && block[1] + POOL <= size, square = view.pool && inside ? [block] : [];
    paint(result, sheets.result, 0, [...square, [row, column, 1]], accent);
    if (view.pool) paint(pooled, sheets.pooled, 0, inside ? [[block[0] / POOL, block[1] / POOL, 1]] : [], accent);
    this.root.dataset.painted = size;
  }

  press(event) {
    const { row, column } = this.view, by = MOVES[event.key];
    if (by) this.move(row + by[0], column + by[1]);
    else if (event.key === 'Home') this.move(0, 0);
    else if (event.key === 'End') this.move(this.size - 1, this.size - 1);
    else return;
    event.preventDefault();
  }
}

export default function ({ data, parentElement }) {
  let convolution = instances.get(parentElement);
  if (!convolution) {
    convolution = new Convolution(parentElement, data.key);
    instances.set(parentElement, convolution);
  }
  convolution.update(data);
  return () => { convolution.observer.disconnect(); instances.delete(parentElement); };
}
