"""CPU time and memory of trees of processes, from /proc."""

import os
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """Fields of /proc/<pid>/stat after the command's name, or None when the process has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def tree(root):
    """Process ids of root and of all that descend from it."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat(entry)
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue.extend(children.get(pid, []))
    return found


def cpu_seconds(root):
    """User and system time of the tree, those of its processes that have ended and were waited for included (a postmaster waits for all its
    children, so that nothing of a parallel worker is lost)."""
    ticks = 0
    for pid in tree(root):
        fields = _stat(pid)
        if fields:
            ticks += sum(int(value) for value in fields[11:15])
    return ticks / TICK


def memory(root):
    """(all, of it shared memory) in bytes of the tree, without this process itself: proportional set sizes, in which a page that several
    processes share counts once."""
    total = shared = 0
    for pid in tree(root):
        if pid == os.getpid():
            continue
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
                    elif line.startswith("Pss_Shmem:"):
                        shared += int(line.split()[1]) * 1024
        except OSError:
            pass
    return total, shared


class Peak:
    """Looks at the memory of a tree ten times a second while a block runs. That costs time: not while anything is timed."""

    def __init__(self, root):
        self.root, self.total, self.shared = root, 0, 0

    def __enter__(self):
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self):
        while not self.stop.is_set():
            total, shared = memory(self.root)
            if total > self.total:
                self.total, self.shared = total, shared
            time.sleep(0.1)

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
