"""A lab's own reference group: who is in it, what its ranges hold, and when there are too few."""

import json

import numpy as np
import pytest

from apps.cli import main
from fusion.errors import FormatError, SignalError
from fusion.gait.norms import normalised_speed
from fusion.gait.reference_group import (
    ENOUGH_PEOPLE,
    MIN_PEOPLE,
    Member,
    build_group,
    load_group,
    save_group,
)
from fusion.types import Subject

LEG = 0.9
SPEED, KNEE = ("walking_speed_mps", "both"), ("knee_flexion_range_deg", "left")


def member(number, values, **about):
    subject = Subject(identifier=f"P{number}", age_years=30.0 + number % 20, leg_length_m=LEG, **about)
    return Member(subject, {key: tuple(np.atleast_1d(value)) for key, value in values.items()})


def people(count, seed=0, slope=0.0):
    random = np.random.default_rng(seed)
    speed = 1.3 + 0.15 * random.normal(size=count)
    knee = 60.0 + slope * (speed - 1.3) + 4.0 * random.normal(size=count)
    return [member(k, {SPEED: speed[k], KNEE: knee[k]}) for k in range(count)]


def test_mean_and_spread_are_over_people_and_nobody_counts_twice():
    every = people(25)
    twice = [*every, *(Member(one.subject, one.values) for one in every[:10])]
    once, doubled = (build_group("ours", group).references[KNEE] for group in (every, twice))
    assert doubled == once
    values = [one.values[KNEE][0] for one in every]
    assert (once.mean, once.sd, once.n) == pytest.approx((np.mean(values), np.std(values, ddof=1), 25))


@pytest.mark.parametrize("count", [0, 1, MIN_PEOPLE - 1])
def test_too_few_people_are_refused_with_how_many_are_needed(count):
    with pytest.raises(SignalError, match=rf"at least {MIN_PEOPLE} people, better {ENOUGH_PEOPLE}; got {count}"):
        build_group("ours", people(count))


def test_a_small_group_says_that_its_limits_are_approximate_and_a_large_one_does_not():
    small, large = build_group("ours", people(24)), build_group("ours", people(ENOUGH_PEOPLE))
    assert "24 people" in small.remark
    assert large.remark == ""
    assert small.references[KNEE].limit_sd > 1.5 * large.references[KNEE].limit_sd


@pytest.mark.parametrize("count", [20, 40, 150])
def test_the_next_healthy_person_lies_in_the_range_95_times_of_100(count):
    inside = []
    for seed in range(150):
        *group, other = people(count + 1, seed)
        norm = build_group("ours", group).norm(*KNEE, other.subject)
        inside.append(norm.low <= other.values[KNEE][0] <= norm.high)
    assert 0.90 <= np.mean(inside) <= 0.99


def test_a_slow_walker_is_compared_with_healthy_people_at_that_speed():
    group = build_group("ours", people(80, slope=25.0))
    slow = group.norm(*KNEE, Subject(leg_length_m=LEG, age_years=40.0), 0.9)
    usual = group.norm(*KNEE, Subject(leg_length_m=LEG, age_years=40.0))
    assert slow.mean == pytest.approx(60.0 - 25.0 * 0.4, abs=2.5)
    assert usual.mean == pytest.approx(60.0, abs=1.5)
    assert slow.high - slow.low < usual.high - usual.low
    assert group.references[KNEE].centre == pytest.approx(normalised_speed(1.3, LEG), abs=0.02)


def test_a_person_unlike_the_group_has_no_norm_and_is_told_why():
    women = [
        Member(one.subject, one.values) for one in (member(k, {KNEE: 60.0 + k}, sex="female") for k in range(22))
    ]
    group = build_group("our women", women)
    assert "all female" in group.norm(*KNEE, Subject(sex="male", age_years=35.0)).name
    assert "30 to 49 years" in group.norm(*KNEE, Subject(sex="female", age_years=8.0)).name
    assert group.norm(*KNEE, Subject(sex="female", age_years=35.0)).is_known


def test_a_saved_group_is_read_back_the_same_and_holds_no_person(tmp_path):
    group = build_group("ours", people(40, slope=10.0))
    save_group(group, tmp_path / "ours.json")
    assert load_group(tmp_path / "ours.json") == group
    assert "P1" not in (tmp_path / "ours.json").read_text(encoding="utf-8")
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FormatError, match="no reference group"):
        load_group(tmp_path / "other.json")


def folder(root, one):
    path = root / one.subject.identifier
    path.mkdir()
    about = {"identifier": one.subject.identifier, "age_years": one.subject.age_years, "sex": "", "leg_length_m": LEG}
    rows = [
        {"name": name, "side": side, "value": values[0], "grade": "good"}
        for (name, side), values in one.values.items()
    ]
    rows.append({"name": "cadence_spm", "side": "both", "value": None, "grade": "not assessable"})
    content = {"recording": {"subject": about}, "parameters": rows}
    (path / "analysis.json").write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_the_command_builds_a_group_from_result_folders_and_compares_a_person(tmp_path, capsys):
    *group, other = (folder(tmp_path, one) for one in people(31))
    out = str(tmp_path / "ours.json")
    assert main(["norms", "build", *group, "--name", "our adults", "--out", out]) == 0
    assert "our adults: 30 people; 120 are asked for" in capsys.readouterr().out
    assert main(["norms", "compare", out, other]) == 0
    assert "our adults at this speed, n = 30" in capsys.readouterr().out
    assert main(["norms", "build", *group[:5], "--out", out]) == 3
    assert "at least 20 people" in capsys.readouterr().err
