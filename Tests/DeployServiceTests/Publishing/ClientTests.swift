import CLinux
import DataRoot
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10)))
struct ClientTests {
    @Test func `a client is published whole, compressed, without its source maps, and old chunks stay`() async throws {
        try await withFarm(ClientFarm.make) { farm, service in
            let first = try await service.deployed(farm.commit(ClientFarm.files("one")))
            #expect(try ClientFarm.says("one", farm))
            #expect(first.client.map { $0.files >= 4 && $0.newHosts.isEmpty && $0.serviceWorker == nil } == true)
            let names = try ClientFarm.names(farm)
            #expect(names.allSatisfy { !$0.hasSuffix(".map") && !$0.hasPrefix(".") }, "\(names)")
            let chunk = try #require(names.first { $0.hasSuffix(".js") })
            #expect(names.contains(chunk + ".gz"))
            let place = farm.settings.clientPublic
            try run("sh", ["-c", "gzip -dc '\(place)/\(chunk).gz' | cmp - '\(place)/\(chunk)'"]).requireSuccess()
            #expect(try run("stat", ["-c", "%U %a", place + "/" + chunk]).output == "root 644\n")
            #expect(try run("stat", ["-c", "%U %a", place + "/assets"]).output == "root 755\n")

            let before = try run("stat", ["-c", "%Y", place + "/index.html"]).output
            let second = try await service.deployed(farm.commit(ClientFarm.files("two")))
            #expect(try ClientFarm.says("two", farm))
            #expect(exists(place + "/" + chunk))
            #expect(try run("stat", ["-c", "%Y", place + "/index.html"]).output != before, "a server tells the two apart")
            #expect(
                second.steps.map(\.stage).filter { [.publishAssets, .switch, .reload, .publishIndex, .check].contains($0) }
                    == [.publishAssets, .switch, .reload, .publishIndex, .check])

            // Back, with a page of the new version open: its chunks stay too.
            let back = try await service.rollback(to: first.id, by: admin)
            #expect(try await service.settled(back.id, withinMilliseconds: 60_000).state == .deployed)
            #expect(try ClientFarm.says("one", farm))
            #expect(try ClientFarm.names(farm).count { $0.hasSuffix(".js") } == 2)
        }
    }

    @Test func `a version that is ill takes its client back, and what was there before the first`() async throws {
        try await withFarm({ farm in
            ClientFarm.make(&farm)
            farm.settings.health.command = "test ! -e $PINFOLD_TARGET/ill"
            try makeDirectories(farm.settings.clientPublic)
            try writeFile(farm.settings.clientPublic + "/index.html", "of old")
            try writeFile(farm.settings.clientPublic + "/own.txt", "kept")
        }) { farm, service in
            let sick = try await service.outcome(
                of: farm.commit(ClientFarm.files("sick", more: "touch ../ill; :").merging(["ill": ""]) { $1 }))
            #expect(sick.state == .rolledBack || sick.state == .failed)
            #expect(try ClientFarm.index(farm) == "of old")
            #expect(!exists(farm.settings.clientPublic + "/index.html.gz"))
            try await service.deployed(farm.commit(ClientFarm.files("one").merging(["ill": nil]) { $1 }))
            #expect(try ClientFarm.says("one", farm))
            let ill = try await service.outcome(of: farm.commit(ClientFarm.files("two").merging(["ill": ""]) { $1 }))
            #expect(ill.state == .rolledBack, "\(ill.reason ?? "")")
            #expect(try ClientFarm.says("one", farm))
            #expect(try readFile(farm.settings.clientPublic + "/own.txt") == "kept")
        }
    }

    @Test(arguments: [
        "mkdir -m 777 STAGING; touch STAGING/1; chown -R 61234 STAGING", "ln -s ../elsewhere STAGING", "touch STAGING",
    ])
    func `what somebody else put where files wait is not used, and nothing behind it is touched`(_ script: String) async throws {
        try await withFarm({ farm in
            ClientFarm.make(&farm)
            let place = farm.settings.clientPublic
            try makeDirectories(place)
            try makeDirectories(place + "/../elsewhere/1")
            try shell(script.replacing("STAGING", with: ".pinfold-staging"), workingDirectory: place).requireSuccess()
        }) { farm, service in
            try await service.deployed(farm.commit(ClientFarm.files("one")))
            #expect(try ClientFarm.says("one", farm))
            #expect(exists(farm.settings.clientPublic + "/../elsewhere/1"))
            try await eventually("nothing is left") {
                try !run("ls", ["-A", farm.settings.clientPublic]).requireSuccess().contains("staging")
            }
        }
    }

    @Test func `old files go when nobody needs them, and not before`() async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            ClientFarm.make(&farm)
            farm.settings.versions.keep = 1
            let patient = farm
            let chunks: @Sendable () throws -> Int = { try ClientFarm.names(patient).count { $0.hasSuffix(".js") } }
            try await withService(patient) { service in
                for word in ["one", "two", "three", "four"] {
                    try await service.deployed(patient.commit(ClientFarm.files(word)))
                }
                #expect(try chunks() == 4)
            }
            farm.settings.client.keep = 1
            let impatient = farm
            try await withService(impatient) { service in
                try await service.deployed(impatient.commit(ClientFarm.files("five")))
                // The published one, the one before it, and no other. Their files go first, then they themselves.
                try await eventually("old chunks are gone") { try chunks() == 2 }
                #expect(try ClientFarm.says("five", impatient))
                try await eventually("old versions are gone") {
                    try run("ls", [impatient.deployments + "/client-versions"]).output.split(separator: "\n").count == 3
                }
            }
        }
    }

    @Test(arguments: [
        ("rm dist/index.html", "no index.html"),
        ("rm -r dist", "no directory client/dist"),
        ("rm dist/assets/*.js", "which it does not have"),
        (
            "printf '<script src=/assets/app.js.map></script>' > dist/index.html; echo > dist/assets/app.js.map",
            "which it does not have"
        ),
        ("printf '<script src=../../etc/passwd></script>' > dist/index.html", "no path"),
        ("ln -s /etc/passwd dist/passwd", "is a link"),
        ("ln -s ../.. dist/up", "is a link"),
        ("mkfifo dist/fifo", "FIFO"),
        ("mv dist out; ln -s out dist", "no directory client/dist"),
        ("mv dist /tmp/x; mkdir dist; ln -s /etc/passwd dist/index.html", "is a link"),
        ("echo x > dist/.htaccess", "its configuration"),
        ("echo x > dist/x.php", "as a program"),
        ("echo x > $(printf 'dist/a\\001b')", "control character"),
        ("truncate -s 3G dist/large.bin", "larger than 2 GiB"),
        ("truncate -s 2M dist/index.html", "larger than 1 MiB"),
        ("exit 7", "exit code 7"),
        ("kill -9 $$", "signal 9"),
    ])
    func `a build that is not to be published is refused before anything is written`(_ more: String, _ words: String) async throws {
        try await withFarm(ClientFarm.make) { farm, service in
            let outcome = try await service.outcome(of: farm.commit(ClientFarm.files("bad", more: more)))
            #expect(outcome.state == .failed && outcome.stage == .buildClient, "\(outcome.state)")
            #expect(outcome.reason?.contains(words) == true, "\(outcome.reason ?? "")")
            #expect(!exists(farm.settings.clientPublic))
            #expect(!exists(farm.current))
        }
    }

    @Test func `a name with a hash never changes its contents`() async throws {
        try await withFarm(ClientFarm.make) { farm, service in
            let fixed = "printf '%s' \"$(cat stamp)\" > dist/assets/lib-0123456789ab.js"
            try await service.deployed(farm.commit(ClientFarm.files("one", more: fixed).merging(["client/stamp": "1"]) { $1 }))
            let outcome = try await service.outcome(
                of: farm.commit(ClientFarm.files("two", more: fixed).merging(["client/stamp": "2"]) { $1 }))
            #expect(outcome.state == .failed && outcome.stage == .buildClient)
            #expect(outcome.reason?.contains("lib-0123456789ab.js") == true, "\(outcome.reason ?? "")")
            #expect(try ClientFarm.says("one", farm))
            // A build that is another each time, in what has no such name, is none of that.
            let random = "head -c 300 /dev/urandom | od -A n -t x1 > dist/random.txt"
            try await service.deployed(farm.commit(ClientFarm.files("three", more: random)))
            try await service.deployed(farm.commit(ClientFarm.files("four", more: random)))
        }
    }

    @Test func `what stands in the way where it is served is told of`() async throws {
        try await withFarm(ClientFarm.make) { farm, service in
            try await service.deployed(farm.commit(ClientFarm.files("one")))
            let place = farm.settings.clientPublic
            try writeFile(place + "/new.txt", "the admin's")
            let outcome = try await service.outcome(of: farm.commit(ClientFarm.files("two", more: "echo > dist/new.txt")))
            #expect(
                outcome.state == .failed && outcome.reason?.contains("no deployment put it there") == true,
                "\(outcome.reason ?? "")")
            try makeDirectories(place + "/other.txt")
            let other = try await service.outcome(of: farm.commit(ClientFarm.files("three", more: "echo > dist/other.txt")))
            #expect(other.state == .failed && other.reason?.contains("in the way") == true, "\(other.reason ?? "")")
            try run("ln", ["-s", "/etc", place + "/link"]).requireSuccess()
            let link = try await service.outcome(
                of: farm.commit(ClientFarm.files("four", more: "mkdir dist/link; echo > dist/link/x")))
            #expect(link.state == .failed && link.reason?.contains("in the way") == true, "\(link.reason ?? "")")
            #expect(try readFile(place + "/new.txt") == "the admin's")
            #expect(try ClientFarm.says("one", farm))
        }
    }

    @Test func `other hosts and service workers are a human's to agree to`() async throws {
        try await withFarm(ClientFarm.make) { farm, service in
            try await service.deployed(farm.commit(ClientFarm.files("one")))
            let hosts = "printf '<script src=https://cdn.example/x.js></script>' >> dist/index.html"
            let asked = try await service.outcome(of: farm.commit(ClientFarm.files("two", more: hosts)))
            #expect(asked.state == .awaitingApproval && asked.approvalReasons == [.clientHosts], "\(asked.approvalReasons)")
            #expect(asked.client?.newHosts == ["cdn.example"])
            try await eventually("the flag file says it") {
                (try? readFile(farm.settings.data.flag))?.contains("cdn.example") == true
            }
            #expect(try ClientFarm.says("one", farm))
            _ = try await service.approve(asked.commit.hex, by: admin)
            try await service.deployed(asked.commit)
            // Agreed to: not asked again.
            try await service.deployed(farm.commit(ClientFarm.files("three", more: hosts)))

            let worker = hosts + "; echo > dist/sw.js"
            let appears = try await service.outcome(of: farm.commit(ClientFarm.files("four", more: worker)))
            #expect(appears.approvalReasons == [.serviceWorker] && appears.client?.serviceWorker == .appears)
            _ = try await service.approve(appears.commit.hex, by: admin)
            try await service.deployed(appears.commit)
            #expect(exists(farm.settings.clientPublic + "/sw.js"))
            let vanishes = try await service.outcome(of: farm.commit(ClientFarm.files("five", more: hosts)))
            #expect(vanishes.approvalReasons == [.serviceWorker] && vanishes.client?.serviceWorker == .vanishes)
            _ = try await service.approve(vanishes.commit.hex, by: admin)
            try await service.deployed(vanishes.commit)
            #expect(!exists(farm.settings.clientPublic + "/sw.js"))
        }
    }

    @Test func `a build sees no network, not the daemon's directories, and can write only to its copy`() async throws {
        try await withFarm(ClientFarm.make) { farm, service in
            let probe = """
                ! getent hosts example.com
                ! touch /etc/x 2>/dev/null
                ! ls '\(farm.deployments)/client-versions' 2>/dev/null
                test "$(id -u)" = \(farm.uid)
                test ! -d /sys/class/net/eth0
                """
            try await service.deployed(
                farm.commit(ClientFarm.files("one", more: probe.split(separator: "\n").joined(separator: "; "))))
            #expect(try farm.git("status", "--porcelain").isEmpty)
            #expect(!exists(farm.current + "/client/dist"), "the release is the commit")
        }
    }

    @Test func `thousands of files are published, and again those that are there already`() async throws {
        try await withFarm(ClientFarm.make) { farm, service in
            let many = "mkdir -p dist/m; cd dist/m; seq 5000 | split -l 1 -a 4 -d --additional-suffix=-0a1b2c3d.js - f; cd ../.."
            try await service.deployed(farm.commit(ClientFarm.files("one", more: many)), seconds: 120)
            let second = try await service.deployed(farm.commit(ClientFarm.files("two", more: many)), seconds: 120)
            #expect(second.client.map { $0.files > 5_000 } == true)
            #expect(try run("sh", ["-c", "ls '\(farm.settings.clientPublic)/m' | wc -l"]).output == "5000\n")
            for step in second.steps where [.buildClient, .publishAssets, .publishIndex].contains(step.stage) {
                print(step.stage.rawValue, step.ended.milliseconds - step.started.milliseconds, "ms")
            }
        }
    }
}
