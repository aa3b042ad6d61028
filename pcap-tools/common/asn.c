/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Databases of the MaxMind DB format, whose records are maps: which members say
 * what is a matter of the publisher. Those of MaxMind, DB-IP and IPinfo are known.
 */
#include "asn.h"

#include <errno.h>
#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "socket_address.h"

/* Names of organisations are some words; whoever writes more does not mean a name. */
#define NAME_BYTES_MAX 256
#define COUNTRY_LETTERS 2

struct asn {
	GArray *databases; /* MMDB_s */
	char name[NAME_BYTES_MAX + 1];
	char country[COUNTRY_LETTERS + 1];
};

/* Where a record may say one thing: keys from the outermost map inwards. */
typedef const char *const member_path[3];

static const member_path number_paths[] = {{"autonomous_system_number"}, {"asn"}};
static const member_path name_paths[] = {{"autonomous_system_organization"}, {"as_name"}};
static const member_path country_paths[] = {
	{"country", "iso_code"},
	{"registered_country", "iso_code"},
	{"country_code"},
	{"country"},
};

static bool open_one(MMDB_s *database, const char *path, GError **error)
{
	errno = 0;
	int status = MMDB_open(path, MMDB_MODE_MMAP, database);
	bool is_unread = status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR;

	if (status == MMDB_SUCCESS)
		return true;
	if (is_unread && errno != 0)
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "--asn-db: %s: %s", path,
			    g_strerror(errno));
	else
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "--asn-db: %s: is no database of the MaxMind DB format", path);
	return false;
}

static void close_one(void *database)
{
	MMDB_close(database);
}

struct asn *asn_open(const GPtrArray *paths, GError **error)
{
	struct asn *asn = g_new0(struct asn, 1);

	asn->databases = g_array_new(FALSE, FALSE, sizeof(MMDB_s));
	g_array_set_clear_func(asn->databases, close_one);
	for (guint i = 0; i < paths->len; i++) {
		MMDB_s database;

		if (!open_one(&database, g_ptr_array_index(paths, i), error)) {
			asn_close(asn);
			return NULL;
		}
		g_array_append_val(asn->databases, database);
	}
	return asn;
}

void asn_close(struct asn *asn)
{
	if (asn == NULL)
		return;
	g_array_unref(asn->databases);
	g_free(asn);
}

/* The member as text of at most `most` bytes. A longer one, or what is no UTF-8, is not taken. */
static bool read_text(MMDB_entry_s *entry, const member_path path, char *text, size_t most)
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size == 0 ||
	    data.data_size > most || !g_utf8_validate(data.utf8_string, data.data_size, NULL))
		return false;
	memcpy(text, data.utf8_string, data.data_size);
	text[data.data_size] = '\0';
	return true;
}

/* "AS64500" */
static uint32_t parse_number(const char *text)
{
	guint64 number;

	if (g_ascii_strncasecmp(text, "AS", 2) != 0 ||
	    !g_ascii_string_to_unsigned(text + 2, 10, 1, UINT32_MAX, &number, NULL))
		return 0;
	return (uint32_t)number;
}

static uint32_t read_number(MMDB_entry_s *entry, const member_path path)
{
	MMDB_entry_data_s data;
	char text[sizeof("AS4294967295")];

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data)
		return 0;
	if (data.type == MMDB_DATA_TYPE_UINT32)
		return data.uint32;
	if (data.type == MMDB_DATA_TYPE_UINT16)
		return data.uint16;
	return read_text(entry, path, text, sizeof(text) - 1) ? parse_number(text) : 0;
}

static bool is_country(const char *text)
{
	return strlen(text) == COUNTRY_LETTERS && g_ascii_isupper(text[0]) &&
	       g_ascii_isupper(text[1]);
}

static void read_entry(struct asn *asn, MMDB_entry_s *entry, struct st_router *router)
{
	bool has_number = router->asn != 0;

	for (size_t i = 0; router->asn == 0 && i < G_N_ELEMENTS(number_paths); i++)
		router->asn = read_number(entry, number_paths[i]);
	/* A name belongs to the number beside it. */
	for (size_t i = 0; !has_number && router->as_name == NULL && i < G_N_ELEMENTS(name_paths);
	     i++) {
		if (read_text(entry, name_paths[i], asn->name, NAME_BYTES_MAX))
			router->as_name = asn->name;
	}
	for (size_t i = 0; router->country == NULL && i < G_N_ELEMENTS(country_paths); i++) {
		if (read_text(entry, country_paths[i], asn->country, COUNTRY_LETTERS) &&
		    is_country(asn->country))
			router->country = asn->country;
	}
}

bool asn_look(struct asn *asn, const struct st_addr *addr, struct st_router *router)
{
	struct sockaddr_storage storage;

	if (asn == NULL)
		return false;
	socket_address(addr, &storage);
	for (guint i = 0; i < asn->databases->len; i++) {
		const MMDB_s *database = &g_array_index(asn->databases, MMDB_s, i);
		int status;
		MMDB_lookup_result_s found =
			MMDB_lookup_sockaddr(database, (const struct sockaddr *)&storage, &status);

		if (status == MMDB_SUCCESS && found.found_entry)
			read_entry(asn, &found.entry, router);
	}
	return router->asn != 0 || router->as_name != NULL || router->country != NULL;
}
