"""What cases are to each other, in words."""

from collections.abc import Mapping

from app.core.i18n import N_
from app.links.models import LinkKind

FROM_HERE: Mapping[LinkKind, str] = {
    LinkKind.DUPLICATE_OF: N_("The same as"),
    LinkKind.FOLLOWS_FROM: N_("Follows from"),
    LinkKind.RELATED: N_("Belongs together with"),
}
TO_HERE: Mapping[LinkKind, str] = {
    LinkKind.DUPLICATE_OF: N_("Told here as well"),
    LinkKind.FOLLOWS_FROM: N_("Led to"),
    LinkKind.RELATED: N_("Belongs together with"),
}
