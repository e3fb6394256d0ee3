// Everything that differs between server versions, and nothing else: PostgreSQL 12-18, the 9.4 base of Greenplum 6, and the
// newer bases of its family: Greenplum and WarehousePG 7 (12), Cloudberry 2 (14).
// Only this file looks at PG_VERSION_NUM or GP_VERSION_NUM. The rest of src/pg is written against the newest interface
// that can be offered everywhere.
//
// The STL comes before postgres.h: the other order breaks libintl.h on 9.4-based servers.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" {
#include "postgres.h"
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/elog.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#if PG_VERSION_NUM >= 90500
#include "utils/rls.h"
#endif
#if PG_VERSION_NUM >= 100000
#include "utils/varlena.h"
#endif
#if PG_VERSION_NUM >= 180000
#include "utils/wait_classes.h"
#endif
#if PG_VERSION_NUM >= 120000
#include "access/relation.h"
#include "utils/float.h"
#else
#include "access/heapam.h"
#include "libpq/libpq-be.h"
#endif
}

// Our code is compiled with hidden visibility; servers before 16 leave this macro empty.
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
// ... and declare the function itself without it.
#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(function)                                         \
  extern PGDLLEXPORT Datum function(PG_FUNCTION_ARGS);                        \
  extern PGDLLEXPORT const Pg_finfo_record* CppConcat(pg_finfo_, function)(); \
  const Pg_finfo_record* CppConcat(pg_finfo_, function)() {                   \
    static const Pg_finfo_record info = {1};                                  \
    return &info;                                                             \
  }                                                                           \
  extern int no_such_variable

// ParallelContext as we use it came with 12 (9.4 has none): without it every run trains in the session itself. On Greenplum
// segments train, whatever its base has.
#if PG_VERSION_NUM >= 120000 && !defined(GP_VERSION_NUM)
#define CEREBRO_HAS_PARALLEL 1
#else
#define CEREBRO_HAS_PARALLEL 0
#endif

// CALL of a procedure that commits came with 11; we support 12 and later, and 9.4. Greenplum's install script has none.
#if PG_VERSION_NUM >= 120000 && !defined(GP_VERSION_NUM)
#define CEREBRO_HAS_PROCEDURES 1
#else
#define CEREBRO_HAS_PROCEDURES 0
#endif

// A memory context that tells when it is reset came with 9.5.
#if PG_VERSION_NUM >= 90500
#define CEREBRO_HAS_CONTEXT_CALLBACK 1
#else
#define CEREBRO_HAS_CONTEXT_CALLBACK 0
#endif

// Greenplum: segments do the work, and the server counts memory.
#ifdef GP_VERSION_NUM
#define CEREBRO_GREENPLUM 1
#else
#define CEREBRO_GREENPLUM 0
#endif

// Where temp_tablespaces puts a file is asked of the server from 11 on; before, everything goes to the default
// directory.
#if PG_VERSION_NUM >= 110000
#define CEREBRO_HAS_TEMP_TABLESPACE_PATH 1
#else
#define CEREBRO_HAS_TEMP_TABLESPACE_PATH 0
#endif

#ifndef FLOAT8PASSBYVAL
#define FLOAT8PASSBYVAL (SIZEOF_DATUM >= 8)
#endif

// Settings must reach the segments of a Greenplum cluster.
#ifdef GUC_GPDB_NEED_SYNC
#define CEREBRO_GUC_FLAGS GUC_GPDB_NEED_SYNC
#else
#define CEREBRO_GUC_FLAGS 0
#endif

// What the server sweeps from its temporary directories when it starts.
#ifndef PG_TEMP_FILES_DIR
#define PG_TEMP_FILES_DIR "pgsql_tmp"
#endif
#ifndef PG_TEMP_FILE_PREFIX
#define PG_TEMP_FILE_PREFIX "pgsql_tmp"
#endif

