"""Every page of the accounts."""

from fastapi import APIRouter

from app.accounts.account import pages as account
from app.accounts.invitations import pages as invitations
from app.accounts.keys import pages as keys
from app.accounts.links import pages as links
from app.accounts.people import pages as people
from app.accounts.set_up import pages as set_up
from app.accounts.signing_in import pages as signing_in
from app.accounts.teams import pages as teams

router = APIRouter()
for part in (signing_in, account, links, set_up, people, invitations, teams, keys):
    router.include_router(part.router)
