"""Trains the byte-level BPE.

Merges inside words come first; merges with a leading space come last. A word is therefore cut in the same places with and
without a space before it, so that copying ` Zorvan` into `"Zorvan"` changes one token at most.
"""

import argparse
import json
import random
from collections import Counter

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import documents
from render import HERE, SPECIALS

VOCAB = 4096
SPACED = 1500  # tokens reserved for "space + piece"
SPACE = "Ġ"


def splitter():
    """llama.cpp's `smollm` pre-tokenizer: single digits, then GPT-2's regular expression."""
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])


def sample(seed, count):
    rng = random.Random(seed)
    short, long = documents(rng, 512), documents(rng, 2048)
    text = [next(short) for _ in range(count)] + [next(long) for _ in range(count // 20)]
    for s in SPECIALS:
        text = [t.replace(s, "\n\n") for t in text]
    return text


def train(texts):
    pieces = Counter()
    cut = splitter()
    for text in texts:
        pieces.update(piece for piece, _ in cut.pre_tokenize_str(text))
    bare, spaced = Counter(), Counter()
    for piece, n in pieces.items():
        if piece.startswith(SPACE) and len(piece) > 1:
            spaced[piece[1:]] += n
            bare[piece[1:]] += n
        else:
            bare[piece] += n
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    base = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(vocab_size=VOCAB - len(SPECIALS) - SPACED, initial_alphabet=sorted(alphabet), min_frequency=2, show_progress=False)
    # the logarithm keeps template words from crowding out pieces of made-up words
    base.train_from_iterator((p for p, n in bare.items() for _ in range(min(n, 100 + int(n ** 0.8)))), trainer)
    state = json.loads(base.to_str())["model"]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in state["merges"]]
    tokens = sorted(state["vocab"], key=state["vocab"].get)
    firsts = Counter()
    for piece, n in spaced.items():
        encoded = base.encode(piece).tokens
        if encoded:
            firsts[encoded[0]] += n
    room = VOCAB - len(SPECIALS) - len(tokens)
    extra = [(SPACE, SPACE), (SPACE * 2, SPACE * 2)]
    extra = [m for m in extra if "".join(m) not in state["vocab"]]
    extra += [(SPACE, t) for t, _ in firsts.most_common(room - len(extra)) if SPACE + t not in state["vocab"]]
    vocab = {t: i for i, t in enumerate(SPECIALS + tokens + ["".join(m) for m in extra])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges + extra))
    tokenizer.pre_tokenizer = splitter()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIALS])
    while len(vocab) < VOCAB:
        raise SystemExit(f"only {len(vocab)} tokens: raise the sample")
    return tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--documents", type=int, default=20000)
    a = parser.parse_args()
    tokenizer = train(sample(a.seed, a.documents))
    (HERE / "out").mkdir(exist_ok=True)
    tokenizer.save(str(HERE / "out" / "tokenizer.json"))
    print(tokenizer.get_vocab_size(), "tokens")
    for text in ["Hello Zorvan", '"Zorvan"', ' {"name": "get_weather", "arguments": {"city": "Skreith"}}', "My name is Skreith. 12345  x\n\n  y"]:
        print(tokenizer.encode(text, add_special_tokens=False).tokens)


if __name__ == "__main__":
    main()
