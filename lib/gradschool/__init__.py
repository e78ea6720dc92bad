"""Gradschool: how neural networks learn, from one perceptron to batch normalization and dropout.

A module is a lecture topic. Read them in the order of the lessons::

    perceptron  activations  losses  layers  network  gradients  descent
    training    optimizers   initializers  regularizers  scaling  datasets

``keras_twin`` builds the same network in Keras, ``claims`` holds what the lectures print,
``play`` the interactive figures of the notebooks, ``grading`` the marking.
"""

__version__ = "0.1.0"
