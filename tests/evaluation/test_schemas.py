"""results/*.json against results/schema.json, and the checkpoints that they speak of."""

import json

import pytest
from jsonschema import Draft202012Validator

from evaluation.results import ASSETS, LOSSES, RESULTS
from model.files import fingerprint
from model.recipe import recipe_hash
from model.recognizer import Recognizer

SCHEMA = json.loads((RESULTS / "schema.json").read_text(encoding="utf-8"))
DESCRIBED = [name for name in SCHEMA["$defs"] if (RESULTS / f"{name}.json").is_file()]


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_result_has_its_values_errors_command_versions_and_hashes(name: str):
    found = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    for of in ("header", name):
        schema = {"$ref": f"#/$defs/{of}", "$defs": SCHEMA["$defs"]}
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(found)


def test_the_schema_refuses_a_value_without_its_error():
    schema = {"$ref": "#/$defs/measure", "$defs": SCHEMA["$defs"]}
    assert Draft202012Validator(schema).is_valid({"value": 0.5, "standard_error": 0.01})
    assert not Draft202012Validator(schema).is_valid({"value": 0.5})


def test_results_of_networks_are_of_those_that_ship():
    shipped = {loss: fingerprint(ASSETS / f"{loss}.safetensors") for loss in LOSSES}
    for name, losses in {
        "view1": lambda found: found["losses"],
        "ledger": lambda found: found["losses"],
        "identify": lambda found: found["open"]["losses"],
    }.items():
        if (RESULTS / f"{name}.json").is_file():
            found = losses(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))
            assert {loss: one["checkpoint_sha256"] for loss, one in found.items()} == shipped
    recipes = json.loads((RESULTS / "view1.json").read_text(encoding="utf-8"))["losses"]
    for loss in LOSSES:
        card = Recognizer.load(ASSETS / f"{loss}.safetensors").card
        assert card is not None
        assert recipes[loss]["recipe_sha256"] == recipe_hash(card.config)
