/* SPDX-License-Identifier: MIT
 * Events, timers and tasks in their order; owners may go away in the middle of a turn. */
#include "base.h"

#include <setjmp.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "err.h"
#include "loop.h"

static struct sd_loop *loop;
static char trace[256]; /* one letter for each call, in order */

static void note(char c)
{
	size_t n = strlen(trace);

	assert_true(n + 1 < sizeof(trace));
	trace[n] = c;
	trace[n + 1] = '\0';
}

static int setup(void **state)
{
	(void)state;
	trace[0] = '\0';
	sd_clock_test_set(1000, 2000);
	return sd_loop_new(&loop);
}

static int teardown(void **state)
{
	(void)state;
	sd_loop_free(&loop);
	sd_loop_free(&loop);
	sd_clock_test_off();
	return loop == NULL ? 0 : -1;
}

static void turn(void)
{
	assert_int_equal(sd_loop_turn(loop, 0), SD_OK);
}

/* --- timers --- */

struct named_timer {
	struct sd_timer t;
	char name;
};

static void on_timer(struct sd_timer *t)
{
	note(SD_CONTAINER_OF(t, struct named_timer, t)->name);
}

static void test_timers_fire_in_order_and_once(void **state)
{
	struct named_timer a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};

	(void)state;
	assert_int_equal(sd_timer_at(loop, &c.t, 1300, on_timer), SD_OK);
	assert_int_equal(sd_timer_at(loop, &a.t, 1100, on_timer), SD_OK);
	assert_int_equal(sd_timer_at(loop, &b.t, 1200, on_timer), SD_OK);
	turn();
	assert_string_equal(trace, "");
	sd_clock_test_set(1250, 2000);
	turn();
	assert_string_equal(trace, "ab");
	assert_int_equal(a.t.heap_pos, 0);
	sd_clock_test_set(9999, 2000);
	turn();
	turn();
	assert_string_equal(trace, "abc");
}

static void test_timers_rearm_and_off(void **state)
{
	struct named_timer a = {.name = 'a'}, b = {.name = 'b'};

	(void)state;
	assert_int_equal(sd_timer_at(loop, &a.t, 1100, on_timer), SD_OK);
	assert_int_equal(sd_timer_at(loop, &b.t, 1200, on_timer), SD_OK);
	assert_int_equal(sd_timer_at(loop, &a.t, 1300, on_timer), SD_OK);
	sd_clock_test_set(1400, 2000);
	turn();
	assert_string_equal(trace, "ba");
	assert_int_equal(sd_timer_at(loop, &a.t, 1, on_timer), SD_OK);
	sd_timer_off(loop, &a.t);
	sd_timer_off(loop, &a.t);
	turn();
	assert_string_equal(trace, "ba");
}

#define MANY 500

static int64_t fired_last;
static size_t fired;

static void on_ordered(struct sd_timer *t)
{
	assert_true(t->at_ns >= fired_last);
	fired_last = t->at_ns;
	fired++;
}

/* Armed, moved and taken away at random: what is left fires in order. */
static void test_heap_keeps_its_order(void **state)
{
	static struct sd_timer t[MANY];
	uint32_t x = 12345;
	size_t armed = 0;

	(void)state;
	memset(t, 0, sizeof(t));
	fired = 0;
	fired_last = 0;
	for (int i = 0; i < 20000; i++) {
		struct sd_timer *one;

		x = x * 1664525u + 1013904223u;
		one = &t[(x >> 8) % MANY];
		if ((x >> 4) % 3 == 0)
			sd_timer_off(loop, one);
		else
			assert_int_equal(sd_timer_at(loop, one, 2000 + (x >> 12) % 5000, on_ordered), SD_OK);
	}
	for (size_t i = 0; i < MANY; i++)
		armed += t[i].heap_pos != 0;
	sd_clock_test_set(100000, 2000);
	turn();
	assert_int_equal(fired, armed);
}

static void on_rearm(struct sd_timer *t)
{
	note('r');
	assert_int_equal(sd_timer_at(loop, t, sd_loop_now_ns(loop), on_rearm), SD_OK);
}

static void test_rearming_for_now_waits_a_turn(void **state)
{
	struct sd_timer t = {0};

	(void)state;
	assert_int_equal(sd_timer_at(loop, &t, 0, on_rearm), SD_OK);
	turn();
	assert_string_equal(trace, "r");
	turn();
	assert_string_equal(trace, "rr");
	sd_timer_off(loop, &t);
}

static struct named_timer victim = {.name = 'v'};

static void on_kill(struct sd_timer *t)
{
	(void)t;
	note('k');
	sd_timer_off(loop, &victim.t);
}

