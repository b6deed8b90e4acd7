/// Names of files that are loaded, or run, in place of others.
enum ModuleNames {
    /// The modules of Python's library that no project has at its top without meaning them, and those that its test runners load.
    static let python = Set(
        """
        _pytest abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit attr attrs audioop base64 bdb \
        binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorama \
        colorsys compileall concurrent configparser contextlib contextvars copy copyreg coverage crypt csv ctypes curses \
        dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno exceptiongroup \
        faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob \
        graphlib grp gzip hashlib heapq hmac html http hypothesis idlelib imaplib imghdr imp importlib iniconfig inspect io \
        ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap \
        mock modulefinder msilib msvcrt multiprocessing netrc nis nntplib nose nose2 nt ntpath nturl2path numbers opcode \
        operator optparse os ossaudiodev packaging pathlib pdb pickle pickletools pip pipes pkg_resources pkgutil platform \
        plistlib pluggy poplib posix posixpath pprint profile pstats pty pwd py py_compile pyclbr pydoc pydoc_data pyexpat \
        pygments pytest queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors \
        setuptools shelve shlex shutil signal site sitecustomize six smtpd smtplib sndhdr socket socketserver spwd sqlite3 \
        sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symtable sys \
        sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit tkinter token \
        tokenize tomli tomllib trace traceback tracemalloc tty turtle turtledemo types typing typing_extensions unicodedata \
        unittest urllib usercustomize uu uuid venv warnings wave weakref webbrowser wheel winreg winsound wsgiref xdist xdrlib \
        xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
        """.split(separator: " ").map(String.init))

    /// Machine code, bytecode and archives of it.
    static let compiledSuffixes: Set<String> = [
        "pyc", "pyo", "pyd", "so", "dll", "dylib", "exe", "o", "a", "jar", "war", "class", "dex", "node", "wasm",
        "elf",
        "swiftmodule", "syso", "rlib", "rmeta", "beam", "phar", "egg", "whl",
    ]

    /// The first bytes of the same: ELF, Mach-O in its forms, Windows, WebAssembly, Java.
    static let magic: [[UInt8]] = [
        [0x7F, 0x45, 0x4C, 0x46], [0xCF, 0xFA, 0xED, 0xFE], [0xCE, 0xFA, 0xED, 0xFE], [0xFE, 0xED, 0xFA, 0xCF],
        [0x4D, 0x5A, 0x90, 0x00],
        [0x00, 0x61, 0x73, 0x6D], [0xCA, 0xFE, 0xBA, 0xBE],
    ]

    /// Directories and files by which installed packages name their plugins.
    static let metadataSuffixes = [".egg-info", ".dist-info", ".egg-link", "entry_points.txt"]

    /// - Parameter names: of the path, in small letters.
    static func isShadowed(_ names: [String]) -> Bool {
        guard let last = names.last else { return false }
        // A directory of the tree that is looked in for modules: its top, the usual one for sources, and those that scripts are started from.
        let roots = ["src", "scripts", "tools", "bin", "ci"]
        let top = names.count > 1 && roots.contains(names[0]) ? names.dropFirst() : names[...]
        guard let first = top.first else { return false }
        let module = first.split(separator: ".").first.map(String.init) ?? first
        guard python.contains(module) else { return false }
        return top.count > 1 ? last.hasSuffix(".py") || last.hasSuffix(".pyi") : first.hasSuffix(".py")
    }
}
