"""Kinds of change, as data: what a version's files are, what the next one's are, and by which tier it comes in at the best.

Each is tried in a process of its own: `warm` runs in the old version first, then the new one is taken in, then `look` is evaluated. The
answer has to be that of a fresh start of the new version, or, where the reload was refused, that of the old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional

PATCHED, RELOADED, REFUSED = "patched", "reloaded", "refused"

BASE = """
--- srv/__init__.py
--- srv/store.py
KEPT = {}
HITS = 0
def hit():
    global HITS
    HITS += 1
    return HITS
"""


@dataclass
class Kind:
    name: str
    old: Dict[str, str]
    # Files of the new version that differ; None for one that is gone.
    new: Dict[str, Optional[str]]
    tier: str
    look: str = "app.answer()"
    warm: str = ""
    # Words of the reason, where it is refused.
    reason: str = ""
    # An answer that both versions give where state is kept.
    keeps: str = ""
    # What requests do before the fork of the rehearsal, and between that and the swap.
    before_fork: str = ""
    prepared: str = ""
    # Not empty where requests are served on threads, so that a swap is on another than the module was executed on at the start.
    elsewhere: str = ""


KINDS: List[Kind] = []


def files(text: str) -> Dict[str, Optional[str]]:
    found: Dict[str, Optional[str]] = {}
    for part in text.split("--- ")[1:]:
        head, _, body = part.partition("\n")
        path, _, word = head.partition(" ")
        found[path] = None if word == "gone" else body
    return found


def kind(name: str, tier: str, old: str, new: str, **more: str) -> None:
    before = {path: body or "" for path, body in files(BASE + old).items()}
    KINDS.append(Kind(name, before, files(new), tier, **more))


ANSWER = """
--- srv/app.py
from .util import greet
def answer():
    return greet()
"""

# -- functions

kind("the inside of a function", PATCHED, ANSWER + """
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
def greet():
    word = "two"
    return word
""")

kind("lines and comments only", PATCHED, ANSWER + """
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
# A comment.


def greet():
    return "one"  # another
""")

kind("a docstring, which is read where the function is made", RELOADED, """
--- srv/app.py
from .util import greet
HELP = greet.__doc__
def answer():
    return HELP
--- srv/util.py
def greet():
    "one"
""", """
--- srv/util.py
def greet():
    "two"
""")

kind("a default", RELOADED, ANSWER + """
--- srv/util.py
def greet(word="one"):
    return word
""", """
--- srv/util.py
def greet(word="two"):
    return word
""")

kind("a method, with an instance that lives in a module that stays", PATCHED, """
--- srv/app.py
from . import store
from .item import Item
def answer():
    item = store.KEPT.setdefault("item", Item())
    return item.show(), isinstance(item, Item)
--- srv/item.py
class Item:
    def show(self):
        return "one"
""", """
--- srv/item.py
class Item:
    def show(self):
        return "two"
""", warm="app.answer()")

kind("a closure that lives on", PATCHED, """
--- srv/app.py
from . import store
def make(n):
    def inner():
        return n, "one"
    return inner
def answer():
    return store.KEPT.setdefault("inner", make(1))()
""", """
--- srv/app.py
from . import store
def make(n):
    def inner():
        return n, "two"
    return inner
def answer():
    return store.KEPT.setdefault("inner", make(1))()
""", warm="app.answer()")

kind("a closure that lives on, with another default", RELOADED, """
--- srv/app.py
from . import store
def make():
    def inner(word="one"):
        return word
    return inner
def answer():
    return store.KEPT.setdefault("inner", make())()
""", """
--- srv/app.py
from . import store
def make():
    def inner(word="two"):
        return word
    return inner
def answer():
    return store.KEPT.setdefault("inner", make())()
""", warm="app.answer()")

kind("a closure with another free variable", RELOADED, """
--- srv/app.py
def make(n):
    k = 1
    def inner():
        return n, "one"
    return inner
live = make(1)
def answer():
    return live()
""", """
--- srv/app.py
def make(n):
    k = 1
    def inner():
        return n, k, "two"
    return inner
live = make(1)
def answer():
    return live()
""")

kind("a function that becomes a generator", RELOADED, """
--- srv/app.py
import inspect
def words():
    return ["one"]
KIND = inspect.isgeneratorfunction(words)
def answer():
    return list(words()), KIND
""", """
--- srv/app.py
import inspect
def words():
    yield "two"
KIND = inspect.isgeneratorfunction(words)
def answer():
    return list(words()), KIND
""")

kind("two lambdas on one line", RELOADED, """
--- srv/app.py
def pair():
    return (lambda: "a"), (lambda: "one")
live = pair()
def answer():
    return [f() for f in live]
""", """
--- srv/app.py
def pair():
    return (lambda: "a"), (lambda: "two")
live = pair()
def answer():
    return [f() for f in live]
""")

kind("a function whose result is in the module", RELOADED, """
--- srv/app.py
def compute():
    return "one"
VALUE = compute()
def answer():
    return VALUE
""", """
--- srv/app.py
def compute():
    return "two"
VALUE = compute()
def answer():
    return VALUE
""")

kind("a function whose result is in another module", RELOADED, """
--- srv/app.py
from .deep import VALUE
def answer():
    return VALUE
--- srv/deep.py
from . import util
VALUE = util.outer()
--- srv/util.py
def inner():
    return "one"
def outer():
    return inner()
""", """
--- srv/util.py
def inner():
    return "two"
def outer():
    return inner()
""")

kind("a decorator", RELOADED, """
--- srv/deco.py
import functools
def loud(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments).upper()
    return wrapper
--- srv/app.py
from .deco import loud
@loud
def answer():
    return "word"
""", """
--- srv/deco.py
import functools
def loud(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments).upper() + "!"
    return wrapper
""")

kind("a wrapped original", PATCHED, """
--- srv/deco.py
import functools
def loud(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments).upper()
    return wrapper
--- srv/app.py
from .deco import loud
@loud
def answer():
    return "one"
""", """
--- srv/app.py
from .deco import loud
@loud
def answer():
    return "two"
""")

kind("a cached function, and one behind it", PATCHED, """
--- srv/app.py
from functools import lru_cache
def word():
    return "one"
@lru_cache
def cached():
    return word()
def answer():
    return cached()
""", """
--- srv/app.py
from functools import lru_cache
def word():
    return "two"
@lru_cache
def cached():
    return word()
def answer():
    return cached()
""", warm="app.answer()")

kind("a cached property of an instance that lives on", PATCHED, """
--- srv/app.py
from functools import cached_property
from . import store
class Item:
    @cached_property
    def word(self):
        return "one"
def answer():
    return store.KEPT.setdefault("item", Item()).word
""", """
--- srv/app.py
from functools import cached_property
from . import store
class Item:
    @cached_property
    def word(self):
        return "two"
def answer():
    return store.KEPT.setdefault("item", Item()).word
""", warm="app.answer()")

kind("a property and class and static methods", PATCHED, """
--- srv/app.py
class Item:
    @property
    def a(self):
        return "one"
    @classmethod
    def b(cls):
        return "one"
    @staticmethod
    def c():
        return "one"