static void test_timer_taken_away_by_another(void **state)
{
	struct sd_timer killer = {0};

	(void)state;
	assert_int_equal(sd_timer_at(loop, &killer, 1001, on_kill), SD_OK);
	assert_int_equal(sd_timer_at(loop, &victim.t, 1002, on_timer), SD_OK);
	sd_clock_test_set(2000, 2000);
	turn();
	assert_string_equal(trace, "k");
}

static void on_stop(struct sd_timer *t)
{
	(void)t;
	note('s');
	sd_loop_stop(loop);
}

static void test_run_waits_for_a_timer_and_stops(void **state)
{
	struct sd_timer t = {0};
	int64_t before;

	(void)state;
	sd_clock_test_off();
	before = sd_clock_boot_ns();
	assert_int_equal(sd_timer_at(loop, &t, before + 5 * SD_NS_PER_MS, on_stop), SD_OK);
	assert_int_equal(sd_loop_run(loop), SD_OK);
	assert_true(sd_clock_boot_ns() >= before + 5 * SD_NS_PER_MS);
	assert_string_equal(trace, "s");
	sd_loop_stop(loop);
	assert_int_equal(sd_loop_run(loop), SD_OK);
}

/* --- descriptors --- */

static struct sd_io io_a, io_b;

static void on_a(struct sd_io *io, uint32_t events)
{
	assert_ptr_equal(io, &io_a);
	assert_true((events & EPOLLIN) != 0);
	note('A');
}

static void on_drop_other(struct sd_io *io, uint32_t events)
{
	(void)events;
	note('D');
	sd_loop_del(loop, io == &io_a ? &io_b : &io_a);
}

