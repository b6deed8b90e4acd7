"""Ways back, kept while something is changed and taken in reverse."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, MutableMapping

# A larger container is not copied while requests wait; the rehearsal has shown whether it is written into.
LARGEST = 50_000


class Undo:
    def __init__(self) -> None:
        self._steps: List[Callable[[], Any]] = []

    def then(self, step: Callable[[], Any]) -> None:
        self._steps.append(step)

    def entry(self, names: MutableMapping[str, Any], key: str) -> None:
        """A name as it is now, or its absence."""
        if key in names:
            value = names[key]
            self.then(lambda: names.__setitem__(key, value))
        else:
            self.then(lambda: names.pop(key, None))

    def list(self, values: List[Any]) -> None:
        copy = list(values)
        self.then(lambda: values.__setitem__(slice(None), copy))

    def contents(self, names: Dict[str, Any]) -> None:
        """A module's names, with the containers that they hold directly."""
        copy = dict(names)
        inner = [(value, value.copy()) for key, value in copy.items() if key != "__builtins__" and _is_small(value)]

        def back() -> None:
            names.clear()
            names.update(copy)
            for value, before in inner:
                if isinstance(value, list):
                    value[:] = before
                else:
                    value.clear()
                    value.update(before)

        self.then(back)

    def run(self) -> None:
        while self._steps:
            self._steps.pop()()


def _is_small(value: Any) -> bool:
    return type(value) in (dict, list, set) and len(value) <= LARGEST
