import numba

from fusion.estimator.compiled import is_compiled


def test_the_cache_belongs_to_the_present_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert not is_compiled()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "filter.forward-1.nbi").write_bytes(b"")
    assert is_compiled()
