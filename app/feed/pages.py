"""Home: what waits for the reader, then what the organisation has learned."""

from app.accounts.deps import create_page_router

router = create_page_router()
