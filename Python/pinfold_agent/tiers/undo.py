"""Ways back, kept while something is changed and taken in reverse."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, MutableMapping, Optional

# A larger container is not copied while requests wait; the rehearsal has shown whether it is written into.
LARGEST = 50_000
_ABSENT = object()


class Undo:
    def __init__(self) -> None:
        self._steps: List[Callable[[], Any]] = []
        self._seals: List[Callable[[], Any]] = []

    def then(self, step: Callable[[], Any], seal: Optional[Callable[[], Any]] = None) -> None:
        self._steps.append(step)
        if seal is not None:
            self._seals.append(seal)

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
        kept = _Contents(names)
        self.then(kept.back, kept.seal)

    def seal(self) -> None:
        """The exchange is whole. What others change from now on is theirs, and stays where it is undone."""
        seals, self._seals = self._seals, []
        for seal in seals:
            seal()

    def run(self) -> None:
        while self._steps:
            self._steps.pop()()


class _Contents:
    """As it was before an exchange, and as the exchange left it; what that is without a seal is what is there when it is undone.

    Whatever another thread writes during the exchange itself, some milliseconds, is taken for the exchange's.
    """

    def __init__(self, names: Dict[str, Any]):
        self._names = names
        self._before = dict(names)
        self._inner = [(value, value.copy()) for key, value in self._before.items() if key != "__builtins__" and _is_small(value)]
        self._after: Optional[Dict[str, Any]] = None
        self._inner_after: List[Any] = []

    def seal(self) -> None:
        self._after = dict(self._names)
        self._inner_after = [value.copy() for value, _ in self._inner]

    def back(self) -> None:
        if self._after is None:
            self.seal()
        _entries_back(self._names, self._before, self._after or {})
        for (value, before), after in zip(self._inner, self._inner_after):
            _container_back(value, before, after)


def _entries_back(now: Dict[Any, Any], before: Dict[Any, Any], after: Dict[Any, Any]) -> None:
    """What the exchange changed, where nobody has since."""
    for key in [*after, *(key for key in before if key not in after)]:
        was, became = before.get(key, _ABSENT), after.get(key, _ABSENT)
        if was is became or now.get(key, _ABSENT) is not became:
            continue
        if was is _ABSENT:
            now.pop(key, None)
        else:
            now[key] = was


def _container_back(now: Any, before: Any, after: Any) -> None:
    was, became, present = _identities(before), _identities(after), _identities(now)
    if was == became:
        return
    if isinstance(now, dict):
        if present == became:
            # In its order, too.
            now.clear()
            now.update(before)
        else:
            _entries_back(now, before, after)
    elif isinstance(now, set):
        now -= after - before
        now |= before - after
    elif present[: len(became)] == became:
        # What others have appended since stays.
        now[: len(became)] = before
    else:
        added = set(became) - set(was)
        now[:] = [entry for entry in now if id(entry) not in added]


def _identities(values: Any) -> Any:
    """Compared by what its members are, since their own idea of being equal is code of the project's."""
    if isinstance(values, dict):
        return [(id(key), id(value)) for key, value in values.items()]
    return frozenset(map(id, values)) if isinstance(values, set) else list(map(id, values))


def _is_small(value: Any) -> bool:
    return type(value) in (dict, list, set) and len(value) <= LARGEST
