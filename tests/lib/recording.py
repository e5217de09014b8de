#!/usr/bin/env python3
"""Runs a command on a terminal of its own and draws what it showed as an SVG picture.

    recording.py --out tests/data/demo.svg [--columns 150] [--clip] [--last 60] [-- command ...]

Without a command it is the demo (config/demo/demo.sh). Needs nothing but Python's standard
library. The picture is written only if the command ends with exit code 0, so it never shows a
failure as if it were the product.
"""
import argparse
import fcntl
import html
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CELL_W, CELL_H, FONT, MARGIN = 8.4, 19, 14, 14
BACKGROUND, FOREGROUND = "#11151c", "#d5dae3"
COLOURS = ["#4b5363", "#f0626a", "#7fd08a", "#e6c06a", "#6aa7f0", "#c58af0", "#5cc7d6", "#d5dae3"]
BRIGHT = ["#767f91", "#ff8087", "#a0e8a9", "#ffdb8a", "#8fc1ff", "#dcaaff", "#85e4f2", "#ffffff"]
ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-B]|\x1b.")
PLAIN = (None, False, False)  # colour, bold, dim


def record(command, columns, lines, timeout):
    """Runs command on a new terminal. Returns what it wrote and its exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.environ.pop("NO_COLOR", None)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error}", file=sys.stderr)
        os._exit(127)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    seen, deadline = bytearray(), time.monotonic() + timeout
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            os.kill(pid, signal.SIGINT)
            os.close(terminal)
            os.waitpid(pid, 0)
            sys.exit(f"recording.py: {command[0]} did not end within {timeout} s")
        if not select.select([terminal], [], [], min(left, 1.0))[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        seen += data
    os.close(terminal)
    return seen.decode("utf-8", "replace"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def width(char):
    """Columns that a terminal gives to a character."""
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def restyle(style, parameters):
    """The style after an SGR sequence with these parameters."""
    colour, bold, dim = style
    codes = [int(p) if p else 0 for p in parameters.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            colour, bold, dim = PLAIN
        elif code == 1:
            bold = True
        elif code == 2:
            dim = True
        elif code == 22:
            bold = dim = False
        elif 30 <= code <= 37:
            colour = COLOURS[code - 30]
        elif 90 <= code <= 97:
            colour = BRIGHT[code - 90]
        elif code == 39:
            colour = None
        elif code in (38, 48):  # 256 colours or RGB: skipped with their operands
            del codes[: 2 if codes[:1] == [5] else 4]
    return (colour, bold, dim)


class Screen:
    """What was written, as rows of (character, style, columns); long lines wrap, or end in an
    ellipsis."""

    def __init__(self, columns, clip):
        self.columns, self.rows, self.at, self.style = columns, [[]], 0, PLAIN
        self.clip = clip

    def put(self, char):
        cells = width(char)
        row = self.rows[-1]
        if cells == 0:
            return
        if self.clip and self.at + cells >= self.columns:
            if self.at < self.columns:
                row.append(("…", self.style, 1))
            self.at = self.columns
            return
        if self.at + cells > self.columns:
            self.rows.append([])
            row, self.at = self.rows[-1], 0
        # A carriage return writes over what is there.
        kept, column = [], 0
        for cell in row:
            if column >= self.at:
                break
            kept.append(cell)
            column += cell[2]
        rest, column = [], 0
        for cell in row:
            if column >= self.at + cells:
                rest.append(cell)
            column += cell[2]
        self.rows[-1] = kept + [(char, self.style, cells)] + rest
        self.at += cells

    def write(self, text):
        position = 0
        while position < len(text):
            char = text[position]
            if char == "\x1b":
                match = ESCAPE.match(text, position)
                if match is None:
                    break
                if match.group(2) == "m":
                    self.style = restyle(self.style, match.group(1))
                elif match.group(2) == "K":
                    self.rows[-1] = self.rows[-1][: self.at]
                position = match.end()
                continue
            position += 1
            if char == "\n":
                self.rows.append([])
                self.at = 0
            elif char == "\r":
                self.at = 0
            elif char == "\b":
                self.at = max(0, self.at - 1)
            elif char == "\t":
                for _ in range(8 - self.at % 8):
                    self.put(" ")
            elif char >= " " and char != "\x7f":
                self.put(char)


def runs(row):
    """Pieces of one row with one style and one cell width: (column, columns, text, style)."""
    column, pieces = 0, []
    for char, style, cells in row:
        last = pieces[-1] if pieces else None
        if last and last[3] == style and last[4] == cells:
            last[1] += cells
            last[2] += char
        else:
            pieces.append([column, cells, char, style, cells])
        column += cells
    # Blanks are left out rather than drawn, because renderers differ about them.
    words = []
    for column, _, text, style, cells in pieces:
        for match in re.finditer(r"\S+(?: \S+)*", text):
            start, length = column + match.start() * cells, len(match.group()) * cells
            words.append((start, length, match.group(), style))
    return words


def draw(rows, columns, title):
    """The picture as SVG text."""
    wide, high = columns * CELL_W + 2 * MARGIN, len(rows) * CELL_H + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
        f'<g font-family="\'DejaVu Sans Mono\',\'Noto Sans Mono CJK SC\',Menlo,Consolas,'
        f'\'Microsoft YaHei\',monospace" font-size="{FONT}" fill="{FOREGROUND}">',
    ]
    for number, row in enumerate(rows):
        y = MARGIN + number * CELL_H + FONT
        for column, cells, text, (colour, bold, dim) in runs(row):
            attributes = f'x="{MARGIN + column * CELL_W:.1f}" y="{y}" '
            attributes += f'textLength="{cells * CELL_W:.1f}" lengthAdjust="spacingAndGlyphs"'
            attributes += f' fill="{colour}"' if colour else ""
            attributes += ' font-weight="bold"' if bold else ""
            attributes += ' opacity="0.65"' if dim else ""
            out.append(f"<text {attributes}>{html.escape(text, quote=False)}</text>")
    return "\n".join(out + ["</g>", "</svg>", ""])


def excerpt(rows, first, last):
    """Rows without empty ones at both ends; a marker stands for what is left out between."""
    while rows and not rows[-1]:
        rows.pop()
    while rows and not rows[0]:
        rows.pop(0)
    if first + last >= len(rows) or first + last == 0:
        return rows
    return rows[:first] + ([[("⋮", PLAIN, 1)]] if first else []) + rows[len(rows) - last :]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="the SVG file to write")
    parser.add_argument("--columns", type=int, default=150, help="width of the terminal")
    parser.add_argument("--clip", action="store_true", help="cut long lines rather than wrap them")
    parser.add_argument("--first", type=int, default=0, help="rows to show from the beginning")
    parser.add_argument("--last", type=int, default=0, help="rows to show from the end (0 and 0: all)")
    parser.add_argument("--timeout", type=int, default=180, help="seconds that the command may take")
    parser.add_argument("command", nargs="*", default=[])
    options = parser.parse_args()
    command = options.command or [os.path.join(ROOT, "config", "demo", "demo.sh")]

    text, code = record(command, options.columns, 50, options.timeout)
    if code != 0:
        sys.stderr.write(text)
        sys.exit(f"recording.py: {command[0]} ended with exit code {code}; no picture written")
    screen = Screen(options.columns, options.clip)
    screen.write(text)
    rows = excerpt(screen.rows, options.first, options.last)
    picture = draw(rows, options.columns, "Tocsin: " + " ".join(os.path.basename(c) for c in command))
    with open(options.out, "w", encoding="utf-8") as file:
        file.write(picture)
    print(f"{options.out}: {len(rows)} rows, {len(picture) // 1024} KiB")


if __name__ == "__main__":
    main()
