// Two trainings while they run: frames arrive a few at a time and are kept, so that one can look back.
// Beside what player.js wants, `data` is {run, from, last, span, target: words}: a run's frames from
// number `from` on. Where some are missing, the server is asked for them.
const runs = (globalThis.marginscopeRuns ??= new Map()); // by run: {steps, films}
const RUNS = 4; // that are kept

class Lab extends Playback {
  constructor(root, key, ask) {
    super(root, key);
    this.ask = ask;
    this.target = root.querySelector('.target canvas');
    this.observer.observe(this.target);
    this.view.following ??= true;
  }

  update(data) {
    const kept = this.collect(data);
    if (!kept) return;
    const other = this.data?.run !== data.run;
    if (other) this.view.following = true;
    this.data = {
      ...data, steps: kept.steps, id: `${data.run}-${kept.steps.length}`,
      films: data.films.map((film, side) => ({ ...film, ...kept.films[side] })),
      charts: data.charts.map(chart => ({ ...chart, top: chart.top ?? topOf(kept.films, chart.curves) })),
    };
    this.unpack();
    this.scrub.max = kept.steps.length - 1;
    if (this.view.following || this.view.frame === null) this.view.frame = kept.steps.length - 1;
    this.view.frame = Math.min(this.view.frame, kept.steps.length - 1);
    if (this.view.person !== null && this.view.person >= this.cast.colours.length) this.view.person = null;
    this.write();
    this.paint();
  }

  collect(data) {
    // What is known of the run with the new frames at its end; null where frames between are missing.
    if (!runs.has(data.run)) {
      runs.set(data.run, { steps: [], films: [blank(), blank()] });
      if (runs.size > RUNS) runs.delete(runs.keys().next().value);
    }
    const kept = runs.get(data.run), count = kept.steps.length;
    if (data.from > count) {
      this.ask(count);
      return count ? kept : null;
    }
    const known = count - data.from; // of those that came
    if (known >= data.steps.length) return count ? kept : null;
    kept.steps.push(...data.steps.slice(known));
    data.films.forEach((film, side) => kept.films[side].append(film, known, data.steps.length));
    return kept;
  }

  unpack() {
    const { cast, films } = this.data, bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
    this.cast = { ...cast, person: bytes(cast.person), held: cast.held.map(bytes) };
    this.films = films.map(({ points, centres }) => ({ points, centres, lengths: null }));
    [this.shots, this.shown] = [[null, null], [[], []]]; // to be drawn anew
    this.point(null); // its label told of an earlier frame
  }

  seek(frame) {
    this.view.following = frame === this.data.steps.length - 1;
    super.seek(frame);
  }

  play() {
    this.view.following = false;
    super.play();
  }

  advance(now) {
    super.advance(now);
    if (!this.playing) this.view.following = true;
  }

  draw() {
    super.draw();
    const { data, view } = this;
    if (this.canvases[0].clientWidth < 40) return;
    this.target.previousElementSibling.textContent = data.words.target;
    const sides = data.films.map((film, side) => ({
      colour: film.colour, wide: WIDE[side], margin: film.margins[view.frame],
      angles: ownAngles(this.shots[side], this.cast.person), held: this.cast.held[side],
    }));
    drawTarget(this.target, { ink: getComputedStyle(this.root).color, sides });
    this.root.dataset.frames = data.steps.length;
    this.root.dataset.last = data.steps.at(-1);
  }
}

function blank() {
  return {
    points: new Int16Array(), centres: new Int16Array(), curves: {}, margins: [],
    append(film, known, count) {
      for (const part of ['points', 'centres']) {
        const bytes = Uint8Array.from(atob(film[part]), c => c.charCodeAt(0));
        const all = new Int16Array(bytes.buffer), fresh = all.subarray((all.length / count) * known);
        const both = new Int16Array(this[part].length + fresh.length);
        both.set(this[part]);
        both.set(fresh, this[part].length);
        this[part] = both;
      }
      for (const [curve, values] of Object.entries(film.curves))
        (this.curves[curve] ??= []).push(...values.slice(known));
      this.margins.push(...film.margins.slice(known));
    },
  };
}

