"""The picture that a person saves: what is in it, read back from the SVG."""

import base64
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from demo import assets
from demo.assets import PORTRAITS
from demo.figures.picture import picture
from demo.language import text
from demo.service import CompareService

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_it_holds_both_faces_and_what_each_loss_says_and_no_link(language):
    words = text(language)
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    both = [service.read(path.read_bytes(), "left") for path in PORTRAITS]
    comparison = service.compare(*both)
    tree = ElementTree.fromstring(picture(comparison, service.recognizers, words))
    images = [image.get("href") for image in tree.iter(f"{SVG}image")]
    for photo, href in zip(both, images, strict=True):
        kind, data = href.split(",")
        assert kind == "data:image/png;base64"
        found = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        np.testing.assert_array_equal(found, photo.crop)
    said = [element.text for element in tree.iter(f"{SVG}text")]
    for answer in comparison.answers.values():
        for expected in (f"{answer.angle:.1f}°", words(f"verdict.{answer.verdict}")):
            assert expected in said
    assert words("picture.notice") in said
    assert len([e for e in tree.iter() if e.get("id") == "second"]) == 2  # a needle each
    assert "@keyframes" not in ElementTree.tostring(tree).decode()
    links = [v for e in tree.iter() for k, v in e.attrib.items() if "http" in v]
    assert links == []
