import LinuxSystem
import TestSupport
import Testing

/// The configuration file, read by the systemd that is there.
@Suite(.timeLimit(.minutes(10)))
struct `A configuration file` {
    /// What is easily read otherwise: quotes, escapes and joined lines, one after the other.
    static let text = #"""
        # a comment
        AGENT_DEPLOY_TEST_COMMAND=python3 -m pytest -k 'not slow'
        AGENT_DEPLOY_RELOAD_COMMAND=sh -c "kill -HUP 1" \
          --now
        AGENT_DEPLOY_BUILD_COMMAND="a" "b" 'c' d "e"
        AGENT_GIT_USER_NAME = Ada's agent
        AGENT_DEPLOY_HEALTH_COMMAND='one\
        two' "\"\x\$\
        "
        AGENT_DEPLOY_CLIENT_BUILD_COMMAND=a\\\
        b\ c\

        """#

    @Test func `means to systemd what it means to pinfold`() throws {
        try withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            try installation.makeZones()
            try writeFile(directory + "/one.env", Self.text)
            let machine = try BootedMachine(
                in: directory, project: try projectFile("."), preparation: "cp \"$directory/one.env\" etc/one.env")
            let arguments = ["pinfold", "doctor", "--json", "--data-root", installation.data]
            let command = arguments.map { "'\($0)'" }.joined(separator: " ")
            let file = try values(machine.shell("\(command) --config /etc/one.env || true").requireSuccess())
            let systemd = try values(
                machine.shell(
                    "systemd-run --quiet --pipe --wait -p EnvironmentFile=/etc/one.env -- sh -c '\(arguments.joined(separator: " ")) || true'"
                ).requireSuccess())
            #expect(file.count == 6 && file == systemd, "\(file)\n\(systemd)")
        }
    }

    /// Of the variables that the text sets.
    private func values(_ report: String) throws -> [String: String] {
        let names = Self.text.split(separator: "\n").filter { $0.hasPrefix("AGENT_") }.map { line in
            String(line.prefix { $0 != "=" && $0 != " " })
        }
        let variables = try JSONText(report)["variables"]?.array ?? []
        return variables.reduce(into: [:]) { found, variable in
            if let name = variable["name"]?.string, names.contains(name) { found[name] = variable["value"]?.string ?? "" }
        }
    }
}
