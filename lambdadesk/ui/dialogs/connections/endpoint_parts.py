"""The address of an endpoint, and how it may be trusted."""

from dataclasses import replace
from urllib.parse import urlsplit

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QPushButton

from lambdadesk.aws.endpoints import is_loopback
from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.ui.dialogs.connections.part import Part, beside
from lambdadesk.ui.widgets.named import named


class AddressPart(Part):
    """The URL."""

    kinds = (ConnectionKind.ENDPOINT,)

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self.url = self.line("connectionEndpoint", "Endpoint URL", "endpoint_url", "http://127.0.0.1:4566")
        self.add_row("Endpoint &URL", self.url)

    def show_info(self, info: ConnectionInfo) -> None:
        self.url.setText(info.endpoint_url)

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        return replace(info, endpoint_url=self.url.text().strip())


class PlainHttpPart(Part):
    """The acceptance that requests go unencrypted; there only where they would leave this machine."""

    kinds = (ConnectionKind.ENDPOINT, ConnectionKind.PROFILE)

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self._is_needed = False
        text = "Accept t&hat requests are signed over unencrypted http"
        self.accept = named(QCheckBox(text), "acceptPlainHttp", text.replace("&", ""))
        self.accept.toggled.connect(self.changed)
        self.add_row("", self.accept, "accepts_plain_http", is_wanted=lambda: self._is_needed)

    def show_info(self, info: ConnectionInfo) -> None:
        self.accept.setChecked(info.accepts_plain_http)

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        self._is_needed = _is_plain_http_abroad(info.endpoint_url)
        return replace(info, accepts_plain_http=self._is_needed and self.accept.isChecked())


class CertificatesPart(Part):
    """The certificates that the endpoint's own is checked with."""

    kinds = (ConnectionKind.ENDPOINT, ConnectionKind.ACCESS_KEY)

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self.path = self.line("caBundle", "CA bundle", "ca_bundle", "the usual certificates")
        choose = named(QPushButton("Choose…"), "chooseCaBundle", "Choose the file of the CA bundle")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose)
        self.add_row("CA &bundle", beside(self.path, choose), "ca_bundle")

    def show_info(self, info: ConnectionInfo) -> None:
        self.path.setText(info.ca_bundle)

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        return replace(info, ca_bundle=self.path.text().strip())

    def _choose(self) -> None:
        dialog = QFileDialog(self.path.window(), "CA bundle", self.path.text())
        dialog.setObjectName("caBundleDialog")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Certificates (*.pem *.crt *.cer)", "All files (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()


def _is_plain_http_abroad(url: str) -> bool:
    try:
        return urlsplit(url).scheme == "http" and not is_loopback(url)
    except ValueError:
        return False
