// Two trainings side by side: one camera, one clock, all in the browser. What it draws is in `data`:
// {key, id, cast, films: [left, right], steps, words}; nothing is asked of the server while it plays.
// cast.held is one list for both sides, or a list of one for each.
const RATE = 10; // frames a second at speed 1
const SPEEDS = [0.5, 1, 2, 4];
const WIDE = [1.4, 3]; // pixels: the left training's curves and the right one's
const views = (globalThis.marginscopeFilms ??= new Map()); // by key: camera, frame, lit person, speed
const instances = new WeakMap();
const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

class Playback extends Turnable {
  constructor(root, key) {
    super();
    const find = selector => root.querySelector(selector);
    this.root = find('.playback');
    this.stage = find('.stage');
    this.label = find('.label');
    this.button = find('.play');
    this.scrub = find('.scrub');
    this.told = find('output');
    this.pace = find('select');
    this.long = find('.long');
    this.canvases = [...root.querySelectorAll('.stage canvas')];
    this.charts = [...root.querySelectorAll('.charts canvas')];
    this.view = views.get(key) ?? { camera: identity(), frame: null, person: null, speed: 1, long: false };
    views.set(key, this.view);
    this.hover = null;
    this.shown = [[], []]; // of each side: [x, y, depth, index]
    this.observer = new ResizeObserver(() => this.paint());
    [...this.canvases, ...this.charts].forEach(canvas => this.observer.observe(canvas));
    this.listen();
  }

  listen() {
    super.listen();
    for (const canvas of this.charts) {
      const seek = event => this.seek(frameUnder(event, canvas, this.data.steps.length, this.data.span));
      canvas.addEventListener('pointerdown', e => { canvas.setPointerCapture(e.pointerId); seek(e); });
      canvas.addEventListener('pointermove', e => { if (e.buttons) seek(e); });
    }
    this.stage.addEventListener('keydown', e => this.press(e));
    this.scrub.addEventListener('keydown', e => this.space(e));
    this.scrub.addEventListener('input', () => this.seek(Number(this.scrub.value)));
    this.button.addEventListener('click', () => this.toggle());
    this.pace.addEventListener('change', () => {
      this.view.speed = Number(this.pace.value);
      if (this.playing) this.play();
    });
    this.long.querySelector('input').addEventListener('change', e => {
      this.view.long = e.target.checked;
      this.paint();
    });
    this.root.querySelector('.save').addEventListener('click', () => this.savePicture());
  }

  update(data) {
    const other = this.data?.id !== data.id;
    this.data = data;
    if (other) this.unpack();
    const last = data.steps.length - 1, begins = this.view.frame === null;
    this.view.frame = Math.min(last, this.view.frame ?? (still() ? last : 0));
    this.scrub.max = last;
    if (this.view.person !== null && this.view.person >= this.cast.colours.length) this.view.person = null;
    this.write();
    if (begins && !still()) this.play();
    this.paint();
  }

