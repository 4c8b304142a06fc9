"""The command ``benzo-cds``: its parser, and one module for each command.

A command is a function that takes the parsed arguments, prints, and returns the exit status. Its module is imported
when it is run, so that each command imports only what it needs.
"""

__all__ = ["parser"]
