/* SPDX-License-Identifier: MIT
 * sink_file - the audit trail's file: whole lines, one write a batch, numbers that go on. */
#ifndef SD_SINK_FILE_H
#define SD_SINK_FILE_H

#include "buf.h"
#include "diag.h"

#define SINK_FILE_BATCH (4u << 20) /* bytes that may wait for the disk */

struct sink_file {
	int fd;              /* -1 = none yet; owned */
	bool is_stream;      /* a pipe or terminal: no tail, no truncation */
	bool stalled;        /* the last write did not take all; batch is kept */
	bool torn;           /* the file ends in half a line that is still in the batch */
	bool unsynced;       /* written, not yet fdatasync'd */
	int error;           /* errno of the stall */
	uint64_t seq;        /* of the last line */
	struct sd_buf batch; /* whole lines not yet in the file */
};

/* Takes the batch's memory at once, so that taking a record cannot fail. SD_ERR_MEMORY. */
int sink_file_init(struct sink_file *s) SD_MUSTCHECK;
void sink_file_fini(struct sink_file *s);

/* Takes fd (O_RDWR|O_APPEND) in place of the one before, on success and on failure; seq goes on
 * from the file's last line, or from ours when that is higher. A torn last line is ended first.
 * SD_ERR_SYSTEM: the file cannot be read. */
int sink_file_open(struct sink_file *s, int fd, struct sd_diag *diag) SD_MUSTCHECK;

/* Writes the batch. SD_OK: all of it is in the file and the batch empty; SD_ERR_SYSTEM: stalled,
 * the rest stays in the batch. */
int sink_file_flush(struct sink_file *s) SD_MUSTCHECK;

/* fdatasync, when something was written since the last one. SD_ERR_SYSTEM. */
int sink_file_sync(struct sink_file *s) SD_MUSTCHECK;

/* Room for n more bytes in the batch. */
static inline bool sink_file_room(const struct sink_file *s, size_t n)
{
	return !s->stalled && s->batch.max - s->batch.len >= n;
}

#endif
