"""The time of one frame of two trainings side by side, over that of a picture with nothing to draw.

python benchmarks/playback.py

The app's own page in a Chromium with software rendering, 1280 x 900. Every frame of the film is
asked for in turn, as a scrub does, and the clock runs until the browser has drawn it: both spheres
and all curves. Beside it stands the time from one empty animation frame to the next, which is the
least that the browser takes. At speed 1 a film has ten frames a second, so a frame may take 100 ms.
What is sent, once for each choice of two trainings, is told in bytes; while the film plays nothing
is sent, which tests/browser/test_playback.py holds.

Needs requirements-dev.txt and Debian's chromium.
"""

import json

import numpy as np
import tyro
from measuring import keep, line, ratio, show, take_turns
from playwright.sync_api import Locator
from serving import APP, PATIENCE, chromium, new_page, serving

from demo import assets
from demo.figures.playback import playback_data
from demo.language import text

SHOWN = ("softmax", "arcface-0.5")
# Milliseconds for each frame, one after the other; with `still` the same frame is left as it is
TIMED = """async (range, still) => {
    const next = () => new Promise(requestAnimationFrame);
    const drawn = async () => { await next(); await next(); };
    const times = [];
    await drawn();
    for (let frame = 0; frame <= Number(range.max); frame++) {
        const began = performance.now();
        if (!still) {
            range.value = frame;
            range.dispatchEvent(new Event('input'));
        }
        await drawn();
        times.push(performance.now() - began);
    }
    return times;
}"""


def main(rounds: int = 10, people: str = "sixteen") -> None:
    """Time the frames of one set.

    Args:
        rounds: How often the whole film is gone through.
        people: Which set: sixteen, eight or circle.
    """
    told = sizes(people)
    with serving(APP) as (_, address), chromium() as browser, new_page(browser) as page:
        page.emulate_media(reduced_motion="reduce")  # nothing plays by itself
        page.goto(f"{address}/playback?film-set={people}")
        page.locator(".playback[data-painted]").wait_for(timeout=PATIENCE * 1000)
        scrub = page.locator(".scrub")
        sides = {
            "a frame": lambda: frame_time(scrub, still=False),
            "nothing to draw": lambda: frame_time(scrub, still=True),
        }
        measured = take_turns(sides, rounds)
    found = show(measured, "ms")
    result = ratio(measured["a frame"], measured["nothing to draw"])
    print(line("a frame / nothing to draw", result, "times"))
    print(f"bytes: {told}")
    keep(result | {"sides": found, "set": people, "bytes": told}, packages=("streamlit",))


def frame_time(scrub: Locator, still: bool) -> float:
    """The median over a film's frames, in milliseconds."""
    return float(np.median(scrub.evaluate(TIMED, still)))


def sizes(people: str) -> dict[str, int]:
    """Bytes: the asset with every set, what the component is sent for two trainings, its script."""
    reel = assets.playback()[people]
    data = playback_data(people, reel, SHOWN, assets.colours_by_folder(), text("en"))
    return {
        "asset": (assets.ASSETS / "playback.npz").stat().st_size,
        "two trainings": len(json.dumps(data)),
        "frames of one": reel.films[SHOWN[0]].points.nbytes,
    }


if __name__ == "__main__":
    tyro.cli(main)
