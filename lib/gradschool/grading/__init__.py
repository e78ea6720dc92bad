"""Marking: what students hand in goes in, marks with reasons come out.

``judge`` runs answers and tests in two processes, ``intake`` rebuilds what was handed in, ``grade`` marks a class
inside nbgrader's gradebook, ``check`` marks a learner's own copy, ``release`` makes what learners get.
"""
