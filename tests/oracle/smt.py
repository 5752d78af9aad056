#!/usr/bin/env python3
"""Containment of IAM policies by an SMT solver: an oracle for the prover's tests, written apart.

Reads lines {"question", "before": [documents], "after": [documents]} and prints, for each line and
each of the readings flat, segmented and hybrid, "sat" (a violation exists), "unsat" or "unknown".
With --probe it only says whether the solver is there (exit 0 or 77).

The conditions' truths are propositions; numbers and addresses go to the solver's arithmetic; for
each text the solver is asked whether a text with these memberships exists (one regular expression,
by intersection and complement). What no text can be is ruled out and the propositions solved again.
Policy variables, dates, short ARNs and characters beyond ASCII are not taken: "skip"."""
import json
import sys

try:
    import z3
except ImportError:
    print("no z3")
    sys.exit(77)

LIMIT_MS = 1500
ROUNDS = 400
STRING = z3.StringSort()
ANY = z3.Range(" ", "~")
INSIDE = z3.Union(z3.Range(" ", "9"), z3.Range(";", "~"))


class Skip(Exception):
    pass


def as_list(x):
    return x if isinstance(x, list) else [x]


def concat(parts):
    parts = [p for p in parts if p is not None]
    if not parts:
        return z3.Re("")
    return parts[0] if len(parts) == 1 else z3.Concat(*parts)


def letter(c, fold):
    if fold and c.isalpha():
        return z3.Union(z3.Re(c.lower()), z3.Re(c.upper()))
    return z3.Re(c)


def glob(text, fold=False, star=ANY, one=ANY, wild=True):
    out, literal = [], ""
    for c in text:
        if wild and c in "*?" or fold and c.isalpha():
            if literal:
                out.append(z3.Re(literal))
                literal = ""
            if c == "*":
                out.append(z3.Star(star))
            elif c == "?":
                out.append(one)
            else:
                out.append(letter(c, fold))
        else:
            literal += c
    if literal:
        out.append(z3.Re(literal))
    return concat(out)


def arn_parts(text):
    parts = text.split(":", 5)
    if len(parts) < 6:
        raise Skip("short ARN")
    return parts


def resource(text, reading):
    if text == "*":
        return z3.Star(ANY)
    parts = arn_parts(text)
    if reading == "flat":
        return glob(text)
    out = []
    for p in parts[:5]:
        if reading == "hybrid" and p.endswith("*"):
            out += [glob(p[:-1], star=INSIDE, one=INSIDE), z3.Star(ANY)]
        else:
            out.append(glob(p, star=INSIDE, one=INSIDE))
        out.append(z3.Re(":"))
    return concat(out + [glob(parts[5])])


PART = z3.Plus(INSIDE)
MAYBE = z3.Star(INSIDE)
COLON = z3.Re(":")
RESOURCES = z3.Union(z3.Re("*"), concat([z3.Re("arn:"), PART, COLON, PART, COLON, MAYBE, COLON, MAYBE,
                                         COLON, z3.Plus(ANY)]))
LOWER = z3.Union(z3.Range("a", "z"), z3.Range("0", "9"), z3.Re("-"), z3.Re("_"), z3.Re("."))
ACTIONS = concat([z3.Plus(LOWER), COLON, z3.Plus(LOWER)])
TEXTS = z3.Plus(ANY)


class Text:
    """One text of the request: a domain and the expressions it may belong to."""

    def __init__(self, name, domain):
        self.name, self.domain, self.atoms, self.known = name, domain, {}, {}

    def atom(self, key, make):
        if key not in self.atoms:
            self.atoms[key] = (z3.Bool("%s#%d" % (self.name, len(self.atoms))), make())
        return self.atoms[key][0]

    def possible(self, chosen):
        """chosen: {key: truth}; is there a text with just these memberships?"""
        frozen = frozenset(chosen.items())
        if frozen not in self.known:
            expressions = [self.domain]
            for key, truth in chosen.items():
                e = self.atoms[key][1]
                expressions.append(e if truth else z3.Complement(e))
            e = expressions[0] if len(expressions) == 1 else z3.Intersect(*expressions)
            s = z3.Solver()
            s.set("timeout", LIMIT_MS)
            s.add(z3.InRe(z3.String("x"), e))
            self.known[frozen] = str(s.check())
        return self.known[frozen]


