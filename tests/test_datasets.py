"""The data sets: what they promise, and what they say to bad arguments."""

import hashlib
import io
import zipfile

import numpy as np
import pytest
from gradschool import datasets

DRAWN = {
    "placement": datasets.placement,
    "xor": datasets.xor,
    "moons": datasets.moons,
    "circles": datasets.circles,
    "spirals": datasets.spirals,
    "blobs": datasets.blobs,
    "ages_and_salaries": datasets.ages_and_salaries,
    "noisy_sine": datasets.noisy_sine,
}


@pytest.mark.parametrize("name", DRAWN)
def test_shapes_and_types(name):
    x, y = DRAWN[name](37, rng=np.random.default_rng(1))
    assert x.shape == (37, 1 if name == "noisy_sine" else 2)
    assert x.dtype == np.float64
    assert y.shape == (37,)
    assert y.dtype == (np.float64 if name == "noisy_sine" else np.int64)


@pytest.mark.parametrize("name", DRAWN)
def test_the_seed_decides(name):
    x, y = DRAWN[name](50, rng=np.random.default_rng(5))
    same_x, same_y = DRAWN[name](50, rng=np.random.default_rng(5))
    other_x, _ = DRAWN[name](50, rng=np.random.default_rng(6))
    np.testing.assert_array_equal(x, same_x)
    np.testing.assert_array_equal(y, same_y)
    assert not np.array_equal(x, other_x)


@pytest.mark.parametrize("name", DRAWN)
def test_global_random_state_is_left_alone(name):
    before = np.random.get_state()[1].copy()
    DRAWN[name](10)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize("name", [n for n in DRAWN if n not in ("noisy_sine", "ages_and_salaries")])
def test_classes_are_balanced_and_mixed(name):
    _, y = DRAWN[name](300, rng=np.random.default_rng(2))
    counts = np.bincount(y)
    assert counts.max() - counts.min() <= 1
    # In random order: a run as long as a class would mean that the rows are sorted.
    runs = np.diff(np.flatnonzero(np.diff(y)))
    assert runs.max() < 20


def test_lecture_table():
    x, y = datasets.placement_table()
    np.testing.assert_array_equal(np.column_stack([x, y]), [[8, 8, 1], [7, 9, 1], [6, 10, 0], [5, 5, 0]])


def test_placement_follows_the_rule_that_fits_the_lecture():
    for x, y in (datasets.placement_table(), datasets.placement(400, rng=np.random.default_rng(3))):
        score = 2 * x[:, 0] + x[:, 1] - 22.5
        np.testing.assert_array_equal(y, score > 0)
        assert np.abs(score).min() >= 0.5
    assert x.min() >= 4 and x.max() <= 10


def test_placement_with_noise_overlaps():
    x, y = datasets.placement(400, noise=2.0, rng=np.random.default_rng(3))
    wrong = np.mean((2 * x[:, 0] + x[:, 1] - 22.5 > 0) != y)
    assert 0.05 < wrong < 0.5


def test_logic_gates():
    for name, rule in {
        "and": lambda a, b: a & b,
        "or": lambda a, b: a | b,
        "nand": lambda a, b: 1 - (a & b),
        "nor": lambda a, b: 1 - (a | b),
        "xor": lambda a, b: a ^ b,
    }.items():
        x, y = datasets.logic_gate(name)
        assert sorted(map(tuple, x)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
        np.testing.assert_array_equal(y, rule(*x.astype(int).T))


def test_xor_without_noise_is_the_gate():
    x, y = datasets.xor(40, noise=0)
    np.testing.assert_array_equal(y, x[:, 0] * x[:, 1] < 0)


def test_moons_without_noise_lie_on_half_circles():
    x, y = datasets.moons(100, noise=0)
    np.testing.assert_allclose(np.hypot(*x[y == 0].T), 1)
    np.testing.assert_allclose(np.hypot(*(x[y == 1] - [1, 0.5]).T), 1)
    assert x[y == 0, 1].min() >= 0 and x[y == 1, 1].max() <= 0.5


def test_circles_without_noise_have_their_radii():
    x, y = datasets.circles(100, noise=0, ratio=0.3)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3))


