"""A JupyterLab on this machine and a browser that drives it: one server, one browser, any number of notebooks.

Notebooks are copied first, so nothing that JupyterLab saves reaches the originals. Everything is moved by
keyboard, and what counts is what is to be seen: the pixels of the picture, the text, the alt text.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib import resources
from pathlib import Path

from gradschool import doctor

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


# what the notebook in front says of itself; errors and warnings are those a learner would see
STATE = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  if (!panel?.content?.widgets) return null;
  const code = panel.content.widgets.filter((c) => c.model.type === 'code' && c.model.sharedModel.getSource().trim());
  const outputs = (c) => [...Array(c.model.outputs.length).keys()].map((k) => c.model.outputs.get(k).toJSON());
  const said = (c, k) => outputs(c).filter((o) => o.output_type === 'error' || (o.output_type === 'stream' && o.name === 'stderr'))
    .map((o) => `cell ${k}: ` + (o.ename ? `${o.ename}: ${o.evalue}` : [o.text].flat().join('')));
  return {
    cells: code.length,
    done: code.filter((c) => c.model.executionCount != null && c.model.executionState !== 'running').length,
    failed: code.some((c) => outputs(c).some((o) => o.output_type === 'error')),
    kernel: panel.sessionContext?.session?.kernel?.status ?? null,
    errors: code.flatMap(said),
  };
}"""

# `gsSeen(root)` sums the pixels of the picture in an element; `gsWatch(root, ms)` resolves with the milliseconds from
# the next key press to the first animation frame whose pixels differ, or with null
WATCH = """() => {
  if (window.gsSeen) return;
  const canvas = document.createElement('canvas');
  const paper = canvas.getContext('2d', {willReadFrequently: true});
  const picture = (root) => [...root.querySelectorAll('img')].filter((i) => i.complete && i.naturalWidth > 40 && i.offsetParent).at(-1);
  const sum = (image) => {
    canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
    paper.drawImage(image, 0, 0);
    const dots = new Uint32Array(paper.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    let h = canvas.width;
    for (let i = 0; i < dots.length; i++) h = (Math.imul(h, 31) + dots[i]) | 0;
    return h;
  };
  window.gsSeen = (root) => { const image = picture(root); return image ? sum(image) : null; };
  window.gsWatch = (root, limit) => {
    const before = window.gsSeen(root), source = picture(root)?.src;
    let pressed = null;
    root.addEventListener('keydown', (event) => { pressed = event.timeStamp; }, {capture: true, once: true});
    window.gsWatched = new Promise((resolve) => {
      const end = performance.now() + limit;
      const look = (now) => {
        const image = picture(root);
        if (pressed !== null && image && image.src !== source && sum(image) !== before) resolve(now - pressed);
        else if (now > end) resolve(null);
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
  };
}"""


