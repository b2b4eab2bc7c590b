import shutil

import numpy as np
import pytest

from model import aligned
from model.aligned import CROWDED, NO_FACE, OK, UNREADABLE, aligned_faces, face_of, load_faces
from model.data import read_folder
from model.faces import FacesTooMany


def test_the_unreadable_and_the_faceless_are_counted_and_named(people_folder, face_cache):
    faces = load_faces(read_folder(people_folder))
    assert len(faces.crops) == 36
    assert [path.name for path in faces.unreadable] == ["broken.jpg"]
    assert [path.name for path in faces.faceless] == ["nobody.png"]
    assert set(faces.part) == {"train", "validation", "test"}
    assert (faces.crops.reshape(36, -1).max(axis=1) > 0).all()


def test_what_is_cached_is_what_is_computed(people_folder, face_cache, monkeypatch):
    photos = read_folder(people_folder).images
    first = aligned_faces(photos)
    # In other processes, which know nothing of a patched face_of
    monkeypatch.setattr("joblib.Parallel", lambda **_: pytest.fail("computed again"))
    again = aligned_faces(photos)
    np.testing.assert_array_equal(first.crops, again.crops)
    assert first.pixels == again.pixels
    assert {OK, NO_FACE, UNREADABLE} == set(again.status.tolist())


def test_an_interrupted_or_damaged_cache_is_mended(people_folder, face_cache, monkeypatch):
    monkeypatch.setattr(aligned, "PHOTOS_A_FILE", 16)
    photos = read_folder(people_folder).images
    whole = aligned_faces(photos)
    files = sorted(face_cache.glob("*.npz"))
    assert len(files) == 3
    files[0].unlink()  # never written
    files[1].write_bytes(files[1].read_bytes()[:1000])  # as a full disk would leave it
    np.testing.assert_array_equal(aligned_faces(photos).crops, whole.crops)
    assert not list(face_cache.glob("*.tmp"))


def test_a_changed_photo_is_read_again(tmp_path, portraits, face_cache):
    from PIL import Image

    photo = tmp_path / "photo.png"
    Image.fromarray(portraits[0]).save(photo)
    first = aligned_faces([photo])
    Image.fromarray(portraits[1]).save(photo)
    assert (aligned_faces([photo]).crops != first.crops).any()


def test_a_broken_link_is_named_as_unreadable(people_folder, tmp_path, face_cache):
    root = tmp_path / "people"
    shutil.copytree(people_folder, root)
    (root / "person-2" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (root / "person-2" / "round.jpg").symlink_to(root / "person-2" / "round.jpg")
    faces = load_faces(read_folder(root))
    assert [path.name for path in faces.unreadable] == ["broken.jpg", "gone.jpg", "round.jpg"]
    assert len(faces.crops) == 36


def test_a_crowd_too_large_to_search_is_left_out_by_name(people_folder, face_cache, monkeypatch):
    """Without the detector, which finds so many places in few photos: see test_faces.py."""
    folder = read_folder(people_folder)
    photo = folder.images[0]
    assert len(load_faces(folder).crowded) == 0

    def crowded(image):
        raise FacesTooMany(limit=4000)

    with monkeypatch.context() as patch:
        patch.setattr(aligned, "detect", crowded)
        crop, status, pixels = face_of(photo)
    assert status == CROWDED
    assert not crop.any()
    assert pixels == face_of(photo)[2]
    (stored,) = face_cache.glob("*.npz")
    with np.load(stored) as file:
        arrays = dict(file)
    arrays["status"][0] = CROWDED
    np.savez(stored, **arrays)
    faces = load_faces(folder)
    assert faces.crowded == (photo,)
    assert len(faces.crops) == 35