def test_spirals_without_noise_are_one_arm_turned():
    x, y = datasets.spirals(300, noise=0, arms=3, turns=1)
    radius = np.hypot(*x.T)
    turned = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - radius
    np.testing.assert_allclose(np.exp(2j * np.pi * turned), np.exp(2j * np.pi * y / 3), atol=1e-12)
    assert set(y) == {0, 1, 2} and 0.1 <= radius.min() and radius.max() <= 1


def test_blobs():
    x, y = datasets.blobs(30, centers=[[0, 0, 5], [1, 2, 3]], spread=0)
    np.testing.assert_array_equal(x, np.array([[0, 0, 5], [1, 2, 3]])[y])
    x, y = datasets.blobs(4000, centers=4, spread=0.5, rng=np.random.default_rng(0))
    np.testing.assert_allclose(x[y == 1].mean(axis=0), [0, 2], atol=0.06)
    np.testing.assert_allclose(x[y == 1].std(axis=0), 0.5, atol=0.03)


def test_ages_and_salaries_have_different_scales_and_equal_say():
    x, y = datasets.ages_and_salaries(2000, rng=np.random.default_rng(0))
    assert 20 <= x[:, 0].min() and x[:, 0].max() <= 60
    assert 20_000 <= x[:, 1].min() and x[:, 1].max() <= 150_000
    by_age, by_salary = (np.corrcoef(column, y)[0, 1] for column in x.T)
    assert by_age > 0.4 and abs(by_age - by_salary) < 0.08


def test_noisy_sine():
    x, y = datasets.noisy_sine(50, noise=0)
    np.testing.assert_array_equal(y, np.sin(x[:, 0]))
    x, y = datasets.noisy_sine(5000, noise=0.3, rng=np.random.default_rng(0))
    assert abs(np.std(y - np.sin(x[:, 0])) - 0.3) < 0.02


def test_one_hot():
    rows = datasets.one_hot([2, 0, 1, 2], dtype=np.float32)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert datasets.one_hot([0, 1], 5).shape == (2, 5)


@pytest.mark.parametrize(
    ("labels", "classes", "sentence"),
    [
        ([0, -1], None, "labels must be whole numbers from 0 upward; got -1"),
        ([0, 1.5], None, "labels must be whole numbers from 0 upward; got 1.5"),
        ([0, 3], 3, "labels must be below classes = 3; got 3"),
        ([[0, 1]], None, "labels must have 1 axis"),
        ([], None, "labels is empty"),
        ([0], 0, "classes must be 1 or more"),
    ],
)
def test_one_hot_says_what_is_wrong(labels, classes, sentence):
    with pytest.raises(ValueError, match=sentence):
        datasets.one_hot(labels, classes)


def test_mnist_is_whole():
    x_train, y_train, x_test, y_test = datasets.mnist()
    assert (x_train.shape, x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert {a.dtype for a in datasets.mnist()} == {np.dtype(np.uint8)}
    assert hashlib.md5(x_train.tobytes()).hexdigest() == "6510e85a72c3e9475c492d559d3770d2"
    assert hashlib.md5(y_train.tobytes()).hexdigest() == "e86ee40d66677c011a9abda399ec8c4d"
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).sum() == 10000
    np.testing.assert_allclose(x_train.mean() / 255, 0.1306604762738429, rtol=1e-12)


def test_mnist_is_shared_and_read_only():
    assert datasets.mnist() is datasets.mnist()
    with pytest.raises(ValueError, match="read-only"):
        datasets.mnist().x_train[0, 0, 0] = 1


def test_mnist_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "MNIST_FILE", tmp_path / "mnist.npz")
    with pytest.raises(FileNotFoundError, match="digits are missing.*Install gradschool again"):
        datasets.mnist()


