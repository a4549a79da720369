import pytest

from tfaugkd.errors import InputError
from tfaugkd.folders import (
    MARKER,
    cache_folder,
    only_writer,
    prepare_output,
    publish,
    remove,
    replacing,
    size_on_disk,
    write_text,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_holds_the_marker_only(tmp_path):
    folder = prepare_output(tmp_path / "a" / "b")
    assert folder == tmp_path / "a" / "b"
    assert names(folder) == [MARKER]
    # A run that stopped before it wrote anything is no obstacle to the next.
    assert prepare_output(folder) == folder


def test_content_is_kept_unless_overwrite(tmp_path):
    folder = prepare_output(tmp_path / "run")
    write_text(folder / "logs" / "scores.json", "{}")
    with pytest.raises(InputError, match="overwrite: true"):
        prepare_output(folder)
    assert names(folder) == ["logs", MARKER]
    prepare_output(folder, overwrite=True)
    assert names(folder) == [MARKER]


def test_unknown_content_is_never_removed(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="will not be emptied"):
        prepare_output(tmp_path, overwrite=True)
    with pytest.raises(InputError, match="is a file"):
        prepare_output(tmp_path / "thesis.txt", overwrite=True)
    assert names(tmp_path) == ["thesis.txt"]


def test_what_the_run_reads_is_not_removed(tmp_path):
    folder = prepare_output(tmp_path / "run")
    write_text(folder / "teacher" / "model.json", "{}")
    with pytest.raises(InputError, match="which overwrite would remove"):
        prepare_output(folder, overwrite=True, inputs=[folder / "teacher"])
    prepare_output(folder, overwrite=True, inputs=[tmp_path / "elsewhere"])


def test_links_are_removed_but_not_followed(tmp_path):
    precious = tmp_path / "precious"
    write_text(precious / "file.txt", "text")
    folder = prepare_output(tmp_path / "run")
    (folder / "link").symlink_to(precious)
    assert size_on_disk(folder) == (folder / MARKER).stat().st_size
    prepare_output(folder, overwrite=True)
    assert names(folder) == [MARKER]
    assert names(precious) == ["file.txt"]


def test_one_process_writes_at_a_time(tmp_path):
    folder = prepare_output(tmp_path / "run")
    with only_writer(folder), pytest.raises(InputError, match="where another run is writing"):
        only_writer(folder).__enter__()
    with only_writer(folder):
        assert names(folder) == [MARKER]


def test_what_is_not_there_need_not_be_removed(tmp_path):
    write_text(tmp_path / "folder" / "a.txt", "text")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    remove(tmp_path / "link")
    remove(tmp_path / "link")
    assert names(tmp_path) == ["folder"]
    remove(tmp_path / "folder")
    assert names(tmp_path) == []


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "report.md"
    write_text(path, "± old")

    def fail_half_way():
        with replacing(path) as temporary:
            assert temporary.suffix == ".md"
            temporary.write_text("half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert path.read_text(encoding="utf-8") == "± old"
    assert names(tmp_path) == ["report.md"]


def test_publish(tmp_path):
    for version in ("one", "two"):
        write_text(tmp_path / version / f"{version}.txt", version)
    final = tmp_path / "models" / "student"
    assert publish(tmp_path / "one", final) == final
    with pytest.raises(InputError, match="exists already"):
        publish(tmp_path / "two", final)
    assert names(final) == ["one.txt"]
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / "three", final, replace=True)
    assert names(final) == ["one.txt"]
    publish(tmp_path / "two", final, replace=True)
    assert names(final) == ["two.txt"]
    assert names(final.parent) == ["student"]


def test_size_on_disk(tmp_path):
    write_text(tmp_path / "a.txt", "12345")
    write_text(tmp_path / "deep" / "er" / "b.txt", "123")
    assert size_on_disk(tmp_path) == 8
    assert size_on_disk(tmp_path / "a.txt") == 5
    with pytest.raises(InputError, match="no folder"):
        size_on_disk(tmp_path / "none")


def test_the_cache_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tfaugkd"


@pytest.mark.parametrize("value", [None, "", "not/absolute"])
def test_without_the_variable_the_cache_is_below_home(monkeypatch, tmp_path, value):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert cache_folder() == tmp_path / ".cache" / "tfaugkd"
