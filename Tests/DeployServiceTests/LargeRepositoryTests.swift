import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(4)))
struct LargeRepositoryTests {
    @Test func `ten thousand files and thousands of objects are taken in, and the next commit brings only what changed`()
        async throws
    {
        try await withFarm { farm, service in
            try farm.agent(
                "for d in $(seq 100); do mkdir -p d$d; for f in $(seq 100); do echo \"file $d $f $RANDOM\" > d$d/f$f; done; done; git add -A; git commit -qm many; for i in $(seq 50); do echo $i > d1/f1; git commit -qam $i; done"
            )
            try await service.deployed(farm.head(), seconds: 150)
            let second = try await service.deployed(farm.commit(["d1/f1": "changed"]), seconds: 150)
            #expect(second.changes?.total == 1)
            #expect(try farm.deployed("d1/f1") == "changed")
            #expect(try farm.deployed("d100/f100").hasPrefix("file 100 100"))
            for step in second.steps {
                print("step \(step.stage.rawValue): \(step.ended.milliseconds - step.started.milliseconds) ms")
            }
            if let ended = second.ended {
                print("one file of ten thousand: \(ended.milliseconds - second.detected.milliseconds) ms")
            }
        }
    }
}
