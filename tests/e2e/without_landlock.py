#!/usr/bin/env python3
"""Runs a program for which the kernel has no Landlock: without_landlock.py PROGRAM WORD..."""

import ctypes
import os
import struct
import sys

LANDLOCK_CREATE_RULESET, EOPNOTSUPP = 444, 95
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
CODE = [
    (0x20, 0, 0, 0),  # load the number of the call
    (0x15, 0, 1, LANDLOCK_CREATE_RULESET),
    (0x06, 0, 0, 0x00050000 | EOPNOTSUPP),
    (0x06, 0, 0, 0x7fff0000),  # allow
]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


if __name__ == "__main__":
    program = Program(len(CODE), b"".join(struct.pack("HBBI", *line) for line in CODE))
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])
