"""The results as tables for a terminal or a page, and as a plot."""

import html
import math

import deploy

TITLES = {
    "view": "View, caches warm",
    "first": "View, first touch",
    "zone": "Zone",
    "quota": "Zone under a quota",
    "direct": "Direct sandbox",
    "build": "Whole jobs",
}


# The peers that are file systems of somebody's program, as the view and the zones are.
FUSE = ("bindfs", "passthrough_ll", "passthrough_hp")


def tables(results):
    machine = results["machine"]
    lines = [f"{machine['cores']} cores ({machine['processor']}), {machine['memory']}, Linux {machine['kernel']}, {machine['filesystem']}; "
             f"io_uring for FUSE {machine['io_uring for FUSE']}; "
             f"median of {results['rounds']} turns; load {machine['load at start']} at the start"]  # fmt: skip
    lines += asked(results)
    for part, title in TITLES.items():
        if part in results:
            lines += table(title, results[part], results[part]["geometric mean"])
    if "techniques" in results:
        lines += techniques(results["techniques"])
    if "run" in results:
        row = results["run"]
        lines += ["", f"`pinfold run -- true` takes {row['milliseconds']['pinfold run']} ms, {row['beyond bwrap']} ms beyond bubblewrap"]
    if "swift" in results:
        row = results["swift"]
        lines += ["", f"`swift build` of a small package by `pinfold run` takes {row['seconds']['pinfold run']} s, {row['ratio']:.2f} × native"]
    if "coherence" in results:
        rate = results["coherence"]["changes a second"]
        lines += ["", "### A change beside the view is seen", "", f"| kind, at {rate} changes a second | median, ms | p99, ms |", "| --- | ---: | ---: |"]
        lines += [f"| {kind} | {row['median']} | {row['p99']} |" for kind, row in results["coherence"]["milliseconds"].items()]
    if "views" in results:
        lines += ["", "### Several views and a busy disk", "", "| views | a writer elsewhere | daemons, s | writer, s |", "| ---: | ---: | ---: | ---: |"]
        lines += [f"| {row['views']} | {row['ratio']:.2f} | {row['daemons']} | {row['seconds']} |" for row in results["views"]]
    if "memory" in results:
        names = [name for name in results["memory"][0] if name != "files"]
        lines += ["", "### The daemon and the number of files", "", "| files | " + " | ".join(names) + " |", "| ---: |" + " ---: |" * len(names)]
        lines += [f"| {row['files']:,} | " + " | ".join(str(row[name]) for name in names) + " |" for row in results["memory"]]
    if "deploy" in results:
        lines += deploy.tables(results["deploy"])
    return "\n".join(lines).strip() + "\n"


