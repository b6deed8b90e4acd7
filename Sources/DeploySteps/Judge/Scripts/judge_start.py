# Runs a project's tests with nothing of the project on the way to the runner. Read from a descriptor and run by `python3 -I -c`: no directory of the
# tree is on the path yet, no PYTHON* variable counts, and no file of the tree has been looked at.
#
# Descriptors: 4 has one byte (B: each test is made to fail after it has run; G: none is) and a secret of 32 that ends the report, so that
# whoever writes another report has to find it; 5 takes the report. Arguments: python, pytest or unittest; the number of the directory's entry on the
# path (1: `python3 -m`, 0: `pytest`); the runner's own.
def judge():
    import posix, sys

    said = b''
    while True:
        piece = posix.read(4, 64)
        if not piece:
            break
        said += piece
    posix.close(3)
    posix.close(4)
    bite, secret = said[:1] == b'B', said[1:]

    # What runners import, most of it late: a file of the same name at the tree's top would be loaded instead.
    import argparse, array, ast, asyncio, base64, bdb, binascii, bisect, bz2, calendar, cmd, code, codecs, codeop, collections, configparser
    import contextlib, contextvars, copy, copyreg, csv, dataclasses, datetime, decimal, difflib, dis, doctest, email, email.utils, enum, errno
    import faulthandler, fcntl, fnmatch, fractions, functools, gc, getopt, getpass, gettext, glob, hashlib, heapq, importlib.abc
    import importlib.machinery, importlib.metadata, importlib.resources, importlib.util, inspect, io, itertools, json, keyword, linecache, locale
    import logging, logging.config, logging.handlers, lzma, marshal, math, multiprocessing, numbers, opcode, operator, os, pathlib, pdb, pickle, pkgutil
    import platform, posixpath, pprint, pydoc, queue, random, re, reprlib, runpy, select, selectors, shlex, shutil, signal, socket, stat, statistics
    import string, struct, subprocess, sysconfig, tarfile, tempfile, textwrap, threading, time, token, tokenize, traceback, tracemalloc, types, typing
    import unicodedata, unittest, unittest.mock, unittest.async_case, unittest.main, urllib.parse, urllib.request, uuid, warnings, weakref
    import xml.etree.ElementTree, xml.sax, xml.sax.saxutils, zipfile, zlib

    for name in ('atexit', 'ctypes', 'readline', 'rlcompleter', 'ssl', 'tomllib', 'webbrowser'):
        try:
            __import__(name)
        except ImportError:
            pass

    # Where whoever looks for it has to look for long.
    report = fcntl.fcntl(5, fcntl.F_DUPFD_CLOEXEC, 64 + secret[0])
    posix.close(5)
    # No cache is believed, whether the commit brought it or the run made it beside a file that it cannot change, and none is left.
    sys.dont_write_bytecode = True
    sys.pycache_prefix = '/dev/null'

    kind, onPath, arguments = sys.argv[1], sys.argv[2] == '1', sys.argv[3:]
    if kind != 'unittest':
        try:
            import pytest
            kind = 'pytest'
        except ImportError:
            if kind == 'pytest':
                raise
            kind = 'unittest'

    write, leave, flush = posix.write, posix._exit, (sys.stdout.flush, sys.stderr.flush)
    quoted = xml.sax.saxutils.quoteattr

    def finish(suite, cases, code):
        """Writes the report and ends: nothing that the project has registered for the end comes between. `cases`: id -> (attributes, element)."""
        text = ['<testsuites><testsuite', ' name=' + quoted(suite) if suite else '', '>']
        for attributes, element in cases:
            text.append('<testcase')
            for name, value in attributes:
                text += [' ', name, '=', quoted(value)]
            text += ['>', element, '</testcase>']
        rest = (''.join(text) + '</testsuite></testsuites>').encode('utf-8', 'replace') + secret
        while rest:
            rest = rest[write(report, rest):]
        for each in flush:
            try:
                each()
            except Exception:
                pass
        leave(code)

    witness = makeWitness(bite)
    if kind == 'pytest':
        runPytest(bite, arguments, onPath, witness, finish)
    runUnittest(bite, arguments, witness, finish)
