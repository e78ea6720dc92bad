"""fit: batches, weighting, validation, early stopping, interruption, divergence."""

import os
import signal
import threading

import numpy as np
import pytest
from gradschool import losses, optimizers, training
from gradschool.layers import BatchNormalization, Dense, Dropout
from gradschool.network import Sequential
from gradschool.optimizers import SGD, Adam, Nesterov
from gradschool.training import EarlyStopping, accuracy, batches, evaluate, fit

RNG = np.random.default_rng(2)
X = RNG.normal(size=(50, 2))
Y = (X[:, :1] * X[:, 1:] > 0).astype(float)


def network(seed=1, dtype=np.float64, extra=()):
    return Sequential(
        [Dense(8, "tanh"), *extra, Dense(1, "sigmoid")], inputs=2, rng=np.random.default_rng(seed), dtype=dtype
    )


def rng():
    return np.random.default_rng(4)


@pytest.mark.parametrize(("rows", "size", "lengths"), [(400, 150, [150, 150, 100]), (5, 9, [5]), (6, 2, [2, 2, 2]), (3, 1, [1] * 3)])
def test_batches(rows, size, lengths):
    found = batches(rows, size, rng=rng())
    assert [len(b) for b in found] == lengths
    assert sorted(np.concatenate(found)) == list(range(rows))
    assert (np.concatenate(batches(rows, size, shuffle=False)) == np.arange(rows)).all()


def test_drawing_with_replacement_misses_about_a_third():
    drawn = np.concatenate(batches(10000, 100, rng=rng(), shuffle="replacement"))
    assert len(np.unique(drawn)) / 10000 == pytest.approx(1 - np.exp(-1), abs=0.02)


@pytest.mark.parametrize(("batch_size", "steps"), [(None, 1), (50, 1), (1, 50), (16, 4), (99, 1)])
def test_the_batch_size_names_the_method(batch_size, steps):
    history = fit(network(), X, Y, loss="bce", optimizer="sgd", epochs=3, batch_size=batch_size, rng=rng())
    assert history.steps == 3 * steps == len(history.step_losses)
    assert history.epochs == 3


def test_fit_is_the_loop_written_out():
    ours, by_hand = network(), network()
    optimizer = Adam(0.05)
    fit(ours, X, Y, loss="bce", optimizer=optimizer, epochs=3, batch_size=16, rng=rng())
    source, theirs = rng(), Adam(0.05)
    for _ in range(3):
        order = source.permutation(50)
        for start in range(0, 50, 16):
            rows = order[start : start + 16]
            by_hand.loss_and_gradients(X[rows], Y[rows], "bce")
            by_hand.step(theirs)
    assert (ours.weights == by_hand.weights).all()
    assert optimizer.steps == 12


def test_the_same_seed_gives_the_same_weights_and_another_order_others():
    first, second, third = network(), network(), network()
    for net, seed in ((first, 1), (second, 1), (third, 2)):
        fit(net, X, Y, loss="bce", optimizer="sgd", epochs=2, batch_size=7, rng=np.random.default_rng(seed))
    assert (first.weights == second.weights).all()
    assert (first.weights != third.weights).any()


def test_nesterovs_look_ahead_gets_its_gradient_there():
    lecture, keras = network(), network()
    fit(lecture, X, Y, loss="bce", optimizer=(look := Nesterov(0.1, 0.9)), epochs=4, batch_size=10, rng=rng())
    fit(keras, X, Y, loss="bce", optimizer=SGD(0.1, 0.9, True), epochs=4, batch_size=10, rng=rng())
    assert np.allclose(look.look_ahead(lecture.weights), keras.weights, rtol=1e-11)
    assert np.abs(lecture.weights - keras.weights).max() > 1e-4


def test_the_epoch_loss_is_weighted_by_rows():
    tiny = SGD(1e-300)  # weights that do not move: the epoch's loss is the loss of all rows
    net = network()
    whole = net.loss_and_gradients(X, Y, "bce")
    history = fit(net, X, Y, loss="bce", optimizer=tiny, batch_size=45, rng=rng(), metrics="accuracy")
    assert history["loss"][0] == pytest.approx(whole, rel=1e-12)
    assert history["accuracy"][0] == pytest.approx(accuracy(Y, net.forward(X)), rel=1e-12)
    assert np.mean(history.step_losses) != pytest.approx(whole, rel=1e-4)


def test_validation_split_takes_the_last_rows_before_shuffling():
    x, y = X.copy(), Y.copy()
    x[40:] = 100.0
    seen = []
    net = network()
    forward = net._forward
    net._forward = lambda batch, training: (seen.append((batch.copy(), training)), forward(batch, training))[1]
    history = fit(net, x, y, loss="bce", optimizer="sgd", epochs=2, batch_size=8, rng=rng(), validation_split=0.2)
    assert all((batch != 100).all() for batch, train in seen if train)
    assert all((batch == 100).all() for batch, train in seen if not train)
    assert history.steps == 10
    measured = evaluate(network_with(net), x[40:], y[40:], loss="bce")["loss"]
    assert history["val_loss"][-1] == pytest.approx(measured, rel=1e-12)


