extension HintRules {
    static let python = HintRules(
        syntax: .init(hashComments: true, tripleQuotes: true), language: .python,
        words: commonWords
            + .of(
                .interpreter,
                """
                _getframe _current_frames settrace setprofile settrace_all_threads setprofile_all_threads meta_path path_hooks path_importer_cache \
                orig_argv excepthook f_back f_globals f_locals f_code f_trace tb_frame gi_frame cr_frame __code__ __builtins__ __globals__ \
                __subclasses__ __closure__ __defaults__ __kwdefaults__ __path__ ag_frame co_code get_objects get_referrers currentframe \
                __self__ __mro__ __bases__ __base__ spec_from_file_location module_from_spec SourceFileLoader exec_module
                """)
            + .of(.ending, "_exit atexit _register_atexit main_thread setitimer SIGALRM")
            + .of(
                .process,
                """
                execl execle execlp execlpe execv execve execvp execvpe fork forkpty posix_spawn posix_spawnp spawnl spawnv killpg setsid
                """)
            + .of(
                .runner,
                """
                pytest_plugins TestCase SkipTest xfail skipTest addFinalizer addCleanup pytest_pyfunc_call pytest_runtest_call \
                pytest_runtest_makereport pytest_runtest_protocol pytest_collection_modifyitems pytest_configure pytest_sessionfinish \
                pytest_addoption pytest_runtest_setup pytest_load_initial_conftests pytest_ignore_collect pytest_report_teststatus __tracebackhide__ \
                __unittest __test__ load_tests
                """),
        names: .of(
            .interpreter,
            """
            sys.modules sys.monitoring sys.addaudithook sys.path importlib.machinery inspect.stack inspect.currentframe inspect.trace \
            inspect.getouterframes inspect.getinnerframes traceback.walk_stack traceback.walk_tb types.CodeType os.chdir os.fchdir os.chroot \
            contextlib.chdir pkgutil.extend_path site.addsitedir
            """
        )
            + .of(.ending, "os.abort os.kill sys.exitfunc signal.raise_signal signal.alarm weakref.finalize")
            + .of(.evaluation, "timeit.timeit timeit.repeat pydoc.locate pkgutil.resolve_name cProfile.run profile.run")
            + .of(.runner, "threading.settrace"),
        calls: .of(.evaluation, "exec eval compile __import__ execfile") + .of(.ending, "exit quit") + .of(.interpreter, "globals"),
        // Tests and their helpers, too: what an application imports it can exchange.
        imports: .of(
            .runner,
            "pytest _pytest pluggy unittest doctest nose nose2 hypothesis xdist coverage conftest tests test mock dirty_equals")
            + .of(
                .interpreter,
                "gc bdb ctypes _ctypes cffi builtins __builtin__ marshal dis faulthandler sitecustomize usercustomize py_compile compileall"
            )
            + .of(.ending, "atexit") + .of(.evaluation, "runpy"),
        equality: comparisons, heedful: comparisons,
        ownEquality: ["__eq__", "__ne__", "__instancecheck__", "__subclasscheck__"],
        fragments: commonFragments + [("os._exit", .ending), ("os:_exit", .ending), ("sys.modules", .interpreter)])

    private static let comparisons: Set<String> = ["__contains__", "__lt__", "__le__", "__gt__", "__ge__", "__sub__", "__rsub__"]

    static let javaScript = HintRules(
        syntax: .init(backquotes: true), language: .javaScript,
        words: commonWords + .of(.interpreter, "reallyExit __proto__ prepareStackTrace captureStackTrace")
            + .of(.environment, "JEST_WORKER_ID NODE_TEST_CONTEXT VITEST"),
        names: .of(.ending, "process.exit process.abort process.kill process.exitCode process.on process.once")
            + .of(
                .interpreter,
                "process.binding process.dlopen process._debugProcess process.ppid process.mainModule process.argv process.execArgv process.chdir require.cache require.extensions module.parent Module._load Module._resolveFilename Module._extensions Object.is"
            )
            + .of(
                .runner,
                "jest.mock vi.mock globalThis.expect global.expect globalThis.test globalThis.describe global.test global.describe")
            + .of(.environment, "process.env.CI process.env.NODE_ENV") + .of(.equality, "Symbol.hasInstance"),
        calls: .of(.evaluation, "eval Function") + .of(.ending, "exit"),
        imports: .of(
            .runner,
            "node:test assert node:assert assert/strict node:assert/strict jest vitest mocha chai ava tap tape @jest/globals jasmine"
        )
            + .of(.interpreter, "vm node:vm module node:module inspector node:inspector v8 node:v8 async_hooks node:async_hooks")
            + .of(.process, "child_process node:child_process cluster node:cluster worker_threads node:worker_threads"),
        equality: ["equals", "isEqual"])

