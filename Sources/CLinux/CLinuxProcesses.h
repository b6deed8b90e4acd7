// What only LinuxSystem's starting of processes needs; see CLinux.h for what may be in here.
#pragma once

// A program and what it begins with. Descriptor `sources[i]` becomes `targets[i]`; every source lies above every target.
struct pinfold_birth {
    const char *program, *directory;
    char *const *arguments, *const *environment;
    const int32_t *targets, *sources;
    // Version 1: open lists of tasks (`man 7 cgroups`); version 2: a group's directory, or -1.
    const int32_t *tasks;
    int32_t count, task_count, group, highest, report;
    int32_t new_session, new_process_group;
    const sigset_t *blocked;
};

// `man 2 clone3`, CLONE_INTO_CGROUP: posix_spawn of glibc 2.36 starts nothing in a group, and a group that is joined later costs ten milliseconds of
// the kernel's waiting. Version 1 is joined by the child itself, the one thread that the kernel moves at no price. Swift withholds what forks; nothing
// of Swift, and nothing that takes a lock, runs in this child. What goes wrong in it is an errno in `report`, a pipe that closes when the program starts.
static inline pid_t pinfold_start_in_group(const struct pinfold_birth *birth) {
    uint64_t arguments[11] = {0}; // struct clone_args
    arguments[4] = SIGCHLD;
    if (birth->group >= 0) {
        arguments[0] = 0x200000000ULL;
        arguments[10] = (uint64_t)birth->group;
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t child = (pid_t)syscall(SYS_clone3, arguments, sizeof arguments);
    if (child != 0) {
        int code = errno;
        pthread_sigmask(SIG_SETMASK, &before, (sigset_t *)0);
        errno = code;
        return child;
    }
    int32_t failed = 0;
    for (int32_t i = 0; i < birth->task_count && !failed; i++) failed = write(birth->tasks[i], "0", 1) != 1;
    for (int32_t i = 0; i < birth->count && !failed; i++) failed = dup2(birth->sources[i], birth->targets[i]) == -1;
    if (!failed) failed = syscall(SYS_close_range, birth->highest + 1, ~0u, 4u) == -1; // CLOSE_RANGE_CLOEXEC
    if (!failed && birth->new_session) failed = setsid() == -1;
    if (!failed && birth->new_process_group) failed = setpgid(0, 0) == -1;
    if (!failed && birth->directory) failed = chdir(birth->directory) == -1;
    if (!failed) {
        for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
        sigprocmask(SIG_SETMASK, birth->blocked, (sigset_t *)0);
        execvpe(birth->program, birth->arguments, birth->environment);
    }
    int32_t code = errno;
    (void)!write(birth->report, &code, sizeof code);
    _exit(127);
}

// SIG_DFL is a cast.
static inline void pinfold_default_faults(void) {
    const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP};
    for (unsigned at = 0; at < sizeof faults / sizeof *faults; at++) signal(faults[at], SIG_DFL);
}
