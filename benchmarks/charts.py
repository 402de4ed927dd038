#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""charts.py RESULTS.json FOLDER: draws what `./benchmarks/run --json` wrote, as SVG for a light and
for a dark page, and writes the raw figures beside them.

A bar is the median of the rounds that were kept (taken in the same mode of the machine), its line
reaches from the least to the most of them. Every picture says on what it was measured.
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use('svg')
matplotlib.rcParams['svg.fonttype'] = 'none'  # text stays text
matplotlib.rcParams['svg.hashsalt'] = 'gregor'  # the same figures make the same file
matplotlib.rcParams['font.family'] = 'sans-serif'
import matplotlib.pyplot as plot  # noqa: E402

THEMES = {
    'light': {'page': '#ffffff', 'text': '#1f2328', 'grid': '#d1d9e0', 'ours': '#0969da',
              'peer': '#9198a1', 'limit': '#dcc7a1'},
    'dark': {'page': '#0d1117', 'text': '#f0f6fc', 'grid': '#3d444d', 'ours': '#4493f8',
             'peer': '#656c76', 'limit': '#6e5a33'},
}

# A picture: its name, its title, and its panels: scenario, records, batch, a title.
PICTURES = [
    ('throughput', 'One producer, one group: records a second', [
        ('throughput_1p1c', 64, 1, 'one at a time'), ('throughput_1p1c', 64, 16, '16 at a time')]),
    ('fan_out', 'One producer, two groups that each read everything', [
        ('fan_out_1p2g', 64, 1, 'one at a time'), ('fan_out_1p2g', 64, 16, '16 at a time')]),
    ('fan_in', 'Two producers, one group', [
        ('fan_in_2p1c', 64, 1, 'one at a time'), ('fan_in_2p1c', 64, 16, '16 at a time')]),
    ('latency', 'Round trip between two threads', [('ping_pong', 64, 1, '')]),
    ('scaling', 'Two producers, four partitions, a group of two', [
        ('partitioned_2p4', 64, 1, 'one at a time'), ('partitioned_2p4', 64, 16, '16 at a time')]),
    ('poll', 'A poll, by how many partitions are assigned', [('poll_cost', 64, 1, '')]),
    ('durable', 'Append to a log on disk', [
        ('durable_append', 64, 1, 'one at a time'), ('durable_append', 64, 100, '100 at a time')]),
]


def kept(run, values):
    """Of the values of all rounds those of the rounds that count; all, where too few do."""
    good = [v for v, k in zip(values, run['kept']) if k]
    return good if len(good) > 1 else values


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def colour(theme, subject):
    kind = subject.split('/')[0]
    return theme['ours' if kind == 'gregor' else 'limit' if kind == 'limit' else 'peer']


def panel(axes, theme, runs, title):
    """Horizontal bars, the best on top."""
    better = runs[0]['better']
    figures = [(r, median(kept(r, r['rounds']))) for r in runs]
    figures.sort(key=lambda f: f[1], reverse=better == 'lower')
    most = max(f[1] for f in figures)
    if better == 'lower':  # the slowest leave the picture: their figure says by how much
        most = min(most, 8 * figures[-1][1])
    axes.set_xlim(0, 1.25 * most)
    for at, (run, middle) in enumerate(figures):
        values = kept(run, run['rounds'])
        axes.barh(at, middle, color=colour(theme, run['subject']), height=0.7)
        axes.plot([min(values), max(values)], [at, at], color=theme['text'], linewidth=1)
        axes.text(1.24 * most, at, f'{middle:,.4g}' if middle < 1000 else f'{middle:,.0f}',
                  color=theme['text'], fontsize=7, ha='right', va='center')
        if 'p99_ns' in run:
            for name, mark in (('p99_ns', '|'), ('p999_ns', 'x')):
                axes.plot(median(kept(run, run[name])), at, mark, color=theme['text'], markersize=6)
    axes.set_yticks(range(len(figures)), [f[0]['subject'] for f in figures], fontsize=8)
    unit = runs[0]['unit'] + (', p99 |, p99.9 x' if 'p99_ns' in runs[0] else '')
    axes.set_xlabel(unit + (': more is better' if better == 'higher' else ': less is better'),
                    color=theme['text'], fontsize=8)
    axes.set_title(title, color=theme['text'], fontsize=9)
    axes.set_facecolor(theme['page'])
    axes.tick_params(colors=theme['text'], labelsize=8)
    axes.grid(axis='x', color=theme['grid'], linewidth=0.5)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(theme['grid'])


def measured_on(machine):
    others = machine['others_per_cent']
    return (f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}; "
            f"{machine['compiler']} {machine['flags']}; commit {machine['commit']}; "
            f'others used {others:.0f} % of the cores meanwhile')


def draw(results, folder):
    drawn = []
    for name, title, panels in PICTURES:
        found = []
        for scenario, payload, batch, words in panels:
            runs = [r for r in results['runs'] if (r['scenario'], r['payload_bytes'], r['batch'])
                    == (scenario, payload, batch)]
            if runs:
                found.append((runs, words))
        if not found:
            continue
        drawn.append(name)
        for theme_name, theme in THEMES.items():
            bars = max(len(runs) for runs, _ in found)
            figure, axes = plot.subplots(1, len(found), squeeze=False,
                                         figsize=(5.6 * len(found), 1.3 + 0.24 * bars))
            figure.patch.set_facecolor(theme['page'])
            for (runs, words), each in zip(found, axes[0]):
                panel(each, theme, runs, words)
            figure.suptitle(title + ', 64-byte records', color=theme['text'], fontsize=11)
            words = measured_on(results['machine'])
            if len(found) == 1:
                words = words.replace('; ', ';\n', 1)
            figure.text(0.01, 0.01, words, color=theme['text'], fontsize=6)
            figure.tight_layout(rect=(0, 0.05, 1, 1))
            figure.savefig(folder / f'{name}-{theme_name}.svg', metadata={'Date': None})
            plot.close(figure)
    return drawn


def write_figures(results, path):
    lines = ['# Figures', '',
             f"Made by `./benchmarks/run --report`. {measured_on(results['machine'])}.",
             'Median (least-most) of the rounds that were kept, beside how many those are of all.', '']
    for scenario in dict.fromkeys(r['scenario'] for r in results['runs']):
        lines += [f'## {scenario}', '', '| records | batch | subject | figure | unit | rounds |',
                  '|---|---|---|---|---|---|']
        for run in results['runs']:
            if run['scenario'] == scenario:
                values = kept(run, run['rounds'])
                lines.append(
                    f"| {run['payload_bytes']} B | {run['batch']} | {run['subject']} | "
                    f'{median(values):.4g} ({min(values):.4g}-{max(values):.4g}) | {run["unit"]} | '
                    f"{sum(run['kept'])}/{len(run['kept'])} |")
        lines.append('')
    path.write_text('\n'.join(lines))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    results = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    drawn = draw(results, folder)
    write_figures(results, folder / 'figures.md')
    print(f"{folder}: {', '.join(drawn)}, light and dark; figures.md")


if __name__ == '__main__':
    main()
