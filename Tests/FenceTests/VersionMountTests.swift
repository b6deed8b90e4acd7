import Fence
import TestSupport
import Testing

@Suite
struct `The place of a version` {
    private func fence(_ directory: String, reading: [String] = [], _ place: (String) -> VersionMount) throws -> Fence {
        try makeDirectories(directory + "/copy")
        try writeFile(directory + "/copy/app", "the version\n")
        try run("chown", ["-R", "\(testUser.uid):\(testUser.gid)", directory + "/copy"]).requireSuccess()
        var fence = Fence.confinedTool(
            name: "test", user: testUser, host: try .all(hiding: [], reading: reading), writable: [], workingDirectory: "/")
        try fence.show(place(directory + "/copy"))
        return fence
    }

    private func answer(_ script: String, _ fence: Fence) throws -> String {
        try confined(["sh", "-c", script], in: fence).requireSuccess()
    }

    @Test(arguments: [
        "/srv/app", "/home/server/app", "/home/a server/app of it", "/var/www/app", "/var/lib/app", "/run/app/releases/1-a",
        "/tmp/app", "/var/tmp/a/b", "/opt/some/app", "/usr/local/app/releases/1-a", "/usr/app", "/etc/app", "/app",
    ])
    func `is its own path, wherever that is, with what the system has beside it`(path: String) throws {
        try withTemporaryDirectory { directory in
            let fence = try fence(directory) { .init(source: $0, directory: path, hiding: directory) }
            let script = """
                pwd -P; cat app; touch made || exit 3; test "${PWD%/*}" = /tmp || ! touch ../beside 2>/dev/null || exit 4
                ls -d /etc/passwd /etc/ssl /usr/bin/env /usr/local/bin
                """
            #expect(
                try answer(script, fence) == path + "\nthe version\n/etc/passwd\n/etc/ssl\n/usr/bin/env\n/usr/local/bin\n")
            #expect(exists(directory + "/copy/made"))
        }
    }

    @Test(arguments: [
        "/srv/current", "/usr/current", "/etc/app/current", "/var/run/current", "/tmp/current", "/lib/current", "/opt/a b/c",
    ])
    func `is where a link leads, which is made anew and stays`(link: String) throws {
        try withTemporaryDirectory { directory in
            let fence = try fence(directory) {
                .init(
                    source: $0, directory: "/opt/data/releases/7-abc", links: [.init(at: link, to: "/opt/data/releases/7-abc")],
                    hiding: "/opt/data")
            }
            let script = """
                ! rm -f '\(link)' 2>/dev/null || exit 3; ! mv '\(link)' /tmp/other 2>/dev/null || exit 4
                cd '\(link)'; readlink '\(link)'; pwd -P; cat app; ls /opt/data /opt/data/releases
                """
            #expect(
                try answer(script, fence)
                    == "/opt/data/releases/7-abc\n/opt/data/releases/7-abc\nthe version\n/opt/data:\nreleases\n\n/opt/data/releases:\n7-abc\n"
            )
        }
    }

    @Test func `shows nothing else of the directory that is hidden, but what the admin names in it`() throws {
        try withTemporaryDirectory { directory in
            let data = directory + "/data"
            try makeDirectories(data + "/deployments/releases/1-a")
            try makeDirectories(data + "/deployments/model")
            try writeFile(data + "/deployments/releases/1-a/old", "old")
            try writeFile(data + "/deployments/model/weights", "w\n")
            try writeFile(data + "/note", "n\n")
            try symlink(data + "/deployments/releases/1-a", at: data + "/current")
            let release = data + "/deployments/releases/2-b"
            for reading in [[data, data + "/deployments/model"], [data + "/deployments/model", data]] {
                let fence = try fence(directory, reading: reading) {
                    .init(
                        source: $0, directory: release, links: [.init(at: data + "/current", to: release)],
                        hiding: data + "/deployments")
                }
                let script = """
                    cd \(data)/current; pwd -P; cd \(data); ls . deployments deployments/releases; cat note deployments/model/weights current/app
                    ! touch new deployments/new deployments/releases/new 2>/dev/null
                    """
                #expect(
                    try answer(script, fence) == """
                        \(release)
                        .:
                        current
                        deployments
                        note

                        deployments:
                        model
                        releases

                        deployments/releases:
                        2-b
                        n
                        w
                        the version

                        """)
            }
        }
    }

    @Test func `is reached by the way that the admin wrote, and by the way without links`() throws {
        try withTemporaryDirectory { directory in
            try makeDirectories(directory + "/real/releases")
            try symlink(directory + "/real", at: directory + "/short")
            let fence = try fence(directory, reading: [directory + "/short"]) {
                .init(
                    source: $0, directory: directory + "/real/releases/1-a",
                    links: [
                        .init(at: directory + "/short/releases", to: directory + "/real/releases"),
                        .init(at: "/srv/current", to: directory + "/short/releases/1-a"),
                    ], hiding: directory + "/real")
            }
            let script = "cd /srv/current; pwd -P; cat \(directory)/short/releases/1-a/app"
            #expect(try answer(script, fence) == directory + "/real/releases/1-a\nthe version\n")
        }
    }

    @Test(arguments: ["/", "/usr", "/etc", "/run", "/run/pinfold/app", "/dev/app", "/proc/1/cwd", "/var/lib"])
    func `is refused where the fence has what everything needs`(path: String) throws {
        try withTemporaryDirectory { directory in
            let error = #expect(throws: FenceError.self) {
                try fence(directory) { .init(source: $0, directory: path, hiding: directory) }
            }
            #expect(error?.description.contains(path) == true, "\(String(describing: error))")
        }
    }

    @Test func `is refused where the admin has something shown in it`() throws {
        try withTemporaryDirectory { directory in
            try makeDirectories(directory + "/app/model")
            let error = #expect(throws: FenceError.self) {
                try fence(directory, reading: [directory + "/app/model"]) {
                    .init(source: $0, directory: directory + "/app", hiding: directory + "/data")
                }
            }
            #expect(error?.description.contains("AGENT_DEPLOY_TEST_READ") == true, "\(String(describing: error))")
        }
    }

    private func symlink(_ target: String, at path: String) throws {
        try run("ln", ["-s", target, path]).requireSuccess()
    }
}
