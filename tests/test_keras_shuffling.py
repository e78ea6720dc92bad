"""A row of the table in gradschool.training: after a global seed, Keras' fit repeats one order of the rows; ours never does."""

import numpy as np
import pytest
from gradschool import keras_twin, training
from gradschool.layers import Dense
from gradschool.network import Sequential

pytestmark = [pytest.mark.keras, pytest.mark.xdist_group("keras")]
ROWS = np.arange(40)


def test_a_seeded_keras_shows_the_same_order_in_every_epoch():
    pytest.importorskip("tensorflow")
    keras = keras_twin.keras()
    seen = []

    class Spy(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            seen.append(np.array(data[1]).ravel())
            return {"loss": keras.ops.convert_to_tensor(0.0)}

    keras.utils.set_random_seed(7)
    model = Spy()
    model.compile(run_eagerly=True)
    model.fit(ROWS[:, None].astype("float32"), ROWS, batch_size=8, epochs=3, verbose=0)
    first, second, third = np.concatenate(seen).reshape(3, 40)
    assert sorted(first) == list(ROWS)
    assert (first != ROWS).any()
    assert (first == second).all()
    assert (first == third).all()


def test_ours_shows_a_new_order_in_every_epoch():
    network, seen = Sequential([Dense(1)], inputs=1), []
    inner = network._loss_and_gradients
    network._loss_and_gradients = lambda x, y, loss: (seen.append(x[:, 0].copy()), inner(x, y, loss))[1]
    training.fit(network, ROWS[:, None], ROWS, loss="mse", optimizer="adam", epochs=2, batch_size=8)
    first, second = np.concatenate(seen).reshape(2, 40)
    assert sorted(first) == sorted(second) == list(ROWS)
    assert (first != second).any()
