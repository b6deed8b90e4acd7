// libfuse's low-level interface and the kernel's own protocol; nothing else belongs here.
#pragma once
// The same as CLinux has it: the two modules must agree on what glibc's structures look like.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>
