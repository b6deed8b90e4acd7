"""The results as tables for a terminal or a page, and as a plot."""

import html
import math

import deploy


def tables(results):
    lines = []
    titles = {"view": "View, caches warm", "first": "View, first touch", "zone": "Zone", "build": "A build in a zone"}
    for part, title in titles.items():
        if part not in results:
            continue
        means = results[part]["geometric mean"]
        names = [name for name in means if name != "native"]
        lines += ["", f"### {title}", "", "| work | " + " | ".join(names) + " | native, s |", "| --- |" + " ---: |" * (len(names) + 1)]
        for work, row in results[part]["ratios"].items():
            lines.append(f"| {work} | " + " | ".join(f"{row[name]:.2f}" for name in names) + f" | {row['native seconds']:.4f} |")
        if len(results[part]["ratios"]) > 1:
            lines.append("| **geometric mean** | " + " | ".join(f"**{means[name]:.2f}**" for name in names) + " | |")
    if "techniques" in results:
        lines += ["", "### Each technique switched off", "", "| without | view | zone |", "| --- | ---: | ---: |"]
        for name, row in results["techniques"].items():
            cells = [f"{row[part]['geometric mean'][f'without {name}']:.2f}, with it {row[part]['geometric mean']['pinfold']:.2f}"
                     for part in ("view", "zone")]  # fmt: skip
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if "run" in results:
        lines += ["", f"`pinfold run -- true` beyond bubblewrap: {results['run']['beyond bwrap']} ms"]
    if "coherence" in results:
        row = results["coherence"]["milliseconds"]["all"]
        rate = results["coherence"]["changes a second"]
        lines += ["", f"A change beside the view is seen after {row['median']} ms (median), {row['p99']} ms (p99), at {rate} changes a second"]
    for row in results.get("memory", []):
        lines += ["", f"{row['files']} files: " + ", ".join(f"{name} {value}" for name, value in row.items() if name != "files")]
    if "deploy" in results:
        lines += deploy.tables(results["deploy"])
    return "\n".join(lines).strip() + "\n"


def plot(results):
    """Bars of the geometric means and of every work, on a logarithmic scale, with native as the line at 1."""
    rows = []
    for part in ("view", "first", "zone", "build"):
        if part in results:
            rows.append((f"{part}: geometric mean", results[part]["geometric mean"]))
            rows += [(f"{part}: {work}", row) for work, row in results[part]["ratios"].items()]
    names = sorted({name for _, row in rows for name in row if name not in ("native", "native seconds")}, key=lambda name: name != "pinfold")
    colours = ["#2563eb", "#9ca3af", "#d97706", "#16a34a"]
    left, width, bar = 230, 560, 7
    height_of_row = bar * len(names) + 8
    height = 50 + height_of_row * len(rows)
    most = max((row[name] for _, row in rows for name in names if name in row), default=10)
    span = math.log10(max(most, 2)) + 0.25

    def x(value):
        return left + (math.log10(max(value, 0.6)) + 0.25) / (span + 0.25) * width

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" height="{height}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>']  # fmt: skip
    for index, name in enumerate(names):
        out.append(f'<rect x="{left + index * 130}" y="8" width="10" height="10" fill="{colours[index % 4]}"/>')
        out.append(f'<text x="{left + 14 + index * 130}" y="17">{html.escape(name)}</text>')
    for value in (1, 2, 5, 10, 20, 50):
        if value <= most * 1.5:
            out.append(f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="28" y2="{height - 8}" stroke="{"#111" if value == 1 else "#ddd"}"/>')
            out.append(f'<text x="{x(value):.1f}" y="{height - 1}" text-anchor="middle" fill="#555">{value}×</text>')
    top = 34
    for label, row in rows:
        weight = ' font-weight="bold"' if "geometric" in label else ""
        out.append(f'<text x="{left - 8}" y="{top + bar * len(names) / 2 + 4}" text-anchor="end"{weight}>{html.escape(label)}</text>')
        for index, name in enumerate(names):
            if name in row:
                length = max(x(row[name]) - x(0.6), 1)
                out.append(f'<rect x="{x(0.6):.1f}" y="{top + index * bar}" width="{length:.1f}" height="{bar - 1}" fill="{colours[index % 4]}">'
                           f"<title>{html.escape(name)}: {row[name]}</title></rect>")  # fmt: skip
        top += height_of_row
    return "\n".join(out + ["</svg>"]) + "\n"
