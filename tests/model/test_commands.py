"""How a command line ends: one line on stderr and an exit code, never a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import prepare
from model.commands import run
from model.files import FileNotWritten

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FileNotWritten(path="a.npz", problem="disk full"), 2, "a.npz could not be written"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "No space left"),
        (KeyboardInterrupt(), 130, "interrupted; what was finished is kept"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_what_stops_a_command_is_one_line(monkeypatch, tmp_path, capsys, error, code, said):
    def stopped(command):
        raise error

    monkeypatch.setattr(prepare, "embed_gallery", stopped)
    assert prepare.main(["--output", str(tmp_path)]) == code
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == bool(said)


def test_each_command_ends_with_2_for_what_a_person_can_mend():
    for arguments in (
        ("prepare.py", "--images", "/none"),
        ("evaluate.py", "view1", "--images", "/none"),
    ):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, text=True, capture_output=True
        )
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"{arguments[0]}: ")
        assert "--output" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk to try")
@pytest.mark.parametrize(("broken", "code"), [(True, 141), (False, 2)])
def test_an_output_that_cannot_be_written_is_no_traceback(broken, code):
    """Nor Python's own complaint when it empties its buffers."""
    script = (
        "import sys; from model.commands import run; sys.exit(run('x.py', lambda: print('a') or 0))"
    )
    if broken:
        reader, output = os.pipe()
        os.close(reader)
    else:
        output = os.open("/dev/full", os.O_WRONLY)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, text=True, stdout=output, stderr=subprocess.PIPE
    )
    os.close(output)
    assert done.returncode == code
    assert done.stderr.count("\n") == (not broken), done.stderr


def test_a_name_that_cannot_be_encoded_is_printed(capsys):
    assert run("x.py", lambda: print(os.fsdecode(b"Ren\xe9")) or 0) == 0
    assert capsys.readouterr().out == "Ren\\udce9\n"
