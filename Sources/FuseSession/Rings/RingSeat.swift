internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Where a worker of a `RingCrew` sits: the processor that it stays on, and the queues that it has a entry in.
package struct RingSeat: Hashable, Sendable {
    /// nil for any.
    package var processor: Int?
    package var queues: [UInt16]

    package init(processor: Int?, queues: [UInt16]) {
        self.processor = processor
        self.queues = queues
    }

    /// The seats of a session. None where the admin has not allowed rings (`fuse.enable_uring`), where pages are larger than a entry is made for,
    /// and where somebody may run on a processor that this process may not: nobody would be there to serve him.
    package static func all() -> [RingSeat] {
        let usable = Processors.usable
        guard sysconf(Int32(_SC_PAGESIZE)) == 4096, usable.count == sysconf(Int32(_SC_NPROCESSORS_ONLN)),
            let switched = try? readWholeFile("/sys/module/fuse/parameters/enable_uring"), switched.first == UInt8(ascii: "Y")
        else { return [] }
        return seats(possible: Processors.possible, usable: usable)
    }

    /// A request waits for a worker of the processor that it was made on, and for no other: so each has as many as may wait for the disk while
    /// another still serves. They have one entry each, since the kernel does not see that a entry's worker is busy with another.
    private static let each = 4
    /// More threads than that are not worth it.
    private static let most = 128

    /// The same for a machine with room for `possible` processors, of which `usable` are there.
    package static func seats(possible: Int, usable: [Int]) -> [RingSeat] {
        let usable = usable.filter { $0 < possible }
        guard !usable.isEmpty, usable.count * each <= most else { return [] }
        // The kernel wants a entry in each queue, also of processors that are off. One that is put in later is served by the last seat.
        let others = Set(0..<possible).subtracting(usable).sorted().map { UInt16($0) }
        return usable.flatMap { processor in
            (0..<each).map { _ in RingSeat(processor: processor, queues: [UInt16(processor)]) }
        } + (others.isEmpty ? [] : [RingSeat(processor: nil, queues: others)])
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
