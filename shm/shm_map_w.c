/* SPDX-License-Identifier: MIT
 * shm_map_w - makes segments and seals them.
 * Owns:      the flags of a segment's memfd and of the writer's mapping
 * Runs in:   master (before and after the sandbox)
 * Fails by:  SD_ERR_SYSTEM (errno), SD_ERR_MEMORY; nothing is left behind
 * Never:     a segment without its pages reserved: a later store would end in SIGBUS */
#include "base.h"

#include "shm_map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"

/* Since Linux 6.3: the memfd can never be executed. Older kernels say EINVAL. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static const char *kind_name(enum shm_kind kind)
{
	switch (kind) {
	case SHM_KIND_POLICY:
		return "sessiond-policy";
	case SHM_KIND_CONTROL:
		return "sessiond-control";
	case SHM_KIND_REVOCATIONS:
		return "sessiond-revocations";
	case SHM_KIND_STATS:
		return "sessiond-stats";
	case SHM_KIND_GEO:
		return "sessiond-geo";
	case SHM_KIND_NONE:
		break;
	}
	return "sessiond";
}

static int make_fd(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

int shm_reserve(int fd, size_t from, size_t bytes)
{
	while (fallocate(fd, 0, (off_t)from, (off_t)bytes) != 0)
		if (errno != EINTR)
			return errno == ENOSPC || errno == ENOMEM ? SD_ERR_MEMORY : SD_ERR_SYSTEM;
	return 0;
}

int shm_create(enum shm_kind kind, uint64_t number, size_t size, int *fd_out, void **p_out,
	       struct sd_diag *diag)
{
	int err = shm_create_begun(kind, number, size, fd_out, p_out, diag);

	if (err != 0 || shm_reserve(*fd_out, 0, size) == 0)
		return err;
	err = sd_diag_set(diag, errno == ENOSPC || errno == ENOMEM ? SD_ERR_MEMORY : SD_ERR_SYSTEM,
			  "segment of %zu bytes: %s", size, strerror(errno));
	(void)munmap(*p_out, size);
	(void)close(*fd_out);
	*fd_out = -1;
	*p_out = NULL;
	return err;
}

int shm_create_begun(enum shm_kind kind, uint64_t number, size_t size, int *fd_out, void **p_out,
		     struct sd_diag *diag)
{
	struct shm_head *head;
	int fd, saved;
	void *p;

	*fd_out = -1;
	*p_out = NULL;
	if (size < sizeof(struct shm_head))
		return sd_diag_set(diag, SD_ERR_INVALID, "segment of %zu bytes: too small", size);
	fd = make_fd(kind_name(kind));
	if (fd < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "memfd_create: %s", strerror(errno));
	if (ftruncate(fd, (off_t)size) != 0 || shm_reserve(fd, 0, sizeof(*head)) != 0)
		goto fail;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		goto fail;
	if (madvise(p, size, MADV_DONTFORK) != 0) {
		(void)munmap(p, size);
		goto fail;
	}
	head = p;
	*head = (struct shm_head){
		.magic = SHM_MAGIC,
		.major = SHM_MAJOR,
		.minor = SHM_MINOR,
		.kind = (uint32_t)kind,
		.size = size,
		.number = number,
		.created_ms = (uint64_t)sd_clock_wall_ms(),
	};
	*fd_out = fd;
	*p_out = p;
	return 0;
fail:
	saved = errno;
	(void)close(fd);
	errno = saved;
	return sd_diag_set(diag, saved == ENOSPC || saved == ENOMEM ? SD_ERR_MEMORY : SD_ERR_SYSTEM,
			   "segment of %zu bytes: %s", size, strerror(saved));
}

int shm_seal_shared(int fd)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

	return fcntl(fd, F_ADD_SEALS, seals) == 0 ? 0 : SD_ERR_SYSTEM;
}

int shm_seal_final(int fd, void **p, size_t size)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

	if (*p && munmap(*p, size) != 0)
		return SD_ERR_SYSTEM;
	*p = NULL;
	return fcntl(fd, F_ADD_SEALS, seals) == 0 ? 0 : SD_ERR_SYSTEM;
}

int shm_seal_size(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0 ? 0 : SD_ERR_SYSTEM;
}

/* The file offset is shared: it has to stand at the beginning when the other one reads. */
int shm_text_fd(const char *name, struct sd_slice text)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (pwrite(fd, text.p, text.n, 0) == (ssize_t)text.n &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
		return fd;
	(void)close(fd);
	return -1;
}
