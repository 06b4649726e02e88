"""What is known of webCRM's three entities without asking: types, lengths, what the server keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sync.core.records import Property
from sync.core.vocabulary import DataType

HIDDEN = re.compile(r"password|History$|LoginLog$|^PersonMember", re.IGNORECASE)
"""Never shown to anybody: secrets, logs that grow for ever, and the obsolete members' fields."""
MASK = "(censored)"
UNSET_DATE = "0001-01-01T00:00:00+00:00"

CUSTOM = "Comment Memo Plus1..20 Custom1..15"
KEPT_TEXTS = "CreatedBy UpdatedBy"
KEPT_DATES = "CreatedAt UpdatedAt"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One entity. Names are written without their prefix; `Custom1..15` stands for fifteen of them."""

    entity: str
    prefix: str
    """Begins every property's name, and names the entity in `/Queries` and `/FieldsMetadata`."""
    writable: Mapping[DataType, str]
    kept: Mapping[DataType, str]
    lengths: Mapping[int, str] = field(default_factory=dict)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: str = ""
    fixed: str = ""
    newer: str = ""
    """Properties that only newer systems have: they count once the system shows them."""
    removes: bool = False

    @property
    def key(self) -> str:
        return f"{self.prefix}Id"

    @property
    def fixed_paths(self) -> tuple[str, ...]:
        return tuple(self._full(self.fixed))

    @property
    def newer_paths(self) -> frozenset[str]:
        return frozenset(self._full(self.newer))

    def properties(self) -> dict[str, Property]:
        """All properties by path, newer ones too."""
        lengths = {path: length for length, names in self.lengths.items() for path in self._full(names)}
        options = {self.prefix + name: texts for name, texts in self.options.items()}
        required = set(self._full(self.required))
        return {
            path: Property(
                path=path,
                type=kind,
                max_length=lengths.get(path),
                options=options.get(path, ()),
                required=path in required,
                read_only=kept,
            )
            for kept, named in ((False, self.writable), (True, self.kept))
            for kind, names in named.items()
            for path in self._full(names)
        }

    def _full(self, names: str) -> Iterator[str]:
        for name in names.split():
            stem, _, last = name.partition("1..")
            if not last:
                yield self.prefix + name
                continue
            yield from (f"{self.prefix}{stem}{number}" for number in range(1, int(last) + 1))


ORGANISATIONS = Facts(
    entity="Organisations",
    prefix="Organisation",
    writable={
        DataType.STRING: "Name DivisionName Address PostCode City State Country Telephone Fax Www Domain VatNumber"
        " VatCountry VatGroup Industry Status Type Alert MarketDataId OverlayUrl ExtraCustom1..8 XText1..8 XMemo1..2"
        " DeliveryAddress DeliveryPostCode DeliveryCity DeliveryState CompanyDescription CurrencyName "
        + CUSTOM,
        DataType.INTEGER: "Owner Owner2 ApprovalStatus MarketDataProviderId OutlookSync ReportTemp Sla TerritoryId"
        " XInt1..8",
        DataType.BOOLEAN: "NoAds",
        DataType.DATETIME: "XDate1..2",
    },
    kept={
        DataType.INTEGER: "Id",
        DataType.STRING: "Gps CompareName ImageFileExtension LastItemType TelephoneSearch VatStatus CountryData.CodeISO"
        " CountryData.Name " + KEPT_TEXTS,
        DataType.DATETIME: "LastDisplayedAt LastItemUpdatedAt VatVerifiedAt " + KEPT_DATES,
    },
    lengths={
        10: "VatCountry",
        20: "VatGroup",
        50: "Alert City Country Domain Fax Gps Industry Telephone VatNumber Www ExtraCustom1..8 XText1..8",
        200: "DivisionName Name",
        250: "Address",
        500: "CompareName",
    },
    newer="DeliveryAddress DeliveryPostCode DeliveryCity DeliveryState CompanyDescription CurrencyName"
    " CountryData.CodeISO CountryData.Name",
)

PERSONS = Facts(
    entity="Persons",
    prefix="Person",
    writable={
        DataType.STRING: "FirstName MiddleName LastName Email Email2 DirectPhone MobilePhone Title Salutation Skype"
        " Status MarketDateId " + CUSTOM,
        DataType.INTEGER: "OrganisationId SortOrder SupportLanguageId",
        DataType.BOOLEAN: "BlockMassEmail BlockMassEmail2 EmailBounces Email2Bounces CheckMark1..10",
        DataType.DATETIME: "Birthday",
    },
    kept={
        DataType.INTEGER: "Id MarketDataProviderId",
        DataType.STRING: "Name ImageFileExtension TelephoneSearch MarketDataId " + KEPT_TEXTS,
        DataType.DATETIME: KEPT_DATES,
    },
    options={"Status": ("Active", "Resigned", "Other", "Guest")},
    required="LastName",
    fixed="OrganisationId",
    newer="MarketDataProviderId MarketDataId",
)

PRODUCTS = Facts(
    entity="Products",
    prefix="Product",
    writable={
        DataType.STRING: "StockStatus VatCode " + CUSTOM,
        DataType.INTEGER: "OrganisationId PersonId ProductYear SortOrder",
        DataType.NUMBER: "Price ListPrice CostPrice Discount Quantity",
    },
    kept={
        DataType.INTEGER: "Id",
        DataType.STRING: "Combined " + KEPT_TEXTS,
        DataType.NUMBER: "TotalPrice",
        DataType.DATETIME: KEPT_DATES,
    },
    required="OrganisationId",
    newer="TotalPrice",
    removes=True,
)

ENTITIES = {facts.entity: facts for facts in (ORGANISATIONS, PERSONS, PRODUCTS)}
