/* SPDX-License-Identifier: MIT
 * What doctor says of segments: a master that hands them out as they should be, or with one that lacks
 * a seal, or none. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl_client_socket.h"
#include "ctl_doctor_seals.h"

#define SIZES (F_SEAL_SHRINK | F_SEAL_GROW)
#define FUTURE 0x0010 /* F_SEAL_FUTURE_WRITE */

static struct {
	enum shm_kind kind;
	int seals; /* -1: no descriptor */
} handed[8];
static size_t count;

/* In the place of the master's answer. */
int ctl_client_socket_ask(const struct ctl *ctl, enum ctl_op op, ctl_client_packet_fn *fn, void *arg)
{
	(void)ctl;
	assert_int_equal(op, CTL_MEMORY);
	if (count == 0)
		return CTL_FAILED;
	for (size_t i = 0; i < count; i++) {
		int fd = handed[i].seals < 0 ? -1 : memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		if (fd >= 0)
			assert_int_equal(fcntl(fd, F_ADD_SEALS, handed[i].seals), 0);
		if (fn(handed[i].kind, SD_SLICE("segment-x"), fd, arg) != CTL_DONE)
			return CTL_FAILED;
	}
	return CTL_DONE;
}

static void hand(enum shm_kind kind, int seals)
{
	handed[count].kind = kind;
	handed[count].seals = seals;
	count++;
}

static void good(void)
{
	count = 0;
	hand(SHM_KIND_CONTROL, SIZES | FUTURE | F_SEAL_SEAL);
	hand(SHM_KIND_REVOCATIONS, SIZES | FUTURE | F_SEAL_SEAL);
	hand(SHM_KIND_POLICY, SIZES | F_SEAL_WRITE | F_SEAL_SEAL);
	hand(SHM_KIND_STATS, SIZES);
}

static void told(bool well, const char *says)
{
	char detail[256];

	assert_int_equal(ctl_doctor_seals(NULL, detail, sizeof(detail)), well);
	if (strstr(detail, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", detail, says);
}

static void test_sealed(void **state)
{
	(void)state;
	good();
	told(true, "sealed for ever");
	told(true, "1 pages");
}

static void test_a_seal_lacks(void **state)
{
	static const struct {
		size_t which;
		int seals;
		const char *says;
	} lacks[] = {
		{0, SIZES | F_SEAL_SEAL, "segment-x may be mapped writable"},
		{1, FUTURE | F_SEAL_SEAL, "may change its size"},
		{1, SIZES | FUTURE, "may be sealed by others"},
		{2, SIZES | FUTURE | F_SEAL_SEAL, "may be written"},
		{2, -1, "has no seals"},
		{3, F_SEAL_GROW, "may change its size"},
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(lacks); i++) {
		good();
		handed[lacks[i].which].seals = lacks[i].seals;
		told(false, lacks[i].says);
	}
}

static void test_what_does_not_come_is_not_sealed(void **state)
{
	(void)state;
	count = 0;
	told(false, "does not hand it out");
	hand(SHM_KIND_CONTROL, SIZES | FUTURE | F_SEAL_SEAL);
	told(false, "did not come");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_a_seal_lacks),
		cmocka_unit_test(test_what_does_not_come_is_not_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
