"""BodyView, what the caller of an HTTP function gets, or a file that came as base64."""

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter, QPaintEvent
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from lambdadesk.core.responses import Body, BodyKind, Envelope
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import show_plain_text

PICTURE_LIMIT = 4_096  # pixels a side
_PICTURES = {"image/png": b"png", "image/jpeg": b"jpeg", "image/gif": b"gif", "image/bmp": b"bmp"}
_HEX_LIMIT = 4_096  # bytes of a binary body that are shown
_HEX_WIDTH = 16


class BodyView(QWidget):
    """Status, headers and body. A web page is shown as its text; nothing in it is ever loaded or run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = named(ToneLabel(), "bodyHeading", "Status and kind of the body")
        self.problem = named(ToneLabel("warning"), "bodyProblem", "What is wrong with the envelope")
        self.headers = named(QPlainTextEdit(), "bodyHeaders", "Headers")
        self.headers.setReadOnly(True)
        self.headers.setFont(theme.fixed_font())
        self.headers.setTabChangesFocus(True)
        self.headers.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text = named(JsonView(), "bodyView", "Body")
        self.picture = named(_Picture(), "bodyPicture", "Picture")
        self.views = QStackedWidget()
        self.views.addWidget(self.text)
        self.views.addWidget(self.picture)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.TIGHT, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addWidget(self.heading)
        layout.addWidget(self.problem)
        layout.addWidget(self.headers)
        layout.addWidget(self.views, 1)
        self.data = b""  # of the body, for saving

    def show_envelope(self, envelope: Envelope) -> None:
        tone = "ok" if envelope.status < 400 else "error"
        self.heading.say(f"HTTP {envelope.status} · {_words(envelope.body)}", tone)
        self.problem.setText(envelope.problem)
        self.problem.setVisible(bool(envelope.problem))
        lines = [f"{name}: {value}" for name, value in envelope.headers]
        show_plain_text(self.headers, "\n".join(lines))
        self.headers.setVisible(bool(lines))
        # As many lines as there are, of which five are in sight.
        height = self.headers.fontMetrics().lineSpacing() * min(5, len(lines)) + 2 * theme.SPACE
        self.headers.setFixedHeight(height)
        self._show_body(envelope.body)

    def show_file(self, body: Body) -> None:
        self.heading.say(_words(body), "text")
        self.problem.hide()
        self.headers.hide()
        self._show_body(body)

    def _show_body(self, body: Body) -> None:
        self.data = body.data
        if body.kind is BodyKind.IMAGE and self.picture.set_data(body.data, body.media_type):
            self.views.setCurrentWidget(self.picture)
            return
        self.views.setCurrentWidget(self.text)
        if body.kind in (BodyKind.BINARY, BodyKind.IMAGE):
            self.text.set_text(to_hex(body.data))
        else:
            self.text.set_data(body.data)


class _Picture(QWidget):
    """A picture, shrunk to the room there is and never enlarged."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()

    def set_data(self, data: bytes, media_type: str) -> bool:
        """Show a picture of a known format and a sane size; False if it is none."""
        self._image = QImage()
        name = _PICTURES.get(media_type)
        if name is None:
            return False
        buffer = QBuffer()
        buffer.setData(QByteArray(data))
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        reader = QImageReader(buffer, QByteArray(name))
        size = reader.size()
        if not size.isValid() or max(size.width(), size.height()) > PICTURE_LIMIT:
            return False
        self._image = reader.read()
        self.setAccessibleDescription(f"{size.width()} by {size.height()} pixels")
        self.update()
        return not self._image.isNull()

    def sizeHint(self) -> QSize:
        return QSize(200, 150)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self._image.size()
        if size.width() > self.width() or size.height() > self.height():
            size.scale(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        painter.drawImage(QRect(QPoint(0, 0), size), self._image)


def _words(body: Body) -> str:
    size = f"{len(body.data):,} bytes"
    kind = body.media_type if body.kind in (BodyKind.IMAGE, BodyKind.BINARY) else body.kind.value
    parts = [kind or body.kind.value, size, "came as base64" if body.was_base64 else ""]
    if body.kind is BodyKind.HTML:
        parts.append("shown as text")
    return "no body" if body.kind is BodyKind.EMPTY else " · ".join(part for part in parts if part)


def to_hex(data: bytes) -> str:
    """The beginning of binary data, 16 bytes a line, as hex and as characters."""
    lines = []
    for start in range(0, min(len(data), _HEX_LIMIT), _HEX_WIDTH):
        row = data[start : start + _HEX_WIDTH]
        characters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start:08x}  {row.hex(' '):<{3 * _HEX_WIDTH - 1}}  {characters}")
    if len(data) > _HEX_LIMIT:
        lines.append(f"… and {len(data) - _HEX_LIMIT:,} more bytes; saving keeps all of them.")
    return "\n".join(lines)
