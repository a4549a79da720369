from tfaugkd.log_files import cut_back_logs, log_sizes


def test_logs_are_cut_back_to_what_they_were(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "history.csv").write_text("epoch,loss\n0,0.5\n")
    (tmp_path / "train" / "events.1").write_bytes(b"abc")
    sizes = log_sizes(tmp_path)
    assert sizes == {"history.csv": 17, "train/events.1": 3}

    with (tmp_path / "history.csv").open("a") as file:
        file.write("1,0.25\n")
    (tmp_path / "train" / "events.2").write_bytes(b"def")
    cut_back_logs(tmp_path, sizes)
    assert (tmp_path / "history.csv").read_text() == "epoch,loss\n0,0.5\n"
    assert log_sizes(tmp_path) == sizes


def test_what_has_become_shorter_or_is_gone_stays_so(tmp_path):
    (tmp_path / "short").write_bytes(b"ab")
    cut_back_logs(tmp_path, {"short": 5, "gone": 3})
    assert log_sizes(tmp_path) == {"short": 2}
    assert log_sizes(tmp_path / "none") == {}
