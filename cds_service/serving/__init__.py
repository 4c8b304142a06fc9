"""The workers of the server: each process has one processor at a time, and its calls take turns on it.

A call is a greenlet of the main thread (:mod:`turns`). It gives its turn away while it waits for its caller
(:mod:`connection`) or for another machine (:mod:`cds_service.waiting`), and comes back to it in the order of
:class:`turns.Turns`. gunicorn starts the :mod:`worker` processes and parses the requests.
"""

__all__ = ["worker"]
