/* SPDX-License-Identifier: MIT
 * signals - what the first process received, and what it means.
 * Owns:      nothing
 * Runs in:   master (after the sandbox)
 * Fails by:  never
 * Never:     ends the master by default: an unknown signal is a line in the log */
#include "base.h"
#include "master.h"

#include <signal.h>

#include "log.h"

void signals_handle(struct master *m, int number)
{
	switch (number) {
	case SIGTERM:
	case SIGINT:
		drain_start(m);
		break;
	case SIGHUP:
		reload_request(m, RELOAD_BY_SIGNAL);
		break;
	case SIGUSR1:
		handover_audit_file(m);
		break;
	case SIGUSR2:
		sd_log(SD_LOG_WARN, "upgrade-unsupported",
		       SD_FS("text", "starting a new binary on the same sockets is not in this "
				     "version: stop and start instead"));
		break;
	default:
		sd_log(SD_LOG_INFO, "signal-ignored", SD_FI("signal", number));
	}
}
