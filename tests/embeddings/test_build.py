from collections.abc import Callable
from pathlib import Path

import pytest

from app.embeddings import build
from app.embeddings.build import ModelBuildError, WeightFile, build_model, default_model_dir, is_built


def test_the_model_lies_in_the_data_directory(tmp_path: Path) -> None:
    assert default_model_dir(tmp_path) == tmp_path / "models" / "multilingual-e5-small"


def test_a_complete_model_is_left_alone(model_dir: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in model_dir.rglob("*")}
    said: list[str] = []
    assert build_model(model_dir, progress=said.append) == model_dir
    assert {path: path.stat().st_mtime_ns for path in model_dir.rglob("*")} == before
    assert not said


def test_half_a_model_is_built_anew(damaged: Callable[[str, bytes | None], Path]) -> None:
    target = damaged("model.safetensors", b"half of it")
    assert not is_built(target)
    said: list[str] = []
    build_model(target, progress=said.append)
    assert is_built(target)
    assert said
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("manifest", [b"", b"{}", b'{"recipe": 0, "files": {}}', None])
def test_a_manifest_that_says_nothing_counts_as_no_model(
    damaged: Callable[[str, bytes | None], Path], manifest: bytes | None
) -> None:
    assert not is_built(damaged("build.json", manifest))


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "TOKENIZER", ("no-such-package", "tokenizer.json"))
    with pytest.raises(ModelBuildError, match="no-such-package"):
        build_model(tmp_path / "model", progress=lambda _: None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"E5S1", b"GGUF" + bytes(100), b"E5S1\x02" + bytes(100)])
def test_another_weight_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(ModelBuildError):
        WeightFile(path)
