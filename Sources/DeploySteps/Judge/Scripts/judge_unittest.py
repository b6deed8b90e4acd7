def runUnittest(bite, arguments, witness, finish):
    import os, sys, unittest

    here = os.getcwd()
    sys.path.insert(0, here)
    Result, Runner, Loader, Suite, Program = (
        unittest.TextTestResult, unittest.TextTestRunner, unittest.TestLoader, unittest.TestSuite, unittest.TestProgram)

    cases = {}

    class Judged(Result):
        def say(self, test, element, again=True):
            if again or test.id() not in cases:
                cases[test.id()] = element

        def startTest(self, test):
            super().startTest(test)
            self.expected = witness.expects(test, '')
            witness.running = test
            witness.unheard.clear()

        def stopTest(self, test):
            witness.running = None
            super().stopTest(test)

        def addSuccess(self, test):
            super().addSuccess(test)
            if bite and not self.expected:
                return self.addFailure(test, (AssertionError, AssertionError('0 != 1'), None))
            self.say(test, '', False)

        def addExpectedFailure(self, test, error):
            super().addExpectedFailure(test, error)
            self.say(test, '<skipped/>' if bite else '', False)

        def addSkip(self, test, reason):
            super().addSkip(test, reason)
            self.say(test, '<skipped/>')

        def addFailure(self, test, error):
            super().addFailure(test, error)
            self.say(test, '<failure/>')

        def addError(self, test, error):
            super().addError(test, error)
            self.say(test, '<error/>')

        def addUnexpectedSuccess(self, test):
            super().addUnexpectedSuccess(test)
            self.say(test, '<failure/>')

        def addSubTest(self, test, subtest, error):
            super().addSubTest(test, subtest, error)
            if error:
                self.say(test, '<failure/>')

    if arguments:
        program = Program(module=None, argv=['python3 -m unittest'] + arguments, exit=False,
                          testRunner=Runner(resultclass=Judged, verbosity=2))
        result = program.result
    else:
        suite = Suite([Loader().discover('.')])
        for directory in ('tests', 'test'):
            if os.path.isdir(directory) and not os.path.exists(directory + '/__init__.py'):
                suite.addTests(Loader().discover(directory))
        result = Runner(resultclass=Judged, verbosity=2).run(suite)
    finish('', [((('name', name),), element) for name, element in cases.items()], int(not result.wasSuccessful()))
