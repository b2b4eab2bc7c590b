// A training on film: see player.js.
export default function ({ data, parentElement }) {
  let playback = instances.get(parentElement);
  if (!playback) {
    playback = new Playback(parentElement, data.key);
    instances.set(parentElement, playback);
  }
  const style = getComputedStyle(parentElement.querySelector('.playback'));
  playback.update({ ...data, paper: style.getPropertyValue('--st-background-color') || 'white' });
  return () => { playback.close(); instances.delete(parentElement); };
}
