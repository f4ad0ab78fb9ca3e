"""The table, and the picture that README shows."""
from traffic import median, spread

# The best of HAProxy's settings for a measure is the one with the lowest median.
HAPROXY = ("haproxy", "haproxy-splice", "haproxy-auto", "haproxy-64k")


def best_haproxy(samples):
    return min((n for n in HAPROXY if samples.get(n)), key=lambda n: median(samples[n]),
               default=None)


def ratio(samples, name, to, field="value"):
    if not samples.get(name) or not samples.get(to) or not median(samples[to], field):
        return None
    return median(samples[name], field) / median(samples[to], field)


def added(samples, name, field):
    """Latency over direct, against HAProxy's over direct."""
    direct = median(samples["direct"], field)
    over = median(samples["haproxy"], field) - direct
    return (median(samples[name], field) - direct) / over if over > 0 else None


def figure(value):
    if value is None:
        return "-"
    return "%.0f" % value if abs(value) >= 100 else "%.1f" % value if abs(value) >= 10 \
        else "%.2f" % value


def rows(measures, results):
    """One row a measure and peer: what the JSON has and the table shows."""
    out = []
    for measure in measures:
        samples = results[measure.key]
        best = best_haproxy(samples)
        for name in measure.names:
            mine = samples[name]
            row = {"measure": measure.key, "title": measure.title, "peer": name,
                   "unit": measure.unit, "median": median(mine), "spread": spread(mine),
                   "samples": len(mine), "to_haproxy": ratio(samples, name, "haproxy"),
                   "to_best_haproxy": ratio(samples, name, best) if best else None}
            for field in ("gbit_per_s", "per_s", "p50_us", "p99_us", "p999_us"):
                if field in mine[0] and median(mine, field):
                    row[field] = median(mine, field)
            speed = "gbit_per_s" if "gbit_per_s" in row else "per_s"
            row["speed_to_direct"] = ratio(samples, name, "direct", speed)
            if "p50_us" in row and name not in ("direct",) and samples.get("haproxy"):
                row["added_p50_to_haproxy"] = added(samples, name, "p50_us")
                row["added_p99_to_haproxy"] = added(samples, name, "p99_us")
            out.append(row)
    return out


def text(table):
    head = ("measure", "peer", "CPU", "+-", "to haproxy", "to its best", "Gbit/s or 1/s",
            "of direct", "p50 us", "p99 us", "p99.9 us")
    lines, last = [head], None
    for row in table:
        title = "" if row["measure"] == last else "%s (%s)" % (row["title"], row["unit"])
        last = row["measure"]
        noise = "-" if row["spread"] is None else "%.0f %%" % (100 * row["spread"])
        lines.append((title, row["peer"], figure(row["median"]), noise,
                      figure(row["to_haproxy"]), figure(row["to_best_haproxy"]),
                      figure(row.get("gbit_per_s", row.get("per_s"))),
                      figure(row["speed_to_direct"]), figure(row.get("p50_us")),
                      figure(row.get("p99_us")), figure(row.get("p999_us"))))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    out = []
    for line in lines:
        cells = [line[0].ljust(widths[0]), line[1].ljust(widths[1])]
        cells += [cell.rjust(width) for cell, width in zip(line[2:], widths[2:])]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


# ---- the picture: CPU against HAProxy's default, a bar for each peer ----

COLOURS = {"amba": "#0b7285", "haproxy-best": "#adb5bd", "nginx": "#dee2e6"}
PLOT_LEFT, PLOT_WIDTH, BAR, GAP, GROUP = 250, 420, 11, 2, 14


def svg(measures, results, machine):
    groups = []
    for measure in measures:
        samples = results[measure.key]
        bars = []
        for label in ("amba", "haproxy-best", "nginx"):
            name = best_haproxy(samples) if label == "haproxy-best" else label
            if samples.get(name) and ratio(samples, name, "haproxy") is not None:
                bars.append((label, ratio(samples, name, "haproxy")))
        if bars and bars[0][0] == "amba":
            groups.append((measure.title, bars))
    top = max([1.1] + [value for _, bars in groups for _, value in bars])
    scale = PLOT_WIDTH / top
    y, body = 56, []
    for title, bars in groups:
        middle = y + len(bars) * (BAR + GAP) / 2
        body.append('<text x="%d" y="%.0f" text-anchor="end" class="t">%s</text>'
                    % (PLOT_LEFT - 10, middle + 4, title))
        for label, value in bars:
            body.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>'
                        % (PLOT_LEFT, y, value * scale, BAR, COLOURS[label]))
            body.append('<text x="%.1f" y="%d" class="v">%.2f</text>'
                        % (PLOT_LEFT + value * scale + 5, y + BAR - 2, value))
            y += BAR + GAP
        y += GROUP
    one = PLOT_LEFT + scale
    legend, x = [], PLOT_LEFT
    for label, says in (("amba", "amba"), ("haproxy-best", "HAProxy, its best setting for it"),
                        ("nginx", "nginx stream")):
        legend.append('<rect x="%d" y="30" width="11" height="11" fill="%s"/>'
                      '<text x="%d" y="40" class="v">%s</text>' % (x, COLOURS[label], x + 16, says))
        x += 32 + 7 * len(says)
    return """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 %d" font-family="sans-serif">
<style>.h{font-size:14px;font-weight:600}.t{font-size:12px}.v{font-size:11px;fill:#495057}</style>
<rect width="100%%" height="100%%" fill="#fff"/>
<text x="12" y="20" class="h">CPU of the proxy; HAProxy as it comes = 1, less is better</text>
%s
<line x1="%.1f" y1="50" x2="%.1f" y2="%d" stroke="#c92a2a" stroke-dasharray="4 3"/>
%s
<text x="12" y="%d" class="v">%s</text>
</svg>
""" % (y + 30, "\n".join(legend), one, one, y - GROUP + 4, "\n".join(body), y + 16, machine)
