/* SPDX-License-Identifier: MIT
 * sink_file - appends batches of whole lines to the audit file.
 * Owns:      the file's descriptor, the batch, the last number
 * Runs in:   auditor, before and after its sandbox (lseek, pread, write, ftruncate, fdatasync)
 * Fails by:  returning SD_ERR_SYSTEM with `stalled` and `error` set; the batch is kept
 * Never:     drop a line of the batch, or take a number twice */
#include "base.h"
#include "sink_file.h"

#include <unistd.h>

#include "err.h"
#include "fault.h"
#include "record_json.h"

#define TAIL_BYTES (2 * RECORD_JSON_MAX) /* holds the last whole line, whatever is torn behind it */

int sink_file_init(struct sink_file *s)
{
	*s = (struct sink_file){.fd = -1};
	sd_buf_init(&s->batch, SINK_FILE_BATCH);
	return sd_buf_reserve(&s->batch, SINK_FILE_BATCH);
}

void sink_file_fini(struct sink_file *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
	sd_buf_fini(&s->batch);
}

/* Reads exactly n bytes at off. */
static int read_at(int fd, char *p, size_t n, off_t off)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, p + done, n - done, off + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return SD_ERR_SYSTEM;
		done += (size_t)got;
	}
	return SD_OK;
}

/* The number of the last line that is whole and ours; 0 when there is none. */
static uint64_t last_seq(struct sd_slice tail)
{
	size_t end = tail.n;

	while (end > 0) {
		const char *newline = memrchr(tail.p, '\n', end - 1);
		size_t start = newline == NULL ? 0 : (size_t)(newline - tail.p) + 1;
		size_t n = end - start;
		uint64_t seq;

		if (n > 0 && tail.p[end - 1] == '\n')
			n--;
		seq = n > 0 ? record_json_seq(sd_slice(tail.p + start, n)) : 0;
		if (seq > 0 || start == 0)
			return seq;
		end = start;
	}
	return 0;
}

static int read_tail(int fd, off_t size, uint64_t *seq_out, bool *torn_out)
{
	size_t n = (size_t)SD_MIN(size, (off_t)TAIL_BYTES);
	char *tail;
	int err;

	*seq_out = 0;
	*torn_out = false;
	if (n == 0)
		return SD_OK;
	tail = malloc(n);
	if (tail == NULL)
		return SD_ERR_MEMORY;
	err = read_at(fd, tail, n, size - (off_t)n);
	if (err == SD_OK) {
		*seq_out = last_seq(sd_slice(tail, n));
		*torn_out = tail[n - 1] != '\n';
	}
	free(tail);
	return err;
}

int sink_file_open(struct sink_file *s, int fd, struct sd_diag *diag)
{
	off_t size = lseek(fd, 0, SEEK_END);
	bool stream = size < 0 && errno == ESPIPE;
	uint64_t seq = 0;
	bool torn = false;
	int err = SD_OK;

	if (size < 0 && !stream)
		err = SD_ERR_SYSTEM;
	if (err == SD_OK && !stream)
		err = read_tail(fd, size, &seq, &torn);
	if (err == SD_OK && torn && write(fd, "\n", 1) != 1)
		err = SD_ERR_SYSTEM;
	if (err != SD_OK) {
		err = sd_diag_set(diag, err, "audit file: %s", strerror(errno));
		(void)close(fd);
		return err;
	}
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = fd;
	s->is_stream = stream;
	s->torn = false;
	s->unsynced = torn;
	s->seq = SD_MAX(s->seq, seq);
	return SD_OK;
}

/* Bytes of the first n of the batch that are whole lines. */
static size_t whole_lines(const struct sd_buf *b, size_t n)
{
	const char *newline = n > 0 ? memrchr(b->p, '\n', n) : NULL;

	return newline == NULL ? 0 : (size_t)(newline - b->p) + 1;
}

/* A write was cut after n bytes. Readers should not see half a line while we wait; where the file
 * cannot be cut back, the half gets an end of its own and the line is written again. */
static void cut_back(struct sink_file *s, size_t n)
{
	size_t whole = whole_lines(&s->batch, n);
	off_t end = s->is_stream ? -1 : lseek(s->fd, 0, SEEK_END);
	off_t half = (off_t)(n - whole);

	if (half > 0 && (end < half || ftruncate(s->fd, end - half) != 0))
		s->torn = true;
	sd_buf_consume(&s->batch, whole);
}

static int stall(struct sink_file *s, int error)
{
	s->stalled = true;
	s->error = error;
	return SD_ERR_SYSTEM;
}

static ssize_t write_some(struct sink_file *s, const char *p, size_t n)
{
	ssize_t done;

	if (sd_fault("audit-write")) {
		errno = ENOSPC;
		return -1;
	}
	do
		done = write(s->fd, p, n);
	while (done < 0 && errno == EINTR);
	return done;
}

int sink_file_flush(struct sink_file *s)
{
	ssize_t n;

	if (s->batch.len == 0 && !s->stalled)
		return SD_OK;
	if (s->fd < 0)
		return stall(s, EBADF);
	if (s->torn) {
		if (write_some(s, "\n", 1) != 1)
			return stall(s, errno);
		s->torn = false;
	}
	if (s->batch.len > 0) {
		n = write_some(s, s->batch.p, s->batch.len);
		if (n < 0)
			return stall(s, errno);
		s->unsynced = true;
		if ((size_t)n < s->batch.len) {
			cut_back(s, (size_t)n); /* trying again at once would do the same */
			return stall(s, ENOSPC);
		}
		sd_buf_reset(&s->batch);
	}
	s->stalled = false;
	s->error = 0;
	return SD_OK;
}

int sink_file_sync(struct sink_file *s)
{
	if (!s->unsynced || s->fd < 0)
		return SD_OK;
	s->unsynced = false;
	if (s->is_stream || fdatasync(s->fd) == 0 || errno == EINVAL || errno == EROFS)
		return SD_OK;
	return SD_ERR_SYSTEM;
}
