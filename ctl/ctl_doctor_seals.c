/* SPDX-License-Identifier: MIT
 * ctl_doctor_seals - asks the kernel for the seals of each segment that the master hands out.
 * Owns:      which seals each kind must have
 * Runs in:   sessionctl
 * Fails by:  false with a text
 * Never:     take a segment that did not come for a sealed one */
#include "base.h"
#include "ctl_doctor_seals.h"

#include <fcntl.h>
#include <unistd.h>

#include "ctl_client_socket.h"

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif
#define SIZE_SEALS (0x0002 | 0x0004) /* F_SEAL_SHRINK, F_SEAL_GROW */
#define SEAL_SEAL 0x0001
#define SEAL_WRITE 0x0008
#define SEAL_FUTURE_WRITE 0x0010

struct seen {
	unsigned policy, shared, stats;
	char wrong[120];
};

const char *ctl_doctor_seals_judge(enum shm_kind kind, int seals)
{
	bool all_writes = kind == SHM_KIND_POLICY || kind == SHM_KIND_GEO;
	bool new_writes = kind == SHM_KIND_CONTROL || kind == SHM_KIND_REVOCATIONS;

	if (seals < 0)
		return "has no seals";
	if ((seals & SIZE_SEALS) != SIZE_SEALS)
		return "may change its size";
	if (all_writes && (seals & SEAL_WRITE) == 0)
		return "may be written";
	if (new_writes && (seals & (SEAL_WRITE | SEAL_FUTURE_WRITE)) == 0)
		return "may be mapped writable by those who read it";
	if ((all_writes || new_writes) && (seals & SEAL_SEAL) == 0)
		return "may be sealed by others";
	return "";
}

static int take(uint32_t kind, struct sd_slice text, int fd, void *arg)
{
	struct seen *s = arg;
	int seals = fd >= 0 ? fcntl(fd, F_GET_SEALS) : -1;
	const char *wrong = ctl_doctor_seals_judge((enum shm_kind)kind, seals);

	if (fd >= 0)
		(void)close(fd);
	s->policy += kind == SHM_KIND_POLICY;
	s->shared += kind == SHM_KIND_CONTROL || kind == SHM_KIND_REVOCATIONS;
	s->stats += kind == SHM_KIND_STATS;
	if (wrong[0] != '\0' && s->wrong[0] == '\0')
		(void)snprintf(s->wrong, sizeof(s->wrong), "%.*s %s",
			       (int)SD_MIN(text.n, (size_t)60), text.p, wrong);
	return CTL_DONE;
}

bool ctl_doctor_seals(const struct ctl *ctl, char *detail, size_t size)
{
	struct seen s = {0};

	if (ctl_client_socket_ask(ctl, CTL_MEMORY, take, &s) != CTL_DONE)
		(void)snprintf(s.wrong, sizeof(s.wrong), "the master does not hand it out");
	else if (s.wrong[0] == '\0' && (s.policy == 0 || s.shared < 2))
		(void)snprintf(s.wrong, sizeof(s.wrong), "policy, control or revocations did not come");
	if (s.wrong[0] != '\0')
		(void)snprintf(detail, size, "%s", s.wrong);
	else
		(void)snprintf(detail, size,
			       "policy sealed for ever; control and revocations against all but the "
			       "master; %u pages of statistics of fixed size", s.stats);
	return s.wrong[0] == '\0';
}
