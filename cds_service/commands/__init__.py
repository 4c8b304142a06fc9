"""The command ``benzo-cds``: its parser, and one module for each command.

A command is imported when it is run, so that it imports only what it needs. A command takes the parsed arguments and
the settings, prints, and returns the exit status.
"""

__all__ = ["docs_pages", "input_file", "knowledge", "parser", "server"]
