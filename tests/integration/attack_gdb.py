# SPDX-License-Identifier: MIT
"""Inside gdb (attack_worker.py): makes live workers do what an intruder would, says what came of it.
SESSIOND_JOBS names a JSON file: [{pid, calls: [{name, how, nr, args, text}]}]; one JSON line per call:
{name, pid, value, errno} or {name, pid, signal} (of a process that ended, or of a store that failed).
how: "call" syscall(2) with args ("text" = the address of that string, "buffer" = 4 KiB of zeros);
"store" writes a byte to args[0]; "int80" the i386 gate; the process is left running."""
import json
import os
import signal

import gdb

BELOW = 16384  # bytes under the stack pointer: nobody's


def evaluate(text):
    return int(gdb.parse_and_eval(text))


def place(call):
    """Puts texts and buffers under the stack; the arguments as numbers."""
    at = evaluate("(long)$sp") - BELOW & ~0xFFF
    memory = gdb.selected_inferior()
    memory.write_memory(at, call.get("text", "").encode() + b"\0")
    memory.write_memory(at + 4096, b"\0" * 4096)
    places = {"text": at, "buffer": at + 4096}
    return [places.get(a, a) for a in call["args"]]


def act(call):
    how, args = call["how"], place(call)
    if how == "int80":
        pc = evaluate("(long)$pc")
        gdb.selected_inferior().write_memory(pc, b"\xcd\x80")
        gdb.execute("set $rax = %d" % call["nr"])
        gdb.execute("set $orig_rax = -1")
        gdb.execute("stepi", to_string=True)
        return None
    if how == "store":
        return evaluate("((void *(*)(long, long))memfrob)(%d, 1) == 0" % args[0])  # no ifunc, as memset is
    args = ", ".join(str(a) for a in [call["nr"], *args, *[0] * (6 - len(args))])
    kinds = ", ".join(["long"] * 7)
    return evaluate("((long (*)(%s))syscall)(%s)" % (kinds, args))


received = []
gdb.events.stop.connect(lambda e: received.append(getattr(e, "stop_signal", "?")))


def alive():
    return gdb.selected_inferior().pid != 0


def ended_by():
    number = gdb.parse_and_eval("$_exitsignal")
    if number.type.code != gdb.TYPE_CODE_INT:
        return "exit"
    return signal.Signals(int(number)).name


def one(pid, call):
    out = {"name": call["name"], "pid": pid}
    try:
        value = act(call)
        if alive() and value is not None:
            out["value"] = value
            out["errno"] = evaluate("*((int *(*)(void))__errno_location)()") if value == -1 else 0
    except gdb.error as e:
        if alive():
            out["signal"] = received[-1] if received else str(e)
    if not alive():
        out["signal"] = ended_by()
    return out


def work(job, into):
    gdb.execute("attach %d" % job["pid"], to_string=True)
    gdb.execute("sharedlibrary libc", to_string=True)
    for call in job["calls"]:
        if alive():
            into.write(json.dumps(one(job["pid"], call)) + "\n")
            into.flush()
    if alive():
        gdb.execute("detach", to_string=True)


for setting in ("confirm off", "pagination off", "unwindonsignal on", "auto-solib-add off", "width 0",
                "debuginfod enabled off", "print thread-events off", "libthread-db-search-path /nowhere"):
    try:
        gdb.execute("set " + setting, to_string=True)
    except gdb.error:
        pass  # an older gdb does not know it, nor do it
with open(os.environ["SESSIOND_JOBS"], encoding="utf-8") as jobs, \
        open(os.environ["SESSIOND_JOBS"] + ".out", "w", encoding="utf-8") as results:
    for row in json.load(jobs):
        work(row, results)
