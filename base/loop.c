/* SPDX-License-Identifier: MIT
 * loop - one epoll loop: descriptors, timers, deferred tasks, one reading of the time per turn.
 * Owns:      the epoll descriptor, the timer heap, the queue of tasks
 * Runs in:   every process; made before the sandbox, runs after it (epoll_wait, epoll_ctl)
 * Fails by:  returning SD_ERR_SYSTEM, SD_ERR_MEMORY
 * Never:     own an io, timer or task; they are embedded in their owners and may be freed by them */
#include "base.h"
#include "loop.h"

#include <limits.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "err.h"

#define LOOP_BATCH 256      /* events of one turn; the rest comes with the next */
#define HEAP_FIRST 64       /* timers of the first allocation */

struct sd_loop {
	int epoll_fd;
	bool stop;
	int64_t now_ns;
	int64_t wall_ms;
	struct sd_timer **heap;  /* heap[1..heap_n], the earliest in heap[1] */
	size_t heap_n;
	size_t heap_cap;         /* slots allocated, slot 0 not used */
	struct sd_task *queued;  /* oldest first */
	struct sd_task **queued_end;
	struct sd_task *running; /* this turn's tasks that have not run yet */
	int event_n;
	int event_at;            /* events[event_at..event_n) are still to be delivered */
	struct epoll_event events[LOOP_BATCH];
};

static void read_time(struct sd_loop *loop)
{
	loop->now_ns = sd_clock_boot_ns();
	loop->wall_ms = sd_clock_wall_ms();
}

int sd_loop_new(struct sd_loop **out)
{
	struct sd_loop *loop = calloc(1, sizeof(*loop));

	*out = NULL;
	if (loop == NULL)
		return SD_ERR_MEMORY;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		free(loop);
		return SD_ERR_SYSTEM;
	}
	loop->queued_end = &loop->queued;
	read_time(loop);
	*out = loop;
	return SD_OK;
}

void sd_loop_free(struct sd_loop **loop)
{
	if (loop == NULL || *loop == NULL)
		return;
	(void)close((*loop)->epoll_fd);
	free((*loop)->heap);
	free(*loop);
	*loop = NULL;
}

/* --- descriptors --- */

int sd_loop_add(struct sd_loop *loop, struct sd_io *io, int fd, uint32_t events,
		void (*fn)(struct sd_io *io, uint32_t events))
{
	struct epoll_event ev = {.events = events, .data.ptr = io};

	io->fd = -1;
	io->events = events;
	io->fn = fn;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		return SD_ERR_SYSTEM;
	io->fd = fd;
	return SD_OK;
}

int sd_loop_mod(struct sd_loop *loop, struct sd_io *io, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = io};

	sd_bug_if(io->fd < 0);
	if (events == io->events)
		return SD_OK;
	if (((events | io->events) & EPOLLEXCLUSIVE) != 0) {
		/* the kernel refuses to modify an exclusive entry: out and in again */
		if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL) != 0 ||
		    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, io->fd, &ev) != 0)
			return SD_ERR_SYSTEM;
	} else if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, io->fd, &ev) != 0) {
		return SD_ERR_SYSTEM;
	}
	io->events = events;
	return SD_OK;
}

void sd_loop_del(struct sd_loop *loop, struct sd_io *io)
{
	if (io->fd < 0)
		return;
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
	io->fd = -1;
	for (int i = loop->event_at; i < loop->event_n; i++)
		if (loop->events[i].data.ptr == io)
			loop->events[i].data.ptr = NULL;
}

static void deliver_events(struct sd_loop *loop)
{
	while (loop->event_at < loop->event_n) {
		struct epoll_event *ev = &loop->events[loop->event_at++];
		struct sd_io *io = ev->data.ptr;

		if (io != NULL)
			io->fn(io, ev->events);
	}
}

/* --- timers --- */

static void heap_put(struct sd_loop *loop, size_t pos, struct sd_timer *t)
{
	loop->heap[pos] = t;
	t->heap_pos = pos;
}

static void heap_up(struct sd_loop *loop, size_t pos, struct sd_timer *t)
{
	for (; pos > 1 && t->at_ns < loop->heap[pos / 2]->at_ns; pos /= 2)
		heap_put(loop, pos, loop->heap[pos / 2]);
	heap_put(loop, pos, t);
}

/* Places t at pos or where it belongs, above or below. */
static void heap_fix(struct sd_loop *loop, size_t pos, struct sd_timer *t)
{
	for (;;) {
		size_t child = pos * 2;

		if (child > loop->heap_n)
			break;
		if (child < loop->heap_n && loop->heap[child + 1]->at_ns < loop->heap[child]->at_ns)
			child++;
		if (t->at_ns <= loop->heap[child]->at_ns)
			break;
		heap_put(loop, pos, loop->heap[child]);
		pos = child;
	}
	heap_up(loop, pos, t);
}

