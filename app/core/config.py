"""Settings of one process, read from the environment once and handed to `create_app`."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator can set. In the embedded demo the command line fills in the database and the secret."""

    model_config = SettingsConfigDict(env_prefix="UNSTUCK_", frozen=True, extra="ignore")

    env: Literal["demo", "production"] = "demo"
    secret_key: SecretStr = SecretStr("")
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    """SQLAlchemy URL of the app's role, `postgresql+psycopg://…`."""
    owner_database_url: str = ""
    """URL of the owning role, used by migrations alone."""
    model: str = ""
    """Hub name or directory of a sentence-transformers model; empty means the one built from packages."""
    previous_model: str = ""
    """Hub name or directory of the model before it: it answers until all cases are read by the new one."""
    base_url: str = "http://127.0.0.1:8000"
    """Where people reach the site; links in mail start with it."""
    data_dir: Path | None = None
    """Where the embedded database and the built model live."""
    embedded: bool = False
    """True when this process runs its own database server and its own worker."""
    smtp_url: SecretStr = SecretStr("")
    """`smtp://user:password@host:587`; empty means links are shown to the admin instead of mailed."""
    mail_from: str = "Unstuck <unstuck@localhost>"
    log_format: Literal["console", "json"] = "console"
    max_body_bytes: int = 2_000_000

    @model_validator(mode="after")
    def refuse_unsafe_production(self) -> Self:
        """In production a database and a secret must be given: no process may run its own database there."""
        if self.env == "production" and not self.database_url:
            raise ValueError("DATABASE_URL is missing: in production set it to a PostgreSQL server of your own.")
        if self.env == "production" and len(self.secret_key.get_secret_value()) < MIN_SECRET_LENGTH:
            raise ValueError(
                f"UNSTUCK_SECRET_KEY is missing or shorter than {MIN_SECRET_LENGTH} characters: "
                "set it to a long random text before starting in production."
            )
        return self

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    def address(self, path: str) -> str:
        """Where people reach a path of the site, for what is read outside of it."""
        return f"{self.base_url.rstrip('/')}{path}"

    @property
    def plain_database_url(self) -> str:
        """What a connection of its own takes, beside those of the pool."""
        return self.database_url.replace("+psycopg", "", 1)

    @property
    def sends_mail(self) -> bool:
        return bool(self.smtp_url.get_secret_value())


MIN_SECRET_LENGTH = 32
