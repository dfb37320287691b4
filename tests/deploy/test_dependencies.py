"""An image installs what its service imports: each extra is enough."""

import pytest

from tests.deploy.imports import OURS, imported_distributions, installed_distributions
from tests.deploy.installed import CONSOLE, services
from tests.deploy.manifests import project


@pytest.mark.parametrize("program", sorted({CONSOLE, *services()}))
def test_everything_that_a_program_imports_is_in_its_image(program: str) -> None:
    missing = imported_distributions(program) - installed_distributions(program)

    assert missing == set()


def test_every_program_has_an_extra_and_every_extra_a_program() -> None:
    assert set(project()["optional-dependencies"]) == {CONSOLE, *services()}


@pytest.mark.parametrize("program", sorted({CONSOLE, *services()}))
def test_nothing_that_is_installed_has_the_name_of_our_own_packages(program: str) -> None:
    assert installed_distributions(program) & set(OURS) == set()
