/* SPDX-License-Identifier: MIT
 * signer_main - the signer: boots from its channel, reads its keys, locks itself in, signs.
 * Owns:      the process's context, the order of its life
 * Runs in:   signer
 * Fails by:  HM_FAILED with a text that names tenant and key, then exit 71
 * Never:     open anything after HM_GO: new keys are a new signer's */
#include "base.h"

#include <signal.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "die.h"
#include "err.h"
#include "keyring.h"
#include "log.h"
#include "loop.h"
#include "mint.h"
#include "policy_view.h"
#include "shm_board.h"
#include "shm_map.h"
#include "signer_audit.h"
#include "signer_memory.h"
#include "signer_peer.h"
#include "signer_sandbox.h"
#include "token_warm.h"

#define BEAT_NS (500 * SD_NS_PER_MS)
#define DRAIN_NS (50 * SD_NS_PER_MS)
#define DRAIN_MOST_NS (2 * SD_NS_PER_S)

struct signer {
	struct sd_loop *loop;
	struct sd_io channel;
	struct sd_timer beat, drain;
	int64_t drain_until_ns;
	struct hm_boot boot;
	bool booted, serving;
	const void *policy; /* mapped */
	size_t policy_size;
	struct policy_view view;
	struct keyring *ring;
	struct mint mint;
	struct signer_audit audit;
	struct signer_peers peers;
	struct shm_stats *stats;
};

/* --- the master's messages: each takes the descriptor by setting *fd to -1 --- */

static void on_boot(struct signer *s, const struct hm_msg *m, int *fd)
{
	(void)fd;
	if (s->serving)
		return;
	child_boot(m, &s->boot);
	s->booted = true;
}

static void on_stats(struct signer *s, const struct hm_msg *m, int *fd)
{
	(void)m;
	if (s->stats == NULL && !s->serving)
		s->stats = s->peers.stats = child_stats(*fd);
}

static void on_policy(struct signer *s, const struct hm_msg *m, int *fd)
{
	struct sd_diag diag = {{0}};

	(void)m;
	if (s->policy != NULL) {
		sd_log(SD_LOG_WARN, "policy-refused", SD_FS("text", "a signer has one generation"));
		return;
	}
	if (shm_map(*fd, SHM_KIND_POLICY, sizeof(struct policy_image), &s->policy, &s->policy_size,
		    &diag) != SD_OK ||
	    policy_view_open(s->policy, s->policy_size, &s->view, &diag) != SD_OK)
		child_fail(diag.text);
}

static void on_auditor(struct signer *s, const struct hm_msg *m, int *fd)
{
	(void)m;
	if (signer_audit_connect(&s->audit, *fd) != SD_OK)
		sd_log(SD_LOG_ERROR, "auditor-lost");
	*fd = -1;
}

static void on_peer(struct signer *s, const struct hm_msg *m, int *fd)
{
	int err = signer_peer_add(&s->peers, &m->u.peer, *fd);

	*fd = -1;
	if (err != SD_OK) /* that worker would be without a signer for ever: rather a fresh one for all */
		sd_fatal(SD_EXIT_OSERR, "signer: peer %u cannot be taken: %s", m->u.peer.index,
			 sd_err_text(err));
}

/* --- time --- */

static void on_beat(struct sd_timer *t)
{
	struct signer *s = SD_CONTAINER_OF(t, struct signer, beat);

	if (s->stats != NULL)
		board_beat(s->stats, sd_loop_now_ns(s->loop));
	if (sd_timer_at(s->loop, t, sd_loop_now_ns(s->loop) + BEAT_NS, on_beat) != SD_OK)
		sd_log(SD_LOG_ERROR, "heartbeat-lost");
}

static void on_drain_timer(struct sd_timer *t)
{
	struct signer *s = SD_CONTAINER_OF(t, struct signer, drain);
	int64_t now_ns = sd_loop_now_ns(s->loop);

	if (signer_peer_drain(&s->peers) || now_ns >= s->drain_until_ns ||
	    sd_timer_at(s->loop, t, now_ns + DRAIN_NS, on_drain_timer) != SD_OK)
		sd_loop_stop(s->loop);
}

/* --- beginning and end --- */

static size_t count_keys(const struct policy_view *v)
{
	size_t n = 0;

	for (uint32_t i = 0; i < v->image->tenants.count; i++)
		n += policy_view_tenant(v, i)->keys.count;
	return n;
}

