"""A plain table as HTML, for numbers that a figure shows as well."""

from html import escape


def table(head: list[str], rows: list[list[str]]) -> str:
    """HTML of a table whose rows are named by their first cell; the texts are escaped here."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells).replace(" ", "\u00a0")
        + "</tr>"
        for first, *cells in rows
    )
    return f'<div class="numbers"><table><tr>{top}</tr>{body}</table></div>'
