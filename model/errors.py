"""What all of our errors have in common: a code, its fields, one English sentence with the cure."""

from typing import Any, ClassVar


class MarginScopeError(Exception):
    """An error a person can act on.

    A subclass sets `sentence`, a format string over its fields that names what was expected,
    what came and the cure. `code` is the name of the class; `demo/text` holds the sentence in
    other languages under that code.
    """

    sentence: ClassVar[str] = "{reason}"

    def __init__(self, **fields: Any) -> None:
        super().__init__(self.sentence.format(**fields))
        self.fields = fields

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error cross from a worker process to the one that asked."""
        return _again, (type(self), self.fields)

    @property
    def code(self) -> str:
        """The name that programs and translations go by, such as `FaceNotFound`."""
        return type(self).__name__


def _again(kind: type[MarginScopeError], fields: dict[str, Any]) -> MarginScopeError:
    return kind(**fields)
