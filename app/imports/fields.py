"""The fields of a case that a column can fill, and by which headings they are recognised."""

from collections.abc import Mapping, Sequence

from app.core.i18n import N_

FIELDS: Mapping[str, str] = {
    "title": N_("Title"),
    "customer": N_("Customer"),
    "obstacles": N_("Stuck because"),
    "situation": N_("Situation"),
    "desired_state": N_("What we want to achieve"),
    "obstacle_words": N_("Why it is stuck, in words"),
    "worked": N_("What has worked"),
    "not_worked": N_("What has not"),
    "current_state": N_("Where it stands"),
    "owner": N_("Owner (e-mail)"),
    "team": N_("Team"),
    "visibility": N_("Who may see it"),
    "industry": N_("Industry"),
    "stage": N_("Stage"),
    "product": N_("Product"),
    "tags": N_("Tags"),
    "language": N_("Language (nb, sv, en)"),
    "amount": N_("Amount"),
    "currency": N_("Currency"),
    "close_date": N_("Close date"),
    "source": N_("CRM"),
    "external_id": N_("The deal's id there"),
    "url": N_("Link to the deal"),
}
"""By name, what people call them. Marked for the catalogue, not yet translated."""

HEADINGS: Mapping[str, str] = {
    "title": "title tittel rubrik titel overskrift sak ärende case",
    "customer": "customer kunde kund account konto company firma selskap företag",
    "obstacles": "obstacles obstacle hindring hinder reason årsak orsak",
    "situation": "situation situasjon beskrivelse beskrivning description",
    "desired_state": "desired_state mål goal önskat_läge ønsket_tilstand",
    "worked": "worked virket fungerat",
    "not_worked": "not_worked ikke_virket inte_fungerat",
    "current_state": "current_state nåsituasjon nuläge",
    "owner": "owner eier ägare selger säljare seller e-mail email e-post epost",
    "team": "team lag avdeling avdelning",
    "visibility": "visibility synlighet",
    "industry": "industry bransje bransch",
    "stage": "stage fase fas steg",
    "product": "product produkt",
    "tags": "tags stikkord emneord taggar",
    "language": "language språk",
    "amount": "amount beløp belopp value verdi värde",
    "currency": "currency valuta",
    "close_date": "close_date lukkedato stängningsdatum sluttdato slutdatum",
    "source": "source crm kilde källa",
    "external_id": "external_id id deal_id",
    "url": "url link lenke länk",
}
"""Headings in the three languages, in lower case, with `_` for a space."""


def guess_mapping(columns: Sequence[str]) -> dict[str, int]:
    """Which column fills which field, where the heading tells."""
    headings = {heading.strip().lower().replace(" ", "_"): number for number, heading in enumerate(columns)}
    found: dict[str, int] = {}
    for field in FIELDS:
        number = next((headings[name] for name in (field, *HEADINGS.get(field, "").split()) if name in headings), None)
        if number is not None and number not in found.values():
            found[field] = number
    return found
