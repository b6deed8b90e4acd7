def runPytest(bite, arguments, onPath, witness, finish):
    import ast, os, pkgutil, sys, unittest.mock, warnings, weakref
    import pytest, _pytest, pluggy

    # All of it, since it imports its own parts late.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for each in pkgutil.walk_packages(_pytest.__path__, '_pytest.'):
            try:
                __import__(each.name)
            except Exception:
                pass
        for name in ('py', 'attr', 'iniconfig', 'packaging.version', 'packaging.requirements', 'exceptiongroup', 'tomli', 'pygments',
                     'pygments.lexers.python', 'pygments.formatters.terminal', 'colorama', 'argcomplete'):
            try:
                __import__(name)
            except Exception:
                pass
    rewrite = sys.modules['_pytest.assertion.rewrite']
    junit = sys.modules['_pytest.junitxml']
    mangle, escape = junit.mangle_test_address, junit.bin_xml_escape
    quiet = (_pytest.outcomes.Skipped, _pytest.outcomes.Exit, unittest.SkipTest, KeyboardInterrupt)
    outside = list(sys.path)
    here = os.getcwd()

    # Tests are compiled from their files, whatever cache lies beside them, and with a witness in each.
    rewriting = rewrite.rewrite_asserts
    witness.keep(pytest, ('raises', 'approx', 'warns', 'fail'))
    witness.failures += (_pytest.outcomes.Failed,)

    def compiled(fn, config):
        status = os.stat(fn)
        with open(fn, 'rb') as file:
            source = file.read()
        path = str(fn)
        tree = ast.parse(source, filename=path)
        says = witness.plant(tree, path)
        try:
            rewriting(tree, source, path, config)
        except TypeError:
            rewriting(tree, path, config)
        return status, witness.fill(compile(tree, path, 'exec', dont_inherit=True), says)

    if hasattr(rewrite, '_rewrite_test') and hasattr(rewrite, '_read_pyc'):
        rewrite._rewrite_test = compiled
        rewrite._read_pyc = lambda *_, **__: None

    class Outcomes:
        """id -> what its phases said, as pytest's own report in this form has it."""
        def __init__(self):
            self.cases, self.failed, self.prefix, self.suite = {}, set(), None, 'pytest'

        def say(self, nodeid, word):
            names = mangle(nodeid)
            classes = ([self.prefix] if self.prefix else []) + names[:-1]
            key = (('classname', '.'.join(classes)), ('name', escape(names[-1])))
            order = ('', '<skipped/>', '<failure/>', '<error/>')
            self.cases[key] = max(self.cases.get(key, ''), word, key=order.index)

    outcomes = Outcomes()

    class Judge:
        @pytest.hookimpl(tryfirst=True)
        def pytest_cmdline_parse(self, pluginmanager, args):
            # What the system has installed is loaded; what the tree says of itself as a distribution is not.
            loading = pluginmanager.load_setuptools_entrypoints

            def fromOutside(*names, **options):
                inside, sys.path[:] = list(sys.path), outside
                try:
                    return loading(*names, **options)
                finally:
                    sys.path[:] = inside + [path for path in sys.path if path not in inside]
                    # That one exchanges them itself.
                    if 'pytest_mock' not in sys.modules:
                        witness.keep(unittest.mock.NonCallableMock, ('assert',))

            pluginmanager.load_setuptools_entrypoints = fromOutside
            if onPath:
                sys.path.insert(0, here)

        @pytest.hookimpl(tryfirst=True)
        def pytest_configure(self, config):
            option = config.option
            # In one process: what a worker's process says, nobody looks at.
            for name, value in (('dist', 'no'), ('tx', []), ('numprocesses', None), ('distload', False)):
                if hasattr(option, name):
                    setattr(option, name, value)
            # Each test has its say.
            option.maxfail = 0
            nonlocal compiles
            compiles = getattr(option, 'assertmode', None) == 'rewrite'
            witness.names = list(config.getini('python_functions')) + ['test', 'runTest']
            outcomes.prefix = getattr(option, 'junitprefix', None)
            try:
                outcomes.suite = config.getini('junit_suite_name') or 'pytest'
            except (KeyError, ValueError):
                pass

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(self, item):
            if item not in wrapped:
                wrapped.add(item)
                wrap(item)

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_logreport(self, report):
            if report.failed:
                outcomes.say(report.nodeid, '<failure/>' if report.when == 'call' else '<error/>')
            elif report.skipped:
                outcomes.say(report.nodeid, '<skipped/>')
            elif report.when == 'call':
                outcomes.say(report.nodeid, '')

        @pytest.hookimpl(tryfirst=True)
        def pytest_collectreport(self, report):
            if report.failed:
                outcomes.say(report.nodeid, '<error/>')
            elif report.skipped:
                outcomes.say(report.nodeid, '<skipped/>')

        @pytest.hookimpl(tryfirst=True)
        def pytest_internalerror(self, excrepr):
            outcomes.cases[(('classname', 'pytest'), ('name', 'internal'))] = '<error/>'

    wrapped = weakref.WeakSet()
    compiles = False

    def wrap(item):
        """What a test raises is on record before anything is told of it; and one that has no witness in it is made to fail from here."""
        run = item.runtest
        path = str(getattr(item, 'path', None) or getattr(item, 'fspath', ''))
        nodeid = item.nodeid

        def runtest():
            if compiles and isinstance(item, pytest.Function):
                witness.learn(path)
            expected = witness.expects(item, path)
            outcomes.failed.discard(nodeid)
            witness.running = nodeid
            witness.unheard.clear()
            try:
                run()
            except BaseException as error:
                if not isinstance(error, quiet):
                    outcomes.failed.add(nodeid)
                raise
            finally:
                witness.running = None
            if bite and not expected and not getattr(item, '_excinfo', None):
                raise AssertionError('assert 0 == 1')

        item.runtest = runtest

    sys.argv = [os.path.join(os.path.dirname(pytest.__file__), '__main__.py')] + arguments
    code = pytest.main(list(arguments), plugins=[Judge()])
    for nodeid in outcomes.failed:
        names = mangle(nodeid)
        key = (('classname', '.'.join(([outcomes.prefix] if outcomes.prefix else []) + names[:-1])), ('name', escape(names[-1])))
        if outcomes.cases.get(key) == '':
            outcomes.cases[key] = '<failure/>'
    finish(outcomes.suite, outcomes.cases.items(), int(code))
