/* SPDX-License-Identifier: MIT
 * signer_client - requests to a signer and their answers.
 * Owns:      the socket to one signer, the list of calls that wait on it
 * Runs in:   worker
 * Fails by:  SD_ERR_CLOSED, SD_ERR_AGAIN; later through the call's answer (SIGN_FAILED)
 * Never:     build or change a token here: the signer alone does */
#include "base.h"
#include "signer_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "secret.h"

#define ANSWER_MAX (sizeof(struct tenant_keys) * SIGN_KEYS_BATCH + 4096)

/* The call has left its link's list. */
static void finish(struct signer_link *link, struct sign_call *call,
		   const struct sign_answer *answer)
{
	if (answer)
		call->answer = *answer;
	else
		call->answer = (struct sign_answer){.id = call->id, .status = SIGN_FAILED};
	free(call->packet);
	call->packet = NULL;
	call->next = NULL;
	call->done(call);
	signer_link_unref(&link); /* the call's own reference: done() may have dropped all others */
}

static struct sign_call *unlink_id(struct signer_link *link, uint32_t id)
{
	for (struct sign_call **p = &link->waiting; *p; p = &(*p)->next)
		if ((*p)->id == id) {
			struct sign_call *found = *p;
			*p = found->next;
			return found;
		}
	return NULL;
}

static void link_close(struct signer_link *link)
{
	if (link->fd < 0)
		return;
	sd_loop_del(link->loop, &link->io);
	close(link->fd);
	link->fd = -1;
	if (link->lost)
		link->lost(link, link->arg);
}

static void on_timer(struct sd_timer *t)
{
	struct signer_link *link = SD_CONTAINER_OF(t, struct signer_link, timer);
	int64_t now = sd_loop_now_ns(link->loop);
	int64_t next = INT64_MAX;
	struct sign_call *late = NULL;
	for (struct sign_call **p = &link->waiting; *p;) {
		struct sign_call *call = *p;
		if (call->deadline_ns <= now) {
			*p = call->next;
			call->next = late;
			late = call;
			continue;
		}
		next = SD_MIN(next, call->deadline_ns);
		p = &call->next;
	}
	if (next != INT64_MAX && sd_timer_at(link->loop, &link->timer, next, on_timer) != SD_OK)
		link_close(link);
	while (late) { /* each holds the link until it is told */
		struct sign_call *call = late;
		late = call->next;
		finish(link, call, NULL);
	}
}

static void on_io(struct sd_io *io, uint32_t events)
{
	struct signer_link *link = SD_CONTAINER_OF(io, struct signer_link, io);
	static uint8_t packet[ANSWER_MAX]; /* one thread; not kept across turns */
	(void)events;
	signer_link_ref(link); /* a done() may drop the last reference */
	for (int i = 0; i < 64 && link->fd >= 0; i++) {
		ssize_t n = recv(link->fd, packet, sizeof(packet), MSG_DONTWAIT);
		struct sign_answer answer;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0 || sign_answer_decode(sd_slice(packet, (size_t)n), &answer) != SD_OK) {
			link_close(link);
			break;
		}
		struct sign_call *call = unlink_id(link, answer.id);
		if (call) /* else it came after its deadline */
			finish(link, call, &answer);
		if (answer.op == SIGN_OP_TENANT_KEYS)
			sd_wipe(packet, (size_t)n);
	}
	signer_link_unref(&link);
}

int signer_link_new(const struct signer_link_conf *conf, int fd, struct signer_link **out)
{
	struct signer_link *link = calloc(1, sizeof(*link));
	*out = NULL;
	if (!link) {
		close(fd);
		return SD_ERR_MEMORY;
	}
	link->refs = 1;
	link->fd = fd;
	link->loop = conf->loop;
	link->ids = conf->ids;
	link->lost = conf->lost;
	link->arg = conf->arg;
	int r = sd_loop_add(conf->loop, &link->io, fd, EPOLLIN, on_io);
	if (r != SD_OK) {
		close(fd);
		free(link);
		return r;
	}
	*out = link;
	return SD_OK;
}

struct signer_link *signer_link_ref(struct signer_link *link)
{
	if (link)
		link->refs++;
	return link;
}

void signer_link_unref(struct signer_link **plink)
{
	struct signer_link *link = *plink;
	*plink = NULL;
	if (!link || --link->refs > 0)
		return;
	link->lost = NULL;
	link_close(link);
	sd_timer_off(link->loop, &link->timer);
	sd_bug_if(link->waiting != NULL); /* each holds a reference */
	free(link);
}

bool signer_link_alive(const struct signer_link *link)
{
	return link && link->fd >= 0;
}

static int send_call(struct signer_link *link, struct sign_call *call)
{
	if (!signer_link_alive(link))
		return SD_ERR_CLOSED;
	if (link->timer.heap_pos == 0 || link->timer.at_ns > call->deadline_ns) {
		int r = sd_timer_at(link->loop, &link->timer, call->deadline_ns, on_timer);
		if (r != SD_OK)
			return r;
	}
	ssize_t n = send(link->fd, call->packet, call->n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN ? SD_ERR_AGAIN : SD_ERR_CLOSED;
	signer_link_ref(link);
	call->next = link->waiting;
	link->waiting = call;
	return SD_OK;
}

int signer_call(struct signer_link *link, const struct sign_request *request, int64_t timeout_ns,
		struct sign_call *call)
{
	if (!signer_link_alive(link))
		return SD_ERR_CLOSED;
	struct sign_request numbered = *request;
	call->id = numbered.id = (*link->ids)++;
	call->deadline_ns = sd_loop_now_ns(link->loop) + timeout_ns;
	call->packet = malloc(SIGN_MAX_REQUEST);
	if (!call->packet)
		return SD_ERR_MEMORY;
	int r = sign_request_encode(&numbered, call->packet, SIGN_MAX_REQUEST, &call->n);
	if (r == SD_OK)
		r = send_call(link, call);
	if (r != SD_OK) {
		free(call->packet);
		call->packet = NULL;
	}
	return r;
}

void signer_link_move(struct signer_link *from, struct signer_link *to)
{
	struct sign_call *moving = from->waiting;
	signer_link_ref(from); /* a done() below may drop the last reference of either */
	signer_link_ref(to);
	from->waiting = NULL;
	sd_timer_off(from->loop, &from->timer);
	while (moving) {
		struct sign_call *call = moving;
		struct signer_link *held = from;
		moving = call->next;
		if (send_call(to, call) == SD_OK)
			signer_link_unref(&held);
		else
			finish(from, call, NULL);
	}
	signer_link_unref(&to);
	signer_link_unref(&from);
}
