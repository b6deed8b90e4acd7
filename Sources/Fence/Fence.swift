/// Everything that a confined process may see, change and use, as one value: nothing about a fence is decided anywhere else.
///
/// `ConfinedProcess` is its only executor. `explain()` says the same in words.
package struct Fence: Hashable, Sendable {
    /// What is mounted, in this order: the first entry is the root directory, each later one lies over what came before.
    package var mounts: [Mount]
    /// Whom the command runs as. Never root.
    package var user: FenceUser
    package var network: Network
    package var limits: Limits
    /// What all of it may use together, where the machine has control groups.
    package var group: Group
    /// The whole environment of the command: nothing is inherited.
    package var environment: [String: String]
    /// Where the command starts: the first of these that its user can enter.
    package var workingDirectories: [String]
    /// What may be written, by path inside. Landlock allows these and the device nodes; the self-test refuses every other writable mount.
    package var writable: [String]
    /// Directories inside in which the self-test tries to create a file, and starts nothing unless each attempt fails.
    package var sealed: [String]
    /// Whether the command takes over the terminal that is its standard input, with job control.
    package var terminal: Bool
    /// What the fence is for, in a word or two.
    package var name: String
    /// Whether calls that would modify something are told of before they are made, so that those that a read-only mount refuses are recorded.
    package var recordsRefusals = false

    package init(
        mounts: [Mount], user: FenceUser, network: Network, limits: Limits, group: Group, environment: [String: String],
        workingDirectories: [String], writable: [String], sealed: [String], terminal: Bool, name: String
    ) {
        self.mounts = mounts
        self.user = user
        self.network = network
        self.limits = limits
        self.group = group
        self.environment = environment
        self.workingDirectories = workingDirectories
        self.writable = writable
        self.sealed = sealed
        self.terminal = terminal
        self.name = name
    }

    /// One mount of the private mount namespace. Sources are paths of the host, the rest are paths inside; all are absolute.
    package enum Mount: Hashable, Sendable {
        /// A recursive bind, each mount in it made read-only.
        case readOnly(_ source: String, at: String)
        /// A recursive bind whose mounts stay as they are: a view stays read-only, the zones in it writable.
        case bind(_ source: String, at: String)
        /// An empty, writable file system in memory, of at most `bytes`.
        case temporary(at: String, bytes: UInt64, mode: UInt16)
        /// An empty directory in which nothing can be created once the mounts below it are made.
        case empty(at: String)
        case symbolicLink(to: String, at: String)
        /// Over a link that is there, so that neither its text nor what it leads to is seen by it.
        case coveredLink(at: String)
        /// A file of these bytes that everybody can read and nobody change, over one that is there or in a directory that is made anew.
        case file(at: String, [UInt8])
        /// A fresh `/proc` of the private PID namespace.
        case processes
        /// A minimal `/dev`: null, zero, full, random, urandom, tty, its own terminals, message queues, and a shared-memory directory of at most
        /// `sharedMemory` bytes.
        case devices(sharedMemory: UInt64)
    }

    package enum Network: String, Hashable, Sendable {
        /// The host's, abstract Unix sockets excepted where the kernel has Landlock's scopes.
        case host
        /// A namespace with nothing but its own loopback.
        case none
    }

    /// The control group that everything behind the fence is in from its first instruction on, with `Limits.processes` as its number of processes.
    ///
    /// What it bounds is not bounded for each process or user besides, unless it says so: a sanitizer reserves terabytes of addresses.
    package struct Group: Hashable, Sendable {
        /// What runs in it, in a word: a part of its directory's name.
        package var name: String
        /// The group around it that has the limits, for everything that is started under that name: nil for limits of its own.
        package var shared: String?
        /// Everything that is memory: private or shared, of files in it (`/tmp`), of unnamed files, pipes. nil: not bounded in sum.
        package var memoryBytes: UInt64?
        /// The variable that says so, for messages.
        package var variable: String?

        package init(_ name: String, sharing shared: String? = nil, memoryBytes: UInt64? = nil, variable: String? = nil) {
            self.name = name
            self.shared = shared
            self.memoryBytes = memoryBytes
            self.variable = variable
        }

        /// Whether its limits stand in for those that count by process and user. A tool of Pinfold's own keeps them: an allocation that fails is
        /// an error with words, which a process that is killed has none of.
        package var replacesLimits = true

        /// Of a tool that reads what a stranger wrote, git objects say.
        package static let git = {
            var group = Group("git", memoryBytes: 3 << 30)
            group.replacesLimits = false
            return group
        }()

        /// Half of what an ordinary group gets of processor and disk, where others want them: the server and the gateway go first.
        package static let weight: UInt64 = 50
    }

    /// What each process may use at most (`man 2 setrlimit`); nil leaves the caller's limit. A limit above the caller's hard one becomes that.
    package struct Limits: Hashable, Sendable {
        /// Processes and threads: of the group, or where there is none of the user, counted over the whole host.
        package var processes: UInt64?
        /// Private writable memory of one process (RLIMIT_DATA); not set where the group bounds the memory of all.
        package var memoryBytes: UInt64?
        package var descriptors: UInt64?
        /// The size that one file may be grown to.
        package var fileBytes: UInt64?
        /// Processor time of one process.
        package var cpuSeconds: UInt64?

        package init(
            processes: UInt64? = nil, memoryBytes: UInt64? = nil, descriptors: UInt64? = nil, fileBytes: UInt64? = nil,
            cpuSeconds: UInt64? = nil
        ) {
            self.processes = processes
            self.memoryBytes = memoryBytes
            self.descriptors = descriptors
            self.fileBytes = fileBytes
            self.cpuSeconds = cpuSeconds
        }

        /// For the agent: wide enough for any honest build, narrow enough that the host survives a dishonest one.
        package static let generous = Limits(processes: 4096, memoryBytes: 32 << 30, descriptors: 65_536, fileBytes: 1 << 40)
        /// For its tests and builds. The kernel counts the processes of a user, not those behind a fence: with twice as many, the agent cannot use up
        /// what its tests need, since its own calls fail before theirs do.
        package static let judging = Limits(processes: 8192, memoryBytes: 32 << 30, descriptors: 65_536, fileBytes: 1 << 40)
        /// For a tool that reads what a stranger wrote, git objects say. It forbids itself to start processes (`pinfold-git`): a number of
        /// them would be used up by what the agent runs.
        package static let strict = Limits(memoryBytes: 2 << 30, descriptors: 4096, fileBytes: 16 << 30, cpuSeconds: 3600)
    }
}
