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

#endif
