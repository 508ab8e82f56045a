"""SecretEdit, a line for a secret: it goes in and comes out only as a Secret."""

from PySide6.QtWidgets import QLineEdit, QWidget

from lambdadesk.core.secret import Secret


class SecretEdit(QLineEdit):
    """Shows dots, to a screen reader too. Qt lets nothing be copied, cut or dragged out in this mode."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEchoMode(QLineEdit.EchoMode.Password)

    def get_secret(self) -> Secret:
        """What was entered, without blanks around it, as pasting brings them along."""
        return Secret(self.text().strip())

    def set_secret(self, secret: Secret) -> None:
        """Put back what was entered; an empty one wipes the field and its undo history."""
        self.setText(secret.reveal())  # unlike clear(), which could be undone
