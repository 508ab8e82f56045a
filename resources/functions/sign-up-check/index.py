"""Decides who may sign up to a Cognito user pool: confirms one domain at once, refuses another."""

TRUSTED = "example.com"
REFUSED = "example.net"


def handler(event, context):
    email = event["request"]["userAttributes"].get("email", "")
    domain = email.rpartition("@")[2].lower()
    if domain == REFUSED:
        print(f"Refused {email}")
        raise PermissionError(f"Addresses of {REFUSED} can't sign up.")
    trusted = domain == TRUSTED
    event["response"]["autoConfirmUser"] = trusted
    event["response"]["autoVerifyEmail"] = trusted
    print(f"{'Confirmed' if trusted else 'Left to confirm by mail'}: {email}")
    return event
