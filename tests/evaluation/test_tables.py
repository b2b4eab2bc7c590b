"""evaluation/tables.py on results that are not all there yet."""

from evaluation import tables

STARTS = {"accuracy": {"each": [0.90, 0.91, 0.92]}, "auc": {"each": [0.95, 0.96, 0.97]}}


def test_seeds_that_were_not_all_scored_on_test_people_have_a_table_of_validation(monkeypatch):
    losses = {"softmax": {"validation": STARTS}, "arcface": {"validation": STARTS}}
    monkeypatch.setattr(tables, "read_json", lambda name: {"losses": losses})
    assert "| softmax | 90.0, 91.0, 92.0 % | 0.9500, 0.9600, 0.9700 |\n" in tables.seeds()
    assert "test" not in tables.seeds()
    losses["arcface"]["test"] = STARTS
    assert "test" not in tables.seeds()
    losses["softmax"]["test"] = STARTS
    assert (
        "| accuracy, validation | AUC, validation | accuracy, test | AUC, test |" in tables.seeds()
    )
