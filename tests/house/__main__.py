"""`python -m tests.house`: prints the figures of the house as a table in Markdown."""

from collections.abc import Iterator

from tests.house.imports import longest_chain, packages, product_imports
from tests.house.source import ALL, PRODUCT, modules_in_folders, percentile, sources


def main() -> None:
    """Print a line for each figure, then the longest chain of each package."""
    print("| figure | value |\n| --- | --- |")
    for name, value in figures():
        print(f"| {name} | {value} |")
    imports = product_imports()
    print("\n| package | longest import chain | from | to |\n| --- | --- | --- | --- |")
    for package in packages():
        chain = longest_chain(imports, package)
        print(f"| {package} | {len(chain)} | {chain[0]} | {chain[-1]} |")


def figures() -> Iterator[tuple[str, object]]:
    """Yield the name and the value of each figure."""
    product, tests = sources(*PRODUCT), sources("tests")
    folders = modules_in_folders(sources(*ALL))
    (fullest, most), *_ = folders.most_common(1)
    longest_file = max(product, key=lambda one: one.lines)
    functions = [(length, name, one.name) for one in product for name, length in one.functions()]
    lines = sum(one.lines for one in product)
    test_lines = sum(one.lines for one in tests)
    comments = sum(one.comments for one in product)
    length, name, where = max(functions)
    yield "folders with modules", len(folders)
    yield "most modules in a folder", f"{most} ({fullest})"
    yield "lines of product code", lines
    yield "longest file", f"{longest_file.lines} ({longest_file.name})"
    yield "longest function", f"{length} ({name} in {where})"
    yield "function length, nine of ten", percentile([one[0] for one in functions], 0.9)
    yield "comments per 100 lines", f"{100 * comments / lines:.2f}"
    yield "lines of tests for each line of product code", f"{test_lines / lines:.2f}"


if __name__ == "__main__":
    main()
