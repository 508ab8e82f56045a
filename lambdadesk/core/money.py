"""Amounts of money as text."""

from decimal import ROUND_CEILING, Decimal

_SYMBOLS = {"USD": "$", "CNY": "¥"}
_CENT = Decimal("0.01")


def format_about(amount: Decimal, currency: str = "USD") -> str:
    """An estimate, to the cent: "$1.20", "less than $0.01"."""
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    return f"less than {symbol}0.01" if amount < Decimal("0.01") else f"{symbol}{amount:,.2f}"


def format_money(amount: Decimal, currency: str = "USD") -> str:
    """An amount to the micro-dollar, and finer where it takes that to show three significant digits.

    12.5 is "$12.500000", 0.0000004083 is "$0.000000408", 0 is "$0". Never an exponent.
    """
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    if not amount:
        return f"{symbol}0"
    places = max(6, 2 - amount.adjusted())
    return f"{'-' if amount < 0 else ''}{symbol}{abs(amount):,.{places}f}"


def format_cents(amount: Decimal, currency: str = "USD") -> str:
    """An amount to the cent: 0.024 is "$0.02", 0.004 is "< $0.01", 0 is "$0"."""
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    if not amount:
        return f"{symbol}0"
    if 0 < amount < _CENT:
        return f"< {symbol}0.01"
    return f"{'-' if amount < 0 else ''}{symbol}{abs(amount):,.2f}"


def format_amount(amount: Decimal, currency: str = "USD") -> str:
    """An amount to the cent from 0.10 upwards, and as `format_money` has it below: "$12.80", "$0.001234"."""
    return (format_cents if abs(amount) >= 10 * _CENT else format_money)(amount, currency)


def format_most(amount: Decimal, currency: str = "USD") -> str:
    """A limit, rounded up to the cent: 0.024 is "$0.03"."""
    return format_cents(amount.quantize(_CENT, ROUND_CEILING), currency)


def format_rough(amount: Decimal, currency: str = "USD") -> str:
    """A guess, without cents where there are hundreds: "$2,355", "$12.80"."""
    if abs(amount) < 100:
        return format_amount(amount, currency)
    return format_cents(Decimal(round(amount)), currency).removesuffix(".00")