def answer():
    return Item().a, Item.b(), Item.c()
""", """
--- srv/app.py
class Item:
    @property
    def a(self):
        return "two"
    @classmethod
    def b(cls):
        return "two"
    @staticmethod
    def c():
        return "two"
def answer():
    return Item().a, Item.b(), Item.c()
""")

kind("a counter beside a function", PATCHED, """
--- srv/app.py
COUNT = 0
def answer():
    global COUNT
    COUNT += 1
    return "one"
""", """
--- srv/app.py
COUNT = 0
def answer():
    global COUNT
    COUNT += 1
    return "two"
""", warm="app.answer(); app.answer()", keeps="app.COUNT")

kind("the same size in the same second", PATCHED, """
--- srv/app.py
def answer():
    return 1
""", """
--- srv/app.py
def answer():
    return 2
""")

kind("1 where True was", PATCHED, """
--- srv/app.py
def answer():
    return repr([True, 0.0])
""", """
--- srv/app.py
def answer():
    return repr([1, -0.0])
""")

kind("a generator that is suspended in a changed function", REFUSED, """
--- srv/app.py
from . import store
def words():
    yield "one"
    yield "one again"
def answer():
    live = store.KEPT.get("live")
    return next(live)
def begin():
    store.KEPT["live"] = words()
    next(store.KEPT["live"])
""", """
--- srv/app.py
from . import store
def words():
    yield "two"
    yield "two again"
def answer():
    live = store.KEPT.get("live")
    return next(live)
def begin():
    store.KEPT["live"] = words()
    next(store.KEPT["live"])
""", warm="app.begin()", look="app.words().__next__()", reason="suspended")

# -- classes and instances

for name, before, after in [
    ("a dataclass gains a field", "from dataclasses import dataclass\n@dataclass\nclass Item:\n    a: int = 1\n", "    b: int = 2\n"),
    ("a named tuple gains a field", "from typing import NamedTuple\nclass Item(NamedTuple):\n    a: int = 1\n", "    b: int = 2\n"),
    ("an enumeration gains a member", "from enum import Enum\nclass Item(Enum):\n    A = 1\n    @classmethod\n    def _missing_(cls, v):\n        return cls.A\n", "    B = 2\n"),
    ("slots", "class Item:\n    __slots__ = ('a',)\n", "    def b(self):\n        return 2\n"),
    ("a class attribute", "class Item:\n    a = 1\n", "    b = 2\n"),
]:
    call = "Item(None)" if "Enum" in before else "Item()"
    kind(name + ", an instance is cached", RELOADED, f"""
--- srv/app.py
from .item import Item
from . import store
def answer():
    item = store.KEPT.setdefault("item", {call})
    return isinstance(item, Item), [n for n in dir(item) if n in "abAB"], repr(item) if "0x" not in repr(item) else ""
--- srv/item.py
{before}""", f"""
--- srv/item.py
{before}{after}""", warm="app.answer()")

kind("an exception class that an unchanged module catches", RELOADED, """
--- srv/errors.py
class Wrong(Exception):
    pass
def fail():
    raise Wrong("one")
--- srv/middle.py
from . import errors
from .errors import Wrong
def attempt():
    try:
        errors.fail()
    except Wrong as error:
        return "caught " + str(error)
--- srv/app.py
from .middle import attempt
def answer():
    return attempt()
""", """
--- srv/errors.py
class Wrong(Exception):
    code = 2
def fail():
    raise Wrong("two")
""")

kind("a class that is pickled", RELOADED, """
--- srv/item.py
class Item:
    pass
--- srv/app.py
import pickle
from . import store
from .item import Item
def answer():
    return type(pickle.loads(pickle.dumps(store.KEPT.setdefault("item", Item())))) is Item
""", """
--- srv/item.py
class Item:
    more = 1
""", warm="app.answer()")

kind("a base class that registers its subclasses", RELOADED, """
--- srv/base.py
class Base:
    known = []
    def __init_subclass__(cls, **options):
        Base.known.append(cls)
--- srv/plug.py
from .base import Base
class Plug(Base):
    word = "one"
--- srv/app.py
from . import plug
from .base import Base
def answer():
    return [cls.word for cls in Base.known]
""", """
--- srv/plug.py
from .base import Base
class Plug(Base):
    word = "two"
""")

kind("a metaclass that registers, one class goes", RELOADED, """
--- srv/base.py
KNOWN = {}
class Meta(type):
    def __init__(cls, name, bases, names):
        super().__init__(name, bases, names)
        KNOWN[name] = cls
class Base(metaclass=Meta):
    pass
--- srv/plug.py
from .base import Base
class A(Base):
    word = "one"
class B(Base):
    word = "one"
--- srv/app.py
from . import plug
from .base import KNOWN
def answer():
    return sorted((name, getattr(cls, "word", "")) for name, cls in KNOWN.items())
""", """
--- srv/plug.py
from .base import Base
class A(Base):
    word = "two"
""")

kind("a generic function of a module that stays", RELOADED, """
--- srv/generic.py
from functools import singledispatch
@singledispatch
def show(value):
    return "other"
--- srv/item.py
from .generic import show
class Item:
    word = "one"
@show.register(Item)
def _(value):
    return value.word
--- srv/app.py
from . import item
from .generic import show
def answer():
    return show(item.Item())
""", """
--- srv/item.py
from .generic import show
class Item:
    word = "two"
@show.register(Item)
def _(value):
    return value.word + "!"
""")

kind("a virtual subclass of an abstract class that stays", RELOADED, """
--- srv/base.py
from abc import ABC
class Base(ABC):
    pass
--- srv/item.py
from .base import Base
class Item:
    word = "one"
Base.register(Item)
--- srv/app.py
from . import item
from .base import Base
def answer():
    return isinstance(item.Item(), Base), item.Item.word
""", """
--- srv/item.py
from .base import Base
class Item:
    word = "two"
Base.register(Item)
""")

# -- what modules write into each other

kind("routes in a registry of a module that stays: one changes, one goes, one comes", RELOADED, """
--- srv/reg.py
ROUTES = {}
def route(name):
    def add(function):
        ROUTES[name] = function
        return function
    return add
--- srv/views.py
from .reg import route
@route("a")
def a():
    return "one"
@route("b")
def b():
    return "one"
--- srv/app.py
from . import reg, views
def answer():
    return {name: reg.ROUTES[name]() for name in sorted(reg.ROUTES)}
""", """
--- srv/views.py
from .reg import route
@route("a")
def a():
    return "two"
@route("c")
def c():
    return "two"
""")

kind("plain words appended to a list of a module that stays", RELOADED, """
--- srv/reg.py
WORDS = []
--- srv/views.py
from .reg import WORDS
WORDS.append("one")
--- srv/app.py
from . import reg, views
def answer():
    return list(reg.WORDS)
""", """
--- srv/views.py
from .reg import WORDS
WORDS.append("two")
""")

kind("a plain word in an object of a module that stays", RELOADED, """
--- srv/reg.py
class Hub:
    def __init__(self):
        self.inner = {"words": []}
