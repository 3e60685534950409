/* SPDX-License-Identifier: MIT
 * Segments: what a holder of the descriptor can no longer do, and heads that are refused. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "fdset.h"
#include "shm_map.h"

#define SIZE 8192

static int open_before;

static int setup(void **state)
{
	(void)state;
	open_before = sd_fd_count();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return sd_fd_count() == open_before ? 0 : -1;
}

static void *make(enum shm_kind kind, size_t size, int *fd)
{
	struct sd_diag diag = {""};
	void *p;

	if (shm_create(kind, 9, size, fd, &p, &diag) != 0)
		fail_msg("%s", diag.text);
	return p;
}

static bool maps(int fd, int prot)
{
	void *p = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		(void)munmap(p, SIZE);
	return p != MAP_FAILED;
}

static int reopen(int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* All that a process holding fd could try against the bytes or the size. */
static void nothing_works(int fd)
{
	void *ro = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(ro, MAP_FAILED);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_false(maps(fd, PROT_READ | PROT_WRITE));
	assert_int_equal(mprotect(ro, SIZE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 2 * SIZE), -1);
	assert_int_equal(fallocate(fd, 0, 1 << 20, SIZE), -1);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), -1);
	assert_int_equal(munmap(ro, SIZE), 0);
}

static void test_shared_is_sealed_for_others(void **state)
{
	int fd, again;
	uint8_t *p = make(SHM_KIND_CONTROL, SIZE, &fd);

	(void)state;
	assert_int_equal(shm_seal_shared(fd), 0);
	nothing_works(fd);
	again = reopen(fd);
	if (again >= 0) {
		nothing_works(again);
		assert_int_equal(close(again), 0);
	}
	/* our own mapping goes on writing */
	p[SIZE - 1] = 42;
	assert_int_equal(munmap(p, SIZE), 0);
	assert_false(maps(fd, PROT_READ | PROT_WRITE));
	assert_int_equal(close(fd), 0);
}

static void test_a_text_is_sealed_and_read_from_its_beginning(void **state)
{
	int fd = shm_text_fd("sessiond-text", SD_SLICE("hello"));
	char got[16] = "";

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	nothing_works(fd);
	assert_int_equal(read(fd, got, sizeof(got)), 5);
	assert_string_equal(got, "hello");
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), -1);
	assert_int_equal(close(fd), 0);
}

static void test_final_is_sealed_for_all(void **state)
{
	int fd, again;
	void *p = make(SHM_KIND_POLICY, SIZE, &fd);
	const void *ro;
	size_t size;

	(void)state;
	assert_int_equal(shm_seal_final(fd, &p, SIZE), 0);
	assert_null(p);
	nothing_works(fd);
	again = reopen(fd);
	if (again >= 0) {
		nothing_works(again);
		assert_int_equal(close(again), 0);
	}
	assert_int_equal(shm_map(fd, SHM_KIND_POLICY, 64, &ro, &size, NULL), 0);
	assert_int_equal(size, SIZE);
	shm_unmap(&ro, size);
	assert_null(ro);
	assert_int_equal(close(fd), 0);
}

static void test_final_fails_while_someone_may_write(void **state)
{
	int fd;
	void *p = make(SHM_KIND_POLICY, SIZE, &fd);
	void *other = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	(void)state;
	assert_ptr_not_equal(other, MAP_FAILED);
	assert_int_equal(shm_seal_final(fd, &p, SIZE), SD_ERR_SYSTEM);
	assert_int_equal(munmap(other, SIZE), 0);
	assert_int_equal(shm_seal_final(fd, &p, SIZE), 0);
	assert_int_equal(close(fd), 0);
}

static void test_statistics_have_one_owner(void **state)
{
	int fd;
	void *p = make(SHM_KIND_STATS, sizeof(struct shm_stats), &fd);
	struct shm_stats *own, *second;

	(void)state;
	assert_int_equal(shm_seal_size(fd), 0);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(shm_map_own_stats(fd, &own, NULL), 0);
	own->panic[0] = 'p';
	assert_int_equal(((struct shm_stats *)p)->panic[0], 'p');
	assert_int_equal(shm_map_own_stats(fd, &second, NULL), SD_ERR_SYSTEM);
	assert_null(second);
	nothing_works(fd);
	assert_int_equal(munmap(own, sizeof(*own)), 0);
	assert_int_equal(munmap(p, sizeof(*own)), 0);
	assert_int_equal(close(fd), 0);
}

static void test_heads_that_do_not_fit_are_refused(void **state)
{
	int fd;
	struct shm_head *head = make(SHM_KIND_CONTROL, SIZE, &fd), good = *head;
	const void *ro;
	size_t size;

	(void)state;
	assert_int_equal(head->number, 9);
	assert_int_equal(shm_map(fd, SHM_KIND_CONTROL, SIZE, &ro, &size, NULL), 0);
	shm_unmap(&ro, size);
	assert_int_equal(shm_map(fd, SHM_KIND_CONTROL, SIZE + 1, &ro, &size, NULL), SD_ERR_INVALID);
	assert_null(ro);
	assert_int_equal(size, 0);
	assert_int_equal(shm_map(fd, SHM_KIND_STATS, SIZE, &ro, &size, NULL), SD_ERR_INVALID);
	head->magic ^= 1;
	assert_int_equal(shm_map(fd, SHM_KIND_CONTROL, SIZE, &ro, &size, NULL), SD_ERR_VERSION);
	*head = good;
	head->major++;
	assert_int_equal(shm_map(fd, SHM_KIND_CONTROL, SIZE, &ro, &size, NULL), SD_ERR_VERSION);
	*head = good;
	head->minor++;
	assert_int_equal(shm_map(fd, SHM_KIND_CONTROL, SIZE, &ro, &size, NULL), 0);
	shm_unmap(&ro, size);
	head->size--;
	assert_int_equal(shm_map(fd, SHM_KIND_CONTROL, SIZE, &ro, &size, NULL), SD_ERR_INVALID);
	assert_int_equal(munmap(head, SIZE), 0);
	assert_int_equal(close(fd), 0);
}

static void test_other_descriptors_are_refused(void **state)
{
	const void *ro;
	size_t size;
	int fd, fds[2], p = pipe(fds);

	(void)state;
	assert_int_equal(p, 0);
	assert_int_equal(shm_map(fds[0], SHM_KIND_CONTROL, 64, &ro, &size, NULL), SD_ERR_SYSTEM);
	assert_int_equal(shm_map(-1, SHM_KIND_CONTROL, 64, &ro, &size, NULL), SD_ERR_SYSTEM);
	assert_int_equal(shm_create(SHM_KIND_CONTROL, 0, 63, &fd, &(void *){0}, NULL), SD_ERR_INVALID);
	assert_int_equal(fd, -1);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
}

/* The child touches the parent's writable mapping: it must not have it. */
static void test_a_forked_child_has_no_writable_mapping(void **state)
{
	int fd, status;
	volatile uint8_t *p = make(SHM_KIND_CONTROL, SIZE, &fd);
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		p[100] = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	assert_int_equal(p[100], 0);
	assert_int_equal(munmap((void *)(uintptr_t)p, SIZE), 0);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_shared_is_sealed_for_others),
		T(test_a_text_is_sealed_and_read_from_its_beginning),
		T(test_final_is_sealed_for_all),
		T(test_final_fails_while_someone_may_write),
		T(test_statistics_have_one_owner),
		T(test_heads_that_do_not_fit_are_refused),
		T(test_other_descriptors_are_refused),
		T(test_a_forked_child_has_no_writable_mapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
