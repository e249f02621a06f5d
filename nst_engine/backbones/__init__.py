"""Backbone networks: their weights, how they are built, and the features that they compute from pictures.

`weights` finds and hashes the weights; `packages` reads those inside packages of registries, and `conversion` makes
Keras's files of them. `builders` builds the Keras networks, `loading` puts the weights into them, and `network` is what
the engine uses: pixels to the features of the layers that the losses read. `border`, `preprocessing`, `smoothing` and
`fast_layers` are its parts; it measures its features on `calibration_picture`.

`nst_engine.registry` describes each backbone, and the trained weights that are known, as data; register a network of
your own by the two names below. May import `nst_engine.hardware`, `losses`, `config` and what is below. This package,
`weights` and `packages` load no TensorFlow.

Start reading at `network.Network`.
"""

from nst_engine.registry.backbones import BackboneSpec, register_backbone

__all__ = ["BackboneSpec", "register_backbone"]