hub = Hub()
--- srv/views.py
from .reg import hub
hub.inner["words"].append("one")
--- srv/app.py
from . import reg, views
def answer():
    return reg.hub.inner
""", """
--- srv/views.py
from .reg import hub
hub.inner["words"].append("two")
""")

kind("a number that is only counted up", RELOADED, """
--- srv/reg.py
COUNT = 0
--- srv/views.py
from . import reg
reg.COUNT += 1
--- srv/app.py
from . import reg, views
def answer():
    return reg.COUNT
""", """
--- srv/views.py
from . import reg
reg.COUNT += 10
""")

kind("a lambda in an object of a module that stays", RELOADED, """
--- srv/reg.py
class Hub:
    def __init__(self):
        self.calls = []
hub = Hub()
--- srv/views.py
from .reg import hub
WORD = "one"
hub.calls.append(lambda: WORD)
--- srv/app.py
from . import reg, views
def answer():
    return [call() for call in reg.hub.calls]
""", """
--- srv/views.py
from .reg import hub
WORD = "two"
hub.calls.append(lambda: WORD)
""")

kind("a bound method in a module that stays", RELOADED, """
--- srv/reg.py
CALLS = {}
--- srv/service.py
from . import reg
WORD = "one"
class Service:
    def go(self):
        return WORD
reg.CALLS["go"] = Service().go
--- srv/app.py
from . import reg, service
def answer():
    return reg.CALLS["go"](), isinstance(reg.CALLS["go"].__self__, service.Service)
""", """
--- srv/service.py
from . import reg
WORD = "two"
class Service:
    def go(self):
        return WORD
reg.CALLS["go"] = Service().go
""")

kind("a weak registry of a module that stays", RELOADED, """
--- srv/reg.py
import weakref
KNOWN = weakref.WeakValueDictionary()
--- srv/item.py
from .reg import KNOWN
class Item:
    word = "one"
KNOWN["item"] = Item
--- srv/app.py
from . import item, reg
def answer():
    return reg.KNOWN["item"].word
""", """
--- srv/item.py
from .reg import KNOWN
class Item:
    word = "two"
KNOWN["item"] = Item
""")

kind("a partial of a function of another module", RELOADED, """
--- srv/util.py
def greet(a):
    return a + "one"
--- srv/part.py
from functools import partial
from . import util
CALL = partial(util.greet, "p")
--- srv/app.py
from .part import CALL
def answer():
    return CALL()
""", """
--- srv/util.py
MORE = 1
def greet(a):
    return a + "two"
""")

kind("state in a module that stays", RELOADED, """
--- srv/app.py
from . import store
def answer():
    store.hit()
    return "one"
""", """
--- srv/app.py
from . import store
MORE = 1
def answer():
    store.hit()
    return "two"
""", warm="app.answer(); app.answer()", keeps="app.store.HITS")

kind("state taken over by a hook", RELOADED, """
--- srv/app.py
CACHE = {}
def answer():
    return "one"
""", """
--- srv/app.py
CACHE = {}
MORE = 1
def __reload__(old):
    CACHE.update(old.CACHE)
def answer():
    return "two"
""", warm="app.CACHE['k'] = 1", keeps="app.CACHE")

# -- modules

kind("two modules that import each other", RELOADED, """
--- srv/a.py
from . import b
def answer():
    return "one" + b.word()
--- srv/b.py
from . import a
WORD = "one"
def word():
    return WORD
--- srv/app.py
from .a import answer
""", """
--- srv/a.py
from . import b
MARK = "two"
def answer():
    return "two" + b.word()
--- srv/b.py
from . import a
WORD = "two"
def word():
    return WORD + a.MARK
""")

kind("a module goes", RELOADED, """
--- srv/extra.py
WORD = 1
--- srv/app.py
import sys
from . import extra
def answer():
    return "srv.extra" in sys.modules
""", """
--- srv/extra.py gone
--- srv/app.py
import sys
def answer():
    return "srv.extra" in sys.modules
""")

kind("a module stays and nobody imports it any more", RELOADED, """
--- srv/extra.py
from . import store
store.KEPT["extra"] = "one"
--- srv/app.py
import sys
from . import extra, store
def answer():
    return "srv.extra" in sys.modules, dict(store.KEPT)
""", """
--- srv/extra.py
from . import store
store.KEPT["extra"] = "two"
--- srv/app.py
import sys
from . import store
def answer():
    return "srv.extra" in sys.modules, dict(store.KEPT)
""")

kind("a module has another name", RELOADED, """
--- srv/extra.py
WORD = "one"
--- srv/app.py
from .extra import WORD
def answer():
    return WORD
""", """
--- srv/extra.py gone
--- srv/more.py
WORD = "two"
--- srv/app.py
from .more import WORD
def answer():
    return WORD
""")

kind("a module becomes a package", RELOADED, """
--- srv/x.py
WORD = "one"
--- srv/app.py
from .x import WORD
def answer():
    return WORD
""", """
--- srv/x.py gone
--- srv/x/__init__.py
from .y import WORD
--- srv/x/y.py
WORD = "two"
""")

kind("a package becomes a module", RELOADED, """
--- srv/x/__init__.py
from .y import WORD
--- srv/x/y.py
WORD = "one"
--- srv/app.py
from .x import WORD
def answer():
    return WORD
""", """
--- srv/x/__init__.py gone
--- srv/x/y.py gone
--- srv/x.py
WORD = "two"
""")

kind("a package's own code, its modules unchanged", RELOADED, """
--- srv/pack/__init__.py
WORD = "one"
--- srv/pack/part.py
VALUE = []
--- srv/app.py
from . import pack
from .pack import part
def answer():
    import srv.pack.part
    return pack.WORD, srv.pack.part.VALUE is part.VALUE
""", """
--- srv/pack/__init__.py
WORD = "two"
""")

kind("a package without a file of its own", RELOADED, """
--- spaces/x/part.py
WORD = "one"
--- srv/app.py
from spaces.x.part import WORD
def answer():
    return WORD
""", """
--- spaces/x/part.py
WORD = "two"
""")

kind("an optional module appears", RELOADED, """
--- srv/app.py
try:
    from . import optional
except ImportError:
    optional = None
def answer():
    return getattr(optional, "WORD", None)
""", """
--- srv/optional.py
WORD = "two"
""")

kind("a plugin appears that is found by looking through the package", RELOADED, """
--- srv/plugins/__init__.py
import importlib
import pkgutil
FOUND = [importlib.import_module(f"{__name__}.{entry.name}") for entry in pkgutil.iter_modules(__path__)]
--- srv/plugins/a.py
WORD = "a"
--- srv/app.py
from . import plugins
def answer():
    return sorted(plugin.WORD for plugin in plugins.FOUND)
""", """
--- srv/plugins/b.py
WORD = "b"
""")

kind("a module that is imported in a function", RELOADED, """
--- srv/late.py
WORD = "one"
--- srv/app.py
def answer():
    from .late import WORD
    return WORD
