internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Where a worker of a `RingCrew` sits: the processor that it runs on, and the queues that it has a place in.
package struct RingSeat: Hashable, Sendable {
    package var processor: Int
    package var queues: [UInt16]

    package init(processor: Int, queues: [UInt16]) {
        self.processor = processor
        self.queues = queues
    }

    /// The seats of a session: `count` at each processor that this process may use, all of them with a place in the queue of that. The kernel
    /// wants a place in each queue, also of processors that are off or other people's: the first seats share those among them.
    ///
    /// None where the admin has not allowed rings (`fuse.enable_uring`), and where pages are larger than a place is made for.
    package static func all(each count: Int) -> [RingSeat] {
        guard sysconf(Int32(_SC_PAGESIZE)) == 4096,
            let switched = try? readWholeFile("/sys/module/fuse/parameters/enable_uring"), switched.first == UInt8(ascii: "Y")
        else { return [] }
        return seats(possible: Processors.possible, usable: Processors.usable, each: count)
    }

    /// The same for a machine with room for `possible` processors, of which this process may run on `usable`.
    package static func seats(possible: Int, usable: [Int], each count: Int) -> [RingSeat] {
        let usable = usable.filter { $0 < possible }
        guard !usable.isEmpty else { return [] }
        let firsts = usable.enumerated().map { index, processor in
            let others = (0..<possible).filter { !usable.contains($0) && $0 % usable.count == index }
            return RingSeat(processor: processor, queues: ([processor] + others).map { UInt16($0) })
        }
        let more = usable.flatMap { processor in
            (1..<max(count, 1)).map { _ in RingSeat(processor: processor, queues: [UInt16(processor)]) }
        }
        return firsts + more
    }
}

/// The machine's processors.
enum Processors {
    /// How many the kernel has room for, which is how many queues it makes: ranges and numbers with commas in between
    /// (`Documentation/admin-guide/cputopology.rst`). 0 where it does not say.
    static var possible: Int {
        let bytes = (try? readWholeFile("/sys/devices/system/cpu/possible")) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: ",").reduce(0) { sum, range in
            let ends = range.split { !$0.isNumber }.compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, last >= first else { return sum }
            return sum + last - first + 1
        }
    }

    /// Those that this process may run on (`man 2 sched_getaffinity`).
    static var usable: [Int] {
        var mask = cpu_set_t()
        guard unsafe sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &mask) == 0 else { return [] }
        return unsafe withUnsafeBytes(of: &mask) { bytes in
            (0..<bytes.count * 8).filter { unsafe bytes[$0 / 8] & 1 << UInt8($0 % 8) != 0 }
        }
    }

    /// Keeps this thread on `processor`; where that fails it works all the same.
    static func stay(on processor: Int) {
        var mask = cpu_set_t()
        guard processor < MemoryLayout<cpu_set_t>.size * 8 else { return }
        unsafe withUnsafeMutableBytes(of: &mask) { unsafe $0[processor / 8] |= 1 << UInt8(processor % 8) }
        _ = unsafe sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &mask)
    }
}
