"""Where a store is: an SQLite file, or a schema of a PostgreSQL database. Its text never shows user or password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from kalshi.errors import StoreError

POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
URL_FIX = "use a path, sqlite:////absolute/path or postgresql://user:password@host:5432/name"


@dataclass(frozen=True)
class Place:
    """One store. schema: for PostgreSQL only; each mode has its own, so that paper can never meet live."""

    url: URL
    schema: str = ""

    @classmethod
    def of(cls, where: Path | str, schema: str = "") -> Place:
        """Return the place of a file, or of a text with `://` in it, which is an SQLAlchemy URL.

        Raises StoreError, without the text, which may hold a password, for anything but SQLite and PostgreSQL.
        """
        if not isinstance(where, str) or "://" not in where:
            return cls(URL.create("sqlite", database=str(where)))
        try:
            url = make_url(where)
        except (SQLAlchemyError, ValueError):
            raise StoreError(f"the database URL can not be read: {URL_FIX}") from None
        if url.drivername in POSTGRESQL:
            if not schema:
                raise StoreError(f"PostgreSQL database {url.database}: no schema was named for it")
            return cls(url.set(drivername="postgresql+psycopg"), schema)
        if url.drivername != "sqlite":
            raise StoreError(f"database {url.drivername} is not supported: {URL_FIX}")
        return cls(url)

    @property
    def is_file(self) -> bool:
        """Whether it is an SQLite database."""
        return not self.schema

    @property
    def path(self) -> Path | None:
        """The SQLite file, None for PostgreSQL."""
        return Path(self.url.database or "") if self.is_file else None

    def __str__(self) -> str:
        if self.is_file:
            return str(self.url.database)
        server = self.url.host or "the local socket"
        port = f":{self.url.port}" if self.url.port else ""
        return f"PostgreSQL {server}{port}/{self.url.database or ''}, schema {self.schema}"

    __repr__ = __str__
