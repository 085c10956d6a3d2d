"""Writes the score table of `conformance/README.md` from the results of the last run.

`python score.py --results FOLDER` reads the JUnit files and `langchain.json` that the make targets left in FOLDER.
"""

import argparse
import collections
import json
import pathlib
import re
import sys
import tomllib
import xml.etree.ElementTree

JUDGES = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(JUDGES / "langchain"))

import reasons

README = JUDGES.parent / "README.md"
BEGIN, END = "<!-- score: written by judges/score.py -->\n", "<!-- end of score -->\n"

# Name of the test file, or of the outermost group in JavaScript: how the client is called, the packages it is.
CLIENTS = {
    "test_anthropic": ("Anthropic SDK, Python", ["anthropic"]),
    "anthropic-js": ("Anthropic SDK, JavaScript", ["@anthropic-ai/bedrock-sdk"]),
    "vercel": ("Vercel AI SDK", ["@ai-sdk/amazon-bedrock", "ai"]),
    "test_aws_cli": ("AWS CLI, version 1", ["awscli"]),
    "test_litellm": ("LiteLLM", ["litellm"]),
    "test_strands": ("Strands Agents", ["strands-agents"]),
}
SCENARIOS = ["unary", "stream", "turns", "parameters", "tools", "errors", "usage", "cancel", "access"]
# Passes in the two files of a mock that answers with fixed texts and has no model: what a suite's number is worth.
MOCK = {"test_standard.py": 52, "test_bedrock_converse.py": 127}


def versions():
    """Package → version, from the pinned lists that the environments are made of."""
    found = {}
    for name in ("requirements.txt", "requirements-frameworks.txt"):
        for line in (JUDGES / name).read_text().splitlines():
            if match := re.match(r"([A-Za-z0-9._-]+)==(\S+)", line):
                found.setdefault(match[1], match[2])
    return found | json.loads((JUDGES / "js/package.json").read_text())["dependencies"]


def sdks():
    """The AWS SDKs, which `make test` wants to pass altogether, with their versions."""
    folder = JUDGES.parent
    boto3 = re.search(r"^boto3==(\S+)", (folder / "python/requirements.txt").read_text(), re.M)[1]
    scripts = json.loads((folder / "js/package.json").read_text())["dependencies"]
    lock = tomllib.loads((folder / "rust/Cargo.lock").read_text())["package"]
    crates = {package["name"]: package["version"] for package in lock}
    named = [
        f"boto3 {boto3}",
        f"@aws-sdk/client-bedrock-runtime {scripts['@aws-sdk/client-bedrock-runtime']}",
        f"aws-sdk-bedrockruntime {crates['aws-sdk-bedrockruntime']}",
    ]
    return f"The AWS SDKs have tests of their own, all of which must pass: {', '.join(named)}."


def cases(element, path=()):
    """Each test case with the names of its groups, whichever runner wrote the file."""
    for child in element:
        if child.tag == "testcase":
            yield path, child
        elif child.tag == "testsuite":
            yield from cases(child, (*path, child.get("name")))


def outcome(case):
    for child in case:
        if child.tag in ("failure", "error"):
            return "failed", child.get("message")
        if child.tag == "skipped":
            return "wanted", child.get("message") or ""
    return "passed", None


def read(results):
    """(client, scenario) → outcomes; feature → clients that asked for it; day of the newest file."""
    scores, features, days = collections.defaultdict(list), collections.defaultdict(set), []
    for path in sorted(results.glob("clients-*.xml")):
        root = xml.etree.ElementTree.parse(path).getroot()
        days += [suite.get("timestamp")[:10] for suite in root.iter("testsuite") if suite.get("timestamp")]
        for groups, case in cases(root):
            client, scenario = place(groups, case)
            result, message = outcome(case)
            scores[client, scenario].append(result)
            if result == "wanted":
                features[message.split("not yet: ", 1)[1]].add(client)
    return scores, features, max(days)