class Problem:
    def __init__(self, reading):
        self.reading = reading
        self.action = Text("action", ACTIONS)
        self.resource = Text("resource", RESOURCES)
        self.texts = [self.action, self.resource]
        self.keys = {}
        self.constraints = []

    def key(self, name, kind):
        name = name.lower()
        if name not in self.keys:
            entry = {"kind": kind, "present": z3.Bool("present " + name)}
            if kind == "text":
                entry["text"] = Text(name, TEXTS)
                self.texts.append(entry["text"])
            elif kind == "list":
                entry["elements"] = []
                for i in range(3):
                    t = Text("%s[%d]" % (name, i), TEXTS)
                    self.texts.append(t)
                    entry["elements"].append((z3.Bool("there %s %d" % (name, i)), t))
            elif kind == "number":
                entry["value"] = z3.Real(name)
            elif kind == "address":
                entry["value"] = z3.Int(name)
                self.constraints += [entry["value"] >= 0, entry["value"] < 2 ** 32]
            elif kind == "truth":
                entry["value"] = z3.Bool("truth " + name)
            self.keys[name] = entry
        if self.keys[name]["kind"] != kind and kind != "null":
            raise Skip("two kinds on one key")
        return self.keys[name]

    def condition(self, operator, name, values):
        values = [str(v).lower() if isinstance(v, bool) else str(v) for v in as_list(values)]
        if any("${" in v for v in values) or not values:
            raise Skip("variable")
        quantifier, _, bare = operator.rpartition(":")
        if_exists = bare.endswith("IfExists")
        bare = bare[:-8] if if_exists else bare
        if bare == "Null":
            return z3.Or([self.keys_kind(name)["present"] == (v.lower() == "false") for v in values])
        negated = "Not" in bare
        bare = bare.replace("Not", "")
        if bare.startswith(("String", "Arn")):
            kind = "list" if quantifier else "text"
        elif quantifier:
            raise Skip("set operator on numbers")
        else:
            kind = {"N": "number", "I": "address", "B": "truth"}.get(bare[0])
        if kind is None or bare == "BinaryEquals":
            raise Skip(bare)
        entry = self.key(name, kind)
        present = entry["present"]
        if kind == "list":
            holds = [(there, self.member(t, bare, values, negated)) for there, t in entry["elements"]]
            if quantifier == "ForAllValues":
                return z3.Or(z3.Not(present), z3.And([z3.Implies(h, m) for h, m in holds]))
            return z3.And(present, z3.Or([z3.And(h, m) for h, m in holds]))
        if kind == "text":
            inside = self.member(entry["text"], bare, values, negated)
        else:
            inside = z3.Or([self.compare(entry["value"], bare, v) for v in values])
            inside = z3.Not(inside) if negated else inside
        if negated or if_exists:
            return z3.Or(z3.Not(present), inside)
        return z3.And(present, inside)

    def keys_kind(self, name):
        if name.lower() not in self.keys:
            self.key(name, "null")
        return self.keys[name.lower()]

    def member(self, text, bare, values, negated):
        def make(v):
            if bare.startswith("Arn"):
                return resource(v, "segmented") if v.count(":") >= 5 else None
            return glob(v, fold=bare.endswith("IgnoreCase"), wild=bare == "StringLike")
        if bare.startswith("Arn") and any(v.count(":") < 5 for v in values):
            raise Skip("short ARN")
        one = z3.Or([text.atom((bare, v), lambda v=v: make(v)) for v in values])
        return z3.Not(one) if negated else one

    @staticmethod
    def compare(x, bare, v):
        if bare == "Bool":
            return x == (v.lower() == "true")
        if bare == "IpAddress":
            if ":" in v:
                raise Skip("IPv6")
            address, _, bits = v.partition("/")
            low = 0
            for part in address.split("."):
                low = low * 256 + int(part)
            size = 2 ** (32 - int(bits or 32))
            return z3.And(x >= low, x < low + size)
        n = z3.RealVal(v)
        return {"NumericEquals": x == n, "NumericLessThan": x < n, "NumericLessThanEquals": x <= n,
                "NumericGreaterThan": x > n, "NumericGreaterThanEquals": x >= n}[bare]

    def statement(self, s, variables):
        def listed(text, values, make):
            return z3.Or([text.atom(v, lambda v=v: make(v)) for v in values])
        texts = as_list(s.get("Resource", s.get("NotResource")))
        if variables and any("${" in t for t in texts):
            raise Skip("variable")
        actions = [a.lower() for a in as_list(s.get("Action", s.get("NotAction")))]
        a = listed(self.action, actions, glob)
        r = listed(self.resource, texts, lambda v: resource(v, self.reading))
        all_of = [z3.Not(a) if "NotAction" in s else a, z3.Not(r) if "NotResource" in s else r]
        for operator, block in s.get("Condition", {}).items():
            for name, values in block.items():
                all_of.append(self.condition(operator, name, values))
        return z3.And(all_of)

    def sides(self, documents):
        allow, deny = [], []
        for d in documents:
            if d.get("Version") != "2012-10-17" and "${" in json.dumps(d):
                raise Skip("variable")
            for s in as_list(d["Statement"]):
                (allow if s["Effect"] == "Allow" else deny).append(self.statement(s, True))
        return z3.Or(allow), z3.Or(deny)

    def solve(self, formula):
        s = z3.Solver()
        s.set("timeout", LIMIT_MS * 4)
        s.add(formula, *self.constraints)
        unsure = False
        for _ in range(ROUNDS):
            result = s.check()
            if result != z3.sat:
                return "unsat" if result == z3.unsat and not unsure else "unknown"
            model = s.model()
            wrong = False
            for t in self.texts:
                chosen = {k: z3.is_true(model.eval(b)) for k, (b, _) in t.atoms.items()
                          if model[b] is not None}
                verdict = t.possible(chosen)
                if verdict == "sat":
                    continue
                unsure = unsure or verdict == "unknown"
                wrong = True
                s.add(z3.Or([t.atoms[k][0] != v for k, v in self.shrink(t, chosen, verdict).items()]))
            if not wrong:
                return "sat"
        return "unknown"

    @staticmethod
    def shrink(t, chosen, verdict):
        if verdict != "unsat" or len(chosen) > 24:
            return chosen
        for k in list(chosen):
            less = {x: v for x, v in chosen.items() if x != k}
            if less and t.possible(less) == "unsat":
                chosen = less
        return chosen


