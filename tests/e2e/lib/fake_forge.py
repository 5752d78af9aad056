"""A forge with a memory, for forge.sh: GitHub, GitLab and Gitea in the parts that pare uses.

usage: fake_forge.py KIND TOKEN LOG PORT_FILE
Every request is a line of LOG: {"method", "path", "query", "headers", "body"}. What a real forge would
refuse is refused here, and what pare must never do (no token, no user agent, a foreign path) is a line
that begins with "WRONG". The test steers through /_test/…, which is not logged.
"""
import http.server, json, os, re, sys, threading, urllib.parse

KIND, TOKEN, LOG, PORT_FILE = sys.argv[1:5]
log = open(LOG, "a", buffering=1)
lock = threading.Lock()
pulls, comments, labels, statuses, reviews, approvals = [], {}, [], [], {}, {}
faults = []  # each: {"method", "match", "status", "headers", "body", "cut", "then"}
settings = {"reset_approvals_on_push": True, "merge_requests_author_approval": False,
            "merge_requests_disable_committers_approval": True}
AUTH = {"github": "Bearer ", "gitlab": "Bearer ", "gitea": "token "}[KIND] + TOKEN
ROOT = {"github": "/api/v3/repos/acme/iam-review", "gitlab": "/api/v4/projects/acme%2Fiam-review",
        "gitea": "/api/v1/repos/acme/iam-review"}[KIND]
T0 = "2026-01-01T00:00:00Z"


def stamp():
    import datetime
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def show(p):
    if KIND == "gitlab":
        return {"iid": p["n"], "id": 9000 + p["n"], "state": {"open": "opened"}.get(p["state"], p["state"]),
                "source_branch": p["branch"], "target_branch": p["base"], "source_project_id": 7,
                "target_project_id": 7, "sha": p["sha"], "title": p["title"], "description": p["body"],
                "updated_at": p["updated"], "author": {"id": 1, "username": "pare-bot"}, "labels": p["labels"]}
    repo = {"full_name": "acme/iam-review"}
    state = "open" if p["state"] == "open" else "closed"
    out = {"number": p["n"], "state": state, "title": p["title"], "body": p["body"], "updated_at": p["updated"],
           "merged_at": p["updated"] if p["state"] == "merged" else None,
           "user": {"id": 1, "login": "pare-bot", "type": "Bot"},
           "head": {"ref": p["branch"], "sha": p["sha"], "repo": repo, "label": "acme:" + p["branch"]},
           "base": {"ref": p["base"], "repo": repo}}
    if KIND == "gitea":
        out["merged"] = p["state"] == "merged"
        out["head"]["label"] = p["branch"]
        if p["state"] == "merged":  # its branch was removed
            out["head"]["ref"] = "refs/pull/%d/head" % p["n"]
    return out


def head_of(branch):
    import subprocess
    got = subprocess.run(["git", "-C", os.environ["REVIEW"], "rev-parse", "--verify", "-q", "refs/heads/" + branch],
                         capture_output=True, text=True)
    return got.stdout.strip()


