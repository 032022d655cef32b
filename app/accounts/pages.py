"""Every page of the accounts."""

from fastapi import APIRouter

from app.accounts.account import pages as account
from app.accounts.signing_in import pages as signing_in

router = APIRouter()
for part in (signing_in, account):
    router.include_router(part.router)
