/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service in the form of its file, signatures/README.md. */
#ifndef ST_SIGNATURES_SERVICE_FILE_H
#define ST_SIGNATURES_SERVICE_FILE_H

#include <servicetrace/service.h>

/* What a file is called: its service's id and this. */
#define SERVICE_FILE_SUFFIX ".service"

/* The text of a file that says all that `service` does; freed with g_free(). */
char *service_file_text(const struct st_service *service);

/* The key that rules of this kind are written with: "Domains". */
const char *service_file_key(enum st_rule_kind kind);

/* The line of this key in a file; 0: it is not there, or the file cannot be read. */
unsigned service_file_line(const char *path, const char *key);

#endif
