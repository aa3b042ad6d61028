/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the versions of Wireshark that are supported, 4.0, 4.4 and
 * 4.6 (those between are alike), so that nothing else asks which one it is.
 */
#ifndef ST_WIRESHARK_COMPAT_H
#define ST_WIRESHARK_COMPAT_H

#include <epan/packet.h>
#include <epan/uat.h>
#include <ws_version.h>

/* Needs the ones before. */
#include <epan/conversation_filter.h>

#define COMPAT_VERSION (WIRESHARK_VERSION_MAJOR * 100 + WIRESHARK_VERSION_MINOR)

/* Of a preference, and what callbacks return: 4 bytes once, later 1. */
#if COMPAT_VERSION >= 404
typedef bool compat_bool;
#else
typedef gboolean compat_bool;
#endif

#if COMPAT_VERSION >= 402
typedef bool compat_uat_bool;
#else
typedef gboolean compat_uat_bool;
#endif

/* Whose frame depends on another. */
#if COMPAT_VERSION >= 402
#define COMPAT_DEPENDENT(pinfo) ((pinfo)->fd)
#else
#define COMPAT_DEPENDENT(pinfo) (pinfo)
#endif

/*
 * Defines a function `name` for stat_tap_ui, out of one that takes what follows -z and tells
 * if it is usable. From 4.6 on Wireshark wants to know.
 */
#if COMPAT_VERSION >= 406
#define COMPAT_STAT_INIT(name, begin)                                                              \
	static bool name(const char *argument, void *data G_GNUC_UNUSED)                           \
	{                                                                                          \
		return begin(argument);                                                            \
	}
#else
#define COMPAT_STAT_INIT(name, begin)                                                              \
	static void name(const char *argument, void *data G_GNUC_UNUSED)                           \
	{                                                                                          \
		begin(argument);                                                                   \
	}
#endif

/* What the two functions of a conversation filter take, and the end of their registration. */
#if COMPAT_VERSION >= 402
#define COMPAT_FILTER_ARGUMENTS(pinfo) packet_info *pinfo, void *user_data G_GNUC_UNUSED
#define COMPAT_FILTER_USER_DATA , NULL
#else
#define COMPAT_FILTER_ARGUMENTS(pinfo) packet_info *pinfo
#define COMPAT_FILTER_USER_DATA
#endif

#endif
