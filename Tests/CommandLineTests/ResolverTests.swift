import LinuxSystem
import TestSupport
import Testing

/// A machine whose `/etc/resolv.conf` leads into `/run`, where the agent has a directory of its own.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct ResolverTests {
    struct Machine: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Text of the link `/etc/resolv.conf`, and what makes the file that it leads to; `$R` is a file system of this test over `/run`.
        let link: String
        let prepare: String
        /// The file, as its writer replaces it.
        let file: String
    }

    static let machines = [
        Machine(
            testDescription: "systemd-resolved", link: "../run/systemd/resolve/stub-resolv.conf",
            prepare: "mkdir -p /run/systemd/resolve",
            file: "/run/systemd/resolve/stub-resolv.conf"),
        Machine(
            testDescription: "NetworkManager, by /var/run", link: "/var/run/NetworkManager/resolv.conf",
            prepare: "mkdir /run/NetworkManager", file: "/run/NetworkManager/resolv.conf"),
        Machine(
            testDescription: "resolvconf, by links of its own", link: "/etc/resolvconf/run/resolv.conf",
            prepare:
                "mkdir -p /run/resolvconf/interface /etc/resolvconf; ln -s /run/resolvconf /etc/resolvconf/run; ln -s interface/one /run/resolvconf/resolv.conf",
            file: "/run/resolvconf/interface/one"),
        Machine(
            testDescription: "a link in /run itself", link: "/run/names", prepare: "mkdir /run/dns; ln -s dns/conf /run/names",
            file: "/run/dns/conf"),
    ]

    @Test(arguments: machines, [false, true]) func `the agent reads who is asked for names, and what that becomes`(
        machine: Machine, whole: Bool
    ) throws {
        try Installation.with { installation in
            try installation.makeZones()
            let sandbox = installation.sandbox
            // Everything is mounted in a namespace of its own, on copies.
            let script = """
                mount --make-rprivate /
                cp -a /etc '\(installation.root)/etc'; mount --bind '\(installation.root)/etc' /etc
                mount -t tmpfs -o mode=755 none /run; mkdir /run/pinfold
                rm -f /etc/resolv.conf; ln -s '\(machine.link)' /etc/resolv.conf
                \(machine.prepare)
                echo 'nameserver 192.0.2.1' > \(machine.file)
                pinfold=\(Executables.pinfold)
                $pinfold mount --config '\(installation.file)' > /dev/null
                trap "$pinfold umount --config '\(installation.file)' > /dev/null" EXIT
                $pinfold run --config '\(installation.file)' -- sh -c '
                    cat /etc/resolv.conf; touch \(sandbox)/first
                    for i in $(seq 3000); do [ -e \(sandbox)/second ] && break; sleep 0.01; done
                    # Two file systems report to the view, each when it comes to it.
                    for i in $(seq 500); do [ "$(tail -c 2 /etc/resolv.conf)" = 2 ] && break; sleep 0.01; done
                    cat /etc/resolv.conf; echo x 2>/dev/null > \(machine.file) && echo written; ls -A /run' &
                for i in $(seq 3000); do [ -e '\(sandbox)/first' ] && break; sleep 0.01; done
                echo 'nameserver 192.0.2.2' > \(machine.file).new; mv \(machine.file).new \(machine.file)
                touch '\(sandbox)/second'; wait $!
                """
            let finished = try run(
                "unshare", ["-m", "bash", "-euc", leavingOtherViews() + script],
                environment: installation.environment.merging(whole ? ["AGENT_VIEW_SOURCE": "/"] : [:]) { $1 })
            let lines = finished.output.split(separator: "\n")
            #expect(lines.prefix(2) == ["nameserver 192.0.2.1", "nameserver 192.0.2.2"], "\(finished)")
            #expect(!lines.contains("written"), "\(finished)")
            // Nothing else of /run is shown.
            let shown = Set(lines.dropFirst(2).map(String.init))
            let expected = Set(
                ["pinfold", String(machine.file.split(separator: "/")[1])] + (machine.link == "/run/names" ? ["names"] : []))
            #expect(shown == expected, "\(finished)")
        }
    }
}
