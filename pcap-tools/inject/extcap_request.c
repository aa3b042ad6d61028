/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command lines are Wireshark's, of versions 4.0 to 4.6. What a later one
 * adds begins with --extcap- too, and is passed over.
 */
#include "extcap_request.h"

#include <string.h>

#include "failure.h"

#define EXTCAP_PREFIX "--extcap-"

/* A word of extcap itself. */
struct word {
	const char *name;
	enum extcap_action action; /* what it asks for; EXTCAP_NOTHING: it belongs to another */
	bool has_value;
	size_t value; /* where that is kept in struct extcap_request */
};

#define ACTION(what) what, false, 0
#define KEPT(member) EXTCAP_NOTHING, true, offsetof(struct extcap_request, member)

static const struct word words[] = {
	{"--extcap-interfaces", ACTION(EXTCAP_LIST_INTERFACES)},
	{"--extcap-dlts", ACTION(EXTCAP_LIST_LINK_TYPES)},
	{"--extcap-config", ACTION(EXTCAP_SHOW_DIALOG)},
	{"--capture", ACTION(EXTCAP_CAPTURE)},
	{"--extcap-interface", KEPT(interface)},
	{"--extcap-capture-filter", KEPT(filter)},
	{"--extcap-reload-option", KEPT(reload)},
	{"--fifo", KEPT(fifo)},
};

/* A command line that is being read. */
struct cursor {
	char *const *at; /* the word in hand */
	size_t name_bytes;
	const char *inside; /* its value behind "="; NULL: there is none */
};

static void take_word(struct cursor *cursor)
{
	cursor->name_bytes = strcspn(*cursor->at, "=");
	cursor->inside = (*cursor->at)[cursor->name_bytes] == '='
				 ? *cursor->at + cursor->name_bytes + 1
				 : NULL;
}

static bool is_called(const struct cursor *cursor, const char *name)
{
	return strlen(name) == cursor->name_bytes &&
	       strncmp(*cursor->at, name, cursor->name_bytes) == 0;
}

/* The value behind "=", else the next word, whatever it looks like. */
static bool take_value(struct cursor *cursor, const char **value, GError **error)
{
	if (cursor->inside == NULL && cursor->at[1] == NULL) {
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE, "missing value for %s",
			    *cursor->at);
		return false;
	}
	*value = cursor->inside != NULL ? cursor->inside : *++cursor->at;
	return true;
}

/* What may be the value of a word that is not known. */
static void skip_value(struct cursor *cursor)
{
	if (cursor->inside == NULL && cursor->at[1] != NULL &&
	    !g_str_has_prefix(cursor->at[1], "--"))
		cursor->at++;
}

static const struct word *find_word(const struct cursor *cursor)
{
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (is_called(cursor, words[i].name))
			return &words[i];
	}
	return NULL;
}

static bool read_extcap_word(struct extcap_request *request, struct cursor *cursor,
			     const struct word *word, GError **error)
{
	if (word->has_value)
		return take_value(cursor, (const char **)(void *)((char *)request + word->value),
				  error);
	/* With --capture a filter is not to be checked, but to be used. */
	request->action = word->action;
	return true;
}

static const struct extcap_field *find_field(const struct cursor *cursor)
{
	g_autofree char *name = NULL;

	if (cursor->name_bytes < 2 || strncmp(*cursor->at, "--", 2) != 0)
		return NULL;
	name = g_strndup(*cursor->at + 2, cursor->name_bytes - 2);
	return extcap_field_find(name);
}

static bool read_answer(struct extcap_request *request, struct cursor *cursor, GError **error)
{
	struct extcap_answer answer = {.field = find_field(cursor)};

	if (answer.field == NULL) {
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
			    "unknown option %s for a capture from Wireshark", *cursor->at);
		return false;
	}
	if (answer.field->kind != EXTCAP_FLAG && !take_value(cursor, &answer.value, error))
		return false;
	g_array_append_val(request->answers, answer);
	return true;
}

static bool read_word(struct extcap_request *request, struct cursor *cursor, GError **error)
{
	const struct word *word;

	take_word(cursor);
	word = find_word(cursor);
	if (word != NULL)
		return read_extcap_word(request, cursor, word, error);
	if (!g_str_has_prefix(*cursor->at, EXTCAP_PREFIX))
		return read_answer(request, cursor, error);
	skip_value(cursor);
	return true;
}

/* "st-eth0" is eth0. */
static bool name_interface(struct extcap_request *request, GError **error)
{
	const char *name = request->interface;

	if (name == NULL)
		return true;
	if (!g_str_has_prefix(name, EXTCAP_INTERFACE_PREFIX) ||
	    name[strlen(EXTCAP_INTERFACE_PREFIX)] == '\0') {
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
			    "\"%s\" is no interface of --extcap-interfaces", name);
		return false;
	}
	request->interface = name + strlen(EXTCAP_INTERFACE_PREFIX);
	return true;
}

bool extcap_is_meant(char *const *argv)
{
	for (char *const *at = argv; *at != NULL; at++) {
		if (g_str_has_prefix(*at, EXTCAP_PREFIX))
			return true;
	}
	return false;
}

