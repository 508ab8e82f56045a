"""Traffic: bursts of events through the real sources of the sample account."""

import asyncio
import http.client
import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import Clients
from lambdadesk.local.pictures import build_png

ITEMS = ("garden chair", "parasol", "watering can", "lantern", "hammock")
PAGES = ("/", "/garden", "/lights", "/offers", "/basket")
SUBJECTS = ("Round prices up", "Fix the basket total", "Drop the old banner", "Sort offers by date")
GREETINGS = (("en", "world"), ("de", "Welt"), ("fr", "le monde"), ("it", "mondo"))


@dataclass(frozen=True, slots=True)
class TrafficSource:
    """One way to make a function run. `name` is what `Traffic.send` takes, `title` is for a menu."""

    name: str
    title: str
    function: str


class Traffic:
    """Sends events through the sources of a sample account at `url`."""

    def __init__(self, account: SeededAccount, url: str) -> None:
        self._account = account
        self._url = url
        self._clients = Clients(url)
        self._number = itertools.count(1)
        self._senders: dict[TrafficSource, Callable[[], str]] = {
            TrafficSource("s3", "Upload an image to S3", "image-thumbnailer"): self._upload,
            TrafficSource("sns", "Publish a post-commit notice to SNS", "post-commit-notice"): self._publish,
            TrafficSource("sqs", "Send good and bad orders to SQS", "order-worker"): self._order,
            TrafficSource("kinesis", "Put clicks into Kinesis", "clickstream-aggregator"): self._click,
            TrafficSource("dynamodb", "Change the stock in DynamoDB", "stock-auditor"): self._restock,
            TrafficSource("events", "Ask for a heartbeat through EventBridge", "heartbeat"): self._beat,
            TrafficSource("api", "Call the HTTP API", "orders-api"): self._call_api,
            TrafficSource("cognito", "Sign customers up with Cognito", "sign-up-check"): self._sign_up,
            TrafficSource("cloudformation", "Update the CloudFormation stack", "stack-greeter"): self._update,
            TrafficSource("invoke", "Invoke the functions without a trigger", "hello"): self._invoke,
        }

    @property
    def sources(self) -> tuple[TrafficSource, ...]:
        return tuple(self._senders)

    async def send(self, name: str) -> str:
        """Send one burst through a source; what was sent, in one sentence.

        UserError if the Local AWS refuses it or does not answer; KeyError for a name that is no source.
        """
        senders = {source.name: (source, sender) for source, sender in self._senders.items()}
        source, sender = senders[name]
        try:
            return await in_thread(sender)
        except (BotoCoreError, ClientError, OSError, http.client.HTTPException) as error:
            raise UserError(
                f"The Local AWS did not take the traffic for {source.function}.",
                "Try again; if it goes on, restart the Local AWS.",
                kind=ErrorKind.LOCAL,
                details=str(error),
            ) from error

    async def send_all(self) -> str:
        """Send one burst through every source, side by side."""
        results = await asyncio.gather(
            *(self.send(source.name) for source in self.sources), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return f"Sent events through all {len(results)} sources."

    async def close(self) -> None:
        """Close the connections; traffic can still be sent afterwards, through new ones."""
        await in_thread(self._clients.close)

    def _upload(self) -> str:
        number = next(self._number)
        key = f"incoming/holiday-{number}.png"
        picture = build_png(random.randrange(64, 200), random.randrange(48, 150), number)
        self._clients.get("s3").put_object(
            Bucket=self._account.bucket, Key=key, Body=picture, ContentType="image/png"
        )
        return f"Uploaded {key} to s3://{self._account.bucket}."

    def _publish(self) -> str:
        revision = f"{random.getrandbits(48):012x}"
        notice = {
            "repository": "shop",
            "branch": "main",
            "revision": revision,
            "subject": random.choice(SUBJECTS),
            "files": [
                {"path": f"page_{index}.py", "status": random.choice(("added", "modified", "deleted"))}
                for index in range(random.randrange(1, 6))
            ],
        }
        self._clients.get("sns").publish(
            TopicArn=self._account.topic_arn, Subject="post-commit", Message=json.dumps(notice)
        )
        return f"Published the notice of revision {revision[:7]} to {self._account.topic_arn}."

    def _order(self) -> str:
        quantities = [random.randrange(1, 9) for _ in range(4)] + [0]  # nobody can ship the last one
        entries = []
        for quantity in quantities:
            number = 1000 + next(self._number)
            body = json.dumps({"id": number, "item": random.choice(ITEMS), "quantity": quantity})
            entries.append({"Id": str(number), "MessageBody": body})
        self._clients.get("sqs").send_message_batch(QueueUrl=self._account.queue_url, Entries=entries)
        return "Sent 4 good orders and a bad one to the queue; the bad one ends in the dead-letter queue."

    def _click(self) -> str:
        records = []
        for _ in range(40):
            visitor = f"visitor-{random.randrange(1, 9)}"
            click = {"page": random.choice(PAGES), "visitor": visitor}
            records.append({"Data": json.dumps(click).encode(), "PartitionKey": visitor})
        self._clients.get("kinesis").put_records(StreamName=self._account.stream, Records=records)
        return f"Put {len(records)} clicks into the stream {self._account.stream}."

    def _restock(self) -> str:
        dynamodb = self._clients.get("dynamodb")
        changed = random.sample(ITEMS, 3)
        for item in changed:
            pieces = str(random.randrange(0, 40))
            dynamodb.put_item(
                TableName=self._account.table, Item={"item": {"S": item}, "pieces": {"N": pieces}}
            )
        return f"Changed the stock of {', '.join(changed)} in the table {self._account.table}."

    def _beat(self) -> str:
        entry = {"Source": self._account.event_source, "DetailType": "Beat requested", "Detail": "{}"}
        self._clients.get("events").put_events(Entries=[entry])
        return f"Put an event that matches the rule {self._account.rule}."

    def _call_api(self) -> str:
        order = json.dumps({"item": random.choice(ITEMS), "quantity": random.randrange(1, 9)})
        answers = [
            self._request("POST", "/orders", order),
            self._request("GET", "/orders"),
            self._request("GET", f"/orders/{random.randrange(1, 99)}"),
        ]
        return f"Called the HTTP API three times; it answered {', '.join(map(str, answers))}."

    def _request(self, method: str, path: str, body: str | None = None) -> int:
        """The status of one request. The API is known by its Host header, since its name resolves nowhere."""
        address = urlsplit(self._url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        headers = {"Host": f"{self._account.api_id}.execute-api.localhost:{address.port}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def _sign_up(self) -> str:
        outcomes = []
        for domain in ("example.com", "example.org", "example.net"):
            email = f"customer-{next(self._number)}-{random.getrandbits(24):06x}@{domain}"
            try:
                answer = self._clients.get("cognito-idp").sign_up(
                    ClientId=self._account.user_pool_client_id,
                    Username=email,
                    Password=f"Aa1!{random.getrandbits(64):016x}",
                    UserAttributes=[{"Name": "email", "Value": email}],
                )
                outcomes.append("confirmed" if answer["UserConfirmed"] else "waits for a mail")
            except ClientError as error:
                if error.response["Error"]["Code"] != "UserLambdaValidationException":
                    raise
                outcomes.append("refused")
        return f"Signed up three customers: {', '.join(outcomes)}."

    def _update(self) -> str:
        language, name = random.choice(GREETINGS)
        number = f"{random.getrandbits(32):08x}"  # an update has to change something, also after a restart
        try:
            self._clients.get("cloudformation").update_stack(
                StackName=self._account.stack,
                UsePreviousTemplate=True,
                Parameters=[
                    {"ParameterKey": "Language", "ParameterValue": language},
                    {"ParameterKey": "Name", "ParameterValue": f"{name} {number}"},
                ],
            )
        except ClientError as error:
            if "IN_PROGRESS" not in error.response["Error"].get("Message", ""):
                raise
            return f"The stack {self._account.stack} is still being changed; nothing was sent."
        return f"Updated the stack {self._account.stack} to greet {name} {number}."

    def _invoke(self) -> str:
        names = ("hello", "json-logger", "always-fails", "too-slow")
        payload = {"name": "traffic", "amount": random.randrange(1, 99), "items": [{"name": "x", "price": 3}]}
        for name in names:
            self._clients.get("lambda").invoke(
                FunctionName=name, InvocationType="Event", Payload=json.dumps(payload).encode()
            )
        return f"Invoked {', '.join(names)} asynchronously."