static int ready_fd(void)
{
	int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void test_events_until_removed(void **state)
{
	int fd = ready_fd();

	(void)state;
	assert_int_equal(sd_loop_add(loop, &io_a, fd, EPOLLIN, on_a), SD_OK);
	turn();
	assert_string_equal(trace, "A");
	assert_int_equal(sd_loop_mod(loop, &io_a, 0), SD_OK);
	turn();
	assert_string_equal(trace, "A");
	assert_int_equal(sd_loop_mod(loop, &io_a, EPOLLIN), SD_OK);
	turn();
	assert_string_equal(trace, "AA");
	sd_loop_del(loop, &io_a);
	assert_int_equal(io_a.fd, -1);
	sd_loop_del(loop, &io_a);
	turn();
	assert_string_equal(trace, "AA");
	assert_int_equal(close(fd), 0);
	assert_int_equal(sd_loop_add(loop, &io_a, fd, EPOLLIN, on_a), SD_ERR_SYSTEM);
	assert_int_equal(io_a.fd, -1);
}

static void test_exclusive_can_be_changed(void **state)
{
	int fd = ready_fd();

	(void)state;
	assert_int_equal(sd_loop_add(loop, &io_a, fd, EPOLLIN | EPOLLEXCLUSIVE, on_a), SD_OK);
	assert_int_equal(sd_loop_mod(loop, &io_a, EPOLLOUT | EPOLLEXCLUSIVE), SD_OK);
	assert_int_equal(sd_loop_mod(loop, &io_a, EPOLLIN), SD_OK);
	turn();
	assert_string_equal(trace, "A");
	sd_loop_del(loop, &io_a);
	assert_int_equal(close(fd), 0);
}

static void test_pending_event_of_a_removed_io_is_dropped(void **state)
{
	int fa = ready_fd(), fb = ready_fd();

	(void)state;
	assert_int_equal(sd_loop_add(loop, &io_a, fa, EPOLLIN, on_drop_other), SD_OK);
	assert_int_equal(sd_loop_add(loop, &io_b, fb, EPOLLIN, on_drop_other), SD_OK);
	turn();
	assert_string_equal(trace, "D"); /* whoever came first removed the other */
	sd_loop_del(loop, &io_a);
	sd_loop_del(loop, &io_b);
	assert_int_equal(close(fa), 0);
	assert_int_equal(close(fb), 0);
}

static struct sd_io *heap_io[2];

static void on_free_other(struct sd_io *io, uint32_t events)
{
	struct sd_io **other = io == heap_io[0] ? &heap_io[1] : &heap_io[0];

	(void)events;
	note('F');
	sd_loop_del(loop, *other);
	free(*other);
	*other = NULL;
}

/* Under ASan a touch of the freed one is a report. */
static void test_freed_io_is_not_touched(void **state)
{
	int fds[2] = {ready_fd(), ready_fd()};

	(void)state;
	for (int i = 0; i < 2; i++) {
		heap_io[i] = calloc(1, sizeof(*heap_io[i]));
		assert_non_null(heap_io[i]);
		assert_int_equal(sd_loop_add(loop, heap_io[i], fds[i], EPOLLIN, on_free_other), SD_OK);
	}
	turn();
	assert_string_equal(trace, "F");
	for (int i = 0; i < 2; i++) {
		if (heap_io[i] != NULL)
			sd_loop_del(loop, heap_io[i]);
		free(heap_io[i]);
		assert_int_equal(close(fds[i]), 0);
	}
}

static size_t counted;

static void on_count(struct sd_io *io, uint32_t events)
{
	(void)events;
	counted++;
	sd_loop_del(loop, io);
}

static void test_more_events_than_a_batch(void **state)
{
	static struct sd_io io[600];
	int fd[600];

	(void)state;
	counted = 0;
	for (size_t i = 0; i < SD_ARRAY_LEN(io); i++) {
		fd[i] = ready_fd();
		assert_int_equal(sd_loop_add(loop, &io[i], fd[i], EPOLLIN, on_count), SD_OK);
	}
	for (int i = 0; i < 3; i++)
		turn();
	assert_int_equal(counted, SD_ARRAY_LEN(io));
	for (size_t i = 0; i < SD_ARRAY_LEN(io); i++)
		assert_int_equal(close(fd[i]), 0);
}

/* --- tasks --- */

static struct sd_task task_1, task_2, task_3;

static void on_task(struct sd_task *t)
{
	note(t == &task_1 ? '1' : t == &task_2 ? '2' : '3');
}

static void on_task_again(struct sd_task *t)
{
	note('g');
	sd_loop_defer(loop, t, on_task_again);
}

static void on_task_undefer(struct sd_task *t)
{
	(void)t;
	note('u');
	sd_loop_undefer(loop, &task_2);
}

static void test_tasks_run_once_in_order(void **state)
{
	(void)state;
	sd_loop_defer(loop, &task_1, on_task);
	sd_loop_defer(loop, &task_2, on_task);
	sd_loop_defer(loop, &task_1, on_task);
	sd_loop_defer(loop, &task_3, on_task);
	sd_loop_undefer(loop, &task_3);
	sd_loop_undefer(loop, &task_3);
	turn();
	turn();
	assert_string_equal(trace, "12");
	sd_loop_defer(loop, &task_3, on_task);
	turn();
	assert_string_equal(trace, "123");
}

static void test_task_deferring_itself_does_not_starve(void **state)
{
	(void)state;
	sd_loop_defer(loop, &task_1, on_task_again);
	turn();
	assert_string_equal(trace, "g");
	/* a queued task means no wait, though the caller would wait for ever */
	assert_int_equal(sd_loop_turn(loop, -1), SD_OK);
	assert_string_equal(trace, "gg");
	sd_loop_undefer(loop, &task_1);
}

static void test_task_taken_away_by_another(void **state)
{
	(void)state;
	sd_loop_defer(loop, &task_1, on_task_undefer);
	sd_loop_defer(loop, &task_2, on_task);
	sd_loop_defer(loop, &task_3, on_task);
	turn();
	assert_string_equal(trace, "u3");
}

static void on_defer(struct sd_io *io, uint32_t events)
{
	(void)io;
	(void)events;
	note('E');
	sd_loop_defer(loop, &task_1, on_task);
}

static void test_tasks_follow_the_events_of_their_turn(void **state)
{
	struct named_timer t = {.name = 't'};
	int fd = ready_fd();

	(void)state;
	assert_int_equal(sd_loop_add(loop, &io_a, fd, EPOLLIN, on_defer), SD_OK);
	assert_int_equal(sd_timer_at(loop, &t.t, 0, on_timer), SD_OK);
	turn();
	assert_string_equal(trace, "Et1");
	sd_loop_del(loop, &io_a);
	assert_int_equal(close(fd), 0);
}

static void test_time_is_read_once_per_turn(void **state)
{
	(void)state;
	assert_int_equal(sd_loop_now_ns(loop), 1000);
	sd_clock_test_set(5000, 6000);
	assert_int_equal(sd_loop_now_ns(loop), 1000);
	turn();
	assert_int_equal(sd_loop_now_ns(loop), 5000);
	assert_int_equal(sd_loop_wall_ms(loop), 6000);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_timers_fire_in_order_and_once),
	    T(test_timers_rearm_and_off),
	    T(test_heap_keeps_its_order),
	    T(test_rearming_for_now_waits_a_turn),
	    T(test_timer_taken_away_by_another),
	    T(test_run_waits_for_a_timer_and_stops),
	    T(test_events_until_removed),
	    T(test_exclusive_can_be_changed),
	    T(test_pending_event_of_a_removed_io_is_dropped),
	    T(test_freed_io_is_not_touched),
	    T(test_more_events_than_a_batch),
	    T(test_tasks_run_once_in_order),
	    T(test_task_deferring_itself_does_not_starve),
	    T(test_task_taken_away_by_another),
	    T(test_tasks_follow_the_events_of_their_turn),
	    T(test_time_is_read_once_per_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