""", """
--- srv/late.py
WORD = "two"
""", warm="app.answer()")

kind("an import in a function that runs while the module does", RELOADED, """
--- srv/late.py
WORD = "one"
--- srv/app.py
from . import late
--- srv/user.py
def begin():
    from .late import WORD
    return WORD
VALUE = begin()
--- srv/app.py
from . import late, user
def answer():
    return user.VALUE
""", """
--- srv/late.py
WORD = "two"
""")

kind("a star import", RELOADED, """
--- srv/names.py
WORD = "one"
--- srv/app.py
from .names import *
def answer():
    return WORD
""", """
--- srv/names.py
WORD = "two"
MORE = "more"
""")

kind("a module with attributes that are made when asked for", RELOADED, """
--- srv/names.py
def __getattr__(name):
    if name == "word":
        return "one"
    raise AttributeError(name)
--- srv/app.py
from .names import word
def answer():
    return word
""", """
--- srv/names.py
def __getattr__(name):
    if name == "word":
        return "two"
    raise AttributeError(name)
""")

kind("a module that puts an object in its place", RELOADED, """
--- srv/odd.py
import sys
class Odd:
    word = "one"
sys.modules[__name__] = Odd()
--- srv/app.py
from . import odd
def answer():
    return odd.word
""", """
--- srv/odd.py
import sys
class Odd:
    word = "two"
sys.modules[__name__] = Odd()
""")

# -- files that are not modules

kind("a template beside the module", RELOADED, """
--- srv/page.txt
one
--- srv/app.py
import os
PAGE = os.path.join(os.path.dirname(__file__), "page.txt")
def answer():
    with open(PAGE) as page:
        return page.read()
""", """
--- srv/page.txt
two
""")

kind("a file that is read by its name from the working directory", RELOADED, """
--- page.txt
one
--- srv/app.py
def answer():
    with open("page.txt") as page:
        return page.read()
""", """
--- page.txt
two
""")

kind("a Python file that is read as a configuration", RELOADED, """
--- conf.py
WORD = "one"
--- srv/app.py
names = {}
with open("conf.py") as conf:
    exec(conf.read(), names)
def answer():
    return names["WORD"]
""", """
--- conf.py
WORD = "two"
""")

kind("a module that keeps the release's name", RELOADED, """
--- srv/app.py
import os
RELEASE = os.path.basename(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
def answer():
    return RELEASE
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
def greet():
    return "two"
""")

# -- settings of the process

kind("a variable of the environment that is no longer set", RELOADED, """
--- srv/app.py
import os
os.environ["SRV_MODE"] = "one"
def answer():
    return os.environ.get("SRV_MODE")
""", """
--- srv/app.py
import os
def answer():
    return os.environ.get("SRV_MODE")
""")

kind("a log handler of a class of its own", PATCHED, """
--- srv/app.py
import logging
LINES = []
class Handler(logging.Handler):
    def emit(self, record):
        LINES.append("one " + record.getMessage())
logging.getLogger("srv").addHandler(Handler())
def answer():
    logging.getLogger("srv").warning("x")
    return LINES[-1:], len(logging.getLogger("srv").handlers)
""", """
--- srv/app.py
import logging
LINES = []
class Handler(logging.Handler):
    def emit(self, record):
        LINES.append("two " + record.getMessage())
logging.getLogger("srv").addHandler(Handler())
def answer():
    logging.getLogger("srv").warning("x")
    return LINES[-1:], len(logging.getLogger("srv").handlers)
""")

kind("a filter of warnings and a limit", RELOADED, """
--- srv/app.py
import socket
import sys
import warnings
warnings.simplefilter("ignore", ResourceWarning)
socket.setdefaulttimeout(5)
sys.setrecursionlimit(3000)
def answer():
    return len(warnings.filters) - BEFORE["filters"], socket.getdefaulttimeout(), sys.getrecursionlimit()
BEFORE = {"filters": 0}
""", """
--- srv/app.py
import socket
import sys
import warnings
def answer():
    return len(warnings.filters) - BEFORE["filters"], socket.getdefaulttimeout(), sys.getrecursionlimit()
BEFORE = {"filters": 0}
""")

kind("a directory of modules added to the search path", RELOADED, """
--- lib/helper.py
WORD = "one"
--- srv/app.py
import os
import sys
sys.path.append(os.path.join(os.path.dirname(os.path.dirname(__file__)), "lib"))
from helper import WORD
def answer():
    return WORD, [os.path.basename(entry) for entry in sys.path].count("lib")
""", """
--- lib/helper.py
WORD = "two"
""")

kind("a name among the built-in ones", RELOADED, """
--- srv/app.py
import builtins
builtins.srv_word = "one"
def answer():
    return getattr(builtins, "srv_word", None)
""", """
--- srv/app.py
import builtins
def answer():
    return getattr(builtins, "srv_word", None)
""")

kind("a signal's handler", RELOADED, """
--- srv/app.py
import os
import signal
import time
SEEN = []
WORD = "one"
def on_signal(*arguments):
    SEEN.append(WORD)
signal.signal(signal.SIGUSR1, on_signal)
def answer():
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.02)
    return SEEN[-1:]
""", """
--- srv/app.py
import os
import signal
import time
SEEN = []
WORD = "two"
def on_signal(*arguments):
    SEEN.append(WORD)
signal.signal(signal.SIGUSR1, on_signal)
def answer():
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.02)
    return SEEN[-1:]
""")

kind("an exit function", REFUSED, """
--- srv/app.py
import atexit
WORD = "one"
atexit.register(print, WORD)
def answer():
    return WORD
""", """
--- srv/app.py
import atexit
WORD = "two"
atexit.register(print, WORD)
def answer():
    return WORD
""", reason="exit functions")

kind("a function put into a library", RELOADED, """
--- srv/app.py
import json
WORD = "one"
def dumps(value):
    return WORD
json.dumps = dumps
def answer():
    return json.dumps(1)
""", """
--- srv/app.py
import json
WORD = "two"
def dumps(value):
    return WORD
json.dumps = dumps
def answer():
    return json.dumps(1)
""")

kind("a function put into a library that is no longer put there", REFUSED, """
--- srv/app.py
import json
def dumps(value):
    return "one"
json.dumps = dumps
def answer():
    return json.dumps(1)
""", """
--- srv/app.py
import json
MORE = 1
def answer():
    return json.dumps(1)
""", reason="json.dumps")

# -- threads

kind("a thread that calls a changed function", PATCHED, """
--- srv/app.py
import threading
import time
SEEN = []
def work():
    return "one"
def loop():
    while True:
        SEEN[:] = [work()]
        time.sleep(0.01)
threading.Thread(target=loop, daemon=True).start()
def answer():
    time.sleep(0.1)
    return list(SEEN)
""", """
--- srv/app.py
import threading
import time
SEEN = []
def work():
    return "two"
def loop():
    while True:
        SEEN[:] = [work()]
        time.sleep(0.01)
threading.Thread(target=loop, daemon=True).start()
def answer():
    time.sleep(0.1)
    return list(SEEN)
