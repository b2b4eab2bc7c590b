"""Choices in the URL, by name."""

from itertools import combinations

import pytest
from streamlit.testing.v1 import AppTest

NAMES = ("Doe, Jane", "Doe", " Jane", "100 %", "50%2C", "홍길동")


def page() -> None:
    import streamlit as st

    from demo.pages.address import chosen_many, keep

    names = ("Doe, Jane", "Doe", " Jane", "100 %", "50%2C", "홍길동")
    first = chosen_many("who", names)
    st.multiselect("who", names, first, key="who", on_change=keep("who"))


@pytest.mark.parametrize("some", [list(c) for n in (0, 1, 2, 6) for c in combinations(NAMES, n)])
def test_several_names_come_back_from_the_url_whatever_is_in_them(some):
    at = AppTest.from_function(page, default_timeout=30).run()
    at.multiselect(key="who").set_value(some).run()
    again = AppTest.from_function(page, default_timeout=30)
    if some:
        again.query_params["who"] = at.query_params["who"]
    again.run()
    assert again.multiselect(key="who").value == some
    assert not again.exception


def test_plain_names_stand_in_the_url_as_they_are():
    at = AppTest.from_function(page, default_timeout=30).run()
    at.multiselect(key="who").set_value(["Doe", "홍길동"]).run()
    assert at.query_params["who"] in ("Doe,홍길동", ["Doe,홍길동"])


def test_no_name_is_the_empty_one():
    at = AppTest.from_function(nameless, default_timeout=30).run()
    assert at.multiselect(key="who").value == []


def nameless() -> None:
    import streamlit as st

    from demo.pages.address import chosen_many

    names = ("", "Doe")
    st.multiselect("who", names, chosen_many("who", names), key="who")