def _archive(arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "changed", "array missing"])
def test_mnist_damaged(kind, tmp_path, monkeypatch):
    arrays = dict(datasets.mnist()._asdict())
    if kind == "changed":
        arrays["y_test"] = arrays["y_test"].copy()
        arrays["y_test"][17] ^= 1
    if kind == "array missing":
        del arrays["y_test"]
    content = {"empty": b"", "text": b"not an archive"}.get(kind) or (b"" if kind == "empty" else _archive(arrays))
    if kind == "cut":
        content = content[: len(content) // 2]
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    monkeypatch.setattr(datasets, "MNIST_FILE", path)
    with pytest.raises(ValueError, match="the MNIST file .* is damaged"):
        datasets.mnist()


def test_mnist_with_a_flipped_bit_inside_the_archive(tmp_path, monkeypatch):
    content = bytearray(datasets.MNIST_FILE.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    monkeypatch.setattr(datasets, "MNIST_FILE", path)
    with pytest.raises(ValueError, match="the MNIST file .* is damaged"):
        datasets.mnist()


def test_mnist_archive_holds_nothing_else():
    with zipfile.ZipFile(datasets.MNIST_FILE) as archive:
        assert sorted(archive.namelist()) == ["x_test.npy", "x_train.npy", "y_test.npy", "y_train.npy"]


def test_as_rows():
    images = datasets.mnist().x_train[:3]
    rows = datasets.as_rows(images)
    assert rows.shape == (3, 784) and rows.dtype == np.float32
    np.testing.assert_array_equal(rows[1], images[1].reshape(-1).astype(np.float32) / 255)
    np.testing.assert_array_equal(datasets.as_rows([[[0, 255]]], dtype=np.float64), [[0, 1]])


@pytest.mark.parametrize(
    ("images", "error", "sentence"),
    [
        (np.zeros((28, 28)), ValueError, "images must have 3 axes"),
        (np.zeros((0, 28, 28)), ValueError, "images is empty"),
        (np.full((1, 2, 2), 256.0), ValueError, "pixels must lie between 0 and 255; got 256"),
        (np.full((1, 2, 2), -1.0), ValueError, "pixels must lie between 0 and 255; got -1"),
        (np.full((1, 2, 2), np.nan), ValueError, "images must be finite"),
        (np.full((1, 2, 2), "a"), TypeError, "images must hold numbers"),
    ],
)
def test_as_rows_says_what_is_wrong(images, error, sentence):
    with pytest.raises(error, match=sentence):
        datasets.as_rows(images)


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize(
    ("kwargs", "error", "sentence"),
    [
        ({"rows": 0}, ValueError, "rows must be [12] or more; got 0"),
        ({"rows": 2.5}, TypeError, "rows must be a whole number; got 2.5"),
        ({"rng": 3}, TypeError, "rng must be a numpy.random.Generator; got 3"),
        ({"rng": np.random}, TypeError, "rng must be a numpy.random.Generator"),
    ],
)
def test_bad_arguments(name, kwargs, error, sentence):
    with pytest.raises(error, match=sentence):
        DRAWN[name](**kwargs)


@pytest.mark.parametrize(
    ("function", "kwargs", "error", "sentence"),
    [
        (datasets.placement, {"noise": -1}, ValueError, "noise must be at least 0; got -1"),
        (datasets.xor, {"noise": -1}, ValueError, "noise must be at least 0; got -1"),
        (datasets.moons, {"noise": float("nan")}, ValueError, "noise must be at least 0; got nan"),
        (datasets.circles, {"ratio": 1}, ValueError, "ratio must be above 0 and below 1; got 1"),
        (datasets.spirals, {"turns": 0}, ValueError, "turns must be above 0; got 0"),
        (datasets.spirals, {"arms": 1}, ValueError, "arms must be 2 or more; got 1"),
        (datasets.blobs, {"spread": "wide"}, TypeError, "spread must be a number; got 'wide'"),
        (datasets.blobs, {"centers": 0}, ValueError, "centers must be 1 or more; got 0"),
        (datasets.blobs, {"centers": [1.0, 2.0]}, ValueError, "centers must have 2 axes"),
        (datasets.noisy_sine, {"noise": -0.1}, ValueError, "noise must be at least 0; got -0.1"),
        (datasets.logic_gate, {"name": "xnor"}, ValueError, "unknown gate 'xnor'. Did you mean 'xor'"),
        (datasets.logic_gate, {"name": 3}, ValueError, "unknown gate 3"),
    ],
)
def test_more_bad_arguments(function, kwargs, error, sentence):
    with pytest.raises(error, match=sentence):
        function(**kwargs)
