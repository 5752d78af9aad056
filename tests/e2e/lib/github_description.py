"""Do the requests of a fake forge's log fit GitHub's own description of its interface?

usage: github_description.py DESCRIPTION LOG
Every request must be an operation of the description; its query's names must be parameters of it, and its
body must have the required members, no unknown ones, and values of the types that are asked for.
"""
import json, re, sys

api = json.load(open(sys.argv[1]))
wrong = []


def resolve(v):
    while isinstance(v, dict) and "$ref" in v:
        at = api
        for part in v["$ref"][2:].split("/"):
            at = at[part.replace("~1", "/").replace("~0", "~")]
        v = at
    return v


def fits(value, schema, where):
    schema = resolve(schema)
    for key in ("oneOf", "anyOf"):
        if key in schema:
            tries = [fits(value, x, where) for x in schema[key]]
            return None if any(t is None for t in tries) else tries[0]
    kinds = {"string": str, "object": dict, "array": list, "boolean": bool, "integer": int, "number": (int, float)}
    kind = schema.get("type")
    kind = [k for k in (kind if isinstance(kind, list) else [kind]) if k]
    if kind and not any(k in kinds and isinstance(value, kinds[k]) for k in kind):
        return "%s is %r, expected %s" % (where, value, kind)
    if "enum" in schema and value not in schema["enum"]:
        return "%s is %r, expected one of %s" % (where, value, schema["enum"])
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for need in schema.get("required", []):
            if need not in value:
                return "%s lacks %s" % (where, need)
        for k, v in value.items():
            if k not in known:
                return "%s has an unknown member %s" % (where, k)
            bad = fits(v, known[k], where + "." + k)
            if bad:
                return bad
    if isinstance(value, list):
        for v in value:
            bad = fits(v, schema.get("items", {}), where + "[]")
            if bad:
                return bad
    return None


operations = []
for template, item in api["paths"].items():
    literal = len(re.sub(r"\{[^}]+\}", "", template))
    pattern = re.compile("^" + re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template)) + "$")
    operations.append((-literal, pattern, template, item))
operations.sort(key=lambda x: x[0])

count, seen = 0, set()
for line in open(sys.argv[2]):
    if not line.startswith("{"):
        continue
    r = json.loads(line)
    path = r["path"].removeprefix("/api/v3")
    what = "%s %s" % (r["method"], path)
    found = [(t, i) for _, p, t, i in operations if p.match(path) and r["method"].lower() in i]
    if not found:
        wrong.append(what + ": no such operation")
        continue
    template, item = found[0]
    op = item[r["method"].lower()]
    count += 1
    seen.add(r["method"] + " " + template)
    names = {}
    for p in list(item.get("parameters", [])) + list(op.get("parameters", [])):
        p = resolve(p)
        if p["in"] == "query":
            names[p["name"]] = p
    for k, v in r["query"].items():
        if k not in names:
            wrong.append("%s: no parameter %s" % (what, k))
        elif "enum" in resolve(names[k]["schema"]) and v not in resolve(names[k]["schema"])["enum"]:
            wrong.append("%s: %s=%s" % (what, k, v))
    wanted = op.get("requestBody")
    if (r["body"] is not None) and not wanted:
        wrong.append(what + ": takes no body")
    if wanted and r["body"] is not None:
        schema = resolve(wanted)["content"]["application/json"]["schema"]
        bad = fits(r["body"], schema, "body")
        if bad:
            wrong.append("%s: %s" % (what, bad))
for w in sorted(set(wrong)):
    print(w)
print("%d requests, %d operations: %s" % (count, len(seen), "; ".join(sorted(seen))))
sys.exit(1 if wrong or count == 0 else 0)