def network_with(other):
    copy = network()
    copy.weights[...] = other.weights
    return copy


def test_validation_data_and_evaluate_in_pieces():
    net = network(extra=[BatchNormalization(), Dropout(0.5)])
    history = fit(net, X, Y, loss="bce", optimizer="sgd", metrics="accuracy", validation_data=(X[:9], Y[:9]), rng=rng())
    whole = evaluate(net, X[:9], Y[:9], loss="bce", metrics="accuracy")
    pieces = evaluate(net, X[:9], Y[:9], loss="bce", metrics="accuracy", batch_size=2)
    assert history["val_loss"][-1] == pytest.approx(whole["loss"], rel=1e-12)
    assert history["val_accuracy"][-1] == whole["accuracy"]
    assert pieces["loss"] == pytest.approx(whole["loss"], rel=1e-12)


def test_evaluate_includes_penalties_once():
    layers = [Dense(1, kernel_regularizer="l2")]
    net = Sequential(layers, inputs=2)
    plain = float(np.mean((net.forward(X) - Y) ** 2))
    found = evaluate(net, X, Y, loss="mse", batch_size=7)["loss"]
    assert found == pytest.approx(plain + 0.01 * (net.layers[0].params["kernel"] ** 2).sum(), rel=1e-12)


def test_accuracy():
    assert accuracy([1, 0, 1], [[0.9], [0.6], [0.2]]) == pytest.approx(1 / 3)
    assert accuracy([[1], [0]], [[0.3], [-0.2]], threshold=0) == 1
    assert accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]) == 0.5
    assert accuracy([1, 0, 2], [[0, 1, 0], [1, 0, 0], [1, 0, 0]]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy_from_logits", "categorical_crossentropy_from_logits"])
def test_accuracy_of_classes_and_of_logits(loss):
    labels = (X[:, 0] > 0).astype(int)
    targets = labels if loss.startswith("sparse") else np.eye(2)[labels]
    net = Sequential([Dense(2)], inputs=2)
    history = fit(net, X, targets, loss=loss, optimizer=SGD(0.5), epochs=60, metrics="accuracy", rng=rng())
    assert history["accuracy"][-1] > 0.95
    yes_no = Sequential([Dense(1)], inputs=2)
    options = {"loss": "binary_crossentropy_from_logits", "optimizer": SGD(0.5), "epochs": 60, "metrics": ["accuracy"]}
    history = fit(yes_no, X, labels, rng=rng(), **options)
    assert history["accuracy"][-1] > 0.95
    yes_no.layers[0].params.update(kernel=[[0.2], [0.0]], bias=[0.0])  # logits between 0 and 0.5 mean yes
    assert evaluate(yes_no, X, labels, loss=options["loss"], metrics="accuracy")["accuracy"] == 1
    assert accuracy(labels, yes_no.forward(X), threshold=0) == 1
    assert accuracy(labels, yes_no.forward(X)) < 0.6


def test_own_metrics():
    def largest_error(y_true, y_pred):
        return float(np.abs(y_true - y_pred).max())

    history = fit(network(), X, Y, loss="bce", optimizer="sgd", metrics=[largest_error], rng=rng())
    assert 0 < history["largest_error"][0] <= 1


def script(values):
    """A way to make the monitored loss follow a script."""
    left = iter(values)
    return lambda y_true, y_pred: next(left)


@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping_waits_and_restores(restore):
    follow = script([5, 4, 3, 3.5, 3.2, 3.1])
    follow.__name__ = "scripted_loss"
    net = network(extra=[BatchNormalization()])
    kept = []

    def keep(net, history):
        kept.append((net.weights.copy(), net.layers[1].state["moving_mean"].copy()))

    stopping = EarlyStopping("scripted_loss", patience=2, restore_best_weights=restore)
    history = fit(
        net, X, Y, loss="bce", optimizer=SGD(0.1), epochs=6, batch_size=None, metrics=[follow], rng=rng(),
        early_stopping=stopping, on_epoch=keep,
    )  # fmt: skip
    assert history.epochs == 5
    assert history.best_epoch == 3
    assert "scripted_loss was best in epoch 3 of 5" in history.stopped
    weights, mean = kept[2 if restore else 4]
    assert (net.weights == weights).all()
    assert (net.layers[1].state["moving_mean"] == mean).all()


def test_early_stopping_of_what_shall_rise_and_min_delta():
    score = script([0.1, 0.5, 0.505, 0.506])
    score.__name__ = "score"
    stopping = EarlyStopping("score", patience=2, min_delta=0.01)
    history = fit(
        network(), X, Y, loss="bce", optimizer="sgd", epochs=9, batch_size=None, metrics=score, early_stopping=stopping
    )
    assert (history.epochs, history.best_epoch) == (4, 2)


def test_early_stopping_restores_at_the_last_epoch_too():
    score = script([0.9, 0.1, 0.1])
    score.__name__ = "score"
    net, kept = network(), []
    history = fit(
        net, X, Y, loss="bce", optimizer=SGD(0.5), epochs=3, metrics=score, batch_size=None,
        early_stopping=EarlyStopping("score", patience=9), on_epoch=lambda n, h: kept.append(n.weights.copy()),
    )  # fmt: skip
    assert not history.stopped
    assert (net.weights == kept[0]).all()


def test_interruption_loses_nothing(capsys):
    net, whole = network(), network()
    optimizer = Adam(0.05)

    def stop(net, loss):
        if optimizer.steps == 6:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    history = fit(net, X, Y, loss="bce", optimizer=optimizer, epochs=50, batch_size=16, rng=rng(), on_step=stop)
    assert (history.epochs, history.steps) == (1, 6)
    assert "Interrupted after 1 epochs and 6 steps" in history.stopped
    assert "Interrupted" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before
    source, theirs = rng(), Adam(0.05)
    for rows in [*batches(50, 16, rng=source), *batches(50, 16, rng=source)][:6]:
        whole.loss_and_gradients(X[rows], Y[rows], "bce")
        whole.step(theirs)
    assert (net.weights == whole.weights).all()


def test_a_keyboard_interrupt_from_a_callback_is_caught_too():
    def stop(net, history):
        raise KeyboardInterrupt

    history = fit(network(), X, Y, loss="bce", optimizer="sgd", epochs=9, on_epoch=stop)
    assert history.epochs == 1
    assert "Interrupted" in history.stopped


def test_fit_in_another_thread():
    found = []
    worker = threading.Thread(target=lambda: found.append(fit(network(), X, Y, loss="bce", optimizer="sgd")))
    worker.start()
    worker.join()
    assert found[0].epochs == 1


@pytest.mark.filterwarnings("error")
def test_divergence_ends_with_a_sentence_and_finite_weights(capsys):
    net = Sequential([Dense(8), Dense(1)], inputs=2)
    history = fit(net, X, Y, loss="mse", optimizer=SGD(1e6), epochs=200, rng=rng())
    assert 0 < history.steps < 200
    assert "the loss is" in history.stopped
    assert "The learning rate is 1e+06: try a smaller one" in history.stopped
    assert history.stopped in capsys.readouterr().out
    assert np.isfinite(history.step_losses).all()


def test_early_stopping_saves_what_diverged():
    net = Sequential([Dense(1)], inputs=2)
    start = evaluate(net, X, Y, loss="mse")["loss"]

    def explode(net, history):
        if history.epochs == 3:
            net.weights[...] = 1e200

    stopping = EarlyStopping("loss", patience=5)
    fit(net, X, Y, loss="mse", optimizer=SGD(0.01), epochs=9, rng=rng(), early_stopping=stopping, on_epoch=explode)
    assert evaluate(net, X, Y, loss="mse")["loss"] < start


def test_going_on_where_it_stopped():
    once, twice = network(), network()
    adam, other = Adam(0.05), Adam(0.05)
    fit(once, X, Y, loss="bce", optimizer=adam, epochs=4, batch_size=16, rng=(source := rng()))
    source = rng()
    for _ in range(2):
        fit(twice, X, Y, loss="bce", optimizer=other, epochs=2, batch_size=16, rng=source)
    assert (once.weights == twice.weights).all()


def test_float32_stays_float32_and_data_is_not_copied_for_the_full_batch():
    net = network(dtype=np.float32)
    x, y = X.astype("f"), Y.astype("f")
    seen = []
    inner = net._loss_and_gradients
    net._loss_and_gradients = lambda a, b, loss: (seen.append((a, b)), inner(a, b, loss))[1]
    fit(net, x, y, loss="bce", optimizer="adam", batch_size=None)
    fit(net, x, y, loss="bce", optimizer="adam", batch_size=16)
    assert seen[0][0] is x
    assert {a.dtype for pair in seen for a in pair} == {np.dtype(np.float32)}


def test_the_callers_arrays_stay():
    x, y = X.copy(), Y.copy()
    fit(network(), x, y, loss="bce", optimizer="adam", epochs=2, batch_size=7, rng=rng(), validation_split=0.1)
    assert (x == X).all()
    assert (y == Y).all()


def test_the_lectures_four_row_table_learns_row_by_row():
    table = np.array([[8, 8, 1], [7, 9, 1], [6, 10, 0], [5, 5, 0]], float)
    net = Sequential([Dense(2, "sigmoid"), Dense(1, "sigmoid")], inputs=2, rng=np.random.default_rng(1))
    options = {"loss": "bce", "optimizer": SGD(0.1), "epochs": 300, "batch_size": 1, "shuffle": "replacement"}
    x = (table[:, :2] - table[:, :2].mean(axis=0)) / table[:, :2].std(axis=0)
    history = fit(net, x, table[:, 2], rng=rng(), **options)
    assert history.steps == 1200
    assert np.mean(history["loss"][-30:]) < 0.9 * np.mean(history["loss"][:30])


def test_progress_goes_to_tqdm(capsys):
    fit(network(), X, Y, loss="bce", optimizer="sgd", epochs=3, progress=True)
    assert "3/3" in capsys.readouterr().err


def test_history_prints_and_names_its_quantities():
    history = fit(network(), X, Y, loss="bce", optimizer="sgd", epochs=2, metrics="accuracy")
    assert repr(history).startswith("2 epochs, 4 steps")
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        history["acuracy"]
    assert fit(network(), X, Y, loss="bce", optimizer="sgd", epochs=0).epochs == 0


NOTHING = {"loss": "bce", "optimizer": "sgd"}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda n: fit(n, X.T, Y, **NOTHING), "x must have shape (any, 2); got (2, 50)"),
        (lambda n: fit(n, X, Y[:9], **NOTHING), "y"),
        (lambda n: fit(n, X * np.nan, Y, **NOTHING), "x must be finite"),
        (lambda n: fit(n, X, Y, loss="bse", optimizer="sgd"), "unknown loss 'bse'"),
        (lambda n: fit(n, X, Y, loss="bce", optimizer="sdg"), "Did you mean 'sgd'"),
        (lambda n: fit(n, X, Y, epochs=-1, **NOTHING), "epochs must be 0 or more; got -1"),
        (lambda n: fit(n, X, Y, batch_size=0, **NOTHING), "batch_size must be 1 or more; got 0"),
        (lambda n: fit(n, X, Y, batch_size=2.5, **NOTHING), "batch_size must be a whole number"),
        (lambda n: fit(n, X, Y, rng=7, **NOTHING), "rng must be a numpy.random.Generator"),
        (lambda n: fit(n, X, Y, shuffle="yes", **NOTHING), "shuffle must be True, False or 'replacement'"),
        (lambda n: fit(n, X, Y, metrics="acuracy", **NOTHING), "Did you mean 'accuracy'"),
        (lambda n: fit(n, X, Y, validation_split=1.0, **NOTHING), "validation_split must be at least 0 and below 1"),
        (lambda n: fit(n, X[:3], Y[:3], validation_split=0.9, **NOTHING), "leaves 0 to train and 3 to validate"),
        (lambda n: fit(n, X, Y, validation_split=0.1, validation_data=(X, Y), **NOTHING), "not both"),
        (lambda n: fit(n, X, Y, validation_data=X, **NOTHING), "validation_data must be a pair"),
        (lambda n: fit(n, X, Y, early_stopping=5, **NOTHING), "must be an EarlyStopping; got 5"),
        (lambda n: fit(n, X, Y, early_stopping=EarlyStopping(), **NOTHING), "'val_loss', which is not measured"),
        (lambda n: EarlyStopping(patience=-1), "patience must be 0 or more"),
        (lambda n: EarlyStopping(min_delta=-1), "min_delta must be at least 0"),
        (lambda n: batches(0, 1, rng=rng()), "rows must be 1 or more"),
        (lambda n: batches(5, 1), "rng must be a numpy.random.Generator"),
        (lambda n: accuracy([1, 0], [[1.0]]), "one label or one row for each of 1 rows; got (2,)"),
        (lambda n: evaluate(n, X, Y, loss="bce", batch_size=0), "batch_size must be 1 or more"),
        (lambda n: evaluate(n, X[:, :1], Y, loss="bce"), "x must have shape (any, 2)"),
    ],
)
def test_bad_input_gets_a_sentence_and_trains_nothing(call, sentence):
    net = network()
    before = net.weights.copy()
    with pytest.raises((ValueError, TypeError)) as caught:
        call(net)
    assert sentence in str(caught.value)
    assert (net.weights == before).all()


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_every_optimizer_learns_the_pattern(name):
    rates = {"sgd": 0.5, "nesterov": 0.2, "adagrad": 0.3, "lars": 5.0}
    optimizer = optimizers.OPTIMIZERS[name](rates.get(name, 0.05))
    net = network()
    history = fit(net, X, Y, loss=losses.get("bce"), optimizer=optimizer, epochs=150, batch_size=10, rng=rng())
    assert history["loss"][-1] < 0.35 < history["loss"][0], history
    assert training.accuracy(Y, net.forward(X)) > 0.85
