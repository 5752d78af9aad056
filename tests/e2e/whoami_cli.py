"""Asks the AWS CLI who it is, case by case: what it is compared with stands in whoami.sh.

usage: whoami_cli.py CASES HOME
CASES: a case in three lines: its name; its variables, separated by spaces; "caller region" as pare
said, where a caller "none" is a refusal. The CLI is loaded once and every case is a child of it.
"""
import io
import os
import re
import shutil
import subprocess
import sys

COMMAND = ["sts", "get-caller-identity", "--output", "text", "--query", "Arn", "--debug"]

try:
    import awscli.clidriver
    import botocore.session
    botocore.session.get_session().get_service_model("sts")
except ImportError:
    awscli = None


def run_loaded(out, log):
    """In a child: the CLI's own main, with its output in files."""
    os.dup2(out.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.argv = ["aws"] + COMMAND
    try:
        code = awscli.clidriver.main()
    except SystemExit as e:
        code = e.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def ask(variables, home):
    out_path, log_path = os.path.join(home, "cli.out"), os.path.join(home, "cli.log")
    with open(out_path, "w") as out, open(log_path, "w") as log:
        if awscli is None:
            code = subprocess.run(["aws"] + COMMAND, env=variables, stdout=out, stderr=log).returncode
        else:
            child = os.fork()
            if child == 0:
                os.environ.clear()
                os.environ.update(variables)
                run_loaded(out, log)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(out_path) as out, open(log_path, errors="replace") as log:
        arn, text = out.read().strip(), log.read()
    region = re.findall(r"Credential=[^/]*/[0-9]*/([^/]*)/sts/aws4_request", text)
    if code != 0:
        return "none", "", text
    arn = re.sub(r"/botocore-session-[0-9]*$", "/-", arn)
    return arn, region[-1] if region else "", text


def main():
    lines = open(sys.argv[1]).read().split("\n")
    home, failed = sys.argv[2], 0
    base = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") or k == "AWS_DATA_PATH"}
    for name, text, wanted in zip(lines[0::3], lines[1::3], lines[2::3]):
        shutil.rmtree(os.path.join(home, ".aws/cli"), ignore_errors=True)
        subprocess.run(["tar", "-C", home, "-xf", os.path.join(home, "cache.tar")], check=True)
        variables = dict(base, AWS_MAX_ATTEMPTS="1")
        variables.update(v.split("=", 1) for v in text.split())
        caller, region, log = ask(variables, home)
        who, where = (wanted + " ").split(" ")[:2]
        if caller != who:
            print(f"FAIL: {name}: the AWS CLI is '{caller}', pare '{who}'", *log.split("\n")[-4:], sep="\n")
            failed += 1
        elif caller != "none" and region != where:
            print(f"FAIL: {name}: the AWS CLI's region is '{region}', pare's '{where}'")
            failed += 1
    print(f"{len(lines) // 3} configurations, {failed} of them apart")
    sys.exit(1 if failed else 0)


main()
