"""What is not the sandbox's: instance and container metadata, IAM Identity Center, a CI job's
tokens, and STS's web identities. Other STS calls go on to the sandbox as they came.

usage: whoami_server.py SANDBOX_PORT PORT_FILE
"""
import http.client
import http.server
import json
import sys
import time
import urllib.parse

SANDBOX = int(sys.argv[1])
KEYS = {  # as seeded in whoami.sh
    "alice": ("AKIDALICEALICEALICE1", "alice-secret-alice-secret"),
    "bob": ("AKIDBOBBOBBOBBOBBOB1", "bob-secret-bob-secret"),
    "job": ("ASIDJOBJOBJOBJOBJOB1", "job-secret-job-secret", "JOBTOKEN"),
    "pod": ("ASIDPODPODPODPODPOD1", "pod-secret-pod-secret", "PODTOKEN"),
    "box": ("ASIDBOXBOXBOXBOXBOX1", "box-secret-box-secret", "BOXTOKEN"),
    "sso": ("ASIDSSOSSOSSOSSOSSO1", "sso-secret-sso-secret", "SSOTOKEN"),
}


def when(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, text, headers=()):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def keys(self, who):
        key = KEYS[who]
        return {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": key[0], "SecretAccessKey": key[1],
                "Token": key[2], "Expiration": when(3600), "LastUpdated": when(-60)}

    def do_PUT(self):
        if self.path == "/latest/api/token" and self.headers.get("x-aws-ec2-metadata-token-ttl-seconds") == "21600":
            self.answer(200, "IMDSTOKEN==", [("x-aws-ec2-metadata-token-ttl-seconds", "21600")])
        elif self.path == "/off/latest/api/token":
            self.answer(403, "")
        else:
            self.answer(400, "")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        role = "/latest/meta-data/iam/security-credentials/"
        if url.path.startswith(role):
            if self.headers.get("x-aws-ec2-metadata-token") != "IMDSTOKEN==":
                self.answer(401, "")
            elif url.path == role:
                self.answer(200, "box-role")
            else:
                self.answer(200, json.dumps(self.keys("box")))
        elif url.path == "/container":
            self.answer(200, json.dumps(self.keys("pod")))
        elif url.path == "/container-locked":
            if self.headers.get("Authorization") == "let me in":
                self.answer(200, json.dumps(self.keys("pod")))
            else:
                self.answer(403, '{"code":"AccessDenied","message":"no"}')
        elif url.path == "/moved":
            self.answer(302, "", [("Location", "/container")])
        elif url.path == "/federation/credentials":
            if self.headers.get("x-amz-sso_bearer_token") not in ("SSOACCESS", "SSOFRESH"):
                self.answer(401, '{"message":"Session token not found or invalid"}',
                            [("x-amzn-ErrorType", "UnauthorizedException"),
                             ("Content-Type", "application/json")])
                return
            key = KEYS["sso"]
            assert query["account_id"] == ["111122223333"] and query["role_name"] == ["Reader"]
            self.answer(200, json.dumps({"roleCredentials": {
                "accessKeyId": key[0], "secretAccessKey": key[1], "sessionToken": key[2],
                "expiration": int(time.time() + 3600) * 1000}}), [("Content-Type", "application/json")])
        elif url.path == "/job" and self.headers.get("Authorization") == "bearer JOBBEARER":
            audience = query.get("audience", [""])[0]
            self.answer(200, json.dumps({"value": "web.identity." + audience}))
        else:
            self.answer(404, "")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == "/token":
            ask = json.loads(body)
            good = ask.get("refreshToken") == "REFRESH" and ask.get("grantType") == "refresh_token"
            if good:
                self.answer(200, '{"accessToken":"SSOFRESH","expiresIn":3600,"refreshToken":"REFRESH"}',
                            [("Content-Type", "application/json")])
            else:
                self.answer(400, '{"error":"invalid_grant"}', [("Content-Type", "application/json")])
            return
        form = urllib.parse.parse_qs(body.decode())
        if form.get("Action") == ["AssumeRoleWithWebIdentity"]:
            self.web_identity(form)
            return
        forward = http.client.HTTPConnection("127.0.0.1", SANDBOX)
        forward.request("POST", self.path, body, dict(self.headers.items()))
        answer = forward.getresponse()
        self.answer(answer.status, answer.read().decode(), [("Content-Type", "text/xml")])

    def web_identity(self, form):
        if not form["WebIdentityToken"][0].startswith("web.identity.") or "Authorization" in self.headers:
            self.answer(400, "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>"
                             "<Message>not a token of ours</Message></Error></ErrorResponse>")
            return
        key = KEYS["job"]
        self.answer(200, f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{key[0]}</AccessKeyId>
<SecretAccessKey>{key[1]}</SecretAccessKey><SessionToken>{key[2]}</SessionToken>
<Expiration>{when(3600)}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>""")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[2] + ".new", "w") as f:
    f.write(str(server.server_address[1]))
import os
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
