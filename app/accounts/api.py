"""Who I am, and whom I can name, for programs."""

from app.accounts.deps import create_api_router

router = create_api_router("people")
