/* SPDX-License-Identifier: MIT
 * shm_map_r - maps a segment that was handed over, after looking at its head.
 * Owns:      the read-only mappings; a process's one writable mapping of its own statistics
 * Runs in:   all (new segments arrive after the lock-down: lseek and a read-only shared mmap only)
 * Fails by:  SD_ERR_VERSION (magic, version), SD_ERR_INVALID (kind, size), SD_ERR_SYSTEM
 * Never:     a writable mapping of anything but the own statistics */
#include "base.h"

#include "shm_map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "err.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static int file_size(int fd, size_t min_size, size_t *out, struct sd_diag *diag)
{
	off_t end = lseek(fd, 0, SEEK_END); /* not fstat: sandboxed readers may not stat */

	*out = 0;
	if (end < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "segment: lseek: %s", strerror(errno));
	if ((uint64_t)end < SD_MAX(min_size, sizeof(struct shm_head)))
		return sd_diag_set(diag, SD_ERR_INVALID, "segment of %lld bytes, at least %zu wanted",
				   (long long)end, min_size);
	*out = (size_t)end;
	return 0;
}

static int check_head(const struct shm_head *head, enum shm_kind kind, size_t size,
		      struct sd_diag *diag)
{
	if (head->magic != SHM_MAGIC)
		return sd_diag_set(diag, SD_ERR_VERSION, "segment: magic is %016llx",
				   (unsigned long long)head->magic);
	if (head->major != SHM_MAJOR)
		return sd_diag_set(diag, SD_ERR_VERSION, "segment: layout %u.%u, this program has %d.%d",
				   head->major, head->minor, SHM_MAJOR, SHM_MINOR);
	if (head->kind != (uint32_t)kind)
		return sd_diag_set(diag, SD_ERR_INVALID, "segment: kind %u, not %u", head->kind,
				   (unsigned)kind);
	if (head->size != size)
		return sd_diag_set(diag, SD_ERR_INVALID, "segment: says %llu bytes, has %zu",
				   (unsigned long long)head->size, size);
	return 0;
}

static int map_checked(int fd, int prot, enum shm_kind kind, size_t size, void **p_out,
		       struct sd_diag *diag)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, 0);
	int err;

	*p_out = NULL;
	if (p == MAP_FAILED)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "segment: mmap: %s", strerror(errno));
	err = check_head(p, kind, size, diag);
	if (err != 0) {
		(void)munmap(p, size);
		return err;
	}
	*p_out = p;
	return 0;
}

int shm_map(int fd, enum shm_kind kind, size_t min_size, const void **p_out, size_t *size_out,
	    struct sd_diag *diag)
{
	void *p = NULL;
	size_t size;
	int err;

	*p_out = NULL;
	*size_out = 0;
	err = file_size(fd, min_size, &size, diag);
	if (err == 0)
		err = map_checked(fd, PROT_READ, kind, size, &p, diag);
	if (err != 0)
		return err;
	*p_out = p;
	*size_out = size;
	return 0;
}

int shm_map_own_stats(int fd, struct shm_stats **out, struct sd_diag *diag)
{
	void *p = NULL;
	size_t size;
	int err;

	*out = NULL;
	err = file_size(fd, sizeof(struct shm_stats), &size, diag);
	if (err == 0)
		err = map_checked(fd, PROT_READ | PROT_WRITE, SHM_KIND_STATS, size, &p, diag);
	if (err != 0)
		return err;
	/* This was the one writable mapping: a copy of the descriptor gives no other. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0 && errno != EPERM) {
		(void)munmap(p, size);
		return sd_diag_set(diag, SD_ERR_SYSTEM, "statistics: seal: %s", strerror(errno));
	}
	(void)madvise(p, size, MADV_DONTFORK);
	*out = p;
	return 0;
}

void shm_unmap(const void **p, size_t size)
{
	union {
		const void *in;
		void *out;
	} u = {.in = *p};

	if (u.in)
		(void)munmap(u.out, size);
	*p = NULL;
}