  unpack() {
    // Numbers in base64 -> arrays, once for each pair of films.
    const { cast, films } = this.data;
    const numbers = (Kind, text) => new Kind(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
    this.cast = { ...cast, person: numbers(Uint8Array, cast.person), held: numbers(Uint8Array, cast.held) };
    this.films = films.map(film => {
      const lengths = film.lengths ? numbers(Uint16Array, film.lengths) : null;
      return {
        points: numbers(Int16Array, film.points), centres: numbers(Int16Array, film.centres), lengths,
        limit: lengths?.reduce((a, b) => Math.max(a, b), 1),
      };
    });
    [this.shots, this.shown] = [[null, null], [[], []]]; // to be drawn anew
    this.point(null);
  }

  write() {
    // Every word and control that does not change with the frame.
    const { data, view } = this, { words } = data;
    this.stage.setAttribute('aria-label', words.alt);
    this.canvases.forEach((canvas, side) => {
      const [swatch, title] = canvas.previousElementSibling.children;
      swatch.style.cssText = `background:${data.films[side].colour};height:${2 * WIDE[side]}px`;
      title.textContent = data.films[side].title;
    });
    this.charts.forEach((canvas, i) => {
      canvas.previousElementSibling.firstElementChild.textContent = data.charts[i].title;
    });
    this.scrub.setAttribute('aria-label', words.scrub);
    this.root.querySelector('.pace span').textContent = words.speed;
    this.pace.replaceChildren(...SPEEDS.map(speed => new Option(`${speed}×`, speed, false, speed === view.speed)));
    this.long.hidden = !this.films.some(film => film.lengths);
    this.long.querySelector('span').textContent = words.long;
    this.long.querySelector('input').checked = view.long;
    this.root.querySelector('.legend').textContent = words.legend[this.cast.dimension === 3 ? 0 : 1];
    this.root.querySelector('.save').textContent = words.save;
  }

  play() {
    const last = this.data.steps.length - 1;
    if (this.view.frame === last) this.view.frame = 0;
    this.playing = { from: this.view.frame, start: performance.now() };
    this.point(null);
    this.paint();
  }

  pause() {
    this.playing = null;
    this.paint();
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  seek(frame) {
    this.point(null); // its label told of another frame
    this.view.frame = frame;
    this.pause();
  }

  space(event) {
    if (event.key !== ' ') return false;
    event.preventDefault();
    this.toggle();
    return true;
  }

  press(event) {
    if (this.space(event)) return;
    if (event.key === 'Home') this.view.camera = identity();
    else if (event.key === 'Escape') this.view.person = null;
    else if (!this.arrow(event)) return;
    event.preventDefault();
    this.paint();
  }

  pick(index, event, side) {
    const person = index === null ? null : this.cast.person[index];
    this.view.person = person === this.view.person ? null : person;
    this.point(index, event, side);
    this.paint();
  }

  turn(dx, dy) {
    // A circle turns in its plane only.
    const way = this.cast.dimension === 3 ? about(dx, dy) : aboutAxis([0, 0, 1], -dx - dy);
    this.view.camera = upright(product(way, this.view.camera));
    this.point(null);
    this.paint();
  }

  point(index, event, side) {
    // side: whose canvas the pointer is on; a held-out image of one may be learned on the other.
    if (this.playing) index = null;
    if (index === this.hover && (index === null || side === this.over)) return;
    this.hover = index;
    this.over = side;
    this.label.hidden = index === null;
    if (index !== null) {
      const { data, shots } = this, cast = this.castOf(side), who = cast.person[index];
      const angles = shots.map((shot, k) =>
        `${data.films[k].title} ${degrees(angleBetween(shot.points[index], shot.centres[who]))}`);
      this.label.textContent = `${who + 1} ${cast.names[who]} · ` +
        `${cast.held[index] ? data.words.held : data.words.learned}\n${data.words.own} ${angles.join(', ')}`;
      const box = this.stage.getBoundingClientRect();
      this.label.style.left = `${Math.max(0, Math.min(event.clientX - box.left + 14, box.width - 230))}px`;
      this.label.style.top = `${event.clientY - box.top + 14}px`;
    }
    this.paint();
  }

  paint() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(now => {
      this.asked = null;
      if (this.playing) this.advance(now);
      this.draw();
      if (this.playing) this.paint();
    });
  }

  advance(now) {
    // The frame of this moment: a slow machine leaves some out, and none is invented between two.
    const last = this.data.steps.length - 1, { from, start } = this.playing;
    const passed = Math.floor((Math.max(0, now - start) / 1000) * RATE * this.view.speed);
    this.view.frame = Math.min(last, from + passed);
    if (this.view.frame === last) this.playing = null;
  }

  draw() {
    const { data, view, root } = this, { frame } = view;
    if (this.canvases[0].clientWidth < 40) return; // hidden, or not laid out yet
    const ink = getComputedStyle(root).color;
    this.canvases.forEach((canvas, side) => this.drawSide(canvas, side, ink));
    this.charts.forEach((canvas, i) => this.drawChart(canvas, data.charts[i], ink));
    this.scrub.value = frame;
    const said = data.words.step.replace('{step}', data.steps[frame]).replace('{last}', data.last ?? data.steps.at(-1));
    this.scrub.setAttribute('aria-valuetext', said);
    this.told.textContent = said;
    this.button.textContent = this.playing ? data.words.pause : data.words.play;
    root.dataset.painted = data.id;
    root.dataset.frame = frame;
  }

  castOf(side) {
    const { held } = this.cast;
    return Array.isArray(held) ? { ...this.cast, held: held[side] } : this.cast;
  }

  drawSide(canvas, side, ink) {
    const { view } = this, cast = this.castOf(side), film = this.films[side];
    const paper = paperOf(canvas, { ink, ground: this.data.paper, turn: view.camera, side });
    const flat = cast.dimension === 2;
    if (flat) {
      paper.radius *= 0.84; // the numbers stand outside
      paper.at = v => [paper.width / 2 + paper.radius * v[0], paper.height / 2 - paper.radius * v[1], v[2]];
      paper.turn = plane(view.camera);
    }
    if (this.shots[side]?.frame !== view.frame)
      this.shots[side] = { frame: view.frame, ...frameOf(film, cast, view.frame) };
    const lit = this.hover === null ? view.person : cast.person[this.hover];
    const look = { lit, hover: this.hover, long: view.long && film.lengths !== null };
    this.shown[side] = (flat ? drawCircle : drawBall)(paper, this.shots[side], cast, look);
    if (look.long) {
      const rim = this.data.words.rim.replace('{length}', (film.limit / 100).toFixed(1));
      tag(paper, rim, paper.width / 2, paper.height - 2, { size: 11, weight: 500, always: true });
    }
  }

  drawChart(canvas, { curves, unit, top }, ink) {
    const { films, steps } = this.data, { frame } = this.view;
    const lines = films.flatMap((film, side) => curves.map((curve, k) => ({
      values: film.curves[curve], colour: film.colour, wide: WIDE[side], dashed: k > 0,
    })));
    drawChart(canvas, { ink, lines, top, unit, steps, frame, span: this.data.span });
    const values = canvas.previousElementSibling.lastElementChild;
    values.replaceChildren(...films.map((film, side) => {
      const one = document.createElement('span'), swatch = document.createElement('i');
      swatch.style.cssText = `background:${film.colour};height:${2 * WIDE[side]}px`;
      const marks = curves.length > 1 ? ['● ', '  ○ '] : [''];
      one.append(swatch, curves.map((curve, k) => marks[k] + told(film.curves[curve][frame], unit)).join(''));
      return one;
    }));
  }

  savePicture() {
    // Both trainings and the curves at this frame as PNG, made here.
    const { data } = this, side = this.canvases[0].clientWidth, wide = this.charts[0].clientWidth;
    const scale = this.canvases[0].width / side, gap = 24, line = 22, total = 2 * side + gap;
    const sheet = document.createElement('canvas'), c = sheet.getContext('2d');
    const small = '13px system-ui, sans-serif';
    c.font = small;
    const lines = data.words.caption.flatMap(words => wrapped(c, words, total));
    const count = this.charts.length, each = (total - (count - 1) * gap) / count;
    const high = (this.charts[0].clientHeight * each) / wide;
    sheet.width = (total + 2 * gap) * scale;
    sheet.height = (side + high + (6 + lines.length) * line) * scale;
    c.scale(scale, scale);
    c.fillStyle = data.paper;
    c.fillRect(0, 0, sheet.width, sheet.height);
    c.fillStyle = getComputedStyle(this.root).color;
    const write = (words, x, y, font) => { c.font = font; c.fillText(words, x, y); };
    c.textAlign = 'center';
    this.canvases.forEach((canvas, i) => {
      const x = gap + i * (side + gap);
      write(data.films[i].title, x + side / 2, line * 1.4, '600 18px system-ui, sans-serif');
      c.drawImage(canvas, x, line * 2, side, side);
    });
    const below = side + 3.4 * line;
    this.charts.forEach((canvas, i) => {
      const x = gap + i * (each + gap), values = canvas.previousElementSibling.lastElementChild;
      write(data.charts[i].title, x + each / 2, below, '600 13px system-ui, sans-serif');
      write([...values.children].map(v => v.textContent).join('   |   '), x + each / 2, below + 16, '12px system-ui, sans-serif');
      c.drawImage(canvas, x, below + line, each, high);
    });
    c.textAlign = 'left';
    lines.forEach((words, k) => write(words, gap, below + high + (2.4 + k) * line, small));
    const name = `marginscope-${data.name}-${data.steps[this.view.frame]}.png`;
    sheet.toBlob(blob => download(blob, name), 'image/png');
  }

  close() {
    this.playing = null;
    this.observer.disconnect();
  }
}

const degrees = radians => `${((radians * 180) / Math.PI).toFixed(1)}°`;
function told(value, unit) {
  if (value === null) return '–';
  return unit === '°' ? `${value.toFixed(1)}°` : unit === '' ? value.toFixed(2) : `${value.toFixed(0)} %`;
}
const plane = camera => aboutAxis([0, 0, 1], Math.atan2(camera[3], camera[0])); // its turn about z
