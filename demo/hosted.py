"""Whether strangers use this service over the internet: then it offers less."""

import os

HOSTED = "MARGINSCOPE_HOSTED"  # set by hosting/ in what it builds


def hosted() -> bool:
    """No bulk embedding, no search for the nearest person, no photo fetched from an address."""
    return os.environ.get(HOSTED, "0") not in ("", "0")
