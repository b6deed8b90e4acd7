/// Where things are below the data root: the one list of names. Paths as text; what is there, the disk says.
package struct DataRoot: Hashable, Sendable {
    /// The root itself, absolute.
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// What a data root is called where nobody names one.
    package static let usualName = "agent-data"

    // The zones, where they are not put elsewhere.

    package var codeRepo: String { path + "/code-repo" }
    package var sandbox: String { path + "/sandbox" }

    /// What the server writes and the agent reads, as the seed lays it out.
    package var serverData: [String] { ["models", "logs", "generated_images", "conversations"].map { path + "/" + $0 } }
    /// Keeps the root out of the repository that it lies in.
    package var ignoreFile: String { path + "/.gitignore" }

    // What the deploy daemon keeps: nobody else writes here.

    package var deployments: String { path + "/deployments" }
    /// What the server runs from, where it is not put elsewhere.
    package var current: String { deployments + "/current" }
    package var releases: String { deployments + "/releases" }
    package var backups: String { deployments + "/backups" }
    /// Where the client is served from, where it is not put elsewhere.
    package var client: String { deployments + "/client" }
    /// Versions of the client, each whole.
    package var clientVersions: String { deployments + "/client-versions" }
    /// Packages that builds of the client use.
    package var clientModules: String { deployments + "/client-modules" }
    package var logs: String { deployments + "/logs" }
    package var work: String { deployments + "/work" }
    /// The daemon's own bare repository.
    package var mirror: String { deployments + "/repo.git" }
    package var status: String { deployments + "/status.json" }
    package var flag: String { deployments + "/human_approval_required.flag" }
    package var history: String { deployments + "/history.sqlite" }
    /// Held by the daemon that serves this root.
    package var lock: String { deployments + "/deployd.lock" }
    /// The commit that the admin began with, written by `pinfold init`: the first deployment is compared with it.
    package var baseline: String { deployments + "/baseline" }
    /// The branch that the admin began with, written by `pinfold init`.
    package var branch: String { deployments + "/branch" }
    /// Which paths of a target that is changed in place are a deployment's.
    package var ownedPaths: String { deployments + "/owned-paths" }
    /// What is left of an update in place that was cut short.
    package var inPlaceJournal: String { work + "/in-place.journal" }
    /// Room on the disk that is given up where there is none left.
    package var reserve: String { deployments + "/.reserve" }
    /// Run by git before a push, if the admin puts it there.
    package var pushHook: String { deployments + "/hooks/pre-push" }

    /// What `deployments` holds beside the two that are put elsewhere by settings, `current` and `client`: the daemon's own or the
    /// admin's, in whose place nothing of a commit's may be written.
    package var kept: [String] {
        [
            releases, backups, clientVersions, clientModules, logs, work, mirror, status, flag, history, lock, baseline, branch,
            ownedPaths, reserve, deployments + "/hooks", adminDirectory, reviewDirectory, auditDirectory, usageDirectory,
            agentDirectory,
        ]
    }

    // What the agent does not see, root's.

    /// With the admin's socket: whoever may enter may approve. Mode 0700, as of the other two without a socket.
    package var adminDirectory: String { deployments + "/admin" }
    package var adminSocket: String { adminDirectory + "/admin.sock" }
    /// With the review page's socket: what reads, and answers that a passkey signed. Its mode lets others come as far as the socket.
    package var reviewDirectory: String { deployments + "/review" }
    package var reviewSocket: String { reviewDirectory + "/review.sock" }
    /// What the agent changed and was refused.
    package var auditDirectory: String { deployments + "/audit" }
    /// What the zones hold of their quotas.
    package var usageDirectory: String { deployments + "/usage" }

    /// The one directory with a socket that `pinfold run` binds into the agent's root.
    package var agentDirectory: String { deployments + "/agent" }
    package var agentSocket: String { agentDirectory + "/deploy.sock" }

    /// The output of a deployment's tests, build, reload and checks.
    package func log(of deployment: Int) -> String { logs + "/\(deployment).log" }
    /// What a deployment has while it runs.
    package func workplace(of deployment: Int) -> Workplace { Workplace(path: work + "/\(deployment)") }
    /// Where a deployment's version is published.
    /// - Parameter commit: the beginning of its id, as it is shown.
    package func release(of deployment: Int, commit: String) -> String { releases + "/\(deployment)-\(commit)" }
}

extension DataRoot {
    /// `work/ID`: a deployment's own, from the export to its end.
    package struct Workplace: Hashable, Sendable {
        package let path: String

        /// The commit's tree as it was exported.
        package var tree: String { path + "/tree" }
        /// What was written there.
        package var treeRecord: String { path + "/tree.files" }
        /// Throw-away copies for tests and for the build.
        package var test: String { path + "/test" }
        package var build: String { path + "/build" }
        package var clientBuild: String { path + "/client" }
        /// A throw-away copy of the client's packages, over those that are kept.
        package var clientModules: String { path + "/modules" }
        /// Where its packages are fetched to, and its files compressed.
        package var clientFetch: String { path + "/fetch" }
        package var clientCompression: String { path + "/compress" }
        /// A release before it has its name.
        package var release: String { path + "/release" }
        /// There from before the switch on: the deployment has begun to run.
        package var switching: String { path + "/switching" }
    }
}
