#!/usr/bin/env python3
"""What can be said of a Grafana dashboard without Grafana.

dashboard.py check FILE        its panels have titles, descriptions, places of their own; its variables exist
dashboard.py names FILE        the metrics that it asks for, one a line
dashboard.py rules FILE        its expressions as recording rules, for `promtool check rules`
dashboard.py ask FILE URL      asks a Prometheus each of them; prints and fails for those without an answer
"""
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

BUILT_IN = {"__rate_interval", "__range", "__all"}
VALUES = {"instance": ".*", "frontend": ".*", "__rate_interval": "10s", "__range": "30s"}


def expressions(board):
    """(where, expression) of panels, annotations and variables."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']}, {target['refId']}", target["expr"]
    for annotation in board["annotations"]["list"]:
        if "expr" in annotation:
            yield f"annotation {annotation['name']}", annotation["expr"]
    for variable in board["templating"]["list"]:
        found = re.fullmatch(r"label_values\((.*), *\w+\)", variable.get("definition", ""))
        if found:
            yield f"variable {variable['name']}", found[1]


def filled(expression):
    return re.sub(r"\$(\w+)", lambda found: VALUES[found[1]], expression)


def names(board):
    return {name for _, expression in expressions(board)
            for name in re.findall(r"\b(?:amba|process)_\w+", expression)}


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def faults(board):
    panels = board["panels"]
    if len({panel["id"] for panel in panels}) != len(panels):
        yield "two panels have the same id"
    for number, panel in enumerate(panels):
        title = panel.get("title") or f"panel {panel['id']}"
        if panel["type"] != "row" and not (panel.get("title") and panel.get("description")):
            yield f"{title}: no title or no description"
        if panel["gridPos"]["x"] + panel["gridPos"]["w"] > 24:
            yield f"{title}: wider than the page"
        for other in panels[:number]:
            if overlap(panel["gridPos"], other["gridPos"]):
                yield f"{title}: lies over {other['title']}"
        for thing in [panel, *panel.get("targets", [])]:
            if thing.get("datasource", {}).get("uid", "${datasource}") != "${datasource}":
                yield f"{title}: its datasource is not the variable"
        if panel["type"] in ("timeseries", "stat") and "unit" not in panel["fieldConfig"]["defaults"]:
            yield f"{title}: no unit"
    known = {variable["name"] for variable in board["templating"]["list"]} | BUILT_IN
    for used in set(re.findall(r"\$\{?(\w+)", json.dumps(board))) - known:
        yield f"${used} is no variable"


def unanswered(board, url):
    for where, expression in expressions(board):
        query = urllib.parse.urlencode({"query": filled(expression)})
        try:
            with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:
                result = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            yield f"{where}: {expression}: {error.read().decode()}"
            continue
        # One that ends with a comparison shows trouble: no answer is good news.
        if not result and not re.search(r"> 0$", expression):
            yield f"{where}: no answer to {filled(expression)}"


def main():
    action, file = sys.argv[1:3]
    with open(file, encoding="utf-8") as opened:
        board = json.load(opened)
    wrong = []
    if action == "check":
        wrong = list(faults(board))
    elif action == "names":
        print(*sorted(names(board)), sep="\n")
    elif action == "rules":
        rules = [{"record": f"panel:{number}", "expr": filled(expression)}
                 for number, (_, expression) in enumerate(expressions(board))]
        print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    elif action == "ask":
        wrong = list(unanswered(board, sys.argv[3]))
    else:
        sys.exit(__doc__)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)


main()
