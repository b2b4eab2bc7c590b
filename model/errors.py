"""What all of our errors have in common: a code, its fields, one English sentence with the cure."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self


class MarginScopeError(Exception):
    """An error a person can act on.

    A subclass sets `sentence`, a format string over its fields that names what was expected,
    what came and the cure. `code` is the name of the class; `demo/text` holds the sentence in
    other languages under that code. Where its field `problem` is one of `problems`, which are
    format strings too, that one's words stand for it: <code>_<problem> in other languages.
    """

    sentence: ClassVar[str] = "{reason}"
    problems: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.told(self.sentence, self.problems))

    def told(self, sentence: str, problems: Mapping[str, str], **other: Any) -> str:
        """A sentence of any language with the fields in it, `other` in place of some of them."""
        problem = problems.get(str(self.fields.get("problem")))
        if problem is not None:
            other["problem"] = problem.format(**self.fields)
        return sentence.format(**self.fields | other)

    def bare(self, **other: Any) -> Self:
        """The same error, to be kept; `other` in place of some of its fields.

        It has neither traceback nor context: their frames hold what was read, such as a photo.
        """
        return type(self)(**self.fields | other)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error cross from a worker process to the one that asked."""
        return _again, (type(self), self.fields)

    @property
    def code(self) -> str:
        """The name that programs and translations go by, such as `FaceNotFound`."""
        return type(self).__name__


def _again(kind: type[MarginScopeError], fields: dict[str, Any]) -> MarginScopeError:
    return kind(**fields)
