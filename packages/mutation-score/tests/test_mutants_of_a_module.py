"""The mutants of a module: which changes are made, where, and which are not."""

import pytest
from mutation_score.mutants import Mutant, mutants_of


def changes(source: str) -> list[str]:
    return [mutant.change for mutant in mutants_of(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a < b -> (a <= b)"]),
        ("a is b", ["a is b -> (a is not b)"]),
        ("not a", ["not a -> (a)"]),
        ("a and b", ["a and b -> (a or b)", "a and b -> (b)", "a and b -> (a)"]),
        ("a + b", ["a + b -> (a - b)"]),
        ("b if a else c", ["b if a else c -> (b)", "b if a else c -> (c)"]),
        ("x = 1", ["1 -> 2"]),
        ("x = True", ["True -> False"]),
        ("x = 'key'", ["'key' -> 'keyXX'"]),
        ("x = [a, b]", ["[a, b] -> ([b])", "[a, b] -> ([a])"]),
        ("x = {a}", ["{a} -> set()"]),
        ("x = {a: b}", ["{a: b} -> ({})"]),
        ("f(a, b=c)", ["f(a, b=c) -> pass", "f(a, b=c) -> (f(a))"]),
        ("x.y = z", ["x.y = z -> pass"]),
        ("x += y", ["x += y -> pass"]),
        ("raise x", ["raise x -> pass"]),
        ("x = s.partition(y)", ["s.partition -> (s.rpartition)"]),
        ("x = min(y)", ["min -> max"]),
        ("if a:\n    pass", ["a -> True", "a -> False"]),
        ("while a:\n    pass", ["a -> False"]),
        ("x = [y for y in z if y]", ["y -> True"]),
        ("match x:\n    case y:\n        pass", ["y -> y if False"]),
        ("match x:\n    case y if z:\n        pass", ["z -> True", "z -> False"]),
        ("try:\n    pass\nexcept A:\n    pass", ["pass -> raise"]),
        ("def f():\n    return x", ["return x -> return None"]),
        ("def f(a=1):\n    pass", ["1 -> 2"]),
        ("x: Annotated[str, Field(max_length=9)]", ["Field(max_length=9) -> (Field())", "9 -> 10"]),
        ("log.info('some text')", ["log.info('some text') -> pass", "'some text' -> 'some textXX'"]),
    ],
)
def test_each_kind_of_change_is_made(source: str, expected: list[str]) -> None:
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "import a\nfrom b import c",
        "def f(a: int) -> 'str':\n    pass",
        "x: Literal['a'] = y",
        "@cache(maxsize=1)\ndef f():\n    pass",
        "if TYPE_CHECKING:\n    x = 1",
        "while True:\n    pass",
        "type X = dict[str, 1]",
        "x = y('A sentence.')",
        "def f():\n    return None",
        "(a, b) = c",
    ],
)
def test_text_types_and_declarations_are_not_changed(source: str) -> None:
    assert changes(source) == []


def test_a_mutant_is_the_module_with_one_change() -> None:
    source = "def é():\n    # a comment\n    return 'ü', a < b  # another\n"
    (comparison,) = [mutant for mutant in mutants_of(source) if mutant.kind == "comparison"]
    assert comparison.source == "def é():\n    # a comment\n    return 'ü', (a <= b)  # another\n"
    assert (comparison.line, comparison.last_line) == (3, 3)


def of_kind(source: str, kind: str) -> Mutant:
    return next(mutant for mutant in mutants_of(source) if mutant.kind == kind)


def test_the_scope_of_a_mutant_is_its_outermost_function_with_its_decorators() -> None:
    source = "class A:\n    @decorated\n    def f(self):\n        def g():\n            return a < b\n"
    assert of_kind(source, "comparison").scope == range(2, 6)
    assert of_kind("class A:\n    x = a < b\n", "comparison").scope == range(0)
    assert of_kind("def f(x=a < b):\n    pass\n", "comparison").scope == range(0)  # evaluated on import
