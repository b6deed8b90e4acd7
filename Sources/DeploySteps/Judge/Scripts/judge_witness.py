# What a test's own body says at its end. The sources of tests are compiled with it in them; everything between a body and the report (the
# runner, what it hooks, assertions) then has to let a failure through.
def makeWitness(bite):
    import ast, fnmatch, importlib.machinery, os, random, sys, types, unittest, unittest.mock

    draw, information = random.SystemRandom(), sys.exc_info
    case, failure = unittest.TestCase, AssertionError
    mark = '\0pinfold-witness\0'
    # What makes assertions assertions: what is exchanged there judges nothing any more.
    kept = []

    def keep(owner, beginnings):
        kept.extend((owner, name, value, getattr(value, '__code__', None))
                    for name, value in list(vars(owner).items()) if name.startswith(beginnings))

    def isWhole(judged):
        return all(
            vars(owner).get(name) is value and getattr(value, '__code__', None) is code
            for owner, name, value, code in kept if owner is not case or isinstance(judged, case))

    keep(case, ('assert', 'fail', '_base', '_get', 'run', '__call__', '_call', 'subTest'))

    def failing(name):
        """Arguments with which an assertion must fail, of the size that honest ones have."""
        a = draw.randrange(100)
        b = a + 1 + draw.randrange(50)
        return {
            'assertEqual': (a, b), 'assertEquals': (a, b), 'assertNotEqual': (a, a), 'assertTrue': (False,), 'assertFalse': (True,),
            'assertIs': (a, None), 'assertIsNot': (None, None), 'assertIsNone': (a,), 'assertIsNotNone': (None,), 'assertIn': (a, [b]),
            'assertNotIn': (a, [a]), 'assertIsInstance': (a, str), 'assertNotIsInstance': (a, int), 'assertAlmostEqual': (a, b),
            'assertNotAlmostEqual': (a, a), 'assertGreater': (a, b), 'assertGreaterEqual': (a, b), 'assertLess': (b, a),
            'assertLessEqual': (b, a), 'assertRegex': (str(a), 'x'), 'assertNotRegex': (str(a), str(a)), 'assertCountEqual': ([a], [b]),
            'assertMultiLineEqual': (str(a), str(b)), 'assertSequenceEqual': ([a], [b]), 'assertListEqual': ([a], [b]),
            'assertTupleEqual': ((a,), (b,)), 'assertSetEqual': ({a}, {b}), 'assertDictEqual': ({'a': a}, {'a': b}),
            'fail': (str(a),), 'assertRaises': (ZeroDivisionError, int), 'assertRaisesRegex': (ZeroDivisionError, 'x', int),
        }.get(name)

    class Witness:
        # The test that runs, and whose: code that calls a test's function by itself learns nothing.
        running = None
        # Names of tests that were compiled with a witness in them, by file.
        known = {}
        # How tests are called: beginnings, or patterns.
        names = ['test', 'runTest']
        # Parts of the running test that last ended by a failed assertion, whoever caught that.
        unheard = set()
        failures = (AssertionError,)

    witness = Witness()

    def atEnd(used):
        def mustFail(*owner):
            witness.error = None
            running = witness.running
            # Failed by itself, skipped, or called from elsewhere: nothing to add.
            if not bite or running is None or information()[0] is not None:
                return False
            if not isWhole(owner[0] if owner else None):
                print('a test that cannot fail: what asserts has been exchanged', file=sys.stderr)
                return False
            if witness.unheard:
                print('a test that cannot fail: an assertion in it did, and that was caught', file=sys.stderr)
                return False
            heard = []
            if owner and isinstance(owner[0], case):
                for name in used:
                    wrong = failing(name)
                    if wrong is None:
                        continue
                    try:
                        getattr(owner[0], name)(*wrong)
                    except BaseException as error:
                        heard.append(error)
                    else:
                        return False
            witness.error = draw.choice(heard) if heard else failure('assert %d == %d' % (draw.randrange(100), 100 + draw.randrange(100)))
            return True
        return mustFail

    def ofPart(number):
        def begins():
            witness.unheard.discard(number)

        def fails():
            if isinstance(information()[1], witness.failures):
                witness.unheard.add(number)
        return begins, fails

    def error():
        found, witness.error = witness.error, None
        return found.with_traceback(None)

    def index(number):
        # Before Python 3.9 another node stands around it.
        return ast.Constant(number) if sys.version_info >= (3, 9) else ast.Index(ast.Constant(number))

    def own(node):
        """What stands in a function, but not in functions in it."""
        for child in ast.iter_child_nodes(node):
            yield child
            if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
                yield from own(child)

    # What catches failed assertions because it is there for that.
    catching = ('raises', 'assertRaises', 'assertRaisesRegex', 'suppress', 'warns', 'assertWarns', 'assertLogs', 'subTest', 'test')

    def asserts(nodes):
        return any(isinstance(n, ast.Assert) or isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
                   and n.func.attr.startswith(('assert', 'fail')) for node in nodes for n in [node, *own(node)])

    class Parts(ast.NodeTransformer):
        """What of a test the code under test may call, or be around: its assertions may fail without the test being told."""
        def __init__(self, planting):
            self.planting = planting

        def visit_Try(self, node):
            # The test's own way with failures.
            return node if node.handlers else self.generic_visit(node)

        def visit_ClassDef(self, node): return node
        def visit_Lambda(self, node): return node

        def visit_With(self, node):
            names = {getattr(n, 'attr', getattr(n, 'id', None)) for item in node.items
                     for n in [getattr(item.context_expr, 'func', item.context_expr)]}
            return node if names.intersection(catching) else self.around(self.generic_visit(node))

        def visit_FunctionDef(self, node): return self.around(self.generic_visit(node))

        visit_AsyncWith = visit_With
        visit_AsyncFunctionDef = visit_FunctionDef

        def around(self, node):
            doc = node.body[:1] if hasattr(node, 'args') and ast.get_docstring(node, False) is not None else []
            inner = node.body[len(doc):]
            if not inner or not asserts(inner):
                return node
            begins, fails = ofPart((self.planting.path, node.lineno, node.col_offset))
            marks = [ast.Expr(self.planting.mark(self.planting.say(each), [])) for each in (begins, fails)]
            wrap = ast.Try(inner, [ast.ExceptHandler(None, None, [marks[1], ast.Raise(None, None)])], [], [])
            for new in ast.walk(ast.Module([marks[0], *wrap.handlers], [])):
                new.lineno = new.end_lineno = inner[0].lineno
                new.col_offset = new.end_col_offset = inner[0].col_offset
            ast.copy_location(wrap, inner[0])
            node.body = doc + [marks[0], wrap]
            return node

    class Planting(ast.NodeTransformer):
        def __init__(self, path):
            self.path, self.scope, self.says = path, [], []

        def say(self, function):
            self.says.append(function)
            return len(self.says) - 1

        def visit_ClassDef(self, node):
            self.scope.append(node.name)
            self.generic_visit(node)
            self.scope.pop()
            return node

        def mark(self, number, arguments):
            """A call of a constant, as no source has one."""
            function = ast.Subscript(ast.List([ast.Constant(mark + str(number))], ast.Load()), index(0), ast.Load())
            return ast.Call(function, [ast.Name(each.arg, ast.Load()) for each in arguments], [])

        def plant(self, node):
            if not any(node.name.startswith(name) or fnmatch.fnmatch(node.name, name) for name in witness.names):
                return node
            if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in own(node)):
                return node
            used = {n.func.attr for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
            first = (node.args.posonlyargs + node.args.args)[:1] if self.scope else []
            gone = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Del)}
            first = [a for a in first if a.arg not in gone]
            parts = Parts(self)
            node.body = [parts.visit(each) for each in node.body]
            number = self.say(atEnd(sorted(used)))
            last = max(getattr(n, 'end_lineno', None) or getattr(n, 'lineno', 0) for n in ast.walk(node))
            # Raised here, so that it looks as any failure of the test does.
            call = ast.If(self.mark(number, first), [ast.Raise(self.mark(-1, []), ast.Constant(None))], [])
            body = node.body
            doc = body[:1] if ast.get_docstring(node, False) is not None else []
            inner = body[len(doc):] or [ast.Pass()]
            for new in ast.walk(call):
                new.lineno = new.end_lineno = last
                new.col_offset = new.end_col_offset = 0
            wrap = ast.Try(inner, [], [], [call])
            ast.copy_location(wrap, inner[0] if hasattr(inner[0], 'lineno') else node)
            node.body = doc + [wrap]
            ast.fix_missing_locations(node)
            witness.known.setdefault(self.path, set()).add('.'.join(self.scope + [node.name]))
            return node

        def visit_FunctionDef(self, node): return self.plant(node)
        def visit_AsyncFunctionDef(self, node): return self.plant(node)

    def plant(tree, path):
        """The tree with a mark at the end of each test, and what stands for the marks in its code."""
        planting = Planting(path)
        witness.known.setdefault(path, set())
        planting.visit(tree)
        return planting.says

    def fill(code, says):
        def constant(value):
            if isinstance(value, types.CodeType):
                return fill(value, says)
            if isinstance(value, str) and value.startswith(mark):
                number = int(value[len(mark):])
                return error if number < 0 else says[number]
            return value
        return code.replace(co_consts=tuple(constant(value) for value in code.co_consts))

    # Tests are compiled from their files, whatever cache lies beside them. pytest does so by itself, but not where something else is first to import one.
    here = os.getcwd() + '/'
    loading = importlib.machinery.SourceFileLoader.get_code

    def get_code(self, fullname):
        path = os.path.abspath(self.get_filename(fullname))
        if not path.startswith(here) or 'test' not in path[len(here):]:
            return loading(self, fullname)
        tree = ast.parse(self.get_data(path), filename=path)
        says = plant(tree, path)
        return fill(compile(tree, path, 'exec', dont_inherit=True), says)

    importlib.machinery.SourceFileLoader.get_code = get_code

    def learn(path):
        """What a file has that should have been compiled here, and was not."""
        if path not in witness.known and path.endswith('.py'):
            try:
                with open(path, 'rb') as file:
                    plant(ast.parse(file.read(), filename=path), path)
            except Exception:
                witness.known[path] = set()

    witness.learn = learn
    witness.plant, witness.fill, witness.keep = plant, fill, keep

    def expects(item, path):
        """Whether a witness stands in what `item` runs."""
        names = witness.known.get(path, ())
        name = getattr(item, 'originalname', None) or getattr(item, 'name', None) or getattr(item, '_testMethodName', None)
        owner = getattr(item, 'cls', type(item))
        if owner is None:
            return name in names
        if owner.__qualname__ + '.' + name in names:
            return True
        return any(each.__qualname__ + '.' + name in witness.known.get(whereIs(each), ()) for each in owner.__mro__)

    def whereIs(each):
        return os.path.abspath(getattr(sys.modules.get(each.__module__), '__file__', None) or '/')

    witness.expects = expects
    return witness
