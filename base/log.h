/* SPDX-License-Identifier: MIT
 * log - structured lines on standard error: JSON or logfmt, one write each, bounded at 4 KiB.
 * Fields are typed, so a secret can only be logged as its length. */
#ifndef SD_LOG_H
#define SD_LOG_H

#include "slice.h"

enum sd_log_level { SD_LOG_ERROR, SD_LOG_WARN, SD_LOG_INFO, SD_LOG_DEBUG };
enum sd_log_format { SD_LOG_JSON, SD_LOG_LOGFMT };

struct sd_log_field {
	const char *key;
	enum { SD_F_NONE, SD_F_STR, SD_F_SLICE, SD_F_INT, SD_F_SECRET } kind;
	const char *str;
	struct sd_slice slice;
	int64_t num;
};

#define SD_FS(k, v) ((struct sd_log_field){.key = (k), .kind = SD_F_STR, .str = (v)})
#define SD_FL(k, v) ((struct sd_log_field){.key = (k), .kind = SD_F_SLICE, .slice = (v)})
#define SD_FI(k, v) ((struct sd_log_field){.key = (k), .kind = SD_F_INT, .num = (int64_t)(v)})
/* Writes "[redacted N bytes]". */
#define SD_FSECRET(k, v) ((struct sd_log_field){.key = (k), .kind = SD_F_SECRET, .slice = (v)})

/* role is the process's name in each line; fd is usually 2. */
void sd_log_init(int fd, const char *role, enum sd_log_format format, enum sd_log_level level);
void sd_log_level_set(enum sd_log_level level, enum sd_log_format format);
void sd_log_fields(enum sd_log_level level, const char *event, const struct sd_log_field *f, size_t n);

/* sd_log(SD_LOG_INFO, "child-ended", SD_FS("role", name), SD_FI("pid", pid)); the event is a
 * stable lower-case-with-hyphens name; a human sentence goes into a field "text". */
#define sd_log(level, event, ...)                                                                  \
	sd_log_fields((level), (event), (const struct sd_log_field[]){{0}, ##__VA_ARGS__} + 1,     \
		      sizeof((const struct sd_log_field[]){{0}, ##__VA_ARGS__}) /                  \
				  sizeof(struct sd_log_field) -                                    \
			  1)

/* Tests: lines go to fn instead. NULL restores. */
void sd_log_capture(void (*fn)(enum sd_log_level level, const char *line, void *arg), void *arg);

#endif
