"""Backbone networks: where their weights come from, how they are built, and how features are taken of pictures.

`pretrained` and `tiny` build Keras networks, `loading` gives them their weights, and `network` is what the engine works
with: a network that ends at the layers that are read, in the precision and with the border that the configuration says.

What is known of a backbone without loading it stands in `nst_engine.registry.backbones`; a network of your own is
registered by the two names below. Importing this package loads no TensorFlow, its modules do.

Start reading at `network.Network`.
"""

from nst_engine.registry.backbones import BackboneSpec, register_backbone

__all__ = ["BackboneSpec", "register_backbone"]
