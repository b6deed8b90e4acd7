internal import CFuse3
internal import CLinux
package import LinuxSystem

/// Which of a session's workers wait for requests: as few as keep up.
///
/// The kernel wakes one waiting thread for each request. With several of them a process that asks one thing after the other is served by a different
/// thread each time, and the wakings cost more than the work: an open and close took 60 µs with four threads and 30 with one. So one waits and
/// serves, and the others are parked until it is held up (by a disk), or has more to do than one can.
@safe package final class Crew: @unchecked Sendable {
    // @unchecked: the condition variables are made for all threads, the rest is under the mutex.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let needed: UnsafeMutablePointer<pthread_cond_t>
    private let activity: UnsafeMutablePointer<pthread_cond_t>
    private let device: SharedDescriptor
    private let most: Int

    /// How many wait for a request, or are about to.
    private var listening = 0
    private var parked = 0
    /// How many may wait at the same time.
    private var wanted = 1
    private var taken: UInt64 = 0
    private var isWatched = false
    private var isOver = false

    /// - Parameter most: how many workers there are.
    package init(device: SharedDescriptor, most: Int) {
        guard let made = unsafe pinfold_mutex_make() else { fatalError("out of memory for a lock") }
        unsafe mutex = unsafe made
        unsafe needed = .allocate(capacity: 1)
        unsafe activity = .allocate(capacity: 1)
        unsafe pthread_cond_init(needed, nil)
        unsafe pthread_cond_init(activity, nil)
        self.device = device
        self.most = most
    }

    deinit {
        unsafe pthread_cond_destroy(needed)
        unsafe pthread_cond_destroy(activity)
        unsafe needed.deallocate()
        unsafe activity.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe free(mutex)
    }

    // MARK: The workers

    /// Waits until one more is needed to wait for requests; false when there will be no more.
    package func join() -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !isOver, listening >= wanted {
            parked += 1
            unsafe pthread_cond_wait(needed, mutex)
            parked -= 1
        }
        if isOver { return false }
        listening += 1
        return true
    }

    /// The caller has a request and serves it now.
    package func leave(for opcode: UInt32) {
        unsafe pthread_mutex_lock(mutex)
        listening -= 1
        taken &+= 1
        // What is known to wait for the disk does not wait to be found out.
        if listening == 0, parked > 0, Self.waitsForDisk(opcode) { unsafe pthread_cond_signal(needed) }
        if !isWatched {
            isWatched = true
            unsafe pthread_cond_signal(activity)
        }
        unsafe pthread_mutex_unlock(mutex)
    }

    /// There will be no more requests: all go home.
    package func end() {
        unsafe pthread_mutex_lock(mutex)
        isOver = true
        unsafe pthread_cond_broadcast(needed)
        unsafe pthread_cond_signal(activity)
        unsafe pthread_mutex_unlock(mutex)
    }

    private static func waitsForDisk(_ opcode: UInt32) -> Bool {
        [FUSE_FSYNC, FUSE_FSYNCDIR, FUSE_FALLOCATE, FUSE_COPY_FILE_RANGE].contains { $0.rawValue == opcode }
    }

    // MARK: The foreman

    /// Looks once a millisecond, while requests come, whether those who serve keep up; returns when there will be no more.
    package func watch() {
        var seen: UInt64 = 0
        var idle = 0
        var pressed = 0
        var calm = 0
        while waitForActivity(&idle) {
            SystemThread.sleep(milliseconds: 1)
            let hasPending = Notifier(device: device).hasWaitingRequests
            unsafe pthread_mutex_lock(mutex)
            let isStuck = listening == 0 && taken == seen
            if listening > 0 && taken == seen { idle += 1 } else { idle = 0 }
            seen = taken
            if hasPending, listening == 0 {
                pressed += 1
                calm = 0
            } else {
                pressed = 0
                calm += 1
            }
            // The same request since the last look, or always more waiting than one can serve.
            if pressed >= Self.patience, wanted < most {
                wanted += 1
                pressed = 0
            } else if calm >= Self.easing, wanted > 1 {
                wanted -= 1
                calm = 0
            }
            if parked > 0, listening < wanted, isStuck || wanted > 1 { unsafe pthread_cond_signal(needed) }
            unsafe pthread_mutex_unlock(mutex)
        }
    }

    /// Milliseconds of requests left waiting before one more worker joins, and of none before one goes.
    private static var patience: Int { 3 }
    private static var easing: Int { 200 }
    /// Milliseconds without a request after which nobody looks any more.
    private static var rest: Int { 20 }

    /// Sleeps where nothing has been asked for a while; false at the end.
    private func waitForActivity(_ idle: inout Int) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        if idle >= Self.rest {
            isWatched = false
            idle = 0
        }
        while !isWatched, !isOver { unsafe pthread_cond_wait(activity, mutex) }
        return !isOver
    }
}
