import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from model.aligned import load_faces
from model.data import read_folder
from model.recipe import TrainConfig
from model.training import Batches, LossNotFinite, Training, averaging, fit

ROOT = Path(__file__).resolve().parents[2]
SMALL = TrainConfig(
    input_size=32, width=4, blocks=(1, 1, 1, 1), dimension=8, batch_size=16, epochs=8, scale=8,
    learning_rate=0.05, precision="float32",
)  # fmt: skip


@pytest.fixture
def three_people():
    """60 inputs of three "people" with a brightness of their own."""
    labels = np.repeat(np.arange(3), 20)
    noise = torch.randn(60, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.3
    return noise + torch.from_numpy(labels)[:, None, None, None].float() - 1, labels


def run(config: TrainConfig, inputs, labels):
    batches = Batches(inputs, labels, config)
    training = Training(config, 3, batches.steps_an_epoch)
    return training, list(fit(training, (batches[i] for i in range(len(batches)))))


@pytest.mark.parametrize("loss", ["softmax", "norm-softmax", "sphereface", "cosface", "arcface"])
def test_every_loss_learns_and_draws_people_to_their_centres(three_people, loss: str):
    config = TrainConfig(**{**vars(SMALL), "loss": loss})
    _, steps = run(config, *three_people)
    first, last = steps[0], steps[-3:]
    assert np.mean([step.angle for step in last]) < 0.8 * first.angle
    assert all(np.isfinite(step.loss) for step in steps)
    assert steps[0].share == 0.0
    assert steps[-1].share == 1.0


def test_batches_are_the_same_whenever_asked(three_people):
    batches = Batches(*three_people, SMALL)
    first = [batches[i] for i in range(len(batches))]
    for i in (5, 0, 3, 5):
        again = batches[i]
        assert torch.equal(again[0], first[i][0])
        assert torch.equal(again[1], first[i][1])
    assert not torch.equal(first[0][0], first[batches.steps_an_epoch][0])


def test_an_epoch_shows_each_image_once(three_people):
    config = TrainConfig(**{**vars(SMALL), "batch_size": 4})
    batches = Batches(*three_people, config)
    assert batches.steps_an_epoch == 15
    for epoch in range(2):
        seen = Counter()
        for place in range(15):
            seen.update(batches[15 * epoch + place][1].tolist())
        assert seen == {0: 20, 1: 20, 2: 20}


def test_averaging_is_a_plain_mean_first_and_exponential_then():
    average, values = averaging(0.9), torch.randn(40)
    mean, counter = values[0].clone()[None], torch.zeros(1, dtype=torch.int64)
    expected = values[0].item()
    for n in range(1, 40):
        average([mean], [values[n][None]], n)
        average([counter], [torch.tensor([n])], n)
        share = max(0.1, 1 / (n + 1))
        expected += share * (values[n].item() - expected)
        if n < 10:
            assert mean.item() == pytest.approx(values[: n + 1].mean().item(), abs=1e-5)
    assert mean.item() == pytest.approx(expected, abs=1e-5)
    assert counter.item() == 39


def test_a_loss_that_is_not_finite_stops_before_the_weights_are_touched(three_people):
    inputs, labels = three_people
    inputs[:] = float("nan")
    batches = Batches(inputs, labels, SMALL)
    training = Training(SMALL, 3, batches.steps_an_epoch)
    before = [p.clone() for p in training.network.parameters()]
    with pytest.raises(LossNotFinite, match=r"nan at step 1\. Lower --learning-rate"):
        next(fit(training, [batches[0]]))
    assert all(
        torch.equal(a, b) for a, b in zip(before, training.network.parameters(), strict=True)
    )


# --- train.py as a person runs it -----------------------------------------------------------

FLAGS = [
    "--input-size", "32", "--width", "8", "--blocks", "1", "1", "1", "1", "--dimension", "16",
    "--batch-size", "16", "--epochs", "160", "--stop-after", "150", "--save-every", "7",
    "--evaluate-every", "40", "--scale", "8", "--threads", "1", "--dropout", "0.2",
]  # fmt: skip


def train(folder: Path, output: Path, *more: str, group: bool = False) -> subprocess.Popen[str]:
    command = [sys.executable, "train.py", "recipes/arcface.toml", *FLAGS, "--images", str(folder)]
    return subprocess.Popen(
        [*command, "--output", str(output), *more],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=group,
        env=os.environ | {"MARGINSCOPE_CACHE": str(folder.parent / "cache")},
    )  # fmt: skip


def interrupt(process: subprocess.Popen[str], output: Path, how: int) -> str:
    """Once it has saved a state of its own, and steps after it are under way."""
    state, deadline = output / "state.safetensors", time.monotonic() + 120
    before = state.stat().st_mtime_ns if state.exists() else 0
    while not state.exists() or state.stat().st_mtime_ns == before:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)
    if os.getpgid(process.pid) == process.pid:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    return "".join(process.communicate(timeout=60))