class Lab:
    """A running JupyterLab with a browser page in it; made by `open_lab`."""

    def __init__(self, url, token, folder, page):
        self.url, self.token, self.folder, self.page = url, token, folder, page

    def open(self, notebook):
        """Copy a notebook into the lab's folder, show it, and wait until its kernel is idle."""
        notebook = Path(notebook)
        self.close_all()
        shutil.copy(notebook, self.folder)
        page = self.page
        page.goto(f"{self.url}/doc/tree/{notebook.name}?token={self.token}&reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=120_000)
        quiet, end = 0, time.monotonic() + 120
        while quiet < 4:
            if time.monotonic() > end:
                raise TimeoutError(f"the kernel of {notebook.name} was not idle after two minutes.")
            if accept := page.query_selector(".jp-Dialog button.jp-mod-accept"):
                accept.click()  # "Select Kernel" may come on the first opening
            state = page.evaluate(STATE)
            calm = state and state["kernel"] == "idle" and not page.query_selector(".jp-Dialog")
            quiet = quiet + 1 if calm else 0
            page.wait_for_timeout(150)
        page.evaluate(WATCH)

    def run_all(self, timeout=600):
        """Run all cells of the notebook in front; return the errors and warnings that a learner would see."""
        page = self.page
        # braces: the promise of the command must not be awaited, it ends with the last cell
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        page.wait_for_timeout(100)
        page.wait_for_function(
            f"() => {{ const s = ({STATE})(); return s && s.kernel === 'idle' && (s.failed || s.done === s.cells); }}",
            timeout=timeout * 1000,
            polling=100,
        )
        page.wait_for_timeout(300)
        return page.evaluate(STATE)["errors"]

    def figures(self):
        """Return a `BrowserFigure` for each figure of the notebook in front."""
        self.page.wait_for_timeout(500)
        found = self.page.locator(".gradschool-figure")
        return [BrowserFigure(self.page, found.nth(i)) for i in range(found.count())]

    def drive(self, notebook, *, shots=None, moves=3):
        """Run a notebook and move every control of every figure by keyboard.

        Parameters
        ----------
        notebook : path
        shots : path, optional
            A folder for screenshots of every figure: light and dark, 1280 and 800 pixels wide.
        moves : int
            Key presses for each control.

        Returns
        -------
        errors : list of str
            Errors and warnings of the cells, pictures without alt text, controls without a name.
        moved : list of dict
            For each control: ``figure``, ``control``, ``times`` (key to new picture, in ms), and whether
            ``picture``, ``status`` and ``alt`` changed.
        """
        self.open(notebook)
        errors = self.run_all()
        moved = []
        for figure in self.figures():
            errors += figure.complaints()
            for control in figure.controls():
                moved.append(figure.move(control, moves, limit=2500))
            if alert := figure.error():
                errors.append(f"{figure.title()}: {alert}")
        errors += self.pictures_without_alt()
        if shots:
            self.shoot(Path(shots), Path(notebook).stem)
        return errors, moved

    def shoot(self, folder, name):
        """Take a screenshot of every figure in both themes and at two widths."""
        folder.mkdir(parents=True, exist_ok=True)
        for theme in THEMES:
            self.theme(theme)
            for width in (1280, 800):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.wait_for_timeout(400)
                for i, figure in enumerate(self.figures(), 1):
                    figure.locator.scroll_into_view_if_needed()
                    figure.locator.screenshot(path=folder / f"{name}-{i}-{theme}-{width}.png")
        self.theme("light")
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def theme(self, name):
        """Change to the "light" or the "dark" theme."""
        self.page.evaluate(
            "(theme) => { window.jupyterapp.commands.execute('apputils:change-theme', {theme}); }", THEMES[name]
        )
        light = "true" if name == "light" else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', timeout=20_000, state="attached")
        self.page.wait_for_timeout(300)

    def pictures_without_alt(self):
        """Return a line for every picture in an output that has no alt text."""
        count = self.page.evaluate(
            "() => [...document.querySelectorAll('.jp-OutputArea-output img')].filter((i) => !i.alt?.trim()).length"
        )
        return [f"{count} pictures have no alt text"] if count else []

    def close_all(self):
        """End every kernel, so that many notebooks one after another do not fill the memory."""
        for session in self._api("GET", "sessions"):
            with contextlib.suppress(OSError):
                self._api("DELETE", f"sessions/{session['id']}")

    def _api(self, method, path):
        head = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method, headers=head)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


# every control that the keyboard reaches, and what presses it
CONTROLS = {
    ".noUi-handle": "ArrowRight",
    "select:not([disabled])": "ArrowDown",
    "input[type=checkbox]:not([disabled])": "Space",
    "input[type=number]:not([disabled])": "ArrowUp",
    "button:not([disabled])": "Space",
}
BACK = {"ArrowRight": "ArrowLeft", "ArrowDown": "ArrowUp", "ArrowUp": "ArrowDown"}


