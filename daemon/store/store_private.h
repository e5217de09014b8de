/* store/store_private.h - what the files of the store share. Private to store/. */
#ifndef TOCSIN_STORE_STORE_PRIVATE_H
#define TOCSIN_STORE_STORE_PRIVATE_H

#include "store/store_names.h"
#include "store/rows.h"
#include "store/sql.h"
#include "store/store.h"

enum store_statement {
    STMT_BEGIN,
    STMT_COMMIT,
    STMT_ROLLBACK,
    STMT_PUT_ALARM,
    STMT_PUT_EVENT,
    STMT_PUT_TASK,
    STMT_PUT_STEP,
    STMT_PUT_NOTICE,
    STMT_PUT_SEQ,
    STMT_PUT_COMMAND,
    STMT_PURGE_COMMANDS,
    STMT_PUT_POINT,
    STMT_DELETE_POINT,
    STMT_PUT_VALUE,
    STMT_PUT_OBJECT,
    STMT_DELETE_OBJECT,
    STMT_PUT_HEARD,
    STMT_PUT_OUTBOX,
    STMT_DELETE_OUTBOX,
    STMT_PUT_META,
    STMT_GET_META,
    STMT_GET_ALARMS,
    STMT_GET_TASKS,
    STMT_GET_POINTS,
    STMT_GET_VALUES,
    STMT_GET_OBJECTS,
    STMT_GET_HEARD,
    STMT_GET_COMMANDS,
    STMT_GET_SEQS,
    STMT_GET_ORPHANS,
    STMT_GET_STEPS,
    STMT_GET_OUTBOX,
    STMT_COUNT_OUTBOX,
    STMT_COUNT
};

struct store_meta { /* the one row of table meta */
    uint32_t epoch;
    uint64_t id_counter, outbox_counter;
    int64_t mono_ms, wall_ms;
    uint64_t ring, ring_position;
};

struct store {
    struct store_conf conf;
    struct sql_db db;
    int lock; /* descriptor of <path>-lock */
    struct store_names names;
    struct store_meta meta;  /* as committed */
    uint64_t outbox_counter; /* last id given out, committed or not */
    sqlite3_stmt *statements[STMT_COUNT];
};

static inline void store_start(struct store *s, enum store_statement which, struct sql *q)
{
    sql_start(q, &s->db, s->statements[which]);
}

#endif
