// liburing: the kernel's rings of commands (`man 7 io_uring`); nothing else belongs here.
// Linked from its archive: the shared library of 2.3 lacks io_uring_enable_rings and io_uring_register_restrictions.
#pragma once
// The same as CLinux has it: the two modules must agree on what glibc's structures look like.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
// The kernel's own description of a ring, in the place of liburing's copy: SystemPackage has seen that, and a structure has one definition.
#include <linux/io_uring.h>
#include <liburing.h>