def asked(results):
    """What is asked of Pinfold, beside what was measured; what was missed is bold."""
    rows = []

    def row(what, *measured, others=""):
        """Each of `measured` is a figure, what it may be at most, and how it is written."""
        shown = [text.format(value) if value <= most else f"**{text.format(value)}**" for value, most, text in measured]
        rows.append(f"| {what} | {', '.join(shown)}{others} |")

    def ratio(part, work, name="pinfold"):
        return results[part]["ratios"][work][name]

    def means(part):
        every = results[part]["geometric mean"]
        others = sorted(every[name] for name in FUSE if every.get(name))
        text = f"; the FUSE peers' means {others[0]:.2f} to {others[-1]:.2f}" if others else ""
        return every["pinfold"], text + (f", bubblewrap's {every['bubblewrap']:.2f}" if every.get("bubblewrap") else "")

    if "view" in results:
        mean, others = means("view")
        worst = max(row["pinfold"] for row in results["view"]["ratios"].values())
        row("view, caches warm: mean at most 1.15, none above 1.5", (mean, 1.15, "{:.2f}"), (worst, 1.5, "{:.2f} at most"), others=others)
    if "first" in results:
        mean, others = means("first")
        row("view, first touch: mean at most 4", (mean, 4, "{:.2f}"), others=others)
    if "zone" in results:
        works = ("stream write", "random 4 KiB reads of an open file", "random 4 KiB writes")
        row("zone: stream write, random reads and writes of 4 KiB at most 1.15", *((ratio("zone", work), 1.15, "{:.2f}") for work in works))
        mean, others = means("zone")
        row("zone: mean at most 1.8", (mean, 1.8, "{:.2f}"), others=others)
    if "direct" in results:
        mean = results["direct"]["geometric mean"]["pinfold, direct"]
        unpacked = ratio("direct", "untar", "pinfold, direct")
        row("direct sandbox: mean at most 1.05, unpacking an archive of the view's 1.15", (mean, 1.05, "{:.2f}"), (unpacked, 1.15, "{:.2f}"))
    if "build" in results:
        row("a commit's objects at most 1.2", (ratio("build", "a commit's objects, read"), 1.2, "{:.2f} read"),
            (ratio("build", "a commit's objects, made"), 1.2, "{:.2f} made"))  # fmt: skip
        row("`python -m compileall` at most 1.2", (ratio("build", "python -m compileall"), 1.2, "{:.2f}"))
    if "swift" in results:
        row("`swift build` at most 1.2", (results["swift"]["ratio"], 1.2, "{:.2f}"))
    if "run" in results:
        row("`pinfold run -- true` at most 10 ms beyond bubblewrap", (results["run"]["beyond bwrap"], 10, "{:.1f} ms"))
    if "coherence" in results:
        seen = results["coherence"]["milliseconds"]["all"]
        row("a change is seen: median below 2 ms, 99 % below 20 ms", (seen["median"], 2, "{:.2f} ms"), (seen["p99"], 20, "{:.2f} ms"))
    if "views" in results:
        one, five = (next(row["daemons"] for row in results["views"] if row["views"] == count) for count in (1, 5))
        row("five views cost what one costs on a disk that is busy elsewhere: at most 1.2 times", (five / one, 1.2, "{:.2f} times"))
    if "memory" in results:
        bytes_each = [row["bytes a file"] for row in results["memory"]]
        kept = results["memory"][-1]["MiB beyond the start once forgotten"]
        row("a file that the kernel remembers: at most 300 bytes; back to within 20 MiB of the start", (max(bytes_each), 300, "{:.0f} bytes at most"),
            (kept, 20, "{:.1f} MiB"))  # fmt: skip
    behind = [f"{work} ({TITLES[part].lower()})" for part in ("view", "first", "zone", "build") if part in results
              for work, row in results[part]["ratios"].items()
              if any(row.get(name) is not None and row[name] * 1.1 < row["pinfold"] for name in FUSE)]  # fmt: skip
    if any(part in results for part in ("view", "first", "zone", "build")):
        rows.append(f"| ahead of bindfs and libfuse's examples in every row, or within a tenth | {'**not in** ' + ', '.join(behind) if behind else 'so it is'} |")
    return ["", "| asked | measured |", "| --- | --- |", *rows] if rows else []


def table(title, part, means):
    names = [name for name in means if name != "native"]
    lines = ["", f"### {title}", "", "| work | " + " | ".join(names) + " | native, ms |", "| --- |" + " ---: |" * (len(names) + 1)]
    for work, row in part["ratios"].items():
        lines.append(f"| {work} | " + " | ".join(number(row[name]) for name in names) + f" | {row['native seconds'] * 1000:.1f} |")
    if len(part["ratios"]) > 3:
        lines.append("| **geometric mean** | " + " | ".join(f"**{number(means[name])}**" for name in names) + " | |")
    return lines


def number(value):
    return "fails" if value is None else f"{value:.2f}"