bool extcap_request_read(struct extcap_request *request, char *const *argv, GError **error)
{
	struct cursor cursor = {.at = argv};
	bool good = true;

	*request = (struct extcap_request){
		.answers = g_array_new(FALSE, FALSE, sizeof(struct extcap_answer)),
	};
	if (*cursor.at != NULL)
		cursor.at++;
	for (; *cursor.at != NULL; cursor.at++)
		good = read_word(request, &cursor, good ? error : NULL) && good;
	if (request->action == EXTCAP_NOTHING && request->filter != NULL)
		request->action = EXTCAP_CHECK_FILTER;
	if (request->filter != NULL && *request->filter == '\0')
		request->filter = NULL;
	return name_interface(request, good ? error : NULL) && good;
}

void extcap_request_clear(struct extcap_request *request)
{
	g_clear_pointer(&request->answers, g_array_unref);
}

static const struct extcap_answer *answer_at(const struct extcap_request *request, guint index)
{
	return &g_array_index(request->answers, struct extcap_answer, index);
}

/* Adds the values in a text without the blanks around them and the empty ones. */
static void add_values(GPtrArray *values, const struct extcap_answer *answer)
{
	const char *separators = answer->field->separators;
	char **parts = g_strsplit_set(answer->value, separators == NULL ? "" : separators, -1);

	for (char **part = parts; *part != NULL; part++) {
		g_strstrip(*part);
		if (**part == '\0')
			g_free(*part);
		else
			g_ptr_array_add(values, *part);
	}
	g_free(parts); /* the texts are the array's now */
}

static GPtrArray *answer_values(const struct extcap_answer *answer)
{
	GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
	bool is_any =
		answer->field->kind == EXTCAP_CHOICE && strcmp(answer->value, EXTCAP_ANY) == 0;

	if (!is_any)
		add_values(values, answer);
	return values;
}

/* A word that is an option itself must be one of the choices. */
static bool is_choice(const struct extcap_field *field, const char *word)
{
	for (size_t i = 0; i < field->choice_count; i++) {
		if (strcmp(field->choices[i].word, word) == 0)
			return true;
	}
	return false;
}

static bool add_option(GPtrArray *command, const struct extcap_field *field, const char *value,
		       GError **error)
{
	if (field->option != NULL) {
		g_ptr_array_add(command, g_strdup_printf("--%s=%s", field->option, value));
		return true;
	}
	if (!is_choice(field, value)) {
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
			    "--%s: \"%s\" is none of its choices", field->name, value);
		return false;
	}
	g_ptr_array_add(command, g_strdup_printf("--%s", value));
	return true;
}

static bool add_answer(GPtrArray *command, const struct extcap_answer *answer, bool *selects,
		       GError **error)
{
	const struct extcap_field *field = answer->field;

	if (field->kind == EXTCAP_FLAG) {
		g_ptr_array_add(command, g_strdup_printf("--%s", field->option));
		*selects = *selects || field->selects;
		return true;
	}
	g_autoptr(GPtrArray) values = answer_values(answer);
	for (guint i = 0; i < values->len; i++) {
		if (!add_option(command, field, g_ptr_array_index(values, i), error))
			return false;
		*selects = *selects || field->selects;
	}
	return true;
}

static bool fill_command(GPtrArray *command, const struct extcap_request *request, GError **error)
{
	bool selects = false;

	g_ptr_array_add(command, g_strdup("st-inject"));
	g_ptr_array_add(command, g_strdup_printf("--interface=%s", request->interface));
	/* No reports: nobody reads them. No remarks: Wireshark takes each for an error. */
	g_ptr_array_add(command, g_strdup("--write=-"));
	g_ptr_array_add(command, g_strdup("--quiet"));
	for (guint i = 0; i < request->answers->len; i++) {
		if (!add_answer(command, answer_at(request, i), &selects, error))
			return false;
	}
	if (!selects) {
		g_set_error_literal(error, FAILURE_ERROR, FAILURE_USAGE,
				    "nothing is selected: choose services, hosts, a flow or every "
				    "flow in the options of this interface (the gear beside it)");
		return false;
	}
	if (request->filter != NULL) {
		g_ptr_array_add(command, g_strdup("--"));
		g_ptr_array_add(command, g_strdup(request->filter));
	}
	return true;
}

char **extcap_request_command(const struct extcap_request *request, GError **error)
{
	GPtrArray *command = g_ptr_array_new_with_free_func(g_free);

	if (request->interface == NULL || !fill_command(command, request, error)) {
		if (request->interface == NULL)
			g_set_error_literal(error, FAILURE_ERROR, FAILURE_USAGE,
					    "--extcap-interface is missing");
		g_ptr_array_unref(command);
		return NULL;
	}
	g_ptr_array_add(command, NULL);
	return (char **)g_ptr_array_free(command, FALSE);
}

GPtrArray *extcap_request_values(const struct extcap_request *request, const char *option)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < request->answers->len; i++) {
		const struct extcap_answer *answer = answer_at(request, i);

		if (answer->value != NULL && g_strcmp0(answer->field->option, option) == 0)
			add_values(all, answer);
	}
	return all;
}