    static let go = HintRules(
        syntax: .init(singleQuotes: true, backquotes: true), language: .go, words: commonWords,
        names: .of(.ending, "os.Exit syscall.Exit syscall.Kill runtime.Goexit")
            + .of(.process, "syscall.Exec syscall.ForkExec os.StartProcess exec.Command")
            + .of(
                .interpreter,
                "runtime.Callers runtime.Caller runtime.Stack debug.Stack os.Args flag.Lookup unsafe.Pointer testing.Testing syscall.RawSyscall syscall.RawSyscall6 syscall.Syscall syscall.Syscall6 os.Chdir syscall.Chdir syscall.Fchdir"
            ),
        calls: [:],
        imports: .of(.runner, "testing testing/quick testing/iotest")
            + .of(.interpreter, "unsafe plugin runtime/debug debug/elf c"),
        equality: ["Equal", "Equals", "Is"])

    static let rust = HintRules(
        syntax: .init(singleQuotes: false), language: .rust,
        words: commonWords
            + .of(
                .interpreter,
                "set_current_dir transmute set_hook take_hook catch_unwind global_allocator no_mangle ctor link_section asm global_asm"
            )
            + .of(.runner, "rustc_test should_panic"),
        names: .of(.ending, "process.exit process.abort libc.exit libc._exit libc.abort libc.kill libc.raise libc.atexit")
            + .of(.process, "process.Command libc.fork libc.execv libc.execve libc.execvp")
            + .of(.interpreter, "env.args env.args_os env.current_exe"),
        calls: [:], imports: .of(.process, "libc nix") + .of(.runner, "test proptest") + .of(.interpreter, "c system"),
        equality: ["ne", "lt", "le", "gt", "ge"],
        ownEquality: ["eq"])

    static let swift = HintRules(
        syntax: .init(singleQuotes: false, tripleQuotes: true), language: .swift,
        words: commonWords
            + .of(.interpreter, "changeCurrentDirectoryPath chdir _silgen_name _cdecl dlsym dlopen _dynamicReplacement")
            + .of(.process, "posix_spawn execv execve execvp fork"),
        names: .of(.interpreter, "CommandLine.arguments ProcessInfo.processInfo.arguments ProcessInfo.processInfo.environment"),
        calls: .of(.ending, "exit _exit abort atexit quick_exit kill raise"), imports: .of(.runner, "XCTest Testing"),
        ownEquality: ["==", "!="])

    static let c = HintRules(
        syntax: .init(), language: .c,
        words: commonWords
            + .of(
                .interpreter,
                "chdir fchdir chroot ptrace dlsym dlopen process_vm_writev mprotect backtrace __attribute__ asm __asm__ program_invocation_name"
            )
            + .of(.process, "execv execve execvp execl execlp fork vfork posix_spawn system popen setsid")
            + .of(.ending, "_exit _Exit quick_exit atexit at_quick_exit on_exit abort"),
        calls: .of(.ending, "exit kill raise"), equality: ["=="],
        fragments: commonFragments + [("gtest", .runner)])

    static let java = HintRules(
        syntax: .init(tripleQuotes: true),
        words: commonWords + .of(.interpreter, "setAccessible getStackTrace StackWalker Unsafe Instrumentation premain agentmain")
            + .of(.runner, "junit testng mockito"),
        names: .of(.ending, "System.exit Runtime.halt Runtime.exit") + .of(.process, "Runtime.exec")
            + .of(.interpreter, "Thread.currentThread"),
        calls: .of(.ending, "exitProcess addShutdownHook halt") + .of(.process, "ProcessBuilder"),
        equality: ["equals", "compareTo"])

    static let dotNet = HintRules(
        syntax: .init(tripleQuotes: true),
        words: commonWords + .of(.runner, "Xunit NUnit") + .of(.interpreter, "StackTrace StackFrame DynamicMethod"),
        names: .of(.ending, "Environment.Exit Environment.FailFast Environment.ExitCode") + .of(.process, "Process.Start")
            + .of(.interpreter, "Assembly.Load Assembly.LoadFrom"),
        equality: ["Equals", "=="])

    static let ruby = HintRules(
        syntax: .init(hashComments: true),
        words: commonWords + .of(.runner, "RSpec Minitest")
            + .of(.interpreter, "ObjectSpace TracePoint set_trace_func caller caller_locations instance_variable_set")
            + .of(.ending, "at_exit"),
        names: .of(.ending, "Process.exit Kernel.exit Process.kill") + .of(.interpreter, "Dir.chdir"),
        calls: .of(.ending, "exit abort") + .of(.process, "fork exec") + .of(.evaluation, "eval instance_eval class_eval"),
        imports: .of(.runner, "rspec minitest test/unit"))

    static let php = HintRules(
        syntax: .init(),
        words: commonWords + .of(.ending, "register_shutdown_function") + .of(.interpreter, "debug_backtrace")
            + .of(.process, "pcntl_fork pcntl_exec proc_open shell_exec")
            + .of(.runner, "PHPUnit PHPUNIT_COMPOSER_INSTALL"),
        calls: .of(.ending, "exit die") + .of(.evaluation, "eval create_function"))

    static let perl = HintRules(
        syntax: .init(hashComments: true), words: commonWords + .of(.runner, "Test") + .of(.interpreter, "PadWalker caller"),
        calls: .of(.ending, "exit") + .of(.evaluation, "eval") + .of(.process, "fork exec"))

    static let shell = HintRules(
        syntax: .init(hashComments: true),
        words: commonWords + .of(.runner, "pytest") + .of(.ending, "trap") + .of(.process, "kill pkill killall setsid nohup"))
}
