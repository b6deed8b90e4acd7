internal import DataRoot
internal import DeployModel

/// The page that tells the agent where it is: `AGENTS.md` in the data root, which is a directory above both zones and read-only in the view. A
/// repository that has one of its own keeps it: the nearer one is found first.
package enum AgentGuide {
    package static func path(_ configuration: Configuration) -> String { configuration.data.path + "/AGENTS.md" }

    /// The line by which a page is known as Pinfold's own: another is somebody's, and left alone.
    package static let mark = "<!-- Written by pinfold-deployd at each start; take this line out to keep a page of your own. -->"

    package static func text(_ configuration: Configuration) -> String {
        let repository = configuration.zones.codeRepo
        let tests = configuration.deploy.tests
        let branch =
            configuration.deploy.commits.branch.map { "`\($0)`" }
            ?? "the branch that was checked out when it was cloned (`pinfold status` names it)"
        let tested =
            tests.required
            ? "Every commit is tested, within \(tests.timeout) s"
                + (tests.command.map { ", by `\($0)`." } ?? ", by the command that fits the kind of project.")
                + (tests.network ? "" : " Tests have no network.")
            : "Tests are switched off here: what is committed is deployed untested."
        let asked =
            configuration.deploy.judge.requiresApproval
            ? """
            A human is asked before a commit is deployed that changes what judges your work: tests, their configuration, lock files, build and CI \
            files, and what tests alone import. Also where tests that passed are gone or skipped, where tests do not notice a failure, where the \
            history no longer contains what is deployed, and where new lines could reach for what judges them. `pinfold why --surface PATH` says \
            of one file whether it does, and why. Keep such changes in commits of their own.
            """
            : "No human is asked about changed tests here; still, a branch that no longer contains what is deployed waits for one."
        return """
            \(mark)
            # Where you are, and how to change your own code

            You run inside Pinfold: you see the whole machine read-only, and can change your own source code and have it deployed.

            ## What is writable
            - `\(repository)`: your source, a git repository (`$AGENT_CODE_REPO_PATH`).
            - `\(configuration.zones.sandbox)`: a place to try things, and your home (`$AGENT_SANDBOX_PATH`).
            - `/tmp` and `/dev/shm`: yours alone, gone when this run ends.

            Everything else is read-only, and answers EROFS. Some names do not exist for you (ENOENT): keys, passwords, the admin's configuration. In the
            repository `.git/hooks`, `.git/config` and what else makes git run a program cannot be touched (EPERM), so `git init`, `git clone` and
            submodules belong in the sandbox. You are not root and cannot become it.\(configuration.agent.network == .none ? " There is no network." : "")

            ## Ask why
            - `pinfold why PATH` and `pinfold why --write PATH`: whether you may, and which rule or mode decides.
            - `pinfold doctor`: whether all that you work with is as it should be.

            ## Change, test, commit, deploy
            1. Edit files in `\(repository)`, on \(branch).
            2. Run the tests yourself first; it is faster. The deployment runs them again, on the committed files alone.
            3. `pinfold deploy --message "What is different, and why"` commits all that has changed and waits. It prints what failed, with the output.
               A commit of your own (`git commit`) on that branch is deployed as well; `pinfold deploy` then waits for it.

            \(tested)

            | exit code | means | do |
            | --- | --- | --- |
            | 0 | deployed | |
            | 1 | not deployed | read what failed, mend it, deploy again |
            | 2 | nothing was committed: no message, or wrong usage | |
            | 3 | a human decides | go on with something else; a newer commit takes its place |
            | 4 | the daemon does not answer | commit; it is deployed when the daemon runs again |

            The deployed version is backed up first. One that does not start, or is not healthy, is taken back by itself, and its commit stays out until you
            revert it. What a human rejected stays rejected until a file in it changes; the reason is in the answer.

            ## What a human is asked
            \(asked)

            You cannot answer for a human, skip the question, or roll back.

            ## Look at what happened
            | command | shows |
            | --- | --- |
            | `pinfold status` | what runs, what is under way, the rules in force |
            | `pinfold history` | your deployments, newest first |
            | `pinfold show ID` | one, with its reason and what to do |
            | `pinfold logs ID` | the output of its tests, build, reload and checks; `--follow` |
            | `pinfold diff ID` | what it changed |

            Each takes `--json`. An ID is a deployment's number or a commit. `pinfold mcp` offers the same as tools of the Model Context Protocol over its
            standard streams. The deployed code itself is in `\(configuration.deploy.versions.target)`.

            """
    }
}
