"""What the form of a private address holds."""

from pydantic import BaseModel

from app.feed.models import Outlet


class AddressForm(BaseModel):
    outlet: Outlet
