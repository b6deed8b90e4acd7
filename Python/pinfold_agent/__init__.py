"""New code in a running server.

    import pinfold_agent
    app = pinfold_agent.wsgi("srv.app:app")        # or asgi("srv.app:app")

    with pinfold_agent.work():                     # around each piece of work of a loop
        ...

The deploy daemon asks this process to take a release in. It then behaves as a fresh start of the new version would, apart from state that
is kept on purpose, or exactly as before, with a reason. Import this module first: it sees what the project's modules do when they load.
"""

from .api import asgi, commit, look_early, start, work, wsgi
from .reasons import Refused

__all__ = ["Refused", "asgi", "commit", "start", "work", "wsgi"]
__version__ = "0.1.0"

look_early()
