"""Anybody's embeddings: what is read, what is refused, and with which words."""

import contextlib
import io
import tracemalloc

import numpy as np
import pytest

from evaluation.results import ASSETS
from model.gallery import load_gallery
from model.labelled import (
    MOST_COLUMNS,
    MOST_IN_LINE,
    MOST_LETTERS,
    MOST_ROWS,
    EmbeddingsTooLarge,
    EmbeddingsUnreadable,
    TooFewLabelled,
    labelled,
    read_embeddings,
    unseen_people,
)

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(9, 4))
LABELS = ["b", "b", "a", "a", "a", "c", "c", "c", "once"]


def npz(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def test_people_stand_by_how_many_images_they_have():
    who = labelled(ROWS, np.array(LABELS))
    assert who.names == ("a", "c", "b")
    assert who.images.tolist() == [3, 3, 2]
    np.testing.assert_allclose(np.linalg.norm(who.features, axis=1), 1, rtol=1e-6)
    expected = ROWS[2] / np.linalg.norm(ROWS[2])
    np.testing.assert_allclose(who.features[who.person == 0][0], expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["npz", "csv", "csv with a head"])
def test_an_npz_and_a_csv_give_the_same(kind):
    if kind == "npz":
        data = npz(embeddings=ROWS.astype(np.float32), labels=np.array(LABELS))
    else:
        rows = zip(LABELS, ROWS.tolist(), strict=True)
        lines = [f"{label},{','.join(map(repr, row))}" for label, row in rows]
        data = "\n".join((["who,x,y,z,w"] if "head" in kind else []) + lines).encode()
    who, expected = read_embeddings(data), labelled(ROWS, np.array(LABELS))
    assert who.names == expected.names
    np.testing.assert_allclose(who.features, expected.features, rtol=1e-5)


def test_numbers_are_labels_too():
    data = npz(embeddings=ROWS[:4], labels=np.array([3, 3, 7, 7]))
    assert read_embeddings(data).names == ("3", "7")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 no zip",
        b"\xff\xfe\x00",
        b"a,1,2\nb,1",
        b"a,x,y\nb,z,w\n",
        npz(embeddings=ROWS),
        npz(embeddings=ROWS, labels=np.array(LABELS[:3])),
        npz(embeddings=np.array(["a"]), labels=np.array(["a"])),
        npz(embeddings=np.array([[1, 2], None], dtype=object), labels=np.array(["a", "b"])),
        npz(embeddings=np.zeros((4, 3)), labels=np.array(list("aabb"))),
        npz(embeddings=np.full((4, 3), np.nan), labels=np.array(list("aabb"))),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_cure(data):
    with pytest.raises(EmbeddingsUnreadable, match="embeddings"):
        read_embeddings(data)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_archive_is_refused_or_read_and_never_anything_else(save):
    stream = io.BytesIO()
    save(stream, embeddings=ROWS.astype(np.float32), labels=np.array(LABELS))
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(stream.getvalue())
        data[rng.integers(2, len(data))] ^= 1 << int(rng.integers(8))
        with contextlib.suppress(EmbeddingsUnreadable, EmbeddingsTooLarge, TooFewLabelled):
            read_embeddings(bytes(data))


def test_labels_that_are_no_text_are_refused():
    rows = ROWS.astype(np.float32)
    with pytest.raises(EmbeddingsUnreadable):
        read_embeddings(npz(embeddings=rows, labels=np.array([b"\xed\x99"] * len(rows))))


def test_too_few_people_and_too_many_numbers():
    with pytest.raises(TooFewLabelled, match="Of 4 people 1"):
        read_embeddings(npz(embeddings=ROWS[:5], labels=np.array(list("aabcd"))))
    wide = np.zeros((2, MOST_COLUMNS + 1), dtype=np.float16)
    with pytest.raises(EmbeddingsTooLarge, match="1,025"):
        read_embeddings(npz(embeddings=wide, labels=np.array(["a", "a"])))
    tall = np.zeros((MOST_ROWS + 1, 1), dtype=np.float16)
    with pytest.raises(EmbeddingsTooLarge, match="20,001"):
        read_embeddings(npz(embeddings=tall, labels=np.zeros(len(tall), dtype=int)))
    bomb = npz(embeddings=np.zeros((200_000, 200)), labels=np.zeros(200_000, dtype=int))
    assert len(bomb) < 2_000_000
    with pytest.raises(EmbeddingsTooLarge, match="MB"):
        read_embeddings(bomb)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (npz(embeddings=ROWS, labels=np.zeros(20_000_000, dtype=np.int8)), "labels \\(20000000,"),
        (npz(embeddings=ROWS, labels=np.zeros(len(ROWS), dtype="S2000000")), "256 letters"),
        (b"name,x\n" + b"a,1\n" * 1_000_000, "1,000,000 x 1 numbers"),
        (b"a" + b",1" * (MOST_COLUMNS + 1) + b"\nb,1\n", "2 x 1,025 numbers"),
        (b"a" + b"," * 20_000_000, "131,072 letters"),
        (b'"\n",' * 5_000_000, "5,000,001 x 0 numbers"),
        (b"a,1\n" * 9 + b"b" * (MOST_LETTERS + 1) + b",1\n", "256 letters"),
    ],
    ids=["labels", "long labels", "rows", "columns", "a line", "a row of lines", "a label"],
)
def test_a_file_beyond_the_limits_is_refused_before_it_takes_memory(data, reason):
    tracemalloc.start()
    try:
        with pytest.raises((EmbeddingsTooLarge, EmbeddingsUnreadable), match=reason):
            read_embeddings(data)
        assert tracemalloc.get_traced_memory()[1] < 60 * 2**20
    finally:
        tracemalloc.stop()


def test_a_line_and_labels_at_the_limits_are_read():
    longest = "a" * MOST_LETTERS
    number = f"{0.5:.{(MOST_IN_LINE - 2 * MOST_LETTERS) // MOST_COLUMNS - 10}f}"
    row = ",".join([longest, *[number] * MOST_COLUMNS])
    assert MOST_IN_LINE - MOST_COLUMNS * 20 < len(row) < MOST_IN_LINE
    who = read_embeddings("\n".join(["b" + row[1:], row] * 2).encode())
    assert set(who.names) == {longest, "b" + longest[1:]}
    np.testing.assert_allclose(who.features, MOST_COLUMNS**-0.5)


def test_the_gallerys_unseen_people():
    gallery = load_gallery(ASSETS / "gallery.npz")
    who = unseen_people(gallery, "norm-softmax")
    assert len(who.person) == int((~gallery.seen).sum())
    mine = gallery.folders == who.names[0]
    np.testing.assert_allclose(
        who.features[who.person == 0], gallery.embeddings["norm-softmax"][mine], atol=1e-6
    )
