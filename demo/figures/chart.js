// Curves along a film: x is the frame, whose steps stand below; a cursor stands at the frame shown.
// span: the last frame that there will be, where not all have come yet. A value may be null: none.
const EDGE = { left: 38, right: 10, top: 8, bottom: 20 };

function drawChart(canvas, { ink, lines, top, unit, steps, frame, span = steps.length - 1 }) {
  const { c, width, height } = paperOf(canvas, { ink });
  const x = k => EDGE.left + (k / Math.max(1, span)) * (width - EDGE.left - EDGE.right);
  const y = v => height - EDGE.bottom - (v / top) * (height - EDGE.top - EDGE.bottom);
  c.font = '11px system-ui, sans-serif';
  c.fillStyle = c.strokeStyle = ink;
  c.lineWidth = 1;
  for (const value of [0, top / 2, top]) {
    c.globalAlpha = 0.18;
    c.beginPath(); c.moveTo(EDGE.left, y(value)); c.lineTo(width - EDGE.right, y(value)); c.stroke();
    c.globalAlpha = 0.75;
    c.textAlign = 'right';
    c.fillText(`${value}${unit}`, EDGE.left - 5, y(value) + 4);
  }
  c.textAlign = 'center';
  for (const step of tickSteps(steps)) c.fillText(steps[step], x(step), height - 5);
  c.lineJoin = 'round';
  for (const { values, colour, wide, dashed } of lines) {
    c.globalAlpha = 1;
    c.strokeStyle = colour;
    c.lineWidth = wide;
    c.setLineDash(dashed ? [wide + 1, wide + 3] : []);
    c.beginPath();
    let open = false;
    values.forEach((value, k) => {
      if (value !== null) open ? c.lineTo(x(k), y(value)) : c.moveTo(x(k), y(value));
      open = value !== null;
    });
    c.stroke();
  }
  c.setLineDash([]);
  c.strokeStyle = ink;
  c.lineWidth = 1.5;
  c.beginPath(); c.moveTo(x(frame), EDGE.top - 4); c.lineTo(x(frame), height - EDGE.bottom); c.stroke();
  for (const { values, colour, wide } of lines) {
    if (values[frame] === null) continue;
    c.fillStyle = colour;
    c.beginPath(); c.arc(x(frame), y(values[frame]), wide + 1.5, 0, 7); c.fill();
  }
}

function tickSteps(steps) {
  // Frames under which their step is written: those nearest to 0, 10, 30, 100, 300, ...
  const last = steps.at(-1), wanted = [0, 10, 30, 100, 300, 1000, 3000].filter(s => s <= last);
  const nearest = s => steps.reduce((best, value, k) => (Math.abs(value - s) < Math.abs(steps[best] - s) ? k : best), 0);
  return [...new Set([...wanted.map(nearest), steps.length - 1])];
}

function frameUnder(event, canvas, count, span = count - 1) {
  const box = canvas.getBoundingClientRect();
  const share = (event.clientX - box.left - EDGE.left) / (box.width - EDGE.left - EDGE.right);
  return Math.max(0, Math.min(count - 1, Math.round(share * span)));
}
