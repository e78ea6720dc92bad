"""What a test cell says: right sentences, right slips, and never a mark that depends on them."""

import json

import numpy as np
import pytest
from gradschool.grading import questions
from gradschool.grading.questions import Failed, NotAttempted, Slip, question


def double(x):
    return 2 * x


@pytest.fixture
def known(tmp_path, monkeypatch):
    """A checks.json in the working directory, as it lies beside a notebook that is being marked."""
    monkeypatch.chdir(tmp_path)
    gives = [{"probe": 0, "part": "result", "value": {"shape": [2], "numbers": [-2.0, -6.0]}}]
    both = [*gives, {"probe": 1, "part": "result", "value": {"shape": [1], "numbers": [8.0]}}]
    checks = {
        "format": 1,
        "problem_set": "ps00",
        "questions": {
            "double": {
                "probes": [
                    {"call": "double(x)", "data": questions.freeze({"x": [1.0, 3.0]})},
                    {"call": "double(x)", "data": questions.freeze({"x": [-4.0]})},
                ],
                "slips": [
                    {"id": "sign", "sentence": "Not minus.", "gives": gives},
                    {"id": "one-way", "sentence": "Mind the sign.", "gives": [*both]},
                ],
            }
        },
    }
    (tmp_path / "checks.json").write_text(json.dumps(checks), encoding="utf-8")
    return checks


def told(call, *arguments, **keywords):
    with pytest.raises(Failed) as failure:
        call(*arguments, **keywords)
    return str(failure.value)


def sentence(function, expected, call="double(x)", x=(1.0, 2.0), **keywords):
    q = question("ps00", double=function)
    return told(q.equals, call, expected, x=np.array(x), **keywords)


def test_a_right_answer_passes_in_every_plain_form():
    q = question("ps00", double=double)
    q.equals("double(x)", [2, 4], x=[1, 2])
    q.equals("double(x)", 6.0, x=3)
    q.equals("(double(x), [double(y)])", (2, [4]), x=1, y=2)
    q.equals("{'a': double(x)}", {"a": [2.0]}, x=[1.0])
    q.equals("double(x) and None", None, x=1)


def test_what_was_expected_and_what_came_are_shown():
    said = sentence(lambda x: x + 1, [2, 4])
    assert "double(x)" in said
    assert "x = [1, 2]" in said
    assert "should be [2, 4], but is [2, 3]" in said


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: -2 * x, "Only the sign is wrong"),
        (lambda x: 6 * x, "Every number is 3 times what it should be"),
        (lambda x: print(x), "is None. Does the function end with `return"),
        (lambda x: x * np.nan, "NaN or infinity"),
        (lambda x: x.sum(), "Did something sum over all of it?"),
        (lambda x: (2 * x)[None], "should be an array of shape (2,), but has shape (1, 2)"),
        (lambda x: "2 4", "should be an array, but is str"),
        (lambda x: [1, [2, 3]], "should be an array, but is list"),
        (lambda x: 2 * undefined, "NameError"),  # noqa: F821
        (lambda x: x @ np.ones((3, 3)), "stopped with ValueError"),
    ],
)
def test_the_likely_slip_is_guessed_from_the_numbers(function, says):
    assert says in sentence(function, [2, 4])


def test_a_transposed_answer_is_recognized():
    q = question("ps00", double=lambda x: (2 * x).T)
    assert "transposed" in told(q.equals, "double(x)", [[2, 4, 6]], x=[[1, 2, 3]])


def test_the_part_that_is_wrong_is_named():
    q = question("ps00", pair=lambda x: (x, x))
    assert "result[1]" in told(q.equals, "pair(x)", (1, 2), x=1)
    assert "should be 3 results" in told(q.equals, "pair(x)", (1, 1, 1), x=1)


def test_one_part_in_a_million_is_not_right():
    assert sentence(lambda x: 2 * x * (1 + 1e-6), [2, 4])
    question("ps00", double=lambda x: 2 * x * (1 + 1e-11)).equals("double(x)", [2, 4], x=[1, 2])


def test_the_line_that_stopped_is_shown():
    assert "in line" in sentence(lambda x: {}[x.sum()], [2, 4])


def test_the_starter_is_not_attempted_here_and_in_another_process():
    def starter(x):
        raise NotImplementedError

    def standin(x):
        error = Exception("")
        error.student = {"name": "NotImplementedError", "text": "", "where": []}
        raise error

    for function in (starter, standin):
        with pytest.raises(NotAttempted) as failure:
            question("ps00", double=function).equals("double(x)", 1, x=1)
        assert "not attempted yet" in str(failure.value)


def test_a_notebook_shows_the_sentence_and_no_traceback():
    with pytest.raises(Failed) as failure:
        question("ps00", double=double).equals("double(x)", 3, x=1)
    assert failure.value._render_traceback_() == [str(failure.value)]


def test_a_hidden_test_tells_its_subject_and_no_number():
    said = sentence(lambda x: x + 0.123456, [2.25, 4.5], hidden_test="a batch of one")
    assert "a batch of one" in said
    assert not any(digit in said for digit in ("2.25", "4.5", "0.123456", "1.123"))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: str(x.tolist()),
        lambda x: {str(x.tolist()): 1},
        lambda x: [x, [str(x.tolist())]],
        lambda x: int("raised " + str(x.tolist())),
        lambda x: 3 * x,
        lambda x: {1: x}[str(x.tolist())],
    ],
)
def test_an_answer_cannot_smuggle_hidden_data_into_its_feedback(function):
    for expected in ([62.5, 125.0], (1, 2), {"a": 1}, "text", None):
        assert "31.25" not in sentence(function, expected, x=(31.25, 62.5), hidden_test="two numbers")
    said = sentence(lambda x: 3 * x, [62.5, 125.0], x=(31.25, 62.5), hidden_test="two numbers")
    assert "1.5" not in said


