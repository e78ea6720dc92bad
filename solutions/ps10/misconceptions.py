"""Problem set 10: what learners get wrong about optimizers."""


from gradschool.grading.misconceptions import Question, Wrong, probe

_gradients = [[4.0, 0.3], [-2.0, 0.1], [0.5, 0.0], [1.5, -0.4], [0.2, 0.9]]

QUESTIONS = [
    Question(
        "momentum_step",
        functions=("momentum_step", "look_ahead_step"),
        probes=[
            probe("momentum_step(w, v, g, learning_rate, momentum)", w=[1.0, 2.0], v=[0.5, -0.3], g=[2.0, 0.7], learning_rate=0.1, momentum=0.8),
            probe("look_ahead_step(w, v, lambda w: 2 * w, learning_rate, momentum)", w=[1.0, 2.0], v=[0.5, -0.3], learning_rate=0.1, momentum=0.8),
        ],
        wrong=[
            Wrong(
                "plus",
                "The weights go up the slope: subtract the velocity.",
                """
def momentum_step(w, v, g, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return w + v, v

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w - momentum * v)
    return w + v, v
""",
            ),
            Wrong(
                "moving-average",
                "In the lecture's form the new step comes in with alpha alone. You weight it with 1 - beta as well.",
                """
def momentum_step(w, v, g, learning_rate, momentum):
    v = momentum * v + (1 - momentum) * learning_rate * g
    return w - v, v

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w - momentum * v)
    return w - v, v
""",
            ),
            Wrong(
                "old-velocity",
                "You move the weights with the old velocity. Update the velocity first.",
                """
def momentum_step(w, v, g, learning_rate, momentum):
    new = momentum * v + learning_rate * g
    return w - v, new

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w - momentum * v)
    return w - v, v
""",
            ),
            Wrong(
                "rate-outside",
                "The rate belongs into the velocity here: v = beta v + alpha g, and w - v. You apply it outside.",
                """
def momentum_step(w, v, g, learning_rate, momentum):
    v = momentum * v + g
    return w - learning_rate * v, v

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w - momentum * v)
    return w - v, v
""",
            ),
            Wrong(
                "no-look-ahead",
                "The look-ahead takes the gradient at w itself. Take it at w - momentum * v.",
                """
def momentum_step(w, v, g, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return w - v, v

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w)
    return w - v, v
""",
            ),
            Wrong(
                "looks-behind",
                "You look behind, at w + momentum * v. The velocity is subtracted, so ahead is w - momentum * v.",
                """
def momentum_step(w, v, g, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return w - v, v

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w + momentum * v)
    return w - v, v
""",
            ),
            Wrong(
                "full-velocity",
                "You look ahead by the whole velocity. It fades by beta before it is applied.",
                """
def momentum_step(w, v, g, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return w - v, v

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w - v)
    return w - v, v
""",
            ),
            Wrong(
                "twice",
                "You apply the momentum twice: it is in the velocity already.",
                """
def momentum_step(w, v, g, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return w - v - momentum * v, v

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w - momentum * v)
    return w - v, v
""",
            ),
        ],
        right=[
            """
def momentum_step(w, v, g, learning_rate, momentum):
    new = np.add(np.multiply(momentum, v), np.multiply(learning_rate, g))
    return [np.subtract(w, new), new]

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    ahead = w - momentum * v
    new = momentum * v + learning_rate * gradient(ahead)
    return w - new, new
""",
            """
def momentum_step(w, v, g, learning_rate, momentum):
    # Keras' sign: the velocity points where the weights go
    m = momentum * -v - learning_rate * g
    return w + m, -m

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    return momentum_step(w, v, gradient(w - momentum * v), learning_rate, momentum)
""",
            """
def momentum_step(w, v, g, learning_rate, momentum):
    w, v = np.array(w, dtype=float), np.array(v, dtype=float)
    v *= momentum
    v += learning_rate * g
    w -= v
    return w, v

def look_ahead_step(w, v, gradient, learning_rate, momentum):
    w, v = np.array(w, dtype=float), np.array(v, dtype=float)
    v *= momentum
    w -= v
    push = learning_rate * gradient(w)
    return w - push, v + push
""",
        ],
    ),
    Question(
        "adagrad_step",
        probes=[
            probe("adagrad_step(w, s, g, learning_rate, epsilon)", w=[1.0, 2.0], s=[0.5, 2.0], g=[2.0, -0.7], learning_rate=0.1, epsilon=0.2),
        ],
        wrong=[
            Wrong(
                "old-sum",
                "You divide by the root of the old sum. Add the new square first.",
                """
def adagrad_step(w, s, g, learning_rate, epsilon):
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s + g**2
""",
            ),
            Wrong(
                "epsilon-inside",
                "epsilon stands outside of the root here: sqrt(s) + epsilon.",
                """
def adagrad_step(w, s, g, learning_rate, epsilon):
    s = s + g**2
    return w - learning_rate * g / np.sqrt(s + epsilon), s
""",
            ),
            Wrong(
                "brackets",
                "Brackets are missing: epsilon was added to the weights. It belongs below the line.",
                """
def adagrad_step(w, s, g, learning_rate, epsilon):
    s = s + g**2
    return w - learning_rate * g / np.sqrt(s) + epsilon, s
""",
            ),
            Wrong(
                "no-root",
                "The root is missing: divide by sqrt(s) + epsilon.",
                """
def adagrad_step(w, s, g, learning_rate, epsilon):
    s = s + g**2
    return w - learning_rate * g / (s + epsilon), s
""",
            ),
            Wrong(
                "no-square",
                "You add up the gradients, not their squares.",
                """
def adagrad_step(w, s, g, learning_rate, epsilon):
    s = s + np.abs(g)
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s
""",
            ),
            Wrong(
                "plus",
                "The step climbs: subtract it.",
                """
def adagrad_step(w, s, g, learning_rate, epsilon):
    s = s + g**2
    return w + learning_rate * g / (np.sqrt(s) + epsilon), s
""",
            ),
            Wrong(
                "average",
                "AdaGrad adds up all squares. You keep a moving average, as RMSprop does.",
                """
def adagrad_step(w, s, g, learning_rate, epsilon):
    s = 0.9 * s + 0.1 * g**2
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s
""",
            ),
            Wrong(
                "squared-gradient-in-step",
                "Above the line stands the gradient, not its square.",
                """
def adagrad_step(w, s, g, learning_rate, epsilon):
    s = s + g**2
    return w - learning_rate * g**2 / (np.sqrt(s) + epsilon), s
""",
            ),
        ],
        right=[
            """
def adagrad_step(w, s, g, learning_rate, epsilon):
    new = s + np.square(g)
    rates = learning_rate / (np.power(new, 0.5) + epsilon)
    return w - rates * g, new
""",
            """
def adagrad_step(w, s, g, learning_rate, epsilon):
    w, s = np.array(w, dtype=float), np.array(s, dtype=float)
    for i in np.ndindex(w.shape):
        s[i] += g[i] * g[i]
        w[i] -= learning_rate * g[i] / (s[i] ** 0.5 + epsilon)
    return w, s
""",
            """
def adagrad_step(w, s, g, learning_rate, epsilon):
    length = np.hypot(np.sqrt(s), g)
    return w - learning_rate * g / (length + epsilon), s + g * g
""",
        ],
    ),
    Question(
        "Adam",
        probes=[
            probe("(lambda adam, w: [w := adam.step(w, g) for g in gradients])(Adam(0.1, 0.8, 0.9, 0.01), w)", w=[1.0, -0.5], gradients=_gradients),
        ],
        wrong=[
            Wrong(
                "no-power",
                "You divide by 1 - beta at every step. It is beta to the power of t that has to be taken off.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m / (1 - self.beta_1)
        v_hat = self.v / (1 - self.beta_2)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "no-correction",
                "The bias correction is missing: the averages start at 0 and are too small at first.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m
        v_hat = self.v
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "multiplied",
                "You multiply by the correction. The averages are too small: divide by 1 - beta**t.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m * (1 - self.beta_1**self.t)
        v_hat = self.v * (1 - self.beta_2**self.t)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "epsilon-brackets",
                "Brackets are missing: / sqrt(v) + epsilon adds epsilon to the weights. It belongs below the line.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m / (1 - self.beta_1**self.t)
        v_hat = self.v / (1 - self.beta_2**self.t)
        return w - self.learning_rate * m_hat / np.maximum(np.sqrt(v_hat), 1e-300) + self.epsilon
""",
            ),
            Wrong(
                "counts-from-zero",
                "The first step has t = 1. You raise t after the step, or start too low.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m / (1 - self.beta_1**max(self.t, 1))
        v_hat = self.v / (1 - self.beta_2**max(self.t, 1))
        self.t += 1
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "t-restarts",
                "t starts anew. It counts every step of the object, and nothing sets it back.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t = self.t % 2 + 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m / (1 - self.beta_1**self.t)
        v_hat = self.v / (1 - self.beta_2**self.t)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "no-square",
                "v is the average of the squared gradient. The square is missing.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * np.abs(g)
        m_hat = self.m / (1 - self.beta_1**self.t)
        v_hat = self.v / (1 - self.beta_2**self.t)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "weights-swapped",
                "The weights of old and new are swapped: the old average counts beta, the new gradient 1 - beta.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = (1 - self.beta_1) * self.m + self.beta_1 * g
        self.v = (1 - self.beta_2) * self.v + self.beta_2 * g**2
        m_hat = self.m / (1 - self.beta_1**self.t)
        v_hat = self.v / (1 - self.beta_2**self.t)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "one-correction",
                "Only m is corrected. v started at 0 as well.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m / (1 - self.beta_1**self.t)
        v_hat = self.v
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "forgets",
                "The averages are made anew in every step. Keep them in self.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.m = self.v = 0.0
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m / (1 - self.beta_1**self.t)
        v_hat = self.v / (1 - self.beta_2**self.t)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
""",
            ),
            Wrong(
                "epsilon-inside",
                "epsilon stands outside of the root here: sqrt(v_hat) + epsilon.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m / (1 - self.beta_1**self.t)
        v_hat = self.v / (1 - self.beta_2**self.t)
        return w - self.learning_rate * m_hat / np.sqrt(v_hat + self.epsilon)
""",
            ),
            Wrong(
                "epsilon-hat",
                "You add epsilon before the correction of v. Correct v first, then add epsilon to its root.",
                """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.m = self.v = 0.0
        self.t = 0

    def step(self, w, g):
        self.t += 1
        self.m = self.beta_1 * self.m + (1 - self.beta_1) * g
        self.v = self.beta_2 * self.v + (1 - self.beta_2) * g**2
        m_hat = self.m / (1 - self.beta_1**self.t)
        v_hat = self.v / (1 - self.beta_2**self.t)
        c = np.sqrt(1 - self.beta_2**self.t)
        return w - self.learning_rate * m_hat * c / (np.sqrt(self.v) + self.epsilon)
""",
            ),
        ],
        right=[
            """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.settings = (learning_rate, beta_1, beta_2, epsilon)
        self.gradients = []

    def step(self, w, g):
        # from the definition: weights (1 - b) b^k on the gradients of the past, divided by their sum
        rate, b1, b2, epsilon = self.settings
        self.gradients.append(np.array(g, dtype=float))
        ages = np.arange(len(self.gradients))[::-1]
        past = np.stack(self.gradients)
        m = np.tensordot(b1**ages / np.sum(b1**ages), past, axes=1)
        v = np.tensordot(b2**ages / np.sum(b2**ages), past**2, axes=1)
        return w - rate * m / (np.sqrt(v) + epsilon)
""",
            """
class Adam:
    t, m, v = 0, 0, 0

    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.lr, self.b1, self.b2, self.eps = learning_rate, beta_1, beta_2, epsilon

    def step(self, w, g):
        self.t += 1
        self.m = self.m + (1 - self.b1) * (g - self.m)
        self.v = self.v + (1 - self.b2) * (np.square(g) - self.v)
        c1, c2 = 1 - pow(self.b1, self.t), np.sqrt(1 - pow(self.b2, self.t))
        return w - (self.lr * c2 / c1) * self.m / (np.sqrt(self.v) + self.eps * c2)
""",
            """
class Adam:
    def __init__(self, learning_rate, beta_1, beta_2, epsilon):
        self.rate, self.betas, self.epsilon = learning_rate, (beta_1, beta_2), epsilon
        self.powers = [1.0, 1.0]
        self.averages = None

    def step(self, w, g):
        if self.averages is None:
            self.averages = [np.zeros(np.shape(w)), np.zeros(np.shape(w))]
        hats = []
        for i, value in enumerate((g, g * g)):
            self.powers[i] *= self.betas[i]
            self.averages[i] = self.betas[i] * self.averages[i] + (1 - self.betas[i]) * value
            hats.append(self.averages[i] / (1 - self.powers[i]))
        return w - self.rate * hats[0] / (hats[1] ** 0.5 + self.epsilon)
""",
        ],
    ),
    Question(
        "steps_in_ravine",
        probes=[
            probe("steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps)", curvatures=[1.0, 30.0], start=[1.0, -0.5], learning_rate=0.02, momentum=0.8, tolerance=0.01, max_steps=3000),
            probe("steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps)", curvatures=[1.0, 4.0], start=[1.0, 0.5], learning_rate=0.1, momentum=0.0, tolerance=0.01, max_steps=3000),
            probe("steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps)", curvatures=[1.0, 4.0], start=[1.0, 0.5], learning_rate=0.01, momentum=0.5, tolerance=0.001, max_steps=20),
            probe("steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps)", curvatures=[3.0, 4.0], start=[1.0, 1.0], learning_rate=0.1, momentum=0.9, tolerance=5.0, max_steps=9),
        ],
        wrong=[
            Wrong(
                "momentum-ignored",
                "The velocity starts anew in every step, so this is plain descent. Keep it from step to step.",
                """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v = start, np.zeros(len(start))
    for steps in range(max_steps):
        g = curvatures * w
        if np.sqrt(np.sum(g**2)) <= tolerance:
            return steps
        v = learning_rate * g
        w = w - v
    return max_steps
""",
            ),
            Wrong(
                "looks-at-the-point",
                "You look at the distance from the minimum. Asked for is the length of the gradient.",
                """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v = start, np.zeros(len(start))
    for steps in range(max_steps):
        g = curvatures * w
        if np.sqrt(np.sum(w**2)) <= tolerance:
            return steps
        v = momentum * v + learning_rate * g
        w = w - v
    return max_steps
""",
            ),
            Wrong(
                "looks-at-the-velocity",
                "You look at the size of the velocity. Asked for is the length of the gradient.",
                """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v = start, np.zeros(len(start))
    for steps in range(max_steps):
        g = curvatures * w
        if (np.sqrt(np.sum(v**2)) if steps else 9e9) <= tolerance:
            return steps
        v = momentum * v + learning_rate * g
        w = w - v
    return max_steps
""",
            ),
            Wrong(
                "root-forgotten",
                "The root is missing: the length is the root of the sum of squares.",
                """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v = start, np.zeros(len(start))
    for steps in range(max_steps):
        g = curvatures * w
        if np.sum(g**2) <= tolerance:
            return steps
        v = momentum * v + learning_rate * g
        w = w - v
    return max_steps
""",
            ),
            Wrong(
                "half-curvature",
                "The gradient of c x**2 / 2 is c x. You take half or double of it.",
                """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v = start, np.zeros(len(start))
    for steps in range(max_steps):
        g = 2 * curvatures * w
        if np.sqrt(np.sum(g**2)) <= tolerance:
            return steps
        v = momentum * v + learning_rate * g
        w = w - v
    return max_steps
""",
            ),
            Wrong(
                "counts-one-more",
                "You count one step more than were taken.",
                """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v = start, np.zeros(len(start))
    for steps in range(max_steps):
        g = curvatures * w
        if np.sqrt(np.sum(g**2)) <= tolerance:
            return steps + 1
        v = momentum * v + learning_rate * g
        w = w - v
    return max_steps
""",
            ),
            Wrong(
                "strictly-below",
                "At exactly the tolerance the walk is to stop: at most means <=.",
                """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v = start, np.zeros(len(start))
    for steps in range(max_steps):
        g = curvatures * w
        if np.sqrt(np.sum(g**2)) < tolerance:
            return steps
        v = momentum * v + learning_rate * g
        w = w - v
    return max_steps
""",
            ),
            Wrong(
                "no-limit",
                "The limit is not kept: after max_steps steps it returns max_steps.",
                """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v = start, np.zeros(len(start))
    for steps in range(100_000):
        g = curvatures * w
        if np.sqrt(np.sum(g**2)) <= tolerance:
            return steps
        v = momentum * v + learning_rate * g
        w = w - v
    return max_steps
""",
            ),
        ],
        right=[
            """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    w, v, steps = np.array(start, dtype=float), 0.0, 0
    while steps < max_steps and np.linalg.norm(curvatures * w) > tolerance:
        v = momentum * v + learning_rate * curvatures * w
        w = w - v
        steps += 1
    return steps
""",
            """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    # with the point before in place of a velocity: w_new = w - rate c w + momentum (w - w_old)
    old = now = np.asarray(start, dtype=float)
    for steps in range(max_steps):
        if np.sqrt(((curvatures * now) ** 2).sum()) <= tolerance:
            return steps
        old, now = now, now - learning_rate * curvatures * now + momentum * (now - old)
    return max_steps
""",
            """
def steps_in_ravine(curvatures, start, learning_rate, momentum, tolerance, max_steps):
    points = [[float(a), 0.0] for a in start]
    steps = 0
    while steps < max_steps:
        slopes = [c * p[0] for c, p in zip(curvatures, points)]
        if sum(s * s for s in slopes) ** 0.5 <= tolerance:
            break
        for p, s in zip(points, slopes):
            p[1] = momentum * p[1] + learning_rate * s
            p[0] -= p[1]
        steps += 1
    return steps
""",
        ],
    ),
    Question(
        "cosine_rate",
        probes=[
            probe("[cosine_rate(step, 0.4, 5) for step in range(9)]"),
        ],
        wrong=[
            Wrong(
                "rises-again",
                "After the end the rate rises again. It is to stay 0 there.",
                """
def cosine_rate(step, start, total):
    return 0.5 * start * (1 + np.cos(np.pi * step / total))
""",
            ),
            Wrong(
                "one-forgotten",
                "The 1 is missing: the cosine alone becomes negative.",
                """
def cosine_rate(step, start, total):
    return 0.5 * start * np.cos(np.pi * min(step, total) / total)
""",
            ),
            Wrong(
                "half-forgotten",
                "The half is missing: at step 0 this is twice the start.",
                """
def cosine_rate(step, start, total):
    return start * (1 + np.cos(np.pi * min(step, total) / total))
""",
            ),
            Wrong(
                "pi-forgotten",
                "The pi is missing below the cosine.",
                """
def cosine_rate(step, start, total):
    return 0.5 * start * (1 + np.cos(min(step, total) / total))
""",
            ),
            Wrong(
                "degrees",
                "The cosine takes radians: pi * t / T, not 180 * t / T.",
                """
def cosine_rate(step, start, total):
    return 0.5 * start * (1 + np.cos(180 * min(step, total) / total))
""",
            ),
            Wrong(
                "linear",
                "This is a straight line. The cosine falls fastest in the middle.",
                """
def cosine_rate(step, start, total):
    return start * (1 - min(step, total) / total)
""",
            ),
            Wrong(
                "upside-down",
                "The schedule rises: it is to start at the first rate and to end at 0.",
                """
def cosine_rate(step, start, total):
    return 0.5 * start * (1 - np.cos(np.pi * min(step, total) / total))
""",
            ),
            Wrong(
                "ends-early",
                "It reaches 0 one step too early: divide by total.",
                """
def cosine_rate(step, start, total):
    return 0.5 * start * (1 + np.cos(np.pi * min(step, total - 1) / (total - 1)))
""",
            ),
        ],
        right=[
            """
import math

def cosine_rate(step, start, total):
    if step >= total:
        return 0.0
    return start * math.cos(math.pi * step / (2 * total)) ** 2
""",
            """
def cosine_rate(step, start, total):
    share = np.clip(step / total, 0, 1)
    return start * (1 - np.sin(np.pi * share / 2) ** 2)
""",
            """
def cosine_rate(step, start, total):
    turn = np.exp(1j * np.pi * min(1.0, step / total))
    return start / 2 + start / 2 * turn.real
""",
        ],
    ),
    Question(
        "mended_rmsprop",
        probes=[
            probe("mended_rmsprop(w, gradients, learning_rate, rho, epsilon)", w=[1.0, -0.5, 0.3], gradients=[[2.0, 0.0, 1.0], [-0.7, 0.0, 0.0], [0.4, 0.0, -0.2]], learning_rate=0.1, rho=0.8, epsilon=0.05),
        ],
        wrong=[
            Wrong(
                "epsilon-in-the-weights",
                "epsilon is still added to the weights. It belongs below the line, beside the root.",
                """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    s = np.zeros(w.shape)
    for g in gradients:
        s = rho * s + (1 - rho) * g**2
        w = w - learning_rate * g / np.where(s > 0, np.sqrt(s), 1) + epsilon
    return w
""",
            ),
            Wrong(
                "epsilon-inside",
                "epsilon is to stand outside of the root: sqrt(s) + epsilon.",
                """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    s = np.zeros(w.shape)
    for g in gradients:
        s = rho * s + (1 - rho) * g**2
        w = w - learning_rate * g / np.sqrt(s + epsilon)
    return w
""",
            ),
            Wrong(
                "no-epsilon",
                "epsilon is gone. Below the line stands sqrt(s) + epsilon.",
                """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    s = np.zeros(w.shape)
    for g in gradients:
        s = rho * s + (1 - rho) * g**2
        w = w - learning_rate * g / np.where(s > 0, np.sqrt(s), 1)
    return w
""",
            ),
            Wrong(
                "no-root",
                "The root is missing below the line.",
                """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    s = np.zeros(w.shape)
    for g in gradients:
        s = rho * s + (1 - rho) * g**2
        w = w - learning_rate * g / (s + epsilon)
    return w
""",
            ),
            Wrong(
                "nan-replaced",
                "You replace nan after it has come up. epsilon below the line keeps it from coming up.",
                """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    s = np.zeros(w.shape)
    for g in gradients:
        s = rho * s + (1 - rho) * g**2
        with np.errstate(all='ignore'):
            w = w - np.nan_to_num(learning_rate * g / np.sqrt(s)) - epsilon
    return w
""",
            ),
            Wrong(
                "sum-not-average",
                "s is a moving average. You add up all squares, as AdaGrad does.",
                """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    s = np.zeros(w.shape)
    for g in gradients:
        s = s + g**2
        w = w - learning_rate * g / (np.sqrt(s) + epsilon)
    return w
""",
            ),
            Wrong(
                "weights-swapped",
                "The weights of old and new are swapped: the old average counts rho, the new square 1 - rho.",
                """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    s = np.zeros(w.shape)
    for g in gradients:
        s = (1 - rho) * s + rho * g**2
        w = w - learning_rate * g / (np.sqrt(s) + epsilon)
    return w
""",
            ),
            Wrong(
                "starts-anew",
                "s is made anew in every step. It remembers the steps before.",
                """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    s = np.zeros(w.shape)
    for g in gradients:
        s = (1 - rho) * g**2
        w = w - learning_rate * g / (np.sqrt(s) + epsilon)
    return w
""",
            ),
        ],
        right=[
            """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    w, s = np.array(w, dtype=float), np.zeros(np.shape(w))
    for g in gradients:
        s *= rho
        s += (1 - rho) * np.square(g)
        w -= learning_rate * g / (epsilon + s**0.5)
    return w
""",
            """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    def one(state, g):
        w, s = state
        s = s + (1 - rho) * (g**2 - s)
        return w - g * (learning_rate / (np.sqrt(s) + epsilon)), s

    state = (w, 0.0)
    for g in gradients:
        state = one(state, g)
    return state[0]
""",
            """
def mended_rmsprop(w, gradients, learning_rate, rho, epsilon):
    result = np.array(w, dtype=float)
    for i in np.ndindex(result.shape):
        s = 0.0
        for g in gradients:
            s = rho * s + (1 - rho) * g[i] ** 2
            result[i] -= learning_rate * g[i] / (s**0.5 + epsilon)
    return result
""",
        ],
    ),
]
