"""What is held of a page: a line for each thing that was tried, and what was not as it should be."""

FAILED = []


def hold(what, is_so, detail=""):
    print(("ok     " if is_so else "WRONG  ") + what + (f": {detail}" if detail and not is_so else ""), flush=True)
    if not is_so:
        FAILED.append(what)
