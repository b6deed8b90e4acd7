// swift-tools-version: 6.2
// Pinfold: two halves that share configuration and the disk, not code paths. Docs/Architecture.md says what each target is for.

import PackageDescription

// Errors in debug, which is what is developed and tested, and with the compiler that this is developed with: a later one warns of more.
#if compiler(<6.4)
    let warnings: [SwiftSetting] = [.treatAllWarnings(as: .error, .when(configuration: .debug))]
#else
    let warnings: [SwiftSetting] = []
#endif

/// One dialect for every target: language mode 6 with the upcoming features that make ownership and visibility explicit.
let dialect: [SwiftSetting] =
    warnings + [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .strictMemorySafety(),
    ]

/// CLinux is compiled with GNU extensions; every other C module in the same compilation has to agree, or the types that they share are two.
let gnu: [CSetting] = [.define("_GNU_SOURCE")]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// `pinfold run` is in the way of each command that an agent starts, so what it runs names types directly: by default they are named by a text, to which
/// the runtime finds each type, and what it conforms to in the whole program, at its first use.
let startingFast =
    dialect + [
        .unsafeFlags(["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"], .when(configuration: .release))
    ]

/// The C++ libraries below Swift's runtime inside, as `mount/install/release` lays them there, instead of looked up symbol by symbol at each start.
let startingAlone = LinkerSetting.unsafeFlags(
    ["-L.build-release/static", "-Xclang-linker", "-static-libgcc"], .when(configuration: .release))

