"""Backbone networks: what is known of each without loading it, and how it is built."""

from nst_engine.backbones.registry import BackboneSpec, register_backbone

__all__ = ["BackboneSpec", "register_backbone"]
