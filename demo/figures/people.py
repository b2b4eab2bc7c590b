"""The gallery's people on a screen: what they are called and which colour is whose."""

import numpy as np

from demo.colours import of_people
from model.gallery import Gallery


def shown_name(folder: str) -> str:
    """What a folder's person is called on the screen; every figure and file of ours asks here."""
    return folder.replace("_", " ")


def person_name(gallery: Gallery, person: int) -> str:
    """The same by the person's number in the gallery."""
    return shown_name(gallery.names[person])


def image_name(gallery: Gallery, image: int) -> str:
    """What an image is called: its person and its number."""
    number = str(gallery.image[image]).rpartition("_")[2]
    return f"{person_name(gallery, int(gallery.person[image]))} {number}"


def people_colours(gallery: Gallery) -> list[str]:
    """A colour a person, '#RRGGBB', the same on every figure."""
    return of_people(np.bincount(gallery.person))
