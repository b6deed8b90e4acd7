internal import CLinux

/// Memory for one request's data, kept by the thread that serves it for the next one: as large as the largest read so far.
enum ThreadBuffer {
    @unsafe private struct Room {
        var base: UnsafeMutableRawPointer?
        var size: Int
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key) { room in
            guard let room = unsafe room?.assumingMemoryBound(to: Room.self) else { return }
            unsafe free(room.pointee.base)
            unsafe free(room)
        }
        precondition(code == 0, "no thread-specific storage left")
        return key
    }()

    /// At least `size` bytes, the calling thread's until its next call; empty where memory is out.
    static func atLeast(_ size: Int) -> UnsafeMutableRawBufferPointer {
        guard let room = unsafe room() else { return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        if unsafe room.pointee.size < size {
            unsafe free(room.pointee.base)
            unsafe room.pointee.base = nil
            unsafe room.pointee.size = 0
            // The kernel copies whole pages.
            guard unsafe posix_memalign(&room.pointee.base, 4096, size) == 0 else {
                unsafe room.pointee.base = nil
                return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
            }
            unsafe room.pointee.size = size
        }
        return unsafe UnsafeMutableRawBufferPointer(start: room.pointee.base, count: room.pointee.size)
    }

    private static func room() -> UnsafeMutablePointer<Room>? {
        if let known = unsafe pthread_getspecific(key) { return unsafe known.assumingMemoryBound(to: Room.self) }
        guard let made = unsafe malloc(MemoryLayout<Room>.size) else { return nil }
        let room = unsafe made.bindMemory(to: Room.self, capacity: 1)
        unsafe room.initialize(to: Room(base: nil, size: 0))
        unsafe pthread_setspecific(key, room)
        return unsafe room
    }
}
