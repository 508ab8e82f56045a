"""A CloudFormation custom resource: greets by name, and tells CloudFormation how it went."""

import json
import urllib.request

GREETINGS = {"en": "Hello", "de": "Guten Tag", "fr": "Bonjour", "it": "Buongiorno"}


def handler(event, context):
    properties = event["ResourceProperties"]
    answer = {
        "Status": "SUCCESS",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "PhysicalResourceId": event.get("PhysicalResourceId", "greeting"),
    }
    try:
        greeting = f"{GREETINGS[properties['Language']]}, {properties['Name']}!"
        answer["Data"] = {"Greeting": greeting}
        print(f"{event['RequestType']}: {greeting}")
    except KeyError as error:
        answer |= {"Status": "FAILED", "Reason": f"There is no greeting for {error}."}
        print(f"{event['RequestType']} failed: {answer['Reason']}")
    respond(event.get("ResponseURL", ""), answer)
    return answer


def respond(url, answer):
    """CloudFormation waits until the answer is put to the URL it gave."""
    if not url:
        print("No ResponseURL: the answer goes nowhere")
        return
    request = urllib.request.Request(url, json.dumps(answer).encode(), {"content-type": ""}, method="PUT")
    with urllib.request.urlopen(request, timeout=10) as response:
        print(f"CloudFormation answered {response.status}")
