"""The packaged data is found in a checkout."""

import pytest

from lambdadesk.core import resources


def test_the_folder_of_packaged_data_exists() -> None:
    assert resources.files().is_dir()


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        resources.read_text("functions/no-such-function/index.py")
