from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_data_dir

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidArgumentError, UnwritableStoreError
from ipyassets.storage.signature import Signer, content_hash, content_of, jupyter_data_folder

A = AssetKey("a")
CONTENT = content_hash().hexdigest()


def test_a_digest_is_signed_for_one_partition_by_one_key():
    signer = Signer(secret=b"mine")
    digest = signer.digest(A, "k", CONTENT)
    assert signer.signed(A, "k", digest)
    assert not signer.signed(A, "l", digest)
    assert not signer.signed(AssetKey(["a", "k"]), "", digest)
    assert not Signer(secret=b"theirs").signed(A, "k", digest)


def test_a_digest_with_another_content_is_not_signed():
    digest = Signer(secret=b"mine").digest(A, "k", CONTENT)
    assert not Signer(secret=b"mine").signed(A, "k", "0" + digest[1:])
    assert not Signer(secret=b"mine").signed(A, "k", digest[:-1])
    assert not Signer(secret=b"mine").signed(A, "k", content_of(digest))
    assert not Signer(secret=b"mine").signed(A, "k", "é" * 96)


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "deep" / "key"
    digest = Signer(key_file=path).digest(A, "k", CONTENT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["key"]
    assert Signer(key_file=path).digest(A, "k", CONTENT) == digest


def test_processes_that_make_the_key_at_once_agree_on_it(tmp_path):
    program = (
        "import sys; from pathlib import Path; from ipyassets.storage.signature import read_or_make_key;"
        f"print(read_or_make_key(Path({str(tmp_path / 'key')!r})).decode())"
    )
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({each.communicate()[0] for each in running}) == 1


def test_the_key_lies_with_jupyters_own_data():
    key_file = Signer.of_user({"JUPYTER_DATA_DIR": "/data/jupyter"}).key_file
    assert key_file == Path("/data/jupyter/ipyassets_key")


def test_jupyters_folder_is_where_jupyter_itself_looks(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("JUPYTER_DATA_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert jupyter_data_folder(os.environ) == Path(jupyter_data_dir())
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "elsewhere"))
    assert jupyter_data_folder(os.environ) == Path(jupyter_data_dir())


def test_the_environment_can_give_a_key_for_a_shared_root(tmp_path):
    (tmp_path / "team").write_text("together\n")
    shared = Signer.of_user({"IPYASSETS_KEY_FILE": str(tmp_path / "team")})
    given = Signer.of_user({"IPYASSETS_KEY": "together"})
    assert shared.digest(A, "k", CONTENT) == given.digest(A, "k", CONTENT)


def test_a_key_file_is_the_same_from_every_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    signer = Signer(key_file="team")
    monkeypatch.chdir("/")
    assert pickle.loads(pickle.dumps(signer)).digest(A, "k", CONTENT) == signer.digest(A, "k", CONTENT)
    assert (tmp_path / "team").exists()


def test_a_shared_key_that_is_not_there_is_not_made(tmp_path):
    signer = Signer.of_user({"IPYASSETS_KEY_FILE": str(tmp_path / "typo")})
    with pytest.raises(InvalidArgumentError, match=r"typo is not there: correct its name, .*token_hex") as caught:
        signer.digest(A, "k", CONTENT)
    assert list(tmp_path.iterdir()) == []
    command = str(caught.value).rpartition("make a key with ")[2].replace("python", sys.executable, 1)
    subprocess.run(command, shell=True, check=True)
    assert signer.signed(A, "k", signer.digest(A, "k", CONTENT))


def test_a_key_file_that_depends_on_the_working_directory_is_refused():
    with pytest.raises(InvalidArgumentError, match=r"'keys/team' .* give its whole path"):
        Signer.of_user({"IPYASSETS_KEY_FILE": "keys/team"})


def test_a_key_file_in_the_home_may_be_named_by_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "team").write_text("together")
    assert Signer.of_file("~/team").key_id == Signer(secret=b"together").key_id


def test_a_key_file_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match="cannot be read: Is a directory"):
        Signer.of_file(tmp_path).digest(A, "k", CONTENT)


def test_a_home_in_which_no_key_can_be_made_is_said_to_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableStoreError, match=r"key cannot be made .*IPYASSETS_KEY_FILE"):
        Signer(key_file=tmp_path / "file" / "key").digest(A, "k", CONTENT)


def test_a_signer_without_a_key_is_refused(tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(InvalidArgumentError, match="needs a secret"):
        Signer().digest(A, "k", CONTENT)
    with pytest.raises(InvalidArgumentError, match="is empty"):
        Signer(key_file=tmp_path / "empty").digest(A, "k", CONTENT)


def test_a_signer_shows_no_key_and_takes_none_along(tmp_path):
    signer = Signer(key_file=tmp_path / "key")
    signer.digest(A, "k", CONTENT)
    secret = (tmp_path / "key").read_bytes()
    assert secret not in pickle.dumps(signer)
    assert "mine" not in repr(Signer(secret=b"mine"))


def test_a_secret_of_the_environment_stays_there(monkeypatch):
    monkeypatch.setenv("IPYASSETS_KEY", "our secret")
    signer = Signer.of_user()
    sent = pickle.dumps(signer)
    assert b"our secret" not in sent
    assert pickle.loads(sent).digest(A, "k", CONTENT) == signer.digest(A, "k", CONTENT)
    monkeypatch.delenv("IPYASSETS_KEY")
    with pytest.raises(InvalidArgumentError, match="IPYASSETS_KEY is not set here"):
        pickle.loads(sent).digest(A, "k", CONTENT)


def test_a_worker_uses_the_key_of_whoever_sent_the_work_or_none(tmp_path):
    signer = Signer(key_file=tmp_path / "key")
    sent = pickle.dumps(signer)  # before it has signed anything
    assert pickle.loads(sent).digest(A, "k", CONTENT) == signer.digest(A, "k", CONTENT)
    (tmp_path / "key").write_text("that of another machine")
    with pytest.raises(InvalidArgumentError, match="is another one here than where this run was started"):
        pickle.loads(sent).digest(A, "k", CONTENT)
    (tmp_path / "key").unlink()
    with pytest.raises(InvalidArgumentError, match="is not there"):
        pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(signer)))).digest(A, "k", CONTENT)
    assert not (tmp_path / "key").exists()


def test_a_secret_that_is_no_bytes_is_refused():
    with pytest.raises(InvalidArgumentError, match="a secret is bytes, not str"):
        Signer(secret="mine")  # type: ignore[arg-type]
