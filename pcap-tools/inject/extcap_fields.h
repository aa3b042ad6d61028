/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Wireshark's dialog asks before a capture: one field an option of
 * st-inject, in groups.
 */
#ifndef ST_INJECT_EXTCAP_FIELDS_H
#define ST_INJECT_EXTCAP_FIELDS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <servicetrace/config.h>
#include <servicetrace/service.h>

enum extcap_kind {
	EXTCAP_TEXT,
	EXTCAP_NUMBER,
	EXTCAP_FLAG,	 /* present or absent, without a value */
	EXTCAP_CHOICE,	 /* one of a few words */
	EXTCAP_SERVICES, /* any of the database's services */
	EXTCAP_FILE,
};

/* The word of a choice that stands for "leave the option out". */
#define EXTCAP_ANY "any"

/* A word to choose and what the dialog calls it. */
struct extcap_choice {
	const char *word;
	const char *display;
};

struct extcap_field {
	const char *name;   /* in the dialog's answer: --NAME */
	const char *option; /* of st-inject; NULL: the chosen word is the option */
	enum extcap_kind kind;
	uint32_t low, high; /* of a number */
	bool selects;	    /* says which flows are wanted, not how or which of them */
	const char *group;
	const char *display;
	const char *tooltip;
	const char *separators; /* of several values in one text; NULL: it is one value */
	const char *validation; /* a regular expression; NULL: anything goes */
	const char *placeholder;
	const struct extcap_choice *choices;
	size_t choice_count;
	/* What st-inject does without the option, freed with g_free(); NULL: no value says it. */
	char *(*standard)(const struct st_config *config);
};

/* The field of this name; NULL: there is none. */
const struct extcap_field *extcap_field_find(const char *name);

/*
 * The dialog in extcap's grammar, with the defaults of st-inject; `services` are
 * offered to choose from. Freed with g_free().
 */
char *extcap_dialog(const struct st_signatures *services);

/* Only what there is to choose from in this field; empty if it offers nothing. */
char *extcap_dialog_choices(const struct extcap_field *field, const struct st_signatures *services);

/* Appends "{name=value}"; what would end the member is replaced. NULL: appends nothing. */
void extcap_member(GString *text, const char *name, const char *value);

#endif
