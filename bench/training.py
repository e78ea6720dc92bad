"""How fast and how large training is: ours, Keras, scikit-learn, PyTorch, and the matrix products alone.

    python bench/training.py            all sections (about 15 minutes on two cores)
    python bench/training.py mnist      784-512-10 at batch 1, 32, 128, 512 and 60,000
    python bench/training.py toy        2-10-10-1 on 400 rows at batch 1, 10, 150, 250 and 400
    python bench/training.py deep       20 layers of 128, forward and backward
    python bench/training.py memory     peak memory, each in a process of its own
    python bench/training.py lecture    the lecture's MNIST table: five seeds, ours and Keras

Each contender runs a few steps, then the next one, and so on in rounds: what else the machine does meets all alike. The
numbers are medians over the rounds. Every section is written to RESULTS.md.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import importlib.util
import itertools
import json
import math
import platform
import resource
import subprocess
import sys
import time
import warnings

import numpy as np
from _table import table, write_section
from gradschool import datasets, doctor, training
from gradschool.layers import Dense
from gradschool.network import Sequential
from gradschool.optimizers import RMSprop

LECTURE = {"loss": (0.2589, 0.1043, 0.0683, 0.0505, 0.0387), "accuracy": (0.9251, 0.9686, 0.9796, 0.9845, 0.9879)}
AIMS = {1: "Keras 6", 32: "Keras 2.5", 128: "Keras 2.5, products 1.4", 512: "Keras 1.3, products 1.4", 60000: "products 1.4"}


def about(command):
    """What every table has to say of itself."""
    return (
        f"Command: `python bench/training.py {command}`. {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, NumPy {np.__version__}; {doctor.blas().sentence}. RMSprop, float32, medians of "
        "interleaved runs."
    )


def mnist_data():
    data = datasets.mnist()
    return datasets.as_rows(data.x_train), data.y_train.astype(np.int64)


def toy_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.float32)


# Each contender is a function of (sizes, x, y, batch_size) that returns a function which trains once on the given x and y.
# sizes is (inputs, hidden..., outputs); one output means yes or no, more mean classes.


def ours(sizes, x, y, batch_size):
    """This library."""
    loss = "binary_crossentropy_from_logits" if sizes[-1] == 1 else "sparse_categorical_crossentropy_from_logits"
    layers = [Dense(units, "relu") for units in sizes[1:-1]] + [Dense(sizes[-1])]
    network = Sequential(layers, inputs=sizes[0], dtype=np.float32)
    optimizer = RMSprop()
    rng = np.random.default_rng(0)

    def run():
        options = {"loss": loss, "optimizer": optimizer, "metrics": "accuracy", "rng": rng}
        training.fit(network, x, y, batch_size=batch_size, **options)

    return run


def keras(sizes, x, y, batch_size, jit=False):
    """Keras' fit on TensorFlow."""
    import keras as library

    layers = [library.layers.Dense(units, "relu") for units in sizes[1:-1]]
    last = "sigmoid" if sizes[-1] == 1 else "softmax"
    model = library.Sequential([library.Input((sizes[0],)), *layers, library.layers.Dense(sizes[-1], last)])
    loss = "binary_crossentropy" if sizes[-1] == 1 else "sparse_categorical_crossentropy"
    model.compile(optimizer="rmsprop", loss=loss, metrics=["accuracy"], jit_compile=jit)
    return lambda: model.fit(x, y, batch_size=batch_size, epochs=1, verbose=0)


def keras_jit(sizes, x, y, batch_size):
    """Keras' fit with jit_compile=True."""
    return keras(sizes, x, y, batch_size, jit=True)