/* All that is lazy happens here, all that is opened is opened here. */
static int prepare(struct signer *s, struct sd_diag *diag)
{
	struct keyring_in in = {
	    .view = &s->view,
	    .keys_dir = s->boot.keys_dir,
	    .master_key_file = s->boot.master_key_file,
	    .now_s = sd_clock_wall_ms() / 1000,
	};
	bool must_lock = (s->boot.sandbox_require & SD_SANDBOX_MLOCK) != 0;
	int err = keyring_secure_heap(count_keys(&s->view), diag);

	if (err == SD_OK && token_warm_up() != SD_OK)
		err = sd_diag_set(diag, SD_ERR_CRYPTO, "OpenSSL gives wrong answers to known questions");
	if (err == SD_OK)
		err = keyring_load(&in, &s->ring, diag);
	if (err == SD_OK && mint_init(&s->mint, &s->view, s->ring) != SD_OK)
		err = sd_diag_set(diag, SD_ERR_MEMORY, "no memory for the tenants' rates");
	if (err == SD_OK)
		err = mint_warm_up(&s->mint, diag);
	return err != SD_OK ? err : signer_memory_lock(must_lock, diag);
}

static void on_go(struct signer *s, const struct hm_msg *m, int *fd)
{
	struct hm_ready ready = {0};
	struct signer_sandbox sandbox;
	struct sd_diag diag = {{0}};

	(void)m;
	(void)fd;
	if (s->serving)
		return;
	if (!s->booted || s->policy == NULL)
		child_fail("signer: told to go without its values or a policy");
	signer_sandbox_spec(&s->boot, &sandbox);
	/* the probe forks: before there is a secret to copy */
	if (sd_sandbox_probe(&sandbox.spec, &diag) != SD_OK || prepare(s, &diag) != SD_OK ||
	    sd_sandbox_enter(&sandbox.spec, &ready.sandbox, &diag) != SD_OK)
		child_fail(diag.text);
	s->serving = true;
	if (signer_peer_start(&s->peers, &s->mint) != SD_OK)
		child_fail("signer: its peers cannot be polled");
	if (s->stats != NULL)
		board_state(s->stats, BOARD_SERVING);
	on_beat(&s->beat);
	ready.generation = policy_view_generation(&s->view);
	if (hm_send(HERITAGE_FD_CHANNEL, HM_READY, 0, &ready, sizeof(ready), -1) != SD_OK)
		sd_loop_stop(s->loop);
}

static void on_drain(struct signer *s, const struct hm_msg *m, int *fd)
{
	(void)m;
	(void)fd;
	if (s->stats != NULL)
		board_state(s->stats, BOARD_DRAINING);
	s->drain_until_ns = sd_loop_now_ns(s->loop) + DRAIN_MOST_NS;
	if (s->serving)
		on_drain_timer(&s->drain);
	else
		sd_loop_stop(s->loop);
}

static void dispatch(struct signer *s, const struct hm_msg *m, int *fd)
{
	static void (*const table[])(struct signer *s, const struct hm_msg *m, int *fd) = {
	    [HM_BOOT] = on_boot, [HM_STATS] = on_stats, [HM_POLICY] = on_policy,
	    [HM_PEER] = on_peer, [HM_GO] = on_go,	[HM_AUDITOR] = on_auditor,
	    [HM_DRAIN] = on_drain,
	};

	if (m->head.type < SD_ARRAY_LEN(table) && table[m->head.type] != NULL)
		table[m->head.type](s, m, fd);
	else
		sd_log(SD_LOG_WARN, "message-unknown", SD_FI("type", m->head.type));
}

static void on_channel(struct sd_io *io, uint32_t events)
{
	struct signer *s = SD_CONTAINER_OF(io, struct signer, channel);
	struct hm_msg m;
	int fd = -1;
	int err = hm_recv(io->fd, &m, &fd);

	(void)events;
	if (err == SD_OK)
		dispatch(s, &m, &fd);
	else if (err == SD_ERR_CLOSED)
		sd_loop_stop(s->loop); /* the master is gone: nobody may ask any more */
	else if (err != SD_ERR_AGAIN)
		sd_fatal(SD_EXIT_OSERR, "channel: %s", sd_err_text(err));
	if (fd >= 0)
		(void)close(fd);
}

int main(void)
{
	static struct signer s;
	int err;

	signer_memory_prepare();
	child_begin(ROLE_SIGNER);
	if (sd_loop_new(&s.loop) != SD_OK)
		child_fail("signer: no memory for its loop");
	signer_audit_init(&s.audit, s.loop);
	signer_peer_init(&s.peers, s.loop, &s.audit);
	if (sd_loop_add(s.loop, &s.channel, HERITAGE_FD_CHANNEL, EPOLLIN, on_channel) != SD_OK)
		sd_fatal(SD_EXIT_CONFIG, "started by hand: this program is started by sessiond");
	err = sd_loop_run(s.loop);
	if (err != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "loop: %s", sd_err_text(err));
	signer_peer_fini(&s.peers);
	signer_audit_fini(&s.audit);
	mint_fini(&s.mint);
	keyring_free(&s.ring);
	sd_loop_free(&s.loop);
	return 0;
}
