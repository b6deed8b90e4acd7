internal import GitRepository
internal import LinuxSystem

/// The only program of Pinfold that opens the agent's `.git`. It believes the repository and nothing believes it: whoever starts it does so
/// as the agent's user, confined, with limits and a deadline, and checks what it hands over.
///
/// Exit codes: 0 done; 2 wrong usage; 10 and up the kind of error (`GitError.Kind.exitCode`), with a sentence on standard error.
@main
struct Main {
    static func main() {
        ThisProcess.begin()
        // A reader that went away is an error of the write, not a death without a word.
        ignoreBrokenPipes()
        startNoProcesses()
        guard FileOpening.isInForce else {
            say("pinfold-git: libgit2 does not open files by this program's own function: the installation is not whole\n", to: 2)
            end(1)
        }
        do {
            try Command(arguments: Array(CommandLine.arguments.dropFirst())).run()
        } catch let error as Usage {
            say("pinfold-git: \(error.message)\n\n\(Command.usage)", to: 2)
            end(2)
        } catch let error as GitError {
            say("pinfold-git: \(error.message)\n", to: 2)
            end(error.kind.exitCode)
        } catch {
            say("pinfold-git: \(error)\n", to: 2)
            end(1)
        }
    }
}
