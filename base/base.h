/* SPDX-License-Identifier: MIT
 * base - what every file of sessiond includes first.
 * Attributes, a few macros, and the libc calls that must not be used. No domain word. */
#ifndef SD_BASE_H
#define SD_BASE_H

#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SD_MUSTCHECK __attribute__((warn_unused_result))
#define SD_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define SD_NORETURN __attribute__((noreturn))
#define SD_PURE __attribute__((pure))
#define SD_UNUSED __attribute__((unused))
#define SD_LIKELY(x) __builtin_expect(!!(x), 1)
#define SD_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SD_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SD_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#define SD_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define SD_MIN(a, b) ((a) < (b) ? (a) : (b))
#define SD_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Unbounded, non-reentrant or shell-spawning calls do not compile. (`time` cannot be poisoned,
 * OpenSSL uses the word: tests/guards/banned refuses it, only clock.c asks the kernel.) */
#undef sprintf /* with clang glibc's checked ones are macros */
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll gets system popen

#endif
