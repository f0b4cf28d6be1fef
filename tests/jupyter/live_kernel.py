"""A real ipykernel over its real sockets, with the front end's half of the widgets: their traits as they arrive."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_event_loop

LONG = 60.0
# For its bars a cell waits a second at most: here as long as it takes on however busy a machine.
PATIENT = """import ipyassets.jupyter.bars, ipyassets.jupyter.kernel
ipyassets.jupyter.kernel.PATIENCE = ipyassets.jupyter.bars.CLOSING = 60.0
del ipyassets"""
OUTPUTS = ("stream", "display_data", "execute_result", "error")


@dataclass
class Model:
    """What a front end knows of one widget: its traits, and when each update came."""

    comm_id: str
    traits: dict[str, Any]
    updates: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def take(self, data: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take in the traits of an opening or an update."""
        state = dict(data["state"])
        for (name, *_), buffer in zip(data.get("buffer_paths", []), buffers, strict=True):
            state[name] = bytes(buffer)
        self.traits.update(state)
        self.updates.append((time.monotonic(), state))


@dataclass
class Answer:
    """How a cell went: its reply, its outputs, and what it made of outputs of other cells."""

    status: str
    outputs: list[dict[str, Any]]
    updates: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """What it printed, and the plain text of what it showed, as that was in the end."""
        streams = [each["text"] for each in self.outputs if "text" in each]
        latest = {each["transient"]["display_id"]: each["data"] for each in self.updates}
        displays = [each for each in self.outputs if "data" in each]
        shown = [latest.get(each.get("transient", {}).get("display_id"), each["data"]) for each in displays]
        return "".join([*streams, *(data.get("text/plain", "") for data in shown)])


class LiveKernel:
    """One kernel process. A thread of its own reads all that the kernel publishes."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.models: dict[str, Model] = {}
        self.published: list[dict[str, Any]] = []
        self._over = False
        self._heard = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def run(self, code: str, *, fails: bool = False) -> Answer:
        """Run a cell to its end."""
        answer = self.finish(self.begin(code))
        assert (answer.status == "error") is fails, answer.outputs
        return answer

    def begin(self, code: str) -> str:
        """Have a cell run; the result names it."""
        return str(self.client.execute(code))

    def finish(self, cell: str, timeout: float = LONG) -> Answer:
        """Wait until a cell has ended and all that it published is here."""
        while (reply := self.client.get_shell_msg(timeout=timeout))["parent_header"].get("msg_id") != cell:
            pass
        self.until(
            lambda: any(m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" for m in self.of(cell))
        )
        outputs = [m["content"] for m in self.of(cell) if m["msg_type"] in OUTPUTS]
        updates = [m["content"] for m in self.of(cell) if m["msg_type"] == "update_display_data"]
        return Answer(reply["content"]["status"], outputs, updates)

    def of(self, cell: str) -> list[dict[str, Any]]:
        """What was published on behalf of a cell."""
        return [message for message in self.published if message["parent_header"].get("msg_id") == cell]

    def forget(self) -> None:
        """Begin anew with what is heard from now on."""
        with self._heard:
            self.models.clear()
            self.published.clear()

    def until(self, holds: Callable[[], bool], timeout: float = LONG) -> None:
        """Wait until something holds of what was heard."""
        with self._heard:
            assert self._heard.wait_for(holds, timeout), "the kernel did not say so in time"

    def bars(self, title: str) -> list[Model]:
        """The bars of an asset."""
        return [model for model in self.models.values() if model.traits.get("title") == title]

    def bar(self, title: str) -> Model:
        """The one bar of an asset."""
        (model,) = self.bars(title)
        return model

    def open_subshell(self) -> str:
        """A second line of execution, as JupyterLab has one for widgets."""
        request = self.client.session.msg("create_subshell_request")
        self.client.control_channel.send(request)
        reply = self.client.get_control_msg(timeout=LONG)
        return str(reply["content"]["subshell_id"])

    def send(self, model: Model, content: dict[str, Any], *masks: bytes, subshell: str | None = None) -> None:
        """Send what a front end sends when a bar is clicked."""
        data = {"method": "custom", "content": {"fingerprint": model.traits["fingerprint"], **content}}
        message = self.client.session.msg("comm_msg", {"comm_id": model.comm_id, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.session.send(self.client.shell_channel.socket, message, buffers=list(masks))

    def close(self) -> None:
        """Stop listening."""
        self._over = True
        self._listener.join(LONG)

    def _listen(self) -> None:
        # past the client's own methods: they would make an event loop for this thread, and never close it
        socket = self.client.iopub_channel.socket
        while not self._over:
            if not socket.poll(100):
                continue
            _, frames = self.client.session.feed_identities(socket.recv_multipart())
            message = self.client.session.deserialize(frames)
            with self._heard:
                self._take(message)
                self._heard.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        self.published.append(message)
        content = message["content"]
        if message["msg_type"] == "comm_open" and content.get("target_name") == "jupyter.widget":
            self.models[content["comm_id"]] = model = Model(content["comm_id"], {})
            model.take(content["data"], message["buffers"])
        elif content.get("comm_id") in self.models and content["data"].get("method") == "update":
            self.models[content["comm_id"]].take(content["data"], message["buffers"])


@contextmanager
def live_kernel(folder: Path, **environment: str) -> Iterator[LiveKernel]:
    """A kernel that works in a folder."""
    manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "kernel"))
    manager.start_kernel(cwd=str(folder), env={**os.environ, "IPYTHONDIR": str(folder / "ipython"), **environment})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=LONG)
        kernel = LiveKernel(client)
        try:
            kernel.run(PATIENT)
            kernel.forget()
            yield kernel
        finally:
            kernel.close()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        if not (loop := ensure_event_loop()).is_running():  # that of a browser, where one is open in this process
            loop.close()
