"""A mail server for one test, which speaks just enough SMTP to take a mail."""

import asyncio
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """The same, as they came over the wire."""
    server: asyncio.Server | None = None

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._converse, "127.0.0.1", 0)

    async def close(self) -> None:
        assert self.server is not None
        self.server.close()
        await self.server.wait_closed()

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"smtp://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).strip().upper():
            if line == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                mail = message_from_bytes(raw[:-3], policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.mails.append(mail)
                self.raw.append(raw)
            writer.write(b"221 bye\r\n" if line == b"QUIT" else b"250 fine\r\n")
        writer.close()
