/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accounts.h"

struct account {
	char *text;
	uint64_t flows, packets, bytes;
	struct accounts *parts;
};

/* What is counted is names and addresses of a capture: as many as its flows at most. */
struct accounts {
	GHashTable *by_text; /* struct account */
};

static void account_free(gpointer data)
{
	struct account *account = data;

	accounts_free(account->parts);
	g_free(account->text);
	g_free(account);
}

struct accounts *accounts_new(void)
{
	struct accounts *accounts = g_new0(struct accounts, 1);

	accounts->by_text = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, account_free);
	return accounts;
}

void accounts_free(struct accounts *accounts)
{
	if (accounts == NULL)
		return;
	g_hash_table_unref(accounts->by_text);
	g_free(accounts);
}

static struct account *find_account(struct accounts *accounts, const char *text)
{
	struct account *account = g_hash_table_lookup(accounts->by_text, text);

	if (account == NULL) {
		account = g_new0(struct account, 1);
		account->text = g_strdup(text);
		g_hash_table_insert(accounts->by_text, account->text, account);
	}
	return account;
}

void accounts_add(struct accounts *accounts, const struct st_flow *flow, const char *heading,
		  const char *part)
{
	struct account *account = find_account(accounts, heading);

	account->flows++;
	account->packets += flow->sent_packets + flow->received_packets;
	account->bytes += flow->sent_bytes + flow->received_bytes;
	if (part == NULL)
		return;
	if (account->parts == NULL)
		account->parts = accounts_new();
	accounts_add(account->parts, flow, part, NULL);
}

static int compare(gconstpointer left, gconstpointer right)
{
	const struct account *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return g_strcmp0(a->text, b->text);
}

static void print_lines(const struct accounts *accounts, const char *indent, GString *text)
{
	GList *all = g_list_sort(g_hash_table_get_values(accounts->by_text), compare);

	for (const GList *at = all; at != NULL; at = at->next) {
		const struct account *account = at->data;

		g_string_append_printf(text,
				       "%8" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT
				       " %14" G_GUINT64_FORMAT "  %s%s\n",
				       account->flows, account->packets, account->bytes, indent,
				       account->text);
		if (account->parts != NULL)
			print_lines(account->parts, "  ", text);
	}
	g_list_free(all);
}

void accounts_print(const struct accounts *accounts, const char *title, GString *text)
{
	if (g_hash_table_size(accounts->by_text) == 0)
		return;
	if (text->len > 0)
		g_string_append_c(text, '\n');
	g_string_append_printf(text, "%8s %10s %14s  %s\n", "flows", "packets", "bytes", title);
	print_lines(accounts, "", text);
}