def test_the_line_that_stopped_in_another_process_is_shown():
    def standin(x):
        error = ValueError("operands could not be broadcast")
        error.student = {"name": "ValueError", "text": "", "where": [["net_input", 3, "return x @ kernel"]]}
        raise error

    said = sentence(standin, [2, 4])
    assert said.endswith("in line 3 of your cell: return x @ kernel")
    assert "raise error" not in said


def test_a_known_slip_is_named(known):
    with pytest.raises(Slip) as failure:
        question("ps00", double=lambda x: -2 * x).equals("double(x)", [2], x=[1], hidden_test="anything")
    assert (failure.value.problem_set, failure.value.question, failure.value.id) == ("ps00", "double", "one-way")
    assert failure.value.sentence == "Mind the sign."
    assert str(failure.value).endswith("Mind the sign.\n[slip: ps00/double/one-way]")


def test_the_slip_that_explains_most_wins_and_one_result_off_rules_it_out(known):
    with pytest.raises(Slip) as failure:
        question("ps00", double=lambda x: -2 * np.abs(x)).equals("double(x)", [2], x=[1])
    assert failure.value.id == "sign"
    with pytest.raises(Failed) as failure:
        question("ps00", double=lambda x: -2 * x + 1e-3).equals("double(x)", [2], x=[1])
    assert not isinstance(failure.value, Slip)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"problem_set": "ps00"}',
        '{"problem_set": "ps01", "format": 1}',
        '{"problem_set": "ps00", "format": 1, "questions": {"double": {"slips": [1]}}}',
    ],
)
def test_a_damaged_checks_file_changes_no_verdict(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checks.json").write_text(content, encoding="utf-8")
    question("ps00", double=double).equals("double(x)", [2], x=[1])
    with pytest.raises(Failed) as failure:
        question("ps00", double=double).equals("double(x)", [3], x=[1])
    assert not isinstance(failure.value, Slip)


def test_what_use_checks_gives_wins_over_the_working_directory(known):
    questions.use_checks("ps00", {"questions": {}})
    try:
        with pytest.raises(Failed) as failure:
            question("ps00", double=lambda x: -2 * x).equals("double(x)", [2], x=[1])
        assert not isinstance(failure.value, Slip)
    finally:
        questions.use_checks("ps00", None)


def test_every_call_gets_fresh_copies():
    def greedy(x, pair, table):
        x *= 0
        pair[0][:] = 0
        table["k"][:] = 0
        return x

    data = {"x": np.ones(2), "pair": (np.ones(2), 1), "table": {"k": np.ones(2)}}
    q = question("ps00", greedy=greedy)
    q.equals("greedy(x, pair, table)", [0, 0], **data)
    assert data["x"].tolist() == data["pair"][0].tolist() == data["table"]["k"].tolist() == [1, 1]


def test_warnings_and_chatter_of_an_answer_stay_off_stderr(capsys, recwarn):
    import sys

    def noisy(x):
        print("debugging", file=sys.stderr)
        return np.log(x * 0)

    question("ps00", noisy=noisy).equals("noisy(x)", [-np.inf], x=[1.0])
    assert capsys.readouterr().err == ""
    assert not recwarn.list


@pytest.mark.parametrize(
    "code",
    [
        "from gradschool.activations import sigmoid as double",
        "import gradschool.activations as a\ndouble = lambda x: a.sigmoid(x)",
        "import gradschool\ndef double(x):\n    return gradschool.activations.sigmoid(x)",
        "def double(x):\n    from gradschool.activations import sigmoid\n    return sigmoid(x)",
        "def double(x):\n    def f():\n        import gradschool.losses as a\n        return a\n    return f().mse(x)",
        "from gradschool.activations import sigmoid\ndef f(x):\n    return sigmoid(x)\ndef double(x):\n    return f(x)",
        "from gradschool import losses as a\nclass double:\n    def __init__(self, x):\n        self.y = a.mse(x)",
    ],
)
def test_the_library_is_found_behind_an_answer(code):
    names = {"__name__": "__main__"}
    exec(code, names)  # noqa: S102
    with pytest.raises(Failed, match="writing it yourself"):
        question("ps00", double=names["double"])


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\ndef double(x):\n    return 2 * np.asarray(x)",
        "from gradschool import datasets\ndef double(x):\n    datasets.logic_gate('and')\n    return 2 * x",
        "def double(x):\n    from gradschool import datasets\n    return 2 * x",
        "def double(x):\n    import gradschool.datasets\n    return 2 * x",
        "def double(x, n=1):\n    return 2 * x if n == 0 else double(x, n - 1)",
        "import functools, operator\ndouble = functools.partial(operator.mul, 2)",
    ],
)
def test_an_own_answer_is_not_suspected(code):
    names = {"__name__": "__main__"}
    exec(code, names)  # noqa: S102
    question("ps00", double=names["double"]).equals("double(x)", [2, 4], x=[1, 2])


@pytest.mark.parametrize(
    "data",
    [
        {"x": np.arange(3, dtype=np.float32)},
        {"x": np.arange(4).reshape(2, 2), "n": 3, "rate": 0.5, "name": "tanh", "none": None, "flag": True},
        {"params": (np.ones((2, 1)), [np.zeros(3), np.zeros(2)]), "state": {"m": np.ones(1), "t": 2}},
    ],
)
def test_a_probe_survives_json(data):
    back = questions.thaw(json.loads(json.dumps(questions.freeze(data))))
    assert repr(back) == repr(data)