def scikit_learn(sizes, x, y, batch_size):
    """scikit-learn's MLPClassifier, with Adam: it has no RMSprop."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(sizes[1:-1], batch_size=batch_size, random_state=0, alpha=0)
    classes = np.arange(max(2, sizes[-1]))
    model.partial_fit(x[:batch_size], y[:batch_size], classes=classes)
    return lambda: model.partial_fit(x, y)


def torch(sizes, x, y, batch_size):
    """PyTorch, eager."""
    import torch as library

    library.manual_seed(0)
    parts = []
    for inputs, units in itertools.pairwise(sizes):
        parts += [library.nn.Linear(inputs, units), library.nn.ReLU()]
    model = library.nn.Sequential(*parts[:-1])
    optimizer = library.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9)
    criterion = library.nn.BCEWithLogitsLoss() if sizes[-1] == 1 else library.nn.CrossEntropyLoss()
    x, y = library.from_numpy(x), library.from_numpy(y[:, None] if sizes[-1] == 1 else y)

    def run():
        order = library.randperm(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            loss = criterion(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()

    return run


def products(sizes, x, y, batch_size):
    """The matrix products of forward and backward, and nothing else: the limit."""
    rng = np.random.default_rng(0)
    rows = min(batch_size, len(x))
    kernels = [rng.normal(size=pair).astype(np.float32) for pair in itertools.pairwise(sizes)]
    values = [rng.normal(size=(rows, size)).astype(np.float32) for size in sizes]
    slopes, gradients = [np.empty_like(v) for v in values], [np.empty_like(k) for k in kernels]

    def run():
        for _ in range(math.ceil(len(x) / rows)):
            for i, kernel in enumerate(kernels):
                np.dot(values[i], kernel, out=slopes[i + 1])
            for i in reversed(range(len(kernels))):
                np.dot(values[i].T, slopes[i + 1], out=gradients[i])
                if i:
                    np.dot(slopes[i + 1], kernels[i].T, out=slopes[i])

    return run


NEEDS = {"keras": "keras", "keras_jit": "keras", "scikit_learn": "sklearn", "torch": "torch"}
CONTENDERS = {f.__name__: f for f in (ours, keras, keras_jit, scikit_learn, torch, products)}
NAMES = {"keras_jit": "Keras, jit", "keras": "Keras", "scikit_learn": "scikit-learn", "torch": "PyTorch"}


def there(names=CONTENDERS):
    """The contenders whose library is installed."""
    return [n for n in names if n not in NEEDS or importlib.util.find_spec(NEEDS[n])]


def race(sizes, x, y, batch_size, names, rounds, seconds=40):
    """Return the median seconds of one run over x for each contender."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs = {name: CONTENDERS[name](sizes, x, y, batch_size) for name in names}
        for run in runs.values():
            run()  # tracing, compiling, first touch of memory
        times, start = {name: [] for name in names}, time.perf_counter()
        for number in range(rounds):
            if number >= 3 and time.perf_counter() - start > seconds:
                break
            for name, run in runs.items():
                begin = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - begin)
    return {name: float(np.median(t)) for name, t in times.items()}


def report(command, title, sizes, x, y, plan, aims=None):
    """Race at several batch sizes and write the table; ``plan`` maps batch size to rows used."""
    names = there()
    head = ["batch", *(f"{NAMES.get(n, n)} (ms/step)" for n in names), "epoch, ours (s)", "Keras / ours", "ours / products"]
    rows = []
    for batch_size, used in plan.items():
        found = race(sizes, x[:used], y[:used], batch_size, names, rounds=9)
        steps = math.ceil(used / batch_size)
        epoch = found["ours"] / steps * math.ceil(len(x) / batch_size)
        against = f"{found['keras'] / found['ours']:.1f}" if "keras" in found else "-"
        line = [f"{batch_size:,}", *(f"{found[n] / steps * 1e3:.3f}" for n in names), f"{epoch:.3f}", against]
        rows.append([*line, f"{found['ours'] / found['products']:.2f}"])
        print(rows[-1], flush=True)
    text = f"## {title}\n\n{about(command)}\n\n{table(head, rows)}"
    if aims:
        text += "\n\nAims: " + "; ".join(f"batch {b:,}: {aim}" for b, aim in aims.items()) + "."
    write_section(f"training {command}", text)


def mnist():
    x, y = mnist_data()
    plan = {1: 300, 32: 32 * 150, 128: 128 * 100, 512: 512 * 40, 60000: 60000}
    report("mnist", "One epoch of 784-512-10 on MNIST", (784, 512, 10), x, y, plan, AIMS)


def toy():
    x, y = toy_data()
    report("toy", "The lecture's 2-10-10-1 on 400 rows", (2, 10, 10, 1), x, y, dict.fromkeys((1, 10, 150, 250, 400), 400))