def ask(case, reading):
    p = Problem(reading)
    before, after = p.sides(case["before"]), p.sides(case["after"])
    if case["question"] == "no-lost-deny":
        return p.solve(z3.And(before[1], z3.Not(after[1])))
    was = z3.And(before[0], z3.Not(before[1]))
    return p.solve(z3.And(after[0], z3.Not(after[1]), z3.Not(was)))


def readings_agree(case):
    """No wildcard in the first five parts of any resource: then all readings are one."""
    for d in case["before"] + case["after"]:
        for s in as_list(d["Statement"]):
            for r in as_list(s.get("Resource", s.get("NotResource"))):
                if r != "*" and any(c in ":".join(r.split(":", 5)[:5]) for c in "*?$"):
                    return False
    return True


def main():
    if sys.argv[1:] == ["--probe"]:
        return
    import time
    for line in sys.stdin:
        started = time.process_time()
        verdicts = []
        case = json.loads(line)
        if any(ord(c) > 126 for c in json.dumps(case, ensure_ascii=False)):
            print("skip skip skip 0", flush=True)
            continue
        for reading in ("flat", "segmented", "hybrid"):
            try:
                verdicts.append(verdicts[0] if verdicts and readings_agree(case) else ask(case, reading))
            except Skip:
                verdicts = ["skip"] * 3
                break
            except z3.Z3Exception:
                verdicts.append("unknown")
        print(*verdicts, "%.3f" % ((time.process_time() - started) * 1000), flush=True)


if __name__ == "__main__":
    main()