def test_a_killed_training_resumes_to_the_same_weights_bit_for_bit(people_folder, tmp_path):
    whole = train(people_folder, tmp_path / "whole")
    said, complained = whole.communicate(timeout=900)
    assert whole.returncode == 0, complained
    assert "9 people, 38 photos" in said
    assert "train: 5 people, 20 faces" in said
    assert "left out, 1 that cannot be read: person-0/broken.jpg" in said
    assert "left out, 1 that show no face: person-1/nobody.png" in said
    assert said.count("on validation pairs") == 5  # four evaluations and the result
    assert re.search(r"arcface\.safetensors: accuracy \d\.\d{4}, .*on validation pairs", said)

    killed = tmp_path / "killed"
    process = train(people_folder, killed)
    interrupt(process, killed, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "arcface.safetensors").exists()
    again = train(people_folder, killed)  # without --resume nothing is overwritten
    assert "go on with --resume" in again.communicate(timeout=120)[1]
    for how in (signal.SIGTERM, signal.SIGINT):
        process = train(people_folder, killed, "--resume")
        said = interrupt(process, killed, how)
        assert process.returncode == 130, said
        assert "and saved: --resume goes on here" in said
    resumed = train(people_folder, killed, "--resume")
    said, complained = resumed.communicate(timeout=900)
    assert resumed.returncode == 0, complained
    assert "resumed at step" in said

    for name in ("arcface.safetensors", "state.safetensors"):
        a, b = load_file(tmp_path / "whole" / name), load_file(killed / name)
        assert set(a) == set(b)
        for key in a:
            assert torch.equal(a[key], b[key]), key
    steps = [
        [{k: v for k, v in r.items() if k != "seconds"} for r in json.loads(path.read_text())]
        for path in (tmp_path / "whole" / "history.json", killed / "history.json")
    ]
    assert steps[0] == steps[1]
    assert [r["step"] for r in steps[0]] == list(range(len(steps[0])))
    assert list((killed / "tensorboard").iterdir())


def test_a_signal_to_the_whole_group_stops_a_training_with_workers(people_folder, tmp_path):
    """As timeout and SLURM send it."""
    process = train(people_folder, tmp_path, "--workers", "2", group=True)
    said = interrupt(process, tmp_path, signal.SIGTERM)
    assert process.returncode == 130, said
    assert "and saved: --resume goes on here" in said


def test_a_full_disk_leaves_the_last_whole_state(people_folder, tmp_path, monkeypatch):
    """From the fifth file on the disk is full: two states and two histories fit."""
    monkeypatch.setenv("MARGINSCOPE_CACHE", str(people_folder.parent / "cache"))
    load_faces(read_folder(people_folder))  # so that the cache is there already
    output = tmp_path / "out"
    code = (
        "import os, sys, train\n"
        "count = [0]\n"
        "real = os.fsync\n"
        "def full(handle):\n"
        "    count[0] += 1\n"
        "    if count[0] > 4: raise OSError(28, 'No space left on device')\n"
        "    real(handle)\n"
        "os.fsync = full\n"
        "sys.exit(train.main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "recipes/arcface.toml", *FLAGS, "--images",
         str(people_folder), "--output", str(output)],
        cwd=ROOT, text=True, capture_output=True, timeout=900,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "--resume" in done.stderr.splitlines()[-1]
    assert not list(output.glob("*.tmp"))
    assert int(json.loads((output / "history.json").read_text())[-1]["step"]) == 14
    resumed = train(people_folder, output, "--resume")
    said, complained = resumed.communicate(timeout=900)
    assert resumed.returncode == 0, complained
    assert "resumed at step 14" in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["recipes/arcface.toml", "--epochs", "-3"], "epochs = -3 is not within"),
        (["recipes/none.toml"], "cannot be read"),
        (["recipes/arcface"], "a recipe is a .toml file"),
        (["recipes/arcface.toml", "--images", "/nowhere"], "/nowhere is not a folder"),
        (["recipes/arcface.toml", "--data-home", "/nowhere"], "LFW is not at /nowhere"),
    ],
)
def test_what_a_person_can_mend_is_one_line(arguments: list[str], reason: str):
    done = subprocess.run(
        [sys.executable, "train.py", *arguments], cwd=ROOT, text=True, capture_output=True
    )
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_help_shows_each_field_with_its_default():
    done = subprocess.run(
        [sys.executable, "train.py", "recipes/arcface.toml", "--help"],
        cwd=ROOT, text=True, capture_output=True, env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    for name in TrainConfig.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in done.stdout, name
    assert done.stdout.count("(default:") >= len(TrainConfig.__dataclass_fields__)
