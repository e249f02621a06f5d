"""Backbone networks: where their weights come from, how they are built, and how features are taken of pictures.

`weights` finds and hashes the weights, `builders` builds the Keras networks, `loading` puts the two together, and
`network` is what the engine works with: a network that ends at the layers that are read. `border`, `preprocessing`,
`smoothing` and `fast_layers` are parts of it; `calibration_picture` is what its features are measured on.

What is known of a backbone without loading it stands in `nst_engine.registry.backbones`; a network of your own is
registered by the two names below. May import `nst_engine.hardware`, `losses`, `config` and what is below. This package
and `weights` load no TensorFlow.

Start reading at `network.Network`.
"""

from nst_engine.registry.backbones import BackboneSpec, register_backbone

__all__ = ["BackboneSpec", "register_backbone"]
