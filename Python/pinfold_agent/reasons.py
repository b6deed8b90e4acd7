"""Why a reload did not happen."""

from __future__ import annotations

from typing import Dict, Optional, Union

JSON = Dict[str, Union[str, int]]


class Refused(Exception):
    """The new version is not taken in here, and nothing has changed.

    `file` (relative to the release) and `line` say where in the project the reason lies, `holder` what keeps the old version.
    """

    def __init__(self, reason: str, *, file: Optional[str] = None, line: Optional[int] = None, holder: Optional[str] = None):
        super().__init__(reason)
        self.reason = reason
        self.file = file
        self.line = line
        self.holder = holder

    def __str__(self) -> str:
        place = "" if self.file is None else f"{self.file}: " if self.line is None else f"{self.file}:{self.line}: "
        return f"{place}{self.reason}" + ("" if self.holder is None else f" (held by {self.holder})")

    def as_json(self) -> JSON:
        answer: JSON = {"refused": str(self)}
        if self.file is not None:
            answer["file"] = self.file
        if self.line is not None:
            answer["line"] = self.line
        if self.holder is not None:
            answer["holder"] = self.holder
        return answer

    @staticmethod
    def from_json(answer: JSON) -> "Refused":
        """Of what another process said; its words are whole already, so place and holder are kept beside them."""
        refusal = _Told(str(answer["refused"]))
        refusal.file = str(answer["file"]) if "file" in answer else None
        refusal.line = int(answer["line"]) if "line" in answer else None
        refusal.holder = str(answer["holder"]) if "holder" in answer else None
        return refusal


class _Told(Refused):
    def __str__(self) -> str:
        return self.reason


def refusal_of(error: BaseException, root: str) -> Refused:
    """What an exception of the new version's own code says, with the last place in the project that it came through."""
    if isinstance(error, Refused):
        return error
    file, line = None, None
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(root + "/"):
        file, line = error.filename[len(root) + 1 :], error.lineno
    step = error.__traceback__
    while step is not None and not isinstance(error, SyntaxError):
        name = step.tb_frame.f_code.co_filename
        if name.startswith(root + "/"):
            file, line = name[len(root) + 1 :], step.tb_lineno
        step = step.tb_next
    words = " ".join(str(error).split())[:300]
    return Refused(f"the new version fails to load: {type(error).__name__}: {words}", file=file, line=line)
