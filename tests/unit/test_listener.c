/* SPDX-License-Identifier: MIT
 * Accepts up to the worker's share, leaves the rest to others, goes on when there is room or more
 * is allowed, and stops for good. */
#include "base.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "worker_rig.h"

struct fixture {
	struct worker_rig rig;
	struct sockaddr_un addr;
	socklen_t n;
	int client[8];
};

/* A listening socket whose abstract name the kernel chooses. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct hm_listener what = {.role = LISTENER_API, .is_unix = 1};
	assert_non_null(f);
	worker_rig_init(&f->rig);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	f->addr.sun_family = AF_UNIX;
	f->n = sizeof(f->addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&f->addr, sizeof(sa_family_t)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&f->addr, &f->n), 0);
	assert_int_equal(listen(fd, 16), 0);
	f->rig.w.max_connections = 2;
	listener_init(&f->rig.w.listener[0], &f->rig.w, &what, fd);
	listener_start(&f->rig.w.listener[0]);
	for (size_t i = 0; i < SD_ARRAY_LEN(f->client); i++)
		f->client[i] = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < SD_ARRAY_LEN(f->client); i++)
		if (f->client[i] >= 0)
			(void)close(f->client[i]);
	listener_stop(&f->rig.w.listener[0]);
	worker_rig_fini(&f->rig);
	free(f);
	return 0;
}

static void dial(struct fixture *f, int i)
{
	f->client[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(f->client[i], (struct sockaddr *)&f->addr, f->n), 0);
}

static void hang_up(struct fixture *f, int i)
{
	(void)close(f->client[i]);
	f->client[i] = -1;
}

static void test_accepts_its_share(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 4; i++)
		dial(f, i);
	worker_rig_turn(&f->rig);
	assert_int_equal(f->rig.w.connections, 2);
	assert_true(f->rig.w.listener[0].paused);
	worker_rig_turn(&f->rig);
	assert_int_equal(f->rig.w.connections, 2);
	hang_up(f, 0);
	worker_rig_turn(&f->rig); /* one ends ... */
	worker_rig_turn(&f->rig); /* ... one more comes */
	assert_int_equal(f->rig.w.connections, 2);
	worker_rig_turn(&f->rig);
	f->rig.w.max_connections = 8; /* a reload allows more */
	listener_resume(&f->rig.w.listener[0]);
	worker_rig_turn(&f->rig);
	assert_int_equal(f->rig.w.connections, 3);
	assert_false(f->rig.w.listener[0].paused);
}

/* No descriptor is left: it pauses instead of spinning, and tries again by itself. */
static void test_backs_off_without_descriptors(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, none;
	dial(f, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	worker_rig_turn(&f->rig);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(f->rig.w.connections, 0);
	assert_true(f->rig.w.listener[0].paused);
	worker_rig_turn(&f->rig);
	assert_int_equal(f->rig.w.connections, 0);
	worker_rig_pass(&f->rig, 50);
	worker_rig_turn(&f->rig);
	worker_rig_turn(&f->rig);
	assert_int_equal(f->rig.w.connections, 1);
}

static void test_what_is_accepted_is_non_blocking_and_closed_on_exec(void **state)
{
	struct fixture *f = *state;
	dial(f, 0);
	worker_rig_turn(&f->rig);
	int fd = f->rig.w.conns->fd;
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void test_stops_for_good(void **state)
{
	struct fixture *f = *state;
	dial(f, 0);
	dial(f, 1);
	dial(f, 2);
	worker_rig_turn(&f->rig);
	listener_stop(&f->rig.w.listener[0]);
	listener_stop(&f->rig.w.listener[0]);
	hang_up(f, 0);
	worker_rig_turn(&f->rig);
	worker_rig_pass(&f->rig, 100);
	worker_rig_turn(&f->rig);
	assert_int_equal(f->rig.w.connections, 1);
	assert_int_equal(f->rig.w.listener[0].fd, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_accepts_its_share),
	    TEST(test_backs_off_without_descriptors),
	    TEST(test_what_is_accepted_is_non_blocking_and_closed_on_exec),
	    TEST(test_stops_for_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
