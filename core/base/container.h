/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an embedded member (a list link, a heap entry) to the struct that holds it. */
#ifndef ST_BASE_CONTAINER_H
#define ST_BASE_CONTAINER_H

#include <stddef.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
