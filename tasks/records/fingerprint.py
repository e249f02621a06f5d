"""The fingerprint of a result: a hash of everything that decides its pixels."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nst_engine.backbones.weights import find_weights
from nst_engine.config import TransferConfig, releases
from nst_engine.config.releases import Fields, Release

_MARKS = ("record_every", "snapshot_every")
"""Fields that say after which steps a level stops for a look at its losses."""

_IDLE = frozenset(("weights", *_MARKS))


def idle_fields(config: TransferConfig) -> frozenset[str]:
    """The fields that decide no pixel of themselves: the weights, which count by their hash, and mostly the marks.

    These count where `balance` or `tolerance` decides something at each of them.
    """
    return _IDLE if config.balance is None and config.tolerance is None else _IDLE.difference(_MARKS)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Everything that decides the pixels of a pair's picture, but the version of the engine.

    Attributes:
        content_sha256, style_sha256: hashes of the pair's pictures.
        config: the pair's configuration.
        files_sha256: hash of each picture that the configuration names, by its path; the paths do not count.
        weights_sha256: hash of the backbone's weights.
    """

    content_sha256: str
    style_sha256: str
    config: TransferConfig
    files_sha256: Mapping[str, str]
    weights_sha256: str

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of all this and of the recipe's number. Numbers count by value.

        Of the fields, those count that differ from what they meant in the release that brought them: a new field at its
        default changes no fingerprint, nor does a new version.
        """
        return self._fingerprint(releases.RELEASES[-1], self.config)

    @property
    def has_changed(self) -> bool:
        """True if an earlier release made another picture of the same choices."""
        return any(
            self._at(release)._fingerprint(release, counterpart) != self.fingerprint
            for release, counterpart in self._counterparts()
        )

    def is_of(self, fingerprint: str, config: Fields) -> bool:
        """True if the picture of this fingerprint, made with this configuration, is what would be made now.

        The one configuration may name what the other leaves to a default.
        """
        now = releases.RELEASES[-1]
        recipe = now.recipe_of(self.config)
        same_recipe = (release for release in releases.RELEASES if release.recipe_of(self.config) == recipe)
        meant = now.spell_out(self.config)
        return any(fingerprint in self._in_words_of(config, release, self.config, meant) for release in same_recipe)

    def earlier_release(self, fingerprint: str, config: Fields) -> Release | None:
        """The earlier release that made the picture of this fingerprint, with this configuration, of the same choices.

        None if the picture is what would be made now, or is of other choices or inputs.
        """
        if self.is_of(fingerprint, config):
            return None
        for release, counterpart in self._counterparts():
            then = self._at(release)
            if fingerprint in then._in_words_of(config, release, counterpart, release.spell_out(counterpart)):
                return release
        return None

    def _at(self, release: Release) -> "Identity":
        """The same with the weights that the configuration named in a release."""
        return replace(self, weights_sha256=release.weights_sha256(self.config, self.weights_sha256))

    def _counterparts(self) -> Iterator[tuple[Release, TransferConfig]]:
        """The earlier releases, each with the configuration that the same choices were there."""
        for release in releases.RELEASES[:-1]:
            if (counterpart := release.counterpart(self.config)) is not None:
                yield release, counterpart

    def _in_words_of(self, other: Fields, release: Release, config: TransferConfig, meant: Fields) -> Iterator[str]:
        """The fingerprints in a release, of `config` with those fields at None that `other` leaves there and may leave.

        A field may be left at None where it stands in that release for what it is meant to be; the others are named.
        The second is that of 0.1.0, in which no marks counted.
        """
        reworded = {
            name: None if other.get(name) is None and own == meant[name] else meant[name]
            for name, own in release.own_values(config).items()
        }
        worded = config.replace(**reworded)
        yield self._fingerprint(release, worded)
        if all(other.get(name) == getattr(config, name) for name in _MARKS):
            yield self._fingerprint(release, worded, _IDLE)

    def _fingerprint(self, release: Release, config: TransferConfig, idle: frozenset[str] = frozenset()) -> str:
        named = config.with_files(lambda path: f"{self.files_sha256[path]}.sha256")
        first, left_out = releases.RELEASES[0].fields, idle | idle_fields(config)
        settings = {
            name: value
            for name, value in release.departures(named).items()
            if name not in left_out and not (name in _MARKS and value == first[name])
        }
        decisive = {
            "content": self.content_sha256,
            "style": self.style_sha256,
            "config": {name: float(value) if isinstance(value, int) else value for name, value in settings.items()},
            "weights": self.weights_sha256,
            "engine": "0.1.0" if (recipe := release.recipe_of(config)) == 1 else recipe,
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def identify(config: TransferConfig, content_sha256: str = "", style_sha256: str = "") -> Identity:
    """The identity of a pair's picture, once the files and the weights that its configuration names are hashed.

    Raises:
        OSError: a file cannot be read.
        WeightsError: the weights are absent or damaged.
    """
    return Identity(
        content_sha256=content_sha256,
        style_sha256=style_sha256,
        config=config,
        files_sha256={path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in config.files},
        weights_sha256=find_weights(config).sha256,
    )