class Forge(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def answer(self, status, value=None, headers=(), raw=None, kind="application/json; charset=utf-8"):
        data = raw if raw is not None else b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        for k, v in headers:
            self.send_header(k, v)
        self.end_headers()
        self.wfile.write(data)

    def page(self, items, query):
        size = int(query.get("limit" if KIND == "gitea" else "per_page", "20"))
        at = int(query.get("page", "1"))
        size = min(size, 2)  # a forge may give less than asked for: many pages
        part = items[(at - 1) * size:at * size]
        more = at * size < len(items)
        headers = []
        if KIND == "gitlab":
            headers.append(("x-next-page", str(at + 1) if more else ""))
        elif more or at > 1:
            rel = [('<http://elsewhere.invalid/next>; rel="next"')] if more else []
            headers.append(("link", ", ".join(rel + ['<http://elsewhere.invalid/first>; rel="first"'])))
        self.answer(200, part, headers)

    def wrong(self, what):
        log.write("WRONG %s %s: %s\n" % (self.command, self.path, what))

    def check(self, body):
        h = self.headers
        if h.get("authorization") != AUTH:
            self.wrong("authorization")
            self.answer(401, {"message": "Bad credentials"})
            return False
        if not (h.get("user-agent") or "").startswith("pare/"):
            self.wrong("user-agent")
        if KIND == "github" and (h.get("accept") != "application/vnd.github+json" or
                                 h.get("x-github-api-version") != "2022-11-28"):
            self.wrong("accept or version")
        if (body is not None) != (h.get("content-type") == "application/json"):
            self.wrong("content-type")
        if body is not None and not isinstance(body, dict):
            self.wrong("body")
        return True

    def fault(self, path):
        for f in faults:
            if f.get("method", self.command) == self.command and re.search(f["match"], path):
                f["times"] = f.get("times", 1) - 1
                if f["times"] <= 0:
                    faults.remove(f)
                if f.get("then"):  # it happens, and the answer is lost
                    return f, True
                return f, False
        return None, False

    def send_fault(self, f):
        raw = f.get("body", "").encode()
        if f.get("cut"):
            self.send_response(f["status"])
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw) + 100))
            self.end_headers()
            self.wfile.write(raw)
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.answer(f["status"], raw=raw, headers=f.get("headers", {}).items(), kind=f.get("type", "application/json"))

    def git(self, raw):
        """The repository itself, by git's own HTTP backend."""
        import subprocess
        where, _, q = self.path.partition("?")
        env = dict(os.environ, GIT_PROJECT_ROOT=os.path.dirname(os.environ["REVIEW"]), GIT_HTTP_EXPORT_ALL="1",
                   PATH_INFO=where[len("/git"):], QUERY_STRING=q, REQUEST_METHOD=self.command, REMOTE_USER="bot",
                   CONTENT_TYPE=self.headers.get("content-type") or "", CONTENT_LENGTH=str(len(raw)))
        got = subprocess.run(["git", "http-backend"], input=raw, env=env, capture_output=True).stdout
        head, _, body = got.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        if self.headers.get("authorization"):
            self.wrong("the forge's token went to git")
        self.answer(int(headers.pop("Status", "200").split()[0]), raw=body, kind=headers.pop("Content-Type", "text/plain"))

    def serve(self):
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        if self.path.startswith("/git/"):
            return self.git(raw)
        body = json.loads(raw) if raw else None
        where, _, q = self.path.partition("?")
        query = {k: v[-1] for k, v in urllib.parse.parse_qs(q, keep_blank_values=True).items()}
        with lock:
            if where.startswith("/_test/"):
                return self.steer(where[7:], body)
            log.write(json.dumps({"method": self.command, "path": where, "query": query, "body": body,
                                  "headers": {k.lower(): v for k, v in self.headers.items()
                                              if k.lower() != "authorization"}}) + "\n")
            if not self.check(body):
                return
            f, happens = self.fault(self.path)
            if f and not happens:
                return self.send_fault(f)
            if f:
                self.answer = lambda *a, **k: None
            self.route(where, query, body)
            if f:
                del self.answer
                self.send_fault(f)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = serve

    def steer(self, what, body):
        if what == "fault":
            faults.append(body)
        elif what == "merge":
            for p in pulls:
                if p["state"] == "open":
                    p["sha"] = head_of(p["branch"]) or p["sha"]
                    p["state"], p["updated"] = "merged", stamp()
        elif what == "body":
            pulls[body["n"] - 1]["body"] = body["body"]
        elif what == "review":
            reviews.setdefault(body.pop("n"), []).append(body)
        elif what == "settings":
            settings.update(body)
        elif what == "state":
            return self.answer(200, {"pulls": pulls, "comments": {str(k): v for k, v in comments.items()},
                                     "statuses": statuses, "labels": labels, "faults": faults})
        self.answer(200, {})

    def by_number(self, n):
        found = [p for p in pulls if p["n"] == int(n)]
        return found[0] if found else None

    def route(self, where, query, body):
        if not where.startswith(ROOT):
            if KIND == "gitlab" and where == "/api/v4/users":
                return self.answer(200, [{"id": 42, "username": query["username"]}])
            if KIND == "gitlab" and where.startswith("/api/v4/users/"):
                return self.answer(200, {"id": int(where.rsplit("/", 1)[1]), "bot": False, "state": "active"})
            self.wrong("a foreign path")
            return self.answer(404, {"message": "Not Found"})
        rest = where[len(ROOT):]
        (self.gitlab if KIND == "gitlab" else self.hub)(rest, query, body)

    def make(self, branch, base, title, text):
        sha = head_of(branch)
        if not sha:
            return self.answer(422, {"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]})
        if any(p["branch"] == branch and p["state"] == "open" for p in pulls):
            code = 409 if KIND != "github" else 422
            return self.answer(code, {"message": "Validation Failed",
                                      "errors": [{"message": "A pull request already exists for acme:%s." % branch}]})
        limit = 1048576 if KIND == "gitlab" else 65536
        if len(text) > limit:
            return self.answer(422, {"message": "Body is too long (maximum is %d characters)" % limit})
        p = {"n": len(pulls) + 1, "branch": branch, "base": base, "title": title, "body": text.replace("\n", "\r\n"),
             "state": "open", "sha": sha, "updated": stamp(), "labels": [], "asked": []}
        pulls.append(p)
        self.answer(201, show(p))

    def hub(self, rest, query, body):
        m, gone = self.command, lambda: self.answer(404, {"message": "Not Found"})
        if rest == "/pulls" and m == "GET":
            found = [p for p in pulls if query.get("state", "open") in ("all", "open" if p["state"] == "open" else "closed")]
            if KIND == "github" and "head" in query:
                found = [p for p in found if "acme:" + p["branch"] == query["head"]]
            if KIND == "github" and "base" in query:
                found = [p for p in found if p["base"] == query["base"]]
            return self.page([show(p) for p in reversed(found)], query)
        if rest == "/pulls" and m == "POST":
            return self.make(body["head"], body["base"], body["title"], body["body"])
        if rest == "/labels":
            if m == "GET":
                return self.page(labels, query)
            labels.append({"id": 100 + len(labels), "name": body["name"]})
            return self.answer(201, labels[-1])
        got = re.fullmatch(r"/(pulls|issues)/(\d+)(/\w+)?", rest)
        p = self.by_number(got[2]) if got else None
        if rest.startswith("/statuses/") and m == "POST":
            if len(body["description"]) > 140:
                self.wrong("description")
            statuses.append(dict(body, sha=rest[10:]))
            return self.answer(201, {"id": 1})
        if p is None:
            return gone()
        below = got[3]
        if got[1] == "pulls" and below is None and m == "PATCH":
            p["body"] = body.get("body", p["body"])
            p["state"] = body.get("state", p["state"])
            p["updated"] = stamp()
            return self.answer(200, show(p))
        if below == "/comments" and got[1] == "issues":
            if m == "GET":
                return self.page([{"id": i, "body": c} for i, c in enumerate(comments.get(p["n"], []))], query)
            comments.setdefault(p["n"], []).append(body["body"].replace("\n", "\r\n"))
            return self.answer(201, {"id": 1})
        if below == "/labels" and got[1] == "issues" and m == "POST":
            wanted = body["labels"]
            if KIND == "gitea":
                wanted = [x["name"] for i in wanted for x in labels if x["id"] == i]
            p["labels"] += wanted
            return self.answer(200, [])
        if below == "/requested_reviewers" and m == "POST":
            p["asked"] += body["reviewers"] + body["team_reviewers"]
            return self.answer(201, show(p))
        if below == "/reviews" and m == "GET":
            return self.page(reviews.get(p["n"], []), query)
        if below == "/commits" and m == "GET":
            return self.page([{"sha": p["sha"], "author": {"login": "pare-bot"}, "committer": {"login": "pare-bot"}}],
                             query)
        gone()

    def gitlab(self, rest, query, body):
        m = self.command
        if rest == "/merge_requests" and m == "GET":
            names = {"open": "opened"}
            found = [p for p in pulls if query["state"] in ("all", names.get(p["state"], p["state"])) and
                     query.get("source_branch", p["branch"]) == p["branch"] and query["target_branch"] == p["base"]]
            return self.page([show(p) for p in reversed(found)], query)
        if rest == "/merge_requests" and m == "POST":
            return self.make(body["source_branch"], body["target_branch"], body["title"], body["description"])
        if rest == "/approvals":
            return self.answer(200, settings)
        if rest.startswith("/statuses/") and m == "POST":
            statuses.append(dict(body, sha=rest[10:]))
            return self.answer(201, {"id": 1})
        got = re.fullmatch(r"/merge_requests/(\d+)(/\w+)?", rest)
        p = self.by_number(got[1]) if got else None
        if p is None:
            return self.answer(404, {"message": "404 Not Found"})
        if got[2] is None and m == "PUT":
            p["body"] = body.get("description", p["body"])
            if body.get("state_event") == "close":
                p["state"] = "closed"
            p["labels"] += [x for x in body.get("add_labels", "").split(",") if x]
            p["asked"] += body.get("reviewer_ids", [])
            p["updated"] = stamp()
            return self.answer(200, show(p))
        if got[2] == "/notes":
            if m == "GET":
                return self.page([{"id": i, "body": c} for i, c in enumerate(comments.get(p["n"], []))], query)
            comments.setdefault(p["n"], []).append(body["body"])
            return self.answer(201, {"id": 1})
        if got[2] == "/versions":
            return self.page([{"id": 1, "head_commit_sha": p["sha"], "created_at": T0}], query)
        if got[2] == "/approvals":
            return self.answer(200, {"approved_by": reviews.get(p["n"], [])})
        self.answer(404, {"message": "404 Not Found"})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forge)
open(PORT_FILE + ".new", "w").write(str(server.server_port))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