namespace pg {
namespace compat {

// Before 10 a connection to SPI is opened inside of another one only after a word to it.
#if PG_VERSION_NUM >= 100000
inline bool PushSpi() { return false; }
inline void PopSpi(bool) {}
#else
inline bool PushSpi() { return SPI_push_conditional(); }
inline void PopSpi(bool pushed) { SPI_pop_conditional(pushed); }
#endif

// OIDs of built-in types never change; some of the names are newer than others.
constexpr Oid kInt8ArrayOid = 1016;
constexpr Oid kFloat4ArrayOid = 1021;
constexpr Oid kFloat8ArrayOid = 1022;
constexpr Oid kTextArrayOid = 1009;
constexpr Oid kInt4ArrayOid = 1007;

// 12 prints the shortest text that reads back as the same number unless told otherwise; before it, 3 is what makes
// numbers survive.
#if PG_VERSION_NUM >= 120000
constexpr int kExactFloatDigits = 1;
#else
constexpr int kExactFloatDigits = 3;
#endif

inline TupleDesc NewTupleDesc(int columns) {
#if PG_VERSION_NUM >= 120000
  return CreateTemplateTupleDesc(columns);
#else
  return CreateTemplateTupleDesc(columns, false);
#endif
}

// Expressions over a thousand columns take longer to compile than to run over all rows of a table.
inline void DoWithoutJit(PlannedStmt* plan) {
#if PG_VERSION_NUM >= 110000
  plan->jitFlags = 0;
#else
  static_cast<void>(plan);
#endif
}

inline Form_pg_attribute Attribute(TupleDesc desc, int i) {
#if PG_VERSION_NUM >= 110000
  return TupleDescAttr(desc, i);
#else
  return desc->attrs[i];
#endif
}

/// A composite value's header as a tuple that heap_deform_tuple takes.
inline HeapTupleData ViewTuple(HeapTupleHeader header) {
  HeapTupleData tuple = {};  // of no table: where the tuple says one at all, which not every server's does
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  ItemPointerSetInvalid(&tuple.t_self);
  tuple.t_data = header;
  return tuple;
}

inline MemoryContext NewMemoryContext(MemoryContext parent, const char* name) {
#if PG_VERSION_NUM >= 110000
  return AllocSetContextCreateInternal(parent, name, ALLOCSET_DEFAULT_SIZES);
#else
  return AllocSetContextCreate(parent, name, ALLOCSET_DEFAULT_MINSIZE, ALLOCSET_DEFAULT_INITSIZE, ALLOCSET_DEFAULT_MAXSIZE);
#endif
}

inline AclResult SchemaAclCheck(Oid schema, Oid role, AclMode mode) {
#if PG_VERSION_NUM >= 160000
  return object_aclcheck(NamespaceRelationId, schema, role, mode);
#else
  return pg_namespace_aclcheck(schema, role, mode);
#endif
}

/// Raises the server's own "permission denied" for a schema. Returns only if `result` is no denial.
inline void RaiseSchemaDenied(AclResult result, Oid schema) {
#if PG_VERSION_NUM >= 110000
  aclcheck_error(result, OBJECT_SCHEMA, get_namespace_name(schema));
#else
  aclcheck_error(result, ACL_KIND_NAMESPACE, get_namespace_name(schema));
#endif
}

/// The same for a table, view or what else `relkind` says.
inline void RaiseTableDenied(AclResult result, char relkind, const char* name) {
#if PG_VERSION_NUM >= 110000
  aclcheck_error(result, get_relkind_objtype(relkind), name);
#else
  (void)relkind;
  aclcheck_error(result, ACL_KIND_CLASS, name);
#endif
}

inline bool OwnsTable(Oid relation, Oid role) {
#if PG_VERSION_NUM >= 160000
  return object_ownercheck(RelationRelationId, relation, role);
#else
  return pg_class_ownercheck(relation, role);
#endif
}

inline const char* RoleName(Oid role) {
#if PG_VERSION_NUM >= 90500
  return GetUserNameFromId(role, false);
#else
  return GetUserNameFromId(role);
#endif
}

/// Row-level security came with 9.5.
inline bool RowSecurityApplies(Oid relation) {
#if PG_VERSION_NUM >= 90500
  return check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED;
#else
  (void)relation;
  return false;
#endif
}

/// Partitioned tables as statements declare them came with 10.
inline bool IsPartition(Relation relation) {
#if PG_VERSION_NUM >= 100000
  return relation->rd_rel->relispartition;
#else
  (void)relation;
  return false;
#endif
}

/// WaitLatch on this process's latch until it is set or `timeout_ms` pass; the process ends with the postmaster.
inline void WaitOwnLatch(int timeout_ms) {
#if PG_VERSION_NUM >= 120000
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms, PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
#else
  const int events = WaitLatch(&MyProc->procLatch, WL_LATCH_SET | WL_TIMEOUT | WL_POSTMASTER_DEATH, timeout_ms);
  if ((events & WL_POSTMASTER_DEATH) != 0) proc_exit(1);
  ResetLatch(&MyProc->procLatch);
#endif
}

/// open() that gives back descriptors of the server's own when the process has too many; readable by the server's
/// account only.
inline int OpenPrivateFile(const char* path, int flags) {
#if PG_VERSION_NUM >= 110000
  return BasicOpenFilePerm(path, flags, 0600);
#else
  return BasicOpenFile(const_cast<char*>(path), flags, 0600);
#endif
}

/// When this process started, as pg_stat_activity.backend_start shows it.
inline TimestampTz ProcessStart() {
#if PG_VERSION_NUM >= 120000
  return MyStartTimestamp;
#else
  return MyProcPort->SessionStartTime;
#endif
}

/// Sets a setting on the innermost level of the server's stack of settings, as a function's SET clause does. `level` is that
/// of the message when it cannot be set; 0: an error.
inline void SetSetting(const char* name, const char* value, int level = 0) {
#if PG_VERSION_NUM >= 90500
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, level, false);
#else
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, level);
#endif
}

/// Reserves the prefix of our settings: a misspelt one warns (15: is refused).
inline void ReserveSettingPrefix(const char* prefix) {
#if PG_VERSION_NUM >= 150000
  MarkGUCPrefixReserved(prefix);
#else
  EmitWarningsOnPlaceholders(prefix);
#endif
}

}  // namespace compat
}  // namespace pg