static int heap_room(struct sd_loop *loop)
{
	size_t cap = loop->heap_cap > 0 ? loop->heap_cap * 2 : HEAP_FIRST;
	struct sd_timer **heap;

	if (loop->heap_n + 1 < loop->heap_cap)
		return SD_OK;
	heap = realloc(loop->heap, cap * sizeof(struct sd_timer *));
	if (heap == NULL)
		return SD_ERR_MEMORY;
	loop->heap = heap;
	loop->heap_cap = cap;
	return SD_OK;
}

int sd_timer_at(struct sd_loop *loop, struct sd_timer *t, int64_t at_ns, void (*fn)(struct sd_timer *))
{
	t->fn = fn;
	t->at_ns = at_ns;
	if (t->heap_pos == 0) {
		if (heap_room(loop) != SD_OK)
			return SD_ERR_MEMORY;
		heap_up(loop, ++loop->heap_n, t);
		return SD_OK;
	}
	sd_bug_if(t->heap_pos > loop->heap_n || loop->heap[t->heap_pos] != t);
	heap_fix(loop, t->heap_pos, t);
	return SD_OK;
}

void sd_timer_off(struct sd_loop *loop, struct sd_timer *t)
{
	size_t pos = t->heap_pos;
	struct sd_timer *last;

	if (pos == 0)
		return;
	sd_bug_if(pos > loop->heap_n || loop->heap[pos] != t);
	t->heap_pos = 0;
	last = loop->heap[loop->heap_n--];
	if (last != t)
		heap_fix(loop, pos, last);
}

/* At most as many as were armed at the start: one that re-arms itself for now waits a turn. */
static void fire_timers(struct sd_loop *loop)
{
	for (size_t left = loop->heap_n; left > 0 && loop->heap_n > 0; left--) {
		struct sd_timer *t = loop->heap[1];

		if (t->at_ns > loop->now_ns)
			return;
		sd_timer_off(loop, t);
		t->fn(t);
	}
}

/* --- deferred tasks --- */

void sd_loop_defer(struct sd_loop *loop, struct sd_task *task, void (*fn)(struct sd_task *))
{
	if (task->queued)
		return;
	task->fn = fn;
	task->next = NULL;
	task->queued = true;
	*loop->queued_end = task;
	loop->queued_end = &task->next;
}

static bool unlink_task(struct sd_task **list, struct sd_task *task)
{
	for (; *list != NULL; list = &(*list)->next)
		if (*list == task) {
			*list = task->next;
			return true;
		}
	return false;
}

void sd_loop_undefer(struct sd_loop *loop, struct sd_task *task)
{
	if (!task->queued)
		return;
	task->queued = false;
	if (unlink_task(&loop->running, task))
		return;
	sd_bug_if(!unlink_task(&loop->queued, task));
	loop->queued_end = &loop->queued;
	while (*loop->queued_end != NULL)
		loop->queued_end = &(*loop->queued_end)->next;
}

/* What a task defers runs in the next turn, which then does not wait: tasks cannot starve events. */
static void run_tasks(struct sd_loop *loop)
{
	loop->running = loop->queued;
	loop->queued = NULL;
	loop->queued_end = &loop->queued;
	while (loop->running != NULL) {
		struct sd_task *task = loop->running;

		loop->running = task->next;
		task->queued = false;
		task->fn(task);
	}
}

/* --- turns --- */

int64_t sd_loop_now_ns(const struct sd_loop *loop)
{
	return loop->now_ns;
}

int64_t sd_loop_wall_ms(const struct sd_loop *loop)
{
	return loop->wall_ms;
}

/* Reads the clock itself: what this turn's handlers took must not be waited for again. */
static int wait_for(const struct sd_loop *loop, int wait_ms)
{
	int64_t left;

	if (loop->queued != NULL)
		return 0;
	if (wait_ms == 0 || loop->heap_n == 0)
		return wait_ms;
	left = loop->heap[1]->at_ns - sd_clock_boot_ns();
	if (left <= 0)
		return 0;
	left = left / SD_NS_PER_MS + (left % SD_NS_PER_MS != 0);
	if (wait_ms > 0 && wait_ms < left)
		return wait_ms;
	return (int)SD_MIN(left, INT_MAX);
}

int sd_loop_turn(struct sd_loop *loop, int wait_ms)
{
	int n = epoll_wait(loop->epoll_fd, loop->events, LOOP_BATCH, wait_for(loop, wait_ms));

	if (n < 0 && errno != EINTR)
		return SD_ERR_SYSTEM;
	loop->event_at = 0;
	loop->event_n = SD_MAX(n, 0);
	read_time(loop);
	deliver_events(loop);
	fire_timers(loop);
	run_tasks(loop);
	return SD_OK;
}

/* A stop that came before the run counts. */
int sd_loop_run(struct sd_loop *loop)
{
	int err = SD_OK;

	while (!loop->stop && err == SD_OK)
		err = sd_loop_turn(loop, -1);
	loop->stop = false;
	return err;
}

void sd_loop_stop(struct sd_loop *loop)
{
	loop->stop = true;
}