class BrowserFigure:
    """One figure of a notebook in the browser."""

    def __init__(self, page, locator):
        self.page, self.locator = page, locator

    def title(self):
        return self.locator.get_attribute("aria-label") or ""

    def status(self):
        return self.locator.locator("[role=status]").inner_text()

    def alt(self):
        return self.locator.locator(".gs-picture img").get_attribute("alt")

    def error(self):
        return self.locator.locator("[role=alert]").inner_text().strip()

    def pixels(self):
        """Return a number that stands for the pixels of the picture."""
        return self.locator.evaluate("(root) => window.gsSeen(root)")

    def controls(self):
        """Return (locator, key) of every control but Stop and Reset."""
        found = []
        for selector, key in CONTROLS.items():
            parts = self.locator.locator(selector)
            for i in range(parts.count()):
                part = parts.nth(i)
                if part.is_visible() and self.name(part) not in ("Reset", "Stop"):
                    found.append((part, key))
        return found

    @staticmethod
    def name(control):
        """Return the accessible name of a control."""
        return control.evaluate(
            """(e) => (e.getAttribute('aria-label') || (e.labels?.length ? e.labels[0].textContent : '')
                       || (e.tagName === 'BUTTON' ? e.textContent : '')).trim()"""
        )

    def complaints(self):
        """Return a line for every control without a name and every slider without a value in words."""
        lines = [f"{self.title()}: a control has no name" for part, _ in self.controls() if not self.name(part)]
        return lines + [] if self.alt() else [*lines, f"{self.title()}: the picture has no alt text"]

    def move(self, control, moves=3, *, pause=100, limit=5000):
        """Press a control's key some times; return what changed and how long each new picture took, in ms."""
        part, key = control
        part.scroll_into_view_if_needed()
        before = self.pixels(), self.status(), self.alt()
        times, changed = [], [False] * 3
        for _ in range(moves):
            took, key = self.press(part, key, limit)
            if took is None:
                break
            times.append(took)
            changed = [old or a != b for old, a, b in zip(changed, before, (self.pixels(), self.status(), self.alt()))]
            self.page.wait_for_timeout(pause)
        self.stop()
        picture, status, alt = changed
        return {
            "figure": self.title(),
            "control": self.name(part),
            "times": times,
            "picture": picture,
            "status": status,
            "alt": alt,
        }

    def stop(self):
        """End an animation that a control has started, so that it does not move the picture for the next one."""
        button = self.locator.get_by_role("button", name="Stop", exact=True)
        # in one go: an animation may end between a look at the button and a click on it
        if button.count() and button.evaluate("(b) => { const running = !b.disabled; b.click(); return running; }"):
            self.page.wait_for_timeout(300)

    def press(self, part, key, limit=5000):
        """Press a key on a control; return the ms to the next picture (None if there is none) and the key to go on with."""
        part.focus()
        self.locator.evaluate("(root, limit) => window.gsWatch(root, limit)", limit)
        if not self._press(part, key) and key in BACK:
            key = BACK[key]  # at the end of its range: turn around
            self._press(part, key)
        return self.page.evaluate("() => window.gsWatched"), key

    def _press(self, part, key):
        # not aria-valuenow, which is rounded to one decimal
        value = """(e) => e.hasAttribute('aria-valuetext') ? parseFloat(e.getAttribute('aria-valuetext'))
                          : e.type === 'checkbox' ? e.checked : e.value"""
        before = part.evaluate(value)
        self.page.keyboard.press(key)
        return part.evaluate(value) != before


@contextlib.contextmanager
def open_lab(*, python=sys.executable, overrides=None):
    """Start a JupyterLab on 127.0.0.1 with its own settings and a headless browser; yield a `Lab`.

    Raises
    ------
    FileNotFoundError
        When there is no browser, with the sentence that says how to get one.
    RuntimeError
        When JupyterLab does not start, with its last words.
    """
    from playwright.sync_api import sync_playwright

    browser = doctor.find_browser()
    if browser is None:
        raise FileNotFoundError(f"no Chromium, Chrome or Edge here; install one: {doctor.get_browser()}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, contextlib.ExitStack() as stack:
        home = Path(home)
        folder = home / "notebooks"
        folder.mkdir()
        url, token = stack.enter_context(_server(home, folder, python, overrides or {}))
        playwright = stack.enter_context(sync_playwright())
        root = sys.platform == "linux" and os.geteuid() == 0
        quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--disable-gpu", *quiet, *["--no-sandbox"] * root]
        )
        stack.callback(chromium.close)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        yield Lab(url, token, folder, page)


@contextlib.contextmanager
def _server(home, folder, python, overrides):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    # the course's own settings, which an installed package brings along; and no cell is ever taken out of the page
    settings = json.loads(
        (resources.files("gradschool") / "default_setting_overrides.json").read_text(encoding="utf-8")
    )
    settings |= {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}} | overrides
    (home / "config/labconfig").mkdir(parents=True)
    (home / "config/labconfig/default_setting_overrides.json").write_text(json.dumps(settings), encoding="utf-8")
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    env = os.environ | {name: str(home / place) for name, place in places.items()}
    env["PATH"] = f"{Path(python).parent}{os.pathsep}{env['PATH']}"
    env |= {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0"}
    log = home / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [
                *(python, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
                *("--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"),
                *("--ServerApp.allow_root=True", "--LabApp.expose_app_in_browser=True"),
            ],
            env=env,
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while True:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/api/status?token={token}", timeout=2).read()
                break
            time.sleep(0.1)
        yield url, token
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
