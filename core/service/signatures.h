/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tracer needs of the database beyond its public face. */
#ifndef ST_SERVICE_SIGNATURES_H
#define ST_SERVICE_SIGNATURES_H

#include <servicetrace/service.h>

/* Grows with every change: what was matched before has to be matched again. */
uint64_t signatures_generation(const struct st_signatures *signatures);

#endif
