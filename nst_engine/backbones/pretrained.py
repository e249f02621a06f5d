"""The networks of `keras.applications` without their tops; `weights="imagenet"` downloads what is not there yet."""

import keras


def vgg16(weights: str | None = None) -> keras.Model:
    """VGG16 (Simonyan and Zisserman, 2015)."""
    return keras.applications.VGG16(include_top=False, weights=weights)


def vgg19(weights: str | None = None) -> keras.Model:
    """VGG19 (Simonyan and Zisserman, 2015)."""
    return keras.applications.VGG19(include_top=False, weights=weights)


def resnet50(weights: str | None = None) -> keras.Model:
    """ResNet50, the first version (He et al., 2016)."""
    return keras.applications.ResNet50(include_top=False, weights=weights)
