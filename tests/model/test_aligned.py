import numpy as np
import pytest

from model import aligned
from model.aligned import NO_FACE, OK, UNREADABLE, aligned_faces, load_faces
from model.data import read_folder


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
    monkeypatch.setattr(aligned, "face_of", lambda photo: pytest.fail("computed again"))
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