""")

THREAD = """
--- srv/app.py
import threading
import time
SEEN = []
WORD = "{word}"
STOP = threading.Event()
def loop():
    while not STOP.is_set():
        SEEN[:] = [WORD]
        time.sleep(0.01)
THREAD = threading.Thread(target=loop, daemon=True)
THREAD.start()
{hook}
def answer():
    time.sleep(0.1)
    return list(SEEN), sum(thread.name.endswith("(loop)") for thread in threading.enumerate())
"""
kind("a thread in a module that changes", REFUSED, THREAD.format(word="one", hook=""), THREAD.format(word="two", hook=""), reason="thread")
UNLOAD = "def __unload__():\n    STOP.set()\n    THREAD.join()\n"
kind("a thread that its module ends itself", RELOADED, THREAD.format(word="one", hook=UNLOAD), THREAD.format(word="two", hook=UNLOAD))

kind("a coroutine that never ends", REFUSED, """
--- srv/app.py
import asyncio
import threading
import time
SEEN = []
async def loop():
    while True:
        SEEN[:] = ["one"]
        await asyncio.sleep(0.01)
threading.Thread(target=lambda: asyncio.run(loop()), daemon=True).start()
def answer():
    time.sleep(0.1)
    return list(SEEN)
""", """
--- srv/app.py
import asyncio
import threading
import time
SEEN = []
async def loop():
    while True:
        SEEN[:] = ["two"]
        await asyncio.sleep(0.01)
threading.Thread(target=lambda: asyncio.run(loop()), daemon=True).start()
def answer():
    time.sleep(0.1)
    return list(SEEN)
""", reason="loop")

# -- what cannot come in

kind("a syntax error beside a good change", REFUSED, ANSWER + """
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
MORE = 1
def greet():
    return "two"
