"""What can go wrong with the embedded database server. Each message says what to do."""


class DatabaseServerError(Exception):
    """The embedded database cannot be made, started or reached."""


class DatabaseInUse(DatabaseServerError):
    """Another process runs a site on this data directory."""


class NoDatabase(DatabaseServerError):
    """The data directory holds no database yet."""
