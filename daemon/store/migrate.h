/* store/migrate.h - the schema, as a list of numbered steps from the empty file to today's.
 * Private to store/. PRAGMA user_version is the number of steps done. */
#ifndef TOCSIN_STORE_MIGRATE_H
#define TOCSIN_STORE_MIGRATE_H

#include "store/sql.h"

#define MIGRATE_APPLICATION_ID 1413698382 /* "TCSN" */

/* The version that this program knows. */
int64_t migrate_version(void);

/* Reads the version of a database; 0: an empty file. TCN_ECORRUPT: not a database, not ours, or
 * written by a newer version. Writes nothing. */
int migrate_check(const struct sql_db *db, int64_t *ret_version, struct tcn_fail *reterr);

/* Does the missing steps, each in a transaction of its own, starting from version (as told by
 * migrate_check()). wall_ms dates a new database. */
int migrate_run(const struct sql_db *db, int64_t version, int64_t wall_ms, struct tcn_fail *reterr);

#endif