function topOf(films, curves) {
  // Where an axis without a fixed end ends: the next round number above every value.
  const most = Math.max(0.1, ...films.flatMap(film => curves.flatMap(c => film.curves[c] ?? [])).filter(v => v !== null));
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map(k => k * power).find(v => v >= most);
}

const ownAngles = (shot, person) => Array.from(person, (j, i) => angleBetween(shot.points[i], shot.centres[j]));

function psi(phi) {
  // model/margins.py: cos, continued monotonically past 180 degrees.
  const k = Math.floor(phi / Math.PI);
  return (k % 2 ? -1 : 1) * Math.cos(phi) - 2 * k;
}

function drawTarget(canvas, { ink, sides }) {
  // Each side's target curve, and under it how many images stand at each angle to their own centre.
  const { c, width, height } = paperOf(canvas, { ink }), floor = height - EDGE.bottom;
  const x = degree => EDGE.left + (degree / 180) * (width - EDGE.left - EDGE.right);
  const lowest = -2, y = v => EDGE.top + ((1 - Math.max(v, lowest)) / (1 - lowest)) * (floor - EDGE.top);
  c.font = '11px system-ui, sans-serif';
  c.fillStyle = c.strokeStyle = ink;
  c.lineWidth = 1;
  for (const value of [1, 0, -1, -2]) {
    c.globalAlpha = 0.18;
    c.beginPath(); c.moveTo(EDGE.left, y(value)); c.lineTo(width - EDGE.right, y(value)); c.stroke();
    c.globalAlpha = 0.75;
    c.textAlign = 'right';
    c.fillText(String(value).replace('-', '\u2212'), EDGE.left - 5, y(value) + 4);
  }
  c.textAlign = 'center';
  for (const degree of [0, 30, 60, 90, 120, 150, 180]) c.fillText(`${degree}°`, x(degree), height - 5);
  const bars = sides.map(side => countsOf(side));
  const most = Math.max(...bars.flatMap(({ learned, held }) => [...learned, ...held]), 0.01);
  sides.forEach(({ colour, wide, margin: [m1, m2, m3] }, k) => {
    const tall = share => (share / most) * 0.45 * (floor - EDGE.top);
    c.fillStyle = c.strokeStyle = colour;
    bars[k].learned.forEach((share, bin) => {
      c.globalAlpha = 0.35;
      c.fillRect(x(bin * BIN), floor - tall(share), x(BIN) - x(0) - 1, tall(share));
    });
    c.globalAlpha = 0.9;
    c.lineWidth = 1.2;
    bars[k].held.forEach((share, bin) => {
      if (share) c.strokeRect(x(bin * BIN), floor - tall(share), x(BIN) - x(0) - 1, tall(share));
    });
    c.globalAlpha = 1;
    c.lineWidth = wide;
    c.beginPath();
    for (let degree = 0; degree <= 180; degree++) {
      const at = [x(degree), y(psi((m1 * degree * Math.PI) / 180 + m2) - m3)];
      degree ? c.lineTo(...at) : c.moveTo(...at);
    }
    c.stroke();
  });
}

const BIN = 3; // degrees
function countsOf({ angles, held }) {
  // Shares of the learned and of the held-out images by angle.
  const found = { learned: new Array(60).fill(0), held: new Array(60).fill(0) };
  const of = kind => angles.filter((_, i) => Boolean(held[i]) === (kind === 'held'));
  for (const kind of ['learned', 'held']) {
    const chosen = of(kind);
    for (const angle of chosen) found[kind][Math.min(59, Math.floor((angle * 180) / Math.PI / BIN))] += 1 / chosen.length;
  }
  return found;
}

export default function ({ data, parentElement, setTriggerValue }) {
  let lab = instances.get(parentElement);
  if (!lab) {
    lab = new Lab(parentElement, data.key, count => setTriggerValue('known', count));
    instances.set(parentElement, lab);
  }
  const style = getComputedStyle(parentElement.querySelector('.playback'));
  lab.update({ ...data, paper: style.getPropertyValue('--st-background-color') || 'white' });
  return () => { lab.close(); instances.delete(parentElement); };
}
