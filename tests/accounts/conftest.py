from collections.abc import AsyncIterator

import pytest

from tests.accounts.mailbox import Mailbox


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """An SMTP server of the test's own."""
    box = Mailbox()
    await box.open()
    yield box
    await box.close()