--- srv/app.py
from .util import greet
def answer(:
""", reason="srv/app.py:2")

kind("an error while a module is executed, after it registered something", REFUSED, """
--- srv/reg.py
WORDS = []
--- srv/views.py
from .reg import WORDS
WORDS.append("one")
--- srv/app.py
from . import reg, views
def answer():
    return list(reg.WORDS)
""", """
--- srv/views.py
from .reg import WORDS
WORDS.append("two")
1 / 0
""", reason="srv/views.py:3")

kind("compiled code", REFUSED, ANSWER + """
--- srv/fast.so
x
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/fast.so
y
""", reason="srv/fast.so")

kind("what is installed", REFUSED, ANSWER + """
--- requirements.txt
flask
--- srv/util.py
def greet():
    return "one"
""", """
--- requirements.txt
flask
numpy
--- srv/util.py
def greet():
    return "two"
""", reason="requirements.txt")

kind("a module that ends the process", REFUSED, ANSWER + """
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
import os
os._exit(7)
""", reason="status 7")

kind("a module that crashes the process", REFUSED, ANSWER + """
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
import ctypes
ctypes.string_at(0)
""", reason="status -11")

kind("a module that never finishes loading", REFUSED, ANSWER + """
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
while True:
    pass
""", reason="in time")

kind("a module that takes all the memory", REFUSED, ANSWER + """
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
HOARD = bytearray(2 << 30)
""", reason="MemoryError")

kind("plain words in a module that stays that nobody writes any more", RELOADED, """
--- srv/core.py
class Hub:
    def __init__(self):
        self.words = []
hub = Hub()
--- srv/reg.py
from .core import hub
--- srv/views.py
from .reg import hub
hub.words.append("one")
--- srv/app.py
from . import reg, views
def answer():
    return reg.hub.words
""", """
--- srv/views.py
MORE = 1
""")

kind("a log handler whose module changes", RELOADED, """
--- srv/app.py
import logging
LINES = []
class Handler(logging.Handler):
    def emit(self, record):
        LINES.append("one " + record.getMessage())
logging.getLogger("srv").addHandler(Handler())
def answer():
    logging.getLogger("srv").warning("x")
    return LINES[-1:], len(logging.getLogger("srv").handlers)
""", """
--- srv/app.py
import logging
LINES = []
class Handler(logging.Handler):
    def emit(self, record):
        LINES.append("two " + record.getMessage())
logging.getLogger("srv").addHandler(Handler())
MORE = 1
def answer():
    logging.getLogger("srv").warning("x")
    return LINES[-1:], len(logging.getLogger("srv").handlers)
""")

kind("a module that starts hundreds of processes", REFUSED, ANSWER + """
--- srv/util.py
def greet():
    return "one"
""", """
--- srv/util.py
import os
import time
for _ in range(400):
    if os.fork() == 0:
        os.setsid()
        time.sleep(30)
        os._exit(0)
""")

# -- what a patch reaches, and what it does not

kind("a module that puts an object with methods in its place", PATCHED, """
--- srv/odd.py
import sys
class Odd:
    def word(self):
        return "one"
sys.modules[__name__] = Odd()
--- srv/app.py
from . import odd
def answer():
    return odd.word()
""", """
--- srv/odd.py
import sys
class Odd:
    def word(self):
        return "two"
sys.modules[__name__] = Odd()
""")

kind("a function whose results on other threads are in the module", RELOADED, """
--- srv/app.py
from concurrent.futures import ThreadPoolExecutor
def load(n):
    return "one"
with ThreadPoolExecutor() as pool:
    VALUES = list(pool.map(load, range(2)))
def answer():
    return VALUES
""", """
--- srv/app.py
from concurrent.futures import ThreadPoolExecutor
def load(n):
    return "two"
with ThreadPoolExecutor() as pool:
    VALUES = list(pool.map(load, range(2)))
def answer():
    return VALUES
""")

kind("a function whose result came from a thread that was there before", REFUSED, """
--- srv/pool.py
from concurrent.futures import ThreadPoolExecutor
POOL = ThreadPoolExecutor(1)
POOL.submit(len, "").result()
--- srv/words.py
def load():
    return "one"
--- srv/late.py
from . import words
from .pool import POOL
VALUE = POOL.submit(words.load).result(1)
--- srv/app.py
from . import pool
def answer():
    from .late import VALUE
    return VALUE
""", """
--- srv/words.py
def load():
    return "two"
""", warm="app.answer()", reason="TimeoutError")

kind("a function whose result came from another process", RELOADED, """
--- srv/words.py
def load():
    return "one"
--- srv/app.py
import os
from . import words
READING, WRITING = os.pipe()
if os.fork() == 0:
    os.write(WRITING, words.load().encode())
    os._exit(0)
VALUE = os.read(READING, 100).decode()
os.wait()
def answer():
    return VALUE
""", """
--- srv/words.py
def load():
    return "two"
""")

kind("a class in a function gets an attribute, and one lives on", RELOADED, """
--- srv/app.py
from . import store
def make():
    class Item:
        def show(self):
            return "one"
    return Item
def answer():
    return store.KEPT.setdefault("item", make())().show()
""", """
--- srv/app.py
from . import store
def make():
    class Item:
        word = "two"
        def show(self):
            return self.word
    return Item
def answer():
    return store.KEPT.setdefault("item", make())().show()
""", warm="app.answer()")

kind("a dataclass in a function gets another default, and one lives on", RELOADED, """
--- srv/app.py
from dataclasses import dataclass
from . import store
def make():
    @dataclass
    class Item:
        a: int = 1
    return Item
def answer():
    return store.KEPT.setdefault("item", make())().a
""", """
--- srv/app.py
from dataclasses import dataclass
from . import store
def make():
    @dataclass
    class Item:
        a: int = 2
    return Item
def answer():
    return store.KEPT.setdefault("item", make())().a
""", warm="app.answer()")

kind("a method of a class in a function, and one lives on", PATCHED, """
--- srv/app.py
from . import store
def make():
    class Item:
        word = "one"
        def show(self):
            return self.word
    return Item
def answer():
    return store.KEPT.setdefault("item", make())().show()
""", """
--- srv/app.py
from . import store
def make():
    # A line more.
    class Item:
        word = "one"
        def show(self):
            return self.word + "two"
    return Item
def answer():
    return store.KEPT.setdefault("item", make())().show()
""", warm="app.answer()")

kind("two inner functions of one name that change places", RELOADED, """
--- srv/app.py
from . import store
def make(loud):
    if loud:
        def inner():
            return "LOUD"
    else:
        def inner():
            return "quiet"
    return inner
def answer():
    return store.KEPT.setdefault("inner", make(True))()
""", """
--- srv/app.py
from . import store
def make(loud):
    if not loud:
        def inner():
            return "quiet"
    else:
        def inner():
            return "LOUD"
    return inner
def answer():
    return store.KEPT.setdefault("inner", make(True))()
""", warm="app.answer()")

kind("a property that is read and set, by two functions of one name", PATCHED, """
--- srv/app.py
class Item:
    kept = 0
    @property
    def a(self):
        return "one", self.kept
    @a.setter
    def a(self, value):
        self.kept = value
def answer():
    item = Item()
    item.a = 1
    return item.a
""", """
--- srv/app.py
class Item:
    kept = 0
    @property
    def a(self):
        return "two", self.kept
    @a.setter
    def a(self, value):
        self.kept = value + 1
def answer():
    item = Item()
    item.a = 1
    return item.a
""")

kind("a cached property that asks a function that changes", PATCHED, """
--- srv/app.py
from functools import cached_property
from . import store
def word():
    return "one"
class Item:
    @cached_property
    def word(self):
        return word()
def answer():
    return store.KEPT.setdefault("item", Item()).word
""", """
--- srv/app.py
from functools import cached_property
from . import store
def word():
    return "two"
class Item:
    @cached_property
    def word(self):
        return word()
def answer():
    return store.KEPT.setdefault("item", Item()).word
""", warm="app.answer()")

kind("a cached property of a module that stays", RELOADED, """
--- srv/late.py
WORD = "one"
--- srv/models.py
from functools import cached_property
class Item:
    @cached_property
    def word(self):
        from .late import WORD
        return WORD
ITEM = Item()
--- srv/app.py
from . import models
def answer():
    return models.ITEM.word
""", """
--- srv/late.py
WORD = "two"
""", warm="app.answer()")

kind("a decorator that compiles a function from its text", RELOADED, """
--- srv/deco.py
import inspect
import textwrap
def compiled(function):
    lines = textwrap.dedent(inspect.getsource(function)).split("\\n", 1)[1]
    names = dict(function.__globals__)
    exec(compile(lines, "<compiled>", "exec"), names)
    return names[function.__name__]
--- srv/app.py
from .deco import compiled
@compiled
def answer():
    return "one"
""", """
--- srv/app.py
from .deco import compiled
@compiled
def answer():
    return "two"
""")

kind("a decorator that keeps something of a function's code", RELOADED, """
--- srv/deco.py
TABLE = {}
def task(function):
    TABLE[function.__name__] = function.__code__.co_consts
    return function
--- srv/app.py
from .deco import TABLE, task
@task
def answer():
    return "one", TABLE["answer"]
""", """
--- srv/app.py
from .deco import TABLE, task
@task
def answer():
    return "two", TABLE["answer"]
""")

# -- files that modules load by themselves

kind("a plugin that is loaded from its file", RELOADED, """
--- srv/plugins/a.py
WORD = "one"
--- srv/app.py
import importlib.util
import pathlib
import sys
PLUGINS = []
for file in sorted(pathlib.Path(__file__).parent.joinpath("plugins").glob("*.py")):
    spec = importlib.util.spec_from_file_location("plugin_" + file.stem, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    PLUGINS.append(module)
def answer():
    return [plugin.WORD for plugin in PLUGINS]
""", """
--- srv/plugins/a.py
WORD = "two"
""")

kind("a plugin that is loaded from its file when it is asked for", RELOADED, """
--- srv/plugins/a.py
def word():
    return "one"
--- srv/loader.py
import importlib.util
def load(file):
    spec = importlib.util.spec_from_file_location("plugin", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
--- srv/app.py
import os
from . import loader
FOUND = {}
def answer():
    for name in sorted(os.listdir("srv/plugins")):
        if name.endswith(".py") and name not in FOUND:
            FOUND[name] = loader.load(os.path.join("srv/plugins", name))
    return [plugin.word() for plugin in FOUND.values()]
""", """
--- srv/plugins/a.py
def word():
    return "two"
""", warm="app.answer()")

kind("a configuration that is run as a program", RELOADED, """
--- conf.d/a.py
WORD = "one"
--- srv/app.py
import glob
import os
import runpy
ROOT = os.path.dirname(os.path.dirname(__file__))
CONF = {}
for file in glob.glob(os.path.join(ROOT, "conf.d", "*.py")):
    CONF.update(runpy.run_path(file))
def answer():
    return CONF["WORD"]
""", """
--- conf.d/a.py
WORD = "two"
""")

kind("a package appears that takes a module's place", RELOADED, """
--- srv/util.py
WORD = "one"
--- srv/app.py
from .util import WORD
def answer():
    return WORD
""", """
--- srv/util/__init__.py
WORD = "two"
""")

kind("a package without a file of its own gets one", RELOADED, """
--- spaces/part.py
WORD = "one"
--- srv/app.py
import spaces.part
def answer():
    return getattr(spaces, "INIT", None), spaces.part.WORD
""", """
--- spaces/__init__.py
INIT = "two"
""")

kind("a module appears that takes a library's place", REFUSED, """
--- srv/app.py
import colorsys
def answer():
    return getattr(colorsys, "OWN", False)
""", """
--- colorsys.py
OWN = True
""", reason="colorsys")

kind("a module of a library's name in a package of its own", RELOADED, """
--- srv/app.py
import colorsys
def answer():
    return getattr(colorsys, "OWN", False), "one"
""", """
--- srv/colorsys.py
OWN = True
--- srv/app.py
import colorsys
def answer():
    return getattr(colorsys, "OWN", False), "two"
""")

# -- what modules write where it is hard to see

kind("a plain word in an object with slots", RELOADED, """
--- srv/reg.py
class Hub:
    __slots__ = ("words",)
    def __init__(self):
        self.words = []
hub = Hub()
--- srv/views.py
from .reg import hub
hub.words.append("one")
--- srv/app.py
from . import reg, views
def answer():
    return reg.hub.words
""", """
--- srv/views.py
from .reg import hub
hub.words.append("two")
""")

kind("a plain word in a closure", RELOADED, """
--- srv/reg.py
def registry():
    words = []
    def add(word):
        words.append(word)
    def everything():
        return list(words)
    return add, everything
add, everything = registry()
--- srv/views.py
from .reg import add
add("one")
--- srv/app.py
from . import reg, views
def answer():
    return reg.everything()
""", """
--- srv/views.py
from .reg import add
add("two")
""")

kind("a plain word deep in objects", RELOADED, """
--- srv/reg.py
class Node:
    def __init__(self, **names):
        self.__dict__.update(names)
hub = Node(app=Node(router=Node(table=Node(words=[]))))
hub.app.hub = hub
--- srv/views.py
from .reg import hub
hub.app.router.table.words.append("one")
--- srv/app.py
from . import reg, views
def answer():
    return reg.hub.app.router.table.words
""", """
--- srv/views.py
from .reg import hub
hub.app.router.table.words.append("two")
""")

# -- what sees the old version though it does not hold it

kind("a class that its base class lists", RELOADED, """
--- srv/base.py
class Base:
    pass
--- srv/plug.py
from .base import Base
class Plug(Base):
    word = "one"
--- srv/app.py
from . import plug
from .base import Base
def answer():
    return [cls.word for cls in Base.__subclasses__()]
""", """
--- srv/plug.py
from .base import Base
class Plug(Base):
    word = "two"
""")

kind("a function that a library calls as long as it lives", RELOADED, """
--- lib/site-packages/blinking.py
import weakref
RECEIVERS = weakref.WeakSet()
def connect(function):
    RECEIVERS.add(function)
    return function
def send():
    return sorted(function() for function in list(RECEIVERS))
--- srv/views.py
import os
import sys
PLACE = os.path.join(os.getcwd(), "lib/site-packages")
if PLACE not in sys.path:
    sys.path.append(PLACE)
import blinking
WORD = "one"
@blinking.connect
def on_paid():
    return WORD
def itself():
    return on_paid
--- srv/app.py
from . import views
import blinking
def answer():
    return blinking.send()
""", """
--- srv/views.py
import os
import sys
PLACE = os.path.join(os.getcwd(), "lib/site-packages")
if PLACE not in sys.path:
    sys.path.append(PLACE)
import blinking
WORD = "two"
@blinking.connect
def on_paid():
    return WORD
def itself():
    return on_paid
""")

# -- more settings of the process

kind("a mask, a directory and a limit that are no longer set", RELOADED, """
--- srv/app.py
import os
import resource
os.umask(0o077)
os.chdir("/tmp")
resource.setrlimit(resource.RLIMIT_NOFILE, (500, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
def answer():
    mask = os.umask(0)
    os.umask(mask)
    return mask, os.path.basename(os.getcwd()), resource.getrlimit(resource.RLIMIT_NOFILE)[0]
""", """
--- srv/app.py
import os
import resource
def answer():
    mask = os.umask(0)
    os.umask(mask)
    return mask, os.path.basename(os.getcwd()), resource.getrlimit(resource.RLIMIT_NOFILE)[0]
""")

kind("a variable of the environment that a later module has read", RELOADED, """
--- srv/defaults.py
import os
os.environ["SRV_MODE"] = "one"
--- srv/client.py
import os
MODE = os.environ["SRV_MODE"]
--- srv/app.py
from . import defaults, client
def answer():
    return client.MODE
""", """
--- srv/defaults.py
import os
os.environ["SRV_MODE"] = "two"
""")

kind("a variable of the environment that stays as it is", RELOADED, """
--- srv/defaults.py
import os
os.environ["SRV_MODE"] = "one"
WORD = "one"
--- srv/later.py
KEPT = {}
--- srv/app.py
from . import defaults, later
def answer():
    return defaults.WORD
""", """
--- srv/defaults.py
import os
os.environ["SRV_MODE"] = "one"
WORD = "two"
""", warm="app.later.KEPT['k'] = 1", keeps="app.later.KEPT")

# -- hooks

kind("a hook that takes state over, and something else in a library", REFUSED, """
--- srv/app.py
import json
class Session:
    pass
SESSIONS = [Session()]
class Box:
    pass
json.srv_box = {"deep": {"down": {"here": lambda: "one"}}}
def answer():
    return json.srv_box["deep"]["down"]["here"]()
""", """
--- srv/app.py
import json
class Session:
    pass
SESSIONS = []
def __reload__(old):
    SESSIONS.extend(old.SESSIONS)
def answer():
    return json.srv_box["deep"]["down"]["here"]()
""", reason="json.srv_box")

kind("a hook at the end, and something in a library that it leaves there", REFUSED, """
--- srv/app.py
import json
def __unload__():
    pass
def dumps(value):
    return "one"
json.dumps = dumps
def answer():
    return json.dumps(1)
""", """
--- srv/app.py
import json
def answer():
    return json.dumps(1)
""", reason="json.dumps")

kind("a hook at the end that takes something out of a library", RELOADED, """
--- srv/app.py
import json
FORMER = json.dumps
def dumps(value):
    return "one"
json.dumps = dumps
def __unload__():
    json.dumps = FORMER
def answer():
    return json.dumps(1)
""", """
--- srv/app.py
import json
def answer():
    return json.dumps(1)
""")

kind("a module that is imported late while another thread writes", RELOADED, """
--- srv/late.py
from . import store
import time
time.sleep(0.2)
WORD = "one"
--- srv/app.py
from . import store
def answer():
    from . import late
    return late.WORD
""", """
--- srv/late.py
from . import store
WORD = "two"
""", warm="""
import threading, time
stop = threading.Event()
def write():
    while not stop.is_set():
        app.store.hit()
        time.sleep(0.01)
thread = threading.Thread(target=write)
thread.start()
app.answer()
stop.set()
thread.join()
""", keeps="app.store.HITS")

# -- what runs amid the agent's own work

kind("a warning of the compiler's, that a function of the project's takes", RELOADED, """
--- srv/app.py
from . import warned
from .noisy import SAME
def answer():
    return [word for word in warned.SEEN if word != warned.word()]
--- srv/warned.py
import warnings
SEEN = []
def word():
    return "one"
def note(*arguments, **more):
    SEEN.append(word())
warnings.simplefilter("always")
warnings.showwarning = note
--- srv/noisy.py
SAME = 1 is 1
""", """
--- srv/warned.py
import warnings
SEEN = []
def word():
    return "two"
def note(*arguments, **more):
    SEEN.append(word())
warnings.simplefilter("always")
warnings.showwarning = note
""")

# -- what requests import while a version is prepared

LATE = """
--- srv/app.py
from .util import greet
TABLE = [greet]
def answer():
    from . import late
    return greet(), late.WORD
--- srv/util.py
WORD = "one"
def greet():
    return WORD
--- srv/late.py
from .util import greet
WORD = "late one", greet()
--- srv/alone.py
WORD = "alone one"
def word():
    return WORD
"""
IMPORT_LATE = "import srv.late, srv.alone"

kind("a module that changes too, imported before the rehearsal's fork", RELOADED, LATE, """
--- srv/util.py
WORD = "two"
def greet():
    return WORD
--- srv/late.py
from .util import greet
WORD = "late two", greet()
""", before_fork=IMPORT_LATE)

kind("a module that changes too, by itself, imported before the rehearsal's fork", RELOADED, LATE, """
--- srv/util.py
WORD = "two"
def greet():
    return WORD
--- srv/alone.py
WORD = "alone two"
def word():
    return WORD
""", before_fork=IMPORT_LATE, look="app.answer(), __import__('srv.alone').alone.WORD")

kind("a module that changes too, imported after the rehearsal", REFUSED, LATE, """
--- srv/util.py
WORD = "two"
def greet():
    return WORD
--- srv/alone.py
WORD = "alone two"
def word():
    return WORD
""", prepared="import srv.alone", look="app.answer(), __import__('srv.alone').alone.WORD", reason="srv.alone was imported while")

kind("a module made of one that changes, imported after the rehearsal", REFUSED, LATE, """
--- srv/util.py
WORD = "two"
def greet():
    return WORD
""", prepared=IMPORT_LATE, reason="srv.late was imported while")

kind("a module that has nothing to do with what changes, imported after the rehearsal", RELOADED, LATE, """
--- srv/util.py
WORD = "two"
def greet():
    return WORD
""", prepared="import srv.alone")

kind("a module that called what is patched, imported before the swap", REFUSED, LATE, """
--- srv/util.py
WORD = "one"
def greet():
    return WORD + "!"
""", prepared=IMPORT_LATE, reason="greet ran while a module was executed")

kind("a module that changes, imported before the swap of a version that changes nothing that was loaded", REFUSED, LATE, """
--- srv/alone.py
WORD = "alone two"
def word():
    return WORD
""", prepared=IMPORT_LATE, look="app.answer(), __import__('srv.alone').alone.WORD", reason="srv.alone was imported while")

# -- what is of a thread or of a context

HERE = """
--- srv/app.py
import sqlite3
DATABASE = sqlite3.connect(":memory:")
WORD = "{}"
def answer():
    return DATABASE.execute("select 1").fetchone(), WORD
"""

kind("what only the thread may use that made it, where requests are served on another", REFUSED, HERE.format("one"),
     HERE.format("two"), elsewhere="threads", reason="what only the thread may use")

kind("what is of a thread, where that thread is the one that serves", RELOADED, HERE.format("one"), HERE.format("two"))

OF_THREAD = """
--- srv/app.py
import threading
LOCAL = threading.local()
LOCAL.word = "{}"
def answer():
    return LOCAL.word
"""

kind("a thread's own value", REFUSED, OF_THREAD.format("one"), OF_THREAD.format("two"), elsewhere="threads",
     reason="what only the thread may use")

OF_CONTEXT = """
--- srv/app.py
import decimal
decimal.getcontext().prec = {}
def answer():
    return str(1 / decimal.Decimal(3))
"""

kind("how numbers are computed in a context", REFUSED, OF_CONTEXT.format(5), OF_CONTEXT.format(9), reason="a context's variable")

NUMBERS = """
--- srv/app.py
import decimal
PRICE = decimal.Decimal(1) / decimal.Decimal({})
def answer():
    return str(PRICE)
"""

kind("numbers that are computed when a module is executed", RELOADED, NUMBERS.format(3), NUMBERS.format(7))

kind("a context's variable", REFUSED, """
--- srv/app.py
import contextvars
WORD = contextvars.ContextVar("word")
WORD.set("one")
def answer():
    return WORD.get("none")
""", """
--- srv/app.py
import contextvars
WORD = contextvars.ContextVar("word")
WORD.set("two")
def answer():
    return WORD.get("none")
""", reason="a context's variable")

# -- modules that are led to by a text, or by a package's own name

kind("a module that another one names in a text", RELOADED, """
--- srv/__init__.py
from . import config
--- srv/config.py
LIMIT = 1
--- srv/app.py
import importlib
def read(name):
    return importlib.import_module(name).LIMIT
LIMIT = read("srv.config")
def answer():
    return LIMIT
""", """
--- srv/config.py
LIMIT = 2
""")

kind("a name of the package that a module is in, read in a function that ran", RELOADED, """
--- srv/__init__.py
LIMIT = 1
--- srv/app.py
def limit():
    import srv
    return srv.LIMIT
TWICE = limit() * 2
def answer():
    return TWICE
""", """
--- srv/__init__.py
LIMIT = 2
""")

# -- what the old version took away, keeps, or has begun

kind("a log handler of others that the old version had taken out", RELOADED, """
--- srv/store.py
import logging
logging.getLogger("lib").addHandler(logging.NullHandler())
--- srv/app.py
import logging
from . import store
logging.getLogger("lib").handlers.clear()
def answer():
    return len(logging.getLogger("lib").handlers)
""", """
--- srv/app.py
import logging
from . import store
def answer():
    return len(logging.getLogger("lib").handlers)
""")

kind("a directory of the search path that the old version had taken out", RELOADED, """
--- srv/store.py
import sys
sys.path.append("/of-others")
--- srv/app.py
import sys
from . import store
sys.path.remove("/of-others")
def answer():
    return "/of-others" in sys.path
""", """
--- srv/app.py
import sys
from . import store
def answer():
    return "/of-others" in sys.path
""")

HOOKED = """
--- srv/app.py
import abc
class Kind(abc.ABC):
    @classmethod
    def __subclasshook__(cls, other):
        return other.__name__ == "{}"
class A:
    pass
class B:
    pass
def answer():
    return isinstance(A(), Kind), isinstance(B(), Kind)
"""

kind("what an abstract class says of who is one of its kind", PATCHED, HOOKED.format("A"), HOOKED.format("B"), warm="app.answer()")

HASHED = """
--- srv/app.py
from . import store
class Key:
    def __init__(self, a, b):
        self.a, self.b = a, b
    def __eq__(self, other):
        return (self.a, self.b) == (other.a, other.b)
    def __hash__(self):
        return hash({})
def keep():
    store.KEPT[Key(1, 2)] = 5
def answer():
    return store.KEPT.get(Key(1, 2), "nothing"), len(store.KEPT)
"""

kind("a hash by which something is kept", RELOADED, HASHED.format("(self.a, self.b)"), HASHED.format("(self.b, self.a)"),
     warm="app.keep()")

PROGRAM = """
--- srv/app.py
import subprocess
HELPER = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
WORD = "{}"
def answer():
    return HELPER.poll(), WORD
"""

kind("a program that a module begins", REFUSED, PROGRAM.format("one"), PROGRAM.format("two"), reason="has begun runs")

kind("a program that a module begins, and ends itself", RELOADED, PROGRAM.format("one") + """
def __unload__():
    HELPER.kill()
    HELPER.wait()
""", PROGRAM.format("two") + """
def __unload__():
    HELPER.kill()
    HELPER.wait()
""")
