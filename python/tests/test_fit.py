"""Numbers of a problem from measured series: the compiled part."""

import diff2d
import numpy as np
import pytest

pytest.importorskip("diff2d._native")

T = np.array([77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0])
Y = np.array([10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78])

BODY = dict(
    D=1.0,
    x1=0.0,
    x2=1.0,
    dx=0.5,
    grid="walls",
    method="exact",
    runtime=760.0,
    outtime=760.0,
    boundary="insulated",
    decay="b2",
    source="b1*b2",
    initial={"kind": "constant", "value": 0.0},
    constants={"b1": 250.0, "b2": 5e-4},
    record={"every": 760.0, "points": {"p": [0.5, 0.5]}},
    fit={"vary": {"b1": [20.0, 5000.0], "b2": [1e-5, 1e-2]}},
)


def test_a_fit_has_the_numbers_that_nist_certifies():
    found = diff2d.fit(BODY, {"t": T, "y": Y}, time="t", columns={"y": "p"})
    assert found.unknowns["b1"].estimate == pytest.approx(238.94212918, rel=1e-6)
    assert found.unknowns["b2"].standard_error == pytest.approx(7.2668688436e-6, rel=1e-4)
    assert found.sum_of_squares == pytest.approx(0.12455138894, rel=1e-6)
    assert found.columns["y"].values == 14 and found.correlation.shape == (2, 2)


def test_gaps_are_left_out_and_times_may_be_given_alone():
    gaps = np.where(T == 239.9, np.nan, Y)
    found = diff2d.fit(BODY, {"p": gaps}, time=T, threads=1)
    assert found.columns["p"].values == 13


@pytest.mark.parametrize("unit", ["s", "h"])
def test_dates_and_durations_count_as_those_of_a_file(unit):
    seconds = {"s": 1.0, "h": 3600.0}[unit]
    problem = {**BODY, "units": {"t": unit}}
    expected = diff2d.fit(problem, {"t": T, "p": Y}, time="t")
    durations = np.rint(T * seconds * 1e9).astype("timedelta64[ns]")
    begin = np.datetime64("2026-01-05T10:00:00")
    dates = begin + durations
    for times in (dates, dates.astype("datetime64[us]").astype(object), np.datetime_as_string(dates, unit="ns")):
        for since in (begin, begin.astype(object), "2026-01-05 10:00"):
            found = diff2d.fit(problem, {"t": times, "p": Y}, time="t", since=since)
            assert found.unknowns["b2"].estimate == pytest.approx(expected.unknowns["b2"].estimate, rel=1e-9)
    found = diff2d.fit(problem, {"p": Y}, time=durations)
    assert found.unknowns["b1"].estimate == pytest.approx(expected.unknowns["b1"].estimate, rel=1e-9)
    with pytest.raises(diff2d.ParameterError, match="dates or durations where numbers"):
        diff2d.fit(problem, {"t": T, "p": dates}, time="t")
    with pytest.raises(diff2d.ParameterError, match="since"):
        diff2d.fit(problem, {"t": T, "p": Y}, time="t", since="2026-01-05")


def test_tables_of_pandas_may_have_their_dates_in_the_index():
    pandas = pytest.importorskip("pandas")
    problem = {**BODY, "units": {"t": "s"}}
    expected = diff2d.fit(problem, {"t": T, "p": Y}, time="t").unknowns["b1"].estimate
    seconds = pandas.to_timedelta(T, unit="s")
    since = pandas.Timestamp("2026-01-05 10:00")
    for index in (seconds, since + seconds, pandas.DatetimeIndex(since + seconds, name="when", tz="UTC")):
        begin = None if index is seconds else index[0] - seconds[0]
        column = pandas.Series(Y, index=index, name="p")
        for data, time in ((column, None), (column.to_frame(), None), (column.to_frame(), index), ({"p": column}, index.to_series())):
            found = diff2d.fit(problem, data, time=time, since=begin)
            assert found.unknowns["b1"].estimate == pytest.approx(expected, rel=1e-9)
    assert diff2d.fit(problem, column, time="when", since=begin).columns["p"].values == 14
    for data, words in ((pandas.Series(Y, index=seconds), "has no name"), (Y, "of type ndarray; expected a table")):
        with pytest.raises(diff2d.ParameterError, match=words):
            diff2d.fit(problem, data, time=T)


