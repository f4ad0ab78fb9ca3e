"""picture.py: the lines of measure.py on standard input, an SVG of the speed on standard output.

One band for each label, in the order of the lines, as wide as it took; a label's part after ", " is
its second line.
"""
import csv
import itertools
import math
import sys
from html import escape

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 46, 16, 112, 34
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #18202b }
.title { font-size: 15px; font-weight: 600 }
.speed { font-size: 22px; font-weight: 600 }
.soft { font-size: 12px; fill: #566273 }
.page { fill: #fff }
.grid { stroke: #e0e5eb }
.mean { stroke-width: 1.5; stroke-dasharray: 5 4 }
.line { stroke-width: 2; fill: none; stroke-linejoin: round }
.area { stroke: none; opacity: .15 }
.c0 { --c: #2467d1 } .c1 { --c: #a15c00 } .c2 { --c: #187a49 }
.line, .mean { stroke: var(--c) } .area, .speed { fill: var(--c) }
@media (prefers-color-scheme: dark) {
text { fill: #e3e8ef } .soft { fill: #98a5b6 } .page { fill: #161c25 } .grid { stroke: #28313d }
.c0 { --c: #6aa6ff } .c1 { --c: #e6a93f } .c2 { --c: #55c78f }
}
"""


class Phase:
    """One label's samples: (second, hashes), in order."""

    def __init__(self, label, samples):
        self.label, self.samples = label, samples
        self.seconds = samples[-1][0] - samples[0][0]
        self.mean = self.rate(0, len(samples) - 1)

    def rate(self, begin, end):
        (second, hashes), (later, more) = self.samples[begin], self.samples[end]
        return (more - hashes) / (later - second)

    def curve(self):
        """(second, speed): over four seconds around it, as workers tell once a second."""
        last = len(self.samples) - 1
        begins = [max(0, min(i - 2, last - 4)) for i in range(last + 1)]
        return [(second, self.rate(begin, min(last, begin + 4)))
                for begin, (second, _) in zip(begins, self.samples)]


def read(lines):
    phases = []
    for label, rows in itertools.groupby(csv.reader(lines), lambda row: row[0]):
        samples = [(float(second), int(hashes)) for _, second, hashes in rows]
        if len(samples) < 2:
            raise ValueError(f"{label}: expected two lines or more")
        phases.append(Phase(label, samples))
    if not phases:
        raise ValueError("expected lines of LABEL,SECOND,HASHES")
    return phases


def scale(most):
    """The distance of grid lines, and the top of the last: 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(max(most, 1) / 3))
    step = next(power * k for k in (1, 2, 5, 10) if power * k * 5 >= most)
    return step, step * max(1, math.ceil(most / step))


def draw(phases):
    step, top = scale(max(speed for phase in phases for _, speed in phase.curve()))
    across = (WIDTH - LEFT - RIGHT) / sum(phase.seconds for phase in phases)
    floor = HEIGHT - BOTTOM

    def y(speed):
        return round(floor - (floor - TOP) * speed / top, 1)

    said = "; ".join(f"{phase.label}: {phase.mean:.1f}" for phase in phases)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    yield f"<title>Hashes per second. {escape(said)}</title><style>{STYLE}</style>"
    yield f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
    yield '<text class="title" x="16" y="26">DockerCoins: hashes per second</text>'
    for i in range(round(top / step) + 1):
        at = y(i * step)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
        yield (f'<text class="soft" x="{LEFT - 8}" y="{at + 4}" '
               f'text-anchor="end">{i * step:g}</text>')
    left = LEFT
    for i, phase in enumerate(phases):
        right = left + phase.seconds * across
        points = [f"{left + second * across:.1f},{y(speed)}" for second, speed in phase.curve()]
        yield f'<g class="c{i % 3}">'
        if i:
            yield f'<line class="grid" x1="{left:.1f}" x2="{left:.1f}" y1="44" y2="{floor}"/>'
        below = [f"{right:.1f},{floor}", f"{left:.1f},{floor}"]
        yield f'<polygon class="area" points="{" ".join(points + below)}"/>'
        yield (f'<line class="mean" x1="{left:.1f}" x2="{right:.1f}" '
               f'y1="{y(phase.mean)}" y2="{y(phase.mean)}"/>')
        yield f'<polyline class="line" points="{" ".join(points)}"/>'
        first, _, second = phase.label.partition(", ")
        yield f'<text class="speed" x="{left + 10:.1f}" y="64">{phase.mean:.1f}</text>'
        yield f'<text x="{left + 10:.1f}" y="82">{escape(first)}</text>'
        yield f'<text x="{left + 10:.1f}" y="98">{escape(second)}</text>'
        yield (f'<text class="soft" x="{(left + right) / 2:.1f}" y="{HEIGHT - 12}" '
               f'text-anchor="middle">{phase.seconds:.0f} s</text></g>')
        left = right
    yield "</svg>"


if __name__ == "__main__":
    try:
        print("\n".join(draw(read(sys.stdin))))
    except ValueError as error:
        sys.exit(f"picture.py: {error}")
