"""Lesson 10's figures: their numbers against formulas and the library, their controls, their words."""

import numpy as np
import pytest
from gradschool.optimizers import Adam
from gradschool.play import optimizers as play

ALL = (play.phase_map, play.ball, play.optimizer_race, play.bug_hunt)


@pytest.mark.parametrize("make", ALL)
def test_reset_brings_everything_back(make):
    figure = make()
    status, values = figure.status, figure.values
    for control in figure.controls.values():
        if hasattr(control, "max"):
            control.value = control.max
    assert figure.status != status
    figure.reset()
    assert figure.values == values
    assert figure.status == status
    assert figure.alt == f"{figure.title}. {status}"


@pytest.mark.parametrize("make", ALL)
def test_every_control_changes_what_is_shown(make):
    figure = make()
    for name, control in figure.controls.items():
        figure.reset()
        if make is play.bug_hunt:
            figure.set(suspect="D", steps=40)  # the one to whom the length of an epoch matters
        before = figure.png, figure.status
        if not hasattr(control, "value") or hasattr(control, "action"):
            continue
        if hasattr(control, "options"):
            control.index = (control.index + 1) % len(control.options)
        else:
            low = getattr(control, "min", 0)
            control.value = (10**low if hasattr(control, "base") else low) if control.value != low else control.max
        assert (figure.png, figure.status) != before, name
        assert not figure.error


@pytest.mark.parametrize("rate", [0.1, 0.9, 1.7, 2.5, 3.9])
@pytest.mark.parametrize("momentum", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_the_map_tells_what_the_path_does(rate, momentum):
    path = play.bowl_path(rate, momentum, steps=600)
    factor, mood = float(play.shrink(rate, momentum)), play.MOODS[int(play.mood(rate, momentum))]
    assert (mood == "diverges") == (abs(path[-1]) > 10)
    flips = np.count_nonzero(np.diff(np.sign(path[:40])))
    if mood == "zigzags":
        assert flips >= 35
    elif mood == "creeps":
        assert flips == 0
    elif mood == "swings":
        assert factor == pytest.approx(np.sqrt(momentum), rel=1e-12)
    if mood != "diverges":
        measured = np.abs(path[60:120]).max() / np.abs(path[:60]).max()
        assert measured < 1


def test_the_roots_solve_their_equation():
    for r in play.roots(0.7, 0.6):
        assert abs(r**2 - (1 + 0.6 - 0.7) * r + 0.6) < 1e-14
    path = play.bowl_path(0.7, 0.6, 3)
    assert path == pytest.approx([1, 0.3, -0.33, -0.33 + 0.6 * -0.63 + 0.7 * 0.33])


def test_the_map_follows_a_click_and_says_the_border():
    figure = play.phase_map()
    figure.click(1.0, 0.0)
    assert figure.values == {"rate": 1.0, "momentum": 0.0}
    figure.set(rate=3.7, momentum=0.9)
    assert "it swings" in figure.status
    figure.set(rate=3.9)
    assert "it diverges. The distance grows" in figure.status
    figure.set(rate=2.0, momentum=0.0)
    assert "It never settles" in figure.status


def test_the_ball_escapes_and_fails():
    figure = play.ball()
    assert "in the shallow valley" in figure.status
    figure.set(momentum=0.9)
    assert "in the deep valley" in figure.status
    assert "crossed the hill between the valleys 1 time." in figure.status
    figure.set(start=-3.4, momentum=0.95)
    assert "in the shallow valley" in figure.status
    figure.set(steps=7)
    figure.press("roll")
    assert figure.status.startswith("After 7 steps")


def test_the_slope_of_the_valleys():
    x = np.linspace(-3, 3, 25)
    measured = (play.two_valleys(x + 1e-6) - play.two_valleys(x - 1e-6)) / 2e-6
    assert np.allclose(play.two_valleys_slope(x), measured, atol=1e-8)


@pytest.mark.parametrize("surface", play.SURFACES)
def test_the_surfaces_have_the_slopes_they_say(surface):
    function, step = play.SURFACES[surface], 1e-6
    for at in ([0.3, -1.1], [-2.0, 0.7]):
        at = np.array(at)
        measured = [(function(at + d)[0] - function(at - d)[0]) / (2 * step) for d in np.eye(2) * step]
        assert np.allclose(function(at)[1], measured, atol=1e-7)


def test_the_race_is_run_by_the_library():
    run = play.race("saddle", 0.05, 12)["Adam"]
    w, optimizer = np.array(play.STARTS["saddle"]), Adam(0.05)
    for step in range(12):
        w = optimizer.step(w, play.SURFACES["saddle"](w)[1])
        assert (run["path"][step + 1] == w).all()
        assert (run["m"][step] == optimizer.state["m"]).all()
        assert (run["v"][step] == optimizer.state["v"]).all()
    assert np.isnan(play.race("saddle", 0.05, 3)["SGD"]["m"]).all()


def test_the_race_shows_the_inside_and_the_standing():
    figure = play.optimizer_race()
    assert "Inside Adam, along y" in figure.status
    figure.set(watched="SGD", along=0, steps=1)
    assert "Loss after 1 steps" in figure.status
    assert "Inside SGD, along x: gradient -0.36, step 0.036" in figure.status
    figure.set(surface="ravine on the slant", rate=1.0, steps=200)
    assert not figure.error
    assert "SGD diverged" in figure.status
    figure.set(steps=6)
    figure.press("go")
    assert figure.status.startswith("Loss after 6 steps")


def test_an_animation_ends_where_the_slider_stands():
    assert play._up_to(200)[-1] == 200
    assert play._up_to(1) == [1]
    assert play._up_to(0) == [0]
    assert len(play._up_to(200)) < 60


def test_adam_without_a_bug_is_the_librarys():
    w, optimizer = np.array(play.HUNT_START), Adam(play.HUNT_RATE, epsilon=1e-7, epsilon_hat=False)
    path = [w]
    for _ in range(40):
        path.append(optimizer.step(path[-1], play.hunt_slope(path[-1])))
    assert np.allclose(path, play.adam_path(play.HUNT_START, play.hunt_slope, 40), rtol=1e-13)


def test_each_bug_shows_where_it_must():
    right = play.adam_path(play.HUNT_START, play.hunt_slope, 40)
    first = {}
    for bug in play.BUGS.values():
        wrong = play.adam_path(play.HUNT_START, play.hunt_slope, 40, bug=bug)
        first[bug] = int(np.flatnonzero(np.abs(right - wrong)[:, :2].max(axis=1) > 1e-5)[0]) if bug != "epsilon outside" else None
        assert np.isnan(wrong[1, 2]) == (bug == "epsilon outside")
    assert first == {"power forgotten": 2, "t restarted": 16, "multiplied": 1, "epsilon outside": None}


def test_the_hunt_names_each_suspect_once():
    figure = play.bug_hunt()
    hits = {}
    for letter in "ABCD":
        for guess in play.BUGS:
            figure.set(suspect=letter, guess=guess)
            if "Your guess is right" in figure.status:
                hits.setdefault(letter, []).append(guess)
            else:
                assert "Your guess is not it" in figure.status
    assert {letter: play.BUGS[found[0]] for letter, found in hits.items()} == {
        "A": "multiplied",
        "B": "epsilon outside",
        "C": "power forgotten",
        "D": "t restarted",
    }
    assert all(len(found) == 1 for found in hits.values())
    figure.set(suspect="B", guess="?")
    assert "is nan." in figure.status
