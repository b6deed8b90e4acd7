"""Programs that a check starts."""

import subprocess


def run(out, *command, hidden=None, **options):
    """Whether it ended well. What it prints goes to `out`, line by line, but for what `hidden` matches."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace", **options
    ) as started:
        for line in started.stdout:
            if not hidden or not hidden.search(line):
                out.write(line)
                out.flush()
    return started.returncode == 0


def output(*command):
    """What it prints, or an error that ends the check."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
