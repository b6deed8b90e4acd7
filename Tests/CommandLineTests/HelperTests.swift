import LinuxSystem
import TestSupport
import Testing

/// `mount -t pinfold`, a line of fstab and the units: the same mount by other ways.
@Suite(.timeLimit(.minutes(10)))
struct HelperTests {
    /// Runs a script in a mount namespace of its own, in which mount(8) finds the helper and the helper finds the command.
    private func withHelper(_ installation: Installation, _ script: String) throws -> Finished {
        let helper = try projectFile("mount/install/mount.pinfold")
        // mount(8) gives its helpers a PATH of its own, in which /sbin is.
        let preparation =
            leavingOtherViews() + """
                mkdir -p sbin; cp '\(helper)' sbin/mount.pinfold; chmod 755 sbin/mount.pinfold; ln -sf '\(Executables.pinfold)' sbin/pinfold
                mount --bind sbin "$(readlink -f /sbin)"

                """
        return try run(
            "unshare", ["-m", "bash", "-euo", "pipefail", "-c", preparation + script], environment: ["CONFIG": installation.file],
            workingDirectory: installation.root)
    }

    private var options: String {
        "config=$CONFIG,data-root=$PWD/agent-data,agent-user=54321:54321,sandbox=$PWD/agent-data/sandbox"
    }

    @Test func `mount -t pinfold mounts, umount takes it down`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let result = try withHelper(
                installation,
                """
                mount -t pinfold "$PWD" "$PWD/view" -o rw,nofail,_netdev,x-systemd.automount,noauto,hide=,\(options)
                findmnt -n -v -o FSTYPE,SOURCE "$PWD/view"
                cat view/agent-data/logs/server.log
                echo changed > view/agent-data/sandbox/mine.txt && cat agent-data/sandbox/mine.txt
                umount -R "$PWD/view"
                ! mountpoint -q view
                """)
            #expect(result.output == "fuse.pinfold \(installation.root)\nlog\nchanged\n", "\(result)")
            #expect(result.status == .exited(0), "\(result)")
        }
    }

    @Test func `a line of fstab mounts`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let result = try withHelper(
                installation,
                """
                echo "pinfold $PWD/view pinfold source=$PWD,\(options),noauto,nofail 0 0" > fstab
                mount --fstab "$PWD/fstab" "$PWD/view"
                findmnt -n -v -o FSTYPE,SOURCE "$PWD/view"
                umount -R "$PWD/view"
                """)
            #expect(result.output == "fuse.pinfold \(installation.root)\n", "\(result)")
        }
    }

    @Test func `unknown options are refused by name, and nothing is mounted`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            for option in ["allow_other", "suid", "exec_everything=1", "user=x", "remount", "size=1G"] {
                let result = try withHelper(
                    installation, "/sbin/mount.pinfold \"$PWD\" \"$PWD/view\" -o rw,\(option),\(options) || echo \"code $?\"")
                let name = option.split(separator: "=").first ?? ""
                #expect(result.errors.contains("unknown option '\(name)"), "\(result)")
                #expect(result.output.contains("code 1\n"), "\(result)")
            }
            #expect(try installation.planes().isEmpty)
        }
    }

    @Test func `what pinfold refuses is mount's failure, with pinfold's words`() throws {
        try Installation.with { installation in
            let result = try withHelper(installation, "mount -t pinfold \"$PWD\" \"$PWD/view\" -o \(options) || echo \"code $?\"")
            #expect(result.output == "code 32\n", "\(result)")
            #expect(result.errors.contains("AGENT_CODE_REPO_PATH"), "\(result)")
        }
    }

    @Test func `a trial run mounts nothing, and wrong words are wrong usage`() throws {
        try Installation.with { installation in
            try installation.makeZones()
            let helper = try projectFile("mount/install/mount.pinfold")
            let environment = ["PATH": "\(Executables.pinfold.dropLast("/pinfold".count)):/usr/bin:/bin"]
            let fake = try run(
                "sh", [helper, installation.root, installation.mountpoint, "-fv", "-o", "data-root=/a b,sandbox-quota=1G,2k,rw"],
                environment: environment)
            #expect(
                fake.output
                    == "mount.pinfold: pinfold mount \(installation.mountpoint) --source \(installation.root) --data-root /a b "
                    + "--set AGENT_SANDBOX_QUOTA=1G,2k\n",
                "\(fake)")
            #expect(try installation.planes().isEmpty)
            for words in [[], [installation.root], [installation.root, installation.mountpoint, "-Q"], ["-o", "rw", "x"]] {
                let result = try run("sh", [helper] + words, environment: environment)
                #expect(result.status == .exited(1), "\(result)")
                #expect(result.errors.contains("usage"), "\(result)")
            }
        }
    }
}