def deep():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(128 * 40, 128)).astype(np.float32)
    y = rng.integers(10, size=len(x))
    sizes = (*[128] * 20, 10)
    report("deep", "20 layers of 128 units, 5,120 rows", sizes, x, y, {32: 32 * 40, 128: 128 * 40})


def memory():
    """Peak memory of one epoch on MNIST, beyond what the bare imports take."""
    rows = []
    data = 60000 * 784 * 4 / 2**20
    limit = data + 407050 * 4 * 2 / 2**20  # parameters and RMSprop's state
    for name in [n for n in there() if n != "products"]:
        for batch_size in (128, 60000):
            if name == "scikit_learn" and batch_size == 60000:
                continue  # needs minutes
            command = [sys.executable, __file__, "one", name, str(batch_size)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
            line = [NAMES.get(name, name), f"{batch_size:,}", f"{found['peak']:.0f}", f"{found['imports']:.0f}"]
            rows.append([*line, f"{(found['peak'] - found['imports']) / limit:.1f}"])
            print(rows[-1], flush=True)
    head = ["", "batch", "peak (MB)", "of it, imports (MB)", "rest / (data + parameters + state)"]
    text = f"data + parameters + state: {limit:.0f} MB. Aim: no more than 3 times that."
    write_section("training memory", f"## Peak memory, one epoch of MNIST\n\n{about('memory')} {text}\n\n{table(head, rows)}")


def one(name, batch_size):
    """Train once and print peak memory in MB, before and after; a process of its own, for ``memory``."""
    if name in NEEDS:
        __import__(NEEDS[name])
    imports = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    x, y = mnist_data()
    CONTENDERS[name]((784, 512, 10), x, y, batch_size)()
    print(json.dumps({"imports": imports, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def lecture(seeds=5):
    """Five epochs at batch 128, as the lecture prints them: ours and Keras, epsilon inside and outside the root.

    Keras is left unseeded: after ``keras.utils.set_random_seed`` its ``fit`` shows the rows in the same order in every
    epoch (seen in 3.15), which is another method and gives another loss.
    """
    x, y = mnist_data()
    found = {}
    for seed in range(seeds):
        for inside in (True, False):
            layers = [Dense(512, "relu"), Dense(10)]
            network = Sequential(layers, inputs=784, rng=np.random.default_rng(seed), dtype=np.float32)
            history = training.fit(
                network, x, y, loss="sparse_categorical_crossentropy_from_logits", metrics="accuracy", epochs=5,
                optimizer=RMSprop(epsilon_inside=inside), batch_size=128, rng=np.random.default_rng(100 + seed),
            )  # fmt: skip
            found.setdefault(f"ours, ε {'inside' if inside else 'outside'}", []).append(history.values)
            print(seed, history, flush=True)
        if "keras" in there():
            import keras as library

            dense = library.layers.Dense
            model = library.Sequential([library.Input((784,)), dense(512, "relu"), dense(10, "softmax")])
            model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            values = model.fit(x, y, batch_size=128, epochs=5, verbose=0).history
            found.setdefault("Keras, ε inside", []).append(values)
            print(seed, values, flush=True)
        write_lecture(found, seed + 1)


def write_lecture(found, seeds):
    """Write the table of the runs so far: an interruption loses only the one under way."""
    rows = []
    for quantity, printed in LECTURE.items():
        rows.append([f"{quantity}, lecture", *(f"{value:.4f}" for value in printed)])
        for name, histories in found.items():
            values = np.array([h[quantity] for h in histories])
            cells = [f"{m:.4f} ± {s:.4f}" for m, s in zip(values.mean(axis=0), values.std(axis=0, ddof=min(1, seeds - 1)))]
            rows.append([f"{quantity}, {name}", *cells])
    head = ["", *(f"epoch {i}" for i in range(1, 6))]
    text = f"## The lecture's MNIST table\n\n{about('lecture')} {seeds} runs each, mean ± standard deviation."
    write_section("training lecture", f"{text}\n\n{table(head, rows)}")


SECTIONS = {f.__name__: f for f in (mnist, toy, deep, memory, lecture)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("section", nargs="?", choices=[*SECTIONS, "one"])
    parser.add_argument("more", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.section == "one":
        one(arguments.more[0], int(arguments.more[1]))
    else:
        for name in [arguments.section] if arguments.section else SECTIONS:
            SECTIONS[name]()


if __name__ == "__main__":
    main()