let package = Package(
    name: "pinfold",
    products: [
        .executable(name: "pinfold", targets: ["pinfold"]),
        .executable(name: "pinfold-mount", targets: ["pinfold-mount"]),
        .executable(name: "pinfold-fence", targets: ["pinfold-fence"]),
        .executable(name: "pinfold-git", targets: ["pinfold-git"]),
        .executable(name: "pinfold-deployd", targets: ["pinfold-deployd"]),
        .executable(name: "pinfold-web", targets: ["pinfold-web"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        // What both halves stand on.
        .systemLibrary(name: "CLinux"),
        .target(name: "LinuxSystem", dependencies: ["CLinux", "PlainText", system], cSettings: gnu, swiftSettings: startingFast),
        .target(
            name: "AuditLog", dependencies: ["CLinux", "LinuxSystem", "PlainText", system], cSettings: gnu,
            swiftSettings: startingFast),
        .target(name: "Patterns", cSettings: gnu, swiftSettings: startingFast),
        .target(name: "PlainText", cSettings: gnu, swiftSettings: startingFast),
        .target(name: "DataRoot", cSettings: gnu, swiftSettings: startingFast),
        .target(name: "ZonePolicy", dependencies: ["DataRoot", "Patterns"], cSettings: gnu, swiftSettings: startingFast),
        .target(name: "DeployModel", dependencies: ["Patterns", "PlainText"], cSettings: gnu, swiftSettings: startingFast),
        .target(
            name: "PinfoldConfiguration",
            dependencies: ["CLinux", "DataRoot", "DeployModel", "LinuxSystem", "Patterns", "PlainText", "ZonePolicy"],
            cSettings: gnu,
            swiftSettings: startingFast),

        .target(name: "HTTPAnswers", dependencies: ["PlainText"], cSettings: gnu, swiftSettings: startingFast),
        .target(name: "QuietTasks", dependencies: ["LinuxSystem", system], cSettings: gnu, swiftSettings: dialect),
        .target(
            name: "Fence", dependencies: ["CLinux", "LinuxSystem", "Patterns", system], cSettings: gnu, swiftSettings: startingFast),

        // The gateway half.
        .systemLibrary(name: "CFuse3", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        .systemLibrary(name: "CUring", providers: [.apt(["liburing-dev"])]),
        .target(
            name: "FuseSession", dependencies: ["CFuse3", "CLinux", "CUring", "LinuxSystem", system], cSettings: gnu,
            swiftSettings: dialect),
        .target(
            name: "GatewayFileSystem", dependencies: ["AuditLog", "CLinux", "FuseSession", "LinuxSystem", "ZonePolicy", system],
            cSettings: gnu, swiftSettings: dialect),
        .target(
            name: "AgentRun", dependencies: ["AuditLog", "CLinux", "Fence", "LinuxSystem", system], cSettings: gnu,
            swiftSettings: startingFast),

        // The deploy half.
        .systemLibrary(name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .target(
            name: "GitRepository", dependencies: ["CLibgit2", "CLinux", "LinuxSystem", "PlainText", system], cSettings: gnu,
            swiftSettings: dialect),
        .target(name: "DurableFiles", dependencies: ["CLinux", "LinuxSystem", system], cSettings: gnu, swiftSettings: dialect),
        .target(
            name: "DeploySteps",
            dependencies: [
                "CLinux", "DataRoot", "DeployModel", "DurableFiles", "Fence", "GitRepository", "HTTPAnswers", "LinuxSystem",
                "Patterns", "PlainText", system,
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            resources: [
                .embedInCode("Judge/Node/node-run.cjs"), .embedInCode("Judge/Node/node-preload.cjs"), .embedInCode("Judge/Scripts"),
            ],
            cSettings: gnu, swiftSettings: dialect),
        .target(name: "AdminInterface", dependencies: ["DeployModel", "PlainText"], cSettings: gnu, swiftSettings: dialect),
        .target(
            name: "DeployService",
            dependencies: [
                "AdminInterface", "CLinux", "DataRoot", "DeployModel", "DeploySteps", "DurableFiles", "GitRepository",
                "LinuxSystem", "PlainText", "QuietTasks", system,
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "Logging", package: "swift-log"),
            ],
            cSettings: gnu, swiftSettings: dialect),
        .target(
            name: "HTTPServing",
            dependencies: [
                .product(name: "HummingbirdCore", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            cSettings: gnu, swiftSettings: dialect),
        .target(
            name: "AdminServer",
            dependencies: [
                "AdminInterface", "CLinux", "DeployModel", "HTTPServing", "LinuxSystem", "PlainText", "QuietTasks", system,
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            cSettings: gnu, swiftSettings: dialect),
        .target(
            name: "AdminClient", dependencies: ["AdminInterface", "DeployModel", "HTTPAnswers", "LinuxSystem", system],
            cSettings: gnu, swiftSettings: dialect),

        .target(
            name: "AdminWeb",
            dependencies: [
                "AdminClient", "AdminInterface", "CLinux", "DeployModel", "HTTPServing", "LinuxSystem", "PlainText", "QuietTasks",
                .product(name: "HummingbirdCore", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            resources: [.embedInCode("Assets/pinfold.css"), .embedInCode("Assets/pinfold.js")],
            cSettings: gnu, swiftSettings: dialect),

        // The agent's tools for a model's client: in `pinfold`, which `pinfold run` is too, so that it starts as fast as that.
        .target(
            name: "AgentTools",
            dependencies: ["AdminClient", "AdminInterface", "CLinux", "DeployModel", "LinuxSystem", "PlainText", system],
            cSettings: gnu, swiftSettings: startingFast),

        // The commands that people type, and what all programs with options have in common.
        .target(
            name: "CommandLineSupport",
            dependencies: ["CLinux", "DeployModel", "LinuxSystem", "PinfoldConfiguration", "PlainText", arguments, system],
            cSettings: gnu, swiftSettings: startingFast),
        .target(
            name: "PinfoldCommands",
            dependencies: [
                "AdminClient", "AdminInterface", "AgentRun", "AgentTools", "AuditLog", "CLinux", "CommandLineSupport", "DataRoot",
                "DeployModel", "Fence", "LinuxSystem", "Patterns", "PinfoldConfiguration", "PlainText", "ZonePolicy", arguments,
                system,
            ],
            cSettings: gnu, swiftSettings: startingFast),

        // Compositions: options in, one page of wiring, exit code out.
        .executableTarget(
            name: "pinfold", dependencies: ["CLinux", "LinuxSystem", "PinfoldCommands"], cSettings: gnu,
            swiftSettings: startingFast, linkerSettings: [startingAlone]),
        .executableTarget(
            name: "pinfold-mount", dependencies: ["GatewayFileSystem", "LinuxSystem"], cSettings: gnu,
            swiftSettings: dialect),
        .executableTarget(
            name: "pinfold-fence", dependencies: ["Fence", "LinuxSystem"], cSettings: gnu, swiftSettings: startingFast,
            // It starts in the agent's view: no library of what that shows is loaded into a process that is root still, and none is looked for.
            // No test names it as a dependency, or the flag would be the test bundle's too; `swift build` and `swift test` build it all the same.
            linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .executableTarget(
            name: "pinfold-git", dependencies: ["CLinux", "GitRepository", "LinuxSystem", "PlainText"], cSettings: gnu,
            swiftSettings: dialect,
            // So that libgit2 opens files by this program's function: a linker shows nobody what only a library asks for by a version. As with the
            // fence, no test names it as a dependency: the function would be the test bundle's too.
            linkerSettings: [
                .unsafeFlags(["open", "open64"].flatMap { ["-Xlinker", "--export-dynamic-symbol=\($0)"] })
            ]),
        .executableTarget(
            name: "pinfold-deployd",
            dependencies: [
                "AdminInterface", "AdminServer", "CLinux", "CommandLineSupport", "DataRoot", "DeployModel", "DeployService",
                "DeploySteps", "DurableFiles", "LinuxSystem", "Patterns", "PinfoldConfiguration", "QuietTasks", "ZonePolicy",
                arguments,
                .product(name: "Logging", package: "swift-log"),
            ],
            cSettings: gnu, swiftSettings: dialect),

        .executableTarget(
            name: "pinfold-web",
            dependencies: [
                "AdminInterface", "AdminWeb", "CLinux", "CommandLineSupport", "LinuxSystem", "QuietTasks", arguments,
                .product(name: "Logging", package: "swift-log"),
            ],
            cSettings: gnu, swiftSettings: dialect),

        // Tests, by what they hold true. What mounts does so in a child process: the real pinfold-mount.
        .target(
            name: "TestSupport", dependencies: ["CLinux", "LinuxSystem", system], path: "Tests/TestSupport", cSettings: gnu,
            swiftSettings: dialect),
        // What takes bytes of a stranger's, tried by chance and with what is kept in Tests/FuzzTests/Corpus.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "AgentTools", "AuditLog", "CLinux", "DeployModel", "DeploySteps", "FuseSession", "GatewayFileSystem",
                "GitRepository", "HTTPAnswers", "LinuxSystem", "Patterns", "TestSupport", "ZonePolicy", system,
            ],
            path: "Tests/FuzzTargets", cSettings: gnu, swiftSettings: dialect),
        .executableTarget(
            name: "pinfold-fuzz", dependencies: ["CLinux", "FuzzTargets", "LinuxSystem", "TestSupport", system], path: "Tests/Fuzz",
            cSettings: gnu,
            swiftSettings: dialect),
        // Changes what a gateway keeps until a test kills it.
        .executableTarget(
            name: "pinfold-kept-hammer",
            dependencies: ["CLinux", "FuseSession", "GatewayFileSystem", "LinuxSystem", "ZonePolicy", system],
            path: "Tests/KeptHammer", cSettings: gnu, swiftSettings: dialect),
        .executableTarget(
            name: "pinfold-ask-rate", dependencies: ["DeployModel", "DeploySteps", "GitRepository", "TestSupport"],
            path: "Tests/AskRate",
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets", "LinuxSystem", "TestSupport", "pinfold-fuzz"], exclude: ["Corpus"],
            cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(
            name: "AuditLogTests", dependencies: ["AuditLog", "CLinux", "LinuxSystem", "TestSupport"], cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(name: "HTTPAnswersTests", dependencies: ["HTTPAnswers"], cSettings: gnu, swiftSettings: dialect),
        .testTarget(name: "PlainTextTests", dependencies: ["PlainText"], cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "LinuxSystemTests", dependencies: ["CLinux", "LinuxSystem", "TestSupport", system], cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(
            name: "FuseSessionTests", dependencies: ["CLinux", "FuseSession", "LinuxSystem", "TestSupport", system], cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(
            name: "QuietTasksTests", dependencies: ["LinuxSystem", "QuietTasks", "TestSupport"], cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(
            name: "ZonePolicyTests", dependencies: ["DataRoot", "Patterns", "TestSupport", "ZonePolicy"], cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["DataRoot", "DeployModel", "LinuxSystem", "PinfoldConfiguration", "ZonePolicy"], cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "AuditLog", "CLinux", "FuseSession", "GatewayFileSystem", "LinuxSystem", "TestSupport", "ZonePolicy",
                "pinfold-kept-hammer", "pinfold-mount", system,
            ],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "PinfoldCommandsTests",
            dependencies: [
                "CommandLineSupport", "LinuxSystem", "PinfoldCommands", "PinfoldConfiguration", "PlainText", "TestSupport",
                arguments,
            ],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["CLinux", "LinuxSystem", "TestSupport", "pinfold", "pinfold-mount", system],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "AgentToolsTests",
            dependencies: [
                "CLinux", "LinuxSystem", "TestSupport", "pinfold", "pinfold-deployd", "pinfold-mount", system,
            ],
            exclude: ["Scripts"], cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "FenceTests", dependencies: ["CLinux", "Fence", "LinuxSystem", "TestSupport", system],
            cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(
            name: "AgentRunTests",
            dependencies: [
                "AgentRun", "AuditLog", "CLinux", "Fence", "LinuxSystem", "TestSupport", "pinfold", "pinfold-mount", system,
            ],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "GitRepositoryTests",
            dependencies: ["CLinux", "DeployModel", "GitRepository", "LinuxSystem", "TestSupport", system],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "DeployModelTests", dependencies: ["DeployModel", "Patterns", "PlainText", "TestSupport"], exclude: ["Fixtures"],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "DurableFilesTests", dependencies: ["CLinux", "DurableFiles", "TestSupport", system], cSettings: gnu,
            swiftSettings: dialect),
        .testTarget(
            name: "DeployStepsTests",
            dependencies: ["CLinux", "DataRoot", "DeployModel", "DeploySteps", "DurableFiles", "LinuxSystem", "TestSupport"],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "DeployServiceTests",
            dependencies: [
                "AdminInterface", "CLinux", "DataRoot", "DeployModel", "DeployService", "DeploySteps", "DurableFiles",
                "LinuxSystem", "TestSupport", "pinfold", "pinfold-deployd", system,
            ],
            exclude: ["Judge/Corpus"],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "AdminServerTests",
            dependencies: [
                "AdminClient", "AdminInterface", "AdminServer", "CLinux", "DeployModel", "HTTPAnswers", "LinuxSystem", "PlainText",
                "TestSupport",
                "pinfold", "pinfold-deployd", system, .product(name: "HummingbirdTesting", package: "hummingbird"),
            ],
            cSettings: gnu, swiftSettings: dialect),
        .testTarget(
            name: "AdminWebTests",
            dependencies: [
                "AdminInterface", "AdminServer", "AdminWeb", "DeployModel", "LinuxSystem", "QuietTasks", "TestSupport",
                "pinfold-web",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Browser"], cSettings: gnu, swiftSettings: dialect),
    ]
)
