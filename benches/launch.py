"""Runs programs for `run.py` in a process that stays small: the peak memory
that the system reports for a program is never less than that of its parent.
In: a JSON object a line on standard input; out: one a line."""

import json
import os
import subprocess
import sys
import time


def timed(words, stdin=None, stdout=None):
    """Wall time, CPU time and peak memory of one run."""
    feeder = None
    source = subprocess.DEVNULL
    start = time.monotonic()
    if stdin:
        feeder = subprocess.Popen(["cat", stdin], stdout=subprocess.PIPE)
        source = feeder.stdout
    with open(stdout or os.devnull, "wb") as out:
        process = subprocess.Popen(words, stdin=source, stdout=out,
                                   stderr=subprocess.PIPE)
        if feeder:
            feeder.stdout.close()
        errors = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if feeder:
        feeder.wait()
    return {
        "code": process.returncode,
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * 1024,
        "errors": errors.decode(errors="replace"),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(timed(**json.loads(line))), flush=True)
