#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""charts.py RESULTS.json... FOLDER: draws what `./benchmarks/run --json` wrote, as SVG for a light
and for a dark page, and writes the raw figures beside them. Results of one machine, build and
commit may lie in several files.

A bar is the median of the rounds that were kept (taken in the same mode of the machine), its line
reaches from the least to the most of them. Every picture says on what it was measured.
"""
import json
import pathlib
import re
import sys

import matplotlib

matplotlib.use('svg')
matplotlib.rcParams['svg.fonttype'] = 'none'  # text stays text
matplotlib.rcParams['svg.hashsalt'] = 'gregor'  # the same figures make the same file
matplotlib.rcParams['font.family'] = 'sans-serif'
matplotlib.rcParams['font.sans-serif'] = ['DejaVu Sans', 'Verdana']  # as wide as what it measures
import matplotlib.pyplot as plot  # noqa: E402

THEMES = {
    'light': {'page': '#ffffff', 'text': '#1f2328', 'grid': '#d1d9e0', 'ours': '#0969da',
              'peer': '#9198a1', 'limit': '#dcc7a1'},
    'dark': {'page': '#0d1117', 'text': '#f0f6fc', 'grid': '#3d444d', 'ours': '#4493f8',
             'peer': '#656c76', 'limit': '#6e5a33'},
}

# A picture: its name, its title, and its panels: scenario, records, batch, a title.
PICTURES = [
    ('throughput', 'One producer, one group', [
        ('throughput_1p1c', 64, 1, 'one at a time'), ('throughput_1p1c', 64, 16, '16 at a time')]),
    ('fan_out', 'One producer, two groups that each read everything', [
        ('fan_out_1p2g', 64, 1, 'one at a time'), ('fan_out_1p2g', 64, 16, '16 at a time')]),
    ('fan_in', 'Two producers, one group', [
        ('fan_in_2p1c', 64, 1, 'one at a time'), ('fan_in_2p1c', 64, 16, '16 at a time')]),
    ('latency', 'Round trip between two threads', [('ping_pong', 64, 1, '')]),
    ('same_thread', 'Send and poll on one thread', [
        ('same_thread', 64, 1, 'one at a time'), ('same_thread', 64, 16, '16 at a time')]),
    ('scaling', 'Two producers, four partitions, a group of two', [
        ('partitioned_2p4', 64, 1, 'one at a time'), ('partitioned_2p4', 64, 16, '16 at a time')]),
    ('poll', 'A poll, by how many partitions are assigned', [('poll_cost', 8, 1, '')]),
    ('word_count', 'The words of a text, counted by three stages', [
        ('word_count', 24, 1, 'two cores'), ('word_count_1core', 24, 1, 'one core')]),
    ('durable', 'Append to a log on disk', [
        ('durable_append', 64, 1, 'one at a time'), ('durable_append', 64, 100, '100 at a time')]),
]
KEY = ('bar: the median, line: from the least to the most of the rounds; '
       'limit/...: what the machine allows without a queue, or with the least of one')


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


def short(value):
    """Three digits are more than a figure is good for."""
    return f'{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}'


def draw_bar(axes, theme, at, run, end):
    """A bar with its range, the tail of a latency, and the figure beside the picture."""
    values = kept(run, run['rounds'])
    middle = median(values)
    axes.barh(at, middle, color=colour(theme, run['subject']), height=0.7)
    axes.plot([min(values), max(values)], [at, at], color=theme['text'], linewidth=1)
    words = short(middle)
    for name, mark in (('p99_ns', '|'), ('p999_ns', 'x')):
        if name in run:
            axes.plot(median(kept(run, run[name])), at, mark, color=theme['text'], markersize=5)
            words += f' / {short(median(kept(run, run[name])))}'
    if middle > end:
        axes.text(0.985 * end, at, 'goes on', color=theme['page'], fontsize=7, ha='right',
                  va='center')
    axes.annotate(words, (1, at), (5, 0), xycoords=('axes fraction', 'data'),
                  textcoords='offset points', color=theme['text'], fontsize=7, va='center')


def panel(axes, theme, runs, title):
    """Horizontal bars, the best on top."""
    better = runs[0]['better']
    tails = 'p99_ns' in runs[0]
    runs = sorted(runs, key=lambda r: median(kept(r, r['rounds'])), reverse=better == 'lower')
    most = max(max(kept(r, r['rounds'])) for r in runs)
    least = median(kept(runs[-1], runs[-1]['rounds']))
    if better == 'lower' and most > 40 * least:  # the worst leave the picture for the others
        most = 10 * least
    axes.set_xlim(0, 1.05 * most)
    for at, run in enumerate(runs):
        draw_bar(axes, theme, at, run, 1.05 * most)
    axes.set_ylim(-0.6, len(runs) - 0.4)
    axes.set_yticks(range(len(runs)), [r['subject'] for r in runs], fontsize=8)
    unit = 'ns: median / p99 (|) / p99.9 (x)' if tails else runs[0]['unit']
    axes.set_xlabel(unit + (', more is better' if better == 'higher' else ', less is better'),
                    color=theme['text'], fontsize=8)
    axes.set_title(title, color=theme['text'], fontsize=9)
    axes.set_facecolor(theme['page'])
    axes.tick_params(colors=theme['text'], labelsize=8, length=2)
    axes.xaxis.set_major_locator(plot.MaxNLocator(5))
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
                                         figsize=(5.6 * len(found), 1.4 + 0.23 * bars))
            figure.patch.set_facecolor(theme['page'])
            for (runs, words), each in zip(found, axes[0]):
                panel(each, theme, runs, words)
            figure.suptitle(f'{title}, {panels[0][1]}-byte records', color=theme['text'],
                            fontsize=11)
            words = [KEY, measured_on(results['machine'])]
            if len(found) == 1:
                words = [line for both in words for line in both.split('; ', 1)]
            height = 72 * figure.get_figheight()
            figure.text(0.01, 3 / height, '\n'.join(words), color=theme['text'], fontsize=6)
            figure.tight_layout(rect=(0, (2 + 8 * len(words)) / height, 1, 1))
            save(figure, folder / f'{name}-{theme_name}.svg')
            plot.close(figure)
    return drawn


def save(figure, path):
    """As SVG of half the length: nobody sees a hundredth of a point, or what made the picture."""
    figure.savefig(path, metadata={'Date': None, 'Creator': None, 'Type': None, 'Format': None})
    text = path.read_text()
    text = re.sub(r' transform="rotate\(-0 [^)]*\)"', '', text)
    tags_shortened = re.sub(
        r'<[^>]*>', lambda tag: re.sub(r'(\d\.\d)\d+', r'\1', tag.group()), text)
    path.write_text(re.sub(r' ?\n *', '\n', tags_shortened))


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


def read(paths):
    """The runs of all files, which have to be of one machine, build and commit."""
    results = json.loads(paths[0].read_text())
    for path in paths[1:]:
        more = json.loads(path.read_text())
        for what in ('cpu', 'cores', 'kernel', 'compiler', 'flags', 'commit'):
            if more['machine'][what] != results['machine'][what]:
                sys.exit(f"{path}: {what} is {more['machine'][what]}, not "
                         f"{results['machine'][what]}")
        others = [r['machine']['others_per_cent'] for r in (results, more)]
        results['machine']['others_per_cent'] = max(o or 0 for o in others)
        results['runs'] += more['runs']
    return results


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    results = read([pathlib.Path(path) for path in sys.argv[1:-1]])
    folder = pathlib.Path(sys.argv[-1])
    folder.mkdir(parents=True, exist_ok=True)
    drawn = draw(results, folder)
    write_figures(results, folder / 'figures.md')
    print(f"{folder}: {', '.join(drawn)}, light and dark; figures.md")


if __name__ == '__main__':
    main()
