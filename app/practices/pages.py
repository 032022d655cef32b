"""Pages of practices: sharing, reading, trusting and using them."""

from app.accounts.deps import create_page_router

router = create_page_router()