def place(groups, case):
    """pytest writes `test_litellm.TestUnary` into the class name; Node nests groups."""
    match = re.fullmatch(r"(?:.*\.)?(test_\w+)\.Test(\w+)", case.get("classname", ""))
    return (match[1], match[2].lower()) if match else groups[-2:]


def table(scores):
    pinned = versions()
    lines = ["| client | version | " + " | ".join(SCENARIOS) + " |", "| --- " * (len(SCENARIOS) + 2) + "|"]
    for client, (name, packages) in CLIENTS.items():
        cells = [cell(scores.get((client, scenario), [])) for scenario in SCENARIOS]
        version = ", ".join(f"{package} {pinned[package]}" for package in packages)
        lines.append(f"| {name} | {version} | " + " | ".join(cells) + " |")
    return lines


def cell(results):
    return f"{results.count('passed')}/{len(results)}" if results else ""


def not_yet(features):
    issues = tomllib.loads((JUDGES / "wanted.toml").read_text())["features"]
    lines = ["| not yet, refused by name | asked for by | the issue it needs |", "| --- | --- | --- |"]
    for feature, clients in sorted(features.items()):
        names = ", ".join(CLIENTS[client][0] for client in CLIENTS if client in clients)
        lines.append(f"| {feature} | {names} | {issues[feature]} |")
    return lines


def langchain(results):
    """What LangChain's own suites gave, in each of the runs, and why the rest failed."""
    path = results / "langchain.json"
    if not path.exists():
        return ["LangChain's suites were not run."]
    found = json.loads(path.read_text())
    runs = [run["tests"] for run in found["runs"]]
    lines = [f"LangChain's own tests of {found['suite']}, {len(runs)} runs, no retries:", ""]
    heads = ["file", "tests", "passed, each run", "failed, each run", "a mock without a model passes"]
    lines += ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for name, mock in MOCK.items():
        per_run = [[test["outcome"] for test in run if test["name"].startswith(name)] for run in runs]
        passed, failed = ([outcomes.count(kind) for outcomes in per_run] for kind in ("passed", "failed"))
        lines.append(f"| `{name}` | {len(per_run[0])} | {spread(passed)} | {spread(failed)} | {mock} |")
    lines += ["", "In pytest's own words, where a test that passes although its suite expects it to fail is `xpassed`:", ""]
    lines += [f"- {run['summary']}" for run in found["runs"]]
    return [*lines, "", changing(runs), "", *why(runs)]


def spread(numbers):
    return ", ".join(map(str, numbers))


def changing(runs):
    by_name = collections.defaultdict(set)
    for run in runs:
        for test in run:
            by_name[test["name"]].add(test["outcome"])
    moved = sorted(name for name, outcomes in by_name.items() if len(outcomes) > 1)
    if not moved:
        return "Each test had the same outcome in every run."
    names = ", ".join(f"`{name}`" for name in moved)
    return f"{len(moved)} tests had not the same outcome in every run: {names}."


def why(runs):
    failed = {test["name"]: test for run in runs for test in run if test["outcome"] == "failed"}
    found = [reasons.reason_of(test) for test in failed.values()]
    lines = ["| tests that failed in any run | for lack of | why | the issue it needs |", "| --- " * 4 + "|"]
    counted = [(found.count(row), row) for row in reasons.ROWS if row in found]
    for count, row in sorted(counted, key=lambda pair: -pair[0]):
        lines.append(f"| {count} | {row['who']} | {row['reason']} | {row['issue']} |")
    if missing := found.count(None):
        lines.append(f"| {missing} | ? | no reason is known | |")
    return lines


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--results", type=pathlib.Path, required=True)
    results = arguments.parse_args().results
    scores, features, day = read(results)
    counted = collections.Counter(result for outcomes in scores.values() for result in outcomes)
    head = f"Run on {day}. Tests of clients: {counted['passed']} passed, {counted['failed']} failed; "
    head += f"{counted['wanted']} asked for what is not there yet and were refused by name."
    score = [head, sdks(), "", *table(scores), "", *not_yet(features), "", *langchain(results), ""]
    text = README.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(before + BEGIN + "\n" + "\n".join(score) + "\n" + END + after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
