#!/usr/bin/env python3
"""Makes files/own*.keras and files/own*.weights.h5 by Keras 3 itself; made once with Keras 3.16 and committed.

Weights are 0.5, 1.5, 2.5, ... in Keras's order.
"""
import os

import keras
import numpy as np

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "files"))


def counted(model):
    weights, at = [], 0
    for weight in model.get_weights():
        weights.append((np.arange(at, at + weight.size) + 0.5).astype("float32").reshape(weight.shape))
        at += weight.size
    model.set_weights(weights)
    return model


layers = keras.layers
table = counted(keras.Sequential([keras.Input((3,)), layers.Dense(2, activation="relu", name="fc1"), layers.Dropout(0.5),
                                  layers.Dense(1, activation="sigmoid", name="out")]))
table.save("own.keras")
table.save_weights("own.weights.h5")
text = counted(keras.Sequential([keras.Input((5,)), layers.Embedding(7, 3, name="words"), layers.LSTM(2, return_sequences=True, name="lstm"),
                                 layers.GRU(3, name="gru"), layers.BatchNormalization(name="norm"), layers.Dense(1, use_bias=False, name="out")]))
text.save("own_text.keras")
text.save_weights("own_text.weights.h5")
