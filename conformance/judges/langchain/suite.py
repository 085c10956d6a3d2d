"""LangChain's own integration tests for ChatBedrockConverse and ChatBedrock, against a running Outcrop.

Downloads the source package of langchain-aws (pinned version and hash), unpacks it, and runs the two files that judge
chat models as they are, several times and without retries. Writes what passed to a JSON file that `score.py` reads.

Failures are expected where Outcrop has no such feature, or where the small built-in model cannot do what a large one
can. Each has its reason in `failures.toml`; a failure without one makes this script fail.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import xml.etree.ElementTree

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "python"))

import reasons
from outcrop import ACCESS_KEY, SECRET_KEY, Server

TESTS = "tests/integration_tests/chat_models"
FILES = ["test_standard.py", "test_bedrock_converse.py"]
LIMIT_S = 3000
MESSAGE_MAX = 2000


def unpack(folder):
    """The source package's folder, downloaded if it is not there."""
    if not list(folder.glob("*.tar.gz")):
        folder.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        source = ["--no-deps", "--no-binary", "langchain-aws", "--require-hashes", "--dest", str(folder)]
        subprocess.run([*pip, *source, "--requirement", str(FOLDER / "sdist.txt")], check=True)
    (archive,) = folder.glob("*.tar.gz")
    root = folder / archive.name.removesuffix(".tar.gz")
    if not root.exists():
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    return root


def run(root, server, junit):
    """One run of both files."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": server.folder.name,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url,
        "AWS_ENDPOINT_URL_BEDROCK": server.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "LANGSMITH_TRACING": "false",
        "PYTHONPATH": str(FOLDER),
    }
    files = [f"{TESTS}/{name}" for name in FILES]
    # `local_files` makes the PDF and the picture that they would fetch. Cassettes are off: each request
    # goes to the server.
    options = ["-q", "-p", "no:cacheprovider", "-p", "local_files", "--disable-recording", f"--junitxml={junit}"]
    with open(junit.with_suffix(".log"), "w") as log:
        command = [sys.executable, "-m", "pytest", *options, *files]
        subprocess.run(command, cwd=root, env=environment, stdout=log, stderr=log, timeout=LIMIT_S)
    return read(junit)


def read(junit):
    """One record a test, and pytest's own last line, which alone says how many passed against expectation."""
    records = [record(case) for case in xml.etree.ElementTree.parse(junit).iter("testcase")]
    summary = junit.with_suffix(".log").read_text().strip().splitlines()[-1]
    return {"tests": records, "summary": summary}


def record(case):
    """Name, outcome, what went wrong and the last line of that."""
    parts = case.get("classname").removeprefix(TESTS.replace("/", ".") + ".").split(".")
    kept = {"name": "::".join([parts[0] + ".py", *parts[1:], case.get("name")]), "outcome": "passed"}
    for child in case:
        if child.tag in ("failure", "error"):
            text = (child.get("message") or child.text or "").strip()
            kept |= {"outcome": "failed", "last_line": text.splitlines()[-1], "message": text[-MESSAGE_MAX:]}
        elif child.tag == "skipped":
            kept |= {"outcome": child.get("type", "").removeprefix("pytest."), "message": child.get("message")}
    return kept


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--results", type=pathlib.Path, required=True, help="folder for what is written")
    arguments.add_argument("--source", type=pathlib.Path, required=True, help="folder to unpack the suite in")
    arguments.add_argument("--repeats", type=int, default=3)
    given = arguments.parse_args()
    given.results.mkdir(parents=True, exist_ok=True)
    root = unpack(given.source)
    runs = []
    for repeat in range(given.repeats):
        server = Server()
        try:
            runs.append(run(root, server, given.results.resolve() / f"langchain-{repeat + 1}.xml"))
        finally:
            code = server.stop()
        assert code == 0, f"the server ended with {code}"
        print(f"run {repeat + 1}: {runs[-1]['summary']}", flush=True)
        (given.results / "langchain.json").write_text(json.dumps({"suite": root.name, "runs": runs}, indent=1))
    failed = {test["name"]: test for run in runs for test in run["tests"] if test["outcome"] == "failed"}
    unexplained = [test for _, test in sorted(failed.items()) if reasons.reason_of(test) is None]
    for test in unexplained:
        print(f"no reason in failures.toml for {test['name']}: {test['last_line']}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