def techniques(parts):
    """The mean without each, and the works that it changes most."""
    kinds = list(parts)
    lines = ["", "### Each technique switched off", ""]
    lines += ["| without | " + " | ".join(f"{TITLES[kind].lower()}: mean | most changed" for kind in kinds) + " |"]
    lines += ["| --- |" + " ---: | --- |" * len(kinds)]
    names = [name for name in parts[kinds[0]]["geometric mean"] if name != "native"]
    for name in names:
        cells = []
        for kind in kinds:
            rows = parts[kind]["ratios"]
            far = sorted(rows, key=lambda work: abs(math.log(rows[work][name] / rows[work]["pinfold"])), reverse=True)[:2]
            said = "" if name == "pinfold" else "; ".join(f"{work} {rows[work]['pinfold']:.2f} → {rows[work][name]:.2f}" for work in far)
            cells += [f"{parts[kind]['geometric mean'][name]:.2f}", said]
        lines.append(f"| {'(nothing)' if name == 'pinfold' else name.removeprefix('without ')} | " + " | ".join(cells) + " |")
    return lines


def write_into(page, text):
    before, begin, rest = page.read_text().partition("<!-- results -->\n")
    _, end, after = rest.partition("<!-- end of results -->")
    if not begin or not end:
        raise SystemExit(f"pinfold: {page} has no lines `<!-- results -->` and `<!-- end of results -->`")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")


# ── The plot ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

COLOURS = {"pinfold": "#1d4ed8", "pinfold, quota": "#7dd3fc", "pinfold, direct": "#22c55e", "bubblewrap": "#be185d", "bindfs": "#b45309", "passthrough_ll": "#6b7280", "passthrough_hp": "#a3a3a3"}
LEFT, WIDTH, BAR = 210, 620, 8
LEAST = 0.5


def plot(results):
    """Bars of every work on a logarithmic scale, with native as the line at 1; each part has a heading with its means."""
    parts = [part for part in ("view", "first", "zone", "quota", "direct", "build") if part in results]
    rows = {part: list(results[part]["ratios"].items()) for part in parts}
    for part in parts:
        if len(rows[part]) > 3:
            rows[part].insert(0, ("geometric mean", results[part]["geometric mean"]))
    everything = [row for part in parts for _, row in rows[part]]
    names = [name for name in COLOURS if any(name in row for row in everything)]
    most = max((row[name] for row in everything for name in names if row.get(name)), default=10)
    span = math.log10(most * 1.3 / LEAST)

    def x(value):
        return LEFT + math.log10(max(value, LEAST) / LEAST) / span * WIDTH

    body = []
    top = 40
    for part in parts:
        body.append(f'<text x="10" y="{top + 16}" font-size="14" font-weight="bold">{html.escape(TITLES[part])}</text>')
        top += 26
        for label, row in rows[part]:
            shown = [name for name in names if row.get(name)]
            weight = ' font-weight="bold"' if label == "geometric mean" else ""
            body.append(f'<text x="{LEFT - 8}" y="{top + BAR * len(shown) / 2 + 4}" text-anchor="end"{weight}>{html.escape(label)}</text>')
            for index, name in enumerate(shown):
                y, end = top + index * BAR, x(row[name])
                start, length = min(x(1), end), max(abs(end - x(1)), 1)
                body.append(f'<rect x="{start:.1f}" y="{y}" width="{length:.1f}" height="{BAR - 1}" fill="{COLOURS[name]}"/>')
                if name.startswith("pinfold"):
                    body.append(f'<text x="{max(end, x(1)) + 4:.1f}" y="{y + BAR - 0.5}" font-size="9" fill="{COLOURS["pinfold"]}">{row[name]:.2f}</text>')
            top += BAR * len(shown) + 8
        top += 10
    height = top + 24
    scale = [value for value in (1, 2, 5, 10, 20, 50, 100) if value <= most * 1.3]
    lines = [
        f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="34" y2="{height - 22}" stroke="{"#111" if value == 1 else "#e5e7eb"}"/>'
        f'<text x="{x(value):.1f}" y="{height - 8}" text-anchor="middle" fill="#555">{"native" if value == 1 else f"{value}×"}</text>'
        for value in scale
    ]
    legend = []
    for index, name in enumerate(names):
        legend.append(f'<rect x="{10 + index * 130}" y="10" width="11" height="11" fill="{COLOURS[name]}"/>')
        legend.append(f'<text x="{26 + index * 130}" y="20">{html.escape(name)}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 50}" height="{height}" font-family="sans-serif" font-size="11">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *legend, *lines, *body, "</svg>"]) + "\n"
