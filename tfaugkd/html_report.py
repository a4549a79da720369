"""The job `tfaugkd report`: one HTML page about runs and comparisons, beside each other."""

from pathlib import Path

from tfaugkd.cells import MISSING, Cells
from tfaugkd.comparison_training import folder_name
from tfaugkd.errors import InputError
from tfaugkd.fingerprint import leaves
from tfaugkd.finished_run import Training, is_comparison, is_run, read_run_config, read_training
from tfaugkd.folders import require_new_file, write_text
from tfaugkd.html_page import Grid, Page, Section, rendered
from tfaugkd.job_configs import ReportConfig
from tfaugkd.report import read_report
from tfaugkd.report_sections import (
    comparison_section,
    curve_section,
    run_section,
    scores_table,
)


def report(config: ReportConfig) -> None:
    """Writes the page.

    Args:
        config: The job.

    Raises:
        InputError: A folder without a finished run, a damaged file, or an output that stands
            already.
    """
    folders = [Path(run) for run in config.runs]
    output = Path(config.output) if config.output is not None else folders[0] / "report.html"
    require_new_file(output, config.overwrite)
    for folder in folders:
        if not (is_run(folder) or is_comparison(folder)):
            raise InputError(
                f"{str(folder)!r} holds no finished run; name the output folder of `tfaugkd "
                "teacher`, `tfaugkd distill` or `tfaugkd compare`."
            )
    write_text(output, rendered(page_of(folders)))
    print(f"The report is {output}")


def page_of(folders: list[Path]) -> Page:
    """Puts the page together.

    Args:
        folders: Output folders of finished runs or comparisons.

    Returns:
        The page: what the runs have beside each other, then each folder by itself.

    Raises:
        InputError: A file is damaged.
    """
    trainings = {folder: _trainings(folder, alone=len(folders) == 1) for folder in folders}
    everything = [training for found in trainings.values() for training in found]
    sections = []
    if len(everything) > 1:
        beside = [scores_table(everything)]
        if len(folders) > 1:
            beside.append(_differences(folders))
        sections += [Section("Beside each other", beside), curve_section(everything)]
    for folder, found in trainings.items():
        config = read_run_config(folder)
        if is_comparison(folder):
            sections += comparison_section(folder, read_report(folder), found, config)
        else:
            sections += run_section(found[0], config, several=len(folders) > 1)
    title = ", ".join(str(folder) for folder in folders)
    return Page(f"tfaugkd: {title}", sections)


def _trainings(folder: Path, alone: bool) -> list[Training]:
    """Reads a folder's trainings: one, or of a comparison the teacher and each method's seeds."""
    if not is_comparison(folder):
        run = read_training(folder, folder.name)
        return [] if run is None else [run]
    found = read_report(folder)
    named = {found.teacher or "": folder / "teacher"}
    named |= {
        f"{row.name}, seed {seed}": folder / "students" / folder_name(row.name) / f"seed_{seed}"
        for row in found.rows
        if row.name != found.teacher
        for seed in found.seeds
    }
    prefix = "" if alone else f"{folder.name}: "
    read = (read_training(path, f"{prefix}{name}") for name, path in named.items())
    return [training for training in read if training is not None]


def _differences(folders: list[Path]) -> Grid:
    """Lists the keys of the configurations that are not the same everywhere."""
    configs = [dict(leaves(read_run_config(folder))) for folder in folders]
    keys = dict.fromkeys(key for config in configs for key in config)
    lines = [
        [key, *(str(config.get(key, MISSING)) for config in configs)]
        for key in keys
        if len({repr(config.get(key, MISSING)) for config in configs}) > 1
    ]
    columns = ["Key", *(folder.name for folder in folders)]
    return Grid(Cells("What differs in the configurations", columns, lines))
