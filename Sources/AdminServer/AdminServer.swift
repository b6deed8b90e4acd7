package import AdminInterface
internal import CLinux
package import Logging
internal import QuietTasks

/// The daemon's three sockets: made, served, and taken away again.
package struct AdminServer: Sendable {
    package struct Settings: Hashable, Sendable {
        /// `deployments/admin/admin.sock`.
        package var adminSocket: String
        /// `deployments/review/review.sock`.
        package var reviewSocket: String
        /// `deployments/agent/deploy.sock`; its directory is bound into the view of `pinfold run`.
        package var agentSocket: String
        package var agentUserID: UInt32
        package var agentGroupID: UInt32
        /// How many seconds a connection may be silent while a request is expected of it.
        package var patience: Int64 = 30
        /// How many connections a socket takes in at a time; more wait their turn.
        package var connections = 64

        package init(
            adminSocket: String, reviewSocket: String, agentSocket: String, agentUserID: UInt32, agentGroupID: UInt32
        ) {
            self.adminSocket = adminSocket
            self.reviewSocket = reviewSocket
            self.agentSocket = agentSocket
            self.agentUserID = agentUserID
            self.agentGroupID = agentGroupID
        }
    }

    private let service: any DeployServing
    private let rules: any ViewRules
    private let settings: Settings
    private let logger: Logger

    package init(_ service: any DeployServing, rules: any ViewRules, settings: Settings, logger: Logger) {
        self.rules = rules
        self.service = service
        self.settings = settings
        self.logger = logger
    }

    /// Serves the sockets until the task is cancelled; requests that are under way then are answered with what is so far, or cut off.
    /// - Parameter whenReady: called once, when all can be connected to.
    /// - Throws: ``AdminServerError`` where a socket cannot be had: another daemon's, another user's, or a file in its place.
    package func run(whenReady: @escaping @Sendable () async -> Void = {}) async throws {
        let ready = Countdown(3, then: whenReady)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: QuietQueue(label: "pinfold.admin")) {
                    try await serve(.admin, settings.adminSocket, directoryMode: 0o700, ready)
                }
                group.addTask(executorPreference: QuietQueue(label: "pinfold.review")) {
                    try await serve(.review, settings.reviewSocket, directoryMode: 0o711, group: ReviewUser.id, ready)
                }
                group.addTask(executorPreference: QuietQueue(label: "pinfold.agent")) {
                    try await serve(.agent, settings.agentSocket, directoryMode: 0o755, group: settings.agentGroupID, ready)
                }
                // One without the others is no daemon: whichever ends takes them with it.
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError where Task.isCancelled {
            return
        }
    }

    private func serve(
        _ role: SocketDoor.Role, _ path: String, directoryMode: UInt32, group: UInt32? = nil, _ ready: Countdown
    ) async throws {
        let door = SocketDoor(role, ownerID: geteuid(), agentID: settings.agentUserID)
        let listener = try SocketListener(
            at: path, directoryMode: directoryMode, group: group, patience: settings.patience, connections: settings.connections,
            logger: logger)
        try await listener.answer(buildResponder(service, door: door, rules: rules)) { await ready.reached() }
    }
}
