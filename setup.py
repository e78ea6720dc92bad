"""All is said in pyproject.toml but one thing: an editable install takes the data files (JupyterLab's settings) along."""

from setuptools import Distribution, setup


class WithDataFiles(Distribution):
    has_data = Distribution.has_data_files  # setuptools asks for it under this name


setup(distclass=WithDataFiles)
