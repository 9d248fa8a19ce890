"""Trees of JSON: their values by dotted paths, and what differs between two."""

from ganache.support.trees import differences, leaves


def test_leaves_are_the_values_by_their_dotted_paths() -> None:
    assert leaves({"a": {"b": 1, "c": [1, {"d": 2}]}, "e": None}) == {"a.b": 1, "a.c": [1, {"d": 2}], "e": None}


def test_differences_list_changed_removed_and_added_values() -> None:
    before = {"a": {"b": 1, "c": 2}, "same": [1, 2], "gone": True}
    after = {"a": {"b": 1, "c": 3}, "same": [1, 2], "new": {"x": "y"}}
    assert differences(before, after) == ["a.c: 2 → 3", "gone: True → nothing", "new.x: nothing → y"]
    assert differences(before, before) == []
    assert differences("old", "new") == [": old → new"]


def test_a_part_that_became_empty_or_was_not_is_a_difference() -> None:
    assert differences({"a": 1, "penalties": {}}, {"a": 1, "penalties": {"r1": {"weight": 3}}}) == [
        "penalties.r1.weight: nothing → 3"
    ]
