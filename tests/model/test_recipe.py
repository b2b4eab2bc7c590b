import dataclasses
from pathlib import Path

import pytest

from model.margins import LOSSES, Margin
from model.recipe import RecipeInvalid, TrainConfig, config_from, read_recipe, recipe_hash
from model.training import Training

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


def test_there_is_a_recipe_for_each_row_and_only_the_loss_differs():
    read = {path.stem: read_recipe(path) for path in RECIPES.glob("*.toml")}
    assert set(read) == set(LOSSES)
    of_the_loss = {"loss", "scale", "multiply", "add_angle", "add_cosine"}
    for loss, config in read.items():
        assert config.loss == loss
        for field in dataclasses.fields(TrainConfig):
            if field.name not in of_the_loss:
                assert getattr(config, field.name) == getattr(read["arcface"], field.name)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("colour = 1", "unknown key 'colour'"),
        ("epochs = 0", "epochs = 0 is not within 1..10000"),
        ("epochs = 2.5", "epochs = 2.5 has the wrong type"),
        ("epochs = true", "epochs = True has the wrong type"),
        ("loss = 'triplet'", "not one of softmax"),
        ("add_angle = 3.0", "add_angle = 3.0 is not within 0..1.5"),
        ("input_size = 60", "no multiple of 16"),
        ("blocks = [2, 2]", "wrong type"),
        ("blocks = 5", "wrong type"),
        ("seed = -1", "seed = -1 is not within"),
        ("device = 'gpu'", "not one of auto, cpu, cuda"),
        ("zoom = 1.0", "zoom = 1.0 is not within"),
        ("loss = 'softmax'\nadd_angle = 0.3", "softmax has no margin"),
        ("blocks = [2, 2, 0, 2]", "each stage needs one"),
        ("plain = 1", "plain = 1 has the wrong type"),
        ("precision = 'int8'", "precision"),
        ("epochs =", "cannot be read"),
    ],
)
def test_a_wrong_recipe_is_one_clear_line(tmp_path, text: str, reason: str):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(RecipeInvalid, match=reason) as caught:
        read_recipe(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recipe_overrides_the_table():
    config = TrainConfig(loss="arcface", add_angle=0.3, scale=20)
    assert config.final_margin == Margin(1.0, 0.3, 0.0)
    assert config.final_scale == 20
    assert TrainConfig(loss="arcface").final_margin == LOSSES["arcface"].margin
    assert TrainConfig(loss="softmax").final_margin is None


def test_a_whole_number_is_a_float_where_the_field_is_one():
    whole = config_from({"scale": 24, "warm_up": 0, "epochs": 3, "threads": 0}, "here")
    same = config_from({"scale": 24.0, "warm_up": 0.0, "epochs": 3, "threads": 0}, "here")
    assert recipe_hash(whole) == recipe_hash(same)
    types = [type(getattr(whole, name)) for name in ("scale", "warm_up", "epochs", "threads")]
    assert types == [float, float, int, int]
    Training(whole, 3, 10)  # whose schedule asks for a float
    with pytest.raises(RecipeInvalid, match=r"scale = 10+ is not within"):
        config_from({"scale": 10**400}, "here")
