from conftest import sentiment

from tfaugkd.rewriting import rewritten


def test_pairs_are_rewritten_together():
    pairs = sentiment(5, pairs=True)

    class Marks:
        def rewritten(self, texts, copies, seed, teacher):
            return ([f"{text} {seed} {n}" for n in range(copies)] for text in texts)

    found = list(rewritten(Marks(), pairs, copies=2, seed=7, teacher=None))
    assert found == [
        (place, (f"{pairs.text_a[place]} 7 {n}", f"{pairs.text_b[place]} 8 {n}"))
        for place in range(5)
        for n in range(2)
    ]
