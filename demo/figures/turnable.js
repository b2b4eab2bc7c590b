// What the spheres and the film have in common: a drag and the arrow keys turn, a still click picks.
// Whoever extends it has canvases, shown (of each, a list of [x, y, ..., index]), and the methods
// turn(dx, dy), point(index or null, event, side) and pick(index or null, event, side).
const PICK = 9; // pixels from the pointer within which a point is meant
const STEP = (5 * Math.PI) / 180; // a key press
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Turnable {
  listen() {
    this.canvases.forEach((canvas, side) => {
      canvas.addEventListener('pointerdown', e => this.down(e, canvas));
      canvas.addEventListener('pointermove', e => this.move(e, canvas, side));
      canvas.addEventListener('pointerup', e => this.up(e, side));
      canvas.addEventListener('pointercancel', e => { if (e.pointerId === this.drag?.id) this.drag = null; });
      canvas.addEventListener('pointerleave', e => { if (e.pointerType === 'mouse') this.point(null); });
    });
  }

  down(event, canvas) {
    if (event.button || this.drag) return; // one finger, or the left button
    canvas.setPointerCapture(event.pointerId);
    this.drag = { id: event.pointerId, x: event.clientX, y: event.clientY, far: 0 };
  }

  move(event, canvas, side) {
    if (this.drag?.id === event.pointerId && !event.buttons) this.drag = null; // let go unseen
    if (!this.drag) return this.point(this.nearest(event, side), event, side);
    if (event.pointerId !== this.drag.id) return;
    const radius = canvas.clientWidth / 2.3;
    const dx = event.clientX - this.drag.x, dy = event.clientY - this.drag.y;
    this.drag = { ...this.drag, x: event.clientX, y: event.clientY, far: this.drag.far + Math.hypot(dx, dy) };
    this.turn(dx / radius, dy / radius);
  }

  up(event, side) {
    if (event.pointerId !== this.drag?.id) return;
    const stood = this.drag.far < 4;
    this.drag = null;
    if (stood) this.pick(this.nearest(event, side), event, side);
  }

  arrow(event) {
    // Whether the key was one that turns.
    const way = WAYS[event.key];
    if (way) this.turn(STEP * way[0], STEP * way[1]);
    return Boolean(way);
  }

  nearest(event, side) {
    const box = this.canvases[side].getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    let best = null, least = PICK * PICK;
    for (const point of this.shown[side]) {
      const far = (point[0] - x) ** 2 + (point[1] - y) ** 2;
      if (far < least) [best, least] = [point.at(-1), far];
    }
    return best;
  }
}
