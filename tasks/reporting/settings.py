"""The settings of pictures as the report tells them: those that all share, and those that tell them apart."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from nst_engine.config import TransferConfig

Settings: TypeAlias = Mapping[str, Any]
"""A configuration as `TransferConfig.to_dict` gives it, maybe of another release, or empty if it is not known."""

_SAID_ELSEWHERE = ("backbone",)


def shared_settings(settings: Sequence[Settings]) -> str:
    """What all pictures share and is no default, as `side=512, style_weight=2`; empty if there is nothing."""
    defaults = TransferConfig().to_dict()
    shared = _spread(settings)
    return _told({name: texts[0] for name, texts in shared.items() if len(set(texts)) == 1}, but=defaults)


def own_settings(settings: Sequence[Settings]) -> tuple[str, ...]:
    """What tells each picture from the others, in the form of `shared_settings`; empty texts if they are all alike."""
    differing = {name: texts for name, texts in _spread(settings).items() if len(set(texts)) > 1}
    return tuple(
        _told({name: texts[number] for name, texts in differing.items()} if known else {})
        for number, known in enumerate(settings)
    )


def _spread(settings: Sequence[Settings]) -> dict[str, list[str]]:
    """The value of each picture by the name of a field; a field that an earlier release lacked is left out."""
    known = [each for each in settings if each]
    names = [name for name in known[0] if name not in _SAID_ELSEWHERE] if known else []
    return {
        name: [_text(each[name]) if each else _text(known[0][name]) for each in settings]
        for name in names
        if all(name in each for each in known)
    }


def _told(values: Mapping[str, str], but: Settings | None = None) -> str:
    usual = but or {}
    return ", ".join(
        f"{name}={text}" for name, text in values.items() if name not in usual or text != _text(usual[name])
    )


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
