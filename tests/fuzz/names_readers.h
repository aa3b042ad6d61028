/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers below the finders of names, as fuzz_names.c uses them. */
#ifndef ST_TESTS_FUZZ_NAMES_READERS_H
#define ST_TESTS_FUZZ_NAMES_READERS_H

#include "input.h"
#include "service/hello.h"
#include "service/names.h"

/* Texts are printable, the host in lower case, both end within their room. */
void readers_check_facts(const struct hello_facts *facts);

/* Reads a message. With `names`, NULL otherwise, these must have the last that it says. */
void readers_dns(const uint8_t *bytes, size_t count, const struct names *names, uint64_t now);

/* Every reader at these bytes, at as many prefixes as there is work left, and at one more. */
void readers_at_prefixes(const struct input *bytes, size_t one, unsigned *work_left);

#endif
