/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything of libservicetrace. */
#ifndef SERVICETRACE_SERVICETRACE_H
#define SERVICETRACE_SERVICETRACE_H

#include <servicetrace/base.h>
#include <servicetrace/config.h>
#include <servicetrace/flow.h>
#include <servicetrace/packet.h>
#include <servicetrace/report.h>
#include <servicetrace/service.h>
#include <servicetrace/trace.h>
#include <servicetrace/tracer.h>

#endif