def test_a_fit_has_the_rows_of_its_table_and_pictures_of_them(monkeypatch):
    import matplotlib

    matplotlib.use("Agg")
    gaps = np.where(T == 239.9, np.nan, Y)
    found = diff2d.fit({**BODY, "units": {"t": "s"}}, {"t": T, "y": gaps}, time="t", columns={"y": "p"})
    assert np.array_equal(found.t["y"], T[T != 239.9]) and np.array_equal(found.measured["y"], Y[T != 239.9])
    b1, b2 = (found.unknowns[name].estimate for name in ("b1", "b2"))
    assert found.fitted["y"] == pytest.approx(b1 * -np.expm1(-b2 * found.t["y"]), rel=1e-9)
    assert np.array_equal(found.residuals["y"], found.measured["y"] - found.fitted["y"])
    assert np.sqrt(np.mean(found.residuals["y"] ** 2)) == pytest.approx(found.columns["y"].rms)
    axes = found.plot()
    assert [ax.get_ylabel() for ax in axes] == ["y", "residual"] and axes[1].get_xlabel() == "t [s]"
    assert found.plot(axes) is not None
    with pytest.raises(diff2d.ParameterError, match="need 2"):
        found.plot(axes[0])
    shown = found._repr_html_()
    assert "b1" in shown and "95 % interval" in shown and "data:image/png;base64,iVBORw0KGgo" in shown
    monkeypatch.setattr("diff2d._fit.find_spec", lambda name: None)
    assert found.plot().data.startswith(b"\x89PNG")


def test_answers_are_shown_with_the_digits_that_count():
    found = diff2d.fit(BODY, {"t": T, "y": Y}, time="t", columns={"y": "p"})
    assert repr(found) == "<diff2d.Fit b1 = 238.942 (194.1 to 316.5), b2 = 0.000550156 (0.0003992 to 0.0007044)>"
    assert found["b1"] is found.unknowns["b1"]
    assert "estimate=238.942, " in repr(found.unknowns["b1"]) and "start=250, " in repr(found.unknowns["b1"])


def test_a_dotted_key_is_varied_and_a_prior_needs_sigma():
    problem = {**BODY, "constants": {"b1": 238.942, "b2": 5.5e-4}}
    problem["fit"] = {"vary": {"initial.value": {"between": [-5.0, 5.0], "prior": [0.0, 1.0]}}}
    found = diff2d.fit(problem, {"t": T, "p": Y}, time="t", sigma=0.1)
    assert abs(found.unknowns["initial.value"].estimate) < 0.2
    with pytest.raises(diff2d.ParameterError, match="sigma"):
        diff2d.fit(problem, {"t": T, "p": Y}, time="t")


def test_each_value_has_its_own_sigma():
    sigma = 0.1 * (1 + np.arange(len(T)) % 3)
    right = np.array([238.9, 5.5e-4])
    for _ in range(20):
        grown = -np.expm1(-right[1] * T)
        slopes = np.stack([grown, right[0] * T * (1 - grown)], axis=1) / sigma[:, None]
        right += np.linalg.lstsq(slopes, (Y - right[0] * grown) / sigma, rcond=None)[0]
    errors = np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)))
    for table, given in [
        ({"t": T, "p": Y, "d": sigma}, "d"),
        ({"t": T, "p": Y, "d": sigma}, {"p": "d"}),
        ({"t": T, "p": Y}, sigma),
        ({"t": T, "p": Y}, {"p": sigma}),
    ]:
        found = diff2d.fit(BODY, table, time="t", sigma=given)
        assert [found.unknowns[name].estimate for name in ("b1", "b2")] == pytest.approx(right, rel=1e-5)
        assert all(found.unknowns[name].standard_error > 0.9 * error for name, error in zip(("b1", "b2"), errors, strict=True))
        assert found.columns["p"].rms == pytest.approx(np.sqrt(np.mean((found.measured["p"] - found.fitted["p"]) ** 2)))


def test_what_cannot_be_fitted_raises():
    with pytest.raises(diff2d.ParameterError, match="different lengths"):
        diff2d.fit(BODY, {"t": T, "p": Y[1:]}, time="t")
    with pytest.raises(diff2d.ParameterError, match="the record has p"):
        diff2d.fit(BODY, {"t": T, "z": Y}, time="t")
    with pytest.raises(diff2d.ParameterError, match="nothing of"):
        diff2d.fit(BODY, {"t": T, "p": Y}, time="t", constants={"z": 1.0}, fit={"vary": {"z": [0.1, 2.0]}})
