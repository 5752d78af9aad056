"""Knocks at the sandbox's HTTP door with requests signed well and badly, by a signer of its own.

Usage: sandbox_signature.py PORT LATENCY_MS ROLE
"""
import calendar
import hashlib
import hmac
import http.client
import json
import re
import socket
import sys
import threading
import time
import urllib.parse

PORT, LATENCY_MS, ROLE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
HOST = "127.0.0.1:%d" % PORT
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL: " + what)


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(method, target, headers, body, service, secret=SECRET, key=KEY, at=None, region="us-east-1"):
    """The headers with X-Amz-Date and Authorization added."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if at is None else at))
    headers = dict(headers, Host=HOST)
    headers["X-Amz-Date"] = date
    path, _, query = target.partition("?")
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    quote = lambda text: urllib.parse.quote(text, safe="-._~")
    canonical = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = ";".join(sorted(canonical))
    request = "\n".join([method, urllib.parse.quote(path, safe="/-._~"),
                         "&".join(quote(n) + "=" + quote(v) for n, v in pairs)]
                        + [n + ":" + canonical[n] for n in sorted(canonical)]
                        + ["", names, hashlib.sha256(body).hexdigest()])
    scope = "/".join([date[:8], region, service, "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(request.encode()).hexdigest()])
    derived = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        derived = mac(derived, part)
    signature = hmac.new(derived, text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        key, scope, names, signature)
    return headers


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()
        found = re.search("<Code>(.*?)</Code>", self.text)
        named = (self.headers.get("x-amzn-ErrorType") or "").split(":")[0]
        self.code = found.group(1) if found else named
        self.request_id = self.headers.get("x-amzn-RequestId")


def send(method, target, headers, body, connection=None):
    own = connection or http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    own.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        own.putheader(name, value)
    if body or method == "POST":
        own.putheader("Content-Length", str(len(body)))
    own.endheaders(body)
    answer = Answer(own.getresponse())
    check(answer.request_id, "%s %s: no x-amzn-RequestId" % (method, target))
    if connection is None:
        own.close()
    return answer


CALLER = b"Action=GetCallerIdentity&Version=2011-06-15"
ROLE_BODY = ("Action=GetRole&Version=2010-05-08&RoleName=" + ROLE).encode()


def sts(body=CALLER, headers=None, connection=None, **how):
    headers = sign("POST", "/", dict(headers or {}, **{"Content-Type": FORM}), body, "sts", **how)
    return send("POST", "/", headers, body, connection)


def iam(body=ROLE_BODY, **how):
    return send("POST", "/", sign("POST", "/", {"Content-Type": FORM}, body, "iam", **how), body)


def analyzer(target="/analyzer?type=ACCOUNT_UNUSED_ACCESS", **how):
    return send("GET", target, sign("GET", target, {}, b"", "access-analyzer", **how), b"")


def expect(what, answer, status, code, text=""):
    check((answer.status, answer.code) == (status, code) and text in answer.text,
          "%s: expected %s %s '%s', got %s %s: %s" % (what, status, code, text, answer.status, answer.code,
                                                    answer.text))


def each(what, status, codes, texts=("", "", ""), **how):
    """codes: of STS, IAM, Access Analyzer."""
    for name, call, code, text in zip(("sts", "iam", "access-analyzer"), (sts, iam, analyzer), codes, texts):
        expect(what + ", " + name, call(**how), status, code, text)


def signatures():
    each("a good request", 200, ("", "", ""), ("111122223333", ROLE, "analyzers"))
    wrong = ("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException")
    each("a wrong secret", 403, wrong, ("does not match", "does not match", "Canonical String"),
         secret=SECRET[:-1] + "Z")
    each("an unknown key", 403, ("InvalidClientTokenId", "InvalidClientTokenId",
                                "UnrecognizedClientException"), key="AKIDOTHER")
    each("ten minutes late", 403, wrong, ("Signature expired: ",) * 3, at=time.time() - 600)
    each("ten minutes early", 403, wrong, ("Signature not yet current: ",) * 3, at=time.time() + 600)
    each("four minutes late", 200, ("", "", ""), at=time.time() - 240)
    each("another region", 200, ("", "", ""), region="eu-west-1")

    absent = ("MissingAuthenticationToken", "MissingAuthenticationToken",
              "MissingAuthenticationTokenException")
    for name, target, body, code in (("sts", "/", CALLER, absent[0]), ("iam", "/", ROLE_BODY, absent[1]),
                                     ("access-analyzer", "/analyzer", b"", absent[2])):
        headers = {"Host": HOST}
        if body:
            headers["Content-Type"] = FORM
        answer = send("POST" if body else "GET", target, headers, body)
        expect("an unsigned request, " + name, answer, 403, code)

    headers = sign("POST", "/", {"Content-Type": FORM}, ROLE_BODY, "iam")
    expect("a tampered body", send("POST", "/", headers, ROLE_BODY[:-1] + b"Z"), 403, wrong[1])
    expect("a scope for sts", send("POST", "/", sign("POST", "/", {"Content-Type": FORM}, ROLE_BODY, "sts"),
                                   ROLE_BODY), 403, wrong[1], "correct service: 'iam'")
    expect("a scope for iam", send("GET", "/analyzer", sign("GET", "/analyzer", {}, b"", "iam"), b""), 403,
           wrong[2], "correct service: 'access-analyzer'")
    expect("a scope for iam, sts", send("POST", "/", sign("POST", "/", {"Content-Type": FORM}, CALLER, "iam"),
                                        CALLER), 403, wrong[0], "correct service: 'sts'")
    headers = sign("GET", "/analyzer?maxResults=1", {}, b"", "access-analyzer")
    expect("a tampered query", send("GET", "/analyzer?maxResults=2", headers, b""), 403, wrong[2])
    headers = sign("GET", "/analyzer", {}, b"", "access-analyzer")
    headers["Authorization"] = "Basic dXNlcjpwYXNz"
    expect("another scheme", send("GET", "/analyzer", headers, b""), 403, "IncompleteSignatureException")
    headers = sign("POST", "/", {"Content-Type": FORM}, CALLER, "sts")
    headers["X-Amz-Other"] = "x"
    expect("an unsigned x-amz header", send("POST", "/", headers, CALLER), 400, "IncompleteSignature")
    bad = b"Action=GetRole&Version=2010-05-08&RoleName=%zz"
    expect("a bad escape", iam(bad), 404, "MalformedQueryString")


def sessions():
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]})
    body = urllib.parse.urlencode({"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "Door",
                                   "AssumeRolePolicyDocument": trust}).encode()
    expect("CreateRole", iam(body), 200, "", ":role/Door")
    arn = "arn:aws:iam::111122223333:role/Door"
    body = urllib.parse.urlencode({"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": arn,
                                   "RoleSessionName": "door", "DurationSeconds": "900"}).encode()
    answer = sts(body)
    expect("AssumeRole", answer, 200, "", "<SessionToken>")
    if answer.status != 200:
        return
    take = lambda name: re.search("<%s>(.*?)</%s>" % (name, name), answer.text).group(1)
    session = {"key": take("AccessKeyId"), "secret": take("SecretAccessKey")}
    token = {"X-Amz-Security-Token": take("SessionToken")}
    expect("a session", sts(headers=token, **session), 200, "", ":assumed-role/Door/door")
    expect("a session without its token", sts(**session), 403, "InvalidClientTokenId")
    expect("a session with another token", sts(headers={"X-Amz-Security-Token": "x"}, **session), 403,
           "InvalidClientTokenId")
    expect("a long-lived key with a token", sts(headers=token), 403, "InvalidClientTokenId")


def raw(request, leave=False):
    """Everything that comes back until the other side closes; leave: close our side first."""
    got = b""
    with socket.create_connection(("127.0.0.1", PORT), timeout=30) as s:
        try:
            s.sendall(request)
            if leave:
                s.shutdown(socket.SHUT_WR)
            while True:
                more = s.recv(65536)
                if not more:
                    break
                got += more
        except TimeoutError:
            check(False, "neither answered nor closed: %r" % request[:60])
        except OSError:  # closed before it had everything
            pass
    return got


def bytes_of(method, target, headers, body):
    lines = ["%s %s HTTP/1.1" % (method, target)] + [n + ": " + v for n, v in headers.items()]
    return "\r\n".join(lines + ["", ""]).encode() + body


def transport():
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    first = sts(connection=connection)
    kept = connection.sock
    second = sts(connection=connection)
    check(kept is not None and connection.sock is kept, "the connection is not kept open")
    check(first.request_id != second.request_id, "two requests share a request id")
    connection.close()
    date = calendar.timegm(time.strptime(first.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT"))
    check(abs(date - time.time()) < 60, "the Date header is not now: " + first.headers["Date"])

    large = b"Action=GetRole&Version=2010-05-08&RoleName=" + b"a" * (1 << 20)
    answer = None
    try:
        answer = iam(large)
        expect("a body that is too large", answer, 413, "RequestEntityTooLarge")
    except ConnectionError:  # it may answer and close before all is sent
        check(answer is None, "a body that is too large")
    headers = sign("POST", "/", {"Content-Type": FORM}, large, "iam")
    headers.update({"Transfer-Encoding": "chunked", "Connection": "close"})
    chunk = b"%x\r\n" % len(large) + large + b"\r\n0\r\n\r\n"
    check(b"413" in raw(bytes_of("POST", "/", headers, chunk)).split(b"\r\n")[0], "a large body in chunks")
    headers = sign("POST", "/", {"Content-Type": FORM}, CALLER, "sts")
    headers.update({"Transfer-Encoding": "chunked", "Connection": "close"})
    chunks = b"".join(b"1\r\n%c\r\n" % c for c in CALLER) + b"0\r\n\r\n"
    check(b" 200 " in raw(bytes_of("POST", "/", headers, chunks)).split(b"\r\n")[0], "a body in chunks")

    headers = sign("GET", "/analyzer", {}, b"", "access-analyzer")
    one = bytes_of("GET", "/analyzer", headers, b"")
    last = bytes_of("GET", "/analyzer", dict(headers, Connection="close"), b"")
    check(raw(one * 2 + last).count(b"HTTP/1.1 200") == 3, "three requests sent at once")
    for junk in (b"", b"\r\n\r\n", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\0" * 300, b"\xff" * 300,
                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", one[:-1],
                 b"GET /%zz?%=&&a HTTP/1.1\r\nHost: x\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 200000 + b"\r\n\r\n",
                 b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
        check(b" 200 " not in raw(junk, leave=True).split(b"\r\n")[0], "junk is served: %r" % junk[:40])
    expect("after the junk", sts(), 200, "")


def crowd(connections, requests):
    """Latencies overlap: all together take little longer than one after the other on one connection."""
    wrong = []

    def visitor():
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        try:
            for _ in range(requests):
                answer = sts(connection=connection)
                if answer.status != 200:
                    wrong.append(answer.text)
        except Exception as e:
            wrong.append(repr(e))
        connection.close()

    start = time.monotonic()
    threads = [threading.Thread(target=visitor) for _ in range(connections)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - start
    check(not wrong, "in a crowd: %d wrong, first: %s" % (len(wrong), wrong[:1]))
    alone = requests * LATENCY_MS / 1000
    check(took >= alone, "a crowd of %d took %.2f s: answers are not held back" % (connections, took))
    check(took < connections * alone / 4, "a crowd of %d took %.2f s: they wait for each other" %
          (connections, took))
    print("%d connections, %d requests, %.2f s" % (connections, connections * requests, took))


signatures()
sessions()
transport()
if LATENCY_MS > 0:
    crowd(200, 2)
sys.exit(1 if failures else 0)
