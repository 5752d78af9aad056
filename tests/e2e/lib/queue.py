"""A queue of moto's, for the end-to-end scripts: queue.py ENDPOINT COMMAND ….

create NAME [DLQ-NAME TRIES]    makes the queue(s) and prints the URL
send URL <events                one message a line of standard input
count URL                       messages in it, hidden ones too
bodies URL                      what lies in it, a line each, left there
"""
import json
import sys
import urllib.request

endpoint, command, args = sys.argv[1], sys.argv[2], sys.argv[3:]


def ask(operation, **body):
    request = urllib.request.Request(
        endpoint + "/",
        json.dumps(body).encode(),
        {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "AmazonSQS." + operation,
            "authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/sqs/aws4_request, "
            "SignedHeaders=host, Signature=0",
        },
    )
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else {}


if command == "create":
    attributes = {}
    if len(args) > 1:
        dead = ask("CreateQueue", QueueName=args[1])["QueueUrl"]
        arn = ask("GetQueueAttributes", QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": args[2]})}
    print(ask("CreateQueue", QueueName=args[0], Attributes=attributes)["QueueUrl"])
elif command == "send":
    for line in sys.stdin.read().splitlines():
        ask("SendMessage", QueueUrl=args[0], MessageBody=line)
elif command == "count":
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = ask("GetQueueAttributes", QueueUrl=args[0], AttributeNames=names)["Attributes"]
    print(sum(int(found[name]) for name in names))
elif command == "bodies":
    while True:
        messages = ask("ReceiveMessage", QueueUrl=args[0], MaxNumberOfMessages=10).get("Messages", [])
        if not messages:
            break
        for m in messages:
            print(m["Body"])
