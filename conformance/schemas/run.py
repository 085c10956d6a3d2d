"""Completions under generated schemas, each judged by an independent validator.

Half come through Converse at temperature 1, half through chat completions at temperature 1.5; some of each are
streamed, some are calls of strict tools. Everything about a request follows from its seed: `--first SEED --count 1`
repeats one and shows it.

Fails if a completion is not valid, if an answer is an error, if fewer than 90 % are complete, if more than 3 % of the
schemas are refused, or if something that docs/structured-output.md accepts never was in a completion.
"""

import argparse
import concurrent.futures
import json
import pathlib
import random
import signal
import sys
import time
from collections import Counter

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "python"))

import judge
from coverage import documented, used
from doors import PROMPTS, TOOLS, Case, Refused, ask
from generator import generate
from outcrop import ROOT, Server

IN_FLIGHT = 16
COMPLETED_LEAST = 0.9
REFUSED_MOST = 0.03
COMPLETED = {"end_turn", "tool_use", "stop", "tool_calls"}
CUT_OFF = {"max_tokens", "length", "model_context_window_exceeded"}
CONFIG = "[limits]\nmax_connections = 256\n"


def case_of(seed, max_tokens):
    dice = random.Random(f"case {seed}")
    case = Case(
        seed=seed,
        door="converse" if seed % 2 == 0 else "chat",
        stream=dice.random() < 0.3,
        prompt=dice.choice(PROMPTS),
        max_tokens=max_tokens,
    )
    if dice.random() < 0.15:
        names = TOOLS[: dice.randint(1, len(TOOLS))]
        case.tools = {name: generate(f"{seed} {name}", is_object=True) for name in names}
        case.named = dice.random() < 0.5
    else:
        case.schema = generate(seed)
    return case


def faults(case, answer):
    """What is wrong with a completion."""
    if not case.tools:
        return [_fault(case.schema, answer.text)] if not answer.calls else ["a call, though there are no tools"]
    found = [] if answer.calls else ["no call"]
    if answer.text.strip():
        found.append(f"text beside the calls: {answer.text[:200]!r}")
    for name, arguments in answer.calls:
        found.append(_fault(case.tools[name], arguments) if name in case.tools else f"a tool not offered: {name}")
    return found


def _fault(schema, text):
    try:
        value = judge.read(text) if isinstance(text, str) else text
    except ValueError as error:
        return f"not JSON: {error}"
    return judge.fault(schema, value)


def attempt(server, client, case):
    """One request: `(outcome, details)`."""
    record = {"seed": case.seed, "way": case.way, "schema": case.tools or case.schema}
    try:
        answer = ask(server, client, case)
    except Refused as refusal:
        outcome = "too slow" if "too long to compile" in str(refusal) else "refused"
        return outcome, {**record, "message": str(refusal)}
    except Exception as error:
        return "error", {**record, "message": f"{type(error).__name__}: {error}"}
    record |= {"stop": answer.stop, "tokens": answer.tokens, "output": answer.calls or answer.text}
    if answer.stop in CUT_OFF:
        return "cut off", record
    if answer.stop not in COMPLETED:
        return "error", {**record, "message": f"stopped for {answer.stop!r}"}
    found = [fault for fault in faults(case, answer) if fault]
    if found:
        return "invalid", {**record, "faults": found}
    return "valid", record


class Tally:
    """Counts outcomes; writes down what is not valid."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        kept = ("invalid", "refused", "too slow", "error", "cut off")
        self.files = {kind: open(folder / f"{kind.replace(' ', '-')}.jsonl", "w") for kind in kept}
        self.outcomes = Counter()
        self.ways = Counter()
        self.features = Counter()
        self.tokens = 0
        self.started = time.monotonic()

    def add(self, outcome, record):
        self.outcomes[outcome] += 1
        self.ways[record["way"], outcome] += 1
        self.tokens += record.get("tokens", 0)
        if outcome == "valid":
            schemas = record["schema"].values() if "tools" in record["way"] else [record["schema"]]
            self.features.update(set().union(*map(used, schemas)))
        else:
            print(json.dumps(record), file=self.files[outcome], flush=True)
        if outcome not in ("valid", "cut off", "too slow"):
            print(f"{outcome}: seed {record['seed']}: {record.get('faults') or record.get('message')}", flush=True)

    def report(self):
        """The figures, and why the run fails, if it does."""
        seconds = time.monotonic() - self.started
        count = self.outcomes
        answered = count["valid"] + count["invalid"] + count["cut off"]
        completed = (count["valid"] + count["invalid"]) / max(1, answered)
        unused = [feature for feature in documented() if not self.features[feature]]
        figures = {
            "completions": answered,
            "completed": f"{100 * completed:.1f} %",
            "invalid": count["invalid"],
            "refused": count["refused"],
            "refused for time on a busy machine": count["too slow"],
            "errors": count["error"],
            "seconds": round(seconds),
            "tokens": self.tokens,
            "tokens_per_second": round(self.tokens / seconds),
            "ways": {f"{way}: {outcome}": number for (way, outcome), number in sorted(self.ways.items())},
            "used_in_valid_completions": {feature: self.features[feature] for feature in documented()},
        }
        refused = count["refused"] / max(1, sum(count.values()))
        failures = {
            f"{count['invalid']} invalid": count["invalid"],
            f"{count['error']} errors": count["error"],
            f"only {100 * completed:.1f} % completed": completed < COMPLETED_LEAST,
            f"{100 * refused:.1f} % refused": refused > REFUSED_MOST,
            f"never used: {', '.join(unused)}": unused,
        }
        return figures, [failure for failure, holds in failures.items() if holds]


def run(server, options, tally):
    """Sends until as many as asked for are answered; what is refused is replaced by a further seed."""
    client = server.client()
    wanted, seed = options.count, options.first
    with concurrent.futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
        running = set()
        while running or wanted > 0:
            while wanted > 0 and len(running) < IN_FLIGHT:
                running.add(pool.submit(attempt, server, client, case_of(seed, options.max_tokens)))
                seed, wanted = seed + 1, wanted - 1
            done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                outcome, record = future.result()
                tally.add(outcome, record)
                wanted += outcome in ("refused", "too slow") and options.count > 1
                if sum(tally.outcomes.values()) % 500 == 0:
                    print(dict(tally.outcomes), round(time.monotonic() - tally.started), "s", flush=True)
                if options.count == 1:
                    print(outcome, json.dumps(record, indent=1, ensure_ascii=False))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=10_000, help="completions (default: 10000)")
    arguments.add_argument("--first", type=int, default=0, help="seed of the first (default: 0)")
    arguments.add_argument("--max-tokens", type=int, default=600, help="of one answer (default: 600)")
    arguments.add_argument("--results", type=pathlib.Path, default=ROOT / "target/schemas", help="folder for results")
    options = arguments.parse_args()
    tally = Tally(options.results)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = Server(config=CONFIG)
    ended = []
    try:
        run(server, options, tally)
    except KeyboardInterrupt:
        ended.append("ended before its time")
    finally:
        code = server.stop()
    figures, failures = tally.report()
    failures += ended
    (options.results / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1), flush=True)
    if code:
        failures.append(f"the server ended with {code}")
    if options.count > 1 and failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
