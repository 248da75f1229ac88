"""How a sealed column stands in a query: it may be selected and asked for being empty, and nothing else.

Ciphertext sorts, groups and compares without complaint, and the answer means nothing: two equal values differ, and the
smallest is any. So whatever would look into the value raises in plain words, instead of giving a wrong list.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldError
from django.db.models import F
from django.db.models.expressions import Col
from django.db.models.lookups import IsNull
from django.db.models.sql.compiler import SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler

_CHANGES = (SQLUpdateCompiler, SQLDeleteCompiler, SQLInsertCompiler)


class SealedCol(Col):
    """A sealed column in a query. Django compiles what is selected first; what it compiles later would compare."""

    def __init__(self, alias: str, target: Any, output_field: Any = None) -> None:
        super().__init__(alias, target, output_field)
        self.label = target.label

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # wider in its stubs
        selecting = compiler.select is None and not isinstance(compiler, _CHANGES)
        if not selecting or _is_inside_an_expression(compiler.query) or self._compares(compiler.query):
            raise FieldError(
                f"{self.label} is sealed: its ciphertext has no order and equals nothing, so it cannot be"
                " sorted, grouped or compared by the database. Open the rows and do it in Python"
            )
        return self.name_in_sql(compiler, connection)

    def name_in_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return the column's name as SQL, unasked."""
        return super().as_sql(compiler, connection)  # type: ignore[return-value]  # a tuple in its stubs

    def _compares(self, query: Any) -> bool:
        """Whether being selected means being compared: ``values("body").distinct()``, or ``ORDER BY 1``."""
        if query.combinator and self.target.name in _ordering(query):
            return True
        if not any(column is self for column in query.select):
            return False
        places = {query.selected.get(name) for name in _ordering(query)} if query.selected else set()
        return (query.distinct and not query.distinct_fields) or any(
            isinstance(place, int) and query.select[place] is self for place in places
        )


class SealedIsNull(IsNull):
    """Whether there is a value at all: the one thing a sealed column may be asked."""

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> Any:
        lhs = lhs or self.lhs
        if isinstance(lhs, SealedCol):
            return lhs.name_in_sql(compiler, connection)
        return super().process_lhs(compiler, connection, lhs)


def _is_inside_an_expression(query: Any) -> bool:
    """Whether an annotation or an aggregate of this query looks at a sealed column."""
    return any(
        isinstance(leaf, SealedCol)
        for annotation in query.annotation_select.values()
        for leaf in annotation.flatten()
    )


def _ordering(query: Any) -> set[str]:
    """Return the names a query is ordered by."""
    names = set()
    for item in (*query.order_by, *query.extra_order_by):
        if isinstance(item, str):
            names.add(item.lstrip("-+"))
        else:
            leaves: list[Any] = [item, *(item.flatten() if hasattr(item, "flatten") else ())]
            names.update(getattr(leaf, "name", "") for leaf in leaves if isinstance(leaf, F))
    return names
