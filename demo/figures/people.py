"""The gallery's people on a screen: what they are called and which colour is whose."""

from typing import cast

import colorcet
import numpy as np

from model.gallery import Gallery


def person_name(gallery: Gallery, person: int) -> str:
    """What a person is called on the screen; every figure and file of ours asks here."""
    return gallery.names[person].replace("_", " ")


def image_name(gallery: Gallery, image: int) -> str:
    """What an image is called: its person and its number."""
    number = str(gallery.image[image]).rpartition("_")[2]
    return f"{person_name(gallery, int(gallery.person[image]))} {number}"


def people_colours(gallery: Gallery) -> list[str]:
    """A colour a person, '#RRGGBB', the same as on the spheres: in the order of their images."""
    order = np.argsort(-np.bincount(gallery.person), kind="stable")
    colours = np.empty(len(gallery.names), dtype=object)
    colours[order] = np.resize(colorcet.b_glasbey_category10, len(order))
    return cast(list[str], colours.tolist())
