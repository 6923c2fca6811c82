"""`python -m bngrader` and the command `bngrader`."""


def main() -> None:
    """Run the command line, or say which extra it needs: a student's install has only the checks."""
    import bngrader.light  # noqa: F401  # before all else

    try:
        from bngrader.commands import main as run
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"bngrader needs the package {error.name}, which grading alone uses. "
            "Install the instructor's extra: pip install 'bncourse[grade]'"
        ) from error
    run()


if __name__ == "__main__":
    main()
