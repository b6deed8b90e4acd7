import AdminInterface
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// What a commit holds in the place of something else is deployed as it is stored: a human is told, and asked where it is new.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct StandInTests {
    private static let pointer = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 12345

        """

    /// Changes the index alone: a link without a `.gitmodules`, as `git add` of a nested repository leaves it.
    private static let submodule = "git update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,lib"

    @Test(arguments: [
        ("printf '%s' '\(pointer)' > model.bin", "model.bin: a Git LFS pointer"),
        (submodule, "lib: a submodule"),
        ("mkdir -p deep/er; printf '/annex/objects/SHA256E-s3--ab.bin\n' > deep/er/x.bin", "deep/er/x.bin: a git-annex pointer"),
        ("ln -s .git/annex/objects/ab/cd/SHA256E-s3--ab.bin y.bin", "y.bin: a git-annex pointer"),
        ("printf '\\0GITCRYPT\\0secret' > s", "s: encrypted by git-crypt"),
        (
            "mkdir -p res; printf '*.rc text working-tree-encoding=UTF-16LE\n' > res/.gitattributes",
            "res/.gitattributes: working-tree-encoding"
        ),
    ])
    func `what is new is asked about, then told of for as long as it is deployed`(_ making: String, _ words: String) async throws {
        try await configured { $0.settings.judge.requiresApproval = false }.run { farm, service in
            try await service.deployed(farm.commit(["a": "1"]))
            try farm.agent("\(making); git add -A; \(making.contains("update-index") ? making : "true"); git commit -qm new")
            let asked = try await service.outcome(of: farm.head())
            #expect(asked.state == .awaitingApproval && asked.approvalReasons == [.standIns], "\(asked.reason ?? "")")
            #expect(asked.standIns?.new.contains { $0.hasPrefix(words) } == true, "\(asked.standIns?.new ?? [])")
            #expect(try service.status().warnings.isEmpty)
            try await eventually("the flag file says it") {
                (try? readFile(farm.deployments + "/human_approval_required.flag"))?.contains(words) == true
            }
            _ = try await service.approve(asked.commit.hex, by: admin)
            try await service.deployed(asked.commit)

            // Not new any more: nobody is asked, and it is said all the same.
            try farm.agent("echo 2 > a; git commit -qm two a")
            let told = try await service.deployed(farm.head())
            #expect(told.standIns?.count == 1 && told.standIns?.new.isEmpty == true)
            #expect(try service.log(told.id).text.contains(words))
            try await eventually("the status says so") {
                try service.status().warnings.contains { $0.contains("what is deployed") && $0.contains(words) }
            }
            try farm.agent("git rm -qrf --cached . ; git add a; git commit -qm gone")
            let gone = try await service.outcome(of: farm.head())
            #expect(gone.standIns == nil)
            try await eventually("the status says nothing any more") { try service.status().warnings.isEmpty }
        }
    }

    @Test func `what was agreed to before the first deployment is told of, and nobody is asked`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            let cloned = try farm.commit([
                "model.bin": Self.pointer, "a": "1", "readme": "version https://git-lfs.github.com is far",
            ])
            try makeDirectories(farm.deployments)
            try writeFile(farm.deployments + "/baseline", cloned.hex + "\n")
            let changed = try farm.commit(["a": "2", "model.bin": Self.pointer.replacing("12345", with: "54321")])
            try await withService(farm) { service in
                let deployed = try await service.deployed(changed)
                #expect(deployed.standIns?.paths.map { $0.prefix(10) } == ["model.bin:"])
                #expect(deployed.standIns?.new.isEmpty == true)
                try await eventually("the status says so") {
                    try service.status().warnings.contains { $0.contains("model.bin: a Git LFS pointer") }
                }
            }
        }
    }

    @Test func `directories that were open to others are closed when the daemon starts`() async throws {
        try await withTemporaryDirectory { root in
            let farm = try Farm(root)
            try shell("mkdir -p '\(farm.deployments)'/{backups,work,logs}; chmod 777 '\(farm.deployments)'/*").requireSuccess()
            try await withService(farm) { service in
                try await service.deployed(farm.commit(["a": "1"]))
                let modes = try shell("stat -c '%a %n' backups work logs releases repo.git", workingDirectory: farm.deployments)
                #expect(
                    try modes.requireSuccess() == "700 backups\n700 work\n755 logs\n755 releases\n755 repo.git\n")
            }
        }
    }
}
