"""Problem set 08: what learners get wrong about gradient descent."""

import numpy as np
from gradschool.grading.misconceptions import Question, Wrong, probe

QUESTIONS = [
    Question(
        "descend",
        probes=[
            probe("descend(lambda x: scale * x, start, learning_rate, steps)", scale=np.array([2.0, 0.5]), start=[1.0, -3.0], learning_rate=0.3, steps=3),
        ],
        wrong=[
            Wrong(
                "plus",
                "You walk uphill: subtract the gradient.",
                """
def descend(gradient, start, learning_rate, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] + learning_rate * gradient(path[-1]))
    return np.array(path)
""",
            ),
            Wrong(
                "last-point-only",
                "Return every point of the walk, the start included, not the last one alone.",
                """
def descend(gradient, start, learning_rate, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * gradient(path[-1]))
    return path[-1]
""",
            ),
            Wrong(
                "start-missing",
                "The start is missing: row 0 is the start, then come the steps.",
                """
def descend(gradient, start, learning_rate, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * gradient(path[-1]))
    return np.array(path[1:])
""",
            ),
            Wrong(
                "rate-forgotten",
                "The learning rate is missing: you take the whole gradient as the step.",
                """
def descend(gradient, start, learning_rate, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - gradient(path[-1]))
    return np.array(path)
""",
            ),
            Wrong(
                "gradient-at-the-start",
                "You ask for the gradient at the start every time. Ask at the present point.",
                """
def descend(gradient, start, learning_rate, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * gradient(start))
    return np.array(path)
""",
            ),
            Wrong(
                "one-step-short",
                "The walk is one step too short.",
                """
def descend(gradient, start, learning_rate, steps):
    path = [start]
    for _ in range(steps - 1):
        path.append(path[-1] - learning_rate * gradient(path[-1]))
    return np.array(path)
""",
            ),
            Wrong(
                "sign-only",
                "You step by the sign of the gradient. Its size counts as well.",
                """
def descend(gradient, start, learning_rate, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * np.sign(gradient(path[-1])))
    return np.array(path)
""",
            ),
        ],
        right=[
            """
def descend(gradient, start, learning_rate, steps):
    path = np.empty((steps + 1, len(start)))
    path[0] = start
    for t in range(steps):
        path[t + 1] = path[t] - learning_rate * gradient(path[t])
    return path
""",
            """
def descend(gradient, start, learning_rate, steps):
    x = np.array(start, dtype=float)
    rows = [x.tolist()]
    while len(rows) <= steps:
        x -= learning_rate * gradient(x)
        rows.append(x.tolist())
    return rows
""",
            """
def descend(gradient, start, learning_rate, steps):
    start = np.asarray(start)
    if steps == 0:
        return start[None, :]
    rest = descend(gradient, start - learning_rate * gradient(start), learning_rate, steps - 1)
    return np.vstack([start, rest])
""",
        ],
    ),
    Question(
        "descend_until",
        probes=[
            probe("descend_until(lambda x: scale * x, start, learning_rate, tolerance, max_steps)", scale=np.array([1.0, 0.5]), start=[-4.0, 3.0], learning_rate=0.4, tolerance=1.0, max_steps=50),
            probe("descend_until(lambda x: scale * x, start, learning_rate, tolerance, max_steps)", scale=np.array([1.0, 1.0]), start=[3.0, 4.0], learning_rate=0.5, tolerance=5.0, max_steps=50),
            probe("descend_until(lambda x: scale * x, start, learning_rate, tolerance, max_steps)", scale=np.array([1.0, 1.0]), start=[8.0, 0.0], learning_rate=0.5, tolerance=0.01, max_steps=3),
        ],
        wrong=[
            Wrong(
                "looks-at-the-point",
                "You compare the length of the point with the tolerance. The length of the gradient is to be small.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(max_steps):
        slope = gradient(point)
        if np.sqrt(np.sum(point**2)) <= tolerance:
            return point, steps
        point = point - learning_rate * slope
    return point, max_steps
""",
            ),
            Wrong(
                "looks-at-the-step",
                "You compare the length of the step. Asked for is the length of the gradient, without the learning rate.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(max_steps):
        slope = gradient(point)
        if learning_rate * np.sqrt(np.sum(slope**2)) <= tolerance:
            return point, steps
        point = point - learning_rate * slope
    return point, max_steps
""",
            ),
            Wrong(
                "root-forgotten",
                "The root is missing: the length is the root of the sum of squares.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(max_steps):
        slope = gradient(point)
        if np.sum(slope**2) <= tolerance:
            return point, steps
        point = point - learning_rate * slope
    return point, max_steps
""",
            ),
            Wrong(
                "sum-without-size",
                "You add up the entries themselves, so that plus and minus cancel. Square them first.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(max_steps):
        slope = gradient(point)
        if np.sum(slope) <= tolerance:
            return point, steps
        point = point - learning_rate * slope
    return point, max_steps
""",
            ),
            Wrong(
                "largest-entry",
                "You look at the largest entry. Asked for is the length, the root of the sum of squares.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(max_steps):
        slope = gradient(point)
        if np.max(np.abs(slope)) <= tolerance:
            return point, steps
        point = point - learning_rate * slope
    return point, max_steps
""",
            ),
            Wrong(
                "strictly-below",
                "At exactly the tolerance the walk is to stop: at most means <=.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(max_steps):
        slope = gradient(point)
        if np.sqrt(np.sum(slope**2)) < tolerance:
            return point, steps
        point = point - learning_rate * slope
    return point, max_steps
""",
            ),
            Wrong(
                "looks-after-the-step",
                "You look after the step. Look before, so that a flat start takes no step at all.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(1, max_steps + 1):
        slope = gradient(point)
        point = point - learning_rate * slope
        if np.sqrt(np.sum(slope**2)) <= tolerance:
            return point, steps
    return point, max_steps
""",
            ),
            Wrong(
                "no-limit",
                "The second limit is not kept: after max_steps steps the walk ends in any case.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(10_000):
        slope = gradient(point)
        if np.sqrt(np.sum(slope**2)) <= tolerance:
            return point, steps
        point = point - learning_rate * slope
    return point, max_steps
""",
            ),
            Wrong(
                "counts-one-more",
                "You count one step more than were taken.",
                """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point = start
    for steps in range(max_steps):
        slope = gradient(point)
        if np.sqrt(np.sum(slope**2)) <= tolerance:
            return point, steps + 1
        point = point - learning_rate * slope
    return point, max_steps
""",
            ),
        ],
        right=[
            """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    point, steps = np.array(start, dtype=float), 0
    while steps < max_steps and np.linalg.norm(gradient(point)) > tolerance:
        point = point - learning_rate * gradient(point)
        steps += 1
    return point, steps
""",
            """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    slope = gradient(start)
    if max_steps == 0 or np.dot(slope, slope) ** 0.5 <= tolerance:
        return start, 0
    if max_steps > 600:
        point, steps = descend_until(gradient, start, learning_rate, tolerance, 600)
        if steps < 600:
            return point, steps
        point, more = descend_until(gradient, point, learning_rate, tolerance, max_steps - 600)
        return point, 600 + more
    point, steps = descend_until(gradient, start - learning_rate * slope, learning_rate, tolerance, max_steps - 1)
    return point, steps + 1
""",
            """
def descend_until(gradient, start, learning_rate, tolerance, max_steps):
    steps, point = 0, start
    while True:
        slope = np.asarray(gradient(point), dtype=float)
        flat = np.sqrt(np.square(slope).sum()) <= tolerance
        if flat or steps == max_steps:
            return [point, steps]
        point = point - slope * learning_rate
        steps += 1
""",
        ],
    ),
    Question(
        "factor",
        functions=("factor", "best_rate"),
        probes=[
            probe("factor(curvature, learning_rate)", curvature=[3.0, 0.4], learning_rate=0.7),
            probe("best_rate(curvatures)", curvatures=[3.0, 0.4, 1.3]),
        ],
        wrong=[
            Wrong(
                "plus",
                "A step goes against the slope: the factor is 1 minus rate times curvature.",
                """
def factor(curvature, learning_rate):
    return 1 + learning_rate * curvature

def best_rate(curvatures):
    return 2 / (np.min(curvatures) + np.max(curvatures))
""",
            ),
            Wrong(
                "two-too-many",
                "With f = c x**2 / 2 the slope is c x: the 2 and the half cancel.",
                """
def factor(curvature, learning_rate):
    return 1 - 2 * learning_rate * curvature

def best_rate(curvatures):
    return 2 / (np.min(curvatures) + np.max(curvatures))
""",
            ),
            Wrong(
                "step-not-factor",
                "This is the step in units of x. What is left of x after it is 1 minus that.",
                """
def factor(curvature, learning_rate):
    return learning_rate * curvature

def best_rate(curvatures):
    return 2 / (np.min(curvatures) + np.max(curvatures))
""",
            ),
            Wrong(
                "size-only",
                "The sign belongs to the factor: a negative one says that x jumps to the other side.",
                """
def factor(curvature, learning_rate):
    return abs(1 - learning_rate * curvature)

def best_rate(curvatures):
    return 2 / (np.min(curvatures) + np.max(curvatures))
""",
            ),
            Wrong(
                "best-for-the-steepest",
                "That is best for the steepest direction alone. The flattest one is then very slow.",
                """
def factor(curvature, learning_rate):
    return 1 - learning_rate * curvature

def best_rate(curvatures):
    return 1 / np.max(curvatures)
""",
            ),
            Wrong(
                "largest-allowed",
                "That is the largest rate that does not diverge: the steepest direction then jumps to and fro for ever.",
                """
def factor(curvature, learning_rate):
    return 1 - learning_rate * curvature

def best_rate(curvatures):
    return 2 / np.max(curvatures)
""",
            ),
            Wrong(
                "mean-of-all",
                "Only the flattest and the steepest count, not the ones between: they are never the slowest.",
                """
def factor(curvature, learning_rate):
    return 1 - learning_rate * curvature

def best_rate(curvatures):
    return 1 / np.mean(curvatures)
""",
            ),
            Wrong(
                "first-and-last",
                "You take the first and the last curvature. They come in any order: take the smallest and the largest.",
                """
def factor(curvature, learning_rate):
    return 1 - learning_rate * curvature

def best_rate(curvatures):
    return 2 / (curvatures[0] + curvatures[-1])
""",
            ),
        ],
        right=[
            """
def factor(curvature, learning_rate):
    x = 1.0
    return x - learning_rate * curvature * x

def best_rate(curvatures):
    ordered = np.sort(curvatures)
    return 1 / ((ordered[0] + ordered[-1]) / 2)
""",
            """
def factor(curvature, learning_rate):
    return np.array([1 - learning_rate * c for c in np.ravel(curvature)]).reshape(np.shape(curvature))

def best_rate(curvatures):
    low, high = min(curvatures), max(curvatures)
    condition = high / low
    slowest = (condition - 1) / (condition + 1)
    return (1 - slowest) / low
""",
            """
def factor(curvature, learning_rate):
    return -(np.asarray(curvature) * learning_rate - 1.0)

def best_rate(curvatures):
    # where both extremes are equally fast, found by halving
    low, high = 0.0, 2 / np.max(curvatures)
    for _ in range(200):
        middle = (low + high) / 2
        if 1 - middle * np.min(curvatures) > middle * np.max(curvatures) - 1:
            low = middle
        else:
            high = middle
    return middle
""",
        ],
    ),
    Question(
        "line_slopes",
        functions=("line_slopes", "fit_line"),
        probes=[
            probe("line_slopes(w, b, x, y)", w=0.5, b=-0.3, x=[1.0, -2.0, 0.5], y=[0.4, 1.1, -0.7]),
            probe("fit_line(x, y, learning_rate, steps)", x=[1.0, -2.0, 0.5], y=[0.4, 1.1, -0.7], learning_rate=0.1, steps=3),
        ],
        wrong=[
            Wrong(
                "two-forgotten",
                "The 2 from the square is missing in both slopes.",
                """
def line_slopes(w, b, x, y):
    miss = w * x + b - y
    return np.mean(miss * x), np.mean(miss)

def fit_line(x, y, learning_rate, steps):
    w = b = 0.0
    for _ in range(steps):
        slope_w, slope_b = line_slopes(w, b, x, y)
        w, b = w - learning_rate * slope_w, b - learning_rate * slope_b
    return w, b
""",
            ),
            Wrong(
                "sign",
                "The signs are wrong: the error is prediction minus target here, and the slopes point uphill.",
                """
def line_slopes(w, b, x, y):
    miss = y - w * x - b
    return np.mean(2 * miss * x), np.mean(2 * miss)

def fit_line(x, y, learning_rate, steps):
    w = b = 0.0
    for _ in range(steps):
        slope_w, slope_b = line_slopes(w, b, x, y)
        w, b = w + learning_rate * slope_w, b + learning_rate * slope_b
    return w, b
""",
            ),
            Wrong(
                "x-forgotten",
                "The slope along w has x as a factor: a weight acts through its input.",
                """
def line_slopes(w, b, x, y):
    miss = w * x + b - y
    return np.mean(2 * miss), np.mean(2 * miss)

def fit_line(x, y, learning_rate, steps):
    w = b = 0.0
    for _ in range(steps):
        slope_w, slope_b = line_slopes(w, b, x, y)
        w, b = w - learning_rate * slope_w, b - learning_rate * slope_b
    return w, b
""",
            ),
            Wrong(
                "sums",
                "You return sums over the rows. The loss is a mean, so its slopes are means.",
                """
def line_slopes(w, b, x, y):
    miss = w * x + b - y
    return np.sum(2 * miss * x), np.sum(2 * miss)

def fit_line(x, y, learning_rate, steps):
    w = b = 0.0
    for _ in range(steps):
        slope_w, slope_b = line_slopes(w, b, x, y)
        w, b = w - learning_rate * slope_w, b - learning_rate * slope_b
    return w, b
""",
            ),
            Wrong(
                "mean-of-products",
                "You multiply the mean of the errors by the mean of x. Take the mean of the products.",
                """
def line_slopes(w, b, x, y):
    miss = w * x + b - y
    return np.mean(2 * miss) * np.mean(x), np.mean(2 * miss)

def fit_line(x, y, learning_rate, steps):
    w = b = 0.0
    for _ in range(steps):
        slope_w, slope_b = line_slopes(w, b, x, y)
        w, b = w - learning_rate * slope_w, b - learning_rate * slope_b
    return w, b
""",
            ),
            Wrong(
                "new-w-for-b",
                "You change w first and work out the slope along b with the new w. Work out both, then change both.",
                """
def line_slopes(w, b, x, y):
    miss = w * x + b - y
    return np.mean(2 * miss * x), np.mean(2 * miss)

def fit_line(x, y, learning_rate, steps):
    w = b = 0.0
    for _ in range(steps):
        w = w - learning_rate * line_slopes(w, b, x, y)[0]
        b = b - learning_rate * line_slopes(w, b, x, y)[1]
    return w, b
""",
            ),
            Wrong(
                "b-stays",
                "b stays 0. It takes a step as well.",
                """
def line_slopes(w, b, x, y):
    miss = w * x + b - y
    return np.mean(2 * miss * x), np.mean(2 * miss)

def fit_line(x, y, learning_rate, steps):
    w = b = 0.0
    for _ in range(steps):
        slope_w, slope_b = line_slopes(w, b, x, y)
        w, b = w - learning_rate * slope_w, b
    return w, b
""",
            ),
            Wrong(
                "climbs",
                "The steps climb: subtract the slopes.",
                """
def line_slopes(w, b, x, y):
    miss = w * x + b - y
    return np.mean(2 * miss * x), np.mean(2 * miss)

def fit_line(x, y, learning_rate, steps):
    w = b = 0.0
    for _ in range(steps):
        slope_w, slope_b = line_slopes(w, b, x, y)
        w, b = w + learning_rate * slope_w, b + learning_rate * slope_b
    return w, b
""",
            ),
            Wrong(
                "exact-solution",
                "That is the exact solution. Asked for is where descent stands after so many steps.",
                """
def line_slopes(w, b, x, y):
    miss = w * x + b - y
    return np.mean(2 * miss * x), np.mean(2 * miss)

def fit_line(x, y, learning_rate, steps):
    w = np.cov(x, y, bias=True)[0, 1] / np.var(x) if len(x) > 1 else 0.0
    return w, np.mean(y) - w * np.mean(x)
""",
            ),
        ],
        right=[
            """
def line_slopes(w, b, x, y):
    slope_w = slope_b = 0.0
    for xi, yi in zip(x, y):
        slope_w += 2 * (w * xi + b - yi) * xi / len(x)
        slope_b += 2 * (w * xi + b - yi) / len(x)
    return slope_w, slope_b

def fit_line(x, y, learning_rate, steps):
    both = np.zeros(2)
    for _ in range(steps):
        both = both - learning_rate * np.array(line_slopes(both[0], both[1], x, y))
    return both[0], both[1]
""",
            """
def line_slopes(w, b, x, y):
    design = np.stack([x, np.ones(len(x))], axis=1)
    slopes = 2 / len(x) * design.T @ (design @ np.array([w, b]) - y)
    return slopes[0], slopes[1]

def fit_line(x, y, learning_rate, steps):
    w, b = 0.0, 0.0
    for _ in range(steps):
        dw, db = line_slopes(w, b, x, y)
        w -= learning_rate * dw
        b -= learning_rate * db
    return [w, b]
""",
            """
def line_slopes(w, b, x, y):
    n = len(x)
    e = (w * x + b) - y
    return 2 * np.dot(e, x) / n, 2 * e.sum() / n

def fit_line(x, y, learning_rate, steps):
    def walk(w, b, left):
        if left == 0:
            return w, b
        dw, db = line_slopes(w, b, x, y)
        return walk(w - learning_rate * dw, b - learning_rate * db, left - 1)

    return walk(0.0, 0.0, steps)
""",
        ],
    ),
    Question(
        "steps_to_leave",
        probes=[
            probe("steps_to_leave(start, learning_rate, max_steps)", start=[0.4, 0.02], learning_rate=0.1, max_steps=200),
            probe("steps_to_leave(start, learning_rate, max_steps)", start=[3.0, -0.3], learning_rate=0.1, max_steps=200),
            probe("steps_to_leave(start, learning_rate, max_steps)", start=[0.5, 0.0], learning_rate=0.1, max_steps=30),
            probe("steps_to_leave(start, learning_rate, max_steps)", start=[0.1, 5.0], learning_rate=0.1, max_steps=30),
        ],
        wrong=[
            Wrong(
                "bowl",
                "Your y shrinks. Along y the surface falls away: the gradient is (2x, -2y), and you subtract it.",
                """
def steps_to_leave(start, learning_rate, max_steps):
    point = np.array(start, dtype=float)
    for steps in range(max_steps):
        if abs(point[1]) > 1:
            return steps
        point = point + learning_rate * np.array([2 * point[0], -2 * point[1]])
    return max_steps
""",
            ),
            Wrong(
                "x-watched",
                "You watch x. It is y that leaves the saddle.",
                """
def steps_to_leave(start, learning_rate, max_steps):
    point = np.array(start, dtype=float)
    for steps in range(max_steps):
        if abs(point[0]) > 1:
            return steps
        point = point - learning_rate * np.array([2 * point[0], -2 * point[1]])
    return max_steps
""",
            ),
            Wrong(
                "one-side-only",
                "y may leave downwards as well: look at its size.",
                """
def steps_to_leave(start, learning_rate, max_steps):
    point = np.array(start, dtype=float)
    for steps in range(max_steps):
        if point[1] > 1:
            return steps
        point = point - learning_rate * np.array([2 * point[0], -2 * point[1]])
    return max_steps
""",
            ),
            Wrong(
                "counts-one-more",
                "You count the start as a step.",
                """
def steps_to_leave(start, learning_rate, max_steps):
    point = np.array(start, dtype=float)
    for steps in range(max_steps):
        if abs(point[1]) > 1:
            return steps + 1
        point = point - learning_rate * np.array([2 * point[0], -2 * point[1]])
    return max_steps
""",
            ),
            Wrong(
                "two-forgotten",
                "The slope of y squared is 2y; the 2 is missing.",
                """
def steps_to_leave(start, learning_rate, max_steps):
    point = np.array(start, dtype=float)
    for steps in range(max_steps):
        if abs(point[1]) > 1:
            return steps
        point = point - learning_rate * np.array([point[0], -point[1]])
    return max_steps
""",
            ),
            Wrong(
                "distance",
                "You look at the distance from the saddle. Asked for is the size of y alone.",
                """
def steps_to_leave(start, learning_rate, max_steps):
    point = np.array(start, dtype=float)
    for steps in range(max_steps):
        if np.hypot(point[0], point[1]) > 1:
            return steps
        point = point - learning_rate * np.array([2 * point[0], -2 * point[1]])
    return max_steps
""",
            ),
        ],
        right=[
            """
def steps_to_leave(start, learning_rate, max_steps):
    y, steps = abs(float(start[1])), 0
    while y <= 1 and steps < max_steps:
        y *= 1 + 2 * learning_rate
        steps += 1
    return steps
""",
            """
def steps_to_leave(start, learning_rate, max_steps):
    x, y = start
    for steps in range(max_steps):
        if y > 1 or y < -1:
            return steps
        x, y = x - learning_rate * 2 * x, y + learning_rate * 2 * y
    return max_steps
""",
            """
def steps_to_leave(start, learning_rate, max_steps):
    path = start[1] * (1 + 2 * learning_rate) ** np.arange(max_steps)
    left = np.flatnonzero(np.abs(path) > 1)
    return int(left[0]) if len(left) else max_steps
""",
        ],
    ),
    Question(
        "mended_descent",
        probes=[
            probe("mended_descent(lambda x: 2 * x, start, learning_rate, max_iter, tol)", start=-4.0, learning_rate=0.1, max_iter=100, tol=0.05),
            probe("mended_descent(lambda x: 2 * x, start, learning_rate, max_iter, tol)", start=3.0, learning_rate=0.8, max_iter=100, tol=0.05),
            probe("mended_descent(lambda x: 2 * x, start, learning_rate, max_iter, tol)", start=3.0, learning_rate=0.1, max_iter=4, tol=0.001),
        ],
        wrong=[
            Wrong(
                "as-published",
                "This is the published loop: a negative step is below every tolerance. Compare the size of the step.",
                """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = start
    for _ in range(max_iter):
        diff = learning_rate * gradient(x)
        if diff < tol:
            break
        x = x - diff
    return x
""",
            ),
            Wrong(
                "gradient-not-step",
                "You compare the gradient with the tolerance. It is the step that is to be small.",
                """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = start
    for _ in range(max_iter):
        diff = learning_rate * gradient(x)
        if abs(gradient(x)) < tol:
            break
        x = x - diff
    return x
""",
            ),
            Wrong(
                "position",
                "You compare x with the tolerance. The minimum need not be at 0; compare the step.",
                """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = start
    for _ in range(max_iter):
        diff = learning_rate * gradient(x)
        if abs(x) < tol:
            break
        x = x - diff
    return x
""",
            ),
            Wrong(
                "other-side-only",
                "Now it stops at once on the other side. Compare the size of the step.",
                """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = start
    for _ in range(max_iter):
        diff = learning_rate * gradient(x)
        if diff > -tol:
            break
        x = x - diff
    return x
""",
            ),
            Wrong(
                "steps-then-stops",
                "You take the small step and then stop. Stop before it.",
                """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = start
    for _ in range(max_iter):
        diff = learning_rate * gradient(x)
        x = x - diff
        if abs(diff) < tol:
            break
    return x
""",
            ),
            Wrong(
                "never-stops",
                "The stopping rule is gone: the walk always takes max_iter steps.",
                """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = start
    for _ in range(max_iter):
        diff = learning_rate * gradient(x)
        x = x - diff
    return x
""",
            ),
            Wrong(
                "no-limit",
                "The limit is gone: after max_iter steps the walk ends in any case.",
                """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = start
    for _ in range(100_000):
        diff = learning_rate * gradient(x)
        if abs(diff) < tol:
            break
        x = x - diff
    return x
""",
            ),
            Wrong(
                "size-of-x",
                "You step by the size of the difference, always to the left. Keep its sign when you step.",
                """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = start
    for _ in range(max_iter):
        diff = learning_rate * gradient(x)
        if abs(diff) < tol:
            break
        x = x - abs(diff)
    return x
""",
            ),
        ],
        right=[
            """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x, taken = start, 0
    while taken < max_iter and not -tol < learning_rate * gradient(x) < tol:
        x -= learning_rate * gradient(x)
        taken += 1
    return x
""",
            """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    x = float(start)
    for _ in range(max_iter):
        new = x - learning_rate * gradient(x)
        if np.sqrt((learning_rate * gradient(x)) ** 2) < tol:
            return x
        x = new
    return x
""",
            """
def mended_descent(gradient, start, learning_rate, max_iter, tol):
    points = [start]
    while len(points) <= max_iter:
        diff = learning_rate * gradient(points[-1])
        if max(diff, -diff) < tol:
            break
        points.append(points[-1] - diff)
    return points[-1]
""",
        ],
    ),
]
