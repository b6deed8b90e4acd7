package import DeployModel

/// pytest or unittest, begun by a program of Pinfold's (`Scripts`) that has loaded the runner before anything of the tree can be.
package struct PythonRunner: Runner {
    package let kind: RunnerKind
    package let command: String
    private let interpreter: String
    private let arguments: [String]
    /// Whether the tree's top directory is on the path, as `python3 -m` has it.
    private let onPath: Bool

    /// The one that is found by kind of project: pytest where it is installed, else unittest.
    package init() {
        self.init(
            .python, "python3", [], onPath: true, command: "python3 -m pytest, or python3 -m unittest where that is not installed")
    }

    package init(_ kind: RunnerKind, _ interpreter: String, _ arguments: [String], onPath: Bool, command: String) {
        self.kind = kind
        self.interpreter = interpreter
        // The report comes by a descriptor; what the command writes beside it lies where nobody looks.
        self.arguments = arguments.map { $0.replacing(KnownCommand.reportVariable, with: "/tmp/report.xml") }
        self.onPath = onPath
        self.command = command
    }

    package var name: String { kind == .python ? "Python" : kind.rawValue }
    package var reports: Bool { true }
    package var cannotBite: String? { nil }

    package func phases(_ run: JudgedRun, in tree: String) -> [Phase] {
        let secret = Secret(run)
        // Isolated: no directory of the tree on the path, no PYTHON* variable, no packages of the user's. Every Python 3 knows it.
        var phase = Phase(
            [interpreter, "-I", "-c", "import posix; exec(posix.read(3, 65536))", kind.rawValue, onPath ? "1" : "0"] + arguments)
        phase.handed = [Self.script, secret.handed]
        phase.report = ExpectedReport(.descriptor, .junit)
        phase.report?.secret = secret.bytes
        return [phase]
    }

    private static let script: [UInt8] =
        [
            PackageResources.judge_witness_py, PackageResources.judge_pytest_py, PackageResources.judge_unittest_py,
            PackageResources.judge_start_py,
        ].flatMap { $0 + [0x0A] } + Array("judge()\n".utf8)
}

/// What tells the two runs apart, and who wrote the report: handed over, and gone before anything of the project is loaded.
package struct Secret: Hashable, Sendable {
    /// What ends the report.
    package let bytes: [UInt8]
    private let run: JudgedRun

    package init(_ run: JudgedRun) {
        self.run = run
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// `B` where each test is made to fail, else `G`, and the bytes.
    package var handed: [UInt8] { [UInt8(ascii: run == .bitten ? "B" : "G")] + bytes }
}
