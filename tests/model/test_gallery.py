"""gallery.npz and spheres.npz: round trips, the same bytes again, a refusal with its reason."""

import contextlib
import dataclasses

import numpy as np
import pytest

from model.film import load_playback
from model.gallery import (
    Gallery,
    GalleryInvalid,
    gallery_faces,
    load_gallery,
    load_spheres,
    read_npz,
    save_gallery,
    write_npz,
)


@pytest.fixture
def gallery() -> Gallery:
    vectors = np.random.default_rng(0).normal(size=(6, 8))
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Gallery(
        names=("A", "B"),
        person=np.array([0, 0, 0, 1, 1, 1]),
        image=np.array([f"x_{i:04d}" for i in range(6)]),
        seen=np.array([True] * 3 + [False] * 3),
        embeddings={"arcface": unit},
        lengths={"arcface": np.linalg.norm(vectors, axis=1).astype(np.float32)},
        centred=np.array([1]),
        centres={"arcface": unit[:1]},
        checkpoints={"arcface": "0123abcd"},
    )


def test_a_gallery_comes_back_and_its_bytes_are_the_same_again(gallery, tmp_path):
    path = tmp_path / "gallery.npz"
    save_gallery(path, gallery)
    first = path.read_bytes()
    save_gallery(path, gallery)
    assert path.read_bytes() == first
    found = load_gallery(path)
    assert found.names == gallery.names
    assert found.checkpoints == gallery.checkpoints
    assert found.folders.tolist() == ["A", "A", "A", "B", "B", "B"]
    np.testing.assert_allclose(found.centres["arcface"], gallery.centres["arcface"], atol=1e-3)
    for name in ("person", "image", "seen", "centred"):
        np.testing.assert_array_equal(getattr(found, name), getattr(gallery, name))
    cosine = (found.embeddings["arcface"] * gallery.embeddings["arcface"]).sum(axis=1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 0.1
    np.testing.assert_allclose(np.linalg.norm(found.embeddings["arcface"], axis=1), 1, atol=1e-6)


def test_what_is_no_gallery_is_refused_with_a_reason(gallery, tmp_path):
    path, spheres = tmp_path / "gallery.npz", tmp_path / "spheres.npz"
    with pytest.raises(GalleryInvalid, match=r"no such file.*python prepare\.py"):
        load_gallery(path)
    path.write_bytes(b"this is no archive")
    with pytest.raises(GalleryInvalid, match="cannot be read"):
        load_gallery(path)
    write_npz(path, {"names": np.array(["A"])})
    with pytest.raises(GalleryInvalid, match="it lacks"):
        load_gallery(path)
    np.savez(path, names=np.array([{"a": 1}], dtype=object))  # would have to be unpickled
    with pytest.raises(GalleryInvalid):
        load_gallery(path)
    for points, reason in (
        (np.eye(3), "another gallery"),
        (np.zeros((6, 3)), "off the sphere"),
    ):
        write_npz(spheres, {"arcface": points.astype(np.float32)})
        with pytest.raises(GalleryInvalid, match=reason):
            load_spheres(spheres, gallery)


def test_a_damaged_archive_is_refused_or_read_and_never_anything_else(gallery, tmp_path):
    path = tmp_path / "gallery.npz"
    save_gallery(path, gallery)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(500):
        data = bytearray(whole)
        data[rng.integers(2, len(data))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        for read in (load_gallery, load_playback, lambda file: load_spheres(file, gallery)):
            with contextlib.suppress(GalleryInvalid):
                read(path)
    np.save(path.open("wb"), gallery.person)  # an array alone, and no archive
    with pytest.raises(GalleryInvalid, match="cannot be read"):
        load_gallery(path)


@pytest.mark.parametrize(
    ("part", "array"),
    [
        ("person", np.array([], dtype=np.int64)),
        ("person", np.full(6, 2)),
        ("person", np.array([-1, 0, 0, 1, 1, 1])),
        ("person", np.array(list("aaabbb"))),
        ("person", np.array(0)),
        ("image", np.array(["x"])),
        ("centred", np.array([0, 1])),
        ("centred", np.array([7])),
        ("length.arcface", np.ones(5, dtype=np.float32)),
        ("embedding.arcface", np.ones(6, dtype=np.float16)),
        ("embedding.arcface", np.array(list("aaabbb"))),
    ],
)
def test_parts_that_do_not_fit_are_refused(gallery, tmp_path, part, array):
    path = tmp_path / "gallery.npz"
    save_gallery(path, gallery)
    write_npz(path, read_npz(path) | {part: array})
    with pytest.raises(GalleryInvalid, match=r"same length|cannot be read"):
        load_gallery(path)


def test_a_gallery_without_images_is_refused(gallery, tmp_path):
    path, empty = tmp_path / "gallery.npz", {"arcface": np.zeros((0, 8), dtype=np.float32)}
    nothing = dataclasses.replace(
        gallery, person=gallery.person[:0], image=gallery.image[:0], seen=gallery.seen[:0],
        embeddings=empty, lengths={"arcface": gallery.lengths["arcface"][:0]},
    )  # fmt: skip
    save_gallery(path, nothing)
    with pytest.raises(GalleryInvalid, match="length"):
        load_gallery(path)
    for read in (load_playback, lambda file: load_spheres(file, gallery)):
        write_npz(path, {"sets": np.array(5), "arcface": np.array(list("abcdef"))})
        with pytest.raises(GalleryInvalid):
            read(path)


@pytest.mark.lfw
def test_who_is_drawn_from_lfw(lfw):
    from model.aligned import load_faces
    from model.data import read_lfw

    faces = load_faces(read_lfw(lfw))
    chosen, seen = gallery_faces(faces)
    people, counts = np.unique(faces.person[chosen], return_counts=True)
    trained = np.isin(people, sorted(seen))
    assert (trained.sum(), (~trained).sum()) == (43, 43)
    assert counts[trained].sum() == counts[~trained].sum() == 985
    assert sorted(counts[trained]) == sorted(counts[~trained])
    parts = {faces.part[chosen][faces.person[chosen] == j][0] for j in people[trained]}
    assert parts == {"train"}
    name = faces.names[people[0]]
    fewer, _ = gallery_faces(faces, (name,))
    assert len(fewer) == len(chosen) - counts[0]
