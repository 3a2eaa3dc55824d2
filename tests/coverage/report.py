"""report.py COVERAGE.json BRANCHES.txt: what gcovr counted, as a table of the folders of src/.

A folder below its goal fails. In src/ws each line is taken, and each branch but those that BRANCHES.txt
names: paragraphs of a reason and, indented, the lines that it holds for, as "FILE N TEXT": of that line at
most N branches may be left. Its text is what finds it; where no line reads so any more, that fails too.
"""
import collections
import json
import pathlib
import sys

LEAST_LINES = {"ws": 100, "net": 95, "endpoint": 95, "json": 95}  # per cent
EVERY_BRANCH = "src/ws/"


def read_reasons(path):
    """{(file, text): how many branches of the line may be left}"""
    allowed = {}
    reason = ""
    for line in pathlib.Path(path).read_text().splitlines():
        if not line or line.startswith("#"):
            reason = ""
        elif not line.startswith("  "):
            reason += line
        else:
            file, count, text = line.split(maxsplit=2)
            if not reason:
                sys.exit(f"coverage: {path} gives no reason for {file}: {text}")
            allowed[file, text] = int(count)
    return allowed


def read_lines(path):
    """(file, line number, how often it ran, [how often each of its branches was taken])"""
    for entry in json.loads(pathlib.Path(path).read_text())["files"]:
        counts, branches = {}, collections.defaultdict(dict)
        for line in entry["lines"]:  # a line of a template comes once for each of its functions
            if line.get("gcovr/noncode") or line.get("gcovr/excluded"):
                continue
            number = line["line_number"]
            counts[number] = counts.get(number, 0) + line["count"]
            for place, branch in enumerate(line["branches"]):
                if not branch.get("gcovr/excluded"):
                    taken = branches[number]
                    taken[place] = taken.get(place, 0) + branch["count"]
        for number, count in sorted(counts.items()):
            yield entry["file"], number, count, list(branches[number].values())


def percent(part, whole):
    """Rounded down: 100.0 is all of them."""
    return 1000 * part // whole / 10 if whole else 100.0


def main(coverage, reasons):
    allowed = read_reasons(reasons)
    needed = set()
    faults = []
    source = {}
    sums = collections.defaultdict(lambda: [0, 0, 0, 0, 0])  # lines, taken, branches, taken, left out
    for file, _ in allowed:
        source.setdefault(file, [text.strip() for text in pathlib.Path(file).read_text().splitlines()])
    faults += [f"{reasons}: {file} has no line {text!r} any more"
               for file, text in allowed if text not in source[file]]
    for file, number, count, branches in read_lines(coverage):
        of_folder = sums[file.split("/")[1]]
        left = branches.count(0)
        of_folder[0] += 1
        of_folder[1] += count > 0
        of_folder[2] += len(branches)
        of_folder[3] += len(branches) - left
        if not file.startswith(EVERY_BRANCH):
            continue
        text = pathlib.Path(file).read_text().splitlines()[number - 1].strip()
        if count == 0:
            faults.append(f"{file}:{number}: no test takes this line: {text}")
        elif left > 0:
            needed.add((file, text))
            may_be_left = allowed.get((file, text), 0)
            of_folder[4] += min(left, may_be_left)
            if left > may_be_left:
                faults.append(f"{file}:{number}: {left} of {len(branches)} branches not taken"
                              f"{f', {may_be_left} with a reason' if may_be_left else ''}: {text}")
    print("folder      lines      %  branches      %")
    for folder, (lines, taken, branches, branches_taken, left_out) in sorted(sums.items()):
        print(f"{folder:<10} {lines:6}  {percent(taken, lines):5}  {branches - left_out:8}  "
              f"{percent(branches_taken, branches - left_out):5}"
              + (f"  and {left_out} that cannot be taken ({reasons})" if left_out else ""))
        if percent(taken, lines) < LEAST_LINES.get(folder, 0):
            faults.append(f"{folder}: below its goal, {LEAST_LINES[folder]} % of the lines")
    for file, text in sorted(allowed.keys() - needed):
        print(f"taken here, so this compiler needs no reason for it: {file}: {text}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
