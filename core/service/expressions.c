/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/expressions.h"

#include <string.h>

#include "base/container.h"

/*
 * Steps one match may take. Names come from strangers and expressions such as
 * (a+)+b need very many for some of them; a name has 253 characters at most, and
 * no reasonable expression takes more than a few hundred steps.
 */
#define WRAPPED "(*LIMIT_MATCH=20000)\\A(?:%s)\\z"

/* Names are ASCII, so bytes are characters. */
#define COMPILE_FLAGS (G_REGEX_CASELESS | G_REGEX_RAW)

/* Walks an expression for the text it ends in. */
struct tail_reader {
	const char *at;
	GString *run; /* the plain characters just read */
	unsigned depth;
	bool clear; /* false: something that this does not understand, or a choice */
};

/* A backslash: before '.' or '-' that very character, before a class any; else not plain. */
static void read_escape(struct tail_reader *reader)
{
	char escaped = reader->at[1];

	if (escaped == '.' || escaped == '-') {
		g_string_append_c(reader->run, escaped);
	} else {
		g_string_truncate(reader->run, 0);
		reader->clear = escaped != '\0' && strchr("dwDWsS", escaped);
	}
	reader->at += 1 + (escaped != '\0');
}

/* Where a class ends; NULL: there is something in it that this does not understand. */
static const char *end_of_class(const char *at)
{
	at += *at == '^';
	at += *at == ']';
	for (; *at != ']'; at++) {
		if (*at == '\0' || *at == '[')
			return NULL;
		if (*at == '\\' && (g_ascii_isalnum(*++at) ? !strchr("dwDWsS", *at) : *at == '\0'))
			return NULL;
	}
	return at;
}

/* A class: any character, but for one of a single character, as people write "[.]". */
static void read_class(struct tail_reader *reader)
{
	const char *first = reader->at + 1, *end = end_of_class(first);

	reader->clear = end != NULL;
	if (!end)
		return;
	if (end == first + 1 && *first != '^')
		g_string_append_c(reader->run, g_ascii_tolower(*first));
	else
		g_string_truncate(reader->run, 0);
	reader->at = end + 1;
}

static void read_group(struct tail_reader *reader)
{
	const char *at = reader->at;

	g_string_truncate(reader->run, 0);
	if (*at == ')') {
		reader->depth--;
		reader->at++;
		return;
	}
	reader->depth++;
	reader->clear = at[1] != '*' && (at[1] != '?' || at[2] == ':');
	if (reader->clear)
		reader->at += at[1] == '?' ? 3 : 1;
}

static void read_item(struct tail_reader *reader)
{
	switch (*reader->at) {
	case '\\':
		read_escape(reader);
		return;
	case '[':
		read_class(reader);
		return;
	case '(':
	case ')':
		read_group(reader);
		return;
	case '|':
		reader->clear = reader->depth > 0;
		break;
	case '$':
		if (reader->at[1] == '\0') {
			reader->at++;
			return;
		}
		break;
	case '*':
	case '+':
	case '?':
	case '{':
	case '}':
	case '.':
	case '^':
		break;
	default:
		g_string_append_c(reader->run, g_ascii_tolower(*reader->at++));
		return;
	}
	/* What repeats need not be there, and what is no plain character begins anew. */
	g_string_truncate(reader->run, 0);
	reader->at++;
}

char *expression_tail(const char *text)
{
	struct tail_reader reader = {.at = text, .run = g_string_new(NULL), .clear = true};

	while (reader.clear && *reader.at)
		read_item(&reader);
	if (!reader.clear)
		g_string_truncate(reader.run, 0);
	return g_string_free(reader.run, FALSE);
}

static const char *domain_in(const char *tail)
{
	const char *dot = strchr(tail, '.');
	struct domain_name name;

	/* A tail that ends in a dot matches no name; it must not become another's domain either. */
	return dot && !g_str_has_suffix(tail, ".") && domain_name_read(&name, dot + 1) ? dot + 1
										       : NULL;
}

/* Compiled as it stands first: "a)|(b" is no expression, but between brackets would be one. */
static GRegex *compile(const char *text, GError **error)
{
	GRegex *regex = g_regex_new(text, COMPILE_FLAGS, 0, error);
	char *wrapped;

	if (!regex)
		return NULL;
	g_regex_unref(regex);
	wrapped = g_strdup_printf(WRAPPED, text);
	regex = g_regex_new(wrapped, COMPILE_FLAGS | G_REGEX_OPTIMIZE, 0, error);
	g_free(wrapped);
	return regex;
}

struct expression *expression_new(const char *text, char **why)
{
	struct expression *expression;
	GError *error = NULL;
	GRegex *regex;

	if (*text == '\0' || !g_str_is_ascii(text)) {
		*why = g_strdup(*text ? "international names have to be written as xn--..."
				      : "an expression is empty");
		return NULL;
	}
	regex = compile(text, &error);
	if (!regex) {
		*why = g_strdup(error->message);
		g_error_free(error);
		return NULL;
	}
	expression = g_new0(struct expression, 1);
	expression->regex = regex;
	expression->tail = expression_tail(text);
	expression->tail_bytes = strlen(expression->tail);
	expression->domain.name = domain_in(expression->tail);
	return expression;
}

void expression_free(struct expression *expression)
{
	if (!expression)
		return;
	g_regex_unref(expression->regex);
	g_free(expression->tail);
	g_free(expression);
}

void expressions_clear(struct expressions *expressions)
{
	domains_clear(&expressions->domains);
	g_clear_pointer(&expressions->others, g_ptr_array_unref);
}

void expressions_insert(struct expressions *expressions, struct expression *expression)
{
	struct domain_name name;

	if (expression->domain.name && domain_name_read(&name, expression->domain.name)) {
		domains_insert(&expressions->domains, &expression->domain, &name);
		return;
	}
	if (!expressions->others)
		expressions->others = g_ptr_array_new();
	g_ptr_array_add(expressions->others, expression);
}

void expressions_remove(struct expressions *expressions, struct expression *expression)
{
	if (expression->domain.name)
		domains_remove(&expressions->domains, &expression->domain);
	else
		g_ptr_array_remove(expressions->others, expression);
}

static bool matches(const struct expression *expression, const struct domain_name *name)
{
	if (name->bytes < expression->tail_bytes ||
	    memcmp(name->text + name->bytes - expression->tail_bytes, expression->tail,
		   expression->tail_bytes) != 0)
		return false;
	/* More steps than allowed count as no match. */
	return g_regex_match(expression->regex, name->text, 0, NULL);
}

static struct expression *next_by_domain(const struct domains *domains,
					 const struct domain_name *name,
					 struct expressions_walk *walk)
{
	for (; walk->label < name->label_count; walk->label++) {
		struct domain *domain;

		while ((domain = domains_at(domains, name, walk->label, walk->previous))) {
			struct expression *expression;

			expression = container_of(domain, struct expression, domain);
			walk->previous = domain;
			if (matches(expression, name))
				return expression;
		}
		walk->previous = NULL;
	}
	return NULL;
}

struct expression *expressions_next(const struct expressions *expressions,
				    const struct domain_name *name, struct expressions_walk *walk)
{
	struct expression *found = next_by_domain(&expressions->domains, name, walk);

	while (!found && expressions->others && walk->other < expressions->others->len) {
		found = g_ptr_array_index(expressions->others, walk->other++);
		if (!matches(found, name))
			found = NULL;
	}
	return found;
}
