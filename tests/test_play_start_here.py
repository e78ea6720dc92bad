"""The figures of lesson 00."""

import json

import numpy as np
import pytest
from gradschool.play import start_here as play


def test_the_error_is_the_mean_of_the_squared_gaps():
    for weight in (-3.0, 0.25, 2.0):
        gaps = [weight * x - play.WANTED * x for x in play.INPUTS]
        assert play.miss(weight) == pytest.approx(sum(g * g for g in gaps) / len(gaps), abs=1e-12)
    assert play.miss(play.WANTED) == 0


def test_the_wanted_weight_can_be_reached_by_the_arrow_keys():
    figure = play.first_slider()
    control = figure.controls["weight"]
    for _ in range(100):
        if "That is it" in figure.status:
            break
        control.value += control.step
    assert "the error is 0.000. That is it" in figure.status


def test_every_weight_tried_leaves_a_dot_and_reset_sweeps_them():
    figure = play.first_slider()
    for weight in (0.0, 1.0, 0.5):
        figure.set(weight=weight)
    x, y = figure.trail.get_data()
    assert list(x) == [-1.0, 0.0, 0.5, 1.0]
    assert np.allclose(y, [play.miss(w) for w in x], rtol=0, atol=1e-12)
    figure.reset()
    assert list(figure.trail.get_xdata()) == [-1.0]


def write(folder, name, text):
    cells = [{"cell_type": "markdown", "source": text, "metadata": {}, "id": "a"}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / name).write_text(json.dumps(notebook), encoding="utf-8")


def test_the_map_says_what_the_lessons_say(tmp_path, monkeypatch):
    write(
        tmp_path,
        "02_later.ipynb",
        "# 02 Later & more\n\n**You will be able to**\n- use `this`;\n- that.\n\n**Minutes** 45\n",
    )
    write(tmp_path, "01_first.ipynb", "# 01 The first\n")
    (tmp_path / "03_broken_one.ipynb").write_text("{", encoding="utf-8")
    assert play.lessons(tmp_path) == [
        play.Lesson("01_first.ipynb", "The first", 0, ""),
        play.Lesson("02_later.ipynb", "Later & more", 45, "use `this`"),
        play.Lesson("03_broken_one.ipynb", "Broken one", 0, ""),
    ]
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    play.course_map(tmp_path)
    assert '<a href="02_later.ipynb">Later &amp; more</a>' in shown[0]["text/html"]
    assert "<code>this</code>" in shown[0]["text/html"]
    assert "02 Later & more: 45 minutes." in shown[0]["text/plain"]


def test_every_lesson_of_the_course_is_on_the_map_with_its_minutes(project):
    found = play.lessons(project / "course")
    assert found[0].file == "00_start_here.ipynb"
    for lesson in found:
        assert 5 <= lesson.minutes <= 90, lesson
        assert len(lesson.aim) > 10, lesson


def test_a_folder_without_lessons_gets_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="open this notebook in the folder course"):
        play.course_map(tmp_path)
